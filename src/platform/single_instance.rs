//! One window per home: a second start raises the first window.
//!
//! The first window holds a lock and listens on a local socket for each kind of request. A connection of the
//! same user is the whole request: nothing is read from it, so no peer can delay another. If any of this
//! fails, a window opens as if it were the first.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{GenericFilePath, Listener, ListenerOptions, Name, Stream};

/// How long a start waits for the first window in all.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Pause before another attempt.
const PAUSE: Duration = Duration::from_millis(50);
/// The first window's reply to the request.
const REPLY: [u8; 1] = *b"\n";

/// What a later start asks of the first window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Come forward.
    Raise,
    /// Come forward with the palette, to copy a token.
    Pick,
}

/// The sockets of the first window: paths that belong to its lock, in a folder that other users can't open,
/// or the paths of named pipes on Windows.
pub struct Sockets {
    pub raise: PathBuf,
    pub pick: PathBuf,
}

impl Sockets {
    fn of(&self, wish: Wish) -> &Path {
        match wish {
            Wish::Raise => &self.raise,
            Wish::Pick => &self.pick,
        }
    }
}

/// Which window is the first.
pub enum Claim {
    /// This one.
    First(FirstWindow),
    /// Another one, which has taken the wish.
    Taken,
    /// Unknown: this one opens anyway.
    Unknown,
}

/// The first window's lock, held while it lives.
pub struct FirstWindow {
    _lock: File,
    listeners: Vec<(Wish, Listener)>,
}

/// Takes the lock, or asks the window that holds it.
pub fn claim(lock: File, sockets: &Sockets, wish: Wish) -> Claim {
    let end = Instant::now() + TIMEOUT;
    loop {
        match lock.try_lock() {
            Ok(()) => {
                let listen = |wish| {
                    let listener = listen(sockets.of(wish));
                    let warned =
                        listener.map_err(|error| log::warn!("no socket for a second start: {error}"));
                    Some((wish, warned.ok()?))
                };
                let listeners = [Wish::Raise, Wish::Pick].into_iter().filter_map(listen).collect();
                return Claim::First(FirstWindow { _lock: lock, listeners });
            }
            Err(TryLockError::Error(_)) => return Claim::Unknown,
            Err(TryLockError::WouldBlock) => {}
        }
        if is_taken(sockets.of(wish), end) {
            return Claim::Taken;
        }
        // The first window may be about to listen, or to end.
        if Instant::now() + PAUSE >= end {
            return Claim::Unknown;
        }
        thread::sleep(PAUSE);
    }
}

impl FirstWindow {
    /// Serves later starts on a thread for each kind of wish; calls `take` for each.
    pub fn serve(&mut self, take: impl Fn(Wish) + Send + Sync + 'static) {
        let take = Arc::new(take);
        for (wish, listener) in self.listeners.drain(..) {
            let take = Arc::clone(&take);
            let serving = move || answer(listener.incoming(), is_this_user, || take(wish));
            if thread::Builder::new().name("keyfob-instance".to_owned()).spawn(serving).is_err() {
                log::warn!("a second start will open a second window");
            }
        }
    }
}

fn name(socket: &Path) -> io::Result<Name<'_>> {
    socket.to_fs_name::<GenericFilePath>()
}

fn listen(socket: &Path) -> io::Result<Listener> {
    // The lock is ours, so an existing socket is that of a killed process. A socket that is dropped late must
    // not remove the next window's.
    let options = ListenerOptions::new().name(name(socket)?).try_overwrite(true).reclaim_name(false);
    for_this_user(options)?.create_sync()
}

/// Replies to each connection of this user at once.
fn answer(
    connections: impl Iterator<Item = io::Result<Stream>>,
    is_welcome: impl Fn(&Stream) -> bool,
    take: impl Fn(),
) {
    for connection in connections {
        match connection {
            // So short a reply never blocks.
            Ok(stream) if is_welcome(&stream) => {
                if (&stream).write_all(&REPLY).is_ok() {
                    take();
                }
            }
            Ok(_) => log::warn!("another user's program tried to raise the window"),
            // For example without file descriptors.
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

/// Whether the existing window has replied.
fn is_taken(socket: &Path, end: Instant) -> bool {
    let socket = socket.to_owned();
    let (reply, replied) = sync_channel(1);
    // A thread of its own, since a named pipe has no timeouts.
    let asking = move || {
        let asked = || Stream::connect(name(&socket)?)?.read_exact(&mut [0; REPLY.len()]);
        let _ = reply.send(asked().is_ok());
    };
    thread::Builder::new().name("keyfob-raise".to_owned()).spawn(asking).is_ok()
        && replied.recv_timeout(end.saturating_duration_since(Instant::now())).unwrap_or(false)
}

#[cfg(unix)]
fn is_this_user(stream: &Stream) -> bool {
    is_from(stream, rustix::process::geteuid().as_raw())
}

#[cfg(unix)]
fn is_from(stream: &Stream, user: u32) -> bool {
    stream.peer_creds().is_ok_and(|peer| peer.euid() == Some(user))
}

/// Only the owner can connect to the pipe.
#[cfg(windows)]
fn is_this_user(_: &Stream) -> bool {
    true
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "it may fail on Windows")]
fn for_this_user(options: ListenerOptions<'_>) -> io::Result<ListenerOptions<'_>> {
    Ok(options)
}

#[cfg(windows)]
fn for_this_user(options: ListenerOptions<'_>) -> io::Result<ListenerOptions<'_>> {
    use interprocess::os::windows::local_socket::ListenerOptionsExt as _;
    use interprocess::os::windows::security_descriptor::SecurityDescriptor;

    /// Grants all rights to the owner only.
    const OWNER_ALONE: &str = "D:P(A;;GA;;;OW)";
    let text = widestring::U16CString::from_str(OWNER_ALONE).map_err(io::Error::other)?;
    Ok(options.security_descriptor(SecurityDescriptor::deserialize(&text)?))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::{fs, iter};

    use super::*;

    struct Place {
        folder: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap() }
        }

        fn socket(&self) -> PathBuf {
            self.folder.path().join("socket")
        }

        fn sockets(&self) -> Sockets {
            Sockets { raise: self.socket(), pick: self.folder.path().join("pick") }
        }

        fn claim(&self) -> Claim {
            self.claim_for(Wish::Raise)
        }

        fn claim_for(&self, wish: Wish) -> Claim {
            let lock = File::options().create(true).append(true).open(self.folder.path().join("lock"));
            claim(lock.unwrap(), &self.sockets(), wish)
        }

        fn first(&self) -> FirstWindow {
            let Claim::First(first) = self.claim() else { panic!("not the first") };
            first
        }

        fn connect(&self) -> Stream {
            Stream::connect(name(&self.socket()).unwrap()).unwrap()
        }
    }

    fn counter() -> (Arc<AtomicUsize>, impl Fn() + Send + Sync + 'static) {
        let raised = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&raised);
        (raised, move || {
            counted.fetch_add(1, Ordering::SeqCst);
        })
    }

    #[test]
    fn a_second_start_raises_the_first_window() {
        let place = Place::new();
        let mut first = place.first();
        let (raised, raise) = counter();
        first.serve(move |wish| {
            assert_eq!(wish, Wish::Raise);
            raise();
        });
        for count in 1..=2 {
            assert!(matches!(place.claim(), Claim::Taken));
            while raised.load(Ordering::SeqCst) < count {
                thread::yield_now();
            }
        }
        drop(first);
        // A child that another test is starting has a copy of the lock until it runs its program.
        let is_free = || {
            thread::sleep(PAUSE);
            matches!(place.claim(), Claim::First(_))
        };
        assert!((0..100).any(|_| is_free()), "the first window has closed");
    }

    #[test]
    fn a_start_for_a_pick_asks_the_first_window_for_one() {
        let place = Place::new();
        let mut first = place.first();
        let (sender, wished) = sync_channel(2);
        first.serve(move |wish| sender.send(wish).unwrap());
        for wish in [Wish::Pick, Wish::Raise] {
            assert!(matches!(place.claim_for(wish), Claim::Taken));
            assert_eq!(wished.recv_timeout(TIMEOUT).unwrap(), wish);
        }
    }

    #[test]
    fn of_many_starts_at_once_one_is_the_first() {
        let place = Place::new();
        let started: Vec<Claim> = thread::scope(|scope| {
            let start = || {
                let mut claim = place.claim();
                if let Claim::First(first) = &mut claim {
                    first.serve(|_| {});
                }
                claim
            };
            let starts: Vec<_> = iter::repeat_with(|| scope.spawn(start)).take(20).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        let count = |is: fn(&Claim) -> bool| started.iter().filter(|claim| is(claim)).count();
        assert_eq!(count(|claim| matches!(claim, Claim::First(_))), 1);
        assert_eq!(count(|claim| matches!(claim, Claim::Taken)), 19);
    }

    #[test]
    fn a_start_before_the_first_window_listens_waits_for_it() {
        let place = Place::new();
        let mut first = place.first();
        thread::scope(|scope| {
            let second = scope.spawn(|| place.claim());
            thread::sleep(2 * PAUSE);
            assert!(!second.is_finished());
            first.serve(|_| {});
            assert!(matches!(second.join().unwrap(), Claim::Taken));
        });
    }

    #[test]
    fn a_start_while_the_first_window_ends_takes_its_place() {
        let place = Place::new();
        let first = place.first();
        fs::remove_file(place.socket()).unwrap();
        thread::scope(|scope| {
            let second = scope.spawn(|| place.claim());
            thread::sleep(2 * PAUSE);
            drop(first);
            assert!(matches!(second.join().unwrap(), Claim::First(_)));
        });
    }

    #[test]
    fn a_window_that_does_not_reply_is_waited_for_two_seconds() {
        let place = Place::new();
        let _first = place.first();
        let started = Instant::now();
        assert!(matches!(place.claim(), Claim::Unknown), "it opens a window all the same");
        assert!(started.elapsed() < 2 * TIMEOUT, "{:?}", started.elapsed());
    }

    #[test]
    fn the_socket_of_a_killed_process_is_replaced() {
        let place = Place::new();
        // A dropped listener leaves its socket, as a killed process does.
        drop(place.first());
        assert!(place.socket().exists());
        let mut first = place.first();
        first.serve(|_| {});
        assert!(matches!(place.claim(), Claim::Taken));
    }

    #[test]
    fn peers_that_say_nothing_delay_no_other() {
        let place = Place::new();
        let mut first = place.first();
        first.serve(|_| {});
        let _silent: Vec<Stream> = iter::repeat_with(|| place.connect()).take(100).collect();
        let started = Instant::now();
        assert!(matches!(place.claim(), Claim::Taken));
        assert!(started.elapsed() < TIMEOUT, "{:?}", started.elapsed());
    }

    #[test]
    fn f5_another_users_program_cannot_raise_the_window() {
        let place = Place::new();
        let listener = place.first().listeners.remove(0).1;
        let myself = rustix::process::geteuid().as_raw();
        let (raised, raise) = counter();
        let connected = place.connect();
        answer(listener.incoming().take(1), |stream| is_from(stream, myself + 1), &raise);
        assert!((&connected).read_exact(&mut [0]).is_err(), "no reply");
        assert_eq!(raised.load(Ordering::SeqCst), 0);
        let connected = place.connect();
        answer(listener.incoming().take(1), |stream| is_from(stream, myself), &raise);
        (&connected).read_exact(&mut [0]).unwrap();
        assert_eq!(raised.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn connections_that_fail_are_not_tried_all_the_time() {
        let place = Place::new();
        let listener = place.first().listeners.remove(0).1;
        let connected = place.connect();
        let out_of_descriptors = iter::repeat_with(|| Err(io::Error::from_raw_os_error(24))).take(5);
        let started = Instant::now();
        answer(out_of_descriptors.chain(listener.incoming().take(1)), is_this_user, || {});
        assert!(started.elapsed() >= 5 * PAUSE, "{:?}", started.elapsed());
        (&connected).read_exact(&mut [0]).unwrap();
    }
}
