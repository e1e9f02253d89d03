//! What is known about a token, as text to copy. None of it is secret.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::base::sanitize::sanitized;
use crate::domain::provider::provider_name::MAX_CHARS;
use crate::messages::snapshot::{AccountView, TokenView};

const LINE_CHARS: usize = 1000;

pub(in crate::ui) fn text(account: &AccountView, token: &TokenView) -> String {
    let facts = &token.facts;
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let end = |at: Option<DateTime<Utc>>| at.map_or_else(|| "unknown".to_owned(), time);
    let scopes = facts.scope.as_ref().unwrap_or(&account.scopes).join(" ");
    let refresh = match (facts.has_refresh_token, token.refresh_refused) {
        (false, _) => "none".to_owned(),
        (true, true) => "refused".to_owned(),
        (true, false) => format!("expires {}", end(facts.refresh_expires_at)),
    };
    let lines = [
        ("Account", account.name.as_str()),
        ("Provider", &sanitized(&account.provider_name, MAX_CHARS)),
        ("Token type", &facts.token_type),
        ("Issued", &time(facts.received_at)),
        ("Expires", &format!("{} (source: {})", end(facts.expires_at), facts.expiry_source.as_str())),
        ("Refresh token", &refresh),
        ("Scopes", &scopes),
    ]
    .map(|(name, value)| format!("{name}: {}\n", sanitized(value, LINE_CHARS)));
    let kept = facts
        .kept
        .iter()
        .map(|(name, value)| format!("{}: {}\n", sanitized(name, LINE_CHARS), sanitized(value, LINE_CHARS)));
    lines.into_iter().chain(kept).collect()
}
