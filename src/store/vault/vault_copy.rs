//! Copies records between vaults, for a move.
//!
//! Invariants: a record is deleted from the old vault only once the new one has it; every step can be
//! repeated; what a vault can't do is an error and stops the move there.

use std::collections::BTreeSet;

use super::records::{
    PREFERENCES_NAME, account_of_client_name, account_of_tokens_name, client_name, is_pending_name, is_same,
};
use super::{Vault, VaultError};
use crate::base::failpoint::reach;
use crate::domain::account::AccountId;

/// The names of the records to move: those of accounts and of clients for accounts, and the preferences'.
pub fn names(vault: &mut dyn Vault) -> Result<Vec<String>, VaultError> {
    let mut names = vault.names()?;
    names.retain(|name| account_of(name).is_some() || is_pending_name(name) || name == PREFERENCES_NAME);
    Ok(names)
}

/// Copies a record, unless it exists, and reads it back. Returns whether there was one to copy.
///
/// # Errors
/// [`VaultError`]; the record stays in the old vault.
pub fn copy(from: &mut dyn Vault, to: &mut dyn Vault, name: &str) -> Result<bool, VaultError> {
    let Some(line) = from.read(name)? else { return Ok(false) };
    let is_there = match to.read(name) {
        Ok(there) => there.is_some_and(|there| is_same(&there, &line)),
        // An interrupted write: write it again.
        Err(VaultError::Corrupt) => false,
        Err(error) => return Err(error),
    };
    if !is_there {
        to.write(name, &line)?;
    }
    match to.read(name)? {
        Some(stored) if is_same(&stored, &line) => Ok(true),
        _ => Err(VaultError::Failed("a record could not be read back as written")),
    }
}

/// Deletes what the new vault has and the old one lacks: the preferences, and the tokens of accounts whose
/// client is among `moved`, the old vault's record names. An earlier move copied them, and they were deleted
/// since.
///
/// # Errors
/// [`VaultError`]; the call can be repeated.
pub fn drop_stale(to: &mut dyn Vault, moved: &BTreeSet<String>) -> Result<(), VaultError> {
    for name in names(to)? {
        let is_moved = account_of_tokens_name(&name).is_some_and(|id| moved.contains(&client_name(&id)));
        // The user has accepted the old vault's preferences.
        if (is_moved || name == PREFERENCES_NAME) && !moved.contains(&name) {
            to.delete(&name)?;
        }
    }
    Ok(())
}

/// Deletes moved records from the old vault: those that `new` has, and those of accounts that are not in
/// `known`, which were deleted since. With `None`, because some accounts can't be read, no account counts as
/// deleted. An account's client is deleted last.
///
/// # Errors
/// [`VaultError`]; the call can be repeated.
pub fn clear(
    old: &mut dyn Vault,
    new: &mut dyn Vault,
    known: Option<&BTreeSet<AccountId>>,
) -> Result<(), VaultError> {
    let mut names = names(old)?;
    names.sort_unstable_by(|one, other| other.cmp(one));
    for name in names {
        // A record without an account belongs to the user.
        let is_known = known.is_none_or(|known| account_of(&name).is_none_or(|id| known.contains(&id)));
        if !is_known || new.read(&name)?.is_some() {
            old.delete(&name)?;
            reach("move: record deleted");
        }
    }
    for orphan in old.orphans()? {
        old.delete(&orphan)?;
    }
    Ok(())
}

/// The account that a record belongs to.
pub fn account_of(name: &str) -> Option<AccountId> {
    account_of_client_name(name).or_else(|| account_of_tokens_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::secret::SecretText;
    use crate::store::vault::memory::MemoryVault;
    use crate::store::vault::records::tests::id;
    use crate::store::vault::records::tokens_name;

    fn line(text: &str) -> SecretText {
        SecretText::new(text.to_owned())
    }

    #[test]
    fn nothing_is_deleted_that_the_new_place_lacks() {
        let (old, new) = (MemoryVault::new(), MemoryVault::new());
        for byte in [1, 2, 3] {
            old.plant(&client_name(&id(byte)), line("CANARY-c"));
            old.plant(&tokens_name(&id(byte)), line("CANARY-t"));
        }
        let (mut from, mut to) = (old.clone(), new.clone());
        for name in [client_name(&id(1)), tokens_name(&id(1))] {
            assert_eq!(copy(&mut from, &mut to, &name), Ok(true));
        }
        assert_eq!(copy(&mut from, &mut to, "client/none"), Ok(false));
        // The second was not copied; the third is no longer an account.
        clear(&mut from, &mut to, None).unwrap();
        assert_eq!(old.stored_names().len(), 4, "who can't be read was not deleted");
        clear(&mut from, &mut to, Some(&BTreeSet::from([id(1), id(2)]))).unwrap();
        assert_eq!(old.stored_names(), [client_name(&id(2)), tokens_name(&id(2))]);
        assert_eq!(new.stored_names(), [client_name(&id(1)), tokens_name(&id(1))]);
    }

    #[test]
    fn f6_accepted_preferences_move_and_stale_ones_do_not_come_back() {
        let (old, new) = (MemoryVault::new(), MemoryVault::new());
        old.plant(PREFERENCES_NAME, line("accepted"));
        assert_eq!(names(&mut old.clone()).unwrap(), [PREFERENCES_NAME]);
        clear(&mut old.clone(), &mut new.clone(), Some(&BTreeSet::new())).unwrap();
        assert_eq!(old.stored_names(), [PREFERENCES_NAME], "the new place lacks it");
        copy(&mut old.clone(), &mut new.clone(), PREFERENCES_NAME).unwrap();
        clear(&mut old.clone(), &mut new.clone(), Some(&BTreeSet::new())).unwrap();
        assert!(old.stored_names().is_empty());
        drop_stale(&mut new.clone(), &BTreeSet::new()).unwrap();
        assert!(new.stored_names().is_empty());
    }

    #[test]
    fn tokens_that_an_account_has_lost_since_do_not_come_back() {
        let new = MemoryVault::new();
        for byte in [1, 2, 3] {
            new.plant(&client_name(&id(byte)), line("CANARY-c"));
            new.plant(&tokens_name(&id(byte)), line("CANARY-t"));
        }
        // The first has tokens, the second has lost them, the third is unknown.
        let moved = BTreeSet::from([client_name(&id(1)), tokens_name(&id(1)), client_name(&id(2))]);
        drop_stale(&mut new.clone(), &moved).unwrap();
        let mut left: Vec<_> = [1, 3].map(|byte| tokens_name(&id(byte))).into();
        left.extend([1, 2, 3].map(|byte| client_name(&id(byte))));
        left.sort_unstable();
        assert_eq!(new.stored_names(), left);
    }

    #[test]
    fn what_does_not_come_back_is_not_copied() {
        let (old, new) = (MemoryVault::new(), MemoryVault::new());
        let name = tokens_name(&id(1));
        old.plant(&name, line("CANARY-new"));
        new.plant(&name, line("CANARY-stale"));
        new.fail_writes(1, &VaultError::Denied);
        assert_eq!(copy(&mut old.clone(), &mut new.clone(), &name), Err(VaultError::Denied));
        assert_eq!(copy(&mut old.clone(), &mut new.clone(), &name), Ok(true));
        assert_eq!(new.stored(&name).unwrap().expose(), "CANARY-new");
    }
}
