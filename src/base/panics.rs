//! What a panic does: it shows its place, and ends the process.
//!
//! Invariants: none of the values involved is shown; nothing unwinds. Downloads are built without the tables
//! for unwinding, and a debug build behaves alike.

use std::io::Write as _;
use std::panic::{self, PanicHookInfo};
use std::{process, thread};

/// The name of a thread that runs a vault's library. A panic leaves it behind like a call that hangs: the
/// rest of the process holds tokens that no vault has yet.
pub const VAULT_THREAD: &str = "vault";

/// The exit code after a panic, as the standard library has it.
const PANICKED: i32 = 101;

/// Makes a panic on any thread show its place and end the process, after calling `first` on that thread.
///
/// The message is shown only if it is a constant: a formatted one may quote a token, as messages about the
/// bounds of a text do. Replaces what an earlier call set up.
pub fn end_at_panic(first: impl Fn() + Send + Sync + 'static) {
    panic::set_hook(Box::new(move |panicked| {
        // If standard error is closed, nothing can be reported.
        let _ = writeln!(std::io::stderr(), "{}", line(panicked));
        while thread::current().name() == Some(VAULT_THREAD) {
            thread::park();
        }
        first();
        process::exit(PANICKED);
    }));
}

fn line(panicked: &PanicHookInfo<'_>) -> String {
    let place = panicked.location().map_or_else(String::new, |place| format!(" at {place}"));
    let message = panicked.payload().downcast_ref::<&'static str>();
    let message = message.map_or_else(String::new, |message| format!(": {message}"));
    format!("keyfob: internal error{place}{message}")
}
