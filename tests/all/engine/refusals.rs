//! Refusals of a provider, and the next attempt that the user starts.

use keyfob::domain::provider::spec::ClientAuth;
use keyfob::domain::refusal::redirect_mismatch::WantedBy;
use keyfob::messages::command::Command;
use keyfob::messages::event::{Event, Reply};
use keyfob::messages::explain::{Action, explain};
use keyfob::messages::problem::{Problem, Scopes, SignInProblem};

use crate::support::account_toml::AccountToml;
use crate::support::engine::{Place, Rig, come_back};
use crate::support::raw;
use crate::support::server::{Ending, Request, Response, ScriptedServer};

fn account(server: &ScriptedServer, grant: &str, extra: &str) -> String {
    AccountToml::new("car", grant)
        .secret("a/secret+")
        .lines(extra)
        .on(server, &["authorize", "token"])
        .to_string()
}

fn rig(place: &Place, server: &ScriptedServer, grant: &str, extra: &str) -> Rig {
    let rig = place.window();
    rig.import(&account(server, grant, extra)).unwrap();
    rig
}

fn way(request: &Request) -> ClientAuth {
    use base64::Engine as _;
    match request.header("authorization") {
        Some(header) => {
            let text = header.strip_prefix("Basic ").unwrap();
            let text = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
            if text == b"an-id:a/secret+" { ClientAuth::BasicRaw } else { ClientAuth::Basic }
        }
        None if request.text().contains("client_secret=") => ClientAuth::Body,
        None => ClientAuth::None,
    }
}

/// A server that accepts one client authentication only.
fn taking_only(auth: ClientAuth) -> ScriptedServer {
    ScriptedServer::judging(move |request| {
        if way(request) == auth {
            Response::json(200, r#"{"access_token":"t","expires_in":3600}"#)
        } else {
            Response::json(401, r#"{"error":"invalid_client"}"#)
        }
    })
}

fn stored_auth(rig: &Rig) -> Option<ClientAuth> {
    rig.view("car").settings.overrides.client_auth
}

fn try_auth(rig: &Rig, auth: ClientAuth) -> Result<Reply, Problem> {
    rig.ask(Command::TryClientAuth { account: rig.id("car"), auth, open_browser: true })
}

#[test]
fn a_refused_client_is_sent_in_another_way_only_by_a_person_and_what_works_is_kept() {
    let (server, place) = (taking_only(ClientAuth::BasicRaw), Place::new());
    let rig = rig(&place, &server, "client_credentials", "");
    let refused = rig.token("car").unwrap_err();
    assert_eq!(server.requests().len(), 1, "no other way is tried by itself");
    let words = explain(&refused, Some("car"), None);
    assert_eq!(
        words.others,
        [Action::TryClientAuth(ClientAuth::BasicRaw), Action::TryClientAuth(ClientAuth::Body)]
    );

    let before = rig.view("car").settings.clone();
    assert!(try_auth(&rig, ClientAuth::Body).is_err());
    assert_eq!(way(server.requests().last().unwrap()), ClientAuth::Body);
    assert_eq!(rig.view("car").settings, before, "what doesn't work leaves the account as it was");
    assert!(rig.token("car").is_err());
    assert_eq!(way(server.requests().last().unwrap()), ClientAuth::Basic, "and the next request as before");

    try_auth(&rig, ClientAuth::BasicRaw).unwrap();
    rig.wait_until("the way that works", |_| stored_auth(&rig) == Some(ClientAuth::BasicRaw));
    assert!(rig.view("car").token.is_some() && rig.view("car").problem.is_none());
    assert_eq!(rig.token("car").unwrap().access_token.expose(), "t");
    drop(rig);
    let again = place.command_line();
    assert_eq!(stored_auth(&again), Some(ClientAuth::BasicRaw), "it is saved");
    again.ask(Command::Refresh(again.id("car"))).unwrap();
    assert_eq!(way(server.requests().last().unwrap()), ClientAuth::BasicRaw);
}

#[test]
fn a_try_signs_in_through_the_browser_where_there_is_nothing_to_repeat() {
    let (server, place) = (taking_only(ClientAuth::Body), Place::new());
    let rig = rig(&place, &server, "authorization_code", "");
    assert!(matches!(rig.sign_in("car", "a-code"), Err(Problem::Refused(_))));
    let command =
        Command::TryClientAuth { account: rig.id("car"), auth: ClientAuth::Body, open_browser: false };
    let mut answers = rig.handle.ask(command).unwrap();
    let Ok(Reply::Waiting { address, .. }) = answers.wait() else { panic!("no address") };
    come_back(&address, &[("code", "another-code")]);
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
    rig.wait_until("the way that works", |_| stored_auth(&rig) == Some(ClientAuth::Body));

    // A cancelled trial leaves nothing behind either.
    let command =
        Command::TryClientAuth { account: rig.id("car"), auth: ClientAuth::Basic, open_browser: false };
    let mut answers = rig.handle.ask(command).unwrap();
    let _ = answers.wait();
    rig.ask(Command::CancelSignIn(rig.id("car"))).unwrap();
    assert!(answers.wait().is_err());
    rig.sign_in("car", "a-third-code").unwrap();
    assert_eq!(way(server.requests().last().unwrap()), ClientAuth::Body);
}

#[test]
fn a_redirect_address_that_is_not_registered_is_set_beside_the_one_that_is() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let port = raw::free_port();
    // The last digit differs.
    let registered = if port % 10 == 9 { port - 1 } else { port + 1 };
    let redirect = format!("redirect_uri = \"http://127.0.0.1:{port}/callback\"");
    let rig = rig(&place, &server, "authorization_code", &redirect);
    let described = format!("The redirect_uri MUST match http://127.0.0.1:{registered}/callback.");
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    come_back(&address, &[("error", "redirect_uri_mismatch"), ("error_description", &described)]);
    let problem = answers.wait().unwrap_err();
    let words = explain(&problem, Some("car"), None);
    let marked = |port: u16| format!("http://127.0.0.1:{}‹{}›/callback", port / 10, port % 10);
    let expected = format!("Sent: {}\nNamed by the provider: {}", marked(port), marked(registered));
    assert!(words.paragraph().ends_with(&expected), "{words:?}");
    // The token endpoint's error for the same, in its own spelling and with status 200.
    let said = r#"{"error":"invalid_grant","error_description":"Invalid \"redirect_uri\" in request."}"#;
    server.script("/token", Response::json(200, said));
    let Err(Problem::Refused(refusal)) = rig.sign_in("car", "a-code") else { panic!("no refusal") };
    let mismatch = refusal.hints.redirect.unwrap();
    assert_eq!(mismatch.sent.text(), format!("http://127.0.0.1:{port}/callback"));
    assert!(mismatch.wanted.is_none() && !mismatch.any_port);
}

#[test]
fn a_preset_that_demands_another_redirect_address_is_named() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.window();
    let redirect = format!("redirect_uri = \"http://127.0.0.1:{}/callback\"", raw::free_port());
    let text = account(&server, "authorization_code", &redirect);
    rig.import(&text.replace("\"custom\"", "\"smartcar\"")).unwrap();
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    come_back(&address, &[("error", "invalid_request"), ("error_description", "Invalid redirect_uri")]);
    let Err(Problem::SignIn(SignInProblem::Denied { hints, .. })) = answers.wait() else {
        panic!("no denial")
    };
    let (wanted, by) = hints.redirect.unwrap().wanted.unwrap();
    assert_eq!((wanted.text().as_str(), by), ("http://localhost:8910/callback", WantedBy::Preset));
}

#[test]
fn a_scope_a_secret_and_a_vendors_code_are_named() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let extra = "scopes = [\"read\", \"write\"]\nclient_secret_expires = \"2020-02-29\"";
    let rig = rig(&place, &server, "client_credentials", extra);
    let said = |status, body: &str| {
        server.script("/token", Response::json(status, body));
        let problem = rig.token("car").unwrap_err();
        let words = explain(&problem, Some("car"), None);
        (problem, words.paragraph())
    };
    let (problem, words) = said(400, r#"{"error":"invalid_scope","error_description":"unknown: write"}"#);
    let Problem::Refused(refusal) = problem else { panic!("{problem:?}") };
    assert_eq!(refusal.hints.scopes, Scopes::Refused(vec!["write".to_owned()]));
    assert!(words.contains("doesn't recognise the scope “write”"), "{words}");
    let (_, words) = said(401, r#"{"error":"invalid_client"}"#);
    assert!(words.contains("expired on 2020-02-29"), "{words}");
    for (body, wanted) in [
        (r#"{"error":"bad_verification_code","error_description":"x"}"#, "GitHub says that the code"),
        (r#"{"error":"incorrect_client_credentials"}"#, "GitHub says that the client ID"),
        (
            r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired.","error_codes":[7000222]}"#,
            "Microsoft Entra ID says that the client secret has expired. Make a new one",
        ),
        (r#"{"error":"deleted_client"}"#, "Google says that this client ID was deleted."),
    ] {
        let (_, words) = said(200, body);
        assert!(words.contains(wanted), "{words}");
    }
}

#[test]
fn t3_every_malformed_answer_is_a_typed_error_that_says_what_to_do() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = rig(&place, &server, "client_credentials", "");
    let page = "<!DOCTYPE html><html><body>Sign in</body></html>";
    for (response, wanted) in [
        (Response::new(200, "text/html", page), "sent a web page instead of a token"),
        (Response::new(404, "text/html", page), "sent a web page instead of a token"),
        (Response::new(200, "application/json", page), "sent a web page instead of a token"),
        (Response::new(502, "text/html", page), "sent an error page instead of a token"),
        (Response::json(200, ""), "sent an empty response"),
        (Response::json(200, r#"{"access_token":"t"#), "neither JSON nor a form"),
        (Response::new(200, "text/plain", "all is well"), "neither JSON nor a form"),
        (Response::json(200, "{}"), "responded without an access token"),
        (Response::json(200, r#"{"access_token":7}"#), "responded without an access token"),
        (Response::json(200, r#"{"access_token":["t"]}"#), "responded without an access token"),
        (Response::json(200, r#"{"access_token":""}"#), "responded without an access token"),
        (Response::json(200, "[]"), "responded without an access token"),
        (Response::json(200, r#"{"access_token":"a b\n"}"#), "a token that a request header can't carry"),
        (Response::json(200, r#"{"error":"odd_error"}"#), "with the error “odd_error”"),
        (Response::json(200, r#"{"error":{"code":17}}"#), "with the error “17”"),
        (Response::json(401, ""), "didn't accept the client ID or secret"),
        (Response::new(401, "text/html", page), "didn't accept the client ID or secret"),
        (Response::json(403, ""), "gave no reason (HTTP 403)"),
        (Response::json(400, ""), "refused the request (HTTP 400)"),
        (
            Response::new(302, "text/plain", "").header("Location", "https://evil.test/"),
            "redirects elsewhere",
        ),
        (Response::new(502, "text/html", ""), "a problem at the moment (HTTP 502)"),
        (Response::json(200, " ".repeat(2 << 20)), "more than 1 MiB"),
        (Response::json(200, "{}").ending(Ending::Cut(1)), "broke"),
    ] {
        server.script("/token", response.clone());
        let problem = rig.ask(Command::Refresh(rig.id("car"))).unwrap_err();
        let words = explain(&problem, Some("car"), None);
        assert!(words.what.contains(wanted), "{}: {}", words.what, wanted);
        assert!(words.next.len() > 20 && words.action.is_some(), "{words:?}");
        assert!(rig.view("car").token.is_none());
    }
}

#[test]
fn t6_429_and_503_are_honoured_shown_and_keep_everything() {
    for status in [429, 503] {
        let (server, place) = (ScriptedServer::start(), Place::new());
        let rig = rig(&place, &server, "authorization_code", "");
        let first = r#"{"access_token":"one","refresh_token":"r1","expires_in":3600}"#;
        server.script("/token", Response::json(200, first));
        rig.sign_in("car", "a-code").unwrap();
        let record = || place.vault.stored(&format!("tokens/{}", rig.id("car"))).unwrap().expose().to_owned();
        let before = record();
        server.always("/token", Response::new(status, "text/plain", "").header("Retry-After", "120"));
        let sent = || server.requests_to("/token").len();
        rig.advance(3600);
        let asked_at = rig.now();
        let Err(Problem::Refused(refusal)) = rig.token("car") else { panic!("no refusal") };
        let until = refusal.retry_at.unwrap();
        assert_eq!((until - asked_at).num_seconds(), 120);
        let words = explain(&Problem::Refused(refusal), Some("car"), None);
        let shown = until.with_timezone(&chrono::Local).format("%H:%M:%S").to_string();
        assert!(words.next.contains(&shown) && words.next.starts_with("Nothing was lost."), "{words:?}");
        let so_far = sent();
        rig.advance(100);
        // It is reported again, whatever happened to the first message.
        assert!(rig.ask(Command::Check(rig.id("car"))).is_err());
        let Err(Problem::Refused(again)) = rig.token("car") else { panic!("it isn't said") };
        assert_eq!((again.status, again.retry_at), (status, Some(until)));
        assert_eq!(sent(), so_far, "nothing is sent before the time");
        assert_eq!(record(), before, "everything is kept");
        assert!(rig.view("car").token.is_some());
        let second = r#"{"access_token":"two","refresh_token":"r2","expires_in":3600}"#;
        server.always("/token", Response::json(200, second));
        rig.advance(25);
        assert_eq!(rig.token("car").unwrap().access_token.expose(), "two");
    }
}

#[test]
fn t6_the_next_process_keeps_to_a_wait_and_says_the_same() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let first = rig(&place, &server, "client_credentials", "");
    server.always("/token", Response::new(429, "text/plain", "").header("Retry-After", "120"));
    let sent = || server.requests_to("/token").len();
    // The reply may precede the write to disk; the first process waits for that.
    let database = rusqlite::Connection::open(place.folder.path().join("home/keyfob.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let slow_disk = std::thread::Builder::new().name("disk".to_owned()).spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(700));
        database.execute_batch("ROLLBACK").unwrap();
    });
    let told = first.token("car").unwrap_err();
    drop(first);
    slow_disk.unwrap().join().unwrap();
    let words = |problem: &Problem| explain(problem, Some("car"), None).paragraph();
    for _ in 0..3 {
        place.clock.advance(chrono::TimeDelta::seconds(30));
        let next = place.command_line();
        assert_eq!(words(&next.token("car").unwrap_err()), words(&told));
        assert_eq!(sent(), 1, "nothing is sent before the time");
    }
    // Only the user's own request is sent.
    let window = place.window();
    assert!(window.ask(Command::Refresh(window.id("car"))).is_err());
    assert_eq!(sent(), 2);
    server.always("/token", Response::json(200, r#"{"access_token":"one","expires_in":60}"#));
    place.clock.advance(chrono::TimeDelta::seconds(121));
    let other = place.command_line();
    assert_eq!(other.token("car").unwrap().access_token.expose(), "one");
    drop(other);
    window.wait_until("the end of the wait", |snapshot| {
        snapshot.accounts[0].token.is_some() && snapshot.accounts[0].problem.is_none()
    });
}

#[test]
fn l7_a_port_is_tried_ahead_and_another_one_is_taken_to_the_letter() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rival = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = rival.local_addr().unwrap().port();
    let redirect_uri = format!("http://127.0.0.1:{port}/Call%2fback");
    let mut rig = rig(&place, &server, "authorization_code", &format!("redirect_uri = \"{redirect_uri}\""));
    let check = |rig: &Rig, text: &str| rig.ask(Command::CheckRedirect(text.to_owned()));
    let Err(Problem::SignIn(SignInProblem::PortInUse { port: busy, free })) = check(&rig, &redirect_uri)
    else {
        panic!("not in use")
    };
    assert!(busy == port && !free.contains(&port), "{free:?}");
    for text in ["https://app.example.com/callback", "http://127.0.0.1/callback", "no address"] {
        assert!(matches!(check(&rig, text), Ok(Reply::Done)), "{text}");
    }
    assert!(server.requests().is_empty() && rig.browser.opened.lock().unwrap().is_empty());

    let other = *free.first().unwrap();
    rig.ask(Command::TakePort { account: rig.id("car"), port: other }).unwrap();
    let taken = format!("http://127.0.0.1:{other}/Call%2fback");
    assert_eq!(rig.view("car").redirect_uri.as_deref(), Some(taken.as_str()));
    assert!(matches!(check(&rig, &taken), Ok(Reply::Done)), "and it is free again after the check");
    let (address, _answers) = rig.start_sign_in("car").unwrap();
    assert_eq!(crate::support::engine::parameter(&address, "redirect_uri"), taken);
    // A port that Keyfob itself holds for a sign-in counts as free.
    rig.handle.send(Command::CheckRedirect(taken)).unwrap();
    let told = rig.wait_for_event("the check", |event| matches!(event, Event::RedirectChecked { .. }));
    assert!(matches!(told, Event::RedirectChecked { problem: None, .. }), "{told:?}");
}
