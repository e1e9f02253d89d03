//! What this process may leave behind, and who may look into it.
//!
//! Owns the limit on core files, the process's openness to others, and the allocator. Invariants: the limits
//! are set before anything secret is read; memory that is given back is wiped, whoever had it: a library that
//! reads an answer or draws a token keeps copies that no type of ours wipes.

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// What wiping costs, measured in a debug build (median processor time, with and without): `keyfob list` 22.7 and
/// 21.7 ms; an import of 300 accounts 1,354 and 1,368 ms; a frame that scrolls 10,000 accounts 9.2 and 8.8 ms.
#[global_allocator]
static WIPING: ZeroAlloc<System> = ZeroAlloc(System);

/// Forbids core files, for good, since a dump of this process would hold tokens; and keeps other programs of
/// this user from reading its memory (`PR_SET_DUMPABLE`), but for [`OpenToPortals`].
pub fn forbid_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // Lowering a limit is always allowed.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    // Where the system hands cores to a program, as `systemd-coredump` and `apport` have it, it overlooks that
    // limit. What such a core holds of the memory is chosen here: nothing (`core(5)`). It comes first: of a
    // process that is not dumpable the file is root's.
    #[cfg(target_os = "linux")]
    {
        let _ = std::fs::write("/proc/self/coredump_filter", "0");
        linux::set(false);
    }
}

/// While one lives, other programs of this user may look into this process.
///
/// The desktop's portals refuse a caller whose `/proc/PID/root` they can't open
/// (<https://github.com/flatpak/xdg-desktop-portal/issues/785>, as of version 1.22): without this there would be
/// no dialog for files, and no word of the desktop's wish for less motion.
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

    /// How many have the process open.
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
