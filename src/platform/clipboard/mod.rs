//! The clipboard: the only user of arboard.
//!
//! Invariants: a secret is excluded from clipboard history; another program's content is never cleared; only
//! a hash of Keyfob's own text is kept.

#[cfg(target_os = "linux")]
mod x11;

use sha2::{Digest, Sha256};
use thiserror::Error;

/// The clipboard rejected the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the clipboard did not take the text")]
pub struct ClipboardError;

/// A clipboard. Calls may block.
pub trait Clipboard {
    /// Copies a secret, excluded from history.
    ///
    /// # Errors
    /// [`ClipboardError`] if it was rejected.
    fn put_secret(&mut self, text: &str) -> Result<(), ClipboardError>;

    /// Copies text that is not secret.
    ///
    /// # Errors
    /// [`ClipboardError`] if it was rejected.
    fn put_text(&mut self, text: &str) -> Result<(), ClipboardError>;

    /// Clears the clipboard if it still has what was last copied here.
    fn clear_ours(&mut self);
}

/// The system's clipboard, connected on first use.
#[derive(Default)]
pub struct SystemClipboard {
    connection: Option<arboard::Clipboard>,
    ours: Option<[u8; 32]>,
}

/// A clipboard that rejects everything, for a run without a window.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoClipboard;

impl Clipboard for NoClipboard {
    fn put_secret(&mut self, _: &str) -> Result<(), ClipboardError> {
        Err(ClipboardError)
    }

    fn put_text(&mut self, _: &str) -> Result<(), ClipboardError> {
        Err(ClipboardError)
    }

    fn clear_ours(&mut self) {}
}

impl SystemClipboard {
    fn connection(&mut self) -> Result<&mut arboard::Clipboard, ClipboardError> {
        if self.connection.is_none() {
            self.connection = Some(arboard::Clipboard::new().map_err(|_| ClipboardError)?);
        }
        self.connection.as_mut().ok_or(ClipboardError)
    }

    fn put(
        &mut self,
        text: &str,
        set: impl FnOnce(arboard::Set<'_>) -> Result<(), arboard::Error>,
    ) -> Result<(), ClipboardError> {
        let taken = set(self.connection()?.set());
        if taken.is_err() {
            // Reconnect at the next attempt.
            self.connection = None;
            return Err(ClipboardError);
        }
        self.ours = Some(Sha256::digest(text.as_bytes()).into());
        Ok(())
    }
}

impl Clipboard for SystemClipboard {
    fn put_secret(&mut self, text: &str) -> Result<(), ClipboardError> {
        self.put(text, |set| without_history(set).text(text))
    }

    fn put_text(&mut self, text: &str) -> Result<(), ClipboardError> {
        self.put(text, |set| set.text(text))
    }

    fn clear_ours(&mut self) {
        let Some(ours) = self.ours.take() else { return };
        let Some(connection) = self.connection.as_mut() else { return };
        let there = connection.get_text().ok().map(zeroize::Zeroizing::new);
        let still_ours = there.is_some_and(|text| <[u8; 32]>::from(Sha256::digest(text.as_bytes())) == ours);
        if still_ours && connection.clear().is_err() {
            log::warn!("the clipboard could not be cleared");
        }
        #[cfg(target_os = "linux")]
        x11::overwrite_buffer(connection);
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn without_history(set: arboard::Set<'_>) -> arboard::Set<'_> {
    use arboard::SetExtLinux as _;
    set.exclude_from_history()
}

#[cfg(target_os = "macos")]
fn without_history(set: arboard::Set<'_>) -> arboard::Set<'_> {
    use arboard::SetExtApple as _;
    set.exclude_from_history()
}

#[cfg(windows)]
fn without_history(set: arboard::Set<'_>) -> arboard::Set<'_> {
    use arboard::SetExtWindows as _;
    set.exclude_from_monitoring().exclude_from_cloud().exclude_from_history()
}
