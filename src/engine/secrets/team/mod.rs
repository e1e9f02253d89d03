//! The connection to the team vault: where it is kept, opening it, and what is shown of it.

mod oidc;
mod transport;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

use super::vault_handle::{VaultFactory, VaultHandle};
use crate::base::clock::Clock;
use crate::domain::account::{AccountId, AccountName};
use crate::domain::provider::Preset;
use crate::domain::team::{Connection, Role, TeamError};
use crate::messages::command::{TeamCredentials, TeamSignIn};
use crate::messages::problem::VaultProblem;
use crate::messages::snapshot::{TeamView, VaultKind};
use crate::net::http_client::HttpPolicy;
use crate::platform::browser::Browser;
use crate::store::database::StoredAccount;
use crate::store::home::Home;
use crate::store::vault::VaultError;
use crate::store::vault::team::{
    CONNECTION_NAME, Credentials, SavedConnection, SavedToken, TeamAccount, TeamState, TeamVault,
};
use transport::NetTransport;

/// Timeout of a call: a write is several requests, each of which may take half a minute.
const PATIENCE: Duration = Duration::from_mins(2);

/// A connection from the environment, for a machine without a keychain.
#[derive(Debug)]
pub struct TeamEnvironment {
    pub connection: Connection,
    pub credentials: TeamCredentials,
}

/// The team vault as this run uses it.
pub(crate) struct TeamPart {
    environment: Option<Rc<TeamEnvironment>>,
    /// Whether this run uses the team vault alone.
    is_only: bool,
    kept_in: Option<VaultKind>,
    open: Option<OpenTeam>,
    view: Option<TeamView>,
    is_opening: bool,
    /// Accounts with an entry in this machine's journal.
    journals: Vec<AccountId>,
    /// Accounts on their way from the team vault.
    moves: Vec<AccountId>,
    /// When a lasting run looks for changes by others again, or tries again to open the vault.
    next_look: Option<DateTime<Utc>>,
    /// The version of the index at the last look.
    seen_index: Option<u64>,
}

/// The opened team vault; clones share it.
#[derive(Clone)]
pub(crate) struct OpenTeam {
    pub(crate) vault: VaultHandle,
    /// The vault with the connection's record and this machine's journal; `None` without one.
    pub(crate) personal: Option<VaultHandle>,
    pub(crate) connection: Connection,
}

impl TeamPart {
    pub(crate) fn new(environment: Option<TeamEnvironment>, is_only: bool) -> Self {
        let environment = environment.map(Rc::new);
        Self {
            environment,
            is_only,
            kept_in: None,
            open: None,
            view: None,
            is_opening: false,
            journals: Vec::new(),
            moves: Vec::new(),
            next_look: None,
            seen_index: None,
        }
    }

    /// Whether this run uses the team vault alone.
    pub(crate) fn is_only(&self) -> bool {
        self.is_only
    }

    pub(crate) fn environment(&self) -> Option<Rc<TeamEnvironment>> {
        self.environment.clone()
    }

    pub(crate) fn kept_in(&self) -> Option<VaultKind> {
        self.kept_in
    }

    pub(crate) fn set_kept_in(&mut self, kept_in: Option<VaultKind>) {
        self.kept_in = kept_in;
    }

    /// Notes what earlier runs left unfinished.
    pub(crate) fn set_unfinished(&mut self, journals: Vec<AccountId>, moves: Vec<AccountId>) {
        (self.journals, self.moves) = (journals, moves);
    }

    pub(crate) fn take_journals(&mut self) -> Vec<AccountId> {
        std::mem::take(&mut self.journals)
    }

    pub(crate) fn take_moves(&mut self) -> Vec<AccountId> {
        std::mem::take(&mut self.moves)
    }

    pub(crate) fn open(&self) -> Option<&OpenTeam> {
        self.open.as_ref()
    }

    pub(crate) fn view(&self) -> Option<&TeamView> {
        self.view.as_ref()
    }

    pub(crate) fn view_mut(&mut self) -> Option<&mut TeamView> {
        self.view.as_mut()
    }

    /// Whether there is a connection that isn't opened yet.
    pub(crate) fn is_to_open(&self) -> bool {
        let is_connected = self.kept_in.is_some() || self.environment.is_some();
        is_connected && self.open.is_none() && !self.is_opening
    }

    pub(crate) fn begin_opening(&mut self) {
        self.is_opening = true;
    }

    /// Whether a look is due; the next one is `pause` later.
    pub(crate) fn take_look(&mut self, now: DateTime<Utc>, pause: TimeDelta) -> bool {
        let is_due = !self.is_opening && self.next_look.is_none_or(|at| now >= at || at - now > pause);
        if is_due {
            self.next_look = Some(now + pause);
        }
        is_due
    }

    /// Notes the version of the index. Returns whether others have changed it since the last look.
    pub(crate) fn see_index(&mut self, version: u64) -> bool {
        self.seen_index.replace(version).is_some_and(|seen| seen != version)
    }

    pub(crate) fn end_opening(&mut self, opened: Option<(OpenTeam, TeamView)>) {
        self.is_opening = false;
        if let Some((open, view)) = opened {
            (self.open, self.view) = (Some(open), Some(view));
        }
    }

    pub(crate) fn close(&mut self) {
        (self.open, self.view, self.kept_in) = (None, None, None);
    }
}

/// The version of the index with the accounts that were looked at, and the end of the vault's token.
pub(crate) type TeamLook = ((u64, Vec<TeamAccount>), Option<DateTime<Utc>>);

/// The team's accounts, as a job found them.
pub(crate) struct TeamListed {
    pub(crate) open: OpenTeam,
    pub(crate) view: TeamView,
    pub(crate) accounts: Vec<TeamAccount>,
    /// Whether these are all accounts.
    pub(crate) is_complete: bool,
    /// Accounts whose move from the team vault was finished.
    pub(crate) moved: Vec<StoredAccount>,
}

/// What opening or connecting needs.
#[derive(Clone)]
pub(crate) struct TeamOpener {
    pub(crate) home: Home,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) http: HttpPolicy,
    pub(crate) presets: Arc<Vec<Preset>>,
    pub(crate) changed: Rc<Notify>,
    pub(crate) browser: Arc<dyn Browser>,
}

impl TeamOpener {
    fn handle(
        &self,
        connection: &Connection,
        credentials: &Credentials,
        token: Option<&SavedToken>,
    ) -> VaultHandle {
        let (connection, presets) = (connection.clone(), Arc::clone(&self.presets));
        let (credentials, token) = (credentials.duplicate(), token.map(SavedToken::duplicate));
        let (policy, clock) = (self.http.clone(), Arc::clone(&self.clock));
        let factory: VaultFactory = Arc::new(move || {
            let transport = NetTransport::new(&connection, &policy, Arc::clone(&clock));
            Box::new(TeamVault::new(
                connection.clone(),
                credentials.duplicate(),
                token.as_ref().map(SavedToken::duplicate),
                Box::new(transport),
                Arc::clone(&presets),
            ))
        });
        let changed = Rc::clone(&self.changed);
        VaultHandle::new(self.home.clone(), VaultKind::Team, factory, PATIENCE, changed)
    }

    /// The vault of the environment, or of the record in `personal`.
    ///
    /// # Errors
    /// The personal vault's error, or [`TeamError::NotConnected`].
    pub(crate) async fn find(
        &self,
        environment: Option<Rc<TeamEnvironment>>,
        personal: Option<VaultHandle>,
    ) -> Result<OpenTeam, VaultProblem> {
        if let Some(environment) = environment {
            let TeamEnvironment { connection, credentials } = environment.as_ref();
            let vault = self.handle(connection, &of_command(credentials), None);
            return Ok(OpenTeam { vault, personal: None, connection: connection.clone() });
        }
        let not_connected = || VaultProblem::Team(TeamError::NotConnected);
        let personal = personal.ok_or_else(not_connected)?;
        let saved = personal.call(|vault| SavedConnection::read(vault)).await?.ok_or_else(not_connected)?;
        let vault = self.handle(&saved.connection, &saved.credentials(), Some(&saved.token));
        Ok(OpenTeam { vault, personal: Some(personal), connection: saved.connection })
    }

    /// Signs in, and keeps the connection in `personal`. A refused sign-in keeps nothing.
    ///
    /// # Errors
    /// The team vault's or the personal vault's error.
    pub(crate) async fn connect(
        &self,
        sign_in: TeamSignIn,
        personal: VaultHandle,
    ) -> Result<(OpenTeam, TeamView), VaultProblem> {
        let TeamSignIn { connection, credentials } = sign_in;
        let approle = match &credentials {
            TeamCredentials::AppRole { role_id_file, secret_id_file } => {
                Some((absolute(role_id_file), absolute(secret_id_file)))
            }
            _ => None,
        };
        let credentials = match credentials {
            TeamCredentials::Oidc => Credentials::Token(oidc::sign_in(self, &connection).await?),
            other => of_command(&other),
        };
        let vault = self.handle(&connection, &credentials, None);
        let (token, role) = call(&vault, TeamVault::connect).await?;
        let token_expires_at = token.expires_at;
        let kept = token.duplicate();
        let saved = SavedConnection { connection: connection.clone(), token, approle };
        let credentials = saved.credentials();
        if let Err(problem) = personal.call(move |vault| saved.write(vault)).await {
            let _ = personal.call(|vault| vault.delete(CONNECTION_NAME)).await;
            return Err(problem);
        }
        let view = TeamView {
            connection: connection.clone(),
            reachable: true,
            sealed: Some(false),
            role: Some(role),
            token_expires_at,
            problem: None,
        };
        let vault = self.handle(&connection, &credentials, Some(&kept));
        Ok((OpenTeam { vault, personal: Some(personal), connection }, view))
    }
}

fn absolute(path: &std::path::Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn of_command(credentials: &TeamCredentials) -> Credentials {
    match credentials {
        TeamCredentials::Token(token) => Credentials::Token(token.duplicate()),
        TeamCredentials::Userpass { username, password } => {
            Credentials::Userpass { username: username.clone(), password: password.duplicate() }
        }
        TeamCredentials::AppRole { role_id_file, secret_id_file } => Credentials::AppRole {
            role_id_file: role_id_file.clone(),
            secret_id_file: secret_id_file.clone(),
        },
        TeamCredentials::Oidc => Credentials::Kept,
    }
}

/// Calls the team vault behind a handle.
///
/// # Errors
/// The vault's error, mapped.
pub(crate) async fn call<R: Send + 'static>(
    vault: &VaultHandle,
    job: impl FnOnce(&mut TeamVault) -> Result<R, VaultError> + Send + 'static,
) -> Result<R, VaultProblem> {
    vault
        .call(move |vault| match vault.team() {
            Some(team) => job(team),
            None => Err(TeamError::NotConnected.into()),
        })
        .await
}

impl OpenTeam {
    /// Calls the team vault.
    ///
    /// # Errors
    /// The vault's error, mapped.
    pub(crate) async fn call<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut TeamVault) -> Result<R, VaultError> + Send + 'static,
    ) -> Result<R, VaultProblem> {
        call(&self.vault, job).await
    }

    /// Keeps the vault's own token alive, and a new one in the personal vault.
    ///
    /// # Errors
    /// Either vault's error.
    pub(crate) async fn keep_token(&self, now: DateTime<Utc>) -> Result<(), VaultProblem> {
        let Some(token) = self.call(move |team| team.keep_token(now)).await? else { return Ok(()) };
        let Some(personal) = &self.personal else { return Ok(()) };
        let kept = personal.call(move |vault| match SavedConnection::read(vault)? {
            Some(saved) => SavedConnection { token, ..saved }.write(vault),
            None => Ok(()),
        });
        if kept.await.is_err() {
            log::warn!("the team vault's new token could not be kept");
        }
        Ok(())
    }

    /// Lists accounts, and tells what is known of the vault.
    ///
    /// # Errors
    /// The vault's error.
    pub(crate) async fn list(
        &self,
        only: Option<AccountName>,
        is_whole: bool,
        now: DateTime<Utc>,
    ) -> Result<(Vec<TeamAccount>, TeamView), VaultProblem> {
        self.keep_token(now).await?;
        let (accounts, token_expires_at) = self
            .call(move |team| {
                let accounts = team.list_accounts(only.as_ref(), is_whole)?;
                Ok((accounts, team.token_expires_at()))
            })
            .await?;
        Ok((accounts, TeamView { token_expires_at, ..self.view(None) }))
    }

    fn view(&self, role: Option<Role>) -> TeamView {
        TeamView {
            connection: self.connection.clone(),
            reachable: true,
            sealed: Some(false),
            role,
            token_expires_at: None,
            problem: None,
        }
    }

    /// What is known of the vault now.
    ///
    /// # Errors
    /// Only if the vault's thread doesn't respond.
    pub(crate) async fn state(&self, now: DateTime<Utc>) -> Result<TeamView, VaultProblem> {
        let kept = self.keep_token(now).await;
        let TeamState { reachable, sealed, role, token_expires_at, error } =
            self.call(|team| Ok(team.state())).await?;
        let problem = match kept {
            Err(VaultProblem::Team(error)) => Some(error),
            _ => error,
        };
        Ok(TeamView { reachable, sealed, token_expires_at, problem, ..self.view(role) })
    }
}
