//! Locks of accounts whose newest token the vault refused.
//!
//! While the vault has a token that may be used up, no other process gets the account's lock. Otherwise it
//! would send that token again, and the server would revoke its whole family. That also holds while this
//! process moves secrets or searches the vault.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::rc::Rc;

use super::account_lock;
use super::account_lock::{AccountLock, EveryLock};
use crate::domain::account::AccountId;
use crate::messages::problem::Problem;
use crate::store::home::Home;

/// The locks; clones share them.
#[derive(Clone)]
pub(crate) struct HeldLocks {
    home: Home,
    held: Rc<RefCell<HashMap<AccountId, AccountLock>>>,
}

/// An account's lock during work; a held lock returns to the table afterwards.
pub(crate) struct Guard {
    held: HeldLocks,
    id: AccountId,
    lock: Option<AccountLock>,
    keeps: bool,
}

impl HeldLocks {
    pub(crate) fn new(home: Home) -> Self {
        Self { home, held: Rc::default() }
    }

    /// Waits for the account's lock, held or new.
    ///
    /// # Errors
    /// As [`account_lock::wait`].
    pub(crate) async fn acquire(&self, id: &AccountId) -> Result<Guard, Problem> {
        account_lock::wait(|| self.try_acquire(id)).await
    }

    /// Waits for the locks of several accounts. Accounts that share a lock file need one lock between them.
    /// The files are locked in order, so two processes never wait for each other.
    ///
    /// # Errors
    /// As [`account_lock::wait`].
    pub(crate) async fn acquire_all(
        &self,
        ids: impl Iterator<Item = AccountId>,
    ) -> Result<Vec<Guard>, Problem> {
        let mut files: BTreeMap<PathBuf, AccountId> = BTreeMap::new();
        for id in ids {
            let is_held = self.held.borrow().contains_key(&id);
            let first = files.entry(self.home.lock_path(&id)).or_insert_with(|| id.clone());
            // A held lock is found by its account.
            if is_held {
                *first = id;
            }
        }
        let mut guards = Vec::with_capacity(files.len());
        for id in files.values() {
            guards.push(self.acquire(id).await?);
        }
        Ok(guards)
    }

    fn try_acquire(&self, id: &AccountId) -> Result<Option<Guard>, Problem> {
        let mut held = self.held.borrow_mut();
        let keeps = match held.get_mut(id) {
            Some(lock) => {
                if !lock.try_resume(&self.home)? {
                    return Ok(None);
                }
                true
            }
            None => false,
        };
        let lock = if keeps { held.remove(id) } else { account_lock::try_acquire(&self.home, id)? };
        Ok(lock.map(|lock| Guard { held: self.clone(), id: id.clone(), lock: Some(lock), keeps }))
    }

    /// Waits for every account's lock. Held locks stay: other processes are excluded before, meanwhile and
    /// after.
    ///
    /// # Errors
    /// As [`account_lock::wait`].
    pub(crate) async fn acquire_every(&self) -> Result<EveryLock, Problem> {
        account_lock::wait(|| {
            // At each attempt, since a lock may have been added.
            self.held.borrow_mut().values_mut().for_each(AccountLock::yield_place);
            account_lock::try_acquire_every(&self.home)
        })
        .await
    }

    pub(crate) fn release(&self, id: &AccountId) {
        self.held.borrow_mut().remove(id);
    }

    /// A lock outside this table, if it is free.
    pub(crate) fn try_take(&self, id: &AccountId) -> Result<Option<AccountLock>, Problem> {
        account_lock::try_acquire(&self.home, id)
    }
}

impl Guard {
    /// Records whether the vault still lacks the newest token.
    pub(crate) fn keep(mut self, keeps: bool) {
        self.keeps = keeps;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(lock) = self.lock.take().filter(|_| self.keeps) {
            self.held.held.borrow_mut().insert(self.id.clone(), lock);
        }
    }
}
