//! Reads the database: at the start, and again after changes by other processes.

use super::Engine;
use super::job_done::{DatabaseRead, JobDone};
use crate::domain::account::AccountId;
use crate::domain::session::Input;
use crate::domain::token::grant::TokenFacts;
use crate::engine::accounts::account_state::AccountState;
use crate::engine::settings::encoding;
use crate::engine::tokens::request_journal;
use crate::engine::tokens::team_journal;
use crate::messages::problem::Problem;
use crate::messages::snapshot::VaultKind;
use crate::store::database::{Accounts, RetryAfter, RowState, Stored, StoredAccount};
use crate::store::user_presets;

/// What is known of the database.
#[derive(Default)]
pub(super) struct Loading {
    is_loaded: bool,
    is_reading: bool,
    /// The version at the last read; another process's change makes another.
    data_version: Option<i64>,
    problem: Option<Problem>,
}

impl Loading {
    pub(super) fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    /// Why the database can't be read.
    pub(super) fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }
}

fn is_wait(problem: &Problem) -> bool {
    matches!(problem, Problem::Refused(refusal) if refusal.retry_at.is_some())
}

impl Engine {
    pub(super) fn load(&mut self) {
        self.loading.is_reading = true;
        let edits = self.accounts.edits();
        // Once, before the first account uses them.
        let folder = (!self.loading.is_loaded).then(|| self.home.presets_path());
        let built_in = self.providers.presets();
        let own = async move {
            let folder = folder?;
            tokio::task::spawn_blocking(move || user_presets::read(&folder, &built_in)).await.ok()
        };
        let (home, only) = (self.home.clone(), self.only.clone());
        let stored = self.database.run(move |accounts| {
            Ok((request_journal::load(accounts, &home, only.as_ref())?, accounts.data_version()?))
        });
        self.spawn(async move {
            JobDone::DatabaseRead(Box::new(DatabaseRead { edits, own: own.await, stored: stored.await }))
        });
    }

    pub(super) fn database_read(&mut self, read: DatabaseRead) {
        self.loading.is_reading = false;
        let DatabaseRead { edits, own, stored } = read;
        if self.accounts.edits() != edits {
            return self.load();
        }
        if let Some(own) = own.filter(|_| !self.loading.is_loaded) {
            self.providers.add_own(own);
        }
        self.loading.is_loaded = true;
        match stored {
            Ok((stored, version)) => {
                self.loading.data_version = Some(version);
                self.take_stored(stored);
            }
            Err(problem) => self.loading.problem = Some(problem),
        }
    }

    /// Rereads the database if another process has changed it.
    pub(super) fn look_for_changes(&mut self) {
        if self.loading.is_reading || self.loading.problem.is_some() {
            return;
        }
        self.loading.is_reading = true;
        let version = self.database.run(Accounts::data_version);
        self.spawn(async move { JobDone::DataVersionRead(version.await) });
    }

    pub(super) fn data_version_read(&mut self, version: Result<i64, Problem>) {
        self.loading.is_reading = false;
        if version.is_ok_and(|version| self.loading.data_version != Some(version)) {
            self.load();
        }
    }

    fn take_stored(&mut self, stored: Stored) {
        let is_first = self.accounts.is_empty();
        self.settings.take_stored(&stored.preferences);
        self.apply_stored_choice(&stored.preferences);
        self.team.set_kept_in(encoding::read_team(&stored.preferences));
        if is_first {
            let is_moving = |row: &&StoredAccount| {
                row.state == RowState::Pending && row.kept_in.as_deref() == Some(VaultKind::Team.as_str())
            };
            let moves = stored.accounts.iter().filter(is_moving).map(|row| row.account.id.clone());
            self.team.set_unfinished(team_journal::marked(&stored.preferences), moves.collect());
        }
        self.use_preferences();
        if is_first {
            self.settings.take_remembered(stored.remembered.as_deref());
        }
        self.settings.take_window(stored.window.as_deref());
        self.accounts.keep_only(&stored.accounts.iter().map(|row| &row.account.id).collect());
        self.sign_ins.keep_only(|id| self.accounts.contains(id));
        if !self.team.is_only() {
            self.take_rows(stored.accounts, is_first);
        }
        self.move_secret_params();
        self.take_waits(stored.waits);
        self.read_shown_http_logs();
    }

    fn take_rows(&mut self, rows: Vec<StoredAccount>, is_first: bool) {
        let (mut new, mut marked, mut with_secret_params) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            match row.state {
                RowState::Ready => {
                    with_secret_params.extend(row.has_secret_params.then(|| row.account.id.clone()));
                    marked.extend(row.in_flight.map(|mark| (row.account.id.clone(), mark)));
                    if self.accounts.contains(&row.account.id) {
                        self.take_row(row);
                    } else {
                        new.push(self.state_of(row));
                    }
                }
                RowState::Pending | RowState::Deleting if is_first => self.recover(row),
                // Another process deletes it.
                RowState::Deleting => {
                    if self.accounts.get(&row.account.id).is_some_and(AccountState::is_shown) {
                        self.accounts.remove(&row.account.id);
                    }
                }
                RowState::Pending => {}
            }
        }
        self.recovery.set_secret_params(with_secret_params);
        self.accounts.add(new);
        for (id, mark) in marked {
            self.show_interrupted(&id, mark);
        }
    }

    fn state_of(&self, row: StoredAccount) -> AccountState {
        let provider = self.providers.resolve(&row.account.settings);
        let vault = self.secrets.current().clone();
        AccountState::stored(row.account, provider, vault, row.facts, row.last_used_at)
    }

    /// Takes over an account's row, which another process may have changed.
    pub(super) fn take_row(&mut self, row: StoredAccount) {
        if !self.accounts.contains(&row.account.id) {
            let state = self.state_of(row);
            return self.accounts.insert(state);
        }
        let StoredAccount { account, facts, last_used_at, .. } = row;
        let id = account.id.clone();
        let generation = |facts: Option<&TokenFacts>| facts.map_or(0, |facts| facts.generation);
        let is_changed = self.accounts.update(&id, |entry| {
            if entry.deletion_undone_elsewhere() {
                log::info!("account {}: its deletion was undone elsewhere", entry.id());
            }
            if let Some(at) = last_used_at {
                entry.mark_used(at);
            }
            if account.revision > entry.account().revision {
                let provider = self.providers.resolve(&account.settings);
                entry.change(account, provider);
            }
            let known = entry.session().facts();
            let is_newer = generation(facts.as_ref()) > generation(known);
            let is_gone = facts.is_none() && known.is_some() && entry.unsaved_grant().is_none();
            if is_newer || is_gone {
                entry.set_preview(None);
                // The server has accepted another process.
                entry.clear_problem_if(|problem| is_newer && is_wait(problem));
            }
            is_newer || is_gone
        });
        if is_changed == Some(true) {
            self.step(&id, Input::Found(facts));
        }
    }

    /// Takes over waits that servers asked other processes for.
    fn take_waits(&mut self, waits: Vec<(AccountId, RetryAfter)>) {
        let now = self.clock.now();
        for (id, RetryAfter { since, until, status }) in waits {
            let is_known = |entry: &AccountState| {
                entry.session().retry_after_span().is_some_and(|(known, _)| known >= since)
            };
            if until <= now || self.accounts.get(&id).is_none_or(is_known) {
                continue;
            }
            self.accounts.update(&id, |entry| entry.set_wait_status(status));
            self.step(&id, Input::RetryAfter(since, until));
        }
    }

    /// Applies the stored choice of a vault.
    fn apply_stored_choice(&mut self, stored: &std::collections::BTreeMap<String, String>) {
        if let Some(vault) = self.secrets.apply_stored_choice(stored) {
            self.vault_switched(&vault);
        }
    }
}
