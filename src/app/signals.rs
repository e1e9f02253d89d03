//! Termination signals: at logout or shutdown, by Ctrl-C, or when the terminal closes.
//!
//! The window closes as if its user had closed it, without a question. If it doesn't respond because it is
//! hidden or hangs, the clipboard is cleared all the same. On Windows the clipboard ends with the user's
//! session, and there are no such signals.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::failpoint;

/// A signal's request to close the window.
#[derive(Clone, Default)]
pub(super) struct CloseRequest {
    is_pending: Arc<AtomicBool>,
    is_taken: Arc<AtomicBool>,
}

impl CloseRequest {
    /// Whether the window must close now; returns true once.
    pub(super) fn take(&self) -> bool {
        if self.is_pending.load(Ordering::SeqCst) {
            failpoint::hold_at("window end");
            failpoint::panic_at("window end");
        }
        self.is_pending.load(Ordering::SeqCst) && !self.is_taken.swap(true, Ordering::SeqCst)
    }

    /// Waits for a signal on a thread. `wake` makes the window draw a frame; `clear` clears the clipboard.
    #[cfg(unix)]
    pub(super) fn watch(&self, wake: impl Fn() + Send + 'static, clear: impl FnOnce() + Send + 'static) {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP]) else {
            return log::warn!("a signal will end Keyfob at once");
        };
        let request = self.clone();
        let wait = move || {
            let Some(signal) = signals.forever().next() else { return };
            request.is_pending.store(true, Ordering::SeqCst);
            wake();
            std::thread::sleep(CLOSE_TIMEOUT);
            if !request.is_taken.load(Ordering::SeqCst) {
                clear();
                std::process::exit(128 + signal);
            }
        };
        if std::thread::Builder::new().name("keyfob-signals".to_owned()).spawn(wait).is_err() {
            log::warn!("no thread for signals");
        }
    }

    /// Windows has no such signals.
    #[cfg(not(unix))]
    pub(super) fn watch(&self, _: impl Fn() + Send + 'static, _: impl FnOnce() + Send + 'static) {}
}

/// How long the window may take to start closing.
#[cfg(unix)]
const CLOSE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(3);
