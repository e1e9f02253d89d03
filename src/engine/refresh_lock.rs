//! One renewal or edit of an account at a time, over all processes.
//!
//! Owns the account's lock: an advisory lock on an empty file that is never deleted. Invariant: a
//! lock that can't be had is an error, never a reason to go on without it.

use std::fs::{File, TryLockError};
use std::time::Duration;

use crate::domain::account::AccountId;
use crate::messages::problem::{Outside, Problem};
use crate::store::home::Home;

/// How long a lock is waited for: longer than a token request may take.
const PATIENCE: Duration = Duration::from_secs(45);
/// How often it is tried.
const PAUSE: Duration = Duration::from_millis(40);

/// Held while it lives.
pub(crate) struct AccountLock {
    _file: File,
}

/// Waits for the account's lock.
///
/// # Errors
/// [`Problem::Busy`] where another process keeps it, [`Problem::Disk`] where there can be none.
pub(crate) async fn acquire(home: &Home, account: &AccountId) -> Result<AccountLock, Problem> {
    // Tried, not awaited on a thread: a thread that blocks in flock can't be given up.
    let tried = async {
        loop {
            if let Some(lock) = try_acquire(home, account)? {
                return Ok(lock);
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(PATIENCE, tried).await.unwrap_or(Err(Problem::Busy))
}

/// The account's lock, if nobody has it.
///
/// # Errors
/// [`Problem::Disk`] where there can be none.
pub(crate) fn try_acquire(home: &Home, account: &AccountId) -> Result<Option<AccountLock>, Problem> {
    let disk = |error: &std::io::Error| Problem::Disk(Outside::new(&error.to_string()));
    let file = home.open_lock_file(account).map_err(|error| disk(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(AccountLock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(disk(&error)),
    }
}
