//! A provider's settings as data: every key that a preset, a custom provider or an account may set.
//!
//! Invariant: every key is optional, so that specs can be merged: a preset's, then the account's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::endpoints::Endpoints;
use super::facts::FactSource;
use super::redirect_rule::RedirectRule;
use crate::domain::document::string_or_list::one_or_more;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::jose::KeyAlg;

/// A client authentication method (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// HTTP Basic; ID and secret are form-encoded first, as the RFC requires.
    Basic,
    /// HTTP Basic with ID and secret unencoded, as some servers expect.
    BasicRaw,
    /// `client_id` and `client_secret` in the body.
    Body,
    /// `client_id` in the body and no secret: a public client.
    None,
    /// An assertion signed by the client's private key (RFC 7523, section 2.2).
    PrivateKeyJwt,
    /// An assertion signed with the client secret (`OpenID` Connect Core, section 9).
    ClientSecretJwt,
}

impl ClientAuth {
    /// The default of a grant. The JWT bearer grant's assertion already identifies the client.
    pub fn usual(grant: GrantType) -> Self {
        if grant == GrantType::JwtBearer { Self::None } else { Self::Basic }
    }
}

/// Where the client of an account comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientSource {
    /// Keyfob registered it (RFC 7591).
    Registered,
    /// Its ID is the URL of a client ID metadata document.
    Document,
    /// The user registered it and gave its ID.
    Given,
}

impl ClientSource {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Document => "document",
            Self::Given => "given",
        }
    }
}

/// The format of a token request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded`, the standard's.
    Form,
    /// `application/json`.
    Json,
    /// A POST without a body, whose parameters are in the URL's query.
    Query,
}

/// The paths of values in a response: JSON pointers (RFC 6901), tried in order before the standard names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ResponsePaths {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_token: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refresh_token: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_type: Vec<String>,
    /// The lifetime in seconds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expires_in: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expires_at: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// The separator of granted scopes, if it differs from that of requested ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_separator: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub error: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub error_description: Vec<String>,
    /// The refresh token's lifetime in seconds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refresh_expires_in: Vec<String>,
    /// The access token's lifetime in seconds if the server states none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumed_life_secs: Option<u32>,
}

impl ResponsePaths {
    fn overlaid(&self, over: &Self) -> Self {
        Self {
            access_token: list(&self.access_token, &over.access_token),
            refresh_token: list(&self.refresh_token, &over.refresh_token),
            token_type: list(&self.token_type, &over.token_type),
            expires_in: list(&self.expires_in, &over.expires_in),
            expires_at: list(&self.expires_at, &over.expires_at),
            scope: list(&self.scope, &over.scope),
            scope_separator: one(self.scope_separator.as_ref(), over.scope_separator.as_ref()),
            error: list(&self.error, &over.error),
            error_description: list(&self.error_description, &over.error_description),
            refresh_expires_in: list(&self.refresh_expires_in, &over.refresh_expires_in),
            assumed_life_secs: one(self.assumed_life_secs.as_ref(), over.assumed_life_secs.as_ref()),
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RefreshRules {
    /// How long before expiry a token is refreshed, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ahead_secs: Option<u32>,
    /// How long a used refresh token may be sent again, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_grace_secs: Option<u32>,
    /// The lifetime of a refresh token from its receipt, in seconds, if the server doesn't say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_life_secs: Option<u32>,
    /// That lifetime counts from the sign-in, so no refresh extends it, even with a new refresh token; false
    /// if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub life_from_sign_in: Option<bool>,
    /// The registered redirect URI is also sent with each refresh; false if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<bool>,
    /// The provider's own error codes for `invalid_grant`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused_as: Vec<String>,
    /// Seconds after the sign-in at which every refresh token ends, whatever its own lifetime is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hard_end_secs: Option<u32>,
}

impl RefreshRules {
    fn overlaid(&self, over: &Self) -> Self {
        Self {
            ahead_secs: one(self.ahead_secs.as_ref(), over.ahead_secs.as_ref()),
            retry_grace_secs: one(self.retry_grace_secs.as_ref(), over.retry_grace_secs.as_ref()),
            refresh_token_life_secs: one(
                self.refresh_token_life_secs.as_ref(),
                over.refresh_token_life_secs.as_ref(),
            ),
            life_from_sign_in: one(self.life_from_sign_in.as_ref(), over.life_from_sign_in.as_ref()),
            redirect_uri: one(self.redirect_uri.as_ref(), over.redirect_uri.as_ref()),
            refused_as: list(&self.refused_as, &over.refused_as),
            hard_end_secs: one(self.hard_end_secs.as_ref(), over.hard_end_secs.as_ref()),
        }
    }

    /// Returns true if an error code rejects the refresh token for good.
    pub fn is_refusal(&self, code: &str) -> bool {
        code == "invalid_grant" || self.refused_as.iter().any(|refused| refused == code)
    }
}

/// How the provider's APIs expect the token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiUse {
    /// The header's name; `Authorization` if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The scheme before the token; `Bearer` if unset, none if empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The query parameter that carries the token, in the place of a header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The API's base URL; `{name}` stands for a variable or for one of the account's facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

impl ApiUse {
    /// The account's header replaces the preset's query parameter, and the other way round.
    fn overlaid(&self, over: &Self) -> Self {
        let (header, query) = match (&over.header, &over.query) {
            (None, None) => (self.header.clone(), self.query.clone()),
            (header, query) => (header.clone(), query.clone()),
        };
        Self {
            header,
            scheme: one(self.scheme.as_ref(), over.scheme.as_ref()),
            query,
            base_url: one(self.base_url.as_ref(), over.base_url.as_ref()),
        }
    }
}

/// Links and texts for the user; shown, never fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Help {
    /// The page to register an app, or its documentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register_url: Option<String>,
    /// What to register there, in a sentence or two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    /// Where to find or renew the client ID and secret, as the end of "Copy both again from …".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets_place: Option<String>,
}

impl Help {
    fn overlaid(&self, over: &Self) -> Self {
        Self {
            register_url: one(self.register_url.as_ref(), over.register_url.as_ref()),
            register: one(self.register.as_ref(), over.register.as_ref()),
            secrets_place: one(self.secrets_place.as_ref(), over.secrets_place.as_ref()),
        }
    }
}

/// Every key that may differ between providers; all optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProviderSpec {
    /// The supported grants, the default one first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<GrantType>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_auth: Option<ClientAuth>,
    /// Where the client comes from, if the account was added by an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_source: Option<ClientSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_format: Option<BodyFormat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The separator between scopes; a space if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_separator: Option<String>,
    /// The authorization request's parameter for scopes; `scope` if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_param: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_credentials_as: Option<String>,
    /// The redirect URI; a free port on 127.0.0.1 if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub redirect_rule: RedirectRule,
    /// The state of the preset's toggles; one that is missing has the preset's default.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub toggles: BTreeMap<String, bool>,
    /// PKCE (RFC 7636) is sent; true if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pkce: Option<bool>,
    /// The issuer identifier (RFC 8414), compared with `iss` (RFC 9207); `{variable}` stands for one of the
    /// preset's variables. If set without `endpoints.token`, the endpoints are discovered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The issuer in the provider's metadata, if that is a template: `{name}` stands for one segment of its
    /// path, or for the ID that `issuer` has there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer_template: Option<String>,
    /// The server promises `iss` in every authorization response (RFC 9207, section 3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss_promised: Option<bool>,
    pub endpoints: Endpoints,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub request_headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub authorize_params: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub token_params: BTreeMap<String, String>,
    /// Parameters of a refresh, beside `token_params`; an empty text leaves one of those out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub refresh_params: BTreeMap<String, String>,
    /// The provider's own names of the standard parameters in requests.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// The provider's own names of the standard parameters in the authorization response.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub callback: BTreeMap<String, String>,
    /// Facts to keep from responses, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, FactSource>,
    /// The authorization request is pushed (RFC 9126); false if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub par: Option<bool>,
    /// Resources that the token is for (RFC 8707, section 2): one URL, or a list.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_or_more")]
    pub resource: Option<Vec<String>>,
    /// The API that the token is for; some servers expect this instead of `resource`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// The signature algorithm of assertions; the key type's default if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_alg: Option<KeyAlg>,
    /// The key's ID (`kid`, RFC 7515, section 4.1.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// The audience (`aud`) of assertions: `token_endpoint` (also if unset); `issuer`, as newer servers
    /// require; or the server's own text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assertion_audience: Option<String>,
    /// Claims of the JWT bearer grant's assertion, which add to the default ones or replace them; an empty
    /// text removes a claim.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub assertion_claims: BTreeMap<String, String>,
    pub response: ResponsePaths,
    pub refresh: RefreshRules,
    pub api: ApiUse,
    /// Explanations of the provider's error codes (an `error` value, a numeric code, or an HTTP status).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, String>,
    pub help: Help,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn one<T: Clone>(under: Option<&T>, over: Option<&T>) -> Option<T> {
    over.or(under).cloned()
}

fn list(under: &[String], over: &[String]) -> Vec<String> {
    if over.is_empty() { under } else { over }.to_vec()
}

fn map<T: Clone>(under: &BTreeMap<String, T>, over: &BTreeMap<String, T>) -> BTreeMap<String, T> {
    under.iter().chain(over).map(|(key, value)| (key.clone(), value.clone())).collect()
}

impl ProviderSpec {
    /// Merges this spec with another one: its keys take precedence; maps are merged by key.
    #[must_use]
    pub fn overlaid(&self, over: &Self) -> Self {
        Self {
            grants: one(self.grants.as_ref(), over.grants.as_ref()),
            client_auth: one(self.client_auth.as_ref(), over.client_auth.as_ref()),
            client_source: one(self.client_source.as_ref(), over.client_source.as_ref()),
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
            refresh_params: map(&self.refresh_params, &over.refresh_params),
            names: map(&self.names, &over.names),
            callback: map(&self.callback, &over.callback),
            facts: map(&self.facts, &over.facts),
            par: one(self.par.as_ref(), over.par.as_ref()),
            resource: one(self.resource.as_ref(), over.resource.as_ref()),
            audience: one(self.audience.as_ref(), over.audience.as_ref()),
            key_alg: one(self.key_alg.as_ref(), over.key_alg.as_ref()),
            key_id: one(self.key_id.as_ref(), over.key_id.as_ref()),
            assertion_audience: one(self.assertion_audience.as_ref(), over.assertion_audience.as_ref()),
            assertion_claims: map(&self.assertion_claims, &over.assertion_claims),
            response: self.response.overlaid(&over.response),
            refresh: self.refresh.overlaid(&over.refresh),
            api: self.api.overlaid(&over.api),
            errors: map(&self.errors, &over.errors),
            help: self.help.overlaid(&over.help),
        }
    }
}
