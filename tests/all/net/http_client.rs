//! The HTTP client on real sockets: redirects, sizes, timeouts, certificates, proxies.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keyfob::base::clock::{Clock as _, ManualClock, SystemClock};
use keyfob::base::secret::SecretText;
use keyfob::domain::oauth::http_request::{HttpRequest, Method};
use keyfob::domain::refusal::transport::{Unreachable, UnreachableKind};
use keyfob::net::http_client::{Http, HttpAnswer, HttpPolicy, USER_AGENT};
use url::Url;

use crate::support::canary;
use crate::support::certificates::{Authority, self_signed_pem, self_signed_server};
use crate::support::server::{Ending, Response, ScriptedServer};

/// Set in the child process of a test that needs its own environment.
const CHILD: &str = "KEYFOB_TEST_CHILD";

fn request(address: &str) -> HttpRequest {
    let header = |name: &str, value: &str| (name.to_owned(), SecretText::new(value.to_owned()));
    HttpRequest {
        method: Method::Post,
        url: Url::parse(address).unwrap(),
        headers: vec![
            header("Content-Type", "application/x-www-form-urlencoded"),
            header("Accept", "application/json"),
            header("Authorization", &format!("Basic {}", canary())),
        ],
        body: SecretText::new(format!("grant_type=authorization_code&code={}", canary())),
        in_query: false,
    }
}

fn send_with(http: &Http, request: &HttpRequest) -> Result<HttpAnswer, Unreachable> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(http.send(request, &SystemClock))
}

fn post(address: &str) -> Result<HttpAnswer, Unreachable> {
    send_with(&Http::new(HttpPolicy::default()), &request(address))
}

fn hasty() -> Http {
    Http::new(HttpPolicy { total_timeout: Duration::from_secs(1), ..HttpPolicy::default() })
}

#[test]
fn a_request_arrives_as_it_was_built_and_the_answer_comes_whole() {
    let server = ScriptedServer::start();
    let answer =
        Response::json(200, "{\"access_token\":\"t\"}").header("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
    server.script("/token", answer);
    let sent = request(&server.url("/token"));
    let start = SystemClock.now();
    let clock = ManualClock::new(start);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(Http::new(HttpPolicy::default()).send(&sent, &clock)).unwrap();

    assert_eq!((answer.status, answer.sent_at, answer.body_too_large), (200, start, false));
    assert_eq!(answer.content_type.as_deref(), Some("application/json"));
    assert_eq!(answer.date.unwrap().timestamp(), 784_111_777);
    assert_eq!(answer.body.as_slice(), b"{\"access_token\":\"t\"}");
    let seen = &server.requests()[0];
    assert_eq!((seen.method.as_str(), seen.text().as_str()), ("POST", sent.body.expose()));
    assert_eq!(seen.header("user-agent"), Some(USER_AGENT));
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert_eq!(seen.header("authorization"), Some(sent.headers[2].1.expose()));
    assert!(seen.header("cookie").is_none() && seen.header("referer").is_none());
}

#[test]
fn the_servers_date_is_read_in_all_three_forms() {
    let server = ScriptedServer::start();
    for form in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 09:49:37 +0100",
    ] {
        server.script("/token", Response::json(200, "{}").header("Date", form));
        let date = post(&server.url("/token")).unwrap().date;
        assert_eq!(date.map(|date| date.timestamp()), Some(784_111_777), "{form}");
    }
    server.script("/token", Response::json(200, "{}").header("Date", "yesterday"));
    assert_eq!(post(&server.url("/token")).unwrap().date, None);
}

#[test]
fn a_get_goes_by_the_same_rules_and_every_header_of_the_answer_is_kept() {
    let (server, other) = (ScriptedServer::start(), ScriptedServer::start());
    let answer = Response::json(200, "{}").header("X-Request-Id", "caf\u{e9}").header("Set-Cookie", "a=b");
    server.script("/me", answer);
    server.script("/me", Response::redirect(302, &other.url("/me")));
    server.script("/me", Response::new(200, "text/html", vec![b'x'; (1 << 20) + 1]));
    let mut sent = HttpRequest::get(Url::parse(&server.url("/me")).unwrap());
    sent.headers.push(("Authorization".to_owned(), SecretText::new(format!("Bearer {}", canary()))));
    let ask = || send_with(&Http::new(HttpPolicy::default()), &sent).unwrap();

    let answer = ask();
    let header = |name: &str| answer.headers.iter().find(|(it, _)| it == name).map(|(_, it)| it.expose());
    assert_eq!((header("x-request-id"), header("set-cookie")), (Some("caf\u{e9}"), Some("a=b")));
    assert!(answer.answered_at >= answer.sent_at);
    assert_eq!(ask().status, 302);
    assert!(ask().body_too_large);
    let seen = &server.requests()[0];
    assert_eq!((seen.method.as_str(), seen.text().as_str()), ("GET", ""));
    assert_eq!(seen.header("authorization"), Some(sent.headers[1].1.expose()));
    assert_eq!((seen.header("accept"), seen.header("content-length")), (Some("application/json"), None));
    assert_eq!((server.requests().len(), other.connections()), (3, 0));
    let plain = HttpRequest::get(Url::parse("http://10.0.0.1/me").unwrap());
    let refused = send_with(&Http::new(HttpPolicy::default()), &plain).unwrap_err();
    assert_eq!((refused.kind, refused.may_have_been_sent), (UnreachableKind::Tls, false));
}

#[test]
fn t1_redirects_are_never_followed() {
    let (first, second) = (ScriptedServer::start(), ScriptedServer::start());
    let http = Http::new(HttpPolicy::default());
    for status in [301, 302, 303, 307, 308] {
        first.script("/token", Response::redirect(status, &second.url("/token")));
        assert_eq!(send_with(&http, &request(&first.url("/token"))).unwrap().status, status);
    }
    assert_eq!((first.requests().len(), second.connections()), (5, 0));
}

#[test]
fn t2_a_body_over_a_mebibyte_is_cut_off() {
    let server = ScriptedServer::start();
    let body = |length: usize| Response::new(200, "text/html", vec![b'x'; length]);
    server.script("/token", body(1 << 20));
    server.script("/token", body((1 << 20) + 1));
    server.script("/token", body(10_000_000));
    server.script("/token", body(0).ending(Ending::Endless));
    let url = server.url("/token");

    let whole = post(&url).unwrap();
    assert_eq!((whole.body.len(), whole.body_too_large), (1 << 20, false));
    for _ in 0..3 {
        let started = Instant::now();
        let cut = post(&url).unwrap();
        assert!(cut.body_too_large && cut.body.is_empty());
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn t2_a_slow_answer_ends_at_the_time_limit() {
    let server = ScriptedServer::start();
    let drip = Response::json(200, "x".repeat(1000)).ending(Ending::Drip(Duration::from_millis(50)));
    server.script("/token", drip);
    server.script("/token", Response::json(200, "{}").after(Duration::from_secs(4)));
    let http = hasty();
    for _ in 0..2 {
        let started = Instant::now();
        let error = send_with(&http, &request(&server.url("/token"))).unwrap_err();
        assert_eq!((error.kind, error.may_have_been_sent), (UnreachableKind::TimedOut, true));
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    }
}

#[test]
fn t5_a_request_is_sent_once_whatever_becomes_of_it() {
    let server = ScriptedServer::start();
    let http = Http::new(HttpPolicy::default());
    server.always("/fine", Response::json(200, "{}"));
    server.always("/dropped", Response::json(200, "{}").ending(Ending::Unanswered));
    server.always("/cut", Response::json(200, "{\"access_token\":\"t\"}").ending(Ending::Cut(5)));
    let url = |path: &str| request(&server.url(path));
    // In one runtime, so that a kept connection, if there were one, would be reused.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for path in ["/fine", "/dropped", "/fine", "/cut"] {
            let answer = http.send(&url(path), &SystemClock).await;
            if path == "/fine" {
                assert_eq!(answer.unwrap().status, 200);
            } else {
                let error = answer.unwrap_err();
                assert_eq!((error.kind, error.may_have_been_sent), (UnreachableKind::Broken, true));
            }
        }
    });
    server.wait_for(4);
    assert_eq!(server.requests_to("/dropped").len(), 1);
    assert_eq!(server.requests_to("/cut").len(), 1);
    assert_eq!(server.connections(), 4, "no connection is used twice");
}

#[test]
fn t5_a_connection_dropped_before_the_request_is_not_tried_again() {
    let server = ScriptedServer::start();
    server.drop_connections(1);
    assert!(post(&server.url("/token")).unwrap_err().may_have_been_sent);
    assert_eq!(server.connections(), 1);
}

#[test]
fn nobody_there_and_no_such_name_mean_that_nothing_was_sent() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = post(&format!("http://127.0.0.1:{port}/token")).unwrap_err();
    assert_eq!((error.kind, error.may_have_been_sent), (UnreachableKind::Connect, false));
    assert_eq!(error.host, "127.0.0.1");

    let error = in_child("nobody_there", "https://no-such-name.invalid/token", &[]);
    assert_eq!(error, "Dns false");
}

#[test]
fn t6_too_many_requests_come_through_with_their_retry_after() {
    let server = ScriptedServer::start();
    server.script("/token", Response::json(429, "{}").header("Retry-After", "17"));
    server.script("/token", Response::json(503, "").header("Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"));
    let first = post(&server.url("/token")).unwrap();
    assert_eq!((first.status, first.retry_after.as_deref()), (429, Some("17")));
    let second = post(&server.url("/token")).unwrap();
    assert_eq!((second.status, second.retry_after.as_deref()), (503, Some("Fri, 31 Dec 1999 23:59:59 GMT")));
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn s1_bad_certificates_are_refused_and_a_companys_own_root_is_taken() {
    let (folder, company, stranger) = (tempfile::tempdir().unwrap(), Authority::new(), Authority::new());
    let policy = HttpPolicy { extra_root_pem: Some(company.pem_file(&folder)), ..HttpPolicy::default() };
    let trusting = Http::new(policy);
    let bad = [
        ("expired", company.server("127.0.0.1", 2021)),
        ("of another host", company.server("api.example.com", 2199)),
        ("self-signed", self_signed_server("127.0.0.1")),
        ("of an unknown root", stranger.server("127.0.0.1", 2199)),
    ];
    for (what, config) in bad {
        let server = ScriptedServer::start_tls(config);
        let error = send_with(&trusting, &request(&server.url("/token"))).unwrap_err();
        assert_eq!((error.kind, error.may_have_been_sent), (UnreachableKind::Certificate, false), "{what}");
        assert_eq!((server.connections(), server.requests().len()), (1, 0), "{what}");
    }

    let good = ScriptedServer::start_tls(company.server("127.0.0.1", 2199));
    good.always("/token", Response::json(200, "{}"));
    assert_eq!(send_with(&trusting, &request(&good.url("/token"))).unwrap().status, 200);
    // Without the company's root certificate the same server isn't trusted.
    assert_eq!(post(&good.url("/token")).unwrap_err().kind, UnreachableKind::Certificate);
    assert_eq!(good.requests().len(), 1);
}

#[test]
fn s1_tls_before_1_2_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (version, agreed) in [("-tls1_1", false), ("-tls1_2", true)] {
        let (server, port) = openssl_server(&folder, version);
        let error = post(&format!("https://127.0.0.1:{port}/token")).unwrap_err();
        // With TLS 1.2 the handshake reaches the certificate, which proves that the server works.
        let kind = if agreed { UnreachableKind::Certificate } else { UnreachableKind::Tls };
        assert_eq!((error.kind, error.may_have_been_sent), (kind, false), "{version}");
        drop(server);
    }
}

fn openssl_server(folder: &tempfile::TempDir, version: &str) -> (Running, u16) {
    let (key, certificate) = (folder.path().join("key.pem"), folder.path().join("cert.pem"));
    let (certificate_pem, key_pem) = self_signed_pem("127.0.0.1");
    std::fs::write(&key, key_pem).unwrap();
    std::fs::write(&certificate, certificate_pem).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Command::new("openssl")
        // The machine's own configuration may forbid the older versions.
        .env("OPENSSL_CONF", "/dev/null")
        .args(["s_server", "-quiet", "-cipher", "ALL:@SECLEVEL=0", version])
        .args(["-accept", &format!("127.0.0.1:{port}")])
        .arg("-key")
        .arg(&key)
        .arg("-cert")
        .arg(&certificate)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let server = Running(server.unwrap());
    for _ in 0..200 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return (server, port);
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("openssl s_server does not listen");
}

/// A program that is killed on drop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

#[test]
fn an_unusable_root_certificate_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate here\n").unwrap();
    let broken = folder.path().join("broken.pem");
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for path in [empty, broken, folder.path().join("absent.pem")] {
        let server = ScriptedServer::start_tls(self_signed_server("127.0.0.1"));
        let http = Http::new(HttpPolicy { extra_root_pem: Some(path.clone()), ..HttpPolicy::default() });
        let error = send_with(&http, &request(&server.url("/token"))).unwrap_err();
        assert_eq!(error.kind, UnreachableKind::BadRootCertificate, "{}", path.display());
        assert!(!error.may_have_been_sent && server.connections() == 0);
    }
}

#[test]
fn s2_plain_http_goes_to_loopback_only() {
    for refused in ["http://127.0.0.1.evil.test/token", "http://example.com/token", "http://192.0.2.1/token"]
    {
        let started = Instant::now();
        let error = post(refused).unwrap_err();
        assert_eq!((error.kind, error.may_have_been_sent), (UnreachableKind::Tls, false), "{refused}");
        assert!(started.elapsed() < Duration::from_secs(1), "{refused} was looked up");
    }
    let server = ScriptedServer::start();
    server.always("/token", Response::json(200, "{}"));
    assert_eq!(post(&format!("http://localhost:{}/token", server.port())).unwrap().status, 200);
    if TcpListener::bind("[::1]:0").is_ok() {
        let server = ScriptedServer::start_on("[::1]:0");
        server.always("/token", Response::json(200, "{}"));
        assert_eq!(post(&server.url("/token")).unwrap().status, 200);
        assert_eq!(post(&format!("http://localhost:{}/token", server.port())).unwrap().status, 200);
    }
}

#[test]
fn a_proxy_sees_other_machines_and_never_this_one() {
    let proxy = ScriptedServer::start();
    proxy.always("api.example.test:443", Response::new(502, "text/plain", "no way"));
    let proxies =
        [("HTTP_PROXY", proxy.url("")), ("HTTPS_PROXY", proxy.url("")), ("ALL_PROXY", proxy.url(""))];
    let here = ScriptedServer::start();
    here.always("/token", Response::json(200, "{}"));
    let name = "a_proxy_sees";
    for host in ["127.0.0.1", "localhost"] {
        let port = here.port();
        assert_eq!(in_child(name, &format!("http://{host}:{port}/token"), &proxies), "200");
    }
    let there = ScriptedServer::start_tls(self_signed_server("localhost"));
    let address = format!("https://localhost:{}/token", there.port());
    assert_eq!(in_child(name, &address, &proxies), "Certificate false");
    assert_eq!((here.requests().len(), there.connections(), proxy.connections()), (2, 1, 0));

    assert_eq!(in_child(name, "https://api.example.test/token", &proxies), "Proxy false");
    let seen = proxy.requests();
    proxy.always("api.example.test:443", Response::new(407, "text/plain", "who?"));
    assert_eq!(in_child(name, "https://api.example.test/token", &proxies), "ProxyPassword false");
    let gone = [("HTTPS_PROXY", "http://proxy.invalid:3128".to_owned())];
    assert_eq!(in_child(name, "https://api.example.test/token", &gone), "Proxy false");
    assert_eq!((seen.len(), seen[0].method.as_str()), (1, "CONNECT"));
    assert!(seen[0].text().is_empty() && seen[0].header("authorization").is_none());
}

#[test]
fn a_machine_without_root_certificates_says_so_and_still_reaches_itself() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("none").display().to_string();
    let env = [("SSL_CERT_FILE", nowhere.clone()), ("SSL_CERT_DIR", nowhere)];
    let here = ScriptedServer::start();
    here.always("/token", Response::json(200, "{}"));
    let name = "a_machine_without";
    assert_eq!(in_child(name, "https://api.example.test/token", &env), "NoRootCertificates false");
    assert_eq!(in_child(name, &here.url("/token"), &env), "200");
}

/// Posts from a process with its own environment, and returns the result.
fn in_child(test: &str, address: &str, env: &[(&str, String)]) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        child.env_remove(name).env_remove(name.to_lowercase());
    }
    child.args(["--exact", "net::http_client::child_posts", "--nocapture"]).env(CHILD, address);
    let output = child.envs(env.iter().map(|(name, value)| (name, value))).output().unwrap();
    let all = String::from_utf8_lossy(&output.stdout);
    let said = all.lines().find_map(|line| line.split_once("CHILD SAYS ").map(|(_, said)| said.to_owned()));
    said.unwrap_or_else(|| panic!("{test}: {all}"))
}

/// Not a test by itself; the others start it with their own environment.
#[test]
fn child_posts() {
    let Ok(address) = std::env::var(CHILD) else { return };
    let said = match post(&address) {
        Ok(answer) => answer.status.to_string(),
        Err(error) => format!("{:?} {}", error.kind, error.may_have_been_sent),
    };
    println!("CHILD SAYS {said}");
}
