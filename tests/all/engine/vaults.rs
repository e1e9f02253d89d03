//! The vaults behind the engine: the passphrase, the choice, the move.

use std::time::Duration;

use keyfob::base::secret::Passphrase;
use keyfob::messages::command::Command;
use keyfob::messages::event::Reply;
use keyfob::messages::problem::{Problem, VaultProblem};
use keyfob::messages::snapshot::{VaultHealth, VaultKind};
use keyfob::store::database::Accounts;
use keyfob::store::vault::passphrase::PassphraseVault;
use keyfob::store::vault::{Vault as _, VaultError};

use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::engine::{Place, Rig};
use crate::support::server::{Response, ScriptedServer};

fn pass(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

/// An environment with a passphrase vault and cheap key derivation.
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
    AccountToml::new("batch", "client_credentials").secret(secret).on(server, &["token"]).to_string()
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
    drop(rig);

    // Another run starts locked, and lists accounts that it can't open.
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
    // It exists now, so it is opened, not created again.
    let again = rig.ask(Command::UnlockVault { passphrase: pass("two"), create: true });
    assert_eq!(again.err(), Some(Problem::Vault(VaultProblem::WrongPassphrase)));
    // Changing the passphrase needs the current one.
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
    // Other preferences don't affect it.
    let preferences = rig.snapshot().preferences.clone();
    rig.ask(Command::SetPreferences(preferences)).unwrap();
    drop(rig);

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

#[test]
fn who_locks_while_the_file_vault_is_opened_finds_it_locked() {
    let place = with_file("p");
    let rig = place.window();
    let mut opening = rig.handle.ask(Command::UnlockVault { passphrase: pass("p"), create: false }).unwrap();
    rig.ask(Command::Lock).unwrap();
    opening.wait().unwrap();
    let snapshot = rig.snapshot();
    assert!(snapshot.locked);
    assert_eq!(snapshot.vault.health, VaultHealth::Locked { exists: true });
    unlock(&rig, "p").unwrap();
    assert!(!rig.snapshot().locked);
}

fn move_to(rig: &Rig, to: VaultKind) -> Result<(usize, Option<VaultProblem>), Problem> {
    match rig.ask(Command::MoveVault { to, passphrase: Some(pass("p")), create: true })? {
        Reply::Moved { records, left_behind } => Ok((records, left_behind)),
        other => panic!("{other:?}"),
    }
}

fn in_file(place: &Place) -> Vec<String> {
    PassphraseVault::open(&place.home(), &pass("p")).map_or(Vec::new(), |mut vault| vault.names().unwrap())
}

#[test]
fn all_secrets_move_and_come_back() {
    let secret = canary();
    let (place, server) = (Place::new(), giving(&secret));
    PassphraseVault::create_with_work_factor(&place.home(), &pass("p"), 1).unwrap();
    let (rig, other) = (place.window(), place.window());
    rig.import(&account(&server, &secret)).unwrap();
    rig.token("batch").unwrap();
    other.wait_until("the other's account", |snapshot| snapshot.accounts.len() == 1);

    let memory = rig.ask(Command::MoveVault { to: VaultKind::Memory, passphrase: None, create: false });
    assert_eq!(memory.err(), Some(Problem::Vault(VaultProblem::NotLasting)));
    let closed = rig.ask(Command::MoveVault { to: VaultKind::File, passphrase: None, create: false });
    assert_eq!(closed.err(), Some(Problem::Vault(VaultProblem::PassphraseNeeded)));
    assert_eq!(rig.snapshot().vault.unfinished_move, None);

    assert_eq!(move_to(&rig, VaultKind::File), Ok((2, None)));
    let vault = rig.snapshot().vault.clone();
    assert_eq!(
        (vault.kind, vault.health, vault.unfinished_move),
        (VaultKind::File, VaultHealth::Ready, None)
    );
    assert_eq!(place.vault.stored_names(), Vec::<String>::new());
    assert_eq!(in_file(&place).len(), 2);
    rig.token("batch").unwrap();
    // Another window sees it and asks for the passphrase.
    other.wait_until("the passphrase", |snapshot| {
        snapshot.vault.health == VaultHealth::Locked { exists: true }
    });
    unlock(&other, "p").unwrap();
    other.token("batch").unwrap();

    assert_eq!(move_to(&rig, VaultKind::Keychain), Ok((2, None)));
    assert_eq!(place.vault.stored_names().len(), 2);
    assert!(!PassphraseVault::exists(&place.home()), "an empty file goes");
    rig.token("batch").unwrap();
    other.wait_until("the way back", |snapshot| snapshot.vault.kind == VaultKind::Keychain);
    other.token("batch").unwrap();
    assert_eq!(move_to(&rig, VaultKind::Keychain), Ok((0, None)), "there is nothing to move");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn f1_a_move_that_is_cut_short_anywhere_loses_nothing_and_can_be_made_again() {
    let secret = canary();
    let server = giving(&secret);
    for to in [VaultKind::Keychain, VaultKind::File] {
        for writes in 0.. {
            let mut place = Place::new();
            PassphraseVault::create_with_work_factor(&place.home(), &pass("p"), 1).unwrap();
            let rig = place.command_line();
            if to == VaultKind::Keychain {
                rig.ask(Command::ChooseVault(VaultKind::File)).unwrap();
                unlock(&rig, "p").unwrap();
            }
            rig.import(&account(&server, &secret)).unwrap();
            rig.token("batch").unwrap();
            // The keychain accepts so many writes and no more, as if the process had died.
            place.vault.fuse_writes(Some((writes, VaultError::Absent)));
            let cut = move_to(&rig, to);
            place.vault.fuse_writes(None);
            if cut == Ok((2, None)) {
                assert!(writes >= 2, "it was cut before each write");
                break;
            }
            drop(rig);

            // Whatever was stored, the chosen vault is complete.
            place.kind = None;
            let rig = place.command_line();
            if rig.snapshot().vault.kind == VaultKind::File {
                unlock(&rig, "p").unwrap();
            }
            assert_eq!(rig.snapshot().vault.unfinished_move, Some(to), "after {writes} writes");
            rig.token("batch").unwrap();
            // The same move, or after every second interruption the reverse one, leaves one copy.
            let end = match (writes % 2, to) {
                (0, _) => to,
                (_, VaultKind::File) => VaultKind::Keychain,
                (_, _) => VaultKind::File,
            };
            let (_, left_behind) = move_to(&rig, end).unwrap();
            assert_eq!(left_behind, None);
            assert_eq!(rig.snapshot().vault.unfinished_move, None);
            rig.token("batch").unwrap();
            let (kept, gone) = match end {
                VaultKind::File => (in_file(&place), place.vault.stored_names()),
                _ => (place.vault.stored_names(), in_file(&place)),
            };
            assert_eq!((kept.len(), gone.len()), (2, 0), "after {writes} writes to {to:?}");
        }
    }
    assert!(server.requests().len() <= 10, "no token was lost: {}", server.requests().len());
}

#[test]
fn f1_a_move_cut_short_after_the_files_key_was_removed_comes_to_its_end() {
    let secret = canary();
    let (place, server) = (Place::new(), giving(&secret));
    PassphraseVault::create_with_work_factor(&place.home(), &pass("p"), 1).unwrap();
    let rig = place.command_line();
    rig.import(&account(&server, &secret)).unwrap();
    assert_eq!(move_to(&rig, VaultKind::File), Ok((1, None)));
    let (path, old_tokens) = (place.home().vault_path(), format!("tokens/{}", rig.id("batch")));
    let sealed = std::fs::read(&path).unwrap();
    // Tokens that an earlier move couldn't delete from its old vault, and that the account no longer has.
    place.vault.plant(&old_tokens, keyfob::base::secret::SecretText::new("x".to_owned()));
    assert_eq!(move_to(&rig, VaultKind::Keychain), Ok((1, None)));
    assert!(!place.vault.stored_names().contains(&old_tokens), "they don't come back");
    drop(rig);

    std::fs::write(&path, sealed).unwrap();
    let mark = [("vault_move".to_owned(), "file>keychain".to_owned())].into();
    Accounts::open(&place.home()).unwrap().set_preferences(&[].into(), &mark).unwrap();
    let rig = place.command_line();
    assert_eq!(rig.snapshot().vault.unfinished_move, Some(VaultKind::Keychain));
    let end = Command::MoveVault { to: VaultKind::Keychain, passphrase: None, create: true };
    let ended = rig.ask(end);
    assert!(matches!(ended, Ok(Reply::Moved { records: 0, left_behind: None })), "{ended:?}");
    assert!(!path.exists() && rig.snapshot().vault.unfinished_move.is_none());
    rig.token("batch").unwrap();
}

#[test]
fn r3_while_secrets_are_moved_nothing_is_renewed() {
    let secret = canary();
    let (place, server) = (Place::new(), giving(&secret));
    let rig = place.window();
    rig.import(&account(&server, &secret)).unwrap();
    let lock = place.home().open_place_lock_file().unwrap();
    lock.lock().unwrap();
    let id = rig.id("batch");
    let mut answers = rig.handle.ask(Command::Refresh(id)).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(answers.try_wait().is_none());
    assert_eq!(server.requests().len(), 0);
    drop(lock);
    answers.wait().unwrap();
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn z2_a_lost_database_is_made_again_from_the_vault() {
    let secret = canary();
    let (place, server) = (Place::new(), giving(&secret));
    let rig = place.command_line();
    rig.import(&account(&server, &secret)).unwrap();
    rig.token("batch").unwrap();
    let id = rig.id("batch");
    drop(rig);
    let database = place.home().database_path();
    std::fs::write(&database, vec![0; 9000]).unwrap();

    let rig = place.command_line();
    let Some(Problem::SetAside(path)) = rig.snapshot().notice.clone() else { panic!("no notice") };
    assert_eq!(std::fs::read(path.as_str()).unwrap(), vec![0; 9000], "it is kept whole");
    assert!(rig.snapshot().accounts.is_empty() && rig.snapshot().problem.is_none());
    // Another account has taken the name, and one record has no account.
    rig.import(&account(&server, &secret)).unwrap();
    place.vault.plant(
        "tokens/00000000000000000000000000000000",
        keyfob::base::secret::SecretText::new("x".to_owned()),
    );
    let Reply::Recovered { added, unreadable, orphans } = rig.ask(Command::RecoverAccounts).unwrap() else {
        panic!("no recovery")
    };
    assert_eq!((added, unreadable, orphans), (vec!["batch (2)".to_owned()], 0, 1));
    rig.wait_until("the account", |snapshot| snapshot.accounts.len() == 2);
    assert_eq!(rig.id("batch (2)"), id);
    rig.token("batch (2)").unwrap();
    assert_eq!(server.requests().len(), 1, "its token came with it");
    assert!(matches!(rig.ask(Command::RemoveOrphans), Ok(Reply::OrphansRemoved(1))));
    assert_eq!(place.vault.stored_names().len(), 3);
}

#[test]
fn f4_a_process_that_missed_a_move_does_nothing_at_the_old_place() {
    let secret = canary();
    let (place, server) = (Place::new(), giving(&secret));
    PassphraseVault::create_with_work_factor(&place.home(), &pass("p"), 1).unwrap();
    let rig = place.command_line();
    rig.import(&account(&server, &secret)).unwrap();
    let other = place.command_line();
    assert_eq!(move_to(&other, VaultKind::File), Ok((1, None)));
    let moved = Some(Problem::Vault(VaultProblem::Moved));
    let id = rig.id("batch");
    for command in [Command::Refresh(id.clone()), Command::Remove(id)] {
        assert_eq!(rig.ask(command).err(), moved);
    }
    assert_eq!(rig.import(&account(&server, &secret).replace("batch", "second")).err(), moved);
    assert_eq!(move_to(&rig, VaultKind::File).err(), moved);
    assert_eq!(server.requests().len(), 0);
    assert!(place.vault.stored_names().is_empty());
    other.token("batch").unwrap();
}
