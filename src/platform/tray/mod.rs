//! The icon in the desktop's tray and its menu.
//!
//! Invariant: it holds names and times, and no secret.

#[cfg(not(target_os = "linux"))]
mod native;
#[cfg(target_os = "linux")]
mod status_notifier;

#[cfg(not(target_os = "linux"))]
use native as system;
#[cfg(target_os = "linux")]
use status_notifier as system;

use crate::domain::account::AccountId;

/// What the menu shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrayMenu {
    /// Accounts whose tokens can be copied, by their label.
    pub accounts: Vec<(AccountId, String)>,
    /// Whether there is something to lock.
    pub can_lock: bool,
}

/// What the user chose in the tray.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrayChoice {
    /// Copy this account's token.
    Copy(AccountId),
    /// Show the window.
    Open,
    /// Lock Keyfob.
    Lock,
    /// Quit Keyfob.
    Quit,
    /// Nothing: the desktop began or ceased to show the icon.
    Changed,
}

/// A square picture, as RGBA.
#[derive(Debug, Clone)]
pub struct Picture {
    /// The side, in pixels.
    pub side: u32,
    /// Four bytes a pixel.
    pub rgba: Vec<u8>,
}

/// The icon, until it is dropped.
pub struct TrayIcon(system::Icon);

impl TrayIcon {
    /// Adds the icon. `choose` is called on any thread and must not block.
    ///
    /// Must be called on the window's thread, as the rest.
    pub fn add(picture: Picture, choose: impl Fn(TrayChoice) + Send + Sync + 'static) -> Self {
        Self(system::Icon::add(picture, choose))
    }

    /// Whether the desktop shows it.
    pub fn is_shown(&self) -> bool {
        self.0.is_shown()
    }

    /// Replaces the menu.
    pub fn set_menu(&self, menu: &TrayMenu) {
        self.0.set_menu(menu);
    }
}
