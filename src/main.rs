//! The program: limits, logging, arguments; everything else is the library's.

use std::process::ExitCode;

use keyfob::cli::{self, Start};

fn main() -> ExitCode {
    keyfob::limits::forbid_core_files();
    keyfob::logging::start();
    match cli::run(std::env::args_os()) {
        Start::Done(code) => code,
        Start::Window { .. } => ExitCode::FAILURE,
    }
}
