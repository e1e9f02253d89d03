//! Kills the program at every step and starts it again: it loses nothing stored, leaves no secret
//! unencrypted, and finishes what was interrupted.
//!
//! Kills at random times are in a file of their own.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use keyfob::base::secret::Passphrase;
use keyfob::store::home::Home;
use keyfob::store::vault::Vault as _;
use keyfob::store::vault::passphrase::PassphraseVault;

use super::place::{Machine, Place, Run, holds};
use super::rotating::{BOT, CAR, Rotating};
use crate::support::desktop::{Bus, Keyring};

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Over {
    Keychain,
    File,
    /// The passphrase file, which each run names; the stored choice is the keychain.
    FileByName,
}

const PASSPHRASE: &str = "correct horse battery staple";

pub(crate) enum Deed {
    Import,
    SignIn,
    Refresh,
    Remove,
}

pub(crate) struct World<'bus> {
    pub(crate) place: Place<'bus>,
    server: Rotating,
    pub(crate) file: String,
}

impl<'bus> World<'bus> {
    pub(crate) fn new(machine: impl Into<Machine<'bus>>, number: usize, over: Over) -> Self {
        let machine = machine.into();
        let mut place = Place::on(machine);
        place.home = machine.path(&format!("home-{number}"));
        if over != Over::Keychain {
            // With cheap key derivation.
            let passphrase = Passphrase::new(PASSPHRASE.to_owned());
            PassphraseVault::create_with_work_factor(&Home::at(&place.home), &passphrase, 1).unwrap();
            let file = place.file("passphrase", PASSPHRASE);
            place.before = ["--passphrase-file", &file].map(str::to_owned).into();
            if over == Over::FileByName {
                place.before.extend(["--vault", "file"].map(str::to_owned));
            } else {
                place.run(&["move-vault", "file"]).ok();
            }
        }
        let server = Rotating::start();
        let file = place.file(&format!("accounts-{number}.toml"), &server.accounts());
        Self { place, server, file }
    }

    /// Sets up everything that the command needs.
    pub(crate) fn prepare(&self, deed: &Deed) {
        if matches!(deed, Deed::Import) {
            return;
        }
        self.place.run(&["import", &self.file]).ok();
        self.place.run(&["token", BOT]).ok();
        if !matches!(deed, Deed::SignIn) {
            self.sign_in();
        }
    }

    pub(crate) fn sign_in(&self) {
        let waiting = self.place.sign_in(&["sign-in", CAR, "--no-browser"]);
        waiting.come_back(&[("code", "c")]);
        waiting.end().ok();
    }

    /// Runs the command and kills it at this step; `None` if it ended earlier.
    pub(crate) fn killed_at(&self, deed: &Deed, step: usize) -> Option<String> {
        let words: &[&str] = match deed {
            Deed::Import => &["import", &self.file],
            Deed::SignIn => &["sign-in", CAR, "--no-browser"],
            Deed::Refresh => &["refresh", CAR],
            Deed::Remove => &["remove", CAR, "--yes"],
        };
        let mut command = self.place.command(words);
        command.env("KEYFOB_KILL_AT", step.to_string()).stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        if matches!(deed, Deed::SignIn) {
            let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
            let mut address = String::new();
            std::io::BufRead::read_line(&mut out, &mut address).unwrap();
            if !address.is_empty() {
                let address = url::Url::parse(address.trim_end()).unwrap();
                crate::support::engine::come_back(&address, &[("code", "c")]);
            }
        }
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        if ended.status.signal().is_none() {
            assert!(ended.status.success(), "{said}");
            return None;
        }
        Some(said.lines().last().unwrap_or_default().to_owned())
    }

    /// Whether a rotating refresh token was ever used.
    pub(crate) fn has_rotated(&self) -> bool {
        self.server.spent() > 0
    }

    /// Whether a refresh token was used twice.
    pub(crate) fn is_revoked(&self) -> bool {
        self.server.is_revoked()
    }

    /// The account is usable, or it reports that a sign-in is needed, which then helps.
    pub(crate) fn must_be_usable(&self, when: &str) {
        let run = self.place.run(&["token", CAR]);
        assert!(run.code == 3 && run.out.is_empty() || run.out.starts_with("at-"), "{when}: {run:?}");
        // A response in transit is lost with the process, and the server may have invalidated the old token.
        // Then a sign-in is needed, too.
        let renewed = self.place.run(&["refresh", CAR]);
        if renewed.code != 0 {
            renewed.failed(3);
            self.sign_in();
            self.place.run(&["refresh", CAR]).ok();
        }
        assert!(self.place.run(&["token", BOT]).ok().starts_with("bot-"), "{when}");
    }

    /// A process killed between a request and its response leaves a message with the next step.
    fn says_that_it_was_stopped(&self, when: &str) {
        let shown = self.place.run(&["show", CAR]);
        let cut_short = ["before the request", "answer received"].iter().any(|step| when.ends_with(step));
        if cut_short {
            assert!(
                shown.err.contains("Keyfob was stopped")
                    && shown.err.to_lowercase().contains("sign in again"),
                "{when}: {shown:?}"
            );
        }
        shown.ok();
    }

    /// The names of all records in the vault.
    pub(crate) fn kept(&self, keyring: &Keyring<'_>) -> Vec<String> {
        let mut kept = keyring.items();
        if !self.place.before.is_empty() {
            let passphrase = Passphrase::new(PASSPHRASE.to_owned());
            let mut vault = PassphraseVault::open(&Home::at(&self.place.home), &passphrase).unwrap();
            kept.extend(vault.names().unwrap());
        }
        kept
    }

    pub(crate) fn nothing_lies_open(&self, when: &str) {
        assert!(!holds(&self.place.home, &self.server.canary), "{when}: a secret is on the disk");
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let listed = self.place.run(&["list", "--json"]).json();
        let names = listed.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned());
        names.collect()
    }

    fn check(&self, deed: &Deed, keyring: &Keyring<'_>, when: &str) {
        self.nothing_lies_open(when);
        let names = self.names();
        match deed {
            Deed::Import => {
                // The listed accounts are complete; the others can be imported again.
                for name in &names {
                    let run = self.place.run(&["token", name]);
                    let as_new = if name == CAR { run.code == 3 } else { run.out.starts_with("bot-") };
                    assert!(as_new, "{when}: {name}: {run:?}");
                }
                self.place.run(&["import", &self.file, "--replace"]).ok();
                self.sign_in();
                self.must_be_usable(when);
            }
            Deed::SignIn | Deed::Refresh => {
                assert_eq!(names.len(), 2, "{when}: no account is lost");
                self.says_that_it_was_stopped(when);
                self.must_be_usable(when);
            }
            Deed::Remove => {
                if names.iter().any(|name| name == CAR) {
                    self.place.run(&["remove", CAR, "--yes"]).ok();
                }
                assert!(self.place.run(&["token", BOT]).ok().starts_with("bot-"), "{when}");
                let left: Run = self.place.run(&["remove", BOT, "--yes"]);
                left.ok();
                // Z1: nothing is left, in the keychain or on disk.
                assert_eq!(self.kept(keyring), [""; 0], "{when}");
                assert!(!holds(&self.place.home, CAR), "{when}");
            }
        }
        self.nothing_lies_open(when);
        if !matches!(deed, Deed::Remove) {
            self.place.run(&["remove", CAR, "--yes"]).ok();
            self.place.run(&["remove", BOT, "--yes"]).ok();
        }
        assert_eq!(self.kept(keyring), [""; 0], "{when}: nothing is left behind");
        let beside = ["key.age.new", "key.age.old", "vault.age.new", "vault.age.old"];
        for half in beside.map(|name| self.place.home.join(name)) {
            assert!(!half.exists(), "{when}: {} is left behind", half.display());
        }
    }
}

/// Kills the command at its first step, its second, and so on, until it ends earlier.
pub(super) fn at_every_step(deed: &Deed, over: Over, at_least: usize) {
    let bus = Bus::start();
    let keyring = Keyring::lasting(&bus);
    let mut steps = Vec::new();
    for step in 1.. {
        let world = World::new(&bus, step, over);
        world.prepare(deed);
        let Some(name) = world.killed_at(deed, step) else { break };
        assert!(name.starts_with("killed at "), "{name}");
        world.check(deed, &keyring, &format!("step {step}, {name}"));
        steps.push(name);
    }
    assert!(steps.len() >= at_least, "{steps:?}");
}

#[test]
fn r6_an_import_killed_at_every_step() {
    at_every_step(&Deed::Import, Over::Keychain, 8);
}

#[test]
fn r6_a_sign_in_killed_at_every_step() {
    at_every_step(&Deed::SignIn, Over::Keychain, 5);
}

#[test]
fn r6_a_refresh_killed_at_every_step() {
    at_every_step(&Deed::Refresh, Over::Keychain, 5);
}

#[test]
fn z1_a_removal_killed_at_every_step() {
    at_every_step(&Deed::Remove, Over::Keychain, 3);
}

#[test]
fn r6_an_import_into_the_file_vault_killed_at_every_step() {
    at_every_step(&Deed::Import, Over::File, 8);
}

#[test]
fn r6_a_refresh_over_the_file_vault_killed_at_every_step() {
    at_every_step(&Deed::Refresh, Over::File, 5);
}

#[test]
fn r6_a_sign_in_over_the_file_vault_killed_at_every_step() {
    at_every_step(&Deed::SignIn, Over::File, 5);
}

#[test]
fn z1_a_removal_from_the_file_vault_killed_at_every_step() {
    at_every_step(&Deed::Remove, Over::File, 3);
}

#[test]
fn r6_an_account_that_an_import_left_half_done_is_found_by_its_name() {
    let bus = Bus::start();
    let _keyring = Keyring::lasting(&bus);
    for over in [Over::Keychain, Over::File] {
        let number = if over == Over::File { 1000 } else { 0 };
        let is_there = (1..).find_map(|step| {
            let world = World::new(&bus, number + step, over);
            let name = world.killed_at(&Deed::Import, step).expect("it writes a client first");
            name.ends_with("create: client in the vault").then_some(world)
        });
        // The first command finds the account, although none has listed it yet.
        let told = is_there.unwrap().place.run(&["token", CAR]).failed(3);
        assert!(told.contains("sign-in"), "{told}");
    }
}
