//! The passphrase dialog: enter, choose or change it.
//!
//! The fields are wiped when they are sent or closed. A wrong passphrase keeps the dialog open. Cancel
//! returns to the previous vault.

use egui::{Context, Id, Ui};

use crate::messages::command::Command;
use crate::messages::explain::explain;
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::{VaultHealth, VaultKind, VaultView};

use super::new_passphrase::{self, NewPassphrase};
use crate::ui::cx::Cx;
use crate::ui::widgets::actions::{self, Reason};
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::dialog;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::{FieldOptions, SecretInput};
use crate::ui::{labels, widgets};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Open the file or create it.
    Open,
    Change,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PassphraseStep {
    Typing,
    Sent,
    /// The vault is working.
    UnderWay,
    /// The vault is ready again; an error may follow.
    Over,
}

#[derive(Default)]
pub(in crate::ui) struct PassphraseDialog {
    draft: Option<PassphraseDraft>,
    /// Whether the dialog has opened by itself, which happens once.
    has_opened_itself: bool,
}

struct PassphraseDraft {
    purpose: Purpose,
    step: PassphraseStep,
    /// Whether the file exists; `None` until the engine has switched to it.
    exists: Option<bool>,
    back_to: Option<VaultKind>,
    current: SecretInput,
    new: NewPassphrase,
    error: Option<String>,
    wants_focus: bool,
}

impl PassphraseDraft {
    fn new(purpose: Purpose, back_to: Option<VaultKind>) -> Self {
        Self {
            purpose,
            step: PassphraseStep::Typing,
            exists: None,
            back_to,
            current: SecretInput::default(),
            new: NewPassphrase::default(),
            error: None,
            wants_focus: true,
        }
    }

    fn asks_current(&self) -> bool {
        self.purpose == Purpose::Change || self.exists != Some(false)
    }

    fn asks_new(&self) -> bool {
        self.purpose == Purpose::Change || self.exists == Some(false)
    }

    fn first(&self) -> Id {
        if self.asks_current() { current_id() } else { new_passphrase::first_id() }
    }

    fn blocked(&self) -> Option<&'static str> {
        match self.step {
            PassphraseStep::Typing if self.asks_current() && self.current.is_empty() => {
                Some("Enter the passphrase first.")
            }
            PassphraseStep::Typing if self.asks_new() => self.new.blocked(),
            PassphraseStep::Typing => None,
            _ => Some("One moment."),
        }
    }

    fn take(&mut self, ctx: &Context) -> Command {
        let (current, new) = (self.current.take_passphrase(), self.new.take(ctx));
        forget(ctx);
        self.step = PassphraseStep::Sent;
        self.error = None;
        match (self.purpose, self.asks_new()) {
            (Purpose::Change, _) => Command::ChangePassphrase { old: current, new },
            (Purpose::Open, create @ true) => Command::UnlockVault { passphrase: new, create },
            (Purpose::Open, create @ false) => Command::UnlockVault { passphrase: current, create },
        }
    }
}

fn current_id() -> Id {
    Id::unique("keyfob-passphrase")
}

fn forget(ctx: &Context) {
    fields::forget(ctx, current_id());
    new_passphrase::forget(ctx);
}

impl PassphraseDialog {
    pub(in crate::ui) fn is_open(&self) -> bool {
        self.draft.is_some()
    }

    pub(in crate::ui) fn open(&mut self) {
        self.draft = Some(PassphraseDraft::new(Purpose::Open, None));
    }

    /// Switches to the file and asks for its passphrase.
    pub(in crate::ui) fn open_file_vault(&mut self, cx: &mut Cx<'_>) {
        cx.send(Command::ChooseVault(VaultKind::File));
        self.draft = Some(PassphraseDraft::new(Purpose::Open, Some(cx.snapshot.vault.kind)));
    }

    pub(in crate::ui) fn open_change(&mut self) {
        self.draft = Some(PassphraseDraft::new(Purpose::Change, None));
    }

    pub(in crate::ui) fn close(&mut self, ctx: &Context) {
        if self.draft.take().is_some() {
            forget(ctx);
        }
    }

    /// Closes the dialog and returns to the previous vault, unless a passphrase was sent.
    pub(in crate::ui) fn give_up(&mut self, ctx: &Context, cx: &mut Cx<'_>) {
        let typing = self.draft.as_ref().filter(|draft| draft.step == PassphraseStep::Typing);
        match typing.and_then(|draft| draft.back_to) {
            Some(VaultKind::Memory) => cx.send(Command::UseMemoryVault),
            Some(kind) => cx.send(Command::ChooseVault(kind)),
            None => {}
        }
        self.close(ctx);
    }

    pub(in crate::ui) fn take_problem(&mut self, problem: &Problem) -> bool {
        let Some(draft) = &mut self.draft else { return false };
        if draft.step == PassphraseStep::Typing && draft.exists.is_some() {
            // The dialog already shows that.
            return *problem == Problem::Vault(VaultProblem::PassphraseNeeded);
        }
        let message = explain(problem, None, None);
        draft.error = Some(format!("{} {}", message.what, message.next));
        draft.step = PassphraseStep::Typing;
        draft.wants_focus = true;
        true
    }

    /// Follows the vault's health: closes when done, and opens once if the file is locked. Returns the text of
    /// a toast.
    pub(in crate::ui) fn sync(
        &mut self,
        ctx: &Context,
        vault: &VaultView,
        has_dialog: bool,
    ) -> Option<&'static str> {
        let file = vault.kind == VaultKind::File;
        let locked = matches!(vault.health, VaultHealth::Locked { exists: true });
        if file && locked && !self.has_opened_itself && !has_dialog {
            self.open();
        }
        self.has_opened_itself |= file;
        self.sync_file_exists(vault);
        let draft = self.draft.as_mut()?;
        match (draft.purpose, draft.step, &vault.health) {
            (Purpose::Open, _, VaultHealth::Ready | VaultHealth::Untried) if file => self.close(ctx),
            (Purpose::Change, PassphraseStep::Sent, VaultHealth::Waiting) => {
                draft.step = PassphraseStep::UnderWay;
            }
            (Purpose::Change, PassphraseStep::UnderWay, VaultHealth::Ready) => {
                draft.step = PassphraseStep::Over;
                ctx.request_repaint();
            }
            (Purpose::Change, PassphraseStep::Over, VaultHealth::Ready) => {
                self.close(ctx);
                return Some("The passphrase was changed.");
            }
            _ => {}
        }
        None
    }

    pub(in crate::ui) fn sync_file_exists(&mut self, vault: &VaultView) {
        let Some(draft) = &mut self.draft else { return };
        draft.exists = match vault.health {
            _ if vault.kind != VaultKind::File => draft.exists,
            VaultHealth::Locked { exists } => Some(exists),
            _ => draft.exists.or(Some(true)),
        };
    }

    pub(in crate::ui) fn show_fields(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if let Some(draft) = &mut self.draft {
            contents(ui, cx, draft);
        }
    }

    /// The lock screen's button, which can't be cancelled.
    pub(in crate::ui) fn show_button(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if let Some(draft) = &mut self.draft
            && let Some(button) = button(draft)
            && button.show(ui)
        {
            cx.send(draft.take(ui.ctx()));
        }
    }

    /// The dialog's buttons; returns true if it was cancelled.
    fn show_actions(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let cancel = Button::new(Weight::Secondary, labels::CANCEL);
        let Some(draft) = &mut self.draft else { return true };
        let Some(action) = button(draft) else {
            let [cancel] = actions::show(ui, [cancel]);
            return cancel.clicked();
        };
        let reason = draft.blocked().map(|text| Reason::new(text, None));
        let ([cancel, action], _) = actions::show_with_reason(ui, reason, [cancel, action]);
        if action.clicked() {
            cx.send(draft.take(ui.ctx()));
        }
        cancel.clicked()
    }
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut PassphraseDialog) {
    let Some(draft) = &state.draft else { return };
    let title = title(draft);
    let (closed, dismissed) = dialog::show(ui, Id::unique("keyfob-passphrase-dialog"), 440.0, |ui| {
        widgets::heading(ui, title);
        dialog::body(ui, |ui| state.show_fields(ui, cx));
        state.show_actions(ui, cx)
    });
    if closed || dismissed {
        state.give_up(ui.ctx(), cx);
    }
}

fn title(draft: &PassphraseDraft) -> &'static str {
    match (draft.purpose, draft.exists) {
        (Purpose::Change, _) => labels::CHANGE_PASSPHRASE,
        (Purpose::Open, Some(false)) => labels::CHOOSE_PASSPHRASE,
        (Purpose::Open, _) => labels::ENTER_PASSPHRASE,
    }
}

fn contents(ui: &mut Ui, cx: &mut Cx<'_>, draft: &mut PassphraseDraft) {
    if draft.exists.is_none() {
        let text = draft.error.as_deref().unwrap_or("One moment.");
        widgets::text(ui, text);
        return;
    }
    if draft.asks_new() {
        widgets::text(ui, "Keyfob can't recover this passphrase. Store it somewhere safe.");
    }
    let mut entered = false;
    ui.add_enabled_ui(draft.step == PassphraseStep::Typing, |ui| {
        ui.spacing_mut().item_spacing.y = 12.0;
        if draft.asks_current() {
            let label = if draft.asks_new() { "Current passphrase" } else { "Passphrase" };
            let options = FieldOptions { error: draft.error.as_deref(), ..FieldOptions::default() };
            let field = fields::secret(ui, current_id(), label, &mut draft.current, options);
            entered |= fields::is_entered(ui, &field);
        }
        if draft.asks_new() {
            let error = draft.error.as_deref().filter(|_| !draft.asks_current());
            entered |= draft.new.show(ui, error);
        }
    });
    if draft.step == PassphraseStep::Typing && std::mem::take(&mut draft.wants_focus) {
        ui.memory_mut(|memory| memory.request_focus(draft.first()));
    }
    if entered && draft.blocked().is_none() {
        cx.send(draft.take(ui.ctx()));
    }
}

fn button(draft: &PassphraseDraft) -> Option<Button<'static>> {
    let label = match (draft.purpose, draft.exists) {
        (Purpose::Change, _) => labels::CHANGE_PASSPHRASE,
        (Purpose::Open, Some(false)) => labels::USE_PASSPHRASE,
        (Purpose::Open, Some(true)) => labels::UNLOCK,
        (Purpose::Open, None) => return None,
    };
    Some(Button::new(Weight::Primary, label).blocked(draft.blocked()))
}
