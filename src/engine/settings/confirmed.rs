//! Preferences that the vault must confirm: the proxy, the extra root certificate and the browser.
//!
//! The database isn't protected against other programs of this user; with these three, one could read TLS
//! traffic or start a program. A preference that isn't at its default is used only if the vault's record has
//! the same value. If all are at their defaults, the vault isn't read.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::Notify;

use super::encoding;
use super::encoding::GuardedValues;
use crate::base::clock::Clock;
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::refusal::transport::{Unreachable, UnreachableKind};
use crate::domain::secure_url::is_loopback;
use crate::engine::secrets::vault_handle::VaultHandle;
use crate::messages::preferences::{Guarded, Unconfirmed};
use crate::messages::problem::VaultProblem;
use crate::net::http_client::{Http, HttpAnswer, Visit};
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

    /// Forgets differing values that are no longer set.
    pub(crate) fn keep_only(&self, words: &GuardedValues) {
        self.0.unconfirmed.borrow_mut().retain(|it, word| words.get(it) == Some(word));
    }

    /// Whether the record has these values. One of the vaults must have all of them; the last one gives the
    /// reason otherwise.
    pub(crate) async fn confirm(
        &self,
        vaults: &[VaultHandle],
        words: &GuardedValues,
    ) -> Result<(), NotConfirmed> {
        let agrees = |record: &BTreeMap<String, String>| {
            words.iter().all(|(it, word)| record.get(encoding::key_of(*it)) == Some(word))
        };
        let mut outcome = Err(NotConfirmed::Changed);
        if self.0.known.borrow().as_ref().is_some_and(agrees) {
            outcome = Ok(());
        }
        for vault in vaults {
            if outcome.is_ok() {
                break;
            }
            // Read each time, since another process may have confirmed them.
            outcome = match vault.call(|vault| Records::new(vault).read_preferences()).await {
                Ok(record) if agrees(&record) => {
                    self.0.known.replace(Some(record));
                    Ok(())
                }
                Ok(record) => {
                    self.show_differing(words, &record);
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

    fn show_differing(&self, words: &GuardedValues, record: &BTreeMap<String, String>) {
        let differing = words.iter().filter(|(it, word)| record.get(encoding::key_of(**it)) != Some(word));
        let mut unconfirmed = self.0.unconfirmed.borrow_mut();
        for (it, word) in differing {
            log::warn!("the {} was changed outside Keyfob and is not used", it.label());
            unconfirmed.insert(*it, word.clone());
        }
        self.0.changed.notify_one();
    }

    /// Records values that the user has set or confirmed; an empty one is a default, which needs no record.
    /// One successful write is enough.
    pub(crate) async fn accept(
        &self,
        vaults: &[VaultHandle],
        words: &GuardedValues,
    ) -> Result<(), VaultProblem> {
        let mut outcome = Err(VaultProblem::Missing);
        for vault in vaults {
            let set = words.clone();
            let written = vault.call(move |vault| {
                let mut records = Records::new(vault);
                let mut record = match records.read_preferences() {
                    // A corrupt record is replaced.
                    Err(VaultError::Corrupt) => BTreeMap::new(),
                    read => read?,
                };
                for (it, word) in set {
                    let key = encoding::key_of(it).to_owned();
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
    client: Http,
    /// The proxy and the root certificate, if not at their defaults.
    words: GuardedValues,
    trust: Trust,
    vaults: Vec<VaultHandle>,
}

impl Network {
    /// `vaults` may have the record that confirms `words`.
    pub(crate) fn new(client: Http, words: GuardedValues, trust: Trust, vaults: Vec<VaultHandle>) -> Self {
        Self { client, words, trust, vaults }
    }

    /// Sends a request once; see [`Http::send`].
    ///
    /// # Errors
    /// [`Unreachable`], also if a preference that it needs isn't confirmed.
    pub(crate) async fn send(
        &self,
        request: &HttpRequest,
        clock: &dyn Clock,
    ) -> Result<HttpAnswer, Unreachable> {
        self.confirm_for(&request.url).await?;
        self.client.send(request, clock).await
    }

    /// Sends a request to a server that the user hasn't chosen; see [`Http::visit`].
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(crate) async fn visit(
        &self,
        request: &HttpRequest,
        clock: &dyn Clock,
        visit: Visit,
    ) -> Result<HttpAnswer, Unreachable> {
        self.confirm_for(&request.url).await?;
        self.client.visit(request, clock, visit).await
    }

    /// Checks that the vault confirms what a request to this URL needs.
    ///
    /// # Errors
    /// [`Unreachable`] if it doesn't.
    pub(crate) async fn confirm_for(&self, url: &url::Url) -> Result<(), Unreachable> {
        let words = self.needed_for(url);
        if words.is_empty() {
            return Ok(());
        }
        let confirmed = self.trust.confirm(&self.vaults, &words).await;
        confirmed.map_err(|why| Unreachable {
            host: url.host_str().unwrap_or_default().to_owned(),
            kind: match why {
                NotConfirmed::Changed => UnreachableKind::Unconfirmed,
                NotConfirmed::Vault(_) => UnreachableKind::Unconfirmable,
            },
            may_have_been_sent: false,
        })
    }

    /// Loopback requests use no proxy, and plain http no certificate.
    fn needed_for(&self, url: &url::Url) -> GuardedValues {
        let is_needed = |it: Guarded| match it {
            Guarded::Proxy => !is_loopback(url),
            Guarded::ExtraRootCertificate => url.scheme() == "https",
            Guarded::Browser => false,
        };
        self.words.iter().filter(|(it, _)| is_needed(**it)).map(|(it, word)| (*it, word.clone())).collect()
    }
}

/// The program that opens sign-in links, if the vault confirms it; `None` means the system's browser.
///
/// # Errors
/// The vault can't be read.
pub(crate) async fn confirmed_browser(
    trust: &Trust,
    vaults: &[VaultHandle],
    program: Option<String>,
) -> Result<Option<String>, VaultProblem> {
    let Some(program) = program else { return Ok(None) };
    let values = GuardedValues::from([(Guarded::Browser, program.clone())]);
    match trust.confirm(vaults, &values).await {
        Ok(()) => Ok(Some(program)),
        Err(NotConfirmed::Changed) => Ok(None),
        Err(NotConfirmed::Vault(problem)) => Err(problem),
    }
}
