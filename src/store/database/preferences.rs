//! Preferences and the window's place: texts by key, whose meaning is the engine's.
//!
//! Invariant: only keys that the caller changed are written.

use std::collections::BTreeMap;

use rusqlite::{Connection, TransactionBehavior, params};

use super::{Accounts, DiskError, SWEEP_DUE};
use crate::domain::account::AccountId;

/// The key of the window's place, which no preference has; nor does any the next one.
const WINDOW: &str = "window.place";

/// Where the user was in the window.
const REMEMBERED: &str = "window.remembered";

/// What the window is made by; the texts, told apart.
#[derive(Debug)]
pub struct Texts {
    /// Preferences, as [`Accounts::set_preferences`] took them.
    pub preferences: BTreeMap<String, String>,
    /// Where the window stood, as [`Accounts::set_window`] took it.
    pub window: Option<String>,
    /// Where the user was, as [`Accounts::set_remembered`] took it.
    pub remembered: Option<String>,
}

/// Everything by key.
pub(in crate::store::database) fn read(connection: &Connection) -> Result<Texts, DiskError> {
    let mut query = connection.prepare("SELECT key, value FROM preferences WHERE key <> ?1")?;
    let rows = query.query_map([SWEEP_DUE], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut preferences: BTreeMap<String, String> = rows.collect::<Result<_, _>>()?;
    let (window, remembered) = (preferences.remove(WINDOW), preferences.remove(REMEMBERED));
    Ok(Texts { preferences, window, remembered })
}

impl Accounts {
    /// The preferences, by key.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn preferences(&mut self) -> Result<BTreeMap<String, String>, DiskError> {
        Ok(read(&self.connection)?.preferences)
    }

    /// What the window is made by, without the accounts.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn texts(&mut self) -> Result<Texts, DiskError> {
        read(&self.connection)
    }

    /// Stores what differs between the preferences as they were read and as they shall be, so that
    /// another process's change of another key stays.
    ///
    /// # Errors
    /// [`DiskError`].
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

    /// Where the window stood, as [`Self::set_window`] took it.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn window(&mut self) -> Result<Option<String>, DiskError> {
        Ok(read(&self.connection)?.window)
    }

    /// Remembers where the window stood.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn set_window(&mut self, place: &str) -> Result<(), DiskError> {
        put(&self.connection, WINDOW, place)
    }

    /// Remembers where the user was in the window.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn set_remembered(&mut self, text: &str) -> Result<(), DiskError> {
        put(&self.connection, REMEMBERED, text)
    }
}

/// Forgets that the user was at this account, which is no more.
pub(in crate::store::database) fn forget(connection: &Connection, id: &AccountId) -> Result<(), DiskError> {
    connection.execute(
        "UPDATE preferences SET value = replace(value, ?1, '') WHERE key = ?2",
        params![id.as_str(), REMEMBERED],
    )?;
    Ok(())
}

/// Sets one key.
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
