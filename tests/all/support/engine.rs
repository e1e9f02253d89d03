//! The engine with a memory vault, a controllable clock, and a recording browser.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use keyfob::base::clock::{Clock, ManualClock};
use keyfob::base::secret::PastedReturn;
use keyfob::base::secret::SecretText;
use keyfob::domain::account::{AccountId, AccountName, Client};
use keyfob::domain::import::{self, Imported};
use keyfob::domain::oauth::discovery;
use keyfob::domain::team::{AuthMethod, Connection};
use keyfob::engine::TeamEnvironment;
use keyfob::engine::{self, Clipboard, ClipboardError, Deps, EngineHandle};
use keyfob::messages::command::TeamCredentials;
use keyfob::messages::command::{Command, ImportDraft};
use keyfob::messages::event::{Event, HeldToken, Reply};
use keyfob::messages::problem::Problem;
use keyfob::messages::snapshot::{AccountView, Snapshot, VaultKind};
use keyfob::net::http_client::HttpPolicy;
use keyfob::platform::browser::{Browser, BrowserError};
use keyfob::platform::suspend::{NoSleep, Sleep};
use keyfob::store::home::Home;
use keyfob::store::vault::memory::MemoryVault;
use tempfile::TempDir;

use super::raw;

/// A browser that records the URLs it was given.
#[derive(Default)]
pub(crate) struct RecordingBrowser {
    pub(crate) opened: Mutex<Vec<url::Url>>,
    pub(crate) is_absent: Mutex<bool>,
}

impl Browser for RecordingBrowser {
    fn open(&self, address: &url::Url) -> Result<(), BrowserError> {
        if *self.is_absent.lock().unwrap() {
            return Err(BrowserError::NoBrowser);
        }
        self.opened.lock().unwrap().push(address.clone());
        Ok(())
    }
}

/// The contents of a test's clipboard.
#[derive(Clone, Default)]
pub(crate) struct Board(Arc<Mutex<BoardState>>);

#[derive(Default)]
struct BoardState {
    text: Option<String>,
    ours: Option<String>,
    is_secret: bool,
    is_broken: bool,
}

impl Board {
    pub(crate) fn text(&self) -> Option<String> {
        self.0.lock().unwrap().text.clone()
    }

    /// Whether the text was copied as a secret, which is left out of clipboard history.
    pub(crate) fn is_marked_secret(&self) -> bool {
        self.0.lock().unwrap().is_secret
    }

    /// Another program copies something.
    pub(crate) fn overwrite(&self, text: &str) {
        self.0.lock().unwrap().text = Some(text.to_owned());
    }

    pub(crate) fn break_it(&self) {
        self.0.lock().unwrap().is_broken = true;
    }
}

impl Clipboard for Board {
    fn put_secret(&mut self, text: &str) -> Result<(), ClipboardError> {
        self.put_text(text)?;
        self.0.lock().unwrap().is_secret = true;
        Ok(())
    }

    fn put_text(&mut self, text: &str) -> Result<(), ClipboardError> {
        let mut state = self.0.lock().unwrap();
        if state.is_broken {
            return Err(ClipboardError);
        }
        state.text = Some(text.to_owned());
        state.ours = Some(text.to_owned());
        state.is_secret = false;
        Ok(())
    }

    fn clear_ours(&mut self) {
        let mut state = self.0.lock().unwrap();
        if state.text == state.ours {
            state.text = None;
        }
    }
}

/// The state that outlives an engine.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) vault: MemoryVault,
    pub(crate) clock: Arc<ManualClock>,
    /// The vault of this run; `None` means the stored choice.
    pub(crate) kind: Option<VaultKind>,
    /// The source of suspend signals.
    pub(crate) sleep: Arc<dyn Sleep>,
    /// The address of a team vault, and a token of it.
    pub(crate) team: Option<(String, String)>,
}

impl Place {
    pub(crate) fn new() -> Self {
        // The servers use the real time.
        let now = keyfob::base::clock::SystemClock.now();
        Self {
            folder: tempfile::tempdir().unwrap(),
            vault: MemoryVault::new(),
            clock: Arc::new(ManualClock::new(now)),
            kind: None,
            sleep: Arc::new(NoSleep),
            team: None,
        }
    }

    pub(crate) fn home(&self) -> Home {
        Home::at(self.folder.path().join("home"))
    }

    /// An engine for a window.
    pub(crate) fn window(&self) -> Rig {
        self.engine(true)
    }

    /// An engine for a command line.
    pub(crate) fn command_line(&self) -> Rig {
        self.engine(false)
    }

    fn engine(&self, lasting: bool) -> Rig {
        let mut rig = self.spawn(lasting);
        assert!(rig.handle.loaded().problem.is_none());
        rig
    }

    fn spawn(&self, lasting: bool) -> Rig {
        let browser = Arc::new(RecordingBrowser::default());
        let board = Board::default();
        let (vault, clipboard) = (self.vault.clone(), board.clone());
        let handle = engine::spawn(Deps {
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            home: self.home(),
            vault_kind: self.kind,
            keychain: Arc::new(move || Box::new(vault.clone())),
            vault_patience: Duration::from_secs(2),
            browser: Arc::clone(&browser) as Arc<dyn Browser>,
            sleep: Arc::clone(&self.sleep),
            clipboard: Box::new(move || Box::new(clipboard)),
            http: HttpPolicy::default(),
            waker: Arc::new(|| {}),
            lasting,
            only: None,
            team: self.team.as_ref().map(|(address, token)| team_environment(address, token)),
            team_only: false,
        })
        .unwrap();
        Rig { handle, browser, board, clock: Arc::clone(&self.clock) }
    }
}

fn team_environment(address: &str, token: &str) -> TeamEnvironment {
    let connection = Connection {
        address: address.parse().unwrap(),
        mount: "secret".to_owned(),
        prefix: "keyfob".to_owned(),
        namespace: None,
        ca: None,
        auth: AuthMethod::Token,
        machine: "window".to_owned(),
    };
    TeamEnvironment { connection, credentials: TeamCredentials::Token(SecretText::new(token.to_owned())) }
}

pub(crate) struct Rig {
    pub(crate) handle: EngineHandle,
    pub(crate) browser: Arc<RecordingBrowser>,
    pub(crate) board: Board,
    clock: Arc<ManualClock>,
}

impl Rig {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(crate) fn advance(&self, secs: i64) {
        self.clock.advance(TimeDelta::seconds(secs));
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.handle.snapshots.borrow())
    }

    /// Sends a command and returns its first reply.
    pub(crate) fn ask(&self, command: Command) -> Result<Reply, Problem> {
        self.handle.ask(command).unwrap().wait()
    }

    /// Saves the accounts of an import file, with endpoints from discovery.
    pub(crate) fn import(&self, text: &str) -> Result<Reply, Problem> {
        let presets = Arc::clone(&self.snapshot().presets);
        let mut imported = import::read(text, &presets).unwrap();
        for Imported { settings, .. } in &mut imported {
            if discovery::is_wanted_by(&presets, settings) {
                match self.ask(Command::Discover(Box::new(settings.clone())))? {
                    Reply::Discovered(found) => found.complete(settings),
                    other => panic!("{other:?}"),
                }
            }
        }
        self.ask(Command::Import(imported.into_iter().map(ImportDraft::from).collect()))
    }

    pub(crate) fn view(&self, name: &str) -> Arc<AccountView> {
        let wanted = AccountName::new(name).unwrap();
        let snapshot = self.snapshot();
        Arc::clone(snapshot.accounts.iter().find(|view| view.name.key() == wanted.key()).unwrap())
    }

    pub(crate) fn id(&self, name: &str) -> AccountId {
        self.view(name).id.clone()
    }

    /// A token, as `keyfob token` requests it.
    pub(crate) fn token(&self, name: &str) -> Result<HeldToken, Problem> {
        match self.ask(Command::Token { account: self.id(name), min_valid: None })? {
            Reply::Token(held) => Ok(*held),
            other => panic!("{other:?}"),
        }
    }

    /// Starts a sign-in; returns the sign-in link and the replies to come.
    pub(crate) fn start_sign_in(&self, name: &str) -> Result<(url::Url, engine::Answers), Problem> {
        let command = Command::SignIn { account: self.id(name), open_browser: true };
        let mut answers = self.handle.ask(command).unwrap();
        match answers.wait()? {
            Reply::Waiting { address, .. } => Ok((*address, answers)),
            other => panic!("{other:?}"),
        }
    }

    /// Signs in: the browser returns with a code and the right state.
    pub(crate) fn sign_in(&self, name: &str, code: &str) -> Result<Reply, Problem> {
        let (address, mut answers) = self.start_sign_in(name)?;
        let back = come_back(&address, &[("code", code)]);
        assert_eq!(back.status, 303, "{back:?}");
        answers.wait()
    }

    pub(crate) fn paste(&self, name: &str, text: &str) -> Result<Reply, Problem> {
        let text = PastedReturn::new(text.to_owned());
        self.ask(Command::PasteReturn { account: self.id(name), text })
    }

    /// Waits until the snapshot matches.
    pub(crate) fn wait_until(&self, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let started = Instant::now();
        loop {
            let snapshot = self.snapshot();
            if wanted(&snapshot) {
                return snapshot;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "never came: {what}; {snapshot:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn wait_for_event(&mut self, what: &str, wanted: impl Fn(&Event) -> bool) -> Event {
        let started = Instant::now();
        loop {
            match self.handle.events.try_recv() {
                Ok(event) if wanted(&event) => return event,
                Ok(_) => {}
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
            assert!(started.elapsed() < Duration::from_secs(20), "never came: {what}");
        }
    }
}

/// A parameter of the sign-in link.
pub(crate) fn parameter(address: &url::Url, name: &str) -> String {
    let found = address.query_pairs().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("no {name} in {address}")).1.into_owned()
}

/// The URL of the redirect, with the right state.
pub(crate) fn return_address(address: &url::Url, parameters: &[(&str, &str)]) -> url::Url {
    let mut back = url::Url::parse(&parameter(address, "redirect_uri")).unwrap();
    back.query_pairs_mut().extend_pairs(parameters).append_pair("state", &parameter(address, "state"));
    back
}

pub(crate) fn come_back(address: &url::Url, parameters: &[(&str, &str)]) -> raw::Answer {
    raw::get(return_address(address, parameters).as_str())
}

/// A client for a draft.
pub(crate) fn client(id: &str, secret: &str) -> Client {
    Client {
        client_id: id.to_owned(),
        client_secret: Some(keyfob::base::secret::ClientSecret::new(secret.to_owned())),
        ..Client::default()
    }
}
