//! Revokes tokens, or drops them locally.
//!
//! Tokens are dropped only after the server has revoked all of them, or on the user's command. The result is
//! reported token by token.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::introspection::answered_no;
use crate::base::clock::Clock;
use crate::domain::account::{AccountId, Client};
use crate::domain::http_log::record::RequestKind;
use crate::domain::oauth::revocation;
use crate::domain::oauth::revocation::TokenKind;
use crate::domain::provider::Provider;
use crate::domain::refusal::transport::{Unreachable, UnreachableKind};
use crate::domain::token::grant::Grant;
use crate::engine::account_http::{AccountHttp, secrets_of};
use crate::engine::error_mapping::{unreachable, unusable};
use crate::engine::random;
use crate::engine::secrets::account_store::AccountStore;
use crate::engine::secrets::secret_reader::SecretReader;
use crate::messages::event::Revocation;
use crate::messages::problem::{NotRevoked, Problem};

/// How long a deletion waits for the server.
const PATIENCE: Duration = Duration::from_secs(10);

/// Revokes the tokens of one account.
pub(crate) struct Revoker {
    endpoint: Url,
    provider: Rc<Provider>,
    secrets: SecretReader,
    http: AccountHttp,
    clock: Arc<dyn Clock>,
    /// A token that the vault refused; newer than the stored one.
    unsaved: Option<Rc<Grant>>,
}

/// Drops an account's tokens and sends no request.
///
/// # Errors
/// The vault's or the database's error, or [`Problem::Busy`] if another process works on the account.
pub(crate) async fn forget_tokens(store: AccountStore, id: AccountId) -> Result<(), Problem> {
    let _lock = store.lock(&id).await?;
    store.check_vault(&id).await?;
    store.drop_tokens(&id).await
}

impl Revoker {
    /// `None` if the provider has no revocation endpoint.
    pub(crate) fn new(
        provider: Rc<Provider>,
        secrets: SecretReader,
        http: AccountHttp,
        clock: Arc<dyn Clock>,
        unsaved: Option<Rc<Grant>>,
    ) -> Option<Self> {
        let endpoint = provider.more.revoke.clone()?;
        Some(Self { endpoint, provider, secrets, http, clock, unsaved })
    }

    /// Revokes all tokens, then drops them.
    ///
    /// # Errors
    /// [`Problem::NotRevoked`] with the server's reason, or the vault's or the database's error. No token is
    /// dropped then.
    pub(crate) async fn revoke_and_drop(self, store: AccountStore, id: AccountId) -> Result<(), Problem> {
        let _lock = store.lock(&id).await?;
        store.check_vault(&id).await?;
        let (client, grant) = self.read(&store, &id).await?.ok_or(Problem::NeedsSignIn)?;
        self.revoke(&client, &grant).await.map_err(|not| Problem::NotRevoked(Box::new(not)))?;
        store.drop_tokens(&id).await
    }

    /// Revokes an account's tokens before its deletion. Doesn't wait longer than [`PATIENCE`].
    pub(crate) async fn before_deletion(&self, store: &AccountStore, id: &AccountId) -> Revocation {
        let revoked = async {
            match self.read(store, id).await {
                Ok(Some((client, grant))) => match self.revoke(&client, &grant).await {
                    Ok(()) => Revocation::Done,
                    Err(not) => Revocation::Failed(Box::new(not.cause)),
                },
                Ok(None) => Revocation::NoTokens,
                Err(problem) => Revocation::Failed(Box::new(problem)),
            }
        };
        let late = Revocation::Failed(Box::new(Problem::Unreachable(self.too_late())));
        tokio::time::timeout(PATIENCE, revoked).await.unwrap_or(late)
    }

    fn too_late(&self) -> Unreachable {
        let host = self.endpoint.host_str().unwrap_or_default().to_owned();
        Unreachable { host, kind: UnreachableKind::TimedOut, may_have_been_sent: true }
    }

    async fn read(
        &self,
        store: &AccountStore,
        id: &AccountId,
    ) -> Result<Option<(Client, Rc<Grant>)>, Problem> {
        let facts = store.read_facts(id).await.map_err(Problem::Vault)?;
        if facts.is_none() && self.unsaved.is_none() {
            return Ok(None);
        }
        let (client, stored) = self.secrets.read().await?;
        Ok(self.unsaved.clone().or_else(|| stored.map(Rc::new)).map(|grant| (client, grant)))
    }

    async fn revoke(&self, client: &Client, grant: &Grant) -> Result<(), NotRevoked> {
        let not = |refresh_revoked| move |cause| NotRevoked { refresh_revoked, cause };
        let secrets = secrets_of(client, Some(grant));
        let mut refresh_revoked = false;
        for token in revocation::tokens(grant) {
            self.revoke_one(client, token, &secrets).await.map_err(not(refresh_revoked))?;
            refresh_revoked |= token.0 == TokenKind::Refresh;
        }
        Ok(())
    }

    async fn revoke_one(
        &self,
        client: &Client,
        token: (TokenKind, &str),
        secrets: &[&str],
    ) -> Result<(), Problem> {
        let fresh = random::fresh(self.clock.as_ref())?;
        let request = revocation::request(&self.endpoint, &self.provider, client, token, &fresh);
        let request = request.map_err(|error| unusable(error).problem)?;
        let sent = self.http.send(RequestKind::Revoke, &request, secrets).await;
        let sent = sent.map_err(|error| unreachable(error).problem)?;
        revocation::read(&self.provider, &sent.answer()).map_err(|error| {
            let sent = secrets.iter().copied().chain(request.proofs());
            answered_no(&self.provider, &self.endpoint, error.without(sent))
        })
    }
}
