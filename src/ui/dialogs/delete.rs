//! The confirmation before an account is deleted. *Cancel* has the initial focus.

use egui::{Id, Ui};

use crate::messages::command::Command;
use crate::messages::snapshot::AccountView;

use crate::ui::cx::Cx;
use crate::ui::view_state::ViewState;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::dialog;
use crate::ui::{labels, widgets};

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    let Some(account) = state.deleting.as_ref().and_then(|id| cx.account(id)) else { return };
    let mut close = false;
    let ((), left) = dialog::show(ui, Id::unique("keyfob-delete"), 400.0, |ui| {
        let name = crate::base::sanitize::sanitized(account.name.as_str(), 60);
        widgets::heading(ui, "Delete this account?");
        dialog::body(ui, |ui| {
            widgets::text(
                ui,
                &format!("This deletes “{name}” with its client ID, its secrets and its tokens."),
            );
            widgets::weak(ui, &format!("{} You can undo this for 10 seconds.", tokens(account)));
        });
        ui.horizontal_wrapped(|ui| {
            let cancel = ui.add(Button::new(Weight::Quiet, labels::CANCEL));
            dialog::focus_first(ui, &cancel);
            close = cancel.clicked();
            if Button::new(Weight::Danger, labels::DELETE).show(ui) {
                cx.send(Command::Delete(account.id.clone()));
                close = true;
            }
        });
    });
    if close || left {
        state.deleting = None;
    }
}

/// What happens to its tokens at the provider.
fn tokens(account: &AccountView) -> &'static str {
    match (&account.token, account.can_revoke) {
        (None, _) => "It has no tokens.",
        (Some(_), true) => "Its tokens are then revoked with the provider. Keyfob tells you if that fails.",
        (Some(_), false) => "This provider has no revocation endpoint, so tokens work until they expire.",
    }
}
