//! Exports: accounts in a file, for another computer or a colleague.
//!
//! There are two formats: the import file's TOML without secrets, and the same with secrets and tokens,
//! encrypted by a passphrase. Invariants: a secret is written encrypted or not at all; [`import`] reads both
//! formats, and the standard age tool opens the encrypted one.

use std::collections::BTreeMap;
use std::io;

use chrono::NaiveDate;
use serde::Serialize;
use thiserror::Error;
use zeroize::Zeroizing;

use super::encryption;
use super::encryption::SealError;
use super::vault::records::ByteCounter;
use crate::base::secret::Passphrase;
use crate::domain::account::environment::Environment;
use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::tags::Tags;
use crate::domain::account::{Account, Client};
use crate::domain::import::{self, ImportError, Imported};
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::provider::Preset;
use crate::domain::provider::spec::ProviderSpec;
use crate::domain::token::grant::Grant;

#[derive(Debug)]
pub struct Exported {
    pub account: Account,
    pub client: Client,
    /// Its tokens, if they are to be included. Many servers reject a refresh token that is used in two
    /// places.
    pub grant: Option<Grant>,
}

/// Why writing or reading an export failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ArchiveError {
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    #[error("the file is damaged, or is not protected by a passphrase")]
    Damaged,
    #[error("the file was written by a newer version")]
    Newer,
    #[error("the file needs more than 2^20 rounds of scrypt")]
    TooMuchWork,
    #[error("one file can't hold that many accounts")]
    TooLarge,
    #[error("the export could not be written")]
    Failed,
    #[error(transparent)]
    Import(#[from] ImportError),
}

impl From<SealError> for ArchiveError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::WrongPassphrase => Self::WrongPassphrase,
            SealError::WrongKey | SealError::Damaged => Self::Damaged,
            SealError::Newer => Self::Newer,
            SealError::TooMuchWork => Self::TooMuchWork,
            SealError::Failed => Self::Failed,
        }
    }
}

/// Encrypts accounts with their secrets and the given tokens. Takes about a second.
pub fn seal(accounts: &[Exported], passphrase: &Passphrase) -> Result<Vec<u8>, ArchiveError> {
    seal_with_work_factor(accounts, passphrase, encryption::WORK_FACTOR)
}

/// [`seal`] for tests, for which a second is too long.
#[doc(hidden)]
pub fn seal_with_work_factor(
    accounts: &[Exported],
    passphrase: &Passphrase,
    work_factor: u8,
) -> Result<Vec<u8>, ArchiveError> {
    measure(accounts, true)?;
    Ok(encryption::seal_with_passphrase(passphrase, work_factor, |to| write_all(to, accounts, true))?)
}

/// Formats accounts without their secrets as an import file.
pub fn plain(accounts: &[Exported]) -> Result<String, ArchiveError> {
    measure(accounts, false)?;
    let mut bytes = Vec::new();
    write_all(&mut bytes, accounts, false).map_err(|_| ArchiveError::Failed)?;
    String::from_utf8(bytes).map_err(|_| ArchiveError::Failed)
}

/// Returns true if a file is encrypted and needs a passphrase.
pub fn is_sealed(bytes: &[u8]) -> bool {
    encryption::looks_sealed(bytes)
}

/// Decrypts what [`seal`] made, or an import file that the age tool encrypted with a passphrase, armored or
/// not. Takes about a second.
///
/// # Errors
/// [`ArchiveError`]; no account is returned.
pub fn open(
    bytes: &[u8],
    passphrase: &Passphrase,
    presets: &[Preset],
) -> Result<Vec<Imported>, ArchiveError> {
    let plain = encryption::open_with_passphrase(bytes, passphrase)?;
    let text = std::str::from_utf8(&plain).map_err(|_| ArchiveError::Damaged)?;
    Ok(import::read(text, presets)?)
}

/// The settings that are not secret, without the name.
#[derive(Serialize)]
struct Open<'a> {
    provider: &'a str,
    grant: GrantType,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    background_refresh: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires: Option<NaiveDate>,
    #[serde(flatten)]
    key_dates: KeyDates,
    #[serde(skip_serializing_if = "Tags::is_empty")]
    tags: &'a Tags,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<Environment>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    incomplete: bool,
    variables: &'a BTreeMap<String, String>,
    #[serde(flatten)]
    overrides: &'a ProviderSpec,
}

/// Rejects an export that would be too large to import again.
fn measure(accounts: &[Exported], secrets: bool) -> Result<(), ArchiveError> {
    let mut size = ByteCounter(0);
    write_all(&mut size, accounts, secrets).map_err(|_| ArchiveError::Failed)?;
    if size.0 > import::FILE_MAX_BYTES { Err(ArchiveError::TooLarge) } else { Ok(()) }
}

fn write_all(to: &mut dyn io::Write, accounts: &[Exported], secrets: bool) -> io::Result<()> {
    let which = if secrets { "with" } else { "without" };
    writeln!(to, "# Accounts exported by Keyfob, {which} their secrets.")?;
    accounts.iter().try_for_each(|exported| write_account(to, exported, secrets))
}

fn write_account(to: &mut dyn io::Write, exported: &Exported, secrets: bool) -> io::Result<()> {
    let Exported { account, client, grant } = exported;
    let settings = &account.settings;
    let type_of_grant = settings.grant;
    let lacking = (type_of_grant.has_client() && (client.client_id.is_empty() || !client.has_secret()))
        || (type_of_grant.has_password() && (client.username.is_none() || client.password.is_none()))
        || (type_of_grant == GrantType::ApiKey && client.key.is_none());
    let open = Open {
        provider: &settings.provider,
        grant: settings.grant,
        client_id: Some(client.client_id.as_str()).filter(|id| type_of_grant.has_client() || !id.is_empty()),
        username: client.username.as_deref(),
        background_refresh: settings.background_refresh,
        client_secret_expires: settings.client_secret_expires,
        key_dates: if type_of_grant.is_key() { settings.key_dates } else { KeyDates::default() },
        tags: &settings.tags,
        environment: settings.environment,
        incomplete: !secrets || lacking,
        variables: &settings.variables,
        overrides: &settings.overrides,
    };
    let mut table = toml::Table::try_from(&open).map_err(io::Error::other)?;
    // Written below with the secret ones, since a table can't be opened twice.
    for key in ["authorize_params", "token_params", "refresh_params"] {
        table.remove(key);
    }
    table.retain(|_, value| value.as_table().is_none_or(|table| !table.is_empty()));
    let accounts = BTreeMap::from([("account", [table])]);
    let text = toml::to_string(&accounts).map_err(io::Error::other)?;
    // The name first, and secrets before the tables, since all that follows a table belongs to it.
    let (head, rest) = text.split_once('\n').unwrap_or((&text, ""));
    write!(to, "\n{head}\n")?;
    entry(to, "name", account.name.as_str())?;
    let spec = &settings.overrides;
    write_values(to, "authorize_params", &spec.authorize_params)?;
    write_values(to, "token_params", &spec.token_params)?;
    write_values(to, "refresh_params", &spec.refresh_params)?;
    if secrets {
        // A key is the client's own, and no token.
        write_secrets(to, client, grant.as_ref().filter(|_| !type_of_grant.is_key()))?;
        if let Some(key) = client.key.as_ref().filter(|_| type_of_grant == GrantType::ApiKey) {
            entry(to, "key", key.expose())?;
        }
    }
    to.write_all(rest.as_bytes())
}

fn write_secrets(to: &mut dyn io::Write, client: &Client, grant: Option<&Grant>) -> io::Result<()> {
    if let Some(secret) = &client.client_secret {
        entry(to, "client_secret", secret.expose())?;
    }
    if let Some(key) = &client.private_key {
        entry(to, "private_key", key.expose())?;
    }
    if let Some(password) = &client.password {
        entry(to, "password", password.expose())?;
    }
    for (name, value) in &client.headers {
        write_value(to, "headers", name, value.expose())?;
    }
    for (name, value) in &client.authorize_params {
        write_value(to, "authorize_params", name, value.expose())?;
    }
    for (name, value) in &client.token_params {
        write_value(to, "token_params", name, value.expose())?;
    }
    for (name, value) in &client.refresh_params {
        write_value(to, "refresh_params", name, value.expose())?;
    }
    let Some(grant) = grant else { return Ok(()) };
    let facts = &grant.facts;
    entry(to, "tokens.access_token", grant.access_token.expose())?;
    if let Some(token) = &grant.refresh_token {
        entry(to, "tokens.refresh_token", token.expose())?;
    }
    if let Some(token) = &grant.id_token {
        entry(to, "tokens.id_token", token.expose())?;
    }
    entry(to, "tokens.received_at", &facts.received_at.to_rfc3339())?;
    if let Some(at) = facts.expires_at {
        entry(to, "tokens.expires_at", &at.to_rfc3339())?;
    }
    entry(to, "tokens.expiry_source", facts.expiry_source.as_str())?;
    if let Some(at) = facts.refresh_expires_at {
        entry(to, "tokens.refresh_expires_at", &at.to_rfc3339())?;
    }
    if let Some(at) = facts.sign_in_ends_at {
        entry(to, "tokens.sign_in_ends_at", &at.to_rfc3339())?;
    }
    write_values(to, "tokens.facts", &facts.kept)?;
    entry(to, "tokens.token_type", &facts.token_type)?;
    if let Some(scopes) = &facts.scope {
        to.write_all(b"tokens.scopes = [")?;
        for scope in scopes {
            string(to, scope)?;
            to.write_all(b", ")?;
        }
        to.write_all(b"]\n")?;
    }
    Ok(())
}

fn write_values(to: &mut dyn io::Write, table: &str, values: &BTreeMap<String, String>) -> io::Result<()> {
    values.iter().try_for_each(|(name, value)| write_value(to, table, name, value))
}

fn write_value(to: &mut dyn io::Write, table: &str, name: &str, value: &str) -> io::Result<()> {
    write!(to, "{table}.")?;
    string(to, name)?;
    to.write_all(b" = ")?;
    string(to, value)?;
    to.write_all(b"\n")
}

fn entry(to: &mut dyn io::Write, key: &str, value: &str) -> io::Result<()> {
    write!(to, "{key} = ")?;
    string(to, value)?;
    to.write_all(b"\n")
}

/// Writes a TOML basic string without copying the text.
fn string(to: &mut dyn io::Write, text: &str) -> io::Result<()> {
    let mut bytes = Zeroizing::new([0; 4]);
    to.write_all(b"\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(to, "\\{c}")?,
            c if c.is_control() => write!(to, "\\u{:04X}", u32::from(c))?,
            c => to.write_all(c.encode_utf8(bytes.as_mut_slice()).as_bytes())?,
        }
    }
    to.write_all(b"\"")
}

#[cfg(test)]
mod tests;
