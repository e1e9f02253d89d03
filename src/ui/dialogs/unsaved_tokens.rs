//! The question before Keyfob quits with an unsaved token.
//!
//! The window then closes only after a confirmation, even if it is hidden. Once everything is saved, it
//! closes by itself.

use egui::{Context, Id, Ui, ViewportCommand};

use crate::base::sanitize::sanitized;
use crate::messages::command::Command;
use crate::messages::explain::explain;
use crate::messages::problem::Problem;
use crate::messages::snapshot::{AccountView, Snapshot};

use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::{actions, dialog};
use crate::ui::{labels, widgets};

const MAX_NAMES: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ui) enum UnsavedTokensDialog {
    #[default]
    Closed,
    Open,
    LossAccepted,
}

pub(in crate::ui) fn unsaved(snapshot: &Snapshot) -> impl Iterator<Item = &AccountView> {
    let is_unsaved = |account: &&AccountView| account.token.as_ref().is_some_and(|token| !token.saved);
    snapshot.accounts.iter().map(AsRef::as_ref).filter(is_unsaved)
}

pub(in crate::ui) fn watch(ctx: &Context, snapshot: &Snapshot, state: &mut UnsavedTokensDialog) {
    let closes = ctx.input(|input| input.viewport().close_requested());
    if *state == UnsavedTokensDialog::LossAccepted || (*state == UnsavedTokensDialog::Closed && !closes) {
        return;
    }
    match (*state, unsaved(snapshot).next().is_some()) {
        (UnsavedTokensDialog::Open, false) => {
            *state = UnsavedTokensDialog::LossAccepted;
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
        (_, true) if closes => {
            *state = UnsavedTokensDialog::Open;
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            ctx.send_viewport_cmd(ViewportCommand::Focus);
            ctx.request_repaint();
        }
        _ => {}
    }
}

/// Shows the question; on the lock screen it names no account.
pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut UnsavedTokensDialog) {
    if *state != UnsavedTokensDialog::Open {
        return;
    }
    let accounts: Vec<&AccountView> = unsaved(cx.snapshot).collect();
    if accounts.is_empty() {
        return;
    }
    let ((), dismissed) = dialog::show(ui, Id::unique("keyfob-quit"), 440.0, |ui| {
        widgets::heading(ui, "Quit and lose new tokens?");
        dialog::body(ui, |ui| lost(ui, cx, &accounts));
        let cancel = Button::new(Weight::Secondary, labels::CANCEL);
        let quit = Button::new(Weight::Danger, labels::QUIT_ANYWAY);
        let [cancel, quit] = if cx.snapshot.locked {
            actions::show(ui, [cancel, quit])
        } else {
            let again = Button::new(Weight::Secondary, labels::TRY_AGAIN);
            let [cancel, again, quit] = actions::show(ui, [cancel, again, quit]);
            if again.clicked() {
                cx.send(Command::TryVault);
            }
            [cancel, quit]
        };
        dialog::focus_first(ui, &cancel);
        if cancel.clicked() {
            *state = UnsavedTokensDialog::Closed;
        } else if quit.clicked() {
            *state = UnsavedTokensDialog::LossAccepted;
            ui.ctx().send_viewport_cmd(ViewportCommand::Close);
        }
    });
    if dismissed {
        *state = UnsavedTokensDialog::Closed;
    }
}

fn lost(ui: &mut Ui, cx: &Cx<'_>, accounts: &[&AccountView]) {
    let count = labels::counted(accounts.len(), "account");
    widgets::text(ui, &format!("New tokens of {count} are not saved yet and are lost when you quit:"));
    if !cx.snapshot.locked {
        for account in accounts.iter().take(MAX_NAMES) {
            widgets::text_strong(ui, &sanitized(account.name.as_str(), 60));
        }
        if accounts.len() > MAX_NAMES {
            widgets::weak(ui, &format!("and {} more", accounts.len() - MAX_NAMES));
        }
    }
    if let Some(Problem::NotSaved(why)) = accounts.first().and_then(|first| first.problem.as_ref()) {
        let why = explain(&Problem::Vault(why.clone()), None, None);
        widgets::text(ui, &why.paragraph());
    }
    widgets::weak(
        ui,
        "If the refresh token was also replaced, you have to sign in again. Keyfob quits by itself \
         once everything is saved.",
    );
}
