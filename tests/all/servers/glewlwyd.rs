//! Debian's `glewlwyd` (C): `tests/desktop/servers/.venv/bin/python tests/desktop/servers/glewlwyd_server.py FOLDER`.

use keyfob::domain::provider::spec::ClientAuth;
use url::Url;

use super::harness::{Accounts, Lines, Person, Server};
use crate::support::desktop::{Bus, rig_file};
use crate::support::engine::parameter;

/// The server's pages are scripts that call its API; so does this user.
fn signed_in(server: &Server, client: &str, scope: &str) -> Person {
    let (mut person, issuer) = (Person::default(), server.text("origin"));
    let credentials = r#"{"username":"somebody","password":"password"}"#;
    person.send_json("POST", &format!("{issuer}/api/auth/"), credentials);
    let granted = format!(r#"{{"scope":"{scope}"}}"#);
    person.send_json("PUT", &format!("{issuer}/api/auth/grant/{client}"), &granted);
    person
}

/// Signs in and grants the access.
fn person(server: &Server, address: &Url) -> Url {
    let client = parameter(address, "client_id");
    let mut person = signed_in(server, &client, "openid read");
    person.go(&format!("{address}&g_continue")).expect_err("an address of the app")
}

fn lines(server: &Server, grant: &str, auth: &str, client: &str) -> Lines {
    let client = &server.about["clients"][client];
    let mut lines = Lines::new(grant, auth)
        .with("client_id", client["client_id"].as_str().unwrap())
        .with("redirect_uri", server.text("redirect_uri"))
        .raw("scopes", "[\"read\"]");
    if let Some(secret) = client["client_secret"].as_str() {
        lines = lines.with("client_secret", secret);
    }
    if let Some(key) = client["private_key"].as_str() {
        lines = lines.with("private_key", key).with("key_alg", "RS256");
    }
    if grant == "password" {
        lines = lines.with("username", "somebody").with("password", "password");
    }
    let endpoints = ["authorize", "token", "device", "introspect", "revoke", "userinfo"];
    endpoints.iter().fold(lines, |lines, name| lines.at(name, server.text(name)))
}

fn each_authentication(server: &Server, accounts: &mut Accounts) {
    for (auth, client) in [
        ("basic", "client_secret_basic"),
        ("basic_raw", "client_secret_basic"),
        ("body", "client_secret_post"),
        ("client_secret_jwt", "client_secret_jwt"),
        ("private_key_jwt", "private_key_jwt"),
        ("none", "none"),
    ] {
        let code = lines(server, "authorization_code", auth, client).raw("scopes", "[\"openid\", \"read\"]");
        let name = accounts.add(&code);
        accounts.sign_in(&name, |address| person(server, address));
        accounts.refresh(&name);
        if auth != "none" {
            let name = accounts.add(&lines(server, "client_credentials", auth, client));
            accounts.token(&name);
            // Not for a public client.
            let name = accounts.add(&lines(server, "password", auth, client));
            let first = accounts.token(&name);
            assert_ne!(accounts.refresh(&name), first, "{auth}");
        }
        // Its device endpoint only accepts an assertion with itself as the audience. Keyfob's assertions name
        // the authorization server by its token endpoint (RFC 7523, section 3). If the audience were whatever
        // endpoint a server's metadata names, another server could reuse the assertion.
        if auth.ends_with("_jwt") {
            continue;
        }
        let name = accounts.add(&lines(server, "device_code", auth, client));
        accounts.enter_code(&name, |code| {
            let mut person = signed_in(server, &format!("every-{client}"), "read");
            let complete = code.verification_uri_complete.as_ref().unwrap();
            person.go(&format!("{complete}&g_continue")).unwrap();
        });
    }
}

#[test]
fn glewlwyd_gives_tokens_in_every_way_that_it_offers() {
    let bus = Bus::start();
    let python = rig_file("servers/.venv/bin/python");
    let folder = tempfile::tempdir().unwrap();
    let script = rig_file("servers/glewlwyd_server.py");
    let server = Server::start(&bus, "glewlwyd", &python, &[&script, folder.path().to_str().unwrap()]);
    let mut accounts = Accounts::at("glewlwyd");

    each_authentication(&server, &mut accounts);
    let basic = || lines(&server, "authorization_code", "basic", "client_secret_basic");
    let checked = accounts.add(&basic().raw("scopes", "[\"openid\", \"read\"]"));
    accounts.sign_in(&checked, |address| person(&server, address));
    assert!(accounts.check(&checked).subject.is_some());
    accounts.revoke(&checked);

    let pushed = basic().raw("par", "true").at("par", server.text("par"));
    let pushed = accounts.add(&pushed.raw("scopes", "[\"openid\", \"read\"]"));
    accounts.sign_in(&pushed, |address| {
        assert!(
            !address.query().unwrap().contains("redirect_uri"),
            "only the request's name is in the address"
        );
        person(&server, address)
    });

    let found = basic().by_issuer(server.text("issuer")).raw("scopes", "[\"openid\", \"read\"]");
    let found = accounts.add(&found);
    accounts.sign_in(&found, |address| person(&server, address));

    // It refuses a client with an empty 403, and a scope with its own error code.
    let name = accounts.add(&lines(&server, "client_credentials", "body", "client_secret_basic"));
    accounts.token_by_a_try(&name, ClientAuth::Basic, "basic");
    let unknown = lines(&server, "client_credentials", "basic", "client_secret_basic");
    let unknown = accounts.add(&unknown.raw("scopes", "[\"no-such-scope\"]"));
    accounts.refused_scope(&unknown, "no-such-scope");

    let api = "https://api.example/";
    let for_one_api = lines(&server, "client_credentials", "basic", "client_secret_basic");
    let name = accounts.add(&for_one_api.with("resource", api));
    accounts.token_for(&name, api);

    accounts.ledger.left_out("jwt_bearer", "not offered");
    let own = "not device, whose endpoint takes an assertion only where that is addressed to it alone; \
               ours are addressed to the token endpoint (RFC 7523, section 3)";
    accounts.ledger.note("auth: private_key_jwt", own);
    accounts.ledger.note("auth: client_secret_jwt", own);
    accounts.close();
}
