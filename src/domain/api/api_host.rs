//! The origin that an account's token is for.
//!
//! Invariant: a token goes to the origin of its API's base URL and, where a tool names another host, only to one that
//! the user has named or to the base URL's parent domain.

use url::{Host, Url};

use crate::domain::provider::Provider;
use crate::domain::secure_url::is_secure;

/// The origin (scheme, host, port) of an account's API base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiHost(Url);

impl ApiHost {
    /// `None` if the provider has no API base URL.
    pub fn of(provider: &Provider) -> Option<Self> {
        Self::parse(provider.api.base_url.as_deref()?)
    }

    /// The origin of a base URL; `None` if it may carry no secrets.
    pub fn parse(base_url: &str) -> Option<Self> {
        let mut url = Url::parse(base_url).ok().filter(is_secure)?;
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        // Credentials in a URL are no part of an origin; a base URL has none.
        (url.username().is_empty() && url.password().is_none()).then_some(Self(url))
    }

    pub fn url(&self) -> &Url {
        &self.0
    }

    /// `host` or `host:port`, for messages and the `Host` header.
    pub fn authority(&self) -> &str {
        self.0.authority()
    }

    /// Returns true if a URL has this origin.
    pub fn is_origin_of(&self, url: &Url) -> bool {
        url.origin() == self.0.origin()
    }

    /// Resolves a path or a URL; `None` if it isn't one. The result may have another origin.
    pub fn resolve(&self, path_or_url: &str) -> Option<Url> {
        if path_or_url.starts_with('/') && !path_or_url.starts_with("//") {
            let whole = format!("{}{path_or_url}", self.0.as_str().trim_end_matches('/'));
            return Url::parse(&whole).ok();
        }
        self.0.join(path_or_url).ok()
    }

    /// Returns true if a tool's host, `host` or `host:port` with the default port of `scheme`, is this one or its
    /// parent domain, at the same port.
    pub fn accepts(&self, scheme: &str, host: &str) -> bool {
        let Some(asked) = origin_of(scheme, host) else { return false };
        self.is_origin_of(&asked) || self.parent().is_some_and(|parent| asked.origin() == parent.origin())
    }

    /// `https://example.com` for `https://api.example.com`. An address has no parent, nor has a name whose parent
    /// would be a top-level domain.
    fn parent(&self) -> Option<Url> {
        let Some(Host::Domain(name)) = self.0.host() else { return None };
        let (_, parent) = name.split_once('.')?;
        let mut url = self.0.clone();
        (parent.trim_end_matches('.').contains('.')).then_some(())?;
        url.set_host(Some(parent)).ok()?;
        Some(url)
    }
}

/// Which hosts get an account's token: those that the user named, or else the API host and its parent domain.
#[derive(Debug, Clone, Copy)]
pub struct HostRule<'a> {
    pub named: &'a [String],
    pub api: Option<&'a ApiHost>,
}

impl HostRule<'_> {
    pub fn allows(&self, scheme: &str, host: &str) -> bool {
        let Some(asked) = origin_of(scheme, host) else { return false };
        if self.named.is_empty() {
            return self.api.is_some_and(|api| api.accepts(scheme, host));
        }
        let is_it = |named: &String| origin_of(scheme, named).is_some_and(|it| it.origin() == asked.origin());
        self.named.iter().any(is_it)
    }
}

/// `None` unless the text is a host, with or without a port, that may get a secret over this scheme.
fn origin_of(scheme: &str, host: &str) -> Option<Url> {
    if host.is_empty() || host.contains(['/', '\\', '?', '#', '@']) {
        return None;
    }
    Url::parse(&format!("{scheme}://{host}")).ok().filter(is_secure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(base_url: &str) -> ApiHost {
        ApiHost::parse(base_url).unwrap()
    }

    #[test]
    fn u2_a_host_is_the_api_host_or_its_parent_domain() {
        let api = api("https://api.git.example/user?x=1");
        for host in ["api.git.example", "API.GIT.EXAMPLE", "git.example", "git.example:443"] {
            assert!(api.accepts("https", host), "{host}");
        }
        for (scheme, host) in [
            ("https", "example"),
            ("https", "evil.git.example"),
            ("https", "evilgit.example"),
            ("https", "git.example.evil"),
            ("https", "git.example:444"),
            ("https", "git.example/x"),
            ("https", "user@git.example"),
            ("https", ""),
            ("http", "git.example"),
            ("ftp", "git.example"),
        ] {
            assert!(!api.accepts(scheme, host), "{scheme} {host}");
        }
    }

    #[test]
    fn u2_a_parent_domain_has_the_port_of_the_api() {
        let api = api("https://api.git.example:8443/");
        assert!(api.accepts("https", "api.git.example:8443") && api.accepts("https", "git.example:8443"));
        for host in ["git.example", "git.example:443", "api.git.example"] {
            assert!(!api.accepts("https", host), "{host}");
        }
    }

    #[test]
    fn u2_an_address_and_a_short_name_have_no_parent() {
        assert!(api("http://127.0.0.1:81/").accepts("http", "127.0.0.1:81"));
        assert!(!api("http://127.0.0.1:81/").accepts("http", "0.0.1:81"));
        assert!(!api("http://127.0.0.1:81/").accepts("http", "127.0.0.1"));
        assert!(!api("https://shop.example").accepts("https", "example"));
        assert!(ApiHost::parse("http://api.example").is_none());
        assert!(ApiHost::parse("https://a:b@api.example").is_none());
    }

    #[test]
    fn u2_named_hosts_replace_the_api_host() {
        let api = api("https://api.example.com");
        let named = ["git.corp.example".to_owned(), "git.corp.example:8443".to_owned()];
        let rule = HostRule { named: &named, api: Some(&api) };
        assert!(rule.allows("https", "git.corp.example") && rule.allows("https", "git.corp.example:8443"));
        assert!(!rule.allows("https", "api.example.com") && !rule.allows("http", "git.corp.example"));
        assert!(!HostRule { named: &[], api: None }.allows("https", "api.example.com"));
    }

    #[test]
    fn a_path_is_resolved_on_the_api_host() {
        let api = api("https://api.example.com/v1/user");
        for (text, url) in [
            ("/v2/x?a=b", "https://api.example.com/v2/x?a=b"),
            ("v2/x", "https://api.example.com/v2/x"),
            ("https://api.example.com/y", "https://api.example.com/y"),
            ("//evil.example/x", "https://evil.example/x"),
        ] {
            assert_eq!(api.resolve(text).unwrap().as_str(), url);
        }
        assert!(api.is_origin_of(&api.resolve("/@evil.example").unwrap()));
        assert!(!api.is_origin_of(&api.resolve("//evil.example/x").unwrap()));
        assert!(!api.is_origin_of(&api.resolve("http://api.example.com/").unwrap()));
    }
}
