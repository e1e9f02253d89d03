//! The window's title: the chosen account and how long its token lasts.
//!
//! Owns that one line. Invariant: it changes by the minute, and in the last one by the second, so a
//! desktop that shows it is not kept busy; locked, it says nothing of any account.

use chrono::{DateTime, TimeDelta, Utc};

use crate::base::sanitize::sanitized;
use crate::messages::snapshot::Snapshot;

use super::view_state::ViewState;
use super::widgets::time_text;

/// The title at `now`.
pub(super) fn of(state: &ViewState, snapshot: &Snapshot, now: DateTime<Utc>) -> String {
    let account =
        state.selected.as_ref().filter(|_| !snapshot.locked).and_then(|id| snapshot.accounts.find(id));
    let Some(account) = account else { return "Keyfob".to_owned() };
    let name = sanitized(account.name.as_str(), 60);
    let end = account.token.as_ref().and_then(|token| token.facts.expires_at);
    match end.map(|end| end - now) {
        Some(left) if left > TimeDelta::zero() => format!("{name} · {} · Keyfob", time_text::short(left)),
        Some(_) => format!("{name} · expired · Keyfob"),
        None => format!("{name} · Keyfob"),
    }
}
