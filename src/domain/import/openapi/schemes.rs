//! The security schemes of an `OpenAPI` document, as grants.
//!
//! Invariant: a scheme gives an account or a reason for each of its flows.

use std::collections::BTreeMap;

use super::references::References;
use super::{SCOPES_MAX, Version, description, is_scope};
use crate::domain::document::{Node, NodeValue};
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::token_syntax::is_header_name;
use crate::domain::provider::EndpointKind;
use crate::domain::provider::spec::ProviderSpec;

/// The flows of version 3, as the document spells them.
const FLOWS: [(&str, GrantType); 4] = [
    ("authorizationCode", GrantType::AuthorizationCode),
    ("clientCredentials", GrantType::ClientCredentials),
    ("password", GrantType::Password),
    ("deviceAuthorization", GrantType::DeviceCode),
];

/// Those of version 2.
const FLOWS_OF_VERSION_2: [(&str, GrantType); 3] = [
    ("accessCode", GrantType::AuthorizationCode),
    ("application", GrantType::ClientCredentials),
    ("password", GrantType::Password),
];

const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";

/// An account before the server's URLs are known.
pub(super) struct Draft {
    pub(super) grant: GrantType,
    pub(super) spec: ProviderSpec,
    /// The scopes with their descriptions.
    pub(super) scopes: BTreeMap<String, String>,
}

impl Draft {
    fn of(grant: GrantType) -> Self {
        Self { grant, spec: ProviderSpec::default(), scopes: BTreeMap::new() }
    }
}

/// A flow's name, if the scheme has flows, and what becomes of it.
pub(super) type Read = (Option<String>, Result<Draft, String>);

pub(super) fn read(version: Version, scheme: &Node<'_>, references: &References<'_, '_>) -> Vec<Read> {
    let alone = |draft: Result<Draft, String>| vec![(None, draft)];
    match scheme.text("type").unwrap_or_default() {
        "oauth2" if version == Version::Two => oauth2_of_version_2(scheme),
        "oauth2" => oauth2(scheme, references),
        "apiKey" => alone(api_key(scheme)),
        "basic" if version == Version::Two => alone(Ok(Draft::of(GrantType::Basic))),
        "http" => alone(http(scheme)),
        "openIdConnect" => alone(open_id_connect(scheme)),
        "mutualTLS" => {
            alone(Err("mutualTLS needs a client certificate, which Keyfob doesn't keep".to_owned()))
        }
        "" => alone(Err("it has no type".to_owned())),
        other => alone(Err(format!("its type {} is not known", description(other)))),
    }
}

fn oauth2(scheme: &Node<'_>, references: &References<'_, '_>) -> Vec<Read> {
    let flows = scheme.get("flows").map(|entry| references.value_of(&entry.node));
    let flows = match flows {
        Some(Ok(NodeValue::Table(flows))) => flows,
        Some(Err(reason)) => return vec![(None, Err(reason))],
        _ => return vec![(None, Err("it has no flows".to_owned()))],
    };
    let named = flows.iter().filter(|entry| !entry.key.starts_with("x-"));
    let read: Vec<Read> = named
        .map(|entry| {
            let flow = entry.key.as_ref();
            let draft = match references.resolved(&entry.node) {
                Ok(node) => grant(flow, &FLOWS).and_then(|grant| of_flow(grant, node)),
                Err(reason) => Err(reason),
            };
            (Some(flow.to_owned()), draft)
        })
        .collect();
    if read.is_empty() { vec![(None, Err("it has no flows".to_owned()))] } else { read }
}

fn oauth2_of_version_2(scheme: &Node<'_>) -> Vec<Read> {
    match scheme.text("flow") {
        Some(flow) => {
            let draft = grant(flow, &FLOWS_OF_VERSION_2).and_then(|grant| of_flow(grant, scheme));
            vec![(Some(flow.to_owned()), draft)]
        }
        None => vec![(None, Err("it has no flow".to_owned()))],
    }
}

fn grant(flow: &str, known: &[(&str, GrantType)]) -> Result<GrantType, String> {
    match known.iter().find(|(name, _)| *name == flow) {
        Some((_, grant)) => Ok(*grant),
        None if flow == "implicit" => {
            Err("the implicit flow is obsolete, and Keyfob doesn't support it".to_owned())
        }
        None => Err(format!("its flow {} is not known", description(flow))),
    }
}

fn of_flow(grant: GrantType, flow: &Node<'_>) -> Result<Draft, String> {
    let mut draft = Draft::of(grant);
    let url = |key: &str| flow.text(key).map(str::trim).filter(|text| !text.is_empty());
    let needed = |key: &str| url(key).map(str::to_owned).ok_or_else(|| format!("it has no {key}"));
    let endpoints = &mut draft.spec.endpoints;
    endpoints.set(EndpointKind::Token, Some(needed("tokenUrl")?));
    if grant == GrantType::AuthorizationCode {
        endpoints.set(EndpointKind::Authorize, Some(needed("authorizationUrl")?));
    }
    if grant == GrantType::DeviceCode {
        endpoints.set(EndpointKind::Device, Some(needed("deviceAuthorizationUrl")?));
    }
    let own = url("refreshUrl").filter(|own| url("tokenUrl") != Some(*own));
    endpoints.set(EndpointKind::Refresh, own.map(str::to_owned));
    if let Some(NodeValue::Table(scopes)) = flow.get("scopes").map(|entry| &entry.node.value) {
        let scopes = scopes.iter().filter(|entry| is_scope(&entry.key) && !entry.key.starts_with("x-"));
        draft.scopes = scopes
            .take(SCOPES_MAX)
            .map(|entry| {
                (entry.key.clone().into_owned(), description(entry.node.as_text().unwrap_or_default()))
            })
            .collect();
    }
    Ok(draft)
}

fn api_key(scheme: &Node<'_>) -> Result<Draft, String> {
    let name = scheme.text("name").map(str::trim).unwrap_or_default();
    if !is_header_name(name) {
        return Err("it has no name that a header or a parameter can have".to_owned());
    }
    let mut draft = Draft::of(GrantType::ApiKey);
    match scheme.text("in").unwrap_or_default() {
        "header" => {
            draft.spec.api.header = Some(name.to_owned());
            draft.spec.api.scheme = Some(String::new());
        }
        "query" => draft.spec.api.query = Some(name.to_owned()),
        "cookie" => return Err("its key goes into a cookie, which Keyfob doesn't support".to_owned()),
        other => return Err(format!("its key goes into {}, which is not known", description(other))),
    }
    Ok(draft)
}

fn http(scheme: &Node<'_>) -> Result<Draft, String> {
    let word = scheme.text("scheme").unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "bearer" => {
            let mut draft = Draft::of(GrantType::ApiKey);
            draft.spec.api.header = Some("Authorization".to_owned());
            draft.spec.api.scheme = Some("Bearer".to_owned());
            Ok(draft)
        }
        "basic" => Ok(Draft::of(GrantType::Basic)),
        "" => Err("it has no HTTP scheme".to_owned()),
        _ => Err(format!("the HTTP scheme {} is not supported", description(word))),
    }
}

fn open_id_connect(scheme: &Node<'_>) -> Result<Draft, String> {
    let url = scheme.text("openIdConnectUrl").map(str::trim).unwrap_or_default();
    if url.is_empty() {
        return Err("it has no openIdConnectUrl".to_owned());
    }
    let Some(issuer) = url.strip_suffix(DISCOVERY_PATH) else {
        return Err(format!("its openIdConnectUrl doesn't end in {DISCOVERY_PATH}"));
    };
    let mut draft = Draft::of(GrantType::AuthorizationCode);
    draft.spec.issuer = Some(issuer.to_owned());
    Ok(draft)
}
