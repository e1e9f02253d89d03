//! The engine carries out what the domain decides.
//!
//! Its loop never awaits I/O. Every state change happens on the loop: from a command, a job's result, or the
//! clock. Its snapshots hold no secret.

mod account_http;
mod accounts;
mod api_address;
mod clipboard;
mod database;
mod demo_account;
mod dispatch;
mod doctor;
mod error_mapping;
mod providers;
mod publishing;
pub(crate) mod random;
mod secrets;
mod settings;
mod sign_in;
mod tokens;
mod waiters;
mod worker;

use std::io;
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, watch};

use crate::base::clock::Clock;
use crate::domain::account::AccountName;
use crate::messages::command::Command;
use crate::messages::event::{Event, Reply};
use crate::messages::problem::Problem;
use crate::messages::snapshot::{Snapshot, VaultKind};
use crate::net::http_client::HttpPolicy;
use crate::platform::browser::Browser;
use crate::platform::suspend::Sleep;
use crate::store::home::Home;

pub use crate::platform::clipboard::{Clipboard, ClipboardError, NoClipboard, SystemClipboard};
pub use account_http::http_policy;
pub use clipboard::copied_text::text_of;
pub use secrets::team::TeamEnvironment;
pub use secrets::vault_handle::VaultFactory;

const COMMANDS: usize = 64;
const EVENTS: usize = 256;
const REPLIES: usize = 4;
/// Poll count and interval while waiting for the lock before suspend.
const SLEEP_LOOKS: u32 = 100;
const SLEEP_PAUSE: Duration = Duration::from_millis(20);
/// How long unsaved tokens wait until they are offered to the vault again at a crash.
const SAVE_PAUSE: Duration = Duration::from_millis(500);
/// How long the end may take: a token response is waited for, since the server may have invalidated the old
/// token.
const END_TIMEOUT: Duration = Duration::from_secs(40);

/// Creates the clipboard on the thread that owns it.
pub type ClipboardFactory = Box<dyn FnOnce() -> Box<dyn Clipboard> + Send>;

/// The engine's dependencies.
pub struct Deps {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The folders for everything on disk.
    pub home: Home,
    /// The vault for this run alone; `None` means the stored choice.
    pub vault_kind: Option<VaultKind>,
    /// Creates the keychain at the first call.
    pub keychain: VaultFactory,
    /// Timeout of a call to the vault.
    pub vault_patience: Duration,
    /// Opens URLs.
    pub browser: Arc<dyn Browser>,
    /// Reports that the system is about to suspend; a lasting run then locks.
    pub sleep: Arc<dyn Sleep>,
    /// Creates the clipboard at the first copy.
    pub clipboard: ClipboardFactory,
    /// The HTTP client's limits.
    pub http: HttpPolicy,
    /// Called after every publication; must not block.
    pub waker: Arc<dyn Fn() + Send + Sync>,
    /// Whether this is a lasting run, which refreshes tokens ahead of expiry and watches for changes by other
    /// processes.
    pub lasting: bool,
    /// The only account that this run needs; `None` for any. Others are not read unless they are unfinished.
    pub only: Option<AccountName>,
    /// A connection to a team vault from the environment.
    pub team: Option<TeamEnvironment>,
    /// Whether this run uses the team vault alone.
    pub team_only: bool,
}

pub(crate) struct Envelope {
    pub(crate) command: Command,
    pub(crate) replies: Option<mpsc::Sender<Result<Reply, Problem>>>,
}

/// Handle to the engine thread. Dropping it shuts the engine down.
pub struct EngineHandle {
    commands: mpsc::Sender<Envelope>,
    /// The newest snapshot.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Events, oldest first.
    pub events: mpsc::Receiver<Event>,
    ending: Arc<Notify>,
    thread: Option<thread::JoinHandle<()>>,
}

/// The replies to one command.
pub struct Answers(mpsc::Receiver<Result<Reply, Problem>>);

impl Answers {
    /// Returns the next reply; blocks. Must not be called on a runtime's thread.
    ///
    /// # Errors
    /// The command's problem, or [`Problem::Stopped`] if the engine has ended.
    pub fn wait(&mut self) -> Result<Reply, Problem> {
        self.0.blocking_recv().unwrap_or(Err(Problem::Stopped))
    }

    /// Returns the next reply if there is one.
    pub fn try_wait(&mut self) -> Option<Result<Reply, Problem>> {
        match self.0.try_recv() {
            Ok(answer) => Some(answer),
            Err(mpsc::error::TryRecvError::Empty) => None,
            Err(mpsc::error::TryRecvError::Disconnected) => Some(Err(Problem::Stopped)),
        }
    }
}

/// Why a command was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// The command queue is full; a later attempt may succeed.
    Busy,
    /// The engine has stopped.
    Stopped,
}

impl NotTaken {
    /// The problem to show.
    pub fn problem(self) -> Problem {
        match self {
            Self::Busy => Problem::QueueFull,
            Self::Stopped => Problem::Stopped,
        }
    }
}

impl<T> From<mpsc::error::TrySendError<T>> for NotTaken {
    fn from(error: mpsc::error::TrySendError<T>) -> Self {
        match error {
            mpsc::error::TrySendError::Full(_) => Self::Busy,
            mpsc::error::TrySendError::Closed(_) => Self::Stopped,
        }
    }
}

impl EngineHandle {
    /// Sends a command; never blocks.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub fn send(&self, command: Command) -> Result<(), NotTaken> {
        Ok(self.commands.try_send(Envelope { command, replies: None })?)
    }

    /// Sends a command and returns its replies.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub fn ask(&self, command: Command) -> Result<Answers, NotTaken> {
        let (replies, answers) = mpsc::channel(REPLIES);
        let envelope = Envelope { command, replies: Some(replies) };
        self.commands.try_send(envelope)?;
        Ok(Answers(answers))
    }

    /// A second handle for other threads, which doesn't keep the engine running.
    pub fn asker(&self) -> Asker {
        Asker(self.commands.downgrade())
    }

    /// Returns a function that clears the clipboard if its content is from Keyfob, and waits briefly for
    /// that.
    pub fn clipboard_clearer(&self) -> impl FnOnce() + Send + 'static {
        let commands = self.commands.downgrade();
        move || carry_out(&commands, Command::ClearClipboard)
    }

    /// Returns what ends the engine while its handle can't be dropped.
    pub fn ending(&self) -> Ending {
        Ending {
            commands: self.commands.downgrade(),
            snapshots: self.snapshots.clone(),
            request: Arc::clone(&self.ending),
            thread: self.thread.as_ref().map(|thread| thread.thread().id()),
        }
    }

    /// Blocks until the database is read; returns the newest snapshot.
    pub fn loaded(&mut self) -> Arc<Snapshot> {
        until(&mut self.snapshots, |snapshot| snapshot.loaded)
    }
}

/// Sends commands as long as the [`EngineHandle`] exists.
#[derive(Clone)]
pub struct Asker(mpsc::WeakSender<Envelope>);

impl Asker {
    /// Sends a command and blocks until its one reply. Must not be called on a runtime's thread.
    ///
    /// # Errors
    /// The command's problem, or that it was not accepted.
    pub fn ask(&self, command: Command) -> Result<Reply, Problem> {
        let commands = self.0.upgrade().ok_or(Problem::Stopped)?;
        let (replies, answers) = mpsc::channel(REPLIES);
        let sent = commands.blocking_send(Envelope { command, replies: Some(replies) });
        drop(commands);
        sent.map_err(|_| Problem::Stopped)?;
        Answers(answers).wait()
    }
}

/// Ends the engine from any thread.
pub struct Ending {
    commands: mpsc::WeakSender<Envelope>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    request: Arc<Notify>,
    thread: Option<thread::ThreadId>,
}

impl Ending {
    /// Offers unsaved tokens to the vault until it has taken them or `patience` has passed, then shuts the
    /// engine down as dropping its handle does. Blocks until it has ended, or for 40 seconds longer.
    ///
    /// On the engine's own thread, which can't wait for itself, it does nothing.
    pub fn end(&self, patience: Duration) {
        if self.thread == Some(thread::current().id()) {
            return;
        }
        let started = Instant::now();
        while self.runs() && self.has_unsaved_tokens() && started.elapsed() < patience {
            // A vault that responds is offered the token at once; the result arrives a moment later.
            carry_out(&self.commands, Command::TryVault);
            thread::sleep(SAVE_PAUSE);
        }
        self.request.notify_one();
        let asked = Instant::now();
        while self.runs() && asked.elapsed() < END_TIMEOUT {
            thread::sleep(SLEEP_PAUSE);
        }
    }

    fn runs(&self) -> bool {
        self.snapshots.has_changed().is_ok()
    }

    fn has_unsaved_tokens(&self) -> bool {
        let snapshot = Arc::clone(&self.snapshots.borrow());
        let mut tokens = snapshot.accounts.iter().filter_map(|account| account.token.as_ref());
        tokens.any(|token| !token.saved)
    }
}

impl Drop for EngineHandle {
    /// Shuts the engine down and blocks until it has ended: it clears the clipboard, finishes deletions and
    /// stores its state. That takes a few seconds, or up to half a minute while a token request is open, and
    /// never waits for a vault that hangs.
    fn drop(&mut self) {
        // Without senders, the engine carries out the queued commands and ends.
        drop(mem::replace(&mut self.commands, mpsc::channel(1).0));
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

/// Blocks until a snapshot matches or the engine has ended; returns the newest.
fn until(
    snapshots: &mut watch::Receiver<Arc<Snapshot>>,
    is_as_asked: impl Fn(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    loop {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        if is_as_asked(&snapshot) || snapshots.has_changed().is_err() {
            return snapshot;
        }
        // Only at the start, before there is a window to wake.
        thread::sleep(Duration::from_micros(500));
    }
}

/// Starts the engine on its own thread.
///
/// # Errors
/// The system starts no thread.
pub fn spawn(deps: Deps) -> io::Result<EngineHandle> {
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let (snapshot_out, snapshots) = watch::channel(Arc::new(Snapshot::default()));
    let (event_out, events) = mpsc::channel(EVENTS);
    if deps.lasting {
        let commands = commands.downgrade();
        deps.sleep.watch(Box::new(move || carry_out(&commands, Command::SystemSleeps)));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let ending = Arc::new(Notify::new());
    let asked_to_end = Arc::clone(&ending);
    let thread = thread::Builder::new().name("engine".to_owned()).spawn(move || {
        let tasks = tokio::task::LocalSet::new();
        tasks.block_on(&runtime, async move {
            dispatch::Engine::new(deps, snapshot_out, event_out).run(command_queue, &asked_to_end).await;
        });
        // A thread that blocks, for example in a browser's start, is left behind.
        runtime.shutdown_background();
    })?;
    Ok(EngineHandle { commands, snapshots, events, ending, thread: Some(thread) })
}

/// Sends a command on a system signal or at a crash, and waits briefly until it is done.
fn carry_out(commands: &mpsc::WeakSender<Envelope>, command: Command) {
    let Some(commands) = commands.upgrade() else { return };
    let (replies, answers) = mpsc::channel(REPLIES);
    if commands.try_send(Envelope { command, replies: Some(replies) }).is_err() {
        return log::warn!("Keyfob was too busy to lock, to clear the clipboard or to save a token");
    }
    drop(commands);
    let mut answers = Answers(answers);
    for _ in 0..SLEEP_LOOKS {
        if answers.try_wait().is_some() {
            return;
        }
        thread::sleep(SLEEP_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_and_a_stopped_engine_are_told_apart() {
        let (commands, queue) = mpsc::channel(1);
        let handle = EngineHandle {
            commands,
            snapshots: watch::channel(Arc::new(Snapshot::default())).1,
            events: mpsc::channel(1).1,
            ending: Arc::default(),
            thread: None,
        };
        assert_eq!(handle.send(Command::StartDemo), Ok(()));
        assert_eq!(handle.send(Command::StartDemo), Err(NotTaken::Busy));
        assert_eq!(handle.ask(Command::StartDemo).err(), Some(NotTaken::Busy));
        assert_eq!(NotTaken::Busy.problem(), Problem::QueueFull);
        drop(queue);
        assert_eq!(handle.send(Command::StartDemo), Err(NotTaken::Stopped));
        assert_eq!(NotTaken::Stopped.problem(), Problem::Stopped);
    }
}
