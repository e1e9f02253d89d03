//! One window a home: a second start brings the first one forward.
//!
//! Owns the lock that the first window holds, and the door at which later starts knock. Invariants:
//! the door is on loopback, opens to whoever can read a file of this user's, and lets nothing through
//! but the wish to come forward; where anything about it fails, a window opens as if it were the
//! first.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::store::files;
use crate::store::home::Home;

/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the first window answers.
const COMING: &str = "coming";

/// The first window's place; held as long as it lives.
pub(super) struct Instance {
    _lock: File,
    door: Option<(TcpListener, String)>,
}

/// Whose the first window's place is.
pub(super) enum Place {
    /// This start's.
    Ours(Instance),
    /// Another window's, which comes forward.
    Taken,
    /// Nobody knows: this one opens a window all the same.
    Unknown,
}

/// Takes the first window's place, or has the window that is there come forward.
pub(super) fn first(home: &Home, word: [u8; 16]) -> Place {
    if home.create().is_err() {
        return Place::Unknown;
    }
    let Ok(lock) = home.open_window_lock_file() else { return Place::Unknown };
    if lock.try_lock().is_err() {
        return if knock(home) { Place::Taken } else { Place::Unknown };
    }
    Place::Ours(Instance { _lock: lock, door: open_door(home, URL_SAFE_NO_PAD.encode(word)) })
}

fn open_door(home: &Home, word: String) -> Option<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
    let port = listener.local_addr().ok()?.port();
    let path = home.window_door_path();
    let _ = fs::remove_file(&path);
    files::create(&path, format!("{port} {word}\n").as_bytes()).ok()?;
    Some((listener, word))
}

impl Instance {
    /// Answers those who knock, on a thread of its own; `come_forward` is called for each.
    pub(super) fn listen(&mut self, come_forward: Arc<dyn Fn() + Send + Sync>) {
        let Some((listener, word)) = self.door.take() else { return };
        let answering = move || {
            for stream in listener.incoming().flatten() {
                if answer(&stream, &word).is_some() {
                    come_forward();
                }
            }
        };
        if thread::Builder::new().name("keyfob-door".to_owned()).spawn(answering).is_err() {
            log::warn!("a second start will open a second window");
        }
    }
}

/// Whether the caller knows the word; it is told so.
fn answer(mut stream: &TcpStream, word: &str) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let mut line = String::new();
    BufReader::new(stream).take(64).read_line(&mut line).ok()?;
    if !bool::from(line.trim_end().as_bytes().ct_eq(word.as_bytes())) {
        return None;
    }
    stream.write_all(COMING.as_bytes()).ok()
}

/// Whether the window that is there said that it comes.
fn knock(home: &Home) -> bool {
    let knocked = || {
        let mut text = String::new();
        File::open(home.window_door_path()).ok()?.take(64).read_to_string(&mut text).ok()?;
        let (port, word) = text.trim_end().split_once(' ')?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().ok()?));
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.write_all(format!("{word}\n").as_bytes()).ok()?;
        let mut answer = String::new();
        stream.take(64).read_to_string(&mut answer).ok()?;
        (answer == COMING).then_some(())
    };
    knocked().is_some()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn place() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home"));
        (folder, home)
    }

    fn window(home: &Home) -> Instance {
        let Place::Ours(instance) = first(home, [7; 16]) else { panic!("not the first") };
        instance
    }

    #[test]
    fn a_second_start_brings_the_first_window_forward() {
        let (_folder, home) = place();
        let mut first_window = window(&home);
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        first_window.listen(Arc::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        }));
        assert!(matches!(first(&home, [8; 16]), Place::Taken));
        assert!(matches!(first(&home, [9; 16]), Place::Taken));
        drop(first_window);
        // Whoever comes after the first has gone is the first.
        assert!(matches!(first(&home, [1; 16]), Place::Ours(_)));
        while calls.load(Ordering::SeqCst) < 2 {
            thread::yield_now();
        }
    }

    #[test]
    fn who_does_not_know_the_word_is_not_heard() {
        let (_folder, home) = place();
        let mut first_window = window(&home);
        first_window.listen(Arc::new(|| panic!("called by a stranger")));
        let text = fs::read_to_string(home.window_door_path()).unwrap();
        let port: u16 = text.split(' ').next().unwrap().parse().unwrap();
        for word in ["", "wrong", &"x".repeat(10_000)] {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            let _ = stream.write_all(format!("{word}\n").as_bytes());
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer);
            assert_eq!(answer, "", "{word}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn f5_the_door_can_be_read_by_this_user_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, home) = place();
        let _window = window(&home);
        let mode = fs::metadata(home.window_door_path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_window_that_does_not_answer_is_not_waited_for() {
        let (_folder, home) = place();
        let _first = window(&home);
        fs::write(home.window_door_path(), "not a door").unwrap();
        assert!(matches!(first(&home, [8; 16]), Place::Unknown), "it opens a window all the same");
    }
}
