//! Addresses: which of them may carry secrets.
//!
//! Owns that rule. Invariant: a host's name is compared whole, so that nothing which merely begins
//! like this machine's is taken for it.

use url::Url;

/// Whether an address may carry secrets: https, or plain http to a loopback IP literal or `localhost`.
pub fn is_secure(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url))
}

/// Whether an address names this machine by a loopback IP literal or `localhost`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
