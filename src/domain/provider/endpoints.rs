//! The addresses of an authorization server, checked before anything is sent there.
//!
//! Owns the step from a template to an address. Invariant: every address is https, or plain http on
//! this machine itself, and holds neither a user nor a fragment.

use std::collections::BTreeMap;

use url::Url;

use super::ProviderError;
use super::spec::Endpoints;
use crate::domain::secure_url::is_secure;

/// Which endpoint an error speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointKind {
    /// The authorization endpoint.
    Authorize,
    /// The token endpoint.
    Token,
    /// The device authorization endpoint.
    Device,
    /// The pushed authorization request endpoint.
    Par,
    /// The revocation endpoint.
    Revoke,
    /// The introspection endpoint.
    Introspect,
    /// The `UserInfo` endpoint.
    UserInfo,
    /// The issuer's keys.
    Jwks,
}

impl EndpointKind {
    /// All of them, the usual ones first.
    pub const ALL: [Self; 8] = [
        Self::Authorize,
        Self::Token,
        Self::Device,
        Self::Par,
        Self::Revoke,
        Self::Introspect,
        Self::UserInfo,
        Self::Jwks,
    ];

    /// The name in files, within `endpoints`.
    pub fn name(self) -> &'static str {
        self.key().trim_start_matches("endpoints.")
    }

    /// The key in files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Authorize => "endpoints.authorize",
            Self::Token => "endpoints.token",
            Self::Device => "endpoints.device",
            Self::Par => "endpoints.par",
            Self::Revoke => "endpoints.revoke",
            Self::Introspect => "endpoints.introspect",
            Self::UserInfo => "endpoints.userinfo",
            Self::Jwks => "endpoints.jwks",
        }
    }
}

/// Endpoints that not every provider has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MoreEndpoints {
    /// Device authorization (RFC 8628).
    pub device: Option<Url>,
    /// Pushed authorization requests (RFC 9126).
    pub par: Option<Url>,
    /// Revocation (RFC 7009).
    pub revoke: Option<Url>,
    /// Introspection (RFC 7662).
    pub introspect: Option<Url>,
    /// `UserInfo`, or the provider's own "who am I" address.
    pub userinfo: Option<Url>,
    /// The issuer's keys (RFC 7517).
    pub jwks: Option<Url>,
}

impl MoreEndpoints {
    pub(in crate::domain) fn resolve(
        endpoints: &Endpoints,
        values: &BTreeMap<&str, String>,
    ) -> Result<Self, ProviderError> {
        let given = |kind| endpoints.get(kind).map(|template| read(kind, Some(template), values)).transpose();
        Ok(Self {
            device: given(EndpointKind::Device)?,
            par: given(EndpointKind::Par)?,
            revoke: given(EndpointKind::Revoke)?,
            introspect: given(EndpointKind::Introspect)?,
            userinfo: given(EndpointKind::UserInfo)?,
            jwks: given(EndpointKind::Jwks)?,
        })
    }
}

/// The longest text whose variables are filled in, in bytes; a longer one is no template.
const TEMPLATE_MAX_BYTES: usize = 8 * 1024;

/// A template with the variables' values in it.
pub(in crate::domain) fn filled(template: &str, values: &BTreeMap<&str, String>) -> String {
    let text = template.trim().to_owned();
    if text.len() > TEMPLATE_MAX_BYTES {
        return text;
    }
    values.iter().fold(text, |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// Fills in the variables and checks the address.
pub(in crate::domain) fn read(
    kind: EndpointKind,
    template: Option<&str>,
    values: &BTreeMap<&str, String>,
) -> Result<Url, ProviderError> {
    let template = template.ok_or(ProviderError::EndpointMissing(kind))?;
    if template.len() > TEMPLATE_MAX_BYTES {
        return Err(ProviderError::EndpointInvalid(kind));
    }
    let text = filled(template, values);
    checked(&text).map_err(|flaw| match flaw {
        UrlFlaw::Invalid => ProviderError::EndpointInvalid(kind),
        UrlFlaw::Insecure => ProviderError::EndpointInsecure(kind),
    })
}

/// The API's base URL, which gets the token: held to the same rule as the endpoints.
pub(in crate::domain) fn read_base_url(
    template: &str,
    values: &BTreeMap<&str, String>,
) -> Result<String, ProviderError> {
    let text = filled(template, values);
    checked(&text).map(|_| text).map_err(|flaw| match flaw {
        UrlFlaw::Invalid => ProviderError::ApiBaseUrlInvalid,
        UrlFlaw::Insecure => ProviderError::ApiBaseUrlInsecure,
    })
}

/// Why nothing may be sent to a URL.
enum UrlFlaw {
    Invalid,
    Insecure,
}

fn checked(text: &str) -> Result<Url, UrlFlaw> {
    let url = Url::parse(text).map_err(|_| UrlFlaw::Invalid)?;
    if url.host().is_none()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(UrlFlaw::Invalid);
    }
    if is_secure(&url) { Ok(url) } else { Err(UrlFlaw::Insecure) }
}

/// The values of parameters, with the variables filled in.
pub(in crate::domain) fn filled_in(
    params: BTreeMap<String, String>,
    values: &BTreeMap<&str, String>,
) -> BTreeMap<String, String> {
    params.into_iter().map(|(name, value)| (name, filled(&value, values))).collect()
}
