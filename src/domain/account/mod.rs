//! Accounts: the user's names and settings, without secrets.
//!
//! Invariant: an [`AccountName`] is safe to show and compare; names that differ only in case are equal.

pub mod environment;
pub mod key_dates;
pub mod registration;
pub mod secret_binding;
pub mod secret_expiry;
pub mod status;
pub mod tags;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::oauth::grant_type::GrantType;
use super::provider::spec::ProviderSpec;
use crate::base::secret::{ApiKey, ClientSecret, HeaderValue, ParamValue, Password, PrivateKey};
use environment::Environment;
use key_dates::KeyDates;
use registration::Registration;
use tags::Tags;

/// Identifies an account for its whole life: 128 random bits in hexadecimal. The digits are stored inline,
/// since an ID is copied and compared more often than anything else among thousands of accounts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct AccountId([u8; 32]);

impl AccountId {
    pub fn from_random(bytes: [u8; 16]) -> Self {
        let mut digits = [0; 32];
        // It fails only for another length.
        let _ = hex::encode_to_slice(bytes, &mut digits);
        Self(digits)
    }

    /// Parses an ID; `None` unless it is 32 lowercase hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        text.as_bytes().try_into().ok().filter(|_| fits).map(Self)
    }

    pub fn as_str(&self) -> &str {
        // Always ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.as_str().to_owned()
    }
}

impl TryFrom<String> for AccountId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not an account's ID")
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountId({self})")
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Increases with every change of an account, so that a late response is recognised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    #[error("the name is empty")]
    Empty,
    /// More than [`AccountName::MAX_CHARS`] characters.
    #[error("the name is longer than 120 characters")]
    TooLong,
    #[error("the name has a character that can't be seen")]
    Unseen,
}

/// A name as the user wrote it, trimmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName {
    shown: String,
    key: String,
}

impl AccountName {
    pub const MAX_CHARS: usize = 120;

    pub fn new(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(NameError::TooLong);
        }
        if text.chars().any(crate::base::sanitize::is_deceptive) {
            return Err(NameError::Unseen);
        }
        Ok(Self { shown: text.to_owned(), key: text.to_lowercase() })
    }

    /// The name for display.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The lowercase form, which is equal for equal names.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl TryFrom<String> for AccountName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(&text)
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.shown
    }
}

/// The user's settings; the keys of the import file without the secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// A preset's ID, or `custom`.
    pub provider: String,
    pub grant: GrantType,
    /// Values of the preset's variables, such as a region.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// What differs from the preset, without what [`super::oauth::extra_params::move_secrets`] takes out.
    /// Copies share it, since it is most of an account's size.
    #[serde(default)]
    pub overrides: Arc<ProviderSpec>,
    /// Refresh before expiry in the background; `None` follows the grant: on if there is a refresh token, off
    /// if the grant would be repeated.
    #[serde(default)]
    pub background_refresh: Option<bool>,
    /// The last day of the client secret by the provider's page; only for a reminder.
    #[serde(default, deserialize_with = "secret_expiry::stored", skip_serializing_if = "Option::is_none")]
    pub client_secret_expires: Option<NaiveDate>,
    /// The days of an API key; only for reminders and its countdown.
    #[serde(default, skip_serializing_if = "KeyDates::is_empty")]
    pub key_dates: KeyDates,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
}

impl Settings {
    /// What differs from the preset, for a change that other copies don't see.
    pub fn overrides_mut(&mut self) -> &mut ProviderSpec {
        Arc::make_mut(&mut self.overrides)
    }
}

/// An account, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub revision: Revision,
    /// Name, unique ignoring case.
    pub name: AccountName,
    pub settings: Settings,
}

/// Secret values of extra parameters, by name.
pub type SecretParams = BTreeMap<String, ParamValue>;

/// The credentials of a client; stored in the vault.
#[derive(Debug, Default)]
pub struct Client {
    /// Client ID (RFC 6749, section 2.2).
    pub client_id: String,
    pub client_secret: Option<ClientSecret>,
    /// Private key as PEM or JWK, if the client signs.
    pub private_key: Option<PrivateKey>,
    /// The user name of a grant that has a password.
    pub username: Option<String>,
    /// The password of a grant that has one.
    pub password: Option<Password>,
    /// The API key of an account that holds one.
    pub key: Option<ApiKey>,
    /// Extra headers of the token request, by name.
    pub headers: BTreeMap<String, HeaderValue>,
    /// Extra parameters of the authorization request that may be secret, by name.
    pub authorize_params: SecretParams,
    /// Extra parameters of the token request that may be secret, by name.
    pub token_params: SecretParams,
    /// Extra parameters of a refresh that may be secret, by name.
    pub refresh_params: SecretParams,
    /// How to change or delete the client, if Keyfob registered it.
    pub registration: Option<Registration>,
}

impl Client {
    /// Returns true if it has any credential for authentication.
    pub fn has_secret(&self) -> bool {
        self.client_secret.is_some() || self.private_key.is_some()
    }
}
