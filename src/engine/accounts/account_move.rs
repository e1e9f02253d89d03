//! Moves single accounts between a personal vault and the team vault.
//!
//! Each account is verified in its new vault before anything is deleted from the old one. Its refresh token is
//! never usable in both: on the way to the team, the row names the team vault before the token is written
//! there, and on the way back the account is claimed while it is copied. A move that was interrupted is
//! finished by the same command.

use chrono::{DateTime, Utc};

use crate::base::clock::Clock;
use crate::base::failpoint::reach;
use crate::domain::account::AccountId;
use crate::domain::team::{Change, Role, TeamError};
use crate::engine::database::Database;
use crate::engine::random;
use crate::engine::secrets::account_store::AccountStore;
use crate::engine::secrets::team::OpenTeam;
use crate::engine::secrets::vault_handle::VaultHandle;
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::VaultKind;
use crate::store::database::RowState;
use crate::store::vault::account_records::Records;
use crate::store::vault::client_record::ClientRecord;
use crate::store::vault::team::{Claim, ClaimOutcome};

/// A move of accounts to another vault.
pub(crate) struct AccountMove {
    pub(crate) accounts: Vec<(AccountId, AccountStore)>,
    pub(crate) to: VaultKind,
    pub(crate) target: VaultHandle,
    pub(crate) team: Option<OpenTeam>,
    pub(crate) database: Database,
    pub(crate) clock: std::sync::Arc<dyn Clock>,
}

impl AccountMove {
    /// Moves the accounts one after the other; stops at the first that can't be moved.
    ///
    /// # Errors
    /// Either vault's error, or the database's. What was moved before stays moved.
    pub(crate) async fn run(self) -> Result<(), Problem> {
        if let Some(team) = &self.team {
            team.call(|team| team.need(Role::Manage)).await.map_err(Problem::Vault)?;
        }
        for (id, store) in &self.accounts {
            let _lock = store.lock(id).await?;
            match (store.team(), self.to) {
                (Some(_), VaultKind::Team) => {}
                (Some(team), _) => self.take_from_team(id, team).await?,
                (None, _) => self.take_from_personal(id, store).await?,
            }
        }
        Ok(())
    }

    async fn take_from_personal(&self, id: &AccountId, store: &AccountStore) -> Result<(), Problem> {
        let row = {
            let id = id.clone();
            self.database.run(move |accounts| accounts.row_of(&id)).await?
        };
        let kept_in = row.and_then(|row| row.kept_in);
        // Set by a move that was interrupted.
        let is_marked = kept_in.as_deref() == Some(self.to.as_str());
        if !is_marked {
            store.check_vault(id).await?;
        }
        if store.vault_kind() == self.to {
            return Ok(());
        }
        let read = read(&store.vault_handle(), id).await?;
        let Some(record) = read else {
            // The records are deleted last.
            return if is_marked {
                self.forget(id).await
            } else {
                Err(Problem::Vault(VaultProblem::Missing))
            };
        };
        if !is_marked {
            self.refuse_taken(&record).await?;
            write_client(&self.target, record).await?;
            reach("move account: client copied");
            let (id, word) = (id.clone(), self.to.as_str());
            self.database.run(move |accounts| accounts.set_place(&id, word)).await?;
            reach("move account: row marked");
        }
        // The team may have used the account since.
        if read_tokens(&self.target, id).await?.is_none() {
            copy_tokens(&store.vault_handle(), &self.target, id).await?;
        }
        reach("move account: tokens copied");
        store.delete_records(id).await.map_err(Problem::Vault)?;
        reach("move account: old records deleted");
        if self.to == VaultKind::Team { self.forget(id).await } else { Ok(()) }
    }

    /// Another account of the team may have the name.
    async fn refuse_taken(&self, record: &ClientRecord) -> Result<(), Problem> {
        let Some(team) = self.team.as_ref().filter(|_| self.to == VaultKind::Team) else { return Ok(()) };
        let (id, name) = (record.account().id.clone(), record.account().name.clone());
        let wanted = name.clone();
        let found = team.call(move |team| team.list_accounts(Some(&wanted), false)).await;
        let is_taken = found.map_err(Problem::Vault)?.iter().any(|found| found.account.id != id);
        if is_taken { Err(Problem::NameTaken(name.as_str().to_owned())) } else { Ok(()) }
    }

    async fn forget(&self, id: &AccountId) -> Result<(), Problem> {
        let id = id.clone();
        self.database.run(move |accounts| accounts.remove(&id)).await
    }

    async fn take_from_team(&self, id: &AccountId, team: &OpenTeam) -> Result<(), Problem> {
        let claimed = self.claim(id, team).await?;
        let copied = self.copy_from_team(id, team).await;
        if let Err(problem) = copied {
            if claimed {
                self.release(id, team).await;
            }
            return Err(problem);
        }
        reach("move account: copied from the team");
        let account = id.clone();
        let deleted = team.call(move |team| team.remove(&account)).await;
        deleted.map_err(Problem::Vault)?;
        reach("move account: deleted from the team");
        finish_from_team(&self.database, &self.target, id).await
    }

    /// Claims the refresh token, so that no machine spends it while it is copied.
    async fn claim(&self, id: &AccountId, team: &OpenTeam) -> Result<bool, Problem> {
        let account = id.clone();
        let state = team.call(move |team| team.grant_state(&account)).await.map_err(Problem::Vault)?;
        let Some(state) = state else { return Ok(false) };
        let by = team.connection.machine.clone();
        if let Some(claim) = state.claim.as_ref().filter(|claim| claim.by != by) {
            let change = Change { by: claim.by.clone(), at: state.written_at };
            return Err(Problem::Vault(VaultProblem::Team(TeamError::Claimed(change))));
        }
        let claim = Claim { by, nonce: hex::encode(random::bytes::<16>()?), at: self.clock.now() };
        let account = id.clone();
        let claimed = team.call(move |team| team.claim(&account, &state, Some(claim))).await;
        match claimed.map_err(Problem::Vault)? {
            ClaimOutcome::Won => Ok(true),
            ClaimOutcome::Lost => Err(Problem::Vault(VaultProblem::Team(TeamError::Conflict))),
        }
    }

    async fn release(&self, id: &AccountId, team: &OpenTeam) {
        let account = id.clone();
        let released = team.call(move |team| match team.grant_state(&account)? {
            Some(state) => team.claim(&account, &state, None).map(drop),
            None => Ok(()),
        });
        if released.await.is_err() {
            log::warn!("account {id}: a claim could not be taken off yet");
        }
    }

    async fn copy_from_team(&self, id: &AccountId, team: &OpenTeam) -> Result<(), Problem> {
        let record = read(&team.vault, id).await?;
        // Deleted from the team by an earlier run, after it was copied.
        let Some(record) = record else { return Ok(()) };
        self.insert(id, &record, self.clock.now()).await?;
        reach("move account: row inserted");
        write_client(&self.target, record).await?;
        copy_tokens(&team.vault, &self.target, id).await
    }

    /// Adds the row, which isn't listed until the team vault has the account no more.
    async fn insert(&self, id: &AccountId, record: &ClientRecord, at: DateTime<Utc>) -> Result<(), Problem> {
        let (account, id) = (record.account().clone(), id.clone());
        let name = account.name.as_str().to_owned();
        let inserted = self.database.run(move |accounts| match accounts.state_of(&id)? {
            Some(RowState::Pending) => Ok(()),
            _ => accounts.insert_pending(&account, VaultKind::Team.as_str(), at),
        });
        inserted.await.map_err(|problem| match problem {
            Problem::NameTaken(_) => Problem::NameTaken(name),
            other => other,
        })
    }
}

/// Lists an account that the team vault has no more: its move was interrupted, or ends now.
///
/// # Errors
/// The personal vault's error, or the database's.
pub(crate) async fn finish_from_team(
    database: &Database,
    target: &VaultHandle,
    id: &AccountId,
) -> Result<(), Problem> {
    let facts = read_tokens(target, id).await?;
    let (id, word) = (id.clone(), target.kind().as_str());
    database
        .run(move |accounts| {
            accounts.set_place(&id, word)?;
            accounts.mark_ready(&id)?;
            match &facts {
                Some(facts) => accounts.put_facts(&id, facts).map(drop),
                None => Ok(()),
            }
        })
        .await
}

async fn read(vault: &VaultHandle, id: &AccountId) -> Result<Option<ClientRecord>, Problem> {
    let id = id.clone();
    vault.call(move |vault| Records::new(vault).read_client(&id)).await.map_err(Problem::Vault)
}

async fn read_tokens(
    vault: &VaultHandle,
    id: &AccountId,
) -> Result<Option<crate::domain::token::grant::TokenFacts>, Problem> {
    let id = id.clone();
    vault.call(move |vault| Records::new(vault).read_facts(&id)).await.map_err(Problem::Vault)
}

/// Writes a client over what an interrupted move left.
async fn write_client(to: &VaultHandle, record: ClientRecord) -> Result<(), Problem> {
    let written = to.call(move |vault| {
        let mut records = Records::new(vault);
        records.read_client(&record.account().id)?;
        records.write_client(&record)
    });
    written.await.map_err(Problem::Vault)
}

async fn copy_tokens(from: &VaultHandle, to: &VaultHandle, id: &AccountId) -> Result<(), Problem> {
    let account = id.clone();
    let tokens = from.call(move |vault| Records::new(vault).read_tokens_line(&account)).await;
    let Some(tokens) = tokens.map_err(Problem::Vault)? else { return Ok(()) };
    let account = id.clone();
    let written = to.call(move |vault| {
        let mut records = Records::new(vault);
        records.read_facts(&account)?;
        records.write_tokens_line(&account, &tokens)
    });
    written.await.map_err(Problem::Vault)
}
