//! Sends each account's requests and records them in its HTTP log.
//!
//! Every request for an account goes through its [`AccountHttp`], so the log is complete. Entries are
//! redacted before they are recorded. Entries of an ephemeral account never reach the disk.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::settings::confirmed::Network;
use crate::base::clock::Clock;
use crate::base::secret::Secret;
use crate::domain::account::{AccountId, Client};
use crate::domain::http_log::record::{HttpLogEntry, Received, RequestKind};
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::oauth::response_body::ResponseBody;
use crate::domain::oauth::token_response::Answer;
use crate::domain::refusal::transport::Unreachable;
use crate::domain::token::grant::Grant;
use crate::messages::preferences::{Preferences, ProxyChoice};
use crate::net::http_client::{Http, HttpAnswer, HttpPolicy, Proxy, Visit};

/// Entries that the event loop has not taken yet; clones share them.
type HttpLog = Rc<RefCell<Vec<(AccountId, HttpLogEntry)>>>;

/// The HTTP client and the log entries that aren't stored yet.
pub(crate) struct HttpService {
    client: Http,
    policy: HttpPolicy,
    log: HttpLog,
}

impl HttpService {
    pub(crate) fn new(policy: HttpPolicy) -> Self {
        Self { client: Http::new(policy.clone()), policy, log: HttpLog::default() }
    }

    pub(crate) fn client(&self) -> Http {
        self.client.clone()
    }

    /// The policy of requests, with the preferences' proxy and root certificate.
    pub(crate) fn policy(&self) -> &HttpPolicy {
        &self.policy
    }

    /// Uses the preferences' proxy and root certificate from now on.
    pub(crate) fn apply(&mut self, preferences: &Preferences) {
        let policy = http_policy(preferences, &self.policy);
        if self.policy.extra_root_pem != policy.extra_root_pem || self.policy.proxy != policy.proxy {
            self.policy = policy;
            self.client = Http::new(self.policy.clone());
        }
    }

    /// Sends an account's requests over `network`.
    pub(crate) fn of_account(
        &self,
        id: &AccountId,
        network: Rc<Network>,
        clock: Arc<dyn Clock>,
    ) -> AccountHttp {
        AccountHttp { id: id.clone(), network, clock, log: Rc::clone(&self.log) }
    }

    /// Records the requests that an account needed before it was saved.
    pub(crate) fn record(&self, id: &AccountId, entries: Vec<HttpLogEntry>) {
        self.log.borrow_mut().extend(entries.into_iter().map(|entry| (id.clone(), entry)));
    }

    /// Takes the entries recorded since the last call.
    pub(crate) fn take_log(&self) -> Vec<(AccountId, HttpLogEntry)> {
        self.log.take()
    }
}

/// A policy with the preferences' proxy and root certificate. Before a request,
/// [`crate::messages::command::Command::ConfirmNetwork`] checks that they may be used.
pub fn http_policy(preferences: &Preferences, limits: &HttpPolicy) -> HttpPolicy {
    HttpPolicy {
        extra_root_pem: preferences.extra_root_certificate.as_ref().map(Into::into),
        proxy: match &preferences.proxy {
            ProxyChoice::System => Proxy::System,
            ProxyChoice::Direct => Proxy::None,
            ProxyChoice::At(url) => Proxy::At(url.clone()),
        },
        ..limits.clone()
    }
}

/// Sends the requests of one account.
pub(crate) struct AccountHttp {
    id: AccountId,
    network: Rc<Network>,
    clock: Arc<dyn Clock>,
    log: HttpLog,
}

impl AccountHttp {
    /// Sends a request once and records the result. `secrets` lists every secret in it, since a server may
    /// repeat one.
    ///
    /// # Errors
    /// [`Unreachable`] without a complete response.
    pub(crate) async fn send(
        &self,
        kind: RequestKind,
        request: &HttpRequest,
        secrets: &[&str],
    ) -> Result<AccountResponse, Unreachable> {
        let started = self.clock.now();
        let response = self.network.send(request, self.clock.as_ref()).await.map(AccountResponse::new);
        let times = (started, self.clock.now());
        let entry = entry(kind, request, secrets, times, response.as_ref());
        self.log.borrow_mut().push((self.id.clone(), entry));
        response
    }
}

/// The log entry of a request; `times` are those of one without a response.
fn entry(
    kind: RequestKind,
    request: &HttpRequest,
    secrets: &[&str],
    times: (DateTime<Utc>, DateTime<Utc>),
    response: Result<&AccountResponse, &Unreachable>,
) -> HttpLogEntry {
    let (times, received) = match response {
        Ok(AccountResponse { http, body }) => {
            let received = Received { status: http.status, headers: &http.headers, body };
            ((http.sent_at, http.answered_at), Ok(received))
        }
        Err(unreached) => (times, Err(unreached)),
    };
    HttpLogEntry::new(kind, request, secrets, times, received)
}

/// Sends the requests for an account that isn't saved yet, to servers that the user hasn't chosen, and keeps
/// their log for it. Clones share the log.
#[derive(Clone)]
pub(crate) struct UnsavedHttp {
    network: Rc<Network>,
    clock: Arc<dyn Clock>,
    log: Rc<RefCell<Vec<HttpLogEntry>>>,
}

impl UnsavedHttp {
    /// `log` has the earlier requests for the account.
    pub(crate) fn new(network: Rc<Network>, clock: Arc<dyn Clock>, log: Vec<HttpLogEntry>) -> Self {
        Self { network, clock, log: Rc::new(RefCell::new(log)) }
    }

    /// Sends a request once and records the result; see [`AccountHttp::send`].
    ///
    /// # Errors
    /// [`Unreachable`] without a complete response.
    pub(crate) async fn visit(
        &self,
        kind: RequestKind,
        request: &HttpRequest,
        secrets: &[&str],
        visit: Visit,
    ) -> Result<HttpAnswer, Unreachable> {
        let started = self.clock.now();
        let answer = self.network.visit(request, self.clock.as_ref(), visit).await;
        let response = answer.map(AccountResponse::new);
        let entry = entry(kind, request, secrets, (started, self.clock.now()), response.as_ref());
        self.log.borrow_mut().push(entry);
        response.map(AccountResponse::into_http)
    }

    /// Takes the entries recorded since the last call.
    pub(crate) fn take_log(&self) -> Vec<HttpLogEntry> {
        self.log.take()
    }
}

/// A response whose body is parsed.
pub(crate) struct AccountResponse {
    http: HttpAnswer,
    body: Rc<ResponseBody>,
}

impl AccountResponse {
    fn new(http: HttpAnswer) -> Self {
        let body = if http.body_too_large {
            ResponseBody::too_large()
        } else {
            ResponseBody::parse(http.content_type.as_deref(), &http.body)
        };
        Self { http, body: Rc::new(body) }
    }

    /// The body as received, if the response is a complete success (HTTP 200).
    pub(crate) fn body_of_success(&self) -> Option<&[u8]> {
        (self.http.status == 200 && !self.http.body_too_large).then_some(self.http.body.as_slice())
    }

    /// The response as received.
    pub(crate) fn into_http(self) -> HttpAnswer {
        self.http
    }

    /// When the request was sent.
    pub(crate) fn sent_at(&self) -> DateTime<Utc> {
        self.http.sent_at
    }

    pub(crate) fn answer(&self) -> Answer<'_> {
        Answer {
            status: self.http.status,
            content_type: self.http.content_type.as_deref(),
            body: Rc::clone(&self.body),
            sent_at: self.http.sent_at,
            date: self.http.date,
            retry_after: self.http.retry_after.as_deref(),
        }
    }
}

/// Every secret of an account, since a server may repeat one.
pub(crate) fn secrets_of<'a>(client: &'a Client, grant: Option<&'a Grant>) -> Vec<&'a str> {
    let client_secret = client.client_secret.as_ref().map(Secret::expose);
    let password = client.password.as_ref().map(Secret::expose);
    let access = grant.map(|grant| grant.access_token.expose());
    let refresh = grant.and_then(|grant| grant.refresh_token.as_ref()).map(Secret::expose);
    let key = client.key.as_ref().map(Secret::expose);
    let known = [client_secret, password, key, access, refresh].into_iter().flatten();
    let params = [&client.authorize_params, &client.token_params, &client.refresh_params];
    let params = params.into_iter().flat_map(|params| params.values()).map(Secret::expose);
    known.chain(client.headers.values().map(Secret::expose)).chain(params).collect()
}
