//! The executable: limits, logging, arguments. Everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    keyfob::base::hardening::forbid_dumps();
    keyfob::base::logging::start();
    keyfob::base::panics::end_at_panic(|| ());
    keyfob::cli::run(std::env::args_os())
}
