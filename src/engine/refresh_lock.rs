//! One renewal or edit of an account at a time, over all processes.
//!
//! Owns the account's lock: an advisory lock on an empty file that is never deleted. Invariant: a
//! lock that can't be had is an error, never a reason to go on without it.

use std::fs::{File, TryLockError};
use std::time::Duration;

use crate::domain::account::AccountId;
use crate::failpoint::patience;
use crate::messages::problem::{Outside, Problem};
use crate::store::home::Home;

/// How long a lock is waited for: longer than a token request may take.
const PATIENCE: Duration = Duration::from_secs(45);
/// How often it is tried.
const PAUSE: Duration = Duration::from_millis(40);

/// Held while it lives.
pub(crate) struct AccountLock {
    _file: File,
    _place: File,
}

/// Held while all secrets are moved: nobody has an account's lock meanwhile.
pub(crate) struct EveryLock {
    _place: File,
}

/// Waits for every account's lock.
///
/// # Errors
/// As of [`acquire`].
pub(crate) async fn acquire_every(home: &Home) -> Result<EveryLock, Problem> {
    let tried = async {
        loop {
            let place = home.open_place_lock_file().map_err(|error| disk(&error))?;
            if is_locked(place.try_lock())? {
                return Ok(EveryLock { _place: place });
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(patience(PATIENCE), tried).await.unwrap_or(Err(Problem::Busy))
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
    tokio::time::timeout(patience(PATIENCE), tried).await.unwrap_or(Err(Problem::Busy))
}

/// The account's lock, if nobody has it.
///
/// # Errors
/// [`Problem::Disk`] where there can be none.
pub(crate) fn try_acquire(home: &Home, account: &AccountId) -> Result<Option<AccountLock>, Problem> {
    // Shared by all accounts; who moves their secrets has it alone.
    let place = home.open_place_lock_file().map_err(|error| disk(&error))?;
    if !is_locked(place.try_lock_shared())? {
        return Ok(None);
    }
    let file = home.open_lock_file(account).map_err(|error| disk(&error))?;
    let got = is_locked(file.try_lock())?;
    Ok(got.then_some(AccountLock { _file: file, _place: place }))
}

fn is_locked(tried: Result<(), TryLockError>) -> Result<bool, Problem> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(disk(&error)),
    }
}

fn disk(error: &std::io::Error) -> Problem {
    Problem::Disk(Outside::new(&error.to_string()))
}
