//! An account's facts as text and JSON.
//!
//! Text from outside can't control a terminal: it is sanitised in text and escaped in JSON.

use chrono::{DateTime, Local, SecondsFormat, Utc};
use serde::Serialize;

use super::failure::Failure;
use crate::base::sanitize::{is_unseen, sanitized};
use crate::domain::provider::destinations::ChangedDestination;
use crate::domain::provider::{Preset, destinations};
use crate::messages::snapshot::AccountView;

/// The longest text from outside, in characters.
const TEXT_CHARS: usize = 500;

/// The status in one word; `keyfob list --help` lists the words.
pub(super) fn status(account: &AccountView, now: DateTime<Utc>) -> &'static str {
    account.stored_status(now).as_str()
}

/// A destination that differs from the preset's, for JSON.
#[derive(Serialize)]
pub(super) struct Changed {
    endpoint: &'static str,
    url: String,
    preset: Option<String>,
}

impl Changed {
    /// An account's differing destinations; none if its settings can't be resolved.
    pub(super) fn of(presets: &[Preset], account: &AccountView) -> Vec<Self> {
        let changed = destinations::changed(presets, &account.settings).unwrap_or_default();
        let each = changed.into_iter().map(|ChangedDestination { destination, url, preset, .. }| Self {
            endpoint: destination.as_str(),
            url,
            preset,
        });
        each.collect()
    }
}

/// RFC 3339 in UTC, whole seconds.
pub(super) fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Local time with its offset.
pub(super) fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S %:z").to_string()
}

pub(super) fn shown(text: &str) -> String {
    sanitized(text, TEXT_CHARS).into_owned()
}

pub(super) fn quoted(text: &str) -> String {
    format!("“{}”", shown(text))
}

pub(super) fn expiry_sentence(account: &AccountView) -> String {
    match account.token.as_ref().map(|token| token.facts.expires_at) {
        Some(Some(at)) => format!("The token expires at {}.", local(at)),
        Some(None) => "The server did not say when the token expires.".to_owned(),
        None => "There is no token.".to_owned(),
    }
}

pub(super) fn json(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|_| Failure::refused("The output could not be put into JSON. Try it without --json."))?;
    Ok(escaped(text))
}

/// Escapes invisible characters; in JSON, non-ASCII characters occur only within strings.
fn escaped(text: String) -> String {
    use std::fmt::Write as _;
    let is_hidden = |c: char| !c.is_ascii() && is_unseen(c);
    if !text.chars().any(is_hidden) {
        return text;
    }
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        if is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d1_unseen_characters_are_escaped_in_json_and_come_back() {
        let name = "a\u{202e}b \u{e0041} \u{1b}[31m 東京 \u{200d}";
        let text = json(&[name]).unwrap();
        assert!(
            text.contains("\\u202e") && text.contains("\\udb40\\udc41") && text.contains("東京"),
            "{text}"
        );
        assert!(!text.chars().any(|c| c != '\n' && is_unseen(c)), "{text:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), [name]);
    }

    #[test]
    fn a_moment_for_programs_is_utc_in_whole_seconds() {
        let at = "2026-03-01T01:02:03.987+02:00".parse().unwrap();
        assert_eq!(rfc3339(at), "2026-02-28T23:02:03Z");
    }
}
