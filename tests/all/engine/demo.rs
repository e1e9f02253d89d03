//! The demo's server over plain sockets: the whole flow and its refusals.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use keyfob::base::clock::ManualClock;
use keyfob::demo::Demo;
use serde_json::Value;
use tokio::sync::oneshot;
use url::Url;

use crate::support::raw::{self, Answer};

// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "http://127.0.0.1:4999/callback";

/// A demo on its own runtime, with an adjustable clock.
struct Running {
    clock: Arc<ManualClock>,
    demo: Arc<Demo>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start() -> Self {
        let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH + TimeDelta::days(20_000)));
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, started) = std::sync::mpsc::sync_channel(1);
        let of_demo = Arc::clone(&clock);
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let demo = Arc::new(Demo::start(of_demo).unwrap());
                ready.send(Arc::clone(&demo)).unwrap();
                let _ = stopped.await;
            });
        };
        let thread = thread::Builder::new().name("demo".to_owned()).spawn(work).unwrap();
        Self { clock, demo: started.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }

    fn login_page(&self, changes: &[(&str, &str)]) -> Answer {
        let mut fields = vec![
            ("client_id", self.demo.client_id.as_str()),
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "the state"),
        ];
        fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        let mut address = self.demo.authorize.clone();
        address.query_pairs_mut().extend_pairs(fields).extend_pairs(changes);
        raw::get(address.as_str())
    }

    fn log_in(&self, ticket: &str, fields: &[(&str, &str)]) -> Answer {
        let fields = [&[("ticket", ticket)], fields].concat();
        raw::post_form(self.demo.authorize.as_str(), &[], &fields)
    }

    fn code(&self) -> String {
        let page = self.login_page(&[]);
        let answer =
            self.log_in(&ticket(&page), &[("username", "ada"), ("password", "x"), ("decision", "allow")]);
        pair(&answer, "code").unwrap()
    }

    fn token(&self, fields: &[(&str, &str)]) -> (u16, Value) {
        let client = [("client_id", "keyfob-demo"), ("client_secret", self.demo.client_secret.expose())];
        self.post(&[], &[&client, fields].concat())
    }

    fn post(&self, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> (u16, Value) {
        let answer = raw::post_form(self.demo.token.as_str(), headers, fields);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        (answer.status, serde_json::from_str(&answer.body).unwrap())
    }

    fn redeem(&self, code: &str, redirect_uri: &str, verifier: &str) -> (u16, Value) {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ])
    }

    fn me(&self, token: &str) -> Answer {
        let host = self.demo.issuer.trim_start_matches("http://");
        let get = format!("GET /me HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n");
        raw::exchange(host.parse().unwrap(), get.as_bytes()).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let (Some(stop), Some(thread)) = (self.stop.take(), self.thread.take()) {
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

fn ticket(page: &Answer) -> String {
    let (_, rest) = page.body.split_once("name=\"ticket\" value=\"").expect("a form");
    rest.split_once('"').unwrap().0.to_owned()
}

fn pair(answer: &Answer, name: &str) -> Option<String> {
    let location = Url::parse(answer.header("location")?).unwrap();
    location.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

#[test]
fn the_whole_flow_from_login_to_a_renewed_token() {
    let running = Running::start();
    let page = running.login_page(&[]);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("demo server on this computer"));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));

    let back =
        running.log_in(&ticket(&page), &[("username", "ada"), ("password", "x"), ("decision", "allow")]);
    assert_eq!(back.status, 302);
    assert!(back.header("location").unwrap().starts_with(BACK));
    assert_eq!(pair(&back, "state").as_deref(), Some("the state"));
    assert_eq!(pair(&back, "iss").as_deref(), Some(running.demo.issuer.as_str()));

    let (status, first) = running.redeem(&pair(&back, "code").unwrap(), BACK, VERIFIER);
    assert_eq!((status, text(&first, "token_type")), (200, "Bearer"));
    assert_eq!((&first["expires_in"], &first["refresh_token_expires_in"]), (&120.into(), &3600.into()));
    let me = running.me(text(&first, "access_token"));
    assert_eq!(me.status, 200);
    assert!(me.body.contains("\"sub\":\"ada\""), "{}", me.body);

    running.clock.advance(TimeDelta::seconds(120));
    let late = running.me(text(&first, "access_token"));
    assert_eq!((late.status, late.header("www-authenticate")), (401, Some("Bearer error=\"invalid_token\"")));

    let refresh = |token: &str| running.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]);
    let (status, second) = refresh(text(&first, "refresh_token"));
    assert_eq!(status, 200);
    assert_eq!(running.me(text(&second, "access_token")).status, 200);
    assert_ne!(first["refresh_token"], second["refresh_token"]);

    // Reuse of the first refresh token: someone has a copy, so all tokens are revoked.
    let (status, reused) = refresh(text(&first, "refresh_token"));
    assert_eq!((status, text(&reused, "error")), (400, "invalid_grant"));
    assert_eq!(running.me(text(&second, "access_token")).status, 401);
    assert_eq!(text(&refresh(text(&second, "refresh_token")).1, "error"), "invalid_grant");
}

#[test]
fn a_code_is_bound_to_its_client_redirect_and_verifier() {
    let running = Running::start();
    let refused = |(status, said): (u16, Value), error: &str| {
        assert_eq!(text(&said, "error"), error);
        assert_eq!(status, if error == "invalid_client" { 401 } else { 400 });
    };
    refused(running.redeem(&running.code(), "http://127.0.0.1:4998/callback", VERIFIER), "invalid_grant");
    refused(running.redeem(&running.code(), BACK, &VERIFIER.replace('d', "e")), "invalid_grant");
    refused(running.redeem("no-such-code", BACK, VERIFIER), "invalid_grant");
    let code = running.code();
    refused(running.token(&[("grant_type", "authorization_code"), ("code", &code)]), "invalid_request");
    refused(running.token(&[("grant_type", "password")]), "unsupported_grant_type");
    refused(running.token(&[("grant_type", "client_credentials"), ("grant_type", "x")]), "invalid_request");
    let grant = ("grant_type", "client_credentials");
    refused(running.post(&[], &[grant]), "invalid_client");
    refused(
        running.post(&[], &[grant, ("client_id", "keyfob-demo"), ("client_secret", "x")]),
        "invalid_client",
    );
    assert_eq!(running.redeem(&code, BACK, VERIFIER).0, 200, "the refusals spent nothing");
    refused(running.redeem(&code, BACK, VERIFIER), "invalid_grant");
}

#[test]
fn the_client_may_use_http_basic_but_not_both_ways() {
    use base64::Engine as _;
    let running = Running::start();
    let secret = running.demo.client_secret.expose();
    let pair = format!("keyfob-demo:{secret}");
    let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    let headers = [("Authorization", basic.as_str())];
    let (status, said) = running.post(&headers, &[("grant_type", "client_credentials")]);
    assert_eq!(status, 200);
    assert!(said.get("refresh_token").is_none());
    let twice = [("grant_type", "client_credentials"), ("client_secret", secret)];
    assert_eq!(text(&running.post(&headers, &twice).1, "error"), "invalid_request");
}

#[test]
fn a_login_page_works_once_and_a_denial_goes_back() {
    let running = Running::start();
    let ticket = ticket(&running.login_page(&[]));
    let denied = running.log_in(&ticket, &[("username", "ada"), ("password", "x"), ("decision", "deny")]);
    assert_eq!(pair(&denied, "error").as_deref(), Some("access_denied"));
    assert_eq!(pair(&denied, "state").as_deref(), Some("the state"));
    assert!(pair(&denied, "code").is_none());
    let again = running.log_in(&ticket, &[("username", "ada"), ("password", "x")]);
    assert_eq!((again.status, again.header("location")), (400, None));
    assert_eq!(running.log_in("forged", &[("username", "ada"), ("password", "x")]).status, 400);

    let plain = running.login_page(&[("code_challenge_method", "plain")]);
    assert_eq!(pair(&plain, "error").as_deref(), Some("invalid_request"));
    let elsewhere = running.login_page(&[("redirect_uri", "https://evil.test/")]);
    assert_eq!((elsewhere.status, elsewhere.header("location")), (400, None));
    let marked = running.login_page(&[("state", "\"><script>alert(1)</script>")]);
    assert!(marked.status == 200 && !marked.body.contains("<script"));
}

#[test]
fn another_host_and_a_huge_body_are_refused() {
    let running = Running::start();
    let to = running.demo.issuer.trim_start_matches("http://").parse().unwrap();
    let stranger = raw::exchange(to, raw::request("GET", "evil.test", "/").as_bytes()).unwrap();
    assert_eq!(stranger.status, 400);
    assert_eq!(raw::get(&running.demo.issuer).status, 200);
    assert_eq!(raw::get(&format!("{}/favicon.ico", running.demo.issuer)).status, 404);
    let long = "x".repeat(20_000);
    assert_eq!(running.log_in("t", &[("username", &long)]).status, 400);
}

#[test]
fn dropping_it_closes_its_port_while_the_runtime_lives_on() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let demo = Demo::start(Arc::new(ManualClock::new(DateTime::UNIX_EPOCH))).unwrap();
        let to = SocketAddr::from(([127, 0, 0, 1], demo.token.port().unwrap()));
        assert!(TcpStream::connect(to).is_ok());
        drop(demo);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(TcpStream::connect(to).is_err());
    });
}
