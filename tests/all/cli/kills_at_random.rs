//! Kills the program at random times while it writes, and starts it again.
//!
//! Each run makes a few dozen kills; `KEYFOB_KILLS=1000` makes more.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use super::kills::{Deed, Over, World};
use super::place::{Machine, TO_THE_FIRST_SCHEMA, holds};
use super::rotating::{BOT, CAR};
use crate::support::desktop::{Bus, Keyring};
use crate::support::engine::return_address;

/// The next number of a sequence that is reproducible from its seed (Xorshift), which is random enough here.
fn next(random: u64) -> u64 {
    let random = random ^ (random << 13);
    let random = random ^ (random >> 7);
    random ^ (random << 17)
}

/// Downgrades the database to its first schema, so that the next start migrates it.
fn take_back(world: &World<'_>) {
    let database = rusqlite::Connection::open(world.place.home.join("keyfob.db")).unwrap();
    let schema: u32 = database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    if schema > 1 {
        database.execute_batch(TO_THE_FIRST_SCHEMA).unwrap();
    }
}

/// Plays the browser's redirect and waits for nothing: the kill may come at any time.
fn come_back(child: &mut Child) {
    let mut address = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let Ok(address) = url::Url::parse(address.trim_end()) else { return };
    let back = return_address(&address, &[("code", "c")]);
    let host = format!("{}:{}", back.host_str().unwrap(), back.port().unwrap());
    let request = format!("GET {}?{} HTTP/1.1\r\nHost: {host}\r\n\r\n", back.path(), back.query().unwrap());
    let mut browser = TcpStream::connect(host).unwrap();
    browser.write_all(request.as_bytes()).unwrap();
}

#[test]
fn kills_at_random_moments() {
    let bus = Bus::start();
    let keyring = Keyring::lasting(&bus);
    kill_at_random((&bus).into(), 32);
    drop(keyring);
}

/// Kills `usual` times, unless `KEYFOB_KILLS` says otherwise.
#[expect(clippy::print_stdout, reason = "a failed test shows its seed")]
pub(crate) fn kill_at_random(machine: Machine<'_>, usual: u32) {
    let count = std::env::var("KEYFOB_KILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(usual);
    let world = World::new(machine, 0, Over::File);
    world.prepare(&Deed::Refresh);
    let exports = machine.path("exports");
    std::fs::create_dir(&exports).unwrap();
    let export_file = exports.join("all");
    let export = machine.argument(&export_file);
    let mut seed = [0_u8; 8];
    getrandom::fill(&mut seed).unwrap();
    let mut random = u64::from_be_bytes(seed);
    println!("seed {random}");
    for round in 0..count {
        random = next(random);
        let words: &[&str] = match random % 9 {
            0 => &["refresh", CAR],
            1 => &["token", BOT, "--min-valid", "2h"],
            2 => &["import", &world.file, "--replace"],
            3 => &["sign-in", CAR, "--no-browser"],
            4 => &["export", "--to", &export],
            5 => &["remove", BOT, "--yes"],
            6 => &["move-vault", "keychain"],
            7 => &["move-vault", "file"],
            _ => {
                take_back(&world);
                &["list"]
            }
        };
        let mut child = world.place.command(words).stdin(Stdio::null()).spawn().unwrap();
        if words[0] == "sign-in" {
            come_back(&mut child);
        }
        std::thread::sleep(Duration::from_micros((random >> 8) % 120_000));
        let _ = child.kill();
        child.wait().unwrap();
        let when = format!("round {round}: {words:?}");
        if words[0] == "remove" {
            // Deleted, or still complete; the rest is finished.
            world.place.run(&["import", &world.file, "--replace"]).ok();
        }
        let listed = world.place.run(&["list", "--json"]).json();
        assert_eq!(listed.as_array().map(Vec::len), Some(2), "{when}");
        world.must_be_usable(&when);
        world.nothing_lies_open(&when);
        if words[0] == "export" {
            let again = world.place.run(words);
            assert!(again.code == 0 || again.err.contains("already"), "{when}: {again:?}");
            assert_eq!(std::fs::read_dir(&exports).unwrap().count(), 1, "{when}");
            assert!(!holds(&exports, "CANARY"), "{when}");
            std::fs::remove_file(&export_file).unwrap();
        }
    }
    assert!(world.has_rotated());
}
