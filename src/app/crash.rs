//! The end of a process that panics while it has a window, or before it has one.
//!
//! The mark is written first, so it exists even if the rest fails. A start that finds it shows no account by
//! itself, so it can't crash in the same way again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{fs, process, thread};

use super::AppError;
use crate::base::failpoint::patience;
use crate::base::panics;
use crate::engine::Ending;
use crate::store::home::Home;
use crate::store::private_files;

/// How long a token is offered to a vault that refuses it, as on the command line.
const SAVE_TIMEOUT: Duration = Duration::from_mins(1);

/// The file that a crash leaves.
#[derive(Clone)]
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

    fn leave(&self) {
        // An existing mark is sufficient.
        if private_files::create(&self.0, b"").is_err() {
            log::warn!("a crash left no mark");
        }
    }
}

/// How far the window is.
#[derive(Clone, Default)]
pub(super) struct Stage {
    is_open: Arc<AtomicBool>,
    is_crashing: Arc<AtomicBool>,
}

impl Stage {
    pub(super) fn opened(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }

    /// Whether a panic is ending the process. What it interrupted may hold the window's locks.
    pub(super) fn is_crashing(&self) -> bool {
        self.is_crashing.load(Ordering::SeqCst)
    }

    fn crash(&self) {
        self.is_crashing.store(true, Ordering::SeqCst);
    }
}

/// Makes a panic end the process in order: with a mark for the next start, the tokens saved, the clipboard
/// cleared, and `report` called, which returns the exit code. The calling thread is the window's.
pub(super) fn end_at_panic(
    mark: CrashMark,
    stage: Stage,
    engine: Ending,
    report: impl Fn(&AppError) -> i32 + Send + Sync + 'static,
) {
    let window = thread::current().id();
    panics::end_at_panic(move || {
        stage.crash();
        let error = if stage.is_open() || thread::current().id() != window {
            mark.leave();
            engine.end(patience(SAVE_TIMEOUT));
            AppError::Crashed
        } else {
            // The toolkit panics if it can't load a library.
            AppError::MissingLibrary
        };
        process::exit(report(&error));
    });
}
