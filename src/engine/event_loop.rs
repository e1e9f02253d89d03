//! The event loop and its state.
//!
//! Only the loop's own steps change the state. A job holds copies and returns a function that the loop calls.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::account_http::HttpLog;
use super::accounts::account_state::AccountState;
use super::accounts::account_table::AccountTable;
use super::confirmed_settings::Trust;
use super::error_mapping::disk_problem;
use super::outbox::{Outbox, ReplyTo};
use super::secrets::held_locks::HeldLocks;
use super::secrets::vault_handle::VaultHandle;
use super::secrets::vault_selection;
use super::tokens::copying::ClipboardService;
use super::tokens::id_tokens::KeyCache;
use super::worker::Worker;
use super::{Deps, Envelope};
use crate::demo::Demo;
use crate::domain::account::AccountId;
use crate::domain::oauth::callback::{CallbackError, Returned};
use crate::domain::provider::Preset;
use crate::domain::provider::presets;
use crate::domain::session::Attempt;
use crate::messages::command::{Command, CopyForm};
use crate::messages::event::{Event, Reply};
use crate::messages::problem::{Problem, UntrustedText};
use crate::messages::remembered::Remembered;
use crate::messages::snapshot::{Preferences, Snapshot, VaultKind, WindowPlace};
use crate::net::http_client::Http;
use crate::store::database::{Accounts, DiskError, InFlight, StoredAccount};
use crate::store::vault::memory::MemoryVault;
use crate::store::vault::passphrase::PassphraseVault;

/// Automatic refreshes at the same time.
const BACKGROUND: usize = 4;

/// A job's result: the next step on the loop.
pub(crate) type Then = Box<dyn FnOnce(&mut Engine)>;
pub(crate) type Replies = Option<ReplyTo>;
/// The database on its thread; it opens at the first call.
pub(crate) type Database = Worker<Result<Accounts, Problem>>;

pub(crate) enum Waiter {
    /// The window, for the end of a sign-in or a refresh.
    Window { signing_in: bool },
    /// The window, for a token on the clipboard.
    Clipboard(CopyForm, LookupAttempt),
    /// A caller, for the token or only for the end.
    Caller { replies: ReplyTo, wants_token: Option<LookupAttempt> },
}

/// Counts lookups of a token: the vault may contradict the session, which decides again once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookupAttempt {
    /// First attempt: the session may have to decide again.
    First,
    /// Second attempt: use whatever the vault returns.
    Last,
}

pub(crate) struct BrowserReply {
    pub(crate) account: AccountId,
    pub(crate) attempt: Attempt,
    pub(crate) result: Result<Returned, CallbackError>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, not a state among others")]
pub(crate) struct Engine {
    pub(crate) deps: Deps,
    pub(crate) presets: Arc<Vec<Preset>>,
    pub(crate) preset_mistakes: Arc<Vec<String>>,
    pub(crate) entries: AccountTable,
    pub(crate) door: VaultHandle,
    /// The passphrase vault of the home, in use or not.
    pub(crate) file: PassphraseVault,
    pub(crate) memory: MemoryVault,
    /// Accounts that an earlier run left unfinished, until the vault is open.
    pub(crate) half_done: Vec<StoredAccount>,
    pub(crate) being_finished: usize,
    /// Commands that wait for that, since an unfinished account still holds its name.
    pub(crate) deferred: Vec<(Command, Replies)>,
    /// Accounts whose rows hold secrets that belong in the vault, once it is open.
    pub(crate) with_secret_params: Vec<AccountId>,
    /// Marks of interrupted requests, to compare with the vault once it is open.
    pub(crate) unread_marks: Vec<(AccountId, InFlight)>,
    /// The new name of a database that couldn't be read.
    pub(crate) set_aside: Arc<OnceLock<UntrustedText>>,
    pub(crate) locked: bool,
    /// How often the passphrase vault's key was to be dropped.
    pub(crate) locks: u64,
    pub(crate) database: Option<Rc<Database>>,
    pub(crate) http: Http,
    /// What is known of the vault's record of preferences.
    pub(crate) trust: Trust,
    pub(crate) chosen_vault: VaultKind,
    pub(crate) desk: ClipboardService,
    pub(crate) jobs: JoinSet<Then>,
    /// Listeners; one that has its callback ends after the browser has its page.
    pub(crate) listeners: JoinSet<()>,
    pub(crate) askers: HashMap<u64, (AccountId, Waiter)>,
    pub(crate) last_request: u64,
    pub(crate) preferences: Preferences,
    pub(crate) window: Option<WindowPlace>,
    pub(crate) remembered: Remembered,
    pub(crate) demo: Option<(Demo, AccountId)>,
    pub(crate) prepared: bool,
    pub(crate) loaded: bool,
    pub(crate) problem: Option<Problem>,
    pub(crate) data_version: Option<i64>,
    pub(crate) looking: bool,
    /// Rises with every local change to the list, so that an older read of the database is recognized.
    pub(crate) edits: u64,
    pub(crate) dirty: bool,
    pub(crate) browser_replies: mpsc::Sender<BrowserReply>,
    pub(crate) snapshot_out: watch::Sender<Arc<Snapshot>>,
    pub(crate) outbox: Outbox,
    event_out: mpsc::Sender<Event>,
    browser_queue: Option<mpsc::Receiver<BrowserReply>>,
    pub(crate) vault_changed: Rc<Notify>,
    /// Limits automatic refreshes to [`BACKGROUND`].
    pub(crate) background_gate: Rc<Semaphore>,
    /// Listeners that still deliver their last page.
    pub(crate) finishing: Vec<AbortHandle>,
    /// Token requests whose response isn't stored yet.
    pub(crate) in_flight: Rc<Cell<usize>>,
    pub(crate) held_locks: HeldLocks,
    pub(crate) http_log: HttpLog,
    pub(crate) issuer_keys: KeyCache,
    /// Accounts whose sign-in opens no browser.
    pub(crate) without_browser: HashSet<AccountId>,
}

impl Engine {
    pub(crate) fn new(
        mut deps: Deps,
        snapshot_out: watch::Sender<Arc<Snapshot>>,
        event_out: mpsc::Sender<Event>,
    ) -> Self {
        let vault_changed = Rc::new(Notify::new());
        let file = PassphraseVault::locked(&deps.home);
        let memory = MemoryVault::new();
        let kind = deps.vault_kind.unwrap_or_default();
        let door = VaultHandle::new(
            deps.home.clone(),
            kind,
            vault_selection::factory(kind, &deps, &file, &memory),
            deps.vault_patience,
            Rc::clone(&vault_changed),
        );
        if kind == VaultKind::File {
            door.show_locked();
        }
        let (browser_replies, browser_queue) = mpsc::channel(64);
        let home = deps.home.clone();
        let set_aside: Arc<OnceLock<UntrustedText>> = Arc::default();
        let noted = Arc::clone(&set_aside);
        let database = Worker::start("database", move || {
            let (accounts, aside) =
                Accounts::open_or_set_aside(&home).map_err(|error| disk_problem(&error))?;
            if let Some(path) = aside {
                let _ = noted.set(UntrustedText::new(&path.display().to_string()));
            }
            Ok(accounts)
        });
        let database = database.ok().map(Rc::new);
        let clipboard = std::mem::replace(&mut deps.clipboard, Box::new(crate::platform::clipboard::none));
        Self {
            presets: Arc::new(presets::built_in()),
            preset_mistakes: Arc::default(),
            entries: AccountTable::default(),
            door,
            file,
            memory,
            half_done: Vec::new(),
            being_finished: 0,
            deferred: Vec::new(),
            with_secret_params: Vec::new(),
            unread_marks: Vec::new(),
            set_aside,
            locked: false,
            locks: 0,
            database,
            http: Http::new(deps.http.clone()),
            trust: Trust::new(Rc::clone(&vault_changed)),
            chosen_vault: VaultKind::default(),
            desk: ClipboardService::new(clipboard),
            jobs: JoinSet::new(),
            listeners: JoinSet::new(),
            askers: HashMap::new(),
            last_request: 0,
            preferences: Preferences::default(),
            window: None,
            remembered: Remembered::default(),
            demo: None,
            prepared: false,
            loaded: false,
            problem: None,
            data_version: None,
            looking: false,
            edits: 0,
            dirty: true,
            browser_replies,
            snapshot_out,
            outbox: Outbox::default(),
            event_out,
            browser_queue: Some(browser_queue),
            vault_changed,
            background_gate: Rc::new(Semaphore::new(BACKGROUND)),
            finishing: Vec::new(),
            in_flight: Rc::default(),
            held_locks: HeldLocks::default(),
            http_log: HttpLog::default(),
            issuer_keys: KeyCache::default(),
            without_browser: HashSet::new(),
            deps,
        }
    }

    /// Runs until all command senders are gone.
    pub(crate) async fn run(mut self, mut commands: mpsc::Receiver<Envelope>) {
        let Some(mut browser_queue) = self.browser_queue.take() else { return };
        let vault_changed = Rc::clone(&self.vault_changed);
        self.prepare();
        loop {
            self.show();
            let pause = self.pause();
            tokio::select! {
                envelope = commands.recv() => match envelope {
                    Some(Envelope { command, replies }) => {
                        let replies = replies.map(|sender| self.outbox.reply_to(sender));
                        self.dispatch(command, replies);
                    }
                    None => break,
                },
                Some(done) = self.jobs.join_next() => {
                    // The panic hook has reported it; the closed channel informs the caller.
                    if let Ok(then) = done {
                        then(&mut self);
                    }
                }
                Some(reply) = browser_queue.recv() => self.browser_replied(reply),
                () = vault_changed.notified() => {
                    self.dirty = true;
                    self.move_secret_params();
                }
                () = tokio::time::sleep(pause) => self.tick(),
            }
        }
        self.wind_up().await;
        self.show();
    }

    /// Publishes changes, then sends replies and events.
    fn show(&mut self) {
        self.keep_exchanges();
        let renews = self.renews();
        self.entries.settle(&self.preferences, renews);
        self.publish();
        if self.outbox.flush(&self.event_out) {
            (self.deps.waker)();
        }
    }

    /// Starts a job; its result is a step on the loop.
    pub(crate) fn spawn(&mut self, job: impl Future<Output = Then> + 'static) {
        self.jobs.spawn_local(job);
    }

    /// Sends the window an event. It is dropped if the window takes none.
    pub(crate) fn tell(&self, event: Event) {
        self.outbox.tell(event);
    }

    pub(crate) fn fail(&mut self, account: Option<&AccountId>, problem: Problem, replies: Replies) {
        if let Some(entry) = account.and_then(|id| self.entries.get_mut(id)) {
            entry.problem = Some(problem.clone());
        }
        self.dirty = true;
        if replies.is_none() {
            self.tell(Event::Problem { account: account.cloned(), problem: problem.clone() });
        }
        answer(replies, Err(problem));
    }

    pub(crate) fn report(&mut self, reply: Reply, replies: Replies) {
        self.dirty = true;
        match replies {
            Some(replies) => replies.answer(Ok(reply)),
            None => self.tell(Event::Done(reply)),
        }
    }

    pub(crate) fn entry(&self, account: &AccountId) -> Result<&AccountState, Problem> {
        self.entries.get(account).ok_or_else(|| Problem::UnknownAccount(account.to_string()))
    }

    pub(crate) fn disk<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Accounts) -> Result<R, DiskError> + Send + 'static,
    ) -> impl Future<Output = Result<R, Problem>> + 'static {
        on_disk(self.database.clone(), job)
    }
}

pub(crate) async fn on_disk<R: Send + 'static>(
    database: Option<Rc<Database>>,
    job: impl FnOnce(&mut Accounts) -> Result<R, DiskError> + Send + 'static,
) -> Result<R, Problem> {
    let gone = || Problem::Disk(UntrustedText::new("the database's thread is gone"));
    let answer = database.ok_or_else(gone)?.run(|opened| match opened {
        Ok(accounts) => job(accounts).map_err(|error| disk_problem(&error)),
        Err(problem) => Err(problem.clone()),
    });
    match answer.await {
        Ok(result) => result,
        Err(_) => Err(gone()),
    }
}

pub(crate) fn answer(replies: Replies, result: Result<Reply, Problem>) {
    if let Some(replies) = replies {
        replies.answer(result);
    }
}
