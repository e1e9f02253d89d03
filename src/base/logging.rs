//! Log lines on standard error if enabled, and panic messages.
//!
//! Invariants: only Keyfob's own lines are written, at any level, since other crates log URLs and headers,
//! which may hold secrets; a panic shows where it happened and none of the values involved.

use std::io::Write as _;
use std::panic::{self, PanicHookInfo};
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

/// Makes a panic show its place, and its message only if that is a constant: a formatted one may quote a
/// token, as messages about the bounds of a text do.
pub fn redact_panics() {
    panic::set_hook(Box::new(|panicked| {
        // If standard error is closed, nothing can be reported.
        let _ = writeln!(std::io::stderr(), "{}", panic_line(panicked));
    }));
}

fn panic_line(panicked: &PanicHookInfo<'_>) -> String {
    let place = panicked.location().map_or_else(String::new, |place| format!(" at {place}"));
    let message = panicked.payload().downcast_ref::<&'static str>();
    let message = message.map_or_else(String::new, |message| format!(": {message}"));
    format!("keyfob: internal error{place}{message}")
}
