//! What every layer may use: time, secrets, process hardening, logging, panics, text sanitising and failpoints.
//!
//! Invariant: nothing here knows OAuth, the disk, the network or the window.

pub mod clock;
pub mod failpoint;
pub mod hardening;
pub mod logging;
pub mod panics;
pub mod sanitize;
pub mod secret;
