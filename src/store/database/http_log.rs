//! The HTTP log of each account.
//!
//! Invariant: at most [`record::KEPT`] entries of an account are stored, the newest; they are deleted with
//! the account.

use rusqlite::{Connection, TransactionBehavior, params};

use super::{Accounts, DiskError, json};
use crate::domain::account::AccountId;
use crate::domain::http_log::record;
use crate::domain::http_log::record::HttpLogEntry;

impl Accounts {
    /// Adds an entry, and drops the oldest beyond the limit.
    pub fn put_log_entry(&mut self, id: &AccountId, entry: &HttpLogEntry) -> Result<(), DiskError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut kept = read(&transaction, id)?;
        record::keep(&mut kept, entry.clone());
        transaction.execute("DELETE FROM exchanges WHERE account = ?1", [id.as_str()])?;
        for entry in kept.iter().rev() {
            transaction.execute(
                "INSERT INTO exchanges (account, exchange) VALUES (?1, ?2)",
                params![id.as_str(), json(entry)?],
            )?;
        }
        Ok(transaction.commit()?)
    }

    /// The entries of an account, the newest first, without unreadable ones.
    pub fn log_entries(&mut self, id: &AccountId) -> Result<Vec<HttpLogEntry>, DiskError> {
        read(&self.connection, id)
    }
}

fn read(connection: &Connection, id: &AccountId) -> Result<Vec<HttpLogEntry>, DiskError> {
    let mut query =
        connection.prepare("SELECT exchange FROM exchanges WHERE account = ?1 ORDER BY number DESC")?;
    let texts = query.query_map([id.as_str()], |row| row.get::<_, String>(0))?;
    let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
    Ok(texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};
    use url::Url;

    use super::*;
    use crate::domain::http_log::record::{Received, RequestKind};
    use crate::domain::oauth::http_request::HttpRequest;
    use crate::domain::oauth::response_body::ResponseBody;
    use crate::store::home::Home;
    use crate::store::vault::records::tests::{account, id};

    fn entry(secs: i64) -> HttpLogEntry {
        let at = DateTime::UNIX_EPOCH + TimeDelta::seconds(secs);
        let sent = HttpRequest::get(Url::parse("https://a.example/me").unwrap());
        let body = ResponseBody::parse(None, b"{\"scope\":\"CANARY\"}");
        let received = Received { status: 200, headers: &[], body: &body };
        HttpLogEntry::new(RequestKind::UserInfo, &sent, &[], (at, at), Ok(received))
    }

    fn opened() -> (tempfile::TempDir, Home, Accounts) {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("home"));
        let mut accounts = Accounts::open(&home).unwrap();
        for byte in [1, 2] {
            let at = DateTime::UNIX_EPOCH;
            accounts.insert_pending(&account(byte, &format!("account {byte}")), "keychain", at).unwrap();
        }
        (dir, home, accounts)
    }

    #[test]
    fn the_newest_ten_of_each_account_are_kept() {
        let (_dir, home, mut accounts) = opened();
        for secs in 0..25 {
            accounts.put_log_entry(&id(1), &entry(secs)).unwrap();
        }
        accounts.put_log_entry(&id(2), &entry(3)).unwrap();
        drop(accounts);
        let mut accounts = Accounts::open(&home).unwrap();
        let kept = accounts.log_entries(&id(1)).unwrap();
        let secs: Vec<i64> = kept.iter().map(|entry| entry.sent_at.timestamp()).collect();
        assert_eq!(secs, [24, 23, 22, 21, 20, 19, 18, 17, 16, 15]);
        assert_eq!(accounts.log_entries(&id(2)).unwrap(), [entry(3)]);
        assert!(matches!(accounts.put_log_entry(&id(3), &entry(0)), Err(DiskError::Missing)));
        accounts.connection.execute("UPDATE exchanges SET exchange = '{'", []).unwrap();
        assert_eq!(accounts.log_entries(&id(2)).unwrap(), []);
    }

    #[test]
    fn a_poll_takes_the_place_of_the_one_before_it() {
        let (_dir, _home, mut accounts) = opened();
        let of = |kind, secs| HttpLogEntry { kind, ..entry(secs) };
        for secs in 0..20 {
            accounts.put_log_entry(&id(1), &of(RequestKind::Poll, secs)).unwrap();
            if secs == 10 {
                accounts.put_log_entry(&id(1), &of(RequestKind::UserInfo, secs)).unwrap();
            }
        }
        let kept = accounts.log_entries(&id(1)).unwrap();
        let secs: Vec<i64> = kept.iter().map(|entry| entry.sent_at.timestamp()).collect();
        assert_eq!(secs, [19, 10, 10]);
    }

    #[test]
    fn z1_an_accounts_exchanges_leave_no_byte_on_disk() {
        let (_dir, home, mut accounts) = opened();
        let file = |home: &Home| std::fs::read(home.database_path()).unwrap();
        let is_there = |home: &Home| file(home).windows(6).any(|bytes| bytes == b"CANARY");
        for secs in 0..25 {
            accounts.put_log_entry(&id(1), &entry(secs)).unwrap();
        }
        assert!(is_there(&home));
        accounts.remove(&id(1)).unwrap();
        assert!(!is_there(&home));
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 2, "no journal beside it");
        assert!(accounts.log_entries(&id(1)).unwrap().is_empty());
    }

    #[test]
    fn v2_a_database_of_the_first_schema_is_upgraded_and_keeps_its_accounts() {
        let (_dir, home, accounts) = opened();
        drop(accounts);
        let connection = Connection::open(home.database_path()).unwrap();
        connection
            .execute_batch("DROP TABLE exchanges; DROP TABLE in_flight; DROP TABLE waits; ALTER TABLE accounts DROP COLUMN kept_in; PRAGMA user_version = 1;")
            .unwrap();
        drop(connection);
        let mut accounts = Accounts::open(&home).unwrap();
        assert_eq!(accounts.load().unwrap().accounts.len(), 2);
        accounts.put_log_entry(&id(1), &entry(0)).unwrap();
        assert_eq!(accounts.log_entries(&id(1)).unwrap().len(), 1);
    }
}
