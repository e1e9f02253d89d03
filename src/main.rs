//! The program: limits, logging, arguments; everything else is the library's.

use std::process::ExitCode;

fn main() -> ExitCode {
    keyfob::limits::forbid_dumps();
    keyfob::logging::start();
    keyfob::logging::hush_panics();
    keyfob::cli::run(std::env::args_os())
}
