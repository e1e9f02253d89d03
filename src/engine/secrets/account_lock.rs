//! One token request or edit of an account at a time, over all processes.
//!
//! The lock is an advisory lock on an empty file that is never deleted. A lock error is never ignored.

use std::fs::{File, TryLockError};
use std::time::Duration;

use crate::base::failpoint::patience;
use crate::domain::account::AccountId;
use crate::messages::problem::{Problem, UntrustedText};
use crate::store::home::Home;

/// Timeout: longer than a token request may take.
const PATIENCE: Duration = Duration::from_secs(45);
const PAUSE: Duration = Duration::from_millis(40);

/// Released on drop.
pub(crate) struct AccountLock {
    _file: File,
    /// Shared by all accounts; moving secrets takes it exclusively. `None` while this process moves them.
    place: Option<File>,
}

impl AccountLock {
    /// Lets this process take every account's lock. The account stays locked for other processes.
    pub(crate) fn yield_place(&mut self) {
        self.place = None;
    }

    /// Takes back what [`Self::yield_place`] released, unless a process is moving secrets. Required before
    /// any work on the account.
    ///
    /// # Errors
    /// [`Problem::Disk`].
    pub(crate) fn try_resume(&mut self, home: &Home) -> Result<bool, Problem> {
        if self.place.is_none() {
            self.place = try_share_place(home)?;
        }
        Ok(self.place.is_some())
    }
}

/// Held while all secrets are moved; excludes every account's lock.
pub(crate) struct EveryLock {
    _place: File,
}

/// Retries until `attempt` returns a lock.
///
/// # Errors
/// [`Problem::Busy`] if another process keeps it; [`Problem::Disk`] if locking fails.
pub(crate) async fn wait<T>(mut attempt: impl FnMut() -> Result<Option<T>, Problem>) -> Result<T, Problem> {
    // Polled: a thread that blocks in flock can't be cancelled.
    let tried = async {
        loop {
            if let Some(lock) = attempt()? {
                return Ok(lock);
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(patience(PATIENCE), tried).await.unwrap_or(Err(Problem::Busy))
}

/// Every account's lock, if no other process holds one.
///
/// # Errors
/// [`Problem::Disk`] if locking fails.
pub(crate) fn try_acquire_every(home: &Home) -> Result<Option<EveryLock>, Problem> {
    let place = home.open_place_lock_file().map_err(|error| disk(&error))?;
    Ok(is_locked(place.try_lock())?.then_some(EveryLock { _place: place }))
}

/// The account's lock, if it is free.
///
/// # Errors
/// [`Problem::Disk`] if locking fails.
pub(crate) fn try_acquire(home: &Home, account: &AccountId) -> Result<Option<AccountLock>, Problem> {
    let Some(place) = try_share_place(home)? else { return Ok(None) };
    let file = home.open_lock_file(account).map_err(|error| disk(&error))?;
    let got = is_locked(file.try_lock())?;
    Ok(got.then_some(AccountLock { _file: file, place: Some(place) }))
}

fn try_share_place(home: &Home) -> Result<Option<File>, Problem> {
    let place = home.open_place_lock_file().map_err(|error| disk(&error))?;
    Ok(is_locked(place.try_lock_shared())?.then_some(place))
}

fn is_locked(tried: Result<(), TryLockError>) -> Result<bool, Problem> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(disk(&error)),
    }
}

fn disk(error: &std::io::Error) -> Problem {
    Problem::Disk(UntrustedText::new(&error.to_string()))
}
