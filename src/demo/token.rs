//! The demo's token endpoint (RFC 6749, section 3.2).
//!
//! Without the client's secret nothing is looked up. Errors follow section 5.2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::{self, HeaderValue};
use serde_json::json;
use subtle::ConstantTimeEq as _;

use super::store::{Issued, NotIssued};
use super::{ACCESS_TOKEN_LIFE_SECS, CLIENT_ID, Fields, REFRESH_TOKEN_LIFE_SECS, SCOPE, Server, json_answer};
use crate::base::secret::ClientSecret;
use crate::net::http_server::Answer;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenError {
    InvalidRequest(&'static str),
    InvalidClient,
    InvalidGrant,
    UnsupportedGrantType,
    ServerError,
}

impl From<NotIssued> for TokenError {
    fn from(why: NotIssued) -> Self {
        match why {
            NotIssued::InvalidGrant => Self::InvalidGrant,
            NotIssued::Failed => Self::ServerError,
        }
    }
}

impl Server {
    /// The response to a token request; `fields` is `None` if its body is no form.
    pub(super) fn token_answer(
        &self,
        authorization: Option<&HeaderValue>,
        fields: Option<&Fields>,
    ) -> Answer {
        match self.issue_for(authorization, fields) {
            Ok(issued) => granted(&issued),
            Err(error) => refused(error),
        }
    }

    fn issue_for(
        &self,
        authorization: Option<&HeaderValue>,
        fields: Option<&Fields>,
    ) -> Result<Issued, TokenError> {
        let fields = fields.ok_or(TokenError::InvalidRequest("The body is not a form."))?;
        self.authenticate(authorization, fields)?;
        let now = self.now();
        let value = |name: &str| fields.get(name).map(String::as_str);
        let required = |name: &str| value(name).ok_or(TokenError::InvalidRequest("A parameter is missing."));
        let issued = match required("grant_type")? {
            "authorization_code" => {
                let (code, redirect_uri) = (required("code")?, required("redirect_uri")?);
                let verifier = required("code_verifier")?;
                self.with_store(|store| store.redeem_code(code, redirect_uri, verifier, now))
            }
            "refresh_token" => {
                let token = required("refresh_token")?;
                self.with_store(|store| store.redeem_refresh_token(token, now))
            }
            "client_credentials" => self.with_store(|store| store.issue_to_client(CLIENT_ID, now)),
            _ => return Err(TokenError::UnsupportedGrantType),
        };
        Ok(issued?)
    }

    /// HTTP Basic or the body, never both (RFC 6749, section 2.3.1).
    fn authenticate(&self, authorization: Option<&HeaderValue>, fields: &Fields) -> Result<(), TokenError> {
        let in_body = fields.get("client_secret").map(|secret| ClientSecret::new(secret.clone()));
        let (id, secret) = match (authorization, in_body) {
            (Some(_), Some(_)) => {
                return Err(TokenError::InvalidRequest("The client's secret was sent in two places."));
            }
            (Some(header), None) => basic(header).ok_or(TokenError::InvalidClient)?,
            (None, Some(secret)) => (fields.get("client_id").cloned().unwrap_or_default(), secret),
            (None, None) => return Err(TokenError::InvalidClient),
        };
        let is_same = secret.expose().as_bytes().ct_eq(self.client_secret.expose().as_bytes());
        if id == CLIENT_ID && bool::from(is_same) { Ok(()) } else { Err(TokenError::InvalidClient) }
    }
}

/// The ID and secret of an `Authorization: Basic` header, each form-decoded.
fn basic(header: &HeaderValue) -> Option<(String, ClientSecret)> {
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    // A single name is decoded like a part of a form; `&` and `=` are encoded.
    let decoded =
        |text: &str| url::form_urlencoded::parse(text.as_bytes()).next().map(|(name, _)| name.into_owned());
    Some((decoded(id)?, ClientSecret::new(decoded(secret)?)))
}

fn granted(issued: &Issued) -> Answer {
    let mut said = json!({
        "access_token": issued.access_token.expose(),
        "token_type": "Bearer",
        "expires_in": ACCESS_TOKEN_LIFE_SECS,
        "scope": SCOPE,
    });
    if let Some(refresh_token) = &issued.refresh_token {
        said["refresh_token"] = refresh_token.expose().into();
        said["refresh_token_expires_in"] = REFRESH_TOKEN_LIFE_SECS.into();
    }
    json_answer(StatusCode::OK, &said)
}

fn refused(error: TokenError) -> Answer {
    let (status, code, description) = match error {
        TokenError::InvalidRequest(why) => (StatusCode::BAD_REQUEST, "invalid_request", why),
        TokenError::InvalidClient => {
            (StatusCode::UNAUTHORIZED, "invalid_client", "The client ID or its secret is wrong.")
        }
        TokenError::InvalidGrant => (
            StatusCode::BAD_REQUEST,
            "invalid_grant",
            "The code or refresh token is unknown, used, expired, or belongs elsewhere.",
        ),
        TokenError::UnsupportedGrantType => {
            (StatusCode::BAD_REQUEST, "unsupported_grant_type", "This grant is not offered.")
        }
        TokenError::ServerError => (StatusCode::INTERNAL_SERVER_ERROR, "server_error", "The demo failed."),
    };
    let mut answer = json_answer(status, &json!({"error": code, "error_description": description}));
    if error == TokenError::InvalidClient {
        let challenge = HeaderValue::from_static("Basic realm=\"Keyfob demo\"");
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_form_decoded() {
        let header = |pair: &str| HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).unwrap();
        let (id, secret) = basic(&header("keyfob%2Ddemo:a%3Ab%25%2F%2B+%26%3D")).unwrap();
        assert_eq!((id.as_str(), secret.expose()), ("keyfob-demo", "a:b%/+ &="));
        assert!(basic(&header("no colon")).is_none());
        assert!(basic(&HeaderValue::from_static("Bearer x")).is_none());
        assert!(basic(&HeaderValue::from_static("Basic !!!")).is_none());
    }
}
