//! Locks of accounts whose newest token the vault has not taken.
//!
//! Owns them. Invariant: as long as the vault has a token that may be spent already, no other process
//! has the account's lock, and so none sends that token once more, which would end its whole family. That holds while
//! this process moves secrets or searches the vault, too.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::account_lock;
use super::account_lock::{AccountLock, EveryLock};
use crate::domain::account::AccountId;
use crate::messages::problem::Problem;
use crate::store::home::Home;

/// The locks, shared by the loop and its jobs.
#[derive(Clone, Default)]
pub(crate) struct HeldLocks(Rc<RefCell<HashMap<AccountId, AccountLock>>>);

/// An account's lock while it is worked on; one that was kept is kept again.
pub(crate) struct Guard {
    kept: HeldLocks,
    id: AccountId,
    lock: Option<AccountLock>,
    keeps: bool,
}

impl HeldLocks {
    /// Waits for the account's lock: the one that is kept, or a new one.
    ///
    /// # Errors
    /// As of [`account_lock::wait`].
    pub(crate) async fn acquire(&self, home: &Home, id: &AccountId) -> Result<Guard, Problem> {
        account_lock::wait(|| self.try_acquire(home, id)).await
    }

    fn try_acquire(&self, home: &Home, id: &AccountId) -> Result<Option<Guard>, Problem> {
        let mut kept = self.0.borrow_mut();
        let keeps = match kept.get_mut(id) {
            Some(lock) => {
                if !lock.try_resume(home)? {
                    return Ok(None);
                }
                true
            }
            None => false,
        };
        let lock = if keeps { kept.remove(id) } else { account_lock::try_acquire(home, id)? };
        Ok(lock.map(|lock| Guard { kept: self.clone(), id: id.clone(), lock: Some(lock), keeps }))
    }

    /// Waits for every account's lock. Those that are kept stay so: each account is locked for other processes before,
    /// meanwhile and after.
    ///
    /// # Errors
    /// As of [`account_lock::wait`].
    pub(crate) async fn acquire_every(&self, home: &Home) -> Result<EveryLock, Problem> {
        account_lock::wait(|| {
            // Again at each try: one may have been kept since.
            self.0.borrow_mut().values_mut().for_each(AccountLock::yield_place);
            account_lock::try_acquire_every(home)
        })
        .await
    }

    /// Lets go of the account's lock.
    pub(crate) fn release(&self, id: &AccountId) {
        self.0.borrow_mut().remove(id);
    }
}

impl Guard {
    /// Says whether the vault still lacks the newest token.
    pub(crate) fn keep(mut self, keeps: bool) {
        self.keeps = keeps;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(lock) = self.lock.take().filter(|_| self.keeps) {
            self.kept.0.borrow_mut().insert(self.id.clone(), lock);
        }
    }
}
