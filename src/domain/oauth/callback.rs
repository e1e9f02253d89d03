//! Authorization responses (RFC 6749, section 4.1.2; RFC 9207): what the browser returns.
//!
//! Decides whether a response belongs to this sign-in, and reads it. Invariant: `state` is checked before
//! anything else, so a forged response never ends a sign-in.

use std::borrow::Cow;
use std::collections::BTreeMap;

use subtle::ConstantTimeEq as _;
use thiserror::Error;
use url::form_urlencoded;

use super::issuer::is_same;
use crate::base::secret::AuthCode;
use crate::domain::provider::facts::{self, FactSource, Facts};
use crate::domain::provider::param_names;

const PASTED_MAX_BYTES: usize = 64 * 1024;

/// Parameters that may occur only once (RFC 6749, section 3.1).
const ONCE: [&str; 5] = ["code", "error", "error_description", "error_uri", "iss"];

/// What a response must match to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    pub state: String,
    /// The issuer identifier, if known.
    pub issuer: Option<String>,
    /// The server promises `iss` in every response (RFC 9207, section 3).
    pub iss_promised: bool,
    /// PKCE is used. Only then is a bare code tied to this sign-in.
    pub pkce: bool,
    /// The provider's own names of the standard parameters.
    pub names: BTreeMap<String, String>,
    /// Facts to read beside the code.
    pub facts: BTreeMap<String, FactSource>,
}

impl Expected {
    /// The provider's name for a standard parameter.
    fn name<'a>(&'a self, standard: &'a str) -> &'a str {
        param_names::of(&self.names, standard)
    }
}

/// An accepted response.
#[derive(Debug)]
pub enum Returned {
    /// A code, and the facts that came with it.
    Code(AuthCode, Facts),
    /// The server or the user refused (section 4.1.2.1).
    Denied {
        /// The `error` value, as sent.
        code: String,
        /// The `error_description`, as sent.
        description: Option<String>,
    },
}

/// Why a response is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CallbackError {
    #[error("no response")]
    NoReply,
    /// Its `state` is wrong, missing or repeated: it belongs to another sign-in.
    #[error("the response belongs to another sign-in")]
    StateMismatch,
    #[error("the response is from another issuer")]
    WrongIssuer,
    #[error("the response contradicts itself")]
    Contradictory,
    /// A code without `state`, and without PKCE to tie it to this sign-in.
    #[error("a bare code can't be trusted here")]
    BareCode,
    #[error("the response is too long")]
    TooLong,
}

/// Reads the query of a response, without its `?`.
///
/// # Errors
/// [`CallbackError`]. All but `WrongIssuer` and `Contradictory` leave the sign-in waiting.
pub fn read_query(expected: &Expected, query: &str) -> Result<Returned, CallbackError> {
    let mut state = values(query, expected.name("state"));
    let matches = match (state.next(), state.next()) {
        (Some(state), None) => bool::from(state.as_bytes().ct_eq(expected.state.as_bytes())),
        _ => false,
    };
    if !matches {
        return Err(CallbackError::StateMismatch);
    }
    if ONCE.iter().any(|name| values(query, expected.name(name)).nth(1).is_some()) {
        return Err(CallbackError::Contradictory);
    }
    let issuer = values(query, expected.name("iss")).next();
    match (&issuer, &expected.issuer) {
        (None, _) if expected.iss_promised => return Err(CallbackError::WrongIssuer),
        (Some(said), Some(known)) if !is_same(known, said) => return Err(CallbackError::WrongIssuer),
        _ => {}
    }
    match (values(query, expected.name("code")).next(), values(query, expected.name("error")).next()) {
        (Some(_), Some(_)) => Err(CallbackError::Contradictory),
        (Some(code), None) if !code.is_empty() => {
            let value = |name: &str| values(query, name).next().map(Cow::into_owned);
            let facts = facts::of_callback(&expected.facts, value);
            Ok(Returned::Code(AuthCode::new(code.into_owned()), facts))
        }
        (None, Some(code)) if !code.is_empty() => Ok(Returned::Denied {
            code: code.into_owned(),
            description: values(query, expected.name("error_description"))
                .next()
                .map(Cow::into_owned)
                .filter(|it| !it.is_empty()),
        }),
        _ => Err(CallbackError::NoReply),
    }
}

/// Reads what a user pasted: the full redirect URL (with any host and path), its query, or the code alone.
/// Removes surrounding white space and quotes, and line breaks, which terminals and mail insert.
///
/// # Errors
/// [`CallbackError`]. A bare code is accepted only if PKCE, or the state after it, ties it to this sign-in
/// and no `iss` was promised.
pub fn read_pasted(expected: &Expected, text: &str) -> Result<Returned, CallbackError> {
    if text.len() > PASTED_MAX_BYTES {
        return Err(CallbackError::NoReply);
    }
    let around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '“' | '”');
    let text = zeroize::Zeroizing::new(text.trim_matches(around).replace(['\r', '\n', '\t'], ""));
    let (is_address, query) = match text.split_once('?') {
        Some((_, query)) => (true, query),
        None => (text.contains("://"), text.as_str()),
    };
    // Some servers put the response in the fragment, which a listener never receives.
    let (query, fragment) = query.split_once('#').unwrap_or((query, ""));
    let is_reply = |text: &&str| {
        ["code", "error", "state"].iter().any(|name| values(text, expected.name(name)).next().is_some())
    };
    if let Some(reply) = [query, fragment].into_iter().find(is_reply) {
        return read_query(expected, reply);
    }
    if is_address || text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(CallbackError::NoReply);
    }
    // A page that shows a code to copy may append the state to it.
    let is_ours = |state: &str| bool::from(state.as_bytes().ct_eq(expected.state.as_bytes()));
    let with_state = text.rsplit_once('#').filter(|(_, state)| is_ours(state)).map(|(code, _)| code);
    if expected.iss_promised || (!expected.pkce && with_state.is_none()) {
        return Err(CallbackError::BareCode);
    }
    let text = with_state.unwrap_or(&text);
    // A code copied from a URL is still percent-encoded. A plus sign is kept: it is more likely literal than
    // a space, which no code contains (RFC 6749, appendix A.11).
    let encoded = zeroize::Zeroizing::new(text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D"));
    let code = form_urlencoded::parse(encoded.as_bytes()).next().map(|(code, _)| code.into_owned());
    code.map(|code| Returned::Code(AuthCode::new(code), Facts::new())).ok_or(CallbackError::NoReply)
}

fn values<'q>(query: &'q str, name: &str) -> impl Iterator<Item = Cow<'q, str>> {
    form_urlencoded::parse(query.as_bytes()).filter(move |(key, _)| key == name).map(|(_, value)| value)
}

#[cfg(test)]
#[path = "callback_tests.rs"]
mod tests;
