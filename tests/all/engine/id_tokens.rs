//! ID tokens against the scripted server: checked after the tokens are stored, with the result shown.

use keyfob::base::secret::PrivateKey;
use keyfob::domain::oauth::id_token::{IdTokenFlaw, IdTokenStatus};
use keyfob::domain::oauth::jose::SigningKey;
use keyfob::messages::command::Command;
use keyfob::messages::event::Reply;
use keyfob::messages::problem::Problem;
use serde_json::{Value, json};

use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::engine::{Place, Rig, come_back, parameter};
use crate::support::server::{Response, ScriptedServer};

/// A published private key: RFC 7515, appendix A.3.1.
const KEY: &str = r#"{"kty":"EC","crv":"P-256","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

fn rig(server: &ScriptedServer) -> (Place, Rig) {
    rig_with(server, "")
}

/// With another line in the account.
fn rig_with(server: &ScriptedServer, line: &str) -> (Place, Rig) {
    let place = Place::new();
    let rig = place.window();
    let account = AccountToml::new("car", "authorization_code")
        .with("client_auth", "none")
        .raw("scopes", "[\"openid\"]")
        .with("issuer", &server.url(""))
        .lines(line)
        .on(server, &["authorize", "token", "jwks"])
        .to_string();
    rig.import(&account).unwrap();
    (place, rig)
}

/// The issuer's keys: the published key under this ID.
fn keys(id: &str) -> Response {
    let set = json!({"keys": [{
        "kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "alg": "ES256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }]});
    Response::json(200, set.to_string())
}

fn signed(claims: &Value, id: &str) -> String {
    let key = SigningKey::read(&PrivateKey::new(KEY.to_owned()), None).unwrap();
    key.sign(claims, Some(id)).unwrap().expose().to_owned()
}

/// Signs in and gets an ID token with these additional claims.
fn sign_in(server: &ScriptedServer, rig: &Rig, id: &str, other: &Value) -> IdTokenStatus {
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    let mut claims = json!({
        "iss": server.url(""), "aud": "an-id", "sub": "me", "exp": rig.now().timestamp() + 60,
        "nonce": parameter(&address, "nonce"),
    });
    claims.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    let body = json!({"access_token": canary(), "expires_in": 3600, "id_token": signed(&claims, id)});
    server.script("/token", Response::json(200, body.to_string()));
    come_back(&address, &[("code", "c")]);
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
    rig.view("car").token.as_ref().unwrap().facts.id_token.unwrap()
}

#[test]
fn a_verified_id_token_is_said_to_be_so_and_its_claims_are_shown() {
    let server = ScriptedServer::start();
    server.script("/jwks", keys("k"));
    let (place, rig) = rig(&server);
    assert_eq!(sign_in(&server, &rig, "k", &json!({"name": "Ada"})), IdTokenStatus::Verified);
    let view = rig.view("car");
    let claims = view.token.as_ref().unwrap().id_claims.as_ref().unwrap();
    assert!(claims.iter().any(|claim| claim.name == "name"), "{claims:?}");
    // Rereading the same record keeps the result.
    rig.token("car").unwrap();
    assert_eq!(rig.view("car").token.as_ref().unwrap().facts.id_token, Some(IdTokenStatus::Verified));
    // So does another engine on the same disk.
    drop(rig);
    let again = place.command_line();
    assert_eq!(again.view("car").token.as_ref().unwrap().facts.id_token, Some(IdTokenStatus::Verified));
}

#[test]
fn an_issuers_keys_are_remembered_for_a_while_and_fetched_once_more_for_an_unknown_one() {
    let server = ScriptedServer::start();
    server.always("/jwks", keys("old"));
    let (_place, rig) = rig(&server);
    let none = json!({});
    for _ in 0..3 {
        assert_eq!(sign_in(&server, &rig, "old", &none), IdTokenStatus::Verified);
    }
    assert_eq!(server.requests_to("/jwks").len(), 1, "remembered");
    server.always("/jwks", keys("new"));
    assert_eq!(sign_in(&server, &rig, "new", &none), IdTokenStatus::Verified);
    assert_eq!(server.requests_to("/jwks").len(), 2, "an unknown key");
    assert_eq!(sign_in(&server, &rig, "forged", &none), IdTokenStatus::Doubted(IdTokenFlaw::UnknownKey));
    assert_eq!(server.requests_to("/jwks").len(), 3, "once");
    rig.advance(3601);
    assert_eq!(sign_in(&server, &rig, "new", &none), IdTokenStatus::Verified);
    assert_eq!(server.requests_to("/jwks").len(), 4, "not for ever");
}

#[test]
fn a_doubted_id_token_costs_nobody_the_access_token() {
    let server = ScriptedServer::start();
    let (_place, rig) = rig(&server);
    let doubted = |doubt| IdTokenStatus::Doubted(doubt);
    server.always("/jwks", Response::json(503, "{}"));
    assert_eq!(sign_in(&server, &rig, "k", &json!({})), doubted(IdTokenFlaw::KeysUnreachable));
    server.always("/jwks", keys("k"));
    for (claims, doubt) in [
        (json!({"aud": "another"}), IdTokenFlaw::WrongAudience),
        (json!({"iss": "https://another.example"}), IdTokenFlaw::WrongIssuer),
        (json!({"exp": 1}), IdTokenFlaw::Expired),
    ] {
        assert_eq!(sign_in(&server, &rig, "k", &claims), doubted(doubt));
        rig.token("car").unwrap();
    }
}

#[test]
fn a3_of_an_issuer_known_by_its_template_a_tenants_id_token_is_verified() {
    let server = ScriptedServer::start();
    server.always("/jwks", keys("k"));
    let template = format!("issuer_template = \"{}\"", server.url("/{tenantid}/v2.0"));
    let (_place, rig) = rig_with(&server, &template);
    for (path, verdict) in [
        ("/9188040d-6c67/v2.0", IdTokenStatus::Verified),
        ("", IdTokenStatus::Doubted(IdTokenFlaw::WrongIssuer)),
        ("/a/b/v2.0", IdTokenStatus::Doubted(IdTokenFlaw::WrongIssuer)),
    ] {
        assert_eq!(sign_in(&server, &rig, "k", &json!({"iss": server.url(path)})), verdict, "{path}");
    }
}

#[test]
fn a_refresh_without_an_id_token_keeps_what_was_found_of_the_old_one() {
    let server = ScriptedServer::start();
    server.always("/jwks", keys("k"));
    let (_place, rig) = rig(&server);
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    let claims = json!({
        "iss": server.url(""), "aud": "an-id", "exp": rig.now().timestamp() + 60,
        "nonce": parameter(&address, "nonce"),
    });
    let body = json!({"access_token": "a", "refresh_token": "r", "id_token": signed(&claims, "k")});
    server.script("/token", Response::json(200, body.to_string()));
    come_back(&address, &[("code", "c")]);
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
    rig.advance(600);
    server.script("/token", Response::json(200, r#"{"access_token":"b","refresh_token":"s"}"#));
    rig.ask(Command::Refresh(rig.id("car"))).unwrap();
    let view = rig.view("car");
    let facts = &view.token.as_ref().unwrap().facts;
    assert_eq!((facts.generation, facts.id_token), (2, Some(IdTokenStatus::Verified)));
    assert_eq!(rig.token("car").unwrap().access_token.expose(), "b");
}

#[test]
fn r9_a_refreshed_id_token_of_another_subject_is_refused() {
    for (issuer, subject) in [("", "bob"), ("/other", "ada")] {
        let server = ScriptedServer::start();
        server.always("/jwks", keys("k"));
        let (place, rig) = rig(&server);
        let (address, mut answers) = rig.start_sign_in("car").unwrap();
        let nonce = parameter(&address, "nonce");
        let tokens = |name: &str, issuer: &str, subject: &str| {
            let claims = json!({
                "iss": server.url(issuer), "aud": "an-id", "sub": subject, "nonce": nonce,
                "exp": rig.now().timestamp() + 6000,
            });
            let body = json!({
                "access_token": format!("CANARY-{name}"), "refresh_token": format!("CANARY-{name}-refresh"),
                "expires_in": 3600, "id_token": signed(&claims, "k"),
            });
            server.script("/token", Response::json(200, body.to_string()));
        };
        tokens("one", "", "ada");
        come_back(&address, &[("code", "c")]);
        assert!(matches!(answers.wait(), Ok(Reply::Done)));
        let refresh = || rig.ask(Command::Refresh(rig.id("car")));
        let name = format!("tokens/{}", rig.id("car"));
        let record = || place.vault.stored(&name).unwrap().expose().to_owned();
        tokens("two", "", "ada");
        refresh().unwrap();
        let before = record();
        assert!(before.contains("CANARY-two-refresh"));

        tokens("three", issuer, subject);
        let problem = refresh().unwrap_err();
        assert_eq!((&problem, problem.exit_code()), (&Problem::OtherSubject, 3), "{issuer} {subject}");
        assert_eq!(record(), before, "nothing of the answer was kept");
        assert_eq!(rig.token("car").unwrap().access_token.expose(), "CANARY-two");
        assert_eq!(refresh().unwrap_err(), Problem::OtherSubject);
        assert_eq!(server.requests_to("/token").len(), 3, "the refresh token is not sent again");
        // A new sign-in may have another subject.
        assert_eq!(sign_in(&server, &rig, "k", &json!({"sub": subject})), IdTokenStatus::Verified);
    }
}
