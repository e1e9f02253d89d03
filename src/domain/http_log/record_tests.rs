//! What log entries keep, and what they never keep.

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::json;
use url::Url;

use super::*;
use crate::domain::oauth::http_request::{HttpRequest, Method};
use crate::domain::refusal::transport::UnreachableKind;

fn wires(pairs: &[(&str, &str)]) -> Vec<(String, SecretText)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), SecretText::new((*value).to_owned()))).collect()
}

fn request(url: &str, headers: &[(&str, &str)], body: &str) -> HttpRequest {
    let (method, headers) = (Method::Post, wires(headers));
    HttpRequest {
        method,
        url: Url::parse(url).unwrap(),
        headers,
        body: SecretText::new(body.to_owned()),
        in_query: false,
    }
}

fn times() -> (DateTime<Utc>, DateTime<Utc>) {
    (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::milliseconds(120))
}

fn kept(
    request: &HttpRequest,
    secrets: &[&str],
    status: u16,
    headers: &[(&str, &str)],
    body: &str,
) -> HttpLogEntry {
    let headers = wires(headers);
    let received = Received { status, headers: &headers, body: &ResponseBody::parse(None, body.as_bytes()) };
    HttpLogEntry::new(RequestKind::Token, request, secrets, times(), Ok(received))
}

fn body_of(entry: &HttpLogEntry) -> &str {
    match &entry.outcome {
        Outcome::Answered { body, .. } => body,
        Outcome::Unreached { .. } => panic!("no answer"),
    }
}

#[test]
fn an_exchange_shows_what_helps_and_hides_the_rest() {
    let sent = request(
        "https://a.example/token",
        &[("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", "Basic dTpw")],
        "grant_type=refresh_token&refresh_token=r-1&client_id=the-id",
    );
    let entry = kept(
        &sent,
        &[],
        400,
        &[("content-type", "application/json"), ("set-cookie", "a=b")],
        r#"{"error":"invalid_grant","error_description":"The token r-1 of the-client is old","x":{"access_token":"t","expires_in":5,"ok":true},"scope":["a","b"]}"#,
    );
    assert_eq!((entry.took_ms, entry.method.as_str()), (120, "POST"));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        entry.headers,
        [
            pair("Content-Type", "application/x-www-form-urlencoded"),
            pair("Authorization", "Basic …(4 characters)"),
        ]
    );
    let Outcome::Answered { headers, .. } = &entry.outcome else { panic!("no answer") };
    assert_eq!(
        headers[..],
        [pair("content-type", "application/json"), pair("set-cookie", "…(3 characters)")]
    );
    assert_eq!(
        entry.body,
        SentBody::Form(vec![
            pair("grant_type", "refresh_token"),
            pair("refresh_token", "…(3 characters)"),
            pair("client_id", "…(6 characters)"),
        ])
    );
    assert_eq!(
        body_of(&entry),
        r#"{
  "error": "invalid_grant",
  "error_description": "The token r-1 of the-client is old",
  "scope": [
    "a",
    "b"
  ],
  "x": {
    "access_token": "…(1 characters)",
    "expires_in": 5,
    "ok": true
  }
}"#
        .replace("\"ok\"", "\"…(2 characters)\"")
    );
    let form = kept(&sent, &[], 200, &[], "access_token=gho_1&scope=repo&token_type=bearer");
    assert_eq!(body_of(&form), "access_token=…(5 characters)\nscope=repo\ntoken_type=bearer");
    assert_eq!(body_of(&kept(&sent, &[], 502, &[], "<html>x</html>")), "…(14 characters of a web page)");
    assert_eq!(body_of(&kept(&sent, &[], 500, &[], "it broke")), "…(8 characters)");
    assert_eq!(body_of(&kept(&sent, &[], 401, &[], "")), "");
}

#[test]
fn a_server_that_was_not_reached_is_kept_by_its_reason() {
    let sent = HttpRequest::get(Url::parse("https://a.example/me").unwrap());
    let unreached =
        Unreachable { host: "a.example".to_owned(), kind: UnreachableKind::Dns, may_have_been_sent: false };
    let entry = HttpLogEntry::new(RequestKind::UserInfo, &sent, &[], times(), Err(&unreached));
    assert_eq!((entry.method.as_str(), &entry.body), ("GET", &SentBody::Empty));
    let why = "its name can't be resolved".to_owned();
    assert_eq!(entry.outcome, Outcome::Unreached { why, may_have_been_sent: false });
}

#[test]
fn d2_a_huge_answer_is_kept_in_part() {
    let sent = request("https://a.example/token", &[], "");
    let many: Vec<_> = (0..2000).map(|n| json!({ "scope": "x".repeat(n % 900) })).collect();
    let entry = kept(&sent, &[], 200, &[], &json!(many).to_string());
    assert!(body_of(&entry).lines().count() < 2 * BODY_MAX_LINES);
    assert!(body_of(&entry).contains("…(1933 more)"), "{}", body_of(&entry));
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    assert!(body_of(&kept(&sent, &[], 200, &[], &deep)).contains("…(1 characters)"));
}

/// A request and a response with a canary in one of several places.
fn planted(place: usize, canary: &str, name: &str) -> (HttpRequest, Vec<(String, SecretText)>, String) {
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let quiet = || request("https://a.example/token", &form, "grant_type=password");
    let json_type = [("Content-Type", "application/json")];
    let url = |text: &str| Url::parse(text).unwrap();
    let answered = |body: String| (quiet(), Vec::new(), body);
    let encoded: String = form_urlencoded::byte_serialize(canary.as_bytes()).collect();
    match place {
        0 => (request("https://a.example/t", &[(name, canary)], ""), Vec::new(), String::new()),
        1 => (request("https://a.example/t", &[("Authorization", canary)], ""), Vec::new(), String::new()),
        2 => (request("https://a.example/t", &form, &format!("{name}={encoded}")), Vec::new(), String::new()),
        3 => (request("https://a.example/t", &form, &format!("{encoded}={name}")), Vec::new(), String::new()),
        4 => {
            let body = json!({ name: canary, "state": { "deep": canary } }).to_string();
            (request("https://a.example/t", &json_type, &body), Vec::new(), String::new())
        }
        5 => (request(&format!("https://a.example/{canary}/t"), &form, ""), Vec::new(), String::new()),
        6 => (request(&format!("https://a.example/t?{name}={canary}"), &form, ""), Vec::new(), String::new()),
        7 => {
            let mut sent = quiet();
            sent.url = url(&format!("https://u:{canary}@a.example/t#{canary}"));
            (sent, Vec::new(), String::new())
        }
        8 => (quiet(), wires(&[(name, canary)]), String::new()),
        9 => (quiet(), wires(&[("location", &format!("https://b.example/cb?code={canary}"))]), String::new()),
        10 => (quiet(), wires(&[("www-authenticate", &format!("Bearer realm=\"{canary}\""))]), String::new()),
        11 => answered(json!({ name: canary }).to_string()),
        12 => answered(json!({ "data": [{ "result": { name: [1, [canary]] } }] }).to_string()),
        13 => answered(json!({ canary: { canary: 1 } }).to_string()),
        14 => answered(
            json!({ "error": canary, "error_description": format!("No “{canary}”, or {canary}.") })
                .to_string(),
        ),
        15 => answered(
            json!({ "error": { "message": format!("see https://a.example/?t={canary}") } }).to_string(),
        ),
        16 => answered(format!("{name}={encoded}&access_token={encoded}&error={encoded}")),
        17 => answered(format!("<html><title>{canary}</title></html>")),
        18 => answered(format!("it broke: {canary}")),
        19 => answered(format!("{{\"access_token\":\"{canary}\"")),
        20 => {
            answered(json!({ "access_token": canary, "message": format!("{canary} was made") }).to_string())
        }
        21 => answered(json!(canary).to_string()),
        _ => answered(format!("{encoded}={name}")),
    }
}

const NAMES: [&str; 16] = [
    "scope",
    "error",
    "error_description",
    "expires_in",
    "token_type",
    "grant_type",
    "redirect_uri",
    "code",
    "client_secret",
    "x-api-key",
    "date",
    "retry-after",
    "content-type",
    "access_token",
    "message",
    "location",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// No part of a secret is kept, wherever it occurs and whether or not it was known.
    #[test]
    fn x1_no_planted_secret_survives(place in 0..23_usize, name in 0..NAMES.len(), tail in "[a-z0-9]{12,40}", known: bool) {
        let canary = format!("CANARY0{tail}");
        let (sent, headers, body) = planted(place, &canary, NAMES[name]);
        let secrets: &[&str] = if known { &[&canary] } else { &[] };
        let received = Received { status: 200, headers: &headers, body: &ResponseBody::parse(None, body.as_bytes()) };
        let entry = HttpLogEntry::new(RequestKind::Token, &sent, secrets, times(), Ok(received));
        let stored = serde_json::to_string(&entry).unwrap();
        prop_assert!(!stored.to_ascii_uppercase().contains("CANARY"), "{place} {}: {stored}", NAMES[name]);
        prop_assert!(!stored.contains(&tail[..12]), "{place}: {stored}");
        prop_assert_eq!(serde_json::from_str::<HttpLogEntry>(&stored).unwrap(), entry);
    }

    /// A known secret is removed from a server's text in any form.
    #[test]
    fn x1_a_known_secret_of_any_form_survives_nowhere(secret in "[a-zA-Z0-9 +/=&%!é-]{8,30}", place in 0..23_usize) {
        prop_assume!(!secret.contains("//") && secret.trim().len() >= 8);
        // URLs and names can't contain it unencoded.
        let place = if matches!(place, 0 | 1 | 5..=10) { 14 } else { place };
        let (sent, headers, body) = planted(place, &secret, "message");
        let received = Received { status: 400, headers: &headers, body: &ResponseBody::parse(None, body.as_bytes()) };
        let entry = HttpLogEntry::new(RequestKind::Token, &sent, &[&secret], times(), Ok(received));
        let stored = serde_json::to_string(&entry).unwrap();
        prop_assert!(!stored.contains(secret.trim()), "{place}: {stored}");
    }
}
