//! What a provider accepts as a redirect URI, as data.
//!
//! Invariant: a rule only advises. Providers change theirs, and the provider decides.

use serde::{Deserialize, Serialize};

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

/// The rule; a missing value is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedirectRule {
    /// Hosts accepted over plain http: `127.0.0.1`, `[::1]`, `localhost`. Empty means https only, so the user
    /// pastes the redirect URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_hosts: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<PortRule>,
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
            port: over.port.or(self.port),
            registered: over.registered.or(self.registered),
        }
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
