//! Metadata: abridged documents of real servers, unusual ones, and rejected ones.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::tags::Tags;
use crate::domain::provider::CUSTOM;

const ISSUER: &str = "https://auth.example.com/t/one";

fn settings(issuer: &str, grant: GrantType) -> Settings {
    Settings {
        provider: CUSTOM.to_owned(),
        grant,
        variables: [].into(),
        overrides: ProviderSpec { issuer: Some(issuer.to_owned()), ..ProviderSpec::default() }.into(),
        background_refresh: None,
        client_secret_expires: None,
        key_dates: KeyDates::default(),
        tags: Tags::default(),
        environment: None,
    }
}

fn wanted(issuer: &str, grant: GrantType) -> Wanted {
    Wanted::of(&[], &settings(issuer, grant)).unwrap()
}

fn document() -> Url {
    Url::parse("https://auth.example.com/x").unwrap()
}

fn metadata() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://auth.example.com/authorize",
        "token_endpoint": "https://auth.example.com/token",
    })
}

fn with(more: Value) -> Value {
    let (mut value, Value::Object(more)) = (metadata(), more) else { panic!() };
    value.as_object_mut().unwrap().extend(more);
    value
}

fn read(value: &Value) -> Result<DiscoveredServer, MetadataError> {
    wanted(ISSUER, GrantType::AuthorizationCode).read(&document(), value.to_string().as_bytes())
}

#[test]
fn what_a_server_says_becomes_an_accounts_overrides() {
    let found = read(&with(json!({
        "device_authorization_endpoint": "https://auth.example.com/device",
        "pushed_authorization_request_endpoint": "https://auth.example.com/par",
        "revocation_endpoint": "https://auth.example.com/revoke",
        "introspection_endpoint": "https://auth.example.com/introspect",
        "userinfo_endpoint": "https://api.example.com/me",
        "jwks_uri": "https://auth.example.com/jwks",
        "grant_types_supported": ["implicit", "refresh_token", "authorization_code",
            "urn:ietf:params:oauth:grant-type:device_code"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post", "tls_client_auth"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "scopes_supported": ["openid", 7, "read"],
        "authorization_response_iss_parameter_supported": true,
        "require_pushed_authorization_requests": true,
    })))
    .unwrap();
    assert_eq!(found.grants, [GrantType::AuthorizationCode, GrantType::DeviceCode]);
    assert_eq!(found.client_auths, [ClientAuth::Body, ClientAuth::PrivateKeyJwt]);
    assert_eq!(found.scopes, ["openid", "read"]);
    let spec = found.spec();
    assert_eq!(spec.client_auth, Some(ClientAuth::Body));
    assert_eq!((spec.pkce, spec.iss_promised, spec.par), (None, Some(true), Some(true)));
    for kind in EndpointKind::ALL.into_iter().filter(|kind| *kind != EndpointKind::Refresh) {
        assert!(spec.endpoints.get(kind).is_some(), "{kind:?}");
    }
    // The provider's usual method stays if the server lists it, also in its raw form.
    let listed = json!({ "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"] });
    assert_eq!(read(&with(listed)).unwrap().spec().client_auth, None);
    let plain = json!({ "code_challenge_methods_supported": ["plain"] });
    assert_eq!(read(&with(plain)).unwrap().spec().pkce, Some(false));
}

#[test]
fn little_is_enough_and_wrong_types_count_as_absent() {
    let found = read(&with(json!({
        "grant_types_supported": "authorization_code", "scopes_supported": null, "jwks_uri": 7,
        "userinfo_endpoint": "", "authorization_response_iss_parameter_supported": "true",
        "code_challenge_methods_supported": {}, "extra": [[[]]],
    })))
    .unwrap();
    assert_eq!((found.grants.len(), found.scopes.len(), found.pkce), (0, 0, None));
    assert!(found.iss_promised && found.endpoints.jwks.is_none() && found.endpoints.userinfo.is_none());
    let mut body = b"\xef\xbb\xbf".to_vec();
    body.extend(metadata().to_string().into_bytes());
    assert!(wanted(ISSUER, GrantType::AuthorizationCode).read(&document(), &body).is_ok());
}

#[test]
fn a3_another_issuers_document_is_not_taken() {
    for said in ["https://auth.example.com/t/one/", "https://auth.example.com", "https://evil.example/t/one"]
    {
        let other = read(&with(json!({ "issuer": said }))).unwrap_err();
        assert_eq!(other, MetadataError::OtherIssuer(said.to_owned()));
    }
    for nothing in [json!({ "issuer": null }), json!({ "issuer": ["x"] })] {
        assert_eq!(read(&with(nothing)), Err(MetadataError::None));
    }
    for body in ["", "[]", "\"x\"", "<html>", "{"] {
        let read = wanted(ISSUER, GrantType::AuthorizationCode).read(&document(), body.as_bytes());
        assert_eq!(read, Err(MetadataError::None), "{body}");
    }
}

#[test]
fn a3_a_template_is_taken_only_where_the_preset_states_it() {
    let said = "https://login.example/{tenantid}/v2.0";
    let body = with(json!({ "issuer": said })).to_string();
    let mut settings = settings("https://login.example/common/v2.0", GrantType::AuthorizationCode);
    let wanted = |settings: &Settings| Wanted::of(&[], settings).unwrap();
    let other = wanted(&settings).read(&document(), body.as_bytes()).unwrap_err();
    assert_eq!(other, MetadataError::OtherIssuer(said.to_owned()));
    settings.overrides_mut().issuer_template = Some(said.to_owned());
    let found = wanted(&settings).read(&document(), body.as_bytes()).unwrap();
    assert_eq!(found.issuer, "https://login.example/common/v2.0");
    let of_one = with(json!({ "issuer": "https://login.example/72f9-88bf/v2.0" })).to_string();
    assert!(wanted(&settings).read(&document(), of_one.as_bytes()).is_ok());
    let elsewhere = with(json!({ "issuer": "https://evil.example/72f9/v2.0" })).to_string();
    assert!(wanted(&settings).read(&document(), elsewhere.as_bytes()).is_err());
    let [one, two] = ["72f988bf-86f1-41af-91ab-2d7cd011db47", "9188040d-6c67-4c5b-b112-36a304b66dad"];
    settings.overrides_mut().issuer = Some(format!("https://login.example/{}/v2.0", one.to_uppercase()));
    for (tenant, is_taken) in [(one, true), (two, false), ("{tenantid}", false)] {
        let issuer = said.replace("{tenantid}", tenant);
        let body = with(json!({ "issuer": issuer })).to_string();
        assert_eq!(wanted(&settings).read(&document(), body.as_bytes()).is_ok(), is_taken, "{tenant}");
    }
}

#[test]
fn s2_every_address_is_checked_again() {
    for address in [
        "http://auth.example.com/x",
        "http://127.0.0.1/x",
        "http://localhost/x",
        "ftp://auth.example.com/x",
        "javascript:alert(1)",
        "https://user@auth.example.com/x",
        "https://auth.example.com/#x",
        "/token",
    ] {
        for (kind, name) in ENDPOINTS {
            let refused = read(&with(json!({ name: address })));
            assert_eq!(refused, Err(MetadataError::Unusable(kind)), "{name}: {address}");
        }
    }
    // A server on this computer may name itself.
    let local = "http://127.0.0.1:9";
    let body = json!({ "issuer": local, "authorization_endpoint": "http://127.0.0.1:9/a", "token_endpoint": "http://localhost:9/t" });
    let wanted = wanted(local, GrantType::AuthorizationCode);
    assert!(wanted.read(&document(), body.to_string().as_bytes()).is_ok());
}

#[test]
fn an_address_that_the_grant_needs_must_be_there() {
    let body = metadata().to_string();
    let missing = |grant, body: &str| wanted(ISSUER, grant).read(&document(), body.as_bytes()).err();
    let device = Some(MetadataError::Missing(EndpointKind::Device));
    assert_eq!(missing(GrantType::DeviceCode, &body), device);
    assert_eq!(missing(GrantType::ClientCredentials, &body), None);
    let bare = json!({ "issuer": ISSUER }).to_string();
    let token = Some(MetadataError::Missing(EndpointKind::Token));
    assert_eq!(missing(GrantType::ClientCredentials, &bare), token);
}

#[test]
fn a_preset_with_an_issuer_and_no_token_endpoint_is_discovered() {
    let text = "id = \"x\"\nname = \"X\"\nsummary = \"\"\nissuer = \"https://{tenant}.example.com/\"\n\
        variables = [{ name = \"tenant\", label = \"Tenant\" }]";
    let preset = Preset::from_toml(text).unwrap();
    let mut settings = settings("", GrantType::ClientCredentials);
    (settings.provider, settings.overrides_mut().issuer) = ("x".to_owned(), None);
    assert!(is_wanted(&preset, &settings.overrides));
    let presets = [preset];
    assert!(matches!(Wanted::of(&presets, &settings), Err(ProviderError::VariableMissing { .. })));
    settings.variables = [("tenant".to_owned(), "acme".to_owned())].into();
    assert_eq!(Wanted::of(&presets, &settings).unwrap().issuer.as_str(), "https://acme.example.com/");
    settings.overrides_mut().endpoints.token = Some("https://acme.example.com/token".to_owned());
    assert!(!is_wanted_by(&presets, &settings));
}

fn any_field() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        "(https|http|ftp)://(127\\.0\\.0\\.1|a\\.example|localhost\\.evil\\.test)(:[0-9]{1,6})?/.{0,10}"
            .prop_map(Value::from),
        prop::collection::vec(".{0,12}", 0..4).prop_map(Value::from),
    ]
}

proptest! {
    #[test]
    fn s2_whatever_a_document_holds_only_safe_addresses_are_taken(
        fields in prop::collection::vec((0..ENDPOINTS.len() + 6, any_field()), 0..16),
        grant in 0..5_usize,
        bytes in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let names = [
            "grant_types_supported", "token_endpoint_auth_methods_supported", "code_challenge_methods_supported",
            "scopes_supported", "authorization_response_iss_parameter_supported", "issuer",
        ];
        let mut value = metadata();
        for (place, field) in fields {
            let name = ENDPOINTS.get(place).map_or_else(|| names[place - ENDPOINTS.len()], |(_, name)| name);
            value[name] = field;
        }
        let wanted = wanted(ISSUER, GRANTS[grant].0);
        let _ = wanted.read(&document(), &bytes);
        if let Ok(found) = wanted.read(&document(), value.to_string().as_bytes()) {
            prop_assert_eq!(value["issuer"].as_str(), Some(ISSUER));
            let spec = found.spec();
            for kind in EndpointKind::ALL {
                if let Some(address) = spec.endpoints.get(kind) {
                    prop_assert_eq!(Url::parse(address).unwrap().scheme().to_owned(), "https");
                }
            }
            prop_assert!(needed_by(GRANTS[grant].0).iter().all(|kind| spec.endpoints.get(*kind).is_some()));
            prop_assert!(found.scopes.len() <= LIST_MAX);
        }
    }
}
