//! Token responses of every kind: valid, unusual and invalid.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::oauth::response_body::BODY_MAX_BYTES;
use crate::domain::test_support::provider as of_address;

const SENT: i64 = 1_700_000_000;

fn provider() -> Provider {
    of_address("https://server.example.com/authorize")
}

fn answer(status: u16, body: &[u8]) -> Answer<'static> {
    let sent_at = DateTime::from_timestamp(SENT, 0).unwrap();
    let body = ResponseBody::parse(None, body).into();
    Answer { status, content_type: None, body, sent_at, date: None, retry_after: None }
}

fn of_type<'a>(content_type: &'a str, body: &[u8]) -> Answer<'a> {
    let parsed = ResponseBody::parse(Some(content_type), body).into();
    Answer { content_type: Some(content_type), body: parsed, ..answer(200, body) }
}

fn ok(body: &Value) -> Grant {
    read(&provider(), &answer(200, body.to_string().as_bytes())).unwrap()
}

fn error(status: u16, body: &str) -> TokenError {
    read(&provider(), &answer(status, body.as_bytes())).unwrap_err()
}

fn secs(end: Option<DateTime<Utc>>) -> Option<i64> {
    end.map(|end| end.timestamp() - SENT)
}

/// The code, the description and the meaning of a refusal.
fn refusal(provider: &Provider, status: u16, body: &str) -> [Option<String>; 3] {
    match read(provider, &answer(status, body.as_bytes())).unwrap_err() {
        TokenError::Refused { code, description, meaning, .. } => [code, description, meaning],
        flawed @ TokenError::Flawed { .. } => panic!("{body}: {flawed}"),
    }
}

#[test]
fn rfc_6749_section_5_1() {
    let grant = ok(&json!({
        "access_token": "2YotnFZFEjr1zCsicMWpAA", "token_type": "example", "expires_in": 3600,
        "refresh_token": "tGzv3JOkF0XG5Qx2TlKWIA", "example_parameter": "example_value",
    }));
    assert_eq!(grant.access_token.expose(), "2YotnFZFEjr1zCsicMWpAA");
    assert_eq!(grant.refresh_token.unwrap().expose(), "tGzv3JOkF0XG5Qx2TlKWIA");
    assert!(grant.id_token.is_none());
    let facts = grant.facts;
    assert_eq!((facts.generation, facts.received_at.timestamp()), (1, SENT));
    assert_eq!((secs(facts.expires_at), facts.expiry_source), (Some(3600), ExpirySource::Server));
    assert_eq!((facts.token_type.as_str(), facts.scope), ("example", None));
    assert_eq!((facts.has_refresh_token, facts.refresh_expires_at), (true, None));
}

#[test]
fn the_expiry_comes_from_the_server_then_from_the_token() {
    // {"exp":1700000900}
    let jwt = "eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwMDA5MDB9.c2ln";
    for (body, expected) in [
        (json!({"access_token": jwt, "expires_in": 60}), (Some(60), ExpirySource::Server)),
        (json!({"access_token": jwt, "expires_in": "60"}), (Some(60), ExpirySource::Server)),
        (json!({"access_token": jwt, "expires_in": -1.5}), (Some(-2), ExpirySource::Server)),
        (json!({"access_token": jwt, "expires_at": SENT + 70}), (Some(70), ExpirySource::Server)),
        (json!({"access_token": jwt, "expires_at": (SENT + 70) * 1000}), (Some(70), ExpirySource::Server)),
        (
            json!({"access_token": jwt, "expires_at": "2023-11-14T22:14:20Z"}),
            (Some(60), ExpirySource::Server),
        ),
        (
            json!({"access_token": jwt, "expires_in": "soon", "expires_at": SENT + 70}),
            (Some(70), ExpirySource::Server),
        ),
        (json!({"access_token": jwt, "expires_in": null}), (Some(900), ExpirySource::Token)),
        (json!({"access_token": jwt}), (Some(900), ExpirySource::Token)),
        (json!({"access_token": "opaque", "expires_at": []}), (None, ExpirySource::Unknown)),
    ] {
        let facts = ok(&body).facts;
        assert_eq!((secs(facts.expires_at), facts.expiry_source), expected, "{body}");
    }
}

#[test]
fn moments_by_the_servers_clock_are_shifted_to_ours() {
    let expires_at = json!({"access_token": "a", "expires_at": SENT + 3600}).to_string();
    let expires_in = json!({"access_token": "a", "expires_in": 3600}).to_string();
    for (skew, at_shift, shown) in
        [(0, 0, None), (60, 0, None), (-60, 0, None), (61, -61, Some(61)), (-7200, 7200, Some(-7200))]
    {
        let date = DateTime::from_timestamp(SENT + skew, 0);
        let read =
            |body: &str| read(&provider(), &Answer { date, ..answer(200, body.as_bytes()) }).unwrap().facts;
        assert_eq!(secs(read(&expires_at).expires_at), Some(3600 + at_shift), "{skew}");
        assert_eq!(secs(read(&expires_in).expires_at), Some(3600), "{skew}");
        assert_eq!(read(&expires_in).clock_skew_secs, shown);
    }
}

#[test]
fn the_refresh_tokens_expiry_is_the_servers_else_the_presets() {
    let mut provider = provider();
    provider.refresh.refresh_token_life_secs = Some(5_184_000);
    for (body, expected) in [
        (json!({"refresh_token": "r"}), Some(5_184_000)),
        (json!({"refresh_token": "r", "refresh_token_expires_in": "60"}), Some(60)),
        (json!({"refresh_token": "r", "refresh_expires_in": 70}), Some(70)),
        (json!({"refresh_token": "r", "refresh_expires_in": 0}), Some(5_184_000)),
        (json!({"refresh_token": "r", "refresh_token_expires_at": SENT + 80}), Some(80)),
        (json!({"refresh_expires_in": 70}), None),
        (json!({"refresh_token": ""}), None),
    ] {
        let mut body = body;
        body["access_token"] = json!("a");
        let grant = read(&provider, &answer(200, body.to_string().as_bytes())).unwrap();
        assert_eq!(secs(grant.facts.refresh_expires_at), expected, "{body}");
        assert_eq!(grant.facts.has_refresh_token, grant.refresh_token.is_some());
    }
}

#[test]
fn types_and_scopes_in_every_spelling() {
    for (body, expected) in [
        (json!({}), "Bearer"),
        (json!({"token_type": "bearer"}), "Bearer"),
        (json!({"type": "BEARER"}), "Bearer"),
        (json!({"token_type": "DPoP", "type": "x"}), "DPoP"),
        (json!({"token_type": "a\r\nEvil: b"}), "Bearer"),
        (json!({"token_type": 7}), "Bearer"),
    ] {
        let mut body = body;
        body["access_token"] = json!("a");
        assert_eq!(ok(&body).facts.token_type, expected, "{body}");
    }
    let scope = |scope: Value| ok(&json!({"access_token": "a", "scope": scope})).facts.scope;
    assert_eq!(scope(json!(" a  b ")).unwrap(), ["a", "b"]);
    assert_eq!(scope(json!(["a", "b c", 7])).unwrap(), ["a", "b c"]);
    assert_eq!(scope(json!(["a", "\u{1b}[31m", ""])).unwrap(), ["a"]);
    assert_eq!(scope(json!("")), None);
    let comma = Provider { scope_separator: ",".to_owned(), ..provider() };
    let grant = read(&comma, &answer(200, br#"{"access_token":"a","scope":"repo,gist"}"#)).unwrap();
    assert_eq!(grant.facts.scope.unwrap(), ["repo", "gist"]);
}

#[test]
fn odd_wrappings_are_seen_through() {
    let mut nested = provider();
    nested.response.access_token = vec!["/nowhere".to_owned(), "/data/tokens/0/value".to_owned()];
    nested.response.expires_in = vec!["/data/ttl".to_owned()];
    let body = r#"{"data":{"tokens":[{"value":"inner"}],"ttl":9},"access_token":"outer","expires_in":1}"#;
    let grant = read(&nested, &answer(200, body.as_bytes())).unwrap();
    assert_eq!((grant.access_token.expose(), secs(grant.facts.expires_at)), ("inner", Some(9)));
    let grant = read(&nested, &answer(200, br#"{"access_token":"outer"}"#)).unwrap();
    assert_eq!(grant.access_token.expose(), "outer");

    let bom = "\u{feff}\r\n {\"access_token\":\"a\"} \n";
    assert_eq!(read(&provider(), &answer(200, bom.as_bytes())).unwrap().access_token.expose(), "a");
    let html = of_type("text/html", br#"{"access_token":"a"}"#);
    assert!(read(&provider(), &html).is_ok());

    let form = "access_token=gho_16C7&scope=repo%2Cgist&token_type=bearer&expires_in=28800";
    let form = of_type("application/x-www-form-urlencoded", form.as_bytes());
    let grant = read(&provider(), &form).unwrap();
    assert_eq!((grant.access_token.expose(), secs(grant.facts.expires_at)), ("gho_16C7", Some(28_800)));
    let said = refusal(&provider(), 200, "error=bad_verification_code&error_description=Wrong+code.");
    assert_eq!(said[..2], [Some("bad_verification_code".to_owned()), Some("Wrong code.".to_owned())]);
}

#[test]
fn errors_in_every_spelling() {
    let mut provider = provider();
    provider.response.error = vec!["/erro".to_owned()];
    provider.errors = [("invalid_client", "M1"), ("2036", "M2"), ("429", "M3")]
        .map(|(code, meaning)| (code.to_owned(), meaning.to_owned()))
        .into();
    for (status, body, expected) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"d"}"#,
            [Some("invalid_grant"), Some("d"), None],
        ),
        (200, r#"{"error":"invalid_client"}"#, [Some("invalid_client"), None, Some("M1")]),
        (401, r#"{"erro":"invalid_client"}"#, [Some("invalid_client"), None, Some("M1")]),
        (400, r#"{"error":{"code":2036,"message":"m"}}"#, [Some("2036"), Some("m"), Some("M2")]),
        (400, r#"{"code":2036,"message":"m"}"#, [Some("2036"), Some("m"), Some("M2")]),
        (400, r#"{"error":"x","code":"2036"}"#, [Some("x"), None, Some("M2")]),
        (200, r#"{"statusCode":429,"message":"slow"}"#, [Some("429"), Some("slow"), Some("M3")]),
        (400, r#"{"errors":[{"type":"t","detail":"d"}]}"#, [Some("t"), Some("d"), None]),
        (429, "{}", [None, None, Some("M3")]),
        (401, r#"{"code":401,"message":"m"}"#, [None, Some("m"), None]),
        (429, r#"{"statusCode":429}"#, [None, None, Some("M3")]),
        (404, r#"{"errorCode":"E7","errorSummary":"s"}"#, [Some("E7"), Some("s"), None]),
        (400, r#"{"__type":"T","message":"m"}"#, [Some("T"), Some("m"), None]),
        (400, r#"{"code":"0","msg":"m"}"#, [None, Some("m"), None]),
        (
            401,
            r#"{"fault":{"faultstring":"s","detail":{"errorcode":"oauth.v2.x"}}}"#,
            [Some("oauth.v2.x"), Some("s"), None],
        ),
        (500, "[]", [None, None, None]),
        (400, r#"{"access_token":"CANARY-7","message":"m"}"#, [None, Some("m"), None]),
        (401, "", [None, None, None]),
        (403, " \r\n", [None, None, None]),
        (429, "<html>", [None, None, Some("M3")]),
        (401, "Bad credentials", [None, None, None]),
    ] {
        let expected = expected.map(|text| text.map(str::to_owned));
        assert_eq!(refusal(&provider, status, body), expected, "{status} {body}");
    }
}

#[test]
fn a_documents_word_for_a_status_gives_way_to_a_code_that_says_more() {
    let mut provider = provider();
    let errors = [("400", "M1"), ("unauthorized_client", "M2")];
    provider.errors = errors.map(|(code, meaning)| (code.to_owned(), meaning.to_owned())).into();
    for (code, meaning) in
        [("invalid_grant", None), ("unauthorized_client", Some("M2")), ("invalid_request", Some("M1"))]
    {
        let [said, _, meant] = refusal(&provider, 400, &json!({"error": code}).to_string());
        assert_eq!((said.as_deref(), meant.as_deref()), (Some(code), meaning));
    }
}

#[test]
fn t6_retry_after_is_read_whatever_the_body_is() {
    for (retry_after, expected) in
        [("120", Some(120)), ("Tue, 14 Nov 2023 22:14:20 GMT", Some(60)), ("soon", None)]
    {
        for body in ["", "{}", "<html>", "busy", r#"{"error":"slow_down"}"#] {
            for status in [429, 503] {
                let answer = Answer { retry_after: Some(retry_after), ..answer(status, body.as_bytes()) };
                let TokenError::Refused { retry_at, .. } = read(&provider(), &answer).unwrap_err() else {
                    panic!("{status} {body}")
                };
                assert_eq!(secs(retry_at), expected);
            }
        }
    }
}

#[test]
fn t3_every_malformed_answer_is_a_typed_error() {
    for (status, body, flaw) in [
        (200, "<!DOCTYPE html><title>Sign in</title>", AnswerFlaw::WebPage),
        (404, "  <html>", AnswerFlaw::WebPage),
        (502, "<html>", AnswerFlaw::WebPage),
        (200, "", AnswerFlaw::Empty),
        (204, "\u{feff} \n", AnswerFlaw::Empty),
        (200, r#"{"access_token":"CANARY-7""#, AnswerFlaw::Unreadable),
        (200, r#"{"access_token":"CANARY"} x"#, AnswerFlaw::Unreadable),
        (200, "CANARY", AnswerFlaw::Unreadable),
        (200, r#"{"next":"/?a&access_token=CANARY&b"#, AnswerFlaw::Unreadable),
        (400, "no", AnswerFlaw::Unreadable),
        (200, "{}", AnswerFlaw::NoToken),
        (200, "[]", AnswerFlaw::NoToken),
        (200, "7", AnswerFlaw::NoToken),
        (200, r#""CANARY""#, AnswerFlaw::NoToken),
        (200, r#"{"message":"ok","error":null}"#, AnswerFlaw::NoToken),
        (200, r#"{"access_token":null,"error":0}"#, AnswerFlaw::NoToken),
        (200, r#"{"access_token":""}"#, AnswerFlaw::NoToken),
        (200, r#"{"code":200,"message":"success","data":{"token":"x"}}"#, AnswerFlaw::NoToken),
        (200, r#"{"code":"0","data":{"token":"x"}}"#, AnswerFlaw::NoToken),
        (200, r#"{"errorCode":"SUCCESS","data":{"token":"x"}}"#, AnswerFlaw::NoToken),
        (200, r#"{"access_token":123456}"#, AnswerFlaw::NoToken),
        (200, r#"{"access_token":{"value":"CANARY"}}"#, AnswerFlaw::NoToken),
        (200, r#"{"access_token":"CANARY a"}"#, AnswerFlaw::UnusableToken),
        (200, r#"{"access_token":"CANARY\r\nEvil: a"}"#, AnswerFlaw::UnusableToken),
        (200, r#"{"access_token":"CANARY\u0000"}"#, AnswerFlaw::UnusableToken),
        (200, r#"{"access_token":"CANARYé"}"#, AnswerFlaw::UnusableToken),
        (200, r#"{"access_token":"a","refresh_token":"CANARY\u001b[31m"}"#, AnswerFlaw::UnusableToken),
        (200, r#"{"access_token":"a","id_token":"CANARY\nX-Evil: a"}"#, AnswerFlaw::UnusableToken),
        (302, r#"{"access_token":"CANARY"}"#, AnswerFlaw::Redirect),
        (307, "", AnswerFlaw::Redirect),
    ] {
        let error = error(status, body);
        assert_eq!(error, TokenError::Flawed { status, flaw }, "{status} {body}");
        assert!(!format!("{error} {error:?}").contains("CANARY"));
    }
    let large = vec![b' '; BODY_MAX_BYTES + 1];
    let error = read(&provider(), &answer(200, &large)).unwrap_err();
    assert_eq!(error, TokenError::Flawed { status: 200, flaw: AnswerFlaw::TooLarge });
    let html = of_type("text/HTML; charset=utf-8", b"Please sign in");
    let error = read(&provider(), &html).unwrap_err();
    assert_eq!(error, TokenError::Flawed { status: 200, flaw: AnswerFlaw::WebPage });
}

#[test]
fn what_a_server_repeats_can_be_taken_out_of_its_words() {
    let body = r#"{"error":"CANARY-7","error_description":"no token CANARY-7 for abc, CANARY-9"}"#;
    let error = error(400, body).without(["CANARY-7", "abc", "CANARY-9", ""]);
    let TokenError::Refused { code, description, .. } = error else { panic!() };
    assert_eq!((code.as_deref(), description.as_deref()), (Some("…"), Some("no token … for abc, …")));
}

/// JSON of any shape, with the names that matter in it.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "access_token",
        "refresh_token",
        "expires_in",
        "expires_at",
        "token_type",
        "type",
        "scope",
        "error",
        "errors",
        "code",
        "message",
        "refresh_expires_in",
        "refresh_token_expires_at",
        "id_token",
    ]);
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8)
                .prop_map(|fields| fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

#[test]
fn c3_a_year_262142_from_a_server_is_unknown() {
    for end in [
        json!("+262142-12-31T23:59:59"),
        json!("9999-12-31T23:59:59-14:00"),
        json!("0001-01-01T00:00:00Z"),
        json!(i64::MAX),
        json!(f64::MIN),
    ] {
        let body = json!({
            "access_token": "a", "refresh_token": "r", "expires_at": end, "refresh_token_expires_at": end,
        });
        let facts = ok(&body).facts;
        assert_eq!((facts.expires_at, facts.refresh_expires_at), (None, None), "{end}");
        assert_eq!(facts.expiry_source, ExpirySource::Unknown);
    }
    // The last possible time, from a server whose clock is an hour slow.
    let body = json!({"access_token": "a", "expires_at": "9999-12-31T23:59:59Z"}).to_string();
    let late = |skew| {
        let date = DateTime::from_timestamp(SENT + skew, 0);
        read(&provider(), &Answer { date, ..answer(200, body.as_bytes()) }).unwrap().facts.expires_at
    };
    assert!(late(0).is_some() && late(3600).is_some());
    assert_eq!(late(-3600), None);
    let date = Some(DateTime::<Utc>::MAX_UTC);
    let facts = read(&provider(), &Answer { date, ..answer(200, body.as_bytes()) }).unwrap().facts;
    assert_eq!(facts.clock_skew_secs, None, "a clock past the year 9999 corrects nothing");
}

proptest! {
    #[test]
    fn t3_no_bytes_panic(
        status in 100..600_u16,
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            any_json().prop_map(|value| value.to_string().into_bytes()),
        ],
        date in prop::option::of(-9_000_000_000_000_i64..9_000_000_000_000),
        retry_after in prop::option::of(".{0,20}"),
    ) {
        let date = date.and_then(|secs| DateTime::from_timestamp(secs, 0));
        let answer = Answer { date, retry_after: retry_after.as_deref(), ..answer(status, &body) };
        if let Ok(grant) = read(&provider(), &answer) {
            prop_assert!((200..300).contains(&status));
            let facts = &grant.facts;
            for at in [Some(facts.received_at), facts.expires_at, facts.refresh_expires_at].into_iter().flatten() {
                prop_assert_eq!(time_parse::bounded(at), Some(at));
            }
            prop_assert!(!grant.access_token.is_empty());
            prop_assert!(grant.access_token.expose().bytes().all(|b| b.is_ascii_graphic()));
        }
    }

    #[test]
    fn t3_a_truncated_answer_never_gives_a_token(cut in any::<prop::sample::Index>(), pretty in any::<bool>()) {
        let whole = json!({"access_token": "CANARY-0123456789", "token_type": "Bearer", "expires_in": 3600});
        let text = if pretty { format!("{whole:#}") } else { whole.to_string() };
        let cut = &text.as_bytes()[..cut.index(text.len())];
        let error = read(&provider(), &answer(200, cut)).unwrap_err();
        let shown = format!("{error} {error:?}");
        prop_assert!(!shown.contains("CANARY"));
    }
}
