//! The command line's normal flows.

use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::place::{BATCH, Place, Server, come_back, holds};
use crate::support::account_toml::AccountToml;
use crate::support::desktop::{Bus, Keyring, wait_until};
use crate::support::raw;

#[test]
fn an_account_goes_from_the_file_to_its_end() {
    let (bus, server) = (
        Bus::start(),
        Server::giving(r#","token_type":"Bearer","expires_in":3600,"scope":"read_odometer x""#),
    );
    let keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let file = place.file("accounts.toml", &server.accounts());

    let imported = place.run(&["import", &file]);
    assert!(imported.err.contains("accounts.toml") && imported.err.contains("delete it"), "{imported:?}");
    assert_eq!(imported.ok(), format!("Added car-dev\nAdded {BATCH}\n"));
    let listed = place.run(&["list", "--json"]).json();
    let (batch, car) = (&listed[0], &listed[1]);
    assert_eq!((&batch["name"], &batch["provider"]), (&BATCH.into(), &"custom".into()));
    assert_eq!((&car["name"], &car["provider"]), (&"car-dev".into(), &"smartcar".into()));
    assert_eq!((&car["grant"], &car["status"]), (&"authorization_code".into(), &"signed_out".into()));
    let shown = place.run(&["show", "car-dev", "--json"]).json();
    assert_eq!(
        (&shown["expires_at"], &shown["expiry_source"]),
        (&serde_json::Value::Null, &"unknown".into())
    );
    assert!(place.run(&["token", "car-dev"]).failed(3).contains("sign-in"));

    let sign_in = place.sign_in(&["sign-in", "car-dev", "--no-browser"]);
    assert!(sign_in.address.starts_with(&server.server.url("/authorize?")), "{}", sign_in.address);
    let page = sign_in.come_back(&[("code", "the-code")]);
    assert_eq!(page.status, 200, "the browser gets its page");
    let done = sign_in.end();
    assert!(done.err.contains("Signed in to “car-dev”. The token expires at "), "{done:?}");
    assert_eq!(done.ok(), "", "nothing but the address is printed");

    prints_the_token_in_every_form(&place, &server);
    let log = place.run(&["log", "car-dev"]).ok();
    assert!(log.contains("> grant_type=authorization_code") && log.contains("< HTTP 200 after "), "{log}");
    assert!(!log.contains(&server.canary) && !log.contains("the-code"), "{log}");
    let log = place.run(&["log", "car-dev", "--json"]).json();
    assert_eq!((&log[0]["kind"], &log[0]["outcome"]["answered"]["status"]), (&"token".into(), &200.into()));
    assert_eq!(place.run(&["refresh", "car-dev"]).ok(), "");
    let token = |words: &[&str]| place.run(&[&["token", "car-dev"], words].concat()).ok();
    assert_eq!(token(&[]), format!("{}\n", server.token(2)));
    assert_eq!(token(&["--min-valid", "59m"]), format!("{}\n", server.token(2)));
    assert_eq!(token(&["--min-valid", "2h"]), format!("{}\n", server.token(3)));
    assert_eq!(place.run(&["token", BATCH]).ok(), format!("{}\n", server.token(4)));
    assert_eq!(place.run(&["refresh", BATCH]).code, 0);

    let all = place.run(&["list"]).ok();
    let lines: Vec<_> = all.lines().collect();
    assert!(lines.len() == 3 && lines[0].starts_with("NAME") && lines[2].contains("valid"), "{all}");
    assert!(!place.run(&["show", "car-dev"]).ok().contains(&server.canary));

    removes_every_trace(&bus, &keyring, &place, &server);
}

fn prints_the_token_in_every_form(place: &Place<'_>, server: &Server) {
    let token = |words: &[&str]| place.run(&[&["token", "CAR-DEV"], words].concat()).ok();
    let first = server.token(1);
    assert_eq!(token(&[]), format!("{first}\n"));
    assert_eq!(token(&["--as", "plain"]), format!("{first}\n"));
    assert_eq!(token(&["--as", "header"]), format!("Authorization: Bearer {first}\n"));
    let curl = token(&["--as", "curl"]);
    assert!(curl.starts_with(&format!("curl --header 'Authorization: Bearer {first}' '")), "{curl}");
    assert_eq!(token(&["--as", "env"]), format!("export CAR_DEV_TOKEN='{first}'\n"));
    let facts: serde_json::Value = serde_json::from_str(&token(&["--as", "json"])).unwrap();
    assert_eq!((&facts["access_token"], &facts["expiry_source"]), (&first.into(), &"server".into()));
    assert_eq!(
        (&facts["token_type"], &facts["scope"]),
        (&"Bearer".into(), &serde_json::json!(["read_odometer", "x"]))
    );
    assert!((3500..=3600).contains(&facts["expires_in"].as_i64().unwrap()), "{facts}");
    let shown = place.run(&["show", "car-dev", "--json"]).json();
    assert_eq!((&shown["expires_at"], &shown["expiry_source"]), (&facts["expires_at"], &"server".into()));
    assert!(shown["expires_at"].as_str().unwrap().ends_with('Z'), "{shown}");
    assert!(shown["refresh_expires_at"].is_string() && shown["has_refresh_token"] == true, "{shown}");
    assert_eq!((&shown["status"], &shown["vault"]), (&"valid".into(), &"keychain".into()));
    assert_eq!(shown["endpoints"]["token"], server.server.url("/token"));
    assert_eq!(server.server.requests().len(), 1, "a cached token is not asked for again");
}

fn removes_every_trace(bus: &Bus, keyring: &Keyring<'_>, place: &Place<'_>, server: &Server) {
    let ids: Vec<String> = keyring.items().iter().map(|item| id_in(item)).collect();
    assert_eq!(ids.len(), 4, "a client and its tokens, for each account: {ids:?}");
    assert!(holds(&place.home, "car-dev") && ids.iter().all(|id| holds(&place.home, id)), "before");
    assert_eq!(place.run_with(&["remove", "car-dev"], "n\n").failed(1).lines().count(), 1);
    let unanswered = place.run(&["remove", "car-dev"]).failed(1);
    assert!(unanswered.lines().nth(1).is_some_and(|said| said.contains("was kept")), "no answer means no");
    assert_eq!(place.run_with(&["remove", "car-dev"], "Yes\n").ok(), "");
    assert_eq!(place.run(&["remove", BATCH, "--yes"]).ok(), "");
    let names = ["car-dev", "batch: a/b", "the-client", "read_odometer", &server.canary];
    for needle in names.into_iter().chain(ids.iter().map(String::as_str)) {
        assert!(!holds(&place.home, needle), "{needle} is left on disk");
    }
    assert_eq!(keyring.items(), Vec::<String>::new());
    let service = keyfob::store::home::Home::at(&place.home).service_name();
    let mut search = bus.command("secret-tool");
    let found = search.args(["search", "--all", "service", &service]).output().unwrap();
    assert!(found.stdout.is_empty(), "{found:?}");
    assert_eq!(place.run(&["list", "--json"]).json(), serde_json::json!([]));
}

/// The account's ID in a keychain item's line: the records are `client/ID` and `tokens/ID`.
fn id_in(item: &str) -> String {
    let digits = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let words = item.split(|c| !digits(c)).find(|word| word.len() == 32);
    words.unwrap_or_else(|| panic!("an ID in {item}")).to_owned()
}

#[test]
fn a_pasted_address_completes_a_sign_in_wherever_it_led() {
    let (bus, server) = (Bus::start(), Server::giving(""));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let elsewhere = "https://app.example.com/callback";
    let text = server.accounts().replace("http://127.0.0.1/callback", elsewhere);
    place.run_with(&["import", "-"], &text).ok();

    let mut sign_in = place.sign_in(&["sign-in", "car-dev", "--no-browser"]);
    assert_eq!(sign_in.parameter("redirect_uri"), elsewhere);
    let state = sign_in.parameter("state");
    sign_in.paste("");
    sign_in.paste("this is no address");
    sign_in.paste(&format!("{elsewhere}?code=x&state=forged"));
    sign_in.paste(&format!("  {elsewhere}?code=the-code&state={state}\r"));
    let done = sign_in.end();
    assert!(done.err.contains(elsewhere), "it says what to paste: {done:?}");
    assert!(done.err.contains("contains no response") && done.err.contains("different sign-in"), "{done:?}");
    assert!(done.err.contains("Signed in"), "{done:?}");
    assert_eq!(done.ok(), "");
    let form = server.server.requests()[0].form();
    assert!(form.contains(&("code".to_owned(), "the-code".to_owned())), "{form:?}");

    // The listener and the paste race; either may win.
    let file = place.file("accounts.toml", &server.accounts());
    place.run(&["import", &file, "--replace"]).ok();
    let mut sign_in = place.sign_in(&["sign-in", "car-dev", "--no-browser"]);
    let (back, state) = (sign_in.parameter("redirect_uri"), sign_in.parameter("state"));
    sign_in.paste(&format!("{back}?code=pasted&state={state}"));
    assert_eq!(sign_in.end().code, 0);

    // An unknown expiry is no failure, and is reported.
    let token = place.run(&["token", "car-dev"]);
    assert!(token.err.contains("did not say when"), "{token:?}");
    assert_eq!(token.ok(), format!("{}\n", server.token(2)));
    assert_eq!(place.run(&["show", "car-dev", "--json"]).json()["status"], "unknown");
}

#[test]
fn a_browser_is_opened_with_the_address() {
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":60"#));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let (address, browser) = (bus.path("address"), bus.path("browser"));
    let script =
        format!("#!/bin/sh\nprintf '%s' \"$1\" > '{0}.new' && mv '{0}.new' '{0}'\n", address.display());
    std::fs::write(&browser, script).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&browser, mode).unwrap();
    place.run_with(&["import", "-"], &server.accounts()).ok();

    let mut command = place.command(&["sign-in", "car-dev"]);
    let child = command.env("BROWSER", &browser).stdin(Stdio::null()).spawn().unwrap();
    let patience = std::time::Duration::from_secs(20);
    let opened = wait_until(patience, "the browser", || std::fs::read_to_string(&address).ok());
    assert_eq!(come_back(&opened, &[("code", "the-code")]).status, 200);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{said}");
    assert!(said.contains(&opened) && said.contains("Signed in"), "{said}");
}

#[test]
fn an_existing_name_is_replaced_only_when_asked() {
    let (bus, server) = (Bus::start(), Server::giving(""));
    let keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    place.run_with(&["import", "-"], &server.accounts()).ok();
    let told = place.run_with(&["import", "-"], &server.accounts().replace("car-dev", "CAR-dev")).failed(1);
    assert!(told.contains("CAR-dev") && told.contains("--replace"), "{told}");
    let replaced = place.run_with(&["import", "-", "--replace"], &server.accounts()).ok();
    assert_eq!(replaced, format!("Replaced car-dev\nReplaced {BATCH}\n"));
    assert_eq!(keyring.items().len(), 2);
    let json = r#"{"account": [{"name": "j", "provider": "smartsense", "client_id": "a", "client_secret": "b", "grant": "client_credentials"}]}"#;
    assert_eq!(place.run_with(&["import", "-"], json).ok(), "Added j\n");
}

#[test]
fn help_and_version_are_data() {
    let bus = Bus::start();
    let place = Place::on(&bus);
    assert!(place.run(&["--help"]).ok().contains("Exit codes"));
    assert!(place.run(&["list", "--help"]).ok().contains("needs_sign_in"));
    assert_eq!(place.run(&["--version"]).ok(), concat!("keyfob ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn the_demo_needs_no_screen_and_no_keychain() {
    let bus = Bus::start();
    let place = Place::on(&bus);
    let demo = place.sign_in(&["demo", "--no-browser"]);
    let page = raw::get(&demo.address).body;
    let (_, rest) = page.split_once("name=\"ticket\" value=\"").expect("a form");
    let ticket = rest.split('"').next().unwrap();
    let endpoint = demo.address.split('?').next().unwrap();
    let fields = [("ticket", ticket), ("username", "ada"), ("password", "x"), ("decision", "allow")];
    let back = raw::post_form(endpoint, &[], &fields);
    raw::get(back.header("location").expect("the way back"));
    let run = demo.end();
    assert!(run.err.contains("It worked") && run.err.contains("expires at"), "{run:?}");
    assert_eq!(run.ok(), "");
    assert!(!holds(&place.home, "Demo"), "nothing of the demo reaches the disk");

    // Without a screen a bare `demo` does this, too.
    let demo = place.command(&["demo"]).env("BROWSER", "true").spawn().unwrap();
    let mut demo = Killed(demo);
    let mut said = std::io::BufReader::new(demo.0.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line).unwrap();
    assert!(line.contains("demo's server runs"), "{line}");
}

/// A process that is killed on drop.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_token_that_is_worth_less_than_expected_is_handed_on_with_a_warning() {
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":0"#));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    place.run_with(&["import", "-"], &server.accounts()).ok();
    let run = place.run(&["token", BATCH, "--as", "header"]);
    assert!(run.err.contains("Warning: the token of “batch: a/b 東京” expired at "), "{run:?}");
    assert!(run.err.contains("keyfob doctor 'batch: a/b 東京'."), "{run:?}");
    assert_eq!(run.ok(), format!("Authorization: Bearer {}\n", server.token(1)));
    assert_eq!(server.server.requests().len(), 1, "it is not asked for without end");

    let server = Server::giving(r#","expires_in":3600"#);
    place.run_with(&["import", "-", "--replace"], &server.accounts()).ok();
    let run = place.run(&["token", BATCH, "--min-valid", "2h"]);
    assert!(run.err.contains("sooner than requested"), "{run:?}");
    assert_eq!(run.ok(), format!("{}\n", server.token(1)));
    assert_eq!(place.run(&["token", BATCH, "--min-valid", "59m"]).err, "");
}

/// An ID token that expires at this time, unsigned, with a canary.
fn id_token(exp: i64) -> String {
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{exp}}}"#));
    format!("eyJhbGciOiJub25lIn0.{claims}.CANARY")
}

#[test]
fn an_id_token_is_printed_and_renewed_if_it_has_expired() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let (old, new) = (id_token(1_700_000_000), id_token(4_000_000_000));
    let answers = [("fresh", format!(r#","id_token":"{new}""#)), ("same", String::new())];
    for (name, facts) in answers {
        let server = Server::giving(&facts);
        let tokens = format!(
            "[account.tokens]\naccess_token = \"CANARY-a\"\nrefresh_token = \"CANARY-r\"\n\
             id_token = \"{old}\"\nreceived_at = \"2030-01-01T00:00:00Z\"\n"
        );
        let account = AccountToml::new(name, "authorization_code").secret("CANARY-s").lines(&tokens);
        let account = account.on(&server.server, &["token", "authorize"]).to_string();
        place.run(&["import", &place.file("a.toml", &account)]).ok();
        let run = place.run(&["token", name, "--as", "id-token"]);
        assert_eq!(server.server.requests().len(), 1, "a refresh");
        if name == "fresh" {
            assert_eq!((run.err.as_str(), run.out), ("", format!("{new}\n")));
            assert_eq!(place.run(&["token", name, "--as", "id-token"]).ok(), format!("{new}\n"));
            assert_eq!(server.server.requests().len(), 1, "it is valid now");
        } else {
            assert!(run.err.contains("the ID token of “same” expired at "), "{run:?}");
            assert!(run.err.contains("keyfob sign-in same") && !run.err.contains("CANARY"), "{run:?}");
            assert_eq!(run.ok(), format!("{old}\n"));
        }
        assert!(!place.run(&["show", name, "--json"]).ok().contains("CANARY"));
    }
}

#[test]
fn an_account_without_an_id_token_is_told_which_scope_it_needs() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let (place, server) = (Place::on(&bus), Server::giving(""));
    place.run(&["import", &place.file("a.toml", &server.accounts())]).ok();
    let told = place.run(&["token", BATCH, "--as", "id-token"]).failed(1);
    assert!(
        told.contains("has no ID token") && told.contains("openid") && told.contains("sign in"),
        "{told}"
    );
}

#[test]
fn c3_times_at_both_ends_are_shown_in_every_zone() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let server = Server::giving(
        r#","expires_at":"+262142-12-31T23:59:59","refresh_token_expires_at":"-262143-01-01T00:00:00""#,
    );
    let tokens = "[account.tokens]\naccess_token = \"CANARY-old\"\nreceived_at = \"1970-01-01T00:00:00Z\"\n\
                  expires_at = \"9999-12-31T23:59:59Z\"\nrefresh_expires_at = \"1970-01-01T00:00:00Z\"\n";
    let account = |name: &str, tokens: &str| {
        AccountToml::new(name, "client_credentials")
            .secret("CANARY-s")
            .lines(tokens)
            .on(&server.server, &["token"])
            .to_string()
    };
    let file = place.file("a.toml", &(account("held", tokens) + &account("asked", "")));
    place.run(&["import", &file]).ok();
    assert_eq!(place.run(&["token", "asked"]).ok(), format!("{}\n", server.token(1)));
    let asked = place.run(&["show", "asked", "--json"]).json();
    assert_eq!(
        (&asked["expires_at"], &asked["expiry_source"]),
        (&serde_json::Value::Null, &"unknown".into())
    );
    for zone in ["<+14>-14", "<-12>12", "EST5EDT,M3.2.0,M11.1.0", "UTC0", "nonsense"] {
        for words in [&["show", "held"][..], &["show", "asked"], &["list"], &["log", "asked"]] {
            let output = place.command(words).env("TZ", zone).output().unwrap();
            assert!(output.status.success(), "{zone} {words:?}: {output:?}");
        }
        let output = place.command(&["show", "held", "--json"]).env("TZ", zone).output().unwrap();
        let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(shown["expires_at"], "9999-12-31T23:59:59Z", "{zone}");
    }
}

#[test]
fn l5_a_reply_over_64_kib_is_said_on_the_command_line() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let (place, server) = (Place::on(&bus), Server::giving(""));
    place.run(&["import", &place.file("a.toml", &server.accounts())]).ok();
    let sign_in = place.sign_in(&["sign-in", "car-dev", "--no-browser"]);
    let page = sign_in.come_back(&[("code", &"c".repeat(65 << 10))]);
    assert_eq!(page.status, 431);
    assert_eq!(sign_in.come_back(&[("code", "the-code")]).status, 200);
    let done = sign_in.end();
    assert!(done.err.contains("The browser sent more than 64 KiB"), "{done:?}");
    assert_eq!(done.code, 0, "{done:?}");
}
