//! Dialogs about all accounts: import, export, move, recovery.
//!
//! One dialog at a time is open. One that gives way to the passphrase dialog returns unchanged. Its input is
//! wiped when it closes. A result goes to the dialog that requested it, or to a toast if that is closed.

pub(crate) mod delete;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod import_issuers;
pub(crate) mod import_moves;
pub(crate) mod import_names;
pub(crate) mod new_passphrase;
pub(crate) mod passphrase;
pub(crate) mod quit;
pub(crate) mod recover;
pub(crate) mod unsaved_tokens;
pub(crate) mod vault_migration;

use std::path::PathBuf;

use egui::{Context, Id, Ui};

use crate::domain::oauth::discovery::DiscoveredServer;
use crate::messages::event::{ImportRead, Reply};
use crate::messages::explain::explain;
use crate::messages::preferences::Unconfirmed;
use crate::messages::problem::Problem;
use crate::messages::snapshot::{VaultHealth, VaultView};

use super::cx::Cx;
use super::view_state::ViewState;
use super::widgets::button::{Button, Weight};
use super::widgets::dialog;
use super::widgets::file_field::{FileAnswer, FileQuestion};
use super::{labels, widgets};
use recover::RecoverDialog;

#[derive(Default)]
pub(super) struct Errands {
    open: Option<Box<dyn Modal>>,
    /// The field with the initial focus, as of the last frame.
    focused: Option<Id>,
    to_focus: Option<Id>,
    pub(super) question: Option<FileQuestion>,
    pub(super) answer: Option<FileAnswer>,
    /// The default folder of exports and imports.
    pub(super) folder: PathBuf,
    /// Whether this start's notice was dismissed or used.
    pub(super) notice_seen: bool,
    /// The changed preferences whose notice was dismissed.
    pub(super) unconfirmed_seen: Unconfirmed,
    /// Whether the notice on invalid presets was dismissed.
    pub(super) presets_seen: bool,
}

impl Errands {
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }
}

pub(super) enum Ask {
    Close,
    /// Enter the vault's passphrase first.
    Passphrase,
    File(FileQuestion),
}

pub(super) type Answer = Result<DiscoveredServer, Problem>;

pub(super) trait Modal {
    fn title(&self) -> &'static str;

    /// Draws everything but the buttons.
    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<Ask>;

    fn buttons(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<Ask>;

    /// The field with the initial focus.
    fn first_field(&self, _vault: &VaultView) -> Option<Id> {
        None
    }

    /// Clears egui's state of the fields.
    fn forget(&self, _ctx: &Context) {}

    fn take_file(&mut self, _answer: FileAnswer, _cx: &mut Cx<'_>) {}

    /// Takes a problem; returns false if the dialog waits for nothing.
    fn take_problem(&mut self, problem: &Problem) -> bool;

    fn take_read(&mut self, _read: ImportRead) {}

    /// Takes a discovery result, or returns it if the dialog didn't request it.
    fn take_discovered(&mut self, _issuer: &str, found: Answer) -> Option<Answer> {
        Some(found)
    }

    /// Handles a saved account: returns the text for a toast if the dialog waited for it.
    fn take_saved(&self) -> Option<String> {
        None
    }
}

pub(super) fn in_words(problem: &Problem) -> String {
    explain(problem, None, None).paragraph()
}

pub(super) fn open(state: &mut ViewState, errand: impl Modal + 'static) {
    state.errands.open = Some(Box::new(errand));
    state.errands.focused = None;
}

/// Closes the dialog and wipes its input.
pub(super) fn close(ctx: &Context, state: &mut ViewState) {
    if let Some(errand) = state.errands.open.take() {
        errand.forget(ctx);
    }
    state.errands.question = None;
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    // Only one dialog is visible; this one returns unchanged.
    if state.passphrase.is_some() {
        return;
    }
    let answer = state.errands.answer.take();
    let Some(errand) = &mut state.errands.open else { return };
    if let Some(answer) = answer {
        errand.take_file(answer, cx);
    }
    if let Some(id) = state.errands.to_focus.take() {
        ui.memory_mut(|memory| memory.request_focus(id));
    }
    let id = Id::unique(("keyfob-errand", errand.title()));
    let (asked, left) = dialog::show(ui, id, 480.0, |ui| {
        widgets::heading(ui, errand.title());
        let asked = dialog::body(ui, |ui| errand.contents(ui, cx));
        let pressed = ui.horizontal_wrapped(|ui| errand.buttons(ui, cx)).inner;
        asked.or(pressed)
    });
    let first = errand.first_field(&cx.snapshot.vault);
    if first != state.errands.focused {
        // Only a field that was drawn can be scrolled into view.
        state.errands.to_focus = first;
        ui.ctx().request_repaint();
    }
    state.errands.focused = first;
    match asked {
        Some(Ask::Passphrase) => passphrase::open(state),
        Some(Ask::File(question)) => state.errands.question = Some(question),
        Some(Ask::Close) => close(ui.ctx(), state),
        None if left => close(ui.ctx(), state),
        None => {}
    }
}

/// Offers to enter the passphrase if the vault needs it.
pub(super) fn needs_passphrase(ui: &mut Ui, cx: &Cx<'_>) -> Option<Ask> {
    let label = passphrase::offer(&cx.snapshot.vault)?;
    widgets::text(ui, labels::vault(&cx.snapshot.vault, !cx.snapshot.accounts.is_empty()));
    Button::new(Weight::Quiet, label).show(ui).then_some(Ask::Passphrase)
}

pub(super) fn vault_blocked(cx: &Cx<'_>) -> Option<&'static str> {
    let locked = matches!(cx.snapshot.vault.health, VaultHealth::Locked { .. });
    locked.then_some("Enter the passphrase of your secrets first.")
}

/// Takes a problem of the dialog's own command.
pub(super) fn takes(state: &mut ViewState, problem: &Problem) -> bool {
    let taken = state.errands.open.as_mut().is_some_and(|errand| errand.take_problem(problem));
    if taken {
        // The field to correct gets the focus again.
        state.errands.focused = None;
    }
    taken
}

/// Handles a saved account; returns true and closes if it was from an import.
pub(super) fn saved(ctx: &Context, state: &mut ViewState) -> bool {
    let said = state.errands.open.as_ref().and_then(|errand| errand.take_saved());
    if let Some(said) = said {
        close(ctx, state);
        state.toasts.say(said);
        return true;
    }
    false
}

pub(super) fn read(state: &mut ViewState, read: ImportRead) {
    if let Some(errand) = &mut state.errands.open {
        errand.take_read(read);
    }
}

/// Takes a discovery result, or returns it if no dialog requested it.
pub(super) fn discovered(state: &mut ViewState, issuer: &str, found: Answer) -> Option<Answer> {
    match &mut state.errands.open {
        Some(errand) => errand.take_discovered(issuer, found),
        None => Some(found),
    }
}

pub(super) fn done(ctx: &Context, state: &mut ViewState, reply: Reply) {
    let said = match reply {
        Reply::Exported(count) => format!("{} exported.", labels::counted_were(count, "account")),
        Reply::Moved { records, left_behind: None } => {
            format!("{} moved. The old vault is empty.", labels::counted_were(records, "record"))
        }
        Reply::Moved { records, left_behind: Some(problem) } => {
            close(ctx, state);
            let moved = labels::counted_were(records, "record");
            state.toasts.say(format!("{moved} moved; the old ones could not be deleted yet."));
            return state.toasts.problem(None, Problem::Vault(problem));
        }
        Reply::Recovered { added, unreadable, orphans } => {
            state.errands.notice_seen = true;
            return open(state, RecoverDialog::found(added, unreadable, orphans));
        }
        Reply::OrphansRemoved(count) => format!("{} deleted.", labels::counted_were(count, "record")),
        _ => return,
    };
    close(ctx, state);
    state.toasts.say(said);
}
