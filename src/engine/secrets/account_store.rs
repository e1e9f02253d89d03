//! The stored parts of an account for a job: its vault, its database row, and its lock.

use super::held_locks::{Guard, HeldLocks};
use super::team::OpenTeam;
use super::vault_handle::VaultHandle;
use crate::domain::account::AccountId;
use crate::domain::team::Role;
use crate::domain::token::grant::{Grant, TokenFacts};
use crate::engine::database::Database;
use crate::engine::settings::encoding;
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::VaultKind;
use crate::store::database::{Accounts, DiskError};
use crate::store::vault::account_records::Records;
use crate::store::vault::{Vault, VaultError};

#[derive(Clone)]
pub(crate) struct AccountStore {
    pub(super) vault: VaultHandle,
    /// `None` for an ephemeral account or one of the team.
    pub(super) database: Option<Database>,
    /// The team vault, if this account is in it.
    pub(super) team: Option<OpenTeam>,
    pub(super) held_locks: HeldLocks,
}

impl AccountStore {
    pub(crate) fn vault_kind(&self) -> VaultKind {
        self.vault.kind()
    }

    pub(crate) fn vault_handle(&self) -> VaultHandle {
        self.vault.clone()
    }

    pub(crate) fn is_ephemeral(&self) -> bool {
        self.database.is_none()
    }

    /// The team vault, if this account is in it.
    pub(crate) fn team(&self) -> Option<&OpenTeam> {
        self.team.as_ref()
    }

    /// Checks the member's role if this account is the team's, before anything is changed.
    ///
    /// # Errors
    /// The team vault's error.
    pub(crate) async fn need(&self, role: Role) -> Result<(), Problem> {
        match &self.team {
            Some(team) => team.call(move |team| team.need(role)).await.map_err(Problem::Vault),
            None => Ok(()),
        }
    }

    pub(crate) fn locks(&self) -> &HeldLocks {
        &self.held_locks
    }

    /// Waits for the account's lock.
    ///
    /// # Errors
    /// [`Problem::Busy`] if another process keeps it; [`Problem::Disk`] if locking fails.
    pub(crate) async fn lock(&self, id: &AccountId) -> Result<Guard, Problem> {
        self.held_locks.acquire(id).await
    }

    /// Checks that this vault is still the chosen one and has the account's secrets: another process may have
    /// moved them, or created the account with another vault. Requires the account's lock, which a move takes
    /// too.
    ///
    /// # Errors
    /// [`VaultProblem::Moved`] or [`VaultProblem::Elsewhere`].
    pub(crate) async fn check_vault(&self, id: &AccountId) -> Result<(), Problem> {
        let Some(database) = self.database.as_ref().filter(|_| self.vault.kind() != VaultKind::Memory) else {
            return Ok(());
        };
        let id = id.clone();
        // An unreadable database says nothing about the vault.
        let Ok((stored, kept_in)) = database.run(move |accounts| accounts.place_of(&id)).await else {
            return Ok(());
        };
        if self.vault.is_by_choice() && encoding::read_vault(&stored) != self.vault.kind() {
            return Err(Problem::Vault(VaultProblem::Moved));
        }
        match kept_in.as_deref().and_then(VaultKind::lasting) {
            Some(kind) if kind != self.vault.kind() => Err(Problem::Vault(VaultProblem::Elsewhere(kind))),
            _ => Ok(()),
        }
    }

    /// The same for secrets that the user enters, which may replace unreachable ones of another vault.
    ///
    /// # Errors
    /// As [`Self::check_vault`].
    pub(crate) async fn check_vault_for_entry(&self, id: &AccountId) -> Result<(), Problem> {
        match self.check_vault(id).await {
            Err(Problem::Vault(VaultProblem::Elsewhere(_))) if self.vault.is_by_choice() => Ok(()),
            other => other,
        }
    }

    /// Calls the vault.
    ///
    /// # Errors
    /// The vault's error, mapped.
    pub(crate) async fn in_vault<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut dyn Vault) -> Result<R, VaultError> + Send + 'static,
    ) -> Result<R, VaultProblem> {
        self.vault.call(job).await
    }

    /// Calls the database; does nothing for an ephemeral account.
    ///
    /// # Errors
    /// As [`Database::run`].
    pub(crate) async fn on_disk<R: Send + Default + 'static>(
        &self,
        job: impl FnOnce(&mut Accounts) -> Result<R, DiskError> + Send + 'static,
    ) -> Result<R, Problem> {
        match &self.database {
            Some(database) => database.run(job).await,
            None => Ok(R::default()),
        }
    }

    /// The facts of the stored token, if there is one.
    ///
    /// # Errors
    /// The vault's error.
    pub(crate) async fn read_facts(&self, id: &AccountId) -> Result<Option<TokenFacts>, VaultProblem> {
        let id = id.clone();
        self.in_vault(move |vault| Records::new(vault).read_facts(&id)).await
    }

    /// Writes the account's tokens and reads them back.
    ///
    /// # Errors
    /// The vault's error.
    pub(crate) async fn write_tokens(&self, id: &AccountId, grant: &Grant) -> Result<(), VaultProblem> {
        self.vault.write_tokens(id, grant).await
    }

    /// Deletes the account's tokens from the vault and its facts from the database. Requires its lock.
    ///
    /// # Errors
    /// The error of either.
    pub(crate) async fn drop_tokens(&self, id: &AccountId) -> Result<(), Problem> {
        let account = id.clone();
        let deleted = self.in_vault(move |vault| Records::new(vault).delete_tokens(&account)).await;
        deleted.map_err(Problem::Vault)?;
        let id = id.clone();
        self.on_disk(move |accounts| accounts.clear_facts(&id)).await
    }

    /// Deletes all records of the account from the vault.
    ///
    /// # Errors
    /// The vault's error.
    pub(crate) async fn delete_records(&self, id: &AccountId) -> Result<(), VaultProblem> {
        let id = id.clone();
        if let Some(team) = &self.team {
            // At once: tokens that are deleted first would be missing after an interrupted move.
            return team.call(move |team| team.remove(&id)).await;
        }
        self.in_vault(move |vault| Records::new(vault).delete_account(&id)).await
    }

    /// Caches a token's facts in the database. A failure is logged: it only costs a later read of the vault.
    pub(crate) async fn cache_facts(&self, id: &AccountId, facts: TokenFacts) {
        let account = id.clone();
        if self.on_disk(move |accounts| accounts.put_facts(&account, &facts)).await.is_err() {
            log::warn!("account {id}: the token's times could not be cached");
        }
    }
}
