//! The login keychain of macOS, which prompts and unlocks itself at each call.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::Arc;

use apple_native_keyring_store::keychain::Store;
use keyring_core::api::CredentialStore;
use keyring_core::{Entry, Error};

use crate::store::vault::VaultError;

/// The keychain documents no limit.
pub(in crate::store::vault::keychain) const LIMIT_BYTES: usize = 32 * 1024 * 1024;

/// The keychain labels its items itself.
pub(in crate::store::vault::keychain) fn modifiers(_: &str) -> HashMap<&str, &str> {
    HashMap::new()
}

pub(in crate::store::vault::keychain) fn connect() -> Result<Arc<CredentialStore>, Error> {
    Store::new().map(|store| store as Arc<CredentialStore>)
}

/// The names of the records under a service name, from one call.
pub(in crate::store::vault::keychain) fn names(
    store: &CredentialStore,
    service: &str,
) -> Result<Vec<String>, Error> {
    let items = store.search(&HashMap::from([("service", service)]))?;
    let specifiers = items.iter().filter_map(Entry::get_specifiers);
    Ok(specifiers.filter(|(of, _)| of == service).map(|(_, name)| name).collect())
}

/// A missing item is [`Error::NoEntry`] here.
pub(in crate::store::vault::keychain) fn is_gone(_: &Error) -> bool {
    false
}

/// An item's name is unique here.
pub(in crate::store::vault::keychain) fn newest_first(items: Vec<Entry>) -> Vec<Entry> {
    items
}

/// A locked keychain fails the call itself.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(in crate::store::vault::keychain) fn open_if_locked() -> Result<bool, VaultError> {
    Ok(false)
}

pub(in crate::store::vault::keychain) fn connect_failure(_: &Error) -> VaultError {
    VaultError::Absent
}

pub(in crate::store::vault::keychain) fn reduced(
    source: &(dyn StdError + Send + Sync + 'static),
) -> VaultError {
    match source.downcast_ref::<security_framework::base::Error>().map(|error| error.code()) {
        // errSecUserCanceled
        Some(-128) => VaultError::Denied,
        // errSecAuthFailed, errSecInteractionNotAllowed
        Some(-25293 | -25308) => VaultError::Locked,
        // errSecNotAvailable, errSecNoSuchKeychain, errSecNoDefaultKeychain
        Some(-25291 | -25294 | -25307) => VaultError::Absent,
        _ => VaultError::Failed("the keychain refused the call"),
    }
}
