//! Finishes what an earlier run left unfinished.
//!
//! An account whose secrets are stored becomes complete; a deletion is carried through. Only the vault that
//! has the account's secrets decides, and an account that another process is working on is left to it.
//! Commands that need a name or the whole list wait until this is done.

use super::account_save::AccountWriter;
use crate::domain::account::{AccountId, AccountName};
use crate::engine::api_address::client_removal::ClientRemover;
use crate::engine::publishing::outbox::Replies;
use crate::engine::secrets::account_lock::AccountLock;
use crate::engine::secrets::account_store::AccountStore;
use crate::engine::tokens::revocation::Revoker;
use crate::messages::command::Command;
use crate::messages::event::{ClientDeletion, Revocation};
use crate::messages::problem::Problem;
use crate::messages::snapshot::VaultKind;
use crate::store::database::{InFlight, RowState, StoredAccount};
use crate::store::vault::account_records::Records;

/// What an earlier run left unfinished, until the vault is open.
#[derive(Default)]
pub(crate) struct CrashRecovery {
    waiting: Vec<StoredAccount>,
    running: usize,
    /// Commands that wait, since an unfinished account still holds its name.
    deferred: Vec<(Command, Replies)>,
    /// Marks of interrupted requests, to compare with the vault.
    unread_marks: Vec<(AccountId, InFlight)>,
    /// Accounts whose rows hold secrets that belong in the vault.
    with_secret_params: Vec<AccountId>,
}

impl CrashRecovery {
    /// The number of unfinished accounts.
    pub(crate) fn count(&self) -> usize {
        self.waiting.len() + self.running
    }

    /// Whether a command waits, since unfinished accounts may still hold names or be missing from the list.
    pub(crate) fn defers(&self, command: &Command) -> bool {
        let waits = matches!(
            command,
            Command::Save { .. }
                | Command::AddFound(_)
                | Command::FindServer { .. }
                | Command::Import { .. }
                | Command::Export { .. }
                | Command::Settle
        );
        self.running > 0 && waits
    }

    pub(crate) fn defer(&mut self, command: Command, replies: Replies) {
        self.deferred.push((command, replies));
    }

    /// Keeps an account until the vault responds, or until the next start.
    pub(crate) fn wait(&mut self, row: StoredAccount) {
        self.waiting.push(row);
    }

    pub(crate) fn take_waiting(&mut self) -> Vec<StoredAccount> {
        std::mem::take(&mut self.waiting)
    }

    pub(crate) fn begin(&mut self) {
        self.running += 1;
    }

    /// Ends one account's recovery. Returns the deferred commands after the last one.
    pub(crate) fn end(&mut self) -> Vec<(Command, Replies)> {
        self.running -= 1;
        if self.running == 0 { std::mem::take(&mut self.deferred) } else { Vec::new() }
    }

    pub(crate) fn keep_mark(&mut self, id: AccountId, mark: InFlight) {
        self.unread_marks.push((id, mark));
    }

    pub(crate) fn take_marks(&mut self) -> Vec<(AccountId, InFlight)> {
        std::mem::take(&mut self.unread_marks)
    }

    pub(crate) fn set_secret_params(&mut self, ids: Vec<AccountId>) {
        self.with_secret_params = ids;
    }

    pub(crate) fn take_secret_params(&mut self) -> Vec<AccountId> {
        std::mem::take(&mut self.with_secret_params)
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Recovered {
    /// All its secrets are stored.
    Whole,
    /// The row and its secrets are deleted.
    Gone,
    /// Another process finished it first, or undid its deletion.
    NotOurs,
    Left,
}

/// One account's recovery.
pub(crate) struct RecoveryJob {
    pub(crate) row: StoredAccount,
    pub(crate) lock: AccountLock,
    pub(crate) writer: AccountWriter,
    /// Revokes the tokens of a deletion.
    pub(crate) revoker: Option<Revoker>,
    /// Deletes the registered client of a deletion.
    pub(crate) remover: Option<ClientRemover>,
    /// Whether a missing record in the vault proves that nothing was stored.
    pub(crate) is_whole_truth: bool,
}

impl RecoveryJob {
    pub(crate) async fn run(self) -> (StoredAccount, Recovered, Revocation) {
        let Self { row, lock, writer, revoker, remover, is_whole_truth } = self;
        let (store, id) = (&writer.store, row.account.id.clone());
        let account = id.clone();
        let now = store.on_disk(move |accounts| accounts.state_of(&account)).await;
        if now != Ok(Some(row.state)) {
            return (row, Recovered::NotOurs, Revocation::NoEndpoint);
        }
        let revocation = match revoker {
            Some(revoker) => revoker.before_deletion(store, &id).await,
            None => Revocation::NoEndpoint,
        };
        if let Some(remover) = remover
            && let ClientDeletion::Kept { server, why } = remover.before_deletion(store, &id).await
        {
            log::warn!("account {id}: its client stays registered with {server}: {why}");
        }
        let recovered = if row.kept_in.as_deref() == Some(VaultKind::Memory.as_str()) {
            remove(store, id).await
        } else {
            make_agree(store, id, row.state, is_whole_truth).await
        };
        drop(lock);
        (row, recovered, revocation)
    }
}

impl AccountWriter {
    /// Frees the name of an incomplete account whose secrets are in a vault that this run can't read; a run
    /// with that vault deletes them. Returns whether there was one.
    pub(crate) async fn release_half_created_name(&self, name: &AccountName) -> Result<bool, Problem> {
        let (name, here) = (name.clone(), self.store.vault_kind().as_str());
        let found = self.store.on_disk(move |accounts| accounts.pending_in_other_vault(&name, here)).await?;
        let Some(id) = found else { return Ok(false) };
        let Some(_lock) = self.store.locks().try_take(&id)? else { return Ok(false) };
        self.store.on_disk(move |accounts| accounts.mark_deleting(&id)).await?;
        Ok(true)
    }
}

/// Makes the vault and the row agree. Requires the account's lock.
async fn make_agree(store: &AccountStore, id: AccountId, state: RowState, is_whole_truth: bool) -> Recovered {
    let account = id.clone();
    let found = store.in_vault(move |vault| {
        let mut records = Records::new(vault);
        let was_there = records.read_client(&account)?.is_some();
        if state == RowState::Deleting {
            records.delete_account(&account)?;
        }
        Ok(was_there)
    });
    match (found.await, state) {
        (Ok(true), RowState::Pending) => {
            match store.on_disk(move |accounts| accounts.mark_ready(&id)).await {
                Ok(()) => Recovered::Whole,
                Err(_) => Recovered::Left,
            }
        }
        (Ok(was_there), _) if was_there || is_whole_truth => remove(store, id).await,
        (Ok(_) | Err(_), _) => Recovered::Left,
    }
}

async fn remove(store: &AccountStore, id: AccountId) -> Recovered {
    match store.on_disk(move |accounts| accounts.remove(&id)).await {
        Ok(()) => Recovered::Gone,
        Err(_) => Recovered::Left,
    }
}
