//! The engine: carries out what the domain decides.
//!
//! Owns the accounts' sessions, the jobs under way, and the order of their effects. Invariants: its
//! loop never awaits I/O; every change of state is made on the loop, from a command, a job's
//! result, or the clock; what it publishes holds no secret.

pub(crate) mod account_http;
pub(crate) mod accounts;
pub(crate) mod confirmed_settings;
mod demo_account;
pub(crate) mod dispatch;
mod doctor;
pub(crate) mod error_mapping;
pub(crate) mod event_loop;
pub(crate) mod lifecycle;
pub(crate) mod open_url;
mod outbox;
pub(crate) mod provider_cache;
mod publish;
pub(crate) mod random;
mod schedule;
pub(crate) mod secrets;
pub(crate) mod session_driver;
pub(crate) mod settings;
mod sign_in;
pub(crate) mod tokens;
mod worker;

use std::io;
use std::mem;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

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
pub use secrets::vault_handle::VaultFactory;
pub use tokens::copying::text_of;

/// Commands that may wait for the loop.
const COMMANDS: usize = 64;
/// Events that may wait for the window.
const EVENTS: usize = 256;
/// Replies to one command.
const REPLIES: usize = 4;
/// How often it is looked whether such a command is done, and at what distance.
const SLEEP_LOOKS: u32 = 100;
const SLEEP_PAUSE: Duration = Duration::from_millis(20);

/// Makes the clipboard, on the thread that will own it.
pub type ClipboardFactory = Box<dyn FnOnce() -> Box<dyn Clipboard> + Send>;

/// What the engine works with.
pub struct Deps {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where everything on disk is.
    pub home: Home,
    /// Which vault, for this run alone; `None` goes by the stored choice.
    pub vault_kind: Option<VaultKind>,
    /// Makes the keychain, at the first call.
    pub keychain: VaultFactory,
    /// How long a call to the vault may take.
    pub vault_patience: Duration,
    /// Opens addresses.
    pub browser: Arc<dyn Browser>,
    /// Says when the system is about to sleep; a lasting run locks then.
    pub sleep: Arc<dyn Sleep>,
    /// Makes the clipboard, at the first copy.
    pub clipboard: ClipboardFactory,
    /// The HTTP client's limits.
    pub http: HttpPolicy,
    /// Called after every publication; must not block.
    pub waker: Arc<dyn Fn() + Send + Sync>,
    /// Whether this is a lasting run: tokens are renewed ahead of expiry, and other processes'
    /// changes are looked for.
    pub lasting: bool,
    /// The one account that this run is about; `None` where it may be about any. The others are not read, unless they
    /// are half done.
    pub only: Option<AccountName>,
}

/// A command, and where its answers go.
pub(crate) struct Envelope {
    pub(crate) command: Command,
    pub(crate) replies: Option<mpsc::Sender<Result<Reply, Problem>>>,
}

/// The engine, from outside; it lives as long as this.
pub struct EngineHandle {
    commands: mpsc::Sender<Envelope>,
    /// The newest snapshot.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Moments, oldest first.
    pub events: mpsc::Receiver<Event>,
    thread: Option<thread::JoinHandle<()>>,
}

/// The answers to one command.
pub struct Answers(mpsc::Receiver<Result<Reply, Problem>>);

impl Answers {
    /// The next answer; blocks. Must not be called on a runtime's thread.
    ///
    /// # Errors
    /// What went wrong; [`Problem::Stopped`] where the engine is gone.
    pub fn wait(&mut self) -> Result<Reply, Problem> {
        self.0.blocking_recv().unwrap_or(Err(Problem::Stopped))
    }

    /// The next answer, if it is there already.
    pub fn try_wait(&mut self) -> Option<Result<Reply, Problem>> {
        match self.0.try_recv() {
            Ok(answer) => Some(answer),
            Err(mpsc::error::TryRecvError::Empty) => None,
            Err(mpsc::error::TryRecvError::Disconnected) => Some(Err(Problem::Stopped)),
        }
    }
}

/// Why a command was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// The queue of commands is full; the same command may be taken a moment later.
    Busy,
    /// The engine has stopped.
    Stopped,
}

impl NotTaken {
    /// What a person is told.
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
    /// Gives a command; never blocks.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub fn send(&self, command: Command) -> Result<(), NotTaken> {
        Ok(self.commands.try_send(Envelope { command, replies: None })?)
    }

    /// Gives a command whose answers are awaited.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub fn ask(&self, command: Command) -> Result<Answers, NotTaken> {
        let (replies, answers) = mpsc::channel(REPLIES);
        let envelope = Envelope { command, replies: Some(replies) };
        self.commands.try_send(envelope)?;
        Ok(Answers(answers))
    }

    /// A call that clears the clipboard, if what is there is from here, and waits for that for a moment at most.
    pub fn clipboard_clearer(&self) -> impl FnOnce() + Send + 'static {
        let commands = self.commands.downgrade();
        move || carry_out(&commands, Command::ClearClipboard)
    }

    /// Blocks until the database has been read, and returns the newest snapshot.
    pub fn loaded(&mut self) -> Arc<Snapshot> {
        // Where it isn't taken, the engine reads by itself, a moment later.
        let _ = self.send(Command::ReadAccounts);
        until(&mut self.snapshots, |snapshot| snapshot.loaded)
    }

    /// Blocks until what the window is made by has been read, and returns the newest snapshot.
    pub fn prepared(&mut self) -> Arc<Snapshot> {
        until(&mut self.snapshots, |snapshot| snapshot.prepared)
    }
}

impl Drop for EngineHandle {
    /// Ends the engine, and blocks until it has ended: the clipboard is cleared, deletions are finished,
    /// and the next start finds what this one was told. That takes a few seconds at most, or half a minute
    /// where a token is on its way, and never waits for a vault that hangs.
    fn drop(&mut self) {
        // With its last sender gone, the engine obeys what it was given, and winds up.
        drop(mem::replace(&mut self.commands, mpsc::channel(1).0));
        // One that panicked has said so already.
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

/// Blocks until a snapshot is as asked, or the engine has ended; returns the newest.
fn until(
    snapshots: &mut watch::Receiver<Arc<Snapshot>>,
    is_as_asked: impl Fn(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    loop {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        if is_as_asked(&snapshot) || snapshots.has_changed().is_err() {
            return snapshot;
        }
        // For the start alone, where there is no window yet to be woken.
        thread::sleep(Duration::from_micros(500));
    }
}

/// Starts the engine on a thread of its own.
///
/// # Errors
/// Where the system gives no thread.
pub fn spawn(deps: Deps) -> io::Result<EngineHandle> {
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let (snapshot_out, snapshots) = watch::channel(Arc::new(Snapshot::default()));
    let (event_out, events) = mpsc::channel(EVENTS);
    if deps.lasting {
        let commands = commands.downgrade();
        deps.sleep.watch(Box::new(move || carry_out(&commands, Command::SystemSleeps)));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let thread = thread::Builder::new().name("engine".to_owned()).spawn(move || {
        let tasks = tokio::task::LocalSet::new();
        tasks.block_on(&runtime, async move {
            event_loop::Engine::new(deps, snapshot_out, event_out).run(command_queue).await;
        });
        // A thread that blocks (in a browser's start, say) is left behind.
        runtime.shutdown_background();
    })?;
    Ok(EngineHandle { commands, snapshots, events, thread: Some(thread) })
}

/// Gives a command that the system's word is the reason for, and waits until it is done, for a moment at most.
fn carry_out(commands: &mpsc::WeakSender<Envelope>, command: Command) {
    let Some(commands) = commands.upgrade() else { return };
    let (replies, answers) = mpsc::channel(REPLIES);
    if commands.try_send(Envelope { command, replies: Some(replies) }).is_err() {
        return log::warn!(
            "the system sleeps or ends Keyfob, which was too busy to lock or to clear the clipboard"
        );
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
