//! A provider, a grant and keys for the domain's tests.

use chrono::{DateTime, TimeDelta};

use super::account::Settings;
use super::account::key_dates::KeyDates;
use super::account::tags::Tags;
use super::oauth::authorize::AuthorizationRequest;
use super::oauth::extra_params::SecretParams;
use super::oauth::grant_type::GrantType;
use super::oauth::jose::AssertionSeed;
use super::provider::spec::{Endpoints, ProviderSpec};
use super::provider::{CUSTOM, Provider};
use super::token::grant::{ExpirySource, Grant, TokenFacts};
use crate::base::secret::{AccessToken, RefreshToken};

/// RFC 7515, appendix A.3.1: a published private key.
pub(crate) const EC_JWK: &str = r#"{"kty":"EC","crv":"P-256","kid":"one",
 "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
 "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
 "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

/// RFC 8037, appendix A.1: another one; its signatures are deterministic.
pub(crate) const ED_JWK: &str = r#"{"kty":"OKP","crv":"Ed25519",
 "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
 "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// An assertion's time, one hour into 2030, and its ID.
pub(crate) const FRESH: AssertionSeed =
    AssertionSeed { now: DateTime::from_timestamp(1_893_459_600, 0).unwrap(), id: [0xab; 16] };

/// Default settings of a custom provider with the authorization code grant.
pub(crate) fn settings(authorize: &str) -> Settings {
    Settings {
        provider: CUSTOM.to_owned(),
        grant: GrantType::AuthorizationCode,
        variables: [].into(),
        overrides: ProviderSpec {
            endpoints: Endpoints {
                authorize: Some(authorize.to_owned()),
                token: Some("https://server.example.com/token".to_owned()),
                ..Endpoints::default()
            },
            ..ProviderSpec::default()
        }
        .into(),
        background_refresh: None,
        client_secret_expires: None,
        key_dates: KeyDates::default(),
        tags: Tags::default(),
        environment: None,
    }
}

/// The provider of [`settings`].
pub(crate) fn provider(authorize: &str) -> Provider {
    Provider::resolve(&[], &settings(authorize)).unwrap()
}

pub(crate) static NO_PARAMS: SecretParams = SecretParams::new();

pub(crate) fn authorization<'a>(
    client_id: &'a str,
    redirect_uri: &'a str,
    state: &'a str,
    challenge: Option<&'a str>,
) -> AuthorizationRequest<'a> {
    AuthorizationRequest { client_id, redirect_uri, state, challenge, nonce: None, secret_params: &NO_PARAMS }
}

/// A token of this lifetime that was received at the start of 1970.
pub(crate) fn facts(life_secs: Option<i64>) -> TokenFacts {
    TokenFacts {
        generation: 1,
        received_at: DateTime::UNIX_EPOCH,
        expires_at: life_secs.map(|secs| DateTime::UNIX_EPOCH + TimeDelta::seconds(secs)),
        expiry_source: if life_secs.is_some() { ExpirySource::Server } else { ExpirySource::Unknown },
        has_refresh_token: false,
        refresh_expires_at: None,
        token_type: "Bearer".to_owned(),
        scope: None,
        clock_skew_secs: None,
        id_token: None,
        sign_in_ends_at: None,
        kept: [].into(),
    }
}

/// A grant with the access token `access` and no other facts.
pub(crate) fn grant(refresh: Option<&str>) -> Grant {
    let facts = TokenFacts { has_refresh_token: refresh.is_some(), ..facts(None) };
    let refresh_token = refresh.map(|token| RefreshToken::new(token.to_owned()));
    let access_token = AccessToken::new("access".to_owned());
    Grant { access_token, refresh_token, id_token: None, username: None, facts }
}
