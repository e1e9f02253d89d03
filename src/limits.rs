//! What this process may leave behind.
//!
//! Owns the limit on core files. Invariant: it is set before anything secret is read.

/// Forbids core files, for good: a dump of this process would hold tokens.
pub fn forbid_core_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // Lowering a limit is always allowed.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    // Where the system hands cores to a program, as `systemd-coredump` and `apport` have it, it overlooks that
    // limit. What such a core holds of the memory is chosen here: nothing (`core(5)`).
    #[cfg(target_os = "linux")]
    {
        let _ = std::fs::write("/proc/self/coredump_filter", "0");
    }
}
