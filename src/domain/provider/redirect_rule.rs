//! What a provider takes as a redirect address, as data.
//!
//! Owns the rule and the ways in which an address breaks it. Invariant: a rule advises and never
//! stands in the way: providers change theirs, and the provider has the last word.

use serde::{Deserialize, Serialize};

use crate::domain::oauth::redirect_uri::RedirectUri;

/// How a provider compares the port of a loopback address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortRule {
    /// Any port is taken, as RFC 8252, section 7.3, asks.
    Any,
    /// The port is part of what is registered.
    Fixed,
}

/// The rule; what is absent is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedirectRule {
    /// Hosts that are taken over plain http: `127.0.0.1`, `[::1]`, `localhost`. None of them: https
    /// only, so the address is pasted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_hosts: Option<Vec<String>>,
    /// How the port is compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<PortRule>,
    /// Whether the address must be registered at all; yes where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered: Option<bool>,
}

/// How an address breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breach {
    /// Plain http is not taken.
    HttpsOnly,
    /// Plain http is taken for other hosts only.
    OtherHost {
        /// Those hosts.
        taken: Vec<String>,
    },
    /// The port is compared, so a free one won't do.
    PortNeeded,
}

impl RedirectRule {
    /// This rule with another laid over it.
    pub(in crate::domain) fn overlaid(&self, over: &Self) -> Self {
        Self {
            http_hosts: over.http_hosts.as_ref().or(self.http_hosts.as_ref()).cloned(),
            port: over.port.or(self.port),
            registered: over.registered.or(self.registered),
        }
    }

    /// How the address breaks this rule, if it does.
    pub fn breach(&self, redirect: &RedirectUri) -> Option<Breach> {
        let taken = self.http_hosts.as_ref()?;
        match redirect {
            // Another scheme than these two is an app's own, of which the rule says nothing.
            RedirectUri::Pasted(text) => {
                let is_http = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("http:"));
                is_http.then_some(Breach::HttpsOnly)
            }
            RedirectUri::Loopback(_) if taken.is_empty() => Some(Breach::HttpsOnly),
            RedirectUri::Loopback(loopback) => {
                if !taken.iter().any(|host| host.eq_ignore_ascii_case(&loopback.host)) {
                    return Some(Breach::OtherHost { taken: taken.clone() });
                }
                let needs_port = self.port == Some(PortRule::Fixed) && loopback.port.is_none();
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
        RedirectRule { http_hosts, port: Some(port), registered: None }
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
