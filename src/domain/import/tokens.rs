//! The tokens of an account in an export.
//!
//! Invariants: an unreadable time is a mistake and never means now; tokens pass the same checks as those of a
//! server.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use crate::base::secret::{AccessToken, IdToken, Kind, RefreshToken, Secret};
use crate::domain::oauth::id_token::IdTokenStatus;
use crate::domain::oauth::token_syntax;
use crate::domain::oauth::token_syntax::is_token;
use crate::domain::provider::facts;
use crate::domain::time_parse;
use crate::domain::token::grant::{ExpirySource, Grant, TokenFacts};

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
    sign_in_ends_at: Option<String>,
    #[serde(default)]
    facts: BTreeMap<String, String>,
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

/// A key of the table, and what is wrong with its value.
pub(super) struct Mistake {
    pub(super) key: &'static str,
    pub(super) what: &'static str,
}

impl Tokens {
    /// The first grant of its account.
    pub(super) fn into_grant(self) -> Result<Grant, Mistake> {
        // For a pasted refresh token alone, an export has an empty access token.
        if !self.access_token.is_empty() || self.refresh_token.is_none() {
            check("access_token", Some(&self.access_token))?;
        }
        check("refresh_token", self.refresh_token.as_ref())?;
        check("id_token", self.id_token.as_ref())?;
        let what = "is not a token type such as \"Bearer\"";
        let token_type = token_syntax::token_type(&self.token_type);
        let token_type = token_type.ok_or(Mistake { key: "token_type", what })?;
        if !self.scopes.iter().flatten().all(|scope| token_syntax::is_scope(scope)) {
            let what = "has a scope that is empty or contains a control character";
            return Err(Mistake { key: "scopes", what });
        }
        if !self.facts.values().all(|value| facts::is_kept(value)) {
            return Err(Mistake {
                key: "facts",
                what: "has a value that is empty, too long, or can't be seen",
            });
        }
        let optional = |key, text: Option<String>| text.map(|text| moment(key, &text)).transpose();
        Ok(Grant {
            facts: TokenFacts {
                generation: 1,
                received_at: moment("received_at", &self.received_at)?,
                expires_at: optional("expires_at", self.expires_at)?,
                expiry_source: self.expiry_source,
                has_refresh_token: self.refresh_token.is_some(),
                refresh_expires_at: optional("refresh_expires_at", self.refresh_expires_at)?,
                token_type,
                scope: self.scopes,
                clock_skew_secs: None,
                id_token: self.id_token.as_ref().map(|_| IdTokenStatus::Unchecked),
                sign_in_ends_at: optional("sign_in_ends_at", self.sign_in_ends_at)?,
                kept: self.facts,
            },
            access_token: self.access_token,
            refresh_token: self.refresh_token,
            id_token: self.id_token,
            username: None,
        })
    }
}

fn check<K: Kind>(key: &'static str, token: Option<&Secret<K>>) -> Result<(), Mistake> {
    let what = "may contain only printable ASCII characters without spaces";
    if token.is_none_or(|token| is_token(token.expose())) { Ok(()) } else { Err(Mistake { key, what }) }
}

fn moment(key: &'static str, text: &str) -> Result<DateTime<Utc>, Mistake> {
    let what = "must be a time such as \"2030-01-31T12:00:00Z\"";
    time_parse::rfc3339(text).ok_or(Mistake { key, what })
}
