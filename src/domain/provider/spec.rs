//! The ways of a provider, as data: every key a preset, a custom provider or an account may set.
//!
//! Owns the names of those keys. Invariant: each is optional, so that one spec can be laid over
//! another: a preset's, then the account's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::endpoints::EndpointKind;
use super::redirect_rule::RedirectRule;
use crate::domain::document::string_or_list::one_or_more;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::jose::KeyAlg;

/// How the client proves who it is at the token endpoint (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// HTTP Basic; ID and secret form-encoded first, as the RFC asks.
    Basic,
    /// HTTP Basic with ID and secret as they are, as some servers want.
    BasicRaw,
    /// `client_id` and `client_secret` in the body.
    Body,
    /// `client_id` in the body and no secret: a public client.
    None,
    /// An assertion signed by the client's private key (RFC 7523, section 2.2).
    PrivateKeyJwt,
    /// An assertion under the client secret (`OpenID` Connect Core, section 9).
    ClientSecretJwt,
}

impl ClientAuth {
    /// What a grant usually goes with. The JWT bearer grant's assertion says by itself who asks.
    pub fn usual(grant: GrantType) -> Self {
        if grant == GrantType::JwtBearer { Self::None } else { Self::Basic }
    }
}

/// The form of a token request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded`, the standard's.
    Form,
    /// `application/json`.
    Json,
}

/// Addresses of the authorization server; a `{variable}` stands for one of the preset's variables.
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
    /// `UserInfo` endpoint (`OpenID` Connect Core, section 5.3), or the provider's own "who am I" address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo: Option<String>,
    /// The issuer's keys (RFC 7517, section 5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
}

impl Endpoints {
    /// One of the addresses.
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
        }
    }

    /// Sets or clears one of the addresses.
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
        };
        *place = address;
    }

    fn overlaid(&self, over: &Self) -> Self {
        let mut laid = self.clone();
        for kind in EndpointKind::ALL {
            if let Some(address) = over.get(kind) {
                laid.set(kind, Some(address.to_owned()));
            }
        }
        laid
    }
}

/// Where an answer keeps its values: JSON pointers (RFC 6901), tried in order before the usual names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResponsePaths {
    /// The access token.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_token: Vec<String>,
    /// The refresh token.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refresh_token: Vec<String>,
    /// The token type.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_type: Vec<String>,
    /// The life in seconds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expires_in: Vec<String>,
    /// The moment of expiry.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expires_at: Vec<String>,
    /// The granted scope.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// What stands between granted scopes, where that differs from those asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_separator: Option<String>,
    /// The error code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub error: Vec<String>,
    /// The error's description.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub error_description: Vec<String>,
}

/// Rules of refreshing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RefreshRules {
    /// How long before expiry a new token is asked for, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ahead_secs: Option<u32>,
    /// How long a used refresh token may be sent once more, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_grace_secs: Option<u32>,
    /// Life of a refresh token from its receipt, in seconds, where the server doesn't say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_life_secs: Option<u32>,
    /// Whether that life counts from the sign-in, so that a refresh, with a new refresh token or
    /// without, doesn't lengthen it; no where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub life_from_sign_in: Option<bool>,
    /// Whether the redirect URI is sent with each refresh, too, as it is registered; no where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<bool>,
    /// Error codes that say `invalid_grant` in the provider's own words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused_as: Vec<String>,
}

impl RefreshRules {
    /// Whether an error code says that the refresh token is refused for good.
    pub fn is_refusal(&self, code: &str) -> bool {
        code == "invalid_grant" || self.refused_as.iter().any(|refused| refused == code)
    }
}

/// How the provider's APIs expect the token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiUse {
    /// The header's name; `Authorization` where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The word before the token; `Bearer` where unset, nothing where empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// An address for the copied cURL line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

/// Where a person finds help; shown, never fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Help {
    /// The page on which an app is registered, or its documentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register_url: Option<String>,
    /// What to register there, in a sentence or two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    /// Where to find or renew the client ID and secret, in words that finish "Copy both again from …".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets_place: Option<String>,
}

/// Every key by which a provider's ways may differ; all optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderSpec {
    /// Grants on offer, the usual one first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<GrantType>>,
    /// Client authentication.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_auth: Option<ClientAuth>,
    /// Form of the token request's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_format: Option<BodyFormat>,
    /// Scopes to ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// What stands between scopes; a space where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_separator: Option<String>,
    /// The authorization request's parameter for scopes; `scope` where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_param: Option<String>,
    /// The provider's own word for the grant type `client_credentials`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_credentials_as: Option<String>,
    /// The redirect address; an ephemeral port on 127.0.0.1 where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// What the provider takes as a redirect address.
    #[serde(skip_serializing_if = "is_default")]
    pub redirect_rule: RedirectRule,
    /// Which of the preset's toggles are on; one that isn't named is as the preset says.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub toggles: BTreeMap<String, bool>,
    /// Whether PKCE (RFC 7636) is sent; yes where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pkce: Option<bool>,
    /// The issuer identifier (RFC 8414), compared with `iss` (RFC 9207); a `{variable}` stands for one of
    /// the preset's. Where it is there and `endpoints.token` is not, the endpoints are discovered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The issuer as the provider's metadata spells it, where that is a template of the real ones: a
    /// `{name}` stands for one part of its path, or for the ID that `issuer` has there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_template: Option<String>,
    /// Whether the server promises `iss` in every authorization response (RFC 9207, section 3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss_promised: Option<bool>,
    /// Addresses.
    pub endpoints: Endpoints,
    /// Headers of the token request that are no secret.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub request_headers: BTreeMap<String, String>,
    /// Extra parameters of the authorization request.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub authorize_params: BTreeMap<String, String>,
    /// Extra parameters of the token request.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub token_params: BTreeMap<String, String>,
    /// Whether the authorization request is pushed (RFC 9126); no where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub par: Option<bool>,
    /// Resources that the token is for (RFC 8707, section 2): one address, or a list.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_or_more")]
    pub resource: Option<Vec<String>>,
    /// The API that the token is for, as some servers ask for it in the place of `resource`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// How assertions are signed; what usually goes with the key where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_alg: Option<KeyAlg>,
    /// The key's ID (`kid`, RFC 7515, section 4.1.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Whom assertions are addressed to (`aud`): `token_endpoint`, which it is where unset; `issuer`, as
    /// newer servers want it; or a text of the server's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assertion_audience: Option<String>,
    /// Claims of the JWT bearer grant's assertion, besides the usual or in their place; an empty text
    /// leaves the usual one out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub assertion_claims: BTreeMap<String, String>,
    /// Where an answer keeps its values.
    pub response: ResponsePaths,
    /// Rules of refreshing.
    pub refresh: RefreshRules,
    /// How APIs expect the token.
    pub api: ApiUse,
    /// The provider's error codes (an `error` value, a numeric code, or an HTTP status) in words.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, String>,
    /// Help for people.
    pub help: Help,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl ProviderSpec {
    /// This spec with another laid over it: a key that the other sets wins, a map is merged by key.
    #[must_use]
    pub fn overlaid(&self, over: &Self) -> Self {
        fn one<T: Clone>(under: Option<&T>, over: Option<&T>) -> Option<T> {
            over.or(under).cloned()
        }
        fn list(under: &[String], over: &[String]) -> Vec<String> {
            if over.is_empty() { under } else { over }.to_vec()
        }
        fn map<T: Clone>(under: &BTreeMap<String, T>, over: &BTreeMap<String, T>) -> BTreeMap<String, T> {
            under.iter().chain(over).map(|(key, value)| (key.clone(), value.clone())).collect()
        }
        Self {
            grants: one(self.grants.as_ref(), over.grants.as_ref()),
            client_auth: one(self.client_auth.as_ref(), over.client_auth.as_ref()),
            body_format: one(self.body_format.as_ref(), over.body_format.as_ref()),
            scopes: one(self.scopes.as_ref(), over.scopes.as_ref()),
            scope_separator: one(self.scope_separator.as_ref(), over.scope_separator.as_ref()),
            scope_param: one(self.scope_param.as_ref(), over.scope_param.as_ref()),
            client_credentials_as: one(
                self.client_credentials_as.as_ref(),
                over.client_credentials_as.as_ref(),
            ),
            redirect_uri: one(self.redirect_uri.as_ref(), over.redirect_uri.as_ref()),
            redirect_rule: self.redirect_rule.overlaid(&over.redirect_rule),
            toggles: map(&self.toggles, &over.toggles),
            pkce: one(self.pkce.as_ref(), over.pkce.as_ref()),
            issuer: one(self.issuer.as_ref(), over.issuer.as_ref()),
            issuer_template: one(self.issuer_template.as_ref(), over.issuer_template.as_ref()),
            iss_promised: one(self.iss_promised.as_ref(), over.iss_promised.as_ref()),
            endpoints: self.endpoints.overlaid(&over.endpoints),
            request_headers: map(&self.request_headers, &over.request_headers),
            authorize_params: map(&self.authorize_params, &over.authorize_params),
            token_params: map(&self.token_params, &over.token_params),
            par: one(self.par.as_ref(), over.par.as_ref()),
            resource: one(self.resource.as_ref(), over.resource.as_ref()),
            audience: one(self.audience.as_ref(), over.audience.as_ref()),
            key_alg: one(self.key_alg.as_ref(), over.key_alg.as_ref()),
            key_id: one(self.key_id.as_ref(), over.key_id.as_ref()),
            assertion_audience: one(self.assertion_audience.as_ref(), over.assertion_audience.as_ref()),
            assertion_claims: map(&self.assertion_claims, &over.assertion_claims),
            response: ResponsePaths {
                access_token: list(&self.response.access_token, &over.response.access_token),
                refresh_token: list(&self.response.refresh_token, &over.response.refresh_token),
                token_type: list(&self.response.token_type, &over.response.token_type),
                expires_in: list(&self.response.expires_in, &over.response.expires_in),
                expires_at: list(&self.response.expires_at, &over.response.expires_at),
                scope: list(&self.response.scope, &over.response.scope),
                scope_separator: one(
                    self.response.scope_separator.as_ref(),
                    over.response.scope_separator.as_ref(),
                ),
                error: list(&self.response.error, &over.response.error),
                error_description: list(&self.response.error_description, &over.response.error_description),
            },
            refresh: RefreshRules {
                ahead_secs: one(self.refresh.ahead_secs.as_ref(), over.refresh.ahead_secs.as_ref()),
                retry_grace_secs: one(
                    self.refresh.retry_grace_secs.as_ref(),
                    over.refresh.retry_grace_secs.as_ref(),
                ),
                refresh_token_life_secs: one(
                    self.refresh.refresh_token_life_secs.as_ref(),
                    over.refresh.refresh_token_life_secs.as_ref(),
                ),
                life_from_sign_in: over.refresh.life_from_sign_in.or(self.refresh.life_from_sign_in),
                redirect_uri: over.refresh.redirect_uri.or(self.refresh.redirect_uri),
                refused_as: list(&self.refresh.refused_as, &over.refresh.refused_as),
            },
            api: ApiUse {
                header: one(self.api.header.as_ref(), over.api.header.as_ref()),
                scheme: one(self.api.scheme.as_ref(), over.api.scheme.as_ref()),
                base_url: one(self.api.base_url.as_ref(), over.api.base_url.as_ref()),
            },
            errors: map(&self.errors, &over.errors),
            help: Help {
                register_url: one(self.help.register_url.as_ref(), over.help.register_url.as_ref()),
                register: one(self.help.register.as_ref(), over.help.register.as_ref()),
                secrets_place: one(self.help.secrets_place.as_ref(), over.help.secrets_place.as_ref()),
            },
        }
    }
}
