//! The tokens of an account, in an export.
//!
//! Owns the keys of that table. Invariant: a moment that can't be read is a mistake, never now.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use crate::domain::moment;
use crate::domain::tokens::{ExpirySource, Grant, TokenFacts};
use crate::secret::{AccessToken, IdToken, Kind, RefreshToken, Secret};

/// An account's tokens, as a file holds them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tokens {
    #[serde(deserialize_with = "secret")]
    access_token: AccessToken,
    #[serde(default, deserialize_with = "optional_secret")]
    refresh_token: Option<RefreshToken>,
    #[serde(default, deserialize_with = "optional_secret")]
    id_token: Option<IdToken>,
    received_at: String,
    expires_at: Option<String>,
    #[serde(default = "unknown")]
    expiry_source: ExpirySource,
    refresh_expires_at: Option<String>,
    #[serde(default = "bearer")]
    token_type: String,
    scopes: Option<Vec<String>>,
}

fn unknown() -> ExpirySource {
    ExpirySource::Unknown
}

fn bearer() -> String {
    "Bearer".to_owned()
}

fn secret<'de, K: Kind, D: Deserializer<'de>>(deserializer: D) -> Result<Secret<K>, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

fn optional_secret<'de, K: Kind, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Secret<K>>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}

impl Tokens {
    /// The grant, as the first of its account; or the key whose moment can't be read.
    pub(super) fn into_grant(self) -> Result<Grant, &'static str> {
        let optional = |key, text: Option<String>| text.map(|text| moment(key, &text)).transpose();
        Ok(Grant {
            facts: TokenFacts {
                generation: 1,
                received_at: moment("received_at", &self.received_at)?,
                expires_at: optional("expires_at", self.expires_at)?,
                expiry_source: self.expiry_source,
                has_refresh_token: self.refresh_token.is_some(),
                refresh_expires_at: optional("refresh_expires_at", self.refresh_expires_at)?,
                token_type: self.token_type,
                scope: self.scopes,
                clock_skew_secs: None,
                id_token: None,
            },
            access_token: self.access_token,
            refresh_token: self.refresh_token,
            id_token: self.id_token,
        })
    }
}

fn moment(key: &'static str, text: &str) -> Result<DateTime<Utc>, &'static str> {
    moment::rfc3339(text).ok_or(key)
}
