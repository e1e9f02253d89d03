//! The addresses of an authorization server, checked before anything is sent there.
//!
//! Owns the step from a template to an address. Invariant: every address is https, or plain http on
//! this machine itself, and holds neither a user nor a fragment.

use std::collections::BTreeMap;

use url::Url;

use super::address::is_secure;
use super::provider::ProviderError;
use super::spec::Endpoints;

/// Which endpoint an error speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    pub(super) fn resolve(
        endpoints: &Endpoints,
        values: &BTreeMap<&str, String>,
    ) -> Result<Self, ProviderError> {
        let given =
            |kind, template: Option<&String>| template.map(|text| read(kind, Some(text), values)).transpose();
        Ok(Self {
            device: given(EndpointKind::Device, endpoints.device.as_ref())?,
            par: given(EndpointKind::Par, endpoints.par.as_ref())?,
            revoke: given(EndpointKind::Revoke, endpoints.revoke.as_ref())?,
            introspect: given(EndpointKind::Introspect, endpoints.introspect.as_ref())?,
            userinfo: given(EndpointKind::UserInfo, endpoints.userinfo.as_ref())?,
            jwks: given(EndpointKind::Jwks, endpoints.jwks.as_ref())?,
        })
    }
}

/// Fills in the variables and checks the address.
pub(super) fn read(
    kind: EndpointKind,
    template: Option<&str>,
    values: &BTreeMap<&str, String>,
) -> Result<Url, ProviderError> {
    let mut text = template.ok_or(ProviderError::EndpointMissing(kind))?.trim().to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    let url = Url::parse(&text).map_err(|_| ProviderError::EndpointInvalid(kind))?;
    if url.host().is_none()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(ProviderError::EndpointInvalid(kind));
    }
    if is_secure(&url) { Ok(url) } else { Err(ProviderError::EndpointInsecure(kind)) }
}
