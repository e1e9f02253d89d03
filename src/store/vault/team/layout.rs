//! The three records of a team account, as other tools can read them.
//!
//! `spec` is the account with its client's secrets, `grant` the refresh token with the claim of the machine
//! that is about to use it, and `access` the access token with what is needed to list and use the account.
//! Invariant: neither a refresh token nor a client's secret is ever part of `access`.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::base::secret::{AccessToken, IdToken, RefreshToken, Secret, SecretText};
use crate::domain::account::{Account, AccountId, AccountName, Revision, Settings};
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::id_token::IdTokenStatus;
use crate::domain::provider::destinations::Destinations;
use crate::domain::provider::spec::ApiUse;
use crate::domain::provider::{Preset, Provider};
use crate::domain::time_parse;
use crate::domain::token::grant::{ExpirySource, Grant, TokenFacts};
use crate::store::vault::VaultError;
use crate::store::vault::client_record::ClientRecord;
use crate::store::vault::records::{self, VERSION, decode, encode, optional_secret};

/// A machine's announcement that it is about to spend the refresh token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    pub by: String,
    /// Random; tells a machine whether a claim is its own.
    pub nonce: String,
    #[serde(deserialize_with = "time_parse::stored")]
    pub at: DateTime<Utc>,
}

/// The record `grant`.
#[derive(Debug, Default)]
pub(super) struct GrantRecord {
    /// The generation of the token that the refresh token came with.
    pub(super) generation: u64,
    pub(super) refresh_token: Option<RefreshToken>,
    pub(super) claim: Option<Claim>,
}

#[derive(Serialize)]
struct GrantOut<'a> {
    v: u32,
    generation: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<&'a Claim>,
    changed_by: &'a str,
}

#[derive(Deserialize)]
struct GrantIn {
    #[serde(default)]
    generation: u64,
    #[serde(default, deserialize_with = "optional_secret")]
    refresh_token: Option<RefreshToken>,
    #[serde(default)]
    claim: Option<Claim>,
}

impl GrantRecord {
    pub(super) fn encode(&self, by: &str) -> Result<SecretText, VaultError> {
        encode(&GrantOut {
            v: VERSION,
            generation: self.generation,
            refresh_token: self.refresh_token.as_ref().map(Secret::expose),
            claim: self.claim.as_ref(),
            changed_by: by,
        })
    }

    pub(super) fn decode(line: &SecretText) -> Result<Self, VaultError> {
        let GrantIn { generation, refresh_token, claim } = decode(line)?;
        Ok(Self { generation, refresh_token, claim })
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_same_token = match (&self.refresh_token, &other.refresh_token) {
            (Some(one), Some(other)) => one.expose() == other.expose(),
            (one, other) => one.is_none() && other.is_none(),
        };
        is_same_token && self.generation == other.generation && self.claim == other.claim
    }
}

/// The tokens in `access`.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) access_token: AccessToken,
    pub(super) id_token: Option<IdToken>,
    pub(super) facts: TokenFacts,
}

/// The record `access`.
#[derive(Debug)]
pub(super) struct AccessRecord {
    pub(super) account: Account,
    pub(super) destinations: Option<Destinations>,
    pub(super) tokens: Option<Tokens>,
    /// The generation of the last token, kept after its removal.
    pub(super) generation: u64,
    /// The machine that wrote the record.
    pub(super) changed_by: String,
}

#[derive(Serialize)]
struct AccessOut<'a> {
    v: u32,
    name: &'a str,
    provider: &'a str,
    grant: GrantType,
    /// How the API takes the token.
    api: &'a ApiUse,
    revision: Revision,
    settings: &'a Settings,
    #[serde(skip_serializing_if = "Option::is_none")]
    destinations: Option<&'a Destinations>,
    generation: u64,
    #[serde(flatten)]
    token: Option<TokenOut<'a>>,
    changed_by: &'a str,
}

#[derive(Serialize)]
struct TokenOut<'a> {
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    token_type: &'a str,
    scope: Option<&'a [String]>,
    received_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    expiry_source: ExpirySource,
    has_refresh_token: bool,
    refresh_expires_at: Option<DateTime<Utc>>,
    clock_skew_secs: Option<i64>,
    id_token_status: Option<IdTokenStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_in_ends_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    facts: &'a BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct AccessIn {
    name: AccountName,
    revision: Revision,
    settings: Settings,
    #[serde(default)]
    destinations: Option<Destinations>,
    #[serde(default)]
    generation: u64,
    #[serde(default, deserialize_with = "optional_secret")]
    access_token: Option<AccessToken>,
    #[serde(default, deserialize_with = "optional_secret")]
    id_token: Option<IdToken>,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    scope: Option<Vec<String>>,
    #[serde(default, deserialize_with = "time_parse::stored_optional")]
    received_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "time_parse::stored_optional")]
    expires_at: Option<DateTime<Utc>>,
    #[serde(default)]
    expiry_source: Option<ExpirySource>,
    #[serde(default)]
    has_refresh_token: bool,
    #[serde(default, deserialize_with = "time_parse::stored_optional")]
    refresh_expires_at: Option<DateTime<Utc>>,
    #[serde(default)]
    clock_skew_secs: Option<i64>,
    #[serde(default)]
    id_token_status: Option<IdTokenStatus>,
    #[serde(default, deserialize_with = "time_parse::stored_optional")]
    sign_in_ends_at: Option<DateTime<Utc>>,
    #[serde(default)]
    facts: BTreeMap<String, String>,
    #[serde(default)]
    changed_by: String,
}

impl AccessRecord {
    /// The record of an account without tokens.
    pub(super) fn of(record: &ClientRecord) -> Self {
        Self {
            account: record.account().clone(),
            destinations: record.stored_destinations().cloned(),
            tokens: None,
            generation: 0,
            changed_by: String::new(),
        }
    }

    /// Encodes the record with times by the server's clock, which this computer's is `ahead` of.
    pub(super) fn encode(
        &self,
        presets: &[Preset],
        by: &str,
        ahead: TimeDelta,
    ) -> Result<SecretText, VaultError> {
        let Account { revision, name, settings, .. } = &self.account;
        let api = Provider::resolve(presets, settings).map(|it| it.api).unwrap_or_default();
        encode(&AccessOut {
            v: VERSION,
            name: name.as_str(),
            provider: &settings.provider,
            grant: settings.grant,
            api: &api,
            revision: *revision,
            settings,
            destinations: self.destinations.as_ref(),
            generation: self.generation,
            token: self.tokens.as_ref().map(|Tokens { access_token, id_token, facts }| TokenOut {
                access_token: access_token.expose(),
                id_token: id_token.as_ref().map(Secret::expose),
                token_type: &facts.token_type,
                scope: facts.scope.as_deref(),
                received_at: facts.received_at - ahead,
                expires_at: facts.expires_at.map(|at| at - ahead),
                expiry_source: facts.expiry_source,
                has_refresh_token: facts.has_refresh_token,
                refresh_expires_at: facts.refresh_expires_at.map(|at| at - ahead),
                clock_skew_secs: facts.clock_skew_secs,
                id_token_status: facts.id_token,
                sign_in_ends_at: facts.sign_in_ends_at.map(|at| at - ahead),
                facts: &facts.kept,
            }),
            changed_by: by,
        })
    }

    /// Decodes a record; its times are then by this computer's clock.
    pub(super) fn decode(id: &AccountId, line: &SecretText, ahead: TimeDelta) -> Result<Self, VaultError> {
        let read: AccessIn = decode(line)?;
        let account =
            Account { id: id.clone(), revision: read.revision, name: read.name, settings: read.settings };
        let tokens = match (read.access_token, read.received_at) {
            (Some(access_token), Some(received_at)) => Some(Tokens {
                access_token,
                id_token: read.id_token,
                facts: TokenFacts {
                    generation: read.generation,
                    received_at: received_at + ahead,
                    expires_at: read.expires_at.map(|at| at + ahead),
                    expiry_source: read.expiry_source.unwrap_or(ExpirySource::Unknown),
                    has_refresh_token: read.has_refresh_token,
                    refresh_expires_at: read.refresh_expires_at.map(|at| at + ahead),
                    token_type: read.token_type.unwrap_or_else(|| "Bearer".to_owned()),
                    scope: read.scope,
                    clock_skew_secs: read.clock_skew_secs,
                    id_token: read.id_token_status,
                    sign_in_ends_at: read.sign_in_ends_at.map(|at| at + ahead),
                    kept: read.facts,
                },
            }),
            _ => None,
        };
        Ok(Self {
            account,
            destinations: read.destinations,
            tokens,
            generation: read.generation,
            changed_by: read.changed_by,
        })
    }

    pub(super) fn set_tokens(&mut self, grant: &Grant) {
        self.generation = grant.facts.generation;
        self.tokens = Some(Tokens {
            access_token: grant.access_token.duplicate(),
            id_token: grant.id_token.as_ref().map(Secret::duplicate),
            facts: grant.facts.clone(),
        });
    }

    /// The tokens without the refresh token, to hand out.
    pub(super) fn into_held(self) -> Option<Grant> {
        self.tokens.map(|Tokens { access_token, id_token, facts }| Grant {
            access_token,
            refresh_token: None,
            id_token,
            username: None,
            facts,
        })
    }
}

/// The record `spec`: the client's record as in every vault, and who wrote it.
pub(super) fn encode_spec(record: &ClientRecord, by: &str) -> Result<SecretText, VaultError> {
    let line = records::encode_client(record)?;
    let by = serde_json::to_string(by).map_err(|_| VaultError::Failed("a record could not be encoded"))?;
    // Measured first, so that the buffer never grows: growing would leave an unwiped copy.
    let mut text = String::with_capacity(line.len_bytes() + by.len() + 16);
    text.push_str(line.expose().trim_end_matches('}'));
    let closing = line.len_bytes() - text.len();
    // Braces of values that end the record stay; one closes the object.
    text.extend(std::iter::repeat_n('}', closing.saturating_sub(1)));
    text.push_str(",\"changed_by\":");
    text.push_str(&by);
    text.push('}');
    Ok(SecretText::new(text))
}

#[derive(Deserialize)]
struct ChangedBy {
    #[serde(default)]
    changed_by: String,
}

/// Who wrote a record.
pub(super) fn changed_by(line: &SecretText) -> String {
    serde_json::from_str::<ChangedBy>(line.expose()).map(|it| it.changed_by).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::vault::records::tests::{grant, id, record};

    #[test]
    fn m1_access_has_no_refresh_token_and_no_client_secret() {
        let mut access = AccessRecord::of(&record(1, "n"));
        access.set_tokens(&grant("CANARY-access", 3));
        let line = access.encode(&[], "ci", TimeDelta::hours(1)).unwrap();
        assert!(line.expose().contains(r#""access_token":"CANARY-access""#));
        for secret in ["rCANARY-access", "CANARY-1", "client_secret", "username"] {
            assert!(!line.expose().contains(secret), "{secret}");
        }
        let read = AccessRecord::decode(&id(1), &line, TimeDelta::hours(1)).unwrap();
        assert_eq!(read.account, access.account);
        assert_eq!(read.changed_by, "ci");
        assert_eq!(read.into_held().unwrap().facts, grant("x", 3).facts);
    }

    #[test]
    fn a_spec_is_read_as_any_client_record_and_names_its_writer() {
        let record = record(1, "n");
        let spec = encode_spec(&record, "ana's \"mac\" é").unwrap();
        assert_eq!(changed_by(&spec), "ana's \"mac\" é");
        let read = records::decode_client(&id(1), &spec).unwrap();
        let lines = [&record, &read].map(|one| records::encode_client(one).unwrap());
        assert!(records::is_same(&lines[0], &lines[1]));
    }

    #[test]
    fn a_grant_keeps_its_claim() {
        let claim = Claim { by: "ci".to_owned(), nonce: "n1".to_owned(), at: DateTime::UNIX_EPOCH };
        let record = GrantRecord {
            generation: 2,
            refresh_token: Some(RefreshToken::new("CANARY-r".to_owned())),
            claim: Some(claim.clone()),
        };
        let line = record.encode("ci").unwrap();
        assert!(line.expose().contains(r#""claim":{"by":"ci","nonce":"n1","at":"#));
        let read = GrantRecord::decode(&line).unwrap();
        assert_eq!((read.generation, read.claim), (2, Some(claim)));
        assert_eq!(read.refresh_token.unwrap().expose(), "CANARY-r");
    }
}
