//! Servers' waiting times for accounts (`Retry-After`, RFC 9110, section 10.2.3).
//!
//! Invariant: one is kept until a token arrives or the server says otherwise, so that the next process
//! respects it.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::{Accounts, DiskError};
use crate::domain::account::AccountId;
use crate::domain::time_parse;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter {
    /// When the server sent it.
    pub since: DateTime<Utc>,
    /// The earliest time for another attempt.
    pub until: DateTime<Utc>,
    /// The HTTP status of the response: 429, or one of an outage.
    pub status: u16,
}

impl Accounts {
    /// Stores a server's waiting time for an account; `None` removes it.
    pub fn put_wait(&mut self, id: &AccountId, wait: Option<RetryAfter>) -> Result<(), DiskError> {
        let Some(RetryAfter { since, until, status }) = wait else { return clear(&self.connection, id) };
        self.connection.execute(
            "INSERT INTO waits (account, since, until, status) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (account) DO UPDATE SET
                 since = excluded.since, until = excluded.until, status = excluded.status",
            params![id.as_str(), since.to_rfc3339(), until.to_rfc3339(), status],
        )?;
        Ok(())
    }
}

/// All of them, without unreadable ones, which cost at most one request too many.
pub(in crate::store::database) fn read(
    connection: &Connection,
) -> Result<Vec<(AccountId, RetryAfter)>, DiskError> {
    let mut query = connection.prepare("SELECT account, since, until, status FROM waits")?;
    let found = query.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get(3)?))
    })?;
    let one = |(id, since, until, status): (String, String, String, u16)| {
        let (since, until) = (time_parse::rfc3339(&since)?, time_parse::rfc3339(&until)?);
        // An earlier version accepted waiting times of a hundred years.
        let until = until.min(since + time_parse::RETRY_MAX);
        Some((AccountId::parse(&id)?, RetryAfter { since, until, status }))
    };
    Ok(found.filter_map(Result::ok).filter_map(one).collect())
}

pub(in crate::store::database) fn clear(connection: &Connection, id: &AccountId) -> Result<(), DiskError> {
    connection.execute("DELETE FROM waits WHERE account = ?1", [id.as_str()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::test_support::grant;
    use crate::store::home::Home;
    use crate::store::vault::records::tests::{account, id};

    #[test]
    fn t6_a_wait_is_there_for_the_next_process_until_a_token_comes() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("home"));
        let mut accounts = Accounts::open(&home).unwrap();
        let since = DateTime::UNIX_EPOCH + TimeDelta::milliseconds(1500);
        accounts.insert_pending(&account(1, "one"), "keychain", since).unwrap();
        let wait = RetryAfter { since, until: since + TimeDelta::seconds(120), status: 429 };
        accounts.put_wait(&id(1), Some(RetryAfter { status: 503, ..wait })).unwrap();
        accounts.put_wait(&id(1), Some(wait)).unwrap();
        drop(accounts);
        let mut accounts = Accounts::open(&home).unwrap();
        assert_eq!(accounts.load().unwrap().waits, [(id(1), wait)]);
        accounts.put_facts(&id(1), &grant(None).facts).unwrap();
        assert_eq!(accounts.load().unwrap().waits, []);
        let until = since + TimeDelta::days(36_525);
        accounts.put_wait(&id(1), Some(RetryAfter { until, ..wait })).unwrap();
        assert_eq!(accounts.load().unwrap().waits[0].1.until, since + TimeDelta::days(1));
        accounts.put_wait(&id(1), None).unwrap();
        assert_eq!(accounts.load().unwrap().waits, []);
        accounts.put_wait(&id(1), Some(wait)).unwrap();
        accounts.remove(&id(1)).unwrap();
        assert_eq!(accounts.load().unwrap().waits, []);
        assert!(matches!(accounts.put_wait(&id(1), Some(wait)), Err(DiskError::Missing)));
    }
}
