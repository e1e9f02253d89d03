//! `keyfob proxy`: what it passes on, what it refuses, and what it says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::api::{Api, CAR};
use super::streams::StreamServer;
use crate::cli::place::{Place, holds};
use crate::support::desktop::{Bus, Keyring};
use crate::support::raw;
use crate::support::server::{Request, Response, ScriptedServer};

const HOUR: Duration = Duration::from_hours(1);

/// A running `keyfob proxy`; it is killed when dropped.
pub(crate) struct Proxy {
    pub(crate) child: Child,
    pub(crate) port: u16,
    pub(crate) key: String,
    said: Option<JoinHandle<String>>,
}

impl Proxy {
    pub(crate) fn start(place: &Place<'_>, words: &[&str]) -> Self {
        let mut command = place.command(&[&["proxy"], words].concat());
        let mut child = command.stdin(Stdio::null()).spawn().unwrap();
        let mut err = child.stderr.take().unwrap();
        let said = std::thread::Builder::new().name("proxy-said".to_owned()).spawn(move || {
            let mut said = String::new();
            err.read_to_string(&mut said).unwrap();
            said
        });
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut value_of = |name: &str| {
            let mut line = String::new();
            out.read_line(&mut line).unwrap();
            line.trim_end().strip_prefix(name).unwrap_or_else(|| panic!("{line}")).to_owned()
        };
        let port = value_of("KEYFOB_PROXY_URL=http://127.0.0.1:").parse().unwrap();
        let key = value_of("KEYFOB_PROXY_KEY=");
        Self { child, port, key, said: Some(said.unwrap()) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Sends lines and a body; the key, the host and the end of the connection are added.
    pub(crate) fn ask(&self, request: &str, headers: &str, body: &str) -> raw::Answer {
        let text = format!(
            "{request} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n{headers}\r\n{body}",
            self.port, self.key
        );
        raw::exchange(raw::v4(self.port), text.as_bytes()).expect("an answer")
    }

    /// Ends it as Ctrl-C does. Returns what it said.
    pub(crate) fn end(mut self) -> String {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(pid, Signal::INT).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        self.said.take().unwrap().join().unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn u3_only_a_good_request_reaches_the_api() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let proxy = Proxy::start(&place, &[CAR]);
    let (port, key) = (proxy.port, proxy.key.as_str());
    let before = api.server.requests().len();
    let own = format!("127.0.0.1:{port}");
    let bearer = format!("Authorization: Bearer {key}\r\n");
    for (target, host, headers, status) in [
        ("/car-dev/x", own.as_str(), "", 401),
        ("/car-dev/x", &own, "Authorization: Bearer wrong\r\n", 401),
        ("/car-dev/x", &own, &format!("Authorization: Bearer {key}x\r\n"), 401),
        ("/car-dev/x", &own, &format!("Authorization: Basic {key}\r\n"), 401),
        ("/car-dev/x", &own, &format!("{bearer}{bearer}"), 401),
        ("/wrong/car-dev/x", &own, &bearer, 401),
        ("/car-dev/x", "evil.example", &bearer, 421),
        ("/car-dev/x", "127.0.0.1", &bearer, 421),
        ("http://evil.example/car-dev/x", &own, &bearer, 421),
        ("/car-dev/x", &own, &format!("{bearer}Origin: http://evil.example\r\n"), 403),
        ("/car-dev/x", &own, &format!("{bearer}Origin: null\r\n"), 403),
        ("/nobody/x", &own, &bearer, 404),
        ("/", &own, &bearer, 404),
        ("/car-dev/../x", &own, &bearer, 400),
        ("/car-dev/%2e%2e/x", &own, &bearer, 400),
        (&format!("/car-dev/{key}/x"), &own, &bearer, 400),
        (&format!("/car-dev/x?key={key}"), &own, &bearer, 400),
        (&format!("/car-dev/x?key=%{:02x}{}", key.as_bytes()[0], &key[1..]), &own, &bearer, 400),
        (&format!("/{key}/{key}/car-dev/x"), &own, "", 400),
        ("/car-dev/x", &own, &format!("{bearer}X-Api-Key: {key}\r\n"), 400),
        ("/car-dev/x", &own, &format!("{bearer}Cookie: a=b; key={key}\r\n"), 400),
    ] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n");
        let answer = raw::exchange(raw::v4(port), text.as_bytes()).unwrap();
        assert_eq!(answer.status, status, "{text}{}", answer.body);
        assert!(answer.body.starts_with("keyfob: "), "{answer:?}");
        assert!(!answer.body.contains(key) && !answer.body.contains("CANARY"), "{answer:?}");
    }
    for (path, status) in [("car-dev/../x", 400), ("nobody/x", 404), ("car-dev/a%2f..%2fb", 400)] {
        let text = format!("GET /{key}/{path} HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n");
        assert_eq!(raw::exchange(raw::v4(port), text.as_bytes()).unwrap().status, status, "{path}");
    }
    assert_eq!(api.server.requests().len(), before, "nothing reached the API");
    let in_path =
        format!("GET /{key}/car-dev/v1/x HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    assert_eq!(raw::exchange(raw::v4(port), in_path.as_bytes()).unwrap().status, 200);
    let headers =
        format!("X-Api-Key: mine\r\nReferer: {}\r\nAccept: text/csv\r\n", proxy.url(&format!("/{key}/")));
    assert_eq!(proxy.ask("GET /car-dev//v1/y?a=b%20c&d", &headers, "").body, r#"{"path":"//v1/y"}"#);
    let requests = api.server.requests();
    let sent = requests.last().unwrap();
    assert_eq!(sent.header("authorization"), Some(format!("Bearer {}", api.token(1)).as_str()));
    assert_eq!((sent.query.as_str(), sent.header("host")), ("a=b%20c&d", Some(api.host().as_str())));
    assert_eq!((sent.header("accept"), sent.header("x-api-key")), (Some("text/csv"), Some("mine")));
    assert!(requests.iter().all(|request| !request.whole().contains(key)), "the key stays here");
}

#[test]
fn u4_a_rule_allows_methods_and_paths() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let proxy = Proxy::start(&place, &[CAR, "--rule", "GET /v1/*", "--rule", "POST /v2/a"]);
    for (request, status) in [
        ("GET /car-dev/v1/a/b?c", 200),
        ("POST /car-dev/v2/a", 200),
        ("POST /car-dev/v1/a", 403),
        ("GET /car-dev/v2/a", 403),
        ("GET /car-dev/admin", 403),
        ("GET /car-dev/v1/../admin", 400),
        ("GET /car-dev/v1/%2E%2e/admin", 400),
        ("GET /car-dev/v1/..%2fadmin", 400),
        ("GET /car-dev/V1/a", 403),
    ] {
        let answer = proxy.ask(request, "Content-Length: 0\r\n", "");
        assert_eq!(answer.status, status, "{request}: {}", answer.body);
    }
    assert_eq!(api.served().len(), 2);
    assert_eq!(place.run(&["proxy", CAR, "--rule", "v1"]).code, 2);
}

#[test]
fn u6_the_proxy_renews_a_rejected_token_once() {
    let (bus, api) =
        (Bus::start(), Api::start(HOUR, |request: &Request| Response::json(200, request.text())));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let proxy = Proxy::start(&place, &[CAR]);
    api.revoke_all();
    assert_eq!(proxy.ask("POST /car-dev/x", "Content-Length: 4\r\n", "body").body, "body");
    assert_eq!((api.issued(), api.rejected()), (2, 1));
    api.revoke_all();
    let long = "x".repeat(300 * 1024);
    let answer = proxy.ask("POST /car-dev/x", &format!("Content-Length: {}\r\n", long.len()), &long);
    assert_eq!((answer.status, api.issued(), api.rejected()), (401, 3, 2));
    assert_eq!(proxy.ask("GET /car-dev/x", "", "").status, 200);
    // A rejection that a new token doesn't cure causes one renewal, not one per request.
    let strict = ScriptedServer::judging(|_| Response::json(401, "{}"));
    let account =
        api.account().with("name", "strict").to_string().replace(&api.server.url("/v1/me"), &strict.url("/"));
    place.run_with(&["import", "-"], &account).ok();
    let proxy = Proxy::start(&place, &["strict"]);
    let before = api.issued();
    for _ in 0..4 {
        assert_eq!(proxy.ask("GET /strict/x", "", "").status, 401);
    }
    assert_eq!(api.issued(), before + 1);
}

#[test]
fn u6_a_rejection_after_a_token_was_accepted_renews_it_again() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let left = Arc::new(AtomicU32::new(2));
    let rejections = Arc::clone(&left);
    let fickle = ScriptedServer::judging(move |_| {
        let rejects = |left: u32| left.checked_sub(1);
        let is_rejected = rejections.fetch_update(Ordering::SeqCst, Ordering::SeqCst, rejects).is_ok();
        Response::json(if is_rejected { 401 } else { 200 }, "{}")
    });
    let account = api.account().to_string().replace(&api.server.url("/v1/me"), &fickle.url("/"));
    place.run_with(&["import", "-"], &account).ok();
    let proxy = Proxy::start(&place, &[CAR]);
    let ask = || proxy.ask("GET /car-dev/x", "", "").status;
    assert_eq!((ask(), ask()), (401, 200));
    let before = api.issued();
    left.store(1, Ordering::SeqCst);
    assert_eq!((ask(), api.issued()), (200, before + 1));
}

#[test]
fn an_upstream_that_is_down_is_said() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let down = format!("http://127.0.0.1:{}/", raw::free_port());
    let account = api.account().to_string().replace(&api.server.url("/v1/me"), &down);
    place.run_with(&["import", "-"], &account).ok();
    let proxy = Proxy::start(&place, &[CAR]);
    let answer = proxy.ask("GET /car-dev/x", "", "");
    assert!(answer.status == 502 && answer.body.contains("did not answer"), "{answer:?}");
    drop(proxy);
    let no_api = api.account().with("name", "plain").to_string();
    let (keys, endpoints) =
        (no_api.split("[account.api]").next().unwrap(), no_api.split("[account.endpoints]").nth(1).unwrap());
    place.run_with(&["import", "-"], &format!("{keys}[account.endpoints]{endpoints}")).ok();
    assert!(place.run(&["proxy", "plain"]).failed(1).contains("API base URL"));
    let port = raw::free_port();
    let _taken = std::net::TcpListener::bind(raw::v4(port)).unwrap();
    assert!(place.run(&["proxy", CAR, "--port", &port.to_string()]).failed(1).contains("--port"));
}

#[test]
fn u7_the_proxy_logs_no_key_and_no_header() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let mut place = Place::on(&bus);
    place.log = true;
    api.import(&place);
    let proxy = Proxy::start(&place, &[CAR]);
    let key = proxy.key.clone();
    proxy.ask("GET /car-dev/v1/x?secret=CANARY-query", "X-Other: CANARY-header\r\n", "");
    let in_path = format!(
        "POST /{key}/car-dev/v1/y HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        proxy.port
    );
    raw::exchange(raw::v4(proxy.port), in_path.as_bytes()).unwrap();
    raw::get(&proxy.url("/CANARY-mistyped-key/car-dev/x"));
    raw::get(&proxy.url(&format!("/{key}/nobody")));
    raw::get(&proxy.url(&format!("/{key}/{key}/car-dev/x")));
    raw::get(&proxy.url(&format!("/car-dev/{key}/x")));
    raw::get(&proxy.url(&format!("/car-dev/%{:02x}{}/x", key.as_bytes()[0], &key[1..])));
    raw::get(&proxy.url("/car-dev/without"));
    let said = proxy.end();
    assert!(said.contains("GET /car-dev/v1/x 200 ") && said.contains("POST /car-dev/v1/y 200 "), "{said}");
    assert!(said.contains("GET /-/car-dev/x 401 ") && said.contains("GET /nobody 404 "), "{said}");
    assert!(said.contains("GET - 400 ") && said.contains("GET /car-dev/without 401 "), "{said}");
    assert_eq!(said.matches("GET - 401 ").count(), 2, "{said}");
    for secret in ["CANARY", key.as_str(), &key[1..]] {
        assert!(!said.contains(secret), "{said}");
        assert!(!holds(&place.home, secret));
    }
}

#[test]
fn u8_bodies_are_passed_on_as_they_come() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let streams = StreamServer::start(api.judge());
    let account = api.account().to_string().replace(&api.server.url("/v1/me"), &streams.url());
    place.run_with(&["import", "-"], &account).ok();
    let proxy = Proxy::start(&place, &[CAR]);
    let mut stream = raw::connect(raw::v4(proxy.port));
    let head = format!("Host: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\n", proxy.port, proxy.key);
    write!(stream, "POST /car-dev/echo HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\n").unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut until = |end: &str| {
        let mut seen = String::new();
        while !seen.ends_with(end) {
            assert!(reader.read_line(&mut seen).unwrap() > 0, "{seen}");
        }
        seen
    };
    for part in ["first", "second"] {
        // The next part is sent only once this one is back.
        write!(stream, "{:x}\r\n{part}\r\n", part.len()).unwrap();
        assert!(until(&format!("{part}\r\n")).contains(part));
    }
    write!(stream, "0\r\n\r\n").unwrap();
    until("0\r\n\r\n");
    let started = Instant::now();
    write!(stream, "GET /car-dev/events?50 HTTP/1.1\r\n{head}\r\n").unwrap();
    until("data: 0\n");
    assert!(started.elapsed() < Duration::from_millis(900), "the first event comes before the last");
    until("data: 49\n");
}
