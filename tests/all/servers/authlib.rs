//! Authlib (Python): `tests/desktop/servers/.venv/bin/python tests/desktop/servers/authlib_server.py`.
//!
//! It represents the servers with the JWT bearer grant, which none of the other three has.

use super::harness::{Accounts, Lines, Server};
use crate::support::desktop::{Bus, rig_file};

#[test]
fn authlib_gives_tokens_for_an_assertion() {
    let bus = Bus::start();
    let python = rig_file("servers/.venv/bin/python");
    let server = Server::start(&bus, "authlib", &python, &[&rig_file("servers/authlib_server.py")]);
    let mut accounts = Accounts::at("authlib");
    let lines = |alg: &str| {
        let key = server.about["private_keys"][alg].as_str().unwrap();
        Lines::new("jwt_bearer", "none")
            .with("client_id", server.text("client_id"))
            .with("private_key", key)
            .with("key_alg", alg)
            .with("key_id", alg)
            .raw("scopes", "[\"read\"]")
            .raw("assertion_claims", "{ sub = \"somebody\" }")
            .at("token", server.text("token"))
    };
    for alg in ["RS256", "ES256"] {
        let name = accounts.add(&lines(alg));
        let first = accounts.token(&name);
        assert_ne!(accounts.again(&name), first, "{alg}: each assertion is one of its own");
        accounts.ledger.note("jwt_bearer", alg);
    }
    // For the client itself, without a user.
    let own = accounts.add(&lines("RS256").raw("assertion_claims", "{ sub = \"\" }"));
    accounts.token(&own);

    let stranger = accounts.add(&lines("RS256").raw("assertion_claims", "{ sub = \"nobody\" }"));
    accounts.refused_assertion(&stranger);
    let elsewhere = accounts.add(&lines("ES256").with("assertion_audience", "https://other.example/token"));
    accounts.refused_assertion(&elsewhere);
    let unknown = accounts.add(&lines("RS256").raw("scopes", "[\"no-such-scope\"]"));
    accounts.refused_scope(&unknown, "no-such-scope");

    for feature in [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "password",
        "device_code",
        "auth: basic",
        "auth: basic_raw",
        "auth: body",
        "auth: private_key_jwt",
        "auth: client_secret_jwt",
        "pushed authorization",
        "resource indicator",
        "introspection",
        "revocation",
        "userinfo",
        "id_token",
        "discovery",
    ] {
        accounts.ledger.left_out(feature, "set up for the JWT bearer grant alone");
    }
    accounts.close();
}
