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
use crate::domain::provider::spec::{BodyFormat, ClientAuth};

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
}

/// Checks that an account has what its first token request needs.
pub fn check(provider: &Provider, client: &Client) -> Result<(), RequestError> {
    let code = AuthCode::new("code".to_owned());
    let device_code = DeviceCode::new("code".to_owned());
    let grant_request = match provider.grant {
        GrantType::AuthorizationCode => GrantRequest::Code { code: &code, redirect_uri: "", verifier: None },
        GrantType::ClientCredentials => GrantRequest::ClientCredentials,
        GrantType::Password => GrantRequest::Password,
        GrantType::DeviceCode => GrantRequest::DeviceCode { code: &device_code },
        GrantType::JwtBearer => GrantRequest::JwtBearer,
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
    let authentication = ClientAuthentication::new(provider, client, fresh)?;
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
    let authorization = if grant.is_some() && provider.client_auth == ClientAuth::None {
        None
    } else {
        authentication.add_credentials(provider, client, &mut pairs)?
    };
    for (name, value) in extra_params::merged(&provider.token_params, &client.token_params) {
        if !pairs.iter().map(|(ours, _)| *ours).chain(RESERVED).any(|ours| is_same_name(name, ours)) {
            pairs.push((name, value));
        }
    }
    let (content_type, body) = match provider.body_format {
        BodyFormat::Form => (FORM, form(&pairs)),
        BodyFormat::Json => ("application/json", json(&pairs)),
    };
    post(provider, client, provider.token.clone(), content_type, authorization, body)
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
    post(provider, client, endpoint.clone(), FORM, authorization, form(&pairs))
}

fn post(
    provider: &Provider,
    client: &Client,
    url: Url,
    content_type: &str,
    authorization: Option<SecretText>,
    body: SecretText,
) -> Result<HttpRequest, RequestError> {
    let mut headers = Headers::default();
    headers.set("Content-Type", SecretText::new(content_type.to_owned()));
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
    Ok(HttpRequest { method: Method::Post, url, headers: headers.0, body })
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
        GrantRequest::Password => {
            let username = client.username.as_deref().filter(|name| !name.is_empty());
            let password = client.password.as_ref().filter(|password| !password.is_empty());
            pairs.push(("grant_type", "password"));
            pairs.push(("username", username.ok_or(RequestError::Missing("username"))?));
            pairs.push(("password", password.ok_or(RequestError::Missing("password"))?.expose()));
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
        GrantRequest::ClientCredentials | GrantRequest::Password | GrantRequest::JwtBearer
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
