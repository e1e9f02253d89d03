//! How far inside a network an address may lead.
//!
//! Metadata from outside must not make Keyfob send requests to this computer or into the network that it
//! stands in. Invariant: from a public address, only the user's consent leads to a host that is not public,
//! however its address is written.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Where a host is, if not in public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Inside {
    /// A private network, or one that no public address belongs to.
    Private,
    /// The network that this computer is attached to.
    LocalNetwork,
    ThisComputer,
}

impl fmt::Display for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Private => "in a private network",
            Self::LocalNetwork => "in your local network",
            Self::ThisComputer => "this computer",
        })
    }
}

/// The hosts that an address may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    Public,
    /// Also the networks that are not public.
    Networks,
    /// Also this computer.
    ThisComputer,
}

impl Reach {
    /// An address leads as far inside as it is itself, unless the user allows more.
    pub fn of(address: &Url, allow_private: bool) -> Self {
        match inside(address) {
            _ if allow_private => Self::ThisComputer,
            None => Self::Public,
            Some(Inside::Private | Inside::LocalNetwork) => Self::Networks,
            Some(Inside::ThisComputer) => Self::ThisComputer,
        }
    }

    /// # Errors
    /// Where the URL's host is, if that is too far inside.
    pub fn check(self, url: &Url) -> Result<(), Inside> {
        inside(url).map_or(Ok(()), |place| self.check_place(place))
    }

    /// The same for an IP address that a name stands for.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_ip(self, ip: IpAddr) -> Result<(), Inside> {
        inside_ip(ip).map_or(Ok(()), |place| self.check_place(place))
    }

    fn check_place(self, place: Inside) -> Result<(), Inside> {
        let needed = if place == Inside::ThisComputer { Self::ThisComputer } else { Self::Networks };
        if needed <= self { Ok(()) } else { Err(place) }
    }
}

/// Where a URL's host is by its text alone; `None` for a public one. A URL without a host is nowhere.
pub fn inside(url: &Url) -> Option<Inside> {
    match url.host()? {
        Host::Ipv4(ip) => inside_v4(ip),
        Host::Ipv6(ip) => inside_v6(ip),
        Host::Domain(name) => inside_name(name),
    }
}

fn inside_name(name: &str) -> Option<Inside> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let is_below = |parent: &str| name == parent || name.ends_with(&format!(".{parent}"));
    if is_below("localhost") || is_below("localdomain") {
        return Some(Inside::ThisComputer);
    }
    // Names that no public server has (RFC 6762; RFC 8375), and those without a domain.
    if is_below("local") || is_below("home.arpa") || !name.contains('.') {
        return Some(Inside::LocalNetwork);
    }
    is_below("internal").then_some(Inside::Private)
}

fn inside_ip(ip: IpAddr) -> Option<Inside> {
    match ip {
        IpAddr::V4(ip) => inside_v4(ip),
        IpAddr::V6(ip) => inside_v6(ip),
    }
}

/// The special-purpose addresses of RFC 6890 and its updates.
fn inside_v4(ip: Ipv4Addr) -> Option<Inside> {
    let [a, b, c, _] = ip.octets();
    // 0.0.0.0 reaches this computer on most systems.
    if a == 0 || ip.is_loopback() {
        return Some(Inside::ThisComputer);
    }
    if ip.is_link_local() || ip.is_multicast() || ip.is_broadcast() {
        return Some(Inside::LocalNetwork);
    }
    let is_shared = a == 100 && (64..=127).contains(&b);
    let is_benchmark = a == 198 && (b == 18 || b == 19);
    let is_private = ip.is_private() || ip.is_documentation() || is_shared || is_benchmark;
    (is_private || a >= 240 || (a, b, c) == (192, 0, 0)).then_some(Inside::Private)
}

fn inside_v6(ip: Ipv6Addr) -> Option<Inside> {
    if ip.is_loopback() || ip.is_unspecified() {
        return Some(Inside::ThisComputer);
    }
    let segments = ip.segments();
    match segments {
        // An IPv4 address in another form: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            inside_v4(v4(high, low))
        }
        [0x2002, high, low, ..] => inside_v4(v4(high, low)),
        // NAT64 of a network's own (RFC 8215).
        [0x64, 0xff9b, 1, ..] => Some(Inside::Private),
        [0xfe80..=0xfebf | 0xff00.., ..] => Some(Inside::LocalNetwork),
        // Unique local, site-local, documentation and discard prefixes.
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] | [0x2001, 0xdb8, ..] | [0x100, 0, 0, 0, ..] => {
            Some(Inside::Private)
        }
        _ => None,
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn g2_every_spelling_of_a_host_that_is_not_public_is_known() {
        let here = "127.0.0.1 127.9.9.9 127.1 0.0.0.0 0.1.2.3 2130706433 0x7f000001 0x7f.1 0177.0.0.1 [::1] [::] \
                    [::ffff:127.0.0.1] [::127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::] localhost LOCALHOST. \
                    a.localhost localhost.localdomain";
        let near = "169.254.169.254 2852039166 255.255.255.255 [fe80::1] [ff02::1] printer.local intranet";
        let private = "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 100.127.255.255 0xa000001 \
                       198.18.0.1 240.0.0.1 192.0.0.1 [fc00::1] [fd12::1] [::ffff:10.0.0.1] [64:ff9b::a00:1] \
                       vault.internal";
        let public = "api.example.com localhost.example.com notlocalhost.example internal.example.com 1.1.1.1 \
                      172.32.0.1 100.128.0.1 [2606:4700::1111] [64:ff9b::101:101]";
        for (place, hosts) in [
            (Some(Inside::ThisComputer), here),
            (Some(Inside::LocalNetwork), near),
            (Some(Inside::Private), private),
            (None, public),
        ] {
            for host in hosts.split_whitespace() {
                assert_eq!(inside(&url(&format!("https://{host}/x"))), place, "{host}");
            }
        }
    }

    #[test]
    fn g2_an_address_leads_no_further_inside_than_it_is() {
        let places = ["https://1.1.1.1/", "https://10.0.0.1/", "https://fe80.local/", "https://127.0.0.1/"];
        for (from, allow_private, leads_to) in [
            ("https://api.example.com/", false, [true, false, false, false]),
            ("https://api.example.com/", true, [true; 4]),
            ("https://10.1.1.1/", false, [true, true, true, false]),
            ("https://intranet/", false, [true, true, true, false]),
            ("http://localhost:8080/", false, [true; 4]),
        ] {
            let reach = Reach::of(&url(from), allow_private);
            assert_eq!(places.map(|place| reach.check(&url(place)).is_ok()), leads_to, "{from}");
        }
        let public = Reach::of(&url("https://api.example.com/"), false);
        assert_eq!(public.check_ip([127, 0, 0, 1].into()), Err(Inside::ThisComputer));
        assert_eq!(public.check_ip([9, 9, 9, 9].into()), Ok(()));
    }
}
