//! Log lines on standard error if enabled.
//!
//! Invariant: only Keyfob's own lines are written, at any level, since other crates log URLs and headers,
//! which may hold secrets.

use std::str::FromStr as _;

use log::LevelFilter;

/// The variable that enables log lines: `error`, `warn`, `info`, `debug` or `trace`.
pub const LOG_VARIABLE: &str = "KEYFOB_LOG";

/// Starts the logger if [`LOG_VARIABLE`] is set; an unknown level means `info`.
pub fn start() {
    let Some(value) = std::env::var_os(LOG_VARIABLE).filter(|value| !value.is_empty()) else { return };
    let level = value.to_str().and_then(|word| LevelFilter::from_str(word).ok()).unwrap_or(LevelFilter::Info);
    let mut builder = env_logger::Builder::new();
    builder.filter_level(LevelFilter::Off).filter_module(env!("CARGO_CRATE_NAME"), level);
    // A second logger is rejected, and the first one stays.
    let _ = builder.try_init();
}
