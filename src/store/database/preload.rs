//! Reads what the window needs before everything else.
//!
//! Invariant: nothing is written except an empty file if there is none, and nothing waits for a lock; opening
//! the database fully finds and reports any problem.

use rusqlite::{Connection, OpenFlags};

use super::{Texts, preferences, schema};
use crate::store::home::Home;

/// The texts, and whether there are more than `many` accounts in any state. `None` if the database must be
/// opened to know: it is new, has another schema, is broken, or is in use.
pub fn glance(home: &Home, many: u32) -> Option<(Texts, bool)> {
    let path = home.prepare_database().ok()?;
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags).ok()?;
    connection.execute_batch("PRAGMA trusted_schema = OFF").ok()?;
    if !schema::is_current(&connection) {
        return None;
    }
    let texts = preferences::read(&connection).ok()?;
    let asked = "SELECT EXISTS (SELECT 1 FROM accounts LIMIT 1 OFFSET ?1)";
    let are_many = connection.query_row(asked, [many], |row| row.get(0)).ok()?;
    Some((texts, are_many))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use chrono::DateTime;

    use super::*;
    use crate::store::database::Accounts;
    use crate::store::vault::records::tests::account;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home"));
        (folder, home)
    }

    #[test]
    fn a_glance_finds_the_texts_and_whether_there_are_many() {
        let (_folder, home) = home();
        let mut accounts = Accounts::open(&home).unwrap();
        accounts.set_window("here").unwrap();
        for byte in 1..=3 {
            accounts
                .insert_pending(&account(byte, &format!("name {byte}")), "keychain", DateTime::UNIX_EPOCH)
                .unwrap();
        }
        for (many, are_many) in [(2, true), (3, false)] {
            let (texts, found) = glance(&home, many).unwrap();
            assert_eq!((texts.window.as_deref(), found), (Some("here"), are_many));
        }
    }

    #[test]
    fn f2_a_glance_leaves_what_it_cannot_read_as_it_is() {
        let (_folder, home) = home();
        assert!(glance(&home, 1).is_none(), "there is no home yet");
        drop(Accounts::open(&home).unwrap());
        let path = home.database_path();
        let whole = fs::read(&path).unwrap();
        // Truncated, all NULs, and of another application.
        let mut foreign = whole.clone();
        foreign[68..72].copy_from_slice(b"ELSE");
        for bytes in [&whole[..1000], &vec![0; whole.len()], &foreign, &Vec::new()] {
            fs::write(&path, bytes).unwrap();
            assert!(glance(&home, 1).is_none());
            assert_eq!(&fs::read(&path).unwrap(), bytes);
        }
    }
}
