//! Many accounts: when they are read, and that each keeps its own values.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use keyfob::messages::command::Command;
use keyfob::messages::remembered::Remembered;
use keyfob::messages::snapshot::Snapshot;

use crate::support::engine::{Place, Rig};

/// One more than are read at once.
const MANY: usize = 501;

/// A home with `count` accounts.
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

/// The snapshot shortly after the window could have opened. The reply comes from the database's thread, which
/// works in order.
fn a_moment_later(rig: &mut Rig) -> Arc<Snapshot> {
    rig.handle.prepared();
    rig.ask(Command::Remember(Remembered::default())).unwrap();
    rig.snapshot()
}

#[test]
fn many_accounts_are_read_when_the_window_asks() {
    let place = home_of(MANY);
    // On a busy machine the engine may look at the database by itself first, but not repeatedly.
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
    // A second request doesn't duplicate them.
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

/// The number of their servers.
const SERVERS: usize = 40;

/// Accounts of several servers and teams; many have the same settings.
fn varied() -> String {
    let rows = (0..MANY).map(|number| {
        let (server, team) = (number % SERVERS, number % 7);
        let token = if number.is_multiple_of(3) {
            "tokens = { access_token = \"CANARY\", received_at = \"2026-01-01T00:00:00Z\", \
             expires_at = \"2036-01-01T00:00:00Z\" }\n"
        } else {
            ""
        };
        format!(
            "[[account]]\nname = \"account {number:04}\"\nprovider = \"custom\"\ngrant = \"client_credentials\"\n\
             client_id = \"i\"\nclient_secret = \"s\"\ntags = [\"team {team}\"]\n\
             endpoints = {{ token = \"https://{server}.example/token\" }}\n{token}"
        )
    });
    rows.collect()
}

#[test]
fn many_accounts_are_read_each_with_its_own_settings_and_token() {
    let place = Place::new();
    place.command_line().import(&varied()).unwrap();
    for rig in [place.command_line(), place.window()] {
        let accounts = rig.snapshot().accounts.clone();
        assert_eq!(accounts.len(), MANY);
        for (number, account) in accounts.iter().enumerate() {
            assert_eq!(account.name.as_str(), format!("account {number:04}"));
            assert_eq!(account.provider_name, format!("{}.example", number % SERVERS));
            assert_eq!(account.settings.tags.as_slice(), [format!("team {}", number % 7)]);
            assert_eq!(account.token.is_some(), number.is_multiple_of(3), "{number}");
        }
    }
}
