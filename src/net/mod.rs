//! What is outside: the HTTP client, the redirect listener, the browser, the system's sleep, its
//! notifications, its wish for less motion.
//!
//! Owns every socket of the app's own. Invariant: nothing listens on anything but loopback, and
//! nothing secret is sent in the clear to another machine.

pub mod browser;
pub mod failure;
pub mod http;
pub mod loopback;
pub mod motion;
pub mod notify;
pub mod probe;
pub mod serve;
pub mod sleep;
