//! A token's claims for display.
//!
//! Invariants: nothing here is verified, and every display must say so; the number and length of claims are
//! bounded, whatever the token's size.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::jwt;
use crate::domain::time_parse;

const MAX_CLAIMS: usize = 100;

const MAX_CHARS: usize = 1000;

/// Claims that are times (RFC 7519, section 4.1; RFC 9068; `OpenID` Connect Core 1.0).
const MOMENTS: [&str; 5] = ["exp", "nbf", "iat", "auth_time", "updated_at"];

/// Claims that come first, in this order; the others follow by name.
const FIRST: [&str; 10] =
    ["iss", "sub", "aud", "client_id", "azp", "scope", "iat", "nbf", "exp", "auth_time"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub name: String,
    pub value: ClaimValue,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimValue {
    Moment(DateTime<Utc>),
    /// A text, or texts joined by commas.
    Text(String),
    /// Anything else, as JSON.
    Json(String),
}

/// The claims of a JSON Web Token; `None` for any other token.
pub fn of_token(token: &str) -> Option<Vec<Claim>> {
    jwt::claims(token).map(|claims| list(&claims))
}

pub fn list(claims: &Value) -> Vec<Claim> {
    let Some(members) = claims.as_object() else { return Vec::new() };
    let mut names: Vec<&String> = members.keys().collect();
    names.sort_by_key(|name| (FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()), *name));
    let claim = |name: &String| Claim { name: cut(name), value: value_of(name, &members[name]) };
    names.into_iter().take(MAX_CLAIMS).map(claim).collect()
}

fn value_of(name: &str, value: &Value) -> ClaimValue {
    if MOMENTS.contains(&name)
        && let Some(at) = time_parse::epoch(value)
    {
        return ClaimValue::Moment(at);
    }
    let texts = |items: &Vec<Value>| {
        let texts: Option<Vec<&str>> = items.iter().take(MAX_CHARS).map(Value::as_str).collect();
        texts.filter(|texts| !texts.is_empty()).map(|texts| texts.join(", "))
    };
    match value {
        Value::String(text) => ClaimValue::Text(cut(text)),
        Value::Array(items) => match texts(items) {
            Some(joined) => ClaimValue::Text(cut(&joined)),
            None => ClaimValue::Json(cut(&value.to_string())),
        },
        other => ClaimValue::Json(cut(&other.to_string())),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn known_claims_come_first_and_times_are_moments() {
        let claims = list(&json!({
            "zone": true, "exp": 1_300_819_380, "aud": ["a", "b"], "iss": "joe", "iat": "soon",
            "address": {"city": "Porto"}, "none": []
        }));
        let read: Vec<_> = claims.iter().map(|claim| (claim.name.as_str(), claim.value.clone())).collect();
        let text = |text: &str| ClaimValue::Text(text.to_owned());
        let json = |text: &str| ClaimValue::Json(text.to_owned());
        assert_eq!(
            read,
            [
                ("iss", text("joe")),
                ("aud", text("a, b")),
                ("iat", text("soon")),
                ("exp", ClaimValue::Moment(DateTime::from_timestamp(1_300_819_380, 0).unwrap())),
                ("address", json(r#"{"city":"Porto"}"#)),
                ("none", json("[]")),
                ("zone", json("true")),
            ]
        );
    }

    #[test]
    fn d2_a_huge_token_gives_a_bounded_list() {
        let members = (0..5000).map(|number| (format!("claim{number}"), json!("é".repeat(40_000 / 5000))));
        assert_eq!(list(&Value::Object(members.collect())).len(), MAX_CLAIMS);
        let long = list(&json!({"sub": "é".repeat(200_000), "aud": vec!["é"; 100_000]}));
        for claim in long {
            let ClaimValue::Text(text) = claim.value else { panic!("{claim:?}") };
            assert_eq!(text.chars().count(), MAX_CHARS + 1);
        }
        assert!(list(&json!("no object")).is_empty());
        assert!(of_token("opaque").is_none());
    }
}
