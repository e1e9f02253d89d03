//! Locking: hides accounts and tokens from other people at this computer.
//!
//! While locked there is no mask, no clipboard content, no waiting sign-in, and no command about an account
//! is accepted. A token that the vault refused is never dropped.

use crate::domain::account::AccountId;
use crate::domain::session::Input;
use crate::engine::event_loop::{Engine, Replies, answer};
use crate::messages::command::Command;
use crate::messages::event::Reply;
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::VaultKind;

pub(crate) fn is_allowed(command: &Command) -> bool {
    matches!(
        command,
        Command::Lock
            | Command::SystemSleeps
            | Command::Unlock
            | Command::UnlockVault { .. }
            | Command::LockVault
            | Command::ClearClipboard
            | Command::ReadAccounts
            | Command::RememberWindow(_)
            | Command::Remember(_)
    )
}

impl Engine {
    pub(crate) fn renews(&self) -> bool {
        self.deps.lasting && !self.locked
    }

    pub(crate) fn lock(&mut self, replies: Replies) {
        self.locked = true;
        let ids: Vec<AccountId> = self.entries.keys().cloned().collect();
        for id in ids {
            self.step(&id, Input::Cancel);
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.glance = None;
            }
        }
        self.clear_clipboard(None);
        self.lock_vault(replies);
    }

    /// Unlocks if only the window is locked.
    pub(crate) fn unlock(&mut self, replies: Replies) {
        if self.door.kind() == VaultKind::File && self.file.is_locked() {
            return self.fail(None, Problem::Vault(VaultProblem::PassphraseNeeded), replies);
        }
        self.locked = false;
        self.dirty = true;
        answer(replies, Ok(Reply::Done));
    }
}
