//! The request journal: marks of token requests whose response is not stored yet.
//!
//! Invariant: a mark is on disk before its request is sent, and is removed with the first facts of a newer
//! token. A mark found at startup belongs to a process that was interrupted.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

use super::{Accounts, DiskError, number};
use crate::domain::account::AccountId;

/// A token request that was about to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InFlight {
    /// The generation of the current token, 0 if there was none.
    pub generation: u64,
    /// The request was a refresh of that token; otherwise it was part of a sign-in.
    pub refreshing: bool,
}

impl Accounts {
    /// Marks an account before sending a request whose response must not be lost. Returns whether there was
    /// an earlier mark.
    pub fn mark_in_flight(&mut self, id: &AccountId, mark: InFlight) -> Result<bool, DiskError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let was_there = find(&transaction, id)?.is_some();
        transaction.execute(
            "INSERT INTO in_flight (account, generation, refreshing) VALUES (?1, ?2, ?3)
             ON CONFLICT (account) DO UPDATE SET
                 generation = excluded.generation, refreshing = excluded.refreshing",
            params![id.as_str(), number(mark.generation), mark.refreshing],
        )?;
        transaction.commit()?;
        Ok(was_there)
    }

    pub fn in_flight(&mut self, id: &AccountId) -> Result<Option<InFlight>, DiskError> {
        find(&self.connection, id)
    }

    pub fn clear_in_flight(&mut self, id: &AccountId) -> Result<(), DiskError> {
        self.connection.execute("DELETE FROM in_flight WHERE account = ?1", [id.as_str()])?;
        Ok(())
    }
}

fn find(connection: &Connection, id: &AccountId) -> Result<Option<InFlight>, DiskError> {
    let mut query = connection.prepare("SELECT generation, refreshing FROM in_flight WHERE account = ?1")?;
    Ok(query.query_row([id.as_str()], |row| Ok(read(row.get(0)?, row.get(1)?))).optional()?)
}

/// Removes the mark if a newer token than the mark's is known.
pub(in crate::store::database) fn clear_older(
    connection: &Connection,
    id: &AccountId,
    generation: u64,
) -> Result<(), DiskError> {
    connection.execute(
        "DELETE FROM in_flight WHERE account = ?1 AND generation < ?2",
        params![id.as_str(), number(generation)],
    )?;
    Ok(())
}

pub(in crate::store::database) fn read_all(
    connection: &Connection,
) -> Result<HashMap<AccountId, InFlight>, DiskError> {
    let mut query = connection.prepare("SELECT account, generation, refreshing FROM in_flight")?;
    let mut rows = query.query([])?;
    let mut marks = HashMap::new();
    while let Some(row) = rows.next()? {
        let one = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, read(row.get(1)?, row.get(2)?)));
        let one: rusqlite::Result<_> = one(row);
        marks.extend(one.ok().and_then(|(id, mark)| Some((AccountId::parse(&id)?, mark))));
    }
    Ok(marks)
}

fn read(generation: i64, refreshing: bool) -> InFlight {
    InFlight { generation: u64::try_from(generation).unwrap_or_default(), refreshing }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::token::grant::{ExpirySource, TokenFacts};
    use crate::store::home::Home;
    use crate::store::vault::records::tests::{account, id};

    fn facts(generation: u64) -> TokenFacts {
        TokenFacts {
            generation,
            received_at: DateTime::UNIX_EPOCH,
            expires_at: None,
            expiry_source: ExpirySource::Unknown,
            has_refresh_token: true,
            refresh_expires_at: None,
            token_type: "Bearer".to_owned(),
            scope: None,
            clock_skew_secs: None,
            id_token: None,
            sign_in_ends_at: None,
            kept: [].into(),
        }
    }

    #[test]
    fn a_mark_lasts_until_a_newer_token_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("home"));
        let mut accounts = Accounts::open(&home).unwrap();
        accounts.insert_pending(&account(1, "one"), "keychain", DateTime::UNIX_EPOCH).unwrap();
        let mark = InFlight { generation: 3, refreshing: true };
        assert!(!accounts.mark_in_flight(&id(1), InFlight { generation: 2, refreshing: false }).unwrap());
        assert!(accounts.mark_in_flight(&id(1), mark).unwrap());
        assert_eq!(accounts.in_flight(&id(1)).unwrap(), Some(mark));
        drop(accounts);
        let mut accounts = Accounts::open(&home).unwrap();
        let marked = |accounts: &mut Accounts| accounts.load().unwrap().accounts[0].in_flight;
        assert_eq!(marked(&mut accounts), Some(mark));
        accounts.put_facts(&id(1), &facts(3)).unwrap();
        assert_eq!(marked(&mut accounts), Some(mark), "the token of its time says nothing");
        accounts.put_facts(&id(1), &facts(4)).unwrap();
        assert_eq!(marked(&mut accounts), None);
        accounts.mark_in_flight(&id(1), mark).unwrap();
        accounts.clear_in_flight(&id(1)).unwrap();
        assert_eq!(marked(&mut accounts), None);
        accounts.mark_in_flight(&id(1), mark).unwrap();
        accounts.remove(&id(1)).unwrap();
        assert!(matches!(accounts.mark_in_flight(&id(1), mark), Err(DiskError::Missing)));
    }
}
