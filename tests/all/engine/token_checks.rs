//! Introspection, userinfo and revocation.

use keyfob::domain::http_log::record::RequestKind;
use keyfob::domain::oauth::introspection::Checked;
use keyfob::domain::provider::endpoints::EndpointKind;
use keyfob::messages::command::Command;
use keyfob::messages::event::{Event, Reply, Revocation};
use keyfob::messages::explain::explain;
use keyfob::messages::problem::Problem;

use crate::support::account_toml::AccountToml;
use crate::support::engine::{Place, Rig};
use crate::support::server::{Ending, Request, Response, ScriptedServer};

fn account(server: &ScriptedServer, endpoints: &[&str]) -> String {
    AccountToml::new("car", "authorization_code")
        .secret("a-secret")
        .raw("scopes", "[\"read\", \"write\"]")
        .on(server, &["authorize", "token"])
        .on(server, endpoints)
        .to_string()
}

/// An account with these endpoints, signed in with tokens `access-1` and `refresh-1`.
fn signed_in(server: &ScriptedServer, place: &Place, endpoints: &[&str]) -> Rig {
    let rig = place.window();
    rig.import(&account(server, endpoints)).unwrap();
    let granted =
        r#"{"access_token":"access-1","refresh_token":"refresh-1","expires_in":3600,"scope":"read"}"#;
    server.script("/token", Response::json(200, granted));
    rig.sign_in("car", "a-code").unwrap();
    rig
}

fn check(rig: &Rig) -> Result<Checked, Problem> {
    match rig.ask(Command::Check(rig.id("car")))? {
        Reply::Checked(checked) => Ok((*checked).clone()),
        other => panic!("{other:?}"),
    }
}

fn revoke(rig: &Rig) -> Result<Reply, Problem> {
    rig.ask(Command::Revoke(rig.id("car")))
}

/// The tokens sent for revocation, in order.
fn revoked(server: &ScriptedServer) -> Vec<String> {
    let requests = server.requests_to("/revoke");
    let forms = requests.iter().map(Request::form);
    forms
        .flat_map(|form| form.into_iter().filter(|(name, _)| name == "token"))
        .map(|(_, value)| value)
        .collect()
}

fn has_tokens(rig: &Rig, place: &Place) -> (bool, bool) {
    (rig.view("car").token.is_some(), place.vault.stored_names().iter().any(|name| name.contains("tokens")))
}

#[test]
fn a_check_asks_both_addresses_and_compares_scopes() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place, &["introspect", "userinfo"]);
    assert!(rig.view("car").can_check);
    server.script("/introspect", Response::json(200, r#"{"active":true,"scope":"read openid"}"#));
    server.script("/userinfo", Response::json(200, r#"{"sub":"anna"}"#));
    let checked = check(&rig).unwrap();
    assert_eq!((checked.verdict.active, checked.verdict.subject.as_deref()), (true, Some("anna")));
    assert_eq!(checked.missing(), ["write"]);
    assert_eq!(rig.view("car").checked.as_deref(), Some(&checked));
    let asked = &server.requests_to("/introspect")[0];
    assert!(asked.text().starts_with("token=access-1&token_type_hint=access_token"), "{}", asked.text());
    assert!(asked.header("authorization").unwrap().starts_with("Basic "));
    let asked = &server.requests_to("/userinfo")[0];
    assert_eq!((asked.method.as_str(), asked.header("authorization")), ("GET", Some("Bearer access-1")));
    let Ok(Reply::HttpLog(kept)) = rig.ask(Command::ReadHttpLog(rig.id("car"))) else { panic!("none") };
    let kinds: Vec<RequestKind> = kept.iter().map(|exchange| exchange.kind).collect();
    assert_eq!(kinds, [RequestKind::UserInfo, RequestKind::Introspect, RequestKind::Token]);
    // A new token has not been checked.
    server.script("/token", Response::json(200, r#"{"access_token":"access-2","expires_in":3600}"#));
    rig.ask(Command::Refresh(rig.id("car"))).unwrap();
    assert_eq!(rig.view("car").checked, None);
}

#[test]
fn an_inactive_token_is_told_apart_from_a_question_that_was_refused() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place, &["introspect", "userinfo"]);
    server.script("/introspect", Response::json(200, r#"{"active":false}"#));
    assert!(!check(&rig).unwrap().verdict.active);
    assert!(server.requests_to("/userinfo").is_empty(), "a dead token is not shown around");
    // The client may not introspect, but the token can read userinfo.
    server.script("/introspect", Response::json(403, r#"{"error":"access_denied"}"#));
    server.script("/userinfo", Response::json(200, r#"{"id":7}"#));
    assert_eq!(check(&rig).unwrap().verdict.subject.as_deref(), Some("7"));
    server.script("/introspect", Response::json(403, r#"{"error":"access_denied"}"#));
    server.script("/userinfo", Response::json(500, ""));
    let refused = check(&rig).unwrap_err();
    assert!(
        matches!(&refused, Problem::NotChecked(cause) if matches!(&**cause, Problem::Refused(_))),
        "{refused:?}"
    );
    let said = explain(&refused, None, None);
    assert!(said.what.contains("didn't return the token's status") && said.details.is_some(), "{said:?}");
    server.script("/introspect", Response::new(200, "text/html", "<html>"));
    server.script("/userinfo", Response::json(200, "{}").ending(Ending::Unanswered));
    let said = explain(&check(&rig).unwrap_err(), None, None);
    assert!(said.what.contains("not like an introspection or userinfo endpoint"), "{said:?}");
    assert_eq!(has_tokens(&rig, &place), (true, true), "whatever was said, the token stays");
}

#[test]
fn without_an_address_nothing_is_asked_and_it_is_said() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place, &[]);
    let before = server.requests().len();
    let view = rig.view("car");
    assert!(!view.can_check && !view.can_revoke);
    assert!(matches!(check(&rig), Err(Problem::NoEndpoint(_, EndpointKind::UserInfo))));
    assert!(matches!(revoke(&rig), Err(Problem::NoEndpoint(_, EndpointKind::Revoke))));
    assert_eq!((has_tokens(&rig, &place), server.requests().len()), ((true, true), before));
    assert!(matches!(rig.ask(Command::Forget(rig.id("car"))), Ok(Reply::Forgotten)));
    assert_eq!((has_tokens(&rig, &place), server.requests().len()), ((false, false), before));
    assert_eq!(rig.token("car").unwrap_err(), Problem::NeedsSignIn);
}

#[test]
fn tokens_are_revoked_the_refresh_token_first_and_then_gone_here() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place, &["revoke"]);
    server.always("/revoke", Response::new(200, "text/plain", ""));
    assert!(matches!(revoke(&rig), Ok(Reply::Revoked)));
    assert_eq!(revoked(&server), ["refresh-1", "access-1"]);
    assert_eq!(has_tokens(&rig, &place), (false, false));
    drop(rig);
    assert!(place.command_line().view("car").token.is_none(), "nor does the next start know them");
}

#[test]
fn a_revocation_that_failed_keeps_the_tokens_and_is_reported_as_it_was() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place, &["revoke"]);
    let words = |rig: &Rig| explain(&revoke(rig).unwrap_err(), None, None);
    server.script(
        "/revoke",
        Response::json(400, r#"{"error":"invalid_client","error_description":"no refresh-1"}"#),
    );
    let said = words(&rig);
    assert!(said.what.contains("refused to revoke the tokens"), "{said:?}");
    assert!(said.details.as_ref().is_some_and(|details| !details.contains("refresh-1")), "{said:?}");
    assert_eq!(has_tokens(&rig, &place), (true, true));

    server.script("/revoke", Response::new(200, "text/plain", "").ending(Ending::Unanswered));
    assert!(words(&rig).what.contains("broke"));
    server.script("/revoke", Response::new(200, "text/plain", ""));
    server.script("/revoke", Response::json(400, r#"{"error":"unsupported_token_type"}"#));
    let said = words(&rig);
    assert!(
        said.what.contains("the access token") && said.next.contains("refresh token was revoked"),
        "{said:?}"
    );
    assert_eq!(has_tokens(&rig, &place), (true, true));
    assert!(rig.view("car").inquiry.is_none() && rig.view("car").problem.is_some());
}

#[test]
fn z1_deleting_revokes_first_and_reports_a_failure() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let mut rig = signed_in(&server, &place, &["revoke"]);
    server.always("/revoke", Response::new(200, "text/plain", ""));
    let removed = rig.ask(Command::Remove(rig.id("car")));
    assert!(matches!(removed, Ok(Reply::Removed { revocation: Revocation::Done, .. })), "{removed:?}");
    assert_eq!(revoked(&server), ["refresh-1", "access-1"]);
    assert!(place.vault.stored_names().is_empty());
    rig.wait_for_event("deleted", |event| matches!(event, Event::Deleted { .. }));
    drop(rig);

    let (server, place) = (ScriptedServer::start(), Place::new());
    let mut rig = signed_in(&server, &place, &["revoke"]);
    server.always("/revoke", Response::json(503, ""));
    rig.ask(Command::Delete(rig.id("car"))).unwrap();
    assert!(revoked(&server).is_empty(), "it can still be undone");
    rig.advance(11);
    let event = rig.wait_for_event("deleted", |event| matches!(event, Event::Deleted { .. }));
    let Event::Deleted { revocation, .. } = event else { panic!() };
    let said = keyfob::messages::explain::revocation(&revocation).unwrap();
    assert!(said.contains("not revoked") && said.contains("a problem at the moment"), "{said}");
    assert!(place.vault.stored_names().is_empty(), "it is deleted all the same");
}

#[test]
fn z1_quitting_within_the_undo_revokes_too() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = signed_in(&server, &place, &["revoke"]);
    server.always("/revoke", Response::new(200, "text/plain", "").after(std::time::Duration::from_secs(2)));
    rig.ask(Command::Delete(rig.id("car"))).unwrap();
    drop(rig);
    assert_eq!(revoked(&server), ["refresh-1", "access-1"]);
    assert!(place.vault.stored_names().is_empty());
}
