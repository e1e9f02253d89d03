//! Authorization responses (RFC 6749, section 4.1.2; RFC 9207): what comes back through the browser.
//!
//! Owns the question whether a reply belongs to this sign-in and what it says. Invariant: nothing
//! in a reply is looked at before its `state` has matched, so that a forged one never ends a
//! sign-in.

use std::borrow::Cow;

use subtle::ConstantTimeEq as _;
use thiserror::Error;
use url::form_urlencoded;

use super::issuer::is_same;
use crate::base::secret::AuthCode;

/// The longest pasted text that is looked at, in bytes.
const PASTED_MAX_BYTES: usize = 64 * 1024;

/// Parameters of a reply that may stand in it once (RFC 6749, section 3.1).
const ONCE: [&str; 5] = ["code", "error", "error_description", "error_uri", "iss"];

/// What a reply must show to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The `state` that was sent.
    pub state: String,
    /// The issuer identifier, where known.
    pub issuer: Option<String>,
    /// Whether the server promises `iss` in every reply (RFC 9207, section 3).
    pub iss_promised: bool,
    /// Whether PKCE was sent; only then is a bare code tied to this sign-in.
    pub pkce: bool,
}

/// What a reply says.
#[derive(Debug)]
pub enum Returned {
    /// A code to exchange.
    Code(AuthCode),
    /// The server, or the user, said no (section 4.1.2.1).
    Denied {
        /// The `error` value, as sent.
        code: String,
        /// The `error_description`, as sent.
        description: Option<String>,
    },
}

/// Why a reply is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CallbackError {
    /// Neither a code nor an error is in it.
    #[error("no reply")]
    NoReply,
    /// Its `state` is wrong, missing or there twice: it belongs to another sign-in.
    #[error("the reply belongs to another sign-in")]
    StateMismatch,
    /// It names another issuer, or none where one was promised.
    #[error("the reply is from another issuer")]
    WrongIssuer,
    /// A parameter is there twice, or a code together with an error.
    #[error("the reply contradicts itself")]
    Contradictory,
    /// A code without its `state`, where nothing else ties it to this sign-in.
    #[error("a bare code can't be trusted here")]
    BareCode,
    /// The browser's request is longer than is read.
    #[error("the reply is too long")]
    TooLong,
}

/// Reads the query of a reply, without its `?`.
///
/// # Errors
/// [`CallbackError`]; all but `WrongIssuer` and `Contradictory` leave the sign-in waiting.
pub fn read_query(expected: &Expected, query: &str) -> Result<Returned, CallbackError> {
    let mut state = values(query, "state");
    let matches = match (state.next(), state.next()) {
        (Some(state), None) => bool::from(state.as_bytes().ct_eq(expected.state.as_bytes())),
        _ => false,
    };
    if !matches {
        return Err(CallbackError::StateMismatch);
    }
    if ONCE.iter().any(|name| values(query, name).nth(1).is_some()) {
        return Err(CallbackError::Contradictory);
    }
    let issuer = values(query, "iss").next();
    match (&issuer, &expected.issuer) {
        (None, _) if expected.iss_promised => return Err(CallbackError::WrongIssuer),
        (Some(said), Some(known)) if !is_same(known, said) => return Err(CallbackError::WrongIssuer),
        _ => {}
    }
    match (values(query, "code").next(), values(query, "error").next()) {
        (Some(_), Some(_)) => Err(CallbackError::Contradictory),
        (Some(code), None) if !code.is_empty() => Ok(Returned::Code(AuthCode::new(code.into_owned()))),
        (None, Some(code)) if !code.is_empty() => Ok(Returned::Denied {
            code: code.into_owned(),
            description: values(query, "error_description")
                .next()
                .map(Cow::into_owned)
                .filter(|it| !it.is_empty()),
        }),
        _ => Err(CallbackError::NoReply),
    }
}

/// Reads what a user pasted: the full address the browser ended on (its host and path may be any),
/// its query, or the code alone. White space and quotes around it are dropped, and so are line
/// breaks within it, which a terminal or a mail puts there.
///
/// # Errors
/// [`CallbackError`]; a bare code is taken only where PKCE, or the state behind it, ties it to this sign-in
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
    // Some servers put it behind the `#`, where no listener sees it.
    let (query, fragment) = query.split_once('#').unwrap_or((query, ""));
    let is_reply =
        |text: &&str| ["code", "error", "state"].iter().any(|name| values(text, name).next().is_some());
    if let Some(reply) = [query, fragment].into_iter().find(is_reply) {
        return read_query(expected, reply);
    }
    if is_address || text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(CallbackError::NoReply);
    }
    // A page that shows a code to be copied may put the state behind it.
    let is_ours = |state: &str| bool::from(state.as_bytes().ct_eq(expected.state.as_bytes()));
    let with_state = text.rsplit_once('#').filter(|(_, state)| is_ours(state)).map(|(code, _)| code);
    if expected.iss_promised || (!expected.pkce && with_state.is_none()) {
        return Err(CallbackError::BareCode);
    }
    let text = with_state.unwrap_or(&text);
    // Copied out of an address, it is still percent-encoded; a plus sign there stands for itself
    // more likely than for a space, which no code holds (RFC 6749, appendix A.11).
    let encoded = zeroize::Zeroizing::new(text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D"));
    let code = form_urlencoded::parse(encoded.as_bytes()).next().map(|(code, _)| code.into_owned());
    code.map(|code| Returned::Code(AuthCode::new(code))).ok_or(CallbackError::NoReply)
}

/// The decoded values of a parameter, in order.
fn values<'q>(query: &'q str, name: &str) -> impl Iterator<Item = Cow<'q, str>> {
    form_urlencoded::parse(query.as_bytes()).filter(move |(key, _)| key == name).map(|(_, value)| value)
}

#[cfg(test)]
#[path = "callback_tests.rs"]
mod tests;
