//! `keyfob add` against servers that others wrote: `oidc-provider` with a protected resource in front of it,
//! and an MCP server of the protocol's own SDK.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};

use super::place::Place;
use crate::servers::harness::Server;
use crate::support::desktop::{Bus, Keyring, OidcServer, browser, finish, request, rig_file};

/// Runs `add`, which opens the browser and ends with a token.
fn add(place: &Place, browser: &str, words: &[&str]) {
    let mut all = vec!["add"];
    all.extend(words);
    all.push("--yes");
    let output = finish(place.command(&all).env("BROWSER", browser), "", Duration::from_secs(100));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What the API answers to a token.
fn call(api: &str, token: &str) -> (u16, String) {
    let answer = request("GET", api, &[("Authorization", &format!("Bearer {token}"))], "");
    (answer.status, answer.body)
}

#[test]
fn oidc_provider_gives_a_token_from_an_apis_address_alone() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let server = OidcServer::start(&bus, 3600);
    let place = Place::on(&bus);
    let api = server.address("api");
    assert_eq!(call(api, "CANARY").0, 401);

    add(&place, &browser(), &[api, "--name", "api"]);
    let token = place.run(&["token", "api"]).ok();
    let (status, body) = call(api, token.trim());
    assert_eq!(status, 200, "{body}");
    let shown = place.run(&["show", "api", "--json"]).json();
    assert_eq!((&shown["resource"], &shown["client_source"]), (&json!([api]), &json!("registered")));
    // The refreshed token is for this API, too.
    place.run(&["refresh", "api"]).ok();
    let renewed = place.run(&["token", "api"]).ok();
    assert_ne!(renewed, token);
    assert_eq!(call(api, renewed.trim()).0, 200);
    let removed = place.run(&["remove", "api", "--yes"]);
    assert!(removed.err.contains("was deleted at the server"), "{removed:?}");

    // The same by a client ID metadata document, which the server reads.
    let document = server.address("client_document");
    add(&place, &browser(), &[api, "--name", "document", "--client-id-document", document]);
    let token = place.run(&["token", "document"]).ok();
    assert_eq!(call(api, token.trim()).0, 200);
    assert_eq!(place.run(&["show", "document", "--json"]).json()["client_source"], json!("document"));

    // Its issuer and its token endpoint are addresses, too.
    for address in [server.address("issuer"), server.address("token_endpoint")] {
        let found: Value = place.run(&["add", address, "--dry-run", "--json"]).json();
        assert_eq!((&found["issuer"], &found["resource"]), (&json!(server.address("issuer")), &Value::Null));
    }
}

#[test]
fn an_mcp_server_is_signed_in_to_by_its_address_alone() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let python = rig_file("servers/.venv/bin/python");
    let server = Server::start(&bus, "mcp", &python, &[&rig_file("servers/mcp_server.py")]);
    let place = Place::on(&bus);
    let address = server.text("mcp");
    // The user agrees at once, so a client that follows redirects is browser enough.
    let script = place.file("browser", "#!/bin/sh\nexec curl -sL -o /dev/null \"$1\"\n");
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o700)).unwrap();
    add(&place, &script, &[address, "--name", "mcp"]);
    let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",
        "capabilities":{},"clientInfo":{"name":"test","version":"1"}}}"#;
    let call = |token: &str| {
        let authorization = format!("Bearer {token}");
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", "application/json"),
            ("Accept", "application/json, text/event-stream"),
        ];
        request("POST", address, &headers, initialize).status
    };
    assert_eq!(call("CANARY"), 401);
    let token = place.run(&["token", "mcp"]).ok();
    assert_eq!(call(token.trim()), 200);
    place.run(&["refresh", "mcp"]).ok();
    assert_eq!(call(place.run(&["token", "mcp"]).ok().trim()), 200);
    // It compares ports, so the second sign-in has the first one's.
    let output =
        finish(place.command(&["sign-in", "mcp"]).env("BROWSER", &script), "", Duration::from_mins(1));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // It has no RFC 7592.
    let removed = place.run(&["remove", "mcp", "--yes"]);
    assert!(removed.code == 0 && removed.err.contains("stays registered"), "{removed:?}");
}
