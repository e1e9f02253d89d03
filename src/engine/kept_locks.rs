//! Locks of accounts whose newest token the vault has not taken.
//!
//! Owns them. Invariant: as long as the vault has a token that may be spent already, no other process
//! has the account's lock, and so none sends that token once more, which would end its whole family.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::refresh_lock::{self, AccountLock};
use crate::domain::account::AccountId;
use crate::messages::problem::Problem;
use crate::store::home::Home;

/// The locks, shared by the loop and its jobs.
#[derive(Clone, Default)]
pub(crate) struct KeptLocks(Rc<RefCell<HashMap<AccountId, AccountLock>>>);

/// An account's lock while it is worked on; one that was kept is kept again.
pub(crate) struct Guard {
    kept: KeptLocks,
    id: AccountId,
    lock: Option<AccountLock>,
    keeps: bool,
}

impl KeptLocks {
    /// The account's lock: the one that is kept, or as of [`refresh_lock::acquire`].
    ///
    /// # Errors
    /// As of [`refresh_lock::acquire`].
    pub(crate) async fn acquire(&self, home: &Home, id: &AccountId) -> Result<Guard, Problem> {
        let kept = self.0.borrow_mut().remove(id);
        let keeps = kept.is_some();
        let lock = match kept {
            Some(lock) => lock,
            None => refresh_lock::acquire(home, id).await?,
        };
        Ok(Guard { kept: self.clone(), id: id.clone(), lock: Some(lock), keeps })
    }

    /// Lets go of the account's lock.
    pub(crate) fn release(&self, id: &AccountId) {
        self.0.borrow_mut().remove(id);
    }

    /// Lets go of all of them, for who needs every account's lock.
    pub(crate) fn release_all(&self) {
        self.0.borrow_mut().clear();
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
