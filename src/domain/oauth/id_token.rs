//! ID tokens (`OpenID` Connect Core, section 2): whether one is the issuer's, and this client's.
//!
//! Owns that verdict. Invariant: nothing is taken for verified that was not, and why not is kept.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;

use super::issuer::is_same;
use super::jose::{self, Keys};
use crate::base::secret::{AccessToken, ClientSecret, IdToken};
use crate::domain::time_parse;
use crate::domain::token::jwt;

/// By how much the clocks may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// What is known of an ID token's origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdTokenStatus {
    /// Nobody has looked yet.
    Unchecked,
    /// When it came, its signature was the issuer's, and it was made for this client.
    Verified,
    /// It was not verified.
    Doubted(Doubt),
}

/// Why an ID token was not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// It is no signed token in compact form; an encrypted one isn't, either.
    Unreadable,
    /// It says that it is not signed (`alg` is `none`).
    Unsigned,
    /// It is signed in a way that Keyfob doesn't know.
    UnknownAlg,
    /// It is signed under a client secret, of which this account has none.
    NoSecret,
    /// The account doesn't say where the issuer's keys are.
    NoKeys,
    /// The issuer's keys could not be fetched.
    KeysUnreachable,
    /// None of the issuer's keys is the one that it names.
    UnknownKey,
    /// The signature is wrong.
    WrongSignature,
    /// The account doesn't say who the issuer is.
    NoIssuer,
    /// It is from another issuer.
    WrongIssuer,
    /// It was made for another client.
    WrongAudience,
    /// It goes with another access token than the one it came with.
    OtherToken,
    /// It had expired when it came, or doesn't say when it does.
    Expired,
}

impl Doubt {
    /// The word in files and in JSON output.
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

/// What an ID token is held against (section 3.1.3.7).
#[derive(Clone, Copy)]
pub struct Held<'a> {
    /// The issuer identifier, where the account has it, or its template.
    pub issuer: Option<&'a str>,
    /// The client ID.
    pub client_id: &'a str,
    /// The client secret, under which some servers sign.
    pub secret: Option<&'a ClientSecret>,
    /// The access token that it came with.
    pub access_token: &'a AccessToken,
    /// The time, by the server's clock.
    pub now: DateTime<Utc>,
}

/// Whether an ID token repeats the nonce of a sign-in (section 3.1.3.7, point 11).
pub fn repeats(token: &IdToken, nonce: &str) -> bool {
    let claims = jwt::claims(token.expose());
    let repeated = claims.as_ref().and_then(|claims| claims.get("nonce")?.as_str());
    repeated.is_some_and(|repeated| bool::from(repeated.as_bytes().ct_eq(nonce.as_bytes())))
}

/// Whether an ID token can't be read here, so that it tells nothing of the sign-in it was made for: it is
/// encrypted, or none at all.
pub fn is_unreadable(token: &IdToken) -> bool {
    jwt::claims(token.expose()).is_none()
}

/// Whether the ID token that a refresh brought is of the same issuer and subject as the one before it
/// (section 12.2). A claim that one of them doesn't have, or that can't be read, tells nothing.
pub fn is_same_subject(before: &IdToken, after: &IdToken) -> bool {
    let (Some(before), Some(after)) = (jwt::claims(before.expose()), jwt::claims(after.expose())) else {
        return true;
    };
    ["iss", "sub"].into_iter().all(|claim| match (before.get(claim), after.get(claim)) {
        (Some(before), Some(after)) => before == after,
        _ => true,
    })
}

/// Whether an ID token is the issuer's, and this client's (section 3.1.3.7), and goes with the access token
/// where it names one (section 3.1.3.8).
///
/// # Errors
/// [`Doubt`]: why not, or why that can't be known.
pub fn verify(token: &IdToken, keys: &Keys, held: &Held<'_>) -> Result<(), Doubt> {
    let claims = jose::verified(token.expose(), keys, held.secret)?;
    let issuer = held.issuer.ok_or(Doubt::NoIssuer)?;
    if !claims.get("iss").and_then(Value::as_str).is_some_and(|said| is_same(issuer, said)) {
        return Err(Doubt::WrongIssuer);
    }
    let is_ours = |value: &Value| value.as_str() == Some(held.client_id);
    let azp = claims.get("azp");
    let for_us = match claims.get("aud") {
        // Of several, the one that it was made for is named besides.
        Some(Value::Array(items)) => items.iter().any(is_ours) && (items.len() == 1 || azp.is_some()),
        Some(one) => is_ours(one),
        None => false,
    };
    if !for_us || azp.is_some_and(|azp| !is_ours(azp)) {
        return Err(Doubt::WrongAudience);
    }
    if claims.get("at_hash").is_some_and(|said| !is_hash(said, token, held.access_token)) {
        return Err(Doubt::OtherToken);
    }
    let end = claims.get("exp").and_then(time_parse::epoch).and_then(|end| end.checked_add_signed(LEEWAY));
    if end.is_none_or(|end| held.now >= end) { Err(Doubt::Expired) } else { Ok(()) }
}

/// Whether a claim is the left half of an access token's hash (section 3.1.3.6), which is of as many bits as the
/// signature's; of other signatures it isn't said.
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
