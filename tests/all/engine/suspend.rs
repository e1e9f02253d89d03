//! Keyfob locks before the system suspends, if logind announces it.

use std::io::{PipeReader, Read as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use keyfob::messages::command::Command;
use keyfob::platform::suspend::SystemSleep;
use zbus::blocking::{Connection, connection};
use zbus::zvariant;

use crate::support::desktop::Bus;
use crate::support::engine::Place;

const PATIENCE: Duration = Duration::from_secs(20);

/// Plays logind: hands out inhibitor locks.
struct Manager {
    held: SyncSender<(Vec<String>, PipeReader)>,
}

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn inhibit(&self, what: String, who: String, why: String, mode: String) -> zvariant::OwnedFd {
        let (ours, theirs) = std::io::pipe().unwrap();
        self.held.send((vec![what, who, why, mode], ours)).unwrap();
        zvariant::OwnedFd::from(std::os::fd::OwnedFd::from(theirs))
    }
}

struct Logind {
    connection: Connection,
    held: Receiver<(Vec<String>, PipeReader)>,
}

impl Logind {
    fn on(bus: &Bus) -> Self {
        let (tell, held) = sync_channel(4);
        let connection = connection::Builder::address(bus.address().as_str()).unwrap();
        let connection = connection.serve_at("/org/freedesktop/login1", Manager { held: tell }).unwrap();
        let connection = connection.name("org.freedesktop.login1").unwrap().build().unwrap();
        Self { connection, held }
    }

    fn wait_for_hold(&self) -> PipeReader {
        let (asked, held) = self.held.recv_timeout(PATIENCE).expect("somebody who holds the sleep back");
        assert_eq!((asked[0].as_str(), asked[1].as_str(), asked[3].as_str()), ("sleep", "Keyfob", "delay"));
        held
    }

    fn says_sleep(&self, begins: bool) {
        let interface = "org.freedesktop.login1.Manager";
        let path = "/org/freedesktop/login1";
        self.connection.emit_signal(None::<&str>, path, interface, "PrepareForSleep", &(begins,)).unwrap();
    }
}

fn is_let_go(mut held: PipeReader) -> bool {
    let (tell, done) = sync_channel(1);
    let read = std::thread::Builder::new().name("held".to_owned()).spawn(move || {
        let _ = tell.send(held.read(&mut [0]).is_ok_and(|bytes| bytes == 0));
    });
    read.unwrap();
    done.recv_timeout(PATIENCE).unwrap_or(false)
}

fn sleeping_on(address: String) -> Place {
    let mut place = Place::new();
    place.sleep = Arc::new(SystemSleep { bus: Some(address) });
    place
}

#[test]
fn the_system_sleeps_only_once_keyfob_is_locked_each_time() {
    let bus = Bus::start();
    let logind = Logind::on(&bus);
    let place = sleeping_on(bus.address());
    let rig = place.window();
    for _ in 0..2 {
        let held = logind.wait_for_hold();
        assert!(!rig.snapshot().locked);
        logind.says_sleep(true);
        assert!(is_let_go(held));
        assert!(rig.snapshot().locked, "locked before the system sleeps");
        logind.says_sleep(false);
        rig.ask(Command::Unlock).unwrap();
    }
    // The watcher doesn't keep the engine from shutting down.
    let held = logind.wait_for_hold();
    drop(rig);
    logind.says_sleep(true);
    assert!(is_let_go(held));
}

#[test]
fn without_a_system_bus_or_logind_nothing_fails() {
    let bus = Bus::start();
    let nowhere = format!("unix:path={}", bus.path("nowhere").display());
    for address in [bus.address(), nowhere, "no address".to_owned()] {
        let rig = sleeping_on(address).window();
        rig.ask(Command::TryVault).unwrap();
        assert!(!rig.snapshot().locked);
        drop(rig);
    }
    // A logind that starts later, or grants no inhibitor lock, is still heard.
    let place = sleeping_on(bus.address());
    let rig = place.window();
    let connection = connection::Builder::address(bus.address().as_str()).unwrap();
    let connection = connection.name("org.freedesktop.login1").unwrap().build().unwrap();
    let later = Logind { connection, held: sync_channel(1).1 };
    let is_locked = || {
        later.says_sleep(true);
        rig.snapshot().locked.then_some(())
    };
    crate::support::desktop::wait_until(PATIENCE, "the curtain", is_locked);
}

#[test]
fn a_command_line_watches_no_sleep() {
    let bus = Bus::start();
    let logind = Logind::on(&bus);
    let rig = sleeping_on(bus.address()).command_line();
    rig.ask(Command::TryVault).unwrap();
    assert!(logind.held.recv_timeout(Duration::from_millis(500)).is_err());
    drop(rig);
}
