//! An account's row state and vault: texts that the engine interprets.
//!
//! Invariant: both are stored when the row is created, and change in one transaction with the edit or the
//! choice of a vault, so that unfinished work is looked up in the right vault.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, TransactionBehavior};

use super::{Accounts, DiskError, RowState, StoredAccount, preferences, rows};
use crate::domain::account::{AccountId, AccountName};

impl Accounts {
    pub fn state_of(&mut self, id: &AccountId) -> Result<Option<RowState>, DiskError> {
        let state = "SELECT state FROM accounts WHERE id = ?1";
        let state = self.connection.query_row(state, [id.as_str()], |row| row.get::<_, String>(0));
        Ok(state.optional()?.as_deref().and_then(RowState::parse))
    }

    /// An account as stored, without its request journal; `None` if there is no row or it can't be read.
    pub fn row_of(&mut self, id: &AccountId) -> Result<Option<StoredAccount>, DiskError> {
        rows::read_one(&self.connection, id)
    }

    /// The preferences, and the vault with this account's secrets; `None` if it is not recorded.
    pub fn place_of(
        &mut self,
        id: &AccountId,
    ) -> Result<(BTreeMap<String, String>, Option<String>), DiskError> {
        let kept_in = "SELECT kept_in FROM accounts WHERE id = ?1";
        let kept_in = self.connection.query_row(kept_in, [id.as_str()], |row| row.get(0)).optional()?;
        Ok((self.preferences()?, kept_in.flatten()))
    }

    /// Stores the vault with an account's secrets.
    pub fn set_place(&mut self, id: &AccountId, kept_in: &str) -> Result<(), DiskError> {
        let update = "UPDATE accounts SET kept_in = ?2 WHERE id = ?1";
        let changed = self.connection.execute(update, [id.as_str(), kept_in])?;
        if changed == 0 { Err(DiskError::Missing) } else { Ok(()) }
    }

    /// Stores the choice of a vault, and assigns the accounts of the vault `from` to `to`.
    ///
    /// # Errors
    /// [`DiskError`]; then nothing was stored.
    pub fn move_all(
        &mut self,
        choice: &BTreeMap<String, String>,
        from: &str,
        to: &str,
    ) -> Result<(), DiskError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (key, value) in choice {
            preferences::put(&transaction, key, value)?;
        }
        transaction.execute("UPDATE accounts SET kept_in = ?2 WHERE kept_in = ?1", [from, to])?;
        Ok(transaction.commit()?)
    }

    /// The incomplete account with this name whose secrets are in another vault than `here`.
    pub fn pending_in_other_vault(
        &mut self,
        name: &AccountName,
        here: &str,
    ) -> Result<Option<AccountId>, DiskError> {
        let found = "SELECT id FROM accounts WHERE name_key = ?1 AND state = 'pending' AND kept_in <> ?2";
        let found = self.connection.query_row(found, [name.key(), here], |row| row.get::<_, String>(0));
        Ok(found.optional()?.as_deref().and_then(AccountId::parse))
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::store::home::Home;
    use crate::store::vault::records::tests::{account, id};

    #[test]
    fn secrets_stay_where_they_are_said_to_be_until_they_are_moved() {
        let dir = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::open(&Home::at(dir.path().join("home"))).unwrap();
        for (byte, place) in [(1, "keychain"), (2, "file"), (3, "memory")] {
            let account = account(byte, &format!("n{byte}"));
            accounts.insert_pending(&account, place, DateTime::UNIX_EPOCH).unwrap();
        }
        let places = |accounts: &mut Accounts| [1, 2, 3].map(|byte| accounts.place_of(&id(byte)).unwrap().1);
        let said = |words: [&str; 3]| words.map(|word| Some(word.to_owned()));
        assert_eq!(places(&mut accounts), said(["keychain", "file", "memory"]));
        let choice = BTreeMap::from([("vault".to_owned(), "file".to_owned())]);
        accounts.move_all(&choice, "keychain", "file").unwrap();
        assert_eq!(places(&mut accounts), said(["file", "file", "memory"]));
        assert_eq!(accounts.place_of(&id(9)).unwrap(), (choice, None));
        accounts.update(&account(3, "other"), Some("keychain")).unwrap();
        accounts.update(&account(2, "second"), None).unwrap();
        assert_eq!(places(&mut accounts), said(["file", "file", "keychain"]));
    }

    #[test]
    fn a_name_is_half_taken_by_what_is_half_made_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let mut accounts = Accounts::open(&Home::at(dir.path().join("home"))).unwrap();
        accounts.insert_pending(&account(1, "Name"), "file", DateTime::UNIX_EPOCH).unwrap();
        let name = AccountName::new("NAME").unwrap();
        let half_made = |accounts: &mut Accounts, here| accounts.pending_in_other_vault(&name, here).unwrap();
        assert_eq!(half_made(&mut accounts, "keychain"), Some(id(1)));
        assert_eq!(half_made(&mut accounts, "file"), None);
        accounts.mark_ready(&id(1)).unwrap();
        assert_eq!(half_made(&mut accounts, "keychain"), None);
    }
}
