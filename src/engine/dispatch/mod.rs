//! The engine's parts, and what each command, callback and finished job does with them.
//!
//! The parts know nothing of each other. A job under way holds copies; it ends in a [`JobDone`]. Each command
//! gets one reply.

mod accounts;
mod api_address;
mod api_requests;
mod browser;
mod deletion;
mod event_loop;
mod http_log;
mod job_done;
mod loading;
mod recovery;
mod schedule;
mod session;
mod settings;
mod sign_in;
mod team;
mod token_checks;
mod tokens;
mod vault;

use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use super::Deps;
use super::account_http::{AccountHttp, HttpService};
use super::accounts::account_save::AccountWriter;
use super::accounts::account_state::{AccountState, Rules};
use super::accounts::account_table::AccountTable;
use super::accounts::crash_recovery::CrashRecovery;
use super::clipboard::clipboard_service::ClipboardService;
use super::database::Database;
use super::demo_account::DemoServer;
use super::providers::ProviderList;
use super::publishing::outbox::{Outbox, Replies, answer};
use super::publishing::publisher::Publisher;
use super::secrets::account_store::AccountStore;
use super::secrets::secret_reader::SecretReader;
use super::secrets::team::TeamPart;
use super::secrets::vault_selection::Secrets;
use super::settings::confirmed::Network;
use super::settings::settings_store::SettingsStore;
use super::sign_in::sign_ins::SignIns;
use super::tokens::renewal::Tokens;
use super::waiters::{LookupAttempt, Waiter, Waiters};
use crate::base::clock::Clock;
use crate::domain::account::{AccountId, AccountName};
use crate::domain::session::Input;
use crate::messages::command::Command;
use crate::messages::event::{Event, Reply};
use crate::messages::preferences::Guarded;
use crate::messages::problem::Problem;
use crate::messages::snapshot::Snapshot;
use crate::platform::browser::Browser;
use crate::store::home::Home;

use job_done::{Completion, JobDone};
use loading::Loading;

/// The parts. Each owns its state; this type only passes values between them.
pub(super) struct Engine {
    clock: Arc<dyn Clock>,
    home: Home,
    browser: Arc<dyn Browser>,
    /// Whether this is a lasting run, which refreshes tokens ahead of expiry and watches for changes by other
    /// processes.
    is_lasting: bool,
    /// The only account that this run needs; `None` for any.
    only: Option<AccountName>,
    accounts: AccountTable,
    providers: ProviderList,
    secrets: Secrets,
    team: TeamPart,
    database: Database,
    http: HttpService,
    settings: SettingsStore,
    sign_ins: SignIns,
    tokens: Tokens,
    waiters: Waiters,
    clipboard: ClipboardService,
    demo: DemoServer,
    recovery: CrashRecovery,
    loading: Loading,
    /// Whether the user has locked Keyfob.
    is_locked: bool,
    jobs: JoinSet<JobDone>,
    vault_changed: Rc<Notify>,
    outbox: Outbox,
    publisher: Publisher,
}

impl Engine {
    pub(super) fn new(
        deps: Deps,
        snapshots: watch::Sender<Arc<Snapshot>>,
        events: mpsc::Sender<Event>,
    ) -> Self {
        let vault_changed = Rc::new(Notify::new());
        let home = deps.home;
        Self {
            clock: deps.clock,
            browser: deps.browser,
            is_lasting: deps.lasting,
            only: deps.only,
            accounts: AccountTable::default(),
            providers: ProviderList::built_in(),
            secrets: Secrets::new(
                home.clone(),
                deps.vault_kind,
                deps.keychain,
                deps.vault_patience,
                Rc::clone(&vault_changed),
            ),
            team: TeamPart::new(deps.team, deps.team_only),
            database: Database::new(&home),
            http: HttpService::new(deps.http),
            settings: SettingsStore::new(Rc::clone(&vault_changed)),
            sign_ins: SignIns::new(),
            tokens: Tokens::new(),
            waiters: Waiters::default(),
            clipboard: ClipboardService::new(deps.clipboard),
            demo: DemoServer::default(),
            recovery: CrashRecovery::default(),
            loading: Loading::default(),
            is_locked: false,
            jobs: JoinSet::new(),
            vault_changed,
            outbox: Outbox::default(),
            publisher: Publisher::new(snapshots, events, deps.waker),
            home,
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm a command")]
    fn dispatch(&mut self, command: Command, replies: Replies) {
        if self.is_locked && !is_allowed_while_locked(&command) {
            return self.fail(None, Problem::Locked, replies);
        }
        if self.recovery.defers(&command) {
            return self.recovery.defer(command, replies);
        }
        if self.is_about_a_key(&command) {
            return self.fail(None, Problem::KeyNotRenewed, replies);
        }
        if let Some(account) = self.needs_vault_lookup(&command) {
            return self.look_for_token(account, command, replies);
        }
        if let Some(account) = self.needs_team_look(&command) {
            return self.look_at_team_account(account, Some((command, replies)));
        }
        match command {
            Command::Save { draft, sign_in } => self.save(*draft, sign_in, replies),
            Command::Discover(settings) => self.discover(&settings, replies),
            Command::FindServer { address, options } => self.find_server(address, options, replies),
            Command::AddFound(draft) => self.add_found(*draft, replies),
            Command::Import(drafts) => self.import(drafts, replies),
            Command::ReadImport { path, passphrase, mapping } => {
                self.read_import(path, passphrase, mapping, replies);
            }
            Command::Export { accounts, path, passphrase, with_tokens } => {
                self.export(&accounts, path, passphrase, with_tokens, replies);
            }
            Command::Edit(account) => self.edit(&account, replies),
            Command::Duplicate(account) => self.duplicate(&account, replies),
            Command::Delete(account) => self.delete(&account, replies),
            Command::UndoDelete(account) => self.undo_delete(&account, replies),
            Command::Remove(account) => self.remove(&account, replies),
            Command::SignIn { account, open_browser } => {
                self.sign_ins.set_opens_browser(&account, open_browser);
                self.request(&account, replies, Waiter::Window { signing_in: true }, false, Input::SignIn);
            }
            Command::TryClientAuth { account, auth, open_browser } => {
                self.try_client_auth(&account, auth, open_browser, replies);
            }
            Command::Diagnose(account) => self.diagnose(account, replies),
            Command::CheckRedirect(redirect_uri) => self.check_redirect(redirect_uri, replies),
            Command::TakePort { account, port } => self.take_port(&account, port, replies),
            Command::CancelSignIn(account) => {
                self.step(&account, Input::Cancel);
                answer(replies, Ok(Reply::Done));
            }
            Command::ExtendSignIn(account) => {
                self.step(&account, Input::Extend);
                answer(replies, Ok(Reply::Done));
            }
            Command::OpenBrowserAgain(account) => {
                self.open_browser(&account);
                answer(replies, Ok(Reply::Done));
            }
            Command::PasteReturn { account, text } => self.pasted(&account, &text, replies),
            Command::Refresh(account) => {
                self.request(&account, replies, Waiter::Window { signing_in: false }, false, Input::Renew);
            }
            Command::Token { account, min_valid } => {
                let window = Waiter::Window { signing_in: false };
                self.request(&account, replies, window, true, |request| Input::Want(request, min_valid));
            }
            Command::ReadClientId(account) => self.read_client_id(&account, replies),
            Command::SendApiRequest { account, request, renew } => {
                self.send_api_request(account, *request, renew, replies);
            }
            Command::ConfirmNetwork(url) => self.confirm_network(*url, replies),
            Command::Copy { account, form } => {
                let window = Waiter::Clipboard(form, LookupAttempt::First);
                self.request(&account, replies, window, false, |request| Input::Want(request, None));
            }
            Command::CopyText(text) => self.copy_text(text, replies),
            Command::OpenPage(page) => self.open_page(&page, replies),
            Command::ClearClipboard => self.clear_clipboard(replies),
            Command::Reveal(account) => self.reveal(&account, replies),
            Command::ReadMask(account) => self.read_mask(&account, replies),
            Command::MapAnswer { account, choices } => self.map_response(&account, &choices, replies),
            Command::Check(account) => self.check_token(&account, replies),
            Command::Revoke(account) => self.revoke(&account, replies),
            Command::Forget(account) => self.forget(&account, replies),
            Command::ReadHttpLog(account) => self.read_http_log(&account, replies),
            Command::Settle => answer(replies, Ok(Reply::Done)),
            Command::TryVault => self.try_vault(replies),
            Command::UseMemoryVault => self.use_memory_vault(replies),
            Command::ChooseVault(kind) => self.choose_vault(kind, replies),
            Command::MoveVault { to, passphrase, create } => {
                self.move_vault(to, passphrase, create, replies);
            }
            Command::RecoverAccounts => self.recover_accounts(replies),
            Command::RemoveOrphans => self.remove_orphans(replies),
            Command::UnlockVault { passphrase, create } => self.unlock_vault(passphrase, create, replies),
            Command::LockVault => self.lock_vault(replies),
            Command::ChangePassphrase { old, new } => self.change_passphrase(old, new, replies),
            Command::Lock | Command::SystemSleeps => self.lock(replies),
            Command::Unlock => self.unlock(replies),
            Command::OpenTeam { only } => self.open_team(only, replies),
            Command::ConnectTeam(sign_in) => self.connect_team(*sign_in, replies),
            Command::DisconnectTeam => self.disconnect_team(replies),
            Command::TeamState => self.ask_team_state(replies),
            Command::MoveAccounts { accounts, to } => self.move_accounts(accounts, to, replies),
            Command::StartDemo => self.start_demo(replies),
            Command::SetPreferences(preferences) => self.set_preferences(&preferences, replies),
            Command::ConfirmPreferences(shown) => self.confirm_preferences(shown, replies),
            Command::RememberWindow(place) => self.remember_window(place, replies),
            Command::Remember(remembered) => self.remember(remembered, replies),
        }
    }
}

/// Keys.
impl Engine {
    /// Whether a command wants a new token, or something of the server about one, for an account that holds a
    /// key.
    fn is_about_a_key(&self, command: &Command) -> bool {
        let (Command::Refresh(account)
        | Command::Check(account)
        | Command::Revoke(account)
        | Command::Forget(account)
        | Command::SignIn { account, .. }
        | Command::TryClientAuth { account, .. }) = command
        else {
            return false;
        };
        self.accounts.get(account).is_some_and(|entry| entry.account().settings.grant.is_key())
    }
}

/// While locked, no command about an account is accepted.
fn is_allowed_while_locked(command: &Command) -> bool {
    matches!(
        command,
        Command::Lock
            | Command::SystemSleeps
            | Command::Unlock
            | Command::UnlockVault { .. }
            | Command::LockVault
            | Command::ClearClipboard
            | Command::RememberWindow(_)
            | Command::Remember(_)
    )
}

/// Results.
impl Engine {
    /// Sends the window an event. It is dropped if the window takes none.
    fn emit(&self, event: Event) {
        self.outbox.emit(event);
    }

    /// Keeps a problem with the account until its next success, and reports it.
    fn fail(&mut self, account: Option<&AccountId>, problem: Problem, replies: Replies) {
        if let Some(id) = account {
            self.set_problem(id, problem.clone());
        }
        if replies.is_none() {
            self.emit(Event::Problem { account: account.cloned(), problem: problem.clone() });
        }
        answer(replies, Err(problem));
    }

    fn report(&mut self, reply: Reply, replies: Replies) {
        match replies {
            Some(replies) => replies.answer(Ok(reply)),
            None => self.emit(Event::Done(reply)),
        }
    }

    /// Keeps a problem with the account until the next success.
    fn set_problem(&mut self, id: &AccountId, problem: Problem) {
        self.accounts.update(id, |entry| entry.set_problem(problem));
    }
}

/// Jobs, and what they take along.
impl Engine {
    fn spawn(&mut self, job: impl Future<Output = JobDone> + 'static) {
        self.jobs.spawn_local(job);
    }

    /// Spawns a job whose result goes to the caller.
    fn spawn_for(
        &mut self,
        completion: fn(Completion) -> JobDone,
        replies: Replies,
        job: impl Future<Output = Result<Reply, Problem>> + 'static,
    ) {
        self.spawn(async move { completion(Completion { result: job.await, replies }) });
    }

    /// Whether tokens are refreshed ahead of expiry.
    fn renews(&self) -> bool {
        self.is_lasting && !self.is_locked
    }

    fn rules(&self) -> Rules {
        self.settings.rules(self.renews())
    }

    fn store_of(&self, entry: &AccountState) -> AccountStore {
        let database = entry.is_in_database().then(|| self.database.clone());
        let team = self.team.open().filter(|_| entry.is_of_team()).cloned();
        self.secrets.store(entry.vault(), database, team)
    }

    /// The store of accounts in the personal vault in use.
    fn store(&self) -> AccountStore {
        self.secrets.store(self.secrets.current(), Some(self.database.clone()), None)
    }

    /// The store of new accounts.
    fn store_of_new(&self) -> AccountStore {
        match self.team.open().filter(|_| self.team.is_only()) {
            Some(open) => self.secrets.store(&open.vault, None, Some(open.clone())),
            None => self.store(),
        }
    }

    /// The writer for an account, listed or new.
    fn writer(&self, id: &AccountId) -> AccountWriter {
        let store = self.accounts.get(id).map_or_else(|| self.store_of_new(), |entry| self.store_of(entry));
        AccountWriter { store, clock: Arc::clone(&self.clock), presets: self.providers.presets() }
    }

    fn secret_reader(&self, entry: &AccountState) -> SecretReader {
        SecretReader::new(entry.account().clone(), self.providers.presets(), self.store_of(entry))
    }

    fn account_http(&self, id: &AccountId) -> AccountHttp {
        self.http.of_account(id, self.network(), Arc::clone(&self.clock))
    }

    /// The HTTP client, which uses no unconfirmed proxy or root certificate.
    fn network(&self) -> Rc<Network> {
        let mut values = self.settings.guarded();
        values.remove(&Guarded::Browser);
        let vaults = if values.is_empty() { Vec::new() } else { self.secrets.with_chosen() };
        Rc::new(Network::new(self.http.client(), values, self.settings.trust().clone(), vaults))
    }
}
