//! Secrets left in a locked window's memory, and access to that memory.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{Desk, KEYFOB};
use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::desktop::{Bus, Keyring, Window, finish, wait_until};
use crate::support::memory;
use crate::support::server::{Request, Response, ScriptedServer};

/// A server that redirects every browser at once and issues a new token per request.
fn server(canary: &str) -> ScriptedServer {
    let (canary, count) = (canary.to_owned(), AtomicUsize::new(0));
    ScriptedServer::judging(move |request: &Request| {
        if request.path == "/authorize" {
            let pairs = request.query_pairs();
            let value = |name: &str| &pairs.iter().find(|(known, _)| known == name).unwrap().1;
            let mut back = url::Url::parse(value("redirect_uri")).unwrap();
            let code = format!("code-{canary}");
            back.query_pairs_mut().append_pair("code", &code).append_pair("state", value("state"));
            return Response::redirect(302, back.as_str());
        }
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        let body = format!(
            r#"{{"access_token":"at-{number}-{canary}","refresh_token":"rt-{number}-{canary}","expires_in":3600}}"#
        );
        Response::json(200, body)
    })
}

fn account(server: &ScriptedServer, canary: &str) -> String {
    AccountToml::new("car", "authorization_code")
        .secret(&format!("secret-{canary}"))
        .raw("headers", &format!("{{ X-Key = \"header-{canary}\" }}"))
        .on(server, &["authorize", "token"])
        .to_string()
}

#[test]
fn x7_a_locked_window_holds_no_secret_in_its_memory() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    hold_nothing(&bus, "desktop-memory", None);
}

#[test]
fn x7_a_locked_passphrase_file_leaves_nothing_in_memory() {
    hold_nothing(&Bus::start(), "desktop-memory-file", Some("correct horse battery"));
}

/// Uses a window as a user does, locks it, and searches its memory for secrets.
fn hold_nothing(bus: &Bus, name: &str, passphrase: Option<&str>) {
    let desk = Desk::new(bus, name);
    let canary = canary();
    let server = server(&canary);
    let passphrase = passphrase.map(|words| format!("{words} {canary}"));
    let file = bus.path("passphrase");
    fs::write(&file, passphrase.clone().unwrap_or_default()).unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let vault = if passphrase.is_some() { "file" } else { "keychain" };
    let browser = bus.path("browser");
    fs::write(&browser, "#!/bin/sh\nexec curl --silent --location --output /dev/null \"$1\"\n").unwrap();
    fs::set_permissions(&browser, PermissionsExt::from_mode(0o700)).unwrap();
    let mut import = desk.screen.command(KEYFOB);
    import
        .args(["--vault", vault, "--passphrase-file", file.to_str().unwrap(), "import", "-"])
        .env("KEYFOB_HOME", &desk.home);
    let imported = finish(&mut import, &account(&server, &canary), Duration::from_secs(20));
    assert!(imported.status.success(), "{imported:?}");

    let window = desk.open_with(&["--vault", vault], &[("BROWSER", browser.to_str().unwrap())]);
    if let Some(passphrase) = &passphrase {
        window.fill("Passphrase", passphrase);
        window.press("Unlock");
    }
    window.press("car");
    window.press("Sign in");
    window.wait_for("Copy token");
    window.press("Refresh");
    wait_until(Duration::from_secs(20), "a renewal", || {
        (server.requests_to("/token").len() == 2 && !window.tree().contains("Refreshing")).then_some(())
    });
    window.press("More ways to copy");
    window.press("Copy as header");
    assert_eq!(desk.copied(), format!("Authorization: Bearer at-2-{canary}"));
    // Reveal comes after the refresh, which hides it.
    window.press("Reveal");
    wait_until(Duration::from_secs(10), "the token", || window.tree().contains("at-2-").then_some(()));
    let secrets = [canary.as_bytes()];
    assert!(!memory::copies(window.pid(), &secrets).is_empty(), "what is shown is found");
    lock(&window);
    memory::wait_until_gone(window.pid(), &secrets, "once it is locked");
    assert!(window.close().success());
}

fn lock(window: &Window<'_>) {
    window.press("Settings");
    window.press("Secrets");
    window.press("Lock");
    window.wait_for("Keyfob is locked");
}
