//! The HTTP client's policy.
//!
//! Rustls with TLS 1.2 or later, no redirects, no cookies, no retries, bounded time and size. Invariants: a
//! request is sent at most once, over https, or over plain http to this computer; no error of the client
//! library leaves this module, since those quote URLs and headers.

use std::collections::HashSet;
use std::fmt;
use std::io::Read;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use hyper::body::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, ClientBuilder, Response};
use tokio::sync::OnceCell;
use url::Url;
use zeroize::Zeroizing;

use super::error_kind;
use crate::base::clock::Clock;
use crate::base::secret::SecretText;
use crate::domain::api_address::reach::Reach;
use crate::domain::oauth::http_request::{HttpRequest, Method};
use crate::domain::refusal::transport::{Unreachable, UnreachableKind};
use crate::domain::secure_url::{is_loopback, is_secure};
use crate::domain::time_parse;

pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum duration of a request, including the response.
pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);
/// The maximum size of a response body, in bytes.
pub const BODY_LIMIT_BYTES: usize = 1 << 20;
/// How many connections to an API are kept without a request.
const API_IDLE_CONNECTIONS: usize = 64;
/// How long they are kept: less than the five seconds after which common servers close them.
const API_IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Sent with every request; some servers reject requests without it.
pub const USER_AGENT: &str = concat!("Keyfob/", env!("CARGO_PKG_VERSION"));

#[derive(Debug, Clone)]
pub struct HttpPolicy {
    /// A PEM file with root certificates to trust beside the system's.
    pub extra_root_pem: Option<PathBuf>,
    /// The proxy for servers that are not on this computer.
    pub proxy: Proxy,
    pub connect_timeout: Duration,
    /// The maximum duration of a request, including the response.
    pub total_timeout: Duration,
    /// Whether a connection is used again. A request on a reused connection may fail without showing whether
    /// it arrived, so only for requests whose effect can be read afterwards.
    pub reuse_connections: bool,
}

/// The proxy for servers that are not on this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proxy {
    System,
    None,
    At(Url),
}

impl Default for HttpPolicy {
    fn default() -> Self {
        Self {
            extra_root_pem: None,
            proxy: Proxy::System,
            connect_timeout: CONNECT_TIMEOUT,
            total_timeout: TOTAL_TIMEOUT,
            reuse_connections: false,
        }
    }
}

pub struct HttpAnswer {
    pub status: u16,
    /// Every header as received, with names in lower case; invalid UTF-8 is replaced.
    pub headers: Vec<(String, SecretText)>,
    pub content_type: Option<String>,
    /// `Date`, the server's clock, if given.
    pub date: Option<DateTime<Utc>>,
    /// `Retry-After` as received: seconds or a date (RFC 9110, section 10.2.3).
    pub retry_after: Option<String>,
    /// The body; empty if it was too large.
    pub body: Zeroizing<Vec<u8>>,
    /// The body exceeded [`BODY_LIMIT_BYTES`] and was dropped.
    pub body_too_large: bool,
    pub sent_at: DateTime<Utc>,
    pub answered_at: DateTime<Utc>,
}

impl fmt::Debug for HttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// The HTTP client. Cheap to create and clone: the slow part (reading root certificates) waits for the first
/// request that needs it.
#[derive(Clone)]
pub struct Http {
    inner: Arc<Inner>,
}

struct Inner {
    policy: HttpPolicy,
    plain: OnceCell<Client>,
    local: OnceCell<Client>,
    remote: OnceCell<Client>,
    /// The client for hosts that must be public.
    guarded: OnceCell<Client>,
    public_hosts: PublicHosts,
}

/// How a server is asked that the user hasn't chosen.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    /// The server's name may stand for these addresses only.
    pub reach: Reach,
    /// Whether the body is wanted. Without it, a stream that never ends is no obstacle.
    pub reads_body: bool,
}

#[derive(Clone, Copy)]
enum Route {
    /// http on this computer: no proxy, and no root certificates, so that it works without any.
    Plain,
    /// https on this computer: no proxy.
    Local,
    /// https elsewhere: with the configured proxy.
    Remote,
    /// The same, if the server's name stands for public addresses only.
    Guarded,
}

impl Http {
    pub fn new(policy: HttpPolicy) -> Self {
        let inner = Inner {
            policy,
            plain: OnceCell::new(),
            local: OnceCell::new(),
            remote: OnceCell::new(),
            guarded: OnceCell::new(),
            public_hosts: PublicHosts::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Sends a request once and reads the response, whatever its status.
    ///
    /// # Errors
    /// [`Unreachable`] without a complete response. A URL that is neither https nor on this computer gives
    /// [`UnreachableKind::Tls`], and nothing is sent.
    pub async fn send(&self, request: &HttpRequest, clock: &dyn Clock) -> Result<HttpAnswer, Unreachable> {
        // The account's owner has seen its servers, so they may be anywhere.
        self.visit(request, clock, Visit { reach: Reach::ThisComputer, reads_body: true }).await
    }

    /// The same for a server that the user hasn't chosen.
    ///
    /// # Errors
    /// As [`Self::send`]; [`UnreachableKind::Inside`] if its name stands for an address out of reach.
    pub async fn visit(
        &self,
        request: &HttpRequest,
        clock: &dyn Clock,
        visit: Visit,
    ) -> Result<HttpAnswer, Unreachable> {
        let failed = |kind, may_have_been_sent| Unreachable {
            host: request.url.host_str().unwrap_or_default().to_owned(),
            kind,
            may_have_been_sent,
        };
        visit.reach.check(&request.url).map_err(|place| failed(UnreachableKind::Inside(place), false))?;
        let route = route(&request.url).ok_or_else(|| failed(UnreachableKind::Tls, false))?;
        let route = match (route, request.url.domain()) {
            (Route::Remote, Some(name)) if visit.reach == Reach::Public => {
                self.inner.public_hosts.add(name);
                Route::Guarded
            }
            (route, _) => route,
        };
        let client = self.client(route).await.map_err(|kind| failed(kind, false))?;
        let headers = headers(request).ok_or_else(|| failed(UnreachableKind::Connect, false))?;
        let sending = match request.method {
            Method::Get => client.get(request.url.clone()),
            Method::Post if request.in_query => client.post(with_query(&request.url, request.body.expose())),
            Method::Post => client.post(request.url.clone()).body(body_of(request)),
            Method::Put => client.put(request.url.clone()).body(body_of(request)),
            Method::Patch => client.patch(request.url.clone()).body(body_of(request)),
            Method::Delete => client.delete(request.url.clone()),
        };
        let sending = sending.headers(headers);
        let sent_at = clock.now();
        let mut response = sending.send().await.map_err(|error| {
            let (kind, sent) = classify(&error);
            failed(kind, sent)
        })?;
        let read = if visit.reads_body {
            read_body(&mut response).await.map_err(|error| failed(classify(&error).0, true))?
        } else {
            Some(Zeroizing::default())
        };
        let text = |name| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), SecretText::new(value))
        };
        Ok(HttpAnswer {
            status: response.status().as_u16(),
            headers: response.headers().iter().map(header).collect(),
            content_type: text("content-type"),
            date: text("date").and_then(|date| time_parse::http_date(&date)),
            retry_after: text("retry-after"),
            body_too_large: read.is_none(),
            body: read.unwrap_or_default(),
            sent_at,
            answered_at: clock.now(),
        })
    }

    async fn client(&self, route: Route) -> Result<&Client, UnreachableKind> {
        let cell = match route {
            Route::Plain => &self.inner.plain,
            Route::Local => &self.inner.local,
            Route::Remote => &self.inner.remote,
            Route::Guarded => &self.inner.guarded,
        };
        cell.get_or_try_init(|| async {
            let (policy, public_hosts) = (self.inner.policy.clone(), self.inner.public_hosts.clone());
            // Reads files, so not on the runtime's thread.
            let built = tokio::task::spawn_blocking(move || build(&policy, route, public_hosts));
            built.await.unwrap_or(Err(UnreachableKind::Connect))
        })
        .await
    }
}

/// The URL with a form added to its own query.
fn with_query(url: &Url, form: &str) -> Url {
    let mut url = url.clone();
    let query = match url.query() {
        Some(own) if !own.is_empty() => Zeroizing::new([own, "&", form].concat()),
        _ => Zeroizing::new(form.to_owned()),
    };
    url.set_query(Some(&query));
    url
}

fn route(url: &Url) -> Option<Route> {
    match (url.scheme(), is_loopback(url)) {
        _ if !is_secure(url) => None,
        ("https", false) => Some(Route::Remote),
        ("https", true) => Some(Route::Local),
        _ => Some(Route::Plain),
    }
}

/// Builds a client. Blocks: reads the root certificates and the system's proxy settings.
fn build(policy: &HttpPolicy, route: Route, public_hosts: PublicHosts) -> Result<Client, UnreachableKind> {
    // A request on a reused connection may fail without showing whether it arrived.
    let idle = if policy.reuse_connections { API_IDLE_CONNECTIONS } else { 0 };
    let builder = builder().pool_max_idle_per_host(idle).timeout(policy.total_timeout);
    let builder = match route {
        Route::Guarded => builder.dns_resolver(public_hosts),
        Route::Plain | Route::Local | Route::Remote => builder,
    };
    finish(builder, policy, route)
}

/// Builds a client for the API of `url`: without a limit of time, since a response may be a stream of events, and with
/// connections that are kept for the next request. Blocks like [`build`].
pub(super) fn build_for_api(policy: &HttpPolicy, url: &Url) -> Result<Client, UnreachableKind> {
    let route = route(url).ok_or(UnreachableKind::Tls)?;
    let builder = builder().pool_max_idle_per_host(API_IDLE_CONNECTIONS).pool_idle_timeout(API_IDLE_TIMEOUT);
    finish(builder, policy, route)
}

fn builder() -> ClientBuilder {
    // An error means that one is already installed, which is equally good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Resolve this computer's own name without a name server (RFC 6761, section 6.3).
    let localhost = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
    ClientBuilder::new()
        .tls_backend_rustls()
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .resolve_to_addrs("localhost", &localhost)
        .referer(false)
}

fn finish(builder: ClientBuilder, policy: &HttpPolicy, route: Route) -> Result<Client, UnreachableKind> {
    let builder = builder.connect_timeout(policy.connect_timeout).user_agent(USER_AGENT);
    let builder = match route {
        Route::Plain => builder.no_proxy().tls_certs_only([]),
        Route::Local => with_roots(builder.no_proxy().https_only(true), policy)?,
        Route::Remote | Route::Guarded => {
            with_roots(with_proxy(builder, &policy.proxy)?.https_only(true), policy)?
        }
    };
    builder.build().map_err(|error| match &policy.extra_root_pem {
        Some(_) if !error_kind::lacks_roots(&error) => UnreachableKind::BadRootCertificate,
        _ => UnreachableKind::NoRootCertificates,
    })
}

/// The request's body, as a copy that is wiped with the request.
fn body_of(request: &HttpRequest) -> Bytes {
    Bytes::from_owner(Zeroizing::new(request.body.expose().as_bytes().to_vec()))
}

/// Resolves names, and refuses an address that is not public for a host that must be. A proxy's name is none of
/// these hosts, so it may stand for any address.
#[derive(Debug, Clone, Default)]
struct PublicHosts(Arc<Mutex<HashSet<String>>>);

impl PublicHosts {
    fn add(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_ascii_lowercase());
    }

    fn has(&self, name: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&name.to_ascii_lowercase())
    }
}

impl Resolve for PublicHosts {
    fn resolve(&self, name: Name) -> Resolving {
        let must_be_public = self.has(name.as_str());
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if must_be_public {
                for address in &found {
                    Reach::Public.check_ip(address.ip()).map_err(error_kind::OutOfReach)?;
                }
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn with_proxy(builder: ClientBuilder, proxy: &Proxy) -> Result<ClientBuilder, UnreachableKind> {
    Ok(match proxy {
        Proxy::System => builder,
        Proxy::None => builder.no_proxy(),
        Proxy::At(url) => {
            let proxy = reqwest::Proxy::all(url.as_str()).map_err(|_| UnreachableKind::Connect)?;
            // Without the system's own proxies.
            builder.no_proxy().proxy(proxy)
        }
    })
}

fn with_roots(builder: ClientBuilder, policy: &HttpPolicy) -> Result<ClientBuilder, UnreachableKind> {
    let Some(path) = &policy.extra_root_pem else { return Ok(builder) };
    let roots = extra_roots(path).ok_or(UnreachableKind::BadRootCertificate)?;
    Ok(builder.tls_certs_merge(roots))
}

/// The certificates of a PEM file; `None` if it is unreadable or has none.
fn extra_roots(path: &Path) -> Option<Vec<Certificate>> {
    let mut pem = Vec::new();
    std::fs::File::open(path).ok()?.take(BODY_LIMIT_BYTES as u64).read_to_end(&mut pem).ok()?;
    Certificate::from_pem_bundle(&pem).ok().filter(|roots| !roots.is_empty())
}

/// The request's headers, marked as sensitive; `None` if one can't be sent.
fn headers(request: &HttpRequest) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let mut value = HeaderValue::from_bytes(value.expose().as_bytes()).ok()?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Some(headers)
}

/// The kind of an error, and whether a byte of the request may have been sent.
pub(super) fn classify(error: &reqwest::Error) -> (UnreachableKind, bool) {
    let unsent = error.is_connect() || error.is_builder();
    let kind = if let Some(kind) = error_kind::kind_of(error) {
        kind
    } else if error.is_dns() {
        UnreachableKind::Dns
    } else if error.is_timeout() {
        UnreachableKind::TimedOut
    } else if unsent {
        UnreachableKind::Connect
    } else {
        UnreachableKind::Broken
    };
    (kind, !unsent)
}

async fn read_body(response: &mut Response) -> Result<Option<Zeroizing<Vec<u8>>>, reqwest::Error> {
    if response.content_length().is_some_and(|length| length > BODY_LIMIT_BYTES as u64) {
        return Ok(None);
    }
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await? {
        let length = body.len() + chunk.len();
        if length > BODY_LIMIT_BYTES {
            return Ok(None);
        }
        if length > body.capacity() {
            // Growing in place would leave the old copy unwiped.
            let mut grown = Zeroizing::new(Vec::with_capacity((2 * length).max(4096)));
            grown.extend_from_slice(&body);
            body = grown;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::api_address::reach::Inside;

    #[test]
    fn t2_the_limits_are_those_promised() {
        let policy = HttpPolicy::default();
        assert_eq!((policy.connect_timeout.as_secs(), policy.total_timeout.as_secs()), (10, 30));
        assert_eq!(BODY_LIMIT_BYTES, 1_048_576);
    }

    #[test]
    fn s2_only_this_machine_is_reached_in_the_clear() {
        let route_of = |text: &str| route(&Url::parse(text).unwrap());
        for refused in [
            "http://127.0.0.1.evil.test/token",
            "http://localhost.evil.test/",
            "http://example.com/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://[2001:db8::1]/",
            "http://user@evil.test/",
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
        ] {
            assert!(route_of(refused).is_none(), "{refused}");
        }
        for plain in ["http://127.0.0.1/", "http://127.8.0.1:1/", "http://[::1]:8/token", "http://localhost/"]
        {
            assert!(matches!(route_of(plain), Some(Route::Plain)), "{plain}");
        }
        assert!(matches!(route_of("https://[::1]/"), Some(Route::Local)));
        assert!(matches!(route_of("https://127.0.0.1.example/"), Some(Route::Remote)));
    }

    #[test]
    fn g2_a_name_that_stands_for_this_computer_is_no_public_host() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let resolve = |hosts: &PublicHosts| {
            runtime.block_on(hosts.resolve("localhost".parse().unwrap())).map(Iterator::count)
        };
        let hosts = PublicHosts::default();
        // A proxy may have any address.
        assert!(resolve(&hosts).is_ok_and(|count| count > 0));
        hosts.add("LOCALHOST");
        let refused = resolve(&hosts).unwrap_err();
        let kind = error_kind::kind_of(&*refused);
        assert_eq!(kind, Some(UnreachableKind::Inside(Inside::ThisComputer)));
    }

    #[test]
    fn an_answer_shows_its_status_and_nothing_of_its_body() {
        let answer = HttpAnswer {
            status: 200,
            headers: vec![("set-cookie".to_owned(), SecretText::new("CANARY-3f1".to_owned()))],
            content_type: Some("application/json".to_owned()),
            date: None,
            retry_after: None,
            body: Zeroizing::new(b"CANARY-3f1".to_vec()),
            body_too_large: false,
            sent_at: DateTime::UNIX_EPOCH,
            answered_at: DateTime::UNIX_EPOCH,
        };
        assert_eq!(format!("{answer:?}"), "HttpAnswer { status: 200, .. }");
    }
}
