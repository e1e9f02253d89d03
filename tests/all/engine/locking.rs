//! Locking in the engine: what it removes and what it stops.

use std::time::Duration;

use keyfob::messages::command::{Command, CopyForm};
use keyfob::messages::event::Event;
use keyfob::messages::problem::{Problem, SignInProblem};
use keyfob::messages::snapshot::Activity;

use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::engine::Place;
use crate::support::server::{Response, ScriptedServer};

fn account(name: &str, grant: &str, secret: &str, server: &ScriptedServer) -> String {
    AccountToml::new(name, grant).secret(secret).on(server, &["authorize", "token"]).to_string()
}

/// A server that issues this token and a refresh token.
fn giving(token: &str) -> ScriptedServer {
    let body = format!(r#"{{"access_token":"{token}","refresh_token":"r-{token}","expires_in":3600}}"#);
    ScriptedServer::judging(move |_| Response::json(200, body.clone()))
}

#[test]
fn p2_locking_leaves_no_mask_no_clipboard_and_no_waiting_sign_in() {
    let secret = canary();
    let (place, batch, car) = (Place::new(), giving(&format!("at-0123456789-{secret}")), giving(&secret));
    let mut rig = place.window();
    rig.import(&account("batch", "client_credentials", &secret, &batch)).unwrap();
    let id = rig.id("batch");
    rig.handle.send(Command::Copy { account: id.clone(), form: CopyForm::Plain }).unwrap();
    rig.wait_for_event("the copy", |event| matches!(event, Event::Copied { .. }));
    assert!(rig.board.text().is_some() && rig.view("batch").token.as_ref().unwrap().mask.is_some());
    // One account that is refreshed automatically and whose next sign-in waits for the browser.
    rig.import(&account("car", "authorization_code", &secret, &car)).unwrap();
    rig.sign_in("car", "a-code").unwrap();
    let (_, mut waiting) = rig.start_sign_in("car").unwrap();

    rig.ask(Command::Lock).unwrap();
    assert_eq!(rig.view("car").activity, Activity::Idle);
    assert_eq!(waiting.wait().unwrap_err(), Problem::SignIn(SignInProblem::Cancelled));
    let snapshot = rig.wait_until("the curtain", |snapshot| snapshot.locked && snapshot.clipboard.is_none());
    assert!(snapshot.accounts.iter().all(|view| view.token.as_ref().unwrap().mask.is_none()));
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
    // Nothing is refreshed while locked.
    rig.advance(7200);
    std::thread::sleep(Duration::from_millis(1700));
    assert_eq!((batch.requests().len(), car.requests().len()), (1, 1));
    rig.ask(Command::Unlock).unwrap();
    assert!(!rig.snapshot().locked);
    rig.wait_until("the renewal", |_| car.requests().len() == 2);
    assert!(rig.token("batch").is_ok());
}
