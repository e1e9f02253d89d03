//! `keyfob helper` and `keyfob token --as curl-config`: each protocol, read from standard output.

use std::process::Stdio;
use std::time::Duration;

use keyfob::base::clock::{Clock as _, SystemClock};
use keyfob::domain::time_parse;
use serde_json::{Value, json};

use super::api::{Api, CAR};
use super::tools::Tools;
use crate::cli::place::{Place, Run};
use crate::support::account_toml::AccountToml;
use crate::support::desktop::{Bus, Keyring};

const HOUR: Duration = Duration::from_hours(1);

/// Runs the program under another name.
fn run_as(bus: &Bus, place: &Place<'_>, name: &str, words: &[&str], input: &str) -> Run {
    use std::io::Write as _;
    let tools = Tools::on(bus, place);
    let mut child = tools.command(name).args(words).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn expiry_secs(place: &Place<'_>) -> i64 {
    time_parse::rfc3339(&expiry(place)).unwrap().timestamp()
}

fn expiry(place: &Place<'_>) -> String {
    place.run(&["show", CAR, "--json"]).json()["expires_at"].as_str().unwrap().to_owned()
}

#[test]
fn git_gets_a_password_or_a_bearer_token_for_its_host() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let asked = format!("protocol=http\nhost={}\n", api.host());
    let get = |input: &str| place.run_with(&["helper", "git", CAR, "get"], input).ok();
    let token = api.token(1);
    let out = get(&asked);
    let end = expiry_secs(&place);
    assert_eq!(out, format!("username=oauth2\npassword={token}\npassword_expiry_utc={end}\n"));
    assert!(get(&format!("{asked}username=me\n\n")).starts_with("username=me\n"));
    let able = format!("capability[]=authtype\n{asked}wwwauth[]=Bearer realm=\"x\"\n");
    let out = get(&able);
    let expected = format!("capability[]=authtype\nauthtype=Bearer\ncredential={token}\n");
    assert!(out.starts_with(&expected) && out.contains(&format!("password_expiry_utc={end}\n")), "{out}");
    assert!(get(&format!("{able}wwwauth[]=Basic\n")).starts_with("username="));
    for operation in ["store", "erase", "capability"] {
        let run = place.run_with(&["helper", "git", CAR, operation], &format!("{asked}password=CANARY\n"));
        assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", ""));
    }
    assert_eq!(api.issued(), 1);
}

#[test]
fn u2_a_helper_gives_nothing_for_another_host() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    for (host, protocol) in
        [("evil.example", "https"), ("127.0.0.1", "http"), (api.host().as_str(), "https"), ("", "")]
    {
        let asked = format!("protocol={protocol}\nhost={host}\n\n");
        assert_eq!(place.run_with(&["helper", "git", CAR, "get"], &asked).ok(), "", "{host}");
    }
    let (own, other) =
        (format!("protocol=http\nhost={}\n", api.host()), "protocol=https\nhost=git.example\n");
    let named =
        |input: &str| place.run_with(&["helper", "git", CAR, "--host", "git.example", "get"], input).ok();
    assert_eq!(named(&own), "");
    assert_eq!(named("protocol=http\nhost=git.example\n"), "", "nothing in the clear");
    assert_eq!(api.issued(), 0, "nothing was asked for yet");
    assert!(named(other).contains(&api.token(1)));
    let docker = place.run_with(&["helper", "docker", CAR, "get"], "https://evil.example/v2/");
    assert_eq!((docker.code, docker.out.as_str()), (1, "credentials not found in native keychain\n"));
    let default =
        cargo_request("sparse+https://index.crates.io/", Some("crates-io"), &["helper", "cargo", CAR]);
    let answer = cargo(&place.run_with(&["--cargo-plugin"], &default).ok());
    assert_eq!(answer, json!({"Err": {"kind": "url-not-supported"}}));
}

#[test]
fn kubectl_gets_an_exec_credential() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let said = place.run(&["helper", "kubectl", CAR]).json();
    assert_eq!(
        (&said["apiVersion"], &said["kind"]),
        (&json!("client.authentication.k8s.io/v1"), &json!("ExecCredential"))
    );
    assert_eq!(said["status"], json!({"token": api.token(1), "expirationTimestamp": expiry(&place)}));
    let said = place.run(&["helper", "kubectl", CAR, "--id-token"]).json();
    let token = place.run(&["token", CAR, "--as", "id-token"]).ok();
    assert_eq!(said["status"]["token"], token.trim_end());
}

#[test]
fn docker_gets_a_secret_and_lists_its_registry() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let (host, url) = (api.host(), api.server.url(""));
    for address in [host.as_str(), url.as_str(), &format!("{url}/v2/")] {
        let secret = json!({"ServerURL": address, "Username": "oauth2", "Secret": api.token(1)});
        assert_eq!(place.run_with(&["helper", "docker", CAR, "get"], address).json(), secret);
        assert_eq!(run_as(&bus, &place, "docker-credential-keyfob", &["get"], address).json(), secret);
    }
    let listed = json!({url: "oauth2"});
    assert_eq!(place.run(&["helper", "docker", CAR, "list"]).json(), listed);
    assert_eq!(run_as(&bus, &place, "docker-credential-keyfob", &["list"], "").json(), listed);
    for operation in ["store", "erase"] {
        assert_eq!(run_as(&bus, &place, "docker-credential-keyfob", &[operation], "CANARY").ok(), "");
    }
    let unknown = run_as(&bus, &place, "docker-credential-keyfob", &["get"], "https://registry.example");
    assert_eq!((unknown.code, unknown.out.as_str()), (1, "credentials not found in native keychain\n"));
    let second = api.account().with("name", "other").to_string();
    place.run_with(&["import", "-"], &second).ok();
    let several = run_as(&bus, &place, "docker-credential-keyfob", &["get"], &host);
    assert!(several.code == 1 && several.err.contains("Several accounts"), "{several:?}");
}

fn cargo_request(index: &str, name: Option<&str>, args: &[&str]) -> String {
    let registry = json!({"index-url": index, "name": name, "headers": ["WWW-Authenticate: Cargo"]});
    format!("{}\n", json!({"v": 1, "registry": registry, "kind": "get", "operation": "read", "args": args}))
}

/// The answer after the greeting.
fn cargo(out: &str) -> Value {
    let lines: Vec<_> = out.lines().collect();
    assert_eq!((lines.len(), lines[0]), (2, r#"{"v":[1]}"#), "{out}");
    serde_json::from_str(lines[1]).unwrap()
}

#[test]
fn cargo_gets_a_token_with_its_expiry_under_each_name() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let index = format!("sparse+{}", api.server.url("/index/"));
    let expected = |answer: &Value| {
        let end = expiry_secs(&place);
        let ok = json!({"kind": "get", "token": api.token(1), "cache": "expires", "expiration": end,
            "operation_independent": true});
        assert_eq!(*answer, json!({"Ok": ok}));
    };
    let request = cargo_request(&index, Some("corp"), &["helper", "cargo", CAR]);
    expected(&cargo(&place.run_with(&["--cargo-plugin"], &request).ok()));
    expected(&cargo(&run_as(&bus, &place, "cargo-credential-keyfob", &["--cargo-plugin"], &request).ok()));
    let alone = cargo_request(&index, None, &[]);
    expected(&cargo(&run_as(&bus, &place, "cargo-credential-keyfob", &["--cargo-plugin"], &alone).ok()));
    expected(&cargo(&place.run_with(&["helper", "cargo", CAR], &alone).ok()));
    let err = |kind: &str| json!({"Err": {"kind": kind}});
    let login = request.replace(r#""kind":"get""#, r#""kind":"login""#);
    assert_eq!(cargo(&place.run_with(&["--cargo-plugin"], &login).ok()), err("operation-not-supported"));
    let elsewhere = cargo_request("sparse+https://index.example/", None, &[]);
    assert_eq!(
        cargo(&run_as(&bus, &place, "cargo-credential-keyfob", &["--cargo-plugin"], &elsewhere).ok()),
        err("not-found")
    );
}

#[test]
fn google_and_headers_are_json() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let said = place.run(&["helper", "google", CAR]).json();
    let token = place.run(&["token", CAR, "--as", "id-token"]).ok();
    assert_eq!((&said["version"], &said["success"]), (&json!(1), &json!(true)));
    assert_eq!(said["token_type"], "urn:ietf:params:oauth:token-type:id_token");
    assert_eq!(said["id_token"], token.trim_end());
    let left = said["expiration_time"].as_i64().unwrap() - SystemClock.now().timestamp();
    assert!((3500..=3600).contains(&left), "{said}");
    let said = place.run(&["helper", "headers", CAR]).json();
    assert_eq!(said, json!({"Authorization": format!("Bearer {}", api.token(1))}));
    let config = place.run(&["token", CAR, "--as", "curl-config"]).ok();
    assert_eq!(config, format!("header = \"Authorization: Bearer {}\"\n", api.token(1)));
}

#[test]
fn an_account_that_needs_a_sign_in_is_said_in_each_protocol() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let account = AccountToml::new(CAR, "authorization_code")
        .lines(&format!("[account.api]\nbase_url = \"{}\"", api.server.url("/")))
        .on(&api.server, &["authorize", "token"]);
    place.run_with(&["import", "-"], &account.to_string()).ok();
    let asked = format!("protocol=http\nhost={}\n", api.host());
    for (words, input) in [
        (&["helper", "git", CAR, "get"][..], asked.as_str()),
        (&["helper", "kubectl", CAR], ""),
        (&["helper", "docker", CAR, "get"], &api.host()),
        (&["helper", "headers", CAR], ""),
        (&["run", "-e", &format!("T={CAR}"), "--", "echo", "started"], ""),
        (&["run", "--proxy", CAR, "--", "echo", "started"], ""),
        (&["request", CAR, "/"], ""),
        (&["proxy", CAR], ""),
    ] {
        let said = place.run_with(words, input).failed(3);
        assert!(said.contains("keyfob sign-in car-dev"), "{words:?}: {said}");
    }
    let google = place.run(&["helper", "google", CAR]);
    let said: Value = serde_json::from_str(&google.out).unwrap();
    assert!(google.code == 3 && said["success"] == false && said["code"].is_string(), "{google:?}");
    assert!(said["message"].as_str().unwrap().contains("keyfob sign-in car-dev"), "{said}");
    let request = cargo_request(&format!("sparse+{}", api.server.url("/")), None, &["helper", "cargo", CAR]);
    let answer = cargo(&place.run_with(&["--cargo-plugin"], &request).ok());
    assert!(
        answer["Err"]["kind"] == "other" && answer["Err"]["message"].as_str().unwrap().contains("sign-in"),
        "{answer}"
    );
    assert_eq!(api.issued(), 0);
}

#[test]
fn a_shell_completes_account_names() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let spaced = api.account().with("name", "batch a").to_string();
    place.run_with(&["import", "-"], &spaced).ok();
    for (words, word) in [
        (&["token", ""][..], CAR),
        (&["helper", "git", "car"], CAR),
        (&["run", "--proxy", "c"], CAR),
        (&["proxy", ""], CAR),
        (&["run", "-e", "API_TOKEN=ca"], "API_TOKEN=car-dev"),
        (&["token", "b"], "batch\\ a"),
    ] {
        let mut command = place.command(&[&["--", "keyfob"], words].concat());
        command.env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", words.len().to_string());
        command
            .env("_CLAP_COMPLETE_COMP_TYPE", "9")
            .env("_CLAP_COMPLETE_SPACE", "true")
            .env("_CLAP_IFS", "\n");
        let output = command.output().unwrap();
        let offered = String::from_utf8_lossy(&output.stdout);
        assert!(offered.lines().any(|offered| offered.trim() == word), "{words:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
    }
    assert_eq!(api.issued(), 0);
}
