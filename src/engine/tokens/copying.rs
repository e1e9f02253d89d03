//! Hands out tokens: to the clipboard, to a caller, to the screen.
//!
//! Each reads the vault, so the token handed out is the stored one. A copy is reported only after the
//! clipboard has taken the text.

use std::cell::RefCell;
use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::base::secret::{AccessToken, SecretText};
use crate::domain::account::AccountId;
use crate::domain::provider::Provider;
use crate::domain::session::{Input, RequestId};
use crate::domain::token::expiry::Status;
use crate::domain::token::grant::Grant;
use crate::domain::token::token_format;
use crate::engine::ClipboardFactory;
use crate::engine::accounts::account_state::TokenPreview;
use crate::engine::event_loop::{Engine, LookupAttempt, Replies, Then, Waiter, answer};
use crate::engine::outbox::ReplyTo;
use crate::engine::worker::Worker;
use crate::messages::command::CopyForm;
use crate::messages::event::{Event, HeldToken, Reply};
use crate::messages::problem::Problem;
use crate::messages::snapshot::ClipboardView;
use crate::platform::clipboard::Clipboard;

/// The clipboard's thread and what the window shows of it.
pub(crate) struct ClipboardService {
    worker: Option<Rc<Worker<Box<dyn Clipboard>>>>,
    factory: RefCell<Option<ClipboardFactory>>,
    pub(crate) shown: Option<ClipboardView>,
}

impl ClipboardService {
    pub(crate) fn new(factory: ClipboardFactory) -> Self {
        Self { worker: None, factory: RefCell::new(Some(factory)), shown: None }
    }

    fn worker(&mut self) -> Option<Rc<Worker<Box<dyn Clipboard>>>> {
        if self.worker.is_none() {
            let factory = self.factory.borrow_mut().take()?;
            self.worker = Worker::start("clipboard", factory).ok().map(Rc::new);
        }
        self.worker.clone()
    }

    pub(crate) fn put_secret(
        &mut self,
        text: SecretText,
    ) -> impl Future<Output = Result<(), Problem>> + 'static {
        let worker = self.worker();
        async move {
            let worker = worker.ok_or(Problem::Clipboard)?;
            let put = worker.run(move |clipboard| clipboard.put_secret(text.expose())).await;
            put.is_ok_and(|put| put.is_ok()).then_some(()).ok_or(Problem::Clipboard)
        }
    }

    fn put_text(&mut self, text: String) -> impl Future<Output = Result<(), Problem>> + 'static {
        let worker = self.worker();
        async move {
            let worker = worker.ok_or(Problem::Clipboard)?;
            let put = worker.run(move |clipboard| clipboard.put_text(&text)).await;
            put.is_ok_and(|put| put.is_ok()).then_some(()).ok_or(Problem::Clipboard)
        }
    }

    /// Clears the clipboard if its content is from Keyfob.
    pub(crate) fn clear(&mut self) -> impl Future<Output = ()> + 'static {
        self.shown = None;
        let worker = self.worker.clone();
        async move {
            if let Some(worker) = worker {
                let _ = worker.run(|clipboard| clipboard.clear_ours()).await;
            }
        }
    }
}

impl Engine {
    /// Copies a token that the session considers usable.
    pub(crate) fn copy_token(&mut self, id: &AccountId, form: CopyForm, turn: LookupAttempt) {
        self.read_token(id, move |engine, id, read| match engine.taken(id, read, turn) {
            Ok(Some(grant)) => engine.put_on_clipboard(id, form, &grant),
            Ok(None) => engine.ask_again(id, Waiter::Clipboard(form, LookupAttempt::Last)),
            Err(problem) => engine.tell(Event::Problem { account: Some(id.clone()), problem }),
        });
    }

    /// Passes a token that the session considers usable to a caller.
    pub(crate) fn hand_out(&mut self, id: &AccountId, replies: ReplyTo, turn: LookupAttempt) {
        self.read_token(id, move |engine, id, read| match engine.taken(id, read, turn) {
            Ok(Some(grant)) => {
                let held = engine.held(id, &grant);
                answer(Some(replies), held.map(|held| Reply::Token(Box::new(held))));
            }
            Ok(None) => {
                engine.ask_again(id, Waiter::Caller { replies, wants_token: Some(LookupAttempt::Last) });
            }
            Err(problem) => answer(Some(replies), Err(problem)),
        });
    }

    /// Reads a token to show it briefly.
    pub(crate) fn reveal(&mut self, id: &AccountId, replies: Replies) {
        self.read_token(id, move |engine, id, read| match read {
            Ok(grant) => {
                engine.tell(Event::Revealed { account: id.clone(), token: grant.access_token.duplicate() });
                answer(replies, Ok(Reply::Done));
            }
            Err(problem) => engine.fail(Some(id), problem, replies),
        });
    }

    /// Reads a token to show its mask.
    pub(crate) fn read_mask(&mut self, id: &AccountId, replies: Replies) {
        self.read_token(id, move |_, _, read| answer(replies, read.map(|_| Reply::Done)));
    }

    /// Reads the token from the vault, or from memory if the vault refused it, and updates the session with
    /// the stored facts. Reads none if the account disagrees with the vault's record, since a copied cURL
    /// line names a host.
    fn read_token(
        &mut self,
        id: &AccountId,
        then: impl FnOnce(&mut Engine, &AccountId, Result<Rc<Grant>, Problem>) + 'static,
    ) {
        let Some(entry) = self.entries.get(id) else {
            return then(self, id, Err(Problem::UnknownAccount(id.to_string())));
        };
        let unsaved = entry.unsaved.as_ref().map(|unsaved| Rc::clone(&unsaved.grant));
        let (secrets, id) = (self.secret_reader(entry), id.clone());
        self.spawn(async move {
            let read = match unsaved {
                // A vault that refused a token may not be readable either.
                Some(grant) => match secrets.client().await {
                    Ok(_) | Err(Problem::Vault(_)) => Ok(Some(grant)),
                    Err(problem) => Err(problem),
                },
                None => secrets.read().await.map(|(_, grant)| grant.map(Rc::new)),
            };
            let step: Then = Box::new(move |engine| {
                if engine.locked {
                    return then(engine, &id, Err(Problem::Locked));
                }
                if let Err(problem @ (Problem::OtherDestination(_) | Problem::Outdated)) = &read {
                    engine.note(&id, problem.clone());
                }
                let read = read.and_then(|grant| engine.token_found(&id, grant));
                then(engine, &id, read);
            });
            step
        });
    }

    fn token_found(&mut self, id: &AccountId, grant: Option<Rc<Grant>>) -> Result<Rc<Grant>, Problem> {
        let facts = grant.as_ref().map(|grant| grant.facts.clone());
        let Some(entry) = self.entries.get_mut(id) else {
            return Err(Problem::UnknownAccount(id.to_string()));
        };
        entry.glance = grant.as_ref().map(|grant| TokenPreview::of(grant));
        if entry.session.facts() != facts.as_ref() {
            self.step(id, Input::Found(facts));
        }
        self.dirty = true;
        grant.ok_or(Problem::NeedsSignIn)
    }

    /// Returns the token if it can be handed out. Returns `None` if the vault has none or an expired one: the
    /// database's copy was wrong, and the session decides again. It does so once, or a server that issues
    /// expired tokens would get requests without end.
    fn taken(
        &self,
        id: &AccountId,
        read: Result<Rc<Grant>, Problem>,
        turn: LookupAttempt,
    ) -> Result<Option<Rc<Grant>>, Problem> {
        match read {
            Ok(grant) if turn == LookupAttempt::First && self.is_stale(id, &grant) => Ok(None),
            Err(Problem::NeedsSignIn) if turn == LookupAttempt::First => Ok(None),
            read => read.map(Some),
        }
    }

    fn is_stale(&self, id: &AccountId, grant: &Grant) -> bool {
        let expired = Status::at(&grant.facts, self.deps.clock.now()) == Status::Expired;
        expired
            && !Status::expired_on_arrival(&grant.facts)
            && self.entries.get(id).is_some_and(|entry| entry.unsaved.is_none())
    }

    fn ask_again(&mut self, id: &AccountId, asker: Waiter) {
        self.last_request += 1;
        self.askers.insert(self.last_request, (id.clone(), asker));
        self.step(id, Input::Want(RequestId(self.last_request), None));
    }

    fn held(&mut self, id: &AccountId, grant: &Grant) -> Result<HeldToken, Problem> {
        self.touch(id);
        let entry = self.entry(id)?;
        let provider = entry.provider()?;
        Ok(HeldToken {
            account: entry.account.clone(),
            access_token: grant.access_token.duplicate(),
            facts: grant.facts.clone(),
            api: provider.api.clone(),
            example_url: example_url(&provider),
        })
    }

    fn put_on_clipboard(&mut self, id: &AccountId, form: CopyForm, grant: &Grant) {
        let held = match self.held(id, grant) {
            Ok(held) => held,
            Err(problem) => return self.fail(Some(id), problem, None),
        };
        let text = text_of(form, &held);
        let clears_at = self.clears_at();
        let put = self.desk.put_secret(text);
        let id = id.clone();
        self.spawn(async move {
            let put = put.await;
            let then: Then = Box::new(move |engine| match put {
                Ok(()) => {
                    engine.desk.shown = Some(ClipboardView { account: Some(id.clone()), clears_at });
                    engine.dirty = true;
                    engine.tell(Event::Copied { account: Some(id), form: Some(form), clears_at });
                }
                Err(problem) => engine.tell(Event::Problem { account: Some(id), problem }),
            });
            then
        });
    }

    fn clears_at(&self) -> Option<DateTime<Utc>> {
        let secs = self.preferences.clear_clipboard_secs?;
        Some(self.deps.clock.now() + TimeDelta::seconds(i64::from(secs)))
    }

    /// Copies text that isn't secret and is never cleared.
    pub(crate) fn copy_text(&mut self, text: String, replies: Replies) {
        let put = self.desk.put_text(text);
        self.spawn(async move {
            let put = put.await;
            let then: Then = Box::new(move |engine| match put {
                Ok(()) => {
                    engine.desk.shown = None;
                    engine.dirty = true;
                    engine.tell(Event::Copied { account: None, form: None, clears_at: None });
                    answer(replies, Ok(Reply::Done));
                }
                Err(problem) => engine.fail(None, problem, replies),
            });
            then
        });
    }

    pub(crate) fn clear_clipboard(&mut self, replies: Replies) {
        let cleared = self.desk.clear();
        self.dirty = true;
        self.spawn(async move {
            cleared.await;
            let then: Then = Box::new(move |engine| {
                engine.tell(Event::ClipboardCleared);
                answer(replies, Ok(Reply::Done));
            });
            then
        });
    }

    fn touch(&mut self, id: &AccountId) {
        let now = self.deps.clock.now();
        let Some(entry) = self.entries.get_mut(id) else { return };
        entry.last_used_at = Some(now);
        if !entry.ephemeral && self.deps.lasting {
            let account = id.clone();
            let touched = self.disk(move |accounts| accounts.touch_used(&account, now));
            self.spawn(async move {
                if touched.await.is_err() {
                    log::warn!("an account's last use could not be noted");
                }
                let then: Then = Box::new(|_| {});
                then
            });
        }
    }
}

/// Formats a token as it is copied or printed.
pub fn text_of(form: CopyForm, held: &HeldToken) -> SecretText {
    let token: &AccessToken = &held.access_token;
    match form {
        CopyForm::Plain => SecretText::new(token.expose().to_owned()),
        CopyForm::Header => token_format::header_line(&held.api, token),
        CopyForm::Curl => token_format::curl(&held.api, token, &held.example_url),
        CopyForm::Env => token_format::env(held.account.name.as_str(), token),
        CopyForm::PowerShell => token_format::power_shell(held.account.name.as_str(), token),
    }
}

/// The URL for a cURL line: the API's, or the token endpoint's origin.
fn example_url(provider: &Provider) -> String {
    let origin = || format!("{}/", provider.token.origin().ascii_serialization());
    provider.api.base_url.clone().unwrap_or_else(origin)
}
