//! Discovery and the device authorization grant with a certified `OpenID` provider and its real pages.
#![cfg(target_os = "linux")]

use std::time::Duration;

use keyfob::messages::command::Command;
use keyfob::messages::event::Reply;
use keyfob::messages::problem::{Problem, SignInProblem};
use keyfob::messages::snapshot::DeviceCodeView;

use crate::support::account_toml::AccountToml;
use crate::support::desktop::{Bus, Keyring, OidcServer, Screen, Window, browser, kept, wait_until};
use crate::support::engine::{Place, Rig};

fn import(rig: &Rig, server: &OidcServer, client: &str, grant: &str) {
    let (id, secret) = server.client(client);
    let account = AccountToml::new(client, grant)
        .with("client_id", id)
        .with("issuer", server.address("issuer"))
        .raw("scopes", "[\"openid\", \"offline_access\"]");
    let account = if secret.is_empty() { account } else { account.secret(secret) };
    rig.import(&account.to_string()).unwrap();
}

fn code(rig: &Rig) -> (keyfob::engine::Answers, DeviceCodeView) {
    let command = Command::SignIn { account: rig.id("every_public"), open_browser: false };
    let mut answers = rig.handle.ask(command).unwrap();
    match answers.wait().unwrap() {
        Reply::CodeGiven(code) => (answers, *code),
        other => panic!("{other:?}"),
    }
}

fn end(rig: &Rig, answers: &mut keyfob::engine::Answers) -> Result<Reply, Problem> {
    wait_until(Duration::from_secs(20), "the end of the sign-in", || {
        rig.advance(5);
        rig.ask(Command::ClearClipboard).unwrap();
        answers.try_wait()
    })
}

#[test]
fn a_real_provider_is_discovered_and_its_promised_iss_is_checked() {
    let bus = Bus::start();
    let server = OidcServer::start(&bus, 3600);
    let place = Place::new();
    let rig = place.window();
    import(&rig, &server, "basic", "authorization_code");
    let overrides =
        keyfob::domain::provider::spec::ProviderSpec::clone(&rig.view("basic").settings.overrides);
    assert_eq!(overrides.iss_promised, Some(true));
    for (found, name) in [
        (overrides.endpoints.authorize, "authorization_endpoint"),
        (overrides.endpoints.token, "token_endpoint"),
        (overrides.endpoints.device, "device_authorization_endpoint"),
        (overrides.endpoints.revoke, "revocation_endpoint"),
        (overrides.endpoints.introspect, "introspection_endpoint"),
        (overrides.endpoints.userinfo, "userinfo_endpoint"),
        (overrides.endpoints.jwks, "jwks_uri"),
    ] {
        assert_eq!(found.as_deref(), Some(server.address(name)), "{name}");
    }
    let (address, mut answers) = rig.start_sign_in("basic").unwrap();
    server.sign_in(&mut bus.command(&browser()), address.as_str());
    answers.wait().unwrap();
    let token = rig.token("basic").unwrap();
    assert_eq!(server.introspect(token.access_token.expose())["active"], true);
}

#[test]
fn a_code_is_entered_on_the_real_providers_pages_and_the_token_refreshes() {
    let bus = Bus::start();
    let server = OidcServer::start(&bus, 3600);
    let place = Place::new();
    let rig = place.window();
    import(&rig, &server, "every_public", "device_code");
    let (mut answers, shown) = code(&rig);
    // Polled before the user is done, it responds `authorization_pending`.
    rig.advance(5);
    rig.ask(Command::ClearClipboard).unwrap();
    let mut person = bus.command(&browser());
    server.sign_in(person.env("KEYFOB_BROWSER_CODE", shown.user_code.as_str()), &shown.verification_uri);
    end(&rig, &mut answers).unwrap();
    let token = rig.token("every_public").unwrap();
    assert_eq!(server.introspect(token.access_token.expose())["active"], true);
    rig.ask(Command::Refresh(rig.id("every_public"))).unwrap();
    assert_eq!((server.count("rotated"), server.count("family_revoked")), (1, 0));
    let waited = server.events().iter().filter(|event| event["error"] == "authorization_pending").count();
    assert!(waited >= 1, "{:?}", server.events());
}

#[test]
fn a_person_who_presses_cancel_on_the_real_page_ends_the_sign_in() {
    let bus = Bus::start();
    let server = OidcServer::start(&bus, 3600);
    let place = Place::new();
    let rig = place.window();
    import(&rig, &server, "every_public", "device_code");
    let (mut answers, shown) = code(&rig);
    let complete = shown.verification_uri_complete.unwrap();
    server.sign_in(bus.command(&browser()).env("KEYFOB_BROWSER_ACT", "no"), &complete);
    let refused = end(&rig, &mut answers).unwrap_err();
    assert!(
        matches!(refused, Problem::SignIn(SignInProblem::Denied { code, .. }) if code.as_str() == "access_denied")
    );
}

#[test]
fn a_person_sets_up_an_account_by_its_issuer_and_signs_in_by_a_code() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let server = OidcServer::start(&bus, 3600);
    let screen = Screen::start(&bus, 1280, 1000);
    let shots = kept("desktop-code");
    std::fs::create_dir_all(&shots).unwrap();
    let home = bus.path("keyfob-home").to_str().unwrap().to_owned();
    let keyfob = env!("CARGO_BIN_EXE_keyfob");
    let (id, _) = server.client("every_public");
    let window = Window::open(&screen, keyfob, &[], &[("KEYFOB_HOME", &home)]);
    window.press("Add account");
    window.press("By issuer URL");
    window.fill("Name", "television");
    window.fill("Issuer URL", server.address("issuer"));
    window.press("Discover");
    window.wait_for("Discover again");
    screen.screenshot(&shots.join("1-found.png"));
    window.press("Grant");
    window.press("Device code (another device)");
    window.press("Advanced");
    window.press("Client authentication");
    window.press("No secret");
    window.fill("Client ID", id);
    window.fill("Scopes", "openid offline_access");
    window.press("Save and get token");
    window.wait_for("Enter this code:");
    screen.screenshot(&shots.join("2-code.png"));
    let tree = window.tree();
    let user_code = tree.split(|c: char| !(c.is_ascii_uppercase() || c == '-'));
    let user_code = user_code.into_iter().find(|word| word.len() == 9 && word.as_bytes()[4] == b'-').unwrap();
    let address = format!("{}/device", server.address("issuer"));
    server.sign_in(bus.command(&browser()).env("KEYFOB_BROWSER_CODE", user_code), &address);
    window.wait_for("Copy token");
    screen.screenshot(&shots.join("3-token.png"));
    assert!(window.close().success());
}
