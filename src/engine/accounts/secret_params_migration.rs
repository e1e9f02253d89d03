//! Accounts of an earlier version, which kept extra parameters in the database.
//!
//! Owns their way into the vault. Invariants: the vault is not opened for it; a row loses its values once the
//! vault's record has been read back with them, so that a crash in between costs nothing; what can't be done
//! now is done at the next chance.

use std::rc::Rc;

use crate::base::failpoint::reach;
use crate::domain::account::AccountId;
use crate::engine::event_loop::{Database, Engine, Then, on_disk};
use crate::engine::secrets::vault_handle::VaultHandle;
use crate::engine::secrets::vault_selection;
use crate::messages::problem::Problem;
use crate::messages::snapshot::VaultKind;
use crate::store::vault::account_records::Records;

impl Engine {
    /// Moves what is noted, if the vault is open.
    pub(crate) fn move_secret_params(&mut self) {
        let is_open = self.door.kind() != VaultKind::Memory && self.door.is_ready();
        if self.with_secret_params.is_empty() || !is_open {
            return;
        }
        let ids = std::mem::take(&mut self.with_secret_params);
        let (locks, home) = (self.held_locks.clone(), self.deps.home.clone());
        let (door, database) = (self.door.clone(), self.database.clone());
        self.spawn(async move {
            for id in ids {
                let moved = async {
                    let _lock = locks.acquire(&home, &id).await?;
                    move_one(&door, database.clone(), &id).await
                };
                if moved.await.is_err() {
                    log::warn!("account {id}: its extra parameters could not be moved to the vault");
                }
            }
            let then: Then = Box::new(|_| {});
            then
        });
    }
}

/// Moves an account's values; to be called under its lock.
async fn move_one(door: &VaultHandle, database: Option<Rc<Database>>, id: &AccountId) -> Result<(), Problem> {
    vault_selection::still_here(door, database.clone(), id).await?;
    let account = id.clone();
    let written = door.call(move |vault| {
        let mut records = Records::new(vault);
        // The record has the settings that the row has; read, its secrets stand apart.
        let Some(record) = records.read_client(&account)? else { return Ok(false) };
        records.write_client(&record).map(|()| true)
    });
    let is_written = written.await.map_err(Problem::Vault)?;
    reach("secret params: in the vault");
    if is_written {
        let id = id.clone();
        on_disk(database, move |accounts| accounts.drop_secret_params(&id)).await?;
        reach("secret params: row cleaned");
    }
    Ok(())
}
