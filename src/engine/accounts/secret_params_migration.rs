//! Moves extra parameters that an earlier version kept in the database to the vault.
//!
//! It never unlocks the vault. A row loses its values only after the vault's record was read back with them,
//! so a crash loses nothing. The rest moves at the next opportunity.

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
    /// Moves the recorded accounts' values if the vault is open.
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

/// Moves one account's values. Requires its lock.
async fn move_one(door: &VaultHandle, database: Option<Rc<Database>>, id: &AccountId) -> Result<(), Problem> {
    vault_selection::still_here(door, database.clone(), id).await?;
    let account = id.clone();
    let written = door.call(move |vault| {
        let mut records = Records::new(vault);
        // Reading the record separates its secrets from the settings.
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
