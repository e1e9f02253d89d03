//! The operating system's desktop services: browser, clipboard, notifications, suspend, reduced motion, the
//! socket of a single instance, the tray, the start at login.

pub mod browser;
pub(crate) mod clipboard;
pub mod login_item;
pub mod notifications;
pub mod reduced_motion;
pub mod single_instance;
pub mod suspend;
pub mod tray;
