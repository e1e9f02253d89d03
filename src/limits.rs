//! What this process may leave behind.
//!
//! Owns the limit on core files. Invariant: it is set before anything secret is read.

/// Forbids core files, for good: a dump of this process would hold tokens.
pub fn forbid_core_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // Lowering a limit is always allowed, so there is no failure to speak of.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
}
