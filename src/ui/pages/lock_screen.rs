//! The lock screen.
//!
//! It draws nothing of an account, for assistive technologies either. Drafts are discarded. After the timeout
//! the window is locked, even if the computer was suspended meanwhile.

use chrono::{DateTime, TimeDelta, Utc};
use egui::{Event, Ui, vec2};

use crate::messages::command::Command;
use crate::messages::snapshot::{Snapshot, VaultKind};

use crate::ui::action::UiAction;
use crate::ui::cx::Cx;
use crate::ui::dialogs::passphrase::PassphraseDialog;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::dialog;
use crate::ui::{labels, theme, widgets};

/// How long the window stays covered until the engine reports the lock.
const MAX_WAIT: TimeDelta = TimeDelta::seconds(2);

/// The approximate height of the page, in points, to center it: without and with a passphrase field.
const HEIGHT: f32 = 176.0;
const HEIGHT_WITH_PASSPHRASE: f32 = 232.0;

#[derive(Default)]
pub(in crate::ui) struct LockScreenState {
    last_input: Option<DateTime<Utc>>,
    lock_sent_at: Option<DateTime<Utc>>,
    is_covered: bool,
}

impl LockScreenState {
    /// When the timeout must be checked again.
    pub(in crate::ui) fn changes_in(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> Option<TimeDelta> {
        let sent = self.lock_sent_at.map(|at| at + MAX_WAIT - now);
        let idle = limit(snapshot).zip(self.last_input).map(|(limit, last)| last + limit - now);
        sent.into_iter().chain(idle.filter(|_| !snapshot.locked)).min()
    }

    /// Covers the window until the engine reports the lock.
    pub(in crate::ui) fn cover_from(&mut self, now: DateTime<Utc>) {
        self.lock_sent_at = Some(now);
    }

    pub(in crate::ui) fn is_covered(&self) -> bool {
        self.is_covered
    }

    pub(in crate::ui) fn update(&mut self, cx: &Cx<'_>) -> bool {
        let waits = |at: &DateTime<Utc>| !cx.snapshot.locked && (*at..*at + MAX_WAIT).contains(&cx.now);
        self.lock_sent_at = self.lock_sent_at.filter(waits);
        self.is_covered = cx.snapshot.locked || self.lock_sent_at.is_some();
        self.is_covered
    }
}

fn limit(snapshot: &Snapshot) -> Option<TimeDelta> {
    snapshot.idle_lock_mins().map(|mins| TimeDelta::minutes(mins.into()))
}

pub(in crate::ui) fn watch(ui: &Ui, cx: &mut Cx<'_>, state: &mut LockScreenState) {
    let last = *state.last_input.get_or_insert(cx.now);
    let is_due = !cx.snapshot.locked && limit(cx.snapshot).is_some_and(|limit| cx.now - last >= limit);
    let is_input = |event: &Event| !matches!(event, Event::WindowFocused(_) | Event::PointerGone);
    let is_there = ui.input(|input| input.events.iter().any(is_input));
    if is_due {
        // The input that woke the window came after the timeout.
        cx.push(UiAction::Lock);
    }
    // A clock that was set back must not extend the wait.
    if is_there || is_due || cx.snapshot.locked || cx.now < last {
        state.last_input = Some(cx.now);
    }
}

/// Shows the page, with the field for the passphrase if the vault is a file.
pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, passphrase: &mut PassphraseDialog) {
    let file = cx.snapshot.vault.kind == VaultKind::File;
    if file && !passphrase.is_open() {
        passphrase.open();
    }
    passphrase.sync_file_exists(&cx.snapshot.vault);
    let height = if file { HEIGHT_WITH_PASSPHRASE } else { HEIGHT };
    widgets::centered_page(ui, height, |ui| contents(ui, cx, passphrase));
}

fn contents(ui: &mut Ui, cx: &mut Cx<'_>, passphrase: &mut PassphraseDialog) {
    let (_, mark) = ui.allocate_space(vec2(48.0, 48.0));
    ui.painter().rect_filled(mark, egui::CornerRadius::same(12), cx.tokens.accent);
    Icon::Locked.paint(ui.painter(), mark.center(), 28.0, cx.tokens.on_accent);
    ui.add_space(theme::STEP * 2.0);
    widgets::heading(ui, "Keyfob is locked");
    ui.spacing_mut().item_spacing.y = 12.0;
    let text = match cx.snapshot.vault.kind {
        VaultKind::File | VaultKind::Team => "Token refresh is paused until you unlock Keyfob.",
        VaultKind::Keychain => {
            "Your keychain stays unlocked, so anyone at this computer can unlock Keyfob. Token refresh is paused."
        }
        VaultKind::Memory => {
            "Your secrets stay in memory until you quit, so anyone at this computer can unlock Keyfob. \
             Token refresh is paused."
        }
    };
    widgets::text(ui, text);
    if passphrase.is_open() {
        passphrase.show_fields(ui, cx);
        passphrase.show_button(ui, cx);
        return;
    }
    let unlock = ui.add(Button::new(Weight::Primary, labels::UNLOCK));
    dialog::focus_first(ui, &unlock);
    if unlock.clicked() {
        cx.send(Command::Unlock);
    }
}
