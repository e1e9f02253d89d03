//! What this process may leave behind.
//!
//! Owns the limit on core files. Invariant: it is set before anything secret is read.

/// No core may be larger, in bytes. On Linux that is 1 and not 0: where cores are handed to a program, as by
/// `systemd-coredump` or `apport`, the kernel overlooks every limit but this one, at which it makes none
/// (`core(5)`; `do_coredump`). As a file nothing is made of either, since no core is that small.
#[cfg(unix)]
const CORE_BYTES: u64 = if cfg!(target_os = "linux") { 1 } else { 0 };

/// Forbids core files, for good: a dump of this process would hold tokens.
pub fn forbid_core_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = |bytes| Rlimit { current: Some(bytes), maximum: Some(bytes) };
        // Lowering a limit is always allowed. Where it was 0 already it can't be raised, and stays.
        let _ = setrlimit(Resource::Core, limit(CORE_BYTES)).or_else(|_| setrlimit(Resource::Core, limit(0)));
    }
}
