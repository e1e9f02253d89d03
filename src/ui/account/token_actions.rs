//! Checks a token with its provider, and revokes it.

use egui::Ui;

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::domain::oauth::introspection::Checked;
use crate::messages::command::Command;
use crate::messages::explain::verdict;
use crate::messages::snapshot::{AccountView, Activity, Inquiry};

use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::time_text;
use crate::ui::{labels, widgets};

const NAME_CHARS: usize = 120;

/// The account whose revocation the user must confirm.
#[derive(Default)]
pub(in crate::ui) struct RevocationState {
    account: Option<AccountId>,
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut RevocationState, account: &AccountView) {
    ui.horizontal_wrapped(|ui| {
        let busy = match (account.inquiry, &account.activity) {
            (Some(_), _) => Some("Waiting for the server."),
            (None, Activity::Refreshing) => Some("The token is being refreshed."),
            (None, _) => None,
        };
        if account.can_check {
            let check = Button::new(Weight::Text, labels::CHECK).aligned_with_text().blocked(busy);
            if check.hint("Check with the provider whether this token is valid").show(ui) {
                cx.send(Command::Check(account.id.clone()));
            }
        }
        let (label, hint) = if account.can_revoke {
            (labels::REVOKE, "Revoke the tokens with the provider, then remove them from Keyfob")
        } else {
            (labels::FORGET_HERE, "Remove the tokens from Keyfob. This provider has no revocation endpoint.")
        };
        if Button::new(Weight::DangerText, label).blocked(busy).hint(hint).show(ui) {
            state.account = Some(account.id.clone());
        }
        match account.inquiry {
            Some(Inquiry::Checking) => widgets::status(ui, Icon::Clock, "Checking", cx.tokens.accent),
            Some(Inquiry::Revoking) => widgets::status(ui, Icon::Clock, "Revoking", cx.tokens.accent),
            None => {}
        }
    });
    if state.account.as_ref() == Some(&account.id) {
        question(ui, cx, state, account);
    }
    if let Some(checked) = &account.checked {
        result(ui, cx, checked);
    }
}

fn question(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut RevocationState, account: &AccountView) {
    let provider = sanitized(&account.provider_name, NAME_CHARS);
    widgets::surface(ui, cx.tokens.warn_soft, cx.tokens.warn, |ui| {
        if account.can_revoke {
            widgets::text_strong(ui, &format!("Have {provider} revoke this account's tokens?"));
            widgets::text(ui, "They stop working everywhere. The account and its settings are kept.");
        } else {
            widgets::text_strong(ui, "Forget this account's tokens?");
            widgets::text(
                ui,
                &format!("{provider} has no revocation endpoint, so they work until they expire."),
            );
        }
        ui.horizontal(|ui| {
            let (label, command) = if account.can_revoke {
                (labels::REVOKE_TOKENS, Command::Revoke(account.id.clone()))
            } else {
                (labels::FORGET_TOKENS, Command::Forget(account.id.clone()))
            };
            if Button::new(Weight::Danger, label).show(ui) {
                cx.send(command);
                state.account = None;
            }
            if Button::new(Weight::Secondary, labels::CANCEL).show(ui) {
                state.account = None;
            }
        });
    });
}

fn result(ui: &mut Ui, cx: &Cx<'_>, checked: &Checked) {
    let introspected = &checked.verdict;
    let (icon, color) =
        if introspected.active { (Icon::Check, cx.tokens.ok) } else { (Icon::Warning, cx.tokens.error) };
    widgets::status(ui, icon, verdict(introspected), color);
    let mut rows = vec![("Checked", time_text::clock(checked.at, cx.now))];
    if let Some(subject) = &introspected.subject {
        rows.push(("Belongs to", sanitized(subject, NAME_CHARS).into_owned()));
    }
    if let Some(end) = introspected.expires_at {
        rows.push(("Expires", time_text::clock(end, cx.now)));
    }
    let list = |scopes: Vec<&str>| sanitized(&scopes.join("  "), 500).into_owned();
    if let Some(granted) = &checked.granted {
        rows.push(("Scopes granted", list(granted.iter().map(String::as_str).collect())));
    }
    let missing = checked.missing();
    if !missing.is_empty() {
        rows.push(("Not granted", list(missing)));
    }
    for (label, value) in rows {
        widgets::fact(ui, label, &value);
    }
}
