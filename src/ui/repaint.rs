//! Computes when the window must be drawn again, from everything on screen that counts down.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::token::expiry;
use crate::messages::snapshot::{Activity, Snapshot};

use super::view_state::ViewState;
use super::widgets::time_text;

/// How long until the displayed content changes.
pub(super) fn next(state: &ViewState, snapshot: &Snapshot, now: DateTime<Utc>) -> Option<Duration> {
    let chosen = state.selected.as_ref().and_then(|id| snapshot.accounts.find(id));
    let page = chosen.into_iter().flat_map(|account| {
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
    });
    let rows = state.list.seen().map(|account| row_change(&account.token.as_ref()?.facts, now));
    let undo = snapshot.undo.iter().map(|undo| second(undo.until, now));
    let clipboard = snapshot.clipboard.as_ref().and_then(|clipboard| clipboard.clears_at);
    let revealed = state.revealed.as_ref().and_then(|revealed| revealed.until);
    page.chain(rows)
        .chain(undo)
        .chain([clipboard, revealed].map(|end| end.and_then(|end| second(end, now))))
        .chain([state.toasts.next_end().map(|end| end - now)])
        .chain([state.curtain.next(snapshot, now), state.list.changes_in(now)])
        .flatten()
        .min()
        // A clock that was set back must not extend the wait.
        .map(|wait| wait.clamp(TimeDelta::milliseconds(1), TimeDelta::hours(1)))
        .and_then(|wait| wait.to_std().ok())
}

/// When a row's time or status changes.
fn row_change(facts: &crate::domain::token::grant::TokenFacts, now: DateTime<Utc>) -> Option<TimeDelta> {
    let left = facts.expires_at.map(|end| end - now).filter(|left| *left > TimeDelta::zero())?;
    let until_status = expiry::next_status_change(facts, now).map(|at| at - now);
    until_status.into_iter().chain([time_text::short_changes_in(left)]).min()
}

/// When a countdown in seconds changes.
fn second(end: DateTime<Utc>, now: DateTime<Utc>) -> Option<TimeDelta> {
    let left = end - now;
    (left > TimeDelta::zero()).then(|| TimeDelta::milliseconds(left.num_milliseconds() % 1000 + 1))
}
