//! Replaces an unreadable database.
//!
//! Invariant: it is set aside completely, with its journal, under an unused name; a partly readable one is
//! never written to.

use std::path::PathBuf;

use super::{Accounts, DiskError, schema};
use crate::store::home::Home;
use crate::store::private_files;
use crate::store::private_files::FileLock;

impl Accounts {
    /// Opens the home's database. A broken one is set aside as `keyfob.db.broken-<n>`, whose path is
    /// returned, and a new one is created.
    ///
    /// # Errors
    /// [`DiskError`]. A newer schema is not broken, and is left in place.
    pub fn open_or_set_aside(home: &Home) -> Result<(Self, Option<PathBuf>), DiskError> {
        match Self::open_whole(home) {
            Err(DiskError::NotADatabase) => {}
            opened => return opened.map(|accounts| (accounts, None)),
        }
        let _lock = FileLock::acquire(&home.database_lock_path())?;
        // Another process may have been faster, and its new database may be there now.
        match Self::open_whole(home) {
            Err(DiskError::NotADatabase) => {}
            opened => return opened.map(|accounts| (accounts, None)),
        }
        let aside = private_files::set_aside(&home.database_path(), &["-journal", "-wal", "-shm"])?;
        Ok((Self::open(home)?, aside))
    }

    fn open_whole(home: &Home) -> Result<Self, DiskError> {
        let mut accounts = Self { connection: schema::open(home)? };
        schema::check(&accounts.connection)?;
        accounts.texts()?;
        let _ = accounts.sweep();
        Ok(accounts)
    }
}

#[cfg(test)]
mod tests;
