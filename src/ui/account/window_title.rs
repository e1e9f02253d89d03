//! The window's title: the selected account and its token's time left.
//!
//! It changes once a minute, and once a second in the last minute, so a desktop that shows it isn't kept
//! busy. While locked it names no account.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::base::sanitize::sanitized;
use crate::messages::snapshot::AccountView;

use crate::ui::widgets::time_text;

pub(in crate::ui) fn of(account: Option<&Arc<AccountView>>, now: DateTime<Utc>) -> String {
    let Some(account) = account else { return "Keyfob".to_owned() };
    let name = sanitized(account.name.as_str(), 60);
    let end = account.token.as_ref().and_then(|token| token.facts.expires_at);
    match end.map(|end| end - now) {
        Some(left) if left > TimeDelta::zero() => format!("{name} · {} · Keyfob", time_text::short(left)),
        Some(_) => format!("{name} · expired · Keyfob"),
        None => format!("{name} · Keyfob"),
    }
}
