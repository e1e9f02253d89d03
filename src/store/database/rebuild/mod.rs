//! Rebuilds the database from the vault.
//!
//! Invariant: existing data changes only in settings of a row that differ from the vault's; names stay
//! unique.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, TransactionBehavior, params};

use super::{Accounts, DiskError, RowState, json, number, rows};
use crate::domain::account::secret_binding;
use crate::domain::account::{Account, AccountName};
use crate::store::vault::recovery::RecoveredAccount;

impl Accounts {
    /// Adds the accounts that [`recover`](crate::store::vault::recovery::recover) found and the database
    /// lacks, as ready, with their secrets in the named vault. A taken name gets a number appended. A row
    /// that would send other requests than the vault's record gets the vault's settings, unless another vault
    /// has its secrets. Returns the accounts added and restored; if a name differs from the vault's, the
    /// vault's is older.
    ///
    /// # Errors
    /// [`DiskError`]; then none was added or restored.
    pub fn insert_recovered(
        &mut self,
        found: &[RecoveredAccount],
        kept_in: &str,
        at: DateTime<Utc>,
    ) -> Result<Vec<Account>, DiskError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut ids = BTreeSet::new();
        let mut names = BTreeSet::new();
        {
            let mut query = transaction.prepare("SELECT id, name_key, state = 'deleting' FROM accounts")?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                ids.insert(row.get::<_, String>(0)?);
                if !row.get::<_, bool>(2)? {
                    names.insert(row.get::<_, String>(1)?);
                }
            }
        }
        let mut added = restore(&transaction, found, kept_in)?;
        for RecoveredAccount { account, facts } in
            found.iter().filter(|one| !ids.contains(one.account.id.as_str()))
        {
            let name = free_name(&account.name, &names);
            names.insert(name.key().to_owned());
            transaction.execute(
                "INSERT INTO accounts (id, revision, name, name_key, settings, state, created_at, kept_in)
                 VALUES (?1, ?2, ?3, ?4, ?5, 'ready', ?6, ?7)",
                params![
                    account.id.as_str(),
                    number(account.revision.0),
                    name.as_str(),
                    name.key(),
                    json(&account.settings)?,
                    at.to_rfc3339(),
                    kept_in,
                ],
            )?;
            if let Some(facts) = facts {
                transaction.execute(
                    "INSERT INTO token_facts (account, generation, facts) VALUES (?1, ?2, ?3)",
                    params![account.id.as_str(), number(facts.generation), json(facts)?],
                )?;
            }
            added.push(Account { name, ..account.clone() });
        }
        transaction.commit()?;
        Ok(added)
    }
}

/// Gives differing rows the vault's settings and a new revision, so that a running window notices.
fn restore(
    connection: &Connection,
    found: &[RecoveredAccount],
    kept_in: &str,
) -> Result<Vec<Account>, DiskError> {
    let mut restored = Vec::new();
    for RecoveredAccount { account, .. } in found {
        let Some(row) = rows::read_one(connection, &account.id)? else { continue };
        let is_here = row.kept_in.as_deref().is_none_or(|place| place == kept_in);
        let agrees = secret_binding::same_requests(&row.account.settings, &account.settings);
        if !is_here || agrees || row.state != RowState::Ready {
            continue;
        }
        let revision = row.account.revision.max(account.revision).next();
        connection.execute(
            "UPDATE accounts SET revision = ?2, settings = ?3 WHERE id = ?1",
            params![account.id.as_str(), number(revision.0), json(&account.settings)?],
        )?;
        restored.push(Account { revision, name: row.account.name, ..account.clone() });
    }
    Ok(restored)
}

fn free_name(name: &AccountName, taken: &BTreeSet<String>) -> AccountName {
    if !taken.contains(name.key()) {
        return name.clone();
    }
    (2_u32..1_000_000)
        .filter_map(|count| {
            let suffix = format!(" ({count})");
            let room = AccountName::MAX_CHARS - suffix.len();
            let stem: String = name.as_str().chars().take(room).collect();
            AccountName::new(&format!("{stem}{suffix}")).ok()
        })
        .find(|name| !taken.contains(name.key()))
        .unwrap_or_else(|| name.clone())
}

#[cfg(test)]
mod tests;
