//! Redaction of the HTTP log.
//!
//! Invariant: this is an allowlist. A text is shown only if its place is listed and it has the form expected
//! there; anything else is replaced by its length, so a secret in an unforeseen place is hidden.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::secret_scrub;
use crate::base::sanitize::sanitized;
use crate::domain::time_parse;

mod words;

const HIDDEN: &str = "…(";
/// The maximum length of a shown text, in characters.
const TEXT_MAX_CHARS: usize = 500;
/// The minimum length of a secret to search for, in bytes; a shorter one could be part of any word.
const SECRET_MIN_BYTES: usize = 4;
/// The minimum length of a hidden text to search for in shown text, in bytes.
const SEEN_MIN_BYTES: usize = 8;

pub fn hidden(text: &str) -> String {
    hidden_of(text, "characters")
}

/// The same, with a word for what is counted.
pub(in crate::domain) fn hidden_of(text: &str, what: &str) -> String {
    format!("{HIDDEN}{} {what})", text.chars().count())
}

pub fn is_hidden(text: &str) -> bool {
    text.contains(HIDDEN)
}

/// The maximum number of hidden texts to search for: a response may have thousands.
const SEEN_MAX: usize = 500;

pub(in crate::domain) struct Redactor {
    /// Searched for in every encoding.
    secrets: Vec<Zeroizing<String>>,
    /// Searched for exactly.
    seen: Vec<Zeroizing<String>>,
}

impl Redactor {
    pub(in crate::domain) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let secrets = secrets.into_iter().filter(|secret| secret.len() >= SECRET_MIN_BYTES);
        Self { secrets: secrets.map(|secret| Zeroizing::new(secret.to_owned())).collect(), seen: Vec::new() }
    }

    /// Treats the values seen so far as secrets: they were sent, and a response may repeat them in any
    /// encoding.
    pub(in crate::domain) fn seen_was_sent(&mut self) {
        self.secrets.append(&mut self.seen);
    }

    /// Remembers a hidden value, since it may also occur in a shown place.
    pub(in crate::domain) fn see(&mut self, name: &str, value: &str) {
        if self.is_worth_seeing(value) && self.text(name, value) == hidden(value) {
            self.seen.push(Zeroizing::new(value.to_owned()));
        }
    }

    pub(in crate::domain) fn see_header(&mut self, name: &str, value: &str) {
        let shown = self.header(name, value);
        let hidden = match value.split_once(' ').filter(|_| is_hidden(&shown)) {
            _ if shown == hidden(value) => value,
            Some((_, credentials)) => credentials,
            None => return,
        };
        if self.is_worth_seeing(hidden) {
            self.seen.push(Zeroizing::new(hidden.to_owned()));
        }
    }

    fn is_worth_seeing(&self, value: &str) -> bool {
        let fits = value.len() >= SEEN_MIN_BYTES && !value.contains(char::is_whitespace);
        fits && self.seen.len() < SEEN_MAX
    }

    pub(in crate::domain) fn see_json(&mut self, name: &str, value: &Value) {
        match value {
            Value::String(text) => self.see(name, text),
            Value::Array(items) => items.iter().for_each(|item| self.see_json(name, item)),
            Value::Object(fields) => fields.iter().for_each(|(name, value)| self.see_json(name, value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A field's name; shown if it consists of words that are usual in such names.
    pub(in crate::domain) fn name(&self, name: &str) -> String {
        let is_known = words::split(name).all(|word| words::has(words::NAMES, &word));
        if is_known && !name.is_empty() { self.clean(name) } else { hidden(name) }
    }

    pub(in crate::domain) fn text(&self, name: &str, value: &str) -> String {
        let name = name.to_ascii_lowercase();
        let is = |list: &str| words::has(list, &name);
        if value.is_empty() {
            String::new()
        } else if is(words::PROSE) {
            self.prose(value)
        } else if is(words::ADDRESSES) {
            Url::parse(value).map_or_else(|_| self.prose(value), |url| self.address(&url))
        } else if is(words::FIXED) && words::has(words::VALUES, value) {
            self.clean(value)
        } else if is(words::TIMES) && is_time(value) {
            self.clean(value.trim())
        } else {
            hidden(value)
        }
    }

    /// A JSON value that is neither an object nor a list. `true`, `false` and `null` are always shown.
    pub(in crate::domain) fn scalar(&self, name: &str, value: &Value) -> String {
        let name = name.to_ascii_lowercase();
        match value {
            Value::String(text) => self.text(&name, text),
            Value::Number(number) => {
                let text = number.to_string();
                let is_status = words::has(words::STATUSES, &name) && text.len() <= 6;
                let is_shown = is_status || words::has(words::TIMES, &name);
                if is_shown { self.clean(&text) } else { hidden(&text) }
            }
            Value::Null | Value::Bool(_) => value.to_string(),
            Value::Array(_) | Value::Object(_) => hidden(""),
        }
    }

    pub(in crate::domain) fn header_name(&self, name: &str) -> String {
        self.prose(name)
    }

    pub(in crate::domain) fn header(&self, name: &str, value: &str) -> String {
        let name = name.to_ascii_lowercase();
        if words::has(words::HEADERS, &name) {
            return self.prose(value);
        }
        match name.as_str() {
            "location" => Url::parse(value).map_or_else(|_| hidden(value), |url| self.address(&url)),
            "authorization" => match value.split_once(' ') {
                Some((scheme, rest)) if words::has(words::VALUES, scheme) => {
                    format!("{scheme} {}", hidden(rest))
                }
                _ => hidden(value),
            },
            "date" | "expires" | "last-modified" | "content-length" | "age" | "retry-after"
                if is_time(value) =>
            {
                self.clean(value)
            }
            _ => hidden(value),
        }
    }

    /// A URL without a user and a fragment, and with its path and query redacted.
    pub(in crate::domain) fn address(&self, url: &Url) -> String {
        let mut text = format!("{}://", url.scheme());
        text.push_str(&self.prose(url.host_str().unwrap_or_default()));
        if let Some(port) = url.port() {
            let _ = write!(text, ":{port}");
        }
        for part in url.path().split('/').skip(1) {
            text.push('/');
            text.push_str(&if looks_sensitive(part) { hidden(part) } else { part.to_owned() });
        }
        for (place, (name, value)) in url.query_pairs().enumerate() {
            text.push(if place == 0 { '?' } else { '&' });
            let _ = write!(text, "{}={}", self.name(&name), self.text(&name, &value));
        }
        self.clean(&text)
    }

    /// A sentence without anything like a token, an e-mail address or a long number.
    pub(in crate::domain) fn prose(&self, text: &str) -> String {
        let text = self.without_secrets(text);
        let mut shown = String::with_capacity(text.len());
        let is_edge = |c: char| c.is_whitespace() || "\"'`()<>[]{},;".contains(c);
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = rest.find(is_edge).unwrap_or(rest.len());
            let word = &rest[..end];
            match Url::parse(word).ok().filter(|url| matches!(url.scheme(), "http" | "https")) {
                Some(url) if word.contains("://") => shown.push_str(&self.bare_address(&url, word)),
                _ if looks_sensitive(word) => shown.push_str(&hidden(word)),
                _ => shown.push_str(word),
            }
            let edge = rest[end..].chars().next();
            shown.extend(edge);
            rest = &rest[end + edge.map_or(0, char::len_utf8)..];
        }
        sanitized(&shown, TEXT_MAX_CHARS).into_owned()
    }

    /// A URL within a sentence; unchanged if nothing is hidden.
    fn bare_address(&self, url: &Url, word: &str) -> String {
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        let quiet = plain && !word.split(['/', ':']).any(looks_sensitive);
        if quiet { word.to_owned() } else { self.address(url) }
    }

    fn clean(&self, text: &str) -> String {
        sanitized(&self.without_secrets(text), TEXT_MAX_CHARS).into_owned()
    }

    fn without_secrets(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if let Cow::Owned(shown) = secret_scrub::without(&text, secret, hidden) {
                text = shown;
            }
        }
        for seen in &self.seen {
            if text.contains(seen.as_str()) {
                text = text.replace(seen.as_str(), &hidden(seen));
            }
        }
        text
    }
}

/// Returns true if a word looks like a token, an e-mail address or a number that identifies a person.
fn looks_sensitive(word: &str) -> bool {
    if word.starts_with(HIDDEN) {
        return false;
    }
    let is_inner = |c: char| c.is_alphanumeric() || "_-+=~%*!$&|".contains(c);
    let runs = word.split(|c: char| !is_inner(c));
    word.contains('@')
        || word.starts_with("eyJ")
        || runs.into_iter().any(|run| {
            let (digits, letters) =
                (run.contains(|c: char| c.is_numeric()), run.contains(char::is_alphabetic));
            let length = run.chars().count();
            length >= 48 || (digits && length >= if letters { 16 } else { 12 })
        })
}

fn is_time(text: &str) -> bool {
    let value = Value::String(text.to_owned());
    text.len() <= 40 && (time_parse::number(&value).is_some() || time_parse::moment(&value).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "hunter2-hunter2";

    fn redactor() -> Redactor {
        Redactor::new([SECRET, "a+b c", "abc"])
    }

    #[test]
    fn a_name_is_shown_where_it_is_made_of_known_words() {
        let names =
            ["access_token", "expiresIn", "x-token-type", "error.description", "refresh_token_expires_in"];
        for name in names {
            assert_eq!(redactor().name(name), name);
        }
        for name in ["tok_9f8e7d", "patient", "", SECRET, "access_tokens_of_anna"] {
            assert_eq!(redactor().name(name), hidden(name));
        }
    }

    #[test]
    fn a_value_is_shown_where_its_form_is_the_expected_one() {
        for (name, value, shown) in [
            ("grant_type", "refresh_token", "refresh_token"),
            ("grant_type", "my-own", "…(6 characters)"),
            ("scope", "read:cars https://api.example.com/auth/x", "read:cars https://api.example.com/auth/x"),
            ("expires_in", "3600", "3600"),
            ("expires_in", "an hour", "…(7 characters)"),
            ("expires_at", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("code", "400123", "…(6 characters)"),
            ("client_id", "abc", "…(3 characters)"),
            ("Error", "invalid_client", "invalid_client"),
            ("redirect_uri", "http://127.0.0.1:8910/callback", "http://127.0.0.1:8910/callback"),
            ("resource", "https://u:p@a.example/x?key=v#f", "https://a.example/x?key=…(1 characters)"),
            ("access_token", "", ""),
        ] {
            assert_eq!(redactor().text(name, value), shown, "{name}");
        }
        for (name, value, shown) in [
            ("status", Value::from(401), "401"),
            ("exp", Value::from(1_700_000_000), "1700000000"),
            ("pin", Value::from(1234), "…(4 characters)"),
            ("active", Value::from(true), "true"),
        ] {
            assert_eq!(redactor().scalar(name, &value), shown, "{name}");
        }
    }

    #[test]
    fn a_servers_words_lose_secrets_tokens_and_people() {
        for (said, shown) in [
            ("The grant is invalid.", "The grant is invalid."),
            ("AADSTS70011: no scope 'x' (code 7000215)", "AADSTS70011: no scope 'x' (code 7000215)"),
            ("Bad secret hunter2-hunter2!", "Bad secret …(15 characters)!"),
            ("a%2Bb+c and a+b c", "…(7 characters) and …(5 characters)"),
            ("Trace 3fa85f64-5717-4562-b3fc-2c963f66afa6.", "Trace …(37 characters)"),
            ("No user anna@example.com", "No user …(16 characters)"),
            ("Token eyJh.e30.x is bad", "Token …(10 characters) is bad"),
            ("See https://e.example/help?id=1", "See https://e.example/help?id=…(1 characters)"),
            ("Card 123456789012", "Card …(12 characters)"),
            ("a\u{202e}b", "a\u{fffd}b"),
        ] {
            assert_eq!(redactor().prose(said), shown);
        }
    }

    #[test]
    fn headers_are_shown_by_a_list() {
        for (name, value, shown) in [
            ("Content-Type", "application/json; charset=utf-8", "application/json; charset=utf-8"),
            ("Retry-After", "120", "120"),
            ("Retry-After", "soon", "…(4 characters)"),
            ("Date", "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("Authorization", "Basic dTpw", "Basic …(4 characters)"),
            ("Authorization", "dTpw", "…(4 characters)"),
            ("Set-Cookie", "a=b", "…(3 characters)"),
            ("WWW-Authenticate", "Bearer error=\"invalid_token\"", "Bearer error=\"invalid_token\""),
            ("Location", "https://a.example/cb?code=x", "https://a.example/cb?code=…(1 characters)"),
        ] {
            assert_eq!(redactor().header(name, value), shown, "{name}");
        }
    }
}
