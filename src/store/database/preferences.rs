//! Preferences and the window's state: texts by key, which the engine interprets.
//!
//! Invariant: only keys that the caller changed are written.

use std::collections::BTreeMap;

use rusqlite::{Connection, TransactionBehavior, params};

use super::{Accounts, DiskError, SWEEP_DUE};
use crate::domain::account::AccountId;

/// The key of the window's place. No preference has this key or the next one.
const WINDOW: &str = "window.place";

const REMEMBERED: &str = "window.remembered";

/// The texts that the window needs, separated.
#[derive(Debug)]
pub struct Texts {
    /// Preferences, as passed to [`Accounts::set_preferences`].
    pub preferences: BTreeMap<String, String>,
    /// The window's place, as passed to [`Accounts::set_window`].
    pub window: Option<String>,
    /// The window's view, as passed to [`Accounts::set_remembered`].
    pub remembered: Option<String>,
}

pub(in crate::store::database) fn read(connection: &Connection) -> Result<Texts, DiskError> {
    let mut query = connection.prepare("SELECT key, value FROM preferences WHERE key <> ?1")?;
    let rows = query.query_map([SWEEP_DUE], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut preferences: BTreeMap<String, String> = rows.collect::<Result<_, _>>()?;
    let (window, remembered) = (preferences.remove(WINDOW), preferences.remove(REMEMBERED));
    Ok(Texts { preferences, window, remembered })
}

impl Accounts {
    pub fn preferences(&mut self) -> Result<BTreeMap<String, String>, DiskError> {
        Ok(read(&self.connection)?.preferences)
    }

    pub fn texts(&mut self) -> Result<Texts, DiskError> {
        read(&self.connection)
    }

    /// Stores only the differences between the preferences as read and as they are to be, so that another
    /// process's change of another key stays.
    pub fn set_preferences(
        &mut self,
        before: &BTreeMap<String, String>,
        after: &BTreeMap<String, String>,
    ) -> Result<(), DiskError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for key in before.keys().filter(|key| !after.contains_key(*key)) {
            transaction.execute("DELETE FROM preferences WHERE key = ?1", [key])?;
        }
        for (key, value) in after.iter().filter(|(key, value)| before.get(*key) != Some(value)) {
            put(&transaction, key, value)?;
        }
        Ok(transaction.commit()?)
    }

    pub fn window(&mut self) -> Result<Option<String>, DiskError> {
        Ok(read(&self.connection)?.window)
    }

    pub fn set_window(&mut self, place: &str) -> Result<(), DiskError> {
        put(&self.connection, WINDOW, place)
    }

    pub fn set_remembered(&mut self, text: &str) -> Result<(), DiskError> {
        put(&self.connection, REMEMBERED, text)
    }
}

pub(in crate::store::database) fn forget(connection: &Connection, id: &AccountId) -> Result<(), DiskError> {
    connection.execute(
        "UPDATE preferences SET value = replace(value, ?1, '') WHERE key = ?2",
        params![id.as_str(), REMEMBERED],
    )?;
    Ok(())
}

pub(in crate::store::database) fn put(
    connection: &Connection,
    key: &str,
    value: &str,
) -> Result<(), DiskError> {
    connection.execute(
        "INSERT INTO preferences (key, value) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        params![key, value],
    )?;
    Ok(())
}
