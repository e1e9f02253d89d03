//! Deletes an account's row and secrets.
//!
//! The order is: row `deleting`, revocation, client, vault, row. The vault keeps everything while the deletion can be
//! undone; afterwards nothing is left.

use crate::base::failpoint::reach;
use crate::domain::account::AccountId;
use crate::domain::team::Role;
use crate::engine::api_address::client_removal::ClientRemover;
use crate::engine::secrets::account_lock::AccountLock;
use crate::engine::secrets::account_store::AccountStore;
use crate::engine::tokens::revocation::Revoker;
use crate::messages::event::{ClientDeletion, Revocation};
use crate::messages::problem::{Problem, VaultProblem};

/// What remains of an account whose deletion failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    /// It is shown again; the user knows of the error.
    Restored,
    /// It stays hidden, and the deletion is tried again.
    Retried,
}

pub(crate) struct DeletionJob {
    pub(crate) id: AccountId,
    pub(crate) store: AccountStore,
    pub(crate) revoker: Option<Revoker>,
    pub(crate) remover: ClientRemover,
    /// The account's lock if the caller holds it.
    pub(crate) held: Option<AccountLock>,
    /// Whether a caller waits for the result.
    pub(crate) is_asked: bool,
}

impl DeletionJob {
    pub(crate) async fn run(mut self) -> Result<(Revocation, ClientDeletion), (Problem, AfterFailure)> {
        let lock = self.held.take();
        match self.delete(lock).await {
            Ok(done) => Ok(done),
            Err(problem) => {
                let is_elsewhere = matches!(problem, Problem::Vault(VaultProblem::Elsewhere(_)));
                if !self.is_asked && !is_elsewhere {
                    return Err((problem, AfterFailure::Retried));
                }
                // The caller learns of the error, so nothing is retried behind its back.
                self.undo().await;
                Err((problem, AfterFailure::Restored))
            }
        }
    }

    /// A failed revocation, or a client that stays registered, doesn't stop the deletion and is reported
    /// afterwards.
    async fn delete(&self, held: Option<AccountLock>) -> Result<(Revocation, ClientDeletion), Problem> {
        let (id, store) = (&self.id, &self.store);
        let _lock = match held {
            Some(lock) => (Some(lock), None),
            None => (None, Some(store.lock(id).await?)),
        };
        store.need(Role::Manage).await?;
        store.check_vault(id).await?;
        let account = id.clone();
        store.on_disk(move |accounts| accounts.mark_deleting(&account)).await?;
        reach("delete: row deleting");
        let revocation = match &self.revoker {
            Some(revoker) => revoker.before_deletion(store, id).await,
            None => Revocation::NoEndpoint,
        };
        let client = self.remover.before_deletion(store, id).await;
        store.delete_records(id).await.map_err(Problem::Vault)?;
        reach("delete: vault emptied");
        let account = id.clone();
        store.on_disk(move |accounts| accounts.remove(&account)).await?;
        Ok((revocation, client))
    }

    async fn undo(&self) {
        let account = self.id.clone();
        if self.store.on_disk(move |accounts| accounts.undelete(&account)).await.is_err() {
            log::warn!("account {}: a deletion that failed could not be undone", self.id);
        }
    }
}
