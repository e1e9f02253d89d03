//! The import file: accounts in TOML or JSON. The submodules read other programs' files.
//!
//! Checks that each account could request a token. Invariant: a file is accepted whole or not at all, and an
//! error names the account, the line and the key, never a value.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer};
use thiserror::Error;

use super::account::environment::Environment;
use super::account::key_dates::KeyDates;
use super::account::secret_expiry;
use super::account::tags::{TagError, Tags};
use super::account::{AccountName, Client, NameError, Settings};
pub use super::document::FILE_MAX_BYTES;
use super::document::de::Entries;
use super::document::file_error::{FileError, suggestion};
use super::document::{Node, NodeValue};
use super::oauth::discovery;
use super::oauth::discovery::Wanted;
use super::oauth::extra_params;
use super::oauth::grant_type::GrantType;
use super::oauth::issuer::IssuerError;
use super::oauth::redirect_uri::RedirectError;
use super::oauth::token_request;
use super::oauth::token_request::RequestError;
use super::provider::spec::ProviderSpec;
use super::provider::validation;
use super::provider::{CUSTOM, Preset, Provider, ProviderError};
use super::token::grant::Grant;
use crate::base::secret::{ApiKey, ClientSecret, HeaderValue, Kind, Password, PrivateKey, Secret};

mod bruno;
mod dotenv;
pub(in crate::domain) mod dotenv_lines;
mod draft;
mod foreign;
mod google;
mod insomnia;
mod openapi;
mod postman;
mod tokens;

pub use dotenv::{EnvField, EnvNames, Mapping};
pub use foreign::{ImportedFile, api_document, read_any};
pub use openapi::{ApiDocument, Credentials, LeftOut, SchemeDetails};

/// The keys of an account that do not belong to the spec.
const OWN_KEYS: [&str; 20] = [
    "name",
    "provider",
    "grant",
    "client_id",
    "client_secret",
    "private_key",
    "username",
    "password",
    "key",
    "key_expires",
    "key_since",
    "rotate_after_days",
    "variables",
    "headers",
    "background_refresh",
    "client_secret_expires",
    "tags",
    "environment",
    "tokens",
    "incomplete",
];

/// An account from a file, ready to be saved.
#[derive(Debug)]
pub struct Imported {
    pub name: AccountName,
    pub settings: Settings,
    pub client: Client,
    /// Tokens, which only an export has.
    pub grant: Option<Grant>,
    /// The file declares that required values may be missing, to be entered later.
    pub incomplete: bool,
}

impl Imported {
    /// Returns true if the file has the account's credential.
    pub fn has_secret(&self) -> bool {
        let client = &self.client;
        client.has_secret() || client.key.is_some() || client.password.is_some()
    }
}

/// Why a file is rejected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImportError {
    #[error("the file describes no account")]
    Empty,
    /// An `OpenAPI` document without security schemes.
    #[error("the document has no security scheme")]
    NoScheme,
    /// Another program's file without OAuth 2.0 settings.
    #[error("the file has no OAuth 2.0 settings")]
    NoSettings,
    /// None of its OAuth 2.0 settings makes an account; one sentence for each reason.
    #[error("none of the file's OAuth 2.0 settings can be used. {}", .0.join(" "))]
    AllLeftOut(Vec<String>),
    #[error(transparent)]
    File(#[from] FileError),
}

/// Reads a file: `[[account]]` tables in TOML, or `{"account": [{…}]}` in JSON.
///
/// # Errors
/// [`ImportError`]: the first mistake. No account is imported.
pub fn read(text: &str, presets: &[Preset]) -> Result<Vec<Imported>, ImportError> {
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Err(ImportError::Empty);
    }
    let root = Node::parse(text)?;
    let NodeValue::Table(entries) = &root.value else { return Err(ImportError::Empty) };
    if let Some(unknown) = entries.iter().find(|entry| entry.key != "account") {
        let near = suggestion(&unknown.key, ["account"]);
        let what = format!("unknown key \"{}\"{near}", super::document::file_error::shown(&unknown.key));
        return Err(FileError::at(text, unknown.offset, &what).of_key(&unknown.key).into());
    }
    let Some(account) = root.get("account") else { return Err(ImportError::Empty) };
    let NodeValue::List(items) = &account.node.value else {
        let what = "\"account\" must be a list: in TOML, write [[account]] in two pairs of brackets";
        return Err(FileError::at(text, account.offset, what).of_key("account").into());
    };
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut accounts = Vec::with_capacity(items.len());
    for node in items {
        let file = AccountFile { text, node };
        let imported = file.read(presets)?;
        // Count lines only for an error: counting for each of many accounts takes minutes.
        if let Some(first) = seen.insert(imported.name.key().to_owned(), node.offset_of("name")) {
            let line = FileError::at(text, first, "").line;
            let what = format!("the account in line {line} already has this name");
            return Err(file.mistake("name", &what).into());
        }
        accounts.push(imported);
    }
    if accounts.is_empty() { Err(ImportError::Empty) } else { Ok(accounts) }
}

#[derive(Deserialize)]
struct Own {
    name: String,
    provider: String,
    grant: Option<GrantType>,
    client_id: Option<String>,
    #[serde(default, deserialize_with = "trimmed_secret")]
    client_secret: Option<ClientSecret>,
    #[serde(default, deserialize_with = "trimmed_secret")]
    key: Option<ApiKey>,
    key_expires: Option<String>,
    key_since: Option<String>,
    rotate_after_days: Option<u32>,
    #[serde(default, deserialize_with = "secret")]
    private_key: Option<PrivateKey>,
    username: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    password: Option<Password>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    headers: BTreeMap<String, Held>,
    background_refresh: Option<bool>,
    client_secret_expires: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    environment: Option<Environment>,
    tokens: Option<tokens::Tokens>,
    #[serde(default)]
    incomplete: bool,
}

impl Own {
    fn into_client(self, preset: &Preset) -> Client {
        let headers = self.headers.into_iter();
        Client {
            client_id: self.client_id.unwrap_or_default().trim().to_owned(),
            client_secret: self.client_secret,
            private_key: self.private_key,
            username: self.username.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()),
            password: self.password,
            key: self.key,
            headers: headers.map(|(name, held)| (preset_spelling(preset, &name), held.0)).collect(),
            ..Client::default()
        }
    }
}

/// The value of a header, a secret type from the start.
struct Held(HeaderValue);

impl<'de> Deserialize<'de> for Held {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = HeaderValue::new(String::deserialize(deserializer)?);
        Ok(Self(HeaderValue::new(value.expose().trim().to_owned())))
    }
}

fn secret<'de, D: Deserializer<'de>, K: Kind>(deserializer: D) -> Result<Option<Secret<K>>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new).filter(|secret| !secret.is_empty()))
}

/// Removes white space around a pasted secret.
fn trimmed_secret<'de, D: Deserializer<'de>, K: Kind>(
    deserializer: D,
) -> Result<Option<Secret<K>>, D::Error> {
    let pasted: Option<Secret<K>> = secret(deserializer)?;
    let trimmed = pasted.map(|secret| Secret::new(secret.expose().trim().to_owned()));
    Ok(trimmed.filter(|secret| !secret.is_empty()))
}

/// A header's name, in the preset's spelling so that it matches its field in the form.
fn preset_spelling(preset: &Preset, name: &str) -> String {
    let name = name.trim();
    let own = preset.secret_headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    own.map_or(name, |header| header.name.as_str()).to_owned()
}

struct AccountFile<'t, 'n, 'i> {
    text: &'t str,
    node: &'n Node<'i>,
}

impl AccountFile<'_, '_, '_> {
    fn read(&self, presets: &[Preset]) -> Result<Imported, FileError> {
        let NodeValue::Table(entries) = &self.node.value else {
            return Err(FileError::at(self.text, self.node.offset, "an account must be a table"));
        };
        // The spec first: it reports a misspelled key, which would otherwise appear as a missing one.
        let overrides = ProviderSpec::deserialize(Entries::some(entries, |key| !OWN_KEYS.contains(&key)))
            .map_err(|error| self.named(error.into_file_error(self.text, self.node.offset, &OWN_KEYS)))?;
        let mut own = Own::deserialize(Entries::some(entries, |key| OWN_KEYS.contains(&key)))
            .map_err(|error| self.named(error.into_file_error(self.text, self.node.offset, &[])))?;
        let name = AccountName::new(&own.name).map_err(|error| self.bad_name(error))?;
        let provider = own.provider.trim().to_owned();
        let custom = Preset::custom();
        let preset = presets
            .iter()
            .find(|preset| preset.id == provider)
            .or_else(|| (provider == CUSTOM).then_some(&custom))
            .ok_or_else(|| self.unknown_provider(presets, &provider))?;
        let offered = overrides.grants.clone().or_else(|| preset.spec.grants.clone()).unwrap_or_default();
        let grant = own.grant.or_else(|| offered.first().copied()).ok_or_else(|| self.missing("grant"))?;
        self.check_toggles(preset, &overrides)?;
        self.check_own_keys(grant, &own)?;
        let (client_secret_expires, key_dates) = self.days(&own)?;
        let mut settings = Settings {
            provider,
            grant,
            variables: own.variables.clone(),
            overrides: overrides.into(),
            background_refresh: own.background_refresh,
            client_secret_expires,
            key_dates,
            tags: Tags::new(&own.tags).map_err(|error| self.bad_tags(error))?,
            environment: own.environment,
        };
        let resolved = if discovery::is_wanted(preset, &settings.overrides) {
            Wanted::of(presets, &settings)
                .and_then(|_| Provider::resolve(presets, &discovery::with_placeholder_endpoints(&settings)))
        } else {
            Provider::resolve(presets, &settings)
        };
        let resolved = resolved.map_err(|error| self.unresolved(preset, &offered, error))?;
        validation::of_spec(&preset.spec.overlaid(&settings.overrides))
            .map_err(|(key, what)| self.mistake(&key, &what))?;
        let (tokens, incomplete) = (own.tokens.take(), own.incomplete);
        let mut client = own.into_client(preset);
        self.check(preset, &resolved, &client, incomplete)?;
        extra_params::move_secrets(&mut settings, &mut client);
        let grant = tokens.map(tokens::Tokens::into_grant).transpose().map_err(|mistake| {
            let key = format!("tokens.{}", mistake.key);
            self.mistake(&key, &format!("\"{key}\" {}", mistake.what))
        })?;
        Ok(Imported { name, settings, client, grant, incomplete })
    }

    /// The days that the owner noted.
    fn days(&self, own: &Own) -> Result<(Option<NaiveDate>, KeyDates), FileError> {
        let noted =
            |key, text: &Option<String>| text.as_deref().map(|text| self.expiry_day(key, text)).transpose();
        let key_dates = KeyDates {
            key_expires: noted("key_expires", &own.key_expires)?,
            key_since: noted("key_since", &own.key_since)?,
            rotate_after_days: own.rotate_after_days,
        };
        Ok((noted("client_secret_expires", &own.client_secret_expires)?, key_dates))
    }

    /// Checks that the keys of credentials go with the grant.
    fn check_own_keys(&self, grant: GrantType, own: &Own) -> Result<(), FileError> {
        if grant.has_client() && own.client_id.is_none() {
            return Err(self.missing("client_id"));
        }
        let of_keys = [("key_expires", own.key_expires.is_some()), ("key_since", own.key_since.is_some())];
        let of_keys = of_keys.into_iter().chain([("rotate_after_days", own.rotate_after_days.is_some())]);
        let of_api_keys = [("key", own.key.is_some() && grant != GrantType::ApiKey)];
        let stray = of_keys.map(|(key, is_set)| (key, is_set && !grant.is_key())).chain(of_api_keys);
        match stray.into_iter().find(|(_, is_stray)| *is_stray) {
            Some(("key", _)) => Err(self.mistake("key", "\"key\" goes with the grant api_key only")),
            Some((key, _)) => {
                Err(self.mistake(key, &format!("\"{key}\" goes with the grants api_key and basic only")))
            }
            None => Ok(()),
        }
    }

    fn expiry_day(&self, key: &str, text: &str) -> Result<NaiveDate, FileError> {
        let mistake = || self.mistake(key, &format!("\"{key}\" must be a day such as \"2030-01-31\""));
        secret_expiry::day(text).ok_or_else(mistake)
    }

    fn check_toggles(&self, preset: &Preset, overrides: &ProviderSpec) -> Result<(), FileError> {
        let is_known = |name: &str| preset.toggles.iter().any(|toggle| toggle.id == name);
        let Some(name) = overrides.toggles.keys().find(|name| !is_known(name)) else { return Ok(()) };
        let near = suggestion(name, preset.toggles.iter().map(|toggle| toggle.id.as_str()));
        let key = format!("toggles.{name}");
        Err(self
            .mistake(&key, &format!("unknown key \"{}\"{near}", super::document::file_error::shown(&key))))
    }

    /// Checks that a token request can be built; for an incomplete account, only the given values.
    fn check(
        &self,
        preset: &Preset,
        provider: &Provider,
        client: &Client,
        incomplete: bool,
    ) -> Result<(), FileError> {
        for header in preset.secret_headers.iter().filter(|header| header.required && !incomplete) {
            let given = |(name, value): (&String, &HeaderValue)| {
                name.eq_ignore_ascii_case(&header.name) && !value.is_empty()
            };
            if !client.headers.iter().any(given) {
                return Err(self.missing(&format!("headers.{}", header.name)));
            }
        }
        match token_request::check(provider, client) {
            Ok(()) => Ok(()),
            Err(RequestError::Missing(_)) if incomplete => Ok(()),
            Err(RequestError::Missing(key)) => Err(self.missing(key)),
            Err(RequestError::Unusable(key)) => {
                let words = format!("\"{key}\" contains a character or a name that a request can't carry");
                Err(self.mistake(key, &words))
            }
            Err(RequestError::Key(error)) => {
                Err(self.mistake("private_key", &format!("\"private_key\" {error}")))
            }
        }
    }

    fn bad_name(&self, error: NameError) -> FileError {
        self.mistake(
            "name",
            match error {
                NameError::Empty => "\"name\" is empty",
                NameError::TooLong => "\"name\" is longer than 120 characters",
                NameError::Unseen => "\"name\" has a character that can't be seen",
            },
        )
    }

    fn bad_tags(&self, error: TagError) -> FileError {
        self.mistake(
            "tags",
            match error {
                TagError::TooMany => "\"tags\" has more than 20 tags",
                TagError::TooLong => "\"tags\" has a tag longer than 40 characters",
                TagError::Unseen => "\"tags\" has a character that can't be seen",
                TagError::Comma => "\"tags\" has a tag with a comma",
            },
        )
    }

    fn unknown_provider(&self, presets: &[Preset], written: &str) -> FileError {
        let known: Vec<&str> = presets.iter().map(|preset| preset.id.as_str()).chain([CUSTOM]).collect();
        let near = match suggestion(written, known.iter().copied()) {
            near if near.is_empty() => format!("; it must be one of {}", known.join(", ")),
            near => near,
        };
        self.mistake("provider", &format!("\"provider\" is not known{near}"))
    }

    fn unresolved(&self, preset: &Preset, offered: &[GrantType], error: ProviderError) -> FileError {
        match error {
            ProviderError::UnknownProvider(_) => self.mistake("provider", "\"provider\" is not known"),
            ProviderError::GrantNotOffered { .. } => {
                let offered: Vec<&str> = offered.iter().map(|grant| grant.as_str()).collect();
                self.mistake("grant", &format!("\"grant\" must be one of {}", offered.join(", ")))
            }
            ProviderError::VariableMissing { name, .. } => self.missing(&format!("variables.{name}")),
            ProviderError::VariableUnknown { name, value, .. } => {
                let key = format!("variables.{name}");
                let Some(variable) = preset.variables.iter().find(|variable| variable.name == name) else {
                    let near = suggestion(&name, preset.variables.iter().map(|known| known.name.as_str()));
                    let shown = super::document::file_error::shown(&key);
                    return self.mistake(&key, &format!("unknown key \"{shown}\"{near}"));
                };
                if variable.choices.is_empty() {
                    return self.mistake(
                        &key,
                        &format!("\"{key}\" may contain at most 255 letters, digits, \"-\", \".\" and \"_\""),
                    );
                }
                let choices: Vec<&str> =
                    variable.choices.iter().map(|choice| choice.value.as_str()).collect();
                let near = suggestion(&value, choices.iter().copied());
                self.mistake(&key, &format!("\"{key}\" must be one of {}{near}", choices.join(", ")))
            }
            ProviderError::NotAVariable { key, name } => {
                let shown = super::document::file_error::shown(&name);
                self.mistake(key, &format!("\"{key}\" names {{{shown}}}, which is not a variable"))
            }
            ProviderError::EndpointMissing(endpoint) => self.missing(endpoint.key()),
            ProviderError::EndpointInvalid(endpoint) => {
                self.mistake(endpoint.key(), &format!("\"{}\" is not a URL", endpoint.key()))
            }
            ProviderError::EndpointInsecure(endpoint) => {
                let words = "must begin with https://; http:// is for this computer only (127.0.0.1, [::1], localhost)";
                self.mistake(endpoint.key(), &format!("\"{}\" {words}", endpoint.key()))
            }
            ProviderError::ApiBaseUrlInvalid => self.mistake("api.base_url", "\"api.base_url\" is not a URL"),
            ProviderError::ApiBaseUrlInsecure => {
                let words = "must begin with https://; http:// is for this computer only (127.0.0.1, [::1], localhost)";
                self.mistake("api.base_url", &format!("\"api.base_url\" {words}"))
            }
            ProviderError::IssuerMissing => self.missing("issuer"),
            ProviderError::Issuer(IssuerError::Invalid) => {
                self.mistake("issuer", "\"issuer\" is not a URL without a query")
            }
            ProviderError::Issuer(IssuerError::Insecure) => {
                let words = "must begin with https://; http:// is for this computer only";
                self.mistake("issuer", &format!("\"issuer\" {words}"))
            }
            ProviderError::Redirect(RedirectError::Invalid) => {
                self.mistake("redirect_uri", "\"redirect_uri\" is not a URL")
            }
            ProviderError::Redirect(RedirectError::Fragment) => {
                self.mistake("redirect_uri", "\"redirect_uri\" has a fragment (#)")
            }
        }
    }

    fn missing(&self, key: &str) -> FileError {
        self.mistake(key, &FileError::missing(key))
    }

    fn mistake(&self, key: &str, what: &str) -> FileError {
        self.named(FileError::at(self.text, self.node.offset_of(key), what).of_key(key))
    }

    fn named(&self, error: FileError) -> FileError {
        let name = self.node.get("name").and_then(|entry| match &entry.node.value {
            NodeValue::Text(text) => Some(text.trim()),
            _ => None,
        });
        error.of_account(name.filter(|name| !name.is_empty()))
    }
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
