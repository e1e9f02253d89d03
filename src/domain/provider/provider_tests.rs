//! Resolved presets and overrides, and rejected URLs.

use super::presets::built_in;
use super::spec::{Endpoints, ProviderSpec};
use super::*;
use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::tags::Tags;

fn settings(provider: &str, grant: GrantType) -> Settings {
    Settings {
        provider: provider.to_owned(),
        grant,
        variables: BTreeMap::new(),
        overrides: ProviderSpec::default().into(),
        background_refresh: None,
        client_secret_expires: None,
        key_dates: KeyDates::default(),
        tags: Tags::default(),
        environment: None,
    }
}

fn at(token: &str) -> Result<Provider, ProviderError> {
    let mut settings = settings(CUSTOM, GrantType::ClientCredentials);
    settings.overrides_mut().endpoints = Endpoints { token: Some(token.to_owned()), ..Endpoints::default() };
    Provider::resolve(&[], &settings)
}

#[test]
fn a_device_sign_in_needs_its_endpoint() {
    let mut settings = settings(CUSTOM, GrantType::DeviceCode);
    settings.overrides_mut().endpoints.token = Some("https://a.example/token".to_owned());
    let missing = Provider::resolve(&[], &settings);
    assert_eq!(missing, Err(ProviderError::EndpointMissing(EndpointKind::Device)));
    settings.overrides_mut().endpoints.device = Some("https://a.example/device".to_owned());
    assert!(Provider::resolve(&[], &settings).is_ok());
}

#[test]
fn variables_stand_in_an_issuer_too() {
    let text = "id = \"x\"\nname = \"X\"\nsummary = \"\"\nissuer = \"https://{tenant}.example.com/\"\n\
        variables = [{ name = \"tenant\", label = \"Tenant\" }]\n[endpoints]\ntoken = \"https://a.example/token\"";
    let preset = Preset::from_toml(text).unwrap();
    let mut settings = settings("x", GrantType::ClientCredentials);
    settings.variables = [("tenant".to_owned(), "acme".to_owned())].into();
    let provider = Provider::resolve(&[preset], &settings).unwrap();
    assert_eq!(provider.issuer.as_deref(), Some("https://acme.example.com/"));
}

#[test]
fn s2_plain_http_is_for_loopback_literals_and_localhost_only() {
    for secure in [
        "https://a.example/token",
        "http://127.0.0.1:9/token",
        "http://127.9.9.9/token",
        "http://[::1]/token",
        "http://localhost/token",
        "http://LOCALHOST/token",
    ] {
        assert!(at(secure).is_ok(), "{secure}");
    }
    for insecure in [
        "http://a.example/token",
        "http://127.0.0.1.evil.test/token",
        "http://localhost.evil.test/token",
        "http://localhost./token",
        "http://evil.localhost/token",
        "http://[::2]/token",
        "http://[::ffff:10.0.0.1]/token",
        "http://0.0.0.0/token",
        "http://10.0.0.1/token",
        "ftp://a.example/token",
        "ws://127.0.0.1/token",
    ] {
        assert_eq!(at(insecure), Err(ProviderError::EndpointInsecure(EndpointKind::Token)), "{insecure}");
    }
    for invalid in [
        "",
        "token",
        "https://",
        "mailto:a@b",
        "javascript:alert(1)",
        "https://user@a.example/",
        "https://:pw@a.example/",
        "https://a.example/#x",
        "http://localhost@evil.test/",
    ] {
        assert_eq!(at(invalid), Err(ProviderError::EndpointInvalid(EndpointKind::Token)), "{invalid}");
    }
}

#[test]
fn s2_the_rarer_endpoints_are_held_to_the_same_rule() {
    use EndpointKind::{Device, Introspect, Jwks, Par, Revoke, UserInfo};
    for kind in [Device, Par, Revoke, Introspect, UserInfo, Jwks] {
        let at = |text: &str| {
            let mut settings = settings(CUSTOM, GrantType::ClientCredentials);
            let endpoints = &mut settings.overrides_mut().endpoints;
            endpoints.token = Some("https://a.example/token".to_owned());
            let slot = match kind {
                Device => &mut endpoints.device,
                Par => &mut endpoints.par,
                Revoke => &mut endpoints.revoke,
                Introspect => &mut endpoints.introspect,
                UserInfo => &mut endpoints.userinfo,
                _ => &mut endpoints.jwks,
            };
            *slot = Some(text.to_owned());
            Provider::resolve(&[], &settings).map(|provider| provider.more)
        };
        assert_ne!(at("https://a.example/x").unwrap(), MoreEndpoints::default(), "{kind:?}");
        assert_eq!(at("http://a.example/x"), Err(ProviderError::EndpointInsecure(kind)));
        assert_eq!(at("x"), Err(ProviderError::EndpointInvalid(kind)));
    }
}

#[test]
fn an_account_may_override_any_key_of_its_preset() {
    let mut settings = settings("smartcar", GrantType::AuthorizationCode);
    let plain = Provider::resolve(&built_in(), &settings).unwrap();
    assert_eq!(plain.name, "Smartcar");
    settings.overrides_mut().client_auth = Some(ClientAuth::Body);
    settings.overrides_mut().endpoints.token = Some("http://127.0.0.1:9/token".to_owned());
    settings.overrides_mut().refresh.retry_grace_secs = Some(5);
    let ours = Provider::resolve(&built_in(), &settings).unwrap();
    assert_eq!(ours.token.unwrap().as_str(), "http://127.0.0.1:9/token");
    assert_eq!(ours.authorize, plain.authorize);
    assert_eq!(ours.client_auth, ClientAuth::Body);
    assert_eq!(ours.refresh.retry_grace_secs, Some(5));
    assert_eq!(ours.refresh.refresh_token_life_secs, plain.refresh.refresh_token_life_secs);
}

#[test]
fn what_can_not_be_resolved_is_named() {
    let resolve = |settings: &Settings| Provider::resolve(&built_in(), settings).unwrap_err();
    let error = resolve(&settings("smartcat", GrantType::Password));
    assert_eq!(error, ProviderError::UnknownProvider("smartcat".to_owned()));
    let error = resolve(&settings("smartcar", GrantType::Password));
    assert!(matches!(error, ProviderError::GrantNotOffered { .. }), "{error}");
    let mut smartconnect = settings("smartconnect", GrantType::Password);
    assert_eq!(resolve(&smartconnect).to_string(), "Region is not chosen");
    for region in ["NA4", "apina", "evil.test/"] {
        smartconnect.variables = [("region".to_owned(), region.to_owned())].into();
        assert!(matches!(resolve(&smartconnect), ProviderError::VariableUnknown { .. }), "{region}");
    }
    smartconnect.variables = [("region".to_owned(), " eu2 ".to_owned())].into();
    let provider = Provider::resolve(&built_in(), &smartconnect).unwrap();
    assert_eq!(provider.token.as_ref().unwrap().host_str(), Some("apieuw2.smartconnect.com"));
    let error = resolve(&settings("connect", GrantType::AuthorizationCode));
    assert_eq!(error, ProviderError::EndpointMissing(EndpointKind::Authorize));
}

#[test]
fn a_typed_variable_can_not_change_the_server() {
    let mut preset = Preset::custom();
    preset.id = "tenants".to_owned();
    preset.variables =
        vec![Variable { name: "tenant".to_owned(), label: "Tenant".to_owned(), ..Variable::default() }];
    preset.spec.endpoints.token = Some("https://{tenant}.example.com/token".to_owned());
    let mut settings = settings("tenants", GrantType::ClientCredentials);
    for evil in ["evil.test/", "evil.test#", "a@evil.test", "evil.test?", "a b", "é", "a\\b", "a:1"] {
        settings.variables = [("tenant".to_owned(), evil.to_owned())].into();
        let error = Provider::resolve(std::slice::from_ref(&preset), &settings).unwrap_err();
        assert!(matches!(error, ProviderError::VariableUnknown { .. }), "{evil}");
    }
    settings.variables = [("tenant".to_owned(), "acme-2".to_owned())].into();
    let provider = Provider::resolve(&[preset], &settings).unwrap();
    assert_eq!(provider.token.as_ref().unwrap().host_str(), Some("acme-2.example.com"));
}

#[test]
fn i5_a_variable_and_what_it_fills_are_bounded() {
    let mut preset = Preset::custom();
    preset.id = "tenants".to_owned();
    preset.variables =
        vec![Variable { name: "tenant".to_owned(), label: "Tenant".to_owned(), ..Variable::default() }];
    preset.spec.endpoints.token = Some("https://a.example/{tenant}/token".to_owned());
    let mut settings = settings("tenants", GrantType::ClientCredentials);
    let resolve = |settings: &Settings| Provider::resolve(std::slice::from_ref(&preset), settings);
    for (bytes, fits) in [(255, true), (256, false), (2 << 20, false)] {
        settings.variables = [("tenant".to_owned(), "a".repeat(bytes))].into();
        assert_eq!(resolve(&settings).is_ok(), fits, "{bytes}");
    }
    settings.variables = [("tenant".to_owned(), "a".repeat(255))].into();
    let address = |uses: usize| Some(format!("https://a.example/{}", "{tenant}".repeat(uses)));
    settings.overrides_mut().endpoints.token = address(1000);
    assert!(resolve(&settings).unwrap().token.unwrap().as_str().len() < 1000 * 256);
    settings.overrides_mut().endpoints.token = address(400_000);
    assert_eq!(resolve(&settings).unwrap_err(), ProviderError::EndpointInvalid(EndpointKind::Token));
    settings.overrides_mut().endpoints.token = None;
    let many = "{tenant}".repeat(400_000);
    settings.overrides_mut().token_params = [("a".to_owned(), many.clone())].into();
    assert_eq!(resolve(&settings).unwrap().token_params["a"], many, "too long for a template");
}
