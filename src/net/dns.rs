//! Name resolution without a connection to the host.
//!
//! Invariant: only a name leaves this computer, and only to its own resolver.

use std::time::Duration;

const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns true if this computer can resolve a host to an IP address.
pub async fn has_address(host: &str, port: u16) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let looked_up = tokio::time::timeout(LOOK_UP_TIMEOUT, tokio::net::lookup_host((host, port))).await;
    looked_up.is_ok_and(|found| found.is_ok_and(|mut addresses| addresses.next().is_some()))
}
