//! The question before Keyfob quits and accounts are no longer refreshed.
//!
//! The settings can disable it: the window is then minimised instead.

use egui::{Context, Id, Ui, ViewportCommand};

use crate::base::sanitize::sanitized;
use crate::messages::snapshot::{AccountView, Snapshot};

use super::unsaved_tokens;
use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::{actions, dialog};
use crate::ui::{labels, widgets};

const MAX_NAMES: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ui) enum QuitDialog {
    #[default]
    Closed,
    Open,
    Confirmed,
}

impl QuitDialog {
    /// Quits, after a question if one is needed.
    pub(in crate::ui) fn ask(&mut self, ctx: &Context, snapshot: &Snapshot) {
        if is_asked(snapshot) {
            *self = Self::Open;
        } else {
            self.confirm(ctx);
        }
    }

    pub(in crate::ui) fn confirm(&mut self, ctx: &Context) {
        *self = Self::Confirmed;
        ctx.send_viewport_cmd(ViewportCommand::Close);
    }
}

pub(in crate::ui) fn keep_open(ctx: &Context) {
    ctx.send_viewport_cmd(ViewportCommand::CancelClose);
    ctx.request_repaint();
}

/// Whether to ask first. Unsaved tokens have a question of their own.
pub(in crate::ui) fn is_asked(snapshot: &Snapshot) -> bool {
    unsaved_tokens::unsaved(snapshot).next().is_none()
        && !snapshot.locked
        && no_longer_refreshed(snapshot).next().is_some()
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &Cx<'_>, state: &mut QuitDialog) {
    if *state != QuitDialog::Open {
        return;
    }
    let (pressed, dismissed) = dialog::show(ui, Id::unique("keyfob-closing"), 400.0, |ui| {
        widgets::heading(ui, "Quit Keyfob?");
        dialog::body(ui, |ui| widgets::text(ui, &explanation(cx)));
        let names = [labels::CANCEL, labels::MINIMISE, labels::QUIT];
        let weight = |name| if name == labels::QUIT { Weight::Primary } else { Weight::Secondary };
        let buttons = actions::show(ui, names.map(|name| Button::new(weight(name), name)));
        dialog::focus_first(ui, &buttons[2]);
        names.into_iter().zip(&buttons).find(|(_, button)| button.clicked()).map(|(name, _)| name)
    });
    match pressed {
        Some(labels::QUIT) => state.confirm(ui.ctx()),
        Some(labels::MINIMISE) => {
            *state = QuitDialog::Closed;
            ui.ctx().send_viewport_cmd(ViewportCommand::Minimized(true));
        }
        Some(_) => *state = QuitDialog::Closed,
        None if dismissed => *state = QuitDialog::Closed,
        None => {}
    }
}

fn explanation(cx: &Cx<'_>) -> String {
    let names: Vec<_> =
        no_longer_refreshed(cx.snapshot).map(|account| sanitized(account.name.as_str(), 40)).collect();
    let mut quoted: Vec<_> = names.iter().take(MAX_NAMES).map(|name| format!("“{name}”")).collect();
    if names.len() > MAX_NAMES {
        quoted.push(format!("{} more", names.len() - MAX_NAMES));
    }
    let last = quoted.pop().unwrap_or_default();
    let listed = if quoted.is_empty() { last } else { format!("{} and {last}", quoted.join(", ")) };
    format!("Keyfob can't refresh {listed} while it's closed. It refreshes what it can at the next start.")
}

/// Accounts that are refreshed automatically while Keyfob runs.
fn no_longer_refreshed(snapshot: &Snapshot) -> impl Iterator<Item = &AccountView> {
    let demo = snapshot.demo.as_ref().map(|demo| &demo.account);
    let renews = move |account: &&AccountView| {
        let token = account.token.as_ref().filter(|token| !token.refresh_refused).map(|token| &token.facts);
        token.is_some_and(|facts| facts.has_refresh_token && facts.expires_at.is_some())
            && account.settings.background_refresh.unwrap_or(true)
            && demo != Some(&account.id)
    };
    snapshot.accounts.iter().map(AsRef::as_ref).filter(renews)
}
