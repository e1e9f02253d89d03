//! Refusals by a token endpoint (RFC 6749, section 5.2), and unusable responses.
//!
//! Invariant: a refusal holds the server's error text, never the response body.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Value;
use thiserror::Error;

use crate::domain::http_log::secret_scrub;
use crate::domain::provider::Provider;

/// The maximum length kept of a server's error text, in characters.
const WORDS_MAX_CHARS: usize = 1000;

/// The standard's codes (RFC 6749, section 5.2) that say more than the documentation of their status.
const TELLING: [&str; 3] = ["invalid_grant", "unauthorized_client", "unsupported_grant_type"];

const STANDARD: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// Why a token response has no token. Texts are the server's, as sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenError {
    #[error("refused with status {status}")]
    Refused {
        status: u16,
        code: Option<String>,
        description: Option<String>,
        /// The meaning of the code, or else of the status, in the provider's documentation.
        meaning: Option<String>,
        /// The earliest time for another attempt.
        retry_at: Option<DateTime<Utc>>,
    },
    #[error("no usable response, with status {status}: {flaw}")]
    Flawed {
        status: u16,
        /// What is wrong.
        flaw: AnswerFlaw,
    },
}

/// What is wrong with a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AnswerFlaw {
    #[error("a web page")]
    WebPage,
    #[error("nothing at all")]
    Empty,
    #[error("neither JSON nor a form")]
    Unreadable,
    #[error("no access token in it")]
    NoToken,
    #[error("no code to enter in it")]
    NoCode,
    /// No `request_uri` for a pushed request.
    #[error("no request_uri in it")]
    NoRequestUri,
    #[error("a token that a header can't carry")]
    UnusableToken,
    /// More than 1 MiB.
    #[error("more than 1 MiB")]
    TooLarge,
    /// A redirect, which is never followed.
    #[error("a redirect")]
    Redirect,
}

impl TokenError {
    /// Returns true if the same request may succeed later: the server limits requests (429), or it or a
    /// gateway has an outage (500, 502, 503, 504). A 500 with one of the standard's codes (RFC 6749, section
    /// 5.2) is a refusal.
    ///
    /// This includes rotating refresh tokens. An error response normally means that the token is unused. If
    /// it was used and a gateway lost the response, the sign-in is lost whether or not the token is sent
    /// again, so a retry costs nothing and usually succeeds.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused { status: 429 | 503, .. } => true,
            Self::Refused { status: 500 | 502 | 504, code, .. } => {
                !code.as_deref().is_some_and(|code| STANDARD.contains(&code))
            }
            Self::Flawed { status, .. } => matches!(status, 429 | 500 | 502 | 503 | 504),
            Self::Refused { .. } => false,
        }
    }

    /// Removes these texts, in any encoding, from the server's error text: a server may repeat what it was
    /// sent. Texts under four bytes stay, since they could be part of any word.
    #[must_use]
    pub fn without<'a>(mut self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        if let Self::Refused { code, description, .. } = &mut self {
            for secret in secrets.into_iter().filter(|secret| secret.len() >= 4) {
                for words in [&mut *code, &mut *description].into_iter().flatten() {
                    if let Cow::Owned(shown) = secret_scrub::without(words, secret, |_| "…".to_owned()) {
                        *words = shown;
                    }
                }
            }
        }
        self
    }
}

/// Paths of errors. The last two are those of an API gateway in front of the server.
const ERRORS: [&str; 4] = ["/error", "/errors/0", "/fault/detail", "/fault"];

const CODES: [&str; 5] = ["error_code", "errorCode", "code", "statusCode", "__type"];

const DESCRIPTIONS: [&str; 9] = [
    "error_description",
    "message",
    "detail",
    "errorSummary",
    "error_message",
    "errorMessage",
    "errorDescription",
    "msg",
    "title",
];

#[derive(Debug, Default)]
pub(in crate::domain) struct ErrorFields {
    /// The codes, the most specific first.
    codes: Vec<String>,
    description: Option<String>,
}

impl ErrorFields {
    pub(in crate::domain) fn read(provider: &Provider, answer: &Value) -> Self {
        let paths = &provider.response;
        let mut said = Self::default();
        let usual = ERRORS.iter().copied();
        let paths_of_errors = paths.error.iter().map(String::as_str).chain(usual);
        for error in paths_of_errors.filter_map(|path| answer.pointer(path)) {
            said.add(error);
        }
        said.codes.extend(CODES.iter().filter_map(|key| word(answer.get(*key)?)));
        let described = paths.error_description.iter().find_map(|path| words(answer.pointer(path)?));
        let usual = || DESCRIPTIONS.iter().find_map(|key| words(answer.get(*key)?));
        said.description = described.or_else(usual).or(said.description);
        said
    }

    fn add(&mut self, error: &Value) {
        if let Value::Object(fields) = error {
            let keys = ["code", "error", "errorcode", "type", "status"];
            self.codes.extend(keys.iter().filter_map(|key| word(fields.get(*key)?)));
            let keys = ["message", "description", "error_description", "faultstring", "detail"];
            let described = keys.iter().find_map(|key| words(fields.get(*key)?));
            self.description = self.description.take().or(described);
        } else {
            self.codes.extend(word(error));
        }
    }

    pub(in crate::domain) fn is_error(&self) -> bool {
        !self.codes.is_empty()
    }

    /// The refusal, explained by the provider's list: by code first, then by status.
    pub(in crate::domain) fn into_refusal(
        self,
        provider: &Provider,
        status: u16,
        retry_at: Option<DateTime<Utc>>,
    ) -> TokenError {
        let of_code = self.codes.iter().find_map(|code| provider.errors.get(code));
        let says_more = self.codes.iter().any(|code| TELLING.contains(&code.as_str()));
        let of_status = || provider.errors.get(&status.to_string()).filter(|_| !says_more);
        let meaning = of_code.or_else(of_status);
        TokenError::Refused {
            status,
            meaning: meaning.cloned(),
            // A code that repeats the status adds nothing.
            code: self.codes.into_iter().find(|code| *code != status.to_string()),
            description: self.description,
            retry_at,
        }
    }
}

/// An error code: a text or a number, unless it means success.
fn word(value: &Value) -> Option<String> {
    let word = match value {
        Value::Number(number) => Some(number.to_string()),
        _ => words(value),
    };
    word.filter(|word| !is_well(word))
}

/// Returns true for a success code. Some servers send one with every response.
fn is_well(word: &str) -> bool {
    let is_said = ["ok", "success", "none"].iter().any(|well| word.eq_ignore_ascii_case(well));
    is_said || word.parse().is_ok_and(|number: f64| number == 0.0 || (200.0..300.0).contains(&number))
}

fn words(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    (!text.is_empty()).then(|| text.chars().take(WORDS_MAX_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r5_an_outage_is_transient_and_a_refusal_is_not() {
        let refused = |status, code: Option<&str>| TokenError::Refused {
            status,
            code: code.map(str::to_owned),
            description: None,
            meaning: None,
            retry_at: None,
        };
        for status in [429, 500, 502, 503, 504] {
            assert!(refused(status, None).is_transient(), "{status}");
            assert!(refused(status, Some("server_error")).is_transient(), "{status}");
            assert!(TokenError::Flawed { status, flaw: AnswerFlaw::WebPage }.is_transient(), "{status}");
        }
        for status in [200, 302, 400, 401, 403, 404, 501, 505] {
            assert!(!refused(status, None).is_transient(), "{status}");
            assert!(!TokenError::Flawed { status, flaw: AnswerFlaw::WebPage }.is_transient(), "{status}");
        }
        for code in STANDARD {
            assert!(!refused(500, Some(code)).is_transient(), "{code}");
        }
    }
}
