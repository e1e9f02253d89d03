//! Output, exit codes, files and the passphrase vault.

use std::process::{Command, Stdio};

use crate::cli::place::{BATCH, Place, Server, holds};
use crate::support::wine::{Wine, drive};

const PASSPHRASE: &str = "correct horse battery CANARY-pass\n";

#[test]
#[ignore = "tests/windows.sh runs it"]
fn every_failure_has_its_exit_code() {
    let (wine, server) = (Wine::start(), Server::giving(r#","expires_in":3600"#));
    let place = Place::on(&wine);
    for words in [&["no-such-command"][..], &["list", "x"], &["--vault", "paper", "list"], &["import"]] {
        place.run(words).failed(2);
    }
    for words in [["show", "x"], ["refresh", "x"], ["remove", "x"]] {
        assert!(place.run(&words).failed(1).contains("no account"));
    }
    place.run(&["import", "none.toml"]).failed(1);
    place.run_with(&["import", "-"], &server.accounts()).ok();
    place.run(&["token", "car-dev"]).failed(3);
    let wrong = place.file("wrong", "incorrect\n");
    let right = place.file("right", PASSPHRASE);
    let over = |file, words: &[&'static str]| {
        place.run(&[&["--vault", "file", "--passphrase-file", file], words].concat())
    };
    place.run(&["--passphrase-file", &right, "move-vault", "file"]).ok();
    over(&wrong, &["token", BATCH]).failed(4);
    assert_eq!(over(&right, &["token", BATCH]).ok(), format!("{}\n", server.token(1)));
}

#[test]
#[ignore = "tests/windows.sh runs it"]
fn standard_output_is_utf_8_with_bare_newlines() {
    let (wine, server) = (Wine::start(), Server::giving(r#","expires_in":3600"#));
    let place = Place::on(&wine);
    let added = place.run_with(&["import", "-"], &server.accounts()).ok();
    assert_eq!(added, format!("Added car-dev\nAdded {BATCH}\n"));
    assert_eq!(place.run(&["token", BATCH]).ok(), format!("{}\n", server.token(1)));
    for words in [&["--help"][..], &["--version"], &["list"], &["list", "--json"], &["show", BATCH]] {
        let out = place.run(words).ok();
        assert!(out.ends_with('\n') && !out.contains('\r') && !out.starts_with('\u{feff}'), "{out:?}");
    }
    assert_eq!(place.run(&["list", "--json"]).json()[0]["name"], BATCH);
}

#[test]
#[ignore = "tests/windows.sh runs it"]
fn accounts_are_exported_and_imported_into_another_home() {
    let (wine, server) = (Wine::start(), Server::giving(r#","expires_in":3600"#));
    let mut place = Place::on(&wine);
    let passphrase = place.file("passphrase", PASSPHRASE);
    place.run_with(&["import", "-"], &server.accounts()).ok();
    let token = place.run(&["token", BATCH]).ok();
    let (open, closed) = (wine.path("open.toml"), wine.path("closed.age"));
    let (open_name, closed_name) = (Wine::argument(&open), Wine::argument(&closed));
    place.run(&["export", "--to", &open_name]).ok();
    assert!(!std::fs::read_to_string(&open).unwrap().contains("CANARY"));
    place.run(&["export", "--to", &open_name]).failed(1);
    let secrets = ["--with-secrets", "--with-tokens", "--export-passphrase-file", &passphrase];
    place.run(&[&["export", "--to", &closed_name], &secrets[..]].concat()).ok();
    assert!(!String::from_utf8_lossy(&std::fs::read(&closed).unwrap()).contains("CANARY"));

    place.home = wine.path("another home");
    place.run(&["import", &closed_name, "--export-passphrase-file", &passphrase]).ok();
    assert_eq!(place.run(&["token", BATCH]).ok(), token, "the token came along");
    assert_eq!(server.server.requests().len(), 1);
}

#[test]
#[ignore = "tests/windows.sh runs it"]
fn a_passphrase_file_vault_holds_everything_and_opens_again() {
    let (wine, server) = (Wine::start(), Server::giving(r#","expires_in":3600"#));
    let mut place = Place::on(&wine);
    let file = place.file("passphrase", PASSPHRASE);
    place.before = ["--vault", "file", "--passphrase-file", &file].map(str::to_owned).into();
    place.run_with(&["import", "-"], &server.accounts()).ok();
    let token = format!("{}\n", server.token(1));
    assert_eq!(place.run(&["token", BATCH]).ok(), token);
    assert_eq!(place.run(&["token", BATCH]).ok(), token);
    assert!(place.home.join("key.age").exists() && place.home.join("vault.age").exists());
    assert!(!holds(&place.home, "CANARY"), "no secret lies open");
    assert_eq!(Wine::credentials(&place.home), [""; 0]);
}

/// The default home's credentials are everybody's, so this is the only test with them.
#[test]
#[ignore = "tests/windows.sh runs it"]
fn without_a_variable_the_home_is_in_the_local_app_data() {
    let (wine, server) = (Wine::start(), Server::giving(""));
    let start = |words: &[&str]| {
        let mut command: Command = wine.command();
        command.args(words).stdin(Stdio::null()).output().unwrap()
    };
    let place = Place::on(&wine);
    let file = place.file("accounts.toml", &server.accounts());
    let added = start(&["import", &file]);
    assert!(added.status.success(), "{added:?}");
    let users = std::fs::read_dir(drive().join("users")).unwrap().flatten();
    let homes = users.map(|user| user.path().join("AppData/Local/keyfob/keyfob.db"));
    assert_eq!(homes.filter(|database| database.exists()).count(), 1);
    for name in ["car-dev", BATCH] {
        let removed = start(&["remove", name, "--yes"]);
        assert!(removed.status.success(), "{removed:?}");
    }
}
