//! Token requests (RFC 6749, sections 4.1.3, 4.3.2, 4.4.2 and 6), and what else a client asks its server
//! for, built in full before anything is sent.
//!
//! Owns where each value goes: header or body, form or JSON. Invariant: extra parameters and headers
//! add to a request and never change what authenticates it or what it asks for; no header can be
//! broken out of.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::account::Client;
use super::grant_type::GrantType;
use super::http_request::{HttpRequest, Method, form};
use super::provider::Provider;
use super::spec::{BodyFormat, ClientAuth};
use crate::secret::{AuthCode, ClientSecret, CodeVerifier, DeviceCode, RefreshToken, Wire};

/// Parameters that a provider's extra ones may not set.
const RESERVED: [&str; 10] = [
    "grant_type",
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

/// Headers that belong to the connection (RFC 9110, section 7.6.1; RFC 9112, section 6).
const FRAMING: [&str; 8] =
    ["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"];

/// The media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";

/// What a token is asked for with.
#[derive(Debug, Clone, Copy)]
pub enum Asking<'a> {
    /// An authorization code (section 4.1.3).
    Code {
        /// The code.
        code: &'a AuthCode,
        /// The redirect URI of the authorization request, to the letter.
        redirect_uri: &'a str,
        /// The PKCE verifier, where a challenge was sent.
        verifier: Option<&'a CodeVerifier>,
    },
    /// The client's own credentials (section 4.4.2).
    ClientCredentials,
    /// A user name and a password (section 4.3.2).
    Password,
    /// A device code (RFC 8628, section 3.4).
    DeviceCode {
        /// The device code.
        code: &'a DeviceCode,
    },
    /// A refresh token (section 6).
    Refresh {
        /// The refresh token.
        token: &'a RefreshToken,
    },
}

/// Why a request can't be built; each names the value's key in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The request needs a value that the account lacks.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A value holds what the request can't carry.
    #[error("{0} holds a character that a request can't carry")]
    Unusable(&'static str),
}

/// Whether a token request of this provider needs a client secret. An app that is a public client
/// (section 2.1) has none; PKCE then takes its place, or the device code, which nobody else was given.
pub fn needs_secret(provider: &Provider) -> bool {
    let public = match provider.grant {
        GrantType::AuthorizationCode => provider.pkce,
        GrantType::DeviceCode => true,
        GrantType::ClientCredentials | GrantType::Password => false,
    };
    provider.client_auth != ClientAuth::None && !public
}

/// Whether the first request for a token can be built from what the account holds.
///
/// # Errors
/// [`RequestError`] names the value that is missing or unusable.
pub fn check(provider: &Provider, client: &Client) -> Result<(), RequestError> {
    let code = AuthCode::new("code".to_owned());
    let device_code = DeviceCode::new("code".to_owned());
    let asking = match provider.grant {
        GrantType::AuthorizationCode => Asking::Code { code: &code, redirect_uri: "", verifier: None },
        GrantType::ClientCredentials => Asking::ClientCredentials,
        GrantType::Password => Asking::Password,
        GrantType::DeviceCode => Asking::DeviceCode { code: &device_code },
    };
    build(provider, client, &asking).map(drop)
}

/// Builds the request.
///
/// # Errors
/// [`RequestError`] names the value that is missing or unusable.
pub fn build(provider: &Provider, client: &Client, asking: &Asking<'_>) -> Result<HttpRequest, RequestError> {
    let scope = provider.scopes.join(&provider.scope_separator);
    let mut pairs = asked(provider, client, asking, &scope)?;
    let authorization = authenticated(provider, client, &mut pairs)?;
    for (name, value) in &provider.token_params {
        let taken = |pair: &(&str, &str)| pair.0.eq_ignore_ascii_case(name.trim());
        if !pairs.iter().any(taken)
            && !RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name.trim()))
        {
            pairs.push((name, value));
        }
    }
    let (content_type, body) = match provider.body_format {
        BodyFormat::Form => (FORM, form(&pairs)),
        BodyFormat::Json => ("application/json", json(&pairs)),
    };
    post(provider, client, provider.token.clone(), content_type, authorization, body)
}

/// Builds a request to another endpoint at which the client proves who it is as at the token endpoint:
/// revocation (RFC 7009, section 2.1), introspection (RFC 7662, section 2.1), device authorization (RFC
/// 8628, section 3.1), pushed authorization (RFC 9126, section 2.1). Its body is a form at all of them.
///
/// # Errors
/// [`RequestError`] names the value that is missing or unusable.
pub fn build_for(
    endpoint: &Url,
    provider: &Provider,
    client: &Client,
    pairs: &[(&str, &str)],
) -> Result<HttpRequest, RequestError> {
    let mut pairs = pairs.to_vec();
    let authorization = authenticated(provider, client, &mut pairs)?;
    post(provider, client, endpoint.clone(), FORM, authorization, form(&pairs))
}

fn post(
    provider: &Provider,
    client: &Client,
    url: Url,
    content_type: &str,
    authorization: Option<Wire>,
    body: Wire,
) -> Result<HttpRequest, RequestError> {
    let mut headers = Headers::default();
    headers.set("Content-Type", Wire::new(content_type.to_owned()));
    headers.set("Accept", Wire::new("application/json".to_owned()));
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

/// The parameters of the grant.
fn asked<'a>(
    provider: &'a Provider,
    client: &'a Client,
    asking: &Asking<'a>,
    scope: &'a str,
) -> Result<Vec<(&'a str, &'a str)>, RequestError> {
    let mut pairs = Vec::with_capacity(8);
    match asking {
        Asking::Code { code, redirect_uri, verifier } => {
            pairs.push(("grant_type", "authorization_code"));
            pairs.push(("code", code.expose()));
            pairs.push(("redirect_uri", redirect_uri));
            pairs.extend(verifier.map(|verifier| ("code_verifier", verifier.expose())));
        }
        Asking::ClientCredentials => pairs.push(("grant_type", &provider.client_credentials_as)),
        Asking::Password => {
            let username = client.username.as_deref().filter(|name| !name.is_empty());
            let password = client.password.as_ref().filter(|password| !password.is_empty());
            pairs.push(("grant_type", "password"));
            pairs.push(("username", username.ok_or(RequestError::Missing("username"))?));
            pairs.push(("password", password.ok_or(RequestError::Missing("password"))?.expose()));
        }
        Asking::DeviceCode { code } => {
            pairs.push(("grant_type", "urn:ietf:params:oauth:grant-type:device_code"));
            pairs.push(("device_code", code.expose()));
        }
        Asking::Refresh { token } => {
            pairs.push(("grant_type", "refresh_token"));
            pairs.push(("refresh_token", token.expose()));
        }
    }
    // With a code the scope is already granted, and a refresh without one keeps it (section 6).
    if matches!(asking, Asking::ClientCredentials | Asking::Password) && !scope.is_empty() {
        pairs.push(("scope", scope));
    }
    Ok(pairs)
}

/// Client authentication (section 2.3.1), where the client has what it takes.
fn authenticated<'a>(
    provider: &Provider,
    client: &'a Client,
    pairs: &mut Vec<(&'a str, &'a str)>,
) -> Result<Option<Wire>, RequestError> {
    let secret = client.client_secret.as_ref().filter(|secret| !secret.is_empty());
    if client.client_id.is_empty() {
        return Err(RequestError::Missing("client_id"));
    }
    if secret.is_none() && needs_secret(provider) {
        return Err(RequestError::Missing("client_secret"));
    }
    authenticate(provider.client_auth, &client.client_id, secret, pairs)
}

/// In the body, or as the value of `Authorization`.
fn authenticate<'a>(
    auth: ClientAuth,
    id: &'a str,
    secret: Option<&'a ClientSecret>,
    pairs: &mut Vec<(&'a str, &'a str)>,
) -> Result<Option<Wire>, RequestError> {
    match (auth, secret) {
        (ClientAuth::Basic, Some(secret)) => {
            let (id, secret) = (form_encoded(id), form_encoded(secret.expose()));
            Ok(Some(basic(&id, &secret)))
        }
        (ClientAuth::BasicRaw, Some(secret)) => {
            // RFC 7617, section 2: as they are, these can't be told apart again, or not be sent.
            if id.contains(|c: char| c == ':' || c.is_control()) {
                return Err(RequestError::Unusable("client_id"));
            }
            if secret.expose().contains(char::is_control) {
                return Err(RequestError::Unusable("client_secret"));
            }
            Ok(Some(basic(id, secret.expose())))
        }
        (ClientAuth::Body, Some(secret)) => {
            pairs.push(("client_id", id));
            pairs.push(("client_secret", secret.expose()));
            Ok(None)
        }
        (ClientAuth::None, _) | (_, None) => {
            pairs.push(("client_id", id));
            Ok(None)
        }
    }
}

/// Whether the two ways of Basic send something different for this client.
pub(super) fn basic_differs(client: &Client) -> bool {
    let secret = client.client_secret.as_ref().map_or("", |secret| secret.expose());
    [client.client_id.as_str(), secret].iter().any(|text| *form_encoded(text) != **text)
}

fn basic(id: &str, secret: &str) -> Wire {
    let plain = Zeroizing::new([id, ":", secret].concat());
    let encoded = Zeroizing::new(STANDARD.encode(plain.as_bytes()));
    Wire::new(["Basic ", &encoded].concat())
}

/// Form-encoded (RFC 6749, appendix B), but a space is `%20`: every server decodes that, while some
/// take the plus sign literally.
fn form_encoded(text: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(text.len() * 3));
    for piece in form_urlencoded::byte_serialize(text.as_bytes()) {
        encoded.push_str(if piece == "+" { "%20" } else { piece });
    }
    encoded
}

fn json(pairs: &[(&str, &str)]) -> Wire {
    let mut body =
        String::with_capacity(pairs.iter().map(|(name, value)| 6 * (name.len() + value.len()) + 6).sum());
    for (name, value) in pairs {
        body.push(if body.is_empty() { '{' } else { ',' });
        push_json_string(&mut body, name);
        body.push(':');
        push_json_string(&mut body, value);
    }
    body.push('}');
    Wire::new(body)
}

/// A JSON string (RFC 8259, section 7), written in place so that no copy of a secret is left behind.
fn push_json_string(body: &mut String, text: &str) {
    body.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => body.extend(['\\', c]),
            '\0'..='\u{1f}' => {
                let code = u32::from(c);
                body.push_str("\\u00");
                body.extend(
                    [code >> 4, code & 15].into_iter().filter_map(|digit| char::from_digit(digit, 16)),
                );
            }
            _ => body.push(c),
        }
    }
    body.push('"');
}

/// Headers by name, ignoring case; a later one takes the place of an earlier one.
#[derive(Default)]
struct Headers(Vec<(String, Wire)>);

impl Headers {
    fn set(&mut self, name: &str, value: Wire) {
        self.0.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.0.push((name.to_owned(), value));
    }

    /// Adds a header of a provider or an account; `key` is where it came from.
    fn add(&mut self, name: &str, value: &str, key: &'static str) -> Result<(), RequestError> {
        let (name, value) = (name.trim(), value.trim());
        if !is_header_name(name) || FRAMING.iter().any(|framing| framing.eq_ignore_ascii_case(name)) {
            return Err(RequestError::Unusable(key));
        }
        if !value.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b)) {
            return Err(RequestError::Unusable(key));
        }
        // A field left empty in a form is a header that isn't sent.
        if !value.is_empty() {
            self.set(name, Wire::new(value.to_owned()));
        }
        Ok(())
    }
}

/// Whether a text is a header's name (RFC 9110, section 5.6.2).
pub(super) fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
#[path = "token_request_tests.rs"]
mod tests;
