//! Obtains a token: with a code, with the refresh token, or by repeating the grant.
//!
//! This runs under the account's lock and rereads the record there, so a token from another process is
//! adopted instead of requested twice. The response is stored and read back before it is shown. A request
//! isn't repeated once a byte of it may have left.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::Semaphore;

use super::grant_request::GrantInput;
use super::id_tokens::{self, KeyCache};
use super::refusal_context::Known;
use super::request_journal::{Counted, Mark};
use crate::base::clock::Clock;
use crate::base::failpoint::reach;
use crate::domain::account::{AccountId, Client};
use crate::domain::http_log::record::RequestKind;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::oauth::id_token::IdTokenStatus;
use crate::domain::oauth::token_request;
use crate::domain::oauth::token_request::GrantRequest;
use crate::domain::oauth::token_response;
use crate::domain::provider::Provider;
use crate::domain::session::Failure;
use crate::domain::token::grant::{Grant, TokenFacts};
use crate::engine::account_http::{AccountHttp, AccountResponse};
use crate::engine::accounts::account_state::NewToken;
use crate::engine::accounts::unmapped_response::UnmappedResponse;
use crate::engine::database::Database;
use crate::engine::error_mapping::{NotObtained, refused, unreachable, unusable};
use crate::engine::random;
use crate::engine::secrets::account_store::AccountStore;
use crate::engine::secrets::secret_reader::SecretReader;
use crate::engine::sign_in::device;
use crate::messages::problem::{Problem, VaultProblem};
use crate::store::database::InFlight;

/// Automatic refreshes at the same time.
const BACKGROUND: usize = 4;

/// Token requests under way, and the limit on automatic ones.
pub(crate) struct Tokens {
    /// Requests whose response isn't stored yet.
    in_flight: Rc<Cell<usize>>,
    background: Rc<Semaphore>,
    issuer_keys: KeyCache,
}

impl Tokens {
    pub(crate) fn new() -> Self {
        Self {
            in_flight: Rc::default(),
            background: Rc::new(Semaphore::new(BACKGROUND)),
            issuer_keys: KeyCache::default(),
        }
    }

    /// Whether the response to a request isn't stored yet.
    pub(crate) fn has_request_in_flight(&self) -> bool {
        self.in_flight.get() > 0
    }

    /// Obtains a token. A background request waits until fewer than [`BACKGROUND`] others run.
    pub(crate) fn obtain(
        &self,
        job: TokenJob,
        input: GrantInput,
        is_background: bool,
    ) -> impl Future<Output = TokenResult> + 'static {
        let gate = is_background.then(|| Rc::clone(&self.background));
        let work = Work {
            job,
            in_flight: Rc::clone(&self.in_flight),
            keys: self.issuer_keys.clone(),
            unmapped_response: Cell::default(),
        };
        async move {
            // The gate never closes: it lives as long as the engine.
            let _permit = match &gate {
                Some(gate) => gate.acquire().await.ok(),
                None => None,
            };
            let is_poll = matches!(input, GrantInput::Device(_));
            let token = work.obtain(input).await;
            let token = if is_poll { token.map_err(device::classify_poll_error) } else { token };
            TokenResult { token, unmapped_response: work.unmapped_response.take() }
        }
    }
}

/// The result of a token request.
pub(crate) struct TokenResult {
    pub(crate) token: Result<NewToken, NotObtained>,
    /// The response, if the user may have to map it.
    pub(crate) unmapped_response: Option<UnmappedResponse>,
}

/// What a token request needs of its account.
pub(crate) struct TokenJob {
    pub(crate) id: AccountId,
    pub(crate) provider: Rc<Provider>,
    pub(crate) secrets: SecretReader,
    pub(crate) store: AccountStore,
    pub(crate) database: Database,
    pub(crate) http: AccountHttp,
    pub(crate) clock: Arc<dyn Clock>,
    /// The generation that the session knows.
    pub(crate) seen: u64,
    /// The result of the last ID token check.
    pub(crate) id_token: Option<IdTokenStatus>,
    /// A token that the vault refused; newer than the stored one.
    pub(crate) unsaved: Option<Rc<Grant>>,
    /// Facts that may explain a refusal.
    pub(crate) known: Known,
}

pub(super) struct Work {
    pub(super) job: TokenJob,
    pub(super) in_flight: Rc<Cell<usize>>,
    keys: KeyCache,
    /// The last response, if the user may have to map it.
    unmapped_response: Cell<Option<UnmappedResponse>>,
}

impl Work {
    async fn obtain(&self, input: GrantInput) -> Result<NewToken, NotObtained> {
        let lock = self.job.store.lock(&self.job.id).await?;
        if let Some(team) = self.job.store.team().cloned() {
            return Box::pin(self.obtain_for_team(input, team, lock)).await;
        }
        self.job.store.check_vault(&self.job.id).await?;
        let (client, stored) =
            self.job.secrets.read().await.map_err(|problem| self.unread(&input, problem))?;
        if matches!(input, GrantInput::Refresh | GrantInput::Repeat)
            && stored.as_ref().is_some_and(|it| it.facts.generation > self.job.seen)
        {
            let adopted = self.adopt(stored).await?;
            lock.keep(false);
            return Ok(self.check_id_token(adopted, &client).await);
        }
        let before = match (&self.job.unsaved, &stored) {
            (Some(unsaved), _) => Some(unsaved.as_ref()),
            (None, stored) => stored.as_ref(),
        };
        let request = self.request(&input, &client, before)?;
        let counted = Counted::one(&self.in_flight);
        let mark = self.mark(&input, before).await;
        let got = self.request_token(&input, &client, before, &request).await;
        if let Err(not_obtained) = &got {
            mark.failed(&self.job.store, &self.job.id, not_obtained).await;
        }
        let stored = self.store(got?).await;
        drop(counted);
        lock.keep(stored.unsaved.is_some());
        Ok(self.check_id_token(stored, &client).await)
    }

    /// A code is valid only at the server that issued it, so a changed account can't use it later either.
    pub(super) fn unread(&self, input: &GrantInput, problem: Problem) -> NotObtained {
        let is_for_another = matches!(problem, Problem::Outdated | Problem::OtherDestination(_));
        match input {
            GrantInput::Code { .. } | GrantInput::Device(_) if is_for_another => {
                log::info!("account {}: a sign-in ended, since the account was changed", self.job.id);
                NotObtained { failure: Failure::Permanent, problem }
            }
            _ => NotObtained::from(problem),
        }
    }

    /// Checks the ID token after the tokens are stored and the lock is released.
    pub(super) async fn check_id_token(&self, mut token: NewToken, client: &Client) -> NewToken {
        let grant = &token.grant;
        if grant.facts.id_token == Some(IdTokenStatus::Unchecked) {
            let now = self.job.clock.now();
            let status = self.keys.check(&self.job.http, &self.job.provider, client, grant, now).await;
            token.facts = TokenFacts { id_token: Some(status), ..grant.facts.clone() };
            self.cache(token.facts.clone()).await;
        }
        token
    }

    /// Marks a request whose response can't be obtained twice.
    async fn mark(&self, input: &GrantInput, before: Option<&Grant>) -> Mark {
        let refreshing = match input {
            GrantInput::Code { .. } => false,
            GrantInput::Refresh => true,
            GrantInput::Device(_) | GrantInput::Repeat => return Mark::none(),
        };
        let generation = before.map_or(0, |grant| grant.facts.generation);
        Mark::set(&self.job.store, &self.job.id, InFlight { generation, refreshing }).await
    }

    pub(super) async fn request_token(
        &self,
        input: &GrantInput,
        client: &Client,
        before: Option<&Grant>,
        request: &HttpRequest,
    ) -> Result<Grant, NotObtained> {
        reach("renewal: before the request");
        let secrets = input.secrets(client, before);
        let response = self.send(input, request, &secrets).await?;
        reach("renewal: answer received");
        let answer = response.answer();
        let read = token_response::read(&self.job.provider, &answer);
        let unmapped = UnmappedResponse::of(&self.job.provider, &answer, &secrets, &read);
        self.unmapped_response.set(unmapped);
        let refreshing = matches!(input, GrantInput::Refresh);
        let mut grant = read.map_err(|error| {
            let error = error.without(secrets.iter().copied().chain(request.proofs()));
            let asked =
                self.job.known.asked(&self.job.provider, input.redirect_uri(), Some(client), answer.sent_at);
            refused(&asked, &error, refreshing)
        })?;
        if let GrantInput::Code { nonce, verifier, facts, .. } = input {
            id_tokens::check_nonce(nonce.as_deref(), verifier.is_some(), &grant)?;
            for (name, value) in facts {
                grant.facts.kept.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        let grant = grant.following(before);
        let mut grant = match before {
            Some(before) if refreshing => {
                id_tokens::check_subject(before, &grant)?;
                self.refreshed(grant, before)
            }
            _ => grant,
        };
        // Generations only rise, even if the vault's record went missing.
        grant.facts.generation = grant.facts.generation.max(self.job.seen + 1);
        log::info!("account {}: a token was obtained, generation {}", self.job.id, grant.facts.generation);
        Ok(grant)
    }

    /// A refresh's grant with the values it inherits from the previous one.
    fn refreshed(&self, grant: Grant, before: &Grant) -> Grant {
        let brought = grant.id_token.is_some();
        let mut grant = grant.inheriting_from(before);
        if !brought && grant.id_token.is_some() {
            grant.facts.id_token = self.job.id_token.or(grant.facts.id_token);
        }
        if self.job.provider.refresh.life_from_sign_in == Some(true) {
            grant.facts.keep_refresh_end(Some(&before.facts));
        }
        grant
    }

    /// Adopts a token that another process obtained in the meantime.
    pub(super) async fn adopt(&self, stored: Option<Grant>) -> Result<NewToken, NotObtained> {
        let grant = Rc::new(stored.ok_or_else(NotObtained::needs_sign_in)?);
        self.cache(grant.facts.clone()).await;
        Ok(NewToken { facts: grant.facts.clone(), grant, unsaved: None, adopted: true })
    }

    pub(super) fn request(
        &self,
        input: &GrantInput,
        client: &Client,
        before: Option<&Grant>,
    ) -> Result<HttpRequest, NotObtained> {
        let grant_request = match input {
            GrantInput::Code { code, redirect_uri, verifier, .. } => {
                GrantRequest::Code { code, redirect_uri, verifier: verifier.as_ref() }
            }
            GrantInput::Device(code) => GrantRequest::DeviceCode { code },
            GrantInput::Refresh => {
                let token = before.and_then(|grant| grant.refresh_token.as_ref());
                GrantRequest::Refresh { token: token.ok_or_else(NotObtained::needs_sign_in)? }
            }
            GrantInput::Repeat => match self.job.provider.grant {
                GrantType::Password => GrantRequest::Password,
                GrantType::ClientCredentials => GrantRequest::ClientCredentials,
                GrantType::JwtBearer => GrantRequest::JwtBearer,
                GrantType::Login => GrantRequest::Login,
                GrantType::AuthorizationCode
                | GrantType::DeviceCode
                | GrantType::ApiKey
                | GrantType::Basic => return Err(NotObtained::needs_sign_in()),
            },
        };
        let fresh = random::fresh(self.job.clock.as_ref())?;
        token_request::build(&self.job.provider, client, &grant_request, &fresh).map_err(unusable)
    }

    async fn send(
        &self,
        input: &GrantInput,
        request: &HttpRequest,
        secrets: &[&str],
    ) -> Result<AccountResponse, NotObtained> {
        let kind = match input {
            GrantInput::Refresh => RequestKind::Refresh,
            GrantInput::Device(_) => RequestKind::Poll,
            GrantInput::Code { .. } | GrantInput::Repeat => RequestKind::Token,
        };
        let started = self.job.clock.now();
        let first = self.job.http.send(kind, request, secrets).await;
        let grace_secs = match input {
            GrantInput::Refresh => self.job.provider.refresh.retry_grace_secs.unwrap_or(0),
            GrantInput::Code { .. } | GrantInput::Device(_) | GrantInput::Repeat => 0,
        };
        let within_grace = self.job.clock.now() - started < TimeDelta::seconds(i64::from(grace_secs));
        match first {
            // The provider states that the used refresh token may be sent once more.
            Err(lost) if lost.may_have_been_sent && within_grace => {
                self.job.http.send(kind, request, secrets).await.map_err(unreachable)
            }
            other => other.map_err(unreachable),
        }
    }

    /// Stores the response before it is shown. Keeps the token in memory if the vault refuses it.
    async fn store(&self, grant: Grant) -> NewToken {
        let unsaved: Option<VaultProblem> = self.job.store.write_tokens(&self.job.id, &grant).await.err();
        if unsaved.is_none() {
            reach("renewal: token stored");
            self.cache(grant.facts.clone()).await;
            reach("renewal: times cached");
        }
        NewToken { facts: grant.facts.clone(), grant: Rc::new(grant), unsaved, adopted: false }
    }

    async fn cache(&self, facts: TokenFacts) {
        self.job.store.cache_facts(&self.job.id, facts).await;
    }
}
