//! Deletes accounts, with a delay for undo.
//!
//! The order is: row `deleting`, vault, row. The vault keeps everything while the deletion can be undone;
//! afterwards nothing is left.

use chrono::TimeDelta;

use super::account_save::Saver;
use crate::base::failpoint::reach;
use crate::domain::account::AccountId;
use crate::domain::session::Input;
use crate::engine::event_loop::{Engine, Replies, Then, answer, on_disk};
use crate::engine::secrets::account_lock;
use crate::engine::secrets::account_lock::AccountLock;
use crate::engine::tokens::revocation::Revoker;
use crate::messages::event::{Event, Reply, Revocation};
use crate::messages::problem::{Problem, VaultProblem};
use crate::store::vault::account_records::Records;

/// How long a deletion can be undone.
const UNDO: TimeDelta = TimeDelta::seconds(10);

impl Engine {
    /// Deletes after [`UNDO`].
    pub(crate) fn delete(&mut self, id: &AccountId, replies: Replies) {
        let until = self.deps.clock.now() + UNDO;
        let ephemeral = match self.entry(id) {
            Ok(entry) => entry.ephemeral,
            Err(problem) => return self.fail(None, problem, replies),
        };
        self.step(id, Input::Cancel);
        // Held while the deletion can be undone, so that no other process finishes it. Without the lock, the
        // deletion isn't written until its time has come.
        let lock = account_lock::try_acquire(&self.deps.home, id).ok().flatten();
        let is_ours_alone = ephemeral || lock.is_none();
        if let Some(entry) = self.entries.get_mut(id) {
            entry.deleting_until = Some(until);
            entry.deletion_lock = lock;
        }
        self.edits += 1;
        if is_ours_alone {
            self.dirty = true;
            return answer(replies, Ok(Reply::Done));
        }
        let account = id.clone();
        let marked = self.disk(move |accounts| accounts.mark_deleting(&account));
        let id = id.clone();
        self.spawn(async move {
            let marked = marked.await;
            let then: Then = Box::new(move |engine| match marked {
                Ok(()) => answer(replies, Ok(Reply::Done)),
                Err(problem) => {
                    engine.show_again(&id);
                    engine.fail(Some(&id), problem, replies);
                }
            });
            then
        });
    }

    pub(crate) fn undo_delete(&mut self, id: &AccountId, replies: Replies) {
        let ephemeral = match self.entry(id) {
            Ok(entry) => entry.ephemeral,
            Err(problem) => return self.fail(None, problem, replies),
        };
        if ephemeral {
            return self.restored(id, replies);
        }
        let account = id.clone();
        let undone = self.disk(move |accounts| accounts.undelete(&account));
        let id = id.clone();
        self.spawn(async move {
            let undone = undone.await;
            let then: Then = Box::new(move |engine| match undone {
                Ok(()) => engine.restored(&id, replies),
                Err(problem) => engine.fail(Some(&id), problem, replies),
            });
            then
        });
    }

    fn restored(&mut self, id: &AccountId, replies: Replies) {
        self.show_again(id);
        self.tell(Event::Restored(id.clone()));
        answer(replies, Ok(Reply::Done));
    }

    fn show_again(&mut self, id: &AccountId) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.deleting_until = None;
            entry.deletion_lock = None;
            self.edits += 1;
            self.dirty = true;
        }
    }

    pub(crate) fn remove(&mut self, id: &AccountId, replies: Replies) {
        if let Err(problem) = self.entry(id) {
            return self.fail(None, problem, replies);
        }
        self.step(id, Input::Cancel);
        self.finish_deletion(id, replies);
    }

    pub(crate) fn finish_deletion(&mut self, id: &AccountId, replies: Replies) {
        let (saver, revoker) = (self.saver(id), self.revoker(id));
        let Some(entry) = self.entries.get_mut(id) else { return };
        // Hidden until it is deleted; retried after an error.
        entry.deleting_until = Some(self.deps.clock.now() + UNDO);
        let lock = entry.deletion_lock.take();
        let (id, name) = (id.clone(), entry.account.name.as_str().to_owned());
        let is_asked = replies.is_some();
        self.edits += 1;
        self.dirty = true;
        self.spawn(async move {
            let deleted = delete(&saver, &id, lock, revoker.as_ref()).await;
            let is_elsewhere = matches!(deleted, Err(Problem::Vault(VaultProblem::Elsewhere(_))));
            let goes_on = !is_asked && !is_elsewhere;
            if deleted.is_err() && !goes_on {
                // The caller learns of the error, so nothing is retried behind its back.
                take_back(&saver, &id).await;
            }
            let then: Then = Box::new(move |engine| match deleted {
                Ok(revocation) => {
                    engine.entries.remove(&id);
                    engine.held_locks.release(&id);
                    engine.edits += 1;
                    engine.dirty = true;
                    engine.tell(Event::Deleted { name, revocation: revocation.clone() });
                    answer(replies, Ok(Reply::Removed(revocation)));
                }
                Err(problem) => {
                    if !goes_on {
                        engine.show_again(&id);
                    }
                    engine.fail(Some(&id), problem, replies);
                }
            });
            then
        });
    }
}

async fn take_back(saver: &Saver, id: &AccountId) {
    if saver.database.is_none() {
        return;
    }
    let account = id.clone();
    if on_disk(saver.database.clone(), move |accounts| accounts.undelete(&account)).await.is_err() {
        log::warn!("account {id}: a deletion that failed could not be taken back");
    }
}

/// Deletes an account: row `deleting`, revocation, vault, row. Takes the account's lock unless the caller
/// holds it. A failed revocation doesn't stop the deletion and is reported afterwards.
pub(crate) async fn delete(
    saver: &Saver,
    id: &AccountId,
    held: Option<AccountLock>,
    revoker: Option<&Revoker>,
) -> Result<Revocation, Problem> {
    let _lock = match held {
        Some(lock) => (Some(lock), None),
        None => (None, Some(saver.held_locks.acquire(&saver.home, id).await?)),
    };
    crate::engine::secrets::vault_selection::still_here(&saver.door, saver.database.clone(), id).await?;
    let account = id.clone();
    if saver.database.is_some() {
        on_disk(saver.database.clone(), move |accounts| accounts.mark_deleting(&account)).await?;
    }
    reach("delete: row deleting");
    let revocation = match revoker {
        Some(revoker) => revoker.before_deletion(saver, id).await,
        None => Revocation::NoEndpoint,
    };
    let account = id.clone();
    let emptied = saver.door.call(move |vault| Records::new(vault).delete_account(&account)).await;
    emptied.map_err(Problem::Vault)?;
    reach("delete: vault emptied");
    let account = id.clone();
    if saver.database.is_some() {
        on_disk(saver.database.clone(), move |accounts| accounts.remove(&account)).await?;
    }
    Ok(revocation)
}
