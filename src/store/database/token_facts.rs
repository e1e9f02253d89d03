//! The cache of the vault's token facts.
//!
//! Invariant: older facts never overwrite newer ones, and a token's arrival removes what was noted while
//! there was none.

use rusqlite::{Connection, TransactionBehavior, params};

use super::{Accounts, DiskError, json, number, request_journal, retry_after};
use crate::domain::account::AccountId;
use crate::domain::token::grant::TokenFacts;

impl Accounts {
    /// Caches the facts of an account's tokens; returns `false` if newer ones are stored.
    pub fn put_facts(&mut self, id: &AccountId, facts: &TokenFacts) -> Result<bool, DiskError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changed = transaction.execute(
            "INSERT INTO token_facts (account, generation, facts) VALUES (?1, ?2, ?3)
             ON CONFLICT (account) DO UPDATE SET generation = excluded.generation, facts = excluded.facts
             WHERE excluded.generation >= generation",
            params![id.as_str(), number(facts.generation), json(facts)?],
        )?;
        request_journal::clear_older(&transaction, id, facts.generation)?;
        retry_after::clear(&transaction, id)?;
        transaction.commit()?;
        Ok(changed > 0)
    }

    pub fn clear_facts(&mut self, id: &AccountId) -> Result<(), DiskError> {
        self.connection.execute("DELETE FROM token_facts WHERE account = ?1", [id.as_str()])?;
        Ok(())
    }
}

pub(in crate::store::database) fn put_back(
    connection: &Connection,
    id: &AccountId,
    facts: Option<&TokenFacts>,
) -> Result<(), DiskError> {
    connection.execute("DELETE FROM token_facts WHERE account = ?1", [id.as_str()])?;
    if let Some(facts) = facts {
        connection.execute(
            "INSERT INTO token_facts (account, generation, facts) VALUES (?1, ?2, ?3)",
            params![id.as_str(), number(facts.generation), json(facts)?],
        )?;
    }
    Ok(())
}
