//! The Secret Service (GNOME Keyring, `KWallet`, `KeePassXC`) over D-Bus.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::io::ErrorKind;
use std::sync::Arc;

use keyring_core::api::CredentialStore;
use keyring_core::{Entry, Error};
use secret_service::EncryptionType;
use secret_service::blocking::SecretService;
use zbus::zvariant::{OwnedObjectPath, OwnedValue};
use zbus_secret_service_keyring_store::Store;
use zbus_secret_service_keyring_store::cred::Wrapper;

use crate::store::vault::VaultError;

/// A message of more than 64 MiB would cost the connection.
pub(super) const LIMIT_BYTES: usize = 32 * 1024 * 1024;

const NAME: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

const BROKE: &str = "the connection to the keychain broke";

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
    // Most often it is open. Where that can't be told so, the rest finds out why.
    if is_open().unwrap_or(false) {
        return Ok(false);
    }
    // No secret passes over this connection, so it needs no encryption.
    let service = SecretService::connect(EncryptionType::Plain).map_err(|error| judged(&error))?;
    let collection = service.get_default_collection().map_err(|error| judged(&error))?;
    if !collection.is_locked().map_err(|error| judged(&error))? {
        return Ok(false);
    }
    collection.unlock().map_err(|error| judged(&error))?;
    // Some services leave it to the caller to see what became of it.
    if collection.is_locked().map_err(|error| judged(&error))? { Err(VaultError::Locked) } else { Ok(true) }
}

/// Whether the default collection is open, asked without a session. gnome-keyring (42 to 50) ends, and with it
/// every program's session, where the call for one is handled before it has taken note of who calls; so no
/// session is made that is not needed.
fn is_open() -> zbus::Result<bool> {
    let bus = zbus::blocking::Connection::session()?;
    let reply = bus.call_method(Some(NAME), PATH, Some(SERVICE), "ReadAlias", &"default")?;
    let collection: OwnedObjectPath = reply.body().deserialize()?;
    let asked = (COLLECTION, "Locked");
    let reply = bus.call_method(Some(NAME), &collection, Some(PROPERTIES), "Get", &asked)?;
    let locked: OwnedValue = reply.body().deserialize()?;
    Ok(!bool::try_from(locked)?)
}

pub(super) fn connect_failure(error: &Error) -> VaultError {
    match error {
        Error::PlatformFailure(source) | Error::NoStorageAccess(source) => reduced(source.as_ref()),
        _ => VaultError::Absent,
    }
}

pub(super) fn reduced(source: &(dyn StdError + Send + Sync + 'static)) -> VaultError {
    source.downcast_ref().map_or(VaultError::Failed("the keychain gave an unknown error"), judged)
}

fn judged(error: &secret_service::Error) -> VaultError {
    use secret_service::Error as Service;
    match error {
        Service::Locked => VaultError::Locked,
        // No default collection, so no place to keep anything; or no bus at all.
        Service::NoResult | Service::Unavailable => VaultError::Absent,
        // Without a display the service dismisses its own prompt; nobody has seen it.
        Service::Prompt if !has_display() => VaultError::Locked,
        Service::Prompt => VaultError::Denied,
        Service::PromptDisconnected => VaultError::Failed("the keychain went away while it asked"),
        Service::Crypto(_) => VaultError::Failed("the keychain's answer could not be decrypted"),
        Service::Zbus(error) => of_bus(error),
        // The bus's name of the error begins the text; the text goes no further.
        Service::ZbusFdo(error) => by_name(&error.to_string()),
        _ => VaultError::Failed("the keychain's answer could not be read"),
    }
}

/// Nobody to speak to is told apart from a connection that broke: only the second is worth another try.
fn of_bus(error: &zbus::Error) -> VaultError {
    match error {
        zbus::Error::Connection(source, _) | zbus::Error::InputOutput(source) => of_socket(source.kind()),
        // The bus went away in the middle of it, or else has turned us away.
        zbus::Error::Handshake(words) if words.contains("EOF") => VaultError::Failed(BROKE),
        zbus::Error::Handshake(_) | zbus::Error::Address(_) => VaultError::Absent,
        zbus::Error::MethodError(name, ..) => by_name(name.as_str()),
        other => by_name(&other.to_string()),
    }
}

fn of_socket(kind: ErrorKind) -> VaultError {
    match kind {
        // No such socket, nobody behind it, or not for us.
        ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::PermissionDenied => {
            VaultError::Absent
        }
        _ => VaultError::Failed(BROKE),
    }
}

fn by_name(text: &str) -> VaultError {
    let has = |names: &[&str]| names.iter().any(|name| text.contains(name));
    if has(&["Secret.Error.IsLocked"]) {
        VaultError::Locked
    } else if has(&["DBus.Error.ServiceUnknown", "DBus.Error.Spawn", "DBus.Error.NameHasNoOwner"]) {
        VaultError::Absent
    } else if has(&["DBus.Error.NoReply", "DBus.Error.Disconnected", "I/O error"]) {
        VaultError::Failed(BROKE)
    } else {
        VaultError::Failed("the keychain refused the call")
    }
}

fn has_display() -> bool {
    ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn k5_nobody_to_speak_to_is_told_from_a_connection_that_broke() {
        let address: zbus::Address = "unix:path=/nowhere".parse().unwrap();
        let connecting = |kind| zbus::Error::Connection(Arc::new(io::Error::from(kind)), address.clone());
        let fdo = |error: zbus::fdo::Error| judged(&secret_service::Error::ZbusFdo(error));
        for kind in [ErrorKind::NotFound, ErrorKind::ConnectionRefused, ErrorKind::PermissionDenied] {
            assert_eq!(judged(&connecting(kind).into()), VaultError::Absent, "{kind}");
        }
        let rejected = zbus::Error::Handshake("Received REJECTED".to_owned());
        assert_eq!(judged(&rejected.into()), VaultError::Absent);
        assert_eq!(fdo(zbus::fdo::Error::ServiceUnknown("x".to_owned())), VaultError::Absent);
        assert_eq!(judged(&secret_service::Error::NoResult), VaultError::Absent);

        // A queue that is full, a bus that ends, a service that ends: all of them may be back in a moment.
        for kind in [ErrorKind::WouldBlock, ErrorKind::ConnectionReset, ErrorKind::BrokenPipe] {
            assert_eq!(judged(&connecting(kind).into()), VaultError::Failed(BROKE), "{kind}");
        }
        let cut = zbus::Error::Handshake("Unexpected EOF during handshake".to_owned());
        assert_eq!(judged(&cut.into()), VaultError::Failed(BROKE));
        let gone = "Message recipient disconnected from message bus without replying";
        assert_eq!(fdo(zbus::fdo::Error::NoReply(gone.to_owned())), VaultError::Failed(BROKE));
    }
}
