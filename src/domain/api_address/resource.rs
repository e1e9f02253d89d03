//! Protected resource metadata (RFC 9728).
//!
//! Invariant: metadata of another resource is rejected as a whole (section 3.3).

use serde_json::Value;
use url::Url;

use super::ApiAddress;
use crate::domain::oauth::scopes;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
const TEXT_MAX_BYTES: usize = 2048;
const SERVERS_MAX: usize = 20;

/// Where the URL of a metadata document comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceSource {
    /// The resource's challenge names it.
    Challenge,
    /// The well-known path, before the resource's own path.
    PathForm,
    /// The well-known path at the root of the origin.
    RootForm,
    /// The user gave the document's own URL.
    Given,
}

/// The useful part of a resource's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceMetadata {
    /// The resource identifier, as written.
    pub resource: String,
    /// The issuers of its authorization servers, as written.
    pub servers: Vec<String>,
    pub scopes: Vec<String>,
}

/// The well-known URLs of a resource's metadata (section 3.1): with its path, and at the root.
pub fn well_known(address: &Url) -> Vec<(ResourceSource, Url)> {
    let at = |path: &str, query: Option<&str>| {
        let mut url = address.clone();
        url.set_path(path);
        url.set_query(query);
        url
    };
    let root = (ResourceSource::RootForm, at(WELL_KNOWN, None));
    if matches!(address.path(), "" | "/") && address.query().is_none() {
        return vec![root];
    }
    // Only a slash right after the host is removed.
    let path = if address.path() == "/" { "" } else { address.path() };
    let own = at(&format!("{WELL_KNOWN}{path}"), address.query());
    vec![(ResourceSource::PathForm, own), root]
}

/// Returns true if a URL is itself one of a resource's metadata.
pub fn is_document(url: &Url) -> bool {
    url.path().starts_with(WELL_KNOWN)
}

/// Reads metadata; `None` if the text is none.
pub fn read(body: &[u8]) -> Option<ResourceMetadata> {
    let text = String::from_utf8_lossy(body);
    let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    let fits = |text: &&str| !text.is_empty() && text.len() <= TEXT_MAX_BYTES;
    let resource = value.get("resource")?.as_str().filter(fits)?.to_owned();
    let list = |name: &str| {
        let items = value.get(name).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(Value::as_str).filter(fits).collect::<Vec<_>>()
    };
    let mut servers: Vec<String> = Vec::new();
    for server in list("authorization_servers") {
        if servers.len() < SERVERS_MAX && !servers.iter().any(|known| known == server) {
            servers.push(server.to_owned());
        }
    }
    Some(ResourceMetadata { resource, servers, scopes: scopes::unique(list("scopes_supported")) })
}

/// Returns true if metadata about `resource`, found by `source`, is about the address.
pub fn is_about(resource: &str, source: ResourceSource, document: &Url, address: &ApiAddress) -> bool {
    let Ok(resource) = Url::parse(resource) else { return false };
    if resource.fragment().is_some() || !resource.username().is_empty() || resource.password().is_some() {
        return false;
    }
    match source {
        ResourceSource::PathForm => resource == *address.url(),
        ResourceSource::Given => well_known(&resource).iter().any(|(_, url)| url == document),
        ResourceSource::Challenge | ResourceSource::RootForm => {
            resource == *address.url() || is_above(&resource, address.url())
        }
    }
}

/// Returns true for the same origin with a path that is a prefix by whole segments.
fn is_above(resource: &Url, address: &Url) -> bool {
    let path = resource.path().trim_end_matches('/');
    let below = address.path().strip_prefix(path);
    resource.origin() == address.origin()
        && resource.query().is_none()
        && below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> ApiAddress {
        ApiAddress::parse(text).unwrap()
    }

    #[test]
    fn metadata_is_looked_for_with_the_path_and_at_the_root() {
        let urls = |text: &str| {
            let found = well_known(address(text).url());
            found.into_iter().map(|(_, url)| url.to_string()).collect::<Vec<_>>()
        };
        let root = "https://a.example/.well-known/oauth-protected-resource";
        assert_eq!(urls("https://a.example"), [root]);
        assert_eq!(urls("https://a.example/"), [root]);
        assert_eq!(urls("https://a.example/v1/mcp"), [&format!("{root}/v1/mcp"), root]);
        assert_eq!(urls("https://a.example/mcp/?k=1"), [&format!("{root}/mcp/?k=1"), root]);
    }

    #[test]
    fn g3_only_metadata_about_the_address_is_used() {
        use ResourceSource::{Challenge, PathForm, RootForm};
        let at = "https://a.example/v1/mcp";
        let document = Url::parse("https://a.example/.well-known/oauth-protected-resource").unwrap();
        for (resource, source, expected) in [
            (at, PathForm, true),
            (at, RootForm, true),
            (at, Challenge, true),
            ("https://a.example:443/v1/mcp", PathForm, true),
            ("https://a.example/v1", PathForm, false),
            ("https://a.example/v1", Challenge, true),
            ("https://a.example/v1/", RootForm, true),
            ("https://a.example", RootForm, true),
            ("https://a.example/", Challenge, true),
            ("https://a.example/v", Challenge, false),
            ("https://a.example/v1/mc", RootForm, false),
            ("https://a.example/v1/mcp/more", RootForm, false),
            ("https://a.example/v1?x", Challenge, false),
            ("https://b.example/v1/mcp", Challenge, false),
            ("http://a.example/v1/mcp", Challenge, false),
            ("https://a.example:8443/", RootForm, false),
            ("https://a.example/v1/../v1/mcp#x", PathForm, false),
            ("https://u@a.example/", RootForm, false),
            ("v1", RootForm, false),
        ] {
            assert_eq!(
                is_about(resource, source, &document, &address(at)),
                expected,
                "{resource} {source:?}"
            );
        }
        let given =
            |resource| is_about(resource, ResourceSource::Given, &document, &address(document.as_str()));
        assert!(given("https://a.example/v1") && given("https://a.example"));
        assert!(!given("https://b.example/"));
    }

    #[test]
    fn metadata_is_read_with_bounds() {
        let read_text = |text: &str| read(text.as_bytes());
        let full = r#"{"resource":"https://a.example/","authorization_servers":["https://s.example","https://s.example",3,""],
            "scopes_supported":["read","read","a b"]}"#;
        let metadata = read_text(full).unwrap();
        assert_eq!(
            (metadata.servers, metadata.scopes),
            (vec!["https://s.example".to_owned()], vec!["read".to_owned()])
        );
        assert_eq!(read_text("\u{feff}{\"resource\":\"x\"}").unwrap().servers.len(), 0);
        for text in ["", "[]", "{}", "<html>", r#"{"resource":3}"#, r#"{"resource":""}"#] {
            assert_eq!(read_text(text), None, "{text}");
        }
        let many: Vec<String> = (0..99).map(|n| format!("\"https://s{n}.example\"")).collect();
        let many = format!(r#"{{"resource":"x","authorization_servers":[{}]}}"#, many.join(","));
        assert_eq!(read_text(&many).unwrap().servers.len(), SERVERS_MAX);
    }
}
