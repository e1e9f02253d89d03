//! `OpenAPI` documents, versions 2.0, 3.0, 3.1 and 3.2: each security scheme and flow becomes an account.
//!
//! Invariants: a scheme that can't be an account is left out with a reason; no reference to another document
//! is opened; the work is bounded by the document's size.

mod credentials;
mod references;
mod schemes;
mod servers;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{ImportError, Imported};
use crate::base::sanitize::{is_deceptive, sanitized};
use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::tags::Tags;
use crate::domain::account::{AccountName, Client, Settings};
use crate::domain::document::file_error::{FileError, shown};
use crate::domain::document::{Node, NodeValue};
use crate::domain::oauth::discovery;
use crate::domain::provider::{CUSTOM, Provider};

pub use credentials::Credentials;
use references::References;
use schemes::Draft;
use servers::Server;

const ACCOUNTS_MAX: usize = 500;
const SCOPES_MAX: usize = 1000;
/// The maximum length of a description, in characters.
const DESCRIPTION_MAX_CHARS: usize = 300;
/// The methods of a path item, and the table of further ones (3.2).
const METHODS: [&str; 9] = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    /// Swagger 2.0.
    Two,
    /// 3.0, 3.1 and 3.2.
    Three,
}

/// What the document says about an account beside its settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchemeDetails {
    /// The security scheme's name in the document.
    pub scheme: String,
    /// The flow, as the document spells it; `None` if the scheme has none.
    pub flow: Option<String>,
    /// The scopes with their descriptions.
    pub scopes: BTreeMap<String, String>,
    /// The scopes that operations need.
    pub used_scopes: Vec<String>,
    /// The values that a variable may have, if the document lists them.
    pub choices: BTreeMap<String, Vec<String>>,
}

/// A scheme or flow that is no account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub scheme: String,
    pub flow: Option<String>,
    pub reason: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flow = self.flow.as_ref().map_or_else(String::new, |flow| format!(" ({flow})"));
        write!(f, "“{}{flow}” was left out: {}.", self.scheme, self.reason)
    }
}

/// The accounts of a document.
#[derive(Debug, Default)]
pub struct ApiDocument {
    /// The accounts, without credentials.
    pub accounts: Vec<(Imported, SchemeDetails)>,
    pub left_out: Vec<LeftOut>,
}

pub(super) fn fits(root: &Node<'_>) -> bool {
    root.get("openapi").is_some() || root.get("swagger").is_some()
}

/// Returns true for a document in YAML: a line of its top level names the version.
pub(super) fn is_yaml(text: &str) -> bool {
    text.lines().any(|line| {
        let key = line.split(':').next().unwrap_or_default().trim_end().trim_matches(['"', '\'']);
        line.contains(':') && matches!(key, "openapi" | "swagger")
    })
}

/// Reads a document.
///
/// # Errors
/// [`ImportError`] if its version is unknown, or it has no security scheme.
pub(super) fn read(root: &Node<'_>, text: &str) -> Result<ApiDocument, ImportError> {
    let version = version(root, text)?;
    let references = References::new(root);
    let declared = match version {
        Version::Two => root.get("securityDefinitions"),
        Version::Three => root.get("components").and_then(|entry| entry.node.get("securitySchemes")),
    };
    let Some(NodeValue::Table(declared)) = declared.map(|entry| &entry.node.value) else {
        return Err(ImportError::NoScheme);
    };
    let used = used_scopes(root, &references);
    let server = match version {
        Version::Two => servers::of_version_2(root),
        Version::Three => servers::of_version_3(root),
    };
    let mut builder = Builder {
        title: title(root),
        server,
        used,
        document: ApiDocument::default(),
        names: BTreeSet::new(),
        is_alone: declared.len() == 1,
    };
    let schemes = declared.iter().filter(|entry| !entry.key.starts_with("x-"));
    for entry in schemes.take(ACCOUNTS_MAX) {
        match references.resolved(&entry.node) {
            Ok(scheme) => {
                let drafts = schemes::read(version, scheme, &references);
                builder.take_all(&entry.key, drafts);
            }
            Err(reason) => builder.leave_out(&entry.key, None, reason),
        }
    }
    let document = builder.document;
    if document.accounts.is_empty() && document.left_out.is_empty() {
        return Err(ImportError::NoScheme);
    }
    Ok(document)
}

fn version(root: &Node<'_>, text: &str) -> Result<Version, ImportError> {
    let written = |key: &str| {
        let node = &root.get(key)?.node;
        Some(match &node.value {
            NodeValue::Text(text) => text.trim().to_owned(),
            NodeValue::Float(number) => number.to_string(),
            NodeValue::Integer(number) => format!("{number}.0"),
            _ => String::new(),
        })
    };
    let is_of = |version: &str, known: &str| {
        version.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
    };
    let (key, version) = match (written("openapi"), written("swagger")) {
        (Some(version), _) => ("openapi", version),
        (None, version) => ("swagger", version.unwrap_or_default()),
    };
    if key == "openapi" && ["3.0", "3.1", "3.2"].iter().any(|known| is_of(&version, known)) {
        return Ok(Version::Three);
    }
    if key == "swagger" && (version == "2" || is_of(&version, "2.0")) {
        return Ok(Version::Two);
    }
    let what = format!(
        "\"{key}\" has the version {}, which is not known; 2.0, 3.0, 3.1 and 3.2 are",
        if version.is_empty() { "-".to_owned() } else { shown(&version) }
    );
    Err(FileError::at(text, root.offset_of(key), &what).of_key(key).into())
}

fn title(root: &Node<'_>) -> String {
    let title = root.get("info").and_then(|entry| entry.node.text("title")).unwrap_or_default();
    let clean: String = title.chars().filter(|c| !is_deceptive(*c)).take(60).collect();
    if clean.trim().is_empty() { "API".to_owned() } else { clean.trim().to_owned() }
}

/// The scopes that the document's requirements name, for each scheme in the order of the document.
fn used_scopes(root: &Node<'_>, references: &References<'_, '_>) -> BTreeMap<String, Vec<String>> {
    let mut used: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut take = |requirements: &[Node<'_>]| {
        for requirement in requirements {
            let NodeValue::Table(schemes) = &requirement.value else { continue };
            for scheme in schemes {
                let NodeValue::List(scopes) = &scheme.node.value else { continue };
                let list = used.entry(scheme.key.clone().into_owned()).or_default();
                for scope in scopes.iter().filter_map(Node::as_text).map(str::trim) {
                    let is_new = seen.insert((scheme.key.clone().into_owned(), scope.to_owned()));
                    if is_new && is_scope(scope) && list.len() < SCOPES_MAX {
                        list.push(scope.to_owned());
                    }
                }
            }
        }
    };
    take(root.list("security"));
    let tables = ["paths", "webhooks"].into_iter().filter_map(|key| root.get(key));
    let items = tables.filter_map(|entry| match &entry.node.value {
        NodeValue::Table(items) => Some(items),
        _ => None,
    });
    for item in items.flatten() {
        let Ok(item) = references.resolved(&item.node) else { continue };
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                take(operation.node.list("security"));
            }
        }
        if let Some(NodeValue::Table(more)) = item.get("additionalOperations").map(|it| &it.node.value) {
            for operation in more {
                take(operation.node.list("security"));
            }
        }
    }
    used
}

fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.len() <= 500 && !text.chars().any(is_deceptive)
}

fn description(text: &str) -> String {
    sanitized(text, DESCRIPTION_MAX_CHARS).into_owned()
}

struct Builder {
    title: String,
    server: Server,
    used: BTreeMap<String, Vec<String>>,
    document: ApiDocument,
    names: BTreeSet<String>,
    /// The document has one scheme.
    is_alone: bool,
}

impl Builder {
    fn leave_out(&mut self, scheme: &str, flow: Option<&str>, reason: String) {
        let flow = flow.map(description);
        self.document.left_out.push(LeftOut { scheme: description(scheme), flow, reason });
    }

    fn take_all(&mut self, scheme: &str, drafts: Vec<(Option<String>, Result<Draft, String>)>) {
        let is_alone = self.is_alone && drafts.iter().filter(|(_, draft)| draft.is_ok()).count() == 1;
        let has_flows = drafts.len() > 1;
        for (flow, draft) in drafts {
            if self.document.accounts.len() == ACCOUNTS_MAX {
                let reason = "Keyfob reads at most 500 accounts from a file".to_owned();
                self.leave_out(scheme, flow.as_deref(), reason);
                continue;
            }
            let of_scheme = match &flow {
                _ if is_alone => self.title.clone(),
                Some(flow) if has_flows => format!("{} ({scheme}, {flow})", self.title),
                _ => format!("{} ({scheme})", self.title),
            };
            match draft.and_then(|draft| self.account(scheme, flow.as_deref(), &of_scheme, draft)) {
                Ok(account) => self.document.accounts.push(account),
                Err(reason) => self.leave_out(scheme, flow.as_deref(), reason),
            }
        }
    }

    fn account(
        &mut self,
        scheme: &str,
        flow: Option<&str>,
        name: &str,
        draft: Draft,
    ) -> Result<(Imported, SchemeDetails), String> {
        let Draft { grant, mut spec, scopes } = draft;
        if grant.is_key() {
            self.server.refuse_for_a_key()?;
        }
        spec.api.base_url.clone_from(&self.server.url);
        self.server.resolve(&mut spec)?;
        let used = self.used.get(scheme).cloned().unwrap_or_default();
        if !grant.is_key() && !used.is_empty() {
            spec.scopes = Some(used.clone());
        }
        let variables = self.server.variables_of(&spec)?;
        let settings = Settings {
            provider: CUSTOM.to_owned(),
            grant,
            variables: variables.iter().map(|(name, it)| (name.clone(), it.value.clone())).collect(),
            overrides: spec.into(),
            background_refresh: None,
            client_secret_expires: None,
            key_dates: KeyDates::default(),
            tags: Tags::default(),
            environment: None,
        };
        let resolved = if discovery::is_wanted_by(&[], &settings) {
            discovery::Wanted::of(&[], &settings)
                .and_then(|_| Provider::resolve(&[], &discovery::with_placeholder_endpoints(&settings)))
        } else {
            Provider::resolve(&[], &settings)
        };
        resolved.map_err(|error| description(&error.to_string()))?;
        let details = SchemeDetails {
            scheme: description(scheme),
            flow: flow.map(description),
            scopes: if scopes.is_empty() {
                used.iter().map(|scope| (scope.clone(), String::new())).collect()
            } else {
                scopes
            },
            used_scopes: used,
            choices: variables
                .into_iter()
                .filter(|(_, variable)| !variable.choices.is_empty())
                .map(|(name, variable)| (name, variable.choices))
                .collect(),
        };
        let imported = Imported {
            name: self.name(name),
            settings,
            client: Client::default(),
            grant: None,
            incomplete: true,
        };
        Ok((imported, details))
    }

    fn name(&mut self, wanted: &str) -> AccountName {
        let clean: String = wanted.chars().filter(|c| !is_deceptive(*c)).take(100).collect();
        let numbered = (2..).map(|number| format!("{clean} {number}"));
        let names = std::iter::once(clean.clone()).chain(numbered);
        let free = names
            .filter_map(|name| AccountName::new(&name).ok())
            .find(|name| self.names.insert(name.key().to_owned()));
        free.unwrap_or_else(|| unreachable!("one of endlessly many names is free"))
    }
}
