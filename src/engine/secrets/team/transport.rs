//! Sends the team vault's requests over the HTTP client, on the vault's own thread.

use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::base::clock::Clock;
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::refusal::transport::{Unreachable, UnreachableKind};
use crate::domain::team::Connection;
use crate::net::http_client::{Http, HttpAnswer, HttpPolicy};
use crate::store::vault::team::{TeamResponse, Transport};

/// Requests at the same time.
const AT_ONCE: usize = 16;

pub(super) struct NetTransport {
    http: Http,
    clock: Arc<dyn Clock>,
    /// Created at the first request; `None` if the system gives none.
    runtime: Option<Runtime>,
}

impl NetTransport {
    pub(super) fn new(connection: &Connection, policy: &HttpPolicy, clock: Arc<dyn Clock>) -> Self {
        let policy =
            HttpPolicy { extra_root_pem: connection.ca.clone(), reuse_connections: true, ..policy.clone() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
        Self { http: Http::new(policy), clock, runtime: runtime.ok() }
    }
}

impl Transport for NetTransport {
    fn send(&mut self, request: &HttpRequest) -> Result<TeamResponse, Unreachable> {
        let Some(runtime) = &self.runtime else { return Err(no_runtime(request)) };
        runtime.block_on(self.http.send(request, self.clock.as_ref())).map(response)
    }

    fn send_all(&mut self, requests: &[HttpRequest]) -> Vec<Result<TeamResponse, Unreachable>> {
        let Some(runtime) = &self.runtime else {
            return requests.iter().map(|request| Err(no_runtime(request))).collect();
        };
        let (http, clock) = (&self.http, self.clock.as_ref());
        runtime.block_on(async {
            let mut answers = Vec::with_capacity(requests.len());
            for some in requests.chunks(AT_ONCE) {
                let sent = some.iter().map(|request| http.send(request, clock));
                answers.extend(join_all(sent.collect()).await);
            }
            answers.into_iter().map(|answer| answer.map(response)).collect()
        })
    }
}

/// Runs futures at the same time; their results in order.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    use std::task::Poll;
    let mut running: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut results: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut is_done = true;
        for (future, result) in running.iter_mut().zip(&mut results) {
            if result.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(value) => *result = Some(value),
                    Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    results.into_iter().flatten().collect()
}

fn response(answer: HttpAnswer) -> TeamResponse {
    let index = answer.headers.iter().find(|(name, _)| name == "x-vault-index");
    TeamResponse {
        status: answer.status,
        index: index.map(|(_, value)| value.expose().to_owned()),
        ahead: answer.date.map(|date| answer.answered_at - date),
        date: answer.date,
        body: answer.body,
    }
}

fn no_runtime(request: &HttpRequest) -> Unreachable {
    Unreachable {
        host: request.url.host_str().unwrap_or_default().to_owned(),
        kind: UnreachableKind::Connect,
        may_have_been_sent: false,
    }
}
