//! Token requests whose response isn't stored yet: their count here and their marks on disk.
//!
//! A request whose response must not be lost is marked before it is sent. A mark without a running refresh is
//! shown with the account until a newer token is stored.

use std::cell::Cell;
use std::rc::Rc;

use crate::domain::account::{AccountId, AccountName};
use crate::engine::error_mapping::NotObtained;
use crate::engine::secrets::account_lock;
use crate::engine::secrets::account_store::AccountStore;
use crate::messages::problem::Problem;
use crate::store::database::{Accounts, DiskError, InFlight, Stored};
use crate::store::home::Home;

/// Counts itself while it lives.
pub(crate) struct Counted(Rc<Cell<usize>>);

impl Counted {
    pub(crate) fn one(counter: &Rc<Cell<usize>>) -> Self {
        counter.set(counter.get() + 1);
        Self(Rc::clone(counter))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

pub(crate) struct Mark {
    is_set: bool,
    was_there: bool,
}

impl Mark {
    /// No mark, for a request that can be repeated.
    pub(crate) fn none() -> Self {
        Self { is_set: false, was_there: false }
    }

    /// Marks an account. A disk error doesn't prevent the request.
    pub(crate) async fn set(store: &AccountStore, id: &AccountId, mark: InFlight) -> Self {
        if store.is_ephemeral() {
            return Self::none();
        }
        let account = id.clone();
        let marked = store.on_disk(move |accounts| accounts.mark_in_flight(&account, mark)).await;
        if marked.is_err() {
            log::warn!("account {id}: a request could not be marked");
        }
        Self { is_set: marked.is_ok(), was_there: marked.unwrap_or_default() }
    }

    /// Removes the mark after a request that brought no token, unless the server may have processed it and
    /// its response is lost. An earlier request's mark stays until the server responds.
    pub(crate) async fn failed(self, store: &AccountStore, id: &AccountId, why: &NotObtained) {
        let is_known = match &why.problem {
            Problem::Unreachable(unreachable) => !unreachable.may_have_been_sent && !self.was_there,
            _ => true,
        };
        if !self.is_set || !is_known {
            return;
        }
        let account = id.clone();
        if store.on_disk(move |accounts| accounts.clear_in_flight(&account)).await.is_err() {
            log::warn!("account {id}: a mark could not be taken off");
        }
    }
}

/// Reads all accounts, or one, with the marks of those accounts that no process is refreshing.
///
/// # Errors
/// [`DiskError`].
pub(crate) fn load(
    accounts: &mut Accounts,
    home: &Home,
    only: Option<&AccountName>,
) -> Result<Stored, DiskError> {
    let mut stored = accounts.load_only(only)?;
    for row in stored.accounts.iter_mut().filter(|row| row.in_flight.is_some()) {
        row.in_flight = match account_lock::try_acquire(home, &row.account.id) {
            // Read again under the lock: its last holder may have removed the mark.
            Ok(Some(_lock)) => accounts.in_flight(&row.account.id)?,
            // The holder of the lock is still at work.
            _ => None,
        };
    }
    Ok(stored)
}
