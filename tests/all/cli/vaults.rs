//! The passphrase vault and moves, from outside.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use super::place::{BATCH, Place, Server, holds};
use crate::support::account_toml::AccountToml;
use crate::support::desktop::{Bus, Keyring};

/// The arguments of a command with the passphrase vault.
fn over<'a>(passphrase: &'a str, words: &[&'a str]) -> Vec<&'a str> {
    [&["--vault", "file", "--passphrase-file", passphrase], words].concat()
}

#[test]
fn a_passphrase_file_that_others_may_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let place = Place::on(&bus);
    let file = place.file("passphrase", "correct horse battery CANARY-pass\n");
    place.run_with(&over(&file, &["import", "-"]), &server.accounts()).ok();
    for (mode, is_warned) in [(0o644, true), (0o640, true), (0o602, true), (0o600, false), (0o400, false)] {
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        let run = place.run(&over(&file, &["token", BATCH]));
        let warning = "Warning: other users of this computer may read the secret in ";
        assert_eq!(run.err.contains(warning), is_warned, "{mode:o}: {run:?}");
        assert!(!run.err.contains("CANARY") && run.ok().starts_with("at-"));
    }
}

#[test]
fn the_file_vault_works_without_a_keychain() {
    // No Secret Service is on this bus.
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let place = Place::on(&bus);
    let right = place.file("right", "correct horse battery CANARY-pass\n");
    let wrong = place.file("wrong", "incorrect\n");
    let other = place.file("other", "qwertz\n");

    let told = place.run(&over(&right, &["token", BATCH])).failed(1);
    assert!(told.contains("no account"), "{told}");
    let made = place.run_with(&over(&right, &["import", "-"]), &server.accounts());
    assert!(made.err.contains("Created a file for your secrets"), "{made:?}");
    made.ok();
    assert!(place.home.join("key.age").exists());
    assert_eq!(place.run(&over(&right, &["token", BATCH])).ok(), format!("{}\n", server.token(1)));

    // A wrong passphrase, none, and no terminal.
    let told = place.run(&over(&wrong, &["token", BATCH])).failed(4);
    assert!(told.contains("passphrase") && told.contains("Nothing was lost"), "{told}");
    let program = env!("CARGO_BIN_EXE_keyfob");
    let mut alone = Command::new("setsid");
    alone.args(["-w", program, "--vault", "file", "token", BATCH]).env("KEYFOB_HOME", &place.home);
    let output = alone.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(4), 0), "{told}");
    assert!(told.contains("--passphrase-file"), "{told}");
    assert_eq!(place.run(&["--vault", "file", "list"]).code, 0, "a list needs no passphrase");

    let looked = |passphrase: &str| place.run(&over(passphrase, &["doctor"]));
    let first = |out: &str| out.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    assert_eq!(first(&looked(&right).out), "ok Secrets:", "a passphrase at hand is used");
    let told = looked(&wrong);
    assert_eq!(first(&told.out), "warning Secrets:");
    assert!(told.err.contains("passphrase"), "{told:?}");

    // A new passphrase from a descriptor; a weak one causes a warning.
    let mut shell = place.command(&[]);
    let line = format!(
        "exec {program} --passphrase-file fd:3 passphrase --new-passphrase-file /dev/fd/4 3<'{right}' 4<'{other}'"
    );
    shell = {
        let mut sh = Command::new("sh");
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

    // The database is lost, with the choice.
    std::fs::remove_file(place.home.join("keyfob.db")).unwrap();
    assert_eq!(place.run(&["list", "--json"]).ok(), "[]\n");
    let told = place.run(&["list"]);
    assert!(told.err.contains("keyfob --vault file recover"), "{told:?}");
    let told = place.run(&["recover"]);
    assert!(told.err.contains("keyfob --vault file recover"), "{told:?}");
    let recovered = place.run(&over(&right, &["recover"])).ok();
    assert!(recovered.contains("Recovered car-dev") && recovered.contains(BATCH), "{recovered}");
    assert_eq!(place.run(&over(&right, &["token", BATCH])).ok(), token);

    place.run(&over(&right, &["move-vault", "keychain"])).ok();
    assert_eq!(keyring.items().len(), 3);
    assert!(!place.home.join("key.age").exists() && !place.home.join("vault.age").exists());
    assert_eq!(place.run(&["token", BATCH]).ok(), token);

    // A broken one is set aside, with a message.
    std::fs::write(place.home.join("keyfob.db"), "no database").unwrap();
    let run = place.run(&["list", "--json"]);
    assert_eq!(run.out, "[]\n");
    assert!(run.err.contains("keyfob.db.broken-1") && run.err.contains("keyfob recover"), "{run:?}");
    place.run(&["recover", "--remove-orphans", "--yes"]).ok();
    assert_eq!(place.run(&["token", BATCH]).ok(), token);
}

#[test]
fn k10_six_removals_at_a_time_do_not_fail_for_each_other() {
    let bus = Bus::start();
    let keyring = Keyring::lasting(&bus);
    let place = Place::on(&bus);
    let tokens = r#"tokens = { access_token = "CANARY-at", received_at = "2026-01-01T00:00:00Z" }"#;
    let account = |number: usize| {
        AccountToml::new(&format!("bot {number}"), "client_credentials")
            .secret("CANARY-s")
            .lines(tokens)
            .at("token", "https://api.example/token")
            .to_string()
    };
    let all: String = (0..36).map(account).collect();
    place.run_with(&["import", "-"], &all).ok();
    assert_eq!(keyring.items().len(), 72);
    for round in 0..6 {
        let removals = (6 * round..6 * (round + 1)).map(|number| {
            let name = format!("bot {number}");
            place.command(&["remove", &name, "--yes"]).stdin(Stdio::null()).spawn().unwrap()
        });
        for removal in removals.collect::<Vec<_>>() {
            let ended = removal.wait_with_output().unwrap();
            assert!(ended.status.success(), "round {round}: {}", String::from_utf8_lossy(&ended.stderr));
        }
    }
    assert_eq!(keyring.items(), [""; 0]);
    assert_eq!(place.run(&["list", "--json"]).ok(), "[]\n");
}

#[test]
fn accounts_go_to_another_computer_sealed_or_without_secrets() {
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let mut place = Place::on(&bus);
    let right = place.file("right", "correct horse battery CANARY-pass\n");
    let seal = place.file("seal", "Blaue Ente jongliert 7 CANARY-seal\n");
    place.run_with(&over(&right, &["import", "-"]), &server.accounts()).ok();
    let token = place.run(&over(&right, &["token", BATCH])).ok();
    let path = |name: &str| bus.path(name).to_str().unwrap().to_owned();
    let (sealed, open) = (path("all.age"), path("open.toml"));
    let export =
        ["export", "--to", &sealed, "--with-secrets", "--with-tokens", "--export-passphrase-file", &seal];
    place.run(&over(&right, &export)).ok();
    assert!(place.run(&over(&right, &export)).failed(1).contains("already"), "nothing is overwritten");
    place.run(&over(&right, &["export", "--to", &open, "car-dev"])).ok();
    place.run(&over(&right, &["export", "--to", &path("none"), "nobody"])).failed(1);
    place.run(&over(&right, &["export", "--to", &path("none"), "--with-tokens"])).failed(2);
    let text = std::fs::read_to_string(&open).unwrap();
    assert!(text.contains("car-dev") && !text.contains("batch") && !text.contains(&server.canary), "{text}");
    for file in [&sealed, &open] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        let bytes = std::fs::read(file).unwrap();
        assert!(!bytes.windows(server.canary.len()).any(|window| window == server.canary.as_bytes()));
    }

    // On the other computer.
    place.home = bus.path("another home");
    let other = place.file("other", "another passphrase of its own\n");
    let wrong = ["import", &sealed, "--export-passphrase-file", &right];
    assert!(place.run(&over(&other, &wrong)).failed(4).contains("passphrase"));
    assert_eq!(place.run(&["list", "--json"]).ok(), "[]\n");
    let good = ["import", &sealed, "--export-passphrase-file", &seal];
    place.run(&over(&other, &good)).ok();
    assert!(place.run(&over(&other, &good)).failed(1).contains("--replace"));
    assert_eq!(place.run(&over(&other, &["token", BATCH])).ok(), token, "its token came along");
    assert_eq!(server.server.requests().len(), 1);

    // Without secrets, the stored ones stay.
    let replaced = place.run(&over(&other, &["import", &open, "--replace"]));
    assert!(replaced.err.contains("No secrets came with"), "{replaced:?}");
    replaced.ok();
    let waiting = place.sign_in(&over(&other, &["sign-in", "car-dev", "--no-browser"]));
    waiting.come_back(&[("code", "c")]);
    waiting.end().ok();
    let sent = server.server.requests().pop().unwrap();
    let text = format!("{:?} {:?}", sent.form(), sent.header("authorization"));
    assert!(sent.form().iter().any(|(key, _)| key == "client_secret") || text.contains("Basic"), "{text}");
}

/// Kills a move at its first step, its second, and so on, until it ends earlier.
#[cfg(feature = "failpoints")]
fn move_killed_at_every_step(to: &str, back: &str, at_least: usize) {
    use keyfob::base::secret::Passphrase;
    use keyfob::store::home::Home;
    use keyfob::store::vault::passphrase::PassphraseVault;
    use std::os::unix::process::ExitStatusExt as _;

    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let keyring = Keyring::lasting(&bus);
    let mut place = Place::on(&bus);
    let right = place.file("right", "correct horse battery CANARY-pass\n");
    for step in 1.. {
        place.home = bus.path(&format!("home-{step}"));
        // With cheap key derivation.
        let passphrase = Passphrase::new("correct horse battery CANARY-pass".to_owned());
        PassphraseVault::create_with_work_factor(&Home::at(&place.home), &passphrase, 1).unwrap();
        let run = |words: &[&str]| place.run(&[&["--passphrase-file", &right], words].concat());
        place.run_with(&["import", "-"], &server.accounts()).ok();
        let token = place.run(&["token", BATCH]).ok();
        if to == "keychain" {
            run(&["move-vault", "file"]).ok();
        }
        let mut command = place.command(&["--passphrase-file", &right, "move-vault", to]);
        let output = command.env("KEYFOB_KILL_AT", step.to_string()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let was_killed = output.status.signal().is_some();
        assert!(was_killed || output.status.success(), "{said}");
        // Nothing is lost, wherever the secrets are, and the same or the reverse move works.
        assert_eq!(run(&["token", BATCH]).ok(), token, "step {step}: {said}");
        assert!(!holds(&place.home, &server.canary), "step {step}: {said}");
        let end = if step % 2 == 0 { to } else { back };
        run(&["move-vault", end]).ok();
        assert_eq!(run(&["token", BATCH]).ok(), token, "step {step}: {said}");
        let in_keychain = if end == "keychain" { 3 } else { 0 };
        assert_eq!(keyring.items().len(), in_keychain, "step {step}: {said}");
        for account in [BATCH, "car-dev"] {
            run(&["remove", account, "--yes"]).ok();
        }
        assert_eq!(keyring.items(), [""; 0], "step {step}: {said}");
        if !was_killed {
            assert!(step > at_least, "it was over at step {step}");
            break;
        }
    }
}

#[test]
#[cfg(feature = "failpoints")]
fn f1_a_move_to_a_file_killed_at_every_step() {
    move_killed_at_every_step("file", "keychain", 8);
}

#[test]
#[cfg(feature = "failpoints")]
fn f1_a_move_to_the_keychain_killed_at_every_step() {
    move_killed_at_every_step("keychain", "file", 8);
}

/// Runs the program on a terminal and answers each question in turn.
fn on_a_terminal(place: &Place<'_>, words: &str, answers: &[(&str, &str)]) -> (bool, String) {
    let program = env!("CARGO_BIN_EXE_keyfob");
    let mut script = Command::new("script");
    script.args(["-qec", &format!("{program} {words}"), "/dev/null"]).env("KEYFOB_HOME", &place.home);
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut shown = String::new();
    for (question, answer) in answers {
        let start = shown.len();
        while !shown[start..].contains(question) {
            let mut part = [0; 512];
            let length = output.read(&mut part).unwrap();
            assert!(length > 0, "never asked: {question}; {shown}");
            shown.push_str(&String::from_utf8_lossy(&part[..length]));
        }
        // Echo is disabled right after the question, long before a user could type.
        std::thread::sleep(std::time::Duration::from_millis(700));
        writeln!(input, "{answer}").unwrap();
    }
    output.read_to_string(&mut shown).unwrap();
    (child.wait().unwrap().success(), shown)
}

#[test]
fn a_passphrase_is_asked_for_on_the_terminal_and_not_shown() {
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let place = Place::on(&bus);
    let file = place.file("accounts.toml", &server.accounts());
    let import = format!("--vault file import '{file}'");
    let (choose, again) = ("Choose a passphrase", "Repeat the passphrase");
    let (done, shown) = on_a_terminal(&place, &import, &[(choose, "CANARY-one"), (again, "CANARY-two")]);
    assert!(!done && shown.contains("don't match"), "{shown}");
    assert!(!place.home.join("key.age").exists());
    let (done, shown) = on_a_terminal(&place, &import, &[(choose, "CANARY-one"), (again, "CANARY-one")]);
    assert!(done && shown.contains("easily guessed") && !shown.contains("CANARY"), "{shown}");
    let token = format!("--vault file token '{BATCH}'");
    let (done, shown) = on_a_terminal(&place, &token, &[("Passphrase", "CANARY-no")]);
    assert!(!done && shown.contains("doesn't open"), "{shown}");
    let (done, shown) = on_a_terminal(&place, &token, &[("Passphrase", "CANARY-one")]);
    assert!(done && shown.contains(&server.token(1)), "{shown}");
}

#[test]
fn f2_a_file_vault_that_is_damaged_as_a_whole_is_said_to_be_and_left_as_it_is() {
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let place = Place::on(&bus);
    let right = place.file("right", "correct horse battery CANARY-pass\n");
    place.run_with(&over(&right, &["import", "-"]), &server.accounts()).ok();
    let token = place.run(&over(&right, &["token", BATCH])).ok();
    for (name, bytes) in [("vault.age", None), ("key.age", Some("no key")), ("vault.age", Some(""))] {
        let path = place.home.join(name);
        let whole = std::fs::read(&path).unwrap();
        let broken =
            bytes.map_or_else(|| whole[..whole.len() - 9].to_vec(), |bytes| bytes.as_bytes().to_vec());
        std::fs::write(&path, &broken).unwrap();
        let told = place.run(&over(&right, &["token", BATCH])).failed(1);
        assert!(told.contains("damaged") && told.contains("backup"), "{told}");
        place.run(&over(&right, &["remove", BATCH, "--yes"])).failed(1);
        assert_eq!(std::fs::read(&path).unwrap(), broken, "{name} is left as it is");
        std::fs::write(&path, whole).unwrap();
        assert_eq!(place.run(&over(&right, &["token", BATCH])).ok(), token);
    }
}

#[test]
fn v1_a_database_of_a_newer_version_is_named_and_left_as_it_is() {
    let (bus, server) = (Bus::start(), Server::giving(""));
    let place = Place::on(&bus);
    let right = place.file("right", "correct horse battery CANARY-pass\n");
    place.run_with(&over(&right, &["import", "-"]), &server.accounts()).ok();
    let path = place.home.join("keyfob.db");
    let newer = "PRAGMA user_version = 999; UPDATE written_by SET version = '9.9.9'";
    rusqlite::Connection::open(&path).unwrap().execute_batch(newer).unwrap();
    let before = std::fs::read(&path).unwrap();
    for words in [&["list"][..], &["recover"], &["remove", BATCH, "--yes"]] {
        let told = place.run(&over(&right, words)).failed(1);
        assert!(told.contains("Keyfob 9.9.9, which is newer") && !told.contains("room"), "{told}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
