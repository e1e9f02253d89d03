//! Discovery: an authorization server's metadata (RFC 8414; `OpenID` Connect Discovery 1.0).
//!
//! Invariants: another issuer's document is rejected as a whole (section 3.3); every URL in it follows
//! [`crate::domain::secure_url`], and only a server on this computer may use plain http.
//!
//! The result is stored as an account's own overrides, as if the user had typed it: an account keeps working
//! as set up until the user discovers again. The server's list of grants restricts nothing, since many lists
//! are incomplete.

use serde_json::Value;
use thiserror::Error;
use url::Url;

use super::grant_type::GrantType;
use super::issuer::{Issuer, IssuerError, is_same, narrowed};
use crate::domain::account::Settings;
use crate::domain::provider::spec::{ClientAuth, Endpoints, ProviderSpec};
use crate::domain::provider::{EndpointKind, Preset, ProviderError};
use crate::domain::secure_url::{is_loopback, is_secure};

const TEXT_MAX_BYTES: usize = 2048;
const LIST_MAX: usize = 200;

/// The issuer whose metadata is needed, and the grant it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub issuer: Issuer,
    /// Another spelling of the issuer that the document may use.
    template: Option<String>,
    grant: GrantType,
    client_auth: ClientAuth,
    /// The caller checks which hosts the endpoints have. Otherwise only a server of this computer may have plain
    /// http there.
    hosts_are_checked: bool,
}

/// The useful part of a server's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveredServer {
    pub issuer: String,
    pub document: Url,
    pub endpoints: Endpoints,
    pub grants: Vec<GrantType>,
    /// The client authentication methods that it lists and Keyfob knows, the best first.
    pub client_auths: Vec<ClientAuth>,
    /// PKCE with S256 is supported; `None` if the server doesn't say.
    pub pkce: Option<bool>,
    pub scopes: Vec<String>,
    /// The client registration endpoint (RFC 7591, section 3), as written and unchecked: nothing is sent there
    /// except when an account is added by an address.
    pub registration: Option<String>,
    /// The server takes the URL of a client ID metadata document as a client ID.
    pub takes_client_documents: bool,
    /// The server promises `iss` in every authorization response (RFC 9207).
    pub iss_promised: bool,
    /// The server requires pushed authorization requests (RFC 9126, section 5).
    pub par_required: bool,
    usual_auth: ClientAuth,
}

/// Why a metadata document is rejected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MetadataError {
    #[error("no metadata")]
    None,
    #[error("another issuer's metadata")]
    OtherIssuer(String),
    #[error("{} is missing", .0.key())]
    Missing(EndpointKind),
    #[error("{} can't be used", .0.key())]
    Unusable(EndpointKind),
}

const ENDPOINTS: [(EndpointKind, &str); 8] = [
    (EndpointKind::Authorize, "authorization_endpoint"),
    (EndpointKind::Token, "token_endpoint"),
    (EndpointKind::Device, "device_authorization_endpoint"),
    (EndpointKind::Par, "pushed_authorization_request_endpoint"),
    (EndpointKind::Revoke, "revocation_endpoint"),
    (EndpointKind::Introspect, "introspection_endpoint"),
    (EndpointKind::UserInfo, "userinfo_endpoint"),
    (EndpointKind::Jwks, "jwks_uri"),
];

/// Client authentication methods by their registered names. Of those that need what most clients have, the
/// best comes first.
const CLIENT_AUTHS: [(ClientAuth, &str); 5] = [
    (ClientAuth::Basic, "client_secret_basic"),
    (ClientAuth::Body, "client_secret_post"),
    (ClientAuth::ClientSecretJwt, "client_secret_jwt"),
    (ClientAuth::PrivateKeyJwt, "private_key_jwt"),
    (ClientAuth::None, "none"),
];

const GRANTS: [(GrantType, &str); 5] = [
    (GrantType::AuthorizationCode, "authorization_code"),
    (GrantType::DeviceCode, "urn:ietf:params:oauth:grant-type:device_code"),
    (GrantType::ClientCredentials, "client_credentials"),
    (GrantType::Password, "password"),
    (GrantType::JwtBearer, "urn:ietf:params:oauth:grant-type:jwt-bearer"),
];

/// Returns true if an account's endpoints must be discovered: it has an issuer and no token endpoint.
pub fn is_wanted(preset: &Preset, overrides: &ProviderSpec) -> bool {
    let spec = preset.spec.overlaid(overrides);
    spec.issuer.is_some() && spec.endpoints.token.is_none()
}

/// Like [`is_wanted`], for an account's settings with a preset ID.
pub fn is_wanted_by(presets: &[Preset], settings: &Settings) -> bool {
    Preset::of(presets, &settings.provider).is_ok_and(|preset| is_wanted(&preset, &settings.overrides))
}

/// Returns the settings with a placeholder for each endpoint that discovery may supply, so that everything
/// else can be checked before any request.
pub fn with_placeholder_endpoints(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    for (kind, _) in ENDPOINTS {
        if settings.overrides.endpoints.get(kind).is_none() {
            settings.overrides_mut().endpoints.set(kind, Some("https://discovered.invalid/".to_owned()));
        }
    }
    settings
}

/// The registered name of a client authentication method (RFC 7591, section 2).
pub fn name_of_auth(auth: ClientAuth) -> &'static str {
    let known = CLIENT_AUTHS.iter().find(|(known, _)| *known == auth);
    known.map_or("client_secret_basic", |(_, name)| name)
}

/// The client authentication method of a registered name.
pub fn auth_of_name(name: &str) -> Option<ClientAuth> {
    CLIENT_AUTHS.iter().find(|(_, known)| *known == name).map(|(auth, _)| *auth)
}

/// The issuer that a metadata document names; `None` if the text is no such document.
pub fn issuer_of(body: &[u8]) -> Option<String> {
    let value = read_json(body)?;
    text_of(&value, "issuer").map(str::to_owned)
}

/// The token endpoint that a metadata document names, unchecked.
pub fn token_endpoint_of(body: &[u8]) -> Option<String> {
    let value = read_json(body)?;
    text_of(&value, "token_endpoint").map(str::to_owned)
}

fn read_json(body: &[u8]) -> Option<Value> {
    serde_json::from_str(String::from_utf8_lossy(body).trim_start_matches('\u{feff}')).ok()
}

impl Wanted {
    /// An issuer's metadata for sign-ins with the browser. The caller checks the endpoints' hosts.
    pub fn for_sign_in(issuer: Issuer) -> Self {
        let grant = GrantType::AuthorizationCode;
        let client_auth = ClientAuth::usual(grant);
        Self { issuer, template: None, grant, client_auth, hosts_are_checked: true }
    }

    /// The issuer whose metadata an account needs, from its preset, variables and overrides.
    pub fn of(presets: &[Preset], settings: &Settings) -> Result<Self, ProviderError> {
        let preset = Preset::of(presets, &settings.provider)?;
        let spec = preset.spec.overlaid(&settings.overrides);
        let fill = |text: &String| preset.filled(text, &settings.variables);
        let issuer = spec.issuer.as_ref().ok_or(ProviderError::IssuerMissing)?;
        let issuer = Issuer::parse(&fill(issuer)?)?;
        let template = spec.issuer_template.as_ref().map(fill).transpose()?;
        Ok(Self {
            template: template.map(|template| narrowed(&template, issuer.as_str())),
            issuer,
            grant: settings.grant,
            client_auth: spec.client_auth.unwrap_or_else(|| ClientAuth::usual(settings.grant)),
            hosts_are_checked: false,
        })
    }

    /// Reads the metadata that was fetched from `document`.
    pub fn read(&self, document: &Url, body: &[u8]) -> Result<DiscoveredServer, MetadataError> {
        let value = read_json(body).ok_or(MetadataError::None)?;
        let said = text_of(&value, "issuer").ok_or(MetadataError::None)?;
        let is_ours = said == self.issuer.as_str()
            || self.template.as_ref().is_some_and(|template| is_same(template, said));
        if !is_ours {
            return Err(MetadataError::OtherIssuer(said.to_owned()));
        }
        let mut endpoints = Endpoints::default();
        for (kind, name) in ENDPOINTS {
            if let Some(text) = text_of(&value, name) {
                if !self.is_usable(text) {
                    return Err(MetadataError::Unusable(kind));
                }
                endpoints.set(kind, Some(text.to_owned()));
            }
        }
        let methods = list_of(&value, "code_challenge_methods_supported");
        let found = DiscoveredServer {
            issuer: self.issuer.as_str().to_owned(),
            document: document.clone(),
            endpoints,
            grants: supported(&GRANTS, list_of(&value, "grant_types_supported").as_deref()),
            client_auths: supported(
                &CLIENT_AUTHS,
                list_of(&value, "token_endpoint_auth_methods_supported").as_deref(),
            ),
            pkce: methods.map(|methods| methods.contains(&"S256")),
            scopes: list_of(&value, "scopes_supported")
                .unwrap_or_default()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            registration: text_of(&value, "registration_endpoint").map(str::to_owned),
            takes_client_documents: flag(&value, "client_id_metadata_document_supported"),
            iss_promised: flag(&value, "authorization_response_iss_parameter_supported"),
            par_required: flag(&value, "require_pushed_authorization_requests"),
            usual_auth: self.client_auth,
        };
        match needed_by(self.grant).iter().find(|kind| found.endpoints.get(**kind).is_none()) {
            Some(kind) => Err(MetadataError::Missing(*kind)),
            None => Ok(found),
        }
    }

    fn is_usable(&self, text: &str) -> bool {
        let Ok(url) = Url::parse(text) else { return false };
        let is_clear = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
        is_clear
            && is_secure(&url)
            && (url.scheme() == "https" || self.hosts_are_checked || is_loopback(self.issuer.url()))
    }
}

impl DiscoveredServer {
    /// Adds what was found to an account's settings. The account's own choices stay.
    pub fn complete(&self, settings: &mut Settings) {
        settings.overrides = self.spec().overlaid(&settings.overrides).into();
    }

    /// What was found, as an account's overrides.
    pub fn spec(&self) -> ProviderSpec {
        let is_listed = self.client_auths.contains(&self.usual_auth)
            || (self.usual_auth == ClientAuth::BasicRaw && self.client_auths.contains(&ClientAuth::Basic));
        ProviderSpec {
            endpoints: self.endpoints.clone(),
            client_auth: if is_listed { None } else { self.client_auths.first().copied() },
            pkce: self.pkce.filter(|supported| !supported),
            iss_promised: self.iss_promised.then_some(true),
            par: (self.par_required && self.endpoints.par.is_some()).then_some(true),
            ..ProviderSpec::default()
        }
    }
}

fn needed_by(grant: GrantType) -> &'static [EndpointKind] {
    match grant {
        GrantType::AuthorizationCode => &[EndpointKind::Token, EndpointKind::Authorize],
        GrantType::DeviceCode => &[EndpointKind::Token, EndpointKind::Device],
        GrantType::ClientCredentials | GrantType::Password | GrantType::JwtBearer | GrantType::Login => {
            &[EndpointKind::Token]
        }
        GrantType::ApiKey | GrantType::Basic => &[],
    }
}

/// The listed names that are known here, in the order of `names`.
fn supported<T: Copy>(names: &[(T, &str)], listed: Option<&[&str]>) -> Vec<T> {
    let listed = listed.unwrap_or_default();
    names.iter().filter(|(_, name)| listed.contains(name)).map(|(value, _)| *value).collect()
}

fn text_of<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    let text = value.get(name)?.as_str()?;
    (!text.is_empty() && text.len() <= TEXT_MAX_BYTES).then_some(text)
}

fn list_of<'v>(value: &'v Value, name: &str) -> Option<Vec<&'v str>> {
    let items = value.get(name)?.as_array()?.iter().filter_map(Value::as_str);
    Some(items.filter(|item| item.len() <= TEXT_MAX_BYTES).take(LIST_MAX).collect())
}

/// Reads a flag. Some servers send it as text.
fn flag(value: &Value, name: &str) -> bool {
    match value.get(name) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

impl From<IssuerError> for ProviderError {
    fn from(error: IssuerError) -> Self {
        Self::Issuer(error)
    }
}

#[cfg(test)]
#[path = "discovery_tests.rs"]
mod tests;
