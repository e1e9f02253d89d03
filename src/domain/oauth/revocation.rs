//! Token revocation (RFC 7009).
//!
//! Invariant: the refresh token comes first, since a server should then also revoke every access token of the
//! same grant (section 2.1).

use url::Url;

use super::http_request::HttpRequest;
use super::jose::AssertionSeed;
use super::token_request::{self, RequestError};
use super::token_response::{self, Answer, TokenError};
use crate::domain::account::Client;
use crate::domain::provider::Provider;
use crate::domain::token::grant::Grant;

/// A token type hint (section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    Refresh,
    Access,
}

impl TokenKind {
    /// The hint as sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refresh => "refresh_token",
            Self::Access => "access_token",
        }
    }
}

/// The tokens of a grant, in the order of their revocation.
pub fn tokens(grant: &Grant) -> Vec<(TokenKind, &str)> {
    let refresh = grant.refresh_token.as_ref().map(|token| (TokenKind::Refresh, token.expose()));
    refresh.into_iter().chain([(TokenKind::Access, grant.access_token.expose())]).collect()
}

/// Builds the revocation request (section 2.1).
pub fn request(
    endpoint: &Url,
    provider: &Provider,
    client: &Client,
    (kind, token): (TokenKind, &str),
    fresh: &AssertionSeed,
) -> Result<HttpRequest, RequestError> {
    let pairs = [("token", token), ("token_type_hint", kind.as_str())];
    token_request::build_for(endpoint, provider, client, &pairs, fresh)
}

/// Reads a revocation response. A token that the server no longer knows counts as revoked (section 2.2).
/// Google reports that as an error with status 400, for example for an access token that was revoked with its
/// refresh token.
pub fn read(provider: &Provider, answer: &Answer<'_>) -> Result<(), TokenError> {
    if answer.is_success() && !token_response::names_error(provider, answer) {
        return Ok(());
    }
    match token_response::refusal(provider, answer) {
        TokenError::Refused { status: 400, code: Some(code), .. } if code == "invalid_token" => Ok(()),
        error => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::oauth::response_body::ResponseBody;
    use crate::domain::test_support::{FRESH, grant, provider as of_address};

    #[test]
    fn the_refresh_token_goes_first() {
        let provider = of_address("https://a.example/authorize");
        let client = Client { client_id: "id".to_owned(), ..Client::default() };
        let endpoint = Url::parse("https://a.example/revoke").unwrap();
        let bodies = |grant: &Grant| {
            let request = |token| request(&endpoint, &provider, &client, token, &FRESH).unwrap();
            tokens(grant).into_iter().map(|token| request(token).body.expose().to_owned()).collect::<Vec<_>>()
        };
        let access = "token=access&token_type_hint=access_token&client_id=id";
        let refresh = "token=r&token_type_hint=refresh_token&client_id=id";
        assert_eq!(bodies(&grant(Some("r"))), [refresh, access]);
        assert_eq!(bodies(&grant(None)), [access]);
    }

    #[test]
    fn only_a_success_is_one() {
        let provider = of_address("https://a.example/authorize");
        let read = |status, body: &str| {
            let answer = Answer {
                status,
                content_type: None,
                body: ResponseBody::parse(None, body.as_bytes()).into(),
                sent_at: DateTime::UNIX_EPOCH,
                date: None,
                retry_after: None,
            };
            read(&provider, &answer)
        };
        for (status, body) in [
            (200, ""),
            (204, ""),
            (200, "{}"),
            (200, "OK"),
            (200, "{\"ok\":true}"),
            (200, "{\"code\":200}"),
            (400, "{\"error\":\"invalid_token\"}"),
        ] {
            assert_eq!(read(status, body), Ok(()), "{status} {body}");
        }
        for (status, body) in [
            (400, "{\"error\":\"unsupported_token_type\"}"),
            (401, ""),
            (401, "{\"error\":\"invalid_token\"}"),
            (200, "{\"error\":\"invalid_client\"}"),
            (302, ""),
            (503, "busy"),
            (404, "<html>"),
        ] {
            assert!(read(status, body).is_err(), "{status} {body}");
        }
    }
}
