//! Requests to an account's API, streamed in both directions.
//!
//! Invariants: a client belongs to one origin and sends nothing elsewhere; it follows no redirect; no error of the
//! client library leaves this module.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use http_body_util::BodyExt as _;
use http_body_util::combinators::BoxBody;
use hyper::HeaderMap;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use url::Url;

use super::http_client::{HttpPolicy, build_for_api, classify};
use crate::base::secret::SecretText;
use crate::domain::api::api_host::ApiHost;
use crate::domain::refusal::transport::{Unreachable, UnreachableKind};

/// How much of a streamed body is read at once, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;
/// How many such chunks may wait to be sent.
const CHUNKS: usize = 4;

/// The error of a body whose source failed.
pub(super) type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// The body of a request.
pub(super) type RequestBody = BoxBody<Bytes, BodyError>;

/// A client for the API of one origin.
pub(super) struct Client {
    host: ApiHost,
    inner: reqwest::Client,
}

impl Client {
    /// Blocks: reads the root certificates.
    pub(super) fn new(policy: &HttpPolicy, host: ApiHost) -> Result<Self, Unreachable> {
        match build_for_api(policy, host.url()) {
            Ok(inner) => Ok(Self { host, inner }),
            Err(kind) => Err(failed(&host, kind, false)),
        }
    }

    /// Sends a request to a path of the origin. `body` is `None` for a request without one.
    pub(super) async fn send(
        &self,
        method: hyper::Method,
        url: Url,
        headers: HeaderMap,
        body: Option<RequestBody>,
    ) -> Result<hyper::Response<reqwest::Body>, Unreachable> {
        if !self.host.is_origin_of(&url) {
            return Err(failed(&self.host, UnreachableKind::Connect, false));
        }
        let mut request = reqwest::Request::new(method, url);
        *request.headers_mut() = headers;
        *request.body_mut() = body.map(reqwest::Body::wrap);
        let sent = self.inner.execute(request).await;
        sent.map(Into::into).map_err(|error| {
            let (kind, may_have_been_sent) = classify(&error);
            failed(&self.host, kind, may_have_been_sent)
        })
    }
}

fn failed(host: &ApiHost, kind: UnreachableKind, may_have_been_sent: bool) -> Unreachable {
    Unreachable { host: host.url().host_str().unwrap_or_default().to_owned(), kind, may_have_been_sent }
}

/// A request to an API.
#[derive(Debug)]
pub struct ApiRequest {
    pub method: String,
    pub url: Url,
    /// Names and values; the values may be secret.
    pub headers: Vec<(String, SecretText)>,
}

/// A request's body.
pub enum ApiBody {
    None,
    /// Bytes that are sent with their length.
    Whole(Bytes),
    /// A stream, and its length if it is known.
    Stream(Box<dyn Read + Send>, Option<u64>),
}

/// Sends requests from a thread that may block.
pub struct BlockingApiClient {
    runtime: Runtime,
    client: Client,
}

/// An answer whose body is still to be read.
pub struct ApiAnswer<'a> {
    runtime: &'a Runtime,
    host: ApiHost,
    pub status: u16,
    /// Its standard phrase, such as `Not Found`.
    pub reason: &'static str,
    /// Names in lower case, and values as received.
    pub headers: Vec<(String, Vec<u8>)>,
    body: reqwest::Body,
}

impl BlockingApiClient {
    /// # Errors
    /// [`Unreachable`] if the root certificates can't be read or the system gives no threads.
    pub fn new(policy: &HttpPolicy, host: ApiHost) -> Result<Self, Unreachable> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime.map_err(|_| failed(&host, UnreachableKind::Connect, false))?;
        Ok(Self { runtime, client: Client::new(policy, host)? })
    }

    /// Sends a request once and returns when the answer's head is there.
    ///
    /// # Errors
    /// [`Unreachable`], also for another origin than the client's, to which nothing is sent.
    pub fn send(&self, request: &ApiRequest, body: ApiBody) -> Result<ApiAnswer<'_>, Unreachable> {
        let unusable = || failed(&self.client.host, UnreachableKind::Connect, false);
        let method = hyper::Method::from_bytes(request.method.as_bytes()).map_err(|_| unusable())?;
        let headers = header_map(&request.headers).ok_or_else(unusable)?;
        let body = match body {
            ApiBody::None => None,
            ApiBody::Whole(bytes) => Some(full(bytes)),
            ApiBody::Stream(source, length) => Some(streamed(source, length).map_err(|_| unusable())?),
        };
        let sending = self.client.send(method, request.url.clone(), headers, body);
        let (head, body) = self.runtime.block_on(sending)?.into_parts();
        let headers = head.headers.iter();
        Ok(ApiAnswer {
            runtime: &self.runtime,
            host: self.client.host.clone(),
            status: head.status.as_u16(),
            reason: head.status.canonical_reason().unwrap_or_default(),
            headers: headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect(),
            body,
        })
    }
}

impl ApiAnswer<'_> {
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// [`Unreachable`] if the connection breaks before the end.
    pub fn next_part(&mut self) -> Result<Option<Bytes>, Unreachable> {
        loop {
            match self.runtime.block_on(self.body.frame()) {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    // Trailers are no part of the body.
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
                Some(Err(error)) => return Err(failed(&self.host, classify(&error).0, true)),
            }
        }
    }
}

/// The headers, with secret values marked; `None` if one can't be sent.
pub(super) fn header_map(headers: &[(String, SecretText)]) -> Option<HeaderMap> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let name = hyper::header::HeaderName::from_bytes(name.as_bytes()).ok()?;
        let mut value = hyper::header::HeaderValue::from_bytes(value.expose().as_bytes()).ok()?;
        value.set_sensitive(true);
        map.append(name, value);
    }
    Some(map)
}

pub(super) fn full(bytes: Bytes) -> RequestBody {
    http_body_util::Full::new(bytes).map_err(|never| match never {}).boxed()
}

/// A body that is read from `source` on a thread of its own.
fn streamed(mut source: Box<dyn Read + Send>, length: Option<u64>) -> io::Result<RequestBody> {
    let (sender, chunks) = mpsc::channel(CHUNKS);
    let read = move || {
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            let chunk = match source.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => Ok(Bytes::copy_from_slice(&buffer[..count])),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
            let is_last = chunk.is_err();
            if sender.blocking_send(chunk).is_err() || is_last {
                return;
            }
        }
    };
    thread::Builder::new().name("request-body".to_owned()).spawn(read)?;
    Ok(Chunks { chunks, left: length }.boxed())
}

/// The chunks of a source.
struct Chunks {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    left: Option<u64>,
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.chunks.poll_recv(cx).map(|chunk| {
            let chunk = chunk?;
            if let (Some(left), Ok(bytes)) = (&mut self.left, &chunk) {
                *left = left.saturating_sub(bytes.len() as u64);
            }
            Some(chunk.map(Frame::data).map_err(Into::into))
        })
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
