//! One renewal or edit of an account at a time, over all processes.
//!
//! Owns the account's lock: an advisory lock on an empty file that is never deleted. Invariant: a
//! lock that can't be had is an error, never a reason to go on without it.

use std::fs::{File, TryLockError};
use std::time::Duration;

use crate::base::failpoint::patience;
use crate::domain::account::AccountId;
use crate::messages::problem::{Problem, UntrustedText};
use crate::store::home::Home;

/// How long a lock is waited for: longer than a token request may take.
const PATIENCE: Duration = Duration::from_secs(45);
/// How often it is tried.
const PAUSE: Duration = Duration::from_millis(40);

/// Held while it lives.
pub(crate) struct AccountLock {
    _file: File,
    /// Shared by all accounts; whoever moves their secrets has it alone. `None` while this process does.
    place: Option<File>,
}

impl AccountLock {
    /// Lets this process have every account's lock. The account stays locked for all others.
    pub(crate) fn yield_place(&mut self) {
        self.place = None;
    }

    /// Takes back what [`Self::yield_place`] gave away, if no process moves secrets at this moment. The account is worked
    /// on only after that.
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

/// Held while all secrets are moved: nobody has an account's lock meanwhile.
pub(crate) struct EveryLock {
    _place: File,
}

/// Tries until there is a lock.
///
/// # Errors
/// [`Problem::Busy`] where another process keeps it, [`Problem::Disk`] where there can be none.
pub(crate) async fn wait<T>(mut attempt: impl FnMut() -> Result<Option<T>, Problem>) -> Result<T, Problem> {
    // Tried, not awaited on a thread: a thread that blocks in flock can't be given up.
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

/// Every account's lock, if no other process has one.
///
/// # Errors
/// [`Problem::Disk`] where there can be none.
pub(crate) fn try_acquire_every(home: &Home) -> Result<Option<EveryLock>, Problem> {
    let place = home.open_place_lock_file().map_err(|error| disk(&error))?;
    Ok(is_locked(place.try_lock())?.then_some(EveryLock { _place: place }))
}

/// The account's lock, if nobody has it.
///
/// # Errors
/// [`Problem::Disk`] where there can be none.
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
