//! JSON Web Tokens (RFC 7519), read without verification.
//!
//! For display, and as the last source of an expiry. Invariant: nothing here is proof; every display of a
//! claim must say so.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::time_parse;

const MAX_BYTES: usize = 256 * 1024;

/// The claims of a signed token in compact form (RFC 7515, section 7.1); `None` for any other token,
/// including encrypted ones.
pub fn claims(token: &str) -> Option<Value> {
    part(token, 1)
}

/// The header of such a token (RFC 7515, section 4).
pub fn header(token: &str) -> Option<Value> {
    part(token, 0)
}

fn part(token: &str, place: usize) -> Option<Value> {
    if token.len() > MAX_BYTES || token.split('.').count() != 3 {
        return None;
    }
    let part = token.split('.').nth(place)?;
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok().filter(Value::is_object)
}

/// The `exp` claim (RFC 7519, section 4.1.4), by the server's clock.
pub fn exp(token: &str) -> Option<DateTime<Utc>> {
    time_parse::epoch(claims(token)?.get("exp")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("eyJhbGciOiJub25lIn0.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn rfc_7519_section_3_1() {
        let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                     eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                     cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(claims(token).unwrap()["iss"], "joe");
        assert_eq!(exp(token).unwrap().timestamp(), 1_300_819_380);
    }

    #[test]
    fn odd_claims_and_other_tokens() {
        for (claims, seconds) in [
            (r#"{"exp":1.5e9}"#, Some(1_500_000_000)),
            (r#"{"exp":"1500000000"}"#, Some(1_500_000_000)),
            (r#"{"exp":1500000000000}"#, Some(1_500_000_000)),
            (r#"{"exp":1e300}"#, None),
            (r#"{"exp":null}"#, None),
            (r#"{"exp":[1]}"#, None),
            (r#"["exp"]"#, None),
            ("not JSON", None),
        ] {
            assert_eq!(exp(&jwt(claims)).map(|end| end.timestamp()), seconds, "{claims}");
        }
        for token in ["", "..", "a.b.c", "e30.e30.e30.e30.e30", "cf7ba7e9-8c5d-417d-a99f-c386cfc235cc"] {
            assert_eq!(claims(token), None, "{token}");
        }
        assert!(claims(&jwt(&format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_BYTES)))).is_none());
        assert!(claims(&jwt(&"[".repeat(9000))).is_none());
    }
}
