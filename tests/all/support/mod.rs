//! What the tests stand on.

pub(crate) mod certificates;
pub(crate) mod desktop;
pub(crate) mod engine;
pub(crate) mod raw;
pub(crate) mod server;
pub(crate) mod vault_contract;
pub(crate) mod vendors;
pub(crate) mod wait;

/// A secret that no other test has, to be searched for.
pub(crate) fn canary() -> String {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).unwrap();
    format!("CANARY-{:016x}", u64::from_be_bytes(bytes))
}
