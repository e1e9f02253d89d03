//! The network: the HTTP client, the redirect listener, loopback HTTP servers, and name resolution.
//!
//! Invariant: the app listens only on loopback, and sends nothing secret in the clear to another computer.

pub mod api_client;
pub mod api_proxy;
pub mod dns;
pub mod error_kind;
pub mod http_client;
pub mod http_server;
pub mod redirect_listener;
