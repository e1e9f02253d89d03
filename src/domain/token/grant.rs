//! The tokens from a token endpoint, and their facts that are not secret.
//!
//! Invariant: facts hold no part of a secret, so they may be cached and shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::base::secret::{AccessToken, IdToken, RefreshToken};
use crate::domain::oauth::id_token::IdTokenStatus;
use crate::domain::time_parse;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpirySource {
    /// The token response: `expires_in` or `expires_at`.
    Server,
    /// The token's own `exp` claim.
    Token,
    /// The provider's settings, since the server states no expiry.
    Assumed,
    /// The account's own note of its key's last day.
    Account,
    /// None: the expiry is unknown.
    Unknown,
}

impl ExpirySource {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Token => "token",
            Self::Assumed => "assumed",
            Self::Account => "account",
            Self::Unknown => "unknown",
        }
    }
}

/// The facts about a token, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenFacts {
    /// Increases with every token stored for the account.
    pub generation: u64,
    /// When its request was sent; the lifetime counts from here.
    #[serde(deserialize_with = "time_parse::stored")]
    pub received_at: DateTime<Utc>,
    #[serde(default, deserialize_with = "time_parse::stored_optional")]
    pub expires_at: Option<DateTime<Utc>>,
    pub expiry_source: ExpirySource,
    pub has_refresh_token: bool,
    #[serde(default, deserialize_with = "time_parse::stored_optional")]
    pub refresh_expires_at: Option<DateTime<Utc>>,
    /// The token type; `Bearer` if the server sent none.
    pub token_type: String,
    /// The granted scopes, if the server sent any.
    pub scope: Option<Vec<String>>,
    /// The server's clock minus this computer's, in seconds, if they differ by more than a minute.
    pub clock_skew_secs: Option<i64>,
    /// The verification status of the ID token, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<IdTokenStatus>,
    /// When every refresh token of this sign-in ends, if the provider sets such an end.
    #[serde(
        default,
        deserialize_with = "time_parse::stored_optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub sign_in_ends_at: Option<DateTime<Utc>>,
    /// Facts about the account from the provider's responses, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kept: BTreeMap<String, String>,
}

/// An account's tokens with their facts.
#[derive(Debug)]
pub struct Grant {
    pub access_token: AccessToken,
    pub refresh_token: Option<RefreshToken>,
    pub id_token: Option<IdToken>,
    /// The user name that belongs to the password of HTTP Basic.
    pub username: Option<String>,
    pub facts: TokenFacts,
}

impl TokenFacts {
    /// Returns true if there is a refresh token that is not known to have expired by `now`.
    pub fn can_refresh(&self, now: DateTime<Utc>) -> bool {
        self.has_refresh_token && self.refresh_expires_at.is_none_or(|end| now < end)
    }

    /// Takes over the previous refresh token's expiry, if known: its lifetime counts from the sign-in.
    pub fn keep_refresh_end(&mut self, before: Option<&Self>) {
        self.refresh_expires_at =
            before.and_then(|before| before.refresh_expires_at).or(self.refresh_expires_at);
    }

    /// Ends the refresh token with the sign-in, if that ends earlier.
    pub fn end_with_sign_in(&mut self) {
        if let Some(end) = self.sign_in_ends_at.filter(|_| self.has_refresh_token) {
            self.refresh_expires_at = Some(self.refresh_expires_at.map_or(end, |own| own.min(end)));
        }
    }
}

impl Grant {
    /// Sets the generation to one above the previous grant's. Takes over nothing else.
    #[must_use]
    pub fn following(mut self, before: Option<&Grant>) -> Self {
        if let Some(before) = before {
            self.facts.generation = before.facts.generation + 1;
        }
        self
    }

    /// Takes over what a refresh response omits: the refresh token with its expiry (RFC 6749, section 6), the
    /// ID token with its status, facts about the account, and the end of the sign-in. Only for a refresh: a sign-in may be another user's.
    #[must_use]
    pub fn inheriting_from(mut self, before: &Grant) -> Self {
        if self.refresh_token.is_none() {
            self.refresh_token = before.refresh_token.as_ref().map(RefreshToken::duplicate);
            self.facts.has_refresh_token = self.refresh_token.is_some();
            self.facts.refresh_expires_at = before.facts.refresh_expires_at;
        }
        if self.id_token.is_none() {
            self.id_token = before.id_token.as_ref().map(IdToken::duplicate);
            self.facts.id_token = before.facts.id_token;
        }
        for (name, value) in &before.facts.kept {
            self.facts.kept.entry(name.clone()).or_insert_with(|| value.clone());
        }
        self.facts.sign_in_ends_at = before.facts.sign_in_ends_at;
        self.facts.end_with_sign_in();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(refresh: Option<&str>, id: Option<&str>) -> Grant {
        let end = DateTime::from_timestamp(60, 0);
        Grant {
            access_token: AccessToken::new("a".to_owned()),
            refresh_token: refresh.map(|text| RefreshToken::new(text.to_owned())),
            id_token: id.map(|text| IdToken::new(text.to_owned())),
            username: None,
            facts: TokenFacts {
                generation: 1,
                received_at: DateTime::UNIX_EPOCH,
                expires_at: None,
                expiry_source: ExpirySource::Unknown,
                has_refresh_token: refresh.is_some(),
                refresh_expires_at: refresh.and(end),
                token_type: "Bearer".to_owned(),
                scope: None,
                clock_skew_secs: None,
                id_token: None,
                sign_in_ends_at: None,
                kept: [].into(),
            },
        }
    }

    #[test]
    fn r7_a_refresh_without_a_refresh_token_keeps_the_old_one() {
        let before = grant(Some("old"), Some("id"));
        let kept = grant(None, None).following(Some(&before)).inheriting_from(&before);
        assert_eq!(kept.refresh_token.as_ref().map(RefreshToken::expose), Some("old"));
        assert_eq!(kept.id_token.as_ref().map(IdToken::expose), Some("id"));
        assert_eq!((kept.facts.generation, kept.facts.has_refresh_token), (2, true));
        assert_eq!(kept.facts.refresh_expires_at, before.facts.refresh_expires_at);
        let rotated = grant(Some("new"), None).following(Some(&kept)).inheriting_from(&kept);
        assert_eq!(rotated.refresh_token.as_ref().map(RefreshToken::expose), Some("new"));
        assert_eq!(rotated.facts.generation, 3);
    }

    #[test]
    fn r9_a_sign_in_counts_on_and_takes_over_nothing() {
        let before = grant(Some("old"), Some("id"));
        let after = grant(None, None).following(Some(&before));
        assert!(after.refresh_token.is_none() && after.id_token.is_none());
        assert_eq!((after.facts.generation, after.facts.has_refresh_token), (2, false));
        assert_eq!((after.facts.refresh_expires_at, after.facts.id_token), (None, None));
        assert_eq!(grant(None, None).following(None).facts.generation, 1);
    }

    #[test]
    fn a_life_that_counts_from_the_sign_in_is_not_lengthened() {
        let before = grant(Some("old"), None);
        let mut rotated = grant(Some("new"), None).facts;
        rotated.refresh_expires_at = DateTime::from_timestamp(90, 0);
        rotated.keep_refresh_end(None);
        assert_eq!(rotated.refresh_expires_at, DateTime::from_timestamp(90, 0));
        rotated.keep_refresh_end(Some(&before.facts));
        assert_eq!(rotated.refresh_expires_at, before.facts.refresh_expires_at);
    }
}
