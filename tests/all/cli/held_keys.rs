//! API keys and HTTP Basic credentials from the command line: like tokens, but nobody renews them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Days;
use keyfob::base::clock::{Clock as _, SystemClock};
use keyfob::domain::account::secret_expiry;

use super::place::{Place, holds};
use crate::support::account_toml::AccountToml;
use crate::support::desktop::{Bus, Keyring};
use crate::support::server::{Response, ScriptedServer};

fn day(from_today: i64) -> String {
    let today = secret_expiry::today(SystemClock.now());
    let days = Days::new(from_today.unsigned_abs());
    let day = if from_today < 0 { today.checked_sub_days(days) } else { today.checked_add_days(days) };
    day.unwrap().to_string()
}

fn key(name: &str) -> AccountToml {
    AccountToml::new(name, "api_key").without("client_id").with("key", &format!("CANARY-{name}"))
}

#[test]
fn x5_a_key_is_printed_in_the_form_that_its_api_expects() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let accounts = [
        key("plain"),
        key("own").lines("[account.api]\nheader = \"X-Api-Key\"\nbase_url = \"https://api.example.com/v1\""),
        key("word").lines("[account.api]\nscheme = \"Token\""),
        key("bare").lines("[account.api]\nscheme = \"\""),
        key("query").lines("[account.api]\nquery = \"api key\"").raw("provider", "\"custom\""),
        key("asked").lines("[account.api]\nquery = \"key\"\nbase_url = \"https://api.example.com/v1?a=b\""),
        AccountToml::new("basic", "basic")
            .without("client_id")
            .with("username", "ann é")
            .with("password", "CANARY-p w"),
    ];
    let file = accounts.iter().map(ToString::to_string).collect::<String>();
    let refused = place.run(&["import", &place.file("bad.toml", &file)]).failed(1);
    assert!(refused.contains("api.query"), "a space is no part of a name: {refused}");
    let file = place.file("keys.toml", &file.replace("api key", "api_key"));
    assert_eq!(place.run(&["import", &file]).ok().lines().count(), 7);

    let token = |name: &str, form: &str| place.run(&["token", name, "--as", form]);
    let header = |name: &str| token(name, "header").ok().trim_end().to_owned();
    assert_eq!(place.run(&["token", "plain"]).ok(), "CANARY-plain\n");
    assert_eq!(header("plain"), "Authorization: Bearer CANARY-plain");
    assert_eq!(header("own"), "X-Api-Key: CANARY-own");
    assert_eq!(header("word"), "Authorization: Token CANARY-word");
    assert_eq!(header("bare"), "Authorization: CANARY-bare");
    assert!(token("query", "header").failed(1).contains("query parameter “api_key”"));
    assert_eq!(token("query", "curl").ok(), "curl --get --data-urlencode 'api_key=CANARY-query'\n");
    assert_eq!(token("asked", "curl").ok(), "curl 'https://api.example.com/v1?a=b&key=CANARY-asked'\n");
    let curl = token("own", "curl").ok();
    assert_eq!(curl, "curl --header 'X-Api-Key: CANARY-own' 'https://api.example.com/v1'\n");
    let credentials = STANDARD.encode("ann é:CANARY-p w");
    assert_eq!(header("basic"), format!("Authorization: Basic {credentials}"));
    assert_eq!(token("basic", "curl").ok(), format!("curl --header 'Authorization: Basic {credentials}'\n"));
    assert_eq!(token("basic", "plain").ok(), "CANARY-p w\n");
    assert_eq!(token("basic", "env").ok(), "export BASIC_TOKEN='CANARY-p w'\n");
    let json = token("basic", "json").json();
    assert_eq!((&json["username"], &json["password"]), (&"ann é".into(), &"CANARY-p w".into()));
    assert_eq!(json["token_type"], "Basic");
    let json = token("plain", "json").json();
    assert_eq!((&json["access_token"], &json["expires_at"]), (&"CANARY-plain".into(), &().into()));
    assert!(!holds(&place.home, "CANARY-") && !holds(&place.home, &credentials), "only the vault has keys");
}

#[test]
fn a_key_counts_down_and_is_given_whatever_its_day_is() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let accounts = [
        key("long").with("key_expires", &day(60)),
        key("near").with("key_expires", &day(5)),
        key("past").with("key_expires", &day(-3)),
        key("due").with("key_since", &day(-91)).raw("rotate_after_days", "90"),
        key("none").raw("rotate_after_days", "90"),
        AccountToml::new("basic", "basic")
            .without("client_id")
            .with("username", "ann")
            .with("password", "CANARY-p")
            .with("key_expires", &day(0)),
    ];
    let file = accounts.iter().map(ToString::to_string).collect::<String>();
    assert_eq!(place.run(&["import", &place.file("keys.toml", &file)]).code, 0);
    for (name, status, expires, warning) in [
        ("long", "valid", Some(day(60)), None),
        ("near", "expiring", Some(day(5)), Some(format!("in 5 days, on {}", day(5)))),
        ("past", "expired", Some(day(-3)), Some(format!("ended on {}", day(-3)))),
        ("due", "unknown", None, Some(format!("due for rotation since {}", day(-1)))),
        ("none", "unknown", None, None),
        ("basic", "expiring", Some(day(0)), Some(format!("today, on {}", day(0)))),
    ] {
        let shown = place.run(&["show", name, "--json"]).json();
        assert_eq!(shown["status"], status, "{name}");
        assert_eq!(shown["key_expires"], expires.map_or(().into(), serde_json::Value::from), "{name}");
        assert_eq!(shown["endpoints"]["token"], serde_json::Value::Null);
        let given = place.run(&["token", name, "--min-valid", "1h"]);
        match warning {
            Some(words) => assert!(given.err.contains(&words) && given.err.contains("Warning"), "{given:?}"),
            None => assert_eq!(given.err, "", "{name}"),
        }
        assert!(given.ok().starts_with("CANARY-"), "{name}");
    }
    let listed = place.run(&["list", "--json"]).json();
    assert_eq!((&listed[0]["name"], &listed[0]["grant"]), (&"basic".into(), &"basic".into()));
    for command in [&["refresh", "near"][..], &["sign-in", "near", "--no-browser"], &["revoke", "near"]] {
        assert!(place.run(command).failed(1).contains("no renewal"), "{command:?}");
    }
    // What was refused has changed nothing.
    assert_eq!(place.run(&["token", "near"]).ok(), "CANARY-near\n");
}

#[test]
fn x11_a_key_is_exported_replaced_and_missed() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let account = key("k").with("key_expires", "2030-01-31").raw("rotate_after_days", "3650");
    assert_eq!(place.run(&["import", &place.file("keys.toml", &account.to_string())]).code, 0);
    let target = |name: &str| bus.path(name).to_str().unwrap().to_owned();
    let open = target("open.toml");
    assert_eq!(place.run(&["export", "--to", &open]).code, 0);
    let text = std::fs::read_to_string(bus.path("open.toml")).unwrap();
    assert!(text.contains("key_expires = \"2030-01-31\"") && !text.contains("CANARY"), "{text}");
    assert!(!text.contains("client_id"), "{text}");
    let (sealed, passphrase) = (target("sealed.age"), place.file("passphrase", "a long passphrase\n"));
    let with = ["--with-secrets", "--with-tokens", "--export-passphrase-file", &passphrase];
    assert_eq!(place.run(&[&["export", "--to", &sealed][..], &with].concat()).code, 0);

    // Without its key, the account keeps the stored one; a key of a new account is missed.
    assert_eq!(place.run(&["import", &open, "--replace"]).code, 0);
    assert_eq!(place.run(&["token", "k"]).ok(), "CANARY-k\n");
    assert_eq!(place.run(&["remove", "k", "--yes"]).code, 0);
    assert_eq!(place.run(&["import", &open]).code, 0);
    let missed = place.run(&["token", "k"]).failed(1);
    assert!(missed.contains("has no API key"), "{missed}");
    assert_eq!(place.run(&["list", "--json"]).json()[0]["status"], "signed_out");
    let sealed = ["import", &sealed, "--replace", "--export-passphrase-file", &passphrase];
    assert_eq!(place.run(&sealed).code, 0);
    assert_eq!(place.run(&["token", "k"]).ok(), "CANARY-k\n");
    assert_eq!(place.run(&["show", "k", "--json"]).json()["key_expires"], "2030-01-31");

    // The database is only a cache.
    for file in std::fs::read_dir(&place.home).unwrap().map(|entry| entry.unwrap().path()) {
        if file.file_name().unwrap().to_string_lossy().starts_with("keyfob.db") {
            std::fs::remove_file(file).unwrap();
        }
    }
    assert_eq!(place.run(&["recover"]).code, 0);
    assert_eq!(place.run(&["list", "--json"]).json()[0]["status"], "valid");
    assert_eq!(place.run(&["token", "k"]).ok(), "CANARY-k\n");
    let other = account.clone().lines("[account.api]\nbase_url = \"https://evil.example/\"");
    let other = other.to_string().replace("key = \"CANARY-k\"\n", "incomplete = true\n");
    let refused = place.run(&["import", &place.file("other.toml", &other), "--replace"]).failed(1);
    assert!(refused.contains("evil.example"), "{refused}");
}

#[test]
fn a_mistake_about_a_key_names_it() {
    let bus = Bus::start();
    let mut place = Place::on(&bus);
    place.before = vec!["--vault".to_owned(), "memory".to_owned()];
    for (account, words) in [
        (key("k").without("key"), "\"key\" is missing"),
        (key("k").with("key", "CANARY é"), "\"key\""),
        (key("k").with("key_expires", "soon"), "\"key_expires\" must be a day"),
        (key("k").with("grant", "client_credentials").with("client_id", "i"), "\"key\" goes with"),
        (AccountToml::new("b", "basic").with("username", "a:b").with("password", "p"), "\"username\""),
        (AccountToml::new("b", "basic").with("username", "a"), "\"password\" is missing"),
        (
            key("k").lines("[account.api]\nheader = \"X-Key\"\nquery = \"key\""),
            "\"api.query\" can't stand beside \"api.header\"",
        ),
        (
            key("k").lines("[account.api]\nbase_url = \"http://a.example\""),
            "\"api.base_url\" must begin with",
        ),
        (key("k").raw("rotate_after_days", "-1"), "\"rotate_after_days\""),
        (AccountToml::new("c", "client_credentials").without("client_id"), "\"client_id\" is missing"),
    ] {
        let refused = place.run_with(&["import", "-"], &account.to_string()).failed(1);
        assert!(refused.contains(words) && !refused.contains("CANARY"), "{words}: {refused}");
    }
}

#[test]
fn a_login_request_gets_a_token_and_asks_a_wrong_password_once() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let (place, server) = (Place::on(&bus), ScriptedServer::start());
    let account = |name: &str, password: &str| {
        AccountToml::new(name, "login")
            .without("client_id")
            .with("username", "ann@example.com")
            .with("password", password)
            .with("body_format", "json")
            .raw("names", "{ username = \"email\", password = \"pass\" }")
            .raw("token_params", "{ audience = \"web\" }")
            .raw("response", "{ access_token = [\"/data/jwt\"], expires_in = [\"/data/ttl\"] }")
            .on(&server, &["token"])
    };
    let file = account("good", "CANARY-pass").to_string() + &account("bad", "CANARY-wrong").to_string();
    assert_eq!(place.run(&["import", &place.file("logins.toml", &file)]).code, 0);
    server.script("/token", Response::json(200, r#"{"data": {"jwt": "CANARY-jwt", "ttl": 3600}}"#));
    assert_eq!(place.run(&["token", "good"]).ok(), "CANARY-jwt\n");
    assert_eq!(place.run(&["token", "good"]).ok(), "CANARY-jwt\n");
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "a token that lasts is not asked for again");
    let body: serde_json::Value = serde_json::from_slice(&requests[0].body).unwrap();
    let expected =
        serde_json::json!({ "email": "ann@example.com", "pass": "CANARY-pass", "audience": "web" });
    assert_eq!((body, requests[0].header("authorization")), (expected, None));
    server.script("/token", Response::json(200, r#"{"data": {"jwt": "CANARY-next", "ttl": 3600}}"#));
    assert_eq!(place.run(&["refresh", "good"]).ok(), "");
    assert_eq!(place.run(&["token", "good"]).ok(), "CANARY-next\n");

    server.script("/token", Response::json(401, r#"{"message": "no CANARY-wrong"}"#));
    let refused = place.run(&["token", "bad"]).failed(1);
    assert!(
        refused.contains("rejected the username or password") && !refused.contains("CANARY"),
        "{refused}"
    );
    assert_eq!(server.requests().len(), 3, "it is asked once");
    let log = place.run(&["log", "good"]).ok() + &place.run(&["log", "bad"]).ok();
    assert!(!log.contains("CANARY"), "{log}");
}
