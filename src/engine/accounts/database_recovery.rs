//! Rebuilds a lost database from the vault.
//!
//! The search, and the removal of records that no account needs, run under every account's lock, since an
//! account that is being created or deleted looks the same. A listed account keeps everything in the vault
//! that has its secrets.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::domain::account::AccountId;
use crate::engine::secrets::account_store::AccountStore;
use crate::engine::secrets::account_vault;
use crate::messages::event::Reply;
use crate::messages::problem::Problem;
use crate::messages::snapshot::VaultKind;
use crate::store::database::{Accounts, Stored};
use crate::store::vault::recovery;
use crate::store::vault::recovery::Orphan;
use crate::store::vault::vault_copy;
use crate::store::vault::{Vault, VaultError};

/// Restores accounts that only the vault knows.
///
/// # Errors
/// The vault's or the database's error, or [`Problem::Busy`] if another process works on an account.
pub(crate) async fn recover_accounts(store: AccountStore, at: DateTime<Utc>) -> Result<Reply, Problem> {
    let here = store.vault_kind();
    let _lock = store.locks().acquire_every().await?;
    let found = store.in_vault(|vault| Ok((recovery::recover(vault)?, vault_copy::names(vault)?)));
    let (found, names) = found.await.map_err(Problem::Vault)?;
    let listed = found.accounts;
    let inserted = store.on_disk(move |accounts| {
        let added = accounts.insert_recovered(&listed, here.as_str(), at)?;
        Ok((added, accounts.load()?))
    });
    let (added, stored) = inserted.await?;
    let orphans = needless(&found.orphans, names, &stored, here).len();
    let added = added.into_iter().map(|account| account.name.as_str().to_owned()).collect();
    Ok(Reply::Recovered { added, unreadable: found.unreadable.len(), orphans })
}

/// Deletes records that no account needs; returns their number.
///
/// # Errors
/// As [`recover_accounts`].
pub(crate) async fn remove_orphans(store: AccountStore) -> Result<usize, Problem> {
    let here = store.vault_kind();
    let _lock = store.locks().acquire_every().await?;
    let stored = store.on_disk(Accounts::load).await?;
    let removed = store.in_vault(move |vault| delete_needless(vault, &stored, here));
    removed.await.map_err(Problem::Vault)
}

/// The records in this vault that no account needs: those without an account, and those of an account whose
/// secrets were entered again in another vault. Clients come last, as in every deletion.
fn needless(orphans: &[Orphan], names: Vec<String>, stored: &Stored, here: VaultKind) -> Vec<String> {
    let known: BTreeSet<&AccountId> = stored.accounts.iter().map(|row| &row.account.id).collect();
    // Tokens whose client is missing may still belong to a listed account.
    let is_nobodys = |orphan: &&Orphan| {
        orphan.account.as_ref().is_none_or(|id| !known.contains(id)) || orphan.name.contains('#')
    };
    let elsewhere = stored.accounts.iter().filter(|row| account_vault::is_elsewhere(row, here));
    let elsewhere = elsewhere.map(|row| &row.account.id);
    let elsewhere: BTreeSet<&AccountId> = elsewhere.collect();
    let of_one = |name: &String| vault_copy::account_of(name).is_some_and(|id| elsewhere.contains(&id));
    let mut needless: Vec<String> =
        orphans.iter().filter(is_nobodys).map(|orphan| orphan.name.clone()).collect();
    needless.extend(names.into_iter().filter(of_one));
    needless.sort_unstable_by(|one, other| other.cmp(one));
    needless.dedup();
    needless
}

fn delete_needless(vault: &mut dyn Vault, stored: &Stored, here: VaultKind) -> Result<usize, VaultError> {
    let (orphans, names) = (recovery::orphans(vault)?, vault_copy::names(vault)?);
    let needless = needless(&orphans, names, stored, here);
    for name in &needless {
        vault.delete(name)?;
    }
    Ok(needless.len())
}
