//! The database: everything that is not secret.
//!
//! No other module uses `SQLite`. Invariants: an edit applies only to the revision that was read, so two
//! processes never lose each other's edits; names are unique ignoring case; a removed account leaves no byte
//! in any file.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

pub(crate) mod account_vault;
mod error;
pub(crate) mod http_log;
mod preferences;
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
pub use request_journal::InFlight;
pub use retry_after::RetryAfter;

use super::home::Home;
use crate::domain::account::{Account, AccountId, AccountName, Revision};
use crate::domain::token::grant::TokenFacts;

/// Stored until the file has been rewritten after a removal.
const SWEEP_DUE: &str = "sweep.due";

/// The state of an account's row; unfinished work is completed at the next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowState {
    /// The row is stored; its secrets may not be.
    Pending,
    /// Complete.
    Ready,
    /// Its secrets and then its row are being deleted.
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAccount {
    pub account: Account,
    pub state: RowState,
    /// The name of the vault with its secrets; `None` if an earlier version didn't record it.
    pub kept_in: Option<String>,
    /// The cached facts of its tokens; the vault has the original.
    pub facts: Option<TokenFacts>,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    /// Its row still holds extra parameters that may be secret, from an earlier version; they are not among
    /// the settings here.
    pub has_secret_params: bool,
    /// A token request without a stored response: under way, or interrupted.
    pub in_flight: Option<InFlight>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    pub accounts: Vec<StoredAccount>,
    /// The servers' waiting times for accounts, including past ones.
    pub waits: Vec<(AccountId, RetryAfter)>,
    /// The number of unreadable rows, which are left unchanged.
    pub unreadable: usize,
    /// Preferences, as passed to [`Accounts::set_preferences`].
    pub preferences: BTreeMap<String, String>,
    /// The window's place, as passed to [`Accounts::set_window`].
    pub window: Option<String>,
    /// The window's view, as passed to [`Accounts::set_remembered`].
    pub remembered: Option<String>,
}

/// The open database. Calls block; each is one transaction.
#[derive(Debug)]
pub struct Accounts {
    connection: Connection,
}

impl Accounts {
    /// Opens the home's database, and creates or migrates it if needed.
    ///
    /// # Errors
    /// [`DiskError`]. A newer schema, or a file that is not Keyfob's database, is left unchanged.
    pub fn open(home: &Home) -> Result<Self, DiskError> {
        let mut accounts = Self { connection: schema::open(home)? };
        // A failure leaves it due and must not block access to the accounts.
        let _ = accounts.sweep();
        Ok(accounts)
    }

    pub fn load(&mut self) -> Result<Stored, DiskError> {
        self.load_only(None)
    }

    /// Like [`Self::load`], with only the account of this name and incomplete ones. With many accounts,
    /// reading the others takes most of the time of a command about one.
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

    /// Adds an account, `pending` until its secrets are in the named vault.
    pub fn insert_pending(
        &mut self,
        account: &Account,
        kept_in: &str,
        at: DateTime<Utc>,
    ) -> Result<(), DiskError> {
        self.insert_all_pending(std::slice::from_ref(account), kept_in, at)
    }

    /// Adds all of them or none.
    ///
    /// # Errors
    /// [`DiskError::NameTaken`], also for a name repeated among them, or another [`DiskError`].
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

    pub fn mark_ready(&mut self, id: &AccountId) -> Result<(), DiskError> {
        self.set_state(id, RowState::Pending, RowState::Ready)
    }

    /// Stores an edit of the revision in `account`, and `kept_in`, if given, as the vault with its secrets.
    /// Returns the new revision.
    ///
    /// # Errors
    /// [`DiskError::Changed`] if another revision is stored or the account is being deleted,
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

    /// Restores an account that [`Self::row_of`] read, after an edit that could not be completed. The
    /// revision increases if the edit was stored, so that every other process notices.
    ///
    /// # Errors
    /// [`DiskError::NameTaken`] if another account has its name meanwhile, or another [`DiskError`].
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

    /// Marks an account as being deleted, which frees its name.
    pub fn mark_deleting(&mut self, id: &AccountId) -> Result<(), DiskError> {
        let changed =
            self.connection.execute("UPDATE accounts SET state = 'deleting' WHERE id = ?1", [id.as_str()])?;
        if changed == 0 { Err(DiskError::Missing) } else { Ok(()) }
    }

    /// Undoes [`Self::mark_deleting`].
    ///
    /// # Errors
    /// [`DiskError::NameTaken`] if another account has its name meanwhile, [`DiskError::Missing`], or another
    /// [`DiskError`].
    pub fn undelete(&mut self, id: &AccountId) -> Result<(), DiskError> {
        self.set_state(id, RowState::Deleting, RowState::Ready)
    }

    /// Removes an account with all its data, and rewrites the file without the gaps between rows. Succeeds if
    /// the account doesn't exist.
    ///
    /// # Errors
    /// [`DiskError`]. If only the rewriting failed, the account is gone, and the next removal or opening
    /// rewrites the file.
    pub fn remove(&mut self, id: &AccountId) -> Result<(), DiskError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("DELETE FROM accounts WHERE id = ?1", [id.as_str()])?;
        preferences::forget(&transaction, id)?;
        preferences::put(&transaction, SWEEP_DUE, "")?;
        transaction.commit()?;
        self.sweep()
    }

    /// Rewrites the file if a removal is due. `secure_delete` alone is not enough: when `SQLite` moves rows
    /// between pages, it leaves copies of them in the gaps.
    fn sweep(&mut self) -> Result<(), DiskError> {
        let is_due = "SELECT count(*) FROM preferences WHERE key = ?1";
        if self.connection.query_row(is_due, [SWEEP_DUE], |row| row.get::<_, u32>(0))? == 0 {
            return Ok(());
        }
        self.connection.execute_batch("VACUUM")?;
        self.connection.execute("DELETE FROM preferences WHERE key = ?1", [SWEEP_DUE])?;
        Ok(())
    }

    pub fn touch_used(&mut self, id: &AccountId, at: DateTime<Utc>) -> Result<(), DiskError> {
        self.connection.execute(
            "UPDATE accounts SET last_used_at = ?2 WHERE id = ?1",
            params![id.as_str(), at.to_rfc3339()],
        )?;
        Ok(())
    }

    /// A number that changes when another connection changes the database.
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

/// `SQLite`'s integers end at 2⁶³.
fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn json(value: &impl serde::Serialize) -> Result<String, DiskError> {
    serde_json::to_string(value).map_err(|_| DiskError::Failed("a value could not be encoded".to_owned()))
}

#[cfg(test)]
mod tests;
