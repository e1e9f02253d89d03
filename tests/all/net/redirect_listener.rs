//! The redirect listener against a raw TCP client: its addresses and its responses.

use std::io::{ErrorKind, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use keyfob::net::redirect_listener::{BindError, Listener};

use crate::support::canary;
use crate::support::raw::{self, v4};
use crate::support::wait::{Wait, has_ipv6, redirect};

/// Addresses that listen on a port, in the kernel's notation.
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
        // Any other address of this machine, network or loopback, is refused.
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
    let wait = Wait::with(listener);
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
fn l7_a_busy_port_is_an_error_at_bind() {
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = first.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost"] {
        let text = format!("http://{host}:{port}/callback");
        assert_eq!(Listener::bind(&redirect(&text)).unwrap_err(), BindError::InUse { port }, "{text}");
    }
    drop(first);
    if has_ipv6() {
        // The browser may choose either address family, so the port must be free in both.
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
        // The browser's connections stay open, including one opened in advance.
        kept.push(browser);
        kept.push(raw::connect(v4(port)));
        wait.finish();
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
}

#[test]
fn pages_are_static_and_forbid_everything() {
    let wait = Wait::on("http://127.0.0.1/callback");
    let secret = canary();
    let refused = wait.get(&format!("/callback?code={secret}&error_description=%3Cscript%3E"));
    assert_eq!(refused.status, 400);
    assert_eq!(wait.asked(), [format!("code={secret}&error_description=%3Cscript%3E")]);
    let taken = wait.get("/callback?code=good");
    let landing = wait.follow(taken.header("location").unwrap());
    let address = format!("http://127.0.0.1:{}/callback/received", wait.port);
    assert_eq!((taken.status, taken.header("location"), landing.status), (303, Some(address.as_str()), 200));
    for answer in [&refused, &taken, &landing] {
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(!answer.body.contains(&secret) && !answer.body.contains("<script"));
    }
    assert!(landing.body.contains("<title>You can return") && refused.body.contains("<title>This response"));
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

#[test]
fn a_path_of_two_slashes_leads_to_no_other_host() {
    for (path, landing) in [
        ("//evil.example/cb", "//evil.example/cb/received"),
        ("//evil.example", "//evil.example/received"),
        ("/", "/received"),
    ] {
        let wait = Wait::on(&format!("http://127.0.0.1{path}"));
        let taken = wait.get(&format!("{path}?code=good"));
        let expected = format!("http://127.0.0.1:{}{landing}", wait.port);
        assert_eq!((taken.status, taken.header("location")), (303, Some(expected.as_str())));
        assert_eq!(wait.follow(&expected).status, 200);
        wait.end();
    }
}
