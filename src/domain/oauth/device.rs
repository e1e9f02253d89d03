//! Device authorization (RFC 8628): the response with the codes, and the polling schedule.
//!
//! Invariants: whatever the server responds, polling is at most once a second and stops when the code
//! expires. Only what the user must see is kept of a response, and the device code as a secret.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use url::Url;

use super::authorize::{add_extra, is_same_name};
use super::extra_params::SecretParams;
use super::token_response::{Answer, parsed, take_text};
use crate::base::secret::DeviceCode;
use crate::domain::provider::Provider;
use crate::domain::refusal::token_refusal::{AnswerFlaw, ErrorFields, TokenError};
use crate::domain::time_parse;

/// The polling interval if the server gives none (section 3.2).
const INTERVAL: TimeDelta = TimeDelta::seconds(5);
/// The increase of the interval on `slow_down` (section 3.5).
const SLOWER_BY: TimeDelta = TimeDelta::seconds(5);
/// The maximum polling interval, unless the server requests a longer one.
const INTERVAL_MAX: TimeDelta = TimeDelta::seconds(60);
/// The lifetime of a code if the server omits it, against section 3.2.
const LIFE: TimeDelta = TimeDelta::minutes(10);
const LIFE_MAX: TimeDelta = TimeDelta::hours(24);
/// The maximum length of a user code, in characters; no longer one could be typed.
const USER_CODE_MAX_CHARS: usize = 100;

#[derive(Debug)]
pub struct DeviceAuthorization {
    pub device_code: DeviceCode,
    pub user_code: String,
    /// The URL where the user enters the code.
    pub verification_uri: Url,
    /// The same URL with the code included.
    pub verification_uri_complete: Option<Url>,
    pub polling: Polling,
}

/// The parameters of a device authorization request (section 3.1), without client authentication: the scope,
/// the resource (RFC 8707, section 2) or audience, and the provider's and the account's extra parameters,
/// which can't replace any of these.
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

/// Reads the response of a device authorization endpoint.
///
/// # Errors
/// [`TokenError`]: the server's refusal, or [`AnswerFlaw::NoCode`] if a code or a web URL for it is missing.
pub fn read(provider: &Provider, answer: &Answer<'_>) -> Result<DeviceAuthorization, TokenError> {
    let mut value = parsed(provider, answer)?;
    let said = ErrorFields::read(provider, &value);
    if !answer.is_success() || (said.is_error() && value.get("device_code").is_none()) {
        return Err(answer.refused(provider, said));
    }
    let lacking = || answer.flawed(AnswerFlaw::NoCode);
    let device_code = take_text(&mut value, &[], "/device_code").map(DeviceCode::new).ok_or_else(lacking)?;
    let user_code = value.get("user_code").and_then(Value::as_str).map(str::trim).unwrap_or_default();
    if user_code.is_empty() || user_code.chars().count() > USER_CODE_MAX_CHARS {
        return Err(lacking());
    }
    // Google named this before the standard did.
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

/// A URL that a browser may open. Some servers omit the scheme, as people do.
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

/// The polling schedule (sections 3.4 and 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Polling {
    interval: TimeDelta,
    expires_at: DateTime<Utc>,
    /// `None` while a request is under way.
    next_at: Option<DateTime<Utc>>,
}

/// Why there is no token yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotYet {
    /// `authorization_pending`: the user hasn't finished.
    Pending,
    /// `slow_down`: the same, and polling is too frequent.
    SlowDown,
    /// No response, or one that asks for a retry, not before the given time.
    Unanswered(Option<DateTime<Utc>>),
}

/// What to do next about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet.
    Nothing,
    /// Poll the server.
    Ask,
    Expired,
}

impl Polling {
    pub(in crate::domain) fn new(interval: TimeDelta, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> Self {
        Self { interval, expires_at, next_at: Some(now + interval) }
    }

    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// When the next step is due; `None` while waiting for a response.
    pub fn wakes_at(&self) -> Option<DateTime<Utc>> {
        self.next_at.map(|next_at| next_at.min(self.expires_at))
    }

    /// Returns the step that is due. [`Due::Ask`] marks the request as sent.
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

    /// Records a response without a token, received at `now`.
    pub fn not_yet(&mut self, why: NotYet, now: DateTime<Utc>) {
        let mut not_before = None;
        match why {
            NotYet::Pending => {}
            NotYet::SlowDown => self.interval += SLOWER_BY,
            NotYet::Unanswered(retry_at) => {
                // Section 3.5 recommends doubling. The maximum keeps a long outage from outlasting the user's
                // patience.
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
