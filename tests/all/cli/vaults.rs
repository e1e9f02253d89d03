//! The file vault and moves, from outside.

use std::process::Stdio;

use super::place::{Place, Server, holds};
use crate::support::desktop::{Bus, Keyring};

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

#[test]
fn z2_secrets_move_to_a_file_and_back_and_a_lost_database_is_recovered() {
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let right = place.file("right", "correct horse battery CANARY-pass\n");
    place.run_with(&["import", "-"], &server.accounts()).ok();
    let token = format!("{}\n", server.token(1));
    assert_eq!(place.run(&["token", BATCH]).ok(), token);
    assert_eq!(keyring.items().len(), 3);

    let told = place.run(&["--passphrase-file", &right, "move-vault", "file"]);
    assert!(told.err.contains("Records moved: 3"), "{told:?}");
    assert_eq!(keyring.items(), Vec::<String>::new());
    // The choice is stored: no --vault from here on.
    assert_eq!(place.run(&["--passphrase-file", &right, "token", BATCH]).ok(), token);
    place.run(&["--vault", "keychain", "token", BATCH]).failed(1);

    // The database goes, and the choice with it.
    std::fs::remove_file(place.home.join("keyfob.db")).unwrap();
    assert_eq!(place.run(&["list", "--json"]).ok(), "[]\n");
    let recovered = place.run(&over(&right, &["recover"])).ok();
    assert!(recovered.contains("Recovered car-dev") && recovered.contains(BATCH), "{recovered}");
    assert_eq!(place.run(&over(&right, &["token", BATCH])).ok(), token);

    place.run(&over(&right, &["move-vault", "keychain"])).ok();
    assert_eq!(keyring.items().len(), 3);
    assert!(!place.home.join("key.age").exists() && !place.home.join("vault.age").exists());
    assert_eq!(place.run(&["token", BATCH]).ok(), token);

    // A broken one is set aside, and that is said.
    std::fs::write(place.home.join("keyfob.db"), "no database").unwrap();
    let run = place.run(&["list", "--json"]);
    assert_eq!(run.out, "[]\n");
    assert!(run.err.contains("keyfob.db.broken-1") && run.err.contains("keyfob recover"), "{run:?}");
    place.run(&["recover", "--remove-orphans", "--yes"]).ok();
    assert_eq!(place.run(&["token", BATCH]).ok(), token);
}
