//! The five vendors' documents: each preset against a server that refuses every deviation from its document.

mod popular;
pub(crate) mod servers;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use keyfob::domain::oauth::redirect_uri::RedirectUri;
use keyfob::domain::provider::redirect_rule::Breach;
use keyfob::domain::token::grant::ExpirySource;
use keyfob::messages::command::Command;
use keyfob::messages::event::Reply;
use keyfob::messages::explain::explain;
use keyfob::messages::problem::Problem;

use crate::support::account_toml::AccountToml;
use crate::support::engine::{Place, Rig};
use crate::support::raw;
use crate::support::vendors::Vendor;

/// An account of this provider, with the vendor's endpoints instead of the preset's.
pub(crate) fn account(vendor: &Vendor, provider: &str, extra: &str, endpoints: &[(&str, String)]) -> String {
    let known = &vendor.known;
    let account = AccountToml::of_preset(provider, provider)
        .with("client_id", &known.client_id)
        .secret(&known.client_secret)
        .lines(extra);
    endpoints.iter().fold(account, |account, (key, url)| account.at(key, url)).to_string()
}

pub(crate) fn token_only(vendor: &Vendor) -> Vec<(&'static str, String)> {
    vec![("token", vendor.token_url())]
}

pub(crate) fn both(vendor: &Vendor) -> Vec<(&'static str, String)> {
    vec![("authorize", vendor.authorize_url()), ("token", vendor.token_url())]
}

fn rig(import: &str) -> (Place, Rig) {
    let place = Place::new();
    let rig = place.command_line();
    rig.import(import).unwrap();
    (place, rig)
}

/// Signs in as a user does: the browser opens the sign-in link and follows the redirect.
fn sign_in(rig: &Rig, vendor: &Vendor, name: &str) -> Result<Reply, Problem> {
    let (address, mut answers) = rig.start_sign_in(name)?;
    assert_eq!(raw::get(&vendor.browse(address.as_str())).status, 303);
    answers.wait()
}

fn jwt(expires_at: DateTime<Utc>) -> String {
    let part = |json: String| URL_SAFE_NO_PAD.encode(json);
    let (head, body) =
        (part(r#"{"alg":"HS256"}"#.to_owned()), part(format!(r#"{{"exp":{}}}"#, expires_at.timestamp())));
    format!("{head}.{body}.c2lnbmF0dXJl")
}

#[test]
fn smartconnect_sends_everything_in_the_form_and_reads_the_expiry_from_the_token() {
    let vendor = Vendor::smartconnect();
    let extra = format!(
        "username = '{}'\npassword = '{}'\nvariables = {{ region = \"EU2\" }}",
        vendor.known.username, vendor.known.password
    );
    let (_place, rig) = rig(&account(&vendor, "smartconnect", &extra, &token_only(&vendor)));
    let expires_at = DateTime::from_timestamp(rig.now().timestamp() + 7777, 0).unwrap();
    vendor.next_access_token(&jwt(expires_at));
    let held = rig.token("smartconnect").unwrap();
    assert_eq!(held.facts.expiry_source, ExpirySource::Token);
    assert_eq!(held.facts.expires_at, Some(expires_at));
    // A token that isn't a JWT has no known expiry.
    rig.ask(Command::Refresh(rig.id("smartconnect"))).unwrap();
    let held = rig.token("smartconnect").unwrap();
    assert_eq!((held.facts.expiry_source, held.facts.expires_at), (ExpirySource::Unknown, None));
    assert_eq!(vendor.deviations(), [""; 0]);
}

#[test]
fn smartconnect_has_the_seven_regions_of_its_document() {
    let presets = keyfob::domain::provider::presets::built_in();
    let preset = presets.iter().find(|preset| preset.id == "smartconnect").unwrap();
    let expected = [
        ("NA", "https://apina.smartconnect.com/token"),
        ("NA2", "https://apina2.smartconnect.com/token"),
        ("NA3", "https://apina3.smartconnect.com/token"),
        ("UK", "https://apieuk.smartconnect.com/token"),
        ("EU", "https://apieuw.smartconnect.com/token"),
        ("EU2", "https://apieuw2.smartconnect.com/token"),
        ("AU", "https://apiau.smartconnect.com/token"),
    ];
    let offered: Vec<_> = preset.variables[0].choices.iter().map(|choice| choice.value.as_str()).collect();
    assert_eq!(offered, expected.map(|(region, _)| region));
    for (region, address) in expected {
        let import = format!(
            "[[account]]\nname = \"a\"\nprovider = \"smartconnect\"\nclient_id = \"i\"\n\
             client_secret = \"s\"\nusername = \"u\"\npassword = \"p\"\nvariables = {{ region = \"{region}\" }}\n"
        );
        let imported = keyfob::domain::import::read(&import, &presets).unwrap();
        let resolved = keyfob::domain::provider::Provider::resolve(&presets, &imported[0].settings).unwrap();
        assert_eq!(resolved.token.as_ref().unwrap().as_str(), address);
    }
}

#[test]
fn a_refused_password_is_never_sent_again_by_itself() {
    let vendor = Vendor::smartconnect();
    let extra = format!(
        "username = '{}'\npassword = 'CANARY-wrong'\nvariables = {{ region = \"NA\" }}",
        vendor.known.username
    );
    let place = Place::new();
    let rig = place.window();
    rig.import(&account(&vendor, "smartconnect", &extra, &token_only(&vendor))).unwrap();
    let refused = rig.token("smartconnect").unwrap_err();
    let words = explain(&refused, None, Some("SmartConnect")).paragraph();
    assert!(words.contains("SmartConnect (changed) rejected the username or password"), "{words}");
    assert!(!words.contains("CANARY") && !format!("{refused:?}").contains("CANARY"));
    rig.advance(3600);
    std::thread::sleep(std::time::Duration::from_millis(1800));
    assert_eq!(vendor.token_requests().len(), 1);
}

#[test]
fn smartdocumentor_reuses_its_token_until_it_has_expired() {
    let vendor = Vendor::smartdocumentor();
    let (_place, rig) = rig(&account(&vendor, "smartdocumentor", "", &token_only(&vendor)));
    let first = rig.token("smartdocumentor").unwrap();
    assert_eq!(first.facts.expiry_source, ExpirySource::Server);
    assert_eq!(first.facts.scope, Some(vec!["WebAPI".to_owned()]));
    rig.advance(3590);
    let same = rig.token("smartdocumentor").unwrap();
    assert_eq!(same.access_token.expose(), first.access_token.expose());
    rig.advance(20);
    let next = rig.token("smartdocumentor").unwrap();
    assert_ne!(next.access_token.expose(), first.access_token.expose());
    assert_eq!(vendor.token_requests().len(), 2);
    assert_eq!(vendor.deviations(), [""; 0]);
}

#[test]
fn smartdocumentor_points_to_its_create_secrets_section() {
    let vendor = Vendor::smartdocumentor();
    let import = account(&vendor, "smartdocumentor", "", &token_only(&vendor));
    let (_place, rig) = rig(&import.replace(&vendor.known.client_secret, "CANARY-wrong"));
    // The document's example spells the field `error`, its table `erro`: both are read.
    for _ in 0..2 {
        let refused = rig.token("smartdocumentor").unwrap_err();
        let Problem::Refused(refusal) = &refused else { panic!("{refused:?}") };
        assert_eq!(refusal.code.as_ref().unwrap().as_str(), "invalid_client");
        let words = explain(&refused, None, Some("SmartDocumentor")).paragraph();
        assert!(words.contains("Create Secrets"), "{words}");
    }
}

#[test]
fn smartsense_takes_http_basic_and_tells_no_expiry() {
    let vendor = Vendor::smartsense();
    let (_place, rig) = rig(&account(&vendor, "smartsense", "", &token_only(&vendor)));
    vendor.next_answer(r#"{"access_token":"CANARY-opaque"}"#);
    let held = rig.token("smartsense").unwrap();
    assert_eq!(held.facts.expiry_source, ExpirySource::Unknown);
    rig.ask(Command::Refresh(rig.id("smartsense"))).unwrap();
    assert_eq!(vendor.token_requests().len(), 2);
    assert_eq!(vendor.deviations(), [""; 0]);
}

#[test]
fn connect_speaks_json_with_the_credentials_in_the_header_or_in_the_body() {
    for (auth, header) in
        [("basic", None), ("body", None), ("basic", Some("CANARY-key")), ("body", Some("CANARY-key"))]
    {
        let vendor = Vendor::connect(header);
        let headers = header.map_or(String::new(), |key| format!("headers = {{ ACCESSTOKEN = '{key}' }}\n"));
        let extra = format!("client_auth = \"{auth}\"\n{headers}");
        let (_place, rig) = rig(&account(&vendor, "connect", &extra, &both(&vendor)));
        let expires_at = rig.now().timestamp() + 5000;
        vendor.next_answer(&format!(
            r#"{{"access_token":"CANARY-a","refresh_token":"CANARY-r","expires_at":{expires_at},"type":"bearer"}}"#
        ));
        sign_in(&rig, &vendor, "connect").unwrap();
        let held = rig.token("connect").unwrap();
        assert_eq!(held.access_token.expose(), "CANARY-a");
        assert_eq!(held.facts.token_type, "Bearer");
        assert_eq!(held.facts.expiry_source, ExpirySource::Server);
        assert_eq!(held.facts.expires_at.unwrap().timestamp(), expires_at);
        assert_eq!(vendor.deviations(), [""; 0], "{auth} {header:?}");
    }
}

#[test]
fn connects_own_header_is_one_however_a_file_spells_it() {
    let vendor = Vendor::connect(None);
    let text = account(&vendor, "connect", "headers = { accesstoken = 'CANARY-key' }", &both(&vendor));
    let imported =
        keyfob::domain::import::read(&text, &keyfob::domain::provider::presets::built_in()).unwrap();
    assert_eq!(imported[0].client.headers.keys().collect::<Vec<_>>(), ["ACCESSTOKEN"]);
}

#[test]
fn connect_refreshes_as_is_inferred() {
    let vendor = Vendor::connect(None);
    let (_place, rig) = rig(&account(&vendor, "connect", "", &both(&vendor)));
    sign_in(&rig, &vendor, "connect").unwrap();
    rig.ask(Command::Refresh(rig.id("connect"))).unwrap();
    assert_eq!(rig.token("connect").unwrap().access_token.expose(), vendor.issued()[1]);
    assert_eq!(vendor.deviations(), [""; 0]);
}

#[test]
fn connect_explains_its_own_error_codes() {
    let server = crate::support::server::ScriptedServer::start();
    let import = AccountToml::of_preset("connect", "connect")
        .secret("s")
        .on(&server, &["authorize", "token"])
        .to_string();
    let (_place, rig) = rig(&import);
    let told = [
        (400, "{}", "request is invalid"),
        (401, r#"{"error":"Unauthorized"}"#, "API key is wrong"),
        (401, "", "API key is wrong"),
        (403, "", "administrators"),
        (404, "no such method", "method could not be found"),
        (405, "{}", "invalid method"),
        (406, "{}", "format that is not JSON"),
        (410, "{}", "removed"),
        (429, "{}", "limiting requests"),
        (500, "{}", "problem with its server"),
        (503, "", "offline for maintenance"),
        (400, r#"{"code":2032}"#, "API key is required"),
        (400, r#"{"code":"2034"}"#, "email address is required"),
        (400, r#"{"code":2036,"message":"nope"}"#, "API key is invalid"),
        (200, r#"{"error":{"code":2038}}"#, "valid API key must be provided"),
        (400, r#"{"errors":[{"code":2039}]}"#, "email address already exists"),
        (400, r#"{"error_code":2040}"#, "phone number already exists"),
        (400, r#"{"error":"2041"}"#, "email address is invalid"),
        // The standard's meaning of the code is more specific than the document's meaning of its status.
        (400, r#"{"error":"invalid_grant"}"#, "code was used or has expired"),
    ];
    for (status, body, words) in told {
        server.script("/token", crate::support::server::Response::json(status, body));
        let refused = rig.sign_in("connect", "a-code").unwrap_err();
        let text = explain(&refused, None, Some("Connect"));
        let text = format!("{} {}", text.paragraph(), text.details.unwrap_or_default());
        assert!(text.contains(words), "{status} {body}: {text}");
    }
}

#[test]
fn smartcar_takes_raw_basic_and_an_exact_redirect_address() {
    let back = format!("http://localhost:{}/callback", raw::free_port());
    let vendor = Vendor::smartcar(&back);
    let extra = format!("redirect_uri = \"{back}\"\nscopes = [\"read_odometer\"]");
    let (_place, rig) = rig(&account(&vendor, "smartcar", &extra, &both(&vendor)));
    sign_in(&rig, &vendor, "smartcar").unwrap();
    let facts = rig.token("smartcar").unwrap().facts;
    assert_eq!(facts.expires_at, Some(facts.received_at + TimeDelta::seconds(7200)));
    // The second countdown: 60 days from its receipt, and anew with each refresh.
    assert_eq!(facts.refresh_expires_at, Some(facts.received_at + TimeDelta::days(60)));
    rig.advance(100_000);
    let renewed = rig.token("smartcar").unwrap().facts;
    assert_eq!(renewed.refresh_expires_at, Some(renewed.received_at + TimeDelta::days(60)));
    assert_eq!(vendor.token_requests().len(), 2);
    assert_eq!(vendor.deviations(), [""; 0]);
}

#[test]
fn smartcars_preset_is_a_fixed_port_on_localhost() {
    let presets = keyfob::domain::provider::presets::built_in();
    let preset = presets.iter().find(|preset| preset.id == "smartcar").unwrap();
    assert_eq!(preset.spec.redirect_uri.as_deref(), Some("http://localhost:8910/callback"));
    // Another redirect URI causes an error about what Smartcar doesn't accept: a free port, or another name
    // of this computer.
    let breach = |text| preset.spec.redirect_rule.breach(&RedirectUri::new(Some(text)).unwrap());
    assert_eq!(breach("http://localhost:8910/callback"), None);
    assert_eq!(breach("http://localhost/callback"), Some(Breach::PortNeeded));
    assert!(matches!(breach("http://127.0.0.1:8910/callback"), Some(Breach::OtherHost { .. })));
    assert_eq!(breach("https://app.example.com/callback"), None);
}
