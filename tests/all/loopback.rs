//! The redirect listener against a raw TCP client.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use keyfob::domain::redirect::{LoopbackRedirect, RedirectUri};
use keyfob::net::loopback::{BindError, Listener, Verdict};
use tokio::sync::oneshot;

use crate::support::canary;
use crate::support::raw::{self, Answer, v4};

fn redirect(text: &str) -> LoopbackRedirect {
    match RedirectUri::new(Some(text)).unwrap() {
        RedirectUri::Loopback(redirect) => redirect,
        RedirectUri::Pasted(_) => panic!("{text} is not loopback"),
    }
}

/// A sign-in's wait: takes the query `code=good`, and says how it ended.
struct Wait {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    cancel: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Duration>>,
}

impl Wait {
    fn on(text: &str) -> Self {
        Self::with(Listener::bind(&redirect(text)).unwrap())
    }

    fn with(listener: Listener) -> Self {
        let (port, asked) = (listener.port(), Arc::new(Mutex::new(Vec::new())));
        let (cancel, cancelled) = oneshot::channel();
        let heard = Arc::clone(&asked);
        let judge = move |query: &str| {
            heard.lock().unwrap().push(query.to_owned());
            if query.starts_with("code=good") { Verdict::Taken } else { Verdict::Refused }
        };
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let started = Instant::now();
            runtime.block_on(async {
                tokio::select! {
                    () = listener.serve(judge) => {}
                    _ = cancelled => {}
                }
                // The runtime lives on, as the engine's does.
                tokio::task::yield_now().await;
            });
            started.elapsed()
        };
        let thread = thread::Builder::new().name("sign-in".to_owned()).spawn(work).unwrap();
        Self { port, asked, cancel: Some(cancel), thread: Some(thread) }
    }

    fn get(&self, target: &str) -> Answer {
        self.send("GET", &format!("127.0.0.1:{}", self.port), target)
    }

    fn send(&self, method: &str, host: &str, target: &str) -> Answer {
        raw::exchange(v4(self.port), raw::request(method, host, target).as_bytes()).expect("an answer")
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn is_waiting(&self) -> bool {
        !self.thread.as_ref().unwrap().is_finished()
    }

    /// Brings a good answer, follows to the landing page, and waits for the end.
    fn finish(mut self) -> Duration {
        let taken = self.get("/callback?code=good");
        assert_eq!(taken.status, 303);
        let landing = self.get(taken.header("location").unwrap());
        assert_eq!(landing.status, 200);
        self.end()
    }

    fn end(&mut self) -> Duration {
        self.thread.take().unwrap().join().unwrap()
    }

    fn cancel(&mut self) {
        self.cancel.take().unwrap().send(()).unwrap();
        self.end();
    }
}

fn is_closed(port: u16) -> bool {
    matches!(TcpStream::connect(v4(port)), Err(error) if error.kind() == ErrorKind::ConnectionRefused)
}

fn has_ipv6() -> bool {
    TcpListener::bind("[::1]:0").is_ok()
}

/// Addresses that listen on a port, as the kernel writes them.
#[cfg(target_os = "linux")]
fn listening_on(port: u16) -> Vec<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let rows = tables.iter().filter_map(|table| std::fs::read_to_string(table).ok()).collect::<String>();
    rows.lines()
        .filter_map(|row| {
            let mut columns = row.split_whitespace().skip(1);
            let (address, at) = columns.next()?.split_once(':')?;
            let is_listening = columns.nth(1)? == "0A";
            (is_listening && at == format!("{port:04X}")).then(|| address.to_owned())
        })
        .collect()
}

#[test]
#[cfg(target_os = "linux")]
fn l1_binds_loopback_only() {
    const V4: &str = "0100007F";
    const V6: &str = "00000000000000000000000001000000";
    let mut cases = vec![("http://127.0.0.1/callback", vec![V4])];
    if has_ipv6() {
        cases.push(("http://[::1]/callback", vec![V6]));
        cases.push(("http://localhost/callback", vec![V4, V6]));
    } else {
        cases.push(("http://localhost/callback", vec![V4]));
    }
    for (text, expected) in cases {
        let listener = Listener::bind(&redirect(text)).unwrap();
        let port = listener.port();
        assert_eq!(listening_on(port), expected, "{text}");
        // Any other address of this machine, on the network or loopback, is refused.
        let mut others = vec![IpAddr::from([127, 0, 0, 2])];
        let probe = UdpSocket::bind("0.0.0.0:0").unwrap();
        if probe.connect("192.0.2.1:9").is_ok() {
            others.push(probe.local_addr().unwrap().ip());
        }
        for other in others {
            let refused = TcpStream::connect_timeout(&SocketAddr::new(other, port), Duration::from_secs(2));
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused, "{text} at {other}");
        }
    }
}

#[test]
fn l2_the_socket_is_held_from_bind_to_close() {
    let listener = Listener::bind(&redirect("http://localhost/callback")).unwrap();
    let port = listener.port();
    let rival_is_kept_out = |when: &str| {
        for address in ["127.0.0.1", "0.0.0.0"] {
            let rival = TcpListener::bind((address, port)).map(|_| ());
            assert_eq!(rival.unwrap_err().kind(), ErrorKind::AddrInUse, "{when}: {address}");
        }
    };
    rival_is_kept_out("bound");
    let mut wait = Wait::with(listener);
    for _ in 0..20 {
        rival_is_kept_out("waiting");
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(wait.send("GET", &format!("localhost:{port}"), "/callback?code=bad").status, 400);
    rival_is_kept_out("after a refusal");
    assert_eq!(wait.send("GET", &format!("localhost:{port}"), "/callback?code=good").status, 303);
    rival_is_kept_out("after the answer");
    wait.end();
    assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "free in the end");
}

#[test]
fn l3_a_wrong_host_is_refused() {
    let wait = Wait::on("http://127.0.0.1/callback");
    let port = wait.port;
    let wrong = ["evil.test", "127.0.0.1", "localhost", "[::1]", "127.0.0.1.evil.test", "127.0.0.1:1", ""];
    for host in
        wrong.map(str::to_owned).into_iter().chain([format!("localhost:{port}"), format!("evil.test:{port}")])
    {
        let answer = wait.send("GET", &host, "/callback?code=good");
        assert_eq!(answer.status, 400, "{host}");
        assert!(!answer.body.contains("evil"));
    }
    let twice =
        format!("GET /callback?code=good HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.test\r\n\r\n");
    let none = "GET /callback?code=good HTTP/1.0\r\n\r\n".to_owned();
    let absolute =
        format!("GET http://evil.test/callback?code=good HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    for request in [twice, none, absolute] {
        assert_eq!(raw::exchange(v4(port), request.as_bytes()).unwrap().status, 400, "{request}");
    }
    assert!(wait.asked().is_empty() && wait.is_waiting());
    wait.finish();
}

#[test]
fn l4_wrong_method_or_path_never_ends_a_flow() {
    let wait = Wait::on("http://127.0.0.1/callback");
    let host = format!("127.0.0.1:{}", wait.port);
    for method in ["POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PROPFIND"] {
        let answer = wait.send(method, &host, "/callback?code=good");
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")), "{method}");
    }
    let body = "code=good&state=x";
    let form = format!(
        "POST /callback HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(raw::exchange(v4(wait.port), form.as_bytes()).unwrap().status, 405);
    for path in [
        "/favicon.ico",
        "/",
        "/callback/",
        "/callback/x",
        "/Callback",
        "//callback",
        "/%63allback",
        "/callback/received",
        "/x/../callback",
    ] {
        assert_eq!(wait.get(&format!("{path}?code=good")).status, 404, "{path}");
    }
    assert!(wait.asked().is_empty() && wait.is_waiting());
    wait.finish();
}

#[test]
fn l5_slow_idle_and_huge_requests_are_bounded() {
    let wait = Wait::on("http://127.0.0.1/callback");
    let before = resident_kib();
    let half_open: Vec<TcpStream> = (0..200)
        .map(|n| {
            let mut stream = raw::connect(v4(wait.port));
            // Some say nothing, some stop in the middle of a head.
            if n % 2 == 0 {
                let _ = stream.write_all(b"GET /callback?code=good HTTP/1.1\r\nHost: 127");
            }
            stream
        })
        .collect();
    let mut huge = raw::connect(v4(wait.port));
    let _ = huge.write_all(b"GET /callback?code=");
    for _ in 0..1280 {
        if huge.write_all(&[b'a'; 8192]).is_err() {
            break;
        }
    }
    let mut many_headers = raw::connect(v4(wait.port));
    let _ = many_headers.write_all(b"GET /callback HTTP/1.1\r\n");
    for n in 0..40_000 {
        if many_headers.write_all(format!("X-{n}: {n}\r\n").as_bytes()).is_err() {
            break;
        }
    }
    assert!(wait.is_waiting() && wait.asked().is_empty());
    let grown = resident_kib().saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB more");

    let started = Instant::now();
    wait.finish();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    drop(half_open);
}

#[cfg(target_os = "linux")]
fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(not(target_os = "linux"))]
fn resident_kib() -> usize {
    0
}

#[test]
fn l5_the_oldest_connection_is_dropped_and_the_newest_served() {
    let mut wait = Wait::on("http://127.0.0.1/callback");
    let mut idle: Vec<TcpStream> = (0..17).map(|_| raw::connect(v4(wait.port))).collect();
    let mut byte = [0];
    assert!(matches!(idle[0].read(&mut byte), Ok(0) | Err(_)), "the oldest is closed");
    idle[1].set_nonblocking(true).unwrap();
    assert_eq!(idle[1].read(&mut byte).unwrap_err().kind(), ErrorKind::WouldBlock, "the others wait");
    assert_eq!(wait.get("/callback?code=bad").status, 400);
    wait.cancel();
}

#[test]
fn l5_a_head_is_read_up_to_sixteen_kibibytes() {
    let wait = Wait::on("http://127.0.0.1/callback");
    assert_eq!(wait.get(&format!("/callback?code={}", "a".repeat(15 * 1024))).status, 400);
    assert_eq!(wait.asked().len(), 1);
    assert_eq!(wait.get(&format!("/callback?code={}", "a".repeat(17 * 1024))).status, 431);
    assert_eq!(wait.asked().len(), 1);
    wait.finish();
}

#[test]
fn l5_a_head_that_does_not_arrive_in_five_seconds_is_given_up() {
    let mut wait = Wait::on("http://127.0.0.1/callback");
    let mut streams = [raw::connect(v4(wait.port)), raw::connect(v4(wait.port))];
    streams[1].write_all(b"GET /callback HTTP/1.1\r\n").unwrap();
    for mut stream in streams {
        let started = Instant::now();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    }
    assert!(wait.is_waiting());
    wait.cancel();
}

#[test]
fn l6_closes_within_a_second_of_its_page() {
    let wait = Wait::on("http://127.0.0.1/callback");
    let port = wait.port;
    let idle = raw::connect(v4(port));
    wait.get("/callback?code=bad");
    let started = Instant::now();
    wait.finish();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert!(is_closed(port));
    drop(idle);
}

#[test]
fn l6_closes_within_a_second_when_the_browser_never_fetches_the_page() {
    let mut wait = Wait::on("http://127.0.0.1/callback");
    let port = wait.port;
    assert_eq!(wait.get("/callback?code=good").status, 303);
    let started = Instant::now();
    wait.end();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert!(is_closed(port));
}

#[test]
fn l6_closes_at_once_when_cancelled() {
    let mut wait = Wait::on("http://127.0.0.1/callback");
    let port = wait.port;
    let mut open = raw::connect(v4(port));
    assert_eq!(wait.get("/callback?code=bad").status, 400);
    let started = Instant::now();
    wait.cancel();
    assert!(is_closed(port));
    assert!(matches!(open.read(&mut [0]), Ok(0) | Err(_)), "open connections are closed too");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[test]
fn l7_a_busy_port_is_an_error_at_bind() {
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = first.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost"] {
        let text = format!("http://{host}:{port}/callback");
        assert_eq!(Listener::bind(&redirect(&text)).unwrap_err(), BindError::InUse { port }, "{text}");
    }
    drop(first);
    if has_ipv6() {
        // The browser may choose either family, so a rival in one of them is a rival.
        let sixth = TcpListener::bind("[::1]:0").unwrap();
        let port = sixth.local_addr().unwrap().port();
        let text = format!("http://localhost:{port}/callback");
        assert_eq!(Listener::bind(&redirect(&text)).unwrap_err(), BindError::InUse { port });
    }
}

#[test]
fn l8_a_second_sign_in_on_the_same_port_works_at_once() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = format!("http://127.0.0.1:{port}/callback");
    let mut kept = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let wait = Wait::on(&text);
        let mut browser = raw::connect(v4(port));
        let get = format!(
            "GET /callback?code=bad HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: keep-alive\r\n\r\n"
        );
        browser.write_all(get.as_bytes()).unwrap();
        let answer = raw::read_answer(&mut browser).unwrap();
        assert_eq!(answer.header("connection"), Some("close"));
        // The browser's end stays open, as does one that it made ahead of need.
        kept.push(browser);
        kept.push(raw::connect(v4(port)));
        wait.finish();
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
}

#[test]
fn a5_fifty_copies_of_an_answer_are_taken_once() {
    let taken = Arc::new(AtomicUsize::new(0));
    let listener = Listener::bind(&redirect("http://127.0.0.1/callback")).unwrap();
    let port = listener.port();
    let counted = Arc::clone(&taken);
    let serving = thread::Builder::new().spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(listener.serve(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Verdict::Taken
        }));
    });
    let barrier = Arc::new(Barrier::new(50));
    let copies = (0..50).map(|_| {
        let barrier = Arc::clone(&barrier);
        let work = move || {
            barrier.wait();
            let mut stream = TcpStream::connect(v4(port)).ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let get = raw::request("GET", &format!("127.0.0.1:{port}"), "/callback?code=good");
            stream.write_all(get.as_bytes()).ok()?;
            raw::read_answer(&mut stream).map(|answer| answer.status)
        };
        thread::Builder::new().spawn(work).unwrap()
    });
    let copies: Vec<_> = copies.collect();
    let statuses: Vec<u16> = copies.into_iter().filter_map(|copy| copy.join().unwrap()).collect();
    serving.unwrap().join().unwrap();
    assert_eq!(taken.load(Ordering::SeqCst), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 303 | 400)), "{statuses:?}");
}

#[test]
fn pages_are_static_and_forbid_everything() {
    let wait = Wait::on("http://127.0.0.1/callback");
    let secret = canary();
    let refused = wait.get(&format!("/callback?code={secret}&error_description=%3Cscript%3E"));
    assert_eq!(refused.status, 400);
    assert_eq!(wait.asked(), [format!("code={secret}&error_description=%3Cscript%3E")]);
    let taken = wait.get("/callback?code=good");
    let landing = wait.get(taken.header("location").unwrap());
    assert_eq!(
        (taken.status, taken.header("location"), landing.status),
        (303, Some("/callback/received"), 200)
    );
    for answer in [&refused, &taken, &landing] {
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(!answer.body.contains(&secret) && !answer.body.contains("<script"));
    }
    assert!(landing.body.contains("<title>Keyfob") && refused.body.contains("<title>Keyfob"));
    assert!(!landing.body.to_lowercase().contains("succe") && landing.body.contains("close this tab"));
}

#[test]
fn a_redirect_keeps_its_registered_text() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let registered = format!("http://localhost:{port}/callback");
    assert_eq!(Listener::bind(&redirect(&registered)).unwrap().redirect_uri(), registered);
    let free = Listener::bind(&redirect("http://127.0.0.1/back")).unwrap();
    assert_eq!(free.redirect_uri(), format!("http://127.0.0.1:{}/back", free.port()));
}
