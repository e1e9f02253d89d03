//! Deletes accounts, with a delay for undo.

use chrono::TimeDelta;

use super::Engine;
use super::job_done::JobDone;
use crate::domain::account::AccountId;
use crate::domain::session::Input;
use crate::engine::accounts::account_state::AccountState;
use crate::engine::accounts::deletion::{AfterFailure, DeletionJob};
use crate::engine::publishing::outbox::{Replies, answer};
use crate::messages::event::{ClientDeletion, Event, Reply, Revocation};
use crate::messages::problem::Problem;

/// How long a deletion can be undone.
const UNDO: TimeDelta = TimeDelta::seconds(10);

impl Engine {
    /// Deletes after [`UNDO`].
    pub(super) fn delete(&mut self, id: &AccountId, replies: Replies) {
        let is_ephemeral = match self.accounts.require(id) {
            Ok(entry) => !entry.is_in_database(),
            Err(problem) => return self.fail(None, problem, replies),
        };
        self.step(id, Input::Cancel);
        // Held while the deletion can be undone, so that no other process finishes it. Without the lock, the
        // deletion isn't written until its time has come.
        let lock = self.secrets.held_locks().try_take(id).ok().flatten();
        let is_written_later = is_ephemeral || lock.is_none();
        let until = self.clock.now() + UNDO;
        self.accounts.update(id, |entry| entry.begin_deletion(until, lock));
        self.accounts.mark_edited();
        if is_written_later {
            return answer(replies, Ok(Reply::Done));
        }
        let account = id.clone();
        let marked = self.database.run(move |accounts| accounts.mark_deleting(&account));
        let id = id.clone();
        self.spawn(async move { JobDone::DeletionMarked { id, marked: marked.await, replies } });
    }

    pub(super) fn deletion_marked(&mut self, id: &AccountId, marked: Result<(), Problem>, replies: Replies) {
        match marked {
            Ok(()) => answer(replies, Ok(Reply::Done)),
            Err(problem) => {
                self.show_again(id);
                self.fail(Some(id), problem, replies);
            }
        }
    }

    pub(super) fn undo_delete(&mut self, id: &AccountId, replies: Replies) {
        match self.accounts.require(id).map(AccountState::is_in_database) {
            Ok(true) => {}
            Ok(false) => return self.deletion_undone(id, Ok(()), replies),
            Err(problem) => return self.fail(None, problem, replies),
        }
        let account = id.clone();
        let undone = self.database.run(move |accounts| accounts.undelete(&account));
        let id = id.clone();
        self.spawn(async move { JobDone::DeletionUndone { id, undone: undone.await, replies } });
    }

    pub(super) fn deletion_undone(&mut self, id: &AccountId, undone: Result<(), Problem>, replies: Replies) {
        if let Err(problem) = undone {
            return self.fail(Some(id), problem, replies);
        }
        self.show_again(id);
        self.emit(Event::Restored(id.clone()));
        answer(replies, Ok(Reply::Done));
    }

    fn show_again(&mut self, id: &AccountId) {
        if self.accounts.update(id, AccountState::undo_deletion).is_some() {
            self.accounts.mark_edited();
        }
    }

    /// Deletes at once.
    pub(super) fn remove(&mut self, id: &AccountId, replies: Replies) {
        if let Err(problem) = self.accounts.require(id) {
            return self.fail(None, problem, replies);
        }
        self.step(id, Input::Cancel);
        self.finish_deletion(id, replies);
    }

    /// Carries a deletion out. The account stays hidden until it is deleted; an error is retried.
    pub(super) fn finish_deletion(&mut self, id: &AccountId, replies: Replies) {
        let revoker = self.revoker(id);
        let Some(entry) = self.accounts.get(id) else { return };
        let (store, name) = (self.store_of(entry), entry.account().name.as_str().to_owned());
        let retry_at = self.clock.now() + UNDO;
        let held = self.accounts.update(id, |entry| entry.finish_deletion(retry_at)).flatten();
        self.accounts.mark_edited();
        let id = id.clone();
        let remover = self.client_remover();
        let job = DeletionJob { id: id.clone(), store, revoker, remover, held, is_asked: replies.is_some() };
        self.spawn(async move { JobDone::Deleted { id, name, deleted: job.run().await, replies } });
    }

    pub(super) fn deleted(
        &mut self,
        id: &AccountId,
        name: String,
        deleted: Result<(Revocation, ClientDeletion), (Problem, AfterFailure)>,
        replies: Replies,
    ) {
        match deleted {
            Ok((revocation, client)) => {
                self.accounts.remove(id);
                self.accounts.mark_edited();
                self.secrets.held_locks().release(id);
                self.emit(Event::Deleted { name, revocation: revocation.clone(), client: client.clone() });
                answer(replies, Ok(Reply::Removed { revocation, client }));
            }
            Err((problem, after)) => {
                if after == AfterFailure::Restored {
                    self.show_again(id);
                }
                self.fail(Some(id), problem, replies);
            }
        }
    }

    /// Whether a deletion under way has tokens to revoke.
    pub(super) fn has_tokens_to_revoke(&self) -> bool {
        let mut going = self.accounts.iter().filter(|entry| !entry.is_shown());
        going.any(|entry| entry.resolved().as_ref().is_ok_and(|provider| provider.more.revoke.is_some()))
    }
}
