//! Token requests whose response was not stored: reported at the next start for as long as that is true.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use keyfob::messages::command::Command;
use keyfob::messages::problem::Problem;
use keyfob::store::database::{Accounts, InFlight};
use keyfob::store::vault::VaultError;

use crate::support::account_toml::AccountToml;
use crate::support::engine::{Place, Rig};
use crate::support::server::{Ending, Response, ScriptedServer};

const RENEWING: Option<Problem> = Some(Problem::Interrupted { refreshing: true });
const SIGNING_IN: Option<Problem> = Some(Problem::Interrupted { refreshing: false });

fn account(url: &str) -> String {
    AccountToml::new("car", "authorization_code")
        .secret("s")
        .at("authorize", &format!("{url}/authorize"))
        .at("token", &format!("{url}/token"))
        .to_string()
}

fn answer(token: &str) -> Response {
    let body = format!(r#"{{"access_token":"{token}","expires_in":3600,"refresh_token":"r-{token}"}}"#);
    Response::json(200, body)
}

fn signed_in(server: &ScriptedServer, place: &Place) -> Rig {
    let rig = place.command_line();
    rig.import(&account(&server.url(""))).unwrap();
    server.script("/token", answer("one"));
    rig.sign_in("car", "a-code").unwrap();
    rig
}

fn refresh(rig: &Rig) -> Result<(), Problem> {
    rig.ask(Command::Refresh(rig.id("car"))).map(drop)
}

/// The problem that the next start shows.
fn said(place: &Place) -> Option<Problem> {
    let rig = place.command_line();
    let problem = rig.view("car").problem.clone();
    drop(rig);
    problem
}

#[test]
fn r6_a_renewal_whose_answer_was_lost_is_said_until_a_token_comes() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place);
    assert_eq!(said(&place), None);
    server.script("/token", answer("lost").ending(Ending::Unanswered));
    assert!(refresh(&rig).is_err());
    drop(rig);
    assert_eq!(said(&place), RENEWING);
    // While the server is unreachable, the result remains unknown.
    let rig = place.command_line();
    server.drop_connections(1);
    assert!(refresh(&rig).is_err());
    drop(rig);
    assert_eq!(said(&place), RENEWING, "looking at it takes nothing away");
    let rig = place.command_line();
    server.script("/token", answer("two"));
    refresh(&rig).unwrap();
    assert_eq!(rig.view("car").problem, None);
    drop(rig);
    assert_eq!(said(&place), None);
}

#[test]
fn r6_an_answer_takes_the_mark_off_whatever_it_is() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place);
    for refusal in
        [Response::new(500, "text/plain", "no"), Response::json(400, r#"{"error":"invalid_grant"}"#)]
    {
        server.script("/token", refusal);
        assert!(refresh(&rig).is_err());
        assert_eq!(said(&place), None);
    }
    // No mark stays if nothing was sent.
    let place = Place::new();
    let rig = signed_in(&server, &place);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let moved = account(&format!("http://{closed}"));
    let drafts = keyfob::domain::import::read(&moved, &rig.snapshot().presets).unwrap().into_iter();
    let drafts = drafts.map(|draft| keyfob::messages::command::ImportDraft { replace: true, ..draft.into() });
    rig.ask(Command::Import(drafts.collect())).unwrap();
    assert!(refresh(&rig).is_err());
    assert_eq!(said(&place), None);
}

#[test]
fn r6_a_sign_in_that_was_cut_short_is_said_too() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    rig.import(&account(&server.url(""))).unwrap();
    server.script("/token", answer("lost").ending(Ending::Unanswered));
    assert!(rig.sign_in("car", "a-code").is_err());
    drop(rig);
    assert_eq!(said(&place), SIGNING_IN);
}

#[test]
fn r6_a_token_that_the_vault_has_not_taken_yet_is_marked_until_it_has() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    drop(signed_in(&server, &place));
    let unsaved = |refusals| {
        let rig = place.window();
        place.vault.fail_writes(refusals, &VaultError::Locked);
        server.script("/token", answer("two"));
        refresh(&rig).unwrap();
        assert_eq!(said(&place), None, "it is still at it");
        rig
    };
    // Refused again at shutdown.
    drop(unsaved(2));
    assert_eq!(said(&place), RENEWING);
    let rig = unsaved(1);
    rig.advance(11);
    rig.wait_until("saved", |snapshot| snapshot.accounts[0].token.as_ref().is_some_and(|token| token.saved));
    drop(rig);
    assert_eq!(said(&place), None);
}

#[test]
fn r6_another_process_that_is_at_work_is_not_taken_for_one_that_was_stopped() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place);
    server.script("/token", answer("two").after(Duration::from_millis(1500)));
    let mut answers = rig.handle.ask(Command::Refresh(rig.id("car"))).unwrap();
    rig.wait_until("the request", |_| server.requests_to("/token").len() == 2);
    assert_eq!(said(&place), None);
    answers.wait().unwrap();
    assert_eq!(said(&place), None);
}

#[test]
fn r6_what_the_vault_knows_better_is_not_said_for_long() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place);
    let id = rig.id("car");
    drop(rig);
    // As after a process that stopped between the vault and the database.
    let mut accounts = Accounts::open(&place.home()).unwrap();
    accounts.clear_facts(&id).unwrap();
    accounts.mark_in_flight(&id, InFlight { generation: 0, refreshing: false }).unwrap();
    let rig = place.command_line();
    let snapshot = rig.wait_until("the truth", |snapshot| snapshot.accounts[0].problem.is_none());
    assert_eq!(snapshot.accounts[0].token.as_ref().unwrap().facts.generation, 1);
    drop(rig);
    assert_eq!(accounts.in_flight(&id).unwrap(), None);
}

#[test]
fn r8_a_token_that_is_not_saved_is_offered_under_the_accounts_lock_alone() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    drop(signed_in(&server, &place));
    let rig = place.window();
    place.vault.fail_writes(1, &VaultError::Locked);
    server.script("/token", answer("two"));
    refresh(&rig).unwrap();
    // As a process that moves all secrets would: writes in the meantime are deleted with the old vault.
    let home = place.home();
    let ((tell, told), (end, ended)) = (sync_channel::<()>(1), sync_channel::<()>(1));
    let mover = std::thread::Builder::new().spawn(move || {
        let lock = home.open_place_lock_file().unwrap();
        lock.lock().unwrap();
        tell.send(()).unwrap();
        ended.recv().unwrap();
    });
    // Taking every account's lock includes the held one.
    let mut recovering = rig.handle.ask(Command::RecoverAccounts).unwrap();
    told.recv().unwrap();
    let saved = |rig: &Rig| rig.view("car").token.as_ref().unwrap().saved;
    rig.advance(11);
    std::thread::sleep(Duration::from_millis(400));
    assert!(!saved(&rig), "nothing is written while the secrets are moved");
    end.send(()).unwrap();
    mover.unwrap().join().unwrap();
    recovering.wait().unwrap();
    rig.wait_until("saved", |snapshot| snapshot.accounts[0].token.as_ref().is_some_and(|token| token.saved));
}
