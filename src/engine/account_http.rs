//! Sends each account's requests and records them in its HTTP log.
//!
//! Every request for an account goes through its [`AccountHttp`], so the log is complete. Entries are
//! redacted before they are recorded. Entries of an ephemeral account never reach the disk.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use super::confirmed_settings::Network;
use super::event_loop::{Engine, Replies, Then, answer};
use crate::base::clock::Clock;
use crate::base::secret::Secret;
use crate::domain::account::{AccountId, Client};
use crate::domain::http_log::record;
use crate::domain::http_log::record::{HttpLogEntry, Received, RequestKind};
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::oauth::token_response::Answer;
use crate::domain::refusal::transport::Unreachable;
use crate::domain::token::grant::Grant;
use crate::messages::event::Reply;
use crate::messages::problem::Problem;
use crate::net::http_client::HttpAnswer;

/// Entries that the loop has not taken yet; clones share them.
#[derive(Clone, Default)]
pub(crate) struct HttpLog(Rc<RefCell<Vec<(AccountId, HttpLogEntry)>>>);

pub(crate) struct AccountHttp {
    id: AccountId,
    http: Rc<Network>,
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
    ) -> Result<HttpAnswer, Unreachable> {
        let started = self.clock.now();
        let answer = self.http.send(request, self.clock.as_ref()).await;
        let (times, received) = match &answer {
            Ok(answer) => {
                let received = Received {
                    status: answer.status,
                    headers: &answer.headers,
                    body: &answer.body,
                    too_large: answer.body_too_large,
                };
                ((answer.sent_at, answer.answered_at), Ok(received))
            }
            Err(unreached) => ((started, self.clock.now()), Err(unreached)),
        };
        let exchange = HttpLogEntry::new(kind, request, secrets, times, received);
        self.log.0.borrow_mut().push((self.id.clone(), exchange));
        answer
    }
}

/// Every secret of an account, since a server may repeat one.
pub(crate) fn secrets_of<'a>(client: &'a Client, grant: Option<&'a Grant>) -> Vec<&'a str> {
    let client_secret = client.client_secret.as_ref().map(Secret::expose);
    let password = client.password.as_ref().map(Secret::expose);
    let access = grant.map(|grant| grant.access_token.expose());
    let refresh = grant.and_then(|grant| grant.refresh_token.as_ref()).map(Secret::expose);
    let known = [client_secret, password, access, refresh].into_iter().flatten();
    let params = client.authorize_params.values().chain(client.token_params.values()).map(Secret::expose);
    known.chain(client.headers.values().map(Secret::expose)).chain(params).collect()
}

pub(crate) fn as_answer(answer: &HttpAnswer) -> Answer<'_> {
    Answer {
        status: answer.status,
        content_type: answer.content_type.as_deref(),
        body: &answer.body,
        sent_at: answer.sent_at,
        date: answer.date,
        retry_after: answer.retry_after.as_deref(),
    }
}

impl Engine {
    pub(crate) fn line(&self, id: &AccountId) -> AccountHttp {
        AccountHttp {
            id: id.clone(),
            http: self.network(),
            clock: Arc::clone(&self.deps.clock),
            log: self.http_log.clone(),
        }
    }

    /// Stores the entries recorded since the last call, and adds them to the logs that are shown.
    pub(crate) fn keep_exchanges(&mut self) {
        for (id, exchange) in self.http_log.0.take() {
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            if let Some(kept) = &mut entry.exchanges {
                record::keep(Arc::make_mut(kept), exchange.clone());
                self.dirty = true;
            }
            if entry.ephemeral {
                continue;
            }
            let stored = self.disk(move |accounts| accounts.put_exchange(&id, &exchange));
            self.spawn(async move {
                if stored.await.is_err() {
                    log::warn!("an exchange could not be kept");
                }
                let then: Then = Box::new(|_| {});
                then
            });
        }
    }

    /// Reads an account's log entries, which are shown from now on.
    pub(crate) fn read_exchanges(&mut self, id: &AccountId, replies: Replies) {
        let shown = match self.entry(id) {
            Ok(entry) => entry.exchanges.clone().filter(|_| entry.ephemeral),
            Err(problem) => return self.fail(None, problem, replies),
        };
        if let Some(kept) = shown {
            return answer(replies, Ok(Reply::Exchanges(kept)));
        }
        let account = id.clone();
        let read = self.disk(move |accounts| accounts.exchanges(&account));
        let id = id.clone();
        self.spawn(async move {
            let read = read.await;
            let then: Then = Box::new(move |engine| engine.exchanges_read(&id, read, replies));
            then
        });
    }

    fn exchanges_read(&mut self, id: &AccountId, read: Result<Vec<HttpLogEntry>, Problem>, replies: Replies) {
        match read {
            Ok(kept) => {
                let kept = Arc::new(kept);
                if let Some(entry) = self.entries.get_mut(id) {
                    entry.exchanges = Some(Arc::clone(&kept));
                    self.dirty = true;
                }
                answer(replies, Ok(Reply::Exchanges(kept)));
            }
            Err(problem) => self.fail(Some(id), problem, replies),
        }
    }

    /// Rereads the shown entries, since another process may have added some.
    pub(crate) fn read_shown_exchanges(&mut self) {
        let shown = self.entries.iter().filter(|(_, entry)| entry.exchanges.is_some() && !entry.ephemeral);
        let ids: Vec<AccountId> = shown.map(|(id, _)| id.clone()).collect();
        for id in ids {
            self.read_exchanges(&id, None);
        }
    }
}
