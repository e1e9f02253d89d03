//! Facts that a provider's responses tell about an account, such as the URL of its instance.
//!
//! Invariants: a fact comes from outside, so it is bounded and can be shown; it becomes part of the API's base
//! URL only, and never of an endpoint. There it is a clean https URL at the start, a label of a fixed domain,
//! or an encoded part of the path.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::base::sanitize::is_deceptive;
use crate::domain::secure_url::is_secure;

/// The maximum length of a fact, in bytes.
const VALUE_MAX_BYTES: usize = 2048;

/// Where a fact is read. Exactly one of the two is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FactSource {
    /// A field of the token response: its name, or a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// A parameter of the authorization response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
}

impl FactSource {
    /// Returns true if exactly one place is named.
    pub(in crate::domain) fn is_one(&self) -> bool {
        let named = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
        named(&self.answer) != named(&self.callback) && (self.answer.is_none() || self.callback.is_none())
    }
}

/// Facts by name.
pub type Facts = BTreeMap<String, String>;

/// Reads the facts of a token response. One that is missing or can't be kept is left out.
pub(in crate::domain) fn of_answer(sources: &BTreeMap<String, FactSource>, answer: &Value) -> Facts {
    let found = sources.iter().filter_map(|(name, source)| {
        let place = source.answer.as_deref()?.trim();
        let value = if place.starts_with('/') { answer.pointer(place) } else { answer.get(place) };
        let text = match value? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            _ => return None,
        };
        Some((name.clone(), kept(&text)?))
    });
    found.collect()
}

/// Reads the facts of an authorization response, whose parameters `value` looks up.
pub(in crate::domain) fn of_callback(
    sources: &BTreeMap<String, FactSource>,
    value: impl Fn(&str) -> Option<String>,
) -> Facts {
    let found = sources.iter().filter_map(|(name, source)| {
        let text = value(source.callback.as_deref()?.trim())?;
        Some((name.clone(), kept(&text)?))
    });
    found.collect()
}

fn kept(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| is_kept(text)).map(str::to_owned)
}

/// Returns true for a value that is safe to keep and to show.
pub(in crate::domain) fn is_kept(text: &str) -> bool {
    !text.is_empty() && text.len() <= VALUE_MAX_BYTES && !text.chars().any(is_deceptive)
}

/// The names in braces of a template, in order.
pub(in crate::domain) fn names_in(template: &str) -> impl Iterator<Item = &str> {
    let mut rest = template;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once('{')?;
        let (name, tail) = after.split_once('}')?;
        rest = tail;
        Some(name)
    })
}

/// Fills a base URL's facts in. `None` if a fact is unknown or can't stand where the template has it.
pub fn filled(template: &str, facts: &Facts) -> Option<String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template.trim();
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(&in_its_place(&filled, facts.get(name)?, tail)?);
        rest = tail;
    }
    filled.push_str(rest);
    let url = Url::parse(&filled).ok().filter(is_clean)?;
    url.host().is_some().then_some(filled)
}

/// A fact as it stands between two parts of a URL.
fn in_its_place(before: &str, value: &str, after: &str) -> Option<String> {
    if before.is_empty() {
        let url = Url::parse(value).ok().filter(is_clean).filter(|url| url.query().is_none())?;
        let at_edge = after.is_empty() || after.starts_with(['/', '?']);
        return at_edge.then(|| url.as_str().trim_end_matches('/').to_owned());
    }
    let is_in_host = before.split_once("://").is_some_and(|(_, rest)| !rest.contains('/'));
    if is_in_host {
        let is_label = !value.is_empty()
            && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !value.starts_with('-')
            && !value.ends_with('-')
            && value.len() <= 63;
        let starts_label = before.ends_with("://") || before.ends_with(['.', '-']);
        return (is_label && starts_label && after.starts_with(['.', '-'])).then(|| value.to_owned());
    }
    let is_dots = value.bytes().all(|b| b == b'.');
    (!is_dots).then(|| encoded(value))
}

/// Percent-encodes everything but unreserved characters (RFC 3986, section 2.3).
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn is_clean(url: &Url) -> bool {
    is_secure(url) && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
}

/// Checks that a template has its facts only where they may stand.
pub(in crate::domain) fn may_stand(template: &str) -> bool {
    let samples = |value: &str| names_in(template).map(|name| (name.to_owned(), value.to_owned())).collect();
    let mut facts: Facts = samples("x");
    if let Some(name) = template.trim().strip_prefix('{').and_then(|rest| rest.split('}').next()) {
        facts.insert(name.to_owned(), "https://fact.example".to_owned());
    }
    filled(template, &facts).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(value: &str) -> Facts {
        [("x".to_owned(), value.to_owned())].into()
    }

    #[test]
    fn x10_only_a_clean_url_becomes_the_start_of_a_base_url() {
        let fill = |value: &str| filled("{x}/services/data", &with(value));
        for (value, url) in [
            ("https://acme.my.example", "https://acme.my.example/services/data"),
            ("https://acme.example/sub/", "https://acme.example/sub/services/data"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/services/data"),
        ] {
            assert_eq!(fill(value).as_deref(), Some(url), "{value}");
        }
        for value in [
            "http://acme.example",
            "https://user@acme.example",
            "https://acme.example#x",
            "https://acme.example?to=",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "acme.example",
            "",
        ] {
            assert_eq!(fill(value), None, "{value}");
        }
        assert_eq!(filled("{x}.evil.example/", &with("https://acme.example")), None);
        assert_eq!(filled("{x}/a", &Facts::new()), None);
    }

    #[test]
    fn x10_a_fact_in_a_path_is_encoded_and_one_in_a_host_is_a_label() {
        let path = |value: &str| filled("https://a.example/v3/{x}/end", &with(value));
        assert_eq!(path("12 3").as_deref(), Some("https://a.example/v3/12%203/end"));
        assert_eq!(path("../../evil").as_deref(), Some("https://a.example/v3/..%2F..%2Fevil/end"));
        assert_eq!(path("a?b#c").as_deref(), Some("https://a.example/v3/a%3Fb%23c/end"));
        assert_eq!(path(".."), None);
        let host = |value: &str| filled("https://{x}.api.example/3.0", &with(value));
        assert_eq!(host("us6").as_deref(), Some("https://us6.api.example/3.0"));
        for value in ["evil.example/", "a.b", "a@b", "-a", "", "a:80"] {
            assert_eq!(host(value), None, "{value}");
        }
        // The host's end must be fixed.
        assert!(!may_stand("https://api.{x}/a") && !may_stand("https://{x}/a"));
        for template in ["{x}", "{x}/a", "https://{x}.a.example/", "https://a.example/{x}"] {
            assert!(may_stand(template), "{template}");
        }
    }

    #[test]
    fn facts_are_read_by_name_or_pointer_and_bounded() {
        let source = |answer: &str| FactSource { answer: Some(answer.to_owned()), callback: None };
        let sources = [
            ("a".to_owned(), source("id")),
            ("b".to_owned(), source("/team/name")),
            ("c".to_owned(), source("gone")),
            ("d".to_owned(), source("hidden")),
            ("e".to_owned(), FactSource { answer: None, callback: Some("realmId".to_owned()) }),
        ]
        .into();
        let answer = json!({ "id": 7, "team": { "name": " Acme " }, "hidden": "a\u{202e}b" });
        let facts = of_answer(&sources, &answer);
        assert_eq!(facts, [("a", "7"), ("b", "Acme")].map(|(a, b)| (a.to_owned(), b.to_owned())).into());
        let facts = of_callback(&sources, |name| (name == "realmId").then(|| "9130".to_owned()));
        assert_eq!(facts, [("e".to_owned(), "9130".to_owned())].into());
        let long = json!({ "id": "x".repeat(3000) });
        assert!(of_answer(&sources, &long).is_empty());
    }
}
