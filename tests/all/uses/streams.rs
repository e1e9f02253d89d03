//! A server whose bodies have any length: events, chunks, a gigabyte. It keeps none of them.

use std::io::{self, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

type Judge = Box<dyn Fn(Option<&str>) -> bool + Send + Sync>;

pub(crate) struct StreamServer {
    address: SocketAddr,
    inner: Arc<Inner>,
}

struct Inner {
    judge: Judge,
    /// The bytes of uploads so far.
    received: AtomicU64,
    is_stopped: AtomicBool,
}

impl StreamServer {
    pub(crate) fn start(judge: impl Fn(Option<&str>) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            judge: Box::new(judge),
            received: AtomicU64::new(0),
            is_stopped: AtomicBool::new(false),
        });
        let serving = Arc::clone(&inner);
        let serve = move || {
            for stream in listener.incoming() {
                if serving.is_stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), inner) = (stream, Arc::clone(&serving)) else { continue };
                // The test sees on the client's side how a connection ends.
                let converse = move || drop(inner.converse(stream));
                thread::Builder::new().name("streams".to_owned()).spawn(converse).unwrap();
            }
        };
        thread::Builder::new().name("streams-accept".to_owned()).spawn(serve).unwrap();
        Self { address, inner }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn received(&self) -> u64 {
        self.inner.received.load(Ordering::SeqCst)
    }
}

impl Drop for StreamServer {
    fn drop(&mut self) {
        self.inner.is_stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

#[derive(Default)]
struct Head {
    target: String,
    authorization: Option<String>,
    length: Option<u64>,
    is_chunked: bool,
}

fn head(reader: &mut impl io::BufRead) -> io::Result<Head> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let target = line.split(' ').nth(1).ok_or(io::ErrorKind::UnexpectedEof)?.to_owned();
    let mut head = Head { target, ..Head::default() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { return Ok(head) };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => head.authorization = Some(value.to_owned()),
            "content-length" => head.length = value.parse().ok(),
            "transfer-encoding" => head.is_chunked = value == "chunked",
            _ => {}
        }
    }
}

/// The next chunk; empty at the end.
fn chunk(reader: &mut impl io::BufRead) -> io::Result<Vec<u8>> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let length = usize::from_str_radix(line.trim_end(), 16).map_err(io::Error::other)?;
    let mut bytes = vec![0; length + 2];
    reader.read_exact(&mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

fn write_chunk(out: &mut impl io::Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(&[format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat())?;
    out.flush()
}

impl Inner {
    fn converse(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::with_capacity(256 * 1024, stream);
        loop {
            let head = head(&mut reader)?;
            if !(self.judge)(head.authorization.as_deref()) {
                reader
                    .get_mut()
                    .write_all(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
                return Ok(());
            }
            let (path, query) = head.target.split_once('?').unwrap_or((&head.target, ""));
            let number: u64 = query.parse().unwrap_or_default();
            match path {
                "/events" => events(reader.get_mut(), number)?,
                "/echo" if head.is_chunked => echo(&mut reader)?,
                "/big" => download(reader.get_mut(), number)?,
                _ => self.upload(&mut reader, &head)?,
            }
        }
    }

    fn upload(&self, reader: &mut BufReader<TcpStream>, head: &Head) -> io::Result<()> {
        let mut count = 0;
        if head.is_chunked {
            loop {
                let bytes = chunk(reader)?;
                if bytes.is_empty() {
                    break;
                }
                count += bytes.len() as u64;
            }
        } else {
            count = io::copy(&mut reader.by_ref().take(head.length.unwrap_or(0)), &mut io::sink())?;
        }
        self.received.fetch_add(count, Ordering::SeqCst);
        let body = format!(r#"{{"received":{count}}}"#);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        reader.get_mut().write_all(&[head.as_bytes(), body.as_bytes()].concat())
    }
}

const STREAM: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

fn events(out: &mut TcpStream, count: u64) -> io::Result<()> {
    out.write_all(STREAM)?;
    for number in 0..count {
        thread::sleep(Duration::from_millis(20));
        write_chunk(out, format!("data: {number}\n\n").as_bytes())?;
    }
    write_chunk(out, b"")
}

/// Sends each chunk back as it comes.
fn echo(reader: &mut BufReader<TcpStream>) -> io::Result<()> {
    reader.get_mut().write_all(STREAM)?;
    loop {
        let bytes = chunk(reader)?;
        write_chunk(reader.get_mut(), &bytes)?;
        if bytes.is_empty() {
            return Ok(());
        }
    }
}

fn download(out: &mut TcpStream, mib: u64) -> io::Result<()> {
    out.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", mib << 20).as_bytes())?;
    let part = vec![b'x'; 1 << 20];
    (0..mib).try_for_each(|_| out.write_all(&part))
}
