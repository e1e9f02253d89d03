//! Sign-ins: with the browser (RFC 6749, section 4.1) and with a device code (RFC 8628).
//!
//! The listener is bound before the sign-in link is built and the browser opened.

use std::sync::Arc;

use super::Engine;
use super::job_done::JobDone;
use crate::base::secret::PastedReturn;
use crate::domain::account::{AccountId, Settings};
use crate::domain::oauth::callback;
use crate::domain::oauth::callback::CallbackError;
use crate::domain::oauth::device::DeviceAuthorization;
use crate::domain::oauth::discovery::{DiscoveredServer, Wanted};
use crate::domain::provider::spec::ClientAuth;
use crate::domain::session::{Attempt, Input, Phase};
use crate::engine::accounts::account_state::AccountState;
use crate::engine::error_mapping::callback_problem;
use crate::engine::publishing::outbox::{Replies, answer};
use crate::engine::secrets::secret_reader::Party;
use crate::engine::sign_in::authorization::{AuthorizationJob, Prepared};
use crate::engine::sign_in::device::DeviceJob;
use crate::engine::sign_in::discovery::DiscoveryJob;
use crate::engine::sign_in::par::Pusher;
use crate::engine::sign_in::redirect_port::redirect_problem;
use crate::engine::sign_in::sign_ins::Callback;
use crate::engine::tokens::refusal_context::Known;
use crate::engine::waiters::Waiter;
use crate::messages::event::{Event, Reply};
use crate::messages::problem::{Hints, Problem, SignInProblem, UntrustedText};

/// Starting.
impl Engine {
    /// Binds the listener, then builds the sign-in link.
    pub(super) fn listen(&mut self, id: &AccountId, attempt: Attempt) {
        self.accounts.update(id, AccountState::clear_problem);
        let reserved = self.sign_ins.take_reserved(id);
        let Some(entry) = self.accounts.get(id) else { return };
        let known = Known::of(entry, &self.providers.presets());
        let job = AuthorizationJob {
            reserved,
            party: entry.party(),
            secrets: self.secret_reader(entry),
            pusher: Pusher { http: self.account_http(id), clock: Arc::clone(&self.clock), known },
            port: self.settings.preferences().redirect_port,
            attempts: self.sign_ins.release_ports(),
        };
        let id = id.clone();
        self.spawn(async move {
            JobDone::SignInPrepared { id, attempt, prepared: job.run().await.map(Box::new) }
        });
    }

    pub(super) fn sign_in_prepared(
        &mut self,
        id: &AccountId,
        attempt: Attempt,
        prepared: Result<Box<Prepared>, Problem>,
    ) {
        let prepared = match prepared {
            Ok(prepared) => *prepared,
            Err(problem) => return self.not_started(id, attempt, problem),
        };
        self.step(id, Input::Waiting(attempt));
        // A sign-in that was cancelled drops the listener, which closes it.
        if !self.is_awaiting(id, attempt, |phase| matches!(phase, Phase::AwaitingBrowser { .. })) {
            return;
        }
        let address = Box::new(prepared.link().clone());
        let shown = self.sign_ins.wait_for_browser(id, attempt, prepared, self.clock.now());
        let redirect_uri = shown.redirect_uri.clone();
        self.accounts.update(id, |entry| entry.show_awaiting(shown));
        self.emit(Event::SignInStarted(id.clone()));
        for replies in self.waiters.callers(id) {
            let redirect_uri = redirect_uri.clone();
            replies.answer(Ok(Reply::Waiting { address: address.clone(), redirect_uri }));
        }
        if self.sign_ins.opens_browser(id) {
            self.open_browser(id);
        }
    }

    fn not_started(&mut self, id: &AccountId, attempt: Attempt, problem: Problem) {
        self.set_problem(id, problem);
        self.step(id, Input::NotStarted(attempt));
    }

    fn is_awaiting(&self, id: &AccountId, attempt: Attempt, is_meant: fn(Phase) -> bool) -> bool {
        let session = self.accounts.get(id).map(AccountState::session);
        session.is_some_and(|session| session.attempt() == attempt && is_meant(session.phase()))
    }

    /// Requests a device code (RFC 8628, section 3.1).
    pub(super) fn request_device_code(&mut self, id: &AccountId, attempt: Attempt) {
        self.accounts.update(id, AccountState::clear_problem);
        let Some(entry) = self.accounts.get(id) else { return };
        let job = DeviceJob {
            party: entry.party(),
            secrets: self.secret_reader(entry),
            http: self.account_http(id),
            clock: Arc::clone(&self.clock),
            known: Known::of(entry, &self.providers.presets()),
        };
        let id = id.clone();
        self.spawn(async move { JobDone::CodeGiven { id, attempt, given: job.run().await.map(Box::new) } });
    }

    pub(super) fn code_given(
        &mut self,
        id: &AccountId,
        attempt: Attempt,
        given: Result<Box<(Party, DeviceAuthorization)>, Problem>,
    ) {
        let (party, given) = match given {
            Ok(given) => *given,
            Err(problem) => return self.not_started(id, attempt, problem),
        };
        self.step(id, Input::CodeGiven(attempt, given.polling));
        if !self.is_awaiting(id, attempt, |phase| matches!(phase, Phase::AwaitingDevice(_))) {
            return;
        }
        let shown = self.sign_ins.wait_for_device(id, party, given);
        self.accounts.update(id, |entry| entry.show_device_code(shown.clone()));
        self.emit(Event::SignInStarted(id.clone()));
        for replies in self.waiters.callers(id) {
            replies.answer(Ok(Reply::CodeGiven(Box::new(shown.clone()))));
        }
    }

    /// Sends the same credentials with another client authentication, once. One that works is saved; one
    /// that fails leaves the account unchanged.
    pub(super) fn try_client_auth(
        &mut self,
        id: &AccountId,
        auth: ClientAuth,
        open_browser: bool,
        replies: Replies,
    ) {
        let session = match self.accounts.require(id) {
            Ok(entry) => entry.session(),
            Err(problem) => return self.fail(None, problem, replies),
        };
        if matches!(session.phase(), Phase::Exchanging | Phase::Refreshing) {
            return self.fail(None, Problem::Busy, replies);
        }
        let can_refresh =
            session.facts().is_some_and(|facts| facts.has_refresh_token) && !session.refresh_refused();
        self.sign_ins.set_opens_browser(id, open_browser);
        let waiter = match replies {
            Some(replies) => Waiter::Caller { replies, wants_token: None },
            None => Waiter::Window { signing_in: !can_refresh },
        };
        let request = self.waiters.register(id.clone(), waiter);
        self.accounts.update(id, |entry| entry.begin_trial(request, auth));
        self.step(id, if can_refresh { Input::Renew(request) } else { Input::SignIn(request) });
    }
}

/// The user's part.
impl Engine {
    pub(super) fn called_back(&mut self, callback: Callback) {
        let Callback { account, attempt, result } = callback;
        match result {
            Ok(returned) => self.step(&account, Input::Returned(attempt, returned)),
            Err(error) => self.callback_refused(&account, attempt, error),
        }
    }

    fn callback_refused(&mut self, id: &AccountId, attempt: Attempt, error: CallbackError) {
        if self.sign_ins.pending(id).is_none_or(|pending| pending.attempt != attempt) {
            return;
        }
        let problem = Problem::SignIn(callback_problem(error));
        match error {
            // A forged or stray callback must neither end a sign-in nor raise an alarm.
            CallbackError::NoReply | CallbackError::BareCode => {}
            CallbackError::StateMismatch | CallbackError::TooLong => self.fail(Some(id), problem, None),
            CallbackError::WrongIssuer | CallbackError::Contradictory => {
                self.set_problem(id, problem);
                self.sign_ins.close_listener_soon(id);
                self.step(id, Input::Aborted(attempt));
            }
        }
    }

    pub(super) fn pasted(&mut self, id: &AccountId, text: &PastedReturn, replies: Replies) {
        let pending = self.sign_ins.pending(id);
        let Some((attempt, expected)) = pending.map(|it| (it.attempt, Arc::clone(&it.expected))) else {
            return self.fail(Some(id), Problem::SignIn(SignInProblem::TimedOut), replies);
        };
        match callback::read_pasted(&expected, text.expose()) {
            Ok(returned) => {
                self.sign_ins.close_listener(id);
                self.step(id, Input::Returned(attempt, returned));
                answer(replies, Ok(Reply::Done));
            }
            Err(error) => {
                self.fail(Some(id), Problem::SignIn(callback_problem(error)), replies);
                if matches!(error, CallbackError::WrongIssuer | CallbackError::Contradictory) {
                    self.step(id, Input::Aborted(attempt));
                }
            }
        }
    }

    /// Ends a sign-in's listener and drops its codes.
    pub(super) fn stop_waiting(&mut self, id: &AccountId) {
        self.sign_ins.stop(id);
        self.accounts.update(id, AccountState::hide_sign_in);
    }

    /// Handles an error response from the authorization endpoint (RFC 6749, section 4.1.2.1).
    pub(super) fn denied(&mut self, id: &AccountId, code: &str, description: Option<&str>) {
        let sent = self.sign_ins.take_pending(id).map(|pending| pending.redirect_uri);
        let Some(entry) = self.accounts.get(id) else { return };
        let known = Known::of(entry, &self.providers.presets());
        let hints = entry.provider().map_or_else(
            |_| Hints::default(),
            |provider| {
                let asked = known.asked(&provider, sent.as_deref(), None, self.clock.now());
                Hints::of(&asked, 0, Some(code), description)
            },
        );
        let (code, description) = (UntrustedText::new(code), description.map(UntrustedText::new));
        let hints = Box::new(hints);
        self.set_problem(id, Problem::SignIn(SignInProblem::Denied { code, description, hints }));
    }
}

/// Before a sign-in.
impl Engine {
    /// Finds the endpoints for an account that is being set up.
    pub(super) fn discover(&mut self, settings: &Settings, replies: Replies) {
        let wanted = match Wanted::of(&self.providers.presets(), settings) {
            Ok(wanted) => wanted,
            Err(error) => return self.fail(None, Problem::Settings(error), replies),
        };
        let issuer = wanted.issuer.as_str().to_owned();
        let job = DiscoveryJob { wanted, network: self.network(), clock: Arc::clone(&self.clock) };
        self.spawn(async move { JobDone::Discovered { issuer, found: job.run().await, replies } });
    }

    pub(super) fn discovered(
        &mut self,
        issuer: String,
        found: Result<DiscoveredServer, Problem>,
        replies: Replies,
    ) {
        match replies {
            Some(replies) => replies.answer(found.map(|found| Reply::Discovered(Box::new(found)))),
            None => self.emit(Event::Discovered { issuer, found: Box::new(found) }),
        }
    }

    /// Tries to bind the redirect URI and reports the result to the window.
    pub(super) fn check_redirect(&mut self, redirect_uri: String, replies: Replies) {
        let problem = redirect_problem(&self.sign_ins, &redirect_uri);
        match replies {
            Some(replies) => {
                replies.answer(problem.map_or(Ok(Reply::Done), |problem| Err(Problem::SignIn(problem))));
            }
            None => self.emit(Event::RedirectChecked { redirect_uri, problem }),
        }
    }
}
