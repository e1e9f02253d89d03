//! Token requests (RFC 6749, sections 4.1.3, 4.3.2, 4.4.2 and 6), and other client requests, built in full
//! before anything is sent.
//!
//! Decides where each value goes: header or body, form or JSON. Invariant: extra parameters and headers only
//! add to a request; they never change the authentication or the grant, and header injection is impossible.

use chrono::DateTime;
use serde::{Serialize, Serializer};
use url::Url;
use zeroize::Zeroizing;

use super::authorize::is_same_name;
use super::client_auth::{self, ClientAuthentication};
use super::extra_params;
use super::grant_type::GrantType;
pub use super::http_request::RequestError;
use super::http_request::{HttpRequest, Method, form};
use super::jose::{AssertionSeed, assertion};
use super::token_syntax::is_header_name;
use crate::base::secret::{AuthCode, CodeVerifier, DeviceCode, RefreshToken, SecretText};
use crate::domain::account::Client;
use crate::domain::provider::Provider;
use crate::domain::provider::param_names;
use crate::domain::provider::spec::{BodyFormat, ClientAuth};
use crate::domain::token::held_key;

/// Parameters that a provider's extra ones can't set.
const RESERVED: [&str; 13] = [
    "grant_type",
    "assertion",
    "client_assertion",
    "client_assertion_type",
    "code",
    "device_code",
    "redirect_uri",
    "code_verifier",
    "client_id",
    "client_secret",
    "username",
    "password",
    "refresh_token",
];

/// The JWT bearer grant's `grant_type` (RFC 7523, section 2.1).
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Headers that belong to the connection (RFC 9110, section 7.6.1; RFC 9112, section 6).
const FRAMING: [&str; 8] =
    ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"];

const FORM: &str = "application/x-www-form-urlencoded";

#[derive(Debug, Clone, Copy)]
pub enum GrantRequest<'a> {
    /// An authorization code (section 4.1.3).
    Code {
        code: &'a AuthCode,
        /// The exact redirect URI of the authorization request.
        redirect_uri: &'a str,
        /// The PKCE verifier, if a challenge was sent.
        verifier: Option<&'a CodeVerifier>,
    },
    /// Client credentials (section 4.4.2).
    ClientCredentials,
    /// A user name and a password (section 4.3.2).
    Password,
    /// An assertion signed by the client's key (RFC 7523, section 2.1).
    JwtBearer,
    /// A device code (RFC 8628, section 3.4).
    DeviceCode { code: &'a DeviceCode },
    /// A refresh token (section 6).
    Refresh { token: &'a RefreshToken },
    /// A user name and a password, as an endpoint of the provider's own expects them.
    Login,
}

/// Checks that an account has what its first token request needs, or the key that it holds.
pub fn check(provider: &Provider, client: &Client) -> Result<(), RequestError> {
    if provider.grant.is_key() {
        return held_key::check(provider, client);
    }
    let code = AuthCode::new("code".to_owned());
    let device_code = DeviceCode::new("code".to_owned());
    let grant_request = match provider.grant {
        GrantType::AuthorizationCode => GrantRequest::Code { code: &code, redirect_uri: "", verifier: None },
        GrantType::ClientCredentials => GrantRequest::ClientCredentials,
        GrantType::Password => GrantRequest::Password,
        GrantType::DeviceCode => GrantRequest::DeviceCode { code: &device_code },
        GrantType::JwtBearer => GrantRequest::JwtBearer,
        GrantType::Login | GrantType::ApiKey | GrantType::Basic => GrantRequest::Login,
    };
    // Sign once, without sending, to detect a key that can't sign.
    let fresh = AssertionSeed { now: DateTime::UNIX_EPOCH, id: [0; 16] };
    build(provider, client, &grant_request, &fresh).map(drop)
}

pub fn build(
    provider: &Provider,
    client: &Client,
    grant_request: &GrantRequest<'_>,
    fresh: &AssertionSeed,
) -> Result<HttpRequest, RequestError> {
    let scope = provider.scopes.join(&provider.scope_separator);
    let is_login = matches!(grant_request, GrantRequest::Login);
    let authentication =
        (!is_login).then(|| ClientAuthentication::new(provider, client, fresh)).transpose()?;
    let grant = match grant_request {
        GrantRequest::JwtBearer => {
            let key = client_auth::key(provider, client)?;
            Some(assertion::of_grant(provider, &client.client_id, &scope, &key, fresh)?)
        }
        _ => None,
    };
    let mut pairs = grant_params(provider, client, grant_request, &scope)?;
    pairs.extend(grant.as_ref().map(|grant| ("assertion", grant.expose())));
    let redirect_uri = provider.redirect_uri.to_string();
    if matches!(grant_request, GrantRequest::Refresh { .. }) && provider.refresh.redirect_uri == Some(true) {
        pairs.push(("redirect_uri", &redirect_uri));
    }
    // An assertion used as a grant also identifies the client (RFC 7521, section 4.1).
    let authorization = match &authentication {
        Some(authentication) if grant.is_none() || provider.client_auth != ClientAuth::None => {
            authentication.add_credentials(provider, client, &mut pairs)?
        }
        _ => None,
    };
    param_names::rename(&provider.names, &mut pairs);
    let is_refresh = matches!(grant_request, GrantRequest::Refresh { .. });
    let of_refresh = extra_params::merged(&provider.refresh_params, &client.refresh_params);
    let of_refresh: Vec<(&str, &str)> = of_refresh.filter(|_| is_refresh).collect();
    let is_replaced = |name: &str| of_refresh.iter().any(|(other, _)| *other == name);
    let of_both = extra_params::merged(&provider.token_params, &client.token_params);
    let extra = of_both
        .filter(|(name, _)| !is_replaced(name))
        .chain(of_refresh.iter().copied().filter(|(_, value)| !value.is_empty()));
    for (name, value) in extra {
        if !pairs.iter().map(|(ours, _)| *ours).chain(RESERVED).any(|ours| is_same_name(name, ours)) {
            pairs.push((name, value));
        }
    }
    let own = provider.more.refresh.as_ref().filter(|_| is_refresh);
    let url = own.or(provider.token.as_ref()).ok_or(RequestError::Missing("endpoints.token"))?;
    let (content_type, body) = match provider.body_format {
        BodyFormat::Form => (Some(FORM), form(&pairs)),
        BodyFormat::Json => (Some("application/json"), json(&pairs)),
        BodyFormat::Query => (None, form(&pairs)),
    };
    let in_query = provider.body_format == BodyFormat::Query;
    let request = post(provider, client, url.clone(), content_type, authorization, body)?;
    Ok(HttpRequest { in_query, ..request })
}

/// Builds a form request to another endpoint that authenticates the client like the token endpoint:
/// revocation (RFC 7009, section 2.1), introspection (RFC 7662, section 2.1), device authorization (RFC 8628,
/// section 3.1), pushed authorization (RFC 9126, section 2.1).
pub fn build_for(
    endpoint: &Url,
    provider: &Provider,
    client: &Client,
    pairs: &[(&str, &str)],
    fresh: &AssertionSeed,
) -> Result<HttpRequest, RequestError> {
    let authentication = ClientAuthentication::new(provider, client, fresh)?;
    let mut pairs = pairs.to_vec();
    let authorization = authentication.add_credentials(provider, client, &mut pairs)?;
    param_names::rename(&provider.names, &mut pairs);
    post(provider, client, endpoint.clone(), Some(FORM), authorization, form(&pairs))
}

fn post(
    provider: &Provider,
    client: &Client,
    url: Url,
    content_type: Option<&str>,
    authorization: Option<SecretText>,
    body: SecretText,
) -> Result<HttpRequest, RequestError> {
    let mut headers = Headers::default();
    if let Some(content_type) = content_type {
        headers.set("Content-Type", SecretText::new(content_type.to_owned()));
    }
    headers.set("Accept", SecretText::new("application/json".to_owned()));
    for (name, value) in &provider.request_headers {
        headers.add(name, value, "request_headers")?;
    }
    for (name, value) in &client.headers {
        headers.add(name, value.expose(), "headers")?;
    }
    if let Some(value) = authorization {
        headers.set("Authorization", value);
    }
    Ok(HttpRequest { method: Method::Post, url, headers: headers.0, body, in_query: false })
}

fn grant_params<'a>(
    provider: &'a Provider,
    client: &'a Client,
    grant_request: &GrantRequest<'a>,
    scope: &'a str,
) -> Result<Vec<(&'a str, &'a str)>, RequestError> {
    let mut pairs = Vec::with_capacity(8);
    match grant_request {
        GrantRequest::Code { code, redirect_uri, verifier } => {
            pairs.push(("grant_type", "authorization_code"));
            pairs.push(("code", code.expose()));
            pairs.push(("redirect_uri", redirect_uri));
            pairs.extend(verifier.map(|verifier| ("code_verifier", verifier.expose())));
        }
        GrantRequest::ClientCredentials => pairs.push(("grant_type", &provider.client_credentials_as)),
        GrantRequest::Password | GrantRequest::Login => {
            let (username, password) = held_key::username_and_password(client)?;
            pairs.extend(
                matches!(grant_request, GrantRequest::Password).then_some(("grant_type", "password")),
            );
            pairs.push(("username", username));
            pairs.push(("password", password.expose()));
        }
        GrantRequest::DeviceCode { code } => {
            pairs.push(("grant_type", "urn:ietf:params:oauth:grant-type:device_code"));
            pairs.push(("device_code", code.expose()));
        }
        GrantRequest::JwtBearer => pairs.push(("grant_type", JWT_BEARER)),
        GrantRequest::Refresh { token } => {
            pairs.push(("grant_type", "refresh_token"));
            pairs.push(("refresh_token", token.expose()));
        }
    }
    // A code already includes scope and audience, and a refresh without them keeps them (section 6). A
    // resource is sent each time (RFC 8707, section 2.2).
    if matches!(
        grant_request,
        GrantRequest::ClientCredentials
            | GrantRequest::Password
            | GrantRequest::JwtBearer
            | GrantRequest::Login
    ) {
        pairs.extend((!scope.is_empty()).then_some(("scope", scope)));
        pairs.extend(provider.audience.as_deref().map(|audience| ("audience", audience)));
    }
    pairs.extend(provider.resource.iter().map(|resource| ("resource", resource.as_str())));
    Ok(pairs)
}

fn json(pairs: &[(&str, &str)]) -> SecretText {
    // Large enough never to grow: a byte becomes at most six.
    let capacity = pairs.iter().map(|(name, value)| 6 * (name.len() + value.len() + 1)).sum::<usize>() + 2;
    let mut body = Zeroizing::new(Vec::with_capacity(capacity));
    // Neither the parameters nor the buffer can make it fail.
    let _ = serde_json::to_writer(&mut *body, &Parameters(pairs));
    SecretText::new(String::from_utf8(std::mem::take(&mut *body)).unwrap_or_default())
}

/// Serializes as a map. A name that is repeated, such as `resource`, has a list.
struct Parameters<'a>(&'a [(&'a str, &'a str)]);

impl Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let groups = self.0.chunk_by(|(one, _), (other, _)| one == other);
        serializer.collect_map(groups.map(|group| (group[0].0, Values(group))))
    }
}

struct Values<'a>(&'a [(&'a str, &'a str)]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [(_, value)] => serializer.serialize_str(value),
            several => serializer.collect_seq(several.iter().map(|(_, value)| value)),
        }
    }
}

/// Headers by name, ignoring case. A later one replaces an earlier one.
#[derive(Default)]
struct Headers(Vec<(String, SecretText)>);

impl Headers {
    fn set(&mut self, name: &str, value: SecretText) {
        self.0.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.0.push((name.to_owned(), value));
    }

    /// Adds a header of a provider or an account. `key` names its origin for errors.
    fn add(&mut self, name: &str, value: &str, key: &'static str) -> Result<(), RequestError> {
        let (name, value) = (name.trim(), value.trim());
        if !is_header_name(name) || FRAMING.iter().any(|framing| framing.eq_ignore_ascii_case(name)) {
            return Err(RequestError::Unusable(key));
        }
        if !value.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b)) {
            return Err(RequestError::Unusable(key));
        }
        // An empty field in a form means no header.
        if !value.is_empty() {
            self.set(name, SecretText::new(value.to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "token_request_tests.rs"]
mod tests;
