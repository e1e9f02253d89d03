//! `oidc-provider` (JavaScript): `node tests/desktop/oidc/server.mjs`.

use keyfob::domain::oauth::id_token::IdTokenStatus;
use keyfob::domain::provider::spec::ClientAuth;
use keyfob::messages::snapshot::DeviceCodeView;
use url::Url;

use super::harness::{Accounts, Lines, Person};
use crate::support::desktop::{Bus, OidcServer};

/// A client's own scope.
const READ: &str = "[\"read\"]";

/// Signs in and grants the access.
fn person(address: &Url) -> Url {
    let mut person = Person::default();
    allow(&mut person, address.as_str()).expect_err("an address of the app")
}

fn allow(person: &mut Person, address: &str) -> Result<String, Url> {
    let mut page = person.go(address)?;
    loop {
        page = match page {
            page if page.contains("name=\"username\"") => {
                person.submit(&page, &[("username", "somebody"), ("password", "x"), ("answer", "yes")])?
            }
            page if page.contains("asks for") => person.submit(&page, &[("answer", "yes")])?,
            page => return Ok(page),
        };
    }
}

/// Enters a device code, signs in and grants the access.
fn enter(code: &DeviceCodeView) {
    let mut person = Person::default();
    let page = person.go(&code.verification_uri).unwrap();
    let page = person.submit(&page, &[("user_code", code.user_code.as_str())]).unwrap();
    let mut page = person.submit(&page, &[("confirm", "yes")]).unwrap();
    for fields in
        [&[("username", "somebody"), ("password", "x"), ("answer", "yes")][..], &[("answer", "yes")]]
    {
        page = person.submit(&page, fields).unwrap();
    }
    assert!(page.contains("Success") || page.contains("success"), "{page}");
}

struct Server(OidcServer);

impl Server {
    fn lines(&self, grant: &str, auth: &str, client: &str) -> Lines {
        let (id, secret) = self.0.client(client);
        let at = |name| self.0.address(name);
        let lines = Lines::new(grant, auth)
            .with("client_id", id)
            .raw("scopes", "[\"openid\", \"read\"]")
            .with("issuer", at("issuer"))
            .at("authorize", at("authorization_endpoint"))
            .at("token", at("token_endpoint"))
            .at("device", at("device_authorization_endpoint"))
            .at("introspect", at("introspection_endpoint"))
            .at("revoke", at("revocation_endpoint"))
            .at("jwks", at("jwks_uri"));
        if secret.is_empty() { lines } else { lines.with("client_secret", secret) }
    }
}

/// A requested resource becomes the token's audience (RFC 8707).
fn for_one_api(server: &Server, accounts: &mut Accounts) {
    let api = "https://api.example/";
    let named = server.lines("client_credentials", "body", "every_post").raw("scopes", READ);
    let named = accounts.add(&named.with("resource", api));
    accounts.token_for(&named, api);
}

fn each_authentication(server: &Server, accounts: &mut Accounts) {
    for (auth, client) in [
        ("basic", "every_basic"),
        ("basic_raw", "every_raw"),
        ("body", "every_post"),
        ("none", "every_public"),
        ("client_secret_jwt", "every_hmac"),
    ] {
        let name = accounts.add(&server.lines("authorization_code", auth, client));
        let first = accounts.sign_in(&name, person);
        assert_eq!(accounts.id_token(&name), Some(IdTokenStatus::Verified), "{auth}");
        assert_ne!(accounts.refresh(&name), first, "{auth}");
        // A public client has no authentication, so it may not introspect its tokens.
        if auth != "none" {
            accounts.check(&name);
        }
        accounts.revoke(&name);
        let name = accounts.add(&server.lines("device_code", auth, client));
        accounts.enter_code(&name, enter);
        if auth != "none" {
            let machine = accounts.add(&server.lines("client_credentials", auth, client).raw("scopes", READ));
            accounts.token(&machine);
            accounts.check(&machine);
        }
    }
}

fn each_signature(server: &Server, accounts: &mut Accounts) {
    let keys = server.0.about("private_keys");
    for alg in ["ES256", "RS256", "PS256", "EdDSA"] {
        let signed = |grant| {
            let key = keys[alg].as_str().unwrap();
            let lines = server.lines(grant, "private_key_jwt", "every_signed");
            lines.with("private_key", key).with("key_alg", alg).with("key_id", alg)
        };
        let name = accounts.add(
            &signed("authorization_code")
                .raw("par", "true")
                .at("par", server.0.address("pushed_authorization_request_endpoint")),
        );
        let first = accounts.sign_in(&name, person);
        assert_eq!(accounts.id_token(&name), Some(IdTokenStatus::Verified), "{alg}");
        assert_ne!(accounts.refresh(&name), first, "{alg}");
        accounts.check(&name);
        let name = accounts.add(&signed("device_code"));
        accounts.enter_code(&name, enter);
        let machine = accounts.add(&signed("client_credentials").raw("scopes", READ));
        accounts.token(&machine);
    }
}

#[test]
fn oidc_provider_gives_tokens_in_every_way_that_it_offers() {
    let bus = Bus::start();
    let server = Server(OidcServer::start(&bus, 3600));
    let mut accounts = Accounts::at("oidc-provider");

    each_authentication(&server, &mut accounts);
    each_signature(&server, &mut accounts);
    // This secret changes when it is form-encoded: without that it is refused, and the user's trial succeeds.
    let wrong = server.lines("client_credentials", "basic_raw", "every_basic").raw("scopes", READ);
    let name = accounts.add(&wrong);
    accounts.token_by_a_try(&name, ClientAuth::Basic, "basic");

    let pushed = server.lines("authorization_code", "body", "every_post").raw("par", "true");
    let pushed = pushed.at("par", server.0.address("pushed_authorization_request_endpoint"));
    let pushed = accounts.add(&pushed.at("userinfo", server.0.address("userinfo_endpoint")));
    accounts.sign_in(&pushed, |address| {
        assert!(
            !address.query().unwrap().contains("redirect_uri"),
            "only the request's name is in the address"
        );
        person(address)
    });
    let verdict = accounts.check(&pushed);
    assert_eq!(verdict.subject.as_deref(), Some("somebody"));

    for_one_api(&server, &mut accounts);

    let unknown = server.lines("client_credentials", "body", "every_post");
    let unknown = accounts.add(&unknown.raw("scopes", "[\"write\"]"));
    accounts.refused_scope(&unknown, "write");

    let found =
        server.lines("authorization_code", "body", "every_post").by_issuer(server.0.address("issuer"));
    let found = accounts.add(&found);
    accounts.sign_in(&found, person);

    for feature in ["password", "jwt_bearer"] {
        accounts.ledger.left_out(feature, "not offered");
    }
    accounts.close();
}
