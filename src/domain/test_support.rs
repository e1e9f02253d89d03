//! A provider for this floor's tests.

use super::account::Settings;
use super::grant_type::GrantType;
use super::provider::{CUSTOM, Provider};
use super::spec::{Endpoints, ProviderSpec};

/// A custom provider of the authorization code grant, with everything else at its default.
pub(crate) fn provider(authorize: &str) -> Provider {
    let settings = Settings {
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
        },
        background_refresh: None,
        client_secret_expires: None,
    };
    Provider::resolve(&[], &settings).unwrap()
}
