//! Token responses (RFC 6749, sections 5.1 and 5.2), read with tolerance.
//!
//! Turns a response's bytes into a [`Grant`] or a typed error. Invariant: every response yields one of the
//! two, and only secrets and the server's error texts are kept of a body.

use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::id_token::IdTokenStatus;
use super::response_body::{Parsed, ResponseBody, form_object};
use super::token_syntax::{self, is_token};
use crate::base::secret::{AccessToken, IdToken, RefreshToken};
use crate::domain::provider::Provider;
use crate::domain::provider::facts;
use crate::domain::refusal::token_refusal::ErrorFields;
use crate::domain::time_parse;
use crate::domain::token::grant::{ExpirySource, Grant, TokenFacts};
use crate::domain::token::jwt;

pub use crate::domain::refusal::token_refusal::{AnswerFlaw, TokenError};

/// One of these makes a text a form.
const FORM_KEYS: [&str; 3] = ["access_token", "device_code", "error"];

/// The clock difference that is not reported: network time and rounding.
const SKEW_TOLERATED: TimeDelta = TimeDelta::seconds(60);

#[derive(Clone)]
pub struct Answer<'a> {
    pub status: u16,
    pub content_type: Option<&'a str>,
    pub body: Rc<ResponseBody>,
    /// When the request was sent; a token's lifetime counts from here.
    pub sent_at: DateTime<Utc>,
    /// The `Date` header: the server's clock.
    pub date: Option<DateTime<Utc>>,
    pub retry_after: Option<&'a str>,
}

impl Answer<'_> {
    pub(in crate::domain) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The server's clock minus this computer's, if they differ by more than a minute.
    fn skew(&self) -> Option<TimeDelta> {
        let date = self.date.and_then(time_parse::bounded);
        date.map(|date| date - self.sent_at).filter(|skew| skew.abs() > SKEW_TOLERATED)
    }

    pub(in crate::domain) fn flawed(&self, flaw: AnswerFlaw) -> TokenError {
        TokenError::Flawed { status: self.status, flaw }
    }

    pub(in crate::domain) fn refused(&self, provider: &Provider, said: ErrorFields) -> TokenError {
        let skew = self.skew().unwrap_or_default();
        let retry_at = self.retry_after.and_then(|text| time_parse::retry_at(text, self.sent_at, skew));
        said.into_refusal(provider, self.status, retry_at)
    }
}

/// Reads a token response. The grant has the first generation; [`Grant::following`] increments it.
pub fn read(provider: &Provider, answer: &Answer<'_>) -> Result<Grant, TokenError> {
    let mut value = parsed(provider, answer)?;
    let token = take_text(&mut value, &provider.response.access_token, "/access_token");
    match token {
        Some(token) if answer.is_success() => grant(provider, answer, token, &mut value),
        _ => {
            let said = ErrorFields::read(provider, &value);
            if said.is_error() || !answer.is_success() {
                Err(answer.refused(provider, said))
            } else {
                Err(answer.flawed(AnswerFlaw::NoToken))
            }
        }
    }
}

/// The error of a response to a request that was not for a token.
pub(in crate::domain) fn refusal(provider: &Provider, answer: &Answer<'_>) -> TokenError {
    match parsed(provider, answer).map(|value| ErrorFields::read(provider, &value)) {
        Ok(said) if said.is_error() || !answer.is_success() => answer.refused(provider, said),
        Ok(_) => answer.flawed(AnswerFlaw::Unreadable),
        Err(error) => error,
    }
}

/// Returns true if a response has an error code, whatever its status.
pub(in crate::domain) fn names_error(provider: &Provider, answer: &Answer<'_>) -> bool {
    parsed(provider, answer).is_ok_and(|value| ErrorFields::read(provider, &value).is_error())
}

/// The parsed response, unless its status alone is a refusal or it can't be read.
pub(in crate::domain) fn parsed(provider: &Provider, answer: &Answer<'_>) -> Result<Value, TokenError> {
    if (300..400).contains(&answer.status) {
        return Err(answer.flawed(AnswerFlaw::Redirect));
    }
    if answer.body.is_too_large() {
        return Err(answer.flawed(AnswerFlaw::TooLarge));
    }
    match object(&answer.body) {
        Ok(value) => Ok(value),
        Err(flaw) if says_no(provider, answer, flaw) => Err(answer.refused(provider, ErrorFields::default())),
        Err(flaw) => Err(answer.flawed(flaw)),
    }
}

/// The body as an object: JSON, or a form as some servers send it.
fn object(body: &ResponseBody) -> Result<Value, AnswerFlaw> {
    match body.parsed() {
        _ if body.text().is_empty() => Err(AnswerFlaw::Empty),
        Parsed::Json(value) => Ok(value.clone()),
        _ if body.is_web_page() => Err(AnswerFlaw::WebPage),
        Parsed::Form(fields) if fields.iter().any(|(name, _)| FORM_KEYS.contains(&name.as_str())) => {
            Ok(form_object(fields))
        }
        Parsed::Form(_) | Parsed::Nothing => Err(AnswerFlaw::Unreadable),
    }
}

/// Returns true if the status alone is the server's refusal. A web page usually isn't: it comes from a wrong
/// URL or an intermediary.
fn says_no(provider: &Provider, answer: &Answer<'_>, flaw: AnswerFlaw) -> bool {
    let status = answer.status;
    if answer.is_success() {
        return false;
    }
    match flaw {
        AnswerFlaw::WebPage => matches!(status, 401 | 429 | 503),
        AnswerFlaw::Empty => true,
        _ => {
            matches!(status, 401 | 403 | 429)
                || status >= 500
                || provider.errors.contains_key(&status.to_string())
        }
    }
}

fn grant(
    provider: &Provider,
    answer: &Answer<'_>,
    access_token: String,
    value: &mut Value,
) -> Result<Grant, TokenError> {
    let access_token = AccessToken::new(access_token);
    let refresh_token =
        take_text(value, &provider.response.refresh_token, "/refresh_token").map(RefreshToken::new);
    let id_token = take_text(value, &[], "/id_token").map(IdToken::new);
    if !is_token(access_token.expose())
        || refresh_token.as_ref().is_some_and(|token| !is_token(token.expose()))
        || id_token.as_ref().is_some_and(|token| !is_token(token.expose()))
    {
        return Err(answer.flawed(AnswerFlaw::UnusableToken));
    }
    let skew = answer.skew();
    // Converts the server's time to this computer's.
    let ours = |theirs: DateTime<Utc>| time_parse::before(theirs, skew.unwrap_or_default());
    let after = |life: TimeDelta| time_parse::after(answer.sent_at, life);
    let paths = &provider.response;
    let in_secs = |paths, usual| found(value, paths, usual, time_parse::span).and_then(after);
    let at = |paths, usual| found(value, paths, usual, time_parse::moment).and_then(ours);
    // A mapped path takes precedence over the standard ones: some servers send a Unix time as `expires_in`.
    let said = in_secs(&paths.expires_in, &[])
        .or_else(|| at(&paths.expires_at, &[]))
        .or_else(|| in_secs(&[], &["/expires_in"]))
        .or_else(|| at(&[], &["/expires_at"]));
    let (expires_at, expiry_source) = match said {
        Some(end) => (Some(end), ExpirySource::Server),
        None => match jwt::exp(access_token.expose()).and_then(ours) {
            Some(end) => (Some(end), ExpirySource::Token),
            None => match paths.assumed_life_secs.and_then(|secs| after(of_secs(secs))) {
                Some(end) => (Some(end), ExpirySource::Assumed),
                None => (None, ExpirySource::Unknown),
            },
        },
    };
    let refresh_expires_at = refresh_token.as_ref().and_then(|_| refresh_end(provider, value, &after, &ours));
    let of_text = |value: &Value| token_syntax::token_type(value.as_str()?);
    let token_type = found(value, &paths.token_type, &["/token_type", "/type"], of_text);
    let separator = paths.scope_separator.as_ref().unwrap_or(&provider.scope_separator);
    let scope = found(value, &paths.scope, &["/scope"], |value| scopes(value, separator));
    let mut facts = TokenFacts {
        generation: 1,
        received_at: answer.sent_at,
        expires_at,
        expiry_source,
        has_refresh_token: refresh_token.is_some(),
        refresh_expires_at,
        token_type: token_type.unwrap_or_else(|| "Bearer".to_owned()),
        scope,
        clock_skew_secs: skew.map(|skew| skew.num_seconds()),
        id_token: id_token.as_ref().map(|_| IdTokenStatus::Unchecked),
        sign_in_ends_at: provider.refresh.hard_end_secs.and_then(|secs| after(of_secs(secs))),
        kept: facts::of_answer(&provider.facts, value),
    };
    facts.end_with_sign_in();
    Ok(Grant { access_token, refresh_token, id_token, username: None, facts })
}

/// When the refresh token expires: by the response, else by the provider's settings.
fn refresh_end(
    provider: &Provider,
    value: &Value,
    after: &impl Fn(TimeDelta) -> Option<DateTime<Utc>>,
    ours: &impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    let usual = ["/refresh_token_expires_in", "/refresh_expires_in"];
    // Some servers send zero for a token that doesn't expire.
    let span = |value: &Value| time_parse::span(value).filter(|span| *span > TimeDelta::zero());
    found(value, &provider.response.refresh_expires_in, &usual, span)
        .and_then(after)
        .or_else(|| found(value, &[], &["/refresh_token_expires_at"], time_parse::moment).and_then(ours))
        .or_else(|| after(of_secs(provider.refresh.refresh_token_life_secs?)))
}

fn of_secs(secs: u32) -> TimeDelta {
    TimeDelta::seconds(i64::from(secs))
}

/// Takes the text out of the first path that has one, so that no copy remains.
pub(in crate::domain) fn take_text(value: &mut Value, paths: &[String], usual: &str) -> Option<String> {
    paths.iter().map(String::as_str).chain([usual]).find_map(|path| match value.pointer_mut(path) {
        Some(Value::String(text)) if !text.is_empty() => Some(std::mem::take(text)),
        _ => None,
    })
}

fn found<T>(
    value: &Value,
    paths: &[String],
    usual: &[&str],
    read: impl Fn(&Value) -> Option<T>,
) -> Option<T> {
    let paths = paths.iter().map(String::as_str).chain(usual.iter().copied());
    paths.filter_map(|path| value.pointer(path)).find_map(read)
}

/// Scopes in one text or in an array.
pub(in crate::domain) fn scopes(value: &Value, separator: &str) -> Option<Vec<String>> {
    let split = |text: &str| -> Vec<String> {
        let text = if separator.is_empty() { text.to_owned() } else { text.replace(separator, " ") };
        text.split_whitespace().map(str::to_owned).collect()
    };
    let mut scopes: Vec<String> = match value {
        Value::String(text) => split(text),
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return None,
    };
    scopes.retain(|scope| token_syntax::is_scope(scope));
    (!scopes.is_empty()).then_some(scopes)
}

#[cfg(test)]
#[path = "token_response_tests.rs"]
mod tests;
