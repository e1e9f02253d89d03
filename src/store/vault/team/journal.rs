//! This machine's journal of token requests for team accounts, in its personal vault.
//!
//! Invariant: an answer is in the journal before it is written to the team vault, so that a machine that is
//! stopped in between finishes at its next start.

use serde::{Deserialize, Serialize};

use crate::base::secret::SecretText;
use crate::domain::account::AccountId;
use crate::store::vault::records::{VERSION, decode, encode, optional_secret};
use crate::store::vault::{Vault, VaultError};

fn name(id: &AccountId) -> String {
    format!("team-journal/{id}")
}

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The claim may be written; nothing was sent.
    Claiming,
    /// The request may have been sent.
    Sending,
    /// The answer is here.
    Answered,
}

#[derive(Debug)]
pub struct Entry {
    /// The nonce of the claim.
    pub nonce: String,
    pub phase: Phase,
    /// The tokens as [`crate::store::vault::records::encode_tokens`] writes them.
    pub tokens: Option<SecretText>,
}

#[derive(Serialize)]
struct EntryOut<'a> {
    v: u32,
    nonce: &'a str,
    phase: Phase,
    tokens: Option<&'a str>,
}

#[derive(Deserialize)]
struct EntryIn {
    nonce: String,
    phase: Phase,
    #[serde(default, deserialize_with = "optional_secret")]
    tokens: Option<SecretText>,
}

impl Entry {
    /// Reads an account's entry.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn read(vault: &mut dyn Vault, id: &AccountId) -> Result<Option<Self>, VaultError> {
        let Some(line) = vault.read(&name(id))? else { return Ok(None) };
        let EntryIn { nonce, phase, tokens } = decode(&line)?;
        Ok(Some(Self { nonce, phase, tokens }))
    }

    /// Writes an account's entry.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn write(&self, vault: &mut dyn Vault, id: &AccountId) -> Result<(), VaultError> {
        let tokens = self.tokens.as_ref().map(SecretText::expose);
        let line = encode(&EntryOut { v: VERSION, nonce: &self.nonce, phase: self.phase, tokens })?;
        vault.write(&name(id), &line)
    }

    /// Deletes an account's entry.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn delete(vault: &mut dyn Vault, id: &AccountId) -> Result<(), VaultError> {
        vault.delete(&name(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::vault::memory::MemoryVault;
    use crate::store::vault::records::tests::id;

    #[test]
    fn an_entry_comes_back_as_it_went() {
        let mut vault = MemoryVault::new();
        assert!(Entry::read(&mut vault, &id(1)).unwrap().is_none());
        let tokens = Some(SecretText::new(r#"{"access_token":"CANARY \" x"}"#.to_owned()));
        Entry { nonce: "n".to_owned(), phase: Phase::Answered, tokens }.write(&mut vault, &id(1)).unwrap();
        let read = Entry::read(&mut vault, &id(1)).unwrap().unwrap();
        assert_eq!((read.nonce.as_str(), read.phase), ("n", Phase::Answered));
        assert_eq!(read.tokens.unwrap().expose(), r#"{"access_token":"CANARY \" x"}"#);
        Entry::delete(&mut vault, &id(1)).unwrap();
        assert!(Entry::read(&mut vault, &id(1)).unwrap().is_none());
    }
}
