//! Refreshing tokens: once, safely, and never twice.

use std::collections::BTreeSet;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use keyfob::domain::token::grant::ExpirySource;
use keyfob::messages::command::{Command, CopyForm};
use keyfob::messages::event::Reply;
use keyfob::messages::problem::{Problem, VaultProblem};
use keyfob::messages::snapshot::Activity;
use keyfob::store::vault::VaultError;

use crate::support::account_toml::AccountToml;
use crate::support::engine::{Place, Rig};
use crate::support::server::{Ending, Request, Response, ScriptedServer};

fn account(server: &ScriptedServer, grant: &str, extra: &str) -> String {
    AccountToml::new("car", grant)
        .secret("a-secret")
        .lines(extra)
        .on(server, &["authorize", "token"])
        .to_string()
}

fn answer(token: &str, refresh: Option<&str>) -> Response {
    let refresh = refresh.map_or(String::new(), |refresh| format!(r#","refresh_token":"{refresh}""#));
    Response::json(200, format!(r#"{{"access_token":"{token}","expires_in":3600{refresh}}}"#))
}

/// An account signed in with token `one` and refresh token `r1`.
fn signed_in(server: &ScriptedServer, place: &Place, extra: &str) -> Rig {
    let rig = place.command_line();
    rig.import(&account(server, "authorization_code", extra)).unwrap();
    server.script("/token", answer("one", Some("r1")));
    rig.sign_in("car", "a-code").unwrap();
    rig
}

fn token(rig: &Rig) -> String {
    rig.token("car").unwrap().access_token.expose().to_owned()
}

fn refreshes(server: &ScriptedServer) -> Vec<String> {
    let requests = server.requests_to("/token");
    let forms = requests.iter().map(Request::form);
    let tokens = forms.flat_map(|form| form.into_iter().filter(|(name, _)| name == "refresh_token"));
    tokens.map(|(_, value)| value).collect()
}

#[test]
fn r1_a_hundred_callers_make_one_post() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place, "");
    rig.advance(3600);
    server.script("/token", answer("two", Some("r2")).after(std::time::Duration::from_millis(300)));
    let command = || Command::Token { account: rig.id("car"), min_valid: None };
    // The queue holds 64 commands, so they are sent in two parts.
    let mut answers: Vec<_> = (0..50).map(|_| rig.handle.ask(command()).unwrap()).collect();
    rig.wait_until("the refresh", |_| server.requests_to("/token").len() == 2);
    answers.extend((0..50).map(|_| rig.handle.ask(command()).unwrap()));
    for mut answer in answers {
        match answer.wait() {
            Ok(Reply::Token(held)) => assert_eq!(held.access_token.expose(), "two"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(refreshes(&server), ["r1"]);
}

#[test]
fn r2_two_engines_on_one_account_never_send_a_refresh_token_twice() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place, "");
    let others: Vec<Rig> = (0..4).map(|_| place.command_line()).collect();
    rig.advance(3600);
    server.script("/token", answer("two", Some("r2")).after(std::time::Duration::from_millis(300)));
    let command = || Command::Token { account: rig.id("car"), min_valid: None };
    let mut answers: Vec<_> = others.iter().map(|other| other.handle.ask(command()).unwrap()).collect();
    answers.push(rig.handle.ask(command()).unwrap());
    for mut answer in answers {
        assert!(matches!(answer.wait(), Ok(Reply::Token(held)) if held.access_token.expose() == "two"));
    }
    assert_eq!(refreshes(&server), ["r1"]);
}

#[test]
fn r4_a_newer_token_of_another_process_is_adopted() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place, "");
    let other = place.command_line();
    server.script("/token", answer("two", Some("r2")));
    other.ask(Command::Refresh(other.id("car"))).unwrap();
    rig.advance(3500);
    // This engine still has the first token, which has expired; the vault has a newer one.
    let held = rig.token("car");
    assert_eq!(held.unwrap().access_token.expose(), "two");
    assert_eq!(refreshes(&server), ["r1"]);
}

#[test]
fn r5_failures_on_the_way_keep_everything() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place, "");
    let record = || place.vault.stored(&format!("tokens/{}", rig.id("car"))).unwrap().expose().to_owned();
    let before = record();
    rig.advance(3600);
    let failures = [
        Response::new(500, "text/plain", "out of order"),
        Response::new(503, "text/plain", "").header("Retry-After", "120"),
        Response::json(429, "{}"),
        Response::json(400, r#"{"error":"temporarily_unavailable"}"#),
        Response::json(401, r#"{"error":"invalid_client"}"#),
        Response::new(200, "text/html", "<html>maintenance</html>"),
        answer("lost", Some("lost")).ending(Ending::Unanswered),
        answer("lost", Some("lost")).ending(Ending::Cut(20)),
    ];
    for failure in failures {
        server.script("/token", failure.clone());
        assert!(rig.token("car").is_err(), "{failure:?}");
        assert_eq!(record(), before);
        // One of the responses requests a wait of two minutes.
        rig.advance(121);
    }
    server.drop_connections(1);
    assert!(rig.token("car").is_err());
    assert_eq!(record(), before);
    // Then it works again, with the same refresh token.
    server.script("/token", answer("two", Some("r2")));
    assert_eq!(token(&rig), "two");
    assert_eq!(refreshes(&server).last().unwrap(), "r1");
}

#[test]
fn r7_an_answer_without_a_refresh_token_keeps_the_old_one() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place, "");
    for round in ["two", "three"] {
        server.script("/token", answer(round, None));
        rig.ask(Command::Refresh(rig.id("car"))).unwrap();
        assert_eq!(token(&rig), round);
    }
    assert_eq!(refreshes(&server), ["r1", "r1"]);
}

#[test]
fn a_refresh_tokens_life_counts_from_the_sign_in_where_the_provider_says_so() {
    for from_sign_in in [true, false] {
        let (server, place) = (ScriptedServer::start(), Place::new());
        let rules = format!("refresh_token_life_secs = 5000, life_from_sign_in = {from_sign_in}");
        let rig = signed_in(&server, &place, &format!("refresh = {{ {rules} }}"));
        let end = || rig.view("car").token.as_ref().unwrap().facts.refresh_expires_at.unwrap();
        let before = end();
        rig.advance(500);
        server.script("/token", answer("two", Some("r2")));
        rig.ask(Command::Refresh(rig.id("car"))).unwrap();
        assert_eq!((end() - before).num_seconds(), if from_sign_in { 0 } else { 500 });
    }
}

/// A window with the token `two`, which the vault refused once.
fn refused_once(server: &ScriptedServer, place: &Place) -> Rig {
    drop(signed_in(server, place, ""));
    let rig = place.window();
    place.vault.fail_writes(1, &VaultError::Locked);
    server.script("/token", answer("two", Some("r2")));
    rig.ask(Command::Refresh(rig.id("car"))).unwrap();
    rig
}

#[test]
fn r8_a_token_that_the_vault_refuses_is_kept_shown_as_unsaved_and_offered_again() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = refused_once(&server, &place);
    let view = rig.view("car");
    assert!(!view.token.as_ref().unwrap().saved);
    assert_eq!(view.problem, Some(Problem::NotSaved(VaultProblem::Locked)));
    assert_eq!(token(&rig), "two");
    rig.advance(11);
    rig.wait_until("saved", |snapshot| snapshot.accounts[0].token.as_ref().is_some_and(|token| token.saved));
    drop(rig);
    assert_eq!(token(&place.command_line()), "two");
}

#[test]
fn r8_the_end_of_a_window_offers_an_unsaved_token_once_more() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = refused_once(&server, &place);
    assert!(!rig.view("car").token.as_ref().unwrap().saved);
    drop(rig);
    assert_eq!(token(&place.command_line()), "two");
}

#[test]
fn r8_a_crash_offers_an_unsaved_token_until_the_vault_takes_it() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = refused_once(&server, &place);
    place.vault.fail_writes(2, &VaultError::Locked);
    rig.handle.ending().end(Duration::from_secs(20));
    // The handle, which a crash doesn't drop, still exists.
    assert_eq!(token(&place.command_line()), "two");
    drop(rig);
}

#[test]
fn r8_trying_the_vault_again_offers_the_token_at_once() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = refused_once(&server, &place);
    rig.ask(Command::TryVault).unwrap();
    // No time has passed.
    rig.wait_until("saved", |snapshot| snapshot.accounts[0].token.as_ref().is_some_and(|token| token.saved));
}

#[test]
fn a_refused_refresh_token_asks_for_a_person_and_keeps_the_settings() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place, "");
    rig.advance(3600);
    server.script("/token", Response::json(400, r#"{"error":"invalid_grant"}"#));
    let refused = rig.token("car").unwrap_err();
    assert!(matches!(refused, Problem::RefreshRefused(_)), "{refused:?}");
    assert_eq!(refused.exit_code(), 3);
    // It is not sent again.
    assert_eq!(rig.token("car").unwrap_err().exit_code(), 3);
    assert_eq!(refreshes(&server), ["r1"]);
    server.script("/token", answer("new", Some("r9")));
    rig.sign_in("car", "another").unwrap();
    assert_eq!(token(&rig), "new");
}

#[test]
fn t5_a_lost_answer_is_not_asked_for_again_but_within_a_stated_grace() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place, "");
    rig.advance(3600);
    server.script("/token", answer("lost", None).ending(Ending::Unanswered));
    let lost = rig.token("car").unwrap_err();
    assert!(matches!(&lost, Problem::Unreachable(lost) if lost.may_have_been_sent), "{lost:?}");
    assert_eq!(refreshes(&server), ["r1"]);

    let place = Place::new();
    let server = ScriptedServer::start();
    let rig = signed_in(&server, &place, "refresh = { retry_grace_secs = 60 }");
    rig.advance(3600);
    server.script("/token", answer("lost", None).ending(Ending::Unanswered));
    server.script("/token", answer("two", Some("r2")));
    assert_eq!(token(&rig), "two");
    assert_eq!(refreshes(&server), ["r1", "r1"]);
}

#[test]
fn the_window_renews_ahead_of_expiry_and_waits_as_long_as_the_server_asks() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    drop(signed_in(&server, &place, "refresh = { ahead_secs = 60 }"));
    let rig = place.window();
    server.script("/token", Response::json(429, "{}").header("Retry-After", "100"));
    rig.advance(3595);
    rig.wait_until("the first try", |_| server.requests_to("/token").len() == 2);
    rig.advance(50);
    std::thread::sleep(std::time::Duration::from_millis(1800));
    assert_eq!(server.requests_to("/token").len(), 2);
    server.script("/token", answer("two", Some("r2")));
    rig.advance(60);
    rig.wait_until("the second try", |snapshot| {
        snapshot.accounts[0].token.as_ref().is_some_and(|token| token.facts.generation == 2)
    });
}

#[test]
fn r5_an_outage_is_waited_out_in_the_background() {
    let outages = [
        Response::new(500, "text/plain", "out of order"),
        Response::json(500, r#"{"error":"server_error"}"#),
        Response::new(502, "text/html", "<html>Bad Gateway</html>"),
        Response::new(503, "text/html", "<html>Service Unavailable</html>"),
        Response::new(504, "text/html", "<html>Gateway Timeout</html>"),
    ];
    let (server, place) = (ScriptedServer::start(), Place::new());
    drop(signed_in(&server, &place, "refresh = { ahead_secs = 60 }"));
    let record = |rig: &Rig| place.vault.stored(&format!("tokens/{}", rig.id("car"))).unwrap();
    let rig = place.window();
    let before = record(&rig).expose().to_owned();
    rig.advance(3595);
    // Each pause is longer than the one before: half a minute, a minute, and so on.
    let pauses = [30, 60, 120, 240, 480];
    for (count, (outage, pause)) in outages.into_iter().zip(pauses).enumerate() {
        server.script("/token", outage.clone());
        rig.wait_until("a try", |snapshot| {
            let waits = matches!(snapshot.accounts[0].activity, Activity::Retrying { .. });
            waits && server.requests_to("/token").len() == count + 2
        });
        assert_eq!(record(&rig).expose(), before, "{outage:?}");
        rig.advance(pause - 5);
        rig.ask(Command::ClearClipboard).unwrap();
        assert_eq!(server.requests_to("/token").len(), count + 2, "not sent again at once: {outage:?}");
        if count == pauses.len() - 1 {
            server.script("/token", answer("two", Some("r2")));
        }
        rig.advance(6);
        rig.ask(Command::ClearClipboard).unwrap();
    }
    rig.wait_until("the last try", |snapshot| {
        snapshot.accounts[0].token.as_ref().is_some_and(|token| token.facts.generation == 2)
    });
    assert_eq!(refreshes(&server), ["r1"; 6]);
}

#[test]
fn no_more_than_four_accounts_are_renewed_at_once_without_being_asked() {
    // Accounts whose IDs share a prefix share a lock and wait for each other; then others are created.
    while !renews_four_at_once() {}
}

/// Returns false if two of the accounts share a lock, which proves nothing.
fn renews_four_at_once() -> bool {
    // The server responds only when the test allows it.
    let gate = Arc::new(RwLock::new(()));
    let (shut, waits) = (gate.write().unwrap(), Arc::clone(&gate));
    let server = ScriptedServer::judging(move |_| {
        drop(waits.read());
        answer("two", Some("r2"))
    });
    let place = Place::new();
    let expired = "[account.tokens]\naccess_token = \"one\"\nrefresh_token = \"r1\"\n\
                   received_at = \"2025-01-01T00:00:00Z\"\nexpires_at = \"2025-01-01T01:00:00Z\"\n";
    let named =
        |number| account(&server, "authorization_code", "").replace("\"car\"", &format!("\"{number}\""));
    let accounts: String = (0..6).map(|number| named(number) + expired).collect();
    let rig = place.window();
    rig.import(&accounts).unwrap();
    let locks: BTreeSet<_> =
        (0..6).map(|number| rig.id(&number.to_string()).as_str()[..2].to_owned()).collect();
    let alone = locks.len() == 6;
    if alone {
        rig.wait_until("the first ones", |_| server.requests_to("/token").len() >= 4);
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert_eq!(server.requests_to("/token").len(), 4);
    }
    drop(shut);
    rig.wait_until("all of them", |_| server.requests_to("/token").len() == 6);
    alone
}

#[test]
fn a_repeatable_grant_is_repeated_when_asked_and_never_by_itself() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.window();
    rig.import(&account(&server, "client_credentials", "")).unwrap();
    server.script("/token", answer("one", None));
    assert_eq!(token(&rig), "one");
    assert_eq!(token(&rig), "one");
    rig.advance(7200);
    std::thread::sleep(std::time::Duration::from_millis(1800));
    assert_eq!(server.requests_to("/token").len(), 1);
    server.script("/token", answer("two", None));
    assert_eq!(token(&rig), "two");
}

#[test]
fn the_source_of_the_expiry_is_kept() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    rig.import(&account(&server, "client_credentials", "")).unwrap();
    server.script("/token", Response::json(200, r#"{"access_token":"opaque"}"#));
    let held = rig.token("car").unwrap();
    assert_eq!((held.facts.expiry_source, held.facts.expires_at), (ExpirySource::Unknown, None));
    // It counts as valid until the server rejects it.
    rig.advance(1_000_000);
    assert_eq!(token(&rig), "opaque");
    assert_eq!(server.requests_to("/token").len(), 1);
}

#[test]
fn quitting_waits_for_the_answer_to_a_refresh_that_was_sent() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place, "");
    server.script("/token", answer("two", Some("r2")).after(std::time::Duration::from_secs(5)));
    rig.handle.send(Command::Refresh(rig.id("car"))).unwrap();
    rig.wait_until("the refresh", |_| server.requests_to("/token").len() == 2);
    drop(rig);
    assert_eq!(token(&place.command_line()), "two");
    assert_eq!(refreshes(&server), ["r1"]);
}

#[test]
fn a_token_record_that_went_missing_is_got_anew_where_no_person_is_needed() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    rig.import(&account(&server, "client_credentials", "")).unwrap();
    server.script("/token", answer("one", None));
    assert_eq!(token(&rig), "one");
    let name = format!("tokens/{}", rig.id("car"));
    keyfob::store::vault::Vault::delete(&mut place.vault.clone(), &name).unwrap();
    server.script("/token", answer("two", None));
    assert_eq!(token(&rig), "two");
    assert_eq!(rig.token("car").unwrap().facts.generation, 2);
}

#[test]
fn c2_a_token_that_has_expired_when_it_comes_is_handed_out_and_not_asked_for_without_end() {
    // {"exp":1600000000}
    let jwt = r#"{"access_token":"eyJhbGciOiJub25lIn0.eyJleHAiOjE2MDAwMDAwMDB9.c2ln"}"#;
    let sample = r#"{"access_token":"one","refresh_token":"r1","expires_at":1642507278,"type":"bearer"}"#;
    for expired in
        [r#"{"access_token":"one","expires_in":0}"#, r#"{"access_token":"one","expires_in":-5}"#, jwt]
    {
        let (server, place) = (ScriptedServer::start(), Place::new());
        let rig = place.window();
        rig.import(&account(&server, "client_credentials", "")).unwrap();
        server.always("/token", Response::json(200, expired));
        let held = rig.token("car").unwrap();
        assert!(held.facts.expires_at.unwrap() <= rig.now(), "{expired}");
        assert_eq!(server.requests_to("/token").len(), 1, "{expired}");
        // A copy requests a new token, once.
        rig.handle.send(Command::Copy { account: rig.id("car"), form: CopyForm::Plain }).unwrap();
        rig.wait_until("copied", |snapshot| snapshot.clipboard.is_some());
        assert_eq!(server.requests_to("/token").len(), 2, "{expired}");
    }
    // The window doesn't refresh it automatically either.
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.window();
    rig.import(&account(&server, "authorization_code", "")).unwrap();
    server.always("/token", Response::json(200, sample));
    rig.sign_in("car", "a-code").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(server.requests_to("/token").len(), 1);
    assert_eq!(token(&rig), "one");
    assert_eq!(server.requests_to("/token").len(), 2);
}
