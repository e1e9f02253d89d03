//! The browser sign-in, from the listener to the callback.
//!
//! The listener is bound before the sign-in link is built and the browser opened. The first valid callback
//! wins, from the browser or the paste box.

pub(crate) mod device;
pub(crate) mod discovery;
pub(crate) mod par;
pub(crate) mod redirect_port;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;

use super::accounts::account_state::{AccountState, PendingSignIn};
use super::error_mapping::{bind_problem, callback_problem};
use super::event_loop::{BrowserReply, Engine, Replies, Then, answer};
use super::secrets::secret_reader::Party;
use super::tokens::refusal_context::Known;
use super::{event_loop, random};
use crate::base::secret::PastedReturn;
use crate::domain::account::{AccountId, Client};
use crate::domain::oauth::authorize::{
    AuthorizationRequest, asks_for_id_token, authorization_address, state_from_random,
};
use crate::domain::oauth::callback;
use crate::domain::oauth::callback::{CallbackError, Expected};
use crate::domain::oauth::pkce::Pkce;
use crate::domain::oauth::redirect_uri::{LoopbackRedirect, RedirectUri};
use crate::domain::provider::Provider;
use crate::domain::session::{Attempt, Input, Phase};
use crate::messages::event::{Event, Reply};
use crate::messages::problem::{Problem, SignInProblem};
use crate::net::redirect_listener::{CallbackDecision, Listener};
use crate::platform::browser::open_in;
use par::Pusher;

/// Time for a refusal page to reach the browser before the listener closes.
const LAST_PAGE: Duration = Duration::from_millis(600);

/// Pause between attempts to bind a port that an earlier listener may still hold.
const PAUSE: Duration = Duration::from_millis(20);

struct Prepared {
    party: Party,
    listener: Option<Listener>,
    redirect_uri: String,
    address: url::Url,
    pkce: Pkce,
    nonce: Option<String>,
    expected: Expected,
}

impl Engine {
    /// Records whether the account's next sign-in opens a browser.
    pub(crate) fn open_browser_for(&mut self, id: &AccountId, open: bool) {
        if open {
            self.without_browser.remove(id);
        } else {
            self.without_browser.insert(id.clone());
        }
    }

    /// Binds the listener, then builds the sign-in link.
    pub(crate) fn listen(&mut self, id: &AccountId, attempt: Attempt) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        entry.problem = None;
        let party = Party::of(entry);
        let known = Known::of(entry, &self.presets);
        let Some(secrets) = self.entries.get(id).map(|entry| self.secret_reader(entry)) else { return };
        let pusher = Pusher { line: self.line(id), clock: Arc::clone(&self.deps.clock), known };
        let port = self.preferences.redirect_port;
        // This sign-in may need the port of an earlier one.
        let finishing = std::mem::take(&mut self.finishing);
        let patience = if finishing.iter().any(|listener| !listener.is_finished()) { 10 } else { 1 };
        for listener in finishing {
            listener.abort();
        }
        let id = id.clone();
        self.spawn(async move {
            let prepared = async {
                let party = party?;
                let listener = match party.provider.redirect_uri.preferring(port) {
                    RedirectUri::Loopback(loopback) => Some(bind(&loopback, patience).await?),
                    RedirectUri::Pasted(_) => None,
                };
                let client = secrets.client().await?;
                prepare(party, &client, listener, &pusher).await
            };
            let prepared: Result<Prepared, Problem> = prepared.await;
            let then: Then = Box::new(move |engine| engine.prepared(&id, attempt, prepared));
            then
        });
    }

    fn prepared(&mut self, id: &AccountId, attempt: Attempt, prepared: Result<Prepared, Problem>) {
        let now = self.deps.clock.now();
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(problem) => {
                self.note(id, problem);
                return self.step(id, Input::NotStarted(attempt));
            }
        };
        self.step(id, Input::Waiting(attempt));
        let waits = |entry: &AccountState| {
            entry.session.attempt() == attempt
                && matches!(entry.session.phase(), Phase::AwaitingBrowser { .. })
        };
        if !self.entries.get(id).is_some_and(waits) {
            // The sign-in was cancelled; dropping the listener closes it.
            return;
        }
        let expected = Arc::new(prepared.expected);
        while self.listeners.try_join_next().is_some() {}
        let listener = prepared.listener.map(|listener| {
            let judge = self.judge(id.clone(), attempt, Arc::clone(&expected));
            let too_long = self.too_long(id.clone(), attempt);
            self.listeners.spawn_local(listener.serve(judge, too_long))
        });
        let redirect_uri = prepared.redirect_uri;
        let pending = PendingSignIn {
            attempt,
            party: prepared.party,
            expected,
            verifier: prepared.pkce.verifier,
            nonce: prepared.nonce,
            address: prepared.address.clone(),
            redirect_uri: redirect_uri.clone(),
            since: now,
            browser_opened: false,
            listener,
        };
        if let Some(entry) = self.entries.get_mut(id) {
            entry.pending = Some(Box::new(pending));
        }
        self.tell(Event::SignInStarted(id.clone()));
        for (account, asker) in self.askers.values() {
            if let (true, event_loop::Waiter::Caller { replies, .. }) = (account == id, asker) {
                let (address, redirect_uri) = (Box::new(prepared.address.clone()), redirect_uri.clone());
                answer(Some(replies.clone()), Ok(Reply::Waiting { address, redirect_uri }));
            }
        }
        if !self.without_browser.contains(id) {
            self.open_browser(id);
        }
    }

    /// Judges each callback on the listener's side and passes on the first valid one.
    fn judge(
        &self,
        account: AccountId,
        attempt: Attempt,
        expected: Arc<Expected>,
    ) -> impl Fn(&str) -> CallbackDecision + Send + Sync + 'static {
        let replies = self.browser_replies.clone();
        move |query| {
            let result = callback::read_query(&expected, query);
            let verdict = if result.is_ok() { CallbackDecision::Taken } else { CallbackDecision::Refused };
            let reply = BrowserReply { account: account.clone(), attempt, result };
            // With a full queue the callback is lost, so the page refers the user to the window.
            match replies.try_send(reply) {
                Ok(()) => verdict,
                Err(_) => CallbackDecision::Refused,
            }
        }
    }

    fn too_long(&self, account: AccountId, attempt: Attempt) -> impl Fn() + Send + Sync + 'static {
        let replies = self.browser_replies.clone();
        move || {
            let result = Err(CallbackError::TooLong);
            // With a full queue, only the browser's page reports it.
            let _ = replies.try_send(BrowserReply { account: account.clone(), attempt, result });
        }
    }

    pub(crate) fn browser_replied(&mut self, reply: BrowserReply) {
        let BrowserReply { account, attempt, result } = reply;
        match result {
            Ok(returned) => self.step(&account, Input::Returned(attempt, returned)),
            Err(error) => self.turned_away(&account, attempt, error),
        }
    }

    fn turned_away(&mut self, id: &AccountId, attempt: Attempt, error: CallbackError) {
        let current = |entry: &AccountState| entry.pending.as_ref().is_some_and(|it| it.attempt == attempt);
        if !self.entries.get(id).is_some_and(current) {
            return;
        }
        let problem = Problem::SignIn(callback_problem(error));
        match error {
            // A forged or stray callback must neither end a sign-in nor raise an alarm.
            CallbackError::NoReply | CallbackError::BareCode => {}
            CallbackError::StateMismatch | CallbackError::TooLong => {
                self.note(id, problem.clone());
                self.tell(Event::Problem { account: Some(id.clone()), problem });
            }
            CallbackError::WrongIssuer | CallbackError::Contradictory => {
                self.note(id, problem);
                self.close_listener_soon(id);
                self.step(id, Input::Aborted(attempt));
            }
        }
    }

    pub(crate) fn pasted(&mut self, id: &AccountId, text: &PastedReturn, replies: Replies) {
        let pending = self.entries.get(id).and_then(|entry| entry.pending.as_ref());
        let Some((attempt, expected)) = pending.map(|it| (it.attempt, Arc::clone(&it.expected))) else {
            return self.fail(Some(id), Problem::SignIn(SignInProblem::TimedOut), replies);
        };
        match callback::read_pasted(&expected, text.expose()) {
            Ok(returned) => {
                self.close_listener(id);
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

    /// Opens the sign-in link on a thread of its own, since starting a browser may block.
    pub(crate) fn open_browser(&mut self, id: &AccountId) {
        let Some(entry) = self.entries.get(id) else { return };
        let (pending, device) = (entry.pending.as_ref(), entry.device.as_ref());
        let address = pending.map(|it| &it.address).or(device.map(|it| &it.address));
        let (attempt, Some(address)) = (entry.session.attempt(), address.cloned()) else { return };
        let (browser, program) = (Arc::clone(&self.deps.browser), self.browser_program());
        let id = id.clone();
        self.spawn(async move {
            let (program, problem) = match program.await {
                Ok(program) => (program, None),
                Err(problem) => (None, Some(problem)),
            };
            let opened = tokio::task::spawn_blocking(move || match program {
                Some(program) => open_in(&program, &address),
                None => browser.open(&address),
            });
            let opened = opened.await;
            let opened = opened.is_ok_and(|opened| opened.is_ok());
            let then: Then = Box::new(move |engine| {
                engine.browser_opened(&id, attempt, opened);
                if let Some(problem) = problem {
                    engine.browser_not_confirmed(problem);
                }
            });
            then
        });
    }

    fn browser_opened(&mut self, id: &AccountId, attempt: Attempt, opened: bool) {
        let Some(entry) = self.entries.get_mut(id) else { return };
        if entry.session.attempt() != attempt || (entry.pending.is_none() && entry.device.is_none()) {
            return;
        }
        if let Some(pending) = &mut entry.pending {
            pending.browser_opened = opened;
        }
        self.dirty = true;
        if !opened {
            let problem = Problem::SignIn(SignInProblem::NoBrowser);
            self.note(id, problem.clone());
            self.tell(Event::Problem { account: Some(id.clone()), problem });
        }
    }

    /// Closes a sign-in's listener at once, since the next sign-in may need its port, and drops its device
    /// code.
    pub(crate) fn stop_waiting(&mut self, id: &AccountId) {
        self.close_listener(id);
        if let Some(entry) = self.entries.get_mut(id) {
            entry.pending = None;
            entry.device = None;
        }
    }

    /// Lets a listener that has its callback deliver the page.
    pub(crate) fn let_listener_finish(&mut self, id: &AccountId) {
        self.finishing.retain(|listener| !listener.is_finished());
        let listener = self.take_listener(id);
        self.finishing.extend(listener);
    }

    fn close_listener(&mut self, id: &AccountId) {
        if let Some(listener) = self.take_listener(id) {
            listener.abort();
        }
    }

    /// Closes a sign-in's listener after [`LAST_PAGE`].
    fn close_listener_soon(&mut self, id: &AccountId) {
        if let Some(listener) = self.take_listener(id) {
            tokio::task::spawn_local(async move {
                tokio::time::sleep(LAST_PAGE).await;
                listener.abort();
            });
        }
    }

    fn take_listener(&mut self, id: &AccountId) -> Option<AbortHandle> {
        let pending = self.entries.get_mut(id).and_then(|entry| entry.pending.as_mut());
        pending.and_then(|pending| pending.listener.take())
    }
}

/// Binds the listener. Retries while an earlier listener of this process closes.
async fn bind(redirect: &LoopbackRedirect, patience: u32) -> Result<Listener, Problem> {
    for _ in 1..patience {
        if let Ok(listener) = Listener::bind(redirect) {
            return Ok(listener);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Listener::bind(redirect).map_err(|error| bind_problem(error, redirect))
}

async fn prepare(
    party: Party,
    client: &Client,
    listener: Option<Listener>,
    pusher: &Pusher,
) -> Result<Prepared, Problem> {
    let provider: &Provider = &party.provider;
    let pkce = Pkce::from_random(random::bytes()?);
    let state = state_from_random(random::bytes()?);
    let nonce = asks_for_id_token(provider).then(random::bytes).transpose()?.map(state_from_random);
    let redirect_uri = match &listener {
        Some(listener) => listener.redirect_uri(),
        None => provider.redirect_uri.to_string(),
    };
    let request = AuthorizationRequest {
        client_id: &client.client_id,
        redirect_uri: &redirect_uri,
        state: &state,
        challenge: provider.pkce.then_some(pkce.challenge.as_str()),
        nonce: nonce.as_deref(),
        secret_params: &client.authorize_params,
    };
    let address = if provider.par {
        pusher.push(provider, client, &request).await?
    } else {
        authorization_address(provider, &request)
    };
    let expected = Expected {
        state,
        issuer: provider.issuer.clone(),
        iss_promised: provider.iss_promised,
        pkce: provider.pkce,
    };
    Ok(Prepared { party, listener, redirect_uri, address, pkce, nonce, expected })
}
