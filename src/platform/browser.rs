//! Opens URLs in the system's browser.
//!
//! Invariants: only parsed http and https URLs are opened, each as one argument and never through a shell; a
//! browser's output never reaches Keyfob's.

use std::io;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use thiserror::Error;
use url::Url;

/// How long to watch a launcher for failure; one that still runs has succeeded.
const WATCH: Duration = Duration::from_secs(1);

/// The launchers if `$BROWSER` is empty.
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
const LAUNCHERS: [&str; 5] = ["xdg-open", "gio", "gnome-open", "kde-open", "wslview"];

/// Why no browser was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BrowserError {
    /// The URL is neither http nor https.
    #[error("not a web URL")]
    NotWeb,
    /// There is no browser, or it failed at once.
    #[error("no browser could be opened")]
    NoBrowser,
}

/// Opens URLs.
pub trait Browser: Send + Sync {
    /// Opens a URL. May block for seconds, so not for a runtime's thread. Success means that a launcher
    /// accepted it, not that a page appeared.
    ///
    /// # Errors
    /// [`BrowserError`] if nothing was opened.
    fn open(&self, address: &Url) -> Result<(), BrowserError>;

    /// Returns true if a launcher exists; `None` if it can't be determined without opening a page. May block.
    fn is_there(&self) -> Option<bool> {
        None
    }
}

/// The browser of the system or `$BROWSER`.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemBrowser;

impl Browser for SystemBrowser {
    fn open(&self, address: &Url) -> Result<(), BrowserError> {
        open_with(address, |address| {
            // $BROWSER is the user's explicit choice; the launchers check it last, or not at all on a
            // desktop.
            let named = std::env::var("BROWSER").unwrap_or_default();
            // The launchers' errors quote the URL, so drop them.
            open_with_named(&named, address).or_else(|_| open::that_detached_with_timeout(address, WATCH))
        })
    }

    /// On other systems a browser is part of the system.
    #[cfg(any(target_os = "macos", target_os = "windows"))]
    fn is_there(&self) -> Option<bool> {
        Some(true)
    }

    #[cfg(not(any(target_os = "macos", target_os = "windows")))]
    fn is_there(&self) -> Option<bool> {
        let named = std::env::var("BROWSER").unwrap_or_default();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let programs = named.split(':').filter_map(|entry| entry.split_whitespace().next());
        Some(programs.chain(LAUNCHERS).any(|program| is_program(program, &path)))
    }
}

/// Returns true if a program exists: by its path, or in a folder of `$PATH`.
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
fn is_program(program: &str, path: &std::ffi::OsStr) -> bool {
    let is_file = |path: std::path::PathBuf| path.is_file();
    program.contains('/') && is_file(program.into())
        || std::env::split_paths(path).any(|folder| is_file(folder.join(program)))
}

/// Opens a URL in a program that the user chose: its words, with `%s` for the URL, as in `$BROWSER`. Blocks
/// like [`Browser::open`].
///
/// # Errors
/// [`BrowserError`] if the program didn't start or failed at once.
pub fn open_in(program: &str, address: &Url) -> Result<(), BrowserError> {
    open_with(address, |address| {
        let mut command = command(program, address).ok_or(io::ErrorKind::NotFound)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().and_then(watch)
    })
}

/// Returns true if the user's program exists; `None` if it can't be determined without starting it. May
/// block.
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
pub fn can_open_in(program: &str) -> Option<bool> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Some(program.split_whitespace().next().is_some_and(|program| is_program(program, &path)))
}

/// Other systems find programs in more ways than by path.
#[cfg(any(target_os = "macos", target_os = "windows"))]
pub fn can_open_in(_program: &str) -> Option<bool> {
    None
}

fn open_with(address: &Url, launch: impl FnOnce(&str) -> io::Result<()>) -> Result<(), BrowserError> {
    if !matches!(address.scheme(), "http" | "https") {
        return Err(BrowserError::NotWeb);
    }
    launch(address.as_str()).map_err(|_| BrowserError::NoBrowser)
}

/// Tries the programs of `$BROWSER` in order: a colon-separated list, with `%s` for the URL.
fn open_with_named(named: &str, address: &str) -> io::Result<()> {
    for entry in named.split(':') {
        let Some(mut command) = command(entry, address) else { continue };
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if command.spawn().and_then(watch).is_ok() {
            return Ok(());
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

fn command(entry: &str, address: &str) -> Option<Command> {
    let mut words = entry.split_whitespace();
    let mut command = Command::new(words.next()?);
    let mut is_placed = false;
    for word in words {
        is_placed |= word.contains("%s");
        command.arg(word.replace("%s", address));
    }
    if !is_placed {
        command.arg(address);
    }
    Some(command)
}

/// Returns an error if the program fails while watched; then a thread waits for its end.
fn watch(mut child: Child) -> io::Result<()> {
    let step = Duration::from_millis(20);
    let mut watched = Duration::ZERO;
    while watched < WATCH {
        if let Some(status) = child.try_wait()? {
            return if status.success() { Ok(()) } else { Err(io::ErrorKind::Other.into()) };
        }
        std::thread::sleep(step);
        watched += step;
    }
    let reaper = std::thread::Builder::new().name("keyfob-browser-wait".to_owned());
    reaper.spawn(move || child.wait()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn b1_only_web_addresses_reach_a_launcher() {
        let launched = RefCell::new(Vec::new());
        let open = |text: &str| {
            let address = Url::parse(text).ok()?;
            Some(open_with(&address, |address| {
                launched.borrow_mut().push(address.to_owned());
                Ok(())
            }))
        };
        for refused in
            ["file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "keyfob:x", "mailto:a@b"]
        {
            assert_eq!(open(refused), Some(Err(BrowserError::NotWeb)), "{refused}");
        }
        for no_address in ["--help", "-e x", "& ;\"", "/bin/sh", ""] {
            assert_eq!(open(no_address), None, "{no_address}");
        }
        assert!(launched.borrow().is_empty());

        assert_eq!(open("https://example.com/a?b=& ;\"'`$(x)\n--help"), Some(Ok(())));
        let launched = launched.borrow();
        assert_eq!(launched.len(), 1);
        assert!(launched[0].starts_with("https://example.com/a?b=&%20;%22"), "{}", launched[0]);
        assert!(!launched[0].contains(['"', ' ', '\n', '\'']), "{}", launched[0]);
    }

    #[test]
    fn browser_variable_is_a_list_in_which_percent_s_is_the_address() {
        let line = |entry: &str| {
            let command = command(entry, "https://a.test/?x=1&y=2").unwrap();
            let words = std::iter::once(command.get_program()).chain(command.get_args());
            words.map(|word| word.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(line("firefox"), ["firefox", "https://a.test/?x=1&y=2"]);
        assert_eq!(line("w3m -o u=%s -q"), ["w3m", "-o", "u=https://a.test/?x=1&y=2", "-q"]);
        assert!(command(" ", "https://a.test/").is_none());
    }

    #[test]
    #[cfg(unix)]
    fn a_program_that_fails_gives_way_to_the_next() {
        assert!(open_with_named("/nonexistent/browser:false:true", "https://a.test/").is_ok());
        assert!(open_with_named("/nonexistent/browser:false", "https://a.test/").is_err());
        assert!(open_with_named("", "https://a.test/").is_err());
        assert_eq!(
            [can_open_in("true -q %s"), can_open_in("/nonexistent/browser")],
            [Some(true), Some(false)]
        );
        let address = Url::parse("https://a.test/").unwrap();
        assert_eq!(open_in("true", &address), Ok(()));
        assert_eq!(open_in("/nonexistent/browser", &address), Err(BrowserError::NoBrowser));
        assert_eq!(open_in("true", &Url::parse("file:///etc/passwd").unwrap()), Err(BrowserError::NotWeb));
    }
}
