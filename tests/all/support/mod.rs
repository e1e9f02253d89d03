//! Shared helpers of the tests.

use std::time::{Duration, Instant};

pub(crate) mod account_toml;
pub(crate) mod certificates;
pub(crate) mod desktop;
pub(crate) mod engine;
pub(crate) mod memory;
pub(crate) mod raw;
pub(crate) mod server;
pub(crate) mod tunnel;
pub(crate) mod vault_contract;
pub(crate) mod vendors;
pub(crate) mod wait;
pub(crate) mod wine;

/// Repeats an action until it takes less than `limit`, three times at most: a busy machine may delay one
/// attempt, a fault delays each.
pub(crate) fn in_time(limit: Duration, mut attempt: impl FnMut()) {
    let mut times = Vec::new();
    while times.len() < 3 {
        let started = Instant::now();
        attempt();
        times.push(started.elapsed());
        if times.last() < Some(&limit) {
            return;
        }
    }
    panic!("{times:?}, and not within {limit:?}");
}

/// A unique secret to search for.
pub(crate) fn canary() -> String {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).unwrap();
    format!("CANARY-{:016x}", u64::from_be_bytes(bytes))
}
