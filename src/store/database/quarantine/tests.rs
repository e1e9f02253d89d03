use std::fs;
use std::path::Path;
use std::process::Command;

use chrono::DateTime;
use rusqlite::Connection;

use super::*;
use crate::store::step::{cut_after, die_after};
use crate::store::vault::records::tests::{account, grant, id};

/// A home with accounts on several pages, and the database's bytes.
fn filled() -> (tempfile::TempDir, Home, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path().join("home"));
    let mut accounts = Accounts::open(&home).unwrap();
    for byte in 1..30 {
        let mut account = account(byte, &format!("name {byte}"));
        account.settings.variables.insert("x".to_owned(), "y".repeat(400));
        accounts.insert_pending(&account, "keychain", DateTime::UNIX_EPOCH).unwrap();
        accounts.put_facts(&id(byte), &grant("CANARY", 1).facts).unwrap();
    }
    drop(accounts);
    let bytes = fs::read(home.database_path()).unwrap();
    assert!(bytes.len() > 5 * 4096);
    (dir, home, bytes)
}

fn ends_with(path: &Path, name: &str) -> bool {
    path.file_name().is_some_and(|file| file == name)
}

#[test]
fn f2_a_truncated_database_is_set_aside_whole_and_the_app_starts() {
    let (_dir, home, whole) = filled();
    let path = home.database_path();
    // SQLite treats a file of one byte as empty.
    let mut ends: Vec<usize> = (2..whole.len()).step_by(509).collect();
    ends.extend((0..whole.len()).step_by(4096).skip(1).flat_map(|page| [page - 1, page, page + 1]));
    for (number, end) in ends.into_iter().enumerate() {
        fs::write(&path, &whole[..end]).unwrap();
        let (mut accounts, aside) = Accounts::open_or_set_aside(&home).unwrap();
        let aside = aside.unwrap_or_else(|| panic!("cut at {end} it is broken"));
        assert!(ends_with(&aside, &format!("keyfob.db.broken-{}", number + 1)));
        assert_eq!(fs::read(&aside).unwrap(), whole[..end], "set aside as it is");
        assert!(accounts.load().unwrap().accounts.is_empty());
        accounts.insert_pending(&account(1, "n"), "keychain", DateTime::UNIX_EPOCH).unwrap();
        assert!(Accounts::open_or_set_aside(&home).unwrap().1.is_none(), "the new one is whole");
    }
    assert_eq!(fs::read(home.path().join("keyfob.db.broken-1")).unwrap(), whole[..2], "never overwritten");
}

#[test]
fn f2_a_database_of_nuls_is_set_aside_and_damage_never_reads_as_nothing() {
    let (_dir, home, whole) = filled();
    let path = home.database_path();
    fs::write(&path, vec![0; whole.len()]).unwrap();
    let (_, aside) = Accounts::open_or_set_aside(&home).unwrap();
    assert_eq!(fs::read(aside.unwrap()).unwrap(), vec![0; whole.len()]);
    let mut set_aside = 0;
    for at in (0..whole.len() - 512).step_by(512) {
        let mut bytes = whole.clone();
        bytes[at..at + 512].fill(0);
        fs::write(&path, &bytes).unwrap();
        let (mut accounts, aside) = Accounts::open_or_set_aside(&home).unwrap();
        if let Some(aside) = aside {
            set_aside += 1;
            assert_eq!(fs::read(aside).unwrap(), bytes, "NULs at {at}");
        } else {
            // Cut within or between rows: all rows are there, or reported as unreadable.
            let stored = accounts.load().unwrap();
            assert_eq!(stored.accounts.len() + stored.unreadable, 29, "NULs at {at}");
        }
    }
    assert!(set_aside > 5, "{set_aside}");
}

#[test]
fn f2_setting_aside_can_be_killed_and_started_again() {
    for steps in 0.. {
        let (_dir, home, whole) = filled();
        fs::write(home.database_path(), &whole[..9000]).unwrap();
        let (_, was_cut) = cut_after(steps, || Accounts::open_or_set_aside(&home).map(drop));
        let (mut accounts, _) = Accounts::open_or_set_aside(&home).unwrap();
        assert!(accounts.load().unwrap().accounts.is_empty());
        let aside = home.path().join("keyfob.db.broken-1");
        assert_eq!(fs::read(&aside).unwrap(), whole[..9000], "{steps}");
        if !was_cut {
            return;
        }
    }
}

#[test]
fn f2_what_is_whole_stays_and_another_apps_database_is_set_aside() {
    let (_dir, home, whole) = filled();
    let (mut accounts, aside) = Accounts::open_or_set_aside(&home).unwrap();
    assert_eq!((accounts.load().unwrap().accounts.len(), aside), (29, None));
    assert_eq!(fs::read(home.database_path()).unwrap(), whole);
    drop(accounts);
    // Keyfob's database, but without one table.
    Connection::open(home.database_path()).unwrap().execute_batch("DROP TABLE preferences").unwrap();
    assert!(Accounts::open_or_set_aside(&home).unwrap().1.is_some());
    fs::remove_file(home.database_path()).unwrap();
    Connection::open(home.database_path()).unwrap().execute_batch("CREATE TABLE another_apps (x)").unwrap();
    assert!(Accounts::open_or_set_aside(&home).unwrap().1.is_some());
}

#[test]
fn v1_a_newer_database_is_not_set_aside() {
    let (_dir, home, _) = filled();
    Connection::open(home.database_path()).unwrap().execute_batch("PRAGMA user_version = 99;").unwrap();
    let before = fs::read(home.database_path()).unwrap();
    assert!(matches!(Accounts::open_or_set_aside(&home), Err(DiskError::Newer { schema: 99, .. })));
    assert_eq!(fs::read(home.database_path()).unwrap(), before);
    assert!(!home.path().join("keyfob.db.broken-1").exists());
}

const CHILD: &str = "KEYFOB_TEST_UPGRADE";

/// Not a test by itself: the next test starts this as a process, which kills itself.
#[test]
fn the_upgrading_process() {
    let Ok(child) = std::env::var(CHILD) else { return };
    let (steps, home) = child.split_once(' ').unwrap();
    die_after(steps.parse().unwrap());
    schema::open_with(&Home::at(home), &schema::LATER).unwrap();
}

#[test]
fn v2_an_upgrade_can_be_killed_at_each_step_and_started_again() {
    let mut hot = 0;
    for steps in 0.. {
        let (_dir, home, _) = filled();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::database::quarantine::tests::the_upgrading_process"])
            .env(CHILD, format!("{steps} {}", home.path().display()))
            .output()
            .unwrap();
        hot += usize::from(home.path().join("keyfob.db-journal").exists());
        if !child.status.success() {
            // This version finds everything unchanged, or detects a newer one.
            match Accounts::open(&home) {
                Ok(mut accounts) => assert_eq!(accounts.load().unwrap().accounts.len(), 29),
                Err(error) => {
                    let is_later = |schema| usize::try_from(schema) == Ok(schema::LATER.len());
                    assert!(matches!(error, DiskError::Newer { schema, .. } if is_later(schema)), "{error}");
                }
            }
        }
        let upgraded = schema::open_with(&home, &schema::LATER).unwrap();
        let noted = "SELECT count(*) FROM accounts WHERE note = name || '!'";
        let count: u32 = upgraded.query_row(noted, [], |row| row.get(0)).unwrap();
        assert_eq!(count, 29, "killed at {steps}");
        if child.status.success() {
            assert!(steps > 3 && hot > 0, "{steps} steps, {hot} of them amid a write");
            return;
        }
    }
}
