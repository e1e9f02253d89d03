//! The protocol, pure: every decision, no side effect.
//!
//! Invariant: nothing here uses a clock, file, socket, thread or window; the same input gives the same
//! output.

pub mod account;
pub mod api;
pub mod api_address;
pub mod document;
pub mod http_log;
pub mod import;
pub mod oauth;
pub mod passphrase_strength;
pub mod provider;
pub mod refusal;
pub mod secure_url;
pub mod session;
pub mod team;
pub mod time_parse;
pub mod token;

#[cfg(test)]
pub(crate) mod test_support;
