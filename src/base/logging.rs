//! Log lines on standard error, for who asks for them, and what a panic says there.
//!
//! Owns the one logger. Invariants: only Keyfob's own lines are ever written, at any level: other
//! crates log addresses and headers, which may hold secrets; a panic says where it happened and
//! nothing of the values that it is about.

use std::io::Write as _;
use std::panic::{self, PanicHookInfo};
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

/// Has a panic say its place, and its message only where that is a constant: one that was put together may
/// quote a token, as those about the bounds of a text do.
pub fn hush_panics() {
    panic::set_hook(Box::new(|panicked| {
        // With standard error gone there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "{}", told(panicked));
    }));
}

fn told(panicked: &PanicHookInfo<'_>) -> String {
    let place = panicked.location().map_or_else(String::new, |place| format!(" at {place}"));
    let message = panicked.payload().downcast_ref::<&'static str>();
    let message = message.map_or_else(String::new, |message| format!(": {message}"));
    format!("keyfob: internal error{place}{message}")
}
