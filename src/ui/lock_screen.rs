//! The lock screen.
//!
//! It draws nothing of an account, for assistive technologies either. Drafts are discarded. After the timeout
//! the window is locked, even if the computer was suspended meanwhile.

use chrono::{DateTime, TimeDelta, Utc};
use egui::{Event, Ui, vec2};

use crate::messages::command::Command;
use crate::messages::snapshot::{Snapshot, VaultKind};

use super::account::sign_in;
use super::cx::Cx;
use super::dialogs::passphrase;
use super::theme::icons::Icon;
use super::view_state::{Page, ViewState};
use super::widgets::button::{Button, Weight};
use super::widgets::{dialog, fields};
use super::{dialogs, form, labels, theme, widgets};

/// How long the window stays covered until the engine reports the lock.
const AT_MOST: TimeDelta = TimeDelta::seconds(2);

/// The approximate height of the page, in points, to center it: without and with a passphrase field.
const HEIGHT: f32 = 176.0;
const HEIGHT_WITH_PASSPHRASE: f32 = 232.0;

/// The time of the last input, and whether the window is covered.
#[derive(Default)]
pub(super) struct Curtain {
    last_input: Option<DateTime<Utc>>,
    /// When the engine was told to lock.
    asked_at: Option<DateTime<Utc>>,
    /// Whether the last frame was covered.
    drawn: bool,
}

impl Curtain {
    /// When the timeout must be checked again.
    pub(super) fn next(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> Option<TimeDelta> {
        let asked = self.asked_at.map(|at| at + AT_MOST - now);
        let idle = limit(snapshot).zip(self.last_input).map(|(limit, last)| last + limit - now);
        asked.into_iter().chain(idle.filter(|_| !snapshot.locked)).min()
    }

    fn covers(&mut self, snapshot: &Snapshot, now: DateTime<Utc>) -> bool {
        let waits = |at: &DateTime<Utc>| !snapshot.locked && (*at..*at + AT_MOST).contains(&now);
        self.asked_at = self.asked_at.filter(waits);
        snapshot.locked || self.asked_at.is_some()
    }
}

fn limit(snapshot: &Snapshot) -> Option<TimeDelta> {
    snapshot.idle_lock_mins().map(|mins| TimeDelta::minutes(mins.into()))
}

pub(super) fn lock(ui: &Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    passphrase::give_up(ui.ctx(), cx, state);
    cx.send(Command::Lock);
    state.curtain.asked_at = Some(cx.now);
}

/// Locks after the timeout without input.
pub(super) fn watch(ui: &Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    let last = *state.curtain.last_input.get_or_insert(cx.now);
    let is_due = !cx.snapshot.locked && limit(cx.snapshot).is_some_and(|limit| cx.now - last >= limit);
    let is_input = |event: &Event| !matches!(event, Event::WindowFocused(_) | Event::PointerGone);
    let is_there = ui.input(|input| input.events.iter().any(is_input));
    if is_due {
        // The input that woke the window came after the timeout.
        lock(ui, cx, state);
    }
    // A clock that was set back must not extend the wait.
    if is_there || is_due || cx.snapshot.locked || cx.now < last {
        state.curtain.last_input = Some(cx.now);
    }
}

/// Covers a locked window; returns true if nothing else may be drawn.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ViewState) -> bool {
    if !state.curtain.covers(cx.snapshot, cx.now) {
        if std::mem::take(&mut state.curtain.drawn) {
            passphrase::close(ui.ctx(), state);
        }
        return false;
    }
    let is_first = !std::mem::replace(&mut state.curtain.drawn, true);
    drop_drafts(ui, state, is_first);
    if cx.snapshot.locked {
        let file = cx.snapshot.vault.kind == VaultKind::File;
        if file && state.passphrase.is_none() {
            passphrase::open(state);
        }
        passphrase::settle_open(state, &cx.snapshot.vault);
        let height = if file { HEIGHT_WITH_PASSPHRASE } else { HEIGHT };
        widgets::middle(ui, height, |ui| contents(ui, cx, state));
    }
    true
}

/// Discards the window's state of accounts, and all input.
fn drop_drafts(ui: &Ui, state: &mut ViewState, is_first: bool) {
    let ctx = ui.ctx();
    if is_first {
        egui::Popup::close_all(ctx);
        passphrase::close(ctx, state);
        dialogs::close(ctx, state);
        fields::forget(ctx, sign_in::paste_id());
        state.paste = fields::SecretText::default();
    }
    form::close(ctx, state);
    state.page = Page::Account;
    state.settings = None;
    state.keys_page = super::shortcuts_page::KeysPage::Closed;
    state.closing = super::dialogs::quit::Closing::No;
    state.deleting = None;
    state.revoking = None;
    state.mapper = None;
    state.leaving = None;
    state.revealed = None;
    state.focus = None;
    state.mask_asked = None;
    state.search.clear();
    state.toasts = super::widgets::toast::Toasts::default();
}

fn contents(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    let (_, mark) = ui.allocate_space(vec2(48.0, 48.0));
    ui.painter().rect_filled(mark, egui::CornerRadius::same(12), cx.tokens.accent);
    Icon::Locked.paint(ui.painter(), mark.center(), 28.0, cx.tokens.on_accent);
    ui.add_space(theme::STEP * 2.0);
    widgets::heading(ui, "Keyfob is locked");
    ui.spacing_mut().item_spacing.y = 12.0;
    let said = match cx.snapshot.vault.kind {
        VaultKind::File => "Token refresh is paused until you unlock Keyfob.",
        VaultKind::Keychain => {
            "Your keychain stays unlocked, so anyone at this computer can unlock Keyfob. Token refresh is paused."
        }
        VaultKind::Memory => {
            "Your secrets stay in memory until you quit, so anyone at this computer can unlock Keyfob. \
             Token refresh is paused."
        }
    };
    widgets::text(ui, said);
    if let Some(draft) = &mut state.passphrase {
        passphrase::contents(ui, cx, draft);
        passphrase::button(ui, cx, draft);
        return;
    }
    let unlock = ui.add(Button::new(Weight::Primary, labels::UNLOCK));
    dialog::focus_first(ui, &unlock);
    if unlock.clicked() {
        cx.send(Command::Unlock);
    }
}
