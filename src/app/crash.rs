//! Crash handling: the mark for the next start, and saving tokens.
//!
//! The mark is written before unwinding, so it exists even if the process can't continue. A start that finds
//! it shows no account by itself, so it can't crash in the same way again.

use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{fs, panic, thread};

use crate::base::failpoint::patience;
use crate::engine::EngineHandle;
use crate::messages::command::Command;
use crate::messages::snapshot::Snapshot;
use crate::store::home::Home;
use crate::store::private_files;

/// How long a token is offered to a vault that refuses it, as on the command line.
const SAVE_TIMEOUT: Duration = Duration::from_mins(1);
const SAVE_PAUSE: Duration = Duration::from_millis(500);

/// The file that a crash leaves.
pub(super) struct CrashMark(PathBuf);

impl CrashMark {
    pub(super) fn of(home: &Home) -> Self {
        Self(home.crash_mark_path())
    }

    /// Returns whether the last window crashed, and removes the mark.
    pub(super) fn take(&self) -> bool {
        let is_there = fs::symlink_metadata(&self.0).is_ok();
        if is_there && fs::remove_file(&self.0).is_err() {
            log::warn!("the mark of a crash could not be removed");
        }
        is_there
    }

    /// Writes the mark when this thread panics.
    pub(super) fn leave_at_panic(&self) {
        let (path, window) = (self.0.clone(), thread::current().id());
        let previous_hook = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            // An existing mark is sufficient.
            if thread::current().id() == window && private_files::create(&path, b"").is_err() {
                log::warn!("a crash left no mark");
            }
            previous_hook(panicked);
        }));
    }
}

/// Ends the engine of a crashed window once the vault has every token or [`SAVE_TIMEOUT`] has passed.
pub(super) fn save_tokens(mut engine: EngineHandle) {
    let started = Instant::now();
    while has_unsaved_tokens(&engine.snapshots.borrow_and_update())
        && started.elapsed() < patience(SAVE_TIMEOUT)
    {
        let Ok(mut reply) = engine.ask(Command::TryVault) else { return };
        // A vault that responds is offered the token at once; the result arrives a moment later.
        let _ = reply.wait();
        thread::sleep(SAVE_PAUSE);
    }
}

fn has_unsaved_tokens(snapshot: &Snapshot) -> bool {
    let mut tokens = snapshot.accounts.iter().filter_map(|account| account.token.as_ref());
    tokens.any(|token| !token.saved)
}
