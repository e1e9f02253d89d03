//! Client authentication (RFC 6749, section 2.3; RFC 7523, section 2.2).
//!
//! Decides how a client authenticates and where the credentials go in a request. Invariant: a secret is sent
//! only if the provider's data says so; a private key is never sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::grant_type::GrantType;
use super::http_request::RequestError;
use super::jose::{AssertionSeed, SigningKey, assertion};
use crate::base::secret::SecretText;
use crate::domain::account::Client;
use crate::domain::provider::Provider;
use crate::domain::provider::spec::ClientAuth;

/// The `client_assertion_type` of a JWT (RFC 7523, section 2.2).
const JWT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Returns true if a token request to this provider needs a client secret. A public client (section 2.1) has
/// none; PKCE or the device code replaces it.
pub fn needs_secret(provider: &Provider) -> bool {
    let public = match provider.grant {
        GrantType::AuthorizationCode => provider.pkce,
        GrantType::DeviceCode | GrantType::ApiKey | GrantType::Basic | GrantType::Login => true,
        GrantType::ClientCredentials | GrantType::Password | GrantType::JwtBearer => false,
    };
    match provider.client_auth {
        ClientAuth::Basic | ClientAuth::BasicRaw | ClientAuth::Body => !public,
        ClientAuth::ClientSecretJwt => true,
        ClientAuth::None | ClientAuth::PrivateKeyJwt => false,
    }
}

/// The client's private key, ready to sign.
pub(in crate::domain) fn key(provider: &Provider, client: &Client) -> Result<SigningKey, RequestError> {
    let text = client.private_key.as_ref().filter(|key| !key.is_empty());
    Ok(SigningKey::read(text.ok_or(RequestError::Missing("private_key"))?, provider.key_alg)?)
}

/// The authentication of one request: the assertion, if the client signs one.
pub(in crate::domain) struct ClientAuthentication(Option<SecretText>);

impl ClientAuthentication {
    /// Checks that the client has the required credentials, and signs the assertion.
    pub(in crate::domain) fn new(
        provider: &Provider,
        client: &Client,
        fresh: &AssertionSeed,
    ) -> Result<Self, RequestError> {
        if client.client_id.is_empty() {
            return Err(RequestError::Missing("client_id"));
        }
        let secret = client.client_secret.as_ref().filter(|secret| !secret.is_empty());
        if secret.is_none() && needs_secret(provider) {
            return Err(RequestError::Missing("client_secret"));
        }
        let by = match (provider.client_auth, secret) {
            (ClientAuth::PrivateKeyJwt, _) => Some(key(provider, client)?),
            (ClientAuth::ClientSecretJwt, Some(secret)) => Some(SigningKey::shared(secret)),
            _ => None,
        };
        let sign = |by: SigningKey| assertion::of_client(provider, &client.client_id, &by, fresh);
        Ok(Self(by.map(sign).transpose()?))
    }

    /// Adds the credentials to the body, or returns the value of `Authorization`.
    ///
    /// # Errors
    /// [`RequestError::Unusable`] names the value that a header can't carry.
    pub(in crate::domain) fn add_credentials<'a>(
        &'a self,
        provider: &Provider,
        client: &'a Client,
        pairs: &mut Vec<(&'a str, &'a str)>,
    ) -> Result<Option<SecretText>, RequestError> {
        let id = client.client_id.as_str();
        // A pushed authorization request already has the client ID.
        let named = pairs.iter().any(|(name, _)| *name == "client_id");
        let named_by = (!named).then_some(("client_id", id));
        let secret = client.client_secret.as_ref().filter(|secret| !secret.is_empty());
        match (provider.client_auth, secret) {
            (ClientAuth::Basic, Some(secret)) => {
                let (id, secret) = (form_encoded(id), form_encoded(secret.expose()));
                Ok(Some(basic(&id, &secret)))
            }
            (ClientAuth::BasicRaw, Some(secret)) => {
                // RFC 7617, section 2: a colon in the ID is ambiguous, and control characters can't be sent.
                if id.contains(|c: char| c == ':' || c.is_control()) {
                    return Err(RequestError::Unusable("client_id"));
                }
                if secret.expose().contains(char::is_control) {
                    return Err(RequestError::Unusable("client_secret"));
                }
                Ok(Some(basic(id, secret.expose())))
            }
            (ClientAuth::Body, Some(secret)) => {
                pairs.extend(named_by);
                pairs.push(("client_secret", secret.expose()));
                Ok(None)
            }
            // Some servers look the client up before they read the assertion (RFC 7521, section 4.2).
            _ => {
                pairs.extend(named_by);
                if let Some(assertion) = &self.0 {
                    pairs.push(("client_assertion_type", JWT_ASSERTION));
                    pairs.push(("client_assertion", assertion.expose()));
                }
                Ok(None)
            }
        }
    }
}

/// Returns true if the encoded and the raw form of Basic differ for this client.
pub(in crate::domain) fn basic_differs(client: &Client) -> bool {
    let secret = client.client_secret.as_ref().map_or("", |secret| secret.expose());
    [client.client_id.as_str(), secret].iter().any(|text| *form_encoded(text) != **text)
}

fn basic(id: &str, secret: &str) -> SecretText {
    SecretText::new(["Basic ", &basic_credentials(id, secret)].concat())
}

/// The credentials of HTTP Basic (RFC 7617, section 2), without the scheme.
pub(in crate::domain) fn basic_credentials(name: &str, password: &str) -> Zeroizing<String> {
    let plain = Zeroizing::new([name, ":", password].concat());
    Zeroizing::new(STANDARD.encode(plain.as_bytes()))
}

/// Form-encodes (RFC 6749, appendix B), but writes a space as `%20`: every server decodes that, while some
/// take a plus sign literally.
fn form_encoded(text: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(text.len() * 3));
    for piece in form_urlencoded::byte_serialize(text.as_bytes()) {
        encoded.push_str(if piece == "+" { "%20" } else { piece });
    }
    encoded
}
