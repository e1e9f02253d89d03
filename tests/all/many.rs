//! Many accounts: when they are read, and that all of them are.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use keyfob::messages::command::Command;
use keyfob::messages::remembered::Remembered;
use keyfob::messages::snapshot::Snapshot;

use crate::support::engine::{Place, Rig};

/// One more than are read at once.
const MANY: usize = 501;

/// A home with so many accounts.
fn home_of(count: usize) -> Place {
    let place = Place::new();
    let rows = (0..count).map(|number| {
        format!(
            "[[account]]\nname = \"account {number:04}\"\nprovider = \"custom\"\ngrant = \"client_credentials\"\n\
             client_id = \"i\"\nclient_secret = \"s\"\n\
             endpoints = {{ token = \"https://{number}.example/token\" }}\n"
        )
    });
    place.command_line().import(&rows.collect::<String>()).unwrap();
    place
}

/// What is known a moment after the window could have opened. The answer comes from the database's thread, which does
/// one thing after another.
fn a_moment_later(rig: &mut Rig) -> Arc<Snapshot> {
    rig.handle.prepared();
    rig.ask(Command::Remember(Remembered::default())).unwrap();
    rig.snapshot()
}

#[test]
fn many_accounts_are_read_when_the_window_asks() {
    let place = home_of(MANY);
    // On a busy machine the engine may come to look at the database by itself first; not time and again.
    let unread = (0..5).find_map(|_| {
        let mut rig = place.window_unread();
        let snapshot = a_moment_later(&mut rig);
        (snapshot.prepared && !snapshot.loaded && snapshot.accounts.is_empty()).then_some(rig)
    });
    let mut rig = unread.expect("the accounts are read before the window asks");
    rig.ask(Command::ReadAccounts).unwrap();
    let snapshot = rig.handle.loaded();
    assert_eq!(snapshot.accounts.len(), MANY);
    assert_eq!(snapshot.accounts[77].provider_name, "77.example");
    // Asked twice, they are there once.
    rig.ask(Command::ReadAccounts).unwrap();
    assert_eq!(rig.snapshot().accounts.len(), MANY);
}

#[test]
fn a_window_that_never_draws_has_its_accounts_all_the_same() {
    let place = home_of(MANY);
    let rig = place.window_unread();
    let patience = Instant::now() + Duration::from_secs(30);
    while !rig.snapshot().loaded {
        assert!(Instant::now() < patience, "nobody has read them");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(rig.snapshot().accounts.len(), MANY);
}

#[test]
fn few_accounts_are_not_waited_for() {
    let place = home_of(MANY - 1);
    let mut rig = place.window_unread();
    let patience = Instant::now() + Duration::from_secs(30);
    while !a_moment_later(&mut rig).loaded {
        assert!(Instant::now() < patience, "nobody has read them");
    }
    assert_eq!(rig.snapshot().accounts.len(), MANY - 1);
}
