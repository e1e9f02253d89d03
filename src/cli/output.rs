//! The one writer to standard output and standard error.
//!
//! Owns both streams. Invariants: standard output carries data only, whole lines, flushed; words for
//! people go to standard error.

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
/// A silent [`Failure`] where the reader has gone, which it may do at any time; else one in words.
pub(super) fn data(text: &str) -> Result<(), Failure> {
    write(text).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::reader_gone(),
        _ => unwritable(),
    })
}

/// Writes a line of data without which what follows is in vain: a reader that has gone is a failure, too.
///
/// # Errors
/// A [`Failure`] in words.
pub(super) fn needed(text: &str) -> Result<(), Failure> {
    write(text).map_err(|_| unwritable())
}

/// Past the standard library's buffer, which is never wiped, in one piece.
#[cfg(unix)]
fn write(text: &str) -> io::Result<()> {
    use std::os::fd::AsFd as _;
    let out = io::stdout().lock();
    let mut line = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    line.extend_from_slice(text.as_bytes());
    line.push(b'\n');
    File::from(out.as_fd().try_clone_to_owned()?).write_all(&line)
}

/// On Windows only the standard library turns UTF-8 into a console's text.
#[cfg(not(unix))]
fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush())
}

fn unwritable() -> Failure {
    Failure::refused("The output could not be written. Check that its place has room, then try again.")
}

/// Writes a paragraph for people to standard error.
pub(super) fn say(text: &str) {
    // With standard error gone there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Asks on standard error whether something may be done; anything but a plain yes means no.
pub(super) fn agreed(question: &str) -> bool {
    let mut err = io::stderr().lock();
    let _ = write!(err, "{question} [y/N] ").and_then(|()| err.flush());
    let answer = input::yes();
    if answer.is_none() {
        // Nobody ended the line.
        let _ = writeln!(err);
    }
    answer == Some(true)
}
