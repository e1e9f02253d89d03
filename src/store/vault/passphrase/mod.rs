//! The passphrase vault: secrets in two encrypted files, for computers without a keychain.
//!
//! `key.age` is a key encrypted by the passphrase, and `vault.age` has the records encrypted to that key.
//! Invariants: after a crash at any time one passphrase opens both, in the old state or the new one; what
//! can't be decrypted is never overwritten; only encrypted data reaches the disk.
//!
//! Several processes may share it: a change is made under a lock, to what is stored at that time. A change of
//! the passphrase first encrypts the records to the old key and the new one, then replaces the key's file,
//! then encrypts the records to the new key alone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

use super::{Vault, VaultError, check_line};
use crate::base::secret::{Passphrase, SecretText};
use crate::store::encryption;
use crate::store::encryption::{Key, SealError};
use crate::store::home::Home;
use crate::store::private_files;
use crate::store::private_files::{FileError, FileLock};

mod contents;

use contents::Contents;

/// Larger than any key's file.
const KEY_LIMIT_BYTES: u64 = 64 * 1024;

/// Larger than any user's secrets; it bounds what a planted file can make Keyfob read.
const VAULT_LIMIT_BYTES: u64 = 64 * 1024 * 1024;

/// The passphrase vault of a home. A clone is another handle to it: locking one locks all of them.
///
/// Opening, creating and changing the passphrase take about a second of work, on purpose. Other calls take a
/// few milliseconds, and wait for another process for at most ten seconds.
#[derive(Debug, Clone)]
pub struct PassphraseVault {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    home: Home,
    work_factor: u8,
    opened: Mutex<Option<Arc<Opened>>>,
}

struct Opened {
    key: Key,
    file: [u8; 32],
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[Key]")
    }
}

impl Opened {
    fn new(key: Key, file: &[u8]) -> Self {
        Self { key, file: digest(file) }
    }

    /// Returns true if the key's file is still the one that this key came from.
    fn is_current(&self, home: &Home) -> Result<bool, VaultError> {
        Ok(read_key(home)?.is_some_and(|bytes| digest(&bytes) == self.file))
    }

    /// Reads the records. If the file is encrypted to another key, because the passphrase was changed
    /// meanwhile, the vault counts as locked.
    fn load(&self, home: &Home) -> Result<(Vec<u8>, Contents), VaultError> {
        let bytes = private_files::read(&home.vault_path(), VAULT_LIMIT_BYTES)
            .map_err(vault_error)?
            .unwrap_or_default();
        match Contents::open(&self.key, &bytes) {
            Err(SealError::WrongKey) if !self.is_current(home)? => Err(VaultError::Locked),
            Err(error) => Err(opening_error(error)),
            Ok(contents) => Ok((bytes, contents)),
        }
    }
}

impl PassphraseVault {
    pub fn exists(home: &Home) -> bool {
        // There is only a backup if its restoration was interrupted.
        let key = home.key_path();
        [private_files::with_suffix(&key, ".old"), key]
            .iter()
            .any(|path| std::fs::symlink_metadata(path).is_ok())
    }

    /// Creates an empty vault, and opens it.
    ///
    /// # Errors
    /// [`VaultError::Failed`] if there is one already, or the disk fails.
    pub fn create(home: &Home, passphrase: &Passphrase) -> Result<Self, VaultError> {
        Self::create_with_work_factor(home, passphrase, encryption::WORK_FACTOR)
    }

    /// [`Self::create`] for tests, for which a second is too long.
    #[doc(hidden)]
    pub fn create_with_work_factor(
        home: &Home,
        passphrase: &Passphrase,
        work_factor: u8,
    ) -> Result<Self, VaultError> {
        home.create().map_err(|error| vault_error(error.into()))?;
        let key = Key::generate();
        let wrapped = key.wrap(passphrase, work_factor).map_err(opening_error)?;
        let opened = Opened::new(key, &wrapped);
        let _lock = FileLock::acquire(&home.vault_lock_path()).map_err(vault_error)?;
        if Self::exists(home) {
            return Err(vault_error(FileError::Exists));
        }
        // Records without their key, or those of an interrupted creation.
        private_files::set_aside(&home.vault_path(), &[".old"]).map_err(vault_error)?;
        store(home, &Contents::default(), &[&opened.key])?;
        // The key last: it makes the vault exist.
        private_files::replace(&home.key_path(), &wrapped, |back| back == wrapped).map_err(vault_error)?;
        Ok(Self::with(home, work_factor, Some(opened)))
    }

    /// Opens the home's vault.
    ///
    /// # Errors
    /// [`VaultError::WrongPassphrase`]; [`VaultError::Absent`] if there is no vault; [`VaultError::Damaged`],
    /// [`VaultError::Newer`] or [`VaultError::Failed`].
    pub fn open(home: &Home, passphrase: &Passphrase) -> Result<Self, VaultError> {
        let vault = Self::locked(home);
        vault.unlock(passphrase)?;
        Ok(vault)
    }

    /// The home's vault, locked: every call fails with [`VaultError::Locked`] until [`Self::unlock`].
    pub fn locked(home: &Home) -> Self {
        Self::with(home, encryption::WORK_FACTOR, None)
    }

    fn with(home: &Home, work_factor: u8, opened: Option<Opened>) -> Self {
        let opened = Mutex::new(opened.map(Arc::new));
        Self { shared: Arc::new(Shared { home: home.clone(), work_factor, opened }) }
    }

    /// Unlocks it. An unlocked one is opened again, and stays unlocked if that fails.
    ///
    /// # Errors
    /// As of [`Self::open`].
    pub fn unlock(&self, passphrase: &Passphrase) -> Result<(), VaultError> {
        let opened = open(&self.shared.home, passphrase)?;
        *self.slot() = Some(Arc::new(opened));
        Ok(())
    }

    /// Forgets the key after any call under way, so that the passphrase is needed again.
    pub fn lock(&self) {
        *self.slot() = None;
    }

    pub fn is_locked(&self) -> bool {
        self.slot().is_none()
    }

    /// Makes a new key, encrypts it by the new passphrase, and encrypts the records to it. Other processes
    /// then need the new passphrase.
    ///
    /// # Errors
    /// [`VaultError`]; the old passphrase then still works.
    pub fn change_passphrase(&self, passphrase: &Passphrase) -> Result<(), VaultError> {
        let home = &self.shared.home;
        let key = Key::generate();
        let wrapped = key.wrap(passphrase, self.shared.work_factor).map_err(opening_error)?;
        // Check that it opens before it is the only key, rather than trust the library.
        Key::unwrap(&wrapped, passphrase).map_err(opening_error)?;
        let next = Opened::new(key, &wrapped);
        let (opened, _lock) = self.begin_change()?;
        let (_, mut contents) = opened.load(home)?;
        contents.count_up();
        store(home, &contents, &[&opened.key, &next.key])?;
        let replaced = private_files::replace(&home.key_path(), &wrapped, |back| back == wrapped);
        if let Err(error) = replaced
            && !next.is_current(home)?
        {
            // Whatever happens here, the old key still decrypts the records.
            let _ = store(home, &contents, &[&opened.key]);
            return Err(vault_error(error));
        }
        // If this fails, the next change or opening does it.
        let _ = store(home, &contents, &[&next.key]);
        *self.slot() = Some(Arc::new(next));
        Ok(())
    }

    /// Removes both files if they have no record; returns whether they had none.
    pub fn remove_if_empty(&self) -> Result<bool, VaultError> {
        let home = &self.shared.home;
        let (opened, _lock) = self.begin_change()?;
        if !opened.load(home)?.1.records.is_empty() {
            return Ok(false);
        }
        // The key first: without it there is no vault.
        private_files::remove(&home.key_path()).map_err(vault_error)?;
        private_files::remove(&home.vault_path()).map_err(vault_error)?;
        self.lock();
        Ok(true)
    }

    /// Removes what an interrupted [`Self::remove_if_empty`] left: records without their key, which can't be
    /// decrypted any more. Removes nothing of a vault that has its key.
    pub fn remove_rest(home: &Home) -> Result<(), VaultError> {
        let _lock = FileLock::acquire(&home.vault_lock_path()).map_err(vault_error)?;
        if Self::exists(home) {
            return Ok(());
        }
        private_files::remove(&home.vault_path()).map_err(vault_error)
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<Opened>>> {
        self.shared.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self) -> Result<Arc<Opened>, VaultError> {
        self.slot().clone().ok_or(VaultError::Locked)
    }

    /// Takes the lock and checks that the key is still the vault's: records encrypted to another key could
    /// not be decrypted any more.
    fn begin_change(&self) -> Result<(Arc<Opened>, FileLock), VaultError> {
        let opened = self.opened()?;
        let lock = FileLock::acquire(&self.shared.home.vault_lock_path()).map_err(vault_error)?;
        if opened.is_current(&self.shared.home)? { Ok((opened, lock)) } else { Err(VaultError::Locked) }
    }

    fn load(&self) -> Result<Contents, VaultError> {
        let loaded = self.opened()?.load(&self.shared.home);
        if loaded.as_ref().err() == Some(&VaultError::Locked) {
            self.lock();
        }
        Ok(loaded?.1)
    }

    /// Changes the records under the lock, and stores them if `change` returns true.
    fn edit(&self, change: impl FnOnce(&mut Contents) -> bool) -> Result<(), VaultError> {
        let begun = self.begin_change();
        if begun.as_ref().err() == Some(&VaultError::Locked) {
            self.lock();
        }
        let (opened, _lock) = begun?;
        let (_, mut contents) = opened.load(&self.shared.home)?;
        if !change(&mut contents) {
            return Ok(());
        }
        contents.count_up();
        store(&self.shared.home, &contents, &[&opened.key])
    }
}

impl Vault for PassphraseVault {
    fn read(&mut self, name: &str) -> Result<Option<SecretText>, VaultError> {
        Ok(self.load()?.records.remove(name))
    }

    fn write(&mut self, name: &str, line: &SecretText) -> Result<(), VaultError> {
        check_line(line)?;
        self.edit(|contents| {
            contents.records.insert(name.to_owned(), line.duplicate());
            true
        })
    }

    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        self.edit(|contents| contents.records.remove(name).is_some())
    }

    fn names(&mut self) -> Result<Vec<String>, VaultError> {
        Ok(self.load()?.records.into_keys().collect())
    }

    fn probe(&mut self) -> Result<(), VaultError> {
        self.edit(|_| true)
    }
}

fn store(home: &Home, contents: &Contents, keys: &[&Key]) -> Result<(), VaultError> {
    let bytes = contents.seal(keys).map_err(opening_error)?;
    if bytes.len() as u64 > VAULT_LIMIT_BYTES {
        let limit_bytes = usize::try_from(VAULT_LIMIT_BYTES).unwrap_or(usize::MAX);
        return Err(VaultError::TooLarge { size_bytes: bytes.len(), limit_bytes });
    }
    let is_good = |back: &[u8]| {
        keys.iter().all(|key| Contents::open(key, back).is_ok_and(|back| back.is_same(contents)))
    };
    private_files::replace(&home.vault_path(), &bytes, is_good).map_err(vault_error)
}

fn open(home: &Home, passphrase: &Passphrase) -> Result<Opened, VaultError> {
    let mut key_file = read_key(home)?;
    loop {
        let (opened, key_is_good) = open_key(home, key_file.as_deref(), passphrase)?;
        let lock = FileLock::acquire(&home.vault_lock_path());
        // The passphrase may have been changed in the second that this took.
        let now = read_key(home)?;
        if now != key_file {
            key_file = now;
            continue;
        }
        let loaded = opened.load(home);
        if lock.is_ok() {
            finish_interrupted(home, &opened, key_is_good, loaded.as_ref().ok());
        }
        return match loaded {
            Ok(_) => Ok(opened),
            // The backup may have replaced it.
            Err(_) => opened.load(home).map(|_| opened),
        };
    }
}

/// The key from the key's file or its backup, and whether it is from the file.
fn open_key(
    home: &Home,
    bytes: Option<&[u8]>,
    passphrase: &Passphrase,
) -> Result<(Opened, bool), VaultError> {
    let unwrap = |bytes: &[u8]| Key::unwrap(bytes, passphrase).map(|key| Opened::new(key, bytes));
    let error = match bytes.map(unwrap) {
        Some(Ok(opened)) => return Ok((opened, true)),
        Some(Err(error)) => opening_error(error),
        None => VaultError::Absent,
    };
    if matches!(error, VaultError::Damaged | VaultError::Absent) {
        let backup =
            private_files::read(&private_files::with_suffix(&home.key_path(), ".old"), KEY_LIMIT_BYTES);
        if let Some(Ok(opened)) = backup.map_err(vault_error)?.as_deref().map(unwrap) {
            return Ok((opened, false));
        }
    }
    Err(error)
}

/// Completes interrupted changes. A disk error does not prevent reading.
fn finish_interrupted(home: &Home, opened: &Opened, key_is_good: bool, loaded: Option<&(Vec<u8>, Contents)>) {
    let is_key = |bytes: &[u8]| digest(bytes) == opened.file;
    let is_ours = |bytes: &[u8]| Contents::open(&opened.key, bytes).is_ok();
    let _ = private_files::recover(&home.key_path(), KEY_LIMIT_BYTES, key_is_good, is_key);
    let _ = private_files::recover(&home.vault_path(), VAULT_LIMIT_BYTES, loaded.is_some(), is_ours);
    if let Some((bytes, contents)) = loaded
        && encryption::keys_of(bytes) > 1
    {
        let _ = store(home, contents, &[&opened.key]);
    }
}

fn read_key(home: &Home) -> Result<Option<Vec<u8>>, VaultError> {
    private_files::read(&home.key_path(), KEY_LIMIT_BYTES).map_err(vault_error)
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn vault_error(error: FileError) -> VaultError {
    match error {
        FileError::TooLarge => VaultError::Damaged,
        error => VaultError::Failed(error.words()),
    }
}

fn opening_error(error: SealError) -> VaultError {
    match error {
        SealError::WrongPassphrase => VaultError::WrongPassphrase,
        SealError::WrongKey | SealError::Damaged => VaultError::Damaged,
        SealError::Newer => VaultError::Newer,
        SealError::TooMuchWork => VaultError::TooMuchWork,
        SealError::Failed => VaultError::Failed("the secrets could not be encrypted"),
    }
}

#[cfg(test)]
mod tests;
