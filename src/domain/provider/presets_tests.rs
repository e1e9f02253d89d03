//! Each vendor's exact requests for the same account.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::*;
use crate::base::secret::{AuthCode, ClientSecret, CodeVerifier, HeaderValue, Password, RefreshToken};
use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::tags::Tags;
use crate::domain::account::{Client, Settings};
use crate::domain::oauth::authorize::authorization_address;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::domain::oauth::token_request::{GrantRequest, build};
use crate::domain::provider::Provider;
use crate::domain::provider::spec::Endpoints;
use crate::domain::test_support::{FRESH, authorization};

fn preset(id: &str) -> Preset {
    built_in().into_iter().find(|preset| preset.id == id).unwrap()
}

/// The provider of an account with defaults, except for the region and for URLs that the preset lacks.
fn provider(id: &str, region: Option<&str>) -> Provider {
    let preset = preset(id);
    let mut overrides = ProviderSpec::default();
    if id == "connect" {
        overrides.endpoints = Endpoints {
            authorize: Some("https://connect.example/authorize".to_owned()),
            token: Some("https://connect.example/token".to_owned()),
            ..Default::default()
        };
    }
    let settings = Settings {
        provider: id.to_owned(),
        grant: preset.spec.grants.as_ref().unwrap()[0],
        variables: region.map(|region| ("region".to_owned(), region.to_owned())).into_iter().collect(),
        overrides: overrides.into(),
        background_refresh: None,
        client_secret_expires: None,
        key_dates: KeyDates::default(),
        tags: Tags::default(),
        environment: None,
    };
    Provider::resolve(&built_in(), &settings).unwrap()
}

/// A request as sent, with its headers sorted by name.
fn sent(provider: &Provider, asking: &GrantRequest<'_>) -> String {
    let mut client = Client {
        client_id: "my id".to_owned(),
        client_secret: Some(ClientSecret::new("s:e/c".to_owned())),
        username: Some("user@example.com".to_owned()),
        password: Some(Password::new("p&w".to_owned())),
        ..Client::default()
    };
    if provider.name.starts_with("Connect") {
        client.headers.insert("ACCESSTOKEN".to_owned(), HeaderValue::new("key".to_owned()));
    }
    let mut request = build(provider, &client, asking, &FRESH).unwrap();
    request.headers.sort_by(|a, b| a.0.cmp(&b.0));
    let mut text = format!("POST {}\n", request.url);
    for (name, value) in &request.headers {
        writeln!(text, "{name}: {}", value.expose()).unwrap();
    }
    text + "\n" + request.body.expose()
}

#[test]
fn each_file_is_a_preset() {
    for text in FILES {
        let preset = Preset::from_toml(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert!(!preset.summary.is_empty() && preset.spec.grants.is_some(), "{}", preset.id);
        assert!(preset.spec.help.secrets_place.is_some(), "{}", preset.id);
        if preset.group != Group::Vendor {
            assert!(preset.reference.is_some() && preset.spec.help.register.is_some(), "{}", preset.id);
        }
    }
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/providers");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), FILES.len(), "a file isn't in the list");
    let mut ids: Vec<String> = built_in().into_iter().map(|preset| preset.id).collect();
    assert_eq!(ids.len(), FILES.len());
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), FILES.len(), "an ID is there twice");
}

#[test]
fn the_redirect_address_of_a_preset_keeps_its_own_rule() {
    for preset in built_in() {
        let redirect = RedirectUri::new(preset.spec.redirect_uri.as_deref()).unwrap();
        assert_eq!(preset.spec.redirect_rule.breach(&redirect), None, "{}", preset.id);
    }
}

#[test]
fn a_toggle_adds_what_the_account_turns_on() {
    let mut settings = Settings {
        provider: "google".to_owned(),
        grant: GrantType::AuthorizationCode,
        variables: BTreeMap::new(),
        overrides: ProviderSpec::default().into(),
        background_refresh: None,
        client_secret_expires: None,
        key_dates: KeyDates::default(),
        tags: Tags::default(),
        environment: None,
    };
    let params = |settings: &Settings| Provider::resolve(&built_in(), settings).unwrap().authorize_params;
    assert_eq!(params(&settings)["access_type"], "offline");
    // The account's own parameters stay.
    settings.overrides_mut().authorize_params.insert("prompt".to_owned(), "select_account".to_owned());
    assert_eq!(params(&settings)["prompt"], "select_account");
    settings.overrides_mut().toggles.insert("offline".to_owned(), false);
    assert!(!params(&settings).contains_key("access_type"));

    settings.provider = "entra".to_owned();
    let scopes = |settings: &Settings| Provider::resolve(&built_in(), settings).unwrap().scopes;
    settings.overrides = ProviderSpec::default().into();
    settings.overrides_mut().scopes = Some(vec!["User.Read".to_owned()]);
    assert_eq!(scopes(&settings), ["User.Read", "offline_access"]);
    // A grant without a user has no one to keep signed in.
    settings.grant = GrantType::ClientCredentials;
    assert_eq!(scopes(&settings), ["User.Read"]);
}

#[test]
fn a_variable_has_its_default_and_stands_in_parameters_too() {
    let mut settings = Settings {
        provider: "entra".to_owned(),
        grant: GrantType::ClientCredentials,
        variables: BTreeMap::new(),
        overrides: ProviderSpec::default().into(),
        background_refresh: None,
        client_secret_expires: None,
        key_dates: KeyDates::default(),
        tags: Tags::default(),
        environment: None,
    };
    let provider = |settings: &Settings| Provider::resolve(&built_in(), settings).unwrap();
    assert_eq!(provider(&settings).token.unwrap().path(), "/common/oauth2/v2.0/token");
    settings.variables = [("tenant".to_owned(), "acme.example".to_owned())].into();
    assert_eq!(provider(&settings).token.unwrap().path(), "/acme.example/oauth2/v2.0/token");
    settings.provider = "zoom-server".to_owned();
    settings.variables = [("account_id".to_owned(), "aBc-1".to_owned())].into();
    assert_eq!(provider(&settings).token_params["account_id"], "aBc-1");
}

#[test]
fn smartconnect() {
    assert_eq!(
        sent(&provider("smartconnect", Some("NA")), &GrantRequest::Password),
        "POST https://apina.smartconnect.com/token\n\
         Accept: application/json\n\
         Content-Type: application/x-www-form-urlencoded\n\
         \n\
         grant_type=password&username=user%40example.com&password=p%26w&client_id=my+id&client_secret=s%3Ae%2Fc"
    );
    for (region, host) in [
        ("NA", "apina"),
        ("NA2", "apina2"),
        ("NA3", "apina3"),
        ("UK", "apieuk"),
        ("EU", "apieuw"),
        ("EU2", "apieuw2"),
        ("AU", "apiau"),
    ] {
        let provider = provider("smartconnect", Some(region));
        assert_eq!(
            provider.token.as_ref().unwrap().as_str(),
            format!("https://{host}.smartconnect.com/token")
        );
    }
    assert_eq!(preset("smartconnect").variables[0].choices.len(), 7);
}

#[test]
fn smartdocumentor() {
    let provider = provider("smartdocumentor", None);
    assert_eq!(
        sent(&provider, &GrantRequest::ClientCredentials),
        "POST https://cloud.smartdocumentor.net/connect/token\n\
         Accept: application/json\n\
         Content-Type: application/x-www-form-urlencoded\n\
         \n\
         grant_type=client_credentials&scope=WebAPI&client_id=my+id&client_secret=s%3Ae%2Fc"
    );
    assert_eq!(provider.refresh.ahead_secs, Some(0));
    assert_eq!(provider.response.error, ["/error", "/erro"]);
    assert!(provider.errors["invalid_client"].contains("expired"));
    assert!(provider.help.secrets_place.unwrap().contains("Create Secrets"));
}

#[test]
fn smartsense() {
    // base64("my%20id:s%3Ae%2Fc")
    assert_eq!(
        sent(&provider("smartsense", None), &GrantRequest::ClientCredentials),
        "POST https://api.smartsense.co/auth/oauth\n\
         Accept: application/json\n\
         Authorization: Basic bXklMjBpZDpzJTNBZSUyRmM=\n\
         Content-Type: application/x-www-form-urlencoded\n\
         \n\
         grant_type=client_credentials"
    );
}

#[test]
fn connect() {
    let provider = provider("connect", None);
    let (code, refresh) = (AuthCode::new("c0de".to_owned()), RefreshToken::new("r3fresh".to_owned()));
    let verifier = CodeVerifier::new("v3rifier".to_owned());
    let asking = GrantRequest::Code {
        code: &code,
        redirect_uri: "http://127.0.0.1:5/callback",
        verifier: Some(&verifier),
    };
    // base64("my%20id:s%3Ae%2Fc")
    let head = "POST https://connect.example/token\n\
                ACCESSTOKEN: key\n\
                Accept: application/json\n\
                Authorization: Basic bXklMjBpZDpzJTNBZSUyRmM=\n\
                Content-Type: application/json\n\
                \n";
    assert_eq!(
        sent(&provider, &asking),
        format!(
            "{head}{}",
            r#"{"grant_type":"authorization_code","code":"c0de","redirect_uri":"http://127.0.0.1:5/callback","code_verifier":"v3rifier"}"#
        )
    );
    assert_eq!(
        sent(&provider, &GrantRequest::Refresh { token: &refresh }),
        format!(
            "{head}{}",
            r#"{"grant_type":"refresh_token","refresh_token":"r3fresh","redirect_uri":"http://127.0.0.1/callback"}"#
        )
    );
    assert_eq!(
        authorization_address(
            &provider,
            &authorization("my id", "http://127.0.0.1:5/callback", "st", Some("ch"))
        )
        .unwrap()
        .as_str(),
        "https://connect.example/authorize?response_type=code&client_id=my+id\
         &redirect_uri=http%3A%2F%2F127.0.0.1%3A5%2Fcallback&state=st\
         &code_challenge=ch&code_challenge_method=S256"
    );
    let preset = preset("connect");
    assert_eq!(preset.spec.endpoints, Endpoints::default());
    assert_eq!(
        (preset.secret_headers[0].name.as_str(), preset.secret_headers[0].required),
        ("ACCESSTOKEN", false)
    );
    let codes: Vec<&str> = provider.errors.keys().map(String::as_str).collect();
    assert_eq!(
        codes,
        [
            "2032", "2034", "2036", "2038", "2039", "2040", "2041", "400", "401", "403", "404", "405", "406",
            "410", "429", "500", "503",
        ]
    );
}

#[test]
fn smartcar() {
    let provider = provider("smartcar", None);
    let redirect = provider.redirect_uri.to_string();
    assert_eq!(redirect, "http://localhost:8910/callback");
    let (code, refresh) = (AuthCode::new("c0de".to_owned()), RefreshToken::new("r3fresh".to_owned()));
    let asking = GrantRequest::Code { code: &code, redirect_uri: &redirect, verifier: None };
    // base64("my id:s:e/c")
    let head = "POST https://auth.smartcar.com/oauth/token\n\
                Accept: application/json\n\
                Authorization: Basic bXkgaWQ6czplL2M=\n\
                Content-Type: application/x-www-form-urlencoded\n\
                \n";
    assert_eq!(
        sent(&provider, &asking),
        format!(
            "{head}grant_type=authorization_code&code=c0de&redirect_uri=http%3A%2F%2Flocalhost%3A8910%2Fcallback"
        )
    );
    assert_eq!(
        sent(&provider, &GrantRequest::Refresh { token: &refresh }),
        format!("{head}grant_type=refresh_token&refresh_token=r3fresh")
    );
    assert_eq!(
        authorization_address(&provider, &authorization("my id", &redirect, "st", Some("ch")))
            .unwrap()
            .as_str(),
        "https://connect.smartcar.com/oauth/authorize?response_type=code&client_id=my+id\
         &redirect_uri=http%3A%2F%2Flocalhost%3A8910%2Fcallback&state=st\
         &code_challenge=ch&code_challenge_method=S256"
    );
    assert_eq!(provider.refresh.refresh_token_life_secs, Some(60 * 86_400));
    assert_eq!(provider.refresh.retry_grace_secs, Some(60));
    assert!(provider.pkce);
    assert_eq!(provider.grant, GrantType::AuthorizationCode);
}

#[test]
fn a_mistake_in_a_preset_is_named() {
    let text = "id = \"x\"\nname = \"X\"\nsummary = \"\"\n";
    for (more, expected) in [
        ("sumary = \"\"", "line 4: unknown key \"sumary\"; did you mean \"summary\"?"),
        (
            "client_auth = \"basics\"",
            "line 4: \"client_auth\" must be one of basic, basic_raw, body, none, private_key_jwt, client_secret_jwt; did you mean \"basic\"?",
        ),
        (
            "[refresh]\nahead_secs = -1",
            "line 5: \"refresh.ahead_secs\" must be a whole number, 0 or more, and not too large",
        ),
        ("[[variables]]\nname = \"a\"", "line 4: key \"variables.label\" is missing"),
        ("errors = [1]", "line 4: \"errors\" must be a table, not a list"),
    ] {
        assert_eq!(Preset::from_toml(&format!("{text}{more}")).unwrap_err().to_string(), expected);
    }
    assert!(Preset::from_toml(&text.replace("id = \"x\"", "id = \"custom\"")).is_err());
    assert_eq!(Preset::from_toml(&text.replace("id = \"x\"", "")).unwrap_err().key.as_deref(), Some("id"));
}
