//! Credentials for the accounts of an `OpenAPI` document: a TOML file with a table for each scheme.
//!
//! Invariant: a mistake names the table and the key, never a value.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ApiDocument;
use crate::base::secret::{ApiKey, ClientSecret, Kind, Password, Secret};
use crate::domain::account::Client;
use crate::domain::document::file_error::{FileError, suggestion};
use crate::domain::document::{Node, NodeValue};
use crate::domain::oauth::discovery;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::token_request::{self, RequestError};
use crate::domain::provider::Provider;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    client_id: Option<String>,
    #[serde(default, deserialize_with = "crate::domain::import::trimmed_secret")]
    client_secret: Option<ClientSecret>,
    username: Option<String>,
    #[serde(default, deserialize_with = "crate::domain::import::secret")]
    password: Option<Password>,
    #[serde(default, deserialize_with = "crate::domain::import::trimmed_secret")]
    key: Option<ApiKey>,
}

/// The tables of a file, by scheme.
pub struct Credentials {
    tables: BTreeMap<String, (usize, Table)>,
}

impl Credentials {
    /// Reads a file.
    ///
    /// # Errors
    /// [`FileError`]: the first mistake.
    pub fn read(text: &str) -> Result<Self, FileError> {
        let root = Node::parse(text)?;
        let NodeValue::Table(entries) = &root.value else {
            return Err(FileError::at(text, root.offset, "the file must be a table"));
        };
        let mut tables = BTreeMap::new();
        for entry in entries {
            if !matches!(entry.node.value, NodeValue::Table(_)) {
                let what = format!("\"{}\" must be a table", super::shown(&entry.key));
                return Err(FileError::at(text, entry.offset, &what).of_key(&entry.key));
            }
            let table = Table::deserialize(&entry.node).map_err(|error| {
                error.into_file_error(text, entry.offset, &[]).of_account(Some(&entry.key))
            })?;
            tables.insert(entry.key.clone().into_owned(), (entry.offset, table));
        }
        Ok(Self { tables })
    }

    /// Gives each account of a document the credentials of its scheme.
    ///
    /// # Errors
    /// [`FileError`] of this file's `text`: a table without a scheme, or a value that its grant doesn't need or
    /// can't send.
    pub fn complete(self, text: &str, document: &mut ApiDocument) -> Result<(), FileError> {
        let schemes: Vec<String> =
            document.accounts.iter().map(|(_, details)| details.scheme.clone()).collect();
        for (scheme, (offset, table)) in &self.tables {
            let wrong = |key: &str, what: &str| {
                Err(FileError::at(text, *offset, what).of_key(key).of_account(Some(scheme)))
            };
            if !schemes.contains(scheme) {
                let near = suggestion(scheme, schemes.iter().map(String::as_str));
                return wrong(scheme, &format!("the document has no account of this scheme{near}"));
            }
            let accounts = document.accounts.iter_mut().filter(|(_, details)| details.scheme == *scheme);
            for (imported, _) in accounts {
                if let Some(key) = table.stray_key(imported.settings.grant) {
                    return wrong(key, &format!("\"{key}\" doesn't go with this scheme"));
                }
                imported.client = table.client();
                let settings = discovery::with_placeholder_endpoints(&imported.settings);
                let Ok(provider) = Provider::resolve(&[], &settings) else { continue };
                match token_request::check(&provider, &imported.client) {
                    Ok(()) => imported.incomplete = false,
                    Err(RequestError::Unusable(key)) => {
                        let what = format!("\"{key}\" contains a character that a request can't carry");
                        return wrong(key, &what);
                    }
                    Err(_) => {}
                }
            }
        }
        Ok(())
    }
}

impl Table {
    /// A key that the grant has no use for.
    fn stray_key(&self, grant: GrantType) -> Option<&'static str> {
        let of_client = self.client_id.is_some() && !grant.has_client();
        let of_secret = self.client_secret.is_some() && !grant.has_client();
        let of_password = !grant.has_password();
        [
            ("client_id", of_client),
            ("client_secret", of_secret),
            ("username", self.username.is_some() && of_password),
            ("password", self.password.is_some() && of_password),
            ("key", self.key.is_some() && grant != GrantType::ApiKey),
        ]
        .into_iter()
        .find_map(|(key, is_stray)| is_stray.then_some(key))
    }

    fn client(&self) -> Client {
        fn copy<K: Kind>(secret: Option<&Secret<K>>) -> Option<Secret<K>> {
            secret.map(Secret::duplicate)
        }
        let text = |text: &Option<String>| text.as_deref().map(str::trim).unwrap_or_default().to_owned();
        Client {
            client_id: text(&self.client_id),
            client_secret: copy(self.client_secret.as_ref()),
            username: Some(text(&self.username)).filter(|name| !name.is_empty()),
            password: copy(self.password.as_ref()),
            key: copy(self.key.as_ref()),
            ..Client::default()
        }
    }
}
