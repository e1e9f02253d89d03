//! Rebuilds a lost database from the vault.
//!
//! The search, and the removal of records that no account needs, run under every account's lock, since an
//! account that is being created or deleted looks the same. A listed account keeps everything in the vault
//! that has its secrets.

use std::collections::BTreeSet;

use super::crash_recovery;
use crate::domain::account::AccountId;
use crate::engine::event_loop::{Engine, Replies, Then, on_disk};
use crate::messages::event::Reply;
use crate::messages::problem::Problem;
use crate::store::database::{Accounts, Stored};
use crate::store::vault::recovery;
use crate::store::vault::recovery::Orphan;
use crate::store::vault::vault_copy;
use crate::store::vault::{Vault, VaultError};

impl Engine {
    /// Restores accounts that only the vault knows.
    pub(crate) fn recover_accounts(&mut self, replies: Replies) {
        let (home, door, database) = (self.deps.home.clone(), self.door.clone(), self.database.clone());
        let held_locks = self.held_locks.clone();
        let (kept_in, at) = (crash_recovery::word(door.kind()), self.deps.clock.now());
        self.spawn(async move {
            let recovered = async {
                let _lock = held_locks.acquire_every(&home).await?;
                let found = door.call(|vault| Ok((recovery::recover(vault)?, vault_copy::names(vault)?)));
                let (found, names) = found.await.map_err(Problem::Vault)?;
                let listed = found.accounts;
                let (added, stored) = on_disk(database, move |accounts| {
                    let added = accounts.insert_recovered(&listed, kept_in, at)?;
                    Ok((added, accounts.load()?))
                })
                .await?;
                let orphans = needless(&found.orphans, names, &stored, kept_in).len();
                let unreadable = found.unreadable.len();
                let added = added.into_iter().map(|account| account.name.as_str().to_owned()).collect();
                Ok(Reply::Recovered { added, unreadable, orphans })
            };
            let recovered: Result<Reply, Problem> = recovered.await;
            let then: Then = Box::new(move |engine| engine.recovered(recovered, replies));
            then
        });
    }

    fn recovered(&mut self, recovered: Result<Reply, Problem>, replies: Replies) {
        match recovered {
            Ok(reply) => {
                self.edits += 1;
                self.load();
                self.report(reply, replies);
            }
            Err(problem) => self.fail(None, problem, replies),
        }
    }

    pub(crate) fn remove_orphans(&mut self, replies: Replies) {
        let (home, door, database) = (self.deps.home.clone(), self.door.clone(), self.database.clone());
        let (held_locks, here) = (self.held_locks.clone(), crash_recovery::word(door.kind()));
        self.spawn(async move {
            let removed = async {
                let _lock = held_locks.acquire_every(&home).await?;
                let stored = on_disk(database, Accounts::load).await?;
                let removed = door.call(move |vault| delete_needless(vault, &stored, here));
                removed.await.map_err(Problem::Vault)
            };
            let removed: Result<usize, Problem> = removed.await;
            let then: Then = Box::new(move |engine| match removed {
                Ok(count) => engine.report(Reply::OrphansRemoved(count), replies),
                Err(problem) => engine.fail(None, problem, replies),
            });
            then
        });
    }
}

/// The records in this vault that no account needs: those without an account, and those of an account whose
/// secrets were entered again in another vault. Clients come last, as in every deletion.
fn needless(orphans: &[Orphan], names: Vec<String>, stored: &Stored, here: &str) -> Vec<String> {
    let known: BTreeSet<&AccountId> = stored.accounts.iter().map(|row| &row.account.id).collect();
    // Tokens whose client is missing may still belong to a listed account.
    let is_nobodys = |orphan: &&Orphan| {
        orphan.account.as_ref().is_none_or(|id| !known.contains(id)) || orphan.name.contains('#')
    };
    let elsewhere = stored.accounts.iter().filter(|row| crash_recovery::is_elsewhere(row, here));
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

fn delete_needless(vault: &mut dyn Vault, stored: &Stored, here: &str) -> Result<usize, VaultError> {
    let (orphans, names) = (recovery::orphans(vault)?, vault_copy::names(vault)?);
    let needless = needless(&orphans, names, stored, here);
    for name in &needless {
        vault.delete(name)?;
    }
    Ok(needless.len())
}
