//! Variables in a provider's URLs, and what a user may type for them.
//!
//! Invariant: what is typed never changes the part of a URL that the provider fixes. Where the whole server is
//! typed, it may have a port and a path.

use std::collections::BTreeMap;

use url::Url;

use super::facts::names_in;
use super::spec::ProviderSpec;
use super::validation::is_name;
use super::{CUSTOM, EndpointKind, Preset, ProviderError};
use crate::domain::secure_url::is_loopback;

/// The maximum length of a typed server, in bytes.
const SERVER_MAX_BYTES: usize = 512;

/// The text that goes into URLs for a typed value. `None` if it can't stand there.
pub(in crate::domain) fn typed(value: &str, is_server: impl FnOnce() -> bool) -> Option<String> {
    if is_host_part(value) {
        // Plain http is for this computer.
        let is_local =
            value == "localhost" || value.parse().is_ok_and(|ip: std::net::Ipv4Addr| ip.is_loopback());
        return Some(if is_local && is_server() { format!("http://{value}") } else { value.to_owned() });
    }
    is_server().then(|| server(value)).flatten()
}

/// A host name has at most 253 bytes.
fn is_host_part(value: &str) -> bool {
    value.len() <= 255 && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

/// A server with an optional scheme, port and path. Without a scheme, https, and http on this computer.
fn server(value: &str) -> Option<String> {
    let (scheme, rest) = match value.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => (Some(scheme), rest),
        Some(_) => return None,
        None => (None, value),
    };
    let rest = rest.trim_end_matches('/');
    let is_char = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]".contains(&b);
    let is_plain = |part: &str| !part.is_empty() && part.bytes().any(|b| b != b'.');
    let fits = rest.len() <= SERVER_MAX_BYTES && rest.bytes().all(is_char) && rest.split('/').all(is_plain);
    let url = Url::parse(&format!("https://{rest}")).ok().filter(|_| fits)?;
    url.host()?;
    match (scheme, is_loopback(&url)) {
        (Some("http"), false) => None,
        (Some("http") | None, true) => Some(format!("http://{rest}")),
        _ => Some(rest.to_owned()),
    }
    .map(|text| if scheme == Some("https") && is_loopback(&url) { format!("https://{rest}") } else { text })
}

/// Returns true if a variable is the whole server in every URL that names it.
pub(in crate::domain) fn is_server(name: &str, spec: &ProviderSpec) -> bool {
    let place = format!("{{{name}}}");
    let mut is_named = false;
    let stands_alone = urls(spec).all(|(_, url)| {
        url.match_indices(&place).all(|(at, _)| {
            is_named = true;
            let rest = &url[at + place.len()..];
            url[..at].ends_with("https://") && (rest.is_empty() || rest.starts_with('/'))
        })
    });
    stands_alone && is_named
}

/// The URLs of a provider that may name variables, with their keys.
fn urls(spec: &ProviderSpec) -> impl Iterator<Item = (&'static str, &str)> {
    let endpoints =
        EndpointKind::ALL.into_iter().filter_map(|kind| Some((kind.key(), spec.endpoints.get(kind)?)));
    let others = [
        ("issuer", spec.issuer.as_deref()),
        ("api.base_url", spec.api.base_url.as_deref()),
        ("help.register_url", spec.help.register_url.as_deref()),
    ];
    endpoints.chain(others.into_iter().filter_map(|(key, url)| Some((key, url?))))
}

/// The texts beside URLs that may name variables.
fn texts(spec: &ProviderSpec) -> impl Iterator<Item = &str> {
    let params = [&spec.authorize_params, &spec.token_params, &spec.refresh_params, &spec.request_headers];
    let lists = [spec.scopes.as_deref(), spec.resource.as_deref()].into_iter().flatten().flatten();
    let audience = [spec.audience.as_ref(), spec.assertion_audience.as_ref()].into_iter().flatten();
    let params = params.into_iter().flat_map(|params| params.values());
    lists.chain(audience).chain(params).map(String::as_str)
}

/// The variables that a custom provider's URLs and texts name.
pub fn of_custom(spec: &ProviderSpec) -> Vec<String> {
    let all = urls(spec).map(|(_, url)| url).chain(texts(spec)).flat_map(names_in);
    let mut names: Vec<String> = Vec::new();
    for name in all.filter(|name| is_name(name) && !spec.facts.contains_key(*name)) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// Checks that a custom provider's URLs have a value for each variable, and that no value is given in vain.
pub(in crate::domain) fn check(
    preset: &Preset,
    spec: &ProviderSpec,
    given: &BTreeMap<String, String>,
) -> Result<(), ProviderError> {
    if preset.id != CUSTOM {
        return Ok(());
    }
    let named = |key: &str, name: &str| {
        given.get(name).is_some_and(|value| !value.trim().is_empty())
            || (key == "api.base_url" && spec.facts.contains_key(name))
    };
    for (key, url) in urls(spec) {
        if let Some(name) = names_in(url).find(|name| !named(key, name)) {
            let name = name.to_owned();
            return Err(if is_name(&name) && !spec.facts.contains_key(&name) {
                ProviderError::VariableMissing { label: name.clone(), name }
            } else {
                ProviderError::NotAVariable { key, name }
            });
        }
    }
    let used = |name: &String| {
        let place = format!("{{{name}}}");
        urls(spec).map(|(_, url)| url).chain(texts(spec)).any(|text| text.contains(&place))
    };
    match given.iter().find(|(name, _)| !used(name)) {
        Some((name, value)) => Err(ProviderError::VariableUnknown {
            label: name.clone(),
            name: name.clone(),
            value: value.clone(),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s2_a_typed_server_has_a_port_and_a_path_and_http_is_for_loopback() {
        for (value, text) in [
            ("gitlab.example.com", Some("gitlab.example.com")),
            ("auth.example.com:8443/auth", Some("auth.example.com:8443/auth")),
            ("https://auth.example.com/auth/", Some("auth.example.com/auth")),
            ("localhost", Some("http://localhost")),
            ("localhost:8080/auth", Some("http://localhost:8080/auth")),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("[::1]:8080/auth", Some("http://[::1]:8080/auth")),
            ("https://localhost:8443", Some("https://localhost:8443")),
            ("http://auth.example.com", None),
            ("user@evil.example", None),
            ("a.example?x=1", None),
            ("a.example#x", None),
            ("a.example/../b", None),
            ("a.example//b", None),
            ("a.example\\b", None),
            ("ftp://a.example", None),
            ("a.example:port", None),
        ] {
            assert_eq!(typed(value, || true).as_deref(), text, "{value}");
        }
        // Elsewhere, only a part of a host name can be typed.
        assert_eq!(typed("a.example:80", || false), None);
        assert_eq!(typed("localhost", || false).as_deref(), Some("localhost"));
    }
}
