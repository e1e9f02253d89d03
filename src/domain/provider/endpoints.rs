//! The endpoints of an authorization server, checked before anything is sent there.
//!
//! Invariant: every endpoint is https, or plain http on this computer, and has neither a user nor a fragment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use super::ProviderError;
use super::facts::{self, FactSource};
use crate::domain::secure_url::is_secure;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointKind {
    Authorize,
    Token,
    Device,
    Par,
    Revoke,
    Introspect,
    UserInfo,
    Jwks,
    Refresh,
}

impl EndpointKind {
    /// All of them, the most common first.
    pub const ALL: [Self; 9] = [
        Self::Authorize,
        Self::Token,
        Self::Device,
        Self::Par,
        Self::Revoke,
        Self::Introspect,
        Self::UserInfo,
        Self::Jwks,
        Self::Refresh,
    ];

    /// The name within `endpoints` in files.
    pub fn name(self) -> &'static str {
        self.key().trim_start_matches("endpoints.")
    }

    /// The full key in files.
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
            Self::Refresh => "endpoints.refresh",
        }
    }
}

/// URLs of the authorization server; `{variable}` stands for one of the preset's variables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Endpoints {
    /// Authorization endpoint (RFC 6749, section 3.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorize: Option<String>,
    /// Token endpoint (RFC 6749, section 3.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Device authorization endpoint (RFC 8628, section 3.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Pushed authorization request endpoint (RFC 9126, section 2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub par: Option<String>,
    /// Revocation endpoint (RFC 7009, section 2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke: Option<String>,
    /// Introspection endpoint (RFC 7662, section 2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspect: Option<String>,
    /// `UserInfo` endpoint (`OpenID` Connect Core, section 5.3), or the provider's own "who am I" endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo: Option<String>,
    /// The issuer's keys (RFC 7517, section 5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    /// The endpoint of refreshes, if it isn't the token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh: Option<String>,
}

impl Endpoints {
    pub fn get(&self, kind: EndpointKind) -> Option<&str> {
        match kind {
            EndpointKind::Authorize => self.authorize.as_deref(),
            EndpointKind::Token => self.token.as_deref(),
            EndpointKind::Device => self.device.as_deref(),
            EndpointKind::Par => self.par.as_deref(),
            EndpointKind::Revoke => self.revoke.as_deref(),
            EndpointKind::Introspect => self.introspect.as_deref(),
            EndpointKind::UserInfo => self.userinfo.as_deref(),
            EndpointKind::Jwks => self.jwks.as_deref(),
            EndpointKind::Refresh => self.refresh.as_deref(),
        }
    }

    pub fn set(&mut self, kind: EndpointKind, address: Option<String>) {
        let place = match kind {
            EndpointKind::Authorize => &mut self.authorize,
            EndpointKind::Token => &mut self.token,
            EndpointKind::Device => &mut self.device,
            EndpointKind::Par => &mut self.par,
            EndpointKind::Revoke => &mut self.revoke,
            EndpointKind::Introspect => &mut self.introspect,
            EndpointKind::UserInfo => &mut self.userinfo,
            EndpointKind::Jwks => &mut self.jwks,
            EndpointKind::Refresh => &mut self.refresh,
        };
        *place = address;
    }

    pub(super) fn overlaid(&self, over: &Self) -> Self {
        let mut laid = self.clone();
        for kind in EndpointKind::ALL {
            if let Some(address) = over.get(kind) {
                laid.set(kind, Some(address.to_owned()));
            }
        }
        laid
    }
}

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
    /// `UserInfo`, or the provider's own "who am I" endpoint.
    pub userinfo: Option<Url>,
    /// The issuer's keys (RFC 7517).
    pub jwks: Option<Url>,
    /// Refreshes, if not at the token endpoint.
    pub refresh: Option<Url>,
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
            refresh: given(EndpointKind::Refresh)?,
        })
    }
}

/// The maximum length of a template, in bytes; variables in a longer text stay.
const TEMPLATE_MAX_BYTES: usize = 8 * 1024;

pub(in crate::domain) fn filled(template: &str, values: &BTreeMap<&str, String>) -> String {
    let text = template.trim().to_owned();
    if text.len() > TEMPLATE_MAX_BYTES {
        return text;
    }
    values.iter().fold(text, |text, (name, value)| match value.split_once("://") {
        // A server with a scheme of its own, such as http on this computer.
        Some((_, server)) => {
            text.replace(&format!("https://{{{name}}}"), value).replace(&format!("{{{name}}}"), server)
        }
        None => text.replace(&format!("{{{name}}}"), value),
    })
}

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
    if let Some(name) = facts::names_in(&text).next() {
        return Err(ProviderError::NotAVariable { key: kind.key(), name: name.to_owned() });
    }
    checked(&text).map_err(|flaw| match flaw {
        UrlFlaw::Invalid => ProviderError::EndpointInvalid(kind),
        UrlFlaw::Insecure => ProviderError::EndpointInsecure(kind),
    })
}

/// Like [`read`], for the API's base URL: it receives the token, so the same rule applies. Facts stay in
/// braces until they are known.
pub(in crate::domain) fn read_base_url(
    template: &str,
    values: &BTreeMap<&str, String>,
    sources: &BTreeMap<String, FactSource>,
) -> Result<String, ProviderError> {
    let text = filled(template, values);
    if let Some(name) = facts::names_in(&text).find(|name| !sources.contains_key(*name)) {
        return Err(ProviderError::NotAVariable { key: "api.base_url", name: name.to_owned() });
    }
    if text.contains('{') {
        return if facts::may_stand(&text) { Ok(text) } else { Err(ProviderError::ApiBaseUrlInvalid) };
    }
    checked(&text).map(|_| text).map_err(|flaw| match flaw {
        UrlFlaw::Invalid => ProviderError::ApiBaseUrlInvalid,
        UrlFlaw::Insecure => ProviderError::ApiBaseUrlInsecure,
    })
}

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

pub(in crate::domain) fn filled_in(
    params: BTreeMap<String, String>,
    values: &BTreeMap<&str, String>,
) -> BTreeMap<String, String> {
    params.into_iter().map(|(name, value)| (name, filled(&value, values))).collect()
}
