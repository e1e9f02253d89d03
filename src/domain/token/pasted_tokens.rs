//! Tokens that a user pastes.
//!
//! They become a grant like one from the server. Invariant: what they don't say is unknown, never guessed.

use chrono::{DateTime, Utc};

use super::grant::{ExpirySource, Grant, TokenFacts};
use super::jwt;
use crate::base::secret::{AccessToken, RefreshToken};

/// The token in pasted text, without surrounding white space and a header's scheme.
pub fn bare(text: &str) -> &str {
    let text = text.trim();
    let rest = text.strip_prefix("Authorization:").map_or(text, str::trim_start);
    let is_word = rest.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("bearer "));
    if is_word { rest[7..].trim_start() } else { rest }
}

/// Builds a grant from pasted tokens. For a refresh token alone, the access token has expired at `now`, so
/// that the first use refreshes it.
pub fn grant(access: Option<AccessToken>, refresh: Option<RefreshToken>, now: DateTime<Utc>) -> Grant {
    let exp = access.as_ref().map(|token| jwt::exp(token.expose()));
    let (expires_at, expiry_source) = match exp {
        Some(Some(end)) => (Some(end), ExpirySource::Token),
        Some(None) => (None, ExpirySource::Unknown),
        None => (Some(now), ExpirySource::Unknown),
    };
    Grant {
        facts: TokenFacts {
            generation: 1,
            received_at: now,
            expires_at,
            expiry_source,
            has_refresh_token: refresh.is_some(),
            refresh_expires_at: None,
            token_type: "Bearer".to_owned(),
            scope: None,
            clock_skew_secs: None,
            id_token: None,
            sign_in_ends_at: None,
            kept: [].into(),
        },
        access_token: access.unwrap_or_else(|| AccessToken::new(String::new())),
        refresh_token: refresh,
        id_token: None,
        username: None,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::super::expiry::Status;
    use super::*;
    use crate::domain::oauth::token_syntax::is_token;

    fn access(text: &str) -> AccessToken {
        AccessToken::new(text.to_owned())
    }

    #[test]
    fn a_header_s_words_are_no_part_of_a_token() {
        for pasted in ["T", " T\n", "Bearer T", "bearer  T", "Authorization: Bearer T"] {
            assert_eq!(bare(pasted), "T", "{pasted:?}");
        }
        assert_eq!(bare("Bearers"), "Bearers");
        assert!(is_token("eyJ.a-b_c~+/=") && !is_token("") && !is_token("a b") && !is_token("é"));
    }

    #[test]
    fn the_expiry_is_the_tokens_own_or_unknown() {
        let now = DateTime::from_timestamp(1_000, 0).unwrap();
        let jwt = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(r#"{"exp":2000}"#));
        let facts = grant(Some(access(&jwt)), None, now).facts;
        assert_eq!(facts.expires_at, DateTime::from_timestamp(2_000, 0));
        assert_eq!((facts.expiry_source, facts.has_refresh_token), (ExpirySource::Token, false));
        let facts = grant(Some(access("opaque")), None, now).facts;
        assert_eq!(Status::at(&facts, now), Status::Unknown);
        let refresh = Some(RefreshToken::new("R".to_owned()));
        let facts = grant(None, refresh, now).facts;
        assert_eq!(Status::at(&facts, now), Status::Expired);
        assert!(facts.has_refresh_token);
    }
}
