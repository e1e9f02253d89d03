//! Steps at which tests interrupt a write.
//!
//! Invariant: outside of tests a step does nothing. In a test, after an interruption every later step of its
//! thread fails, as after the death of the process, or the process itself is killed.

use std::io;

#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "in tests it can fail")]
pub(super) fn step(_: &'static str) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
pub(super) use seam::{cut_after, die_after, step};

#[cfg(test)]
mod seam {
    use std::cell::Cell;

    use super::io;

    thread_local! {
        static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
        static DIES: Cell<bool> = const { Cell::new(false) };
    }

    pub(in crate::store) fn step(name: &'static str) -> io::Result<()> {
        match LEFT.get() {
            None => Ok(()),
            #[cfg(unix)]
            Some(0) if DIES.get() => {
                let ourselves = rustix::process::getpid();
                rustix::process::kill_process(ourselves, rustix::process::Signal::KILL)?;
                Ok(())
            }
            Some(0) => Err(io::Error::other(name)),
            Some(left) => {
                LEFT.set(Some(left - 1));
                Ok(())
            }
        }
    }

    /// Kills this process (SIGKILL) after this many steps of the thread.
    pub(in crate::store) fn die_after(steps: usize) {
        DIES.set(true);
        LEFT.set(Some(steps));
    }

    /// Runs `work` with an interruption after this many steps; returns whether it occurred.
    pub(in crate::store) fn cut_after<T>(steps: usize, work: impl FnOnce() -> T) -> (T, bool) {
        LEFT.set(Some(steps));
        let result = work();
        let was_cut = LEFT.replace(None) == Some(0);
        (result, was_cut)
    }
}
