//! `django-oauth-toolkit` (Python): `tests/desktop/servers/.venv/bin/python tests/desktop/servers/django_server.py FOLDER`.

use keyfob::domain::spec::ClientAuth;
use keyfob::messages::words::Action;
use url::Url;

use super::harness::{Accounts, Ledger, Lines, Person, Server};
use crate::support::desktop::{Bus, rig_file};

/// The person signs in and allows the access.
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
    let (mut ledger, mut accounts) = (Ledger::of("django-oauth-toolkit"), Accounts::new());

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
    // This secret is another one where it isn't form-encoded: it is refused, and a person's try succeeds.
    let raw = lines(&server, "client_credentials", "basic_raw", "client-credentials confidential");
    let name = accounts.add(&raw);
    let refused = accounts.refused(&name);
    assert!(refused.others.contains(&Action::TryClientAuth(ClientAuth::Basic)), "{refused:?}");
    accounts.try_client_auth(&name, ClientAuth::Basic);
    accounts.token(&name);

    let known = lines(&server, "authorization_code", "body", "authorization-code confidential");
    let known = known.raw("scopes", "[\"openid\", \"read\"]");
    let known = accounts.add(&known.at("userinfo", server.about["userinfo"].as_str().unwrap()));
    accounts.sign_in(&known, person);
    assert!(accounts.check(&known).subject.is_some());

    let unknown = lines(&server, "client_credentials", "body", "client-credentials confidential");
    let refused = accounts.add(&unknown.raw("scopes", "[\"no-such-scope\"]"));
    let refused = accounts.refused(&refused);
    assert!(refused.what.contains("“no-such-scope”"), "{refused:?}");

    let found = lines(&server, "authorization_code", "basic", "authorization-code confidential");
    let found = accounts.add(&found.by_issuer(server.text("issuer")));
    accounts.sign_in(&found, person);

    let not_offered = "not offered";
    ledger.works("authorization_code", "PKCE required");
    ledger.works("refresh_token", "rotated");
    ledger.works("client_credentials", "");
    ledger.works("password", "");
    ledger.works("device_code", "");
    ledger.left_out("jwt_bearer", not_offered);
    ledger.works("auth: basic", "code, password, device, client credentials");
    ledger.works(
        "auth: basic_raw",
        "refused where the secret must be encoded; the try of another way succeeds",
    );
    ledger.works("auth: body", "code, password, device, client credentials");
    ledger.works("auth: none", "code, password, device");
    ledger.left_out("auth: private_key_jwt", not_offered);
    ledger.left_out("auth: client_secret_jwt", not_offered);
    ledger.left_out("pushed authorization", not_offered);
    ledger.left_out("resource indicator", not_offered);
    ledger.works("introspection", "");
    ledger.works("revocation", "");
    ledger.works("userinfo", "");
    ledger.works("id_token", "the nonce is checked");
    ledger.works("discovery", "the issuer has a path");
    ledger.works("refused scope", "it is named");
    ledger.close();
}
