//! A database that can't be read.
//!
//! Invariant: it is set aside whole, with its journal, under a name that nothing has; what is read
//! only half is never written to.

use std::path::PathBuf;

use super::{Accounts, DiskError, schema};
use crate::store::home::Home;
use crate::store::private_files;
use crate::store::private_files::FileLock;

impl Accounts {
    /// Opens the home's database; a broken one is set aside as `keyfob.db.broken-<n>`, which is then
    /// returned, and a new one is begun.
    ///
    /// # Errors
    /// [`DiskError`]; one of a newer schema is not broken, and is left where it is.
    pub fn open_or_set_aside(home: &Home) -> Result<(Self, Option<PathBuf>), DiskError> {
        match Self::open_whole(home) {
            Err(DiskError::NotADatabase) => {}
            opened => return opened.map(|accounts| (accounts, None)),
        }
        let _lock = FileLock::acquire(&home.database_lock_path())?;
        // Another process may have been quicker, and what is there now may be its new one.
        match Self::open_whole(home) {
            Err(DiskError::NotADatabase) => {}
            opened => return opened.map(|accounts| (accounts, None)),
        }
        let aside = private_files::set_aside(&home.database_path(), &["-journal", "-wal", "-shm"])?;
        Ok((Self::open(home)?, aside))
    }

    /// Opens it, and checks it to its end.
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
