//! The claims of client assertions (RFC 7523).
//!
//! Invariant: each assertion has its own ID, a short lifetime and one audience, so a copy is useless.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{KeyError, SigningKey};
use crate::base::secret::SecretText;
use crate::domain::provider::Provider;

/// The lifetime of an assertion in seconds: enough for small clock differences.
const LIFE_SECS: i64 = 120;

/// The values that make an assertion unique.
#[derive(Debug, Clone, Copy)]
pub struct AssertionSeed {
    pub now: DateTime<Utc>,
    /// Random bytes for its ID (`jti`).
    pub id: [u8; 16],
}

/// Builds an assertion for client authentication (RFC 7523, section 3).
pub fn of_client(
    provider: &Provider,
    client_id: &str,
    key: &SigningKey,
    fresh: &AssertionSeed,
) -> Result<SecretText, KeyError> {
    key.sign(&claims(provider, client_id, fresh), provider.key_id.as_deref())
}

/// Builds an assertion used as a grant (RFC 7523, section 2.1). The scope is one of its claims, as Google
/// expects.
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
        // Extra claims can't set what makes an assertion unique.
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
