//! The Secret Service (GNOME Keyring, `KWallet`, `KeePassXC`) over D-Bus.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::io::ErrorKind;
use std::sync::Arc;

use keyring_core::api::CredentialStore;
use keyring_core::{Entry, Error};
use secret_service::blocking::SecretService;
use secret_service::{EncryptionType, Error as Service};
use zbus::zvariant::{OwnedObjectPath, OwnedValue};
use zbus_secret_service_keyring_store::Store;
use zbus_secret_service_keyring_store::cred::Wrapper;

use super::SEARCHES;
use crate::store::vault::VaultError;

/// A message of more than 64 MiB would end the connection.
pub(in crate::store::vault::keychain) const LIMIT_BYTES: usize = 32 * 1024 * 1024;

const NAME: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

const BROKE: &str = "the connection to the keychain broke";

/// Items have a label, which keychain managers show.
pub(in crate::store::vault::keychain) fn modifiers(label: &str) -> HashMap<&str, &str> {
    HashMap::from([("label", label)])
}

pub(in crate::store::vault::keychain) fn connect() -> Result<Arc<CredentialStore>, Error> {
    Store::new().map(|store| store as Arc<CredentialStore>)
}

/// The names of the records under a service name, as of the last search. If an item disappears before its
/// attributes are read, the search is repeated, and the item is omitted only if it is no longer found: it may
/// belong to a keychain that is restarting. Each item is read once, so repeated searches are fast.
pub(in crate::store::vault::keychain) fn names(
    store: &CredentialStore,
    service: &str,
) -> Result<Vec<String>, Error> {
    let mut read: HashMap<String, Option<String>> = HashMap::new();
    let mut searches = 1;
    loop {
        let (mut names, mut gone) = (Vec::new(), None);
        for item in store.search(&HashMap::from([("service", service)]))? {
            let path = path_of(&item);
            if let Some(name) = path.as_ref().and_then(|path| read.get(path)) {
                names.extend(name.clone());
                continue;
            }
            // By its attributes, since `get_specifiers` would report a failure as none.
            match item.get_attributes() {
                Ok(mut attributes) => {
                    let name = attributes.remove("username");
                    names.extend(name.clone());
                    read.extend(path.map(|path| (path, name)));
                }
                Err(error) if is_gone(&error) => gone = Some(error),
                Err(error) => return Err(error),
            }
        }
        match gone {
            None => return Ok(names),
            Some(error) if searches == SEARCHES => return Err(error),
            Some(_) => searches += 1,
        }
    }
}

fn path_of(item: &Entry) -> Option<String> {
    item.as_any().downcast_ref::<Wrapper>().map(Wrapper::get_path)
}

/// Sorts items of the same name, the newest first: a service numbers its items upwards.
pub(in crate::store::vault::keychain) fn newest_first(mut items: Vec<Entry>) -> Vec<Entry> {
    items.sort_by_cached_key(|item| {
        let path = path_of(item).unwrap_or_default();
        std::cmp::Reverse((path.len(), path))
    });
    items
}

/// Unlocks the default collection if it is locked, and returns whether it was. Not every service searches a
/// locked one, so an empty search result is reliable only after this.
pub(in crate::store::vault::keychain) fn open_if_locked() -> Result<bool, VaultError> {
    // It usually is. If that can't be determined, the calls below find out why.
    if is_open().unwrap_or(false) {
        return Ok(false);
    }
    // No secret is sent over this connection, so it needs no encryption.
    let service = SecretService::connect(EncryptionType::Plain).map_err(|error| judged(&error))?;
    let collection = service.get_default_collection().map_err(|error| judged(&error))?;
    if !collection.is_locked().map_err(|error| judged(&error))? {
        return Ok(false);
    }
    collection.unlock().map_err(|error| judged(&error))?;
    // Some services don't report the result of unlocking.
    if collection.is_locked().map_err(|error| judged(&error))? { Err(VaultError::Locked) } else { Ok(true) }
}

/// Returns true if the default collection is unlocked, without opening a session. gnome-keyring (42 to 50)
/// exits, and ends every program's session, if it handles the call for a session before it has registered the
/// caller; so no unnecessary session is opened.
fn is_open() -> zbus::Result<bool> {
    let bus = zbus::blocking::Connection::session()?;
    let reply = bus.call_method(Some(NAME), PATH, Some(SERVICE), "ReadAlias", &"default")?;
    let collection: OwnedObjectPath = reply.body().deserialize()?;
    let property = (COLLECTION, "Locked");
    let reply = bus.call_method(Some(NAME), &collection, Some(PROPERTIES), "Get", &property)?;
    let locked: OwnedValue = reply.body().deserialize()?;
    Ok(!bool::try_from(locked)?)
}

pub(in crate::store::vault::keychain) fn connect_failure(error: &Error) -> VaultError {
    match error {
        Error::PlatformFailure(source) | Error::NoStorageAccess(source) => reduced(source.as_ref()),
        _ => VaultError::Absent,
    }
}

pub(in crate::store::vault::keychain) fn reduced(
    source: &(dyn StdError + Send + Sync + 'static),
) -> VaultError {
    source.downcast_ref().map_or(VaultError::Failed("the keychain returned an unknown error"), judged)
}

/// Returns true if a call failed because the item doesn't exist, as after another program deleted it.
/// gnome-keyring, over `GDBus`, then reports the item's methods as unknown; others name the object.
pub(in crate::store::vault::keychain) fn is_gone(error: &Error) -> bool {
    const NAMES: [&str; 4] = [
        "Secret.Error.NoSuchObject",
        "DBus.Error.UnknownObject",
        "DBus.Error.UnknownInterface",
        "DBus.Error.UnknownMethod",
    ];
    let (Error::PlatformFailure(source) | Error::NoStorageAccess(source)) = error else { return false };
    let text = match source.downcast_ref() {
        Some(Service::Zbus(error) | Service::ZbusFdo(zbus::fdo::Error::ZBus(error))) => named(error),
        Some(Service::ZbusFdo(error)) => error.to_string(),
        _ => return false,
    };
    NAMES.iter().any(|name| text.contains(name))
}

fn judged(error: &Service) -> VaultError {
    match error {
        Service::Locked => VaultError::Locked,
        // No default collection to store anything in, or no bus at all.
        Service::NoResult | Service::Unavailable => VaultError::Absent,
        // Without a display the service dismisses its own prompt, which the user never saw.
        Service::Prompt if !has_display() => VaultError::Locked,
        Service::Prompt => VaultError::Denied,
        Service::PromptDisconnected => VaultError::Failed("the keychain closed its prompt"),
        Service::Crypto(_) => VaultError::Failed("the keychain's response could not be decrypted"),
        // An error that is not one of the bus's own is wrapped in one of those.
        Service::Zbus(error) | Service::ZbusFdo(zbus::fdo::Error::ZBus(error)) => of_bus(error),
        // The text begins with the bus's name of the error; only the name is used.
        Service::ZbusFdo(error) => by_name(&error.to_string()),
        _ => VaultError::Failed("the keychain's response could not be read"),
    }
}

/// Distinguishes an absent bus from a broken connection: only the latter is worth a retry.
fn of_bus(error: &zbus::Error) -> VaultError {
    match error {
        zbus::Error::Connection(source, _) | zbus::Error::InputOutput(source) => of_socket(source.kind()),
        // The bus went away during the handshake, or else rejected us.
        zbus::Error::Handshake(words) if words.contains("EOF") => VaultError::Failed(BROKE),
        zbus::Error::Handshake(_) | zbus::Error::Address(_) => VaultError::Absent,
        other => by_name(&named(other)),
    }
}

/// A text that begins with the bus's name of the error.
fn named(error: &zbus::Error) -> String {
    match error {
        zbus::Error::MethodError(name, ..) => name.to_string(),
        other => other.to_string(),
    }
}

fn of_socket(kind: ErrorKind) -> VaultError {
    match kind {
        // No such socket, no listener, or no permission.
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

        // A full queue, or a bus or service that ends; each may be available again soon.
        for kind in [ErrorKind::WouldBlock, ErrorKind::ConnectionReset, ErrorKind::BrokenPipe] {
            assert_eq!(judged(&connecting(kind).into()), VaultError::Failed(BROKE), "{kind}");
        }
        let cut = zbus::Error::Handshake("Unexpected EOF during handshake".to_owned());
        assert_eq!(judged(&cut.into()), VaultError::Failed(BROKE));
        let gone = "Message recipient disconnected from message bus without replying";
        assert_eq!(fdo(zbus::fdo::Error::NoReply(gone.to_owned())), VaultError::Failed(BROKE));
    }

    fn method(name: &'static str) -> zbus::Error {
        let call = zbus::message::Message::method_call("/", "Get").unwrap().build(&()).unwrap();
        let name = zbus::names::ErrorName::from_static_str(name).unwrap();
        zbus::Error::MethodError(name.into(), Some("said".to_owned()), call)
    }

    #[test]
    fn k3_a_property_of_a_locked_item_is_locked() {
        let locked = || method("org.freedesktop.Secret.Error.IsLocked");
        assert_eq!(judged(&locked().into()), VaultError::Locked);
        assert_eq!(judged(&zbus::fdo::Error::ZBus(locked()).into()), VaultError::Locked);
    }

    #[test]
    fn k10_an_item_that_is_not_there_is_told_from_a_failing_call() {
        let platform = |error: Service| Error::PlatformFailure(Box::new(error));
        let fdo = |error: zbus::fdo::Error| platform(Service::ZbusFdo(error));
        let words = || "Object does not exist at path".to_owned();
        for gone in [
            fdo(zbus::fdo::Error::UnknownMethod(words())),
            fdo(zbus::fdo::Error::UnknownObject(words())),
            fdo(zbus::fdo::Error::UnknownInterface(words())),
            fdo(zbus::fdo::Error::ZBus(method("org.freedesktop.Secret.Error.NoSuchObject"))),
            platform(method("org.freedesktop.Secret.Error.NoSuchObject").into()),
            platform(method("org.freedesktop.DBus.Error.UnknownMethod").into()),
            platform(method("org.freedesktop.DBus.Error.UnknownObject").into()),
        ] {
            assert!(is_gone(&gone), "{gone:?}");
        }
        for other in [
            Error::NoEntry,
            Error::NoStorageAccess(Box::new(Service::Locked)),
            Error::NoStorageAccess(Box::new(Service::Prompt)),
            platform(Service::Unavailable),
            fdo(zbus::fdo::Error::NoReply(words())),
            fdo(zbus::fdo::Error::AccessDenied(words())),
            platform(method("org.freedesktop.Secret.Error.NoSession").into()),
            platform(method("org.freedesktop.Secret.Error.IsLocked").into()),
            platform(method("org.freedesktop.DBus.Error.ServiceUnknown").into()),
            Error::PlatformFailure("org.freedesktop.DBus.Error.UnknownObject".into()),
        ] {
            assert!(!is_gone(&other), "{other:?}");
        }
    }
}
