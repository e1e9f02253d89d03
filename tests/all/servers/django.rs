//! `django-oauth-toolkit` (Python): `tests/desktop/servers/.venv/bin/python tests/desktop/servers/django_server.py FOLDER`.

use keyfob::domain::oauth::id_token::IdTokenStatus;
use keyfob::domain::provider::spec::ClientAuth;
use url::Url;

use super::harness::{Accounts, Lines, Person, Server};
use crate::support::desktop::{Bus, rig_file};

/// Signs in and grants the access.
fn person(address: &Url) -> Url {
    let mut person = Person::default();
    let page = person.go(address.as_str()).unwrap();
    let page = person.submit(&page, &[("username", "somebody"), ("password", "x")]).unwrap();
    person.submit(&page, &[("allow", "Authorize")]).expect_err("an address of the app")
}

fn lines(server: &Server, grant: &str, auth: &str, client: &str) -> Lines {
    let client = &server.about["clients"][client];
    let text = |name: &str| client[name].as_str().unwrap();
    let mut lines = Lines::new(grant, auth).with("client_id", text("client_id")).raw("scopes", "[\"read\"]");
    if auth != "none" {
        lines = lines.with("client_secret", text("client_secret"));
    }
    if grant == "password" {
        lines = lines.with("username", "somebody").with("password", "x");
    }
    ["authorize", "token", "device", "introspect", "revoke"]
        .iter()
        .fold(lines, |lines, name| lines.at(name, server.about[*name].as_str().unwrap()))
}

#[test]
fn django_oauth_toolkit_gives_tokens_in_every_way_that_it_offers() {
    let bus = Bus::start();
    let python = rig_file("servers/.venv/bin/python");
    let folder = tempfile::tempdir().unwrap();
    let script = rig_file("servers/django_server.py");
    let server = Server::start(&bus, "django", &python, &[&script, folder.path().to_str().unwrap()]);
    let mut accounts = Accounts::at("django-oauth-toolkit");

    for (auth, kind) in [("basic", "confidential"), ("body", "confidential"), ("none", "public")] {
        let client = format!("authorization-code {kind}");
        let name = accounts.add(&lines(&server, "authorization_code", auth, &client));
        let first = accounts.sign_in(&name, person);
        assert_ne!(accounts.refresh(&name), first, "{auth}");
        if kind == "confidential" {
            accounts.check(&name);
        }
        accounts.revoke(&name);
        let name = accounts.add(&lines(&server, "password", auth, &format!("password {kind}")));
        let first = accounts.token(&name);
        assert_ne!(accounts.refresh(&name), first, "{auth}");
        let name = accounts.add(&lines(&server, "device_code", auth, &format!("device_code {kind}")));
        accounts.enter_code(&name, |code| {
            let mut person = Person::default();
            let page = person.go(&code.verification_uri).unwrap();
            let page = person.submit(&page, &[("username", "somebody"), ("password", "x")]).unwrap();
            let page = person.submit(&page, &[("user_code", code.user_code.as_str())]).unwrap();
            let page = person.submit(&page, &[("action", "accept")]).unwrap();
            assert!(page.contains("Authorized"), "{page}");
        });
    }
    for auth in ["basic", "body"] {
        let name =
            accounts.add(&lines(&server, "client_credentials", auth, "client-credentials confidential"));
        accounts.token(&name);
        accounts.check(&name);
    }
    // This secret changes when it is form-encoded: without that it is refused, and the user's trial succeeds.
    let raw = lines(&server, "client_credentials", "basic_raw", "client-credentials confidential");
    let name = accounts.add(&raw);
    accounts.token_by_a_try(&name, ClientAuth::Basic, "basic");

    let known = lines(&server, "authorization_code", "body", "authorization-code confidential");
    let known = known.raw("scopes", "[\"openid\", \"read\"]");
    let known = accounts.add(&known.at("userinfo", server.about["userinfo"].as_str().unwrap()));
    accounts.sign_in(&known, person);
    assert!(accounts.check(&known).subject.is_some());

    let unknown = lines(&server, "client_credentials", "body", "client-credentials confidential");
    let unknown = accounts.add(&unknown.raw("scopes", "[\"no-such-scope\"]"));
    accounts.refused_scope(&unknown, "no-such-scope");

    let found = lines(&server, "authorization_code", "basic", "authorization-code confidential");
    let found = found.by_issuer(server.text("issuer")).raw("scopes", "[\"openid\", \"read\"]");
    let found = accounts.add(&found);
    accounts.sign_in(&found, person);
    assert_eq!(accounts.id_token(&found), Some(IdTokenStatus::Verified));

    for feature in [
        "jwt_bearer",
        "auth: private_key_jwt",
        "auth: client_secret_jwt",
        "pushed authorization",
        "resource indicator",
    ] {
        accounts.ledger.left_out(feature, "not offered");
    }
    accounts.close();
}
