//! A key among a collection's parameters reaches the server and nothing else.

use std::cell::RefCell;

use super::place::{Place, holds};
use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::desktop::{Bus, Keyring};
use crate::support::server::{Request, Response, ScriptedServer};

/// A collection with an account for each of two grants, whose requests need a key.
fn postman(url: &str, canary: &str) -> String {
    serde_json::json!({
        "info": { "name": "Orders" },
        "variable": [{ "key": "SECRET", "value": canary }],
        "item": [
            { "name": "batch", "request": { "auth": { "type": "oauth2", "oauth2": {
                "grant_type": "client_credentials", "accessTokenUrl": format!("{url}/token"), "clientId": "i",
                "clientSecret": "s",
                "tokenRequestParams": [
                    { "key": "api_key", "value": "{{SECRET}}" }, { "key": "audience", "value": "orders" },
                ],
            } } } },
            { "name": "person", "request": { "auth": { "type": "oauth2", "oauth2": {
                "grant_type": "authorization_code", "authUrl": format!("{url}/authorize"),
                "accessTokenUrl": format!("{url}/token"), "clientId": "i", "clientSecret": "s",
                "authRequestParams": [
                    { "key": "site_key", "value": "{{SECRET}}" }, { "key": "prompt", "value": "consent" },
                ],
            } } } },
        ],
    })
    .to_string()
}

/// A Keyfob file with a key in a header of the token request.
fn own(url: &str, canary: &str) -> String {
    AccountToml::new("header", "client_credentials")
        .secret("s")
        .raw("request_headers", &format!("{{ X-Api-Key = \"{canary}\", Accept = \"text/json\" }}"))
        .at("token", &format!("{url}/token"))
        .to_string()
}

#[test]
fn x6_a_key_in_a_parameter_reaches_the_server_and_no_file() {
    let (bus, canary) = (Bus::start(), canary());
    let _keyring = Keyring::unlocked(&bus);
    let mut place = Place::on(&bus);
    place.log = true;
    let server = ScriptedServer::judging(|_: &Request| {
        Response::json(200, r#"{"access_token":"t","refresh_token":"r","expires_in":3600}"#)
    });
    let said = RefCell::new(String::new());
    let run = |words: &[&str], input: &str| {
        let run = place.run_with(words, input);
        assert_eq!(run.code, 0, "{run:?}");
        said.borrow_mut().extend([run.out, run.err]);
    };
    for text in [postman(&server.url(""), &canary), own(&server.url(""), &canary)] {
        run(&["import", "--dry-run", "-"], &text);
        run(&["import", "-"], &text);
    }
    run(&["refresh", "batch"], "");
    run(&["refresh", "header"], "");
    let sign_in = place.sign_in(&["sign-in", "person", "--no-browser"]);
    assert_eq!(
        (sign_in.parameter("site_key"), sign_in.parameter("prompt")),
        (canary.clone(), "consent".into())
    );
    sign_in.come_back(&[("code", "c")]);
    let ended = sign_in.end();
    said.borrow_mut().push_str(&ended.err);
    ended.ok();

    let exported = bus.path("exported.toml");
    run(&["export", "--to", exported.to_str().unwrap(), "batch", "person", "header"], "");
    for name in ["batch", "person", "header"] {
        for words in
            [&["show", name][..], &["show", name, "--json"], &["log", name], &["log", name, "--json"]]
        {
            run(words, "");
        }
    }
    run(&["list", "--json"], "");
    let said = said.into_inner();
    assert!(!said.contains(&canary), "{said}");
    let text = std::fs::read_to_string(&exported).unwrap();
    assert!(!text.contains(&canary) && text.contains("orders") && text.contains("text/json"), "{text}");
    assert!(!holds(&place.home, &canary), "a file of the home holds it");

    let requests = server.requests_to("/token");
    let field = |request: &Request, name: &str| {
        request.form().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    };
    assert_eq!(field(&requests[0], "api_key"), Some(canary.clone()));
    assert_eq!(field(&requests[0], "audience").as_deref(), Some("orders"));
    assert_eq!(requests[1].header("x-api-key"), Some(canary.as_str()));
    assert_eq!(requests[1].header("accept"), Some("text/json"));
}

/// An account of an earlier version with its key among the settings, in a passphrase vault and in the
/// database, and the arguments before each command.
#[cfg(feature = "failpoints")]
fn aged<'bus>(bus: &'bus Bus, number: usize, server: &ScriptedServer, canary: &str) -> Place<'bus> {
    use keyfob::base::secret::{Passphrase, SecretText};
    use keyfob::store::home::Home;
    use keyfob::store::vault::Vault as _;
    use keyfob::store::vault::passphrase::PassphraseVault;
    use serde_json::Value;

    let mut place = Place::on(bus);
    place.home = bus.path(&format!("home-{number}"));
    let (home, passphrase) = (Home::at(&place.home), Passphrase::new("a passphrase".to_owned()));
    let mut vault = PassphraseVault::create_with_work_factor(&home, &passphrase, 1).unwrap();
    let file = place.file("passphrase", "a passphrase");
    place.before = ["--passphrase-file", &file, "--vault", "file"].map(str::to_owned).into();
    place.run_with(&["import", "-"], &own(&server.url(""), "CANARY-to-be-replaced")).ok();

    let database = rusqlite::Connection::open(home.database_path()).unwrap();
    let text: String = database.query_row("SELECT settings FROM accounts", [], |row| row.get(0)).unwrap();
    let mut settings: Value = serde_json::from_str(&text).unwrap();
    settings["overrides"]["request_headers"]["X-Api-Key"] = canary.into();
    settings["overrides"]["token_params"]["api_key"] = canary.into();
    database.execute("UPDATE accounts SET settings = ?1", [settings.to_string()]).unwrap();
    vault.unlock(&passphrase).unwrap();
    let name = vault.names().unwrap().into_iter().find(|name| name.starts_with("client/")).unwrap();
    let stored = vault.read(&name).unwrap().unwrap();
    let mut record: Value = serde_json::from_str(stored.expose()).unwrap();
    (record["v"], record["settings"]) = (2.into(), settings);
    record["headers"] = Value::Object(serde_json::Map::new());
    vault.write(&name, &SecretText::new(record.to_string())).unwrap();
    place
}

#[cfg(feature = "failpoints")]
#[test]
fn x6_the_move_to_the_vault_killed_at_every_step() {
    use std::os::unix::process::ExitStatusExt as _;

    let (bus, canary) = (Bus::start(), canary());
    let server = ScriptedServer::judging(|_: &Request| {
        Response::json(200, r#"{"access_token":"t","expires_in":3600}"#)
    });
    let mut steps = Vec::new();
    for step in 1.. {
        let place = aged(&bus, step, &server, &canary);
        assert!(holds(&place.home, &canary), "step {step}");
        let mut command = place.command(&["refresh", "header"]);
        let ended = command.env("KEYFOB_KILL_AT", step.to_string()).output().unwrap();
        let is_killed = ended.status.signal().is_some();
        steps.push(String::from_utf8(ended.stderr).unwrap());
        // The next run sends the key and leaves no plain copy.
        place.run(&["refresh", "header"]).ok();
        let sent = server.requests_to("/token").pop().unwrap();
        assert_eq!(sent.header("x-api-key"), Some(canary.as_str()), "step {step}");
        assert!(sent.form().contains(&("api_key".to_owned(), canary.clone())), "step {step}");
        assert!(!holds(&place.home, &canary), "step {step}: {steps:?}");
        if !is_killed {
            break;
        }
    }
    for name in ["secret params: in the vault", "secret params: row cleaned"] {
        assert!(steps.iter().any(|said| said.contains(name)), "{name}: {steps:?}");
    }
}
