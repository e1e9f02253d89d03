//! Cleans rows of an earlier version, which stored extra parameters in the clear.
//!
//! Invariant: the caller ensures that the vault has what is dropped here.

use rusqlite::{OptionalExtension as _, TransactionBehavior, params};

use super::{Accounts, DiskError, SWEEP_DUE, json, preferences};
use crate::domain::account::{AccountId, Client, Settings};
use crate::domain::oauth::extra_params;

impl Accounts {
    /// Drops an account's extra parameters that may be secret, and rewrites the file without the gaps between
    /// rows. The revision stays, since the account hasn't changed.
    ///
    /// # Errors
    /// [`DiskError`]. If only the rewriting failed, the next removal or opening does it.
    pub fn drop_secret_params(&mut self, id: &AccountId) -> Result<(), DiskError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let query = "SELECT settings FROM accounts WHERE id = ?1";
        let text: Option<String> =
            transaction.query_row(query, [id.as_str()], |row| row.get(0)).optional()?;
        let settings = text.and_then(|text| serde_json::from_str::<Settings>(&text).ok());
        let Some(mut settings) = settings else { return Ok(()) };
        if !extra_params::move_secrets(&mut settings, &mut Client::default()) {
            return Ok(());
        }
        let update = "UPDATE accounts SET settings = ?2 WHERE id = ?1";
        transaction.execute(update, params![id.as_str(), json(&settings)?])?;
        preferences::put(&transaction, SWEEP_DUE, "")?;
        transaction.commit()?;
        self.sweep()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::store::home::Home;
    use crate::store::vault::records::tests::{account, id};

    #[test]
    fn x6_an_older_row_is_read_without_its_secrets_and_cleaned() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("home"));
        let mut accounts = Accounts::open(&home).unwrap();
        let clean = account(1, "a");
        let mut old = account(2, "b");
        old.settings.overrides_mut().token_params = [("prompt", "x"), ("api_key", "CANARY-9d")]
            .map(|(name, value)| (name.into(), value.into()))
            .into();
        for account in [&clean, &old] {
            accounts.insert_pending(account, "keychain", DateTime::UNIX_EPOCH).unwrap();
        }
        let on_disk = || {
            let bytes = std::fs::read(home.database_path()).unwrap();
            bytes.windows(9).any(|window| window == b"CANARY-9d")
        };
        let row = |accounts: &mut Accounts, byte| {
            accounts.load().unwrap().accounts.into_iter().find(|row| row.account.id == id(byte)).unwrap()
        };
        assert!(on_disk());
        assert!(!row(&mut accounts, 1).has_secret_params);
        let read = row(&mut accounts, 2);
        assert!(read.has_secret_params && !format!("{read:?}").contains("CANARY"), "{read:?}");
        accounts.drop_secret_params(&id(2)).unwrap();
        assert!(!on_disk());
        let cleaned = row(&mut accounts, 2);
        assert!(!cleaned.has_secret_params);
        assert_eq!(cleaned.account, read.account, "nothing else has changed, the revision neither");
        accounts.drop_secret_params(&id(1)).unwrap();
        accounts.drop_secret_params(&id(9)).unwrap();
    }
}
