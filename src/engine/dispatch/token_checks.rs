//! Checks a token with its provider, revokes tokens, and drops them locally.
//!
//! Tokens are dropped only after the server has revoked all of them, or on the user's command.

use std::rc::Rc;
use std::sync::Arc;

use super::Engine;
use super::job_done::JobDone;
use crate::domain::account::AccountId;
use crate::domain::oauth::introspection;
use crate::domain::oauth::introspection::Checked;
use crate::domain::provider::Provider;
use crate::domain::provider::endpoints::EndpointKind;
use crate::domain::session::Input;
use crate::engine::accounts::account_state::AccountState;
use crate::engine::publishing::outbox::{Replies, answer};
use crate::engine::tokens::introspection::CheckJob;
use crate::engine::tokens::revocation::{self, Revoker};
use crate::messages::event::Reply;
use crate::messages::problem::Problem;
use crate::messages::snapshot::Inquiry;

impl Engine {
    pub(super) fn check_token(&mut self, id: &AccountId, replies: Replies) {
        let begun = self
            .provider_with(id, EndpointKind::UserInfo, introspection::is_possible)
            .and_then(|provider| self.begin_inquiry(id, Inquiry::Checking).map(|()| provider));
        let provider = match begun {
            Ok(provider) => provider,
            Err(problem) => return self.fail(Some(id), problem, replies),
        };
        let Some(entry) = self.accounts.get(id) else { return };
        let job = CheckJob {
            provider,
            secrets: self.secret_reader(entry),
            unsaved: entry.unsaved_grant(),
            http: self.account_http(id),
            clock: Arc::clone(&self.clock),
        };
        let id = id.clone();
        self.spawn(async move { JobDone::TokenChecked { id, checked: job.run().await, replies } });
    }

    pub(super) fn token_checked(
        &mut self,
        id: &AccountId,
        checked: Result<Checked, Problem>,
        replies: Replies,
    ) {
        self.accounts.update(id, AccountState::end_inquiry);
        match checked {
            Ok(checked) => {
                let checked = Arc::new(checked);
                self.accounts.update(id, |entry| entry.set_checked(Arc::clone(&checked)));
                answer(replies, Ok(Reply::Checked(checked)));
            }
            Err(problem) => self.fail(Some(id), problem, replies),
        }
    }

    /// The account's provider, if it has the endpoint for this inquiry.
    fn provider_with(
        &self,
        id: &AccountId,
        kind: EndpointKind,
        has: fn(&Provider) -> bool,
    ) -> Result<Rc<Provider>, Problem> {
        let provider = self.accounts.require(id)?.provider()?;
        if has(&provider) { Ok(provider) } else { Err(Problem::NoEndpoint(provider.name.clone(), kind)) }
    }

    fn begin_inquiry(&mut self, id: &AccountId, inquiry: Inquiry) -> Result<(), Problem> {
        let begun = self.accounts.update(id, |entry| entry.begin_inquiry(inquiry));
        begun.unwrap_or_else(|| Err(Problem::UnknownAccount(id.to_string())))
    }

    /// Revokes all tokens of an account, then drops them.
    pub(super) fn revoke(&mut self, id: &AccountId, replies: Replies) {
        let begun = self
            .provider_with(id, EndpointKind::Revoke, |provider| provider.more.revoke.is_some())
            .and_then(|_| self.begin_inquiry(id, Inquiry::Revoking));
        if let Err(problem) = begun {
            return self.fail(Some(id), problem, replies);
        }
        let (revoker, store, id) = (self.revoker(id), self.writer(id).store, id.clone());
        self.spawn(async move {
            let dropped = match revoker {
                Some(revoker) => revoker.revoke_and_drop(store, id.clone()).await,
                None => Err(Problem::Stopped),
            };
            JobDone::TokensDropped { id, dropped, reply: Reply::Revoked, replies }
        });
    }

    /// Drops an account's tokens and sends no request.
    pub(super) fn forget(&mut self, id: &AccountId, replies: Replies) {
        if let Err(problem) = self.begin_inquiry(id, Inquiry::Revoking) {
            return self.fail(Some(id), problem, replies);
        }
        let (store, id) = (self.writer(id).store, id.clone());
        self.spawn(async move {
            let dropped = revocation::forget_tokens(store, id.clone()).await;
            JobDone::TokensDropped { id, dropped, reply: Reply::Forgotten, replies }
        });
    }

    pub(super) fn tokens_dropped(
        &mut self,
        id: &AccountId,
        dropped: Result<(), Problem>,
        reply: Reply,
        replies: Replies,
    ) {
        self.accounts.update(id, AccountState::end_inquiry);
        match dropped {
            Ok(()) => {
                self.tokens_gone(id);
                self.report(reply, replies);
            }
            Err(problem) => self.fail(Some(id), problem, replies),
        }
    }

    pub(super) fn tokens_gone(&mut self, id: &AccountId) {
        self.step(id, Input::Forget);
        self.accounts.update(id, AccountState::tokens_gone);
        self.secrets.held_locks().release(id);
    }

    /// The revoker of an account whose provider has a revocation endpoint.
    pub(super) fn revoker(&self, id: &AccountId) -> Option<Revoker> {
        let entry = self.accounts.get(id)?;
        let (provider, secrets) = (entry.provider().ok()?, self.secret_reader(entry));
        let (http, clock) = (self.account_http(id), Arc::clone(&self.clock));
        Revoker::new(provider, secrets, http, clock, entry.unsaved_grant())
    }
}
