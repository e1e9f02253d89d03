//! The vaults and the choice between them: the keychain, a passphrase file, or memory.
//!
//! A choice for one run isn't stored. A passphrase is held only while it is tried. A wrong one changes
//! nothing.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::account_store::AccountStore;
use super::held_locks::HeldLocks;
use super::team::OpenTeam;
use super::vault_handle::{VaultFactory, VaultHandle};
use crate::base::secret::Passphrase;
use crate::engine::database::Database;
use crate::engine::error_mapping::vault_problem_of;
use crate::engine::settings::encoding;
use crate::engine::worker::{NO_THREAD, Worker};
use crate::messages::problem::VaultProblem;
use crate::messages::snapshot::{VaultHealth, VaultKind, VaultView};
use crate::store::home::Home;
use crate::store::vault::VaultError;
use crate::store::vault::memory::MemoryVault;
use crate::store::vault::passphrase::PassphraseVault;
use crate::store::vault::split::SplitVault;

/// Creates each kind of vault; clones share the passphrase vault and the memory vault.
#[derive(Clone)]
pub(crate) struct VaultSources {
    pub(crate) home: Home,
    keychain: VaultFactory,
    pub(crate) file: PassphraseVault,
    memory: MemoryVault,
    /// Timeout of a call.
    pub(crate) patience: Duration,
    changed: Rc<Notify>,
}

impl VaultSources {
    pub(crate) fn factory(&self, kind: VaultKind) -> VaultFactory {
        match kind {
            VaultKind::Keychain => {
                let keychain = Arc::clone(&self.keychain);
                Arc::new(move || Box::new(SplitVault::new(keychain())))
            }
            VaultKind::File => {
                let file = self.file.clone();
                Arc::new(move || Box::new(file.clone()))
            }
            // A team vault has a factory of its own, with its connection.
            VaultKind::Memory | VaultKind::Team => in_memory(self.memory.clone()),
        }
    }

    fn handle(&self, kind: VaultKind) -> VaultHandle {
        let changed = Rc::clone(&self.changed);
        VaultHandle::new(self.home.clone(), kind, self.factory(kind), self.patience, changed)
    }
}

fn in_memory(memory: MemoryVault) -> VaultFactory {
    Arc::new(move || Box::new(memory.clone()))
}

/// The vaults, which one is in use, and the accounts' locks.
pub(crate) struct Secrets {
    sources: VaultSources,
    current: VaultHandle,
    /// The vault for this run alone; `None` means the stored choice.
    for_this_run: Option<VaultKind>,
    /// The stored choice.
    chosen: VaultKind,
    /// How often the passphrase vault's key was to be dropped.
    locks: u64,
    held_locks: HeldLocks,
}

impl Secrets {
    pub(crate) fn new(
        home: Home,
        for_this_run: Option<VaultKind>,
        keychain: VaultFactory,
        patience: Duration,
        changed: Rc<Notify>,
    ) -> Self {
        let (file, memory) = (PassphraseVault::locked(&home), MemoryVault::new());
        let held_locks = HeldLocks::new(home.clone());
        let sources = VaultSources { home, keychain, file, memory, patience, changed };
        let current = sources.handle(for_this_run.unwrap_or_default());
        if current.kind() == VaultKind::File {
            current.show_locked();
        }
        Self { sources, current, for_this_run, chosen: VaultKind::default(), locks: 0, held_locks }
    }

    pub(crate) fn current(&self) -> &VaultHandle {
        &self.current
    }

    /// A handle to a vault of this kind: the current one if it is.
    pub(crate) fn of_kind(&self, kind: VaultKind) -> VaultHandle {
        if self.current.kind() == kind { self.current.clone() } else { self.sources.handle(kind) }
    }

    pub(crate) fn sources(&self) -> &VaultSources {
        &self.sources
    }

    pub(crate) fn held_locks(&self) -> &HeldLocks {
        &self.held_locks
    }

    pub(crate) fn view(&self) -> VaultView {
        self.current.view()
    }

    /// The stored parts of an account in this vault. `database` is `None` for an ephemeral account.
    pub(crate) fn store(
        &self,
        vault: &VaultHandle,
        database: Option<Database>,
        team: Option<OpenTeam>,
    ) -> AccountStore {
        AccountStore { vault: vault.clone(), database, team, held_locks: self.held_locks.clone() }
    }

    /// A separate vault in memory.
    pub(crate) fn separate_memory(&self, patience: Duration) -> VaultHandle {
        let changed = Rc::clone(&self.sources.changed);
        let factory = in_memory(MemoryVault::new());
        VaultHandle::new(self.sources.home.clone(), VaultKind::Memory, factory, patience, changed)
    }

    /// The vaults that may have a record of this user: this run's and the chosen one.
    pub(crate) fn with_chosen(&self) -> Vec<VaultHandle> {
        let mut vaults = vec![self.current.clone()];
        let is_other = !self.current.is_by_choice() && self.current.kind() != self.chosen;
        if is_other && self.chosen != VaultKind::Memory {
            vaults.push(self.sources.handle(self.chosen));
        }
        vaults
    }

    /// Whether the current vault is the passphrase file and needs its passphrase.
    pub(crate) fn needs_passphrase(&self) -> bool {
        self.current.kind() == VaultKind::File && self.sources.file.is_locked()
    }

    /// Applies the stored choice unless this run has its own. Returns the vault if it is another one now.
    pub(crate) fn apply_stored_choice(&mut self, stored: &BTreeMap<String, String>) -> Option<VaultHandle> {
        self.chosen = encoding::read_vault(stored);
        // A memory vault chosen in the window stays.
        let is_own = self.for_this_run.is_some() || self.current.kind() == VaultKind::Memory;
        let switched = !is_own && self.current.kind() != self.chosen;
        if switched {
            self.switch(self.chosen);
        }
        let unfinished = encoding::read_move(stored).map(|(_, to)| to);
        self.current.note_choice(self.current.kind() == self.chosen, unfinished);
        switched.then(|| self.current.clone())
    }

    /// Uses another vault from now on. A running job ends with the vault that it began with, since its token
    /// belongs beside its client.
    pub(crate) fn switch(&mut self, kind: VaultKind) -> VaultHandle {
        let next = self.sources.handle(kind);
        next.note_choice(self.current.is_by_choice(), self.current.view().unfinished_move);
        self.current = next;
        self.show_locked_file();
        self.current.clone()
    }

    /// Uses memory until quit.
    pub(crate) fn switch_to_memory(&mut self) -> VaultHandle {
        let vault = self.switch(VaultKind::Memory);
        self.current.note_choice(false, self.current.view().unfinished_move);
        vault
    }

    /// Uses the vault that was just stored as the choice.
    pub(crate) fn switch_to_chosen(&mut self, kind: VaultKind) -> VaultHandle {
        self.for_this_run = None;
        let vault = self.switch(kind);
        self.current.note_choice(true, self.current.view().unfinished_move);
        vault
    }

    /// Rebinds the handle in use to the vault that all secrets were moved to, with everything that waits for
    /// the move. `unfinished` is the target if the old vault isn't cleared yet. Returns whether it was another
    /// vault before.
    pub(crate) fn moved_to(&mut self, kind: VaultKind, unfinished: Option<VaultKind>) -> bool {
        self.for_this_run = None;
        let is_other = self.current.kind() != kind;
        if is_other {
            self.current.replace(kind, self.sources.factory(kind));
            self.show_locked_file();
        }
        self.current.note_choice(true, unfinished);
        is_other
    }

    fn show_locked_file(&self) {
        if self.needs_passphrase() {
            self.current.show_locked();
        }
    }

    /// Drops the passphrase vault's key. Returns whether that vault is in use.
    pub(crate) fn lock_file(&mut self) -> bool {
        self.locks += 1;
        self.sources.file.lock();
        let is_in_use = self.current.kind() == VaultKind::File;
        if is_in_use {
            self.current.show_locked();
        }
        is_in_use
    }

    /// How often [`Self::lock_file`] was called.
    pub(crate) fn lock_count(&self) -> u64 {
        self.locks
    }

    /// Drops the key again after an unlock that a lock has overtaken since `lock_count`. Returns whether
    /// there was such a lock.
    pub(crate) fn relock_file(&self, lock_count: u64) -> bool {
        let is_overtaken = self.locks != lock_count;
        if is_overtaken {
            self.sources.file.lock();
        }
        is_overtaken
    }

    /// Shows the passphrase vault's health if it is in use.
    pub(crate) fn show_file(&self) {
        if self.current.kind() != VaultKind::File {
            return;
        }
        if self.sources.file.is_locked() {
            self.current.show_locked();
        } else {
            self.current.show(VaultHealth::Ready);
        }
    }
}

/// Opens the passphrase vault of a home; with `create`, creates a missing one.
pub(crate) fn open_or_create(
    file: &PassphraseVault,
    home: &Home,
    passphrase: &Passphrase,
    create: bool,
) -> Result<(), VaultError> {
    if create && !PassphraseVault::exists(home) {
        PassphraseVault::create(home, passphrase)?;
    }
    file.unlock(passphrase)
}

/// Runs a passphrase operation, which takes a second on purpose, on a thread of its own.
pub(crate) async fn on_a_thread<R: Send + 'static>(
    job: impl FnOnce() -> Result<R, VaultError> + Send + 'static,
) -> Result<R, VaultProblem> {
    let worker = Worker::start("passphrase", || ()).map_err(|_| NO_THREAD)?;
    match worker.run(move |()| job()).await {
        Ok(done) => done.map_err(|error| vault_problem_of(VaultKind::File, &error)),
        Err(_) => Err(NO_THREAD),
    }
}
