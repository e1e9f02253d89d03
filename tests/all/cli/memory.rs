//! Secrets left in a command's memory after its work, and access to that memory.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Stdio};

use super::place::{BATCH, Place, Server};
use crate::support::account_toml::AccountToml;
use crate::support::desktop::{Bus, Keyring};
use crate::support::memory;

/// A command that has finished its work and is about to exit.
struct Held(Child);

impl Held {
    fn at_its_end(place: &Place<'_>, words: &[&str], input: &str) -> Self {
        let mut command = place.command(words);
        command.env("KEYFOB_HOLD_AT", "command end").stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let mut said = String::new();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        while !said.ends_with("held at command end\n") {
            assert!(err.read_line(&mut said).unwrap() > 0, "{said}");
        }
        Self(child)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn x7_a_command_leaves_no_secret_in_its_memory() {
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let held = |words: &[&str], input: &str| {
        let held = Held::at_its_end(&place, words, input);
        memory::wait_until_gone(held.0.id(), &[server.canary.as_bytes()], &format!("after {words:?}"));
    };
    held(&["import", "-"], &server.accounts());
    for words in [
        &["token", BATCH][..],
        &["refresh", BATCH],
        &["token", BATCH, "--as", "json"],
        &["token", BATCH, "--as", "curl"],
        &["token", BATCH, "--as", "curl-config"],
        &["helper", "kubectl", BATCH],
        &["helper", "headers", BATCH],
        &["show", BATCH, "--json"],
        &["log", BATCH],
    ] {
        held(words, "");
    }
}

/// An account of a client with a private key.
fn with_key(url: &str, pem: &str) -> String {
    AccountToml::new("signs", "client_credentials")
        .with("client_auth", "private_key_jwt")
        .with("private_key", pem)
        .at("token", &format!("{url}/token"))
        .to_string()
}

#[test]
fn x7_a_command_leaves_no_passphrase_and_no_private_key() {
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let mut place = Place::on(&bus);
    let passphrase = format!("correct horse battery {}", server.canary);
    let file = place.file("passphrase", &format!("{passphrase}\n"));
    place.before = ["--vault", "file", "--passphrase-file", &file].map(str::to_owned).into();
    let key = rcgen::KeyPair::generate().unwrap();
    let (pem, der) = (key.serialize_pem(), key.serialize_der());
    // The second line of the PEM text, and the 32 bytes of the number in PKCS#8, which libraries keep in
    // either byte order (RFC 5915; RFC 5208).
    let line = pem.lines().nth(2).unwrap().as_bytes();
    let start = der.windows(5).position(|bytes| bytes == [2, 1, 1, 4, 32]).unwrap() + 5;
    let number = &der[start..start + 32];
    let reversed: Vec<u8> = number.iter().rev().copied().collect();
    let secrets = [server.canary.as_bytes(), line, number, &reversed];
    let accounts = format!("{}{}", server.accounts(), with_key(&server.server.url(""), &pem));
    for (words, input) in [
        (&["import", "-"][..], accounts.as_str()),
        (&["token", "signs"], ""),
        (&["token", BATCH], ""),
        (&["refresh", "signs"], ""),
    ] {
        let held = Held::at_its_end(&place, words, input);
        memory::wait_until_gone(held.0.id(), &secrets, &format!("after {words:?}"));
    }
    assert_eq!(server.server.requests_to("/token").len(), 3);
}

/// Whether another program of the same user can read the process's memory.
fn looked_into(pid: u32, user: &str) -> bool {
    let mut look = std::process::Command::new("setpriv");
    look.args(["--reuid", user, "--clear-groups", "cat", &format!("/proc/{pid}/maps")]);
    look.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

#[test]
fn x8_no_other_program_of_the_user_can_look_into_it() {
    const USER: &str = "65534";
    let home = tempfile::tempdir_in("/tmp").unwrap();
    std::os::unix::fs::chown(home.path(), Some(65534), Some(65534)).unwrap();
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", USER, "--clear-groups", env!("CARGO_BIN_EXE_keyfob")]);
    command.args(["--vault", "memory", "list"]).env("KEYFOB_HOME", home.path().join("home"));
    command.env("KEYFOB_HOLD_AT", "command end").stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(child.stderr.take().unwrap());
    let held = Held(child);
    assert!(said.lines().map_while(Result::ok).any(|line| line == "held at command end"));
    assert!(!looked_into(held.0.id(), USER));
    // A program without this protection can be read.
    let mut sleep = std::process::Command::new("setpriv");
    let sleep = sleep.args(["--reuid", USER, "--clear-groups", "sleep", "60"]).spawn().map(Held).unwrap();
    let wait = std::time::Duration::from_secs(5);
    crate::support::desktop::wait_until(wait, "a look", || looked_into(sleep.0.id(), USER).then_some(()));
}
