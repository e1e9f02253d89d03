//! The database: everything that is not secret.
//!
//! Owns the `SQLite` file, its schema and its transactions; no other module names `SQLite`.
//! Invariants: an edit is only made to the revision that was read, so two instances never lose each
//! other's edits; names are unique ignoring case; a removed account leaves no byte in any file.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

pub(crate) mod account_vault;
mod error;
pub(crate) mod http_log;
mod preferences;
pub(crate) mod preload;
pub(crate) mod quarantine;
pub(crate) mod rebuild;
pub(crate) mod request_journal;
pub(crate) mod retry_after;
mod rows;
mod schema;
pub(crate) mod secret_params_migration;
pub(crate) mod token_facts;

pub use error::DiskError;
pub use preferences::Texts;
pub use preload::glance;
pub use request_journal::InFlight;
pub use retry_after::ToldToWait;

use super::home::Home;
use crate::domain::account::{Account, AccountId, AccountName, Revision};
use crate::domain::token::grant::TokenFacts;

/// Stored until the file has been rewritten after a removal.
const SWEEP_DUE: &str = "sweep.due";

/// How far an account has come; what is half done is finished at the next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// Its row is there, its secrets may not be.
    Pending,
    /// It is whole.
    Ready,
    /// Its secrets, then its row, are going.
    Deleting,
}

impl RowState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Deleting => "deleting",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Pending, Self::Ready, Self::Deleting].into_iter().find(|state| state.as_str() == word)
    }
}

/// An account as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAccount {
    /// The account.
    pub account: Account,
    /// How far it has come.
    pub state: RowState,
    /// The vault that has its secrets, as it was named; `None` where an earlier version left it unsaid.
    pub kept_in: Option<String>,
    /// What was last known of its tokens: a copy, the truth is in the vault.
    pub facts: Option<TokenFacts>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its token was last handed out.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Whether its row still holds extra parameters that may be secrets, as an earlier version left them; they
    /// are not among the settings here.
    pub has_secret_params: bool,
    /// A token request whose answer was not stored: it is under way, or was when a process was stopped.
    pub in_flight: Option<InFlight>,
}

/// Everything stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// The accounts, in no order.
    pub accounts: Vec<StoredAccount>,
    /// What servers have asked of accounts, whether or not that is past.
    pub waits: Vec<(AccountId, ToldToWait)>,
    /// How many rows could not be read; they are left as they are.
    pub unreadable: usize,
    /// Preferences, as [`Accounts::set_preferences`] took them.
    pub preferences: BTreeMap<String, String>,
    /// Where the window stood, as [`Accounts::set_window`] took it.
    pub window: Option<String>,
    /// Where the user was, as [`Accounts::set_remembered`] took it.
    pub remembered: Option<String>,
}

/// The database, open. Calls block; each is one transaction.
#[derive(Debug)]
pub struct Accounts {
    connection: Connection,
}

impl Accounts {
    /// Opens the home's database; makes or migrates it where need be.
    ///
    /// # Errors
    /// [`DiskError`]; a newer schema, or a file that is no database of ours, is left untouched.
    pub fn open(home: &Home) -> Result<Self, DiskError> {
        let mut accounts = Self { connection: schema::open(home)? };
        // It stays due where it fails, and keeps nobody from their accounts.
        let _ = accounts.sweep();
        Ok(accounts)
    }

    /// Everything stored, at one instant.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn load(&mut self) -> Result<Stored, DiskError> {
        self.load_only(None)
    }

    /// The same without the accounts of other names, but for those that are half done: among many accounts, most of
    /// the time that a command about one would take is spent on reading the others.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn load_only(&mut self, name: Option<&AccountName>) -> Result<Stored, DiskError> {
        let transaction = self.connection.transaction()?;
        let mut stored = Stored::default();
        (stored.accounts, stored.unreadable) = rows::read(&transaction, name.map(AccountName::key))?;
        stored.waits = retry_after::read(&transaction)?;
        let texts = preferences::read(&transaction)?;
        (stored.preferences, stored.window, stored.remembered) =
            (texts.preferences, texts.window, texts.remembered);
        Ok(stored)
    }

    /// Adds an account, `pending` until its secrets are in the vault of this name.
    ///
    /// # Errors
    /// [`DiskError::NameTaken`], or another [`DiskError`].
    pub fn insert_pending(
        &mut self,
        account: &Account,
        kept_in: &str,
        at: DateTime<Utc>,
    ) -> Result<(), DiskError> {
        self.insert_all_pending(std::slice::from_ref(account), kept_in, at)
    }

    /// Adds all of them, or none.
    ///
    /// # Errors
    /// [`DiskError::NameTaken`], among themselves too, or another [`DiskError`].
    pub fn insert_all_pending(
        &mut self,
        accounts: &[Account],
        kept_in: &str,
        at: DateTime<Utc>,
    ) -> Result<(), DiskError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for account in accounts {
            transaction.execute(
                "INSERT INTO accounts (id, revision, name, name_key, settings, state, created_at, kept_in)
                 VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?7)",
                params![
                    account.id.as_str(),
                    number(account.revision.0),
                    account.name.as_str(),
                    account.name.key(),
                    json(&account.settings)?,
                    at.to_rfc3339(),
                    kept_in,
                ],
            )?;
        }
        Ok(transaction.commit()?)
    }

    /// Says that an account's secrets are in the vault.
    ///
    /// # Errors
    /// [`DiskError::Missing`], or another [`DiskError`].
    pub fn mark_ready(&mut self, id: &AccountId) -> Result<(), DiskError> {
        self.set_state(id, RowState::Pending, RowState::Ready)
    }

    /// Stores an edit of the revision that `account` carries, and that the vault of the name `kept_in`, where
    /// one is given, has its secrets from now on; returns the new revision.
    ///
    /// # Errors
    /// [`DiskError::Changed`] where another revision is stored or the account is being deleted,
    /// [`DiskError::NameTaken`], [`DiskError::Missing`], or another [`DiskError`].
    pub fn update(&mut self, account: &Account, kept_in: Option<&str>) -> Result<Revision, DiskError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changed = transaction.execute(
            "UPDATE accounts SET revision = ?3, name = ?4, name_key = ?5, settings = ?6,
                 kept_in = coalesce(?7, kept_in)
             WHERE id = ?1 AND revision = ?2 AND state <> 'deleting'",
            params![
                account.id.as_str(),
                number(account.revision.0),
                number(account.revision.next().0),
                account.name.as_str(),
                account.name.key(),
                json(&account.settings)?,
                kept_in,
            ],
        )?;
        if changed == 0 {
            let is_there = transaction
                .query_row("SELECT 1 FROM accounts WHERE id = ?1", [account.id.as_str()], |_| Ok(()))
                .optional()?
                .is_some();
            return Err(if is_there { DiskError::Changed } else { DiskError::Missing });
        }
        transaction.commit()?;
        Ok(account.revision.next())
    }

    /// Puts an account back as [`Self::row_of`] has read it, after an edit that could not be made whole. The
    /// revision rises if the edit was stored, so that every other process notices.
    ///
    /// # Errors
    /// [`DiskError::NameTaken`] where another account has its name by now, or another [`DiskError`].
    pub fn put_back(&mut self, before: &StoredAccount) -> Result<(), DiskError> {
        let StoredAccount { account, kept_in, facts, .. } = before;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "UPDATE accounts SET revision = revision + (revision <> ?2), name = ?3, name_key = ?4,
                 settings = ?5, kept_in = ?6
             WHERE id = ?1",
            params![
                account.id.as_str(),
                number(account.revision.0),
                account.name.as_str(),
                account.name.key(),
                json(&account.settings)?,
                kept_in,
            ],
        )?;
        token_facts::put_back(&transaction, &account.id, facts.as_ref())?;
        Ok(transaction.commit()?)
    }

    /// Says that an account is to be removed. Its name is free from now on.
    ///
    /// # Errors
    /// [`DiskError::Missing`], or another [`DiskError`].
    pub fn mark_deleting(&mut self, id: &AccountId) -> Result<(), DiskError> {
        let changed =
            self.connection.execute("UPDATE accounts SET state = 'deleting' WHERE id = ?1", [id.as_str()])?;
        if changed == 0 { Err(DiskError::Missing) } else { Ok(()) }
    }

    /// Takes [`Self::mark_deleting`] back.
    ///
    /// # Errors
    /// [`DiskError::NameTaken`] where another account has its name by now, [`DiskError::Missing`],
    /// or another [`DiskError`].
    pub fn undelete(&mut self, id: &AccountId) -> Result<(), DiskError> {
        self.set_state(id, RowState::Deleting, RowState::Ready)
    }

    /// Removes an account with all that is known of it, and rewrites the file without what is left
    /// between its rows. An account that is not there is removed already.
    ///
    /// # Errors
    /// [`DiskError`]. Where only the rewriting failed, the account is gone, and the file is
    /// rewritten by the next removal or the next opening.
    pub fn remove(&mut self, id: &AccountId) -> Result<(), DiskError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("DELETE FROM accounts WHERE id = ?1", [id.as_str()])?;
        preferences::forget(&transaction, id)?;
        preferences::put(&transaction, SWEEP_DUE, "")?;
        transaction.commit()?;
        self.sweep()
    }

    /// Rewrites the file if a removal asked for it. `secure_delete` alone is not enough: when
    /// `SQLite` moves rows between pages, it leaves copies of them in the gaps.
    fn sweep(&mut self) -> Result<(), DiskError> {
        let is_due = "SELECT count(*) FROM preferences WHERE key = ?1";
        if self.connection.query_row(is_due, [SWEEP_DUE], |row| row.get::<_, u32>(0))? == 0 {
            return Ok(());
        }
        self.connection.execute_batch("VACUUM")?;
        self.connection.execute("DELETE FROM preferences WHERE key = ?1", [SWEEP_DUE])?;
        Ok(())
    }

    /// Notes when an account's token was handed out.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn touch_used(&mut self, id: &AccountId, at: DateTime<Utc>) -> Result<(), DiskError> {
        self.connection.execute(
            "UPDATE accounts SET last_used_at = ?2 WHERE id = ?1",
            params![id.as_str(), at.to_rfc3339()],
        )?;
        Ok(())
    }

    /// A number that differs from the last one when another connection has changed the database.
    ///
    /// # Errors
    /// [`DiskError`].
    pub fn data_version(&mut self) -> Result<i64, DiskError> {
        Ok(self.connection.pragma_query_value(None, "data_version", |row| row.get(0))?)
    }

    fn set_state(&mut self, id: &AccountId, from: RowState, to: RowState) -> Result<(), DiskError> {
        let changed = self.connection.execute(
            "UPDATE accounts SET state = ?3 WHERE id = ?1 AND state IN (?2, ?3)",
            params![id.as_str(), from.as_str(), to.as_str()],
        )?;
        if changed == 0 { Err(DiskError::Missing) } else { Ok(()) }
    }
}

/// `SQLite` counts to 2⁶³.
fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn json(value: &impl serde::Serialize) -> Result<String, DiskError> {
    serde_json::to_string(value).map_err(|_| DiskError::Failed("a value could not be encoded".to_owned()))
}

#[cfg(test)]
mod tests;
