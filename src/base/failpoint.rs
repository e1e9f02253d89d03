//! Steps at which a test can kill the process, have a thread panic or hold it, and waits that it can shorten.
//!
//! Owns the seam for tests of power loss, crashes and hangs. Invariant: without the feature `failpoints`,
//! which no release has, a step is nothing at all, and a wait is as long as it is.

use std::time::Duration;

/// Marks a step after which the process may be killed and must be able to start again.
#[inline]
pub fn reach(step: &'static str) {
    #[cfg(feature = "failpoints")]
    armed::reach(step);
    #[cfg(not(feature = "failpoints"))]
    let _ = step;
}

/// Marks a place at which a test can have the thread panic.
#[inline]
pub fn panic_at(place: &'static str) {
    #[cfg(feature = "failpoints")]
    armed::panic_at(place);
    #[cfg(not(feature = "failpoints"))]
    let _ = place;
}

/// Marks a place at which a test can hold the thread, to look at the process meanwhile.
#[inline]
pub fn hold_at(place: &'static str) {
    #[cfg(feature = "failpoints")]
    armed::hold_at(place);
    #[cfg(not(feature = "failpoints"))]
    let _ = place;
}

/// How long something is waited for, which a test may shorten so as not to wait that long itself.
#[inline]
pub fn patience(usual: Duration) -> Duration {
    #[cfg(feature = "failpoints")]
    return armed::patience(usual);
    #[cfg(not(feature = "failpoints"))]
    usual
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::io::Write as _;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    static REACHED: AtomicU64 = AtomicU64::new(0);

    /// The milliseconds that `KEYFOB_PATIENCE_MS` holds, if any.
    pub(crate) fn patience(usual: Duration) -> Duration {
        let shorter = std::env::var("KEYFOB_PATIENCE_MS").ok().and_then(|ms| ms.parse().ok());
        shorter.map_or(usual, Duration::from_millis)
    }

    /// Panics at the place whose name `KEYFOB_PANIC_AT` holds.
    pub(crate) fn panic_at(place: &'static str) {
        let is_here = std::env::var("KEYFOB_PANIC_AT").is_ok_and(|at| at == place);
        // A message that quotes what it is about, as those of other crates do.
        assert!(!is_here, "failed on CANARY at {place}");
    }

    /// Holds the thread for good at the place whose name `KEYFOB_HOLD_AT` holds, and says so on standard error.
    pub(crate) fn hold_at(place: &'static str) {
        if std::env::var("KEYFOB_HOLD_AT").is_ok_and(|at| at == place) {
            let _ = writeln!(std::io::stderr(), "held at {place}");
            loop {
                std::thread::park();
            }
        }
    }

    /// Kills the process at the step whose number `KEYFOB_KILL_AT` holds, as a power cut would.
    pub(crate) fn reach(step: &'static str) {
        let number = REACHED.fetch_add(1, Ordering::SeqCst) + 1;
        let at = std::env::var("KEYFOB_KILL_AT").ok().and_then(|at| at.parse::<u64>().ok());
        if at == Some(number) {
            // Whoever listens learns the step's name; nothing is done about who doesn't.
            let _ = writeln!(std::io::stderr(), "killed at {step}");
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }
}
