//! Redirect URIs (RFC 6749, section 3.1.2; RFC 8252, section 7.3), and whether Keyfob can listen there.
//!
//! Invariant: the text that is sent is exactly the text that the user registered.

use std::fmt;

use thiserror::Error;
use url::{Host, Url};

/// The first port that needs no privilege.
const FIRST_FREE_PORT: u16 = 1024;
/// The port of an account whose user registers the redirect URI, and the first alternative if the registered port can't be used at all.
pub const USUAL_PORT: u16 = 8910;
const OTHER_PORTS: u16 = 40;

/// Why a redirect URI can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RedirectError {
    #[error("redirect_uri is not a URL")]
    Invalid,
    /// Has a fragment, which RFC 6749 forbids.
    #[error("redirect_uri has a fragment (#)")]
    Fragment,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedirectUri {
    /// Loopback: Keyfob listens there itself.
    Loopback(LoopbackRedirect),
    /// Elsewhere: the user pastes the redirect URL from the browser.
    Pasted(String),
}

/// A redirect URI on this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopbackRedirect {
    /// `127.0.0.1`, `[::1]` or `localhost`, as registered.
    pub host: String,
    /// The port to bind; `None` takes a free one.
    pub port: Option<u16>,
    pub path: String,
    /// The registered text, if the port is part of it.
    registered: Option<String>,
}

impl LoopbackRedirect {
    /// The redirect URI to send, with the listener's port.
    pub fn uri_at(&self, port: u16) -> String {
        match &self.registered {
            Some(text) => text.clone(),
            None => format!("http://{}:{port}{}", self.host, self.path),
        }
    }
}

impl LoopbackRedirect {
    /// The same redirect URI with another port and no other change.
    pub fn with_port(&self, port: u16) -> String {
        let text = self.registered.clone().unwrap_or_else(|| self.uri_at(port));
        let Some((scheme, rest)) = text.split_once("://") else { return text };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        format!("{scheme}://{host}:{port}{path}")
    }

    /// Alternative ports, the nearest first; none needs a privilege.
    pub fn other_ports(&self) -> impl Iterator<Item = u16> + use<> {
        let from = self.port.filter(|port| *port >= FIRST_FREE_PORT).unwrap_or(USUAL_PORT - 1);
        (1..=OTHER_PORTS).filter_map(move |step| from.checked_add(step))
    }
}

impl RedirectUri {
    /// Uses this port if none is registered.
    #[must_use]
    pub fn preferring(&self, port: Option<u16>) -> Self {
        match self {
            Self::Loopback(loopback) => {
                Self::Loopback(LoopbackRedirect { port: loopback.port.or(port), ..loopback.clone() })
            }
            Self::Pasted(text) => Self::Pasted(text.clone()),
        }
    }

    /// Reads the text of a preset or an account. `None` means a free port on 127.0.0.1, as does a loopback
    /// URI without a port or with port 0.
    pub fn new(text: Option<&str>) -> Result<Self, RedirectError> {
        let text = text.map_or("http://127.0.0.1/callback", str::trim);
        let url = Url::parse(text).map_err(|_| RedirectError::Invalid)?;
        if url.fragment().is_some() {
            return Err(RedirectError::Fragment);
        }
        if url.scheme() != "http" || !crate::domain::secure_url::is_loopback(&url) || url.query().is_some() {
            return Ok(Self::Pasted(text.to_owned()));
        }
        let host = match url.host() {
            Some(Host::Ipv6(ip)) => format!("[{ip}]"),
            Some(host) => host.to_string(),
            None => return Err(RedirectError::Invalid),
        };
        // The parser drops a written `:80`, so look at the text.
        let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
        let says_port = authority.split('/').next().unwrap_or_default();
        let written = says_port.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        let port = written.filter(|port| *port != 0);
        Ok(Self::Loopback(LoopbackRedirect {
            host,
            port,
            path: url.path().to_owned(),
            registered: port.is_some().then(|| text.to_owned()),
        }))
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback(LoopbackRedirect { registered: Some(text), .. }) | Self::Pasted(text) => {
                f.write_str(text)
            }
            Self::Loopback(LoopbackRedirect { host, port: Some(port), path, .. }) => {
                write!(f, "http://{host}:{port}{path}")
            }
            Self::Loopback(loopback) => write!(f, "http://{}{}", loopback.host, loopback.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listens(text: Option<&str>) -> (String, Option<u16>, String, String) {
        match RedirectUri::new(text).unwrap() {
            RedirectUri::Loopback(it) => {
                let uri = it.uri_at(5000);
                (it.host, it.port, it.path, uri)
            }
            RedirectUri::Pasted(text) => panic!("{text}"),
        }
    }

    #[test]
    fn a_registered_address_is_sent_to_the_letter() {
        for (text, host, port, path, uri) in [
            (None, "127.0.0.1", None, "/callback", "http://127.0.0.1:5000/callback"),
            (
                Some("http://localhost:8910/callback"),
                "localhost",
                Some(8910),
                "/callback",
                "http://localhost:8910/callback",
            ),
            (Some(" http://localhost:8910 "), "localhost", Some(8910), "/", "http://localhost:8910"),
            (Some("http://LOCALHOST:80/A%2fb"), "localhost", Some(80), "/A%2fb", "http://LOCALHOST:80/A%2fb"),
            (Some("HTTP://127.0.0.1:80/"), "127.0.0.1", Some(80), "/", "HTTP://127.0.0.1:80/"),
            (Some("http://127.0.0.1:0/cb"), "127.0.0.1", None, "/cb", "http://127.0.0.1:5000/cb"),
            (Some("http://[::1]/cb"), "[::1]", None, "/cb", "http://[::1]:5000/cb"),
            (Some("http://[::1]:7/cb"), "[::1]", Some(7), "/cb", "http://[::1]:7/cb"),
        ] {
            let expected = (host.to_owned(), port, path.to_owned(), uri.to_owned());
            assert_eq!(listens(text), expected, "{text:?}");
        }
    }

    #[test]
    fn another_port_leaves_the_rest_to_the_letter() {
        for (text, expected) in [
            ("http://localhost:8910/callback", "http://localhost:8911/callback"),
            ("http://localhost:8910", "http://localhost:8911"),
            ("http://LOCALHOST:80/A%2fb:1", "http://LOCALHOST:8911/A%2fb:1"),
            ("http://[::1]:7/cb", "http://[::1]:8911/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:8911/cb"),
        ] {
            let RedirectUri::Loopback(redirect) = RedirectUri::new(Some(text)).unwrap() else { panic!() };
            assert_eq!(redirect.with_port(8911), expected, "{text}");
        }
        let others = |text| match RedirectUri::new(Some(text)).unwrap() {
            RedirectUri::Loopback(redirect) => redirect.other_ports().take(2).collect::<Vec<_>>(),
            RedirectUri::Pasted(_) => Vec::new(),
        };
        assert_eq!(others("http://localhost:8910/"), [8911, 8912]);
        assert_eq!(others("http://localhost:80/"), [8910, 8911], "none that needs a privilege");
        assert_eq!(others("http://localhost:65535/"), [] as [u16; 0]);
    }

    #[test]
    fn a_port_that_is_preferred_gives_way_to_a_registered_one() {
        for (text, at_last) in [
            (None, "http://127.0.0.1:7777/callback"),
            (Some("http://localhost:8910/callback"), "http://localhost:8910/callback"),
            (Some("https://example.com/cb"), "https://example.com/cb"),
        ] {
            let preferring = RedirectUri::new(text).unwrap().preferring(Some(7777));
            assert_eq!(preferring.to_string(), at_last);
            if let RedirectUri::Loopback(it) = preferring {
                assert_eq!(it.uri_at(it.port.unwrap()), at_last);
            }
        }
    }

    #[test]
    fn other_addresses_are_pasted_back_or_refused() {
        for text in [
            "https://example.com/cb",
            "https://localhost:1/",
            "http://127.0.0.1.evil.test/",
            "myapp://cb",
            "http://localhost:1/?a=b",
        ] {
            assert_eq!(RedirectUri::new(Some(text)).unwrap(), RedirectUri::Pasted(text.to_owned()));
        }
        assert_eq!(RedirectUri::new(Some("callback")), Err(RedirectError::Invalid));
        assert_eq!(RedirectUri::new(Some("http://localhost/#a")), Err(RedirectError::Fragment));
    }
}
