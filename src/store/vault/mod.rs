//! A vault: secrets by name.
//!
//! Owns the contract that the keychain, the memory vault and whatever comes later keep.
//! Invariant: only [`VaultError`] says that a read failed; `Ok(None)` always means that the vault
//! was asked and has no such record.

pub mod account_records;
pub mod client_record;
pub mod keychain;
pub mod memory;
pub mod passphrase;
pub mod records;
pub mod recovery;
pub mod split;
pub mod vault_copy;

use thiserror::Error;

use crate::base::secret::SecretText;

/// Why a vault did not do what was asked. Holds no text from the vault, which may be secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VaultError {
    /// No such service is running, or it has no place to keep anything.
    #[error("no keychain service is running")]
    Absent,
    /// It is locked.
    #[error("the vault is locked")]
    Locked,
    /// The passphrase does not open it.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The user dismissed its prompt.
    #[error("the keychain's prompt was dismissed")]
    Denied,
    /// The record is larger than the vault takes: its size and the limit, in bytes.
    #[error("a record of {size_bytes} bytes is over the limit of {limit_bytes}")]
    TooLarge {
        /// The record's size.
        size_bytes: usize,
        /// The vault's limit.
        limit_bytes: usize,
    },
    /// A record can't be read back as what was written.
    #[error("a record is damaged")]
    Corrupt,
    /// A record was written by a newer version of Keyfob.
    #[error("a record was written by a newer version")]
    Newer,
    /// What holds all records is damaged, or is not the vault's.
    #[error("the vault is damaged")]
    Damaged,
    /// Its passphrase asks for more work, and memory, than is spent to open it.
    #[error("the vault's key asks for more than 2^20 rounds of scrypt")]
    TooMuchWork,
    /// It failed otherwise; a word about how, free of secrets.
    #[error("the vault failed: {0}")]
    Failed(&'static str),
}

impl VaultError {
    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Absent | Self::Locked | Self::Denied | Self::Failed(_))
    }
}

/// Refuses what is not one line of printable ASCII: a line break in a value can cost a keychain all it
/// holds, and some keep nothing but text. Every vault asks this before it writes.
///
/// # Errors
/// [`VaultError::Failed`].
pub fn check_line(line: &SecretText) -> Result<(), VaultError> {
    if line.expose().bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        Ok(())
    } else {
        Err(VaultError::Failed("a record is not one line of ASCII"))
    }
}

/// Secrets by name. Calls may block, for as long as a prompt stands open.
pub trait Vault: Send {
    /// Reads a record; `Ok(None)` where there is none.
    ///
    /// # Errors
    /// [`VaultError`]; locked or denied is never "none".
    fn read(&mut self, name: &str) -> Result<Option<SecretText>, VaultError>;

    /// Writes a record whole: one line of ASCII.
    ///
    /// # Errors
    /// [`VaultError`]; the old record is then still there.
    fn write(&mut self, name: &str, line: &SecretText) -> Result<(), VaultError>;

    /// Deletes a record; one that is not there is deleted already.
    ///
    /// # Errors
    /// [`VaultError`].
    fn delete(&mut self, name: &str) -> Result<(), VaultError>;

    /// The names of all records, in order.
    ///
    /// # Errors
    /// [`VaultError`].
    fn names(&mut self) -> Result<Vec<String>, VaultError>;

    /// Whether a write would be taken, tried by writing, reading and deleting a record without secrets.
    ///
    /// # Errors
    /// [`VaultError`].
    fn probe(&mut self) -> Result<(), VaultError>;

    /// The most bytes that a record may have, where that is known; a larger one is
    /// [`VaultError::TooLarge`].
    fn limit_bytes(&self) -> Option<usize> {
        None
    }

    /// What is kept for no record, left behind by a write that was cut short: names that
    /// [`Vault::delete`] takes, and that [`Vault::names`] doesn't show. A write that is under way
    /// elsewhere looks the same, so the account's lock is taken before one is deleted.
    ///
    /// # Errors
    /// [`VaultError`].
    fn orphans(&mut self) -> Result<Vec<String>, VaultError> {
        Ok(Vec::new())
    }
}

impl<V: Vault + ?Sized> Vault for Box<V> {
    fn read(&mut self, name: &str) -> Result<Option<SecretText>, VaultError> {
        (**self).read(name)
    }

    fn write(&mut self, name: &str, line: &SecretText) -> Result<(), VaultError> {
        (**self).write(name, line)
    }

    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        (**self).delete(name)
    }

    fn names(&mut self) -> Result<Vec<String>, VaultError> {
        (**self).names()
    }

    fn probe(&mut self) -> Result<(), VaultError> {
        (**self).probe()
    }

    fn limit_bytes(&self) -> Option<usize> {
        (**self).limit_bytes()
    }

    fn orphans(&mut self) -> Result<Vec<String>, VaultError> {
        (**self).orphans()
    }
}
