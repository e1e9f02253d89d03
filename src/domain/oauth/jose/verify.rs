//! Whether a signature is an issuer's (RFC 7515, section 5.2).
//!
//! Owns the choice of the key. Invariants: the algorithm is the key's, never only the token's own word
//! for it, and a shared secret is only ever the client's; of a set of keys a bounded number is read.

use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation};
use serde_json::Value;

use super::backend;
use crate::base::secret::ClientSecret;
use crate::domain::oauth::id_token::Doubt;
use crate::domain::token::jwt;

/// The most keys of a set that are read.
const KEYS_MAX: usize = 100;

/// The keys of an issuer (RFC 7517, section 5).
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<Jwk>);

impl Keys {
    /// Reads a set of keys; one of an unknown form is left out. `None` where it is no set.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut value: Value = serde_json::from_slice(body).ok()?;
        let Some(Value::Array(keys)) = value.get_mut("keys").map(Value::take) else { return None };
        let read = keys.into_iter().take(KEYS_MAX).filter_map(|key| serde_json::from_value(key).ok());
        Some(Self(read.collect()))
    }

    /// The keys that a token may be signed with.
    fn of<'k>(&'k self, alg: Algorithm, id: Option<&str>) -> impl Iterator<Item = &'k Jwk> {
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

/// Which algorithm a token says that it is signed with, and by which key.
fn said(token: &str) -> Result<(Algorithm, Option<String>), Doubt> {
    let header = jwt::header(token).ok_or(Doubt::Unreadable)?;
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    let alg = text("alg").ok_or(Doubt::Unreadable)?;
    if alg.eq_ignore_ascii_case("none") {
        return Err(Doubt::Unsigned);
    }
    // What a header calls critical must be understood (section 4.1.11), and nothing is that may be there.
    let alg = alg.parse().ok().filter(|_| header.get("crit").is_none()).ok_or(Doubt::UnknownAlg)?;
    Ok((alg, text("kid").map(str::to_owned)))
}

/// Whether the issuer's keys are needed: not for a token under the client secret.
///
/// # Errors
/// [`Doubt`] where no key could verify the token.
pub fn needs_keys(token: &str) -> Result<bool, Doubt> {
    said(token).map(|(alg, _)| alg.family() != AlgorithmFamily::Hmac)
}

/// The claims of a token whose signature was verified.
///
/// # Errors
/// [`Doubt`]: why it was not.
pub fn verified(token: &str, keys: &Keys, secret: Option<&ClientSecret>) -> Result<Value, Doubt> {
    backend::install();
    let (alg, id) = said(token)?;
    let mut validation = Validation::new(alg);
    // Times, issuer and audience are compared where the clock and the account are known.
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_aud) = (false, false);
    let claims = |key: &DecodingKey| {
        let decoded = jsonwebtoken::decode::<Value>(token, key, &validation);
        decoded.map(|decoded| decoded.claims).map_err(|_| Doubt::WrongSignature)
    };
    if alg.family() == AlgorithmFamily::Hmac {
        let secret = secret.filter(|secret| !secret.is_empty()).ok_or(Doubt::NoSecret)?;
        return claims(&DecodingKey::from_secret(secret.expose().as_bytes()));
    }
    let mut doubt = Doubt::UnknownKey;
    for key in keys.of(alg, id.as_deref()) {
        match DecodingKey::from_jwk(key).map_err(|_| Doubt::UnknownKey).and_then(|key| claims(&key)) {
            Ok(claims) => return Ok(claims),
            Err(error) => doubt = error,
        }
    }
    Err(doubt)
}
