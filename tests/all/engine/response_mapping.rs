//! Responses that don't fit, and the user's mapping of them.

use std::sync::Arc;

use chrono::TimeDelta;
use keyfob::domain::oauth::response_mapping::{Layout, ReadAs};
use keyfob::domain::token::grant::ExpirySource;
use keyfob::messages::command::Command;
use keyfob::messages::event::Reply;
use keyfob::messages::problem::{AnswerFlaw, Problem};

use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::engine::{Place, Rig};
use crate::support::server::{Response, ScriptedServer};

fn account(server: &ScriptedServer) -> String {
    AccountToml::new("car", "client_credentials").secret("a-secret").on(server, &["token"]).to_string()
}

fn refresh(rig: &Rig) -> Result<Reply, Problem> {
    rig.ask(Command::Refresh(rig.id("car")))
}

fn layout(rig: &Rig) -> Arc<Layout> {
    rig.view("car").answer.clone().expect("an answer laid open")
}

fn place(layout: &Layout, name: &str) -> usize {
    layout.places.iter().position(|place| place.name == name).unwrap_or_else(|| panic!("{name}: {layout:?}"))
}

#[test]
fn a_strange_answer_is_shown_mapped_and_then_gives_the_token() {
    let (server, at, canary) = (ScriptedServer::start(), Place::new(), canary());
    let rig = at.window();
    rig.import(&account(&server)).unwrap();
    let end = (rig.now() + TimeDelta::minutes(20)).to_rfc3339();
    let strange = format!(
        r#"{{"resultat":{{"jeton":"{canary}","fin":"{end}"}},"droits":"lire ecrire","{canary}":{{"x":"{canary}"}}}}"#
    );
    server.always("/token", Response::json(200, strange));
    let flawed = refresh(&rig).unwrap_err();
    assert!(matches!(&flawed, Problem::BadAnswer(bad) if bad.kind == AnswerFlaw::NoToken), "{flawed:?}");
    let shown = layout(&rig);
    assert!(!shown.has_token && !format!("{shown:?}").contains(&canary), "{shown:?}");

    let choices = vec![
        (place(&shown, "jeton"), ReadAs::AccessToken),
        (place(&shown, "fin"), ReadAs::Expiry),
        (place(&shown, "droits"), ReadAs::Scope),
    ];
    let mapped = rig.ask(Command::MapAnswer { account: rig.id("car"), choices });
    assert!(matches!(mapped, Ok(Reply::Saved(_))), "{mapped:?}");
    assert!(refresh(&rig).is_ok());
    let held = rig.token("car").unwrap();
    assert_eq!(held.access_token.expose(), canary);
    assert_eq!(held.facts.scope.unwrap(), ["lire", "ecrire"]);
    let left = held.facts.expires_at.unwrap() - rig.now();
    assert!((19..=20).contains(&left.num_minutes()) && held.facts.expiry_source == ExpirySource::Server);
    assert!(rig.view("car").answer.is_none(), "it fits now");
    drop(rig);

    // Stored with the account: another start uses it, too.
    let next = at.command_line();
    let response = &next.view("car").settings.overrides.response;
    assert_eq!(response.access_token, ["/resultat/jeton"]);
    assert_eq!(response.expires_at, ["/resultat/fin"]);
    assert!(next.ask(Command::Refresh(next.id("car"))).is_ok());
}

#[test]
fn an_expiry_that_was_not_read_can_be_pointed_at_and_the_token_stays() {
    let (server, at) = (ScriptedServer::start(), Place::new());
    let rig = at.window();
    rig.import(&account(&server)).unwrap();
    server.always("/token", Response::json(200, r#"{"access_token":"t","valable":"1800"}"#));
    refresh(&rig).unwrap();
    assert_eq!(rig.token("car").unwrap().facts.expires_at, None);
    let shown = layout(&rig);
    assert!(shown.has_token);
    let choices = vec![(place(&shown, "valable"), ReadAs::Life)];
    rig.ask(Command::MapAnswer { account: rig.id("car"), choices }).unwrap();
    assert_eq!(rig.token("car").unwrap().access_token.expose(), "t", "the choice costs no token");
    refresh(&rig).unwrap();
    let facts = rig.token("car").unwrap().facts;
    assert_eq!(facts.expires_at, Some(facts.received_at + TimeDelta::seconds(1800)));
}

#[test]
fn a_usual_answer_is_not_laid_open_and_there_is_nothing_to_map() {
    let (server, at) = (ScriptedServer::start(), Place::new());
    let rig = at.window();
    rig.import(&account(&server)).unwrap();
    server.script("/token", Response::json(200, r#"{"access_token":"t","expires_in":60}"#));
    refresh(&rig).unwrap();
    server.script("/token", Response::json(401, r#"{"error":"invalid_client"}"#));
    assert!(refresh(&rig).is_err());
    server.script("/token", Response::new(200, "text/html", "<html>"));
    assert!(refresh(&rig).is_err());
    assert!(rig.view("car").answer.is_none());
    let choices = vec![(0, ReadAs::AccessToken)];
    let mapped = rig.ask(Command::MapAnswer { account: rig.id("car"), choices });
    assert_eq!(mapped.unwrap_err(), Problem::ChangedElsewhere);
}
