//! Lists the fields of an unusual response so that the user can say which one is the token.
//!
//! Decides which fields may hold a token, an expiry or a scope, and what a choice changes. Invariant: what is
//! shown of a response is redacted. The paths are stored separately, since a field name could be a secret
//! too.

use serde_json::Value;

use super::response_body::{Parsed, form_object};
use super::token_response::{Answer, AnswerFlaw, TokenError};
use crate::domain::http_log::redaction;
use crate::domain::http_log::redaction::Redactor;
use crate::domain::provider::Provider;
use crate::domain::provider::spec::ResponsePaths;
use crate::domain::time_parse;
use crate::domain::token::grant::{ExpirySource, Grant};

const PLACES_MAX: usize = 60;
const NAME_MAX_CHARS: usize = 24;
const DEPTH_MAX: usize = 8;

/// The meaning of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadAs {
    AccessToken,
    RefreshToken,
    /// The access token's lifetime in seconds.
    Life,
    /// The access token's expiry: a Unix time or a date.
    Expiry,
    Scope,
}

/// A field of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Nesting depth; 0 at the top.
    pub depth: usize,
    /// The field name if it looks like one, or its index in a list.
    pub name: String,
    /// The redacted value; empty if it has nested fields.
    pub value: String,
    /// The meanings it may have.
    pub fits: Vec<ReadAs>,
    /// Its current meaning.
    pub now: Option<ReadAs>,
}

/// The fields of a response, for display. Cheap to draw; holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub places: Vec<Place>,
    pub has_token: bool,
}

/// The fields of a response with their paths.
#[derive(Debug)]
pub struct ResponseFields {
    pub layout: Layout,
    /// JSON pointers (RFC 6901), one for each field.
    pointers: Vec<String>,
}

/// Returns true if the user may have to map the response: it has no token, or no readable expiry.
pub fn is_strange(read: &Result<Grant, TokenError>) -> bool {
    match read {
        Ok(grant) => grant.facts.expiry_source == ExpirySource::Unknown,
        Err(error) => matches!(error, TokenError::Flawed { flaw: AnswerFlaw::NoToken, .. }),
    }
}

/// Lists the fields of a response; `None` if it is neither JSON nor a form. `secrets` are those of the
/// request.
pub fn response_fields(
    provider: &Provider,
    answer: &Answer<'_>,
    secrets: &[&str],
    has_token: bool,
) -> Option<ResponseFields> {
    let value = match answer.body.parsed() {
        Parsed::Json(value @ (Value::Object(_) | Value::Array(_))) => value.clone(),
        Parsed::Form(fields) if answer.body.text().contains('=') => form_object(fields),
        _ => return None,
    };
    let mut redactor = Redactor::new(secrets.iter().copied());
    let known = Redactor::new(secrets.iter().copied());
    redactor.see_json("", &value);
    let laid = ResponseFields { layout: Layout { places: Vec::new(), has_token }, pointers: Vec::new() };
    let mut builder = LayoutBuilder { paths: &provider.response, redactor, known, laid };
    builder.children("", &value, 0);
    Some(builder.laid)
}

struct LayoutBuilder<'a> {
    paths: &'a ResponsePaths,
    redactor: Redactor,
    /// Redacts the request's secrets only, not every hidden value.
    known: Redactor,
    laid: ResponseFields,
}

impl LayoutBuilder<'_> {
    fn children(&mut self, pointer: &str, value: &Value, depth: usize) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let escaped = name.replace('~', "~0").replace('/', "~1");
                    let shown = self.name(name);
                    self.place(&format!("{pointer}/{escaped}"), shown, name, value, depth);
                }
            }
            Value::Array(items) => {
                for (place, value) in items.iter().enumerate() {
                    self.place(&format!("{pointer}/{place}"), (place + 1).to_string(), "", value, depth);
                }
            }
            _ => {}
        }
    }

    fn place(&mut self, pointer: &str, shown: String, name: &str, value: &Value, depth: usize) {
        if self.laid.pointers.len() >= PLACES_MAX || depth > DEPTH_MAX {
            return;
        }
        let fits = fits(value);
        let now = fits.iter().copied().find(|read_as| self.is_read(*read_as, pointer));
        let is_leaf = !matches!(value, Value::Object(_) | Value::Array(_));
        let text = if is_leaf { self.value(name, value) } else { String::new() };
        self.laid.layout.places.push(Place { depth, name: shown, value: text, fits, now });
        self.laid.pointers.push(pointer.to_owned());
        self.children(pointer, value, depth + 1);
    }

    /// Shows a name only if it looks like one, and not like a value used as a name.
    fn name(&self, name: &str) -> String {
        let digits = name.chars().filter(char::is_ascii_digit).count();
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-. ".contains(c));
        let fits = plain && !name.is_empty() && name.chars().count() <= NAME_MAX_CHARS && digits <= 2;
        if fits && self.redactor.prose(name) == name { name.to_owned() } else { redaction::hidden(name) }
    }

    /// A redacted value, except that a number that may be a lifetime or a time is shown.
    fn value(&self, name: &str, value: &Value) -> String {
        let shown = self.redactor.scalar(name, value);
        let bare = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if redaction::is_hidden(&shown) && is_time_like(value) && self.known.prose(&bare) == bare {
            return bare;
        }
        shown
    }

    fn is_read(&self, read_as: ReadAs, pointer: &str) -> bool {
        let (paths, usual) = match read_as {
            ReadAs::AccessToken => (&self.paths.access_token, "/access_token"),
            ReadAs::RefreshToken => (&self.paths.refresh_token, "/refresh_token"),
            ReadAs::Life => (&self.paths.expires_in, "/expires_in"),
            ReadAs::Expiry => (&self.paths.expires_at, "/expires_at"),
            ReadAs::Scope => (&self.paths.scope, "/scope"),
        };
        paths.iter().any(|path| path == pointer) || pointer == usual
    }
}

fn fits(value: &Value) -> Vec<ReadAs> {
    let mut fits = Vec::new();
    let text = value.as_str().map(str::trim).unwrap_or_default();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()) {
        fits.extend([ReadAs::AccessToken, ReadAs::RefreshToken]);
    }
    if time_parse::span(value).is_some() {
        fits.push(ReadAs::Life);
    }
    if time_parse::moment(value).is_some() {
        fits.push(ReadAs::Expiry);
    }
    let is_list = |items: &[Value]| !items.is_empty() && items.iter().all(Value::is_string);
    if !text.is_empty() || value.as_array().is_some_and(|items| is_list(items)) {
        fits.push(ReadAs::Scope);
    }
    fits
}

/// Returns true if a value is a plausible lifetime (up to ten years in seconds) or a time in this century.
fn is_time_like(value: &Value) -> bool {
    let life = time_parse::span(value).is_some_and(|span| (1..316_000_000).contains(&span.num_seconds()));
    let century = 946_684_800..4_102_444_800;
    life || time_parse::moment(value).is_some_and(|at| century.contains(&at.timestamp()))
}

impl ResponseFields {
    /// Adds choices, each a field number and a meaning, to an account's response paths. A choice replaces the
    /// previous one for the same meaning.
    pub fn choose(&self, paths: &mut ResponsePaths, choices: &[(usize, ReadAs)]) {
        let is_expiry = |read_as: &ReadAs| matches!(read_as, ReadAs::Life | ReadAs::Expiry);
        if choices.iter().any(|(_, read_as)| is_expiry(read_as)) {
            // One expiry: a lifetime's path would override this one.
            paths.expires_in.clear();
            paths.expires_at.clear();
        }
        for (place, read_as) in choices {
            let Some(pointer) = self.pointers.get(*place) else { continue };
            let list = match read_as {
                ReadAs::AccessToken => &mut paths.access_token,
                ReadAs::RefreshToken => &mut paths.refresh_token,
                ReadAs::Life => &mut paths.expires_in,
                ReadAs::Expiry => &mut paths.expires_at,
                ReadAs::Scope => &mut paths.scope,
            };
            *list = vec![pointer.clone()];
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::oauth::response_body::ResponseBody;
    use crate::domain::oauth::token_response::read;
    use crate::domain::test_support::provider;

    fn answer(body: &str) -> Answer<'static> {
        Answer {
            status: 200,
            content_type: Some("application/json"),
            body: ResponseBody::parse(None, body.as_bytes()).into(),
            sent_at: DateTime::<Utc>::UNIX_EPOCH,
            date: None,
            retry_after: None,
        }
    }

    fn laid(provider: &Provider, body: &str) -> ResponseFields {
        response_fields(provider, &answer(body), &[], false).unwrap()
    }

    fn place_of(laid: &ResponseFields, pointer: &str) -> usize {
        laid.pointers.iter().position(|known| known == pointer).unwrap()
    }

    #[test]
    fn a_strange_answer_is_read_once_a_person_has_pointed_at_its_values() {
        let mut provider = provider("https://a.example/authorize");
        let body = json!({
            "resultat": { "jeton": "tok-1", "a/b": { "fin": "1970-01-01T01:00:00Z", "secondes": "1800" } },
            "droits": ["lire", "ecrire"],
        })
        .to_string();
        assert!(is_strange(&read(&provider, &answer(&body))));
        let laid = laid(&provider, &body);
        let choices = [
            (place_of(&laid, "/resultat/jeton"), ReadAs::AccessToken),
            (place_of(&laid, "/resultat/a~1b/fin"), ReadAs::Expiry),
            (place_of(&laid, "/droits"), ReadAs::Scope),
        ];
        for (place, read_as) in choices {
            assert!(laid.layout.places[place].fits.contains(&read_as));
        }
        laid.choose(&mut provider.response, &choices);
        let grant = read(&provider, &answer(&body)).unwrap();
        assert_eq!(grant.access_token.expose(), "tok-1");
        assert_eq!(grant.facts.expires_at.unwrap().timestamp(), 3600);
        assert_eq!(grant.facts.scope.unwrap(), ["lire", "ecrire"]);
        laid.choose(&mut provider.response, &[(place_of(&laid, "/resultat/a~1b/secondes"), ReadAs::Life)]);
        assert_eq!(read(&provider, &answer(&body)).unwrap().facts.expires_at.unwrap().timestamp(), 1800);
        laid.choose(&mut provider.response, &[(place_of(&laid, "/resultat/a~1b/fin"), ReadAs::Expiry)]);
        assert_eq!(read(&provider, &answer(&body)).unwrap().facts.expires_at.unwrap().timestamp(), 3600);
        laid.choose(&mut provider.response, &[(place_of(&laid, "/resultat/a~1b/secondes"), ReadAs::Life)]);
        let again = response_fields(&provider, &answer(&body), &[], true).unwrap();
        let now = |pointer| again.layout.places[place_of(&again, pointer)].now;
        assert_eq!(now("/resultat/jeton"), Some(ReadAs::AccessToken));
        assert_eq!(now("/resultat/a~1b/fin"), None);
        assert_eq!(now("/resultat/a~1b/secondes"), Some(ReadAs::Life));
    }

    #[test]
    fn an_epoch_where_seconds_are_usual_is_read_as_a_person_says() {
        let mut provider = provider("https://a.example/authorize");
        let body = json!({ "access_token": "t", "expires_in": 1_700_000_000 }).to_string();
        let laid = laid(&provider, &body);
        laid.choose(&mut provider.response, &[(place_of(&laid, "/expires_in"), ReadAs::Expiry)]);
        let grant = read(&provider, &answer(&body)).unwrap();
        assert_eq!(grant.facts.expires_at.unwrap().timestamp(), 1_700_000_000);
    }

    #[test]
    fn a_layout_shows_names_and_times_and_no_more() {
        let body = json!({
            "jeton": "abcdef", "valable": 3600, "fin": "2026-01-01T00:00:00Z", "numero": 98_765_432_198_765_i64,
            "ok": true, "nested": { "x": null },
        })
        .to_string();
        let laid = laid(&provider("https://a.example/authorize"), &body);
        let shown = |name: &str| {
            let place = laid.layout.places.iter().find(|place| place.name == name).unwrap();
            (place.value.as_str(), place.depth)
        };
        assert_eq!(shown("jeton"), ("…(6 characters)", 0));
        assert_eq!((shown("valable").0, shown("fin").0), ("3600", "2026-01-01T00:00:00Z"));
        assert_eq!((shown("ok").0, shown("nested").0, shown("x")), ("true", "", ("null", 1)));
        assert_eq!(shown("numero").0, "…(14 characters)");
        for body in ["", "<html>", "12", "\"text\"", "it broke"] {
            assert!(
                response_fields(&provider("https://a.example/a"), &answer(body), &[], false).is_none(),
                "{body}"
            );
        }
        let form =
            response_fields(&provider("https://a.example/a"), &answer("jeton=x&fin=60"), &[], false).unwrap();
        assert_eq!(form.layout.places.len(), 2);
        let many = json!(vec![json!({ "a": 1 }); 500]).to_string();
        assert_eq!(
            response_fields(&provider("https://a.example/a"), &answer(&many), &[], false)
                .unwrap()
                .pointers
                .len(),
            60
        );
    }

    proptest! {
        /// No part of a secret is shown, whether as a value, as a name or deeply nested.
        #[test]
        fn x1_no_planted_secret_is_laid_open(tail in "[a-z0-9]{16,40}", place in 0..5_usize) {
            let canary = format!("CANARY0{tail}");
            let body = match place {
                0 => json!({ "jeton": canary }),
                1 => json!({ canary.clone(): "x" }),
                2 => json!({ "a": [{ "b": [canary] }] }),
                3 => json!({ "error_description": format!("no {canary}") }),
                _ => json!({ "a": { canary.clone(): { "expires_in": canary } } }),
            };
            let laid = laid(&provider("https://a.example/authorize"), &body.to_string());
            let shown = format!("{:?}", laid.layout);
            prop_assert!(!shown.contains("CANARY") && !shown.contains(&tail[..12]), "{shown}");
        }
    }
}
