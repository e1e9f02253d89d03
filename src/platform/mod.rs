//! What the operating system offers a desktop app: browser, clipboard, notifications, suspend, reduced motion.

pub mod browser;
pub(crate) mod clipboard;
pub mod notifications;
pub mod reduced_motion;
pub mod suspend;
