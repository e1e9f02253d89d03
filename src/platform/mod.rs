//! The operating system's desktop services: browser, clipboard, notifications, suspend, reduced motion.

pub mod browser;
pub(crate) mod clipboard;
pub mod notifications;
pub mod reduced_motion;
pub mod suspend;
