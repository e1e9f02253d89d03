//! A small HTTP/1 server for this computer's browser.
//!
//! Invariants: memory, time and the number of connections are bounded; the newest connection is never
//! refused; every response forbids scripts, framing, caching and referrers.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

const TOO_LONG: &str = include_str!("../../assets/too_long.html");

/// The maximum size of a request's head, in bytes: the request line, with an authorization response in it,
/// and all headers. These include the cookies of every other server on this computer.
pub const HEAD_LIMIT_BYTES: usize = 64 * 1024;
/// The maximum duration of receiving a request's head.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum lifetime of a connection: head, body and response.
pub const CONNECTION_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to read and drop data after rejecting an incomplete request: closing a connection with unread
/// bytes loses the response.
const LINGER: Duration = Duration::from_secs(1);
/// The maximum number of connections; one more drops the oldest.
pub const MAX_CONNECTIONS: usize = 16;

pub(crate) type Answer = Response<Full<Bytes>>;

/// The connections of one server. Dropping this closes them all.
#[derive(Default)]
pub(crate) struct Connections {
    tasks: JoinSet<()>,
    by_age: VecDeque<AbortHandle>,
}

impl Connections {
    /// Runs a connection; drops the oldest if there are too many.
    pub(crate) fn add(&mut self, connection: impl Future<Output = ()> + Send + 'static) {
        while self.tasks.try_join_next().is_some() {}
        self.by_age.retain(|task| !task.is_finished());
        while self.by_age.len() >= MAX_CONNECTIONS {
            if let Some(oldest) = self.by_age.pop_front() {
                oldest.abort();
            }
        }
        self.by_age.push_back(self.tasks.spawn(connection));
    }
}

pub(crate) async fn accept(listeners: &[TcpListener]) -> TcpStream {
    loop {
        let accepted: io::Result<TcpStream> = poll_fn(|cx| {
            for listener in listeners {
                if let Poll::Ready(accepted) = listener.poll_accept(cx) {
                    return Poll::Ready(accepted.map(|(stream, _)| stream));
                }
            }
            Poll::Pending
        })
        .await;
        match accepted {
            Ok(stream) => return stream,
            // Out of descriptors, or the peer disconnected at once: the listener itself still works.
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Serves one request of a connection within all limits. A head larger than [`HEAD_LIMIT_BYTES`] gets an
/// error page; `too_long` receives its beginning.
pub(crate) async fn answer_one<H, F>(mut stream: TcpStream, handler: H, too_long: impl FnOnce(&[u8]))
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let served = async {
        match tokio::time::timeout(HEAD_TIMEOUT, read_head(&mut stream)).await {
            Ok(Ok(Head::Whole(head))) => answer_request(stream, head, handler).await,
            Ok(Ok(Head::TooLong(start))) => {
                too_long(&start);
                drop(start);
                // The peer may close the connection in any way.
                let _ = refuse_head(&mut stream).await;
            }
            Ok(Err(_)) | Err(_) => {}
        }
    };
    let _ = tokio::time::timeout(CONNECTION_TIMEOUT, served).await;
}

enum Head {
    Whole(Vec<u8>),
    /// [`HEAD_LIMIT_BYTES`] without the end of the head.
    TooLong(Vec<u8>),
}

/// Reads a head before hyper does, since hyper's own response to one that is too long is empty.
async fn read_head(stream: &mut TcpStream) -> io::Result<Head> {
    let mut head = Vec::with_capacity(4096);
    loop {
        let seen = head.len();
        if seen == HEAD_LIMIT_BYTES {
            return Ok(Head::TooLong(head));
        }
        let room = (HEAD_LIMIT_BYTES - seen) as u64;
        if (&mut *stream).take(room).read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // The end marker may be split between two reads.
        let new = &head[seen.saturating_sub(3)..];
        if new.windows(4).any(|end| end == b"\r\n\r\n") || new.windows(2).any(|end| end == b"\n\n") {
            return Ok(Head::Whole(head));
        }
    }
}

async fn answer_request<H, F>(stream: TcpStream, head: Vec<u8>, handler: H)
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let handler = Arc::new(handler);
    let service = service_fn(move |request| {
        let handler = Arc::clone(&handler);
        async move { Ok::<_, Infallible>(handler(request).await) }
    });
    let (read, write) = stream.into_split();
    let stream = tokio::io::join(io::Cursor::new(head).chain(read), write);
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_LIMIT_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // The peer may close the connection in any way, and there is no one to report it to.
    let _ = connection.await;
}

/// Responds to a head that is too long with an error page.
async fn refuse_head(stream: &mut TcpStream) -> io::Result<()> {
    let page = page(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, TOO_LONG);
    let mut answer = format!("HTTP/1.1 {}\r\n", page.status()).into_bytes();
    for (name, value) in page.headers() {
        answer.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    answer.extend(format!("Content-Length: {}\r\n\r\n{TOO_LONG}", TOO_LONG.len()).into_bytes());
    stream.write_all(&answer).await?;
    stream.shutdown().await?;
    let mut rest = [0; 4096];
    let reading = async { while stream.read(&mut rest).await.is_ok_and(|bytes| bytes > 0) {} };
    let _ = tokio::time::timeout(LINGER, reading).await;
    Ok(())
}

/// Returns true if a request's only target host is one of `hosts` (`host:port`).
pub(crate) fn is_addressed_to<B>(request: &Request<B>, hosts: &[String]) -> bool {
    let mut named = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (named.next(), named.next()) else { return false };
    request.uri().authority().is_none()
        && hosts.iter().any(|known| host.as_bytes().eq_ignore_ascii_case(known.as_bytes()))
}

/// An HTML page. Its one `<style>` is allowed by its hash; nothing else is loaded or run.
pub(crate) fn page(status: StatusCode, html: impl Into<Bytes>) -> Answer {
    let html = html.into();
    let policy = format!(
        "default-src 'none'; style-src {}; base-uri 'none'; frame-ancestors 'none'",
        style_source(&html)
    );
    let mut answer = answer(status, "text/html; charset=utf-8", html);
    if let Ok(policy) = HeaderValue::try_from(policy) {
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

pub(crate) fn line(status: StatusCode, text: &'static str) -> Answer {
    answer(status, "text/plain; charset=utf-8", text)
}

/// A response with the headers that all of them have.
pub(crate) fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    let fixed: [(HeaderName, &'static str); 6] = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONNECTION, "close"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn style_source(html: &[u8]) -> String {
    let text = String::from_utf8_lossy(html);
    let style = text.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
    match style {
        Some((style, _)) => format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style.as_bytes()))),
        None => "'none'".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_those_of_the_design() {
        assert_eq!((HEAD_LIMIT_BYTES, HEAD_TIMEOUT.as_secs(), MAX_CONNECTIONS), (65_536, 5, 16));
    }

    #[test]
    fn a_page_allows_its_own_style_and_nothing_else() {
        let answer = page(StatusCode::OK, "<style>a{}</style>");
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        // printf 'a{}' | openssl dgst -sha256 -binary | base64
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(policy.contains(&STANDARD.encode(Sha256::digest(b"a{}"))));
    }

    #[test]
    fn a_host_must_be_named_once_and_exactly() {
        let hosts = ["127.0.0.1:80".to_owned(), "127.0.0.1".to_owned()];
        let request = |uri: &str, named: &[&str]| {
            let mut request = Request::builder().uri(uri);
            for host in named {
                request = request.header("host", *host);
            }
            request.body(()).unwrap()
        };
        assert!(is_addressed_to(&request("/a", &["127.0.0.1:80"]), &hosts));
        assert!(is_addressed_to(&request("/a", &["127.0.0.1"]), &hosts));
        assert!(!is_addressed_to(&request("/a", &[]), &hosts));
        assert!(!is_addressed_to(&request("/a", &["evil.test"]), &hosts));
        assert!(!is_addressed_to(&request("/a", &["127.0.0.1:80", "127.0.0.1:80"]), &hosts));
        assert!(!is_addressed_to(&request("http://127.0.0.1:80/a", &["127.0.0.1:80"]), &hosts));
    }
}
