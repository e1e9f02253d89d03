//! Mistakes in a user's file.
//!
//! An error says where it is (line, account, key) and what is wrong. Invariant: it never repeats a value,
//! which may be a secret.

use std::fmt;

use strsim::levenshtein;

use crate::base::sanitize::sanitized;

const KEY_MAX_CHARS: usize = 80;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    /// The line, counted from 1.
    pub line: usize,
    /// The key, dotted within a table; also part of the message.
    pub key: Option<String>,
    /// The account's name, if it is within a named account.
    pub account: Option<String>,
    pub what: String,
}

impl FileError {
    pub(in crate::domain) fn at(text: &str, offset: usize, what: &str) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let breaks = before.split(|byte| *byte == b'\n').count();
        Self { line: breaks, key: None, account: None, what: what.to_owned() }
    }

    #[must_use]
    pub(in crate::domain) fn of_key(self, key: &str) -> Self {
        Self { key: Some(shown(key)), ..self }
    }

    #[must_use]
    pub(in crate::domain) fn of_account(self, name: Option<&str>) -> Self {
        Self { account: name.map(shown), ..self }
    }

    pub(in crate::domain) fn twice(key: &str) -> String {
        format!("key \"{}\" appears twice", shown(key))
    }

    pub(in crate::domain) fn missing(key: &str) -> String {
        format!("key \"{}\" is missing", shown(key))
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(account) = &self.account {
            write!(f, "account \"{account}\", ")?;
        }
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for FileError {}

/// A key or a name, sanitised for display.
pub(in crate::domain) fn shown(text: &str) -> String {
    sanitized(text, KEY_MAX_CHARS).into_owned()
}

/// `; did you mean "…"?` if a known key is similar to the written one.
pub(in crate::domain) fn suggestion<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let lower = |text: &str| text.chars().take(KEY_MAX_CHARS).collect::<String>().to_ascii_lowercase();
    let written = lower(written);
    let tolerated = 1 + written.chars().count() / 4;
    known
        .into_iter()
        .map(|word| (levenshtein(&written, &lower(word)), word))
        .min()
        .filter(|(distance, _)| *distance <= tolerated)
        .map_or_else(String::new, |(_, word)| format!("; did you mean \"{word}\"?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_word_is_suggested_and_a_far_one_is_not() {
        let known = ["redirect_uri", "client_id", "client_secret"];
        assert_eq!(suggestion("redirct_uri", known), "; did you mean \"redirect_uri\"?");
        assert_eq!(suggestion("Client_Id", known), "; did you mean \"client_id\"?");
        assert_eq!(suggestion("colour", known), "");
        assert_eq!(suggestion("", known), "");
        assert_eq!(suggestion("x", []), "");
    }

    #[test]
    fn a_mistake_names_the_account_the_line_and_the_key() {
        let error = FileError::at("a\nb\r\nc", 5, "x").of_account(Some("car\u{202e}"));
        assert_eq!(error.to_string(), "account \"car\u{fffd}\", line 3: x");
        assert_eq!(FileError::at("", 9, "x").to_string(), "line 1: x");
    }
}
