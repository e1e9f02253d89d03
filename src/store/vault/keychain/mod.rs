//! The operating system's keychain.
//!
//! The only user of keyring-core and its native stores. Invariants: nothing calls the system before the first
//! use; a record counts as missing only if the keychain is unlocked; a system error is reduced to a
//! [`VaultError`] here, since its text may hold secrets.

use std::sync::Arc;

use keyring_core::api::CredentialStore;
use keyring_core::{Entry, Error};
use zeroize::Zeroizing;

use super::{Vault, VaultError, check_line};
use crate::base::secret::SecretText;

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
#[cfg_attr(target_os = "windows", path = "windows.rs")]
mod system;

/// How often to search again if another program has just deleted a record's item.
const SEARCHES: usize = 5;

/// The operating system's keychain, under one service name.
///
/// Calls block while the system's own prompt is open.
#[derive(Debug)]
pub struct Keychain {
    service: String,
    store: Option<Arc<CredentialStore>>,
}

impl Keychain {
    /// A keychain whose items have this service name. Doesn't call the system yet.
    pub fn new(service: String) -> Self {
        Self { service, store: None }
    }

    /// Makes a call, and repeats it with a new connection if the connection broke: an old one becomes stale
    /// when the system's service restarts, and a new one may reach the old service as it exits. Every call
    /// here can be repeated.
    fn call<T>(
        &mut self,
        work: impl Fn(&CredentialStore, &str) -> Result<T, Error>,
    ) -> Result<Option<T>, VaultError> {
        let tried = self.attempt(&work);
        let broke = self.store.is_none() && matches!(tried, Err(VaultError::Failed(_)));
        if broke { self.attempt(&work) } else { tried }
    }

    fn attempt<T>(
        &mut self,
        work: impl Fn(&CredentialStore, &str) -> Result<T, Error>,
    ) -> Result<Option<T>, VaultError> {
        let store = match &self.store {
            Some(store) => store,
            None => self.store.insert(system::connect().map_err(|error| system::connect_failure(&error))?),
        };
        // Only a search shows whether a record exists. An item that disappeared after it was found means only
        // that the search must be repeated.
        let mut done = work(store.as_ref(), &self.service);
        for _ in 1..SEARCHES {
            match &done {
                Err(error) if system::is_gone(error) => done = work(store.as_ref(), &self.service),
                _ => break,
            }
        }
        match done {
            Ok(value) => Ok(Some(value)),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => {
                if matches!(error, Error::PlatformFailure(_)) {
                    self.store = None;
                }
                Err(reduced(&error))
            }
        }
    }

    fn find(&mut self, name: &str) -> Result<Option<SecretText>, VaultError> {
        let found = self.call(|store, service| match entry(store, service, name)?.get_secret() {
            // Another program may have stored a second item; always use the newest.
            Err(Error::Ambiguous(items)) => match system::newest_first(items).first() {
                Some(item) => item.get_secret(),
                None => Err(Error::NoEntry),
            },
            found => found,
        })?;
        found.map(|bytes| text(bytes).map(SecretText::new)).transpose()
    }

    fn list(&mut self) -> Result<Vec<String>, VaultError> {
        let mut names = self.call(system::names)?.unwrap_or_default();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

impl Vault for Keychain {
    fn read(&mut self, name: &str) -> Result<Option<SecretText>, VaultError> {
        match self.find(name)? {
            None if open_if_locked()? => self.find(name),
            found => Ok(found),
        }
    }

    fn write(&mut self, name: &str, line: &SecretText) -> Result<(), VaultError> {
        check_line(line)?;
        if line.len_bytes() > system::LIMIT_BYTES {
            return Err(VaultError::TooLarge {
                size_bytes: line.len_bytes(),
                limit_bytes: system::LIMIT_BYTES,
            });
        }
        let bytes = line.expose().as_bytes();
        self.call(|store, service| match entry(store, service, name)?.set_secret(bytes) {
            Err(Error::Ambiguous(items)) => {
                let items = system::newest_first(items);
                if let Some((newest, others)) = items.split_first() {
                    newest.set_secret(bytes)?;
                    delete_all(others)?;
                }
                Ok(())
            }
            done => done,
        })?
        .ok_or(VaultError::Failed("the record disappeared while it was written"))
    }

    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        let delete = |keychain: &mut Self| {
            keychain.call(|store, service| match entry(store, service, name)?.delete_credential() {
                Err(Error::Ambiguous(items)) => delete_all(&items),
                done => done,
            })
        };
        match delete(self)? {
            None if open_if_locked()? => delete(self).map(drop),
            _ => Ok(()),
        }
    }

    fn names(&mut self) -> Result<Vec<String>, VaultError> {
        let names = self.list()?;
        if names.is_empty() && open_if_locked()? { self.list() } else { Ok(names) }
    }

    fn probe(&mut self) -> Result<(), VaultError> {
        // By process ID, since two processes may probe at once.
        let name = format!("probe/{}", std::process::id());
        let line = SecretText::new("Keyfob tries whether it can keep anything here.".to_owned());
        self.write(&name, &line)?;
        let read = self.read(&name);
        self.delete(&name)?;
        match read? {
            Some(stored) if stored.expose() == line.expose() => Ok(()),
            _ => Err(VaultError::Failed("a record could not be read back as written")),
        }
    }

    fn limit_bytes(&self) -> Option<usize> {
        Some(system::LIMIT_BYTES)
    }
}

fn entry(store: &CredentialStore, service: &str, name: &str) -> Result<Entry, Error> {
    let label = format!("Keyfob: {name}");
    store.build(service, name, Some(&system::modifiers(&label)))
}

/// Like a call: repeated if the connection broke.
fn open_if_locked() -> Result<bool, VaultError> {
    match system::open_if_locked() {
        Err(VaultError::Failed(_)) => system::open_if_locked(),
        told => told,
    }
}

fn delete_all(items: &[Entry]) -> Result<(), Error> {
    for item in items {
        match item.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => {}
            Err(error) if system::is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The text of a record; invalid bytes are wiped.
fn text(bytes: Vec<u8>) -> Result<String, VaultError> {
    String::from_utf8(bytes).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        VaultError::Corrupt
    })
}

/// Reduces an error to what the rest of the app may know. Some variants carry the secret itself.
fn reduced(error: &Error) -> VaultError {
    match error {
        Error::NoStorageAccess(source) | Error::PlatformFailure(source) => system::reduced(source.as_ref()),
        Error::TooLong(_, limit) => {
            let limit_bytes = usize::try_from(*limit).unwrap_or(usize::MAX);
            VaultError::TooLarge { size_bytes: limit_bytes.saturating_add(1), limit_bytes }
        }
        Error::BadEncoding(_) | Error::BadDataFormat(..) => VaultError::Corrupt,
        Error::BadStoreFormat(_) => VaultError::Failed("the keychain itself is damaged"),
        Error::Invalid(..) => VaultError::Failed("the keychain doesn't accept the record's name"),
        Error::Ambiguous(_) => VaultError::Failed("a record exists twice"),
        Error::NotSupportedByStore(_) => VaultError::Failed("the keychain can't do this"),
        _ => VaultError::Failed("the keychain returned an unknown error"),
    }
}
