//! Ten providers that many people use: each preset against a server that answers as the provider's page describes.
//!
//! The pages are named in the presets' files. The responses have the fields of the page's example (Airtable, Asana,
//! Linear, Xero), of the provider's own specification or client (Box, Notion) or of the page's list of fields (`LinkedIn`,
//! Shopify, X, Zendesk), with values of our own. The secret in a response is a canary.

use chrono::{DateTime, TimeDelta, Utc};
use keyfob::domain::token::grant::TokenFacts;
use keyfob::domain::token::token_format;
use keyfob::messages::command::Command;

use crate::support::account_toml::AccountToml;
use crate::support::engine::{Place, Rig, come_back};
use crate::support::raw;
use crate::support::server::{Request, Response, ScriptedServer};

/// How the client's ID and secret reach the token endpoint.
#[derive(Clone, Copy, PartialEq)]
enum Sends {
    Basic,
    Body,
}

struct Page {
    id: &'static str,
    /// Lines of the account, such as its variables.
    lines: &'static str,
    sends: Sends,
    json: bool,
    pkce: bool,
    /// The scopes of the authorization request, as they are sent; empty if the parameter is absent.
    scope: &'static str,
    /// Further parameters of the authorization request, and of the token request with the code.
    asked: &'static [(&'static str, &'static str)],
    code_params: &'static [(&'static str, &'static str)],
    /// The response to the code, and to the refresh.
    answer: &'static str,
    refreshed: &'static str,
    /// The granted scopes, the life in seconds, and the refresh token's in days.
    granted: &'static [&'static str],
    life: Option<i64>,
    refresh_days: Option<i64>,
    /// The header with which an API is called.
    header: &'static str,
}

const PLAIN: Page = Page {
    id: "",
    lines: "",
    sends: Sends::Body,
    json: false,
    pkce: true,
    scope: "",
    asked: &[],
    code_params: &[],
    answer: "",
    refreshed: "",
    granted: &[],
    life: Some(3600),
    refresh_days: None,
    header: "Authorization: Bearer CANARY-1",
};

const PAGES: &[Page] = &[
    Page {
        id: "notion",
        sends: Sends::Basic,
        json: true,
        asked: &[("owner", "user")],
        answer: r#"{"access_token":"CANARY-1","token_type":"bearer","refresh_token":"CANARY-r1","bot_id":"b","workspace_icon":null,"workspace_name":"Acme","workspace_id":"w","owner":{"type":"user","user":{"type":"person","person":{"email":"u@example.com"},"name":"U","avatar_url":null,"id":"u","object":"user"}},"duplicated_template_id":null,"request_id":"q"}"#,
        refreshed: r#"{"access_token":"CANARY-2","token_type":"bearer","refresh_token":"CANARY-r2","bot_id":"b","workspace_icon":null,"workspace_name":"Acme","workspace_id":"w","owner":{"type":"workspace","workspace":true},"duplicated_template_id":null,"request_id":"q"}"#,
        life: None,
        ..PLAIN
    },
    Page {
        id: "linear",
        scope: "read,write",
        lines: "scopes = [\"read\", \"write\"]",
        answer: r#"{"access_token":"CANARY-1","token_type":"Bearer","expires_in":86399,"scope":"read write","refresh_token":"CANARY-r1"}"#,
        refreshed: r#"{"access_token":"CANARY-2","token_type":"Bearer","expires_in":86399,"scope":"read write","refresh_token":"CANARY-r2"}"#,
        granted: &["read", "write"],
        life: Some(86_399),
        ..PLAIN
    },
    Page {
        id: "airtable",
        sends: Sends::Basic,
        scope: "data.records:read data.records:write",
        lines: "scopes = [\"data.records:read\", \"data.records:write\"]",
        answer: r#"{"access_token":"CANARY-1","refresh_token":"CANARY-r1","token_type":"Bearer","scope":"data.records:read data.records:write","expires_in":3600,"refresh_expires_in":5184000}"#,
        refreshed: r#"{"access_token":"CANARY-2","refresh_token":"CANARY-r2","token_type":"Bearer","scope":"data.records:read data.records:write","expires_in":3600,"refresh_expires_in":5184000}"#,
        granted: &["data.records:read", "data.records:write"],
        refresh_days: Some(60),
        ..PLAIN
    },
    Page {
        id: "asana",
        scope: "tasks:read",
        lines: "scopes = [\"tasks:read\"]",
        answer: r#"{"access_token":"CANARY-1","expires_in":3600,"token_type":"bearer","data":{"id":12345,"gid":"12345","name":"U","email":"u@example.com"},"refresh_token":"CANARY-r1"}"#,
        // A refresh brings no new refresh token.
        refreshed: r#"{"access_token":"CANARY-2","expires_in":3600,"token_type":"bearer","data":{"id":12345,"gid":"12345","name":"U","email":"u@example.com"}}"#,
        granted: &[],
        ..PLAIN
    },
    Page {
        id: "xero",
        sends: Sends::Basic,
        scope: "accounting.transactions offline_access",
        lines: "scopes = [\"accounting.transactions\"]",
        answer: r#"{"access_token":"CANARY-1","expires_in":1800,"token_type":"Bearer","refresh_token":"CANARY-r1","scope":"accounting.transactions offline_access"}"#,
        refreshed: r#"{"access_token":"CANARY-2","expires_in":1800,"token_type":"Bearer","refresh_token":"CANARY-r2","scope":"accounting.transactions offline_access"}"#,
        granted: &["accounting.transactions", "offline_access"],
        life: Some(1800),
        refresh_days: Some(60),
        ..PLAIN
    },
    Page {
        id: "shopify",
        scope: "read_products,write_orders",
        lines: "scopes = [\"read_products\", \"write_orders\"]\nvariables = { shop = \"acme\" }",
        code_params: &[("expiring", "1")],
        answer: r#"{"access_token":"CANARY-1","scope":"read_products,write_orders","expires_in":3600,"refresh_token":"CANARY-r1","refresh_token_expires_in":7776000}"#,
        refreshed: r#"{"access_token":"CANARY-2","scope":"read_products,write_orders","expires_in":3600,"refresh_token":"CANARY-r2","refresh_token_expires_in":7776000}"#,
        granted: &["read_products", "write_orders"],
        refresh_days: Some(90),
        header: "X-Shopify-Access-Token: CANARY-1",
        ..PLAIN
    },
    Page {
        id: "box",
        answer: r#"{"access_token":"CANARY-1","expires_in":3600,"restricted_to":[],"token_type":"bearer","refresh_token":"CANARY-r1"}"#,
        refreshed: r#"{"access_token":"CANARY-2","expires_in":3600,"restricted_to":[],"token_type":"bearer","refresh_token":"CANARY-r2"}"#,
        refresh_days: Some(60),
        ..PLAIN
    },
    Page {
        id: "linkedin",
        pkce: false,
        scope: "openid profile",
        lines: "scopes = [\"openid\", \"profile\"]",
        answer: r#"{"access_token":"CANARY-1","expires_in":5184000,"refresh_token":"CANARY-r1","refresh_token_expires_in":31536000,"scope":"openid,profile"}"#,
        refreshed: r#"{"access_token":"CANARY-2","expires_in":5184000,"refresh_token":"CANARY-r1","refresh_token_expires_in":31536000,"scope":"openid,profile"}"#,
        granted: &["openid", "profile"],
        life: Some(5_184_000),
        refresh_days: Some(365),
        ..PLAIN
    },
    Page {
        id: "x",
        sends: Sends::Basic,
        scope: "tweet.read users.read offline.access",
        answer: r#"{"token_type":"bearer","expires_in":7200,"access_token":"CANARY-1","scope":"tweet.read users.read offline.access","refresh_token":"CANARY-r1"}"#,
        refreshed: r#"{"token_type":"bearer","expires_in":7200,"access_token":"CANARY-2","scope":"tweet.read users.read offline.access","refresh_token":"CANARY-r2"}"#,
        granted: &["tweet.read", "users.read", "offline.access"],
        life: Some(7200),
        ..PLAIN
    },
    Page {
        id: "zendesk",
        json: true,
        scope: "read write",
        lines: "scopes = [\"read\", \"write\"]\nvariables = { subdomain = \"acme\" }",
        answer: r#"{"access_token":"CANARY-1","refresh_token":"CANARY-r1","token_type":"bearer","scope":"read write","expires_in":1800,"refresh_token_expires_in":7776000}"#,
        refreshed: r#"{"access_token":"CANARY-2","refresh_token":"CANARY-r2","token_type":"bearer","scope":"read write","expires_in":1800,"refresh_token_expires_in":7776000}"#,
        granted: &["read", "write"],
        life: Some(1800),
        refresh_days: Some(90),
        ..PLAIN
    },
];

/// The parameters of a token request, from its form or its JSON.
fn params(page: &Page, request: &Request) -> Vec<(String, String)> {
    let expected = if page.json { "application/json" } else { "application/x-www-form-urlencoded" };
    assert_eq!(request.header("content-type"), Some(expected), "{}", page.id);
    if !page.json {
        return request.form();
    }
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&request.body).unwrap();
    object.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect()
}

/// Compares a token request with what the page says; `own` are the grant's parameters.
fn judge(page: &Page, request: &Request, own: &[(&str, &str)]) {
    let mut expected: Vec<(&str, &str)> = own.to_vec();
    if page.sends == Sends::Body {
        expected.extend([("client_id", "an-id"), ("client_secret", "CANARY-secret")]);
    }
    let mut sent = params(page, request);
    // A refresh token and a verifier differ each time.
    sent.retain(|(name, value)| name != "code_verifier" || value.len() < 43);
    let mut sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (&**name, &**value)).collect();
    sent.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sent, expected, "{}", page.id);
    // base64("an-id:CANARY-secret")
    let basic = (page.sends == Sends::Basic).then_some("Basic YW4taWQ6Q0FOQVJZLXNlY3JldA==");
    assert_eq!(request.header("authorization"), basic, "{}", page.id);
}

fn judge_sign_in(page: &Page, address: &url::Url) {
    let asked: Vec<_> = address.query_pairs().collect();
    let value = |name: &str| asked.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_ref());
    assert_eq!(value("response_type"), Some("code"), "{}", page.id);
    assert_eq!(value("scope").unwrap_or_default(), page.scope, "{}", page.id);
    assert_eq!(value("code_challenge_method"), page.pkce.then_some("S256"), "{}", page.id);
    for (name, expected) in page.asked {
        assert_eq!(value(name), Some(*expected), "{}: {name}", page.id);
    }
}

fn judge_facts(page: &Page, facts: &TokenFacts) {
    let after = |at: Option<DateTime<Utc>>| at.map(|at| at - facts.received_at);
    assert_eq!(after(facts.expires_at), page.life.map(TimeDelta::seconds), "{}", page.id);
    assert_eq!(after(facts.refresh_expires_at), page.refresh_days.map(TimeDelta::days), "{}", page.id);
    assert_eq!(facts.scope.clone().unwrap_or_default(), page.granted, "{}", page.id);
}

fn signed_in(page: &Page, server: &ScriptedServer, back: &str) -> (Place, Rig) {
    let account = AccountToml::of_preset(page.id, page.id)
        .secret("CANARY-secret")
        .with("redirect_uri", back)
        .lines(page.lines)
        .on(server, &["authorize", "token"]);
    let place = Place::new();
    let rig = place.command_line();
    rig.import(&account.to_string()).unwrap();
    server.script("/token", Response::json(200, page.answer));
    let (address, mut answers) = rig.start_sign_in(page.id).unwrap();
    judge_sign_in(page, &address);
    assert_eq!(come_back(&address, &[("code", "c0de")]).status, 303, "{}", page.id);
    answers.wait().unwrap();
    (place, rig)
}

#[test]
fn each_popular_provider_gets_the_requests_of_its_page_and_its_answers_are_read() {
    for page in PAGES {
        let server = ScriptedServer::start();
        let back = format!("http://localhost:{}/callback", raw::free_port());
        let back = if page.id == "x" { back.replace("localhost", "127.0.0.1") } else { back };
        let (_place, rig) = signed_in(page, &server, &back);
        let held = rig.token(page.id).unwrap();
        judge_facts(page, &held.facts);
        let header = token_format::header_line(&held.api, &held.access_token);
        assert_eq!(header.expose(), page.header, "{}", page.id);

        server.script("/token", Response::json(200, page.refreshed));
        rig.ask(Command::Refresh(rig.id(page.id))).unwrap();
        assert_eq!(rig.token(page.id).unwrap().access_token.expose(), "CANARY-2", "{}", page.id);

        let requests = server.requests_to("/token");
        assert_eq!(requests.len(), 2, "{}", page.id);
        let code = [("grant_type", "authorization_code"), ("code", "c0de"), ("redirect_uri", back.as_str())];
        judge(page, &requests[0], &[code.as_slice(), page.code_params].concat());
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", "CANARY-r1")];
        judge(page, &requests[1], &refresh);
    }
}
