//! The window and the tray: the menu's labels, hiding instead of closing, and quitting from the menu.
//!
//! A window is hidden only while the desktop shows the icon, and comes back if the icon goes.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use egui::{Context, ViewportCommand};

use super::dialogs::{quit, unsaved_tokens};
use super::quick_pick::QuickPick;
use super::widgets::time_text;
use super::{Ui, events};
use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::domain::account::status::AccountStatus;
use crate::messages::snapshot::{AccountView, Snapshot};
use crate::ui::action::Target;

/// Menus of more accounts are harder to search than the palette.
const MAX_ACCOUNTS: usize = 10;
const MAX_CHARS: usize = 40;

#[derive(Debug, Default)]
pub(super) struct TrayState {
    is_shown: bool,
    is_hidden: bool,
    explanation: Explanation,
    /// The next request to close the window comes from the menu.
    quits: bool,
}

/// The explanation of a hidden window, which every user gets once.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Explanation {
    #[default]
    Missing,
    Due,
    Given,
}

impl TrayState {
    pub(super) fn is_explained(&self) -> bool {
        self.explanation != Explanation::Missing
    }

    pub(super) fn set_explained(&mut self, is_explained: bool) {
        self.explanation = if is_explained { Explanation::Given } else { Explanation::Missing };
    }
}

impl Ui {
    /// Notes whether the desktop shows Keyfob's icon. Call in every frame.
    pub fn set_tray(&mut self, is_shown: bool, ctx: &Context) {
        self.tray.is_shown = is_shown;
        if self.tray.is_hidden && !is_shown {
            self.come_forward(ctx);
        }
    }

    /// Hides the window; without an icon in the tray, minimises it.
    pub fn hide(&mut self, ctx: &Context) {
        // A compositor that can't hide a window minimises it.
        ctx.send_viewport_cmd(ViewportCommand::Minimized(true));
        if self.tray.is_shown {
            ctx.send_viewport_cmd(ViewportCommand::Visible(false));
            self.tray.is_hidden = true;
        }
    }

    /// Whether to explain now that Keyfob goes on in the tray; returns true once.
    pub fn take_explanation(&mut self) -> bool {
        let is_due = self.tray.explanation == Explanation::Due;
        if is_due {
            self.tray.explanation = Explanation::Given;
        }
        is_due
    }

    /// Waits for the result of a copy from the tray's menu.
    pub fn await_tray_copy(&mut self) {
        if !self.is_quick_pick() {
            self.quick_pick = QuickPick::FromTray;
        }
    }

    /// Quits, unless something would be lost: then the window comes forward with the question.
    pub fn quit_from_tray(&mut self, ctx: &Context, snapshot: &Snapshot) {
        if self.has_unsaved_input() {
            self.come_forward(ctx);
            self.discard_form.open(Target::Quit);
        } else {
            if unsaved_tokens::unsaved(snapshot).next().is_some() {
                self.come_forward(ctx);
            }
            self.tray.quits = true;
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    pub(super) fn take_tray_quit(&mut self) -> bool {
        std::mem::take(&mut self.tray.quits)
    }

    /// Keeps a closing window running, if the user wants that; returns whether it does.
    pub(super) fn stays(&mut self, ctx: &Context, snapshot: &Snapshot) -> bool {
        let stays = self.tray.is_shown || snapshot.preferences.keep_running;
        if !stays || self.is_quick_pick() {
            return false;
        }
        quit::keep_open(ctx);
        self.hide(ctx);
        if self.tray.is_hidden && !self.tray.is_explained() {
            self.tray.explanation = Explanation::Due;
        }
        true
    }

    /// Raises the window, which may be hidden.
    pub(super) fn show_window(&mut self, ctx: &Context) {
        self.tray.is_hidden = false;
        ctx.send_viewport_cmd(ViewportCommand::Visible(true));
        events::come_forward(ctx);
    }
}

/// What the tray's menu shows.
#[derive(Debug, PartialEq, Eq)]
pub struct TrayEntries {
    /// Accounts whose tokens can be copied, by their label.
    pub accounts: Vec<(AccountId, String)>,
    /// Whether there is something to lock.
    pub can_lock: bool,
}

/// The tray's menu: the accounts in the order of their last use, none while Keyfob is locked.
pub fn tray_menu(snapshot: &Snapshot, now: DateTime<Utc>) -> TrayEntries {
    let mut accounts: Vec<&AccountView> = snapshot.accounts.iter().map(AsRef::as_ref).collect();
    accounts.sort_by_key(|account| (Reverse(account.last_used_at), account.name.as_str().to_lowercase()));
    let entry = |account: &&AccountView| (account.id.clone(), label(account, now));
    let shown = if snapshot.locked { 0 } else { MAX_ACCOUNTS };
    TrayEntries {
        accounts: accounts.iter().take(shown).map(entry).collect(),
        can_lock: !snapshot.locked && !accounts.is_empty(),
    }
}

fn label(account: &AccountView, now: DateTime<Utc>) -> String {
    let name = sanitized(account.name.as_str(), MAX_CHARS);
    let status = account.status_at_rest(now);
    let expires_at = account.token.as_ref().and_then(|token| token.facts.expires_at);
    match (status, expires_at) {
        (AccountStatus::Valid | AccountStatus::Expiring, Some(at)) => {
            format!("{name} · {} left", time_text::short(at - now))
        }
        (AccountStatus::Valid, None) => name.to_string(),
        (status, _) => format!("{name} · {}", status.word()),
    }
}
