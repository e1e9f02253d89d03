//! Accounts: what a user named and chose, without its secrets.
//!
//! Owns the identity, name and revision of an account. Invariant: an [`AccountName`] is fit to be
//! shown and compared; names that differ only in case are the same name.

pub mod secret_binding;
pub mod secret_expiry;
pub mod tags;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::oauth::extra_params::SecretParams;
use super::oauth::grant_type::GrantType;
use super::provider::spec::ProviderSpec;
use crate::base::secret::{ClientSecret, HeaderValue, Password, PrivateKey};
use tags::Tags;

/// Identifies an account for its whole life: 128 random bits in hexadecimal. The digits are held in
/// place: among thousands of accounts an ID is copied and compared more often than anything else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId([u8; 32]);

impl AccountId {
    /// An ID from 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        let mut digits = [0; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        Self(digits)
    }

    /// Reads an ID back; `None` unless it is 32 lowercase hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        text.as_bytes().try_into().ok().filter(|_| fits).map(Self)
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        // They are ASCII, always.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// A hexadecimal digit, of a number below 16.
fn digit(number: u8) -> u8 {
    if number < 10 { b'0' + number } else { b'a' + (number - 10) }
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

/// Rises with every change of an account, so that a late reply is known to be late.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Why a name can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing but white space.
    #[error("the name is empty")]
    Empty,
    /// More than [`AccountName::MAX_CHARS`] characters.
    #[error("the name is longer than 120 characters")]
    TooLong,
    /// A control or text-direction character.
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
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 120;

    /// Trims and checks a name.
    ///
    /// # Errors
    /// [`NameError`] where it is empty, too long, or holds a character that can't be seen.
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

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// What makes two names the same: the lowercase form.
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

/// What the user chose; the keys of the import file, less the secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// A preset's ID, or `custom`.
    pub provider: String,
    /// How this account gets its tokens.
    pub grant: GrantType,
    /// Values of the preset's variables, such as a region.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// What differs from the preset, less what [`super::oauth::extra_params::move_secrets`] takes out; shared by all copies, since it is most of an account's size.
    #[serde(default)]
    pub overrides: Arc<ProviderSpec>,
    /// Refresh ahead of expiry without being asked; `None` follows the grant: on where there is a
    /// refresh token, off where a grant would be repeated.
    #[serde(default)]
    pub background_refresh: Option<bool>,
    /// The last day of the client secret, as the provider's page says it; only for reminding.
    #[serde(default, deserialize_with = "secret_expiry::stored", skip_serializing_if = "Option::is_none")]
    pub client_secret_expires: Option<NaiveDate>,
    /// Words by which the user finds it.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl Settings {
    /// What differs from the preset, to be changed here alone.
    pub fn overrides_mut(&mut self) -> &mut ProviderSpec {
        Arc::make_mut(&mut self.overrides)
    }
}

/// An account, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Identity.
    pub id: AccountId,
    /// How often it has been changed.
    pub revision: Revision,
    /// Name, unique ignoring case.
    pub name: AccountName,
    /// The user's choices.
    pub settings: Settings,
}

/// What the authorization server knows a client by; lives in the vault.
#[derive(Debug, Default)]
pub struct Client {
    /// Client ID (RFC 6749, section 2.2).
    pub client_id: String,
    /// Client secret, where there is one.
    pub client_secret: Option<ClientSecret>,
    /// Private key as PEM or JWK, where the client signs.
    pub private_key: Option<PrivateKey>,
    /// The resource owner's user name, for the password grant.
    pub username: Option<String>,
    /// The resource owner's password, for the password grant.
    pub password: Option<Password>,
    /// Extra headers of the token request, by name.
    pub headers: BTreeMap<String, HeaderValue>,
    /// Extra parameters of the authorization request that may be secrets, by name.
    pub authorize_params: SecretParams,
    /// Extra parameters of the token request that may be secrets, by name.
    pub token_params: SecretParams,
}

impl Client {
    /// Whether it holds anything by which it could prove who it is.
    pub fn has_secret(&self) -> bool {
        self.client_secret.is_some() || self.private_key.is_some()
    }
}
