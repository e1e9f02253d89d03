//! Finishes what an earlier run left unfinished.
//!
//! An account whose secrets are stored becomes complete; a deletion is carried through. Only the vault that
//! has the account's secrets decides, and an account that another process is working on is left to it.
//! Commands that need a name or the whole list wait until this is done.

use std::rc::Rc;

use super::account_save::Saver;
use crate::domain::account::{AccountId, AccountName};
use crate::engine::event_loop::{Database, Engine, Then, on_disk};
use crate::engine::provider_cache::Providers;
use crate::engine::secrets::account_lock;
use crate::engine::secrets::vault_handle::VaultHandle;
use crate::messages::command::Command;
use crate::messages::event::{Event, Revocation};
use crate::messages::problem::Problem;
use crate::messages::snapshot::VaultKind;
use crate::store::database::{RowState, StoredAccount};
use crate::store::vault::account_records::Records;

/// The database's word for a vault.
const KEYCHAIN: &str = "keychain";
const FILE: &str = "file";
const MEMORY: &str = "memory";

enum Finished {
    /// All its secrets are stored.
    Whole,
    /// The row and its secrets are deleted.
    Gone,
    /// Another process finished it first, or undid its deletion.
    NotOurs,
    Left,
}

pub(crate) fn word(kind: VaultKind) -> &'static str {
    match kind {
        VaultKind::Keychain => KEYCHAIN,
        VaultKind::File => FILE,
        VaultKind::Memory => MEMORY,
    }
}

/// The database's word for a vault. `None` for one that ends with the process, so that another vault's
/// records stay there.
pub(crate) fn lasting_word(kind: VaultKind) -> Option<&'static str> {
    (kind != VaultKind::Memory).then(|| word(kind))
}

/// The vault of this word, unless it ended with its process.
pub(crate) fn lasting(word: &str) -> Option<VaultKind> {
    [VaultKind::Keychain, VaultKind::File].into_iter().find(|kind| self::word(*kind) == word)
}

/// Whether another lasting vault has an account's secrets, so that any copy in this one is older.
pub(crate) fn is_elsewhere(row: &StoredAccount, here: &str) -> bool {
    row.kept_in.as_deref().filter(|kept_in| *kept_in != here).and_then(lasting).is_some()
}

impl Engine {
    /// Whether a command waits, since unfinished accounts may still hold names or be missing from the list.
    pub(crate) fn is_deferred(&self, command: &Command) -> bool {
        let waits = matches!(
            command,
            Command::Save { .. } | Command::Import { .. } | Command::Export { .. } | Command::Settle
        );
        self.being_finished > 0 && waits
    }

    /// Finishes an account that an earlier run left unfinished, unless another process is working on it. One
    /// whose secrets are in another vault is left to a run with that vault. An earlier version didn't record
    /// the vault; then only the chosen vault proves that something is missing.
    pub(crate) fn finish_half_done(&mut self, row: StoredAccount) {
        let kept_in = row.kept_in.as_deref();
        let ended = kept_in == Some(MEMORY);
        let here = kept_in.is_none_or(|kept_in| kept_in == word(self.door.kind()));
        if !ended && (!here || self.door.kind() == VaultKind::Memory) {
            return;
        }
        if !ended && self.door.kind() == VaultKind::File && self.file.is_locked() {
            return self.half_done.push(row);
        }
        let is_whole_truth = kept_in.is_some() || self.door.is_by_choice();
        let Ok(Some(lock)) = account_lock::try_acquire(&self.deps.home, &row.account.id) else { return };
        let (door, database) = (self.door.clone(), self.database.clone());
        let revoker = self.revoker_of(&row.account).filter(|_| row.state == RowState::Deleting && !ended);
        let saver = self.saver(&row.account.id);
        self.being_finished += 1;
        self.dirty = true;
        self.spawn(async move {
            let id = row.account.id.clone();
            let account = id.clone();
            let now = on_disk(database.clone(), move |accounts| accounts.state_of(&account)).await;
            if now != Ok(Some(row.state)) {
                drop(lock);
                let then: Then =
                    Box::new(move |engine| engine.finished(row, &Finished::NotOurs, Revocation::NoEndpoint));
                return then;
            }
            let revocation = match revoker {
                Some(revoker) => revoker.before_deletion(&saver, &id).await,
                None => Revocation::NoEndpoint,
            };
            let finished = if ended {
                remove(database, id).await
            } else {
                settle(&door, database, id, row.state, is_whole_truth).await
            };
            drop(lock);
            let then: Then = Box::new(move |engine| engine.finished(row, &finished, revocation));
            then
        });
    }

    fn finished(&mut self, row: StoredAccount, finished: &Finished, revocation: Revocation) {
        if matches!(revocation, Revocation::Failed(_)) {
            let name = row.account.name.as_str().to_owned();
            self.tell(Event::Deleted { name, revocation });
        }
        match finished {
            Finished::Whole => {
                let mut providers = Providers::of(&self.presets);
                self.take_row(StoredAccount { state: RowState::Ready, ..row }, &mut providers);
            }
            Finished::Gone | Finished::NotOurs => {}
            // Retried once the vault responds, or at the next start.
            Finished::Left => self.half_done.push(row),
        }
        self.being_finished -= 1;
        self.dirty = true;
        if self.being_finished == 0 {
            for (command, replies) in std::mem::take(&mut self.deferred) {
                self.dispatch(command, replies);
            }
        }
    }

    pub(crate) fn finish_waiting(&mut self) {
        for row in std::mem::take(&mut self.half_done) {
            self.finish_half_done(row);
        }
    }
}

impl Saver {
    /// Frees the name of an incomplete account whose secrets are in a vault that this run can't read; a run
    /// with that vault deletes them. Returns whether there was one.
    pub(crate) async fn release_half_created_name(&self, name: &AccountName) -> Result<bool, Problem> {
        let (name, here) = (name.clone(), word(self.door.kind()));
        let found = on_disk(self.database.clone(), move |it| it.half_made_elsewhere(&name, here)).await?;
        let Some(id) = found else { return Ok(false) };
        let Some(_lock) = account_lock::try_acquire(&self.home, &id)? else { return Ok(false) };
        on_disk(self.database.clone(), move |it| it.mark_deleting(&id)).await?;
        Ok(true)
    }
}

/// Makes the vault and the row agree. Requires the account's lock.
async fn settle(
    door: &VaultHandle,
    database: Option<Rc<Database>>,
    id: AccountId,
    state: RowState,
    is_whole_truth: bool,
) -> Finished {
    let account = id.clone();
    let found = door.call(move |vault| {
        let mut records = Records::new(vault);
        let was_there = records.read_client(&account)?.is_some();
        if state == RowState::Deleting {
            records.delete_account(&account)?;
        }
        Ok(was_there)
    });
    match (found.await, state) {
        (Ok(true), RowState::Pending) => match on_disk(database, move |it| it.mark_ready(&id)).await {
            Ok(()) => Finished::Whole,
            Err(_) => Finished::Left,
        },
        (Ok(was_there), _) if was_there || is_whole_truth => remove(database, id).await,
        (Ok(_) | Err(_), _) => Finished::Left,
    }
}

async fn remove(database: Option<Rc<Database>>, id: AccountId) -> Finished {
    match on_disk(database, move |accounts| accounts.remove(&id)).await {
        Ok(()) => Finished::Gone,
        Err(_) => Finished::Left,
    }
}
