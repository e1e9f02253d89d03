//! Failpoints: steps at which a test can kill the process, make a thread panic or stop it, and waits that it
//! can shorten.
//!
//! For tests of power loss, crashes and hangs. Invariant: without the feature `failpoints`, which no release
//! has, a step does nothing and a wait keeps its length.

use std::time::Duration;

/// Marks a step after which the process may be killed and must be able to start again.
#[inline]
pub fn reach(step: &'static str) {
    #[cfg(feature = "failpoints")]
    armed::reach(step);
    #[cfg(not(feature = "failpoints"))]
    let _ = step;
}

/// Marks a place where a test can make the thread panic.
#[inline]
pub fn panic_at(place: &'static str) {
    #[cfg(feature = "failpoints")]
    armed::panic_at(place);
    #[cfg(not(feature = "failpoints"))]
    let _ = place;
}

/// Marks a place where a test can stop the thread, to examine the process.
#[inline]
pub fn hold_at(place: &'static str) {
    #[cfg(feature = "failpoints")]
    armed::hold_at(place);
    #[cfg(not(feature = "failpoints"))]
    let _ = place;
}

/// The duration of a wait, which a test may shorten.
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

    /// The duration in `KEYFOB_PATIENCE_MS`, in milliseconds, if set.
    pub(crate) fn patience(usual: Duration) -> Duration {
        let shorter = std::env::var("KEYFOB_PATIENCE_MS").ok().and_then(|ms| ms.parse().ok());
        shorter.map_or(usual, Duration::from_millis)
    }

    /// Panics at the place that `KEYFOB_PANIC_AT` names.
    pub(crate) fn panic_at(place: &'static str) {
        let is_here = std::env::var("KEYFOB_PANIC_AT").is_ok_and(|at| at == place);
        // A message with a quoted value, as other crates' messages have.
        assert!(!is_here, "failed on CANARY at {place}");
    }

    /// Stops the thread forever at the place that `KEYFOB_HOLD_AT` names, and reports that on standard error.
    pub(crate) fn hold_at(place: &'static str) {
        if std::env::var("KEYFOB_HOLD_AT").is_ok_and(|at| at == place) {
            let _ = writeln!(std::io::stderr(), "held at {place}");
            loop {
                std::thread::park();
            }
        }
    }

    /// Ends the process at the step whose number is in `KEYFOB_KILL_AT`, like a power cut: without cleanup.
    pub(crate) fn reach(step: &'static str) {
        let number = REACHED.fetch_add(1, Ordering::SeqCst) + 1;
        let at = std::env::var("KEYFOB_KILL_AT").ok().and_then(|at| at.parse::<u64>().ok());
        if at == Some(number) {
            // The step's name for a test that reads it; the end doesn't depend on this.
            let _ = writeln!(std::io::stderr(), "killed at {step}");
            std::process::abort();
        }
    }
}
