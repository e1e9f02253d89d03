//! Every preset's requests, compared with a reviewed text: `tests/snapshots/providers/<id>.txt`.
//!
//! `KEYFOB_WRITE_SNAPSHOTS=1 cargo test preset_requests` rewrites the texts. Review the diff like any other.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use url::Url;

use super::built_in;
use crate::base::secret::{
    AccessToken, ApiKey, AuthCode, ClientSecret, CodeVerifier, DeviceCode, HeaderValue, Password, PrivateKey,
    RefreshToken,
};
use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::tags::Tags;
use crate::domain::account::{Client, Settings};
use crate::domain::oauth::authorize::authorization_address;
use crate::domain::oauth::device;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::domain::oauth::token_request::{GrantRequest, build};
use crate::domain::provider::facts::Facts;
use crate::domain::provider::redirect_rule::{PortRule, PortRules};
use crate::domain::provider::spec::{ClientAuth, ProviderSpec};
use crate::domain::provider::{Preset, Provider};
use crate::domain::test_support::{ED_JWK, FRESH, NO_PARAMS, authorization};
use crate::domain::token::{held_key, token_format};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/providers")
}

/// Default settings, plus what the preset doesn't know.
fn settings(preset: &Preset, grant: GrantType) -> Settings {
    let mut overrides = ProviderSpec::default();
    let endpoints = &preset.spec.endpoints;
    if endpoints.authorize.is_none() {
        overrides.endpoints.authorize = Some("https://server.example/authorize".to_owned());
    }
    if endpoints.token.is_none() && !grant.is_key() {
        overrides.endpoints.token = Some("https://server.example/token".to_owned());
    }
    if preset.spec.scopes.is_none() {
        overrides.scopes = Some(vec!["SCOPE-1".to_owned(), "SCOPE-2".to_owned()]);
    }
    let required = preset.variables.iter().filter(|variable| variable.default.is_none());
    let variables = required.map(|variable| {
        let choice = variable.choices.first().map_or("VARIABLE", |choice| &choice.value);
        (variable.name.clone(), choice.to_owned())
    });
    Settings {
        provider: preset.id.clone(),
        grant,
        variables: variables.collect(),
        overrides: overrides.into(),
        background_refresh: None,
        client_secret_expires: None,
        key_dates: KeyDates::default(),
        tags: Tags::default(),
        environment: None,
    }
}

fn client(preset: &Preset) -> Client {
    let headers = preset.secret_headers.iter().map(|header| (header.name.clone(), "HEADER-VALUE"));
    Client {
        client_id: "CLIENT-ID".to_owned(),
        client_secret: Some(ClientSecret::new("CLIENT-SECRET".to_owned())),
        private_key: Some(PrivateKey::new(ED_JWK.to_owned())),
        username: Some("USER-NAME".to_owned()),
        password: Some(Password::new("PASSWORD".to_owned())),
        key: Some(ApiKey::new("API-KEY".to_owned())),
        headers: headers.map(|(name, value)| (name, HeaderValue::new(value.to_owned()))).collect(),
        ..Client::default()
    }
}

/// Writes a URL with one query parameter a line.
fn address(text: &mut String, url: &Url) {
    let bare = url.as_str().split('?').next().unwrap_or_default();
    writeln!(text, "{bare}").unwrap();
    for (name, value) in url.query_pairs() {
        writeln!(text, "    {name} = {value}").unwrap();
    }
}

fn request(text: &mut String, title: &str, request: &HttpRequest) {
    write!(text, "\n== {title}\nPOST ").unwrap();
    address(text, &request.url);
    let mut headers: Vec<_> = request.headers.iter().map(|(name, value)| (name, value.expose())).collect();
    headers.sort_unstable();
    for (name, value) in headers {
        let shown = value.strip_prefix("Basic ").map(|encoded| {
            let plain = String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap();
            format!("Basic base64({plain})")
        });
        writeln!(text, "{name}: {}", shown.unwrap_or_else(|| value.to_owned())).unwrap();
    }
    let body = request.body.expose();
    if body.starts_with('{') {
        writeln!(text, "    {body}").unwrap();
    } else {
        for (name, value) in url::form_urlencoded::parse(body.as_bytes()) {
            let value = if name.ends_with("assertion") { signed(&value) } else { value.into_owned() };
            writeln!(text, "    {name} = {value}").unwrap();
        }
    }
}

fn signed(assertion: &str) -> String {
    let parts = assertion.split('.').take(2).map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    parts.map(|part| String::from_utf8(part).unwrap()).collect::<Vec<_>>().join(" ")
}

fn code_requests(
    text: &mut String,
    preset: &Preset,
    settings: &Settings,
    provider: &Provider,
    client: &Client,
) {
    let title = provider.grant.as_str();
    let redirect = match &provider.redirect_uri {
        RedirectUri::Loopback(loopback) => loopback.uri_at(50_000),
        RedirectUri::Pasted(text) => text.clone(),
    };
    let challenge = provider.pkce.then_some("CHALLENGE");
    let url_of = |provider: &Provider| {
        authorization_address(provider, &authorization("CLIENT-ID", &redirect, "STATE", challenge)).unwrap()
    };
    let url = url_of(provider);
    write!(text, "\n== {title}: the authorization request\nGET ").unwrap();
    address(text, &url);
    for toggle in &preset.toggles {
        let mut other = settings.clone();
        other.overrides_mut().toggles = BTreeMap::from([(toggle.id.clone(), !toggle.on)]);
        let other = Provider::resolve(std::slice::from_ref(preset), &other).unwrap();
        let state = if toggle.on { "off" } else { "on" };
        writeln!(text, "-- with “{}” turned {state}", toggle.label).unwrap();
        changed_parameters(text, &url, &url_of(&other));
    }
    let (code, verifier) = (AuthCode::new("CODE".to_owned()), CodeVerifier::new("VERIFIER".to_owned()));
    let verifier = provider.pkce.then_some(&verifier);
    let grant = GrantRequest::Code { code: &code, redirect_uri: &redirect, verifier };
    let built = build(provider, client, &grant, &FRESH).unwrap();
    request(text, &format!("{title}: the token request"), &built);
    let token = RefreshToken::new("REFRESH-TOKEN".to_owned());
    let built = build(provider, client, &GrantRequest::Refresh { token: &token }, &FRESH).unwrap();
    request(text, &format!("{title}: the refresh"), &built);
}

fn changed_parameters(text: &mut String, before: &Url, after: &Url) {
    let pairs = |url: &Url| -> Vec<_> { url.query_pairs().into_owned().collect() };
    let (before, after) = (pairs(before), pairs(after));
    for (name, value) in before.iter().filter(|pair| !after.contains(pair)) {
        writeln!(text, "  - {name} = {value}").unwrap();
    }
    for (name, value) in after.iter().filter(|pair| !before.contains(pair)) {
        writeln!(text, "  + {name} = {value}").unwrap();
    }
}

fn requests(text: &mut String, preset: &Preset, grant: GrantType) {
    let settings = settings(preset, grant);
    let provider = Provider::resolve(std::slice::from_ref(preset), &settings).unwrap();
    let mut client = client(preset);
    if provider.client_auth == ClientAuth::None {
        client.client_secret = None;
    }
    let title = grant.as_str();
    match grant {
        GrantType::AuthorizationCode => {
            code_requests(text, preset, &settings, &provider, &client);
        }
        GrantType::ClientCredentials => {
            request(
                text,
                title,
                &build(&provider, &client, &GrantRequest::ClientCredentials, &FRESH).unwrap(),
            );
        }
        GrantType::DeviceCode => {
            let code = DeviceCode::new("DEVICE-CODE".to_owned());
            let endpoint = provider.more.device.clone().unwrap();
            writeln!(text, "\n== {title}: the request of a code\nPOST {endpoint}").unwrap();
            for (name, value) in device::parameters(&provider, &NO_PARAMS) {
                writeln!(text, "    {name} = {value}").unwrap();
            }
            let built = build(&provider, &client, &GrantRequest::DeviceCode { code: &code }, &FRESH).unwrap();
            request(text, &format!("{title}: the token request"), &built);
        }
        GrantType::JwtBearer => {
            request(text, title, &build(&provider, &client, &GrantRequest::JwtBearer, &FRESH).unwrap());
        }
        GrantType::Password => {
            request(text, title, &build(&provider, &client, &GrantRequest::Password, &FRESH).unwrap());
        }
        GrantType::Login => {
            request(text, title, &build(&provider, &client, &GrantRequest::Login, &FRESH).unwrap());
        }
        GrantType::ApiKey | GrantType::Basic => use_of_key(text, &provider, &client),
    }
}

fn ports(rules: &PortRules) -> String {
    let word = |rule: &PortRule| if *rule == PortRule::Any { "any" } else { "fixed" };
    match rules {
        PortRules::All(rule) => word(rule).to_owned(),
        PortRules::ByHost(rules) => {
            let rules = rules.iter().map(|(host, rule)| format!("{} at {host}", word(rule)));
            rules.collect::<Vec<_>>().join(", ")
        }
    }
}

/// A request that has the account's key, as a cURL command.
fn use_of_key(text: &mut String, provider: &Provider, client: &Client) {
    let url = provider.api_base_url(&Facts::new()).unwrap_or_default();
    let token = match provider.grant {
        GrantType::Basic => held_key::basic_credentials("USER", "PASSWORD"),
        _ => AccessToken::new(client.key.as_ref().unwrap().expose().to_owned()),
    };
    let line = match provider.api.query.as_deref() {
        Some(query) => token_format::curl_with_query(query, &token, &url),
        None => token_format::curl(&provider.api, &token, &url),
    };
    writeln!(text, "\n== {}: a call\n{}", provider.grant.as_str(), line.expose()).unwrap();
}

fn described(preset: &Preset) -> String {
    let mut text = format!("{} ({})\n", preset.name, preset.id);
    if let Some(reference) = &preset.reference {
        writeln!(text, "{}, checked {}", reference.page, reference.checked).unwrap();
    }
    let rule = &preset.spec.redirect_rule;
    if let Some(hosts) = &rule.http_hosts {
        let hosts = if hosts.is_empty() { "https only".to_owned() } else { hosts.join(", ") };
        let port = rule.port.as_ref().map_or_else(|| "unknown".to_owned(), ports);
        let registered = if rule.registered == Some(false) { ", not registered" } else { "" };
        writeln!(text, "redirect: {hosts}; port: {port}{registered}").unwrap();
    }
    for grant in preset.spec.grants.clone().unwrap_or_default() {
        requests(&mut text, preset, grant);
    }
    let grant = preset.spec.grants.as_ref().unwrap()[0];
    let settings = settings(preset, grant);
    let more = Provider::resolve(std::slice::from_ref(preset), &settings).unwrap().more;
    let more = [
        ("device", more.device),
        ("par", more.par),
        ("revoke", more.revoke),
        ("introspect", more.introspect),
        ("userinfo", more.userinfo),
        ("jwks", more.jwks),
        ("refresh", more.refresh),
    ];
    let more: Vec<_> = more.into_iter().filter_map(|(name, url)| url.map(|url| (name, url))).collect();
    if !more.is_empty() {
        text.push_str("\n== other addresses\n");
    }
    for (name, url) in more {
        writeln!(text, "{name}: {url}").unwrap();
    }
    text
}

/// The differing lines of two texts, with line numbers.
fn difference(reviewed: &str, now: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (reviewed.lines().collect(), now.lines().collect());
    let mut shown = String::new();
    for (number, line) in old.iter().enumerate().filter(|(_, line)| !new.contains(line)) {
        writeln!(shown, "-{}: {line}", number + 1).unwrap();
    }
    for (number, line) in new.iter().enumerate().filter(|(_, line)| !old.contains(line)) {
        writeln!(shown, "+{}: {line}", number + 1).unwrap();
    }
    if shown.is_empty() { "the same lines in another order".to_owned() } else { shown }
}

#[test]
fn preset_requests_are_as_they_were_reviewed() {
    let write = std::env::var_os("KEYFOB_WRITE_SNAPSHOTS").is_some();
    let mut changed = String::new();
    let mut names: Vec<String> = Vec::new();
    for preset in built_in() {
        let (path, now) = (folder().join(format!("{}.txt", preset.id)), described(&preset));
        names.push(format!("{}.txt", preset.id));
        if write {
            fs::create_dir_all(folder()).unwrap();
            fs::write(&path, &now).unwrap();
        }
        let reviewed = fs::read_to_string(&path).unwrap_or_default();
        if reviewed != now {
            writeln!(changed, "{}\n{}", path.display(), difference(&reviewed, &now)).unwrap();
        }
    }
    assert!(changed.is_empty(), "presets differ from what was reviewed:\n{changed}");
    let there = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let strays: Vec<_> = there.filter(|name| !names.iter().any(|known| name == known.as_str())).collect();
    assert!(strays.is_empty(), "texts of no preset: {strays:?}");
}
