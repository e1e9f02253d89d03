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
use crate::domain::account::{Account, AccountId, Client};
use crate::domain::http_log::record::RequestKind;
use crate::domain::oauth::revocation;
use crate::domain::oauth::revocation::TokenKind;
use crate::domain::provider::Provider;
use crate::domain::provider::endpoints::EndpointKind;
use crate::domain::refusal::transport::{Unreachable, UnreachableKind};
use crate::domain::session::Input;
use crate::domain::token::grant::Grant;
use crate::engine::account_http::{AccountHttp, as_answer, secrets_of};
use crate::engine::accounts::account_save::Saver;
use crate::engine::error_mapping::{unreachable, unusable};
use crate::engine::event_loop::{Engine, Replies, Then};
use crate::engine::random;
use crate::engine::secrets::secret_reader::SecretReader;
use crate::engine::secrets::vault_selection;
use crate::messages::event::{Reply, Revocation};
use crate::messages::problem::{NotRevoked, Problem};
use crate::messages::snapshot::Inquiry;
use crate::store::vault::account_records::Records;

/// How long a deletion waits for the server.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Revoker {
    endpoint: Url,
    provider: Rc<Provider>,
    secrets: SecretReader,
    line: AccountHttp,
    clock: Arc<dyn Clock>,
    unsaved: Option<Rc<Grant>>,
}

impl Engine {
    /// Revokes all tokens of an account, then drops them.
    pub(crate) fn revoke(&mut self, id: &AccountId, replies: Replies) {
        let begun = self
            .provider_with(id, EndpointKind::Revoke, |provider| provider.more.revoke.is_some())
            .and_then(|_| self.begin_inquiry(id, Inquiry::Revoking));
        if let Err(problem) = begun {
            return self.fail(Some(id), problem, replies);
        }
        let (revoker, saver) = (self.revoker(id), self.saver(id));
        let id = id.clone();
        self.spawn(async move {
            let ended = async {
                let _lock = saver.held_locks.acquire(&saver.home, &id).await?;
                vault_selection::still_here(&saver.door, saver.database.clone(), &id).await?;
                let revoker = revoker.ok_or(Problem::Stopped)?;
                let (client, grant) = revoker.read(&saver, &id).await?.ok_or(Problem::NeedsSignIn)?;
                revoker.revoke(&client, &grant).await.map_err(|not| Problem::NotRevoked(Box::new(not)))?;
                saver.drop_tokens(&id).await
            };
            let ended: Result<(), Problem> = ended.await;
            let then: Then = Box::new(move |engine| engine.dropped(&id, ended, Reply::Revoked, replies));
            then
        });
    }

    /// Drops an account's tokens and sends no request.
    pub(crate) fn forget_tokens(&mut self, id: &AccountId, replies: Replies) {
        if let Err(problem) = self.begin_inquiry(id, Inquiry::Revoking) {
            return self.fail(Some(id), problem, replies);
        }
        let saver = self.saver(id);
        let id = id.clone();
        self.spawn(async move {
            let dropped = async {
                let _lock = saver.held_locks.acquire(&saver.home, &id).await?;
                vault_selection::still_here(&saver.door, saver.database.clone(), &id).await?;
                saver.drop_tokens(&id).await
            };
            let dropped: Result<(), Problem> = dropped.await;
            let then: Then = Box::new(move |engine| engine.dropped(&id, dropped, Reply::Forgotten, replies));
            then
        });
    }

    fn dropped(&mut self, id: &AccountId, dropped: Result<(), Problem>, reply: Reply, replies: Replies) {
        self.end_inquiry(id);
        match dropped {
            Ok(()) => {
                self.tokens_gone(id);
                self.report(reply, replies);
            }
            Err(problem) => self.fail(Some(id), problem, replies),
        }
    }

    pub(crate) fn tokens_gone(&mut self, id: &AccountId) {
        self.step(id, Input::Forget);
        if let Some(entry) = self.entries.get_mut(id) {
            entry.glance = None;
            entry.unsaved = None;
        }
        self.held_locks.release(id);
    }

    /// The revoker of an account whose provider has a revocation endpoint.
    pub(crate) fn revoker(&self, id: &AccountId) -> Option<Revoker> {
        let entry = self.entries.get(id)?;
        let unsaved = entry.unsaved.as_ref().map(|unsaved| Rc::clone(&unsaved.grant));
        self.revoker_at(id, entry.provider().ok()?, self.secret_reader(entry), unsaved)
    }

    /// The same for an account that is no longer listed.
    pub(crate) fn revoker_of(&self, account: &Account) -> Option<Revoker> {
        let provider = Provider::resolve(&self.presets, &account.settings).ok()?;
        let secrets = self.secret_reader_at(account, self.door.clone(), self.database.clone());
        self.revoker_at(&account.id, Rc::new(provider), secrets, None)
    }

    fn revoker_at(
        &self,
        id: &AccountId,
        provider: Rc<Provider>,
        secrets: SecretReader,
        unsaved: Option<Rc<Grant>>,
    ) -> Option<Revoker> {
        let endpoint = provider.more.revoke.clone()?;
        let clock = Arc::clone(&self.deps.clock);
        Some(Revoker { endpoint, provider, secrets, line: self.line(id), clock, unsaved })
    }

    pub(crate) fn has_tokens_to_revoke(&self) -> bool {
        let mut going = self.entries.values().filter(|entry| entry.deleting_until.is_some());
        going.any(|entry| entry.provider.as_ref().is_ok_and(|provider| provider.more.revoke.is_some()))
    }
}

impl Revoker {
    /// Revokes an account's tokens before its deletion. Doesn't wait longer than [`PATIENCE`].
    pub(crate) async fn before_deletion(&self, saver: &Saver, id: &AccountId) -> Revocation {
        let revoked = async {
            match self.read(saver, id).await {
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

    async fn read(&self, saver: &Saver, id: &AccountId) -> Result<Option<(Client, Rc<Grant>)>, Problem> {
        let account = id.clone();
        let facts = saver.door.call(move |vault| Records::new(vault).read_facts(&account)).await;
        if facts.map_err(Problem::Vault)?.is_none() && self.unsaved.is_none() {
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
        let sent = self.line.send(RequestKind::Revoke, &request, secrets).await;
        let sent = sent.map_err(|error| unreachable(error).problem)?;
        revocation::read(&self.provider, &as_answer(&sent)).map_err(|error| {
            let sent = secrets.iter().copied().chain(request.proofs());
            answered_no(&self.provider, &self.endpoint, error.without(sent))
        })
    }
}
