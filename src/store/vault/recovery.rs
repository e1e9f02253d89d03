//! Finds accounts and orphaned records in a vault, for example after the database was lost.
//!
//! Invariant: it only reads; an unreadable record does not affect the others, and a locked vault is an error,
//! never an empty result.

use std::collections::BTreeSet;

use super::account_records::Records;
use super::records::{account_of_client_name, account_of_tokens_name};
use super::{Vault, VaultError};
use crate::domain::account::{Account, AccountId};
use crate::domain::token::grant::TokenFacts;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveredAccount {
    /// The account as of the last write of its client.
    pub account: Account,
    /// The facts of its tokens; `None` if it has none, or they can't be read.
    pub facts: Option<TokenFacts>,
}

/// A record in a vault that belongs to no account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    pub name: String,
    /// The account in the name, if there is one. Take its lock before deleting: a write under way looks the
    /// same.
    pub account: Option<AccountId>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    pub accounts: Vec<RecoveredAccount>,
    /// Accounts with an unreadable client record, and why: damaged, or a newer version.
    pub unreadable: Vec<(AccountId, VaultError)>,
    pub orphans: Vec<Orphan>,
}

/// Searches a vault.
///
/// # Errors
/// [`VaultError`] if the vault as a whole can't be read.
pub fn recover(vault: &mut dyn Vault) -> Result<Recovered, VaultError> {
    let mut recovered = Recovered::default();
    let names = vault.names()?;
    let clients: BTreeSet<AccountId> = names.iter().filter_map(|name| account_of_client_name(name)).collect();
    let tokens: BTreeSet<AccountId> = names.iter().filter_map(|name| account_of_tokens_name(name)).collect();
    let mut records = Records::new(vault);
    for id in &clients {
        let record = match about_one(records.read_client(id))? {
            Ok(Some(record)) => record,
            // Deleted a moment ago.
            Ok(None) => continue,
            Err(error) => {
                recovered.unreadable.push((id.clone(), error));
                continue;
            }
        };
        let facts = if tokens.contains(id) {
            about_one(records.read_facts(id))?.ok().flatten()
        } else {
            record.key_facts()
        };
        recovered.accounts.push(RecoveredAccount { account: record.account().clone(), facts });
    }
    recovered.orphans = orphans(vault)?;
    Ok(recovered)
}

/// Records that belong to no account: tokens without a client, parts without a header, and remains of a
/// probe.
pub fn orphans(vault: &mut dyn Vault) -> Result<Vec<Orphan>, VaultError> {
    let names = vault.names()?;
    let clients: BTreeSet<AccountId> = names.iter().filter_map(|name| account_of_client_name(name)).collect();
    let mut orphans = Vec::new();
    for name in names {
        match account_of_tokens_name(&name) {
            Some(id) if !clients.contains(&id) => orphans.push(Orphan { name, account: Some(id) }),
            None if name.starts_with("probe/") => orphans.push(Orphan { name, account: None }),
            _ => {}
        }
    }
    for name in vault.orphans()? {
        let record = name.split('#').next().unwrap_or_default();
        let account = account_of_client_name(record).or_else(|| account_of_tokens_name(record));
        orphans.push(Orphan { name, account });
    }
    Ok(orphans)
}

/// Separates an error of one record from one of the whole vault.
fn about_one<T>(read: Result<T, VaultError>) -> Result<Result<T, VaultError>, VaultError> {
    match read {
        Err(error @ (VaultError::Corrupt | VaultError::Newer)) => Ok(Err(error)),
        Err(error) => Err(error),
        Ok(value) => Ok(Ok(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::secret::SecretText;
    use crate::store::vault::memory::MemoryVault;
    use crate::store::vault::records::tests::{account, grant, id, record};
    use crate::store::vault::records::{client_name, tokens_name};
    use crate::store::vault::split::SplitVault;

    #[test]
    fn z2_accounts_are_found_with_their_facts_and_orphans_apart() {
        let memory = MemoryVault::new();
        memory.set_limit_bytes(Some(600));
        let mut vault = SplitVault::new(memory.clone());
        let mut records = Records::new(&mut vault);
        for byte in [1, 2, 3, 4] {
            records.write_client(&record(byte, &format!("n{byte}"))).unwrap();
        }
        for byte in [1, 3, 9] {
            records.write_tokens(&id(byte), &grant(&"CANARY-2".repeat(200), u64::from(byte))).unwrap();
        }
        memory.plant(&tokens_name(&id(3)), SecretText::new("damaged".to_owned()));
        memory.plant(&client_name(&id(4)), SecretText::new(r#"{"v":99}"#.to_owned()));
        memory.plant("probe/17", SecretText::new("x".to_owned()));
        memory.plant("later/unknown", SecretText::new("x".to_owned()));
        let part = format!("{}#9-0123abcd.0", client_name(&id(2)));
        memory.plant(&part, SecretText::new("x".to_owned()));

        let found = recover(&mut vault).unwrap();
        let facts: Vec<_> =
            found.accounts.iter().map(|one| (one.account.clone(), one.facts.clone())).collect();
        let expected = [
            (account(1, "n1"), Some(grant("x", 1).facts)),
            (account(2, "n2"), None),
            (account(3, "n3"), None),
        ];
        assert_eq!(facts, expected);
        assert_eq!(found.unreadable, [(id(4), VaultError::Newer)]);
        let names: Vec<_> = found.orphans.iter().map(|orphan| orphan.name.as_str()).collect();
        assert!(names.contains(&"probe/17") && names.contains(&part.as_str()));
        assert!(found.orphans.contains(&Orphan { name: tokens_name(&id(9)), account: Some(id(9)) }));
        // The damaged record's parts, which have no header any more, are orphans as well.
        assert!(names.iter().filter(|name| name.starts_with(&tokens_name(&id(3)))).count() > 1);

        for orphan in found.orphans {
            vault.delete(&orphan.name).unwrap();
        }
        assert_eq!(orphans(&mut vault).unwrap(), []);
        assert_eq!(recover(&mut vault).unwrap().accounts.len(), 3, "no account went with them");
        assert!(!memory.stored_names().iter().any(|name| name.starts_with(&tokens_name(&id(9)))));
    }

    /// Lists records, but can't read them.
    struct NamesOnly(MemoryVault);
    impl Vault for NamesOnly {
        fn read(&mut self, _: &str) -> Result<Option<SecretText>, VaultError> {
            Err(VaultError::Locked)
        }
        fn write(&mut self, _: &str, _: &SecretText) -> Result<(), VaultError> {
            Ok(())
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

    #[test]
    fn k3_a_locked_vault_has_not_lost_its_accounts() {
        let memory = MemoryVault::new();
        let mut vault = memory.clone();
        Records::new(&mut vault).write_client(&record(1, "n")).unwrap();
        for error in [VaultError::Locked, VaultError::Denied, VaultError::Absent] {
            memory.fail_reads(1, &error);
            assert_eq!(recover(&mut vault).err(), Some(error));
        }
        assert_eq!(recover(&mut NamesOnly(memory)).err(), Some(VaultError::Locked));
    }
}
