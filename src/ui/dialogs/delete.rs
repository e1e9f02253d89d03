//! The confirmation before an account is deleted. *Cancel* has the initial focus.

use egui::{Id, Ui};

use crate::domain::account::AccountId;
use crate::messages::command::Command;
use crate::messages::snapshot::AccountView;

use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::{actions, dialog};
use crate::ui::{labels, widgets};

#[derive(Default)]
pub(in crate::ui) struct DeleteDialog {
    account: Option<AccountId>,
}

impl DeleteDialog {
    pub(in crate::ui) fn open(&mut self, account: AccountId) {
        self.account = Some(account);
    }

    pub(in crate::ui) fn is_open(&self) -> bool {
        self.account.is_some()
    }

    pub(in crate::ui) fn close_if(&mut self, is_gone: impl FnOnce(&AccountId) -> bool) {
        self.account.take_if(|id| is_gone(id));
    }
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut DeleteDialog) {
    let Some(account) = state.account.as_ref().and_then(|id| cx.account(id)) else { return };
    let mut close = false;
    let ((), dismissed) = dialog::show(ui, Id::unique("keyfob-delete"), 400.0, |ui| {
        let name = crate::base::sanitize::sanitized(account.name.as_str(), 60);
        widgets::heading(ui, "Delete this account?");
        dialog::body(ui, |ui| {
            let environment = account.settings.environment.map(|it| format!("the {} account ", it.as_str()));
            let named = format!("{}“{name}”", environment.unwrap_or_default());
            let text = format!("This deletes {named} with its client ID, its secrets and its tokens.");
            widgets::text(ui, &text);
            widgets::weak(ui, &format!("{} You can undo this for 10 seconds.", tokens(account)));
        });
        let [cancel, delete] = actions::show(
            ui,
            [Button::new(Weight::Secondary, labels::CANCEL), Button::new(Weight::Danger, labels::DELETE)],
        );
        dialog::focus_first(ui, &cancel);
        if delete.clicked() {
            cx.send(Command::Delete(account.id.clone()));
        }
        close = cancel.clicked() || delete.clicked();
    });
    if close || dismissed {
        state.account = None;
    }
}

fn tokens(account: &AccountView) -> &'static str {
    match (&account.token, account.can_revoke) {
        (None, _) => "It has no tokens.",
        (Some(_), true) => "Its tokens are then revoked with the provider. Keyfob tells you if that fails.",
        (Some(_), false) => "This provider has no revocation endpoint, so tokens work until they expire.",
    }
}
