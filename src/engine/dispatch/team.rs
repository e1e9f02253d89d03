//! The team vault: connecting to it, listing its accounts, and changes by other machines.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::Engine;
use super::job_done::JobDone;
use crate::domain::account::{AccountId, AccountName};
use crate::domain::session::Input;
use crate::domain::team::TeamError;
use crate::engine::accounts::account_move::{AccountMove, finish_from_team};
use crate::engine::accounts::account_state::AccountState;
use crate::engine::database::Database;
use crate::engine::publishing::outbox::{Replies, answer};
use crate::engine::secrets::held_locks::HeldLocks;
use crate::engine::secrets::team::{OpenTeam, TeamListed, TeamLook, TeamOpener};
use crate::engine::settings::encoding;
use crate::engine::tokens::team_journal::TeamJournal;
use crate::messages::command::{Command, TeamSignIn};
use crate::messages::event::Reply;
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::{TeamView, VaultKind};
use crate::store::database::StoredAccount;
use crate::store::vault::team::{CONNECTION_NAME, TeamAccount};

/// How often a lasting run looks for changes by others.
const LOOK: TimeDelta = TimeDelta::seconds(3);
/// How often it tries to open a vault that can't be opened.
const OPEN_AGAIN: TimeDelta = TimeDelta::seconds(30);
/// The number of accounts to look at.
const LOOKED_AT: usize = 50;

impl Engine {
    pub(super) fn team_opener(&self) -> TeamOpener {
        TeamOpener {
            home: self.home.clone(),
            clock: std::sync::Arc::clone(&self.clock),
            http: self.http.policy().clone(),
            presets: self.providers.presets(),
            changed: std::rc::Rc::clone(&self.vault_changed),
            browser: std::sync::Arc::clone(&self.browser),
        }
    }

    /// Opens the team vault and lists its accounts.
    pub(super) fn open_team(&mut self, only: Option<AccountName>, replies: Replies) {
        let (opener, environment, open) =
            (self.team_opener(), self.team.environment(), self.team.open().cloned());
        let personal = self.team.kept_in().map(|kind| self.secrets.of_kind(kind));
        // A window lists thousands of accounts by the index alone.
        let (is_whole, now) = (!self.is_lasting, self.clock.now());
        self.team.begin_opening();
        let unfinished = Unfinished {
            journals: self.team.take_journals(),
            moves: self.team.take_moves(),
            locks: self.secrets.held_locks().clone(),
            database: self.database.clone(),
        };
        self.spawn(async move {
            let listed = async {
                let open = match open {
                    Some(open) => open,
                    None => opener.find(environment, personal).await?,
                };
                let moved = unfinished.finish(&open).await;
                let is_complete = only.is_none();
                let (accounts, view) = open.list(only, is_whole, now).await?;
                Ok(Box::new(TeamListed { open, view, accounts, is_complete, moved }))
            };
            JobDone::TeamListed { listed: listed.await, replies }
        });
    }

    pub(super) fn team_listed(&mut self, listed: Result<Box<TeamListed>, VaultProblem>, replies: Replies) {
        let listed = match listed {
            Ok(listed) => *listed,
            Err(problem) => {
                self.team.end_opening(None);
                if let (VaultProblem::Team(error), Some(view)) = (&problem, self.team.view_mut()) {
                    view.reachable = !error.is_outage();
                    view.problem = Some(error.clone());
                }
                return self.fail(None, Problem::Vault(problem), replies);
            }
        };
        let TeamListed { open, view, accounts, is_complete, moved } = listed;
        let is_only = self.team.is_only();
        for row in moved.into_iter().filter(|_| !is_only) {
            self.take_row(row);
        }
        let role = self.team.view().and_then(|known| known.role);
        self.team.end_opening(Some((open, TeamView { role, ..view })));
        if is_complete {
            let known: std::collections::HashSet<_> =
                accounts.iter().map(|it| it.account.id.clone()).collect();
            let gone = self.accounts.ids(|entry| entry.is_of_team() && !known.contains(entry.id()));
            for id in gone {
                self.step(&id, Input::Cancel);
                self.accounts.remove(&id);
            }
        }
        for account in accounts {
            self.take_team_account(account);
        }
        answer(replies, Ok(Reply::Done));
    }

    /// Takes over an account of the team, which another machine may have changed.
    pub(super) fn take_team_account(&mut self, found: TeamAccount) {
        let Some(open) = self.team.open() else { return };
        let id = found.account.id.clone();
        if self.accounts.get(&id).is_some_and(|entry| !entry.is_of_team()) {
            // A move of this account isn't finished.
            return;
        }
        let Some(entry) = self.accounts.get(&id) else {
            let provider = self.providers.resolve(&found.account.settings);
            let vault = open.vault.clone();
            self.accounts.insert(AccountState::of_team(found, provider, vault));
            return;
        };
        if !found.is_read {
            if entry.account().name != found.account.name {
                self.look_at_team_account(id, None);
            }
            return;
        }
        let provider = self.providers.resolve(&found.account.settings);
        let facts = found.facts.clone();
        if self.accounts.update(&id, |entry| entry.take_team(found, provider)) == Some(true) {
            self.step(&id, Input::Found(facts));
        }
    }

    /// Reads an account of which only the index is known, then carries out the command about it.
    pub(super) fn look_at_team_account(&mut self, id: AccountId, then: Option<(Command, Replies)>) {
        let Some(open) = self.team.open().cloned() else { return };
        self.spawn(async move {
            let read = id.clone();
            let found = open.call(move |team| team.look_at(&read)).await;
            JobDone::TeamLookedAt {
                id,
                found: found.map(|found| found.map(Box::new)),
                then: then.map(Box::new),
            }
        });
    }

    pub(super) fn team_looked_at(
        &mut self,
        id: &AccountId,
        found: Result<Option<Box<TeamAccount>>, VaultProblem>,
        then: Option<(Command, Replies)>,
    ) {
        match found {
            Ok(Some(found)) => self.take_team_account(*found),
            Ok(None) => self.accounts.remove(id),
            Err(problem) => {
                if let Some((_, replies)) = then {
                    self.fail(Some(id), Problem::Vault(problem), replies);
                }
                return;
            }
        }
        if let Some((command, replies)) = then {
            self.dispatch(command, replies);
        }
    }

    /// The team account that a command is about, if only the index is known of it.
    pub(super) fn needs_team_look(&self, command: &Command) -> Option<AccountId> {
        let (Command::Token { account, .. }
        | Command::Copy { account, .. }
        | Command::Refresh(account)
        | Command::SignIn { account, .. }
        | Command::Edit(account)
        | Command::Reveal(account)
        | Command::ReadMask(account)
        | Command::Check(account)
        | Command::Revoke(account)
        | Command::Duplicate(account)) = command
        else {
            return None;
        };
        self.accounts.get(account)?.is_brief().then(|| account.clone())
    }

    pub(super) fn connect_team(&mut self, sign_in: TeamSignIn, replies: Replies) {
        let (opener, personal) = (self.team_opener(), self.secrets.current().clone());
        if !personal.kind().is_personal() {
            return self.fail(None, Problem::Vault(VaultProblem::NotLasting), replies);
        }
        let before = self.team.kept_in().map(encoding::write_team).unwrap_or_default();
        let database = self.database.clone();
        self.spawn(async move {
            let kind = personal.kind();
            let connected = async {
                let connected = opener.connect(sign_in, personal).await.map_err(Problem::Vault)?;
                let after = encoding::write_team(kind);
                database.run(move |accounts| accounts.set_preferences(&before, &after)).await?;
                Ok(Box::new(connected))
            };
            JobDone::TeamConnected { connected: connected.await, kind, replies }
        });
    }

    pub(super) fn team_connected(
        &mut self,
        connected: Result<Box<(OpenTeam, TeamView)>, Problem>,
        kind: VaultKind,
        replies: Replies,
    ) {
        match connected {
            Ok(connected) => {
                let (open, view) = *connected;
                self.forget_team_accounts();
                self.team.set_kept_in(Some(kind));
                self.team.end_opening(Some((open, view.clone())));
                if self.is_lasting {
                    self.open_team(None, None);
                }
                self.report(Reply::TeamConnected(Box::new(view)), replies);
            }
            Err(problem) => self.fail(None, problem, replies),
        }
    }

    /// Forgets the connection; the vault's token is revoked if Keyfob obtained it.
    pub(super) fn disconnect_team(&mut self, replies: Replies) {
        let Some(kind) = self.team.kept_in() else {
            let not_connected = VaultProblem::Team(TeamError::NotConnected);
            return self.fail(None, Problem::Vault(not_connected), replies);
        };
        let (opener, personal, open) =
            (self.team_opener(), self.secrets.of_kind(kind), self.team.open().cloned());
        let database = self.database.clone();
        self.spawn(async move {
            let open = match open {
                Some(open) => Ok(open),
                None => opener.find(None, Some(personal.clone())).await,
            };
            if let Ok(open) = open {
                let _ = open
                    .call(|team| {
                        team.revoke_token();
                        Ok(())
                    })
                    .await;
            }
            let forgotten = async {
                let deleted = personal.call(|vault| vault.delete(CONNECTION_NAME)).await;
                deleted.map_err(Problem::Vault)?;
                let before = encoding::write_team(kind);
                database.run(move |accounts| accounts.set_preferences(&before, &BTreeMap::new())).await
            };
            JobDone::TeamDisconnected { forgotten: forgotten.await, replies }
        });
    }

    pub(super) fn team_disconnected(&mut self, forgotten: Result<(), Problem>, replies: Replies) {
        match forgotten {
            Ok(()) => {
                self.forget_team_accounts();
                self.team.close();
                answer(replies, Ok(Reply::Done));
            }
            Err(problem) => self.fail(None, problem, replies),
        }
    }

    fn forget_team_accounts(&mut self) {
        for id in self.accounts.ids(AccountState::is_of_team) {
            self.step(&id, Input::Cancel);
            self.accounts.remove(&id);
        }
    }

    pub(super) fn ask_team_state(&mut self, replies: Replies) {
        let (opener, environment, open) =
            (self.team_opener(), self.team.environment(), self.team.open().cloned());
        let personal = self.team.kept_in().map(|kind| self.secrets.of_kind(kind));
        let now = self.clock.now();
        self.spawn(async move {
            let state = async {
                let open = match open {
                    Some(open) => open,
                    None => opener.find(environment, personal).await?,
                };
                let view = open.state(now).await?;
                Ok(Box::new((open, view)))
            };
            JobDone::TeamStateFound { state: state.await, replies }
        });
    }

    pub(super) fn team_state_found(
        &mut self,
        state: Result<Box<(OpenTeam, TeamView)>, VaultProblem>,
        replies: Replies,
    ) {
        match state {
            Ok(state) => {
                let (open, view) = *state;
                self.team.end_opening(Some((open, view.clone())));
                answer(replies, Ok(Reply::TeamState(Box::new(view))));
            }
            Err(problem) => self.fail(None, Problem::Vault(problem), replies),
        }
    }
}

/// Changes by others.
impl Engine {
    /// Opens the team vault in a lasting run, and looks for changes by other machines every few seconds: at the
    /// index, and at the accounts that were shown.
    pub(super) fn look_at_team(&mut self) {
        if self.is_locked || !self.loading.is_loaded() || self.loading.problem().is_some() {
            return;
        }
        let now = self.clock.now();
        if self.team.is_to_open() {
            let is_locked =
                self.team.kept_in() == Some(VaultKind::File) && self.secrets.sources().file.is_locked();
            if !is_locked && self.team.take_look(now, OPEN_AGAIN) {
                self.open_team(None, None);
            }
            return;
        }
        let Some(open) = self.team.open().cloned() else { return };
        if !self.team.take_look(now, LOOK) {
            return;
        }
        let mut ids = self.accounts.ids(|entry| entry.is_of_team() && !entry.is_brief());
        ids.truncate(LOOKED_AT);
        self.team.begin_opening();
        self.spawn(async move {
            let looked = async {
                open.keep_token(now).await?;
                open.call(move |team| Ok((team.look_around(&ids)?, team.token_expires_at()))).await
            };
            JobDone::TeamLooked { looked: looked.await }
        });
    }

    pub(super) fn team_looked(&mut self, looked: Result<TeamLook, VaultProblem>) {
        self.team.end_opening(None);
        match looked {
            Ok(((version, accounts), token_expires_at)) => {
                for account in accounts {
                    self.take_team_account(account);
                }
                if let Some(view) = self.team.view_mut() {
                    (view.reachable, view.sealed, view.problem) = (true, Some(false), None);
                    view.token_expires_at = token_expires_at;
                }
                if self.team.see_index(version) {
                    self.open_team(None, None);
                }
            }
            Err(VaultProblem::Team(error)) => {
                if let Some(view) = self.team.view_mut() {
                    view.reachable = !matches!(error, TeamError::Unreachable(_));
                    view.sealed = view.reachable.then_some(error == TeamError::Sealed);
                    view.problem = Some(error);
                }
            }
            Err(_) => {}
        }
    }
}

/// What earlier runs of this machine left unfinished in the team vault.
struct Unfinished {
    journals: Vec<AccountId>,
    /// Accounts on their way from the team vault.
    moves: Vec<AccountId>,
    locks: HeldLocks,
    database: Database,
}

impl Unfinished {
    /// Finishes what can be finished. An account that another process works on is left to it.
    async fn finish(self, open: &OpenTeam) -> Vec<StoredAccount> {
        for id in self.journals {
            let Ok(Some(_lock)) = self.locks.try_take(&id) else { continue };
            let journal = TeamJournal { id, team: open.clone(), database: self.database.clone() };
            if let Err(problem) = journal.finish().await {
                log::warn!(
                    "account {}: its journal could not be finished yet: {}",
                    journal.id,
                    problem.exit_code()
                );
            }
        }
        let mut moved = Vec::new();
        for id in self.moves {
            let Ok(Some(_lock)) = self.locks.try_take(&id) else { continue };
            let read = id.clone();
            let is_there = open.call(move |team| Ok(team.look_at(&read)?.is_some())).await;
            if let (Ok(false), Some(personal)) = (is_there, &open.personal) {
                if finish_from_team(&self.database, personal, &id).await.is_err() {
                    log::warn!("account {id}: its move could not be finished yet");
                    continue;
                }
                let row = self.database.run(move |accounts| accounts.row_of(&id)).await;
                moved.extend(row.ok().flatten());
            }
        }
        moved
    }
}

/// Moving accounts.
impl Engine {
    pub(super) fn move_accounts(&mut self, ids: Vec<AccountId>, to: VaultKind, replies: Replies) {
        let mut accounts = Vec::with_capacity(ids.len());
        let mut names = Vec::with_capacity(ids.len());
        for id in ids {
            match self.accounts.require(&id) {
                Ok(entry) if !entry.is_ephemeral() => {
                    names.push(entry.account().name.as_str().to_owned());
                    accounts.push((id, self.store_of(entry)));
                }
                Ok(_) => return self.fail(None, Problem::Vault(VaultProblem::NotLasting), replies),
                Err(problem) => return self.fail(None, problem, replies),
            }
        }
        let team = self.team.open().cloned();
        let target = match to {
            VaultKind::Team => team.as_ref().map(|open| open.vault.clone()),
            VaultKind::Keychain | VaultKind::File => Some(self.secrets.of_kind(to)),
            VaultKind::Memory => None,
        };
        let Some(target) = target else {
            let problem = match to {
                VaultKind::Team => VaultProblem::Team(TeamError::NotConnected),
                _ => VaultProblem::NotLasting,
            };
            return self.fail(None, Problem::Vault(problem), replies);
        };
        for (id, _) in &accounts {
            self.step(id, Input::Cancel);
        }
        let (database, clock) = (self.database.clone(), std::sync::Arc::clone(&self.clock));
        let is_with_team = to == VaultKind::Team || accounts.iter().any(|(_, store)| store.team().is_some());
        let team = team.filter(|_| is_with_team);
        let job = AccountMove { accounts, to, target, team, database, clock };
        self.spawn(
            async move { JobDone::AccountsMoved { moved: Box::pin(job.run()).await, names, replies } },
        );
    }

    pub(super) fn accounts_moved(
        &mut self,
        moved: Result<(), Problem>,
        names: Vec<String>,
        replies: Replies,
    ) {
        self.accounts.mark_edited();
        // What was moved is listed from where it is now.
        let ids = self.accounts.ids(|entry| names.iter().any(|name| name == entry.account().name.as_str()));
        for id in ids.into_iter().filter(|_| moved.is_ok()) {
            self.accounts.remove(&id);
        }
        self.load();
        if self.is_lasting && self.team.open().is_some() {
            self.open_team(None, None);
        }
        match moved {
            Ok(()) => self.report(Reply::AccountsMoved(names), replies),
            Err(problem) => self.fail(None, problem, replies),
        }
    }
}
