//! What a provider may do differently, as data: names, facts, endpoints, parameters and lives, against a scripted
//! server.

use std::fs;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::place::Place;
use crate::support::account_toml::AccountToml;
use crate::support::desktop::{Bus, Keyring};
use crate::support::raw;
use crate::support::server::{Request, Response, ScriptedServer};

/// A signed-in user of a provider with names, endpoints and facts of its own.
fn account(server: &ScriptedServer) -> AccountToml {
    AccountToml::new("a", "authorization_code")
        .secret("CANARY-secret")
        .with("client_auth", "body")
        .raw("scopes", "[\"one\"]")
        .raw(
            "names",
            "{ client_id = \"client_key\", redirect_uri = \"return_to\", scope = \"rights\", code = \"auth_code\" }",
        )
        .raw("callback", "{ code = \"auth_code\" }")
        .raw("authorize_params", "{ prompt = \"consent\" }")
        .raw("token_params", "{ audience = \"first\", mode = \"both\" }")
        .raw("refresh_params", "{ audience = \"\", display = \"again\" }")
        .raw("facts", "{ site = { answer = \"/site/url\" }, realm = { callback = \"realmId\" } }")
        .raw("response", "{ assumed_life_secs = 600, refresh_expires_in = [\"/x_refresh\"] }")
        .raw("refresh", "{ hard_end_secs = 1000 }")
        .raw("api", "{ base_url = \"{site}/v3/{realm}\" }")
        .on(server, &["authorize", "token", "refresh"])
}

fn names(request: &Request) -> Vec<String> {
    let mut names: Vec<String> = request.form().into_iter().map(|(name, _)| name).collect();
    names.sort();
    names
}

fn at(value: &Value) -> DateTime<Utc> {
    serde_json::from_value(value.clone()).unwrap()
}

/// Checks a sign-in link, and plays the browser that comes back from it.
fn authorizes(address: &str) {
    let query: Vec<(String, String)> = url::Url::parse(address).unwrap().query_pairs().into_owned().collect();
    let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(
        (value("client_key"), value("rights"), value("prompt")),
        (Some("an-id"), Some("one"), Some("consent"))
    );
    assert_eq!((value("client_id"), value("scope"), value("audience")), (None, None, None));
    let (back, state) = (value("return_to").unwrap(), value("state").unwrap());
    let back = url::Url::parse(&format!("{back}?auth_code=the-code&realmId=12%2F3&state={state}")).unwrap();
    if let Some(page) = raw::get(back.as_str()).header("location") {
        assert_eq!(raw::get(back.join(page).unwrap().as_str()).status, 200);
    }
}

#[test]
fn a_provider_with_names_facts_and_steps_of_its_own_works() {
    let (bus, server) = (Bus::start(), ScriptedServer::start());
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    assert_eq!(place.run(&["import", &place.file("a.toml", &account(&server).to_string())]).code, 0);
    let shown = place.run(&["show", "a", "--json"]).json();
    assert_eq!((&shown["api_base_url"], &shown["facts"]), (&Value::Null, &serde_json::json!({})));
    assert_eq!(shown["endpoints"]["refresh"], server.url("/refresh"));

    let site = server.url("/site");
    let first = format!(
        r#"{{"access_token": "CANARY-1", "refresh_token": "CANARY-r1", "x_refresh": 9000, "site": {{"url": "{site}"}}}}"#
    );
    server.script("/token", Response::json(200, first));
    let sign_in = place.sign_in(&["sign-in", "a", "--no-browser"]);
    authorizes(&sign_in.address);
    assert_eq!(sign_in.end().code, 0);

    let token = &server.requests_to("/token")[0];
    let sent = [
        "audience",
        "auth_code",
        "client_key",
        "client_secret",
        "code_verifier",
        "grant_type",
        "mode",
        "return_to",
    ];
    assert_eq!(names(token), sent);
    let shown = place.run(&["show", "a", "--json"]).json();
    assert_eq!(shown["facts"], serde_json::json!({ "realm": "12/3", "site": site }));
    assert_eq!(shown["api_base_url"], format!("{site}/v3/12%2F3"));
    assert_eq!(shown["expiry_source"], "assumed");
    let received = at(&shown["received_at"]);
    assert_eq!((at(&shown["expires_at"]) - received).num_seconds(), 600);
    assert_eq!((at(&shown["refresh_expires_at"]) - received).num_seconds(), 1000, "the hard end is earlier");
    let curl = place.run(&["token", "a", "--as", "curl"]).ok();
    assert!(curl.contains(&format!("'{site}/v3/12%2F3'")), "{curl}");

    // A refresh has an endpoint and parameters of its own, and doesn't lengthen the sign-in.
    let second = r#"{"access_token": "CANARY-2", "refresh_token": "CANARY-r2", "x_refresh": 9000}"#;
    server.script("/refresh", Response::json(200, second));
    assert_eq!(place.run(&["refresh", "a"]).ok(), "");
    let refresh = &server.requests_to("/refresh")[0];
    let sent = ["client_key", "client_secret", "display", "grant_type", "mode", "refresh_token"];
    assert_eq!(names(refresh), sent);
    let again = place.run(&["show", "a", "--json"]).json();
    assert_eq!(again["facts"], shown["facts"], "a fact that is missing in a refresh is kept");
    assert_eq!(again["refresh_expires_at"], shown["refresh_expires_at"]);
    assert_eq!(server.requests_to("/token").len(), 1);
}

#[test]
fn x1_a_token_request_in_the_query_leaves_no_secret_in_the_log() {
    let (bus, server) = (Bus::start(), ScriptedServer::start());
    let _keyring = Keyring::unlocked(&bus);
    let mut place = Place::on(&bus);
    place.log = true;
    let account = AccountToml::new("q", "client_credentials")
        .secret("CANARY-secret&x")
        .with("client_auth", "body")
        .with("body_format", "query")
        .at("token", &server.url("/token?version=2"));
    assert_eq!(place.run(&["import", &place.file("q.toml", &account.to_string())]).code, 0);
    server.script("/token", Response::json(200, r#"{"access_token": "CANARY-1", "expires_in": 600}"#));
    let given = place.run(&["token", "q"]);
    assert!(!given.err.contains("CANARY"), "{}", given.err);
    assert_eq!(given.ok(), "CANARY-1\n");
    let request = &server.requests()[0];
    let pairs = [
        ("version", "2"),
        ("grant_type", "client_credentials"),
        ("client_id", "an-id"),
        ("client_secret", "CANARY-secret&x"),
    ];
    assert_eq!(request.query_pairs(), pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(
        (request.method.as_str(), request.body.len(), request.header("content-type")),
        ("POST", 0, None)
    );
    place.log = false;
    let log = place.run(&["log", "q"]).ok();
    assert!(!log.contains("CANARY") && log.contains("grant_type=client_credentials"), "{log}");
}

#[test]
fn a_typed_server_has_a_port_and_a_path_in_every_address() {
    let (bus, server) = (Bus::start(), ScriptedServer::start());
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let folder = place.home.join("presets");
    fs::create_dir_all(&folder).unwrap();
    let preset = "id = \"idp\"\nname = \"IdP\"\nsummary = \"S\"\ngrants = [\"client_credentials\"]\n\
        scopes = [\"{host}/.default\"]\nresource = \"https://{host}/api\"\naudience = \"of {host}\"\n\
        request_headers = { Accept = \"text/{host}\" }\n\
        [endpoints]\ntoken = \"https://{host}/token\"\n[api]\nbase_url = \"https://{host}/api\"\n\
        [[variables]]\nname = \"host\"\nlabel = \"Host\"\n";
    fs::write(folder.join("idp.toml"), preset).unwrap();
    let host = format!("127.0.0.1:{}/auth", server.port());
    let account = AccountToml::of_preset("a", "idp")
        .secret("CANARY-secret")
        .raw("variables", &format!("{{ host = \"{host}\" }}"));
    assert_eq!(place.run(&["import", &place.file("a.toml", &account.to_string())]).code, 0);
    server.script("/auth/token", Response::json(200, r#"{"access_token": "CANARY-1", "expires_in": 600}"#));
    assert_eq!(place.run(&["token", "a"]).ok(), "CANARY-1\n");
    let request = &server.requests()[0];
    let form = request.form();
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    assert_eq!(value("scope"), Some(format!("{host}/.default")));
    assert_eq!(value("resource"), Some(format!("http://{host}/api")));
    assert_eq!(value("audience"), Some(format!("of {host}")));
    assert_eq!(request.header("accept"), Some(format!("text/{host}").as_str()));
    let shown = place.run(&["show", "a", "--json"]).json();
    assert_eq!(shown["api_base_url"], format!("http://{host}/api"));

    let other = account.clone().raw("variables", "{ host = \"http://a.example\" }").with("name", "b");
    let refused = place.run(&["import", &place.file("b.toml", &other.to_string())]).failed(1);
    assert!(refused.contains("\"variables.host\""), "{refused}");
}

#[test]
fn x10_a_fact_is_no_part_of_an_endpoint_and_a_bad_one_of_no_url() {
    let (bus, server) = (Bus::start(), ScriptedServer::start());
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    for (key, value, words) in [
        (
            "endpoints",
            "{ token = \"https://{site}/token\", authorize = \"https://a.example/\" }",
            "\"endpoints.token\"",
        ),
        ("facts", "{ site = { answer = \"a\", callback = \"b\" } }", "\"facts.site\""),
        ("facts", "{ site = {} }", "\"facts.site\""),
        ("facts", "{ \"a b\" = { answer = \"a\" } }", "\"facts.a b\""),
        ("facts", "{ site = { anser = \"a\" } }", "\"facts.site.anser\""),
        ("names", "{ clientid = \"x\" }", "\"names.clientid\""),
        ("names", "{ client_id = \"state\" }", "\"names.client_id\""),
        ("callback", "{ cod = \"x\" }", "\"callback.cod\""),
        ("api", "{ base_url = \"https://api.{site}\" }", "\"api.base_url\""),
        ("api", "{ base_url = \"https://a.example/{other}\" }", "variables.other"),
        ("refresh", "{ hard_end_secs = -1 }", "\"refresh.hard_end_secs\""),
        ("body_format", "\"xml\"", "\"body_format\""),
        ("redirect_rule", "{ port = { \"a.example\" = \"any\" } }", "\"redirect_rule.port\""),
    ] {
        let mut account = account(&server).raw("incomplete", "true").raw(key, value);
        if key == "endpoints" {
            account = account.without_endpoints();
        } else if key == "facts" {
            account = account.without("api");
        }
        let refused = place.run_with(&["--vault", "memory", "import", "-"], &account.to_string()).failed(1);
        assert!(refused.contains(words), "{key} = {value}: {refused}");
    }
    // A server that names another host as its site, and no URL: the base URL stays unknown.
    let account = AccountToml::new("c", "client_credentials")
        .secret("CANARY-secret")
        .raw("facts", "{ site = { answer = \"site\" } }")
        .raw("api", "{ base_url = \"{site}/v3\" }")
        .on(&server, &["token"]);
    assert_eq!(place.run(&["import", &place.file("c.toml", &account.to_string())]).code, 0);
    let answer = r#"{"access_token": "CANARY-1", "expires_in": 600, "site": "http://evil.example"}"#;
    server.script("/token", Response::json(200, answer));
    let curl = place.run(&["token", "c", "--as", "curl"]).ok();
    assert!(!curl.contains("evil.example"), "{curl}");
    let shown = place.run(&["show", "c", "--json"]).json();
    assert_eq!(
        (&shown["api_base_url"], &shown["facts"]["site"]),
        (&Value::Null, &"http://evil.example".into())
    );
}
