//! Looking a name up, without speaking to anybody behind it.
//!
//! Owns those look-ups. Invariant: only a name leaves this machine, and only to its own resolver.

use std::time::Duration;

/// The longest a look-up may take.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(10);

/// Whether a host has an address, as far as this machine knows.
pub async fn has_address(host: &str, port: u16) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let looked_up = tokio::time::timeout(LOOK_UP_TIMEOUT, tokio::net::lookup_host((host, port))).await;
    looked_up.is_ok_and(|found| found.is_ok_and(|mut addresses| addresses.next().is_some()))
}
