//! Checks a token with its provider: introspection first, then userinfo.
//!
//! The token and the session stay unchanged, whatever the server responds.

use std::rc::Rc;

use crate::domain::account::{AccountId, Client};
use crate::domain::http_log::record::RequestKind;
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::oauth::introspection;
use crate::domain::oauth::introspection::{Checked, TokenStatus};
use crate::domain::oauth::jose::AssertionSeed;
use crate::domain::oauth::token_response::{Answer, AnswerFlaw, TokenError};
use crate::domain::provider::Provider;
use crate::domain::provider::endpoints::EndpointKind;
use crate::domain::token::grant::Grant;
use crate::engine::account_http::{AccountHttp, as_answer, secrets_of};
use crate::engine::error_mapping::{unreachable, unusable};
use crate::engine::event_loop::{Engine, Replies, Then, answer};
use crate::engine::random;
use crate::messages::event::Reply;
use crate::messages::problem::{BadAnswer, Problem, Refusal, UntrustedText};
use crate::messages::snapshot::Inquiry;

struct Check {
    provider: Rc<Provider>,
    line: AccountHttp,
    client: Client,
    grant: Rc<Grant>,
    fresh: AssertionSeed,
}

impl Engine {
    pub(crate) fn check_token(&mut self, id: &AccountId, replies: Replies) {
        let begun = self
            .provider_with(id, EndpointKind::UserInfo, introspection::is_possible)
            .and_then(|provider| self.begin_inquiry(id, Inquiry::Checking).map(|()| provider));
        let provider = match begun {
            Ok(provider) => provider,
            Err(problem) => return self.fail(Some(id), problem, replies),
        };
        let Some(entry) = self.entries.get(id) else { return };
        let secrets = self.secret_reader(entry);
        let unsaved = entry.unsaved.as_ref().map(|it| Rc::clone(&it.grant));
        let (line, clock) = (self.line(id), std::sync::Arc::clone(&self.deps.clock));
        let id = id.clone();
        self.spawn(async move {
            let checked = async {
                let (client, stored) = secrets.read().await?;
                let grant = unsaved.or_else(|| stored.map(Rc::new)).ok_or(Problem::NeedsSignIn)?;
                let asked = provider.scopes.clone();
                let fresh = random::fresh(clock.as_ref())?;
                let check = Check { provider, line, client, grant, fresh };
                let verdict = check.verdict().await.map_err(|cause| Problem::NotChecked(Box::new(cause)))?;
                let granted = verdict.scope.clone().or_else(|| check.grant.facts.scope.clone());
                let generation = check.grant.facts.generation;
                Ok(Checked { at: clock.now(), generation, verdict, asked, granted })
            };
            let checked: Result<Checked, Problem> = checked.await;
            let then: Then = Box::new(move |engine| engine.checked(&id, checked, replies));
            then
        });
    }

    fn checked(&mut self, id: &AccountId, checked: Result<Checked, Problem>, replies: Replies) {
        self.end_inquiry(id);
        match checked {
            Ok(checked) => {
                let checked = std::sync::Arc::new(checked);
                if let Some(entry) = self.entries.get_mut(id) {
                    entry.checked = Some(std::sync::Arc::clone(&checked));
                }
                answer(replies, Ok(Reply::Checked(checked)));
            }
            Err(problem) => self.fail(Some(id), problem, replies),
        }
    }

    /// The account's provider, if it has the endpoint for this inquiry.
    pub(crate) fn provider_with(
        &self,
        id: &AccountId,
        kind: EndpointKind,
        has: fn(&Provider) -> bool,
    ) -> Result<Rc<Provider>, Problem> {
        let provider = self.entry(id)?.provider()?;
        if has(&provider) { Ok(provider) } else { Err(Problem::NoEndpoint(provider.name.clone(), kind)) }
    }

    /// Starts an inquiry unless the account has one already.
    pub(crate) fn begin_inquiry(&mut self, id: &AccountId, inquiry: Inquiry) -> Result<(), Problem> {
        let unknown = || Problem::UnknownAccount(id.to_string());
        let entry = self.entries.get_mut(id).ok_or_else(unknown)?;
        if entry.inquiry.is_some() {
            return Err(Problem::Busy);
        }
        entry.inquiry = Some(inquiry);
        entry.problem = None;
        self.dirty = true;
        Ok(())
    }

    pub(crate) fn end_inquiry(&mut self, id: &AccountId) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.inquiry = None;
        }
        self.dirty = true;
    }
}

impl Check {
    async fn verdict(&self) -> Result<TokenStatus, Problem> {
        let introspection =
            introspection::introspection(&self.provider, &self.client, &self.grant, &self.fresh);
        let introspection = introspection.map_err(|error| unusable(error).problem)?;
        let first = match introspection {
            Some(request) => {
                let said =
                    self.ask(RequestKind::Introspect, &request, introspection::read_introspection).await;
                Some(said)
            }
            None => None,
        };
        let second = match (&first, introspection::user_info(&self.provider, &self.grant)) {
            // An inactive token can't read userinfo.
            (Some(Ok(verdict)), _) if !verdict.active => None,
            (_, Some(request)) => {
                Some(self.ask(RequestKind::UserInfo, &request, introspection::read_user_info).await)
            }
            (_, None) => None,
        };
        match (first, second) {
            (Some(Ok(first)), Some(Ok(second))) => Ok(first.and(second)),
            // Many servers allow a client only one of the two.
            (Some(Ok(said)), _) | (_, Some(Ok(said))) => Ok(said),
            (Some(Err(problem)), _) | (None, Some(Err(problem))) => Err(problem),
            (None, None) => Err(Problem::NoEndpoint(self.provider.name.clone(), EndpointKind::UserInfo)),
        }
    }

    async fn ask(
        &self,
        kind: RequestKind,
        request: &HttpRequest,
        read: fn(&Provider, &Answer<'_>) -> Result<TokenStatus, TokenError>,
    ) -> Result<TokenStatus, Problem> {
        let secrets = secrets_of(&self.client, Some(&self.grant));
        let sent = self.line.send(kind, request, &secrets).await;
        let sent = sent.map_err(|error| unreachable(error).problem)?;
        let said = if sent.body_too_large {
            Err(TokenError::Flawed { status: sent.status, flaw: AnswerFlaw::TooLarge })
        } else {
            read(&self.provider, &as_answer(&sent))
        };
        let sent = secrets.into_iter().chain(request.proofs());
        said.map_err(|error| answered_no(&self.provider, &request.url, error.without(sent)))
    }
}

/// Maps an error from another endpoint than the token endpoint. It says nothing about how tokens are
/// obtained, so no cause is guessed.
pub(crate) fn answered_no(provider: &Provider, url: &url::Url, error: TokenError) -> Problem {
    match error {
        TokenError::Refused { status, code, description, meaning, retry_at } => Problem::Refused(Refusal {
            provider: provider.name.clone(),
            status,
            code: code.as_deref().map(UntrustedText::new),
            description: description.as_deref().map(UntrustedText::new),
            meaning,
            secrets_place: None,
            grant: None,
            retry_at,
            hints: Box::default(),
        }),
        TokenError::Flawed { status, flaw } => {
            let host = url.host_str().unwrap_or_default().to_owned();
            Problem::BadAnswer(BadAnswer { host, status, kind: flaw })
        }
    }
}
