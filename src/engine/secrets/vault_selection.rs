//! Selects the vault: the keychain, a passphrase file, or memory.
//!
//! A choice for one run isn't stored. A passphrase is held only while it is tried. A wrong one changes
//! nothing.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::vault_handle::{VaultFactory, VaultHandle};
use crate::base::secret::Passphrase;
use crate::domain::account::AccountId;
use crate::engine::Deps;
use crate::engine::accounts::crash_recovery;
use crate::engine::error_mapping::vault_problem_of;
use crate::engine::event_loop::{Database, Engine, Replies, Then, answer, on_disk};
use crate::engine::settings;
use crate::engine::worker::{NO_THREAD, Worker};
use crate::messages::event::Reply;
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::{VaultHealth, VaultKind};
use crate::store::vault::VaultError;
use crate::store::vault::memory::MemoryVault;
use crate::store::vault::passphrase::PassphraseVault;
use crate::store::vault::split::SplitVault;

pub(crate) fn factory(
    kind: VaultKind,
    deps: &Deps,
    file: &PassphraseVault,
    memory: &MemoryVault,
) -> VaultFactory {
    match kind {
        VaultKind::Keychain => {
            let keychain = Arc::clone(&deps.keychain);
            Arc::new(move || Box::new(SplitVault::new(keychain())))
        }
        VaultKind::File => {
            let file = file.clone();
            Arc::new(move || Box::new(file.clone()))
        }
        VaultKind::Memory => in_memory(memory.clone()),
    }
}

/// A separate vault in memory.
pub(crate) fn memory() -> VaultFactory {
    in_memory(MemoryVault::new())
}

fn in_memory(memory: MemoryVault) -> VaultFactory {
    Arc::new(move || Box::new(memory.clone()))
}

/// Whether this vault is still the chosen one and has an account's secrets: another process may have moved
/// them, or created the account with another vault. Requires the account's lock, which a move takes too.
pub(crate) async fn still_here(
    door: &VaultHandle,
    database: Option<Rc<Database>>,
    id: &AccountId,
) -> Result<(), Problem> {
    if database.is_none() || door.kind() == VaultKind::Memory {
        return Ok(());
    }
    let id = id.clone();
    // An unreadable database says nothing about the vault.
    let Ok((stored, kept_in)) = on_disk(database, move |accounts| accounts.place_of(&id)).await else {
        return Ok(());
    };
    if door.is_by_choice() && settings::read_vault(&stored) != door.kind() {
        return Err(Problem::Vault(VaultProblem::Moved));
    }
    match kept_in.as_deref().and_then(crash_recovery::lasting) {
        Some(kind) if kind != door.kind() => Err(Problem::Vault(VaultProblem::Elsewhere(kind))),
        _ => Ok(()),
    }
}

/// The same for secrets that the user enters, which may replace unreachable ones of another vault.
pub(crate) async fn may_be_entered(
    door: &VaultHandle,
    database: Option<Rc<Database>>,
    id: &AccountId,
) -> Result<(), Problem> {
    match still_here(door, database, id).await {
        Err(Problem::Vault(VaultProblem::Elsewhere(_))) if door.is_by_choice() => Ok(()),
        other => other,
    }
}

impl Engine {
    pub(crate) fn factory(&self, kind: VaultKind) -> VaultFactory {
        factory(kind, &self.deps, &self.file, &self.memory)
    }

    /// Applies the stored choice unless this run has its own.
    pub(crate) fn apply_stored_choice(&mut self, stored: &BTreeMap<String, String>) {
        let chosen = settings::read_vault(stored);
        self.chosen_vault = chosen;
        // A memory vault chosen in the window stays.
        let own = self.deps.vault_kind.is_some() || self.door.kind() == VaultKind::Memory;
        if !own && self.door.kind() != chosen {
            self.switch_vault(chosen);
        }
        let unfinished = settings::read_move(stored).map(|(_, to)| to);
        self.door.note_choice(self.door.kind() == chosen, unfinished);
    }

    /// Uses another vault from now on. A running job ends with the vault that it began with, since its token
    /// belongs beside its client.
    pub(crate) fn switch_vault(&mut self, kind: VaultKind) {
        let door = VaultHandle::new(
            self.deps.home.clone(),
            kind,
            self.factory(kind),
            self.deps.vault_patience,
            Rc::clone(&self.vault_changed),
        );
        door.note_choice(self.door.is_by_choice(), self.door.view().unfinished_move);
        for entry in self.entries.values_mut().filter(|entry| !entry.ephemeral) {
            entry.door = door.clone();
        }
        self.door = door;
        self.turned();
    }

    /// Switches to the vault that all secrets were moved to, with everything that waited for the move.
    pub(crate) fn rebind_vault(&mut self, kind: VaultKind) {
        self.door.replace(kind, self.factory(kind));
        self.turned();
    }

    fn turned(&mut self) {
        if self.door.kind() == VaultKind::File && self.file.is_locked() {
            self.door.show_locked();
        }
        self.forget_previews();
    }

    /// Tries the vault: writes, reads and deletes a record without secrets.
    pub(crate) fn try_vault(&mut self, replies: Replies) {
        self.door.reopen();
        let door = self.door.clone();
        self.spawn(async move {
            let tried = door.call(|vault| vault.probe()).await;
            let then: Then = Box::new(move |engine| {
                engine.dirty = true;
                if tried.is_ok() {
                    engine.finish_waiting();
                    engine.offer_unsaved();
                }
                answer(replies, tried.map(|()| Reply::Done).map_err(Problem::Vault));
            });
            then
        });
    }

    /// Keeps secrets in memory until quit.
    pub(crate) fn use_memory_vault(&mut self, replies: Replies) {
        self.switch_vault(VaultKind::Memory);
        self.door.note_choice(false, self.door.view().unfinished_move);
        self.try_vault(replies);
    }

    /// Stores the choice of a vault and switches to it.
    pub(crate) fn choose_vault(&mut self, kind: VaultKind, replies: Replies) {
        if kind == VaultKind::Memory {
            return self.use_memory_vault(replies);
        }
        let after = settings::write_place(Some(kind), None);
        let stored = self.disk(move |accounts| accounts.set_preferences(&BTreeMap::new(), &after));
        self.spawn(async move {
            let stored = stored.await;
            let then: Then = Box::new(move |engine| match stored {
                Ok(()) => {
                    engine.deps.vault_kind = None;
                    engine.switch_vault(kind);
                    engine.door.note_choice(true, engine.door.view().unfinished_move);
                    engine.dirty = true;
                    answer(replies, Ok(Reply::Done));
                }
                Err(problem) => engine.fail(None, problem, replies),
            });
            then
        });
    }

    pub(crate) fn unlock_vault(&mut self, passphrase: Passphrase, create: bool, replies: Replies) {
        let (file, home) = (self.file.clone(), self.deps.home.clone());
        self.with_file(Reply::Done, replies, move || open_or_create(&file, &home, &passphrase, create));
    }

    pub(crate) fn change_passphrase(&mut self, old: Passphrase, new: Passphrase, replies: Replies) {
        let file = self.file.clone();
        self.with_file(Reply::PassphraseChanged, replies, move || {
            file.unlock(&old)?;
            file.change_passphrase(&new)
        });
    }

    pub(crate) fn lock_vault(&mut self, replies: Replies) {
        self.locks += 1;
        self.file.lock();
        if self.door.kind() == VaultKind::File {
            self.door.show_locked();
            self.forget_previews();
        }
        answer(replies, Ok(Reply::Done));
    }

    pub(crate) fn forget_previews(&mut self) {
        for entry in self.entries.values_mut().filter(|entry| !entry.ephemeral) {
            entry.glance = None;
        }
        self.dirty = true;
    }

    /// Runs a passphrase operation, which takes a second on purpose.
    fn with_file(
        &mut self,
        reply: Reply,
        replies: Replies,
        job: impl FnOnce() -> Result<(), VaultError> + Send + 'static,
    ) {
        let uses_it = self.door.kind() == VaultKind::File;
        if uses_it {
            self.door.show(VaultHealth::Waiting);
        }
        let locks = self.locks;
        self.spawn(async move {
            let done = on_a_thread(job).await;
            let then: Then = Box::new(move |engine| {
                let is_locked_again = engine.locks != locks;
                if is_locked_again {
                    // A lock requested during the unlock wins.
                    engine.file.lock();
                }
                engine.show_file();
                match done {
                    Ok(()) if is_locked_again => answer(replies, Ok(reply)),
                    Ok(()) => {
                        if uses_it {
                            engine.locked = false;
                        }
                        engine.finish_waiting();
                        engine.look_at_guarded();
                        for (id, mark) in std::mem::take(&mut engine.unread_marks) {
                            engine.look_for_newer(id, mark);
                        }
                        engine.report(reply, replies);
                    }
                    Err(problem) => engine.fail(None, Problem::Vault(problem), replies),
                }
            });
            then
        });
    }

    /// Shows the passphrase vault's health if it is in use.
    pub(crate) fn show_file(&mut self) {
        self.dirty = true;
        if self.door.kind() != VaultKind::File {
            return;
        }
        if self.file.is_locked() {
            self.door.show_locked();
        } else {
            self.door.show(VaultHealth::Ready);
        }
    }
}

/// Opens the passphrase vault of a home; with `create`, creates a missing one.
pub(crate) fn open_or_create(
    file: &PassphraseVault,
    home: &crate::store::home::Home,
    passphrase: &Passphrase,
    create: bool,
) -> Result<(), VaultError> {
    if create && !PassphraseVault::exists(home) {
        PassphraseVault::create(home, passphrase)?;
    }
    file.unlock(passphrase)
}

pub(crate) async fn on_a_thread<R: Send + 'static>(
    job: impl FnOnce() -> Result<R, VaultError> + Send + 'static,
) -> Result<R, VaultProblem> {
    let worker = Worker::start("passphrase", || ()).map_err(|_| NO_THREAD)?;
    match worker.run(move |()| job()).await {
        Ok(done) => done.map_err(|error| vault_problem_of(VaultKind::File, &error)),
        Err(_) => Err(NO_THREAD),
    }
}
