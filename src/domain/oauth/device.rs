//! Device authorization (RFC 8628): the answer with the code, and when the server is asked about it.
//!
//! Owns both. Invariants: whatever a server answers, it is asked no more often than every second, and
//! not at all once the code has expired; no part of an answer outlives its reading but what a person
//! must see, and the device code as a secret.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use url::Url;

use super::authorize::{add_extra, is_same_name};
use super::extra_params::SecretParams;
use super::token_response::{Answer, parsed, taken};
use crate::base::secret::DeviceCode;
use crate::domain::provider::Provider;
use crate::domain::refusal::token_refusal::{AnswerFlaw, Said, TokenError};
use crate::domain::time_parse;

/// How long to wait between two questions where the server doesn't say (section 3.2).
const INTERVAL: TimeDelta = TimeDelta::seconds(5);
/// By how much `slow_down` lengthens that wait (section 3.5).
const SLOWER_BY: TimeDelta = TimeDelta::seconds(5);
/// The longest wait between two questions, unless the server asks for a longer one.
const INTERVAL_MAX: TimeDelta = TimeDelta::seconds(60);
/// The life of a code where the server, against section 3.2, doesn't say.
const LIFE: TimeDelta = TimeDelta::minutes(10);
/// The longest life of a code.
const LIFE_MAX: TimeDelta = TimeDelta::hours(24);
/// The longest code for a person, in characters: none that is longer could be typed.
const USER_CODE_MAX_CHARS: usize = 100;

/// What a person needs to sign in on any device (section 3.2), and what Keyfob asks with meanwhile.
#[derive(Debug)]
pub struct DeviceAuthorization {
    /// The device code.
    pub device_code: DeviceCode,
    /// The code to be entered, as sent.
    pub user_code: String,
    /// Where it is entered.
    pub verification_uri: Url,
    /// The same address with the code in it.
    pub verification_uri_complete: Option<Url>,
    /// When and how often the server is asked.
    pub polling: Polling,
}

/// What a code is asked for with (section 3.1), besides what the client shows of itself: the scope, what
/// the token is for (RFC 8707, section 2; the audience where a server asks for that), and the provider's and
/// the account's extra parameters of an authorization request, which take the place of none of these.
pub fn parameters<'a>(provider: &'a Provider, secret: &'a SecretParams) -> Vec<(&'a str, Cow<'a, str>)> {
    let scope = provider.scopes.join(&provider.scope_separator);
    let mut pairs: Vec<(&str, Cow<'_, str>)> = Vec::new();
    pairs.extend((!scope.is_empty()).then(|| ("scope", scope.into())));
    pairs.extend(provider.resource.iter().map(|resource| ("resource", resource.into())));
    pairs.extend(provider.audience.iter().map(|audience| ("audience", audience.into())));
    let reserved = ["client_id", "client_secret", "client_assertion", "client_assertion_type", "scope"];
    add_extra(provider, secret, &mut pairs, |name| {
        reserved.iter().any(|reserved| is_same_name(name, reserved))
    });
    pairs
}

/// Reads the answer of a device authorization endpoint.
///
/// # Errors
/// [`TokenError`]: what the server refused, or [`AnswerFlaw::NoCode`] where a code, or a web address to
/// enter it at, is lacking.
pub fn read(provider: &Provider, answer: &Answer<'_>) -> Result<DeviceAuthorization, TokenError> {
    let mut value = parsed(provider, answer)?;
    let said = Said::read(provider, &value);
    if !answer.is_success() || (said.is_error() && value.get("device_code").is_none()) {
        return Err(answer.refused(provider, said));
    }
    let lacking = || answer.flawed(AnswerFlaw::NoCode);
    let device_code = taken(&mut value, &[], "/device_code").map(DeviceCode::new).ok_or_else(lacking)?;
    let user_code = value.get("user_code").and_then(Value::as_str).map(str::trim).unwrap_or_default();
    if user_code.is_empty() || user_code.chars().count() > USER_CODE_MAX_CHARS {
        return Err(lacking());
    }
    // Google's own name for it came before the standard's.
    let address = |keys: [&str; 2]| keys.iter().find_map(|key| web_address(value.get(*key)?.as_str()?));
    let verification_uri = address(["verification_uri", "verification_url"]).ok_or_else(lacking)?;
    let span = |key| value.get(key).and_then(time_parse::span);
    let life = span("expires_in").filter(|life| *life > TimeDelta::zero()).unwrap_or(LIFE).min(LIFE_MAX);
    let interval = span("interval").filter(|wait| *wait >= TimeDelta::seconds(1)).unwrap_or(INTERVAL);
    let interval = interval.min(life);
    Ok(DeviceAuthorization {
        device_code,
        user_code: user_code.to_owned(),
        verification_uri_complete: address(["verification_uri_complete", "verification_url_complete"]),
        verification_uri,
        polling: Polling::new(interval, answer.sent_at, answer.sent_at + life),
    })
}

/// An address that a browser may open. Some servers leave its scheme out, since people do.
fn web_address(text: &str) -> Option<Url> {
    let text = text.trim();
    let url = match Url::parse(text) {
        Ok(url) if url.has_host() => url,
        _ if !text.is_empty() && !text.contains("://") => Url::parse(&format!("https://{text}")).ok()?,
        _ => return None,
    };
    let is_web = matches!(url.scheme(), "http" | "https") && url.username().is_empty();
    (is_web && url.password().is_none()).then_some(url)
}

/// When the server is asked whether the person is done (sections 3.4 and 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Polling {
    interval: TimeDelta,
    expires_at: DateTime<Utc>,
    /// `None` while a question is on its way.
    next_at: Option<DateTime<Utc>>,
}

/// Why there is no token yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotYet {
    /// `authorization_pending`: the person isn't done.
    Pending,
    /// `slow_down`: the same, and it is asked too often.
    SlowDown,
    /// There was no answer, or one that says to come again, not before the given moment.
    Unanswered(Option<DateTime<Utc>>),
}

/// What is to be done about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet.
    Nothing,
    /// The server is to be asked.
    Ask,
    /// The code has expired.
    Expired,
}

impl Polling {
    pub(in crate::domain) fn new(interval: TimeDelta, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> Self {
        Self { interval, expires_at, next_at: Some(now + interval) }
    }

    /// When the code expires.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// The next moment at which something is due; `None` while an answer is awaited.
    pub fn wakes_at(&self) -> Option<DateTime<Utc>> {
        self.next_at.map(|next_at| next_at.min(self.expires_at))
    }

    /// What is due, if anything. With [`Due::Ask`] the question counts as sent.
    pub fn due(&mut self, now: DateTime<Utc>) -> Due {
        let Some(next_at) = self.next_at else { return Due::Nothing };
        if now >= self.expires_at {
            Due::Expired
        } else if now >= next_at {
            self.next_at = None;
            Due::Ask
        } else {
            Due::Nothing
        }
    }

    /// Takes an answer that is no token, which came at `now`.
    pub fn not_yet(&mut self, why: NotYet, now: DateTime<Utc>) {
        let mut not_before = None;
        match why {
            NotYet::Pending => {}
            NotYet::SlowDown => self.interval += SLOWER_BY,
            NotYet::Unanswered(retry_at) => {
                // Section 3.5 recommends doubling; a long outage must not outlast the person's patience.
                self.interval = self.interval.max((self.interval * 2).min(INTERVAL_MAX));
                not_before = retry_at;
            }
        }
        let next_at = now + self.interval;
        self.next_at = Some(not_before.map_or(next_at, |not_before| next_at.max(not_before)));
    }
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
