//! Dialogs about all accounts: move, recovery.
//!
//! One dialog at a time is open. One that gives way to the passphrase dialog returns unchanged. Its input is
//! wiped when it closes. A result goes to the dialog that requested it, or to a toast if that is closed.

pub(crate) mod delete;
pub(crate) mod discard_form;
pub(crate) mod modal;
pub(crate) mod new_passphrase;
pub(crate) mod passphrase;
pub(crate) mod quit;
pub(crate) mod recover;
pub(crate) mod shortcuts;
pub(crate) mod team;
pub(crate) mod unsaved_tokens;
pub(crate) mod vault_migration;

use std::path::Path;

use egui::{Context, Id, Ui};

use crate::domain::team::Connection;
use crate::messages::command::Command;
use crate::messages::event::Reply;
use crate::messages::problem::Problem;
use crate::messages::snapshot::{VaultKind, VaultView};

use super::cx::Cx;
use super::widgets::dialog;
use super::widgets::file_field::FileAnswer;
use super::widgets::toast::Toasts;
use super::{labels, widgets};
use modal::Modal;
use recover::RecoverDialog;
use team::TeamDialog;
use vault_migration::MoveDialog;

/// The open dialog about all accounts.
#[derive(Default)]
pub(super) struct Dialogs {
    modal: Option<Box<dyn Modal>>,
    focused: Option<Id>,
    to_focus: Option<Id>,
    /// A search for accounts that was sent, and that opens a dialog only if there is something to decide.
    searching: bool,
}

impl Dialogs {
    pub(super) fn is_open(&self) -> bool {
        self.modal.is_some()
    }

    fn open(&mut self, modal: impl Modal + 'static) {
        self.modal = Some(Box::new(modal));
        self.focused = None;
    }

    pub(super) fn open_move(&mut self, vault: &VaultView, to: VaultKind) {
        self.open(MoveDialog::new(vault, to));
    }

    pub(super) fn open_team(&mut self, folder: &Path, connection: Option<&Connection>) {
        self.open(TeamDialog::new(folder, connection));
    }

    pub(super) fn recover(&mut self, cx: &mut Cx<'_>) {
        cx.send(Command::RecoverAccounts);
        self.searching = true;
    }

    /// Takes the result of a search; returns false if it found nothing.
    pub(super) fn take_recovered(
        &mut self,
        ctx: &Context,
        added: Vec<String>,
        unreadable: usize,
        orphans: usize,
    ) -> bool {
        self.searching = false;
        self.close(ctx);
        let is_found = !added.is_empty() || unreadable + orphans > 0;
        if is_found {
            self.open(RecoverDialog::found(added, unreadable, orphans));
        }
        is_found
    }

    pub(super) fn close(&mut self, ctx: &Context) {
        if let Some(modal) = self.modal.take() {
            modal.forget(ctx);
        }
    }

    pub(super) fn take_problem(&mut self, problem: &Problem) -> bool {
        if std::mem::take(&mut self.searching) {
            self.open(RecoverDialog::failed(problem));
            return true;
        }
        let taken = self.modal.as_mut().is_some_and(|modal| modal.take_problem(problem));
        if taken {
            // The field to correct gets the focus again.
            self.focused = None;
        }
        taken
    }

    pub(super) fn take_file(&mut self, answer: FileAnswer) {
        if let Some(modal) = &mut self.modal {
            modal.take_file(answer);
        }
    }

    pub(super) fn take_reply(&mut self, ctx: &Context, reply: Reply, toasts: &mut Toasts) {
        let text = match reply {
            Reply::Moved { records, left_behind: None } => {
                format!("{} moved. The old vault is empty.", labels::counted_were(records, "record"))
            }
            Reply::Moved { records, left_behind: Some(problem) } => {
                self.close(ctx);
                let moved = labels::counted_were(records, "record");
                toasts.say(format!("{moved} moved; the old ones could not be deleted yet."));
                return toasts.problem(None, Problem::Vault(problem));
            }
            Reply::TeamConnected(_) => "Connected to the team vault.".to_owned(),
            Reply::AccountsMoved(names) => format!("{} moved.", labels::counted_were(names.len(), "account")),
            Reply::OrphansRemoved(count) => format!("{} deleted.", labels::counted_were(count, "record")),
            _ => return,
        };
        self.close(ctx);
        toasts.say(text);
    }
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut Dialogs) {
    let Some(modal) = &mut state.modal else { return };
    if let Some(id) = state.to_focus.take() {
        ui.memory_mut(|memory| memory.request_focus(id));
    }
    let id = Id::unique(("keyfob-modal", modal.title()));
    let (closed, dismissed) = dialog::show(ui, id, 480.0, |ui| {
        widgets::heading(ui, modal.title());
        dialog::body(ui, |ui| modal.contents(ui, cx));
        modal.buttons(ui, cx)
    });
    let first = modal.first_field(&cx.snapshot.vault);
    if first != state.focused {
        // Only a field that was drawn can be scrolled into view.
        state.to_focus = first;
        ui.ctx().request_repaint();
    }
    state.focused = first;
    if closed || dismissed {
        state.close(ui.ctx());
    }
}
