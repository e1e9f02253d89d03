//! Many programs use one account at once, one of them suspended.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use keyfob::base::secret::Passphrase;
use keyfob::messages::command::Command;
use keyfob::messages::problem::Problem;
use keyfob::messages::snapshot::VaultKind;
use keyfob::store::database::Accounts;
use keyfob::store::vault::VaultError;
use keyfob::store::vault::passphrase::PassphraseVault;
use rustix::process::{Pid, Signal, kill_process};

use super::place::Place;
use super::rotating::{CAR, Rotating};
use crate::support::desktop::Bus;
use crate::support::engine;

const PASSPHRASE: &str = "correct horse battery staple";

/// A signed-in account in a passphrase vault, which a window and command lines can both open.
fn shared<'bus>(bus: &'bus Bus, server: &Rotating) -> (engine::Place, Place<'bus>) {
    let mut room = engine::Place::new();
    room.kind = Some(VaultKind::File);
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    PassphraseVault::create_with_work_factor(&room.home(), &passphrase, 1).unwrap();
    let mut place = Place::on(bus);
    room.home().path().clone_into(&mut place.home);
    let file = place.file("passphrase", PASSPHRASE);
    place.before = ["--vault", "file", "--passphrase-file", &file].map(str::to_owned).into();
    place.run_with(&["import", "-"], &server.accounts()).ok();
    let waiting = place.sign_in(&["sign-in", CAR, "--no-browser"]);
    waiting.come_back(&[("code", "c")]);
    waiting.end().ok();
    (room, place)
}

fn start(place: &Place<'_>, words: &[&str]) -> Child {
    place.command(words).stdin(Stdio::null()).spawn().unwrap()
}

#[test]
fn r2_a_window_and_ten_command_lines_never_spend_a_refresh_token_twice() {
    let (bus, server) = (Bus::start(), Rotating::start());
    let (room, place) = shared(&bus, &server);
    let rig = room.window();
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    rig.ask(Command::UnlockVault { passphrase, create: false }).unwrap();
    for round in 1..=3 {
        let before = server.spent();
        let refresh: &[&str] = &["refresh", CAR];
        // A token that must last longer than any is requested anew.
        let token: &[&str] = &["token", CAR, "--min-valid", "2h"];
        let children: Vec<Child> =
            (0..10).map(|number| start(&place, if number % 2 == 0 { refresh } else { token })).collect();
        let mut window = rig.handle.ask(Command::Refresh(rig.id(CAR))).unwrap();
        for child in children {
            let ended = child.wait_with_output().unwrap();
            assert!(ended.status.success(), "round {round}: {ended:?}");
        }
        window.wait().unwrap();
        assert!(!server.is_revoked(), "round {round}: the family was revoked");
        assert!(server.spent() > before, "round {round}");
    }
    // Everyone has the same token now, and it is still valid.
    let held = place.run(&["token", CAR]).ok();
    assert_eq!(rig.token(CAR).unwrap().access_token.expose(), held.trim_end());
    place.run(&["refresh", CAR]).ok();
    assert!(!server.is_revoked());
}

#[test]
fn r3_a_hung_process_that_holds_the_lock_keeps_others_from_sending_anything() {
    let (bus, server) = (Bus::start(), Rotating::start());
    let (room, place) = shared(&bus, &server);
    let asked = server.asked();
    server.slow_down(Duration::from_secs(2));
    let mut hung = start(&place, &["refresh", CAR]);
    let started = Instant::now();
    while server.asked() == asked {
        assert!(started.elapsed() < Duration::from_secs(20), "it never asked");
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = Pid::from_raw(i32::try_from(hung.id()).unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    server.slow_down(Duration::ZERO);
    let rows = Accounts::open(&room.home()).unwrap().load().unwrap().accounts;
    let car = rows.iter().find(|row| row.account.name.as_str() == CAR).unwrap();
    let lock = room.home().open_lock_file(&car.account.id).unwrap();
    assert!(lock.try_lock().is_err(), "the hung one holds the lock");

    let sent = server.asked();
    for words in [&["refresh", CAR][..], &["token", CAR, "--min-valid", "2h"], &["remove", CAR, "--yes"]] {
        let mut command = place.command(words);
        let ended = command.env("KEYFOB_PATIENCE_MS", "700").stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!((ended.status.code(), ended.stdout.len()), (Some(1), 0), "{words:?}: {said}");
        assert!(said.contains("Another Keyfob") && said.contains("close it"), "{words:?}: {said}");
    }
    assert_eq!(server.asked(), sent, "nothing was sent");

    // The suspended program continues, and its token is kept.
    kill_process(pid, Signal::CONT).unwrap();
    assert!(hung.wait().unwrap().success());
    place.run(&["refresh", CAR]).ok();
    assert!(!server.is_revoked());
}

#[test]
fn r8_a_command_line_offers_its_token_again_until_the_vault_takes_it() {
    let (bus, server) = (Bus::start(), Rotating::start());
    let (_room, place) = shared(&bus, &server);
    // Blocks writes beside the secrets file.
    let obstacle = place.home.join("vault.age.new");
    std::fs::create_dir(&obstacle).unwrap();
    std::fs::write(obstacle.join("full"), "").unwrap();
    let mut refused = place.command(&["refresh", CAR]);
    let child = refused.stdin(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    while server.spent() == 0 {
        assert!(started.elapsed() < Duration::from_secs(20), "it never asked");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(700));
    std::fs::remove_dir_all(&obstacle).unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{said}");
    assert!(said.contains("not saved yet") && said.contains("It is saved now"), "{said}");
    place.run(&["refresh", CAR]).ok();
    assert!(!server.is_revoked());

    // A token that couldn't be saved in time is reported as lost, after it was printed.
    std::fs::create_dir(&obstacle).unwrap();
    std::fs::write(obstacle.join("full"), "").unwrap();
    let mut refused = place.command(&["token", CAR, "--min-valid", "2h"]);
    let ended = refused.env("KEYFOB_PATIENCE_MS", "700").stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success() && ended.stdout.starts_with(b"at-"), "{said}");
    assert!(said.contains("so it is lost"), "{said}");
    std::fs::remove_dir_all(&obstacle).unwrap();
}

#[test]
fn r10_an_unsaved_token_keeps_its_account_locked_all_the_time() {
    let (bus, server) = (Bus::start(), Rotating::start());
    let (room, place) = shared(&bus, &server);
    let rig = room.window();
    let passphrase = Passphrase::new(PASSPHRASE.to_owned());
    rig.ask(Command::UnlockVault { passphrase, create: false }).unwrap();
    // Blocks writes beside the secrets file and into the other vault.
    let obstacle = place.home.join("vault.age.new");
    std::fs::create_dir(&obstacle).unwrap();
    std::fs::write(obstacle.join("full"), "").unwrap();
    room.vault.fail_all(Some(VaultError::Denied));
    let _ = rig.ask(Command::Refresh(rig.id(CAR)));
    rig.wait_until("a token that is not saved", |snapshot| {
        snapshot.accounts.iter().any(|view| matches!(view.problem, Some(Problem::NotSaved(_))))
    });

    // One program waits for the account from here on; others try during and after each command.
    let sent = server.asked();
    let mut waiting = start(&place, &["refresh", CAR]);
    let refused = |when: &str| {
        let mut command = place.command(&["token", CAR, "--min-valid", "2h"]);
        let ended = command.env("KEYFOB_PATIENCE_MS", "300").stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!((ended.status.code(), ended.stdout.len()), (Some(1), 0), "{when}: {said}");
        assert!(said.contains("Another Keyfob"), "{when}: {said}");
    };
    let move_on = || Command::MoveVault { to: VaultKind::Keychain, passphrase: None, create: false };
    for (what, command) in
        [("move", move_on()), ("recover", Command::RecoverAccounts), ("orphans", Command::RemoveOrphans)]
    {
        let mut answers = rig.handle.ask(command).unwrap();
        refused(what);
        assert_eq!(answers.wait().is_err(), what == "move", "{what}: the other vault takes nothing");
        refused(&format!("after {what}"));
    }
    // The same while the move waits for the other vault.
    room.vault.fail_all(None);
    room.vault.pause();
    let mut answers = rig.handle.ask(move_on()).unwrap();
    refused("a move that waits");
    assert!(answers.wait().is_err());
    room.vault.resume();
    assert!(waiting.try_wait().unwrap().is_none(), "the first one waits still");
    assert_eq!(server.asked(), sent, "the old token was not sent again");

    // The vault finally accepts it, and the account is free.
    std::fs::remove_dir_all(&obstacle).unwrap();
    rig.advance(10);
    rig.wait_until("a saved token", |snapshot| {
        snapshot.accounts.iter().all(|view| view.token.as_ref().is_none_or(|token| token.saved))
    });
    let ended = waiting.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    place.run(&["refresh", CAR]).ok();
    assert!(!server.is_revoked());
}
