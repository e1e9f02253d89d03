//! A raw HTTP client over TCP: sends given bytes and reads the response.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let known = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map(|(_, value)| value.as_str())
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The IPv4 loopback address of a port.
pub(crate) fn v4(port: u16) -> SocketAddr {
    (IpAddr::V4(Ipv4Addr::LOCALHOST), port).into()
}

pub(crate) fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&to, Duration::from_secs(5)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(15))).unwrap();
    stream
}

/// Sends bytes and reads to the end; `None` without a response.
pub(crate) fn exchange(to: SocketAddr, bytes: &[u8]) -> Option<Answer> {
    let mut stream = connect(to);
    // The server may respond and close before it has read all of it.
    let _ = stream.write_all(bytes);
    read_answer(&mut stream)
}

/// Reads a response to the connection's end.
pub(crate) fn read_answer(stream: &mut TcpStream) -> Option<Answer> {
    let (mut all, mut part) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(length) => all.extend_from_slice(&part[..length]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("reading: {error}"),
        }
    }
    let text = String::from_utf8_lossy(&all);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
    Some(Answer { status, headers, body: body.to_owned() })
}

/// A request without a body, as a browser writes it.
pub(crate) fn request(method: &str, host: &str, target: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n")
}

/// Fetches an `http://` URL on this machine; follows no redirect.
pub(crate) fn get(address: &str) -> Answer {
    let (to, host, target) = parts(address);
    exchange(to, request("GET", &host, &target).as_bytes()).expect("an answer")
}

/// Posts a form to an `http://` URL on this machine.
pub(crate) fn post_form(address: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
    let (to, host, target) = parts(address);
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut head = format!("POST {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
    write!(head, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    exchange(to, head.as_bytes()).expect("an answer")
}

fn parts(address: &str) -> (SocketAddr, String, String) {
    let url = url::Url::parse(address).unwrap();
    let port = url.port_or_known_default().unwrap();
    let to = url.socket_addrs(|| Some(port)).unwrap()[0];
    let host = format!("{}:{port}", url.host_str().unwrap());
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    (to, host, target)
}
