//! Verifies an issuer's signature (RFC 7515, section 5.2).
//!
//! Invariants: the algorithm is the key's, never only the token's claim; a shared secret is only ever the
//! client's; the number of keys read from a set is bounded.

use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::backend;
use crate::base::secret::ClientSecret;
use crate::domain::token::jwt;

const KEYS_MAX: usize = 100;

/// Why an ID token was not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdTokenFlaw {
    /// Not a signed token in compact form. Encrypted tokens are not supported.
    Unreadable,
    /// Unsigned (`alg` is `none`).
    Unsigned,
    /// Signed with an algorithm that Keyfob doesn't support.
    UnknownAlg,
    /// Signed with a client secret, and this account has none.
    NoSecret,
    /// The account has no JWKS URI.
    NoKeys,
    /// The issuer's keys could not be fetched.
    KeysUnreachable,
    /// The issuer has no key with the token's key ID.
    UnknownKey,
    WrongSignature,
    NoIssuer,
    WrongIssuer,
    /// It was made for another client.
    WrongAudience,
    /// Issued with another access token than the one it came with.
    OtherToken,
    /// Expired on receipt, or without an expiry.
    Expired,
}

impl IdTokenFlaw {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Unsigned => "unsigned",
            Self::UnknownAlg => "unknown_alg",
            Self::NoSecret => "no_secret",
            Self::NoKeys => "no_keys",
            Self::KeysUnreachable => "keys_unreachable",
            Self::UnknownKey => "unknown_key",
            Self::WrongSignature => "wrong_signature",
            Self::NoIssuer => "no_issuer",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::OtherToken => "other_token",
            Self::Expired => "expired",
        }
    }
}

/// The keys of an issuer (RFC 7517, section 5).
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<Jwk>);

impl Keys {
    /// Reads a key set and leaves out keys of an unknown form. `None` if it is not a key set.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut value: Value = serde_json::from_slice(body).ok()?;
        let Some(Value::Array(keys)) = value.get_mut("keys").map(Value::take) else { return None };
        let read = keys.into_iter().take(KEYS_MAX).filter_map(|key| serde_json::from_value(key).ok());
        Some(Self(read.collect()))
    }

    fn candidates<'k>(&'k self, alg: Algorithm, id: Option<&str>) -> impl Iterator<Item = &'k Jwk> {
        let fits = move |key: &&Jwk| {
            let of_alg = key.common.key_algorithm.is_none_or(|named| Algorithm::try_from(named) == Ok(alg));
            let to_sign = !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
            let family = DecodingKey::from_jwk(key).map(|key| key.family());
            of_alg && to_sign && family.is_ok_and(|family| family == alg.family())
        };
        let id = id.map(str::to_owned);
        let named = move |key: &&Jwk| id.is_none() || key.common.key_id == id;
        self.0.iter().filter(fits).filter(named)
    }
}

fn algorithm_and_key_id(token: &str) -> Result<(Algorithm, Option<String>), IdTokenFlaw> {
    let header = jwt::header(token).ok_or(IdTokenFlaw::Unreadable)?;
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    let alg = text("alg").ok_or(IdTokenFlaw::Unreadable)?;
    if alg.eq_ignore_ascii_case("none") {
        return Err(IdTokenFlaw::Unsigned);
    }
    // A header marked critical must be understood (section 4.1.11). Keyfob supports none.
    let alg = alg.parse().ok().filter(|_| header.get("crit").is_none()).ok_or(IdTokenFlaw::UnknownAlg)?;
    Ok((alg, text("kid").map(str::to_owned)))
}

/// Returns true if the issuer's keys are needed; false for a token signed with the client secret.
pub fn needs_keys(token: &str) -> Result<bool, IdTokenFlaw> {
    algorithm_and_key_id(token).map(|(alg, _)| alg.family() != AlgorithmFamily::Hmac)
}

/// Verifies a token's signature and returns its claims.
pub fn verified(token: &str, keys: &Keys, secret: Option<&ClientSecret>) -> Result<Value, IdTokenFlaw> {
    backend::install();
    let (alg, id) = algorithm_and_key_id(token)?;
    let mut validation = Validation::new(alg);
    // The caller, which has the clock and the account, compares times, issuer and audience.
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_aud) = (false, false);
    let claims = |key: &DecodingKey| {
        let decoded = jsonwebtoken::decode::<Value>(token, key, &validation);
        decoded.map(|decoded| decoded.claims).map_err(|_| IdTokenFlaw::WrongSignature)
    };
    if alg.family() == AlgorithmFamily::Hmac {
        let secret = secret.filter(|secret| !secret.is_empty()).ok_or(IdTokenFlaw::NoSecret)?;
        return claims(&DecodingKey::from_secret(secret.expose().as_bytes()));
    }
    let mut doubt = IdTokenFlaw::UnknownKey;
    for key in keys.candidates(alg, id.as_deref()) {
        match DecodingKey::from_jwk(key).map_err(|_| IdTokenFlaw::UnknownKey).and_then(|key| claims(&key)) {
            Ok(claims) => return Ok(claims),
            Err(error) => doubt = error,
        }
    }
    Err(doubt)
}
