//! A text that is wiped when dropped, in memory that is not swapped out if the system allows.
//!
//! Invariant: a locked text has its pages to itself, since unlocking a page twice would unlock its other
//! content.

use std::sync::atomic::{AtomicUsize, Ordering};

use region::LockGuard;
use zeroize::{Zeroize as _, Zeroizing};

/// The maximum locked at once, in bytes: half of Linux's default limit of a process. An import of thousands
/// of accounts takes more, and each text takes a page.
const LOCKED_MAX_BYTES: usize = 4 << 20;

static LOCKED: AtomicUsize = AtomicUsize::new(0);

pub(in crate::base::secret) enum Text {
    /// In locked pages of its own.
    Locked(Pages),
    Plain(Zeroizing<String>),
}

pub(in crate::base::secret) struct Pages {
    // Dropped first: the pages must stay allocated until they are unlocked.
    _lock: LockGuard,
    room: Vec<u8>,
    start: usize,
    length: usize,
    locked: usize,
}

impl Text {
    /// Takes a text, and wipes its original memory if it moves.
    pub(in crate::base::secret) fn new(text: String) -> Self {
        let text = Zeroizing::new(text);
        match Pages::holding(text.as_bytes()) {
            Some(pages) => Self::Locked(pages),
            None => Self::Plain(text),
        }
    }

    pub(in crate::base::secret) fn as_str(&self) -> &str {
        match self {
            // Always the bytes of a text.
            Self::Locked(pages) => std::str::from_utf8(pages.bytes()).unwrap_or_default(),
            Self::Plain(text) => text,
        }
    }
}

impl Pages {
    /// `None` if there are no bytes, or no more may be locked.
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
        // The room contains whole pages.
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
