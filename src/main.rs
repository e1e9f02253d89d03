//! The program: limits, logging, arguments; everything else is the library's.

use std::process::ExitCode;

fn main() -> ExitCode {
    keyfob::base::hardening::forbid_dumps();
    keyfob::base::logging::start();
    keyfob::base::logging::hush_panics();
    keyfob::cli::run(std::env::args_os())
}
