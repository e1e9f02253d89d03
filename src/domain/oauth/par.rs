//! Responses to pushed authorization requests (RFC 9126).
//!
//! Invariant: a response yields a `request_uri` or a typed error, and nothing else of it is kept.

use serde_json::Value;

use super::token_response::{Answer, parsed};
use crate::domain::provider::Provider;
use crate::domain::refusal::token_refusal::{AnswerFlaw, ErrorFields, TokenError};

/// The maximum length of a `request_uri` in bytes: it must fit into the authorization URL.
const URI_MAX_BYTES: usize = 2048;

/// Reads the response of the pushed authorization request endpoint (section 2.2).
///
/// # Errors
/// [`TokenError`]: the server's refusal, or [`AnswerFlaw::NoRequestUri`] if there is none.
pub fn read(provider: &Provider, answer: &Answer<'_>) -> Result<String, TokenError> {
    let value = parsed(provider, answer)?;
    let uri = value.get("request_uri").and_then(Value::as_str).map(str::trim);
    let uri = uri.filter(|uri| !uri.is_empty() && uri.len() <= URI_MAX_BYTES);
    let said = ErrorFields::read(provider, &value);
    match uri {
        Some(uri) if answer.is_success() => Ok(uri.to_owned()),
        _ if !answer.is_success() || said.is_error() => Err(answer.refused(provider, said)),
        _ => Err(answer.flawed(AnswerFlaw::NoRequestUri)),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::oauth::response_body::ResponseBody;
    use crate::domain::test_support::provider;

    fn answer(status: u16, body: &str) -> Result<String, TokenError> {
        let body = ResponseBody::parse(None, body.as_bytes()).into();
        let (sent_at, content_type) = (DateTime::UNIX_EPOCH, Some("application/json"));
        let answer = Answer { status, content_type, body, sent_at, date: None, retry_after: None };
        read(&provider("https://server.example.com/authorize"), &answer)
    }

    #[test]
    fn rfc_9126_section_2_2_and_2_3() {
        let uri = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c";
        let body = format!(r#"{{"request_uri": "{uri}", "expires_in": 60}}"#);
        assert_eq!(answer(201, &body).unwrap(), uri);
        // Some servers return 200.
        assert_eq!(answer(200, &body).unwrap(), uri);
        let refused = r#"{"error": "invalid_request", "error_description": "The redirect_uri is not valid"}"#;
        for status in [400, 200] {
            match answer(status, refused) {
                Err(TokenError::Refused { code: Some(code), .. }) => assert_eq!(code, "invalid_request"),
                other => panic!("{other:?}"),
            }
        }
        assert!(matches!(answer(400, &body), Err(TokenError::Refused { .. })), "a refusal with an address");
    }

    #[test]
    fn an_answer_without_an_address_says_so() {
        let long = format!(r#"{{"request_uri": "{}"}}"#, "u".repeat(URI_MAX_BYTES + 1));
        for body in ["{}", r#"{"request_uri": ""}"#, r#"{"request_uri": 7}"#, "[]", &long] {
            let flaw = AnswerFlaw::NoRequestUri;
            assert_eq!(answer(201, body).unwrap_err(), TokenError::Flawed { status: 201, flaw }, "{body}");
        }
        let flaw = AnswerFlaw::WebPage;
        assert_eq!(answer(200, "<html>").unwrap_err(), TokenError::Flawed { status: 200, flaw });
    }
}
