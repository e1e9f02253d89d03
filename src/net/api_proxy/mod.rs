//! A reverse proxy on this computer that adds an account's token to requests for its API.
//!
//! Invariants: it listens on 127.0.0.1 alone; only a request with this run's key, without an `Origin` and with the
//! right `Host` gets a token; a token goes to the origin of its account's API and nowhere else; no key, token or
//! header value is logged.

mod body;
mod headers;
mod request_log;
mod tokens;

use std::borrow::Cow;
use std::io;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use subtle::ConstantTimeEq as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use url::Url;

use super::api_client::{BodyError, Client, full};
use super::http_client::HttpPolicy;
use super::http_server::{HEAD_LIMIT_BYTES, accept, is_addressed_to};
use crate::base::secret::SecretText;
use crate::domain::api::api_host::ApiHost;
use crate::domain::api::proxy_rule::ProxyRule;
use crate::domain::api::proxy_target::{self, NoTarget, ProxyTarget};
use crate::domain::refusal::transport::Unreachable;
use body::Recorder;
pub use request_log::LogLine;
use tokens::AccountTokens;
pub use tokens::{ApiToken, NoToken, TokenSource};

/// Connections at the same time; further ones wait.
const MAX_CONNECTIONS: usize = 256;
/// How long a connection may be without a whole request head.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);

type ProxyBody = UnsyncBoxBody<Bytes, BodyError>;
type Answer = Response<ProxyBody>;
type Log = Box<dyn Fn(&LogLine) + Send + Sync>;

/// An account whose API the proxy serves.
pub struct ProxiedAccount {
    pub name: String,
    pub host: ApiHost,
}

/// What a proxy does.
pub struct ProxyConfig {
    pub accounts: Vec<ProxiedAccount>,
    /// The only requests that pass; all if there are none.
    pub rules: Vec<ProxyRule>,
    /// The port; 0 takes a free one.
    pub port: u16,
    pub policy: HttpPolicy,
    pub tokens: Arc<dyn TokenSource>,
    /// Takes a line for each request.
    pub log: Option<Log>,
}

/// A proxy that runs on a thread of its own until this is dropped.
pub struct RunningProxy {
    port: u16,
    key: SecretText,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// Why a proxy could not start.
#[derive(Debug)]
pub enum NotStarted {
    /// The port is taken or forbidden, or the system gives no thread.
    Io(io::Error),
    /// The client for an account's API could not be built.
    Client(Unreachable),
    /// The system returned no random numbers.
    NoRandomness,
}

impl RunningProxy {
    /// Binds the port and starts serving.
    ///
    /// # Errors
    /// [`NotStarted`].
    pub fn start(config: ProxyConfig) -> Result<Self, NotStarted> {
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random).map_err(|_| NotStarted::NoRandomness)?;
        let key = SecretText::new(URL_SAFE_NO_PAD.encode(random));
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, config.port)).map_err(NotStarted::Io)?;
        listener.set_nonblocking(true).map_err(NotStarted::Io)?;
        let port = listener.local_addr().map_err(NotStarted::Io)?.port();
        let mut clients = Vec::new();
        for account in &config.accounts {
            clients.push(Client::new(&config.policy, account.host.clone()).map_err(NotStarted::Client)?);
        }
        let count = config.accounts.len();
        let proxy = Arc::new(Proxy {
            key: key.duplicate(),
            own_hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")].to_vec(),
            names: config.accounts.iter().map(|account| account.name.clone()).collect(),
            hosts: config.accounts.into_iter().map(|account| account.host).collect(),
            clients,
            tokens: (0..count).map(|number| AccountTokens::new(number, Arc::clone(&config.tokens))).collect(),
            rules: config.rules,
            log: config.log,
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(NotStarted::Io)?;
        let (stop, stopped) = oneshot::channel();
        let serve = move || {
            runtime.block_on(async {
                if let Ok(listener) = TcpListener::from_std(listener) {
                    tokio::select! {
                        () = serve(proxy, listener) => {}
                        _ = stopped => {}
                    }
                }
            });
            // A thread that waits for the vault is left behind.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("proxy".to_owned()).spawn(serve).map_err(NotStarted::Io)?;
        Ok(Self { port, key, stop: Some(stop), thread: Some(thread) })
    }

    /// Where clients find it, without an account: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The key that requests must have, made for this run.
    pub fn key(&self) -> &SecretText {
        &self.key
    }
}

impl Drop for RunningProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        // The panic hook has reported a panic.
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

struct Proxy {
    key: SecretText,
    /// What `Host` may be.
    own_hosts: Vec<String>,
    names: Vec<String>,
    hosts: Vec<ApiHost>,
    clients: Vec<Client>,
    tokens: Vec<AccountTokens>,
    rules: Vec<ProxyRule>,
    log: Option<Log>,
}

async fn serve(proxy: Arc<Proxy>, listener: TcpListener) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let listeners = [listener];
    // The semaphore is never closed.
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        let stream = accept(&listeners).await;
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move {
            converse(proxy, stream).await;
            drop(permit);
        });
    }
}

async fn converse(proxy: Arc<Proxy>, stream: TcpStream) {
    // Small parts of a stream are sent at once.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let proxy = Arc::clone(&proxy);
        async move { Ok::<_, std::convert::Infallible>(proxy.answer(request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(2 * HEAD_LIMIT_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    // The peer may close the connection in any way.
    let _ = connection.await;
}

/// A request that isn't passed on, with the reason for its sender.
struct Refused {
    status: StatusCode,
    reason: String,
}

impl Refused {
    fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }

    fn answer(self) -> Answer {
        let body = Full::new(Bytes::from(format!("keyfob: {}\n", self.reason)));
        let mut answer = Response::new(body.map_err(|never| match never {}).boxed_unsync());
        *answer.status_mut() = self.status;
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"keyfob proxy\""));
        }
        answer
    }
}

/// A request that passed all checks.
struct Admitted {
    account: usize,
    url: Url,
    /// What came before the API's path: `/NAME` or `/KEY/NAME`.
    prefix: String,
}

impl Proxy {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let started = Instant::now();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = match self.admit(&request) {
            Ok(admitted) => self.pass_on(request, admitted).await.unwrap_or_else(Refused::answer),
            Err(refused) => refused.answer(),
        };
        if let Some(log) = &self.log {
            let (method, path) = (self.shown(method.as_str()), self.shown_path(&path));
            log(&LogLine { method, path: &path, status: answer.status().as_u16(), took: started.elapsed() });
        }
        answer
    }

    /// A text for the log: `-` if the key is in it.
    fn shown<'t>(&self, text: &'t str) -> &'t str {
        if proxy_target::has_key(text, self.key.expose()) { "-" } else { text }
    }

    /// A path for the log, without what is or may be a key, of this run or another.
    fn shown_path<'p>(&self, path: &'p str) -> Cow<'p, str> {
        match self.without_key(path) {
            Some("") => Cow::Borrowed("/"),
            Some(rest) => Cow::Borrowed(self.shown(rest)),
            None => proxy_target::without_unknown(self.shown(path), &self.names),
        }
    }

    /// What follows the key in a path; `None` if the key is not its first segment.
    fn without_key<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix('/')?;
        let (first, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        self.is_key(first.as_bytes()).then_some(after)
    }

    /// Checks where the request comes from, and its key. Returns what its path names.
    fn authenticate<'r>(
        &self,
        request: &'r Request<Incoming>,
    ) -> Result<Result<ProxyTarget<'r>, NoTarget>, Refused> {
        if !is_addressed_to(request, &self.own_hosts) {
            return Err(Refused::new(
                StatusCode::MISDIRECTED_REQUEST,
                "the Host header names another server",
            ));
        }
        if request.headers().contains_key(header::ORIGIN) {
            return Err(Refused::new(StatusCode::FORBIDDEN, "requests of web pages are refused"));
        }
        let path = request.uri().path();
        let target = proxy_target::find(path, &self.names);
        let has_key = if let Ok(target) = target {
            self.has_key(request.headers(), target.key)
        } else {
            // The path of a client that sends the key there, for an account that there isn't.
            let first = path.split('/').nth(1);
            self.has_key(request.headers(), first) || self.has_key(request.headers(), None)
        };
        if has_key {
            return Ok(target);
        }
        Err(Refused::new(
            StatusCode::UNAUTHORIZED,
            "the key is missing or wrong; send it as the bearer token, or use /KEY/NAME/... as the path",
        ))
    }

    /// Makes all checks that need no token.
    fn admit(&self, request: &Request<Incoming>) -> Result<Admitted, Refused> {
        let found = self.authenticate(request)?;
        let (path, query) = (request.uri().path(), request.uri().query());
        let has_key = |text: &str| proxy_target::has_key(text, self.key.expose());
        if has_key(self.without_key(path).unwrap_or(path))
            || query.is_some_and(has_key)
            || headers::any_has(request.headers(), has_key)
        {
            return Err(Refused::new(
                StatusCode::BAD_REQUEST,
                "the key stands in the path, the query or a header beside its own place, so the API would get it; \
                 send it as the bearer token, or use /KEY/NAME/... as the path",
            ));
        }
        let target = found.map_err(no_target)?;
        target.check().map_err(no_target)?;
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return Err(Refused::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "the proxy doesn't pass on this method",
            ));
        }
        let is_allowed = |rule: &ProxyRule| rule.allows(request.method().as_str(), target.path);
        if !self.rules.is_empty() && !self.rules.iter().any(is_allowed) {
            return Err(Refused::new(StatusCode::FORBIDDEN, "no rule allows this method and path"));
        }
        let url = self.url(&target, query).ok_or_else(|| no_target(NoTarget::NotAPath))?;
        let prefix = path.len() - if path.ends_with(target.path) { target.path.len() } else { 0 };
        Ok(Admitted { account: target.account, url, prefix: path[..prefix].to_owned() })
    }

    /// Compares the key in constant time: the bearer token, or a segment of the path if there is one.
    fn has_key(&self, headers: &HeaderMap, in_path: Option<&str>) -> bool {
        if let Some(segment) = in_path {
            return self.is_key(segment.as_bytes());
        }
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return false };
        let value = value.as_bytes();
        let is_bearer = value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "));
        is_bearer && self.is_key(value[7..].trim_ascii())
    }

    fn is_key(&self, text: &[u8]) -> bool {
        text.ct_eq(self.key.expose().as_bytes()).into()
    }

    /// The URL of the API; `None` if a URL can't have this path unchanged.
    fn url(&self, target: &ProxyTarget<'_>, query: Option<&str>) -> Option<Url> {
        let mut url = self.hosts.get(target.account)?.resolve("/")?;
        url.set_path(target.path);
        url.set_query(query);
        (url.path() == target.path).then_some(url)
    }

    async fn pass_on(&self, request: Request<Incoming>, admitted: Admitted) -> Result<Answer, Refused> {
        let Admitted { account, url, prefix } = admitted;
        let (head, incoming) = request.into_parts();
        let token = self.tokens[account].current().await.map_err(no_token)?;
        let mut headers = headers::of_request(&head.headers, &token.name);
        let has_body = !incoming.is_end_stream();
        let (body, recorder) = if has_body {
            let (body, recorder) = Recorder::around(incoming);
            (Some(body), Some(recorder))
        } else {
            (None, None)
        };
        headers.insert(token.name.clone(), token.value.clone());
        let client = &self.clients[account];
        let mut answer = client.send(head.method.clone(), url.clone(), headers.clone(), body).await;
        // A kept connection may have been closed by the server as the request left (RFC 9112, section 9.3.1).
        if answer.as_ref().is_err_and(|error| error.may_have_been_sent) && !has_body && is_safe(&head.method)
        {
            answer = client.send(head.method.clone(), url.clone(), headers.clone(), None).await;
        }
        let mut answer = answer.map_err(|error| unreachable(&error))?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            if answer.status().is_success() {
                self.tokens[account].accepted(token.generation);
            }
            return Ok(self.returned(answer, account, &prefix, &url));
        }
        let Some(token) = self.tokens[account].after_rejection(token.generation).await else {
            return Ok(self.returned(answer, account, &prefix, &url));
        };
        let again = match recorder {
            None => Some(None),
            Some(recorder) => recorder.whole().map(|bytes| Some(full(bytes))),
        };
        if let Some(body) = again {
            headers.insert(token.name.clone(), token.value.clone());
            answer = client
                .send(head.method, url.clone(), headers, body)
                .await
                .map_err(|error| unreachable(&error))?;
            if answer.status() == StatusCode::UNAUTHORIZED {
                self.tokens[account].rejected_anew(token.generation);
            }
        }
        Ok(self.returned(answer, account, &prefix, &url))
    }

    /// The API's answer for the client.
    fn returned(
        &self,
        answer: hyper::Response<reqwest::Body>,
        account: usize,
        prefix: &str,
        url: &Url,
    ) -> Answer {
        let (head, body) = answer.into_parts();
        let mut returned = Response::new(body.map_err(Into::into).boxed_unsync());
        *returned.status_mut() = head.status;
        *returned.headers_mut() = headers::of_answer(&head.headers, &self.hosts[account], prefix, url);
        returned
    }
}

/// Methods that change nothing (RFC 9110, section 9.2.1).
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn no_target(why: NoTarget) -> Refused {
    match why {
        NoTarget::UnknownAccount => {
            Refused::new(StatusCode::NOT_FOUND, "the path names no account of this proxy: /NAME/...")
        }
        NoTarget::DotSegment => Refused::new(StatusCode::BAD_REQUEST, "the path has a dot segment"),
        NoTarget::NotAPath => {
            Refused::new(StatusCode::BAD_REQUEST, "the path has a character that must be encoded")
        }
    }
}

fn no_token(why: NoToken) -> Refused {
    let status = if why.needs_sign_in { StatusCode::FORBIDDEN } else { StatusCode::BAD_GATEWAY };
    Refused::new(status, why.reason)
}

fn unreachable(error: &Unreachable) -> Refused {
    Refused::new(StatusCode::BAD_GATEWAY, format!("the API did not answer: {error}"))
}
