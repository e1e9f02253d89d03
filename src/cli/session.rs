//! The engine as a command uses it.
//!
//! It creates nothing that a command may not need: no HTTP client, no keychain connection, no clipboard.

use std::sync::Arc;
use std::time::Duration;

use super::failure::Failure;
use super::output;
use super::passphrase::VaultOptions;
use super::team_environment;
use crate::base::clock::{Clock, SystemClock};
use crate::cli::format::quoted;
use crate::domain::account::{AccountId, AccountName};
use crate::domain::api::api_host::ApiHost;
use crate::domain::provider::Provider;
use crate::engine::{self, Answers, Deps, EngineHandle, NoClipboard, VaultFactory};
use crate::messages::command::Command;
use crate::messages::event::Reply;
use crate::messages::problem::{Problem, UntrustedText};
use crate::messages::snapshot::{AccountView, Snapshot, VaultHealth, VaultKind};
use crate::net::http_client::HttpPolicy;
use crate::platform::browser::SystemBrowser;
use crate::platform::suspend::NoSleep;
use crate::store::home::{Home, HomeError};
use crate::store::vault::keychain::Keychain;
use crate::store::vault::passphrase::PassphraseVault;

/// Timeout of a keychain call: long enough for the user to answer its prompt.
const VAULT_PATIENCE: Duration = Duration::from_secs(25);

/// The engine's dependencies for a short run without a clipboard.
pub(super) fn deps(vault_kind: Option<VaultKind>) -> Result<Deps, Problem> {
    let is_team = vault_kind == Some(VaultKind::Team);
    let vault_kind = vault_kind.filter(|_| !is_team);
    let disk = |error: HomeError| Problem::Disk(UntrustedText::new(&error.to_string()));
    let home = Home::locate().map_err(disk)?;
    home.create().map_err(disk)?;
    let service = home.service_name();
    let keychain: VaultFactory = Arc::new(move || Box::new(Keychain::new(service.clone())));
    Ok(Deps {
        clock: Arc::new(SystemClock),
        home,
        vault_kind,
        keychain,
        vault_patience: VAULT_PATIENCE,
        browser: Arc::new(SystemBrowser),
        sleep: Arc::new(NoSleep),
        clipboard: Box::new(|| Box::new(NoClipboard)),
        http: HttpPolicy::default(),
        waker: Arc::new(|| {}),
        lasting: false,
        only: None,
        team: None,
        team_only: is_team,
    })
}

/// Whether this home has a passphrase vault, in use or not.
pub(super) fn file_exists() -> bool {
    Home::locate().is_ok_and(|home| PassphraseVault::exists(&home))
}

pub(super) struct CliSession {
    pub(super) vault: VaultOptions,
    pub(super) engine: EngineHandle,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) clock: SystemClock,
    has_whole_team: bool,
}

pub(super) fn with_engine(
    vault: &VaultOptions,
    work: impl FnOnce(&mut CliSession) -> Result<(), Failure>,
) -> Result<(), Failure> {
    with_waker(vault, Arc::new(|| {}), work)
}

/// The same for one account; the others are not read.
pub(super) fn with_account(
    vault: &VaultOptions,
    name: &str,
    work: impl FnOnce(&mut CliSession, &AccountView) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut deps = deps(vault.kind).map_err(|problem| Failure::of(&problem))?;
    deps.only = AccountName::new(name).ok();
    run(vault, deps, |session| {
        let account = session.find(name)?;
        work(session, &account)
    })
}

/// The same for any account, with a waker for the engine's news.
pub(super) fn with_waker(
    vault: &VaultOptions,
    waker: Arc<dyn Fn() + Send + Sync>,
    work: impl FnOnce(&mut CliSession) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut deps = deps(vault.kind).map_err(|problem| Failure::of(&problem))?;
    deps.waker = waker;
    run(vault, deps, work)
}

fn run(
    vault: &VaultOptions,
    mut deps: Deps,
    work: impl FnOnce(&mut CliSession) -> Result<(), Failure>,
) -> Result<(), Failure> {
    deps.team = team_environment::read()?;
    let only = deps.only.clone();
    let engine = engine::spawn(deps);
    let mut engine = engine.map_err(|_| {
        Failure::refused("The system couldn't start a thread. Close some programs and try again.")
    })?;
    let snapshot = engine.loaded();
    let mut session =
        CliSession { vault: vault.clone(), engine, snapshot, clock: SystemClock, has_whole_team: false };
    if let Some(notice) = &session.snapshot.notice {
        output::say(&format!("{} The command is: keyfob recover.", Failure::of(notice).words()));
    }
    for mistake in session.snapshot.preset_mistakes.iter() {
        output::say(&format!("A user preset can't be used: {mistake}"));
    }
    let done = match session.snapshot.problem.clone() {
        Some(problem) => Err(Failure::of(&problem)),
        None if vault.kind == Some(VaultKind::Team) => {
            session.open_team(only).and_then(|()| work(&mut session))
        }
        None => work(&mut session),
    };
    session.refresh();
    if done.is_ok() && !session.snapshot.unconfirmed.0.is_empty() {
        let changed = Problem::Unconfirmed(session.snapshot.unconfirmed.clone());
        output::say(Failure::of(&changed).words());
    }
    drop(session);
    done
}

impl CliSession {
    /// The account of this name, ignoring case. If it isn't listed, finishes what an earlier run left
    /// unfinished first, which may have it.
    pub(super) fn find(&mut self, name: &str) -> Result<Arc<AccountView>, Failure> {
        if self.listed(name).is_none() && self.snapshot.unfinished_accounts > 0 {
            self.unlock(false)?;
            self.ask(Command::Settle)?.wait().map_err(|problem| Failure::of(&problem))?;
            self.refresh();
        }
        if self.listed(name).is_none() && self.vault.kind.is_none() && !self.has_whole_team {
            // A personal account of that name would have been listed.
            if let (true, Ok(only)) = (self.has_team(), AccountName::new(name)) {
                self.open_team(Some(only))?;
            }
        }
        self.listed(name).ok_or_else(|| Failure::of(&Problem::UnknownAccount(name.to_owned())))
    }

    /// Whether this user or the environment names a team vault.
    pub(super) fn has_team(&self) -> bool {
        self.snapshot.team_kept_in.is_some() || team_environment::is_set()
    }

    /// Opens the team vault and lists its accounts, or the one with this name.
    pub(super) fn open_team(&mut self, only: Option<AccountName>) -> Result<(), Failure> {
        self.unlock_team()?;
        let is_whole = only.is_none();
        self.ask(Command::OpenTeam { only })?.wait().map_err(|problem| Failure::of(&problem))?;
        self.has_whole_team |= is_whole;
        self.refresh();
        Ok(())
    }

    /// Opens the passphrase vault if it has the connection to the team vault.
    pub(super) fn unlock_team(&mut self) -> Result<(), Failure> {
        let is_in_file = self.snapshot.team_kept_in == Some(VaultKind::File);
        if is_in_file && !team_environment::is_set() { self.unlock_file(false) } else { Ok(()) }
    }

    /// Opens the passphrase vault, in use or not; with `create`, creates a missing one.
    pub(super) fn unlock_file(&mut self, create: bool) -> Result<(), Failure> {
        if self.snapshot.vault.kind == VaultKind::File {
            return self.unlock_current(create);
        }
        let passphrase = if create { self.vault.chosen()? } else { self.vault.existing()? };
        let unlocked = self.ask(Command::UnlockVault { passphrase, create })?.wait();
        unlocked.map(drop).map_err(|problem| Failure::of(&problem))
    }

    /// The account of this name that isn't in this vault yet, or the one that is.
    pub(super) fn find_to_move(&mut self, name: &str, to: VaultKind) -> Result<Arc<AccountView>, Failure> {
        let wanted =
            AccountName::new(name).map_err(|_| Failure::of(&Problem::UnknownAccount(name.to_owned())))?;
        if to != VaultKind::Team && self.vault.kind.is_none_or(|kind| kind == VaultKind::Team) {
            self.open_team(Some(wanted.clone()))?;
        }
        let others = |account: &&Arc<AccountView>| {
            account.name.key() == wanted.key()
                && (account.vault == VaultKind::Team) != (to == VaultKind::Team)
        };
        match self.snapshot.accounts.iter().find(others).cloned() {
            Some(found) => Ok(found),
            None => self.find(name),
        }
    }

    pub(super) fn listed(&self, name: &str) -> Option<Arc<AccountView>> {
        let wanted = AccountName::new(name).ok()?;
        self.snapshot.accounts.iter().find(|account| account.name.key() == wanted.key()).cloned()
    }

    /// Opens the passphrase vault if it is in use; with `create`, creates a missing one.
    pub(super) fn unlock(&mut self, create: bool) -> Result<(), Failure> {
        self.refresh();
        if self.vault.kind == Some(VaultKind::Team) {
            self.unlock_team()
        } else {
            self.unlock_current(create)
        }
    }

    fn unlock_current(&mut self, create: bool) -> Result<(), Failure> {
        self.refresh();
        let VaultHealth::Locked { exists } = self.snapshot.vault.health else { return Ok(()) };
        let passphrase = match (exists, create) {
            (true, _) => self.vault.existing()?,
            (false, true) => self.vault.chosen()?,
            (false, false) => return Err(Failure::no_file_yet()),
        };
        let unlocked = self.ask(Command::UnlockVault { passphrase, create })?.wait();
        unlocked.map_err(|problem| Failure::of(&problem))?;
        if !exists {
            output::say("Created a file for your secrets. Without its passphrase, no one can open it.");
        }
        self.refresh();
        Ok(())
    }

    /// Takes the newest snapshot, which reflects every earlier reply.
    pub(super) fn refresh(&mut self) {
        self.snapshot = Arc::clone(&self.engine.snapshots.borrow_and_update());
    }

    pub(super) fn ask(&self, command: Command) -> Result<Answers, Failure> {
        self.engine.ask(command).map_err(|error| Failure::of(&error.problem()))
    }

    /// The API host of an account; `None` if its provider has no API base URL.
    pub(super) fn api_host(&self, account: &AccountView) -> Option<ApiHost> {
        Provider::resolve(&self.snapshot.presets, &account.settings).ok().and_then(|it| ApiHost::of(&it))
    }

    /// The same, or why nothing can be sent there.
    pub(super) fn needed_api_host(&self, account: &AccountView) -> Result<ApiHost, Failure> {
        self.api_host(account).ok_or_else(|| {
            Failure::refused(format!(
                "{} has no API base URL, so there is no host for its token. Set api.base_url in an import file and \
                 import it with --replace.",
                quoted(account.name.as_str())
            ))
        })
    }

    /// The policy for requests to an API, once the vault confirms what it needs of the preferences.
    pub(super) fn api_policy(&self, account: &AccountView, host: &ApiHost) -> Result<HttpPolicy, Failure> {
        self.done(account, Command::ConfirmNetwork(Box::new(host.url().clone())))?;
        Ok(engine::http_policy(&self.snapshot.preferences, &HttpPolicy::default()))
    }

    /// Sends a command about an account and waits for its one reply.
    pub(super) fn done(&self, account: &AccountView, command: Command) -> Result<Reply, Failure> {
        self.ask(command)?.wait().map_err(|problem| Failure::of_account(&problem, account))
    }

    /// The current account, which reflects every earlier reply.
    pub(super) fn latest(&mut self, id: &AccountId) -> Option<Arc<AccountView>> {
        self.refresh();
        self.snapshot.accounts.find(id).cloned()
    }

    pub(super) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now()
    }
}
