//! Dialogs about all accounts: import, export, move, recovery.
//!
//! One dialog at a time is open. One that gives way to the passphrase dialog returns unchanged. Its input is
//! wiped when it closes. A result goes to the dialog that requested it, or to a toast if that is closed.

pub(crate) mod delete;
pub(crate) mod discard_form;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod modal;
pub(crate) mod new_passphrase;
pub(crate) mod passphrase;
pub(crate) mod quit;
pub(crate) mod recover;
pub(crate) mod shortcuts;
pub(crate) mod unsaved_tokens;
pub(crate) mod vault_migration;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use egui::{Context, Id, Ui};

use crate::messages::event::{ImportRead, Reply};
use crate::messages::problem::Problem;
use crate::messages::snapshot::{VaultKind, VaultView};

use super::cx::Cx;
use super::widgets::dialog;
use super::widgets::file_field::{FileAnswer, FileQuestion};
use super::widgets::toast::Toasts;
use super::{labels, widgets};
use export::ExportDialog;
use import::ImportDialog;
use modal::{DiscoveryResult, Modal, ModalRequest};
use recover::RecoverDialog;
use vault_migration::MoveDialog;

/// The open dialog about all accounts, and its question to the system's file dialog.
#[derive(Default)]
pub(super) struct Dialogs {
    modal: Option<Box<dyn Modal>>,
    focused: Option<Id>,
    to_focus: Option<Id>,
    pub(super) file_question: Option<FileQuestion>,
    pub(super) file_answer: Option<FileAnswer>,
    pub(super) folder: PathBuf,
}

impl Dialogs {
    pub(super) fn is_open(&self) -> bool {
        self.modal.is_some()
    }

    fn open(&mut self, modal: impl Modal + 'static) {
        self.modal = Some(Box::new(modal));
        self.focused = None;
    }

    pub(super) fn open_import(&mut self) {
        self.open(ImportDialog::within(&self.folder));
    }

    /// Replaces an open dialog by the preview of a file.
    pub(super) fn open_import_of(&mut self, ctx: &Context, cx: &mut Cx<'_>, path: PathBuf) {
        self.close(ctx);
        self.open(ImportDialog::of_file(cx, path));
    }

    pub(super) fn open_export(&mut self, now: DateTime<Utc>) {
        self.open(ExportDialog::new(&self.folder, now));
    }

    pub(super) fn open_move(&mut self, vault: &VaultView, to: VaultKind) {
        self.open(MoveDialog::new(vault, to));
    }

    pub(super) fn open_recover(&mut self, cx: &mut Cx<'_>) {
        self.open(RecoverDialog::start(cx));
    }

    pub(super) fn open_recovered(&mut self, added: Vec<String>, unreadable: usize, orphans: usize) {
        self.open(RecoverDialog::found(added, unreadable, orphans));
    }

    pub(super) fn close(&mut self, ctx: &Context) {
        if let Some(modal) = self.modal.take() {
            modal.forget(ctx);
        }
        self.file_question = None;
    }

    pub(super) fn take_problem(&mut self, problem: &Problem) -> bool {
        let taken = self.modal.as_mut().is_some_and(|modal| modal.take_problem(problem));
        if taken {
            // The field to correct gets the focus again.
            self.focused = None;
        }
        taken
    }

    /// Handles a saved account: closes if it was from an import, and returns the text of a toast.
    pub(super) fn take_saved(&mut self, ctx: &Context) -> Option<String> {
        let text = self.modal.as_ref()?.take_saved()?;
        self.close(ctx);
        Some(text)
    }

    pub(super) fn take_import(&mut self, read: ImportRead) {
        if let Some(modal) = &mut self.modal {
            modal.take_import(read);
        }
    }

    /// Takes a discovery result, or returns it if no dialog requested it.
    pub(super) fn take_discovered(
        &mut self,
        issuer: &str,
        result: DiscoveryResult,
    ) -> Option<DiscoveryResult> {
        match &mut self.modal {
            Some(modal) => modal.take_discovered(issuer, result),
            None => Some(result),
        }
    }

    pub(super) fn take_reply(&mut self, ctx: &Context, reply: Reply, toasts: &mut Toasts) {
        let text = match reply {
            Reply::Exported(count) => format!("{} exported.", labels::counted_were(count, "account")),
            Reply::Moved { records, left_behind: None } => {
                format!("{} moved. The old vault is empty.", labels::counted_were(records, "record"))
            }
            Reply::Moved { records, left_behind: Some(problem) } => {
                self.close(ctx);
                let moved = labels::counted_were(records, "record");
                toasts.say(format!("{moved} moved; the old ones could not be deleted yet."));
                return toasts.problem(None, Problem::Vault(problem));
            }
            Reply::OrphansRemoved(count) => format!("{} deleted.", labels::counted_were(count, "record")),
            _ => return,
        };
        self.close(ctx);
        toasts.say(text);
    }
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut Dialogs) {
    let answer = state.file_answer.take();
    let Some(modal) = &mut state.modal else { return };
    if let Some(answer) = answer {
        modal.take_file(answer, cx);
    }
    if let Some(id) = state.to_focus.take() {
        ui.memory_mut(|memory| memory.request_focus(id));
    }
    let id = Id::unique(("keyfob-modal", modal.title()));
    let (request, dismissed) = dialog::show(ui, id, 480.0, |ui| {
        widgets::heading(ui, modal.title());
        let request = dialog::body(ui, |ui| modal.contents(ui, cx));
        let pressed = modal.buttons(ui, cx);
        request.or(pressed)
    });
    let first = modal.first_field(&cx.snapshot.vault);
    if first != state.focused {
        // Only a field that was drawn can be scrolled into view.
        state.to_focus = first;
        ui.ctx().request_repaint();
    }
    state.focused = first;
    match request {
        Some(ModalRequest::File(question)) => state.file_question = Some(question),
        Some(ModalRequest::Close) => state.close(ui.ctx()),
        None if dismissed => state.close(ui.ctx()),
        None => {}
    }
}
