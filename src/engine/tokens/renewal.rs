//! Obtains a token: with a code, with the refresh token, or by repeating the grant.
//!
//! This runs under the account's lock and rereads the record there, so a token from another process is
//! adopted instead of requested twice. The response is stored and read back before it is shown. A request
//! isn't repeated once a byte of it may have left.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use chrono::TimeDelta;

use super::grant_request::GrantInput;
use super::id_tokens::{self, KeyCache};
use super::refusal_context::Known;
use super::request_journal::{Counted, Mark};
use super::response_mapping;
use super::response_mapping::UnmappedResponse;
use crate::base::clock::Clock;
use crate::base::failpoint::reach;
use crate::base::secret::AuthCode;
use crate::domain::account::{AccountId, Client};
use crate::domain::http_log::record::RequestKind;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::oauth::id_token::IdTokenStatus;
use crate::domain::oauth::token_request;
use crate::domain::oauth::token_request::GrantRequest;
use crate::domain::oauth::token_response;
use crate::domain::oauth::token_response::{AnswerFlaw, TokenError};
use crate::domain::provider::Provider;
use crate::domain::session::{Attempt, Failure, Input, Renewal};
use crate::domain::token::grant::{Grant, TokenFacts};
use crate::engine::account_http::{AccountHttp, as_answer};
use crate::engine::accounts::account_state::{PendingSignIn, TokenPreview, Unsaved};
use crate::engine::error_mapping::{NotObtained, refused, unreachable, unusable};
use crate::engine::event_loop::{Database, Engine, Then, on_disk};
use crate::engine::random;
use crate::engine::secrets::held_locks::HeldLocks;
use crate::engine::secrets::secret_reader::{Party, SecretReader};
use crate::engine::secrets::vault_handle::VaultHandle;
use crate::engine::secrets::vault_selection;
use crate::engine::sign_in::device;
use crate::messages::problem::{Problem, VaultProblem};
use crate::net::http_client::HttpAnswer;
use crate::store::database::InFlight;
use crate::store::home::Home;

struct Obtained {
    grant: Rc<Grant>,
    adopted: bool,
    /// The vault's error if it refused the token.
    unsaved: Option<VaultProblem>,
    verdict: Option<IdTokenStatus>,
}

/// Everything the job needs apart from the engine.
struct Work {
    id: AccountId,
    provider: Rc<Provider>,
    secrets: SecretReader,
    door: VaultHandle,
    line: AccountHttp,
    /// The last response, if the user may have to map it.
    unmapped_response: Cell<Option<UnmappedResponse>>,
    clock: Arc<dyn Clock>,
    home: Home,
    database: Option<Rc<Database>>,
    /// Counts requests whose response isn't stored yet.
    in_flight: Rc<Cell<usize>>,
    held_locks: HeldLocks,
    /// The generation that the session knows.
    seen: u64,
    verdict: Option<IdTokenStatus>,
    keys: KeyCache,
    /// A token that the vault refused; newer than the stored one.
    unsaved: Option<Rc<Grant>>,
    /// Facts that may explain a refusal.
    known: Known,
}

impl Engine {
    /// Exchanges a code (RFC 6749, section 4.1.3).
    pub(crate) fn exchange(&mut self, id: &AccountId, attempt: Attempt, code: AuthCode) {
        self.let_listener_finish(id);
        let pending = self.entries.get_mut(id).and_then(|entry| entry.pending.take());
        let Some(pending) = pending.filter(|pending| pending.attempt == attempt) else { return };
        let verifier = pending.expected.pkce.then_some(pending.verifier);
        let PendingSignIn { redirect_uri, nonce, party, .. } = *pending;
        self.start_renewal(
            id,
            attempt,
            GrantInput::Code { code, redirect_uri, verifier, nonce },
            Some(party),
        );
    }

    /// Polls for a device code (RFC 8628, section 3.4).
    pub(crate) fn poll(&mut self, id: &AccountId, attempt: Attempt) {
        let device = self.entries.get(id).and_then(|entry| entry.device.as_ref());
        if let Some((code, party)) = device.map(|it| (Rc::clone(&it.code), it.party.clone())) {
            self.start_renewal(id, attempt, GrantInput::Device(code), Some(party));
        }
    }

    pub(crate) fn renew(&mut self, id: &AccountId, attempt: Attempt, renewal: Renewal) {
        let how = match renewal {
            Renewal::Refresh => GrantInput::Refresh,
            Renewal::Repeat => GrantInput::Repeat,
        };
        self.start_renewal(id, attempt, how, None);
    }

    /// Starts a request to the party that the sign-in began with, since a code is valid only there; otherwise
    /// to the account's current provider.
    fn start_renewal(
        &mut self,
        id: &AccountId,
        attempt: Attempt,
        how: GrantInput,
        begun_with: Option<Party>,
    ) {
        let Some(entry) = self.entries.get(id) else { return };
        let party = begun_with.map_or_else(|| Party::of(entry), Ok);
        let Party { provider, settings } = match party {
            Ok(party) => party,
            Err(problem) => {
                let not_obtained = NotObtained { failure: Failure::Permanent, problem };
                return self.renewed(id, attempt, Err(not_obtained));
            }
        };
        let work = Work {
            id: id.clone(),
            provider,
            secrets: self.secret_reader(entry).for_settings(settings),
            door: entry.door.clone(),
            line: self.line(id),
            unmapped_response: Cell::default(),
            clock: Arc::clone(&self.deps.clock),
            home: self.deps.home.clone(),
            database: self.database.clone().filter(|_| !entry.ephemeral),
            in_flight: Rc::clone(&self.in_flight),
            held_locks: self.held_locks.clone(),
            seen: entry.session.generation(),
            verdict: entry.session.facts().and_then(|facts| facts.id_token),
            keys: self.issuer_keys.clone(),
            unsaved: entry.unsaved.as_ref().map(|unsaved| Rc::clone(&unsaved.grant)),
            known: Known::of(entry, &self.presets),
        };
        let is_background = !self.askers.values().any(|(account, _)| account == id);
        let gate = is_background.then(|| Rc::clone(&self.background_gate));
        let id = id.clone();
        self.spawn(async move {
            // The gate never closes: it lives as long as the engine.
            let _permit = match &gate {
                Some(gate) => gate.acquire().await.ok(),
                None => None,
            };
            let is_question = matches!(how, GrantInput::Device(_));
            let result = work.obtain(how).await;
            let unmapped_response = work.unmapped_response.take();
            let result = if is_question { result.map_err(device::classify_poll_error) } else { result };
            let then: Then = Box::new(move |engine| {
                engine.lay_open(&id, result.is_ok(), unmapped_response);
                engine.renewed(&id, attempt, result);
            });
            then
        });
    }

    fn renewed(&mut self, id: &AccountId, attempt: Attempt, result: Result<Obtained, NotObtained>) {
        let now = self.deps.clock.now();
        let Some(entry) = self.entries.get_mut(id) else { return };
        let waited = entry.session.told_to_wait();
        let trial = entry.trial.filter(|_| matches!(&result, Ok(obtained) if !obtained.adopted));
        let input = match result {
            Ok(obtained) => {
                entry.trial = None;
                entry.glance = (!self.locked).then(|| TokenPreview::of(&obtained.grant));
                entry.problem = None;
                let mut facts = obtained.grant.facts.clone();
                facts.id_token = obtained.verdict.or(facts.id_token);
                entry.unsaved = obtained.unsaved.map(|problem| Unsaved {
                    grant: obtained.grant,
                    problem,
                    try_at: now + TimeDelta::seconds(5),
                });
                Input::Renewed(attempt, Ok(facts))
            }
            Err(NotObtained { failure: not_yet @ Failure::NotYet { .. }, .. }) => {
                entry.problem = None;
                Input::Renewed(attempt, Err(not_yet))
            }
            Err(NotObtained { failure, problem }) => {
                log::info!("account {id}: no token was obtained");
                entry.problem = Some(problem);
                Input::Renewed(attempt, Err(failure))
            }
        };
        self.step(id, input);
        self.keep_wait(id, waited);
        if let Some(trial) = trial {
            self.keep_client_auth(id, trial.auth);
        }
    }
}

impl Work {
    async fn obtain(&self, how: GrantInput) -> Result<Obtained, NotObtained> {
        let lock = self.held_locks.acquire(&self.home, &self.id).await?;
        vault_selection::still_here(&self.door, self.database.clone(), &self.id).await?;
        let (client, stored) = self.secrets.read().await.map_err(|problem| self.unread(&how, problem))?;
        if matches!(how, GrantInput::Refresh | GrantInput::Repeat)
            && stored.as_ref().is_some_and(|it| it.facts.generation > self.seen)
        {
            let adopted = self.adopt(stored).await?;
            lock.keep(false);
            return Ok(self.looked_at(adopted, &client).await);
        }
        let before = match (&self.unsaved, &stored) {
            (Some(unsaved), _) => Some(unsaved.as_ref()),
            (None, stored) => stored.as_ref(),
        };
        let request = self.request(&how, &client, before)?;
        let counted = Counted::one(&self.in_flight);
        let mark = self.mark(&how, before).await;
        let got = self.ask(&how, &client, before, &request).await;
        if let Err(not_obtained) = &got {
            mark.failed(self.database.clone(), &self.id, not_obtained).await;
        }
        let stored = self.store(got?).await?;
        drop(counted);
        lock.keep(stored.unsaved.is_some());
        Ok(self.looked_at(stored, &client).await)
    }

    /// A code is valid only at the server that issued it, so a changed account can't use it later either.
    fn unread(&self, how: &GrantInput, problem: Problem) -> NotObtained {
        let is_for_another = matches!(problem, Problem::Outdated | Problem::OtherDestination(_));
        match how {
            GrantInput::Code { .. } | GrantInput::Device(_) if is_for_another => {
                log::info!("account {}: a sign-in ended, since the account was changed", self.id);
                NotObtained { failure: Failure::Permanent, problem }
            }
            _ => NotObtained::from(problem),
        }
    }

    /// Checks the ID token after the tokens are stored and the lock is released.
    async fn looked_at(&self, mut obtained: Obtained, client: &Client) -> Obtained {
        let grant = &obtained.grant;
        if grant.facts.id_token == Some(IdTokenStatus::Unchecked) {
            let now = self.clock.now();
            let verdict = self.keys.verdict(&self.line, &self.provider, client, grant, now).await;
            let facts = TokenFacts { id_token: Some(verdict), ..grant.facts.clone() };
            self.cache(facts).await;
            obtained.verdict = Some(verdict);
        }
        obtained
    }

    /// Marks a request whose response can't be obtained twice.
    async fn mark(&self, how: &GrantInput, before: Option<&Grant>) -> Mark {
        let refreshing = match how {
            GrantInput::Code { .. } => false,
            GrantInput::Refresh => true,
            GrantInput::Device(_) | GrantInput::Repeat => return Mark::none(),
        };
        let generation = before.map_or(0, |grant| grant.facts.generation);
        Mark::set(self.database.clone(), &self.id, InFlight { generation, refreshing }).await
    }

    async fn ask(
        &self,
        how: &GrantInput,
        client: &Client,
        before: Option<&Grant>,
        request: &HttpRequest,
    ) -> Result<Grant, NotObtained> {
        reach("renewal: before the request");
        let secrets = how.secrets(client, before);
        let answer = self.send(how, request, &secrets).await?;
        reach("renewal: answer received");
        let read: Result<Grant, TokenError> = if answer.body_too_large {
            Err(TokenError::Flawed { status: answer.status, flaw: AnswerFlaw::TooLarge })
        } else {
            token_response::read(&self.provider, &as_answer(&answer))
        };
        self.unmapped_response.set(response_mapping::unmapped_response(
            &self.provider,
            &answer,
            &secrets,
            &read,
        ));
        let refreshing = matches!(how, GrantInput::Refresh);
        let grant = read.map_err(|error| {
            let error = error.without(secrets.iter().copied().chain(request.proofs()));
            let asked = self.known.asked(&self.provider, how.redirect_uri(), Some(client), answer.sent_at);
            refused(&asked, &error, refreshing)
        })?;
        if let GrantInput::Code { nonce, verifier, .. } = how {
            id_tokens::check_nonce(nonce.as_deref(), verifier.is_some(), &grant)?;
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
        grant.facts.generation = grant.facts.generation.max(self.seen + 1);
        log::info!("account {}: a token was obtained, generation {}", self.id, grant.facts.generation);
        Ok(grant)
    }

    /// A refresh's grant with the values it inherits from the previous one.
    fn refreshed(&self, grant: Grant, before: &Grant) -> Grant {
        let brought = grant.id_token.is_some();
        let mut grant = grant.inheriting_from(before);
        if !brought && grant.id_token.is_some() {
            grant.facts.id_token = self.verdict.or(grant.facts.id_token);
        }
        if self.provider.refresh.life_from_sign_in == Some(true) {
            grant.facts.keep_refresh_end(Some(&before.facts));
        }
        grant
    }

    /// Adopts a token that another process obtained in the meantime.
    async fn adopt(&self, stored: Option<Grant>) -> Result<Obtained, NotObtained> {
        let grant = Rc::new(stored.ok_or_else(NotObtained::needs_sign_in)?);
        self.cache(grant.facts.clone()).await;
        Ok(Obtained { grant, adopted: true, unsaved: None, verdict: None })
    }

    fn request(
        &self,
        how: &GrantInput,
        client: &Client,
        before: Option<&Grant>,
    ) -> Result<HttpRequest, NotObtained> {
        let asking = match how {
            GrantInput::Code { code, redirect_uri, verifier, .. } => {
                GrantRequest::Code { code, redirect_uri, verifier: verifier.as_ref() }
            }
            GrantInput::Device(code) => GrantRequest::DeviceCode { code },
            GrantInput::Refresh => {
                let token = before.and_then(|grant| grant.refresh_token.as_ref());
                GrantRequest::Refresh { token: token.ok_or_else(NotObtained::needs_sign_in)? }
            }
            GrantInput::Repeat => match self.provider.grant {
                GrantType::Password => GrantRequest::Password,
                GrantType::ClientCredentials => GrantRequest::ClientCredentials,
                GrantType::JwtBearer => GrantRequest::JwtBearer,
                GrantType::AuthorizationCode | GrantType::DeviceCode => {
                    return Err(NotObtained::needs_sign_in());
                }
            },
        };
        let fresh = random::fresh(self.clock.as_ref())?;
        token_request::build(&self.provider, client, &asking, &fresh).map_err(unusable)
    }

    async fn send(
        &self,
        how: &GrantInput,
        request: &HttpRequest,
        secrets: &[&str],
    ) -> Result<HttpAnswer, NotObtained> {
        let kind = match how {
            GrantInput::Refresh => RequestKind::Refresh,
            GrantInput::Device(_) => RequestKind::Poll,
            GrantInput::Code { .. } | GrantInput::Repeat => RequestKind::Token,
        };
        let started = self.clock.now();
        let first = self.line.send(kind, request, secrets).await;
        let grace_secs = match how {
            GrantInput::Refresh => self.provider.refresh.retry_grace_secs.unwrap_or(0),
            GrantInput::Code { .. } | GrantInput::Device(_) | GrantInput::Repeat => 0,
        };
        let within_grace = self.clock.now() - started < TimeDelta::seconds(i64::from(grace_secs));
        match first {
            // The provider states that the used refresh token may be sent once more.
            Err(lost) if lost.may_have_been_sent && within_grace => {
                self.line.send(kind, request, secrets).await.map_err(unreachable)
            }
            other => other.map_err(unreachable),
        }
    }

    /// Stores the response before it is shown. Keeps the token in memory if the vault refuses it.
    async fn store(&self, grant: Grant) -> Result<Obtained, NotObtained> {
        let grant = Rc::new(grant);
        match self.door.write_tokens(&self.id, &grant).await {
            Ok(()) => {
                reach("renewal: token stored");
                self.cache(grant.facts.clone()).await;
                reach("renewal: times cached");
                Ok(Obtained { grant, adopted: false, unsaved: None, verdict: None })
            }
            Err(problem) => Ok(Obtained { grant, adopted: false, unsaved: Some(problem), verdict: None }),
        }
    }

    /// Caches the facts in the database. A failure only costs a later read.
    async fn cache(&self, facts: TokenFacts) {
        if self.database.is_some() {
            let id = self.id.clone();
            let cached =
                on_disk(self.database.clone(), move |accounts| accounts.put_facts(&id, &facts)).await;
            if cached.is_err() {
                log::warn!("account {}: the token's times could not be cached", self.id);
            }
        }
    }
}
