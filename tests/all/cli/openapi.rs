//! `OpenAPI` documents from the command line.

use super::place::Place;
use crate::support::desktop::{Bus, Keyring};
use crate::support::server::{Response, ScriptedServer};

fn document(server: &ScriptedServer) -> String {
    format!(
        "openapi: 3.2.0\ninfo: {{title: Shop, version: '1'}}\nservers: [{{url: '{}'}}]\n\
         paths:\n  /a: {{get: {{security: [{{batch: [read]}}]}}}}\ncomponents:\n  securitySchemes:\n    \
         batch: {{type: oauth2, flows: {{clientCredentials: {{tokenUrl: /token, scopes: {{read: Reads}}}}, \
         implicit: {{authorizationUrl: 'https://a.example/'}}}}}}\n    \
         person: {{type: oauth2, flows: {{authorizationCode: {{authorizationUrl: '{}', tokenUrl: /token, \
         scopes: {{}}}}}}}}\n    \
         key: {{type: apiKey, in: header, name: X-Key}}\n    login: {{type: http, scheme: basic}}\n    \
         cert: {{type: mutualTLS}}\n    \
         issuer: {{type: openIdConnect, openIdConnectUrl: '{}'}}\n",
        server.url("/api"),
        server.url("/authorize"),
        server.url("/.well-known/openid-configuration"),
    )
}

#[test]
fn i1_a_document_is_previewed_and_nothing_is_asked() {
    let (bus, server) = (Bus::start(), ScriptedServer::start());
    let place = Place::on(&bus);
    let file = place.file("shop.yaml", &document(&server));
    let shown = place.run(&["import", &file, "--dry-run", "--json"]).json();
    let (accounts, left_out) = (shown["accounts"].as_array().unwrap(), shown["left_out"].as_array().unwrap());
    let names: Vec<&str> = accounts.iter().map(|account| account["name"].as_str().unwrap()).collect();
    let expected =
        ["Shop (batch, clientCredentials)", "Shop (person)", "Shop (key)", "Shop (login)", "Shop (issuer)"];
    assert_eq!(names, expected);
    let batch = &accounts[0];
    let keys = [
        "name",
        "scheme",
        "flow",
        "grant",
        "endpoints",
        "issuer",
        "scopes",
        "used_scopes",
        "base_url",
        "header",
        "prefix",
        "query",
        "variables",
        "choices",
    ];
    let printed: Vec<&str> = batch.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(keys.iter().all(|key| printed.contains(key)) && printed.len() == keys.len(), "{printed:?}");
    assert_eq!((&batch["scheme"], &batch["flow"]), (&"batch".into(), &"clientCredentials".into()));
    assert_eq!(
        (&batch["grant"], &batch["base_url"]),
        (&"client_credentials".into(), &server.url("/api").into())
    );
    assert_eq!(batch["endpoints"]["token"], server.url("/token"));
    assert_eq!(batch["endpoints"]["refresh"], serde_json::Value::Null);
    assert_eq!(batch["scopes"], serde_json::json!({ "read": "Reads" }));
    assert_eq!(batch["used_scopes"], serde_json::json!(["read"]));
    assert_eq!((&accounts[2]["header"], &accounts[2]["prefix"]), (&"X-Key".into(), &().into()));
    assert_eq!((&accounts[3]["header"], &accounts[3]["prefix"]), (&"Authorization".into(), &"Basic".into()));
    assert_eq!(accounts[4]["issuer"], server.url(""));
    assert_eq!((&left_out[0]["scheme"], &left_out[0]["flow"]), (&"batch".into(), &"implicit".into()));
    assert_eq!((&left_out[1]["scheme"], &left_out[1]["flow"]), (&"cert".into(), &().into()));
    assert!(left_out[1]["reason"].as_str().unwrap().contains("mutualTLS"));
    assert_eq!(server.requests().len(), 0);
    assert_eq!(place.run(&["list", "--json"]).json(), serde_json::json!([]));
    let own = "[[account]]\nname = \"a\"\nprovider = \"google\"\nclient_id = \"i\"\n";
    let refused = place.run_with(&["import", "-", "--dry-run", "--json"], own).failed(1);
    assert!(refused.contains("OpenAPI"), "{refused}");
    let bomb = "openapi: 3.1.0\na: &a [x]\nb: [*a, *a]\n";
    assert!(place.run_with(&["import", "-"], bomb).failed(1).contains("aliases"));
}

#[test]
fn a_document_is_saved_incomplete_and_completed_by_credentials() {
    let (bus, server) = (Bus::start(), ScriptedServer::start());
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let file = place.file("shop.yaml", &document(&server));
    let imported = place.run(&["import", &file]);
    assert!(imported.err.contains("“cert” was left out"), "{imported:?}");
    assert_eq!(imported.ok().lines().count(), 5);
    for (name, missing) in [
        ("Shop (batch, clientCredentials)", "client ID"),
        ("Shop (person)", "client ID"),
        ("Shop (key)", "API key"),
        ("Shop (login)", "user name"),
        ("Shop (issuer)", "authorization endpoint"),
    ] {
        let said = place.run(&["token", name]).failed(1);
        assert!(said.contains(missing), "{name}: {said}");
    }
    let before = server.requests_to("/token").len();
    assert_eq!(before, 0, "nothing is sent without a client");

    let credentials = "[batch]\nclient_id = \"an-id\"\nclient_secret = \"CANARY-secret\"\n[key]\nkey = \"CANARY-key\"\n\
                       [login]\nusername = \"ann\"\npassword = \"CANARY-pass\"\n";
    let secrets = place.file("credentials.toml", credentials);
    let with = ["import", &file, "--replace", "--credentials", &secrets];
    assert_eq!(place.run(&with).code, 0);
    server.always("/token", Response::json(200, r#"{"access_token": "CANARY-token", "expires_in": 600}"#));
    assert_eq!(place.run(&["token", "Shop (batch, clientCredentials)"]).ok(), "CANARY-token\n");
    assert!(server.requests_to("/token")[0].form().contains(&("scope".to_owned(), "read".to_owned())));
    assert_eq!(place.run(&["token", "Shop (key)", "--as", "header"]).ok(), "X-Key: CANARY-key\n");
    assert_eq!(place.run(&["token", "Shop (login)"]).ok(), "CANARY-pass\n");
    let shown = place.run(&["show", "Shop (key)", "--json"]).json();
    assert_eq!(shown["api_base_url"], server.url("/api"));
    let wrong = place.file("wrong.toml", "[kee]\nkey = \"CANARY-key\"\n");
    let refused = place.run(&["import", &file, "--replace", "--credentials", &wrong]).failed(1);
    assert!(refused.contains("kee") && refused.contains("“key”") | refused.contains("\"key\""), "{refused}");
    assert!(!refused.contains("CANARY"));
    let wrong = place.file("wrong.toml", "[key]\nkee = \"CANARY-key\"\n");
    let refused = place.run(&["import", &file, "--replace", "--credentials", &wrong]).failed(1);
    assert!(refused.contains("did you mean \"key\"? Nothing was saved."), "{refused}");
}
