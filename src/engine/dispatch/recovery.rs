//! Finishes what earlier runs left: half-created accounts, deletions, interrupted requests, secrets in the
//! database, and accounts that only the vault knows.

use super::Engine;
use super::job_done::{Completion, JobDone};
use crate::domain::account::AccountId;
use crate::domain::provider::Provider;
use crate::domain::session::Input;
use crate::domain::token::grant::TokenFacts;
use crate::engine::accounts::crash_recovery::{Recovered, RecoveryJob};
use crate::engine::accounts::database_recovery;
use crate::engine::accounts::secret_params_migration;
use crate::engine::publishing::outbox::Replies;
use crate::engine::secrets::secret_reader::SecretReader;
use crate::engine::tokens::revocation::Revoker;
use crate::messages::event::{ClientDeletion, Event, Reply, Revocation};
use crate::messages::problem::Problem;
use crate::messages::snapshot::VaultKind;
use crate::store::database::{InFlight, RowState, StoredAccount};

impl Engine {
    /// Finishes an account that an earlier run left unfinished, unless another process is working on it. One
    /// whose secrets are in another vault is left to a run with that vault. An earlier version didn't record
    /// the vault; then only the chosen vault proves that something is missing.
    pub(super) fn recover(&mut self, row: StoredAccount) {
        let vault = self.secrets.current();
        let kept_in = row.kept_in.as_deref();
        let has_ended = kept_in == Some(VaultKind::Memory.as_str());
        let is_here = kept_in.is_none_or(|kept_in| kept_in == vault.kind().as_str());
        if !has_ended && (!is_here || vault.kind() == VaultKind::Memory) {
            return;
        }
        if !has_ended && self.secrets.needs_passphrase() {
            return self.recovery.wait(row);
        }
        let is_whole_truth = kept_in.is_some() || vault.is_by_choice();
        let Ok(Some(lock)) = self.secrets.held_locks().try_take(&row.account.id) else { return };
        let is_deleting = row.state == RowState::Deleting && !has_ended;
        let remover = is_deleting.then(|| self.client_remover());
        let revoker = if is_deleting { self.revoker_of_unlisted(&row) } else { None };
        let writer = self.writer(&row.account.id);
        self.recovery.begin();
        let job = RecoveryJob { row, lock, writer, revoker, remover, is_whole_truth };
        self.spawn(async move {
            let (row, recovered, revocation) = job.run().await;
            JobDone::Recovered { row: Box::new(row), recovered, revocation }
        });
    }

    fn revoker_of_unlisted(&self, row: &StoredAccount) -> Option<Revoker> {
        let presets = self.providers.presets();
        let provider = Provider::resolve(&presets, &row.account.settings).ok()?;
        let secrets = SecretReader::new(row.account.clone(), presets, self.store());
        let http = self.account_http(&row.account.id);
        Revoker::new(provider.into(), secrets, http, std::sync::Arc::clone(&self.clock), None)
    }

    pub(super) fn recovered(&mut self, row: StoredAccount, recovered: Recovered, revocation: Revocation) {
        if matches!(revocation, Revocation::Failed(_)) {
            let name = row.account.name.as_str().to_owned();
            self.emit(Event::Deleted { name, revocation, client: ClientDeletion::NotRegistered });
        }
        match recovered {
            Recovered::Whole => {
                self.take_row(StoredAccount { state: RowState::Ready, ..row });
            }
            Recovered::Gone | Recovered::NotOurs => {}
            // Retried once the vault responds, or at the next start.
            Recovered::Left => self.recovery.wait(row),
        }
        for (command, replies) in self.recovery.end() {
            self.dispatch(command, replies);
        }
    }

    pub(super) fn recover_waiting(&mut self) {
        for row in self.recovery.take_waiting() {
            self.recover(row);
        }
    }

    /// Shows an interrupted request with its account, unless the vault has a newer token.
    pub(super) fn show_interrupted(&mut self, id: &AccountId, mark: InFlight) {
        let Some(entry) = self.accounts.get(id) else { return };
        let is_shown = matches!(entry.problem(), Some(Problem::Interrupted { .. }));
        if is_shown || entry.session().generation() > mark.generation {
            return;
        }
        self.set_problem(id, Problem::Interrupted { refreshing: mark.refreshing });
        self.compare_mark(id.clone(), mark);
    }

    /// Compares a mark with the vault: a process may have stopped after it stored the token and before it
    /// removed the mark.
    pub(super) fn compare_mark(&mut self, id: AccountId, mark: InFlight) {
        if self.secrets.current().kind() == VaultKind::Memory {
            return;
        }
        if self.secrets.needs_passphrase() {
            return self.recovery.keep_mark(id, mark);
        }
        let store = self.store();
        self.spawn(async move {
            let stored = store.read_facts(&id).await.ok().flatten();
            JobDone::MarkCompared { id, mark, stored }
        });
    }

    pub(super) fn mark_compared(&mut self, id: &AccountId, mark: InFlight, stored: Option<TokenFacts>) {
        let Some(facts) = stored.filter(|facts| facts.generation > mark.generation) else { return };
        let is_interrupted = |problem: &Problem| matches!(problem, Problem::Interrupted { .. });
        self.accounts.update(id, |entry| entry.clear_problem_if(is_interrupted));
        self.cache_facts(id, facts.clone());
        self.step(id, Input::Found(Some(facts)));
    }

    /// Moves extra parameters from the database to the vault if that is open.
    pub(super) fn move_secret_params(&mut self) {
        let vault = self.secrets.current();
        if vault.kind() == VaultKind::Memory || !vault.is_ready() {
            return;
        }
        let ids = self.recovery.take_secret_params();
        if ids.is_empty() {
            return;
        }
        let store = self.store();
        self.spawn(async move {
            secret_params_migration::move_secret_params(store, ids).await;
            JobDone::Nothing
        });
    }

    /// Restores accounts that only the vault knows.
    pub(super) fn recover_accounts(&mut self, replies: Replies) {
        let (store, at) = (self.store(), self.clock.now());
        self.spawn(async move {
            let recovered = database_recovery::recover_accounts(store, at).await;
            JobDone::AccountsRecovered { recovered, replies }
        });
    }

    pub(super) fn accounts_recovered(&mut self, recovered: Result<Reply, Problem>, replies: Replies) {
        if recovered.is_ok() {
            self.accounts.mark_edited();
            self.load();
        }
        self.job_done(JobDone::Reported(Completion { result: recovered, replies }));
    }

    pub(super) fn remove_orphans(&mut self, replies: Replies) {
        let store = self.store();
        self.spawn_for(JobDone::Reported, replies, async move {
            database_recovery::remove_orphans(store).await.map(Reply::OrphansRemoved)
        });
    }
}
