//! The vault: choosing, moving, unlocking it, and locking Keyfob.
//!
//! While Keyfob is locked there is no mask, no clipboard content, and no waiting sign-in. A token that the
//! vault refused is never dropped.

use std::collections::BTreeMap;

use super::Engine;
use super::job_done::JobDone;
use crate::base::secret::Passphrase;
use crate::domain::session::Input;
use crate::engine::publishing::outbox::{Replies, answer};
use crate::engine::secrets::vault_handle::VaultHandle;
use crate::engine::secrets::vault_migration::{ChosenVault, Move};
use crate::engine::secrets::vault_selection::{on_a_thread, open_or_create};
use crate::engine::settings::encoding;
use crate::messages::event::Reply;
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::{VaultHealth, VaultKind};
use crate::store::vault::VaultError;

/// Choosing.
impl Engine {
    /// Binds the accounts to the vault in use. Ephemeral accounts have one of their own.
    pub(super) fn vault_switched(&mut self, vault: &VaultHandle) {
        self.accounts.update_all(|entry| {
            if entry.is_in_database() {
                entry.set_vault(vault.clone());
                entry.set_preview(None);
            }
        });
    }

    fn forget_previews(&mut self) {
        self.accounts.update_all(|entry| {
            if entry.is_in_database() {
                entry.set_preview(None);
            }
        });
    }

    /// Tries the vault: writes, reads and deletes a record without secrets.
    pub(super) fn try_vault(&mut self, replies: Replies) {
        let vault = self.secrets.current().clone();
        vault.reopen();
        self.spawn(async move {
            let tried = vault.call(|vault| vault.probe()).await;
            JobDone::VaultTried { tried, replies }
        });
    }

    pub(super) fn vault_tried(&mut self, tried: Result<(), VaultProblem>, replies: Replies) {
        if tried.is_ok() {
            self.recover_waiting();
            self.offer_unsaved();
        }
        answer(replies, tried.map(|()| Reply::Done).map_err(Problem::Vault));
    }

    /// Keeps secrets in memory until quit.
    pub(super) fn use_memory_vault(&mut self, replies: Replies) {
        let vault = self.secrets.switch_to_memory();
        self.vault_switched(&vault);
        self.try_vault(replies);
    }

    /// Stores the choice of a vault and switches to it.
    pub(super) fn choose_vault(&mut self, kind: VaultKind, replies: Replies) {
        if kind == VaultKind::Memory {
            return self.use_memory_vault(replies);
        }
        let after = encoding::write_place(Some(kind), None);
        let stored = self.database.run(move |accounts| accounts.set_preferences(&BTreeMap::new(), &after));
        self.spawn(async move { JobDone::VaultChosen { kind, stored: stored.await, replies } });
    }

    pub(super) fn vault_chosen(&mut self, kind: VaultKind, stored: Result<(), Problem>, replies: Replies) {
        match stored {
            Ok(()) => {
                let vault = self.secrets.switch_to_chosen(kind);
                self.vault_switched(&vault);
                answer(replies, Ok(Reply::Done));
            }
            Err(problem) => self.fail(None, problem, replies),
        }
    }
}

/// Moving all secrets to another vault.
impl Engine {
    pub(super) fn move_vault(
        &mut self,
        to: VaultKind,
        passphrase: Option<Passphrase>,
        create: bool,
        replies: Replies,
    ) {
        if to == VaultKind::Memory {
            return self.fail(None, Problem::Vault(VaultProblem::NotLasting), replies);
        }
        // Deletions hold locks of their own, and their undo would find nothing here.
        for id in self.accounts.ids(|entry| !entry.is_shown()) {
            self.finish_deletion(&id, None);
        }
        let job = Move::new(&self.secrets, self.database.clone(), to);
        self.spawn(async move {
            let chosen = job.choose(passphrase, create).await.map(Box::new);
            JobDone::SecretsCopied { chosen, replies }
        });
    }

    /// Switches to the new vault before the old one is cleared.
    pub(super) fn secrets_copied(&mut self, chosen: Result<Box<ChosenVault>, Problem>, replies: Replies) {
        let chosen = match chosen {
            Ok(chosen) => chosen,
            Err(problem) => {
                self.secrets.show_file();
                // The move may have stored its marker.
                self.load();
                return self.fail(None, problem, replies);
            }
        };
        let unfinished = chosen.has_rest().then_some(chosen.kind());
        if self.secrets.moved_to(chosen.kind(), unfinished) {
            self.forget_previews();
        }
        self.secrets.show_file();
        self.spawn(async move {
            let records = chosen.records();
            JobDone::OldVaultCleared { records, cleared: chosen.clear_old().await, replies }
        });
    }

    pub(super) fn old_vault_cleared(
        &mut self,
        records: usize,
        cleared: Result<(), Problem>,
        replies: Replies,
    ) {
        let left_behind = match cleared {
            Ok(()) => {
                self.secrets.current().note_choice(true, None);
                self.offer_unsaved();
                None
            }
            Err(Problem::Vault(problem)) => Some(problem),
            Err(problem) => return self.fail(None, problem, replies),
        };
        self.report(Reply::Moved { records, left_behind }, replies);
    }
}

/// The passphrase vault.
impl Engine {
    pub(super) fn unlock_vault(&mut self, passphrase: Passphrase, create: bool, replies: Replies) {
        let (file, home) = (self.secrets.sources().file.clone(), self.home.clone());
        self.with_file(Reply::Done, replies, move || open_or_create(&file, &home, &passphrase, create));
    }

    pub(super) fn change_passphrase(&mut self, old: Passphrase, new: Passphrase, replies: Replies) {
        let file = self.secrets.sources().file.clone();
        self.with_file(Reply::PassphraseChanged, replies, move || {
            file.unlock(&old)?;
            file.change_passphrase(&new)
        });
    }

    fn with_file(
        &mut self,
        reply: Reply,
        replies: Replies,
        job: impl FnOnce() -> Result<(), VaultError> + Send + 'static,
    ) {
        let vault = self.secrets.current();
        let is_in_use = vault.kind() == VaultKind::File;
        if is_in_use {
            vault.show(VaultHealth::Waiting);
        }
        let lock_count = self.secrets.lock_count();
        self.spawn(async move {
            let tried = on_a_thread(job).await;
            JobDone::PassphraseTried { tried, lock_count, is_in_use, reply, replies }
        });
    }

    pub(super) fn passphrase_tried(
        &mut self,
        tried: Result<(), VaultProblem>,
        lock_count: u64,
        is_in_use: bool,
        reply: Reply,
        replies: Replies,
    ) {
        // A lock requested during the unlock wins.
        let is_locked_again = self.secrets.relock_file(lock_count);
        self.secrets.show_file();
        match tried {
            Ok(()) if is_locked_again => answer(replies, Ok(reply)),
            Ok(()) => {
                if is_in_use {
                    self.is_locked = false;
                }
                self.recover_waiting();
                self.confirm_guarded();
                for (id, mark) in self.recovery.take_marks() {
                    self.compare_mark(id, mark);
                }
                self.report(reply, replies);
            }
            Err(problem) => self.fail(None, Problem::Vault(problem), replies),
        }
    }

    pub(super) fn lock_vault(&mut self, replies: Replies) {
        if self.secrets.lock_file() {
            self.forget_previews();
        }
        answer(replies, Ok(Reply::Done));
    }
}

/// Locking Keyfob.
impl Engine {
    pub(super) fn lock(&mut self, replies: Replies) {
        self.is_locked = true;
        for id in self.accounts.ids(|_| true) {
            self.step(&id, Input::Cancel);
        }
        self.accounts.update_all(|entry| entry.set_preview(None));
        self.clear_clipboard(None);
        self.lock_vault(replies);
    }

    /// Unlocks if only the window is locked.
    pub(super) fn unlock(&mut self, replies: Replies) {
        if self.secrets.needs_passphrase() {
            return self.fail(None, Problem::Vault(VaultProblem::PassphraseNeeded), replies);
        }
        self.is_locked = false;
        answer(replies, Ok(Reply::Done));
    }
}
