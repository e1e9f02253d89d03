//! Asks before tokens are revoked or forgotten.

use egui::Ui;

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::messages::command::Command;
use crate::messages::snapshot::AccountView;

use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

const NAME_CHARS: usize = 120;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Removal {
    Revoke,
    Forget,
}

#[derive(Default)]
pub(in crate::ui) struct TokenRemovalState {
    asked: Option<(AccountId, Removal)>,
    /// Its question is to get the keyboard focus.
    is_new: bool,
}

impl TokenRemovalState {
    pub(in crate::ui) fn ask(&mut self, account: AccountId, removal: Removal) {
        self.asked = Some((account, removal));
        self.is_new = true;
    }
}

pub(in crate::ui) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut TokenRemovalState,
    account: &AccountView,
) {
    let Some((id, removal)) = &state.asked else { return };
    if *id != account.id {
        return;
    }
    let provider = sanitized(&account.provider_name, NAME_CHARS);
    let (question, meaning) = match removal {
        Removal::Revoke => (
            format!("Have {provider} revoke this account's tokens?"),
            "They stop working everywhere. The account and its settings are kept.".to_owned(),
        ),
        Removal::Forget if account.can_revoke => (
            "Forget this account's tokens?".to_owned(),
            "They aren't revoked, so they work until they expire.".to_owned(),
        ),
        Removal::Forget => (
            "Forget this account's tokens?".to_owned(),
            format!("{provider} has no revocation endpoint, so they work until they expire."),
        ),
    };
    let (label, command) = match removal {
        Removal::Revoke => (labels::REVOKE_TOKENS, Command::Revoke(id.clone())),
        Removal::Forget => (labels::FORGET_TOKENS, Command::Forget(id.clone())),
    };
    widgets::surface(ui, cx.tokens.warn_soft, cx.tokens.warn, |ui| {
        widgets::text_strong(ui, &question);
        widgets::text(ui, &meaning);
        ui.horizontal_wrapped(|ui| {
            let cancel = ui.add(Button::new(Weight::Secondary, labels::CANCEL));
            if std::mem::take(&mut state.is_new) {
                cancel.request_focus();
                widgets::scroll_into_view(ui, &cancel);
            }
            let remove = Button::new(Weight::Danger, label).show(ui);
            if remove {
                cx.send(command);
            }
            if remove || cancel.clicked() {
                state.asked = None;
            }
        });
    });
}
