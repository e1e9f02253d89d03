//! Steps at which a test can kill the process.
//!
//! Owns the seam for tests of power loss and crashes. Invariant: without the feature `failpoints`,
//! which no release has, a step is nothing at all.

/// Marks a step after which the process may be killed and must be able to start again.
#[inline]
pub fn reach(step: &'static str) {
    #[cfg(feature = "failpoints")]
    armed::reach(step);
    #[cfg(not(feature = "failpoints"))]
    let _ = step;
}

#[cfg(feature = "failpoints")]
mod armed {
    use std::io::Write as _;
    use std::sync::atomic::{AtomicU64, Ordering};

    static REACHED: AtomicU64 = AtomicU64::new(0);

    /// Kills the process at the step whose number `KEYFOB_KILL_AT` holds, as a power cut would.
    pub(super) fn reach(step: &'static str) {
        let number = REACHED.fetch_add(1, Ordering::SeqCst) + 1;
        let at = std::env::var("KEYFOB_KILL_AT").ok().and_then(|at| at.parse::<u64>().ok());
        if at == Some(number) {
            // Whoever listens learns the step's name; nothing is done about who doesn't.
            let _ = writeln!(std::io::stderr(), "killed at {step}");
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }
}
