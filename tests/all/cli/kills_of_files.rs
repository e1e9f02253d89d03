//! Kills the program while it writes an export or migrates its database.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use super::place::{BATCH, Place, Server, TO_THE_FIRST_SCHEMA, holds};
use crate::support::desktop::{Bus, Keyring};

/// Runs the command and kills it at this step; returns the step's name, or `None` if it ended earlier.
fn killed_at(place: &Place<'_>, words: &[&str], step: usize) -> Option<String> {
    let output = place.command(words).env("KEYFOB_KILL_AT", step.to_string()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    if output.status.signal().is_none() {
        assert!(output.status.success(), "{said}");
        return None;
    }
    Some(said.lines().last().unwrap_or_default().to_owned())
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn an_export_killed_at_every_step(with_secrets: bool) {
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let _keyring = Keyring::lasting(&bus);
    let place = Place::on(&bus);
    place.run_with(&["import", "-"], &server.accounts()).ok();
    let token = place.run(&["token", BATCH]).ok();
    let seal = place.file("seal", "Blaue Ente jongliert 7 CANARY-seal\n");
    for step in 1.. {
        let folder = bus.path(&format!("exports-{step}"));
        std::fs::create_dir(&folder).unwrap();
        let path = folder.join("all").to_str().unwrap().to_owned();
        let sealed = ["--with-secrets", "--with-tokens", "--export-passphrase-file", &seal];
        let more = if with_secrets { &sealed[..] } else { &[] };
        let export = [&["export", "--to", &path], more].concat();
        let name = killed_at(&place, &export, step);
        assert!(!holds(&folder, &server.canary), "{name:?}: a secret lies open");
        // The file is complete or absent; then the same command works.
        if Path::new(&path).exists() {
            assert!(name.as_deref().is_none_or(|name| name.ends_with("in its place")), "{name:?}");
        } else {
            place.run(&export).ok();
        }
        place.run(&export).failed(1);
        assert_eq!(names_in(&folder), ["all"], "{name:?}: nothing is left beside it");
        let passphrase = ["--export-passphrase-file", &seal];
        let import =
            [&["import", &path, "--replace"][..], if with_secrets { &passphrase } else { &[] }].concat();
        place.run(&import).ok();
        assert_eq!(place.run(&["token", BATCH]).ok(), token, "{name:?}");
        if name.is_none() {
            assert!(step > 3, "it was over at step {step}");
            break;
        }
    }
}

#[test]
fn f1_a_sealed_export_killed_at_every_step() {
    an_export_killed_at_every_step(true);
}

#[test]
fn f1_an_open_export_killed_at_every_step() {
    an_export_killed_at_every_step(false);
}

#[test]
fn v2_a_migration_killed_at_every_step() {
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let _keyring = Keyring::lasting(&bus);
    let place = Place::on(&bus);
    place.run_with(&["import", "-"], &server.accounts()).ok();
    let token = place.run(&["token", BATCH]).ok();
    let path = place.home.join("keyfob.db");
    let schema = || -> u32 {
        let database = rusqlite::Connection::open(&path).unwrap();
        database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    };
    let newest = schema();
    for step in 1.. {
        // As the first version left it.
        let database = rusqlite::Connection::open(&path).unwrap();
        database.execute_batch(TO_THE_FIRST_SCHEMA).unwrap();
        drop(database);
        let name = killed_at(&place, &["list"], step);
        // All or nothing.
        let is_done = name.as_deref().is_none_or(|name| name.ends_with("migrate.done"));
        assert_eq!(schema(), if is_done { newest } else { 1 }, "{name:?}");
        assert_eq!(place.run(&["list", "--json"]).json().as_array().map(Vec::len), Some(2), "{name:?}");
        assert_eq!(place.run(&["token", BATCH]).ok(), token, "{name:?}");
        assert_eq!(schema(), newest, "{name:?}");
        let left: Vec<_> = names_in(&place.home);
        assert!(!left.iter().any(|file| file.contains("journal") || file.contains("broken")), "{left:?}");
        if name.is_none() {
            assert!(step > 5, "it was over at step {step}");
            break;
        }
    }
}
