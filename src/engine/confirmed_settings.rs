//! Preferences that the vault must confirm: the proxy, the extra root certificate and the browser.
//!
//! The database isn't protected against other programs of this user; with these three, one could read TLS
//! traffic or start a program. A preference that isn't at its default is used only if the vault's record has
//! the same value. If all are at their defaults, the vault isn't read.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::Notify;

use super::event_loop::{Engine, Replies, Then, answer};
use super::secrets::vault_handle::VaultHandle;
use super::settings;
use super::settings::UserMessage;
use crate::base::clock::Clock;
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::refusal::transport::{Unreachable, UnreachableKind};
use crate::domain::secure_url::is_loopback;
use crate::messages::event::{Event, Reply};
use crate::messages::preferences::{Guarded, Preferences, Unconfirmed};
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::{VaultHealth, VaultKind};
use crate::net::http_client::{Http, HttpAnswer};
use crate::store::vault::VaultError;
use crate::store::vault::account_records::Records;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotConfirmed {
    /// The vault's record has other values.
    Changed,
    Vault(VaultProblem),
}

/// What is known of the vault's record; clones share it.
#[derive(Clone)]
pub(crate) struct Trust(Rc<Inner>);

struct Inner {
    /// The record as last read or written.
    known: RefCell<Option<BTreeMap<String, String>>>,
    unconfirmed: RefCell<BTreeMap<Guarded, String>>,
    changed: Rc<Notify>,
}

impl Trust {
    pub(crate) fn new(changed: Rc<Notify>) -> Self {
        Self(Rc::new(Inner { known: RefCell::default(), unconfirmed: RefCell::default(), changed }))
    }

    /// The differing values, for the window.
    pub(crate) fn unconfirmed(&self) -> Unconfirmed {
        Unconfirmed(self.0.unconfirmed.borrow().clone())
    }

    fn keep_only(&self, words: &UserMessage) {
        self.0.unconfirmed.borrow_mut().retain(|it, word| words.get(it) == Some(word));
    }

    /// Whether the record has these values. One of the vaults must have all of them; the last one gives the
    /// reason otherwise.
    async fn confirm(&self, doors: &[VaultHandle], words: &UserMessage) -> Result<(), NotConfirmed> {
        let agrees = |record: &BTreeMap<String, String>| {
            words.iter().all(|(it, word)| record.get(settings::key_of(*it)) == Some(word))
        };
        let mut outcome = Err(NotConfirmed::Changed);
        if self.0.known.borrow().as_ref().is_some_and(agrees) {
            outcome = Ok(());
        }
        for door in doors {
            if outcome.is_ok() {
                break;
            }
            // Read each time, since another process may have confirmed them.
            outcome = match door.call(|vault| Records::new(vault).read_preferences()).await {
                Ok(record) if agrees(&record) => {
                    self.0.known.replace(Some(record));
                    Ok(())
                }
                Ok(record) => {
                    self.note(words, &record);
                    Err(NotConfirmed::Changed)
                }
                Err(problem) => Err(NotConfirmed::Vault(problem)),
            };
        }
        if outcome.is_ok() {
            self.0.unconfirmed.borrow_mut().retain(|it, _| !words.contains_key(it));
            self.0.changed.notify_one();
        }
        outcome
    }

    fn note(&self, words: &UserMessage, record: &BTreeMap<String, String>) {
        let differing = words.iter().filter(|(it, word)| record.get(settings::key_of(**it)) != Some(word));
        let mut unconfirmed = self.0.unconfirmed.borrow_mut();
        for (it, word) in differing {
            log::warn!("the {} was changed outside Keyfob and is not used", it.label());
            unconfirmed.insert(*it, word.clone());
        }
        self.0.changed.notify_one();
    }

    /// Records values that the user has set or confirmed; an empty one is a default, which needs no record.
    /// One successful write is enough.
    async fn accept(&self, doors: &[VaultHandle], words: &UserMessage) -> Result<(), VaultProblem> {
        let mut outcome = Err(VaultProblem::Missing);
        for door in doors {
            let set = words.clone();
            let written = door.call(move |vault| {
                let mut records = Records::new(vault);
                let mut record = match records.read_preferences() {
                    // A corrupt record is replaced.
                    Err(VaultError::Corrupt) => BTreeMap::new(),
                    read => read?,
                };
                for (it, word) in set {
                    let key = settings::key_of(it).to_owned();
                    if word.is_empty() {
                        record.remove(&key)
                    } else {
                        record.insert(key, word)
                    };
                }
                records.write_preferences(&record)?;
                Ok(record)
            });
            outcome = written.await.map(|record| {
                self.0.known.replace(Some(record));
            });
            if outcome.is_ok() {
                self.0.unconfirmed.borrow_mut().retain(|it, _| !words.contains_key(it));
                break;
            }
        }
        outcome
    }
}

/// The HTTP client. It uses no unconfirmed proxy or root certificate.
pub(crate) struct Network {
    http: Http,
    /// The proxy and the root certificate, if not at their defaults.
    words: UserMessage,
    trust: Trust,
    doors: Vec<VaultHandle>,
}

impl Network {
    /// Sends a request once; see [`Http::send`].
    ///
    /// # Errors
    /// [`Unreachable`], also if a preference that it needs isn't confirmed.
    pub(crate) async fn send(
        &self,
        request: &HttpRequest,
        clock: &dyn Clock,
    ) -> Result<HttpAnswer, Unreachable> {
        let words = self.needed_for(&request.url);
        if !words.is_empty() {
            let confirmed = self.trust.confirm(&self.doors, &words).await;
            confirmed.map_err(|why| Unreachable {
                host: request.url.host_str().unwrap_or_default().to_owned(),
                kind: match why {
                    NotConfirmed::Changed => UnreachableKind::Unconfirmed,
                    NotConfirmed::Vault(_) => UnreachableKind::Unconfirmable,
                },
                may_have_been_sent: false,
            })?;
        }
        self.http.send(request, clock).await
    }

    /// Loopback requests use no proxy, and plain http no certificate.
    fn needed_for(&self, url: &url::Url) -> UserMessage {
        let is_needed = |it: Guarded| match it {
            Guarded::Proxy => !is_loopback(url),
            Guarded::ExtraRootCertificate => url.scheme() == "https",
            Guarded::Browser => false,
        };
        self.words.iter().filter(|(it, _)| is_needed(**it)).map(|(it, word)| (*it, word.clone())).collect()
    }
}

impl Engine {
    pub(crate) fn network(&self) -> Rc<Network> {
        let mut words = settings::guarded(&self.preferences);
        words.remove(&Guarded::Browser);
        let doors = if words.is_empty() { Vec::new() } else { self.record_doors() };
        Rc::new(Network { http: self.http.clone(), words, trust: self.trust.clone(), doors })
    }

    /// The confirmed program that opens sign-in links; `None` means the system's browser.
    pub(crate) fn browser_program(
        &self,
    ) -> impl Future<Output = Result<Option<String>, VaultProblem>> + 'static {
        let program = self.preferences.browser.clone();
        let words: UserMessage = program.iter().map(|program| (Guarded::Browser, program.clone())).collect();
        let doors = if words.is_empty() { Vec::new() } else { self.record_doors() };
        let trust = self.trust.clone();
        async move {
            if words.is_empty() {
                return Ok(None);
            }
            match trust.confirm(&doors, &words).await {
                Ok(()) => Ok(program),
                Err(NotConfirmed::Changed) => Ok(None),
                Err(NotConfirmed::Vault(problem)) => Err(problem),
            }
        }
    }

    /// The vaults that may have the record: this run's and the chosen one.
    fn record_doors(&self) -> Vec<VaultHandle> {
        let mut doors = vec![self.door.clone()];
        let chosen = self.chosen_vault;
        if !self.door.is_by_choice() && self.door.kind() != chosen && chosen != VaultKind::Memory {
            doors.push(VaultHandle::new(
                self.deps.home.clone(),
                chosen,
                self.factory(chosen),
                self.deps.vault_patience,
                Rc::clone(&self.vault_changed),
            ));
        }
        doors
    }

    /// Reports changed preferences in a lasting run before they are needed. A locked vault is read once it is
    /// open.
    pub(crate) fn look_at_guarded(&mut self) {
        let words = settings::guarded(&self.preferences);
        self.trust.keep_only(&words);
        let is_locked = matches!(self.door.view().health, VaultHealth::Locked { .. });
        if words.is_empty() || !self.deps.lasting || is_locked {
            return;
        }
        let (trust, doors) = (self.trust.clone(), self.record_doors());
        self.spawn(async move {
            // An unreadable vault is reported elsewhere.
            let _ = trust.confirm(&doors, &words).await;
            let then: Then = Box::new(|engine| engine.dirty = true);
            then
        });
    }

    /// Stores and applies the preferences. Guarded ones are written to the vault first.
    pub(crate) fn set_preferences(&mut self, set: &Preferences, replies: Replies) {
        let (before, after) = (settings::write(&self.preferences), settings::write(set));
        let changes: BTreeMap<String, String> =
            after.into_iter().filter(|(key, word)| before.get(key) != Some(word)).collect();
        let words: UserMessage = Guarded::ALL
            .into_iter()
            .filter_map(|it| Some((it, changes.get(settings::key_of(it))?.clone())))
            .collect();
        if words.is_empty() {
            return self.store_preferences(changes, replies);
        }
        let needs_record = words.values().any(|word| !word.is_empty());
        self.accept(words, replies, move |engine, accepted, replies| match accepted {
            // A default needs no record.
            Err(problem) if needs_record => engine.fail(None, Problem::Vault(problem), replies),
            _ => engine.store_preferences(changes, replies),
        });
    }

    /// Accepts preferences that were changed outside, as shown.
    pub(crate) fn confirm_preferences(&mut self, shown: Unconfirmed, replies: Replies) {
        let preferred = settings::guarded(&self.preferences);
        if shown.0.iter().any(|(it, word)| preferred.get(it) != Some(word)) {
            return self.fail(None, Problem::ChangedElsewhere, replies);
        }
        self.accept(shown.0, replies, |engine, accepted, replies| match accepted {
            Ok(()) => answer(replies, Ok(Reply::Done)),
            Err(problem) => engine.fail(None, Problem::Vault(problem), replies),
        });
    }

    fn accept(
        &mut self,
        words: UserMessage,
        replies: Replies,
        then: impl FnOnce(&mut Self, Result<(), VaultProblem>, Replies) + 'static,
    ) {
        let (trust, mut doors) = (self.trust.clone(), self.record_doors());
        // The next run reads the chosen vault.
        doors.reverse();
        self.spawn(async move {
            let accepted = trust.accept(&doors, &words).await;
            let then: Then = Box::new(move |engine| {
                engine.dirty = true;
                then(engine, accepted, replies);
            });
            then
        });
    }

    pub(crate) fn browser_not_confirmed(&self, problem: VaultProblem) {
        self.tell(Event::Problem { account: None, problem: Problem::Vault(problem) });
    }
}
