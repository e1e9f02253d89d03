//! Tests of the test environment: a keyring that can be locked, prompts that can be cancelled, a provider
//! that revokes, a browser that signs in, and a complete cleanup.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::support::desktop::{
    Bus, Keyring, OidcServer, Screen, browser, get, kept, post_form, started_on, wait_until,
};

const ITEM: [&str; 2] = ["rig", "item"];

#[test]
fn an_unlocked_keyring_gives_back_what_it_took() {
    let bus = Bus::start();
    let mut keyring = Keyring::unlocked(&bus);
    assert_eq!(keyring.lookup(&ITEM), Err(String::new()), "no such item yet");
    keyring.store("a label", &ITEM, "CANARY-stored");
    assert_eq!(keyring.lookup(&ITEM).as_deref(), Ok("CANARY-stored"));
    let items = keyring.items();
    assert!(items.len() == 1 && items[0].contains("a label") && !items[0].contains("CANARY"), "{items:?}");
    keyring.restart();
    assert_eq!(keyring.lookup(&ITEM).as_deref(), Ok("CANARY-stored"), "it survives the daemon");
    keyring.kill();
    assert!(!bus.has_owner("org.freedesktop.secrets"), "nobody starts it again");
    let told = keyring.lookup(&ITEM).expect_err("nobody to ask");
    assert!(told.contains("org.freedesktop.secrets"), "{told}");
}

#[test]
fn a_lasting_keyring_is_started_again_by_whoever_calls_it() {
    let bus = Bus::start();
    let mut keyring = Keyring::lasting(&bus);
    keyring.store("a label", &ITEM, "CANARY-stored");
    keyring.kill();
    assert_eq!(keyring.lookup(&ITEM).as_deref(), Ok("CANARY-stored"), "unlocked, over the same collection");
}

#[test]
fn a_locked_keyring_refuses_and_loses_nothing() {
    let bus = Bus::start();
    let mut keyring = Keyring::locked(&bus);
    assert!(keyring.is_locked());
    keyring.unlock();
    keyring.store("a label", &ITEM, "CANARY-stored");
    keyring.lock();
    let refuses = |keyring: &Keyring<'_>| keyring.is_locked() && keyring.lookup(&ITEM).is_err();
    assert!(refuses(&keyring), "without anybody at the prompt");
    keyring.prompts_are_dismissed();
    assert!(refuses(&keyring), "with the prompt dismissed");
    assert_eq!(keyring.items().len(), 1, "its items can be listed");
    keyring.restart_locked();
    assert!(refuses(&keyring), "after a restart");
    keyring.unlock();
    assert_eq!(keyring.lookup(&ITEM).as_deref(), Ok("CANARY-stored"));
}

#[test]
fn a_hanging_prompt_and_a_silent_service_keep_callers_waiting() {
    let bus = Bus::start();
    let mut keyring = Keyring::locked(&bus);
    keyring.prompts_hang();
    let waits = || {
        let mut command = bus.command("timeout");
        let status = command.args(["1", "secret-tool", "store", "--label", "x", "rig", "other"]).status();
        status.expect("timeout runs").code() == Some(124)
    };
    assert!(waits(), "the prompt stays open");
    drop(keyring);
    let _silent = Keyring::silent(&bus);
    assert!(waits(), "the service never answers");
}

#[test]
fn a_bus_starts_nothing_but_accessibility_and_leaves_nothing() {
    let bus = Bus::start();
    let root = bus.root().to_owned();
    assert!(!bus.has_owner("org.freedesktop.secrets"));
    let keyring = Keyring::unlocked(&bus);
    let screen = Screen::start(&bus, 800, 600);
    assert!(bus.has_owner("org.a11y.Bus"), "accessibility was activated by the bus, not by us");
    let orphan = bus.command("setsid").args(["--fork", "sleep", "60"]).stdout(Stdio::null()).status();
    assert!(orphan.expect("setsid runs").success());
    // As the system truncates their names.
    for program in ["dbus-daemon", "gnome-keyring-d", "Xvfb", "openbox", "at-spi-bus-laun", "sleep"] {
        wait_until(Duration::from_secs(10), program, || {
            started_on(bus.mark()).iter().any(|(_, name)| name.starts_with(program)).then_some(())
        });
    }
    let mark = bus.mark().to_owned();
    drop((screen, keyring));
    drop(bus);
    assert_eq!(started_on(&mark), [], "everything has ended");
    assert!(!root.exists(), "its folder is gone");
}

#[test]
fn a_screen_has_a_clipboard_and_a_picture() {
    let bus = Bus::start();
    let screen = Screen::start(&bus, 320, 200);
    assert!(screen.display().starts_with(':') && screen.windows("keyfob").is_empty());
    assert_eq!(screen.clipboard(), None);
    screen.copy("copied by another program");
    assert_eq!(screen.clipboard().as_deref(), Some("copied by another program"));
    assert!(screen.clipboard_targets().contains(&"UTF8_STRING".to_owned()));
    let picture = bus.path("pictures/root.png");
    screen.screenshot(&picture);
    let bytes = std::fs::read(picture).expect("a picture");
    assert!(bytes.starts_with(b"\x89PNG"));
}

/// Listens on loopback as an app would: responds to `/callback` with 303 to its own page, and forwards the
/// query.
fn listen() -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let (tell, told) = mpsc::sync_channel(1);
    let serve = move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            if BufReader::new(&stream).read_line(&mut line).is_err() {
                continue;
            }
            let target = line.split(' ').nth(1).unwrap_or("/");
            let answer = if let Some(query) = target.strip_prefix("/callback?") {
                let _ = tell.try_send(query.to_owned());
                "303 See Other\r\nLocation: /done"
            } else {
                "200 OK\r\nContent-Type: text/html"
            };
            let page = "<title>Keyfob</title>It has the answer.";
            let length = page.len();
            let head = format!("HTTP/1.1 {answer}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(format!("{head}{page}").as_bytes());
        }
    };
    thread::Builder::new().name("listener".into()).spawn(serve).expect("a thread");
    (port, told)
}

/// The sign-in link for client `id`, and its code verifier.
fn authorization(server: &OidcServer, id: &str, redirect_uri: &str) -> (String, String) {
    let verifier = "v".repeat(43);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    let mut address = url::Url::parse(server.address("authorization_endpoint")).expect("an address");
    address.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", id),
        ("redirect_uri", redirect_uri),
        ("scope", "openid read"),
        ("state", "the-state"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    (address.into(), verifier)
}

/// The parameters of the redirect.
type Answers = HashMap<String, String>;

/// The folder for a sign-in's screenshots.
fn shots(act: &str) -> PathBuf {
    kept(&format!("rig-browser-{act}"))
}

fn sign_in(
    bus: &Bus,
    server: &OidcServer,
    address: &str,
    told: &mpsc::Receiver<String>,
    act: &str,
) -> Answers {
    let mut command = bus.command(&browser());
    command.env("KEYFOB_BROWSER_SHOTS", shots(act)).env("KEYFOB_BROWSER_ACT", act);
    server.sign_in(&mut command, address);
    let query = told.recv_timeout(Duration::from_secs(1)).expect("an answer came");
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[test]
fn a_browser_signs_in_and_reuse_revokes_the_family() {
    let bus = Bus::start();
    let server = OidcServer::start(&bus, 90);
    let (id, secret) = server.client("post");
    let (port, told) = listen();
    let redirect_uri = format!("http://127.0.0.1:{port}/callback");
    let (address, verifier) = authorization(&server, id, &redirect_uri);
    let answers = sign_in(&bus, &server, &address, &told, "yes");
    assert_eq!(answers["state"], "the-state");
    assert_eq!(answers["iss"], server.address("issuer"), "RFC 9207");
    let landed = std::fs::read_to_string(shots("yes").join("landed.json")).expect("what it landed on");
    assert!(landed.contains("It has the answer") && landed.contains("/done"), "{landed}");
    assert!(shots("yes").join("landed.png").exists());

    let ask = |form: &[(&str, &str)]| {
        let form = [form, &[("client_id", id), ("client_secret", secret)]].concat();
        post_form(server.address("token_endpoint"), &[], &form)
    };
    let code = answers["code"].as_str();
    let exchange = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &redirect_uri)];
    let granted = ask(&[&exchange[..], &[("code_verifier", &verifier)]].concat());
    assert_eq!((granted.status, granted.header("cache-control")), (200, Some("no-store")));
    let granted = granted.json();
    assert_eq!(granted["expires_in"], 90);
    let held = |answer: &serde_json::Value, name: &str| answer[name].as_str().expect("a value").to_owned();
    assert_eq!(server.introspect(&held(&granted, "access_token"))["active"], true);

    let refresh = |token: &str| ask(&[("grant_type", "refresh_token"), ("refresh_token", token)]);
    let old = held(&granted, "refresh_token");
    let new = refresh(&old).json();
    assert_ne!(held(&new, "refresh_token"), old, "rotated");
    assert_eq!(refresh(&old).json()["error"], "invalid_grant", "used twice");
    assert_eq!(server.introspect(&held(&new, "access_token"))["active"], false, "the family is revoked");
    assert_eq!((server.count("rotated"), server.count("family_revoked")), (1, 1));
}

#[test]
fn a_browser_says_no_and_a_provider_demands_pkce() {
    let bus = Bus::start();
    let server = OidcServer::start(&bus, 90);
    let (id, _) = server.client("public");
    let (port, told) = listen();
    let redirect_uri = format!("http://127.0.0.1:{port}/callback");
    let (address, _) = authorization(&server, id, &redirect_uri);
    assert_eq!(sign_in(&bus, &server, &address, &told, "no")["error"], "access_denied");
    let bare = address.split("&code_challenge").next().expect("an address");
    let answer = get(bare);
    assert!(
        answer.header("location").is_some_and(|to| to.contains("error=invalid_request")),
        "{}",
        answer.body
    );
}

#[test]
fn a_machine_gets_a_token_of_its_own() {
    let bus = Bus::start();
    let start = Instant::now();
    let server = OidcServer::start(&bus, 30);
    assert!(start.elapsed() < Duration::from_secs(10));
    let (id, secret) = server.client("machine");
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
    let form = [("grant_type", "client_credentials"), ("scope", "read")];
    let header = [("Authorization", format!("Basic {basic}"))];
    let header = header.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = post_form(server.address("token_endpoint"), &header, &form).json();
    assert_eq!(answer["expires_in"], 30);
    assert_eq!(server.introspect(answer["access_token"].as_str().expect("a token"))["active"], true);
}
