//! ID tokens (`OpenID` Connect Core, section 2): checks that one is the issuer's and made for this client.
//!
//! Invariant: a token counts as verified only after every check; otherwise the reason is kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;

use super::issuer::is_same;
pub use super::jose::IdTokenFlaw;
use super::jose::{self, Keys};
use crate::base::secret::{AccessToken, ClientSecret, IdToken};
use crate::domain::time_parse;
use crate::domain::token::jwt;

const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// The verification status of an ID token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdTokenStatus {
    Unchecked,
    /// On receipt, the issuer's signature was valid and the token was made for this client.
    Verified,
    Doubted(IdTokenFlaw),
}

/// The values to verify an ID token against (section 3.1.3.7).
#[derive(Clone, Copy)]
pub struct Held<'a> {
    /// The issuer identifier or its template, if the account has one.
    pub issuer: Option<&'a str>,
    pub client_id: &'a str,
    /// The client secret, with which some servers sign.
    pub secret: Option<&'a ClientSecret>,
    /// The access token of the same response.
    pub access_token: &'a AccessToken,
    /// The current time by the server's clock.
    pub now: DateTime<Utc>,
}

/// Returns true if an ID token repeats the nonce of a sign-in (section 3.1.3.7, point 11).
pub fn repeats(token: &IdToken, nonce: &str) -> bool {
    let claims = jwt::claims(token.expose());
    let repeated = claims.as_ref().and_then(|claims| claims.get("nonce")?.as_str());
    repeated.is_some_and(|repeated| bool::from(repeated.as_bytes().ct_eq(nonce.as_bytes())))
}

/// Returns true if an ID token can't be read here (encrypted or malformed), so it can't be compared with a
/// sign-in.
pub fn is_unreadable(token: &IdToken) -> bool {
    jwt::claims(token.expose()).is_none()
}

/// When an ID token expires, by this computer's clock; `None` if it can't be read here. `clock_skew_secs` is
/// the server's clock minus this computer's.
pub fn expires_at(token: &IdToken, clock_skew_secs: Option<i64>) -> Option<DateTime<Utc>> {
    let skew = TimeDelta::seconds(clock_skew_secs.unwrap_or_default());
    time_parse::before(jwt::exp(token.expose())?, skew)
}

/// Returns true if a refreshed ID token has the same issuer and subject as the previous one (section 12.2). A
/// claim that is missing or unreadable in either is ignored.
pub fn is_same_subject(before: &IdToken, after: &IdToken) -> bool {
    let (Some(before), Some(after)) = (jwt::claims(before.expose()), jwt::claims(after.expose())) else {
        return true;
    };
    ["iss", "sub"].into_iter().all(|claim| match (before.get(claim), after.get(claim)) {
        (Some(before), Some(after)) => before == after,
        _ => true,
    })
}

/// Verifies that an ID token is from the issuer, for this client (section 3.1.3.7), and for the access token
/// if it names one (section 3.1.3.8).
pub fn verify(token: &IdToken, keys: &Keys, held: &Held<'_>) -> Result<(), IdTokenFlaw> {
    let claims = jose::verified(token.expose(), keys, held.secret)?;
    let issuer = held.issuer.ok_or(IdTokenFlaw::NoIssuer)?;
    if !claims.get("iss").and_then(Value::as_str).is_some_and(|said| is_same(issuer, said)) {
        return Err(IdTokenFlaw::WrongIssuer);
    }
    let is_ours = |value: &Value| value.as_str() == Some(held.client_id);
    let azp = claims.get("azp");
    let for_us = match claims.get("aud") {
        // With several audiences, `azp` must name this client.
        Some(Value::Array(items)) => items.iter().any(is_ours) && (items.len() == 1 || azp.is_some()),
        Some(one) => is_ours(one),
        None => false,
    };
    if !for_us || azp.is_some_and(|azp| !is_ours(azp)) {
        return Err(IdTokenFlaw::WrongAudience);
    }
    if claims.get("at_hash").is_some_and(|said| !is_hash(said, token, held.access_token)) {
        return Err(IdTokenFlaw::OtherToken);
    }
    let end = claims.get("exp").and_then(time_parse::epoch).and_then(|end| end.checked_add_signed(LEEWAY));
    if end.is_none_or(|end| held.now >= end) { Err(IdTokenFlaw::Expired) } else { Ok(()) }
}

/// Returns true if a claim is the left half of an access token's hash (section 3.1.3.6). The hash has the
/// size of the signature's; for other signatures it is undefined.
fn is_hash(said: &Value, token: &IdToken, access_token: &AccessToken) -> bool {
    let header = jwt::header(token.expose());
    let bits = header.as_ref().and_then(|header| header.get("alg")?.as_str()?.get(2..));
    let access = access_token.expose().as_bytes();
    let digest = match bits {
        Some("256") => Sha256::digest(access).to_vec(),
        Some("384") => Sha384::digest(access).to_vec(),
        Some("512") => Sha512::digest(access).to_vec(),
        _ => return true,
    };
    let expected = URL_SAFE_NO_PAD.encode(&digest[..digest.len() / 2]);
    said.as_str().is_some_and(|said| said.trim_end_matches('=') == expected)
}

#[cfg(test)]
#[path = "id_token_tests.rs"]
mod tests;
