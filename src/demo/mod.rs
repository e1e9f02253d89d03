//! The built-in authorization server of *Try the demo*.
//!
//! It has a login page, codes with PKCE, short-lived access tokens, and rotating refresh tokens. It listens
//! only on 127.0.0.1. It protects nothing, so any name and password are accepted. All its state is bounded
//! and dropped with it.

mod authorize;
mod store;
mod token;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use url::Url;

use crate::base::clock::Clock;
use crate::base::secret::ClientSecret;
use crate::net::http_server;
use crate::net::http_server::{Answer, Connections};
use store::Store;

pub use store::{ACCESS_TOKEN_LIFE_SECS, REFRESH_TOKEN_LIFE_SECS};

/// The demo's only client.
pub const CLIENT_ID: &str = "keyfob-demo";
/// The demo's only scope.
pub const SCOPE: &str = "demo.read";

const HOME: &str = include_str!("../../assets/demo/home.html");
const BODY_LIMIT_BYTES: usize = 16 * 1024;

/// A running demo server; dropping it stops it.
#[derive(Debug)]
pub struct Demo {
    /// The issuer identifier: the server's own URL.
    pub issuer: String,
    pub authorize: Url,
    pub token: Url,
    /// A resource that returns an access token's user.
    pub me: Url,
    pub client_id: String,
    pub client_secret: ClientSecret,
    task: AbortHandle,
}

impl Demo {
    /// Starts a server on a free port of 127.0.0.1. Must be called on a tokio runtime, which then runs it.
    ///
    /// # Errors
    /// No port or no randomness is available.
    pub fn start(clock: Arc<dyn Clock>) -> io::Result<Self> {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let host = listener.local_addr()?.to_string();
        let listener = TcpListener::from_std(listener)?;
        let issuer = format!("http://{host}");
        let endpoint = |path: &str| Url::parse(&format!("{issuer}{path}")).map_err(io::Error::other);
        let (authorize, token, me) = (endpoint("/authorize")?, endpoint("/token")?, endpoint("/me")?);
        let client_secret = random_text().ok_or_else(|| io::Error::other("no randomness"))?;
        let server = Arc::new(Server {
            issuer: issuer.clone(),
            hosts: [host],
            client_secret: ClientSecret::new(client_secret.clone()),
            store: Mutex::new(Store::default()),
            clock,
        });
        let task = tokio::spawn(run(listener, server)).abort_handle();
        let client_secret = ClientSecret::new(client_secret);
        Ok(Self { issuer, authorize, token, me, client_id: CLIENT_ID.to_owned(), client_secret, task })
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(listener: TcpListener, server: Arc<Server>) {
    let listeners = [listener];
    let mut connections = Connections::default();
    loop {
        let stream = http_server::accept(&listeners).await;
        let server = Arc::clone(&server);
        let handler = move |request| Arc::clone(&server).respond(request);
        connections.add(http_server::answer_one(stream, handler, |_| {}));
    }
}

struct Server {
    issuer: String,
    hosts: [String; 1],
    client_secret: ClientSecret,
    store: Mutex<Store>,
    clock: Arc<dyn Clock>,
}

/// The fields of a form or a query, each named once.
type Fields = BTreeMap<String, String>;

impl Server {
    async fn respond(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        if !http_server::is_addressed_to(&request, &self.hosts) {
            return http_server::line(StatusCode::BAD_REQUEST, "This URL is not served here.\n");
        }
        let path = request.uri().path().to_owned();
        let method = request.method().clone();
        match (path.as_str(), method) {
            ("/", Method::GET) => http_server::page(StatusCode::OK, HOME),
            ("/authorize", Method::GET) => self.login_page(request.uri().query().unwrap_or_default()),
            ("/authorize", Method::POST) => match form(request).await {
                Some(fields) => self.log_in(&fields),
                None => http_server::line(StatusCode::BAD_REQUEST, "This is not the login page's form.\n"),
            },
            ("/token", Method::POST) => {
                let authorization = request.headers().get(header::AUTHORIZATION).cloned();
                self.token_answer(authorization.as_ref(), form(request).await.as_ref())
            }
            ("/me", Method::GET) => self.me(request.headers().get(header::AUTHORIZATION)),
            ("/" | "/me", _) => not_allowed("GET"),
            ("/authorize", _) => not_allowed("GET, POST"),
            ("/token", _) => not_allowed("POST"),
            _ => http_server::line(StatusCode::NOT_FOUND, "Nothing is here.\n"),
        }
    }

    /// Returns the token's user, so that a copied cURL line shows that it works.
    fn me(&self, authorization: Option<&HeaderValue>) -> Answer {
        let token =
            authorization.and_then(|value| value.to_str().ok()).and_then(|value| value.split_once(' '));
        let now = self.now();
        let owner = token
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .and_then(|(_, token)| self.with_store(|store| store.owner(token.trim(), now)));
        let Some((owner, expires_at)) = owner else {
            let said =
                json!({"error": "invalid_token", "error_description": "The token is unknown or expired."});
            let mut answer = json_answer(StatusCode::UNAUTHORIZED, &said);
            let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            return answer;
        };
        let left_secs = (expires_at - now).num_seconds();
        let said = json!({"sub": owner, "client_id": CLIENT_ID, "scope": SCOPE, "expires_in": left_secs});
        json_answer(StatusCode::OK, &said)
    }

    fn with_store<T>(&self, work: impl FnOnce(&mut Store) -> T) -> T {
        work(&mut self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

fn not_allowed(methods: &'static str) -> Answer {
    let mut answer = http_server::line(StatusCode::METHOD_NOT_ALLOWED, "This method is not served here.\n");
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    answer
}

fn json_answer(status: StatusCode, value: &serde_json::Value) -> Answer {
    http_server::answer(status, "application/json", value.to_string())
}

/// The fields of a form-encoded body; `None` if it isn't one, is too long, or repeats a name.
async fn form(request: Request<Incoming>) -> Option<Fields> {
    let content_type = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return None;
    }
    let body = Limited::new(request.into_body(), BODY_LIMIT_BYTES).collect().await.ok()?;
    fields(&body.to_bytes())
}

/// The fields of form-encoded text; `None` if a name is repeated (RFC 6749, section 3.1).
fn fields(text: &[u8]) -> Option<Fields> {
    let mut fields = Fields::new();
    for (name, value) in url::form_urlencoded::parse(text) {
        if fields.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    Some(fields)
}

/// 256 random bits as text; `None` if the system has none.
fn random_text() -> Option<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}
