//! The vaults behind the engine: the passphrase, the choice, the curtain.

use std::time::Duration;

use keyfob::messages::command::{Command, CopyForm};
use keyfob::messages::problem::{Problem, VaultProblem};
use keyfob::messages::snapshot::{VaultHealth, VaultKind};
use keyfob::secret::Passphrase;
use keyfob::store::passphrase::PassphraseVault;

use crate::support::canary;
use crate::support::engine::{Place, Rig};
use crate::support::server::{Response, ScriptedServer};

fn pass(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

/// A place with a file vault that opens fast.
fn with_file(passphrase: &str) -> Place {
    let mut place = Place::new();
    PassphraseVault::create_with_work_factor(&place.home(), &pass(passphrase), 1).unwrap();
    place.kind = Some(VaultKind::File);
    place
}

fn unlock(rig: &Rig, passphrase: &str) -> Result<(), Problem> {
    rig.ask(Command::UnlockVault { passphrase: pass(passphrase), create: false }).map(drop)
}

fn account(server: &ScriptedServer, secret: &str) -> String {
    format!(
        "[[account]]\nname = \"batch\"\nprovider = \"custom\"\ngrant = \"client_credentials\"\n\
         client_id = \"the-client\"\nclient_secret = \"{secret}\"\n[account.endpoints]\ntoken = \"{}\"\n",
        server.url("/token")
    )
}

fn giving(secret: &str) -> ScriptedServer {
    let token = format!("at-0123456789-{secret}");
    ScriptedServer::judging(move |_| {
        Response::json(200, format!(r#"{{"access_token":"{token}","expires_in":3600}}"#))
    })
}

#[test]
fn the_file_vault_asks_for_its_passphrase_and_a_wrong_one_loses_nothing() {
    let secret = canary();
    let (place, server) = (with_file("CANARY-right"), giving(&secret));
    let rig = place.command_line();
    let vault = rig.snapshot().vault.clone();
    assert_eq!((vault.kind, vault.health), (VaultKind::File, VaultHealth::Locked { exists: true }));
    let needed = Some(Problem::Vault(VaultProblem::PassphraseNeeded));
    assert_eq!(rig.import(&account(&server, &secret)).err(), needed);
    assert!(rig.snapshot().accounts.is_empty(), "nothing is half done");

    assert_eq!(unlock(&rig, "CANARY-wrong"), Err(Problem::Vault(VaultProblem::WrongPassphrase)));
    assert_eq!(rig.snapshot().vault.health, VaultHealth::Locked { exists: true });
    unlock(&rig, "CANARY-right").unwrap();
    assert_eq!(rig.snapshot().vault.health, VaultHealth::Ready);
    rig.import(&account(&server, &secret)).unwrap();
    assert!(rig.token("batch").is_ok());
    rig.handle.stop();

    // Another run starts locked, and lists what it can't open.
    let rig = place.command_line();
    assert_eq!(rig.token("batch").err(), needed);
    unlock(&rig, "CANARY-wrong").unwrap_err();
    unlock(&rig, "CANARY-right").unwrap();
    assert!(rig.token("batch").is_ok());
    assert_eq!(server.requests().len(), 1, "the stored token was still good");
    assert!(place.vault.stored_names().is_empty(), "nothing went to the keychain");
    rig.ask(Command::LockVault).unwrap();
    assert_eq!(rig.token("batch").err(), needed);
}

#[test]
fn a_file_vault_is_made_where_there_is_none() {
    let mut place = Place::new();
    place.kind = Some(VaultKind::File);
    let rig = place.command_line();
    assert_eq!(rig.snapshot().vault.health, VaultHealth::Locked { exists: false });
    assert_eq!(unlock(&rig, "one"), Err(Problem::Vault(VaultProblem::PassphraseNeeded)));
    assert_eq!(rig.snapshot().vault.health, VaultHealth::Locked { exists: false });
    rig.ask(Command::UnlockVault { passphrase: pass("one"), create: true }).unwrap();
    assert_eq!(rig.snapshot().vault.health, VaultHealth::Ready);
    // There is one now, so it is opened, not made again.
    let again = rig.ask(Command::UnlockVault { passphrase: pass("two"), create: true });
    assert_eq!(again.err(), Some(Problem::Vault(VaultProblem::WrongPassphrase)));
    // Changing the passphrase takes the present one.
    let change = |old: &str| Command::ChangePassphrase { old: pass(old), new: pass("three") };
    assert_eq!(rig.ask(change("two")).err(), Some(Problem::Vault(VaultProblem::WrongPassphrase)));
    rig.ask(change("one")).unwrap();
    rig.ask(Command::LockVault).unwrap();
    unlock(&rig, "one").unwrap_err();
    unlock(&rig, "three").unwrap();
}

#[test]
fn the_choice_of_a_vault_is_stored_and_one_run_may_differ() {
    let mut place = with_file("p");
    place.kind = None;
    let rig = place.window();
    assert_eq!(rig.snapshot().vault.kind, VaultKind::Keychain);
    rig.ask(Command::ChooseVault(VaultKind::File)).unwrap();
    let vault = rig.snapshot().vault.clone();
    assert_eq!((vault.kind, vault.health), (VaultKind::File, VaultHealth::Locked { exists: true }));
    // Other preferences leave it alone.
    let preferences = rig.snapshot().preferences.clone();
    rig.ask(Command::SetPreferences(preferences)).unwrap();
    rig.handle.stop();

    let rig = place.window();
    assert_eq!(rig.snapshot().vault.kind, VaultKind::File);
    assert_eq!(rig.snapshot().vault.health, VaultHealth::Locked { exists: true });
    place.kind = Some(VaultKind::Keychain);
    let other = place.command_line();
    assert_eq!(other.snapshot().vault.kind, VaultKind::Keychain);
    // Another process's choice is followed.
    place.kind = None;
    other.ask(Command::ChooseVault(VaultKind::Keychain)).unwrap();
    rig.wait_until("the other's choice", |snapshot| snapshot.vault.kind == VaultKind::Keychain);
}

#[test]
fn p2_locking_leaves_no_mask_no_clipboard_and_no_waiting_sign_in() {
    let secret = canary();
    let (place, server) = (Place::new(), giving(&secret));
    let mut rig = place.window();
    rig.import(&account(&server, &secret)).unwrap();
    let id = rig.id("batch");
    rig.handle.send(Command::Copy { account: id.clone(), form: CopyForm::Plain }).unwrap();
    rig.wait_for_event("the copy", |event| matches!(event, keyfob::messages::event::Event::Copied { .. }));
    assert!(rig.board.text().is_some() && rig.view("batch").token.as_ref().unwrap().mask.is_some());
    rig.ask(Command::Lock).unwrap();
    let snapshot = rig.wait_until("the curtain", |snapshot| snapshot.locked && snapshot.clipboard.is_none());
    assert!(snapshot.accounts[0].token.as_ref().unwrap().mask.is_none());
    let started = std::time::Instant::now();
    while rig.board.text().is_some() {
        assert!(started.elapsed() < Duration::from_secs(10), "the clipboard is cleared");
        std::thread::sleep(Duration::from_millis(5));
    }
    for command in [
        Command::Reveal(id.clone()),
        Command::ReadMask(id.clone()),
        Command::Edit(id.clone()),
        Command::Token { account: id.clone(), min_valid: None },
        Command::Remove(id.clone()),
    ] {
        assert_eq!(rig.ask(command).err(), Some(Problem::Locked));
    }
    // Nothing is renewed behind the curtain.
    rig.advance(7200);
    std::thread::sleep(Duration::from_millis(1700));
    assert_eq!(server.requests().len(), 1);
    rig.ask(Command::Unlock).unwrap();
    assert!(!rig.snapshot().locked);
    assert!(rig.token("batch").is_ok());
}

#[test]
fn a_locked_file_vault_opens_with_its_passphrase_alone() {
    let place = with_file("p");
    let rig = place.window();
    unlock(&rig, "p").unwrap();
    rig.ask(Command::Lock).unwrap();
    assert!(rig.snapshot().locked);
    assert_eq!(rig.ask(Command::Unlock).err(), Some(Problem::Vault(VaultProblem::PassphraseNeeded)));
    unlock(&rig, "q").unwrap_err();
    assert!(rig.snapshot().locked);
    unlock(&rig, "p").unwrap();
    assert!(!rig.snapshot().locked);
}
