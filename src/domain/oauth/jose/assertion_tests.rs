//! Requests with assertions: their claims, and that no other client credentials are sent.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::*;
use crate::base::secret::{ClientSecret, PrivateKey, RefreshToken};
use crate::domain::account::Client;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::jose::KeyAlg;
use crate::domain::oauth::token_request::{GrantRequest, RequestError, build, check};
use crate::domain::provider::spec::{BodyFormat, ClientAuth};
use crate::domain::test_support::{EC_JWK, FRESH, provider as of_address};

fn provider(grant: GrantType, client_auth: ClientAuth) -> Provider {
    Provider { grant, client_auth, ..of_address("https://server.example.com/authorize") }
}

fn client() -> Client {
    Client {
        client_id: "a client".to_owned(),
        client_secret: Some(ClientSecret::new("CANARY-secret".to_owned())),
        private_key: Some(PrivateKey::new(EC_JWK.to_owned())),
        ..Client::default()
    }
}

fn sent(
    provider: &Provider,
    client: &Client,
    asking: &GrantRequest<'_>,
    fresh: &AssertionSeed,
) -> BTreeMap<String, String> {
    let request = build(provider, client, asking, fresh).unwrap();
    assert!(request.headers.iter().all(|(name, _)| name != "Authorization"));
    assert!(!request.body.expose().contains("CANARY"), "neither the secret nor the key is sent");
    form_urlencoded::parse(request.body.expose().as_bytes()).into_owned().collect()
}

fn part(token: &str, place: usize) -> Value {
    let part = token.split('.').nth(place).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn rfc_7523_section_2_2_a_client_says_who_it_is_by_an_assertion() {
    let refresh = RefreshToken::new("r".to_owned());
    for (auth, alg) in [(ClientAuth::PrivateKeyJwt, "ES256"), (ClientAuth::ClientSecretJwt, "HS256")] {
        for asking in [GrantRequest::ClientCredentials, GrantRequest::Refresh { token: &refresh }] {
            let pairs = sent(&provider(GrantType::ClientCredentials, auth), &client(), &asking, &FRESH);
            assert_eq!(
                pairs["client_assertion_type"],
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            );
            assert_eq!(pairs["client_id"], "a client");
            let assertion = &pairs["client_assertion"];
            assert_eq!(part(assertion, 0)["alg"], alg);
            assert_eq!(
                part(assertion, 1),
                json!({
                    "iss": "a client",
                    "sub": "a client",
                    "aud": "https://server.example.com/token",
                    "jti": URL_SAFE_NO_PAD.encode([0xab; 16]),
                    "iat": 1_893_459_600,
                    "exp": 1_893_459_600 + 120,
                })
            );
        }
    }
}

#[test]
fn no_two_assertions_have_the_same_id() {
    let provider = provider(GrantType::ClientCredentials, ClientAuth::PrivateKeyJwt);
    let id = |id| {
        let pairs =
            sent(&provider, &client(), &GrantRequest::ClientCredentials, &AssertionSeed { id, ..FRESH });
        part(&pairs["client_assertion"], 1)["jti"].as_str().unwrap().to_owned()
    };
    assert_ne!(id([1; 16]), id([2; 16]));
}

#[test]
fn whom_an_assertion_is_addressed_to_is_data() {
    use crate::domain::account::Settings;
    use crate::domain::provider::spec::ProviderSpec;
    use crate::domain::provider::{CUSTOM, ProviderError};

    let resolved = |audience: Option<&str>, issuer: Option<&str>| {
        let mut overrides = ProviderSpec::default();
        overrides.endpoints.token = Some("https://a.example/t".to_owned());
        overrides.assertion_audience = audience.map(str::to_owned);
        overrides.issuer = issuer.map(str::to_owned);
        let settings = Settings {
            provider: CUSTOM.to_owned(),
            grant: GrantType::JwtBearer,
            variables: [].into(),
            overrides: overrides.into(),
            background_refresh: None,
            client_secret_expires: None,
            key_dates: crate::domain::account::key_dates::KeyDates::default(),
            tags: crate::domain::account::tags::Tags::default(),
            environment: None,
        };
        Provider::resolve(&[], &settings).map(|provider| provider.assertion_audience)
    };
    let issuer = Some("https://a.example");
    assert_eq!(resolved(None, issuer).unwrap(), "https://a.example/t");
    assert_eq!(resolved(Some("token_endpoint"), issuer).unwrap(), "https://a.example/t");
    assert_eq!(resolved(Some("issuer"), issuer).unwrap(), "https://a.example");
    assert_eq!(resolved(Some("https://login.example"), None).unwrap(), "https://login.example");
    assert_eq!(resolved(Some("issuer"), None), Err(ProviderError::IssuerMissing));
}

#[test]
fn rfc_7523_section_2_1_an_assertion_is_a_grant() {
    let mut provider = provider(GrantType::JwtBearer, ClientAuth::None);
    provider.scopes = vec!["a".to_owned(), "b".to_owned()];
    provider.key_id = Some("k".to_owned());
    provider.assertion_claims = [("sub", "user@example.com"), ("tenant", "t"), ("jti", "evil"), ("exp", "9")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let pairs = sent(&provider, &client(), &GrantRequest::JwtBearer, &FRESH);
    assert_eq!(pairs.keys().map(String::as_str).collect::<Vec<_>>(), ["assertion", "grant_type", "scope"]);
    assert_eq!(pairs["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let assertion = &pairs["assertion"];
    assert_eq!(part(assertion, 0)["kid"], "k");
    assert_eq!(
        part(assertion, 1),
        json!({
            "iss": "a client",
            "sub": "user@example.com",
            "aud": "https://server.example.com/token",
            "scope": "a b",
            "tenant": "t",
            "jti": URL_SAFE_NO_PAD.encode([0xab; 16]),
            "iat": 1_893_459_600,
            "exp": 1_893_459_600 + 120,
        })
    );
    // Google's own accounts have no other subject than themselves.
    provider.assertion_claims.insert("sub".to_owned(), String::new());
    let pairs = sent(&provider, &client(), &GrantRequest::JwtBearer, &FRESH);
    assert_eq!(part(&pairs["assertion"], 1).get("sub"), None);
    // A client may also have to send its ID.
    let provider = Provider { client_auth: ClientAuth::PrivateKeyJwt, ..provider };
    let pairs = sent(&provider, &client(), &GrantRequest::JwtBearer, &FRESH);
    assert!(pairs.contains_key("client_assertion") && pairs.contains_key("assertion"));
}

#[test]
fn b2_extra_parameters_never_set_an_assertion() {
    let names = ["assertion", "Client_Assertion", "client_assertion_type", "grant_type", "client_id"];
    let mut provider = provider(GrantType::ClientCredentials, ClientAuth::Basic);
    provider.token_params = names.map(|name| (name.to_owned(), "evil".to_owned())).into();
    let request = build(&provider, &client(), &GrantRequest::ClientCredentials, &FRESH).unwrap();
    assert_eq!(request.body.expose(), "grant_type=client_credentials");
}

#[test]
fn rfc_8707_resources_and_the_audience_go_along() {
    let mut provider = provider(GrantType::ClientCredentials, ClientAuth::None);
    provider.resource = ["https://a.example/", "https://b.example/"].map(str::to_owned).into();
    provider.audience = Some("https://api.example".to_owned());
    let body = |provider: &Provider, asking: &GrantRequest<'_>| {
        build(provider, &client(), asking, &FRESH).unwrap().body.expose().to_owned()
    };
    assert_eq!(
        body(&provider, &GrantRequest::ClientCredentials),
        "grant_type=client_credentials&audience=https%3A%2F%2Fapi.example\
         &resource=https%3A%2F%2Fa.example%2F&resource=https%3A%2F%2Fb.example%2F&client_id=a+client"
    );
    let refresh = RefreshToken::new("r".to_owned());
    assert_eq!(
        body(&provider, &GrantRequest::Refresh { token: &refresh }),
        "grant_type=refresh_token&refresh_token=r\
         &resource=https%3A%2F%2Fa.example%2F&resource=https%3A%2F%2Fb.example%2F&client_id=a+client"
    );
    provider.body_format = BodyFormat::Json;
    let sent: Value = serde_json::from_str(&body(&provider, &GrantRequest::ClientCredentials)).unwrap();
    assert_eq!(sent["resource"], json!(["https://a.example/", "https://b.example/"]));
    provider.resource.pop();
    let sent: Value = serde_json::from_str(&body(&provider, &GrantRequest::ClientCredentials)).unwrap();
    assert_eq!(sent["resource"], "https://a.example/");
}

#[test]
fn what_is_missing_to_sign_is_named() {
    let signs = provider(GrantType::ClientCredentials, ClientAuth::PrivateKeyJwt);
    let bearer = provider(GrantType::JwtBearer, ClientAuth::None);
    let shares = provider(GrantType::AuthorizationCode, ClientAuth::ClientSecretJwt);
    let none = Client { client_id: "i".to_owned(), ..Client::default() };
    assert_eq!(check(&signs, &none), Err(RequestError::Missing("private_key")));
    assert_eq!(check(&bearer, &none), Err(RequestError::Missing("private_key")));
    assert_eq!(check(&shares, &none), Err(RequestError::Missing("client_secret")));
    let wrong = Provider { key_alg: Some(KeyAlg::RS256), ..signs };
    let error = check(&wrong, &client()).unwrap_err();
    assert_eq!(error, RequestError::Key(KeyError::WrongAlg));
    assert!(!format!("{error} {error:?}").contains("jps"), "{error}");
}
