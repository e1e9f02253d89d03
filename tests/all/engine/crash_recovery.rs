//! Unfinished or running work while something else begins: nothing is lost or left over.

use std::time::Duration;

use keyfob::base::secret::Passphrase;
use keyfob::messages::command::Command;
use keyfob::messages::event::{Event, Reply};
use keyfob::messages::problem::{ArchiveProblem, Problem, UntrustedText, VaultProblem};
use keyfob::messages::snapshot::VaultKind;
use keyfob::store::database::{Accounts, RowState};
use keyfob::store::vault::passphrase::PassphraseVault;
use keyfob::store::vault::{Vault as _, VaultError};

use crate::support::account_toml::AccountToml;
use crate::support::engine::{Place, Rig};
use crate::support::server::{Response, ScriptedServer};

fn account(server: &ScriptedServer) -> String {
    AccountToml::new("car", "authorization_code")
        .secret("a-secret")
        .on(server, &["authorize", "token"])
        .to_string()
}

fn answer(number: usize) -> Response {
    let tokens = format!(r#""access_token":"at-{number}","refresh_token":"rt-{number}""#);
    Response::json(200, format!(r#"{{{tokens},"expires_in":3600}}"#))
}

fn pass() -> Passphrase {
    Passphrase::new("p".to_owned())
}

fn unlock(rig: &Rig) {
    rig.ask(Command::UnlockVault { passphrase: pass(), create: false }).unwrap();
}

/// An environment whose chosen vault is the passphrase file.
fn with_file() -> Place {
    let mut place = Place::new();
    PassphraseVault::create_with_work_factor(&place.home(), &pass(), 1).unwrap();
    place.kind = Some(VaultKind::File);
    place
}

fn state(place: &Place) -> Option<RowState> {
    Accounts::open(&place.home()).unwrap().load().unwrap().accounts.first().map(|row| row.state)
}

#[test]
fn f4_a_deletion_that_was_undone_meanwhile_is_not_finished() {
    let (server, place) = (ScriptedServer::start(), with_file());
    let rig = place.window();
    unlock(&rig);
    rig.import(&account(&server)).unwrap();
    let id = rig.id("car");
    rig.ask(Command::Delete(id.clone())).unwrap();
    assert_eq!(state(&place), Some(RowState::Deleting));
    // Another window sees the unfinished account and can't open the file yet.
    let other = place.window();
    rig.ask(Command::UndoDelete(id.clone())).unwrap();
    unlock(&other);
    other.ask(Command::Settle).unwrap();
    assert_eq!(state(&place), Some(RowState::Ready));
    other.wait_until("the account", |snapshot| snapshot.accounts.len() == 1);
    other.ask(Command::Edit(id)).unwrap();
}

#[test]
fn f4_a_deletion_can_be_undone_although_another_process_had_the_lock() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.window();
    rig.import(&account(&server)).unwrap();
    let id = rig.id("car");
    let lock = place.home().open_lock_file(&id).unwrap();
    lock.lock().unwrap();
    rig.ask(Command::Delete(id.clone())).unwrap();
    drop(lock);
    // A command that starts now would finish the unfinished account.
    let other = place.command_line();
    other.ask(Command::Settle).unwrap();
    drop(other);
    rig.wait_until("the way back", |snapshot| snapshot.undo.len() == 1);
    rig.ask(Command::UndoDelete(id.clone())).unwrap();
    rig.ask(Command::Edit(id.clone())).unwrap();
    // Without an undo, it is deleted on time.
    rig.ask(Command::Delete(id)).unwrap();
    rig.advance(11);
    rig.wait_until("its end", |snapshot| snapshot.undo.is_empty());
    assert_eq!((state(&place), place.vault.stored_names().len()), (None, 0));
}

#[test]
fn z1_what_a_locked_vault_kept_half_done_is_finished_once_it_answers() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    rig.import(&account(&server)).unwrap();
    let id = rig.id("car");
    drop(rig);
    Accounts::open(&place.home()).unwrap().mark_deleting(&id).unwrap();
    place.vault.fail_all(Some(VaultError::Locked));
    let rig = place.window();
    rig.ask(Command::Settle).unwrap();
    assert_eq!((rig.snapshot().unfinished_accounts, state(&place)), (1, Some(RowState::Deleting)));
    place.vault.fail_all(None);
    rig.ask(Command::TryVault).unwrap();
    rig.ask(Command::Settle).unwrap();
    assert_eq!((rig.snapshot().unfinished_accounts, state(&place)), (0, None));
    assert_eq!(place.vault.stored_names(), [""; 0]);
}

#[test]
fn r8_a_token_on_its_way_is_stored_beside_its_client_although_another_vault_is_chosen() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.window();
    rig.import(&account(&server)).unwrap();
    server.script("/token", answer(1));
    rig.sign_in("car", "a-code").unwrap();
    server.script("/token", answer(2).after(Duration::from_millis(400)));
    let mut answers = rig.handle.ask(Command::Refresh(rig.id("car"))).unwrap();
    rig.wait_until("the request", |_| server.requests_to("/token").len() == 2);
    rig.ask(Command::UseMemoryVault).unwrap();
    answers.wait().unwrap();
    drop(rig);
    let rig = place.command_line();
    assert_eq!(rig.token("car").unwrap().access_token.expose(), "at-2");
    assert_eq!(server.requests_to("/token").len(), 2);
}

#[test]
fn z1_an_account_of_another_vault_is_not_removed_without_its_secrets() {
    let (server, mut place) = (ScriptedServer::start(), with_file());
    let rig = place.command_line();
    unlock(&rig);
    rig.import(&account(&server)).unwrap();
    drop(rig);
    place.kind = None;
    let rig = place.command_line();
    let elsewhere = Some(Problem::Vault(VaultProblem::Elsewhere(VaultKind::File)));
    let id = rig.id("car");
    for command in [Command::Remove(id.clone()), Command::Forget(id.clone())] {
        assert_eq!(rig.ask(command).err(), elsewhere);
    }
    assert_eq!(state(&place), Some(RowState::Ready));
    // A window restores it, too, instead of retrying again and again.
    let window = place.window();
    window.ask(Command::Delete(id.clone())).unwrap();
    window.advance(11);
    window.wait_until("the account", |snapshot| snapshot.accounts.len() == 1 && snapshot.undo.is_empty());
    assert_eq!(window.view("car").problem, elsewhere);
    assert_eq!(state(&place), Some(RowState::Ready));
    drop(window);
    // The secrets of both vaults move to one; then it can be removed.
    let moved = Command::MoveVault { to: VaultKind::File, passphrase: Some(pass()), create: false };
    assert!(matches!(rig.ask(moved), Ok(Reply::Moved { records: 0, left_behind: None })));
    rig.ask(Command::Remove(id)).unwrap();
    let mut file = PassphraseVault::open(&place.home(), &pass()).unwrap();
    assert_eq!((file.names().unwrap().len(), state(&place)), (0, None));
}

#[test]
fn secrets_that_went_missing_or_came_back_broken_can_be_entered_again() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let mut rig = place.window();
    rig.import(&account(&server)).unwrap();
    let id = rig.id("car");
    let record = format!("client/{id}");
    for break_it in [true, false] {
        if break_it {
            place.vault.plant(&record, keyfob::base::secret::SecretText::new("damaged".to_owned()));
        } else {
            place.vault.clone().delete(&record).unwrap();
        }
        rig.ask(Command::Edit(id.clone())).unwrap();
        let event = rig.wait_for_event("the form", |event| {
            matches!(event, keyfob::messages::event::Event::DraftReady { .. })
        });
        let keyfob::messages::event::Event::DraftReady { mut draft, kept } = event else { unreachable!() };
        assert_eq!((draft.name.as_str(), kept.len(), draft.client.client_id.as_str()), ("car", 0, ""));
        draft.client = crate::support::engine::client("an-id", "a-secret");
        rig.ask(Command::Save { draft, sign_in: false }).unwrap();
        server.script("/token", answer(3));
        rig.sign_in("car", "a-code").unwrap();
    }
}

#[test]
fn r2_while_a_token_is_not_saved_nobody_sends_the_one_before_it() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.window();
    rig.import(&account(&server)).unwrap();
    server.script("/token", answer(1));
    rig.sign_in("car", "a-code").unwrap();
    let id = rig.id("car");
    let other = place.command_line();
    place.vault.fail_writes(2, &VaultError::Locked);
    server.script("/token", answer(2));
    rig.ask(Command::Refresh(id.clone())).unwrap();
    assert_eq!(rig.view("car").problem, Some(Problem::NotSaved(VaultProblem::Locked)));
    // The vault is readable, and its token is used up.
    let mut answers = other.handle.ask(Command::Refresh(id.clone())).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(answers.try_wait().is_none());
    // The process that has the token can use it, and be refused once more.
    server.script("/token", answer(3));
    rig.ask(Command::Refresh(id.clone())).unwrap();
    assert!(rig.view("car").problem.is_some() && answers.try_wait().is_none());
    rig.ask(Command::TryVault).unwrap();
    answers.wait().unwrap();
    assert_eq!(other.token("car").unwrap().access_token.expose(), "at-3");
    assert_eq!(server.requests_to("/token").len(), 3);
    // An unsaved token doesn't prevent a deletion either.
    place.vault.fail_writes(1, &VaultError::Locked);
    server.script("/token", answer(4));
    rig.ask(Command::Refresh(id.clone())).unwrap();
    assert!(rig.view("car").problem.is_some());
    rig.ask(Command::Remove(id)).unwrap();
    assert_eq!(place.vault.stored_names(), [""; 0]);
}

#[test]
fn r8_a_token_whose_times_could_not_be_noted_is_found_in_the_vault() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    rig.import(&account(&server)).unwrap();
    server.script("/token", answer(1));
    rig.sign_in("car", "a-code").unwrap();
    let id = rig.id("car");
    drop(rig);
    // As after a sign-in with a full disk.
    Accounts::open(&place.home()).unwrap().clear_facts(&id).unwrap();
    let rig = place.command_line();
    assert_eq!(rig.token("car").unwrap().access_token.expose(), "at-1");
    let snapshot = rig.wait_until("its times", |snapshot| snapshot.accounts[0].token.is_some());
    assert_eq!(snapshot.accounts[0].problem, None);
    drop(rig);
    assert!(place.window().view("car").token.is_some(), "they are noted by now");
}

#[test]
fn z1_secrets_that_were_entered_again_elsewhere_leave_a_record_that_can_be_removed() {
    let (server, mut place) = (ScriptedServer::start(), with_file());
    let rig = place.command_line();
    unlock(&rig);
    rig.import(&account(&server)).unwrap();
    drop(rig);
    // The keychain is chosen, and the secrets are entered again there.
    place.kind = None;
    let mut rig = place.command_line();
    let id = rig.id("car");
    rig.ask(Command::Edit(id.clone())).unwrap();
    let event = rig.wait_for_event("the form", |event| matches!(event, Event::DraftReady { .. }));
    let Event::DraftReady { mut draft, .. } = event else { unreachable!() };
    draft.client = crate::support::engine::client("an-id", "a-secret");
    rig.ask(Command::Save { draft, sign_in: false }).unwrap();
    let found = |rig: &Rig| match rig.ask(Command::RecoverAccounts) {
        Ok(Reply::Recovered { added, orphans, .. }) => (added.len(), orphans),
        other => panic!("{other:?}"),
    };
    assert_eq!(found(&rig), (0, 0), "what is used here is kept");
    place.kind = Some(VaultKind::File);
    let other = place.command_line();
    unlock(&other);
    assert_eq!(found(&other), (0, 1));
    let export = Command::Export {
        accounts: Vec::new(),
        path: place.home().path().join("out"),
        passphrase: None,
        with_tokens: false,
    };
    let lacking = Problem::Archive(ArchiveProblem::Lacking(UntrustedText::new("car")));
    assert_eq!(other.ask(export).err(), Some(lacking), "an older copy is not exported");
    assert!(matches!(other.ask(Command::RemoveOrphans), Ok(Reply::OrphansRemoved(1))));
    let mut file = PassphraseVault::open(&place.home(), &pass()).unwrap();
    assert_eq!((file.names().unwrap().len(), place.vault.stored_names().len()), (0, 1));
    assert_eq!(found(&other), (0, 0));
    server.script("/token", answer(1));
    rig.sign_in("car", "a-code").unwrap();
}

#[test]
fn an_export_names_the_account_whose_secrets_are_not_there() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    rig.import(&account(&server)).unwrap();
    let record = format!("client/{}", rig.id("car"));
    let path = place.home().path().join("out");
    let export =
        || Command::Export { accounts: Vec::new(), path: path.clone(), passphrase: None, with_tokens: false };
    let lacking = Some(Problem::Archive(ArchiveProblem::Lacking(UntrustedText::new("car"))));
    place.vault.plant(&record, keyfob::base::secret::SecretText::new("damaged".to_owned()));
    assert_eq!(rig.ask(export()).err(), lacking);
    place.vault.clone().delete(&record).unwrap();
    assert_eq!(rig.ask(export()).err(), lacking);
    assert!(!path.exists());
}
