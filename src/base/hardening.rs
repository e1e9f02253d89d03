//! Limits what this process may leave behind and who may read its memory.
//!
//! Sets the core file limit, the process's dumpable flag and the allocator. Invariants: the limits are set
//! before any secret is read; freed memory is wiped, whatever code used it: a library that reads a response
//! or draws a token keeps copies that Keyfob's types don't wipe.

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// The cost of wiping, measured in a debug build (median processor time, with and without): `keyfob list`
/// 22.7 and 21.7 ms; an import of 300 accounts 1,354 and 1,368 ms; a frame that scrolls 10,000 accounts 9.2
/// and 8.8 ms.
#[global_allocator]
static WIPING: ZeroAlloc<System> = ZeroAlloc(System);

/// Permanently disables core files, since a dump of this process would have tokens, and keeps other programs
/// of this user from reading its memory (`PR_SET_DUMPABLE`), except during [`OpenToPortals`].
pub fn forbid_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // Lowering a limit is always allowed.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    // A system that pipes cores to a program, such as `systemd-coredump` and `apport`, ignores that limit.
    // This filter leaves such a core without memory (`core(5)`). It comes first: the file of a process that
    // is not dumpable belongs to root.
    #[cfg(target_os = "linux")]
    {
        let _ = std::fs::write("/proc/self/coredump_filter", "0");
        linux::set(false);
    }
}

/// While a value exists, other programs of this user may inspect this process.
///
/// The desktop's portals reject a caller whose `/proc/PID/root` they can't open
/// (<https://github.com/flatpak/xdg-desktop-portal/issues/785>, as of version 1.22). Without this there would
/// be no file dialog and no reduced-motion setting.
#[must_use]
#[derive(Debug)]
pub struct OpenToPortals(());

impl OpenToPortals {
    /// Opens the process until it is dropped.
    pub fn new() -> Self {
        #[cfg(target_os = "linux")]
        linux::count(1);
        Self(())
    }
}

impl Default for OpenToPortals {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for OpenToPortals {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        linux::count(-1);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::{Mutex, PoisonError};

    use rustix::process::{DumpableBehavior, set_dumpable_behavior};

    /// The number of existing values.
    static OPEN: Mutex<i32> = Mutex::new(0);

    pub(crate) fn set(open: bool) {
        let behavior = if open { DumpableBehavior::Dumpable } else { DumpableBehavior::NotDumpable };
        if set_dumpable_behavior(behavior).is_err() {
            log::warn!("who may look into this process could not be set");
        }
    }

    pub(crate) fn count(change: i32) {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        *open += change;
        set(*open > 0);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    use super::*;

    #[test]
    fn x8_the_process_is_open_only_while_a_portal_is_asked() {
        let is_open = || dumpable_behavior().unwrap() == DumpableBehavior::Dumpable;
        linux::set(false);
        assert!(!is_open());
        let (one, other) = (OpenToPortals::new(), OpenToPortals::new());
        assert!(is_open());
        drop(one);
        assert!(is_open());
        drop(other);
        assert!(!is_open());
    }
}
