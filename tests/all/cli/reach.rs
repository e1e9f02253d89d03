//! Discovery and device codes on the command line.

use super::place::Place;
use crate::support::account_toml::AccountToml;
use crate::support::desktop::{Bus, Keyring};
use crate::support::server::{Response, ScriptedServer};

fn account(issuer: &str) -> String {
    AccountToml::new("tv", "device_code").with("issuer", issuer).with("client_auth", "none").to_string()
}

#[test]
fn an_account_known_by_its_issuer_signs_in_by_a_code() {
    let (bus, server) = (Bus::start(), ScriptedServer::start());
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let issuer = server.url("");
    let file = place.file("tv.toml", &account(&issuer));

    // A preview sends no request.
    let looked = place.run(&["import", "--dry-run", &file]);
    assert_eq!(looked.ok(), format!("Would add tv: custom provider, device_code, endpoints from {issuer}\n"));
    assert_eq!(server.connections(), 0);
    // Without a document the file is refused, and nothing is saved.
    let refused = place.run(&["import", &file]).failed(1);
    assert!(refused.contains("No discovery document found") && refused.contains(&issuer), "{refused}");
    assert_eq!(place.run(&["list", "--json"]).json(), serde_json::json!([]));

    let (token, device) = (server.url("/token"), server.url("/device"));
    let metadata = format!(
        r#"{{"issuer":"{issuer}","token_endpoint":"{token}","device_authorization_endpoint":"{device}"}}"#
    );
    server.always("/.well-known/oauth-authorization-server", Response::json(200, metadata));
    // One request per issuer serves all accounts with the same needs, and all results are printed before
    // anything is saved.
    let twin = account(&issuer).replace("\"tv\"", "\"twin\"");
    let broken =
        format!("{}{twin}{}", account(&issuer), account("http://127.0.0.1:9").replace("\"tv\"", "\"off\""));
    let refused = place.run(&["import", &place.file("three.toml", &broken)]).failed(1);
    for name in ["tv", "twin"] {
        assert!(refused.contains(&format!("{name}: found at its issuer:")), "{refused}");
    }
    let asked = server.requests_to("/.well-known/oauth-authorization-server").len();
    assert_eq!(asked, 2, "once by each run");
    assert_eq!(place.run(&["list", "--json"]).json(), serde_json::json!([]));
    let imported = place.run(&["import", &file]);
    assert!(imported.err.contains(&format!("device authorization endpoint: {device}")), "{imported:?}");
    assert_eq!(imported.ok(), "Added tv\n");
    let shown = place.run(&["show", "tv", "--json"]).json();
    assert_eq!((&shown["issuer"], &shown["grant"]), (&issuer.as_str().into(), &"device_code".into()));
    assert_eq!(shown["endpoints"]["device"], device.as_str());
    assert_eq!((&shown["endpoints"]["token"], &shown["endpoints"]["revoke"]), (&token.into(), &().into()));
    assert_eq!(place.run(&["list", "--json"]).json()[0]["issuer"], issuer.as_str());

    let given = r#"{"device_code":"CANARY-device","user_code":"WDJB-MJHT","verification_uri":"https://a.example/device",
        "verification_uri_complete":"https://a.example/device?c=WDJB-MJHT","expires_in":600,"interval":1}"#;
    server.always("/device", Response::json(200, given));
    server.script("/token", Response::json(400, r#"{"error":"authorization_pending"}"#));
    server.script("/token", Response::json(200, r#"{"access_token":"CANARY-at","expires_in":3600}"#));
    let sign_in = place.sign_in(&["sign-in", "tv", "--no-browser"]);
    assert_eq!(sign_in.address, "https://a.example/device");
    let done = sign_in.end();
    assert!(
        done.err.contains("https://a.example/device?c=WDJB-MJHT") && done.err.contains("Signed in"),
        "{done:?}"
    );
    assert!(!done.err.contains("CANARY"), "{done:?}");
    // The URL was printed first.
    assert_eq!(done.ok(), "WDJB-MJHT\n");
    assert_eq!(place.run(&["token", "tv"]).ok(), "CANARY-at\n");

    server.script("/token", Response::json(400, r#"{"error":"access_denied"}"#));
    let denied = place.sign_in(&["sign-in", "tv"]).end();
    assert!(denied.code == 1 && denied.err.contains("Access was refused"), "{denied:?}");
}

#[test]
fn a_pushed_sign_in_says_where_the_browser_comes_back_to() {
    let (bus, server) = (Bus::start(), ScriptedServer::start());
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let account = AccountToml::new("car", "authorization_code")
        .with("client_auth", "none")
        .raw("par", "true")
        .on(&server, &["authorize", "token", "par"])
        .to_string();
    place.run(&["import", &place.file("car.toml", &account)]).ok();
    server.script("/par", Response::json(201, r#"{"request_uri":"urn:x","expires_in":60}"#));
    let mut sign_in = place.sign_in(&["sign-in", "car", "--no-browser"]);
    assert!(sign_in.address.ends_with("?client_id=an-id&request_uri=urn%3Ax"), "{}", sign_in.address);
    let sent = server.requests_to("/par")[0].form();
    let sent = |name: &str| sent.iter().find(|(known, _)| known == name).unwrap().1.clone();
    sign_in.paste(&format!(
        "{}?error=access_denied&error_description=&state={}",
        sent("redirect_uri"),
        sent("state")
    ));
    let said = sign_in.end().failed(1);
    assert!(said.contains(&format!("returns to the redirect URI:\n{}\n", sent("redirect_uri"))), "{said}");
    assert!(said.trim_end().ends_with("(access_denied)"), "an empty description is none: {said}");
}
