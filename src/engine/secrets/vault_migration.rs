//! Moves all secrets to another vault.
//!
//! The order is: marker, copies, the choice, deletions, marker. A move holds every account's lock. The choice
//! changes only after every record was read back from the new vault, and nothing is deleted before. After a
//! kill at any time, the chosen vault is complete, and the same or the reverse move can be run.

use std::collections::{BTreeMap, BTreeSet};

use super::account_lock::EveryLock;
use super::held_locks::HeldLocks;
use super::vault_selection::{Secrets, VaultSources, on_a_thread, open_or_create};
use crate::base::failpoint::reach;
use crate::base::secret::Passphrase;
use crate::domain::account::AccountId;
use crate::engine::database::Database;
use crate::engine::error_mapping::vault_problem_of;
use crate::engine::settings::encoding;
use crate::engine::worker::{NO_THREAD, Worker};
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::VaultKind;
use crate::store::database::Accounts;
use crate::store::vault::passphrase::PassphraseVault;
use crate::store::vault::vault_copy;
use crate::store::vault::{Vault, VaultError};

/// The old vault and the new one.
type Pair = (Box<dyn Vault>, Box<dyn Vault>);

/// A move to another vault.
pub(crate) struct Move {
    sources: VaultSources,
    database: Database,
    held_locks: HeldLocks,
    /// This run's vault.
    here: VaultKind,
    /// Whether that is the stored choice.
    by_choice: bool,
    to: VaultKind,
}

/// A move whose choice is stored; only deletions are left.
pub(crate) struct ChosenVault {
    work: Move,
    /// The vault that has records to delete.
    old: Option<VaultKind>,
    records: usize,
    lock: EveryLock,
}

impl ChosenVault {
    /// The vault that was moved to.
    pub(crate) fn kind(&self) -> VaultKind {
        self.work.to
    }

    /// Whether the old vault has records to delete.
    pub(crate) fn has_rest(&self) -> bool {
        self.old.is_some()
    }

    /// The number of accounts' records that were copied.
    pub(crate) fn records(&self) -> usize {
        self.records
    }

    /// Deletes the old vault's records.
    ///
    /// # Errors
    /// The old vault's or the database's error; the move can be run again.
    pub(crate) async fn clear_old(self) -> Result<(), Problem> {
        let Self { work, old, lock, .. } = self;
        let cleared = match old {
            Some(old) => work.clear(old).await,
            None => Ok(()),
        };
        drop(lock);
        cleared
    }
}

impl Move {
    pub(crate) fn new(secrets: &Secrets, database: Database, to: VaultKind) -> Self {
        Self {
            sources: secrets.sources().clone(),
            database,
            held_locks: secrets.held_locks().clone(),
            here: secrets.current().kind(),
            by_choice: secrets.current().is_by_choice(),
            to,
        }
    }

    /// Everything up to the stored choice.
    ///
    /// # Errors
    /// The vaults' or the database's error, [`Problem::Busy`] if another process works on an account, or
    /// [`VaultProblem::Moved`] if another process has moved the secrets.
    pub(crate) async fn choose(
        self,
        passphrase: Option<Passphrase>,
        create: bool,
    ) -> Result<ChosenVault, Problem> {
        let lock = self.held_locks.acquire_every().await?;
        if let Some(passphrase) = passphrase {
            self.open_file(passphrase, create && self.to == VaultKind::File).await?;
        }
        let stored = self.database.run(Accounts::preferences).await?;
        let chosen = encoding::read_vault(&stored);
        if self.by_choice && chosen != self.here {
            return Err(Problem::Vault(VaultProblem::Moved));
        }
        let unfinished = encoding::read_move(&stored);
        // A run that already uses the target moves from the chosen vault.
        let from = if self.here == self.to { chosen } else { self.here };
        if from == self.to {
            // The remains of an earlier move, in either direction.
            let old = unfinished.map(|(from, to)| if from == self.to { to } else { from });
            return Ok(ChosenVault { work: self, old, records: 0, lock });
        }
        let uses_file = from == VaultKind::File || self.to == VaultKind::File;
        if uses_file && self.sources.file.is_locked() {
            return Err(Problem::Vault(VaultProblem::PassphraseNeeded));
        }
        let pair = self.pair(from, self.to)?;
        let names = match self.call(&pair, from, |(from, _)| vault_copy::names(from.as_mut())).await {
            // Without a keychain, there is nothing in it to move.
            Err(VaultProblem::Absent) if self.is_all_there(&pair).await? => None,
            names => Some(names.map_err(Problem::Vault)?),
        };
        let records = match names {
            Some(names) => {
                let marker = encoding::write_place(None, Some((from, self.to)));
                self.store(BTreeMap::new(), marker).await?;
                reach("move: marked");
                Some(self.copy_all(&pair, from, names).await?)
            }
            None => None,
        };
        let choice = encoding::write_place(Some(self.to), None);
        let (old, new) = (from.as_str(), self.to.as_str());
        self.database.run(move |accounts| accounts.move_all(&choice, old, new)).await?;
        reach("move: chosen");
        let old = records.map(|_| from);
        Ok(ChosenVault { work: self, old, records: records.unwrap_or(0), lock })
    }

    async fn open_file(&self, passphrase: Passphrase, create: bool) -> Result<(), Problem> {
        if !create && !PassphraseVault::exists(&self.sources.home) {
            return Ok(());
        }
        let (file, home) = (self.sources.file.clone(), self.sources.home.clone());
        let opened = on_a_thread(move || open_or_create(&file, &home, &passphrase, create)).await;
        opened.map_err(Problem::Vault)
    }

    async fn copy_all(
        &self,
        pair: &Worker<Pair>,
        from: VaultKind,
        names: Vec<String>,
    ) -> Result<usize, Problem> {
        // Proves that an empty vault can be written to.
        self.call(pair, self.to, |(_, to)| to.probe()).await.map_err(Problem::Vault)?;
        let mut records = 0;
        let moved: BTreeSet<String> = names.iter().cloned().collect();
        for name in names {
            let is_of_account = vault_copy::account_of(&name).is_some();
            let copied =
                self.call(pair, from, move |(from, to)| vault_copy::copy(from.as_mut(), to.as_mut(), &name));
            let was_there = copied.await.map_err(Problem::Vault)?;
            records += usize::from(was_there && is_of_account);
            reach("move: record copied");
        }
        let stale = self.call(pair, self.to, move |(_, to)| vault_copy::drop_stale(to.as_mut(), &moved));
        stale.await.map_err(Problem::Vault)?;
        Ok(records)
    }

    async fn is_all_there(&self, pair: &Worker<Pair>) -> Result<bool, Problem> {
        let there = self.call(pair, self.to, |(_, to)| vault_copy::names(to.as_mut())).await;
        let there = there.map_err(Problem::Vault)?;
        let stored = self.database.run(Accounts::load).await?;
        let has =
            |id: &AccountId| there.iter().any(|name| *name == crate::store::vault::records::client_name(id));
        Ok(stored.accounts.iter().all(|row| has(&row.account.id)))
    }

    /// Deletes what was moved, then the marker.
    async fn clear(&self, old: VaultKind) -> Result<(), Problem> {
        let stored = self.database.run(Accounts::load).await?;
        let is_in_use = stored.accounts.iter().any(|row| row.kept_in.as_deref() == Some(old.as_str()));
        if old == VaultKind::File && !is_in_use && !PassphraseVault::exists(&self.sources.home) {
            // The vault is empty and its key deleted; an earlier move stopped here.
            let home = self.sources.home.clone();
            on_a_thread(move || PassphraseVault::remove_rest(&home)).await.map_err(Problem::Vault)?;
            return self.forget_marker().await;
        }
        let all_read = stored.unreadable == 0;
        let known = stored.accounts.into_iter().map(|row| row.account.id);
        let known = all_read.then(|| known.collect::<BTreeSet<AccountId>>());
        let pair = self.pair(old, self.to)?;
        let cleared = self.call(&pair, old, move |(old, new)| {
            vault_copy::clear(old.as_mut(), new.as_mut(), known.as_ref())
        });
        cleared.await.map_err(Problem::Vault)?;
        reach("move: old place cleared");
        if old == VaultKind::File {
            let file = self.sources.file.clone();
            let removed = on_a_thread(move || file.remove_if_empty().map(drop)).await;
            removed.map_err(Problem::Vault)?;
        }
        self.forget_marker().await
    }

    async fn forget_marker(&self) -> Result<(), Problem> {
        let marker = encoding::write_place(None, Some((VaultKind::Keychain, VaultKind::File)));
        self.store(marker, BTreeMap::new()).await
    }

    async fn store(
        &self,
        before: BTreeMap<String, String>,
        after: BTreeMap<String, String>,
    ) -> Result<(), Problem> {
        self.database.run(move |accounts| accounts.set_preferences(&before, &after)).await
    }

    fn pair(&self, from: VaultKind, to: VaultKind) -> Result<Worker<Pair>, Problem> {
        let (from, to) = (self.sources.factory(from), self.sources.factory(to));
        let worker = Worker::start("vault-move", move || (from(), to()));
        worker.map_err(|_| Problem::Vault(NO_THREAD))
    }

    /// One call, within the timeout.
    async fn call<R: Send + 'static>(
        &self,
        pair: &Worker<Pair>,
        kind: VaultKind,
        job: impl FnOnce(&mut Pair) -> Result<R, VaultError> + Send + 'static,
    ) -> Result<R, VaultProblem> {
        match tokio::time::timeout(self.sources.patience, pair.run(job)).await {
            Ok(Ok(done)) => done.map_err(|error| vault_problem_of(kind, &error)),
            Ok(Err(_)) => Err(NO_THREAD),
            Err(_) => Err(VaultProblem::Slow),
        }
    }
}
