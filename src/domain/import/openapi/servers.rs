//! The servers of an `OpenAPI` document: the API's base URL, and its variables.

use std::collections::BTreeMap;

use url::Url;

use crate::base::sanitize::is_deceptive;
use crate::domain::document::{Node, NodeValue};
use crate::domain::provider::EndpointKind;
use crate::domain::provider::spec::ProviderSpec;
use crate::domain::provider::variables;
use crate::domain::secure_url::is_secure;

const VARIABLES_MAX: usize = 50;
const CHOICES_MAX: usize = 200;
const VALUE_MAX_CHARS: usize = 200;

#[derive(Debug, Clone, Default)]
pub(super) struct Variable {
    pub(super) value: String,
    pub(super) choices: Vec<String>,
}

/// The server that the document names first among those that may get a key.
#[derive(Debug, Clone, Default)]
pub(super) struct Server {
    /// Its URL, with variables in braces.
    pub(super) url: Option<String>,
    variables: BTreeMap<String, Variable>,
    /// All servers are plain http elsewhere.
    is_insecure: bool,
}

/// The servers of version 3: a list of URLs with variables.
pub(super) fn of_version_3(root: &Node<'_>) -> Server {
    let mut insecure = false;
    for server in root.list("servers") {
        let Some(template) = server.text("url").map(str::trim) else { continue };
        let variables = variables(server);
        let filled = variables.iter().fold(template.to_owned(), |text, (name, variable)| {
            text.replace(&format!("{{{name}}}"), &variable.value)
        });
        match Url::parse(&filled) {
            Ok(url) if is_secure(&url) => {
                return Server { url: Some(trimmed(template)), variables, is_insecure: false };
            }
            Ok(_) => insecure = true,
            // A relative one: the document doesn't say where it was found.
            Err(_) => {}
        }
    }
    Server { is_insecure: insecure, ..Server::default() }
}

/// The server of version 2: schemes, a host and a path.
pub(super) fn of_version_2(root: &Node<'_>) -> Server {
    let Some(host) = root.text("host").map(str::trim).filter(|host| !host.is_empty()) else {
        return Server::default();
    };
    let path = root.text("basePath").map_or("", str::trim);
    let schemes: Vec<&str> = root.list("schemes").iter().filter_map(Node::as_text).collect();
    let is_named = |scheme: &str| schemes.iter().any(|named| named.eq_ignore_ascii_case(scheme));
    let scheme = if is_named("http") && !is_named("https") { "http" } else { "https" };
    let text = format!("{scheme}://{host}/{}", path.trim_start_matches('/'));
    match Url::parse(&text) {
        Ok(url) if is_secure(&url) => Server { url: Some(trimmed(&text)), ..Server::default() },
        Ok(_) => Server { is_insecure: true, ..Server::default() },
        Err(_) => Server::default(),
    }
}

/// Without the slash at its end, to which paths are added.
fn trimmed(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

fn variables(server: &Node<'_>) -> BTreeMap<String, Variable> {
    let Some(NodeValue::Table(entries)) = server.get("variables").map(|entry| &entry.node.value) else {
        return BTreeMap::new();
    };
    let read = entries.iter().take(VARIABLES_MAX).map(|entry| {
        let choices = entry.node.list("enum").iter().take(CHOICES_MAX).filter_map(scalar);
        let value = entry.node.get("default").and_then(|entry| scalar(&entry.node)).unwrap_or_default();
        (entry.key.clone().into_owned(), Variable { value, choices: choices.collect() })
    });
    read.collect()
}

/// A text, or a number as some documents write one.
fn scalar(node: &Node<'_>) -> Option<String> {
    let text = match &node.value {
        NodeValue::Text(text) => text.trim().to_owned(),
        NodeValue::Integer(number) => number.to_string(),
        _ => return None,
    };
    (text.chars().count() <= VALUE_MAX_CHARS && !text.chars().any(is_deceptive)).then_some(text)
}

impl Server {
    /// A key goes to the API itself.
    pub(super) fn refuse_for_a_key(&self) -> Result<(), String> {
        if self.is_insecure {
            return Err("the API's servers are http, to which no key is sent".to_owned());
        }
        Ok(())
    }

    /// Completes endpoints that are relative to the server.
    ///
    /// # Errors
    /// Why one can't be used.
    pub(super) fn resolve(&self, spec: &mut ProviderSpec) -> Result<(), String> {
        for kind in EndpointKind::ALL {
            let Some(text) = spec.endpoints.get(kind).map(str::trim).map(str::to_owned) else { continue };
            let label = kind.name();
            let absolute = match Url::parse(&text) {
                Ok(_) => text,
                Err(url::ParseError::RelativeUrlWithoutBase) => self.joined(&text).ok_or_else(|| {
                    format!("its {label} URL is relative, and the document has no server for it")
                })?,
                // A variable may stand in the host.
                Err(_) if text.contains('{') => text,
                Err(_) => return Err(format!("its {label} URL is not a URL")),
            };
            spec.endpoints.set(kind, Some(absolute));
        }
        Ok(())
    }

    /// A URL that is relative to the server, whose variables stay.
    fn joined(&self, relative: &str) -> Option<String> {
        let server = self.url.as_deref()?;
        if !server.contains('{') {
            let base = Url::parse(&format!("{server}/")).ok()?;
            return base.join(relative).ok().map(Into::into);
        }
        let (scheme, rest) = server.split_once("://")?;
        let host = rest.split('/').next().unwrap_or_default();
        let has_path = |(name, variable): (&String, &Variable)| {
            host.contains(&format!("{{{name}}}")) && variable.value.contains('/')
        };
        // Text alone doesn't tell where these lead.
        if relative.starts_with("//") || relative.contains("..") || self.variables.iter().any(has_path) {
            return None;
        }
        Some(match relative.strip_prefix('/') {
            Some(path) => format!("{scheme}://{host}/{path}"),
            None => format!("{server}/{relative}"),
        })
    }

    /// The variables that an account's URLs name.
    ///
    /// # Errors
    /// The one that has no value in the document.
    pub(super) fn variables_of(&self, spec: &ProviderSpec) -> Result<BTreeMap<String, Variable>, String> {
        let mut used = BTreeMap::new();
        for name in variables::of_custom(spec) {
            match self.variables.get(&name) {
                Some(variable) if !variable.value.is_empty() => {
                    used.insert(name, variable.clone());
                }
                _ => return Err(format!("its URL names {{{name}}}, for which the document has no value")),
            }
        }
        Ok(used)
    }
}
