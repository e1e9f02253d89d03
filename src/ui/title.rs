//! The window's title: the selected account and its token's time left.
//!
//! It changes once a minute, and once a second in the last minute, so a desktop that shows it isn't kept
//! busy. While locked it names no account.

use chrono::{DateTime, TimeDelta, Utc};

use crate::base::sanitize::sanitized;
use crate::messages::snapshot::Snapshot;

use super::view_state::ViewState;
use super::widgets::time_text;

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
