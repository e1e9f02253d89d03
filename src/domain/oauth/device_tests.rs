//! Device codes: the standard's example, unusual responses, and polling intervals.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::oauth::response_body::ResponseBody;
use crate::domain::test_support::provider as of_address;

const SENT: i64 = 1_700_000_000;

fn at(secs: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(SENT + secs)
}

fn answer(status: u16, body: &[u8]) -> Answer<'static> {
    let body = ResponseBody::parse(None, body).into();
    Answer { status, content_type: None, body, sent_at: at(0), date: None, retry_after: None }
}

fn given(status: u16, body: &str) -> Result<DeviceAuthorization, TokenError> {
    read(&of_address("https://server.example.com/authorize"), &answer(status, body.as_bytes()))
}

fn ok(body: &Value) -> DeviceAuthorization {
    given(200, &body.to_string()).unwrap()
}

fn flaw(body: &str) -> AnswerFlaw {
    match given(200, body).unwrap_err() {
        TokenError::Flawed { flaw, .. } => flaw,
        refused @ TokenError::Refused { .. } => panic!("{body}: {refused}"),
    }
}

fn polling(interval: i64, life: i64) -> Polling {
    Polling::new(TimeDelta::seconds(interval), at(0), at(life))
}

/// Seconds after `now` until the next poll.
fn pause(polling: &Polling, now: i64) -> i64 {
    (polling.wakes_at().unwrap() - at(now)).num_seconds()
}

#[test]
fn rfc_8628_section_3_2() {
    let given = ok(&json!({
        "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS", "user_code": "WDJB-MJHT",
        "verification_uri": "https://example.com/device",
        "verification_uri_complete": "https://example.com/device?user_code=WDJB-MJHT",
        "expires_in": 1800, "interval": 5,
    }));
    assert_eq!(given.device_code.expose(), "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS");
    assert_eq!(given.user_code, "WDJB-MJHT");
    assert_eq!(given.verification_uri.as_str(), "https://example.com/device");
    let complete = given.verification_uri_complete.unwrap();
    assert_eq!(complete.as_str(), "https://example.com/device?user_code=WDJB-MJHT");
    assert_eq!(given.polling, polling(5, 1800));
}

#[test]
fn odd_answers_are_read_all_the_same() {
    let google = ok(&json!({
        "device_code": "d", "user_code": "GQVQ-JKEC", "verification_url": "https://www.google.com/device",
        "expires_in": "1800",
    }));
    assert_eq!(google.verification_uri.as_str(), "https://www.google.com/device");
    assert_eq!(google.polling, polling(5, 1800));
    let form =
        "device_code=d&user_code=A%20B&verification_uri=https%3A%2F%2Fgithub.com%2Flogin%2Fdevice&interval=7";
    let github = given(200, form).unwrap();
    assert_eq!((github.user_code.as_str(), github.polling), ("A B", polling(7, 600)));
    for (uri, read_as) in [
        ("example.com/device", "https://example.com/device"),
        (" http://example.com/device ", "http://example.com/device"),
    ] {
        let body = json!({ "device_code": "d", "user_code": "u", "verification_uri": uri });
        assert_eq!(ok(&body).verification_uri.as_str(), read_as);
    }
    for (interval, expected) in
        [(json!(0), 5), (json!(-4), 5), (json!("9"), 9), (json!([]), 5), (json!(120), 120)]
    {
        let body = json!({
            "device_code": "d", "user_code": "u", "verification_uri": "https://a.example", "interval": interval,
            "verification_uri_complete": 7, "expires_in": null,
        });
        assert_eq!(ok(&body).polling, polling(expected, 600), "{interval}");
        assert_eq!(ok(&body).verification_uri_complete, None);
    }
}

#[test]
fn b1_an_answer_that_nobody_could_follow_is_none() {
    for uri in [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "file://a.example/etc/passwd",
        "javascript://a.example/%0aalert(1)",
        "",
        "https://",
        "https://a:b@c.example/",
        "--help x",
    ] {
        let body = json!({ "device_code": "d", "user_code": "u", "verification_uri": uri });
        assert_eq!(flaw(&body.to_string()), AnswerFlaw::NoCode, "{uri}");
    }
    for body in [
        json!({ "user_code": "u", "verification_uri": "https://a.example" }),
        json!({ "device_code": "d", "verification_uri": "https://a.example" }),
        json!({ "device_code": "d", "user_code": "u" }),
        json!({ "device_code": "d", "user_code": "u".repeat(101), "verification_uri": "https://a.example" }),
        json!({}),
    ] {
        assert_eq!(flaw(&body.to_string()), AnswerFlaw::NoCode, "{body}");
    }
    assert_eq!(flaw("<html>"), AnswerFlaw::WebPage);
    let refused = given(400, r#"{"error":"unauthorized_client"}"#).unwrap_err();
    assert!(matches!(refused, TokenError::Refused { code: Some(code), .. } if code == "unauthorized_client"));
    assert!(matches!(given(200, r#"{"error":"invalid_scope"}"#), Err(TokenError::Refused { .. })));
}

#[test]
fn the_server_is_asked_after_each_interval_until_the_code_has_expired() {
    let mut polling = polling(5, 12);
    assert_eq!(polling.due(at(4)), Due::Nothing);
    assert_eq!(polling.due(at(5)), Due::Ask);
    // Due once, however often it is checked.
    assert_eq!((polling.due(at(6)), polling.wakes_at()), (Due::Nothing, None));
    polling.not_yet(NotYet::Pending, at(6));
    assert_eq!(pause(&polling, 6), 5);
    assert_eq!(polling.due(at(11)), Due::Ask);
    polling.not_yet(NotYet::Pending, at(11));
    assert_eq!(pause(&polling, 11), 1);
    assert_eq!(polling.due(at(12)), Due::Expired);
}

#[test]
fn a_server_that_is_slow_or_silent_is_asked_less_often() {
    let mut polling = polling(5, 3600);
    let mut after = |why| {
        polling.not_yet(why, at(0));
        pause(&polling, 0)
    };
    assert_eq!([after(NotYet::SlowDown), after(NotYet::SlowDown), after(NotYet::Pending)], [10, 15, 15]);
    let silent = NotYet::Unanswered(None);
    assert_eq!([after(silent), after(silent), after(silent)], [30, 60, 60]);
    assert_eq!(after(NotYet::Unanswered(Some(at(200)))), 200);
    assert_eq!(after(NotYet::SlowDown), 65);
    assert_eq!(after(silent), 65);
}

proptest! {
    #[test]
    fn t3_no_answer_makes_a_code_that_is_asked_about_too_often_or_for_ever(
        status in 100..600_u16,
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            (any::<Option<f64>>(), any::<Option<f64>>(), ".{0,40}", ".{0,60}").prop_map(
                |(expires_in, interval, code, uri)| json!({
                    "device_code": code, "user_code": code, "verification_uri": uri, "verification_url": "a.example",
                    "expires_in": expires_in, "interval": interval,
                }).to_string().into_bytes()
            ),
        ],
        whys in prop::collection::vec(0..3_u8, 0..20),
    ) {
        let provider = of_address("https://server.example.com/authorize");
        let Ok(mut given) = read(&provider, &answer(status, &body)) else { return Ok(()) };
        prop_assert!((200..300).contains(&status));
        prop_assert!(!given.user_code.is_empty() && given.user_code.chars().count() <= USER_CODE_MAX_CHARS);
        prop_assert!(matches!(given.verification_uri.scheme(), "http" | "https"));
        let polling = &mut given.polling;
        prop_assert!(polling.expires_at() > at(0) && polling.expires_at() <= at(0) + LIFE_MAX);
        for why in whys {
            let now = polling.wakes_at().unwrap();
            if polling.due(now) == Due::Expired {
                break;
            }
            let why = [NotYet::Pending, NotYet::SlowDown, NotYet::Unanswered(None)][usize::from(why)];
            polling.not_yet(why, now);
            let next = polling.wakes_at().unwrap();
            prop_assert!(next >= (now + TimeDelta::seconds(1)).min(polling.expires_at()));
        }
    }
}
