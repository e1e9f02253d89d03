//! Dialogs about all accounts at once: import, export, move, recovery.
//!
//! Owns the one that is open. Invariants: one dialog at a time, and one that gives way to the
//! passphrase comes back as it was; what was typed is wiped when it closes; an answer from the engine
//! goes to the dialog that asked, and to a short message where that one was left.

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

/// What the window remembers of all that.
#[derive(Default)]
pub(super) struct Errands {
    /// The dialog that is open.
    open: Option<Box<dyn Modal>>,
    /// Its field that has the keyboard first, as of the last frame.
    focused: Option<Id>,
    /// A field that gets the keyboard in the next frame.
    to_focus: Option<Id>,
    /// What the system's dialog for files is to be asked.
    pub(super) question: Option<FileQuestion>,
    /// What it answered.
    pub(super) answer: Option<FileAnswer>,
    /// Where files are exported to and imported from, unless another folder is chosen.
    pub(super) folder: PathBuf,
    /// Whether this start's notice was dismissed, or was of use.
    pub(super) notice_seen: bool,
    /// The changed preferences whose notice was dismissed.
    pub(super) unconfirmed_seen: Unconfirmed,
    /// Whether the note on presets that can't be used was dismissed.
    pub(super) presets_seen: bool,
}

impl Errands {
    /// Whether a dialog is open.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }
}

/// What a dialog asks of the window.
pub(super) enum Ask {
    /// It is over.
    Close,
    /// The vault's passphrase is needed first.
    Passphrase,
    /// The system's own dialog for files.
    File(FileQuestion),
}

/// What an issuer said, or why it said nothing.
pub(super) type Answer = Result<DiscoveredServer, Problem>;

/// Such a dialog.
pub(super) trait Modal {
    /// Its heading.
    fn title(&self) -> &'static str;

    /// Draws all but the buttons.
    fn contents(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<Ask>;

    /// Draws the buttons.
    fn buttons(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> Option<Ask>;

    /// The field that has the keyboard first, as far as it is now.
    fn first_field(&self, _vault: &VaultView) -> Option<Id> {
        None
    }

    /// Forgets what the toolkit keeps about its fields.
    fn forget(&self, _ctx: &Context) {}

    /// Takes the answer of the system's dialog for files.
    fn take_file(&mut self, _answer: FileAnswer, _cx: &mut Cx<'_>) {}

    /// Takes what went wrong; false where it waits for nothing.
    fn take_problem(&mut self, problem: &Problem) -> bool;

    /// Takes the accounts of a file.
    fn take_read(&mut self, _read: ImportRead) {}

    /// Takes what an issuer said, or gives it back where the dialog didn't ask.
    fn take_discovered(&mut self, _issuer: &str, found: Answer) -> Option<Answer> {
        Some(found)
    }

    /// Takes word that an account was saved: what is said where that is what it waited for.
    fn take_saved(&self) -> Option<String> {
        None
    }
}

/// What went wrong, in one paragraph for a field or a dialog.
pub(super) fn in_words(problem: &Problem) -> String {
    explain(problem, None, None).paragraph()
}

/// Opens a dialog.
pub(super) fn open(state: &mut ViewState, errand: impl Modal + 'static) {
    state.errands.open = Some(Box::new(errand));
    state.errands.focused = None;
}

/// Closes it, and forgets what was typed.
pub(super) fn close(ctx: &Context, state: &mut ViewState) {
    if let Some(errand) = state.errands.open.take() {
        errand.forget(ctx);
    }
    state.errands.question = None;
}

/// Shows the dialog, where one is open.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    // One dialog at a time; this one comes back as it was.
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
        // It was drawn by now, so that the next frame brings it into view, too.
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

/// Where the vault is a file that needs its passphrase: says so, and offers to enter it.
pub(super) fn needs_passphrase(ui: &mut Ui, cx: &Cx<'_>) -> Option<Ask> {
    let label = passphrase::offer(&cx.snapshot.vault)?;
    widgets::text(ui, labels::vault(&cx.snapshot.vault, !cx.snapshot.accounts.is_empty()));
    Button::new(Weight::Quiet, label).show(ui).then_some(Ask::Passphrase)
}

/// Why nothing can be read from or written to the vault.
pub(super) fn vault_blocked(cx: &Cx<'_>) -> Option<&'static str> {
    let locked = matches!(cx.snapshot.vault.health, VaultHealth::Locked { .. });
    locked.then_some("Enter the passphrase of your secrets first.")
}

/// Takes a problem that is the answer to what the dialog asked.
pub(super) fn takes(state: &mut ViewState, problem: &Problem) -> bool {
    let taken = state.errands.open.as_mut().is_some_and(|errand| errand.take_problem(problem));
    if taken {
        // What is to be mended has the keyboard again.
        state.errands.focused = None;
    }
    taken
}

/// Takes word that an account was saved; true where it came from an import, which closes.
pub(super) fn saved(ctx: &Context, state: &mut ViewState) -> bool {
    let said = state.errands.open.as_ref().and_then(|errand| errand.take_saved());
    if let Some(said) = said {
        close(ctx, state);
        state.toasts.say(said);
        return true;
    }
    false
}

/// Takes the accounts of a file that was read.
pub(super) fn read(state: &mut ViewState, read: ImportRead) {
    if let Some(errand) = &mut state.errands.open {
        errand.take_read(read);
    }
}

/// Takes what an issuer said, or gives it back where no dialog asked.
pub(super) fn discovered(state: &mut ViewState, issuer: &str, found: Answer) -> Option<Answer> {
    match &mut state.errands.open {
        Some(errand) => errand.take_discovered(issuer, found),
        None => Some(found),
    }
}

/// Takes the answer to a command.
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
