//! Finishes token requests for team accounts that this machine began and didn't end.

use std::collections::BTreeMap;

use crate::domain::account::AccountId;
use crate::domain::team::TeamError;
use crate::domain::token::grant::Grant;
use crate::engine::database::Database;
use crate::engine::secrets::team::OpenTeam;
use crate::messages::problem::{Problem, VaultProblem};
use crate::store::vault::account_records::Records;
use crate::store::vault::records;
use crate::store::vault::team::GrantState;
use crate::store::vault::team::journal::{Entry, Phase};

/// The preference that names an account with an entry, so that a start needn't read the vault to learn it.
const MARK: &str = "team_journal.";
/// How often a write is tried again after another machine's.
const ATTEMPTS: u32 = 4;

/// The accounts with an entry, by the stored preferences.
pub(crate) fn marked(stored: &BTreeMap<String, String>) -> Vec<AccountId> {
    stored.keys().filter_map(|key| AccountId::parse(key.strip_prefix(MARK)?)).collect()
}

/// An account's journal. It does nothing on a machine without a personal vault.
#[derive(Clone)]
pub(crate) struct TeamJournal {
    pub(crate) id: AccountId,
    pub(crate) team: OpenTeam,
    pub(crate) database: Database,
}

/// What an entry came to.
pub(crate) enum Finished {
    /// There is nothing to finish any more.
    Done,
    /// This machine's own request may have been sent, and its answer is lost: the state with its claim.
    Unsure(GrantState, String),
}

impl TeamJournal {
    pub(crate) async fn write(&self, entry: Entry) -> Result<(), VaultProblem> {
        let Some(personal) = &self.team.personal else { return Ok(()) };
        let mark = BTreeMap::from([(format!("{MARK}{}", self.id), String::new())]);
        let marked = self.database.run(move |accounts| accounts.set_preferences(&BTreeMap::new(), &mark));
        if marked.await.is_err() {
            log::warn!("account {}: the journal could not be marked", self.id);
        }
        let id = self.id.clone();
        personal.call(move |vault| entry.write(vault, &id)).await
    }

    /// Writes the answer. If the personal vault refuses it, the answer is still in memory.
    pub(crate) async fn answered(&self, nonce: &str, grant: &Grant) {
        let Ok(tokens) = records::encode_tokens(grant) else { return };
        let entry = Entry { nonce: nonce.to_owned(), phase: Phase::Answered, tokens: Some(tokens) };
        if self.write(entry).await.is_err() {
            log::warn!("account {}: the answer could not be written to the journal", self.id);
        }
    }

    pub(crate) async fn clear(&self) {
        let Some(personal) = &self.team.personal else { return };
        let id = self.id.clone();
        if personal.call(move |vault| Entry::delete(vault, &id)).await.is_err() {
            return log::warn!("account {}: the journal could not be cleared", self.id);
        }
        let mark = BTreeMap::from([(format!("{MARK}{}", self.id), String::new())]);
        let cleared = self.database.run(move |accounts| accounts.set_preferences(&mark, &BTreeMap::new()));
        if cleared.await.is_err() {
            log::warn!("account {}: the journal's mark could not be removed", self.id);
        }
    }

    /// Finishes what this machine began. Requires the account's lock, so that no process of this machine is at
    /// work on it.
    ///
    /// # Errors
    /// Either vault's error; the entry stays.
    pub(crate) async fn finish(&self) -> Result<Finished, Problem> {
        let Some(personal) = &self.team.personal else { return Ok(Finished::Done) };
        let id = self.id.clone();
        let entry = personal.call(move |vault| Entry::read(vault, &id)).await.map_err(Problem::Vault)?;
        let Some(entry) = entry else { return Ok(Finished::Done) };
        for _ in 0..ATTEMPTS {
            let id = self.id.clone();
            let state = self.team.call(move |team| team.grant_state(&id)).await.map_err(Problem::Vault)?;
            // Without a record, the account was removed meanwhile.
            let Some(state) = state else { break };
            let is_ours = state.claim.as_ref().is_some_and(|claim| claim.nonce == entry.nonce);
            let done = match (entry.phase, &entry.tokens) {
                (Phase::Answered, Some(tokens)) => self.write_answer(tokens, &state, is_ours).await,
                (Phase::Claiming, _) if is_ours => self.release(&state).await,
                (Phase::Sending, _) if is_ours => return Ok(Finished::Unsure(state, entry.nonce)),
                _ => Ok(()),
            };
            match done {
                Err(VaultProblem::Team(TeamError::Conflict)) => {}
                Err(problem) => return Err(Problem::Vault(problem)),
                Ok(()) => break,
            }
        }
        self.clear().await;
        Ok(Finished::Done)
    }

    async fn write_answer(
        &self,
        tokens: &crate::base::secret::SecretText,
        state: &GrantState,
        is_ours: bool,
    ) -> Result<(), VaultProblem> {
        let grant = records::decode_tokens(tokens);
        let grant = grant.map_err(|_| VaultProblem::Corrupt)?;
        let is_late = state.access_generation >= grant.facts.generation
            || (state.generation >= grant.facts.generation && !is_ours && state.claim.is_some());
        if is_late {
            return Ok(());
        }
        log::info!("account {}: an answer of an earlier run is written", self.id);
        let id = self.id.clone();
        self.team.vault.call(move |vault| Records::new(vault).write_tokens(&id, &grant)).await
    }

    /// Takes this machine's claim off.
    ///
    /// # Errors
    /// The team vault's error.
    pub(crate) async fn release(&self, state: &GrantState) -> Result<(), VaultProblem> {
        let (id, state) = (self.id.clone(), state.clone());
        self.team.call(move |team| team.claim(&id, &state, None)).await.map(drop)
    }
}
