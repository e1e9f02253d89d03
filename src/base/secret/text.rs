//! A text that is wiped when dropped, in memory that is not swapped out where the system allows that.
//!
//! Owns how much of it there is. Invariant: a text that is locked has its pages for itself, since to unlock
//! one page twice would unlock what else is on it.

use std::sync::atomic::{AtomicUsize, Ordering};

use region::LockGuard;
use zeroize::{Zeroize as _, Zeroizing};

/// The most that is locked at once, in bytes: half of what Linux lets a process lock by default. An import of
/// thousands of accounts takes more, and each text takes a page.
const LOCKED_MAX_BYTES: usize = 4 << 20;

/// What is locked, in bytes.
static LOCKED: AtomicUsize = AtomicUsize::new(0);

/// A text.
pub(in crate::base::secret) enum Text {
    /// In pages of its own, which are locked.
    Locked(Pages),
    /// Wherever there was room.
    Plain(Zeroizing<String>),
}

/// Locked pages.
pub(in crate::base::secret) struct Pages {
    // Dropped first: the pages must be ours until they are unlocked.
    _lock: LockGuard,
    room: Vec<u8>,
    start: usize,
    length: usize,
    locked: usize,
}

impl Text {
    /// Takes a text, whose own place is wiped where it moves.
    pub(in crate::base::secret) fn new(text: String) -> Self {
        let text = Zeroizing::new(text);
        match Pages::holding(text.as_bytes()) {
            Some(pages) => Self::Locked(pages),
            None => Self::Plain(text),
        }
    }

    /// The text.
    pub(in crate::base::secret) fn as_str(&self) -> &str {
        match self {
            // It is the bytes of a text, always.
            Self::Locked(pages) => std::str::from_utf8(pages.bytes()).unwrap_or_default(),
            Self::Plain(text) => text,
        }
    }
}

impl Pages {
    /// `None` where there is nothing to hold, or no more may be locked.
    fn holding(bytes: &[u8]) -> Option<Self> {
        let page = region::page::size();
        let locked = bytes.len().checked_next_multiple_of(page).filter(|length| *length > 0)?;
        let is_room = LOCKED.fetch_add(locked, Ordering::Relaxed) + locked <= LOCKED_MAX_BYTES;
        let pages = is_room.then(|| Self::locked(bytes, page, locked)).flatten();
        if pages.is_none() {
            LOCKED.fetch_sub(locked, Ordering::Relaxed);
        }
        pages
    }

    fn locked(bytes: &[u8], page: usize, locked: usize) -> Option<Self> {
        // Whole pages are somewhere in it.
        let mut room = vec![0; locked + page];
        let start = room.as_ptr().align_offset(page);
        let lock = region::lock(room.get(start..)?.as_ptr(), locked).ok()?;
        room.get_mut(start..start + bytes.len())?.copy_from_slice(bytes);
        Some(Self { _lock: lock, room, start, length: bytes.len(), locked })
    }

    fn bytes(&self) -> &[u8] {
        self.room.get(self.start..self.start + self.length).unwrap_or_default()
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.room.zeroize();
        LOCKED.fetch_sub(self.locked, Ordering::Relaxed);
    }
}
