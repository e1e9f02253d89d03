//! The settings' part about the team vault: where it is, whether it responds, and the end of its token.

use egui::Ui;

use crate::domain::team::Role;
use crate::messages::command::Command;
use crate::messages::explain::explain;
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::TeamView;

use crate::ui::action::DialogKind;
use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::time_text;
use crate::ui::{labels, widgets};

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.add_space(16.0);
    widgets::subheading(ui, labels::TEAM_VAULT);
    match (&cx.snapshot.team, cx.snapshot.team_kept_in) {
        (Some(team), _) => {
            show_connected(ui, cx, team);
        }
        (None, Some(_)) => {
            widgets::text(ui, "The team vault is not open yet. Keyfob tries again every half minute.");
        }
        (None, None) => {
            widgets::text(
                ui,
                "Share accounts with other machines and people in a vault of OpenBao or HashiCorp Vault.",
            );
        }
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let connect =
            if cx.snapshot.team_kept_in.is_some() { labels::SIGN_IN_TEAM } else { labels::CONNECT_TEAM };
        if Button::new(Weight::Secondary, connect).show(ui) {
            cx.open(DialogKind::ConnectTeam);
        }
        if cx.snapshot.team_kept_in.is_some() {
            if cx.snapshot.team.is_none() && Button::new(Weight::Secondary, labels::TRY_AGAIN).show(ui) {
                cx.send(Command::OpenTeam { only: None });
            }
            if Button::new(Weight::Secondary, labels::DISCONNECT_TEAM).show(ui) {
                cx.send(Command::DisconnectTeam);
            }
        }
    });
}

fn show_connected(ui: &mut Ui, cx: &Cx<'_>, team: &TeamView) {
    let TeamView { connection, role, token_expires_at, problem, .. } = team;
    let address = connection.address.as_str().trim_end_matches('/');
    let role = role.map(Role::as_str).map_or_else(String::new, |role| format!(" with the role {role}"));
    widgets::text(ui, &format!("{address} as {}{role}.", connection.machine));
    match problem {
        Some(error) => {
            let problem = Problem::Vault(VaultProblem::Team(error.clone()));
            widgets::problem(ui, &explain(&problem, None, None).paragraph());
        }
        None => {
            widgets::text(ui, "It responds.");
        }
    }
    let end = match token_expires_at {
        Some(end) if *end <= cx.now => "Its token has expired.".to_owned(),
        Some(end) => format!("Its token expires {}.", time_text::distance(*end, cx.now)),
        None => "Its token doesn't expire.".to_owned(),
    };
    widgets::text(ui, &end);
}
