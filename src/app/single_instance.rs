//! One window per home: a second start raises the first window.
//!
//! The first window holds a lock and listens on loopback. A caller must know a word from a file that only
//! this user can read, and can only raise the window. If any of this fails, a window opens as if it were the
//! first.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::store::home::Home;
use crate::store::private_files;

/// The total time that either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest message of either side, in bytes.
const LINE_MAX_BYTES: usize = 64;
/// The most callers at once; one more drops the oldest.
const HEARD_MAX: usize = 16;
/// Pause after a failed accept, for example without file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

const COMING: &str = "coming";

/// The first window's lock; held while it lives.
pub(super) struct Instance {
    _lock: File,
    door: Option<(TcpListener, String)>,
}

/// Which window is the first.
pub(super) enum Place {
    /// This one.
    Ours(Instance),
    /// Another one, which is raised.
    Taken,
    /// Unknown: this one opens anyway.
    Unknown,
}

/// Takes the lock or raises the window that holds it.
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
    private_files::create(&path, format!("{port} {word}\n").as_bytes()).ok()?;
    Some((listener, word))
}

impl Instance {
    /// Serves callers on a thread; calls `come_forward` for each.
    pub(super) fn listen(&mut self, come_forward: Arc<dyn Fn() + Send + Sync>) {
        let Some((listener, word)) = self.door.take() else { return };
        let answering = move || hear(listener.incoming(), &Arc::from(word), &come_forward);
        if thread::Builder::new().name("keyfob-door".to_owned()).spawn(answering).is_err() {
            log::warn!("a second start will open a second window");
        }
    }
}

/// Serves each caller on a thread of its own, so that a silent one delays no other.
fn hear(
    knocking: impl Iterator<Item = io::Result<TcpStream>>,
    word: &Arc<str>,
    come_forward: &Arc<dyn Fn() + Send + Sync>,
) {
    let mut heard: VecDeque<Weak<TcpStream>> = VecDeque::new();
    for stream in knocking {
        let Ok(stream) = stream.map(Arc::new) else {
            thread::sleep(PAUSE);
            continue;
        };
        heard.retain(|known| known.strong_count() > 0);
        if heard.len() >= HEARD_MAX
            && let Some(oldest) = heard.pop_front().and_then(|oldest| oldest.upgrade())
        {
            let _ = oldest.shutdown(Shutdown::Both);
        }
        heard.push_back(Arc::downgrade(&stream));
        let (word, come_forward) = (Arc::clone(word), Arc::clone(come_forward));
        let answering = move || {
            if answer(&stream, &word).is_some() {
                come_forward();
            }
        };
        if thread::Builder::new().name("keyfob-knock".to_owned()).spawn(answering).is_err() {
            thread::sleep(PAUSE);
        }
    }
}

/// Checks the caller's word and replies.
fn answer(mut stream: &TcpStream, word: &str) -> Option<()> {
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let line = line_from(stream)?;
    if !bool::from(line.trim_end().as_bytes().ct_eq(word.as_bytes())) {
        return None;
    }
    stream.write_all(COMING.as_bytes()).ok()
}

/// Reads a line, or up to the end of the stream; `None` if that takes longer than [`PATIENCE`].
fn line_from(mut stream: &TcpStream) -> Option<String> {
    let end = Instant::now() + PATIENCE;
    let mut line = Vec::new();
    while line.len() < LINE_MAX_BYTES && !line.contains(&b'\n') {
        let left = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        stream.set_read_timeout(Some(left)).ok()?;
        let mut part = [0; LINE_MAX_BYTES];
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(bytes) => line.extend_from_slice(&part[..bytes]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    String::from_utf8(line).ok()
}

/// Whether the existing window replied that it raises itself.
fn knock(home: &Home) -> bool {
    let knocked = || {
        let mut text = String::new();
        File::open(home.window_door_path()).ok()?.take(64).read_to_string(&mut text).ok()?;
        let (port, word) = text.trim_end().split_once(' ')?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().ok()?));
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
        stream.set_write_timeout(Some(PATIENCE)).ok()?;
        stream.write_all(format!("{word}\n").as_bytes()).ok()?;
        (line_from(&stream)? == COMING).then_some(())
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
        // The next start after the first window has closed is the first again.
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

    fn port_of(home: &Home) -> u16 {
        let text = fs::read_to_string(home.window_door_path()).unwrap();
        text.split(' ').next().unwrap().parse().unwrap()
    }

    #[test]
    fn peers_that_say_nothing_do_not_block_the_door() {
        let (_folder, home) = place();
        let mut first_window = window(&home);
        first_window.listen(Arc::new(|| {}));
        let port = port_of(&home);
        let idle = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let mut silent: Vec<TcpStream> = (0..3 * HEARD_MAX).map(|_| idle()).collect();
        assert!(matches!(first(&home, [8; 16]), Place::Taken), "one after the other, they'd take minutes");
        // The oldest was dropped for the newest.
        silent[0].set_read_timeout(Some(PATIENCE)).unwrap();
        assert!(matches!(silent[0].read(&mut [0]), Ok(0)));
    }

    #[test]
    fn a_peer_that_drips_is_given_two_seconds_in_all() {
        let (_folder, home) = place();
        let mut first_window = window(&home);
        first_window.listen(Arc::new(|| panic!("called by a stranger")));
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port_of(&home))).unwrap();
        let started = Instant::now();
        stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        let is_over = (0..LINE_MAX_BYTES - 1).any(|_| {
            let written = (&stream).write_all(b"x");
            let read = (&stream).read(&mut [0]);
            written.is_err() || read.is_ok()
        });
        assert!(is_over && started.elapsed() < 3 * PATIENCE, "{:?}", started.elapsed());
    }

    #[test]
    fn a_door_that_the_system_cannot_open_is_not_tried_all_the_time() {
        let (_folder, home) = place();
        let mut first_window = window(&home);
        let (listener, word) = first_window.door.take().unwrap();
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let come_forward: Arc<dyn Fn() + Send + Sync> = Arc::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let out_of_descriptors = || Err(io::Error::from_raw_os_error(24));
        let knocking = (0..5).map(|_| out_of_descriptors()).chain(listener.incoming().take(1));
        let started = Instant::now();
        thread::scope(|scope| {
            let knocks = scope.spawn(|| knock(&home));
            hear(knocking, &Arc::from(word), &come_forward);
            assert!(started.elapsed() >= 5 * PAUSE, "{:?}", started.elapsed());
            assert!(knocks.join().unwrap(), "it is heard once there are descriptors again");
        });
        while calls.load(Ordering::SeqCst) < 1 {
            thread::yield_now();
        }
    }
}
