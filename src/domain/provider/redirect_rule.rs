//! What a provider accepts as a redirect URI, as data.
//!
//! Invariant: a rule only advises. Providers change theirs, and the provider decides.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::oauth::redirect_uri::RedirectUri;

/// How a provider compares the port of a loopback redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortRule {
    /// Any port is accepted, as RFC 8252, section 7.3, requires.
    Any,
    /// The port must match the registered one.
    Fixed,
}

/// The port rule of a provider: one for all loopback hosts, or one for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PortRules {
    All(PortRule),
    ByHost(BTreeMap<String, PortRule>),
}

impl PortRules {
    /// The rule of a host, if it is known.
    pub fn of(&self, host: &str) -> Option<PortRule> {
        match self {
            Self::All(rule) => Some(*rule),
            Self::ByHost(rules) => {
                rules.iter().find(|(known, _)| known.eq_ignore_ascii_case(host)).map(|(_, rule)| *rule)
            }
        }
    }
}

impl<'de> Deserialize<'de> for PortRules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PortRulesVisitor)
    }
}

struct PortRulesVisitor;

impl<'de> Visitor<'de> for PortRulesVisitor {
    type Value = PortRules;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"any\", \"fixed\", or one of them for each host")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<PortRules, E> {
        match text {
            "any" => Ok(PortRules::All(PortRule::Any)),
            "fixed" => Ok(PortRules::All(PortRule::Fixed)),
            other => Err(E::unknown_variant(other, &["any", "fixed"])),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PortRules, A::Error> {
        let mut rules = BTreeMap::new();
        while let Some((host, rule)) = map.next_entry::<String, PortRule>()? {
            if !LOOPBACK_HOSTS.contains(&host.as_str()) {
                return Err(A::Error::unknown_variant(&host, &LOOPBACK_HOSTS));
            }
            rules.insert(host, rule);
        }
        Ok(PortRules::ByHost(rules))
    }
}

const LOOPBACK_HOSTS: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// The rule; a missing value is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedirectRule {
    /// Hosts accepted over plain http: `127.0.0.1`, `[::1]`, `localhost`. Empty means https only, so the user
    /// pastes the redirect URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_hosts: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<PortRules>,
    /// The redirect URI must be registered; true if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered: Option<bool>,
}

/// How a redirect URI breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breach {
    /// Plain http is not accepted.
    HttpsOnly,
    /// Plain http is accepted for other hosts only.
    OtherHost { taken: Vec<String> },
    /// The port must match, so a free one doesn't work.
    PortNeeded,
}

impl RedirectRule {
    pub(in crate::domain) fn overlaid(&self, over: &Self) -> Self {
        Self {
            http_hosts: over.http_hosts.as_ref().or(self.http_hosts.as_ref()).cloned(),
            port: over.port.as_ref().or(self.port.as_ref()).cloned(),
            registered: over.registered.or(self.registered),
        }
    }

    /// The port rule of a loopback host, if it is known.
    pub fn port_of(&self, host: &str) -> Option<PortRule> {
        self.port.as_ref().and_then(|rules| rules.of(host))
    }

    pub fn breach(&self, redirect: &RedirectUri) -> Option<Breach> {
        let taken = self.http_hosts.as_ref()?;
        match redirect {
            // Any other scheme is an app's own, which the rule doesn't cover.
            RedirectUri::Pasted(text) => {
                let is_http = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("http:"));
                is_http.then_some(Breach::HttpsOnly)
            }
            RedirectUri::Loopback(_) if taken.is_empty() => Some(Breach::HttpsOnly),
            RedirectUri::Loopback(loopback) => {
                if !taken.iter().any(|host| host.eq_ignore_ascii_case(&loopback.host)) {
                    return Some(Breach::OtherHost { taken: taken.clone() });
                }
                let is_fixed = self.port_of(&loopback.host) == Some(PortRule::Fixed);
                let needs_port = is_fixed && loopback.port.is_none();
                needs_port.then_some(Breach::PortNeeded)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(hosts: Option<&[&str]>, port: PortRule) -> RedirectRule {
        let http_hosts = hosts.map(|hosts| hosts.iter().map(|host| (*host).to_owned()).collect());
        RedirectRule { http_hosts, port: Some(PortRules::All(port)), registered: None }
    }

    #[test]
    fn each_host_may_have_its_own_port_rule() {
        let rules = PortRules::ByHost(
            [("localhost", PortRule::Fixed), ("127.0.0.1", PortRule::Any)]
                .map(|(host, rule)| (host.to_owned(), rule))
                .into(),
        );
        let rule = RedirectRule {
            http_hosts: Some(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]),
            port: Some(rules.clone()),
            registered: None,
        };
        let breach = |text| rule.breach(&RedirectUri::new(Some(text)).unwrap());
        assert_eq!(breach("http://localhost/callback"), Some(Breach::PortNeeded));
        assert_eq!(breach("http://127.0.0.1/callback"), None);
        let written = serde_json::to_value(&rules).unwrap();
        assert_eq!(written, serde_json::json!({ "127.0.0.1": "any", "localhost": "fixed" }));
        assert_eq!(serde_json::from_value::<PortRules>(written).unwrap(), rules);
        assert!(serde_json::from_str::<PortRules>(r#"{"a.example": "any"}"#).is_err());
        assert!(serde_json::from_str::<PortRules>(r#""some""#).is_err());
    }

    #[test]
    fn an_address_that_breaks_the_rule_is_told_how() {
        let numbers: &[&str] = &["127.0.0.1", "[::1]"];
        let other = Breach::OtherHost { taken: vec!["127.0.0.1".to_owned(), "[::1]".to_owned()] };
        for (hosts, port, address, expected) in [
            (Some(numbers), PortRule::Any, "http://127.0.0.1/callback", None),
            (Some(numbers), PortRule::Any, "http://[::1]:80/callback", None),
            (Some(numbers), PortRule::Any, "http://localhost:80/callback", Some(other)),
            (Some(numbers), PortRule::Fixed, "http://127.0.0.1/callback", Some(Breach::PortNeeded)),
            (Some(numbers), PortRule::Fixed, "http://127.0.0.1:80/callback", None),
            (Some(&["localhost"]), PortRule::Fixed, "http://LOCALHOST:80/", None),
            (Some(&[]), PortRule::Fixed, "http://127.0.0.1:80/", Some(Breach::HttpsOnly)),
            (Some(&[]), PortRule::Fixed, "https://localhost/", None),
            (Some(numbers), PortRule::Any, "http://a.example/", Some(Breach::HttpsOnly)),
            (Some(numbers), PortRule::Any, "app.example:/callback", None),
            (None, PortRule::Fixed, "http://a.example/", None),
        ] {
            let redirect = RedirectUri::new(Some(address)).unwrap();
            assert_eq!(rule(hosts, port).breach(&redirect), expected, "{address}");
        }
    }
}
