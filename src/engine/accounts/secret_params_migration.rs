//! Moves extra parameters that an earlier version kept in the database to the vault.
//!
//! It never unlocks the vault. A row loses its values only after the vault's record was read back with them,
//! so a crash loses nothing. The rest moves at the next opportunity.

use crate::base::failpoint::reach;
use crate::domain::account::AccountId;
use crate::engine::secrets::account_store::AccountStore;
use crate::messages::problem::Problem;
use crate::store::vault::account_records::Records;

/// Moves the values of these accounts.
pub(crate) async fn move_secret_params(store: AccountStore, ids: Vec<AccountId>) {
    for id in ids {
        if move_one(&store, &id).await.is_err() {
            log::warn!("account {id}: its extra parameters could not be moved to the vault");
        }
    }
}

async fn move_one(store: &AccountStore, id: &AccountId) -> Result<(), Problem> {
    let _lock = store.lock(id).await?;
    store.check_vault(id).await?;
    let account = id.clone();
    let written = store.in_vault(move |vault| {
        let mut records = Records::new(vault);
        // Reading the record separates its secrets from the settings.
        let Some(record) = records.read_client(&account)? else { return Ok(false) };
        records.write_client(&record).map(|()| true)
    });
    let is_written = written.await.map_err(Problem::Vault)?;
    reach("secret params: in the vault");
    if is_written {
        let id = id.clone();
        store.on_disk(move |accounts| accounts.drop_secret_params(&id)).await?;
        reach("secret params: row cleaned");
    }
    Ok(())
}
