//! Exit codes and messages of failures.

use std::fs::File;
use std::process::Stdio;

use super::place::{Place, Server, holds};
use crate::support::canary;
use crate::support::desktop::{Bus, Keyring};
use crate::support::server::ScriptedServer;

#[test]
fn x5_token_prints_the_token_and_a_newline_and_nothing_else() {
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    place.run_with(&["import", "-"], &server.accounts()).ok();
    let batch = "batch: a/b 東京";
    let run = place.run(&["token", batch]);
    assert_eq!((run.code, run.out, run.err), (0, format!("{}\n", server.token(1)), String::new()));
    place.run(&["token", "car-dev"]).failed(3);
    place.run(&["token", "nobody"]).failed(1);
    place.run(&["token"]).failed(2);
    place.run(&["token", batch, "--as", "xml"]).failed(2);
    place.run(&["token", batch, "--min-valid", "soon"]).failed(2);
    keyring.lock();
    place.run(&["token", batch]).failed(4);
}

#[test]
fn every_failure_has_its_exit_code() {
    let (bus, server) = (Bus::start(), Server::giving(""));
    let keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    for words in [&["no-such-command"][..], &["list", "x"], &["--vault", "paper", "list"], &["import"]] {
        place.run(words).failed(2);
    }
    for words in [["show", "x"], ["refresh", "x"], ["sign-in", "x"], ["remove", "x"], ["token", "\u{202e}x"]]
    {
        let told = place.run(&words).failed(1);
        assert!(told.contains("no account") && !told.contains('\u{202e}'), "{told}");
    }
    place.run_with(&["import", "-"], &server.accounts()).ok();
    place.run(&["refresh", "car-dev"]).failed(3);
    keyring.lock();
    for words in [&["sign-in", "car-dev", "--no-browser"][..], &["remove", "car-dev", "--yes"]] {
        assert!(place.run(words).failed(4).contains("locked"));
    }
    assert_eq!(place.run(&["list"]).code, 0, "a list needs no vault");
    assert_eq!(place.run(&["show", "car-dev"]).code, 0, "nor do an account's facts");
    keyring.unlock();
    assert_eq!(keyring.items().len(), 2, "nothing was deleted");

    // The secrets are in the keychain, so a memory vault has none of them.
    place.run(&["--vault", "memory", "token", "batch: a/b 東京"]).failed(1);
}

#[test]
fn without_a_keychain_the_vault_is_absent_and_nothing_is_saved() {
    let (bus, server) = (Bus::start(), Server::giving(""));
    let place = Place::on(&bus);
    let told = place.run_with(&["import", "-"], &server.accounts()).failed(4);
    assert!(told.contains("keychain"), "{told}");
    assert_eq!(place.run(&["list", "--json"]).ok(), "[]\n");
    assert!(!holds(bus.root(), &server.canary) && !holds(&place.home, "car-dev"));

    let mut command = place.command(&["import", "-"]);
    let file = place.file("accounts.toml", &server.accounts());
    command.env_remove("DBUS_SESSION_BUS_ADDRESS").stdin(File::open(file).unwrap());
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(4), 0));

    // A memory vault is allowed, and its effect is stated.
    let kept = place.run_with(&["--vault", "memory", "import", "-"], &server.accounts());
    assert!(kept.err.contains("memory"), "{kept:?}");
    assert!(!holds(&place.home, &server.canary));
}

#[test]
fn a_bad_file_is_refused_with_the_place_and_without_a_value() {
    let (bus, secret) = (Bus::start(), canary());
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let account = |more: &str| {
        format!(
            "[[account]]\nname = \"good\"\nprovider = \"smartsense\"\ngrant = \"client_credentials\"\n\
             client_id = \"id\"\nclient_secret = \"{secret}\"\n\n[[account]]\nname = \"bad one\"\n\
             provider = \"smartsense\"\ngrant = \"client_credentials\"\nclient_id = \"id\"\n{more}\n"
        )
    };
    let with_secret = format!("client_secret = \"{secret}\"");
    for (more, words) in [
        (format!("{with_secret}\ncolour = \"{secret}\""), &["bad one", "line 14", "colour"][..]),
        (format!("client_secret = [\"{secret}\"]"), &["bad one", "line 13", "client_secret"]),
        (format!("client_secrt = \"{secret}\""), &["\"client_secret\"? Nothing was saved."]),
        (String::new(), &["bad one", "client_secret", "missing"]),
        (format!("{with_secret}\nclient_auth = \"{secret}\""), &["bad one", "line 14", "client_auth"]),
        (format!("{with_secret}\nclient_secret = \"{secret}\""), &["line 14", "client_secret", "twice"]),
        (format!("client_secret = \"{secret}"), &["line 13"]),
        (
            format!("{with_secret}\n[account.endpoints]\ntoken = \"http://{secret}.example.com/\""),
            &["bad one", "endpoints.token"],
        ),
        (
            format!(
                "{with_secret}\n[[account]]\nname = \"GOOD\"\nprovider = \"smartsense\"\ngrant = \"client_credentials\"\nclient_id = \"i\"\n{with_secret}"
            ),
            &["GOOD", "line 15"],
        ),
    ] {
        let file = place.file("bad.toml", &account(&more));
        let told = place.run(&["import", &file]).failed(1);
        for word in words.iter().chain(&["bad.toml"]) {
            assert!(told.contains(word), "{word} is not in: {told}");
        }
        assert!(!told.contains(&secret) && !told.contains("CANARY"), "{told}");
    }
    assert_eq!(place.run(&["list", "--json"]).ok(), "[]\n", "nothing of a bad file is saved");
    assert!(!holds(&place.home, "good"));

    let none = bus.path("none.toml");
    assert!(place.run(&["import", none.to_str().unwrap()]).failed(1).contains("none.toml"));
    assert!(place.run(&["import", bus.root().to_str().unwrap()]).failed(1).contains("folder"));
    place.run_with(&["import", "-"], "").failed(1);
    let large = place.file("large.toml", &"#".repeat((4 << 20) + 1));
    assert!(place.run(&["import", &large]).failed(1).contains("4 MiB"));
    std::fs::write(bus.path("bytes.toml"), b"# a\n\xff\n").unwrap();
    let bytes = bus.path("bytes.toml");
    assert!(place.run(&["import", bytes.to_str().unwrap()]).failed(1).contains("line 2"));
}

#[test]
fn a_refusal_on_the_page_ends_the_sign_in_and_the_browser_gets_its_page() {
    let (bus, server) = (Bus::start(), Server::giving(""));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    place.run_with(&["import", "-"], &server.accounts()).ok();
    let sign_in = place.sign_in(&["sign-in", "car-dev", "--no-browser"]);
    let page =
        sign_in.come_back(&[("error", "access_denied"), ("error_description", "no\u{202e} \u{1b}[31mway")]);
    assert_eq!(page.status, 200);
    let run = sign_in.end();
    assert_eq!((run.code, run.out.as_str()), (1, ""), "{run:?}");
    assert!(run.err.contains("refused") && run.err.contains("way"), "{run:?}");
    assert!(!run.err.contains(['\u{202e}', '\u{1b}']), "{run:?}");
    assert_eq!(server.server.requests().len(), 0);
}

#[test]
fn output_that_nobody_takes_is_told_or_let_be() {
    let bus = Bus::start();
    let place = Place::on(&bus);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = place.command(&["list", "--json"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("could not be written"));

    // A closed reader is no failure.
    let mut child = place.command(&["list", "--json"]).stdin(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));

    // But without a reader the sign-in link reaches no user.
    let server = Server::giving("");
    let _keyring = Keyring::unlocked(&bus);
    place.run_with(&["import", "-"], &server.accounts()).ok();
    let mut child =
        place.command(&["sign-in", "car-dev", "--no-browser"]).stdin(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("could not be written"));
}

#[test]
fn a_home_that_cannot_be_used_is_named() {
    let bus = Bus::start();
    let mut place = Place::on(&bus);
    place.home = place.file("a file", "").into();
    let told = place.run(&["list"]).failed(1);
    assert!(told.contains("a file"), "{told}");
}

#[test]
fn f6_a_proxy_set_by_hand_gets_nothing_and_the_command_says_so() {
    let (bus, proxy) = (Bus::start(), ScriptedServer::start());
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let file = "[[account]]\nname = \"batch\"\nprovider = \"custom\"\ngrant = \"client_credentials\"\n\
                client_id = \"i\"\nclient_secret = \"CANARY-proxy\"\n[account.endpoints]\n\
                token = \"https://api.example.test/token\"\n";
    place.run_with(&["import", "-"], file).ok();
    let database = rusqlite::Connection::open(place.home.join("keyfob.db")).unwrap();
    let row = "INSERT OR REPLACE INTO preferences VALUES ('proxy', ?1)";
    database.execute(row, [format!("\"{}\"", proxy.url(""))]).unwrap();
    drop(database);
    let told = place.run(&["token", "batch"]).failed(1);
    assert!(told.contains("changed outside Keyfob, so nothing was sent to api.example.test"), "{told}");
    assert!(told.contains("open Settings in the window and choose Use these settings"), "{told}");
    assert_eq!(proxy.connections(), 0);
    // Commands without a request still work.
    assert!(place.run(&["list"]).ok().contains("batch"));
}
