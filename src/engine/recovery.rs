//! A lost database, made again from the vault.
//!
//! Owns the search and the removal of what belongs to no account. Invariants: both run under every
//! account's lock, since an account that is being made or deleted looks the same; an account that is
//! listed keeps all it has.

use std::collections::BTreeSet;

use super::core::{Engine, Replies, Then, on_disk};
use super::{half_done, refresh_lock};
use crate::domain::account::AccountId;
use crate::messages::event::Reply;
use crate::messages::problem::Problem;
use crate::store::accounts::Accounts;
use crate::store::recover;
use crate::store::vault::{Vault, VaultError};

impl Engine {
    /// Lists accounts again that only the vault knows.
    pub(crate) fn recover_accounts(&mut self, replies: Replies) {
        self.kept_locks.release_all();
        let (home, door, database) = (self.deps.home.clone(), self.door.clone(), self.database.clone());
        let (kept_in, at) = (half_done::word(door.kind()), self.deps.clock.now());
        self.spawn(async move {
            let recovered = async {
                let _lock = refresh_lock::acquire_every(&home).await?;
                let found = door.call(|vault| recover::recover(vault)).await.map_err(Problem::Vault)?;
                let (added, known) = on_disk(database, move |accounts| {
                    let added = accounts.insert_recovered(&found.accounts, kept_in, at)?;
                    let known = accounts.load()?.accounts.into_iter().map(|row| row.account.id).collect();
                    Ok((added, (known, found.unreadable.len(), found.orphans)))
                })
                .await?;
                let (known, unreadable, orphans): (BTreeSet<AccountId>, usize, Vec<recover::Orphan>) = known;
                let orphans = orphans.iter().filter(|orphan| is_nobodys(orphan, &known)).count();
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

    /// Deletes what belongs to no account.
    pub(crate) fn remove_orphans(&mut self, replies: Replies) {
        self.kept_locks.release_all();
        let (home, door, database) = (self.deps.home.clone(), self.door.clone(), self.database.clone());
        self.spawn(async move {
            let removed = async {
                let _lock = refresh_lock::acquire_every(&home).await?;
                let stored = on_disk(database, Accounts::load).await?;
                let known = stored.accounts.into_iter().map(|row| row.account.id).collect();
                door.call(move |vault| delete_orphans(vault, &known)).await.map_err(Problem::Vault)
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

/// Tokens whose client went missing still belong to an account that is listed.
fn is_nobodys(orphan: &recover::Orphan, known: &BTreeSet<AccountId>) -> bool {
    orphan.account.as_ref().is_none_or(|id| !known.contains(id)) || orphan.name.contains('#')
}

fn delete_orphans(vault: &mut dyn Vault, known: &BTreeSet<AccountId>) -> Result<usize, VaultError> {
    let orphans = recover::orphans(vault)?;
    let mut count = 0;
    for orphan in orphans.iter().filter(|orphan| is_nobodys(orphan, known)) {
        vault.delete(&orphan.name)?;
        count += 1;
    }
    Ok(count)
}
