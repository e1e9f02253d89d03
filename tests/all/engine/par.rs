//! Pushed authorization requests, and the binding of an ID token to a sign-in, against the scripted server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyfob::messages::command::Command;
use keyfob::messages::event::Reply;
use keyfob::messages::problem::{AnswerFlaw, Problem, SignInProblem};
use serde_json::{Value, json};

use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::engine::{Place, Rig, come_back, parameter};
use crate::support::server::{Response, ScriptedServer};

/// A published private key: RFC 7515, appendix A.3.1.
const KEY: &str = r#"{"kty":"EC","crv":"P-256","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

const URI: &str = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c";

fn rig(server: &ScriptedServer, extra: &str) -> (Place, Rig) {
    let place = Place::new();
    let rig = place.window();
    let account = AccountToml::new("car", "authorization_code")
        .lines(extra)
        .on(server, &["authorize", "token", "par"])
        .to_string();
    rig.import(&account).unwrap();
    (place, rig)
}

fn of<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    let mut values = pairs.iter().filter(|(known, _)| known == name);
    let value = values.next().map(|(_, value)| value.as_str());
    assert!(values.next().is_none(), "{name} is there twice");
    value
}

fn part(token: &str, place: usize) -> Value {
    let part = token.split('.').nth(place).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn pushed() -> Response {
    Response::json(201, format!(r#"{{"request_uri":"{URI}","expires_in":60}}"#))
}

#[test]
fn rfc_9126_the_browsers_address_holds_a_client_and_a_request_uri_only() {
    let server = ScriptedServer::start();
    server.script("/par", pushed());
    server.script("/token", Response::json(200, r#"{"access_token":"t","expires_in":60}"#));
    let key = format!(
        "client_auth = \"private_key_jwt\"\nprivate_key = '{KEY}'\npar = true\nscopes = [\"read\"]\n\
         resource = \"https://api.example/\"\n\
         authorize_params = {{ prompt = \"consent\", state = \"evil\", redirect_uri = \"evil\" }}"
    );
    let (_place, rig) = rig(&server, &key);
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    let shown: Vec<_> = address.query_pairs().collect();
    assert_eq!(shown, [("client_id".into(), "an-id".into()), ("request_uri".into(), URI.into())]);

    let sent = server.requests_to("/par")[0].form();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "an-id"),
        ("scope", "read"),
        ("resource", "https://api.example/"),
        ("code_challenge_method", "S256"),
        ("prompt", "consent"),
    ] {
        assert_eq!(of(&sent, name), Some(value));
    }
    let first = part(of(&sent, "client_assertion").unwrap(), 1);
    assert_eq!(first["aud"], server.url("/token"));

    // The callback is compared with the pushed request.
    let (state, redirect) = (of(&sent, "state").unwrap(), of(&sent, "redirect_uri").unwrap());
    let back = format!("{redirect}?code=c&state={state}");
    assert_eq!(crate::support::raw::get(&back).status, 303);
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
    let form = server.requests_to("/token")[0].form();
    let second = part(of(&form, "client_assertion").unwrap(), 1);
    assert_ne!(first["jti"], second["jti"], "an assertion is made anew for each request");
    assert_eq!(of(&form, "resource"), Some("https://api.example/"));
    assert_eq!(of(&form, "redirect_uri"), Some(redirect));
}

#[test]
fn x1_a_private_key_is_in_the_vault_and_nowhere_else() {
    let server = ScriptedServer::start();
    server.script("/par", pushed());
    let refused = json!({"error": "invalid_client", "error_description": "bad key"}).to_string();
    server.script("/token", Response::json(401, refused));
    let key =
        format!("client_auth = \"private_key_jwt\"\nprivate_key = '{KEY}'\npar = true\nscopes = [\"read\"]");
    let (place, rig) = rig(&server, &key);
    let (_, mut answers) = rig.start_sign_in("car").unwrap();
    let sent = server.requests_to("/par")[0].form();
    let (state, redirect) = (of(&sent, "state").unwrap(), of(&sent, "redirect_uri").unwrap());
    crate::support::raw::get(&format!("{redirect}?code=c&state={state}"));
    let problem = answers.wait().unwrap_err();
    let entries = rig.ask(Command::ReadHttpLog(rig.id("car"))).unwrap();
    let told = format!("{problem:?} {entries:?} {:?}", rig.snapshot());
    assert!(told.contains("client_assertion"), "the entries are there: {told}");
    let sent = server.requests().iter().map(crate::support::server::Request::text).collect::<String>();
    let secret = "jpsQnnGQmL";
    assert!(!told.contains(secret) && !sent.contains(secret));
    drop(rig);
    for entry in walk(place.folder.path()) {
        let bytes = std::fs::read(&entry).unwrap();
        assert!(!bytes.windows(secret.len()).any(|at| at == secret.as_bytes()), "{}", entry.display());
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn a_request_that_is_not_taken_opens_no_browser_and_says_why() {
    let server = ScriptedServer::start();
    let secret = canary();
    let (_place, rig) = rig(&server, &format!("client_secret = \"{secret}\"\npar = true"));
    let refused = format!(r#"{{"error":"invalid_request","error_description":"bad {secret}"}}"#);
    server.script("/par", Response::json(400, refused));
    match rig.start_sign_in("car").map(drop) {
        Err(Problem::Refused(refusal)) => {
            assert_eq!(refusal.code.as_ref().unwrap().as_str(), "invalid_request");
            assert!(!format!("{refusal:?}").contains(&secret));
        }
        other => panic!("{other:?}"),
    }
    server.script("/par", Response::json(201, r#"{"expires_in":60}"#));
    let error = rig.start_sign_in("car").err().unwrap();
    let (host, flaw) = ("127.0.0.1".to_owned(), AnswerFlaw::NoRequestUri);
    assert_eq!(error, Problem::SignIn(SignInProblem::NotPushed { host, status: 201, flaw }));
    assert!(rig.browser.opened.lock().unwrap().is_empty());
    assert!(server.requests_to("/token").is_empty());
}

fn id_token(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&json!({"alg": "none"})), part(claims))
}

#[test]
fn a_token_with_another_nonce_is_not_used() {
    let server = ScriptedServer::start();
    let (place, rig) = rig(&server, "client_auth = \"none\"\nscopes = [\"openid\"]");
    let token = canary();
    let answer = |claims: &Value| {
        let body = json!({"access_token": token, "refresh_token": "r", "id_token": id_token(claims)});
        Response::json(200, body.to_string())
    };
    let mut nonces = Vec::new();
    for claims in [json!({"nonce": "another"}), json!({}), json!({"nonce": 7})] {
        server.script("/token", answer(&claims));
        let (address, mut answers) = rig.start_sign_in("car").unwrap();
        nonces.push(parameter(&address, "nonce"));
        come_back(&address, &[("code", "c")]);
        assert_eq!(answers.wait().unwrap_err(), Problem::SignIn(SignInProblem::WrongNonce), "{claims}");
        assert!(rig.view("car").token.is_none());
    }
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    let nonce = parameter(&address, "nonce");
    assert!(!nonces.contains(&nonce) && nonces[0] != nonces[1], "each sign-in has its own");
    server.script("/token", answer(&json!({"nonce": nonce})));
    come_back(&address, &[("code", "c")]);
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
    drop(rig);
    assert_eq!(place.command_line().token("car").unwrap().access_token.expose(), token);
}

#[test]
fn without_openid_there_is_no_nonce_to_repeat() {
    let server = ScriptedServer::start();
    let (_place, rig) = rig(&server, "client_auth = \"none\"\nscopes = [\"read\"]");
    let body = json!({"access_token": "t", "id_token": id_token(&json!({"nonce": "whatever"}))});
    server.script("/token", Response::json(200, body.to_string()));
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    assert!(!address.as_str().contains("nonce"));
    come_back(&address, &[("code", "c")]);
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
}
