//! A scripted authorization server on plain sockets and threads.
//!
//! It shares no code with the app. It keeps every request, so that a test can check what was sent, and how
//! often.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::io::{self, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use base64::Engine as _;

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The one value of a header; `None` if it is absent or repeated.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let value = values.next()?.1.as_str();
        values.next().is_none().then_some(value)
    }

    /// The body as a form, in order.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// The query, in order.
    pub(crate) fn query_pairs(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.query.as_bytes()).into_owned().collect()
    }

    /// The whole request as text, with HTTP Basic credentials decoded.
    pub(crate) fn whole(&self) -> String {
        let basic = self.header("authorization").and_then(|value| value.strip_prefix("Basic "));
        let basic = basic.and_then(|encoded| base64::engine::general_purpose::STANDARD.decode(encoded).ok());
        let basic = String::from_utf8_lossy(&basic.unwrap_or_default()).into_owned();
        format!("{} {} {:?} {basic} {}", self.path, self.query, self.headers, self.text())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// How a response ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Completely.
    Whole,
    /// The connection is dropped after the request, without a response.
    Unanswered,
    /// The connection is dropped after this many bytes of a longer body.
    Cut(usize),
    /// One byte of the body at a time, with a pause before each.
    Drip(Duration),
    /// The body never ends and has no length.
    Endless,
}

#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    delay: Duration,
    ending: Ending,
}

impl Response {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into(), delay: Duration::ZERO, ending: Ending::Whole }
    }

    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::new(status, "application/json", body.into())
    }

    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self::new(status, "text/plain", "").header("Location", location)
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    #[must_use]
    pub(crate) fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }
}

type Handler = Box<dyn Fn(&Request) -> Response + Send + Sync>;

struct Inner {
    handler: Option<Handler>,
    scripts: Mutex<HashMap<String, VecDeque<Response>>>,
    standing: Mutex<HashMap<String, Response>>,
    requests: Mutex<Vec<Request>>,
    arrived: Condvar,
    connections: AtomicUsize,
    to_drop: AtomicUsize,
    is_stopped: AtomicBool,
    tls: Option<Arc<rustls::ServerConfig>>,
}

/// The server; it stops when dropped.
pub(crate) struct ScriptedServer {
    inner: Arc<Inner>,
    address: SocketAddr,
}

impl ScriptedServer {
    /// A plain http server on 127.0.0.1 with scripted responses, and 500 otherwise.
    pub(crate) fn start() -> Self {
        Self::run("127.0.0.1:0", None, None)
    }

    /// The same on another address.
    pub(crate) fn start_on(address: &str) -> Self {
        Self::run(address, None, None)
    }

    /// An https server on 127.0.0.1.
    pub(crate) fn start_tls(tls: Arc<rustls::ServerConfig>) -> Self {
        Self::run("127.0.0.1:0", None, Some(tls))
    }

    /// A server that computes each response.
    pub(crate) fn judging(handler: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self::run("127.0.0.1:0", Some(Box::new(handler)), None)
    }

    /// The same over https.
    pub(crate) fn judging_tls(
        tls: Arc<rustls::ServerConfig>,
        handler: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        Self::run("127.0.0.1:0", Some(Box::new(handler)), Some(tls))
    }

    fn run(address: &str, handler: Option<Handler>, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            handler,
            scripts: Mutex::default(),
            standing: Mutex::default(),
            requests: Mutex::default(),
            arrived: Condvar::new(),
            connections: AtomicUsize::new(0),
            to_drop: AtomicUsize::new(0),
            is_stopped: AtomicBool::new(false),
            tls,
        });
        let accepting = Arc::clone(&inner);
        spawn("scripted-server", move || {
            for stream in listener.incoming() {
                if accepting.is_stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                accepting.connections.fetch_add(1, Ordering::SeqCst);
                let serving = Arc::clone(&accepting);
                spawn("scripted-connection", move || {
                    // The test sees on the client's side how a connection ends.
                    let _ = serving.serve(stream);
                });
            }
        });
        Self { inner, address }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// A URL on this server; the host is the address it listens on.
    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.inner.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }

    /// Scripts the next response for a path.
    pub(crate) fn script(&self, path: &str, response: Response) {
        self.inner.scripts.lock().unwrap().entry(path.to_owned()).or_default().push_back(response);
    }

    /// The response for a path without a scripted one.
    pub(crate) fn always(&self, path: &str, response: Response) {
        self.inner.standing.lock().unwrap().insert(path.to_owned(), response);
    }

    /// Drops the next connections at once, without reading.
    pub(crate) fn drop_connections(&self, count: usize) {
        self.inner.to_drop.store(count, Ordering::SeqCst);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.inner.requests.lock().unwrap().clone()
    }

    pub(crate) fn requests_to(&self, path: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.path == path).collect()
    }

    /// Waits for this many requests.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Request> {
        let requests = self.inner.requests.lock().unwrap();
        let (requests, waited) = self
            .inner
            .arrived
            .wait_timeout_while(requests, Duration::from_secs(20), |requests| requests.len() < count)
            .unwrap();
        assert!(!waited.timed_out(), "{} of {count} requests came", requests.len());
        requests.clone()
    }

    /// The number of connections so far, with or without requests.
    pub(crate) fn connections(&self) -> usize {
        self.inner.connections.load(Ordering::SeqCst)
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.inner.is_stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name(name.to_owned()).spawn(work).unwrap();
}

impl Inner {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let dropped =
            self.to_drop.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if dropped.is_ok() {
            return Ok(());
        }
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        match &self.tls {
            None => self.converse(stream),
            Some(tls) => {
                let session = rustls::ServerConnection::new(Arc::clone(tls)).map_err(io::Error::other)?;
                self.converse(rustls::StreamOwned::new(session, stream))
            }
        }
    }

    fn converse(&self, stream: impl Read + Write) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        // Kept alive like a real server's, so that the client's behaviour shows.
        loop {
            let request = match read_request(&mut reader) {
                // As real servers answer a client that speaks TLS; it then knows.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return reader
                        .get_mut()
                        .write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
                }
                read => read?,
            };
            self.requests.lock().unwrap().push(request.clone());
            self.arrived.notify_all();
            let response = self.response_to(&request);
            thread::sleep(response.delay);
            write_response(reader.get_mut(), &response)?;
            if response.ending != Ending::Whole || request.header("connection") == Some("close") {
                return Ok(());
            }
        }
    }

    fn response_to(&self, request: &Request) -> Response {
        if let Some(handler) = &self.handler {
            return handler(request);
        }
        let scripted = self.scripts.lock().unwrap().get_mut(&request.path).and_then(VecDeque::pop_front);
        scripted
            .or_else(|| self.standing.lock().unwrap().get(&request.path).cloned())
            .unwrap_or_else(|| Response::new(500, "text/plain", format!("{}: not scripted", request.path)))
    }
}

fn read_request(reader: &mut impl io::BufRead) -> io::Result<Request> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    request.body.resize(length, 0);
    reader.read_exact(&mut request.body)?;
    Ok(request)
}

fn write_response(stream: &mut impl Write, response: &Response) -> io::Result<()> {
    if response.ending == Ending::Unanswered {
        return Ok(());
    }
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", response.status);
    for (name, value) in &response.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if response.ending != Ending::Endless {
        let _ = write!(head, "Content-Length: {}\r\n", response.body.len());
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    match response.ending {
        Ending::Whole => stream.write_all(&response.body)?,
        Ending::Cut(length) => stream.write_all(&response.body[..length])?,
        Ending::Drip(pause) => {
            for byte in &response.body {
                thread::sleep(pause);
                stream.write_all(&[*byte])?;
                stream.flush()?;
            }
        }
        Ending::Endless => loop {
            stream.write_all(&[b' '; 8192])?;
        },
        Ending::Unanswered => {}
    }
    stream.flush()
}
