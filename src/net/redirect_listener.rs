//! The redirect listener, which receives the browser's authorization response (RFC 8252, section 7.3).
//!
//! Invariants: the sockets of a sign-in are bound to loopback only, from before the authorization URL is
//! built until the end; only an accepted response ends the wait; at most one response is accepted; no
//! external text reaches a page.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, StatusCode};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::http_server;
use super::http_server::{Answer, Connections};
use crate::domain::oauth::redirect_uri::LoopbackRedirect;

const LANDING: &str = include_str!("../../assets/landing.html");
const REFUSED: &str = include_str!("../../assets/refused.html");

/// How long the browser has to fetch the landing page after its response was accepted. Under a second, so
/// that the port is free within one.
const LANDING_GRACE: Duration = Duration::from_millis(900);
/// The number of ports to try for one that is free in both address families.
const PORT_ATTEMPTS: usize = 16;

/// Why a redirect URI can't be listened on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BindError {
    #[error("port {port} is in use")]
    InUse { port: u16 },
    #[error("port {port} is forbidden")]
    Forbidden { port: u16 },
    #[error("no loopback address can be listened on")]
    NoLoopback,
}

/// The decision about a browser's response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackDecision {
    /// It belongs to this sign-in and ends it.
    Taken,
    /// It doesn't; the wait goes on.
    Refused,
}

#[derive(Debug)]
pub struct Listener {
    sockets: Vec<StdListener>,
    redirect: LoopbackRedirect,
    port: u16,
}

impl Listener {
    /// Binds the redirect URI's port, or a free one if it has none: on the exact address, or on both families
    /// for `localhost`.
    ///
    /// # Errors
    /// [`BindError`] if the port can't be used, or there is no address to bind it on.
    pub fn bind(redirect: &LoopbackRedirect) -> Result<Self, BindError> {
        let addresses = addresses(&redirect.host).ok_or(BindError::NoLoopback)?;
        let mut bound = bind_all(&addresses, redirect.port.unwrap_or(0));
        if redirect.port.is_none() {
            for _ in 1..PORT_ATTEMPTS {
                let Err(BindError::InUse { .. }) = bound else { break };
                bound = bind_all(&addresses, 0);
            }
        }
        let (sockets, port) = bound?;
        Ok(Self { sockets, redirect: redirect.clone(), port })
    }

    /// Ports that are currently free for a listener.
    pub fn free_ports(redirect: &LoopbackRedirect, count: usize) -> Vec<u16> {
        let Some(addresses) = addresses(&redirect.host) else { return Vec::new() };
        redirect.other_ports().filter(|port| bind_all(&addresses, *port).is_ok()).take(count).collect()
    }

    /// The redirect URI to send: the registered text, or the one with the bound port.
    pub fn redirect_uri(&self) -> String {
        self.redirect.uri_at(self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves until `judge` accepts a response and the browser has its page, or a second later. `judge` gets
    /// the query of each GET for the redirect's path, one at a time, and no more after accepting one.
    /// `too_long` is called for each GET for that path whose head is too long; the wait goes on. Dropping the
    /// future closes everything.
    pub fn serve(
        self,
        judge: impl Fn(&str) -> CallbackDecision + Send + Sync + 'static,
        too_long: impl Fn() + Send + Sync + 'static,
    ) -> impl Future<Output = ()> + Send {
        let landing = format!("{}/received", self.redirect.path.trim_end_matches('/'));
        let shared = Arc::new(Shared {
            hosts: hosts(&self.redirect.host, self.port),
            landing_address: format!("http://{}:{}{landing}", self.redirect.host, self.port),
            landing,
            path: self.redirect.path,
            judge: Box::new(judge),
            too_long: Box::new(too_long),
            is_taken: Mutex::new(false),
            taken: Notify::new(),
            delivered: Notify::new(),
        });
        serve_until_taken(self.sockets, shared)
    }
}

async fn serve_until_taken(sockets: Vec<StdListener>, shared: Arc<Shared>) {
    let Ok(listeners) = sockets.into_iter().map(TcpListener::from_std).collect::<io::Result<Vec<_>>>() else {
        return;
    };
    let mut connections = Connections::default();
    let finished = async {
        shared.taken.notified().await;
        let _ = tokio::time::timeout(LANDING_GRACE, shared.delivered.notified()).await;
    };
    tokio::pin!(finished);
    loop {
        tokio::select! {
            biased;
            () = &mut finished => return,
            stream = http_server::accept(&listeners) => connections.add(serve_connection(stream, Arc::clone(&shared))),
        }
    }
}

struct Shared {
    hosts: Vec<String>,
    path: String,
    landing: String,
    /// The full URL of the landing page. In a path that begins with two slashes, a browser would read the
    /// first segment as a host (RFC 3986, section 4.2).
    landing_address: String,
    judge: Box<dyn Fn(&str) -> CallbackDecision + Send + Sync>,
    too_long: Box<dyn Fn() + Send + Sync>,
    is_taken: Mutex<bool>,
    taken: Notify,
    delivered: Notify,
}

async fn serve_connection(stream: TcpStream, shared: Arc<Shared>) {
    let is_landing = Arc::new(AtomicBool::new(false));
    let (judge, landing) = (Arc::clone(&shared), Arc::clone(&is_landing));
    let handler = move |request: Request<Incoming>| {
        let (answer, is_landing) = judge.answer(&request);
        landing.store(is_landing, Ordering::Relaxed);
        std::future::ready(answer)
    };
    let too_long = |start: &[u8]| {
        let rest = start.strip_prefix(b"GET ").and_then(|rest| rest.strip_prefix(shared.path.as_bytes()));
        if rest.is_some_and(|rest| matches!(rest.first(), Some(b'?' | b' '))) {
            (shared.too_long)();
        }
    };
    http_server::answer_one(stream, handler, too_long).await;
    // Only now does the browser have the page, not when it was built.
    if is_landing.load(Ordering::Relaxed) {
        shared.delivered.notify_one();
    }
}

impl Shared {
    fn answer<B>(&self, request: &Request<B>) -> (Answer, bool) {
        let path = request.uri().path();
        if !http_server::is_addressed_to(request, &self.hosts) {
            return (http_server::line(StatusCode::BAD_REQUEST, "This URL is not served here.\n"), false);
        }
        let is_landing = path == self.landing && self.was_taken();
        if path != self.path && !is_landing {
            return (http_server::line(StatusCode::NOT_FOUND, "Nothing is here.\n"), false);
        }
        if request.method() != Method::GET {
            let mut answer = http_server::line(StatusCode::METHOD_NOT_ALLOWED, "Only GET is served here.\n");
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
            return (answer, false);
        }
        if is_landing {
            return (http_server::page(StatusCode::OK, LANDING), true);
        }
        (self.judged(request.uri().query().unwrap_or_default()), false)
    }

    fn was_taken(&self) -> bool {
        *self.is_taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judged(&self, query: &str) -> Answer {
        // Locked while judging, so that copies of a response wait here until the first is decided.
        let mut is_taken = self.is_taken.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_taken || (self.judge)(query) == CallbackDecision::Refused {
            return http_server::page(StatusCode::BAD_REQUEST, REFUSED);
        }
        *is_taken = true;
        self.taken.notify_one();
        // Redirect away from the URL with the code, to keep it out of the browser's history.
        let mut answer = http_server::line(StatusCode::SEE_OTHER, "");
        if let Ok(landing) = HeaderValue::try_from(&self.landing_address) {
            answer.headers_mut().insert(header::LOCATION, landing);
        }
        answer
    }
}

/// The IP addresses of a redirect URI's host; `None` if it is not loopback.
fn addresses(host: &str) -> Option<Vec<IpAddr>> {
    if host.eq_ignore_ascii_case("localhost") {
        return Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    literal.parse::<IpAddr>().ok().filter(IpAddr::is_loopback).map(|ip| vec![ip])
}

/// The values that a browser may send in `Host`; the default port is omitted.
fn hosts(host: &str, port: u16) -> Vec<String> {
    let mut hosts = vec![format!("{host}:{port}")];
    if port == 80 {
        hosts.push(host.to_owned());
    }
    hosts
}

/// Binds every address on one port. Skips a family that this computer lacks. The port must be free in every
/// family, since the browser may choose either.
fn bind_all(addresses: &[IpAddr], port: u16) -> Result<(Vec<StdListener>, u16), BindError> {
    let mut port = port;
    let mut sockets = Vec::new();
    for address in addresses {
        match bind_one(SocketAddr::new(*address, port)) {
            Ok((socket, bound)) => {
                port = bound;
                sockets.push(socket);
            }
            Err(error) => {
                if let Some(refusal) = refusal(error.kind(), port) {
                    return Err(refusal);
                }
            }
        }
    }
    if sockets.is_empty() { Err(BindError::NoLoopback) } else { Ok((sockets, port)) }
}

/// The standard library sets `SO_REUSEADDR` on Unix, where it allows binding a port in `TIME_WAIT` and still
/// excludes a second listener, and leaves it unset on Windows, where it would not exclude one.
fn bind_one(address: SocketAddr) -> io::Result<(StdListener, u16)> {
    let socket = StdListener::bind(address)?;
    socket.set_nonblocking(true)?;
    let port = socket.local_addr()?.port();
    Ok((socket, port))
}

fn refusal(kind: io::ErrorKind, port: u16) -> Option<BindError> {
    match kind {
        io::ErrorKind::AddrInUse => Some(BindError::InUse { port }),
        io::ErrorKind::PermissionDenied => Some(BindError::Forbidden { port }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l1_only_loopback_addresses_are_ever_bound() {
        assert_eq!(addresses("localhost").unwrap().len(), 2);
        assert_eq!(addresses("[::1]"), Some(vec![Ipv6Addr::LOCALHOST.into()]));
        for host in ["0.0.0.0", "[::]", "192.168.0.1", "example.com", "localhost.evil.test", ""] {
            assert_eq!(addresses(host), None, "{host}");
        }
    }

    #[test]
    fn l7_a_busy_and_a_forbidden_port_are_told_apart() {
        assert_eq!(refusal(io::ErrorKind::AddrInUse, 8910), Some(BindError::InUse { port: 8910 }));
        assert_eq!(refusal(io::ErrorKind::PermissionDenied, 80), Some(BindError::Forbidden { port: 80 }));
        assert_eq!(refusal(io::ErrorKind::AddrNotAvailable, 80), None);
    }

    #[test]
    fn the_usual_port_may_be_left_out_of_host() {
        assert_eq!(hosts("localhost", 80), ["localhost:80", "localhost"]);
        assert_eq!(hosts("[::1]", 8910), ["[::1]:8910"]);
    }
}
