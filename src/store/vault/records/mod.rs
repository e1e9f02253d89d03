//! The stored formats of secrets: each record is one line of ASCII JSON with a version.
//!
//! Invariant: decoding returns what was encoded. A record of a newer version is [`VaultError::Newer`], any
//! other unreadable one is [`VaultError::Corrupt`], and neither contains any part of the record.
//!
//! Besides the request builder, only this module exposes secrets for encoding.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

use super::VaultError;
use super::client_record::ClientRecord;
use crate::base::secret::kind::{HeaderValue as HeaderKind, ParamValue as ParamKind};
use crate::base::secret::{AccessToken, Kind, Secret, SecretText};
use crate::domain::account::registration::{PendingClient, PendingFacts, Registration};
use crate::domain::account::{Account, AccountId, AccountName, Client, Revision, Settings};
use crate::domain::oauth::extra_params;
use crate::domain::provider::destinations::Destinations;
use crate::domain::token::grant::{Grant, TokenFacts};

/// The version written. A record with a key that this version does not know needs a higher one. Version 2
/// added private keys, and provider settings that version 1 lacked; version 3 made extra parameters secrets
/// of their own, and added the destinations of a preset of the user's own; version 4 added API keys, facts
/// about an account, registrations and where a client comes from.
pub(in crate::store) const VERSION: u32 = 4;

pub fn client_name(id: &AccountId) -> String {
    format!("client/{id}")
}

pub fn tokens_name(id: &AccountId) -> String {
    format!("tokens/{id}")
}

/// The name of the record with the guarded preferences, which are used only with the values in it.
pub const PREFERENCES_NAME: &str = "preferences";

/// The name of the record of a client that no account has yet.
pub fn pending_name(id: &AccountId) -> String {
    format!("registration/{id}")
}

pub fn is_pending_name(name: &str) -> bool {
    name.starts_with("registration/")
}

pub fn account_of_client_name(name: &str) -> Option<AccountId> {
    name.strip_prefix("client/").and_then(AccountId::parse)
}

pub fn account_of_tokens_name(name: &str) -> Option<AccountId> {
    name.strip_prefix("tokens/").and_then(AccountId::parse)
}

#[derive(Serialize)]
struct ClientOut<'a> {
    v: u32,
    name: &'a str,
    revision: Revision,
    settings: &'a Settings,
    #[serde(skip_serializing_if = "Option::is_none")]
    destinations: Option<&'a Destinations>,
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    headers: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    authorize_params: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    token_params: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    refresh_params: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration: Option<RegistrationOut<'a>>,
}

#[derive(Deserialize)]
struct ClientIn {
    name: AccountName,
    revision: Revision,
    settings: Settings,
    #[serde(default)]
    destinations: Option<Destinations>,
    client_id: String,
    #[serde(default, deserialize_with = "optional_secret")]
    client_secret: Option<crate::base::secret::ClientSecret>,
    #[serde(default, deserialize_with = "optional_secret")]
    private_key: Option<crate::base::secret::PrivateKey>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default, deserialize_with = "optional_secret")]
    password: Option<crate::base::secret::Password>,
    #[serde(default, deserialize_with = "optional_secret")]
    key: Option<crate::base::secret::ApiKey>,
    headers: BTreeMap<String, Held<HeaderKind>>,
    #[serde(default)]
    authorize_params: BTreeMap<String, Held<ParamKind>>,
    #[serde(default)]
    token_params: BTreeMap<String, Held<ParamKind>>,
    #[serde(default)]
    refresh_params: BTreeMap<String, Held<ParamKind>>,
    registration: Option<RegistrationIn>,
}

#[derive(Serialize)]
struct RegistrationOut<'a> {
    client_uri: &'a str,
    token: &'a str,
    redirect_uris: &'a [String],
    scopes: &'a [String],
}

#[derive(Deserialize)]
struct RegistrationIn {
    client_uri: String,
    #[serde(deserialize_with = "secret")]
    token: crate::base::secret::RegistrationToken,
    redirect_uris: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
}

impl<'a> RegistrationOut<'a> {
    fn of(registration: &'a Registration) -> Self {
        Self {
            client_uri: &registration.client_uri,
            token: registration.token.expose(),
            redirect_uris: &registration.redirect_uris,
            scopes: &registration.scopes,
        }
    }
}

impl From<RegistrationIn> for Registration {
    fn from(RegistrationIn { client_uri, token, redirect_uris, scopes }: RegistrationIn) -> Self {
        Self { client_uri, token, redirect_uris, scopes }
    }
}

#[derive(Serialize)]
struct PendingOut<'a> {
    v: u32,
    facts: &'a PendingFacts,
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration: Option<RegistrationOut<'a>>,
}

#[derive(Deserialize)]
struct PendingIn {
    facts: PendingFacts,
    client_id: String,
    #[serde(default, deserialize_with = "optional_secret")]
    client_secret: Option<crate::base::secret::ClientSecret>,
    registration: Option<RegistrationIn>,
}

#[derive(Serialize)]
struct TokensOut<'a> {
    v: u32,
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    facts: &'a TokenFacts,
}

#[derive(Deserialize)]
struct TokensIn {
    #[serde(deserialize_with = "secret")]
    access_token: AccessToken,
    #[serde(default, deserialize_with = "optional_secret")]
    refresh_token: Option<crate::base::secret::RefreshToken>,
    #[serde(default, deserialize_with = "optional_secret")]
    id_token: Option<crate::base::secret::IdToken>,
    facts: TokenFacts,
}

#[derive(Serialize)]
struct PreferencesOut<'a> {
    v: u32,
    words: &'a BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct PreferencesIn {
    words: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

/// The value of a header or a parameter, wiped even if a later key makes the record unreadable.
struct Held<K: Kind>(Secret<K>);

impl<'de, K: Kind> Deserialize<'de> for Held<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        secret(deserializer).map(Self)
    }
}

pub(in crate::store) fn secret<'de, K: Kind, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Secret<K>, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

pub(in crate::store) fn optional_secret<'de, K: Kind, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Secret<K>>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}

/// Encodes an account with its client, so that a lost database can be rebuilt from it.
pub fn encode_client(record: &ClientRecord) -> Result<SecretText, VaultError> {
    let (account, client) = (record.account(), record.client());
    encode(&ClientOut {
        v: VERSION,
        name: account.name.as_str(),
        revision: account.revision,
        settings: &account.settings,
        destinations: record.stored_destinations(),
        client_id: &client.client_id,
        client_secret: client.client_secret.as_ref().map(Secret::expose),
        private_key: client.private_key.as_ref().map(Secret::expose),
        username: client.username.as_deref(),
        password: client.password.as_ref().map(Secret::expose),
        key: client.key.as_ref().map(Secret::expose),
        headers: exposed(&client.headers),
        authorize_params: exposed(&client.authorize_params),
        token_params: exposed(&client.token_params),
        refresh_params: exposed(&client.refresh_params),
        registration: client.registration.as_ref().map(RegistrationOut::of),
    })
}

pub fn decode_client(id: &AccountId, line: &SecretText) -> Result<ClientRecord, VaultError> {
    let record: ClientIn = decode(line)?;
    let mut account =
        Account { id: id.clone(), revision: record.revision, name: record.name, settings: record.settings };
    let mut client = Client {
        client_id: record.client_id,
        client_secret: record.client_secret,
        private_key: record.private_key,
        username: record.username,
        password: record.password,
        key: record.key,
        headers: secrets_of(record.headers),
        authorize_params: secrets_of(record.authorize_params),
        token_params: secrets_of(record.token_params),
        refresh_params: secrets_of(record.refresh_params),
        registration: record.registration.map(Into::into),
    };
    // Up to version 2, extra parameters were among the settings.
    extra_params::move_secrets(&mut account.settings, &mut client);
    Ok(ClientRecord::read(account, client, record.destinations))
}

pub fn encode_pending(pending: &PendingClient) -> Result<SecretText, VaultError> {
    let PendingClient { facts, client } = pending;
    encode(&PendingOut {
        v: VERSION,
        facts,
        client_id: &client.client_id,
        client_secret: client.client_secret.as_ref().map(Secret::expose),
        registration: client.registration.as_ref().map(RegistrationOut::of),
    })
}

pub fn decode_pending(line: &SecretText) -> Result<PendingClient, VaultError> {
    let PendingIn { facts, client_id, client_secret, registration } = decode(line)?;
    let registration = registration.map(Into::into);
    Ok(PendingClient {
        facts,
        client: Client { client_id, client_secret, registration, ..Client::default() },
    })
}

fn exposed<K: Kind>(values: &BTreeMap<String, Secret<K>>) -> BTreeMap<&str, &str> {
    values.iter().map(|(name, value)| (name.as_str(), value.expose())).collect()
}

fn secrets_of<K: Kind>(values: BTreeMap<String, Held<K>>) -> BTreeMap<String, Secret<K>> {
    values.into_iter().map(|(name, value)| (name, value.0)).collect()
}

pub fn encode_tokens(grant: &Grant) -> Result<SecretText, VaultError> {
    encode(&TokensOut {
        v: VERSION,
        access_token: grant.access_token.expose(),
        refresh_token: grant.refresh_token.as_ref().map(Secret::expose),
        id_token: grant.id_token.as_ref().map(Secret::expose),
        facts: &grant.facts,
    })
}

pub fn decode_tokens(line: &SecretText) -> Result<Grant, VaultError> {
    let record: TokensIn = decode(line)?;
    Ok(Grant {
        access_token: record.access_token,
        refresh_token: record.refresh_token,
        id_token: record.id_token,
        username: None,
        facts: record.facts,
    })
}

pub fn encode_preferences(words: &BTreeMap<String, String>) -> Result<SecretText, VaultError> {
    encode(&PreferencesOut { v: VERSION, words })
}

pub fn decode_preferences(line: &SecretText) -> Result<BTreeMap<String, String>, VaultError> {
    Ok(decode::<PreferencesIn>(line)?.words)
}

pub fn is_same(one: &SecretText, other: &SecretText) -> bool {
    one.expose() == other.expose()
}

pub(in crate::store) fn decode<T: for<'de> Deserialize<'de>>(line: &SecretText) -> Result<T, VaultError> {
    let text = line.expose();
    match serde_json::from_str::<Version>(text).map_err(|_| VaultError::Corrupt)?.v {
        0 => Err(VaultError::Corrupt),
        1..=VERSION => serde_json::from_str(text).map_err(|_| VaultError::Corrupt),
        _ => Err(VaultError::Newer),
    }
}

pub(in crate::store) fn encode(record: &impl Serialize) -> Result<SecretText, VaultError> {
    // Measured first, so that the buffer never grows: growing would leave an unwiped copy.
    let mut size = ByteCounter(0);
    write(&mut size, record)?;
    let mut buffer = Zeroizing::new(Vec::with_capacity(size.0));
    write(&mut *buffer, record)?;
    String::from_utf8(std::mem::take(&mut *buffer)).map(SecretText::new).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        FAILED
    })
}

const FAILED: VaultError = VaultError::Failed("a record could not be encoded");

fn write(to: impl io::Write, record: &impl Serialize) -> Result<(), VaultError> {
    record.serialize(&mut serde_json::Serializer::with_formatter(to, Ascii)).map_err(|_| FAILED)
}

pub(in crate::store) struct ByteCounter(pub(in crate::store) usize);

impl io::Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Compact JSON in which everything but printable ASCII is escaped (RFC 8259, section 7).
struct Ascii;

impl serde_json::ser::Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, to: &mut W, text: &str) -> io::Result<()> {
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| !matches!(c, ' '..='~')) {
            let (plain, from) = rest.split_at(at);
            to.write_all(plain.as_bytes())?;
            let mut chars = from.chars();
            if let Some(c) = chars.next() {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(to, "\\u{unit:04x}")?;
                }
            }
            rest = chars.as_str();
        }
        to.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
pub(in crate::store) mod tests;
