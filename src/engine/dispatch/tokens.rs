//! Obtains tokens, and hands them to the clipboard, the window or a caller.
//!
//! A copy is reported only after the clipboard has taken the text.

use std::rc::Rc;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::Engine;
use super::job_done::{Completion, JobDone, TokenUse};
use crate::base::secret::{AuthCode, IdToken, Password};
use crate::domain::account::{AccountId, Revision};
use crate::domain::oauth::id_token;
use crate::domain::oauth::token_request::{self, RequestError};
use crate::domain::provider::facts::Facts;
use crate::domain::session::{Attempt, Failure, Input, Renewal};
use crate::domain::token::expiry::Status;
use crate::domain::token::grant::{Grant, TokenFacts};
use crate::domain::token::held_key;
use crate::engine::accounts::account_state::AccountState;
use crate::engine::clipboard::copied_text::{example_url, text_of};
use crate::engine::error_mapping::NotObtained;
use crate::engine::publishing::outbox::{Replies, ReplyTo, answer};
use crate::engine::secrets::secret_reader::Party;
use crate::engine::tokens::grant_request::GrantInput;
use crate::engine::tokens::offer::offer;
use crate::engine::tokens::refusal_context::Known;
use crate::engine::tokens::renewal::{TokenJob, TokenResult};
use crate::engine::waiters::{LookupAttempt, Waiter};
use crate::messages::command::{Command, CopyForm};
use crate::messages::event::{BasicLogin, Event, HeldToken, Reply};
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::ClipboardView;
use crate::store::database::RetryAfter;

/// Obtaining.
impl Engine {
    /// Exchanges a code (RFC 6749, section 4.1.3).
    pub(super) fn exchange_code(&mut self, id: &AccountId, attempt: Attempt, code: AuthCode, facts: Facts) {
        let pending = self.sign_ins.take_pending(id);
        let Some(pending) = pending.filter(|pending| pending.attempt == attempt) else { return };
        let input = GrantInput::Code {
            code,
            verifier: pending.expected.pkce.then_some(pending.verifier),
            redirect_uri: pending.redirect_uri,
            nonce: pending.nonce,
            facts,
        };
        self.obtain(id, attempt, input, Some(pending.party));
    }

    /// Polls for a device code (RFC 8628, section 3.4).
    pub(super) fn poll(&mut self, id: &AccountId, attempt: Attempt) {
        if let Some((code, party)) = self.sign_ins.device_code(id) {
            self.obtain(id, attempt, GrantInput::Device(code), Some(party));
        }
    }

    pub(super) fn renew(&mut self, id: &AccountId, attempt: Attempt, renewal: Renewal) {
        let input = match renewal {
            Renewal::Refresh => GrantInput::Refresh,
            Renewal::Repeat => GrantInput::Repeat,
        };
        self.obtain(id, attempt, input, None);
    }

    /// Sends a token request to the party that the sign-in began with, since a code is valid only there;
    /// otherwise to the account's current provider.
    fn obtain(&mut self, id: &AccountId, attempt: Attempt, input: GrantInput, begun_with: Option<Party>) {
        let Some(entry) = self.accounts.get(id) else { return };
        let revision = entry.account().revision;
        let Party { provider, settings } = match begun_with.map_or_else(|| entry.party(), Ok) {
            Ok(party) => party,
            Err(problem) => {
                let token = Err(NotObtained { failure: Failure::Permanent, problem });
                let result = TokenResult { token, unmapped_response: None };
                return self.token_obtained(id, attempt, revision, result);
            }
        };
        let job = TokenJob {
            id: id.clone(),
            provider,
            secrets: self.secret_reader(entry).for_settings(settings),
            store: self.store_of(entry),
            database: self.database.clone(),
            http: self.account_http(id),
            clock: Arc::clone(&self.clock),
            seen: entry.session().generation(),
            id_token: entry.session().facts().and_then(|facts| facts.id_token),
            unsaved: entry.unsaved_grant(),
            known: Known::of(entry, &self.providers.presets()),
        };
        let is_background = !self.waiters.has_any(id);
        let obtained = self.tokens.obtain(job, input, is_background);
        let id = id.clone();
        self.spawn(async move {
            JobDone::TokenObtained { id, attempt, revision, result: Box::new(obtained.await) }
        });
    }

    /// `revision` is the account's when the request began.
    pub(super) fn token_obtained(
        &mut self,
        id: &AccountId,
        attempt: Attempt,
        revision: Revision,
        result: TokenResult,
    ) {
        let Some(entry) = self.accounts.get(id) else { return };
        let TokenResult { token, unmapped_response } = result;
        let wait_before = entry.session().retry_after_span();
        let is_read = token.is_ok();
        self.accounts.update(id, |entry| entry.keep_unmapped_response(is_read, unmapped_response));
        match token {
            Ok(token) => {
                let (now, with_preview) = (self.clock.now(), !self.is_locked);
                let proven =
                    self.accounts.update(id, |entry| entry.token_obtained(&token, with_preview, now));
                // The vault's record was compared with the account as it was then.
                let is_same = self.accounts.get(id).is_some_and(|it| it.account().revision == revision);
                let fresh = (is_same && !self.is_locked).then_some(&token.grant);
                self.step_with(id, Input::Renewed(attempt, Ok(token.facts)), fresh);
                self.store_wait(id, wait_before);
                if let Some(auth) = proven.flatten() {
                    self.set_override(id, move |spec| spec.client_auth = Some(auth), None);
                }
            }
            Err(NotObtained { failure, problem }) => {
                if matches!(failure, Failure::NotYet { .. }) {
                    self.accounts.update(id, AccountState::clear_problem);
                } else {
                    log::info!("account {id}: no token was obtained");
                    self.set_problem(id, problem);
                }
                self.step(id, Input::Renewed(attempt, Err(failure)));
                self.store_wait(id, wait_before);
            }
        }
    }

    /// Stores a new wait that a server asked for, for other processes.
    fn store_wait(&mut self, id: &AccountId, before: Option<(DateTime<Utc>, DateTime<Utc>)>) {
        let Some(entry) = self.accounts.get(id) else { return };
        let wait = entry.session().retry_after_span();
        if wait == before {
            return;
        }
        let status = match entry.problem() {
            Some(Problem::Refused(refusal)) => refusal.status,
            _ => entry.wait_status(),
        };
        let is_ephemeral = !entry.is_in_database();
        self.accounts.update(id, |entry| entry.set_wait_status(status));
        if is_ephemeral {
            return;
        }
        let wait = wait.map(|(since, until)| RetryAfter { since, until, status });
        let account = id.clone();
        let stored = self.database.run(move |accounts| accounts.put_wait(&account, wait));
        self.spawn(async move {
            if stored.await.is_err() {
                log::warn!("a server's request to wait could not be kept");
            }
            JobDone::Nothing
        });
    }
}

/// Tokens that the vault refused.
impl Engine {
    pub(super) fn offer_unsaved(&mut self) {
        for id in self.accounts.ids(|entry| entry.unsaved_grant().is_some()) {
            self.offer_again(&id);
        }
    }

    pub(super) fn offer_again(&mut self, id: &AccountId) {
        let Some(entry) = self.accounts.get(id) else { return };
        let (store, secrets) = (self.store_of(entry), self.secret_reader(entry));
        let now = self.clock.now();
        let Some(grant) = self.accounts.update(id, |entry| entry.take_offer(now)).flatten() else { return };
        let id = id.clone();
        self.spawn(async move {
            let offered = offer(&store, &id, &secrets, &grant).await;
            JobDone::TokenOffered { id, generation: grant.facts.generation, offered }
        });
    }

    pub(super) fn token_offered(
        &mut self,
        id: &AccountId,
        generation: u64,
        offered: Result<TokenFacts, Problem>,
    ) {
        match offered {
            Ok(facts) => {
                let is_current = self.accounts.update(id, |entry| entry.offer_accepted(generation));
                // Otherwise there is another token by now.
                if is_current == Some(true) {
                    self.secrets.held_locks().release(id);
                    self.cache_facts(id, facts.clone());
                    if facts.generation > generation {
                        self.step(id, Input::Found(Some(facts)));
                    }
                }
            }
            Err(Problem::Vault(problem)) => {
                self.accounts.update(id, |entry| entry.offer_refused(problem));
            }
            // Another process holds the account, and the last error remains the reason.
            Err(_) => {}
        }
    }

    pub(super) fn cache_facts(&mut self, id: &AccountId, facts: TokenFacts) {
        let (store, id) = (self.writer(id).store, id.clone());
        self.spawn(async move {
            store.cache_facts(&id, facts).await;
            JobDone::Nothing
        });
    }
}

/// Looking in the vault for tokens that the database doesn't know, before the user has to sign in. The
/// database's copy of a token's times may be lost, on a full disk for example, while the token is in the vault.
impl Engine {
    /// The account that a command needs a token of, and that would have to sign in by what the database
    /// knows.
    pub(super) fn needs_vault_lookup(&self, command: &Command) -> Option<AccountId> {
        let (Command::Token { account, .. }
        | Command::Copy { account, .. }
        | Command::SendApiRequest { account, .. }
        | Command::Refresh(account)) = command
        else {
            return None;
        };
        self.accounts.get(account)?.needs_vault_lookup().then(|| account.clone())
    }

    /// Reads the vault, once, and then carries out the command.
    pub(super) fn look_for_token(&mut self, id: AccountId, command: Command, replies: Replies) {
        let store = self.writer(&id).store;
        let entry = self.accounts.get(&id);
        let party = match entry.map(|entry| (entry.provider(), self.secret_reader(entry))) {
            Some((Ok(provider), secrets)) => Some((secrets, provider)),
            // Without its endpoints, nobody can sign in.
            Some((Err(problem), _)) => return self.fail(Some(&id), problem, replies),
            None => None,
        };
        self.spawn(async move {
            let facts = store.read_facts(&id).await;
            let missing = match (&facts, party) {
                (Ok(None), Some((secrets, provider))) => {
                    let client = secrets.client().await.ok();
                    client.and_then(|client| token_request::check(&provider, &client).err())
                }
                _ => None,
            };
            let missing = match missing {
                Some(RequestError::Missing(key)) => Some(key),
                _ => None,
            };
            JobDone::TokenLookedUp { id, facts, missing, command: Box::new(command), replies }
        });
    }

    /// An unreadable vault never counts as an empty one. `missing` is the key of a value without which the
    /// account can't get a token.
    pub(super) fn token_looked_up(
        &mut self,
        id: &AccountId,
        facts: Result<Option<TokenFacts>, VaultProblem>,
        missing: Option<&'static str>,
        command: Command,
        replies: Replies,
    ) {
        let facts = match facts {
            Ok(facts) => facts,
            Err(problem) => return self.fail(Some(id), Problem::Vault(problem), replies),
        };
        if let Some(key) = missing {
            return self.fail(Some(id), Problem::ValueMissing(key), replies);
        }
        let is_unknown = self.accounts.update(id, |entry| {
            entry.mark_looked_up();
            entry.session().facts().is_none()
        });
        if let Some(facts) = facts.filter(|_| is_unknown == Some(true)) {
            self.cache_facts(id, facts.clone());
            self.step(id, Input::Found(Some(facts)));
        }
        self.dispatch(command, replies);
    }
}

/// Handing out.
impl Engine {
    /// Copies a token that the session considers usable.
    pub(super) fn copy_token(
        &mut self,
        id: &AccountId,
        form: CopyForm,
        attempt: LookupAttempt,
        fresh: Option<&Rc<Grant>>,
    ) {
        match fresh {
            Some(grant) => self.put_on_clipboard(id, form, grant),
            None => self.read_token(id, TokenUse::Copy(form, attempt)),
        }
    }

    /// Passes a token that the session considers usable to a caller.
    pub(super) fn hand_out_token(
        &mut self,
        id: &AccountId,
        replies: ReplyTo,
        attempt: LookupAttempt,
        fresh: Option<&Rc<Grant>>,
    ) {
        match fresh {
            Some(grant) => {
                let held = self.held_token(id, grant);
                replies.answer(held.map(|held| Reply::Token(Box::new(held))));
            }
            None => self.read_token(id, TokenUse::HandOut(replies, attempt)),
        }
    }

    /// Reads a token to show it briefly.
    pub(super) fn reveal(&mut self, id: &AccountId, replies: Replies) {
        self.read_token(id, TokenUse::Reveal(replies));
    }

    /// Reads a token to show its mask.
    pub(super) fn read_mask(&mut self, id: &AccountId, replies: Replies) {
        self.read_token(id, TokenUse::Mask(replies));
    }

    /// Reads the token from the vault, or from memory if the vault refused it. Reads none if the account
    /// disagrees with the vault's record, since a copied cURL line names a host.
    fn read_token(&mut self, id: &AccountId, token_use: TokenUse) {
        let entry = match self.accounts.require(id) {
            Ok(entry) => entry,
            Err(problem) => return self.use_token(id, token_use, Err(problem)),
        };
        let (unsaved, secrets) = (entry.unsaved_grant(), self.secret_reader(entry));
        let (id, now) = (id.clone(), self.clock.now());
        self.spawn(async move {
            let read = match unsaved {
                // A vault that refused a token may not be readable either.
                Some(grant) => match secrets.client().await {
                    Ok(_) | Err(Problem::Vault(_)) => Ok(Some(grant)),
                    Err(problem) => Err(problem),
                },
                None => secrets.held(now).await.map(|grant| grant.map(Rc::new)),
            };
            JobDone::TokenRead { id, token_use, read }
        });
    }

    pub(super) fn token_read(
        &mut self,
        id: &AccountId,
        token_use: TokenUse,
        read: Result<Option<Rc<Grant>>, Problem>,
    ) {
        if self.is_locked {
            return self.use_token(id, token_use, Err(Problem::Locked));
        }
        if let Err(problem @ (Problem::OtherDestination(_) | Problem::Outdated)) = &read {
            self.set_problem(id, problem.clone());
        }
        let read = read.and_then(|grant| self.token_found(id, grant));
        self.use_token(id, token_use, read);
    }

    /// Updates the session with the stored facts.
    fn token_found(&mut self, id: &AccountId, grant: Option<Rc<Grant>>) -> Result<Rc<Grant>, Problem> {
        self.accounts.require(id)?;
        let facts = grant.as_ref().map(|grant| grant.facts.clone());
        let is_news = self.accounts.update(id, |entry| {
            entry.set_preview(grant.as_deref());
            entry.session().facts() != facts.as_ref()
        });
        if is_news == Some(true) {
            self.step(id, Input::Found(facts));
        }
        grant.ok_or(Problem::NeedsSignIn)
    }

    fn use_token(&mut self, id: &AccountId, token_use: TokenUse, read: Result<Rc<Grant>, Problem>) {
        match token_use {
            TokenUse::Copy(form, attempt) => match self.usable(id, read, attempt) {
                Ok(Some(grant)) if attempt == LookupAttempt::First && self.can_renew(id, form, &grant) => {
                    let waiter = Waiter::Clipboard(form, LookupAttempt::Last);
                    let request = self.waiters.register(id.clone(), waiter);
                    self.step(id, Input::Renew(request));
                }
                Ok(Some(grant)) => self.put_on_clipboard(id, form, &grant),
                Ok(None) => self.request_again(id, Waiter::Clipboard(form, LookupAttempt::Last)),
                Err(problem) => self.emit(Event::Problem { account: Some(id.clone()), problem }),
            },
            TokenUse::HandOut(replies, attempt) => match self.usable(id, read, attempt) {
                Ok(Some(grant)) => self.hand_out_token(id, replies, attempt, Some(&grant)),
                Ok(None) => {
                    let wants_token = Some(LookupAttempt::Last);
                    self.request_again(id, Waiter::Caller { replies, wants_token });
                }
                Err(problem) => replies.answer(Err(problem)),
            },
            TokenUse::Reveal(replies) => match read {
                Ok(grant) => {
                    let token = grant.access_token.duplicate();
                    self.emit(Event::Revealed { account: id.clone(), token });
                    answer(replies, Ok(Reply::Done));
                }
                Err(problem) => self.fail(Some(id), problem, replies),
            },
            TokenUse::Mask(replies) => answer(replies, read.map(|_| Reply::Done)),
        }
    }

    /// Returns the token if it can be handed out. Returns `None` if the vault has none or an expired one: the
    /// database's copy was wrong, and the session decides again. It does so once, or a server that issues
    /// expired tokens would get requests without end.
    fn usable(
        &self,
        id: &AccountId,
        read: Result<Rc<Grant>, Problem>,
        attempt: LookupAttempt,
    ) -> Result<Option<Rc<Grant>>, Problem> {
        match read {
            Ok(grant) if attempt == LookupAttempt::First && self.is_stale(id, &grant) => Ok(None),
            Err(Problem::NeedsSignIn) if attempt == LookupAttempt::First => Ok(None),
            read => read.map(Some),
        }
    }

    fn is_stale(&self, id: &AccountId, grant: &Grant) -> bool {
        let is_expired = Status::at(&grant.facts, self.clock.now()) == Status::Expired;
        is_expired
            && !Status::expired_on_arrival(&grant.facts)
            && self.accounts.get(id).is_some_and(|entry| entry.unsaved_grant().is_none())
    }

    /// Whether the ID token is wanted and has expired, which may be earlier than the access token, and the
    /// user isn't needed for a new one.
    fn can_renew(&self, id: &AccountId, form: CopyForm, grant: &Grant) -> bool {
        let now = self.clock.now();
        let skew = grant.facts.clock_skew_secs;
        let end = grant.id_token.as_ref().and_then(|token| id_token::expires_at(token, skew));
        let is_expired = form == CopyForm::IdToken && end.is_some_and(|end| end <= now);
        is_expired
            && self.accounts.get(id).is_some_and(|entry| {
                let is_repeatable = entry.account().settings.grant.is_repeatable();
                is_repeatable || (grant.facts.can_refresh(now) && !entry.session().refresh_refused())
            })
    }

    fn request_again(&mut self, id: &AccountId, waiter: Waiter) {
        let request = self.waiters.register(id.clone(), waiter);
        self.step(id, Input::Want(request, None));
    }

    fn held_token(&mut self, id: &AccountId, grant: &Grant) -> Result<HeldToken, Problem> {
        self.mark_used(id);
        let entry = self.accounts.require(id)?;
        let provider = entry.provider()?;
        let alone = &grant.access_token;
        let login = grant.username.as_ref().map(|username| BasicLogin {
            username: username.clone(),
            password: Password::new(alone.expose().to_owned()),
        });
        let credentials = |login: &BasicLogin| held_key::basic_credentials(&login.username, alone.expose());
        let margin = entry.renewal_policy(&self.rules()).margin.for_token(&grant.facts);
        Ok(HeldToken {
            account: entry.account().clone(),
            refresh_at: grant.facts.expires_at.map(|end| end - margin),
            access_token: login.as_ref().map_or_else(|| alone.duplicate(), credentials),
            id_token: grant.id_token.as_ref().map(IdToken::duplicate),
            facts: grant.facts.clone(),
            api: provider.api.clone(),
            example_url: example_url(&provider, &grant.facts.kept),
            login,
        })
    }

    fn mark_used(&mut self, id: &AccountId) {
        let now = self.clock.now();
        self.accounts.update(id, |entry| entry.mark_used(now));
        if !self.is_lasting || self.accounts.get(id).is_none_or(|entry| !entry.is_in_database()) {
            return;
        }
        let account = id.clone();
        let stored = self.database.run(move |accounts| accounts.touch_used(&account, now));
        self.spawn(async move {
            if stored.await.is_err() {
                log::warn!("an account's last use could not be noted");
            }
            JobDone::Nothing
        });
    }
}

/// What the use of a token needs beside it.
impl Engine {
    pub(super) fn read_client_id(&mut self, id: &AccountId, replies: Replies) {
        let secrets = match self.accounts.require(id) {
            Ok(entry) => self.secret_reader(entry),
            Err(problem) => return answer(replies, Err(problem)),
        };
        self.spawn(async move {
            let result = secrets.client().await.map(|client| Reply::ClientId(client.client_id));
            JobDone::Answered(Completion { result, replies })
        });
    }

    pub(super) fn confirm_network(&mut self, url: Url, replies: Replies) {
        let network = self.network();
        self.spawn(async move {
            let confirmed = network.confirm_for(&url).await;
            let result = confirmed.map(|()| Reply::Done).map_err(Problem::Unreachable);
            JobDone::Answered(Completion { result, replies })
        });
    }
}

/// The clipboard.
impl Engine {
    fn put_on_clipboard(&mut self, id: &AccountId, form: CopyForm, grant: &Grant) {
        let held = self.held_token(id, grant);
        let text = held.and_then(|held| Ok((text_of(form, &held)?, held.id_token_expires_at())));
        let (text, id_token_end) = match text {
            Ok(text) => text,
            Err(problem) => return self.emit(Event::Problem { account: Some(id.clone()), problem }),
        };
        let secs = self.settings.preferences().clear_clipboard_secs;
        let clears_at = secs.map(|secs| self.clock.now() + TimeDelta::seconds(i64::from(secs)));
        let expired_at = id_token_end.filter(|end| form == CopyForm::IdToken && *end <= self.clock.now());
        let put = self.clipboard.put_secret(text);
        let id = id.clone();
        self.spawn(async move { JobDone::TokenCopied { id, form, clears_at, expired_at, put: put.await } });
    }

    pub(super) fn token_copied(
        &mut self,
        id: AccountId,
        form: CopyForm,
        clears_at: Option<DateTime<Utc>>,
        expired_at: Option<DateTime<Utc>>,
        put: Result<(), Problem>,
    ) {
        match put {
            Ok(()) => {
                self.clipboard.show(Some(ClipboardView { account: Some(id.clone()), clears_at }));
                self.emit(Event::Copied { account: Some(id.clone()), form: Some(form), clears_at });
                if let Some(at) = expired_at {
                    self.emit(Event::Problem { account: Some(id), problem: Problem::IdTokenExpired(at) });
                }
            }
            Err(problem) => self.emit(Event::Problem { account: Some(id), problem }),
        }
    }

    /// Copies text that isn't secret and is never cleared.
    pub(super) fn copy_text(&mut self, text: String, replies: Replies) {
        let put = self.clipboard.put_text(text);
        self.spawn(async move { JobDone::TextCopied { put: put.await, replies } });
    }

    pub(super) fn text_copied(&mut self, put: Result<(), Problem>, replies: Replies) {
        match put {
            Ok(()) => {
                self.clipboard.show(None);
                self.emit(Event::Copied { account: None, form: None, clears_at: None });
                answer(replies, Ok(Reply::Done));
            }
            Err(problem) => self.fail(None, problem, replies),
        }
    }

    pub(super) fn clear_clipboard(&mut self, replies: Replies) {
        let cleared = self.clipboard.clear();
        self.spawn(async move {
            cleared.await;
            JobDone::ClipboardCleared(replies)
        });
    }
}
