//! Offers a token to the vault that refused it.

use crate::domain::account::AccountId;
use crate::domain::token::grant::{Grant, TokenFacts};
use crate::engine::secrets::account_store::AccountStore;
use crate::engine::secrets::secret_reader::SecretReader;
use crate::messages::problem::Problem;

/// Offers a token under the account's lock, which is kept if the vault refuses again. The token is never
/// stored beside a client of another destination, and never replaces a newer one. Returns the facts of the
/// stored token.
///
/// # Errors
/// The vault's error, or [`Problem::Busy`] if another process works on the account.
pub(crate) async fn offer(
    store: &AccountStore,
    id: &AccountId,
    secrets: &SecretReader,
    grant: &Grant,
) -> Result<TokenFacts, Problem> {
    let lock = store.lock(id).await?;
    let offered = async {
        store.check_vault(id).await?;
        secrets.client().await?;
        let stored = store.read_facts(id).await.ok().flatten();
        if let Some(newer) = stored.filter(|stored| stored.generation > grant.facts.generation) {
            return Ok(newer);
        }
        store.write_tokens(id, grant).await.map_err(Problem::Vault)?;
        Ok(grant.facts.clone())
    };
    let offered = offered.await;
    // A token that no longer belongs to the account doesn't keep the lock.
    lock.keep(matches!(offered, Err(Problem::Vault(_) | Problem::Busy | Problem::Disk(_))));
    offered
}
