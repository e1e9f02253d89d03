//! An account's HTTP log: recorded, redacted, read by other processes, deleted with the account.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyfob::domain::http_log::record::RequestKind;
use keyfob::domain::http_log::record::RequestKind::{
    Device, Introspect, Metadata, Par, Poll, Refresh, Revoke, Token, UserInfo,
};
use keyfob::domain::http_log::record::{HttpLogEntry, Outcome};
use keyfob::messages::command::Command;
use keyfob::messages::event::Reply;
use keyfob::messages::explain::explain;
use keyfob::store::vault::VaultError;

use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::engine::{Place, Rig, come_back};
use crate::support::raw;
use crate::support::server::{Ending, Request, Response, ScriptedServer};

fn account(server: &ScriptedServer, canary: &str) -> String {
    AccountToml::new("car", "authorization_code")
        .with("client_id", &format!("id-{canary}"))
        .secret(&format!("secret-{canary}"))
        .raw("scopes", "[\"read\"]")
        .lines(&format!("[account.headers]\nX-Api-Key = \"key-{canary}\""))
        .on(server, &["authorize", "token"])
        .to_string()
}

fn granted(canary: &str) -> Response {
    let body = format!(
        r#"{{"access_token":"one-{canary}","refresh_token":"r-{canary}","expires_in":3600,"scope":"read"}}"#
    );
    Response::json(200, body).header("Set-Cookie", &format!("session={canary}"))
}

fn entries(rig: &Rig) -> Arc<Vec<HttpLogEntry>> {
    match rig.ask(Command::ReadHttpLog(rig.id("car"))) {
        Ok(Reply::HttpLog(entries)) => entries,
        other => panic!("{other:?}"),
    }
}

/// For tests that don't search for it.
const CANARY: &str = "CANARY-0123456789abcdef";

fn holds(folder: &Path, needle: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        fs::read(path).unwrap().windows(needle.len()).any(|bytes| bytes == needle.as_bytes())
    })
}

#[test]
fn x1_exchanges_are_kept_without_secrets_and_read_by_another_process() {
    let canary = canary();
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    rig.import(&account(&server, &canary)).unwrap();
    server.script("/token", granted(&canary));
    rig.sign_in("car", &format!("code-{canary}")).unwrap();
    let words = format!("The token r-{canary} of {canary} is old.");
    let refused = format!(r#"{{"error":"invalid_request","error_description":"{words}","{canary}":1}}"#);
    server.script("/token", Response::json(400, refused));
    assert!(rig.ask(Command::Refresh(rig.id("car"))).is_err());
    server.script("/token", Response::json(200, "{}").ending(Ending::Unanswered));
    assert!(rig.ask(Command::Refresh(rig.id("car"))).is_err());
    drop(rig);

    let other = place.command_line();
    let kept = entries(&other);
    let kinds: Vec<RequestKind> = kept.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [Refresh, Refresh, Token]);
    assert!(matches!(&kept[0].outcome, Outcome::Unreached { may_have_been_sent: true, .. }), "{kept:?}");
    let Outcome::Answered { status: 400, body, .. } = &kept[1].outcome else { panic!("{kept:?}") };
    assert!(body.contains("invalid_request") && body.contains("is old."), "{body}");
    let Outcome::Answered { status: 200, body, .. } = &kept[2].outcome else { panic!("{kept:?}") };
    assert!(body.contains("\"expires_in\": 3600") && body.contains("\"scope\": \"read\""), "{body}");
    assert_eq!(kept[2].url, server.url("/token"));
    let text = format!("{kept:?}");
    assert!(!text.contains(&canary), "{text}");
    assert!(!holds(place.folder.path(), &canary), "on the disk");

    let shown = other.wait_until("the entries", |snapshot| snapshot.accounts[0].http_log.is_some());
    assert_eq!(shown.accounts[0].http_log.as_ref(), Some(&kept));
}

#[test]
fn x1_whatever_is_sent_for_an_account_is_recorded_and_redacted() {
    let canary = canary();
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    let more = ["par", "jwks", "device", "introspect", "userinfo", "revoke"]
        .map(|kind| format!("{kind} = \"{}\"\n", server.url(&format!("/{kind}"))));
    let text = account(&server, &canary).replace("[account.headers]", "par = true\n[account.headers]");
    let text = text.replace("scopes = [\"read\"]", "scopes = [\"openid\"]") + &more.concat();
    rig.import(&text).unwrap();
    let asked_for = |text: &str| text.replace("par = true", "").replace("authorization_code", "device_code");
    rig.import(&asked_for(&text).replace("\"car\"", "\"tv\"")).unwrap();
    let kinds = |rig: &Rig, name: &str| {
        let Ok(Reply::HttpLog(kept)) = rig.ask(Command::ReadHttpLog(rig.id(name))) else { panic!("none") };
        assert!(!format!("{kept:?}").contains(&canary), "{kept:?}");
        kept.iter().map(|entry| entry.kind).collect::<Vec<_>>()
    };

    let pushed = format!(r#"{{"request_uri":"urn:{canary}","expires_in":60}}"#);
    server.script("/par", Response::json(201, pushed));
    let command = Command::SignIn { account: rig.id("car"), open_browser: false };
    let mut answers = rig.handle.ask(command).unwrap();
    let Ok(Reply::Waiting { .. }) = answers.wait() else { panic!("no address") };
    let form = server.requests_to("/par")[0].form();
    let sent = |name: &str| form.iter().find(|(known, _)| known == name).unwrap().1.clone();
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(serde_json::json!({"alg": "RS256", "kid": "k"}));
    let id_token = format!("{header}.{}.x{canary}", part(serde_json::json!({"nonce": sent("nonce")})));
    let granted = format!(
        r#"{{"access_token":"one-{canary}","refresh_token":"r-{canary}","id_token":"{id_token}","expires_in":60}}"#
    );
    server.always("/token", Response::json(200, granted));
    server.always("/jwks", Response::json(200, r#"{"keys":[]}"#));
    let back = format!("{}?code=c{canary}&state={}", sent("redirect_uri"), sent("state"));
    assert_eq!(raw::get(&back).status, 303);
    answers.wait().unwrap();
    rig.ask(Command::Refresh(rig.id("car"))).unwrap();
    server.always("/introspect", Response::json(200, format!(r#"{{"active":true,"sub":"{canary}"}}"#)));
    server.always("/userinfo", Response::json(200, format!(r#"{{"sub":"{canary}","name":"Ada"}}"#)));
    rig.ask(Command::Check(rig.id("car"))).unwrap();
    server.always("/revoke", Response::new(200, "text/plain", ""));
    rig.ask(Command::Revoke(rig.id("car"))).unwrap();
    let all = [Revoke, Revoke, UserInfo, Introspect, Metadata, Refresh, Metadata, Token, Par];
    assert_eq!(kinds(&rig, "car"), all);

    let code = format!(
        r#"{{"device_code":"d-{canary}","user_code":"U{canary}","verification_uri":"https://a.example/{canary}"}}"#
    );
    server.script("/device", Response::json(200, code));
    let command = Command::SignIn { account: rig.id("tv"), open_browser: false };
    let mut answers = rig.handle.ask(command).unwrap();
    let Ok(Reply::CodeGiven(_)) = answers.wait() else { panic!("no code") };
    rig.advance(6);
    rig.ask(Command::ClearClipboard).unwrap();
    answers.wait().unwrap();
    assert_eq!(kinds(&rig, "tv"), [Metadata, Poll, Device]);
    assert!(!holds(place.folder.path(), &canary), "on the disk");
}

#[test]
fn z1_a_deleted_accounts_exchanges_are_gone_from_the_disk() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    rig.import(&account(&server, CANARY)).unwrap();
    server.script("/token", granted(CANARY));
    rig.sign_in("car", "a-code").unwrap();
    assert_eq!(entries(&rig).len(), 1);
    assert!(holds(place.folder.path(), "authorization_code"));
    rig.ask(Command::Remove(rig.id("car"))).unwrap();
    assert!(!holds(place.folder.path(), "authorization_code") && !holds(place.folder.path(), "/token"));
}

#[test]
fn z1_the_demos_exchanges_stay_in_memory() {
    let place = Place::new();
    let rig = place.window();
    let Ok(Reply::Saved(id)) = rig.ask(Command::StartDemo) else { panic!("no demo") };
    let mut answers = rig.handle.ask(Command::SignIn { account: id.clone(), open_browser: false }).unwrap();
    let Ok(Reply::Waiting { address, .. }) = answers.wait() else { panic!("no address") };
    let issuer = rig.snapshot().demo.as_ref().unwrap().issuer.clone();
    assert_eq!(come_back(&address, &[("code", "no-such-code"), ("iss", &issuer)]).status, 303);
    assert!(answers.wait().is_err());
    let Ok(Reply::HttpLog(kept)) = rig.ask(Command::ReadHttpLog(id)) else { panic!("none") };
    assert_eq!(kept.len(), 1);
    drop(rig);
    assert!(!holds(place.folder.path(), "no-such-code") && !holds(place.folder.path(), &issuer));
}

#[test]
fn a_window_shows_what_another_process_exchanged() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let window = place.window();
    window.import(&account(&server, CANARY)).unwrap();
    assert!(entries(&window).is_empty());
    let other = place.command_line();
    server.script("/token", granted(CANARY));
    other.sign_in("car", "a-code").unwrap();
    drop(other);
    window.wait_until("the other's entry", |snapshot| {
        snapshot.accounts[0].http_log.as_ref().is_some_and(|entries| entries.len() == 1)
    });
}

#[test]
fn an_exchange_is_recorded_though_the_vault_refuses_the_token() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.command_line();
    rig.import(&account(&server, CANARY)).unwrap();
    server.script("/token", granted(CANARY));
    place.vault.fail_writes(9, &VaultError::Locked);
    rig.sign_in("car", "a-code").unwrap();
    assert_eq!(entries(&rig).len(), 1);
}

#[test]
fn x1_a_server_that_repeats_a_request_gives_no_secret_away_in_whatever_spelling() {
    let secret = format!("\"{}/+&<", canary());
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let repeats = move |request: &Request| {
        let authorization = request.header("authorization").unwrap_or_default().to_owned();
        let fields = request.form().into_iter().map(|(name, value)| format!("{name}: {}", json(&value)));
        let fields = fields.collect::<Vec<_>>().join(", ");
        let words = format!("{authorization} | {} | {fields} | {}", request.text(), json(&json(&fields)));
        let body = format!(r#"{{"error":"invalid_request","error_description":{}}}"#, json(&words));
        Response::json(400, body)
    };
    let server = ScriptedServer::judging(repeats);
    for auth in ["basic", "basic_raw", "body"] {
        let place = Place::new();
        let rig = place.command_line();
        let account = AccountToml::new("car", "client_credentials")
            .with("client_auth", auth)
            .secret(&secret)
            .on(&server, &["token"])
            .to_string();
        rig.import(&account).unwrap();
        let problem = rig.ask(Command::Refresh(rig.id("car"))).unwrap_err();
        let said = format!("{:?} {:?}", explain(&problem, None, None), entries(&rig));
        assert!(said.contains("grant_type"), "{said}");
        let sent = server.requests().pop().unwrap();
        let proof = sent.header("authorization").map_or_else(String::new, |header| header[6..].to_owned());
        let tail = &secret["\"CANARY-".len()..secret.len() - "/+&<".len()];
        assert!(!said.contains(tail) && (proof.is_empty() || !said.contains(&proof)), "{auth}: {said}");
    }
}
