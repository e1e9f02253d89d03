//! The file vault and moves, from outside.

use std::process::Stdio;

use super::place::{Place, Server, holds};
use crate::support::desktop::Bus;

const BATCH: &str = "batch: a/b 東京";

/// The words of a command over the file vault.
fn over<'a>(passphrase: &'a str, words: &[&'a str]) -> Vec<&'a str> {
    [&["--vault", "file", "--passphrase-file", passphrase], words].concat()
}

#[test]
fn the_file_vault_works_without_a_keychain() {
    // Nobody keeps secrets on this bus.
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let place = Place::on(&bus);
    let right = place.file("right", "correct horse battery CANARY-pass\n");
    let wrong = place.file("wrong", "incorrect\n");
    let other = place.file("other", "qwertz\n");

    let told = place.run(&over(&right, &["token", BATCH])).failed(1);
    assert!(told.contains("no account"), "{told}");
    let made = place.run_with(&over(&right, &["import", "-"]), &server.accounts());
    assert!(made.err.contains("file for your secrets was made"), "{made:?}");
    made.ok();
    assert!(place.home.join("key.age").exists());
    assert_eq!(place.run(&over(&right, &["token", BATCH])).ok(), format!("{}\n", server.token(1)));

    // A wrong passphrase, none, and no terminal to ask on.
    let told = place.run(&over(&wrong, &["token", BATCH])).failed(4);
    assert!(told.contains("passphrase") && told.contains("Nothing was lost"), "{told}");
    let program = env!("CARGO_BIN_EXE_keyfob");
    let mut alone = std::process::Command::new("setsid");
    alone.args(["-w", program, "--vault", "file", "token", BATCH]).env("KEYFOB_HOME", &place.home);
    let output = alone.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(4), 0), "{told}");
    assert!(told.contains("--passphrase-file"), "{told}");
    assert_eq!(place.run(&["--vault", "file", "list"]).code, 0, "a list needs no passphrase");

    // Another passphrase, over a descriptor; the weak one is advised against.
    let mut shell = place.command(&[]);
    let line = format!(
        "exec {program} --passphrase-file fd:3 passphrase --new-passphrase-file /dev/fd/4 3<'{right}' 4<'{other}'"
    );
    shell = {
        let mut sh = std::process::Command::new("sh");
        sh.args(["-c", &line]).envs(shell.get_envs().filter_map(|(key, value)| Some((key, value?))));
        sh.env("KEYFOB_HOME", &place.home);
        sh
    };
    let output = shell.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("was changed") && told.contains("easily guessed"), "{told}");
    place.run(&over(&right, &["token", BATCH])).failed(4);
    assert_eq!(place.run(&over(&other, &["token", BATCH])).ok(), format!("{}\n", server.token(1)));

    assert!(!holds(&place.home, &server.canary), "no secret lies open");
    place.run(&over(&other, &["remove", BATCH, "--yes"])).ok();
    place.run(&over(&other, &["remove", "car-dev", "--yes"])).ok();
    assert_eq!(place.run(&["list", "--json"]).ok(), "[]\n");
}
