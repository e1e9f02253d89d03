//! Dynamic client registration (RFC 7591), and its update and deletion (RFC 7592).
//!
//! Invariant: the registration access token is sent only to the origin of the registration endpoint that
//! issued it.

use chrono::{DateTime, NaiveDate};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;
use url::Url;

use super::discovery::{self, DiscoveredServer};
use super::http_request::{HttpRequest, Method};
use crate::base::secret::{ClientSecret, RegistrationToken, SecretText};
use crate::domain::account::Client;
use crate::domain::account::registration::Registration;
use crate::domain::provider::spec::ClientAuth;
use crate::domain::secure_url::is_secure;

const CLIENT_NAME: &str = "Keyfob";

/// The metadata to register.
#[derive(Debug, Clone, Copy)]
pub struct ClientMetadata<'a> {
    pub redirect_uris: &'a [String],
    pub scopes: &'a [String],
    pub auth: ClientAuth,
}

/// A registered client.
#[derive(Debug)]
pub struct Registered {
    pub client: Client,
    pub auth: ClientAuth,
    /// The last day of the client secret; `None` if it doesn't expire.
    pub secret_expires: Option<NaiveDate>,
}

/// Why there is no client.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RegistrationError {
    /// The server wants an initial access token, or another one (RFC 7591, section 3).
    #[error("HTTP {0}: an initial access token is needed")]
    TokenNeeded(u16),
    #[error("HTTP {status}: refused")]
    Refused { status: u16, code: Option<String>, description: Option<String> },
    #[error("HTTP {0}: no client")]
    NoClient(u16),
    /// The server registered another redirect URI.
    #[error("another redirect URI was registered")]
    OtherRedirect(Option<String>),
    /// The server chose a client authentication that needs more than it gave.
    #[error("a client authentication that can't be used")]
    OtherAuth(String),
}

/// The client authentication to register: none, as for any app on a computer, if the server allows it. `None`
/// if the server lists only methods that need a key of the client's own.
pub fn auth_for(server: &DiscoveredServer) -> Option<ClientAuth> {
    let listed = &server.client_auths;
    // The body before HTTP Basic: servers of the MCP SDK look for the client's ID only there.
    let usable = [ClientAuth::None, ClientAuth::Body, ClientAuth::Basic, ClientAuth::ClientSecretJwt];
    // Without a list, the standard's default (RFC 8414, section 2).
    if listed.is_empty() {
        return Some(ClientAuth::Basic);
    }
    usable.into_iter().find(|auth| listed.contains(auth))
}

fn metadata(client: &ClientMetadata<'_>) -> Value {
    let mut value = json!({
        "client_name": CLIENT_NAME,
        "application_type": "native",
        "redirect_uris": client.redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": discovery::name_of_auth(client.auth),
    });
    if !client.scopes.is_empty() {
        value["scope"] = client.scopes.join(" ").into();
    }
    value
}

/// Builds the registration request; `token` is the initial access token, if the user has one.
pub fn request(endpoint: Url, client: &ClientMetadata<'_>, token: Option<&RegistrationToken>) -> HttpRequest {
    send(Method::Post, endpoint, Some(metadata(client)), token)
}

/// Builds the request that replaces the registered metadata (RFC 7592, section 2.2).
pub fn update(
    endpoint: Url,
    client: &ClientMetadata<'_>,
    held: &Client,
    token: &RegistrationToken,
) -> HttpRequest {
    let mut value = metadata(client);
    value["client_id"] = held.client_id.as_str().into();
    if let Some(secret) = &held.client_secret {
        value["client_secret"] = secret.expose().into();
    }
    send(Method::Put, endpoint, Some(value), Some(token))
}

/// Builds the request that asks whether the client is there (RFC 7592, section 2.1).
pub fn inquiry(endpoint: Url, token: &RegistrationToken) -> HttpRequest {
    send(Method::Get, endpoint, None, Some(token))
}

/// Builds the request that deletes the client (RFC 7592, section 2.3).
pub fn deletion(endpoint: Url, token: &RegistrationToken) -> HttpRequest {
    send(Method::Delete, endpoint, None, Some(token))
}

fn send(method: Method, url: Url, body: Option<Value>, token: Option<&RegistrationToken>) -> HttpRequest {
    let mut request = HttpRequest { method, ..HttpRequest::get(url) };
    let mut header =
        |name: &str, value: String| request.headers.push((name.to_owned(), SecretText::new(value)));
    if body.is_some() {
        header("Content-Type", "application/json".to_owned());
    }
    if let Some(token) = token {
        header("Authorization", format!("Bearer {}", token.expose().trim()));
    }
    request.body = SecretText::new(body.map(|body| body.to_string()).unwrap_or_default());
    request
}

#[derive(Deserialize)]
struct Answered {
    client_id: String,
    #[serde(default)]
    client_secret: Option<String>,
    #[serde(default)]
    client_secret_expires_at: Option<i64>,
    #[serde(default)]
    registration_access_token: Option<String>,
    #[serde(default)]
    registration_client_uri: Option<String>,
    #[serde(default)]
    token_endpoint_auth_method: Option<String>,
    #[serde(default)]
    redirect_uris: Option<Vec<String>>,
}

impl Answered {
    /// What lets Keyfob change the client, if the server gave it.
    fn registration(&mut self, endpoint: &Url, uris: &[String], scopes: &[String]) -> Option<Registration> {
        let client_uri = self.registration_client_uri.take().filter(|uri| is_of_server(uri, endpoint));
        let token = self.registration_access_token.take().map(RegistrationToken::new);
        client_uri.zip(token).map(|(client_uri, token)| Registration {
            client_uri,
            token,
            redirect_uris: uris.to_vec(),
            scopes: scopes.to_vec(),
        })
    }
}

/// Reads the answer to a registration or an update.
pub fn read(
    endpoint: &Url,
    sent: &ClientMetadata<'_>,
    status: u16,
    body: &[u8],
) -> Result<Registered, RegistrationError> {
    if !matches!(status, 200 | 201) {
        return Err(refusal(status, body));
    }
    let mut answered: Answered =
        serde_json::from_slice(body).map_err(|_| RegistrationError::NoClient(status))?;
    if answered.client_id.is_empty() {
        return Err(RegistrationError::NoClient(status));
    }
    let secret = answered.client_secret.take().map(ClientSecret::new).filter(|secret| !secret.is_empty());
    let auth = match answered.token_endpoint_auth_method.as_deref() {
        Some(name) => {
            discovery::auth_of_name(name).ok_or_else(|| RegistrationError::OtherAuth(name.to_owned()))?
        }
        None if secret.is_none() => ClientAuth::None,
        None if sent.auth == ClientAuth::None => ClientAuth::Basic,
        None => sent.auth,
    };
    let needs_secret = matches!(auth, ClientAuth::Basic | ClientAuth::Body | ClientAuth::ClientSecretJwt);
    if auth == ClientAuth::PrivateKeyJwt || (needs_secret && secret.is_none()) {
        return Err(RegistrationError::OtherAuth(discovery::name_of_auth(auth).to_owned()));
    }
    let registration = answered.registration(endpoint, sent.redirect_uris, sent.scopes);
    let day = |secs: i64| DateTime::from_timestamp(secs, 0).map(|at| at.date_naive());
    let client = Client {
        client_id: answered.client_id,
        client_secret: secret.filter(|_| auth != ClientAuth::None),
        registration,
        ..Client::default()
    };
    match &answered.redirect_uris {
        Some(uris) if !sent.redirect_uris.iter().all(|uri| uris.contains(uri)) => {
            Err(RegistrationError::OtherRedirect(uris.first().cloned()))
        }
        _ => Ok(Registered {
            client,
            auth,
            secret_expires: answered.client_secret_expires_at.filter(|secs| *secs > 0).and_then(day),
        }),
    }
}

/// The registration of an answer that [`read`] refused: the server has a client that must be deleted.
pub fn unwanted(endpoint: &Url, status: u16, body: &[u8]) -> Option<Registration> {
    let mut answered: Answered = serde_json::from_slice(body).ok().filter(|_| matches!(status, 200 | 201))?;
    answered.registration(endpoint, &[], &[])
}

/// Returns true if the answer to a deletion says that the client is gone.
pub fn is_deleted(status: u16) -> bool {
    // 404 and 410: it was deleted before.
    matches!(status, 200 | 204 | 404 | 410)
}

/// What a refusal says.
pub fn refusal(status: u16, body: &[u8]) -> RegistrationError {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    match status {
        401 => RegistrationError::TokenNeeded(status),
        _ => {
            RegistrationError::Refused { status, code: text("error"), description: text("error_description") }
        }
    }
}

fn is_of_server(uri: &str, endpoint: &Url) -> bool {
    Url::parse(uri).is_ok_and(|uri| uri.origin() == endpoint.origin() && is_secure(&uri))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::oauth::discovery::Wanted;
    use crate::domain::oauth::issuer::Issuer;

    const REDIRECT: &str = "http://127.0.0.1:8910/callback";

    fn endpoint() -> Url {
        Url::parse("https://s.example/register").unwrap()
    }

    fn sent(scopes: &[String], auth: ClientAuth) -> ClientMetadata<'_> {
        static URIS: std::sync::LazyLock<[String; 1]> = std::sync::LazyLock::new(|| [REDIRECT.to_owned()]);
        ClientMetadata { redirect_uris: &*URIS, scopes, auth }
    }

    fn read_text(text: &str) -> Result<Registered, RegistrationError> {
        read(&endpoint(), &sent(&[], ClientAuth::None), 201, text.as_bytes())
    }

    #[test]
    fn a_native_client_with_both_grants_is_registered() {
        let scopes = ["read".to_owned(), "write".to_owned()];
        let token = RegistrationToken::new("CANARY-initial".to_owned());
        let request = request(endpoint(), &sent(&scopes, ClientAuth::None), Some(&token));
        assert_eq!(request.method, Method::Post);
        let header = |name: &str| {
            request
                .headers
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.expose().to_owned())
        };
        assert_eq!(header("Authorization").as_deref(), Some("Bearer CANARY-initial"));
        assert_eq!(header("Content-Type").as_deref(), Some("application/json"));
        let body: Value = serde_json::from_str(request.body.expose()).unwrap();
        let expected = json!({
            "client_name": "Keyfob", "application_type": "native", "redirect_uris": [REDIRECT],
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
            "token_endpoint_auth_method": "none", "scope": "read write",
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn an_update_repeats_the_client_and_a_deletion_has_no_body() {
        let token = RegistrationToken::new("CANARY-rat".to_owned());
        let held = Client {
            client_id: "c".to_owned(),
            client_secret: Some(ClientSecret::new("CANARY-secret".to_owned())),
            ..Client::default()
        };
        let put = update(endpoint(), &sent(&[], ClientAuth::Basic), &held, &token);
        let body: Value = serde_json::from_str(put.body.expose()).unwrap();
        assert_eq!(
            (put.method, &body["client_id"], &body["client_secret"]),
            (Method::Put, &"c".into(), &"CANARY-secret".into())
        );
        assert_eq!(body.get("scope"), None);
        let gone = deletion(endpoint(), &token);
        assert_eq!((gone.method, gone.body.expose()), (Method::Delete, ""));
        assert!(gone.headers.iter().all(|(name, _)| name != "Content-Type"));
    }

    #[test]
    fn g6_the_registration_access_token_stays_with_its_server() {
        let answer = |uri: &str| {
            read_text(&format!(
                r#"{{"client_id":"c","registration_access_token":"CANARY-rat","registration_client_uri":"{uri}"}}"#
            ))
        };
        let registered = answer("https://s.example/register/c").unwrap();
        let registration = registered.client.registration.as_ref().unwrap();
        assert_eq!(
            (registration.client_uri.as_str(), registration.token.expose()),
            ("https://s.example/register/c", "CANARY-rat")
        );
        for elsewhere in
            ["https://evil.example/c", "http://s.example/register/c", "https://s.example:8443/c", "c", ""]
        {
            assert!(answer(elsewhere).unwrap().client.registration.is_none(), "{elsewhere}");
        }
        assert!(!format!("{registered:?}").contains("CANARY"));
    }

    #[test]
    fn the_answer_decides_the_client_authentication() {
        for (text, auth, has_secret) in [
            (r#"{"client_id":"c"}"#, ClientAuth::None, false),
            (r#"{"client_id":"c","client_secret":"CANARY"}"#, ClientAuth::Basic, true),
            (
                r#"{"client_id":"c","client_secret":"CANARY","token_endpoint_auth_method":"client_secret_post"}"#,
                ClientAuth::Body,
                true,
            ),
            (
                r#"{"client_id":"c","client_secret":"CANARY","token_endpoint_auth_method":"none"}"#,
                ClientAuth::None,
                false,
            ),
        ] {
            let registered = read_text(text).unwrap();
            assert_eq!(
                (registered.auth, registered.client.client_secret.is_some()),
                (auth, has_secret),
                "{text}"
            );
        }
        let expiring =
            read_text(r#"{"client_id":"c","client_secret":"s","client_secret_expires_at":1893456000}"#);
        assert_eq!(expiring.unwrap().secret_expires, NaiveDate::from_ymd_opt(2030, 1, 1));
        assert_eq!(
            read_text(r#"{"client_id":"c","client_secret_expires_at":0}"#).unwrap().secret_expires,
            None
        );
        for method in ["private_key_jwt", "tls_client_auth", "client_secret_basic"] {
            let text = format!(r#"{{"client_id":"c","token_endpoint_auth_method":"{method}"}}"#);
            assert_eq!(read_text(&text).unwrap_err(), RegistrationError::OtherAuth(method.to_owned()));
        }
    }

    #[test]
    fn a_refusal_says_why_there_is_no_client() {
        let read_status = |status, text: &str| {
            read(&endpoint(), &sent(&[], ClientAuth::None), status, text.as_bytes()).unwrap_err()
        };
        assert_eq!(read_status(401, ""), RegistrationError::TokenNeeded(401));
        let refused = r#"{"error":"invalid_redirect_uri","error_description":"no"}"#;
        let expected = RegistrationError::Refused {
            status: 400,
            code: Some("invalid_redirect_uri".to_owned()),
            description: Some("no".to_owned()),
        };
        assert_eq!(read_status(400, refused), expected);
        for text in ["", "<html>", "{}", r#"{"client_id":""}"#, r#"{"client_id":3}"#] {
            assert_eq!(read_status(200, text), RegistrationError::NoClient(200), "{text}");
        }
        let other = r#"{"client_id":"c","redirect_uris":["https://evil.example/"]}"#;
        assert_eq!(
            read_status(201, other),
            RegistrationError::OtherRedirect(Some("https://evil.example/".to_owned()))
        );
    }

    #[test]
    fn a_public_client_is_preferred_and_one_with_a_key_left_out() {
        for (methods, auth) in [
            (r#"["client_secret_basic","none"]"#, Some(ClientAuth::None)),
            (r#"["client_secret_basic","client_secret_post"]"#, Some(ClientAuth::Body)),
            (r#"["client_secret_basic"]"#, Some(ClientAuth::Basic)),
            (r#"["private_key_jwt"]"#, None),
            ("null", Some(ClientAuth::Basic)),
        ] {
            let issuer = Issuer::parse("https://s.example").unwrap();
            let text = format!(
                r#"{{"issuer":"https://s.example","authorization_endpoint":"https://s.example/a","token_endpoint":"https://s.example/t","token_endpoint_auth_methods_supported":{methods}}}"#
            );
            let document = issuer.documents().remove(0);
            let server = Wanted::for_sign_in(issuer).read(&document, text.as_bytes()).unwrap();
            assert_eq!(auth_for(&server), auth, "{methods}");
        }
    }
}
