//! The records of accounts in a vault.
//!
//! Defines the order in which an account's two records are written and deleted. Invariant: a write succeeds
//! only if the record reads back the same; an unreadable record is never reported as missing.

use std::collections::BTreeMap;

use super::client_record::ClientRecord;
use super::records::{self, PREFERENCES_NAME, client_name, is_pending_name, tokens_name};
use super::{Vault, VaultError};
use crate::base::failpoint::reach;
use crate::base::secret::SecretText;
use crate::domain::account::AccountId;
use crate::domain::account::registration::PendingClient;
use crate::domain::token::grant::{Grant, TokenFacts};

/// Both stored records of an account.
#[derive(Debug)]
pub struct Lines {
    client: Option<SecretText>,
    tokens: Option<SecretText>,
}

impl Lines {
    /// These tokens, with the client of `other`.
    #[must_use]
    pub fn with_client_of(self, other: Self) -> Self {
        Self { client: other.client, ..self }
    }
}

/// The account records of a vault. Every call may block, as the vault's do.
pub struct Records<'a>(&'a mut dyn Vault);

impl<'a> Records<'a> {
    pub fn new(vault: &'a mut dyn Vault) -> Self {
        Self(vault)
    }

    /// Reads an account and its client, without tokens; `Ok(None)` if the vault has none.
    pub fn read_client(&mut self, id: &AccountId) -> Result<Option<ClientRecord>, VaultError> {
        self.0.read(&client_name(id))?.map(|line| records::decode_client(id, &line)).transpose()
    }

    /// Reads an account with its client and tokens; `Ok(None)` if the vault has no client.
    ///
    /// The tokens are read first. Tokens are deleted before another client is written, and new ones are
    /// written after it, so tokens that were there before a client was read belong to that client.
    pub fn read_secrets(&mut self, id: &AccountId) -> Result<Option<ClientRecord>, VaultError> {
        let grant = self.read_tokens(id)?;
        Ok(self.read_client(id)?.map(|record| record.with_tokens(grant)))
    }

    /// Writes an account with its client, and reads it back.
    ///
    /// # Errors
    /// [`VaultError`]; if the vault rejects it, the old record stays.
    pub fn write_client(&mut self, record: &ClientRecord) -> Result<(), VaultError> {
        let line = records::encode_client(record)?;
        self.write_checked(&client_name(&record.account().id), &line)
    }

    /// Reads the facts of an account's tokens, or of the key that it holds; `Ok(None)` if the vault has none.
    pub fn read_facts(&mut self, id: &AccountId) -> Result<Option<TokenFacts>, VaultError> {
        match self.read_tokens(id)? {
            Some(grant) => Ok(Some(grant.facts)),
            None => Ok(self.read_client(id)?.and_then(|record| record.key_facts())),
        }
    }

    /// Reads an account's encoded tokens, to copy them.
    pub fn read_tokens_line(&mut self, id: &AccountId) -> Result<Option<SecretText>, VaultError> {
        self.0.read(&tokens_name(id))
    }

    fn read_tokens(&mut self, id: &AccountId) -> Result<Option<Grant>, VaultError> {
        self.0.read(&tokens_name(id))?.map(|line| records::decode_tokens(&line)).transpose()
    }

    /// Reads an account's stored records, for [`Self::put_back`]. Unreadable ones count as missing.
    pub fn read_lines(&mut self, id: &AccountId) -> Result<Lines, VaultError> {
        let mut line = |name: &str| match self.0.read(name) {
            Err(VaultError::Corrupt) => Ok(None),
            read => read,
        };
        Ok(Lines { tokens: line(&tokens_name(id))?, client: line(&client_name(id))? })
    }

    /// Restores the records that differ. At no time are there tokens with another client.
    ///
    /// # Errors
    /// [`VaultError`]; the call can be repeated.
    pub fn put_back(&mut self, id: &AccountId, lines: &Lines) -> Result<(), VaultError> {
        let current = self.read_lines(id)?;
        let client_differs = !is_same(current.client.as_ref(), lines.client.as_ref());
        if client_differs || (lines.tokens.is_none() && current.tokens.is_some()) {
            self.delete_tokens(id)?;
        }
        match &lines.client {
            _ if !client_differs => {}
            Some(line) => self.write_checked(&client_name(id), line)?,
            None => self.0.delete(&client_name(id))?,
        }
        match &lines.tokens {
            Some(line) if client_differs || !is_same(current.tokens.as_ref(), Some(line)) => {
                self.write_tokens_line(id, line)
            }
            _ => Ok(()),
        }
    }

    /// Writes an account's tokens, and reads them back.
    ///
    /// # Errors
    /// [`VaultError`]; if the vault rejects it, the old record stays.
    pub fn write_tokens(&mut self, id: &AccountId, grant: &Grant) -> Result<(), VaultError> {
        let line = records::encode_tokens(grant)?;
        self.write_tokens_line(id, &line)
    }

    /// Writes an account's encoded tokens, and reads them back.
    ///
    /// # Errors
    /// [`VaultError`]; if the vault rejects it, the old record stays.
    pub fn write_tokens_line(&mut self, id: &AccountId, line: &SecretText) -> Result<(), VaultError> {
        self.write_checked(&tokens_name(id), line)
    }

    /// Deletes an account's tokens, and keeps its client.
    pub fn delete_tokens(&mut self, id: &AccountId) -> Result<(), VaultError> {
        self.0.delete(&tokens_name(id))
    }

    /// Deletes both records, the client's last: while it exists, the account can be found.
    ///
    /// # Errors
    /// [`VaultError`]; the call can be repeated.
    pub fn delete_account(&mut self, id: &AccountId) -> Result<(), VaultError> {
        self.0.delete(&tokens_name(id))?;
        reach("records: tokens deleted");
        self.0.delete(&client_name(id))
    }

    /// Reads the preferences that the user has accepted, by key; empty if the vault has no such record.
    pub fn read_preferences(&mut self) -> Result<BTreeMap<String, String>, VaultError> {
        let line = self.0.read(PREFERENCES_NAME)?;
        Ok(line.map(|line| records::decode_preferences(&line)).transpose()?.unwrap_or_default())
    }

    /// Writes the preferences that the user has accepted, and reads them back; empty ones delete the record.
    ///
    /// # Errors
    /// [`VaultError`]; if the vault rejects it, the old record stays.
    pub fn write_preferences(&mut self, words: &BTreeMap<String, String>) -> Result<(), VaultError> {
        if words.is_empty() {
            return self.0.delete(PREFERENCES_NAME);
        }
        let line = records::encode_preferences(words)?;
        self.write_checked(PREFERENCES_NAME, &line)
    }

    /// Writes a registered client that no account has yet, and reads it back.
    ///
    /// # Errors
    /// [`VaultError`]; if the vault rejects it, the old record stays.
    pub fn write_pending(&mut self, name: &str, pending: &PendingClient) -> Result<(), VaultError> {
        let line = records::encode_pending(pending)?;
        self.write_checked(name, &line)
    }

    /// Deletes the record of a pending client.
    pub fn delete_pending(&mut self, name: &str) -> Result<(), VaultError> {
        self.0.delete(name)
    }

    /// The registered clients that no account has yet, with their records' names. Unreadable ones are left out.
    pub fn pending(&mut self) -> Result<Vec<(String, PendingClient)>, VaultError> {
        let mut found = Vec::new();
        for name in self.0.names()?.into_iter().filter(|name| is_pending_name(name)) {
            match self.0.read(&name) {
                Ok(Some(line)) => found.extend(records::decode_pending(&line).ok().map(|it| (name, it))),
                Ok(None) | Err(VaultError::Corrupt | VaultError::Newer) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// The accounts with a client record, sorted.
    pub fn accounts(&mut self) -> Result<Vec<AccountId>, VaultError> {
        Ok(self.0.names()?.iter().filter_map(|name| records::account_of_client_name(name)).collect())
    }

    fn write_checked(&mut self, name: &str, line: &SecretText) -> Result<(), VaultError> {
        self.0.write(name, line)?;
        reach("records: written, not read back");
        match self.0.read(name)? {
            Some(stored) if records::is_same(&stored, line) => Ok(()),
            _ => Err(VaultError::Failed("a record could not be read back as written")),
        }
    }
}

fn is_same(one: Option<&SecretText>, other: Option<&SecretText>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => records::is_same(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::vault::memory::MemoryVault;
    use crate::store::vault::records::tests::{account, grant, id, record};

    #[test]
    fn an_account_is_written_found_and_deleted() {
        let handle = MemoryVault::new();
        let mut vault = handle.clone();
        let mut records = Records::new(&mut vault);
        assert!(records.read_client(&id(1)).unwrap().is_none());
        assert!(records.read_tokens(&id(1)).unwrap().is_none());
        for byte in [2, 1] {
            records.write_client(&record(byte, "n")).unwrap();
            records.write_tokens(&id(byte), &grant("CANARY-2", u64::from(byte))).unwrap();
        }
        assert_eq!(records.accounts().unwrap(), [id(1), id(2)]);
        assert_eq!(*records.read_client(&id(1)).unwrap().unwrap().account(), account(1, "n"));
        assert_eq!(records.read_tokens(&id(2)).unwrap().unwrap().facts.generation, 2);
        records.delete_tokens(&id(2)).unwrap();
        assert!(records.read_tokens(&id(2)).unwrap().is_none());
        records.delete_account(&id(1)).unwrap();
        assert_eq!(handle.stored_names(), [client_name(&id(2))]);
    }

    #[test]
    fn k9_preferences_are_one_line_of_ascii_and_no_account() {
        let handle = MemoryVault::new();
        let mut vault = handle.clone();
        let mut records = Records::new(&mut vault);
        assert!(records.read_preferences().unwrap().is_empty());
        let words = BTreeMap::from([("browser".to_owned(), "my browser \u{e9}\n%s".to_owned())]);
        records.write_preferences(&words).unwrap();
        assert_eq!(records.read_preferences().unwrap(), words);
        assert_eq!(records.accounts().unwrap(), []);
        let line = handle.stored(PREFERENCES_NAME).unwrap();
        assert!(crate::store::vault::check_line(&line).is_ok());
        let found = crate::store::vault::recovery::recover(&mut vault).unwrap();
        assert!(found.accounts.is_empty() && found.orphans.is_empty());
        Records::new(&mut vault).write_preferences(&BTreeMap::new()).unwrap();
        assert_eq!(handle.stored_names(), Vec::<String>::new());
    }

    #[test]
    fn g6_a_pending_client_is_kept_moved_and_no_account() {
        use crate::base::secret::{ClientSecret, RegistrationToken};
        use crate::domain::account::Client;
        use crate::domain::account::registration::{PendingFacts, Registration};
        use crate::domain::provider::spec::ClientAuth;
        use crate::store::vault::records::pending_name;

        let facts = PendingFacts {
            issuer: "https://s.example".to_owned(),
            token_endpoint: "https://s.example/token".to_owned(),
            redirect_uri: "http://127.0.0.1:20001/callback".to_owned(),
            auth: ClientAuth::Body,
            secret_expires: chrono::NaiveDate::from_ymd_opt(2030, 1, 1),
        };
        let registration = Registration {
            client_uri: "https://s.example/c".to_owned(),
            token: RegistrationToken::new("CANARY-rat".to_owned()),
            redirect_uris: vec![facts.redirect_uri.clone()],
            scopes: vec!["a".to_owned()],
        };
        let client = Client {
            client_id: "c".to_owned(),
            client_secret: Some(ClientSecret::new("CANARY-cs".to_owned())),
            registration: Some(registration),
            ..Client::default()
        };
        let pending = PendingClient { facts: facts.clone(), client };
        let handle = MemoryVault::new();
        let mut vault = handle.clone();
        Records::new(&mut vault).write_pending(&pending_name(&id(1)), &pending).unwrap();
        handle.plant(&pending_name(&id(2)), SecretText::new("{".to_owned()));
        assert_eq!(crate::store::vault::vault_copy::names(&mut vault).unwrap().len(), 2);
        assert_eq!(Records::new(&mut vault).accounts().unwrap(), []);
        assert_eq!(crate::store::vault::recovery::orphans(&mut vault).unwrap(), []);
        let mut records = Records::new(&mut vault);
        let (name, read) = records.pending().unwrap().pop().unwrap();
        let registration = read.client.registration.unwrap();
        assert_eq!((&read.facts, read.client.client_id.as_str()), (&facts, "c"));
        assert_eq!(read.client.client_secret.unwrap().expose(), "CANARY-cs");
        assert_eq!((registration.token.expose(), registration.scopes), ("CANARY-rat", vec!["a".to_owned()]));
        records.delete_pending(&name).unwrap();
        assert!(records.pending().unwrap().is_empty());
    }

    #[test]
    fn k3_locked_or_denied_is_never_read_as_missing_and_deletes_nothing() {
        let handle = MemoryVault::new();
        let mut vault = handle.clone();
        let mut records = Records::new(&mut vault);
        records.write_tokens(&id(1), &grant("CANARY-2", 1)).unwrap();
        for error in [VaultError::Locked, VaultError::Denied, VaultError::Absent] {
            handle.fail_all(Some(error.clone()));
            assert_eq!(records.read_tokens(&id(1)).err(), Some(error.clone()));
            assert_eq!(records.read_client(&id(1)).err(), Some(error.clone()));
            assert_eq!(records.accounts().err(), Some(error.clone()));
            assert_eq!(records.delete_account(&id(1)).err(), Some(error.clone()));
            assert_eq!(records.write_tokens(&id(1), &grant("x", 2)).err(), Some(error));
        }
        handle.fail_all(None);
        assert_eq!(records.read_tokens(&id(1)).unwrap().unwrap().facts.generation, 1);
    }

    #[test]
    fn a_deletion_that_is_cut_short_leaves_the_client_to_be_found() {
        let handle = MemoryVault::new();
        let mut vault = handle.clone();
        let mut records = Records::new(&mut vault);
        records.write_client(&record(1, "n")).unwrap();
        records.write_tokens(&id(1), &grant("CANARY-2", 1)).unwrap();
        handle.fail_writes(1, &VaultError::Locked);
        assert_eq!(records.delete_account(&id(1)), Err(VaultError::Locked));
        assert_eq!(handle.stored_names().len(), 2);
        records.delete_account(&id(1)).unwrap();
        assert!(handle.stored_names().is_empty());
    }

    #[test]
    fn f7_records_come_back_and_no_token_meets_another_client() {
        let other = ClientRecord::read(account(1, "n"), crate::domain::account::Client::default(), None);
        let mut cuts = 0;
        for writes in 0.. {
            let handle = MemoryVault::new();
            let mut vault = handle.clone();
            let mut records = Records::new(&mut vault);
            records.write_client(&record(1, "n")).unwrap();
            records.write_tokens(&id(1), &grant("CANARY-2", 1)).unwrap();
            let stored = |name: String| handle.stored(&name).map(|line| line.expose().to_owned());
            let both = || (stored(client_name(&id(1))), stored(tokens_name(&id(1))));
            let (before, lines) = (both(), records.read_lines(&id(1)).unwrap());
            records.write_client(&other).unwrap();
            records.write_tokens(&id(1), &grant("CANARY-3", 9)).unwrap();
            let changed = both();
            handle.fuse_writes(Some((writes, VaultError::Locked)));
            let put_back = records.put_back(&id(1), &lines);
            handle.fuse_writes(None);
            let now = both();
            let meets =
                |client: &Option<String>, tokens: &Option<String>| now.0 == *client && now.1 == *tokens;
            assert!(!meets(&before.0, &changed.1) && !meets(&changed.0, &before.1), "after {writes} writes");
            records.put_back(&id(1), &lines).unwrap();
            assert_eq!(both(), before);
            if put_back.is_ok() {
                break;
            }
            cuts += 1;
        }
        assert_eq!(cuts, 3);
    }

    #[test]
    fn a_write_that_does_not_come_back_is_an_error() {
        /// Reports success but keeps only the first record.
        struct Forgetful(MemoryVault);
        impl Vault for Forgetful {
            fn read(&mut self, name: &str) -> Result<Option<SecretText>, VaultError> {
                self.0.read(name)
            }
            fn write(&mut self, name: &str, line: &SecretText) -> Result<(), VaultError> {
                if self.0.stored(name).is_none() { self.0.write(name, line) } else { Ok(()) }
            }
            fn delete(&mut self, _: &str) -> Result<(), VaultError> {
                Ok(())
            }
            fn names(&mut self) -> Result<Vec<String>, VaultError> {
                self.0.names()
            }
            fn probe(&mut self) -> Result<(), VaultError> {
                Ok(())
            }
        }
        let mut vault = Forgetful(MemoryVault::new());
        let mut records = Records::new(&mut vault);
        records.write_tokens(&id(1), &grant("one", 1)).unwrap();
        assert!(matches!(records.write_tokens(&id(1), &grant("two", 2)), Err(VaultError::Failed(_))));
    }
}
