//! Writes to standard output and standard error.
//!
//! Standard output carries only data, in whole lines, flushed. Messages go to standard error.

#[cfg(unix)]
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};

#[cfg(unix)]
use zeroize::Zeroizing;

use super::failure::Failure;
use super::input;

/// Writes a line of data to standard output.
///
/// # Errors
/// A silent [`Failure`] if the reader has closed it, which it may do at any time; otherwise one with a
/// message.
pub(super) fn data(text: &str) -> Result<(), Failure> {
    write(text).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::reader_gone(),
        _ => unwritable(),
    })
}

/// Writes a line of data that the next step depends on: a closed reader is a failure, too.
///
/// # Errors
/// A [`Failure`] with a message.
pub(super) fn needed(text: &str) -> Result<(), Failure> {
    write(text).map_err(|_| unwritable())
}

/// Bypasses the standard library's buffer, which is never wiped, in one call.
#[cfg(unix)]
fn write(text: &str) -> io::Result<()> {
    use std::os::fd::AsFd as _;
    let out = io::stdout().lock();
    let mut line = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    line.extend_from_slice(text.as_bytes());
    line.push(b'\n');
    File::from(out.as_fd().try_clone_to_owned()?).write_all(&line)
}

/// On Windows only the standard library converts UTF-8 to a console's text.
#[cfg(not(unix))]
fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush())
}

fn unwritable() -> Failure {
    Failure::refused("The output could not be written. Check that its place has room, then try again.")
}

pub(super) fn say(text: &str) {
    // If standard error is closed, there is nowhere to report it.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Asks for confirmation on standard error; anything but yes means no.
pub(super) fn agreed(question: &str) -> bool {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
    let answer = input::yes();
    if answer.is_none() {
        // End of input: the question's line is still open.
        let _ = writeln!(err);
    }
    answer == Some(true)
}
