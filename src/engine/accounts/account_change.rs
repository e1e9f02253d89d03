//! Changes an existing account, or rolls the change back.
//!
//! A change is checked before anything is written. Tokens of another client or other destinations are deleted
//! before the new client is written, so a process killed in between leaves no token beside a client that it
//! doesn't belong to. An incomplete change is undone, tokens included. All of it happens under the account's
//! lock.

use super::account_save::{
    Absent, AccountWriter, Checked, Moving, Saved, Terms, kept, named, read_client, still_usable,
    with_registration,
};
use crate::base::failpoint::reach;
use crate::base::secret::{Kind, Secret};
use crate::domain::account::{Account, AccountId, Client};
use crate::domain::provider::destinations::{Destinations, MovedDestination};
use crate::domain::team::{Role, TeamError};
use crate::domain::token::grant::Grant;
use crate::engine::secrets::account_vault;
use crate::messages::problem::{MovedUrl, Problem, SecretsWouldMove, UntrustedText, VaultProblem};
use crate::store::database::{RowState, StoredAccount};
use crate::store::vault::account_records::{Lines, Records};
use crate::store::vault::client_record::ClientRecord;

pub(crate) struct Before {
    id: AccountId,
    lines: Lines,
    row: Option<StoredAccount>,
}

/// A checked change; nothing of it is written yet.
pub(crate) struct Planned {
    /// The account with the revision that was edited.
    row: Account,
    record: ClientRecord,
    /// Whether the stored tokens belong to another client or to other destinations.
    tokens_gone: bool,
    grant: Option<Grant>,
    before: Before,
}

impl AccountWriter {
    /// Checks a change without writing.
    pub(crate) async fn plan(&self, checked: Checked, terms: Terms) -> Result<Planned, Problem> {
        let Checked { account: mut row, client, grant, provider, .. } = checked;
        self.store.need(Role::Manage).await?;
        self.store.check_vault_for_entry(&row.id).await?;
        let old = match read_client(&self.store, &row.id).await {
            Ok(record) => Some(record),
            // A missing record is written anew.
            Err(VaultProblem::Missing | VaultProblem::Corrupt) => None,
            Err(problem) => return Err(Problem::Vault(problem)),
        };
        let before = self.before(&row.id).await?;
        let is_edited = |stored: &StoredAccount| {
            stored.account.revision != row.revision || stored.state == RowState::Deleting
        };
        if before.row.as_ref().is_some_and(is_edited) {
            return Err(Problem::ChangedElsewhere);
        }
        let is_edited_by_other =
            |record: &ClientRecord| self.store.team().is_some() && record.account().revision != row.revision;
        if old.as_ref().is_some_and(is_edited_by_other) {
            return Err(self.edited_by_other(&row).await);
        }
        let new = Destinations::of(&self.presets, &row.settings).map_err(Problem::Settings)?;
        let (mut tokens_gone, mut old_client) = (true, Client::default());
        if let Some(record) = old {
            let destinations = record.destinations(&self.presets);
            let (old, old_secrets) = record.into_parts();
            tokens_gone = destinations != new || is_another_client(&old, &old_secrets, &row, &client);
            may_move(&row, &client, &old_secrets, terms, new.moved_from(&destinations))?;
            old_client = old_secrets;
        }
        let client = match terms.absent {
            Absent::Keeps => kept(client, &old_client),
            Absent::Removes => with_registration(client, &old_client),
        };
        if let Some(provider) = &provider {
            still_usable(provider, &client)?;
        }
        self.note_start(&mut row);
        let account = Account { revision: row.revision.next(), ..row.clone() };
        let record = self.record(account, client)?;
        Ok(Planned { row, record, tokens_gone, grant, before })
    }

    /// Makes a change completely or not at all. Also returns the account as it was before.
    pub(crate) async fn change(&self, planned: Planned) -> Result<(Saved, Before), Problem> {
        let Planned { row, record, tokens_gone, grant, mut before } = planned;
        let mine = row.clone();
        match self.write(row, record, tokens_gone, grant).await {
            Ok(saved) => Ok((saved, before)),
            Err(Problem::Vault(VaultProblem::Team(TeamError::Conflict))) => {
                // The other machine's client stays; only the tokens come back.
                let id = mine.id.clone();
                let theirs = self.store.in_vault(move |vault| Records::new(vault).read_lines(&id)).await;
                if let Ok(theirs) = theirs {
                    before.lines = before.lines.with_client_of(theirs);
                    self.put_back(before).await;
                }
                Err(self.edited_by_other(&mine).await)
            }
            Err(problem) => {
                self.put_back(before).await;
                Err(problem)
            }
        }
    }

    async fn write(
        &self,
        row: Account,
        record: ClientRecord,
        tokens_gone: bool,
        grant: Option<Grant>,
    ) -> Result<Saved, Problem> {
        let (account, key) = (record.account().clone(), record.key_facts());
        if tokens_gone {
            self.store.drop_tokens(&account.id).await?;
            reach("change: tokens dropped");
        }
        self.write_client(record).await?;
        reach("change: client in the vault");
        let kept_in = account_vault::lasting_word(self.store.vault_kind());
        let stored = self.store.on_disk(move |accounts| accounts.update(&row, kept_in).map(drop)).await;
        stored.map_err(|problem| named(problem, &account))?;
        reach("change: row stored");
        let facts = match grant {
            Some(grant) if key.is_none() => self.add_tokens(&account.id, grant).await?,
            _ => self.cache_key(&account.id, key).await?,
        };
        Ok(Saved { account, is_new: false, tokens_gone, facts })
    }

    /// Who changed the account meanwhile, and what differs.
    async fn edited_by_other(&self, mine: &Account) -> Problem {
        let Some(team) = self.store.team() else { return Problem::ChangedElsewhere };
        let mine = mine.clone();
        let id = mine.id.clone();
        let other = team.call(move |team| team.edited_by_other(&id, &mine)).await;
        Problem::Vault(other.map_or_else(|problem| problem, VaultProblem::Team))
    }

    async fn before(&self, id: &AccountId) -> Result<Before, Problem> {
        let account = id.clone();
        let lines = self.store.in_vault(move |vault| Records::new(vault).read_lines(&account)).await;
        let account = id.clone();
        let row = self.store.on_disk(move |accounts| accounts.row_of(&account)).await?;
        Ok(Before { id: id.clone(), lines: lines.map_err(Problem::Vault)?, row })
    }

    pub(crate) async fn put_back(&self, before: Before) {
        let Before { id, lines, row } = before;
        let account = id.clone();
        let vault = self.store.in_vault(move |vault| Records::new(vault).put_back(&account, &lines)).await;
        let disk = match row {
            Some(row) => self.store.on_disk(move |accounts| accounts.put_back(&row)).await,
            None => Ok(()),
        };
        if vault.is_err() || disk.is_err() {
            log::warn!("account {id}: a change that failed could not be taken back whole");
        }
    }
}

/// Refuses a change that would send stored secrets to destinations that the user has not seen.
fn may_move(
    account: &Account,
    client: &Client,
    old: &Client,
    terms: Terms,
    moved: Vec<MovedDestination>,
) -> Result<(), Problem> {
    let keeps = || terms.absent == Absent::Keeps && keeps_any(client, old);
    match terms.moving {
        _ if moved.is_empty() => Ok(()),
        Moving::Never => Err(Problem::Outdated),
        Moving::Refused if keeps() => Err(Problem::SecretsWouldMove(Box::new(SecretsWouldMove {
            account: UntrustedText::new(account.name.as_str()),
            moved: moved.into_iter().map(MovedUrl::from).collect(),
        }))),
        Moving::Refused | Moving::Agreed => Ok(()),
    }
}

/// Whether [`kept`] would keep a stored secret.
fn keeps_any(client: &Client, old: &Client) -> bool {
    fn is_kept<K: Kind>(new: Option<&Secret<K>>, old: Option<&Secret<K>>) -> bool {
        new.is_none() && old.is_some()
    }
    is_kept(client.client_secret.as_ref(), old.client_secret.as_ref())
        || is_kept(client.private_key.as_ref(), old.private_key.as_ref())
        || is_kept(client.password.as_ref(), old.password.as_ref())
        || is_kept(client.key.as_ref(), old.key.as_ref())
        || old.headers.keys().any(|name| !client.headers.contains_key(name))
        || old.authorize_params.keys().any(|name| !client.authorize_params.contains_key(name))
        || old.token_params.keys().any(|name| !client.token_params.contains_key(name))
        || old.refresh_params.keys().any(|name| !client.refresh_params.contains_key(name))
}

/// Whether tokens of one client are invalid for the other. Destinations are compared separately.
fn is_another_client(old: &Account, old_client: &Client, new: &Account, client: &Client) -> bool {
    old_client.client_id != client.client_id
        || old_client.username != client.username
        || old.settings.grant != new.settings.grant
        || old.settings.provider != new.settings.provider
        || old.settings.variables != new.settings.variables
}
