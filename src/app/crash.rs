//! A crash of the window: what the next start knows of it, and what is still done.
//!
//! Owns the mark that a crash leaves. Invariants: the mark is left before anything unwinds, so that it is there
//! even where the process can't go on; a start that finds it shows no account by itself, so it can't crash in
//! the same way again.

use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{fs, panic, thread};

use crate::base::failpoint::patience;
use crate::engine::EngineHandle;
use crate::messages::command::Command;
use crate::messages::snapshot::Snapshot;
use crate::store::home::Home;
use crate::store::private_files;

/// How long a token is offered to a vault that refuses it, as by the command line.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long after each offer the next one comes.
const PAUSE: Duration = Duration::from_millis(500);

/// The file that a crash leaves.
pub(super) struct CrashMark(PathBuf);

impl CrashMark {
    /// That of this home.
    pub(super) fn of(home: &Home) -> Self {
        Self(home.crash_mark_path())
    }

    /// Whether the last window crashed; the mark goes.
    pub(super) fn take(&self) -> bool {
        let is_there = fs::symlink_metadata(&self.0).is_ok();
        if is_there && fs::remove_file(&self.0).is_err() {
            log::warn!("the mark of a crash could not be removed");
        }
        is_there
    }

    /// Has a panic of this thread leave the mark.
    pub(super) fn leave_at_panic(&self) {
        let (path, window) = (self.0.clone(), thread::current().id());
        let say = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            // One that is there already does as well.
            if thread::current().id() == window && private_files::create(&path, b"").is_err() {
                log::warn!("a crash left no mark");
            }
            say(panicked);
        }));
    }
}

/// Ends the engine of a window that crashed, once the vault has every token, or has refused it for long enough.
pub(super) fn save_tokens(mut engine: EngineHandle) {
    let started = Instant::now();
    while is_unsaved(&engine.snapshots.borrow_and_update()) && started.elapsed() < patience(PATIENCE) {
        let Ok(mut tried) = engine.ask(Command::TryVault) else { return };
        // A vault that answers is offered the token at once; that one's answer comes a moment later.
        let _ = tried.wait();
        thread::sleep(PAUSE);
    }
}

fn is_unsaved(snapshot: &Snapshot) -> bool {
    let mut tokens = snapshot.accounts.iter().filter_map(|account| account.token.as_ref());
    tokens.any(|token| !token.saved)
}
