//! Vaults: secrets by name.
//!
//! Every kind of vault keeps this contract. Invariant: a failed read is always a [`VaultError`]; `Ok(None)`
//! means that the vault was read and has no such record.

pub mod account_records;
pub mod client_record;
pub mod keychain;
pub mod memory;
pub mod passphrase;
pub mod records;
pub mod recovery;
pub mod split;
pub mod team;
pub mod vault_copy;

use thiserror::Error;

use crate::base::secret::SecretText;
use crate::domain::team::TeamError;
use team::TeamVault;

/// Why a vault call failed. Holds no text from the vault, which may be secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VaultError {
    #[error("no keychain service is running")]
    Absent,
    #[error("the vault is locked")]
    Locked,
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    #[error("the keychain's prompt was dismissed")]
    Denied,
    #[error("a record of {size_bytes} bytes is over the limit of {limit_bytes}")]
    TooLarge { size_bytes: usize, limit_bytes: usize },
    #[error("a record is damaged")]
    Corrupt,
    #[error("a record was written by a newer version")]
    Newer,
    #[error("the vault is damaged")]
    Damaged,
    #[error("the vault's key needs more than 2^20 rounds of scrypt")]
    TooMuchWork,
    #[error("the vault failed: {0}")]
    Failed(&'static str),
    #[error("the team vault: {0}")]
    Team(TeamError),
}

impl From<TeamError> for VaultError {
    fn from(error: TeamError) -> Self {
        Self::Team(error)
    }
}

impl VaultError {
    /// Returns true if the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Absent | Self::Locked | Self::Denied | Self::Failed(_) => true,
            Self::Team(error) => error.is_outage(),
            _ => false,
        }
    }
}

/// Rejects a record that is not one line of printable ASCII: a line break in a value can cost a keychain all
/// its records, and some store only text. Every vault calls this before a write.
pub fn check_line(line: &SecretText) -> Result<(), VaultError> {
    if line.expose().bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        Ok(())
    } else {
        Err(VaultError::Failed("a record is not one line of ASCII"))
    }
}

/// Secrets by name. Calls may block while a prompt is open.
pub trait Vault: Send {
    /// Reads a record; `Ok(None)` if there is none.
    ///
    /// # Errors
    /// [`VaultError`]; a locked vault or a dismissed prompt is never `Ok(None)`.
    fn read(&mut self, name: &str) -> Result<Option<SecretText>, VaultError>;

    /// Writes a record of one line of ASCII, completely or not at all.
    ///
    /// # Errors
    /// [`VaultError`]; the old record then stays.
    fn write(&mut self, name: &str, line: &SecretText) -> Result<(), VaultError>;

    /// Deletes a record; succeeds if there is none.
    fn delete(&mut self, name: &str) -> Result<(), VaultError>;

    fn names(&mut self) -> Result<Vec<String>, VaultError>;

    /// Checks that the vault works: writes, reads and deletes a record without secrets.
    fn probe(&mut self) -> Result<(), VaultError>;

    /// The maximum size of a record in bytes, if known; a larger one is [`VaultError::TooLarge`].
    fn limit_bytes(&self) -> Option<usize> {
        None
    }

    /// Remains of interrupted writes: names that [`Vault::delete`] accepts and [`Vault::names`] omits. A
    /// write under way elsewhere looks the same, so take the account's lock before deleting one.
    fn orphans(&mut self) -> Result<Vec<String>, VaultError> {
        Ok(Vec::new())
    }

    /// The team vault, if this is one.
    fn team(&mut self) -> Option<&mut TeamVault> {
        None
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

    fn team(&mut self) -> Option<&mut TeamVault> {
        (**self).team()
    }
}
