//! `keyfob check`, `keyfob revoke`, and what `keyfob remove` says about tokens.

use super::place::Place;
use crate::support::account_toml::AccountToml;
use crate::support::desktop::{Bus, Keyring};
use crate::support::server::{Response, ScriptedServer};

fn accounts(server: &ScriptedServer) -> String {
    let account = |name: &str, endpoints: &[&str]| {
        let account = AccountToml::new(name, "client_credentials").secret("a-secret");
        account.raw("scopes", "[\"read\", \"write\"]").on(server, endpoints).to_string()
    };
    account("car", &["token", "introspect", "revoke"]) + &account("plain", &["token"])
}

#[test]
fn a_token_is_checked_and_revoked_from_the_command_line() {
    let (bus, server) = (Bus::start(), ScriptedServer::start());
    let keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    place.run_with(&["import", "-"], &accounts(&server)).ok();
    server.always("/token", Response::json(200, r#"{"access_token":"CANARY-1","expires_in":3600}"#));
    place.run(&["check", "car"]).failed(3);
    place.run(&["token", "car"]).ok();

    let said = r#"{"active":true,"sub":"robot","scope":"read"}"#;
    server.always("/introspect", Response::json(200, said));
    let checked = place.run(&["check", "car", "--json"]).json();
    assert_eq!((&checked["active"], &checked["subject"]), (&true.into(), &"robot".into()));
    assert_eq!(checked["missing_scope"], serde_json::json!(["write"]));
    let checked = place.run(&["check", "car"]).ok();
    assert!(
        checked.contains("Active") && checked.contains("robot") && !checked.contains("CANARY"),
        "{checked}"
    );
    assert!(place.run(&["check", "plain"]).failed(1).contains("no introspection"));

    server.script("/revoke", Response::json(400, r#"{"error":"unsupported_token_type"}"#));
    assert!(place.run(&["revoke", "car"]).failed(1).contains("can't revoke the tokens"));
    assert_eq!(place.run(&["show", "car", "--json"]).json()["status"], "valid", "they are kept");
    server.script("/revoke", Response::new(200, "text/plain", ""));
    let revoked = place.run(&["revoke", "car"]);
    assert!(revoked.err.contains("were revoked") && revoked.ok().is_empty());
    assert_eq!(place.run(&["show", "car", "--json"]).json()["status"], "signed_out");
    let log = place.run(&["log", "car", "--json"]).json();
    let kinds: Vec<_> =
        log.as_array().unwrap().iter().map(|exchange| exchange["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["revoke", "revoke", "introspect", "introspect", "token"]);

    place.run(&["token", "plain"]).ok();
    assert!(place.run(&["revoke", "plain"]).failed(1).contains("keyfob revoke --here plain"));
    let forgotten = place.run(&["revoke", "plain", "--here"]);
    assert!(forgotten.err.contains("not revoked") && forgotten.code == 0, "{forgotten:?}");

    place.run(&["token", "car"]).ok();
    server.script("/revoke", Response::json(503, ""));
    let removed = place.run(&["remove", "car", "--yes"]);
    assert!(removed.err.contains("was removed") && removed.err.contains("not revoked"), "{removed:?}");
    assert_eq!(removed.code, 0);
    assert_eq!(keyring.items().len(), 1, "the other account's client");
}
