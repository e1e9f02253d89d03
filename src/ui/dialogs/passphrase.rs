//! The passphrase dialog: enter, choose or change it.
//!
//! The fields are wiped when they are sent or closed. A wrong passphrase keeps the dialog open. Cancel
//! returns to the previous vault.

use egui::{Context, Id, Ui};

use crate::messages::command::Command;
use crate::messages::explain::explain;
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::{Snapshot, VaultHealth, VaultKind, VaultView};

use super::new_passphrase::{self, NewPassphrase};
use crate::ui::cx::Cx;
use crate::ui::view_state::ViewState;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::dialog;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::{Extras, SecretText};
use crate::ui::{labels, widgets};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Open the file or create it.
    Open,
    /// Change its passphrase.
    Change,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PassphraseStep {
    Typing,
    /// Sent; no result yet.
    Sent,
    /// The vault is working.
    UnderWay,
    /// The vault is ready again; an error may follow.
    Over,
}

pub(in crate::ui) struct PassphraseDraft {
    purpose: Purpose,
    stage: PassphraseStep,
    /// Whether the file exists; `None` until the engine has switched to it.
    exists: Option<bool>,
    /// The vault to return to on Cancel.
    back_to: Option<VaultKind>,
    present: SecretText,
    new: NewPassphrase,
    error: Option<String>,
    wants_focus: bool,
}

impl PassphraseDraft {
    fn new(purpose: Purpose, back_to: Option<VaultKind>) -> Self {
        Self {
            purpose,
            stage: PassphraseStep::Typing,
            exists: None,
            back_to,
            present: SecretText::default(),
            new: NewPassphrase::default(),
            error: None,
            wants_focus: true,
        }
    }

    fn asks_present(&self) -> bool {
        self.purpose == Purpose::Change || self.exists != Some(false)
    }

    fn asks_new(&self) -> bool {
        self.purpose == Purpose::Change || self.exists == Some(false)
    }

    fn first(&self) -> Id {
        if self.asks_present() { present_id() } else { new_passphrase::first_id() }
    }

    fn blocked(&self) -> Option<&'static str> {
        match self.stage {
            PassphraseStep::Typing if self.asks_present() && self.present.is_empty() => {
                Some("Enter the passphrase first.")
            }
            PassphraseStep::Typing if self.asks_new() => self.new.blocked(),
            PassphraseStep::Typing => None,
            _ => Some("One moment."),
        }
    }

    /// Takes the input and wipes the fields.
    fn take(&mut self, ctx: &Context) -> Command {
        let (present, new) = (self.present.take_passphrase(), self.new.take(ctx));
        forget(ctx);
        self.stage = PassphraseStep::Sent;
        self.error = None;
        match (self.purpose, self.asks_new()) {
            (Purpose::Change, _) => Command::ChangePassphrase { old: present, new },
            (Purpose::Open, create @ true) => Command::UnlockVault { passphrase: new, create },
            (Purpose::Open, create @ false) => Command::UnlockVault { passphrase: present, create },
        }
    }
}

fn present_id() -> Id {
    Id::unique("keyfob-passphrase")
}

fn forget(ctx: &Context) {
    fields::forget(ctx, present_id());
    new_passphrase::forget(ctx);
}

/// The action for a vault that needs its passphrase.
pub(in crate::ui) fn offer(vault: &VaultView) -> Option<&'static str> {
    match (vault.kind, &vault.health) {
        (VaultKind::File, VaultHealth::Locked { exists: false }) => Some(labels::CHOOSE_PASSPHRASE),
        (VaultKind::File, VaultHealth::Locked { exists: true } | VaultHealth::Failing(_)) => {
            Some(labels::ENTER_PASSPHRASE)
        }
        _ => None,
    }
}

/// Asks for the passphrase of the file in use.
pub(in crate::ui) fn open(state: &mut ViewState) {
    state.passphrase = Some(PassphraseDraft::new(Purpose::Open, None));
}

/// Switches to the file and asks for its passphrase.
pub(in crate::ui) fn choose_file(cx: &mut Cx<'_>, state: &mut ViewState) {
    cx.send(Command::ChooseVault(VaultKind::File));
    state.passphrase = Some(PassphraseDraft::new(Purpose::Open, Some(cx.snapshot.vault.kind)));
}

pub(in crate::ui) fn change(state: &mut ViewState) {
    state.passphrase = Some(PassphraseDraft::new(Purpose::Change, None));
}

pub(in crate::ui) fn close(ctx: &Context, state: &mut ViewState) {
    if state.passphrase.take().is_some() {
        forget(ctx);
    }
}

/// Closes the dialog and returns to the previous vault, unless a passphrase was sent.
pub(in crate::ui) fn give_up(ctx: &Context, cx: &mut Cx<'_>, state: &mut ViewState) {
    let back_to = state.passphrase.as_ref().filter(|draft| draft.stage == PassphraseStep::Typing);
    match back_to.and_then(|draft| draft.back_to) {
        Some(VaultKind::Memory) => cx.send(Command::UseMemoryVault),
        Some(kind) => cx.send(Command::ChooseVault(kind)),
        None => {}
    }
    close(ctx, state);
}

/// Takes a problem of the command that was sent.
pub(in crate::ui) fn takes(state: &mut ViewState, problem: &Problem) -> bool {
    let Some(draft) = &mut state.passphrase else { return false };
    if draft.stage == PassphraseStep::Typing && draft.exists.is_some() {
        // The dialog already shows that.
        return *problem == Problem::Vault(VaultProblem::PassphraseNeeded);
    }
    let said = explain(problem, None, None);
    draft.error = Some(format!("{} {}", said.what, said.next));
    draft.stage = PassphraseStep::Typing;
    draft.wants_focus = true;
    true
}

/// Follows the vault's health: closes when done, and opens once if the file is locked.
pub(in crate::ui) fn settle(ctx: &Context, snapshot: &Snapshot, state: &mut ViewState) {
    let vault = &snapshot.vault;
    let file = vault.kind == VaultKind::File;
    let locked = matches!(vault.health, VaultHealth::Locked { exists: true });
    if file && locked && !state.passphrase_asked && !state.has_dialog() {
        open(state);
    }
    state.passphrase_asked |= file;
    settle_open(state, vault);
    let Some(draft) = &mut state.passphrase else { return };
    let is_over = match (draft.purpose, draft.stage, &vault.health) {
        (Purpose::Open, _, VaultHealth::Ready | VaultHealth::Untried) => file,
        (Purpose::Change, PassphraseStep::Sent, VaultHealth::Waiting) => {
            draft.stage = PassphraseStep::UnderWay;
            false
        }
        (Purpose::Change, PassphraseStep::UnderWay, VaultHealth::Ready) => {
            draft.stage = PassphraseStep::Over;
            ctx.request_repaint();
            false
        }
        (Purpose::Change, PassphraseStep::Over, VaultHealth::Ready) => {
            state.toasts.say("The passphrase was changed.");
            true
        }
        _ => false,
    };
    if is_over {
        close(ctx, state);
    }
}

pub(in crate::ui) fn settle_open(state: &mut ViewState, vault: &VaultView) {
    let Some(draft) = &mut state.passphrase else { return };
    draft.exists = match vault.health {
        _ if vault.kind != VaultKind::File => draft.exists,
        VaultHealth::Locked { exists } => Some(exists),
        _ => draft.exists.or(Some(true)),
    };
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    let Some(draft) = &mut state.passphrase else { return };
    let (closed, left) = dialog::show(ui, Id::unique("keyfob-passphrase-dialog"), 440.0, |ui| {
        widgets::heading(ui, title(draft));
        dialog::body(ui, |ui| contents(ui, cx, draft));
        ui.horizontal_wrapped(|ui| {
            button(ui, cx, draft);
            Button::new(Weight::Bare, labels::CANCEL).show(ui)
        })
        .inner
    });
    if closed || left {
        give_up(ui.ctx(), cx, state);
    }
}

fn title(draft: &PassphraseDraft) -> &'static str {
    match (draft.purpose, draft.exists) {
        (Purpose::Change, _) => labels::CHANGE_PASSPHRASE,
        (Purpose::Open, Some(false)) => labels::CHOOSE_PASSPHRASE,
        (Purpose::Open, _) => labels::ENTER_PASSPHRASE,
    }
}

/// Shows the fields; Enter sends.
pub(in crate::ui) fn contents(ui: &mut Ui, cx: &mut Cx<'_>, draft: &mut PassphraseDraft) {
    if draft.exists.is_none() {
        let said = draft.error.as_deref().unwrap_or("One moment.");
        widgets::text(ui, said);
        return;
    }
    if draft.asks_new() {
        widgets::text(ui, "Keyfob can't recover this passphrase. Store it somewhere safe.");
    }
    let mut entered = false;
    ui.add_enabled_ui(draft.stage == PassphraseStep::Typing, |ui| {
        ui.spacing_mut().item_spacing.y = 12.0;
        if draft.asks_present() {
            let label = if draft.asks_new() { "Current passphrase" } else { "Passphrase" };
            let extras = Extras { error: draft.error.as_deref(), ..Extras::default() };
            let field = fields::secret(ui, present_id(), label, &mut draft.present, extras);
            entered |= new_passphrase::is_entered(ui, &field);
        }
        if draft.asks_new() {
            let error = draft.error.as_deref().filter(|_| !draft.asks_present());
            entered |= draft.new.show(ui, error);
        }
    });
    if draft.stage == PassphraseStep::Typing && std::mem::take(&mut draft.wants_focus) {
        ui.memory_mut(|memory| memory.request_focus(draft.first()));
    }
    if entered && draft.blocked().is_none() {
        cx.send(draft.take(ui.ctx()));
    }
}

pub(in crate::ui) fn button(ui: &mut Ui, cx: &mut Cx<'_>, draft: &mut PassphraseDraft) {
    let label = match (draft.purpose, draft.exists) {
        (Purpose::Change, _) => labels::CHANGE_PASSPHRASE,
        (Purpose::Open, Some(false)) => labels::USE_PASSPHRASE,
        (Purpose::Open, Some(true)) => labels::UNLOCK,
        (Purpose::Open, None) => return,
    };
    if Button::new(Weight::Primary, label).blocked(draft.blocked()).show(ui) {
        cx.send(draft.take(ui.ctx()));
    }
}
