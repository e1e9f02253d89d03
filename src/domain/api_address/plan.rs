//! What an account gets from a found server: its client, scopes and redirect URI, before anything is sent.

use std::collections::BTreeMap;

use thiserror::Error;
use url::Url;

use super::client_document::DocumentState;
use super::search::FoundServer;
use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::tags::Tags;
use crate::domain::account::{AccountId, Settings};
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::redirect_uri::USUAL_PORT;
use crate::domain::oauth::{registration, scopes};
use crate::domain::provider::CUSTOM;
use crate::domain::provider::spec::{ApiUse, ClientAuth, ClientSource, ProviderSpec};

/// The most scopes that are taken from a list of supported ones.
const SCOPES_MAX: usize = 20;

/// The user's own choices; what is unset follows from the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanOptions {
    pub scopes: Vec<String>,
    /// The user has a client ID.
    pub has_client: bool,
    /// The URL of a client ID metadata document.
    pub document: Option<String>,
    pub redirect_uri: Option<String>,
}

/// A client of an account with the same authorization server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownClient {
    pub account: AccountId,
    pub name: String,
    pub source: Option<ClientSource>,
    pub redirect_uri: String,
}

/// Where the client comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientChoice {
    /// The user has its ID.
    Given,
    Known(KnownClient),
    /// The client ID is the URL of a metadata document.
    Document(String),
    /// Keyfob registers one at this endpoint.
    Registration(Url),
    /// The user registers one with the provider.
    Form,
}

impl ClientChoice {
    /// The name in JSON output.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Known(_) => "known",
            Self::Document(_) => "document",
            Self::Registration(_) => "registration",
            Self::Form => "form",
        }
    }
}

/// Where the scopes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeSource {
    User,
    Challenge,
    Resource,
    Server,
}

/// Why a text is not the URL of a client ID metadata document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a client ID metadata document needs an https URL with a path and without a fragment")]
pub struct NoDocument;

/// Checks the URL of a client ID metadata document.
pub fn check_document(text: &str) -> Result<(), NoDocument> {
    let is_document = |url: Url| {
        url.scheme() == "https"
            && !matches!(url.path(), "" | "/")
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    };
    Url::parse(text).is_ok_and(is_document).then_some(()).ok_or(NoDocument)
}

/// What will be registered, saved and requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressPlan {
    pub found: FoundServer,
    pub client: ClientChoice,
    pub scopes: Vec<String>,
    pub scope_source: Option<ScopeSource>,
    /// The redirect URI; of a registration its port is bound first.
    pub redirect_uri: String,
}

impl AddressPlan {
    /// Makes the plan. `known` are the clients of accounts with the same server.
    pub fn new(found: FoundServer, options: &PlanOptions, known: Vec<KnownClient>) -> Self {
        let client = choose_client(&found, options, known);
        let (scopes, scope_source) = choose_scopes(&found, options);
        let redirect_uri = options.redirect_uri.clone().unwrap_or_else(|| match (&client, &found.document) {
            (ClientChoice::Known(known), _) => known.redirect_uri.clone(),
            (ClientChoice::Document(_), DocumentState::Lists(uri)) => uri.clone(),
            (ClientChoice::Registration(_) | ClientChoice::Document(_), _) => {
                "http://127.0.0.1/callback".to_owned()
            }
            // The user registers it, so its port must stay the same.
            (ClientChoice::Given | ClientChoice::Form, _) => {
                format!("http://127.0.0.1:{USUAL_PORT}/callback")
            }
        });
        Self { found, client, scopes, scope_source, redirect_uri }
    }

    /// The settings of an account with this client authentication and redirect URI.
    pub fn settings(&self, source: ClientSource, auth: Option<ClientAuth>, redirect_uri: String) -> Settings {
        let server = self.found.server.spec();
        let resource = self.found.resource.clone();
        let overrides = ProviderSpec {
            client_auth: auth.or(server.client_auth),
            client_source: Some(source),
            issuer: Some(self.found.server.issuer.clone()),
            scopes: (!self.scopes.is_empty()).then(|| self.scopes.clone()),
            redirect_uri: Some(redirect_uri),
            api: ApiUse {
                base_url: resource.as_ref().map(|_| self.found.address.as_str().to_owned()),
                ..ApiUse::default()
            },
            resource: resource.map(|resource| vec![resource]),
            ..server
        };
        Settings {
            provider: CUSTOM.to_owned(),
            grant: GrantType::AuthorizationCode,
            variables: BTreeMap::new(),
            overrides: overrides.into(),
            background_refresh: None,
            client_secret_expires: None,
            key_dates: KeyDates::default(),
            tags: Tags::default(),
            environment: None,
        }
    }
}

fn choose_client(found: &FoundServer, options: &PlanOptions, known: Vec<KnownClient>) -> ClientChoice {
    if options.has_client {
        return ClientChoice::Given;
    }
    if let Some(document) = &options.document {
        return ClientChoice::Document(document.clone());
    }
    let fits =
        |known: &KnownClient| options.redirect_uri.as_ref().is_none_or(|uri| *uri == known.redirect_uri);
    let rank = |known: &KnownClient| match known.source {
        Some(ClientSource::Registered) => 0,
        Some(ClientSource::Document) => 1,
        Some(ClientSource::Given) | None => 2,
    };
    if let Some(known) = known.into_iter().filter(fits).min_by_key(rank) {
        return ClientChoice::Known(known);
    }
    let endpoint = found.server.registration.as_deref().and_then(|url| Url::parse(url).ok());
    match endpoint.filter(|_| registration::auth_for(&found.server).is_some()) {
        Some(endpoint) => ClientChoice::Registration(endpoint),
        None => ClientChoice::Form,
    }
}

fn choose_scopes(found: &FoundServer, options: &PlanOptions) -> (Vec<String>, Option<ScopeSource>) {
    let listed = |scopes: &[String]| {
        let mut listed = scopes::unique(scopes.iter().map(String::as_str));
        listed.truncate(SCOPES_MAX);
        listed
    };
    let choices = [
        (options.scopes.clone(), ScopeSource::User),
        (found.challenge_scopes.clone(), ScopeSource::Challenge),
        (listed(&found.resource_scopes), ScopeSource::Resource),
        (listed(&found.server.scopes), ScopeSource::Server),
    ];
    let chosen = choices.into_iter().find(|(scopes, _)| !scopes.is_empty());
    chosen.map_or_else(Default::default, |(scopes, source)| (scopes, Some(source)))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
