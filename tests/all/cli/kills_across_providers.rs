//! Kills an import that moves an account between two servers at every step: neither server ever gets the
//! other's secrets.

use std::os::unix::process::ExitStatusExt as _;

use super::place::Place;
use super::rotating::{BOT, CAR, Rotating};
use crate::support::desktop::{Bus, Keyring};

#[derive(Clone, Copy, PartialEq)]
enum Stay {
    /// None: the file has its own.
    None,
    /// The client secrets, with the user's consent; never a token.
    ClientSecrets,
}

/// Two servers, and accounts signed in at the first.
struct World<'bus> {
    place: Place<'bus>,
    one: Rotating,
    two: Rotating,
    stay: Stay,
    file: String,
}

impl<'bus> World<'bus> {
    fn new(bus: &'bus Bus, number: usize, stay: Stay) -> Self {
        let mut place = Place::on(bus);
        place.home = bus.path(&format!("home-{number}"));
        let (one, two) = (Rotating::start(), Rotating::start());
        let first = place.file(&format!("one-{number}.toml"), &one.accounts());
        let mut accounts = two.accounts();
        if stay == Stay::ClientSecrets {
            let secret = format!("client_secret = \"s-{}\"", two.canary);
            accounts = accounts.replace(&secret, "incomplete = true");
        }
        let file = place.file(&format!("two-{number}.toml"), &accounts);
        let world = Self { place, one, two, stay, file };
        world.place.run(&["import", &first]).ok();
        world.sign_in();
        world.place.run(&["token", BOT]).ok();
        world
    }

    fn sign_in(&self) {
        let waiting = self.place.sign_in(&["sign-in", CAR, "--no-browser"]);
        waiting.come_back(&[("code", "c")]);
        waiting.end().ok();
    }

    fn import(&self) -> Vec<&str> {
        let mut words = vec!["import", "--replace", &*self.file];
        if self.stay == Stay::ClientSecrets {
            words.push("--move-secrets");
        }
        words
    }

    /// Imports and is killed at this step; `None` if it ended earlier.
    fn killed_at(&self, step: usize) -> Option<String> {
        let mut command = self.place.command(&self.import());
        let ended = command.env("KEYFOB_KILL_AT", step.to_string()).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        if ended.status.signal().is_none() {
            assert!(ended.status.success(), "{said}");
            return None;
        }
        Some(said.lines().last().unwrap_or_default().to_owned())
    }

    fn nothing_crossed(&self, when: &str) {
        let at_one = self.one.heard();
        assert!(!at_one.iter().any(|heard| heard.contains(&self.two.canary)), "{when}: {at_one:?}");
        let foreign = match self.stay {
            Stay::None => vec![self.one.canary.clone()],
            // Tokens have a number before their canary, the client secret has none.
            Stay::ClientSecrets => {
                let numbers = (1..50).flat_map(|number| ["at", "rt", "bot"].map(|kind| (kind, number)));
                numbers.map(|(kind, number)| format!("{kind}-{number}-{}", self.one.canary)).collect()
            }
        };
        for heard in self.two.heard() {
            assert!(!foreign.iter().any(|mark| heard.contains(mark)), "{when}: {heard}");
        }
    }

    /// Each account is usable, needs a sign-in, or reports that its row and the vault disagree.
    fn says_what_to_do(&self, when: &str) {
        for name in [CAR, BOT] {
            for command in ["token", "refresh"] {
                let run = self.place.run(&[command, name]);
                let disagrees = run.code == 1 && run.err.contains("keyfob recover");
                assert!(run.code == 0 || run.code == 3 || disagrees, "{when}: {command} {name}: {run:?}");
                self.nothing_crossed(&format!("{when}: {command} {name}"));
            }
        }
    }
}

fn killed_at_every_step(stay: Stay) {
    let bus = Bus::start();
    let _keyring = Keyring::lasting(&bus);
    let mut steps = Vec::new();
    for step in 1.. {
        let world = World::new(&bus, step, stay);
        let Some(name) = world.killed_at(step) else { break };
        let when = format!("step {step}, {name}");
        world.says_what_to_do(&when);
        world.place.run(&["recover"]).ok();
        // The interrupted account is complete again, at either server.
        for name in [CAR, BOT] {
            let run = world.place.run(&["token", name]);
            assert!(run.code == 0 || run.code == 3, "{when}: {name} after recover: {run:?}");
        }
        world.nothing_crossed(&when);
        world.place.run(&world.import()).ok();
        world.sign_in();
        world.place.run(&["refresh", CAR]).ok();
        assert!(
            world.place.run(&["token", BOT]).ok().ends_with(&format!("{}\n", world.two.canary)),
            "{when}"
        );
        world.nothing_crossed(&when);
        steps.push(name);
    }
    for step in ["change: tokens dropped", "change: client in the vault", "change: row stored"] {
        assert_eq!(steps.iter().filter(|name| name.ends_with(step)).count(), 2, "{step}: {steps:?}");
    }
}

#[test]
fn f7_a_replacing_import_killed_at_every_step() {
    killed_at_every_step(Stay::None);
}

#[test]
fn f7_an_import_that_moves_secrets_killed_at_every_step() {
    killed_at_every_step(Stay::ClientSecrets);
}
