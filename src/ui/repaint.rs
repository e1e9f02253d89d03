//! Computes when the window must be drawn again, from everything on screen that counts down.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::token::expiry;
use crate::domain::token::grant::TokenFacts;
use crate::messages::snapshot::{AccountView, Activity, Snapshot};

use super::Ui;
use super::widgets::life_bar::Life;
use super::widgets::time_text;

impl Ui {
    /// How long the current frame stays valid; `None` if nothing counts down, so that an idle window costs
    /// nothing.
    pub fn next_repaint(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> Option<Duration> {
        let selected = self.selected.as_ref().and_then(|id| snapshot.accounts.find(id));
        let list = &self.sidebar.list;
        let rows =
            list.visible().map(|account| row_change(&account.token.as_ref()?.facts, list.bar_pixels(), now));
        let undo = snapshot.undo.iter().map(|undo| second(undo.until, now));
        let clipboard = snapshot.clipboard.as_ref().and_then(|clipboard| clipboard.clears_at);
        let ends = [clipboard, self.account.token.value.revealed_until()];
        let changes = selected.into_iter().flat_map(|account| page_changes(account, now));
        changes
            .chain(rows)
            .chain(undo)
            .chain(ends.map(|end| end.and_then(|end| second(end, now))))
            .chain([self.toasts.next_end().map(|end| end - now)])
            .chain([self.lock_screen.changes_in(snapshot, now), list.changes_in(now)])
            .flatten()
            .min()
            // A clock that was set back must not extend the wait.
            .map(|wait| wait.clamp(TimeDelta::milliseconds(1), TimeDelta::hours(1)))
            .and_then(|wait| wait.to_std().ok())
    }
}

fn page_changes(account: &AccountView, now: DateTime<Utc>) -> [Option<TimeDelta>; 2] {
    let facts = account.token.as_ref().map(|token| &token.facts);
    let token = facts.and_then(|facts| match facts.expires_at {
        Some(_) => expiry::next_change(facts, now),
        None => Some(time_text::age_changes_in(facts.received_at, now)),
    });
    let wait = match &account.activity {
        Activity::AwaitingBrowser(awaiting) => second(awaiting.deadline, now),
        Activity::AwaitingDevice(code) => second(code.expires_at, now),
        _ => None,
    };
    [token, wait]
}

fn row_change(facts: &TokenFacts, bar_pixels: u16, now: DateTime<Utc>) -> Option<TimeDelta> {
    let left = facts.expires_at.map(|end| end - now).filter(|left| *left > TimeDelta::zero())?;
    let until_status = expiry::next_status_change(facts, now).map(|at| at - now);
    let bar = Life::of(facts, now).and_then(|life| life.changes_in(bar_pixels));
    until_status.into_iter().chain(bar).chain([time_text::short_changes_in(left)]).min()
}

fn second(end: DateTime<Utc>, now: DateTime<Utc>) -> Option<TimeDelta> {
    let left = end - now;
    (left > TimeDelta::zero()).then(|| TimeDelta::milliseconds(left.num_milliseconds() % 1000 + 1))
}
