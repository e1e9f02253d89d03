//! Log lines on standard error, for who asks for them.
//!
//! Owns the one logger. Invariant: only Keyfob's own lines are ever written, at any level: other
//! crates log addresses and headers, which may hold secrets.

use std::str::FromStr as _;

use log::LevelFilter;

/// The variable that asks for log lines: `error`, `warn`, `info`, `debug` or `trace`.
pub const LOG_VARIABLE: &str = "KEYFOB_LOG";

/// Starts the logger if [`LOG_VARIABLE`] is set; a word that is no level means `info`.
pub fn start() {
    let Some(asked) = std::env::var_os(LOG_VARIABLE).filter(|asked| !asked.is_empty()) else { return };
    let level = asked.to_str().and_then(|word| LevelFilter::from_str(word).ok()).unwrap_or(LevelFilter::Info);
    let mut builder = env_logger::Builder::new();
    builder.filter_level(LevelFilter::Off).filter_module(env!("CARGO_CRATE_NAME"), level);
    // A second logger is refused; the first one goes on.
    let _ = builder.try_init();
}
