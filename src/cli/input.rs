//! Standard input: pasted URLs, answers, files.
//!
//! Reads are bounded, and buffers are wiped after use. A wait for something else never blocks on standard
//! input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::thread;

use zeroize::Zeroizing;

use crate::base::secret::{Passphrase, PastedReturn};

/// The longest line, in bytes; the rest of a longer one is dropped.
const LINE_MAX_BYTES: usize = 64 * 1024 + 1;

#[derive(Debug)]
pub(super) enum ReadError {
    Io(io::Error),
    TooLarge,
    /// It is not UTF-8. The line of the first wrong byte, counted from 1.
    NotText {
        line: usize,
    },
}

/// Reads a file, or standard input for `-`, of at most `limit_bytes`.
pub(super) fn read(path: &Path, limit_bytes: usize) -> Result<Zeroizing<Vec<u8>>, ReadError> {
    let (mut source, expected): (Box<dyn Read>, usize) = if path == Path::new("-") {
        (Box::new(standard_input().map_err(ReadError::Io)?), limit_bytes)
    } else {
        let file = File::open(path).map_err(ReadError::Io)?;
        let found = file.metadata().map_err(ReadError::Io)?;
        let length = usize::try_from(found.len()).unwrap_or(usize::MAX);
        (Box::new(file), if found.is_file() { length.min(limit_bytes) } else { limit_bytes })
    };
    // Allocated at once: a growing buffer leaves copies of secrets in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected + 64));
    let limit = u64::try_from(limit_bytes).unwrap_or(u64::MAX);
    source.by_ref().take(limit + 1).read_to_end(&mut bytes).map_err(ReadError::Io)?;
    if bytes.len() > limit_bytes {
        return Err(ReadError::TooLarge);
    }
    Ok(bytes)
}

pub(super) fn text_of(mut bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>, ReadError> {
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let bytes = Zeroizing::new(error.into_bytes());
            let line = bytes[..valid].split(|byte| *byte == b'\n').count();
            Err(ReadError::NotText { line })
        }
    }
}

pub(super) struct FirstLine {
    /// The line without its line break.
    pub(super) text: Passphrase,
    /// Whether other users of this computer may read the file.
    pub(super) is_open_to_others: bool,
}

/// Reads the first line of a file; `fd:3` is an inherited descriptor. Doesn't wait for the rest.
pub(super) fn first_line(path: &Path) -> io::Result<FirstLine> {
    let descriptor = path.to_str().and_then(|text| text.strip_prefix("fd:"));
    let file = match descriptor {
        Some(number) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            File::open(Path::new("/dev/fd").join(number))?
        }
        _ => File::open(path)?,
    };
    let is_open_to_others = is_open_to_others(&file);
    let mut first = Zeroizing::new(Vec::with_capacity(LINE_MAX_BYTES));
    #[expect(clippy::unbuffered_bytes, reason = "of a descriptor nothing is taken that is not ours")]
    for byte in file.bytes() {
        match byte? {
            b'\n' => break,
            _ if first.len() + 1 == LINE_MAX_BYTES => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its first line is too long"));
            }
            byte => first.push(byte),
        }
    }
    if first.last() == Some(&b'\r') {
        first.pop();
    }
    match std::str::from_utf8(&first) {
        Ok(text) => Ok(FirstLine { text: Passphrase::new(text.to_owned()), is_open_to_others }),
        Err(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "its first line is not UTF-8 text")),
    }
}

/// A pipe's or terminal's mode says nothing.
#[cfg(unix)]
fn is_open_to_others(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o077 != 0)
}

/// Not checked on this system.
#[cfg(not(unix))]
fn is_open_to_others(_: &File) -> bool {
    false
}

/// Whether the next line says yes; `None` without a line.
pub(super) fn yes() -> Option<bool> {
    let input = standard_input().ok()?;
    let mut answer = None;
    each_line(input, |line| {
        answer = Some(matches!(line.expose().trim().to_lowercase().as_str(), "y" | "yes"));
        false
    });
    answer
}

/// Passes each line to `take`, on a thread, until that returns false or the input ends.
pub(super) fn listen(take: impl FnMut(PastedReturn) -> bool + Send + 'static) {
    let reader = thread::Builder::new().name("stdin".to_owned());
    // Without the thread nothing can be pasted; the listener still works.
    let _ = reader.spawn(move || {
        if let Ok(input) = standard_input() {
            each_line(input, take);
        }
    });
}

fn each_line(mut input: impl Read, mut take: impl FnMut(PastedReturn) -> bool) {
    let mut part = Zeroizing::new([0_u8; 4096]);
    let mut line = Zeroizing::new(Vec::with_capacity(LINE_MAX_BYTES));
    loop {
        let length = match input.read(part.as_mut_slice()) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => 0,
        };
        if length == 0 {
            if !line.is_empty() {
                take(text(&line));
            }
            return;
        }
        for byte in &part[..length] {
            if *byte == b'\n' {
                let whole = text(&line);
                line.clear();
                if !take(whole) {
                    return;
                }
            } else if line.len() < LINE_MAX_BYTES {
                line.push(*byte);
            }
        }
    }
}

fn text(line: &[u8]) -> PastedReturn {
    PastedReturn::new(String::from_utf8_lossy(line).into_owned())
}

/// Bypasses the standard library's buffer, which is never wiped.
#[cfg(unix)]
fn standard_input() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// On Windows only the standard library converts a console's text to UTF-8.
#[cfg(not(unix))]
fn standard_input() -> io::Result<io::Stdin> {
    Ok(io::stdin())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        each_line(input, |line| {
            lines.push(line.expose().to_owned());
            true
        });
        lines
    }

    #[test]
    fn lines_come_one_by_one_and_the_last_needs_no_end() {
        assert_eq!(lines(b"a\n\nb\r\nc"), ["a", "", "b\r", "c"]);
        assert_eq!(lines(b""), Vec::<String>::new());
        assert_eq!(lines(&vec![b'x'; 200_000])[0].len(), LINE_MAX_BYTES);
    }

    #[test]
    fn a_passphrase_is_the_first_line_without_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p");
        for (bytes, passphrase) in
            [("a b \nsecond", "a b "), ("ü\r\n", "ü"), ("no end", "no end"), ("\nx", ""), ("", "")]
        {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(first_line(&path).unwrap().text.expose(), passphrase);
        }
        std::fs::write(&path, b"\xff\n").unwrap();
        assert!(first_line(&path).is_err());
        std::fs::write(&path, vec![b'x'; LINE_MAX_BYTES]).unwrap();
        assert!(first_line(&path).is_err());
    }

    #[test]
    fn a_file_is_bounded_and_must_be_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let read_of = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            read(&path, 10).and_then(text_of)
        };
        assert_eq!(read_of("äöü 1234".as_bytes()).err().map(|_| ()), Some(()));
        assert_eq!(read_of(b"0123456789").unwrap().as_str(), "0123456789");
        assert!(matches!(read_of(b"a\nb\n\xff"), Err(ReadError::NotText { line: 3 })));
        assert!(matches!(read(&folder.path().join("none"), 10), Err(ReadError::Io(_))));
    }
}
