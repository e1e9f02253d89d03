//! The passphrase of the file vault: asked for, chosen or changed.
//!
//! Owns what is typed into its fields. Invariants: the fields are wiped when they are sent and when
//! they are closed; a wrong passphrase keeps the dialog; giving up keeps the vault from before.

use egui::{Context, CornerRadius, Id, Key, ScrollArea, Ui, vec2};

use crate::domain::strength::{Strength, strength};
use crate::messages::command::Command;
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::{Snapshot, VaultHealth, VaultKind, VaultView};
use crate::messages::words::explain;

use super::button::{Button, Weight};
use super::cx::Cx;
use super::fields::{self, Extras, SecretText};
use super::view_state::ViewState;
use super::{widgets, words};

/// What is being asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Open the file, or make it.
    Open,
    /// Give it another passphrase.
    Change,
}

/// How far it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Typing,
    /// Sent, and nothing is known yet.
    Sent,
    /// The vault works on it.
    UnderWay,
    /// The vault is ready again; a refusal comes after that, if there is one.
    Over,
}

/// The passphrase, while it is asked for.
pub(super) struct PassphraseDraft {
    purpose: Purpose,
    stage: Stage,
    /// Whether there is such a file; `None` until the engine has turned to it.
    exists: Option<bool>,
    /// The vault to go back to where this is given up.
    back_to: Option<VaultKind>,
    present: SecretText,
    new: SecretText,
    again: SecretText,
    strength: Strength,
    error: Option<String>,
    wants_focus: bool,
}

impl PassphraseDraft {
    fn new(purpose: Purpose, back_to: Option<VaultKind>) -> Self {
        Self {
            purpose,
            stage: Stage::Typing,
            exists: None,
            back_to,
            present: SecretText::default(),
            new: SecretText::default(),
            again: SecretText::default(),
            strength: Strength::Empty,
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

    /// The first field that is shown.
    fn first(&self) -> Id {
        if self.asks_present() { present_id() } else { new_id() }
    }

    /// Why it can't be sent yet.
    fn blocked(&self) -> Option<&'static str> {
        let empty =
            (self.asks_present() && self.present.is_empty()) || (self.asks_new() && self.new.is_empty());
        let same = self.new.begins_with(&self.again) && self.again.begins_with(&self.new);
        match self.stage {
            Stage::Typing if empty => Some("Enter the passphrase first."),
            Stage::Typing if self.asks_new() && self.again.is_empty() => {
                Some("Enter the new passphrase twice.")
            }
            Stage::Typing if self.asks_new() && !same => Some(DIFFERENT),
            Stage::Typing => None,
            _ => Some("One moment."),
        }
    }

    /// Takes what was typed, and leaves nothing of it in the fields.
    fn take(&mut self, ctx: &Context) -> Command {
        let (present, new) = (self.present.take_passphrase(), self.new.take_passphrase());
        drop(self.again.take_passphrase());
        forget(ctx);
        self.strength = Strength::Empty;
        self.stage = Stage::Sent;
        self.error = None;
        match (self.purpose, self.asks_new()) {
            (Purpose::Change, _) => Command::ChangePassphrase { old: present, new },
            (Purpose::Open, create @ true) => Command::UnlockVault { passphrase: new, create },
            (Purpose::Open, create @ false) => Command::UnlockVault { passphrase: present, create },
        }
    }
}

const DIFFERENT: &str = "The two are not the same.";

fn present_id() -> Id {
    Id::unique("keyfob-passphrase")
}

fn new_id() -> Id {
    Id::unique("keyfob-passphrase-new")
}

fn again_id() -> Id {
    Id::unique("keyfob-passphrase-again")
}

fn forget(ctx: &Context) {
    for id in [present_id(), new_id(), again_id()] {
        fields::forget(ctx, id);
    }
}

/// What a vault that needs its passphrase offers.
pub(super) fn offer(vault: &VaultView) -> Option<&'static str> {
    match (vault.kind, &vault.health) {
        (VaultKind::File, VaultHealth::Locked { exists: false }) => Some(words::CHOOSE_PASSPHRASE),
        (VaultKind::File, VaultHealth::Locked { exists: true } | VaultHealth::Failing(_)) => {
            Some(words::ENTER_PASSPHRASE)
        }
        _ => None,
    }
}

/// Asks for the passphrase of the file that is used.
pub(super) fn open(state: &mut ViewState) {
    state.passphrase = Some(PassphraseDraft::new(Purpose::Open, None));
}

/// Turns to the file, and asks for its passphrase.
pub(super) fn choose_file(cx: &mut Cx<'_>, state: &mut ViewState) {
    cx.send(Command::ChooseVault(VaultKind::File));
    state.passphrase = Some(PassphraseDraft::new(Purpose::Open, Some(cx.snapshot.vault.kind)));
}

/// Asks for another passphrase.
pub(super) fn change(state: &mut ViewState) {
    state.passphrase = Some(PassphraseDraft::new(Purpose::Change, None));
}

/// Closes it, and forgets what its fields held.
pub(super) fn close(ctx: &Context, state: &mut ViewState) {
    if state.passphrase.take().is_some() {
        forget(ctx);
    }
}

/// Closes it and goes back to the vault from before, unless a passphrase was sent already.
pub(super) fn give_up(ctx: &Context, cx: &mut Cx<'_>, state: &mut ViewState) {
    let back_to = state.passphrase.as_ref().filter(|draft| draft.stage == Stage::Typing);
    match back_to.and_then(|draft| draft.back_to) {
        Some(VaultKind::Memory) => cx.send(Command::UseMemoryVault),
        Some(kind) => cx.send(Command::ChooseVault(kind)),
        None => {}
    }
    close(ctx, state);
}

/// Takes a problem that is the answer to what was sent.
pub(super) fn takes(state: &mut ViewState, problem: &Problem) -> bool {
    let Some(draft) = &mut state.passphrase else { return false };
    if draft.stage == Stage::Typing && draft.exists.is_some() {
        // The dialog says that already.
        return *problem == Problem::Vault(VaultProblem::PassphraseNeeded);
    }
    let said = explain(problem, None, None);
    draft.error = Some(format!("{} {}", said.what, said.next));
    draft.stage = Stage::Typing;
    draft.wants_focus = true;
    true
}

/// Goes by what the vault says: closes what is done, and asks once where the file is locked.
pub(super) fn settle(ctx: &Context, snapshot: &Snapshot, state: &mut ViewState) {
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
        (Purpose::Change, Stage::Sent, VaultHealth::Waiting) => {
            draft.stage = Stage::UnderWay;
            false
        }
        (Purpose::Change, Stage::UnderWay, VaultHealth::Ready) => {
            draft.stage = Stage::Over;
            ctx.request_repaint();
            false
        }
        (Purpose::Change, Stage::Over, VaultHealth::Ready) => {
            state.toasts.say("The passphrase was changed.");
            true
        }
        _ => false,
    };
    if is_over {
        close(ctx, state);
    }
}

/// Notes whether there is a file to be opened.
pub(super) fn settle_open(state: &mut ViewState, vault: &VaultView) {
    let Some(draft) = &mut state.passphrase else { return };
    draft.exists = match vault.health {
        _ if vault.kind != VaultKind::File => draft.exists,
        VaultHealth::Locked { exists } => Some(exists),
        _ => draft.exists.or(Some(true)),
    };
}

/// Shows the dialog, where it is open.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    let Some(draft) = &mut state.passphrase else { return };
    let height = ui.ctx().content_rect().height();
    let (closed, left) = widgets::dialog(ui, Id::unique("keyfob-passphrase-dialog"), 440.0, |ui| {
        widgets::heading(ui, title(draft));
        ScrollArea::vertical().max_height(height - 160.0).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 12.0;
            contents(ui, cx, draft);
        });
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            button(ui, cx, draft);
            Button::new(Weight::Bare, words::CANCEL).show(ui)
        })
        .inner
    });
    if closed || left {
        give_up(ui.ctx(), cx, state);
    }
}

fn title(draft: &PassphraseDraft) -> &'static str {
    match (draft.purpose, draft.exists) {
        (Purpose::Change, _) => words::CHANGE_PASSPHRASE,
        (Purpose::Open, Some(false)) => words::CHOOSE_PASSPHRASE,
        (Purpose::Open, _) => words::ENTER_PASSPHRASE,
    }
}

/// Shows the fields; Enter in one of them sends.
pub(super) fn contents(ui: &mut Ui, cx: &mut Cx<'_>, draft: &mut PassphraseDraft) {
    if draft.exists.is_none() {
        let said = draft.error.as_deref().unwrap_or("One moment.");
        widgets::text(ui, said);
        return;
    }
    if draft.asks_new() {
        widgets::text(
            ui,
            "Nobody opens the file without its passphrase, and nothing can bring it back: keep it in a safe place.",
        );
    }
    let mut entered = false;
    ui.add_enabled_ui(draft.stage == Stage::Typing, |ui| {
        ui.spacing_mut().item_spacing.y = 12.0;
        if draft.asks_present() {
            let label = if draft.asks_new() { "Present passphrase" } else { "Passphrase" };
            let extras = Extras { error: draft.error.as_deref(), ..Extras::default() };
            entered |= field(ui, present_id(), label, &mut draft.present, extras).0;
        }
        if draft.asks_new() {
            let error = draft.error.as_deref().filter(|_| !draft.asks_present());
            let extras = Extras { error, note: Some(words::strength(draft.strength)), ..Extras::default() };
            let (enter, changed) = field(ui, new_id(), "New passphrase", &mut draft.new, extras);
            if changed {
                draft.strength = strength(&draft.new.passphrase());
            }
            meter(ui, cx, draft.strength);
            let differs = !draft.new.begins_with(&draft.again);
            let extras = Extras { error: differs.then_some(DIFFERENT), ..Extras::default() };
            let (enter_again, _) = field(ui, again_id(), "New passphrase again", &mut draft.again, extras);
            entered |= enter | enter_again;
        }
    });
    if draft.stage == Stage::Typing && std::mem::take(&mut draft.wants_focus) {
        ui.memory_mut(|memory| memory.request_focus(draft.first()));
    }
    if entered && draft.blocked().is_none() {
        cx.send(draft.take(ui.ctx()));
    }
}

/// A field; whether Enter was pressed in it, and whether it was changed.
fn field(ui: &mut Ui, id: Id, label: &str, value: &mut SecretText, extras: Extras<'_>) -> (bool, bool) {
    let response = fields::secret(ui, id, label, value, extras);
    let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    (enter, response.changed())
}

/// The strength as a bar of four parts; the words beside the field say the same.
fn meter(ui: &mut Ui, cx: &Cx<'_>, strength: Strength) {
    let tokens = cx.tokens;
    let color = if strength.is_weak() { tokens.warn } else { tokens.ok };
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), 4.0));
    let part = (rect.width() - 12.0) / 4.0;
    for (place, left) in (0..4u8).map(|place| (place, rect.left() + f32::from(place) * (part + 4.0))) {
        let fill = if place < strength.bars() { color } else { tokens.track };
        let bar = egui::Rect::from_min_size(egui::pos2(left, rect.top()), vec2(part, 4.0));
        ui.painter().rect_filled(bar, CornerRadius::same(2), fill);
    }
}

/// The button that sends.
pub(super) fn button(ui: &mut Ui, cx: &mut Cx<'_>, draft: &mut PassphraseDraft) {
    let label = match (draft.purpose, draft.exists) {
        (Purpose::Change, _) => words::CHANGE_PASSPHRASE,
        (Purpose::Open, Some(false)) => words::USE_PASSPHRASE,
        (Purpose::Open, Some(true)) => words::UNLOCK,
        (Purpose::Open, None) => return,
    };
    if Button::new(Weight::Primary, label).blocked(draft.blocked()).show(ui) {
        cx.send(draft.take(ui.ctx()));
    }
}
