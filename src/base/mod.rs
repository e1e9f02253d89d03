//! What every floor may use: the time, secrets, hardening of the process, logging, text sanitizing and failpoints.
//!
//! Invariant: nothing here knows OAuth, the disk, the network or the window.

pub mod clock;
pub mod failpoint;
pub mod hardening;
pub mod logging;
pub mod sanitize;
pub mod secret;
