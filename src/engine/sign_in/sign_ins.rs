//! Sign-ins that wait for the user: their listeners, codes and device codes.
//!
//! The first valid callback wins, from the browser or the paste box.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use url::Url;

use super::authorization::Prepared;
use crate::base::secret::{CodeVerifier, DeviceCode};
use crate::domain::account::AccountId;
use crate::domain::oauth::callback;
use crate::domain::oauth::callback::{CallbackError, Expected, Returned};
use crate::domain::oauth::device::DeviceAuthorization;
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::domain::session::Attempt;
use crate::engine::secrets::secret_reader::Party;
use crate::messages::problem::UntrustedText;
use crate::messages::snapshot::{Awaiting, DeviceCodeView};
use crate::net::redirect_listener::{CallbackDecision, Listener};

const CALLBACKS: usize = 64;
/// Attempts to bind a port that an earlier listener may still hold.
const BIND_ATTEMPTS: u32 = 10;
/// Time for a refusal page to reach the browser before the listener closes.
const LAST_PAGE: Duration = Duration::from_millis(600);

/// What a browser brought to a listener.
pub(crate) struct Callback {
    pub(crate) account: AccountId,
    pub(crate) attempt: Attempt,
    pub(crate) result: Result<Returned, CallbackError>,
}

/// A sign-in that waits for the browser.
pub(crate) struct PendingSignIn {
    pub(crate) attempt: Attempt,
    /// The party that issues the code.
    pub(crate) party: Party,
    pub(crate) expected: Arc<Expected>,
    pub(crate) verifier: CodeVerifier,
    /// The nonce that an ID token must repeat, if one was requested.
    pub(crate) nonce: Option<String>,
    pub(crate) redirect_uri: String,
    link: Url,
    /// Ends the listener; `None` if the user pastes the redirect.
    listener: Option<AbortHandle>,
}

/// A device code that the user has not confirmed yet.
struct PendingDevice {
    /// The party that issued the code.
    party: Party,
    code: Rc<DeviceCode>,
    /// The URL that *Open* opens.
    link: Url,
}

pub(crate) struct SignIns {
    browser: HashMap<AccountId, PendingSignIn>,
    device: HashMap<AccountId, PendingDevice>,
    /// Accounts whose sign-in opens no browser.
    without_browser: HashSet<AccountId>,
    /// Listeners of new accounts whose first sign-in takes them over.
    reserved: HashMap<AccountId, Listener>,
    /// Listeners; one that has its callback ends after the browser has its page.
    listeners: JoinSet<()>,
    /// Listeners that still deliver their last page.
    finishing: Vec<AbortHandle>,
    callbacks_in: mpsc::Sender<Callback>,
    callbacks: mpsc::Receiver<Callback>,
}

impl SignIns {
    pub(crate) fn new() -> Self {
        let (callbacks_in, callbacks) = mpsc::channel(CALLBACKS);
        Self {
            browser: HashMap::new(),
            device: HashMap::new(),
            without_browser: HashSet::new(),
            reserved: HashMap::new(),
            listeners: JoinSet::new(),
            finishing: Vec::new(),
            callbacks_in,
            callbacks,
        }
    }

    /// The next callback.
    pub(crate) async fn next_callback(&mut self) -> Option<Callback> {
        self.callbacks.recv().await
    }

    /// Sets whether the account's next sign-in opens a browser.
    pub(crate) fn set_opens_browser(&mut self, id: &AccountId, opens: bool) {
        if opens {
            self.without_browser.remove(id);
        } else {
            self.without_browser.insert(id.clone());
        }
    }

    pub(crate) fn opens_browser(&self, id: &AccountId) -> bool {
        !self.without_browser.contains(id)
    }

    /// Keeps the listener of a new account for its first sign-in.
    pub(crate) fn reserve(&mut self, id: AccountId, listener: Listener) {
        self.reserved.insert(id, listener);
    }

    pub(crate) fn take_reserved(&mut self, id: &AccountId) -> Option<Listener> {
        self.reserved.remove(id)
    }

    /// Closes listeners that have their callback, since the next sign-in may need their port. Returns the
    /// number of attempts to bind.
    pub(crate) fn release_ports(&mut self) -> u32 {
        let finishing = std::mem::take(&mut self.finishing);
        let attempts =
            if finishing.iter().any(|listener| !listener.is_finished()) { BIND_ATTEMPTS } else { 1 };
        for listener in finishing {
            listener.abort();
        }
        attempts
    }

    /// Serves the listener and keeps what the callback needs. Returns what is shown; its deadline is the
    /// session's.
    pub(crate) fn wait_for_browser(
        &mut self,
        id: &AccountId,
        attempt: Attempt,
        prepared: Prepared,
        now: DateTime<Utc>,
    ) -> Awaiting {
        let expected = Arc::new(prepared.expected);
        while self.listeners.try_join_next().is_some() {}
        let listener = prepared.listener.map(|listener| {
            let judge = self.judge(id.clone(), attempt, Arc::clone(&expected));
            let too_long = self.too_long(id.clone(), attempt);
            self.listeners.spawn_local(listener.serve(judge, too_long))
        });
        let shown = Awaiting {
            address: prepared.link.as_str().to_owned(),
            redirect_uri: prepared.redirect_uri.clone(),
            listening: listener.is_some(),
            since: now,
            deadline: now,
            browser_opened: false,
        };
        let pending = PendingSignIn {
            attempt,
            party: prepared.party,
            expected,
            verifier: prepared.pkce.verifier,
            nonce: prepared.nonce,
            redirect_uri: prepared.redirect_uri,
            link: prepared.link,
            listener,
        };
        self.browser.insert(id.clone(), pending);
        shown
    }

    /// Judges each callback on the listener's side and passes on the first valid one.
    fn judge(
        &self,
        account: AccountId,
        attempt: Attempt,
        expected: Arc<Expected>,
    ) -> impl Fn(&str) -> CallbackDecision + Send + Sync + 'static {
        let callbacks = self.callbacks_in.clone();
        move |query| {
            let result = callback::read_query(&expected, query);
            let decision = if result.is_ok() { CallbackDecision::Taken } else { CallbackDecision::Refused };
            // With a full queue the callback is lost, so the page refers the user to the window.
            match callbacks.try_send(Callback { account: account.clone(), attempt, result }) {
                Ok(()) => decision,
                Err(_) => CallbackDecision::Refused,
            }
        }
    }

    fn too_long(&self, account: AccountId, attempt: Attempt) -> impl Fn() + Send + Sync + 'static {
        let callbacks = self.callbacks_in.clone();
        move || {
            let result = Err(CallbackError::TooLong);
            // With a full queue, only the browser's page reports it.
            let _ = callbacks.try_send(Callback { account: account.clone(), attempt, result });
        }
    }

    /// Keeps a device code. Returns what is shown.
    pub(crate) fn wait_for_device(
        &mut self,
        id: &AccountId,
        party: Party,
        given: DeviceAuthorization,
    ) -> DeviceCodeView {
        let shown = DeviceCodeView {
            user_code: UntrustedText::new(&given.user_code),
            verification_uri: given.verification_uri.to_string(),
            verification_uri_complete: given.verification_uri_complete.as_ref().map(ToString::to_string),
            expires_at: given.polling.expires_at(),
        };
        let link = given.verification_uri_complete.unwrap_or(given.verification_uri);
        let pending = PendingDevice { party, code: Rc::new(given.device_code), link };
        self.device.insert(id.clone(), pending);
        shown
    }

    /// The sign-in that waits for the browser.
    pub(crate) fn pending(&self, id: &AccountId) -> Option<&PendingSignIn> {
        self.browser.get(id)
    }

    /// Takes the sign-in that waits for the browser; its listener delivers its last page.
    pub(crate) fn take_pending(&mut self, id: &AccountId) -> Option<PendingSignIn> {
        self.let_listener_finish(id);
        self.browser.remove(id)
    }

    /// The device code and the party that issued it.
    pub(crate) fn device_code(&self, id: &AccountId) -> Option<(Rc<DeviceCode>, Party)> {
        self.device.get(id).map(|device| (Rc::clone(&device.code), device.party.clone()))
    }

    /// The link that the user opens, in a browser here or on another device.
    pub(crate) fn link(&self, id: &AccountId) -> Option<&Url> {
        let browser = self.browser.get(id).map(|pending| &pending.link);
        browser.or_else(|| self.device.get(id).map(|device| &device.link))
    }

    /// Ends a sign-in. Its listener closes at once, since the next sign-in may need its port.
    pub(crate) fn stop(&mut self, id: &AccountId) {
        self.close_listener(id);
        self.reserved.remove(id);
        self.browser.remove(id);
        self.device.remove(id);
    }

    /// Ends the sign-ins of accounts that are gone.
    pub(crate) fn keep_only(&mut self, is_known: impl Fn(&AccountId) -> bool) {
        let ids: HashSet<AccountId> = self.browser.keys().chain(self.device.keys()).cloned().collect();
        for id in ids.iter().filter(|id| !is_known(id)) {
            self.stop(id);
        }
    }

    pub(crate) fn close_listener(&mut self, id: &AccountId) {
        if let Some(listener) = self.take_listener(id) {
            listener.abort();
        }
    }

    /// Closes a sign-in's listener after [`LAST_PAGE`].
    pub(crate) fn close_listener_soon(&mut self, id: &AccountId) {
        if let Some(listener) = self.take_listener(id) {
            tokio::task::spawn_local(async move {
                tokio::time::sleep(LAST_PAGE).await;
                listener.abort();
            });
        }
    }

    /// Lets a listener that has its callback deliver the page.
    fn let_listener_finish(&mut self, id: &AccountId) {
        self.finishing.retain(|listener| !listener.is_finished());
        let listener = self.take_listener(id);
        self.finishing.extend(listener);
    }

    fn take_listener(&mut self, id: &AccountId) -> Option<AbortHandle> {
        self.browser.get_mut(id).and_then(|pending| pending.listener.take())
    }

    /// Whether a sign-in listens on this port.
    pub(crate) fn holds_port(&self, port: Option<u16>) -> bool {
        let port_of = |text: &str| match RedirectUri::new(Some(text)) {
            Ok(RedirectUri::Loopback(loopback)) => loopback.port,
            _ => None,
        };
        let mut listening = self.browser.values().filter(|pending| pending.listener.is_some());
        listening.any(|pending| port_of(&pending.redirect_uri) == port)
    }

    /// Waits until all listeners have ended.
    pub(crate) async fn listeners_ended(&mut self) {
        while self.listeners.join_next().await.is_some() {}
    }
}
