//! The Windows Credential Manager, which is unlocked while its user is logged on.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::Arc;

use keyring_core::api::CredentialStore;
use keyring_core::{Entry, Error};
use windows_native_keyring_store::Store;

use crate::store::vault::VaultError;

/// The maximum size of a credential: `CRED_MAX_CREDENTIAL_BLOB_SIZE`.
pub(in crate::store::vault::keychain) const LIMIT_BYTES: usize = 2560;

/// Credentials have no label, and stay on this computer: another would use the same refresh token.
pub(in crate::store::vault::keychain) fn modifiers(_: &str) -> HashMap<&str, &str> {
    HashMap::from([("persistence", "Local")])
}

pub(in crate::store::vault::keychain) fn connect() -> Result<Arc<CredentialStore>, Error> {
    Store::new().map(|store| store as Arc<CredentialStore>)
}

/// The names of the records under a service name, from one call.
pub(in crate::store::vault::keychain) fn names(
    store: &CredentialStore,
    service: &str,
) -> Result<Vec<String>, Error> {
    // Search everything: this search has patterns but no service names.
    let items = store.search(&HashMap::new())?;
    let specifiers = items.iter().filter_map(Entry::get_specifiers);
    Ok(specifiers.filter(|(of, _)| of == service).map(|(_, name)| name).collect())
}

/// A missing item is [`Error::NoEntry`] here.
pub(in crate::store::vault::keychain) fn is_gone(_: &Error) -> bool {
    false
}

/// A credential's name is unique here.
pub(in crate::store::vault::keychain) fn newest_first(items: Vec<Entry>) -> Vec<Entry> {
    items
}

/// Never locked while its user runs programs.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(in crate::store::vault::keychain) fn open_if_locked() -> Result<bool, VaultError> {
    Ok(false)
}

pub(in crate::store::vault::keychain) fn connect_failure(_: &Error) -> VaultError {
    VaultError::Absent
}

pub(in crate::store::vault::keychain) fn reduced(_: &(dyn StdError + Send + Sync + 'static)) -> VaultError {
    VaultError::Failed("the credential manager refused the call")
}
