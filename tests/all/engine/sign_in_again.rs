//! A second sign-in: what stays of the first, which may belong to another user.

use keyfob::messages::command::Command;
use keyfob::messages::event::Reply;

use crate::support::account_toml::AccountToml;
use crate::support::engine::{Place, Rig};
use crate::support::server::{Response, ScriptedServer};

fn account(server: &ScriptedServer, grant: &str) -> String {
    AccountToml::new("car", grant)
        .secret("a-secret")
        .with("username", "ada")
        .with("password", "a-password")
        .on(server, &["authorize", "token", "device"])
        .to_string()
}

/// The first sign-in's response: offline access and an ID token.
fn of_the_first() -> Response {
    Response::json(
        200,
        r#"{"access_token":"CANARY-first","refresh_token":"CANARY-first-refresh","expires_in":3600,
            "refresh_token_expires_in":9000,"id_token":"CANARY-first-id"}"#,
    )
}

/// The second one's: only an access token.
fn of_the_second() -> Response {
    Response::json(200, r#"{"access_token":"CANARY-second","expires_in":3600}"#)
}

fn sign_in(server: &ScriptedServer, rig: &Rig, grant: &str, answer: Response) {
    server.script("/token", answer);
    if grant == "authorization_code" {
        rig.sign_in("car", "a-code").unwrap();
        return;
    }
    if grant == "device_code" {
        let given =
            r#"{"device_code":"d","user_code":"u","verification_uri":"https://a.example/","interval":1}"#;
        server.script("/device", Response::json(200, given));
    }
    let command = Command::SignIn { account: rig.id("car"), open_browser: false };
    let mut answers = rig.handle.ask(command).unwrap();
    if matches!(answers.wait(), Ok(Reply::CodeGiven(_))) {
        rig.advance(5);
        rig.ask(Command::ClearClipboard).unwrap();
        answers.wait().unwrap();
    }
}

#[test]
fn r9_nothing_of_the_first_sign_in_remains_after_the_second() {
    for grant in ["authorization_code", "device_code", "password"] {
        let (server, place) = (ScriptedServer::start(), Place::new());
        let rig = place.window();
        rig.import(&account(&server, grant)).unwrap();
        sign_in(&server, &rig, grant, of_the_first());
        let first = rig.view("car").token.as_ref().unwrap().facts.clone();
        assert!(first.has_refresh_token && first.refresh_expires_at.is_some() && first.id_token.is_some());

        sign_in(&server, &rig, grant, of_the_second());
        assert_eq!(rig.token("car").unwrap().access_token.expose(), "CANARY-second", "{grant}");
        let facts = rig.view("car").token.as_ref().unwrap().facts.clone();
        assert_eq!(facts.generation, first.generation + 1, "{grant}");
        assert_eq!(
            (facts.has_refresh_token, facts.refresh_expires_at, facts.id_token),
            (false, None, None),
            "{grant}"
        );
        for name in place.vault.stored_names() {
            let record = place.vault.stored(&name).unwrap();
            assert!(!record.expose().contains("CANARY-first"), "{grant}: {name}");
        }
        // Another process sees the same.
        drop(rig);
        let again = place.command_line().view("car").token.as_ref().unwrap().facts.clone();
        assert_eq!(again, facts, "{grant}");
    }
}

#[test]
fn r9_a_repeated_grant_inherits_nothing_from_a_refused_refresh() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    rig.import(&account(&server, "password")).unwrap();
    sign_in(&server, &rig, "password", of_the_first());
    rig.advance(3600);
    server.script("/token", Response::json(400, r#"{"error":"invalid_grant"}"#));
    server.script("/token", of_the_second());
    assert_eq!(rig.token("car").unwrap().access_token.expose(), "CANARY-second");
    let record = place.vault.stored(&format!("tokens/{}", rig.id("car"))).unwrap();
    assert!(!record.expose().contains("CANARY-first"));
}
