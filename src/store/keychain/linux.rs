//! The Secret Service (GNOME Keyring, `KWallet`, `KeePassXC`) over D-Bus.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::Arc;

use keyring_core::api::CredentialStore;
use keyring_core::{Entry, Error};
use secret_service::EncryptionType;
use secret_service::blocking::SecretService;
use zbus_secret_service_keyring_store::Store;
use zbus_secret_service_keyring_store::cred::Wrapper;

use crate::store::vault::VaultError;

/// A message of more than 64 MiB would cost the connection.
pub(super) const LIMIT_BYTES: usize = 32 * 1024 * 1024;

/// Items carry a label, which keychain managers show.
pub(super) fn modifiers(label: &str) -> HashMap<&str, &str> {
    HashMap::from([("label", label)])
}

pub(super) fn connect() -> Result<Arc<CredentialStore>, Error> {
    Store::new().map(|store| store as Arc<CredentialStore>)
}

pub(super) fn search_terms(service: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", service)])
}

/// The name of the record that an item holds. Asked for by its attributes, since
/// `get_specifiers` would take a failure for none.
pub(super) fn record_name(item: &Entry, _: &str) -> Result<Option<String>, Error> {
    match item.get_attributes() {
        Ok(mut attributes) => Ok(attributes.remove("username")),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Items that share a name, the newest first: a service counts its items upwards.
pub(super) fn newest_first(mut items: Vec<Entry>) -> Vec<Entry> {
    items.sort_by_cached_key(|item| {
        let path = item.as_any().downcast_ref::<Wrapper>().map(Wrapper::get_path).unwrap_or_default();
        std::cmp::Reverse((path.len(), path))
    });
    items
}

/// Opens the default collection if it is locked, and says whether it was. Not every service
/// searches a locked one, so "nothing found" means nothing before this was asked.
pub(super) fn open_if_locked() -> Result<bool, VaultError> {
    // No secret passes over this connection, so it needs no encryption.
    let service = SecretService::connect(EncryptionType::Plain).map_err(|error| while_connecting(&error))?;
    let collection = service.get_default_collection().map_err(|error| judged(&error))?;
    if !collection.is_locked().map_err(|error| judged(&error))? {
        return Ok(false);
    }
    collection.unlock().map_err(|error| judged(&error))?;
    // Some services leave it to the caller to see what became of it.
    if collection.is_locked().map_err(|error| judged(&error))? { Err(VaultError::Locked) } else { Ok(true) }
}

pub(super) fn connect_failure(error: &Error) -> VaultError {
    match error {
        Error::PlatformFailure(source) | Error::NoStorageAccess(source) => {
            source.downcast_ref().map_or(VaultError::Absent, while_connecting)
        }
        _ => VaultError::Absent,
    }
}

/// Whatever keeps a connection from being made, there is no service to speak to.
fn while_connecting(error: &secret_service::Error) -> VaultError {
    match judged(error) {
        VaultError::Failed(_) => VaultError::Absent,
        known => known,
    }
}

pub(super) fn reduced(source: &(dyn StdError + Send + Sync + 'static)) -> VaultError {
    source.downcast_ref().map_or(VaultError::Failed("the keychain gave an unknown error"), judged)
}

fn judged(error: &secret_service::Error) -> VaultError {
    use secret_service::Error as Service;
    match error {
        Service::Locked => VaultError::Locked,
        // No default collection, so no place to keep anything; or no service at all.
        Service::NoResult | Service::Unavailable => VaultError::Absent,
        // Without a display the service dismisses its own prompt; nobody has seen it.
        Service::Prompt if !has_display() => VaultError::Locked,
        Service::Prompt => VaultError::Denied,
        Service::PromptDisconnected => VaultError::Failed("the keychain went away while it asked"),
        Service::Crypto(_) => VaultError::Failed("the keychain's answer could not be decrypted"),
        // The bus's name of the error begins the text; the text goes no further.
        Service::Zbus(error) => by_name(&error.to_string()),
        Service::ZbusFdo(error) => by_name(&error.to_string()),
        _ => VaultError::Failed("the keychain's answer could not be read"),
    }
}

fn by_name(text: &str) -> VaultError {
    let has = |names: &[&str]| names.iter().any(|name| text.contains(name));
    if has(&["Secret.Error.IsLocked"]) {
        VaultError::Locked
    } else if has(&["DBus.Error.ServiceUnknown", "DBus.Error.Spawn", "DBus.Error.NameHasNoOwner"]) {
        VaultError::Absent
    } else if has(&["DBus.Error.NoReply", "DBus.Error.Disconnected", "I/O error"]) {
        VaultError::Failed("the connection to the keychain broke")
    } else {
        VaultError::Failed("the keychain refused the call")
    }
}

fn has_display() -> bool {
    ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()))
}
