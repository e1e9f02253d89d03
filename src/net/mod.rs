//! What is outside: the HTTP client, the redirect listener, the browser, the system's sleep, its
//! notifications, its wish for less motion.
//!
//! Owns every socket of the app's own. Invariant: nothing listens on anything but loopback, and
//! nothing secret is sent in the clear to another machine.

pub mod dns;
pub mod error_kind;
pub mod http_client;
pub mod http_server;
pub mod redirect_listener;
