//! Which URLs may carry secrets.
//!
//! Invariant: the whole host name is compared, so a name that only starts like this computer's doesn't match.

use url::Url;

/// Returns true if a URL may carry secrets: https, or plain http to a loopback IP address or `localhost`.
pub fn is_secure(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url))
}

/// Returns true if a URL's host is a loopback IP address or `localhost`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
