//! Assertions of a client (RFC 7523): who it is, and for whom it asks.
//!
//! Owns their claims. Invariant: each has an ID of its own and a short life, and is addressed to one
//! server only, so that a copy is of no use.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{KeyError, SigningKey};
use crate::base::secret::SecretText;
use crate::domain::provider::Provider;

/// How long an assertion may be used, in seconds: long enough for clocks that are a little off.
const LIFE_SECS: i64 = 120;

/// What no two assertions share.
#[derive(Debug, Clone, Copy)]
pub struct AssertionSeed {
    /// When it is made.
    pub now: DateTime<Utc>,
    /// Random bytes for its ID (`jti`).
    pub id: [u8; 16],
}

/// An assertion by which the client proves who it is (RFC 7523, section 3).
///
/// # Errors
/// [`KeyError`] where the key can't sign.
pub fn of_client(
    provider: &Provider,
    client_id: &str,
    key: &SigningKey,
    fresh: &AssertionSeed,
) -> Result<SecretText, KeyError> {
    key.sign(&claims(provider, client_id, fresh), provider.key_id.as_deref())
}

/// An assertion that is a grant in itself (RFC 7523, section 2.1). The scope is among its claims, where
/// Google looks for it.
///
/// # Errors
/// [`KeyError`] where the key can't sign.
pub fn of_grant(
    provider: &Provider,
    client_id: &str,
    scope: &str,
    key: &SigningKey,
    fresh: &AssertionSeed,
) -> Result<SecretText, KeyError> {
    let mut claims = claims(provider, client_id, fresh);
    if !scope.is_empty() {
        claims.insert("scope".to_owned(), scope.into());
    }
    for (name, value) in &provider.assertion_claims {
        // What makes an assertion one of its own is nobody's to set.
        if matches!(name.as_str(), "jti" | "iat" | "exp") {
            continue;
        }
        if value.is_empty() {
            claims.remove(name);
        } else {
            claims.insert(name.clone(), value.as_str().into());
        }
    }
    key.sign(&claims, provider.key_id.as_deref())
}

fn claims(provider: &Provider, client_id: &str, fresh: &AssertionSeed) -> Map<String, Value> {
    let now = fresh.now.timestamp();
    [
        ("iss", client_id.into()),
        ("sub", client_id.into()),
        ("aud", provider.assertion_audience.as_str().into()),
        ("jti", URL_SAFE_NO_PAD.encode(fresh.id).into()),
        ("iat", now.into()),
        ("exp", (now + LIFE_SECS).into()),
    ]
    .into_iter()
    .map(|(name, value): (&str, Value)| (name.to_owned(), value))
    .collect()
}

#[cfg(test)]
#[path = "assertion_tests.rs"]
mod tests;
