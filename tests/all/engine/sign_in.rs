//! The sign-in, from the saved account to the stored token.

use std::time::Duration;

use keyfob::messages::command::Command;
use keyfob::messages::event::{Event, Reply};
use keyfob::messages::problem::{Problem, SignInProblem};
use keyfob::messages::snapshot::Activity;

use crate::support::account_toml::AccountToml;
use crate::support::desktop::wait_until;
use crate::support::engine::{Place, Rig, come_back, parameter, return_address};
use crate::support::raw;
use crate::support::server::{Response, ScriptedServer};
use crate::support::wait::is_closed;
use crate::support::{canary, in_time};

fn account(server: &ScriptedServer, extra: &str) -> String {
    AccountToml::new("car", "authorization_code")
        .secret("a-secret")
        .raw("scopes", "[\"read\"]")
        .lines(extra)
        .on(server, &["authorize", "token"])
        .to_string()
}

fn answer(token: &str) -> Response {
    let body = format!(
        r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600,"refresh_token":"r-{token}"}}"#
    );
    Response::json(200, body)
}

fn rig(server: &ScriptedServer, extra: &str) -> (Place, Rig) {
    let place = Place::new();
    let rig = place.window();
    rig.import(&account(server, extra)).unwrap();
    (place, rig)
}

#[test]
fn a_sign_in_ends_with_a_stored_token() {
    let (server, token) = (ScriptedServer::start(), canary());
    server.script("/token", answer(&token));
    let (place, rig) = rig(&server, "");
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    assert_eq!(parameter(&address, "code_challenge_method"), "S256");
    assert_eq!(
        rig.wait_until("the browser", |_| !rig.browser.opened.lock().unwrap().is_empty()).accounts.len(),
        1
    );
    assert_eq!(rig.browser.opened.lock().unwrap()[0], address);
    assert!(matches!(rig.view("car").activity, Activity::AwaitingBrowser(_)));

    assert_eq!(come_back(&address, &[("code", "a-code")]).status, 303);
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
    let request = &server.requests_to("/token")[0];
    let form = request.form();
    let sent = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(sent("grant_type"), Some("authorization_code"));
    assert_eq!(sent("code"), Some("a-code"));
    assert_eq!(sent("redirect_uri"), Some(parameter(&address, "redirect_uri").as_str()));
    let verifier = keyfob::base::secret::CodeVerifier::new(sent("code_verifier").unwrap().to_owned());
    assert_eq!(keyfob::domain::oauth::pkce::challenge(&verifier), parameter(&address, "code_challenge"));

    assert_eq!(rig.token("car").unwrap().access_token.expose(), token);
    assert_eq!(server.requests_to("/token").len(), 1);
    // Another engine, on the same disk and vault, has it too.
    drop(rig);
    assert_eq!(place.command_line().token("car").unwrap().access_token.expose(), token);
}

#[test]
fn no_two_sign_ins_share_their_state_or_their_challenge() {
    let server = ScriptedServer::start();
    let (_place, rig) = rig(&server, "");
    let [one, other] = [(); 2].map(|()| rig.start_sign_in("car").unwrap().0);
    for name in ["state", "code_challenge"] {
        let (one, other) = (parameter(&one, name), parameter(&other, name));
        // 32 bytes in base64.
        assert!(one != other && one.len() == 43 && other.len() == 43, "{name}: {one} and {other}");
    }
}

#[test]
fn a1_twenty_bad_replies_and_then_a_good_one() {
    let server = ScriptedServer::start();
    server.script("/token", answer("t"));
    let (_place, rig) = rig(&server, "");
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    let back = return_address(&address, &[("code", "c")]);
    for attempt in 0..20 {
        let mut bad = back.clone();
        match attempt % 4 {
            0 => bad.set_query(Some("code=c")),
            1 => bad.set_query(Some("code=c&state=")),
            2 => bad.set_query(Some(&format!("{}&state=again", back.query().unwrap()))),
            _ => bad.set_query(Some("")),
        }
        assert_eq!(raw::get(bad.as_str()).status, 400);
    }
    assert_eq!(raw::get(back.as_str()).status, 303);
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
    assert_eq!(server.requests_to("/token").len(), 1);
}

#[test]
fn l5_a_reply_over_64_kib_is_said_and_the_wait_goes_on() {
    let server = ScriptedServer::start();
    server.script("/token", answer("t"));
    let (_place, mut rig) = rig(&server, "");
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    let long = "c".repeat(65 << 10);
    let back = return_address(&address, &[("code", long.as_str())]);
    let page = raw::get(back.as_str());
    assert!(page.status == 431 && page.body.contains("more than 64 KiB"), "{page:?}");
    let too_long = Problem::SignIn(SignInProblem::ReplyTooLong);
    rig.wait_for_event(
        "the word about it",
        |event| matches!(event, Event::Problem { account: Some(_), problem } if *problem == too_long),
    );
    let view = rig.view("car");
    assert_eq!(view.problem, Some(too_long));
    assert!(matches!(view.activity, Activity::AwaitingBrowser(_)), "it still waits");
    // Within the limit any length is accepted: some servers' codes are signed documents.
    let code = "c".repeat(40 << 10);
    assert_eq!(raw::get(return_address(&address, &[("code", code.as_str())]).as_str()).status, 303);
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
}

#[test]
fn a2_a_forged_denial_is_ignored() {
    let server = ScriptedServer::start();
    server.script("/token", answer("t"));
    let (_place, rig) = rig(&server, "");
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    let redirect = parameter(&address, "redirect_uri");
    assert_eq!(raw::get(&format!("{redirect}?error=access_denied&state=forged")).status, 400);
    assert_eq!(raw::get(&format!("{redirect}?error=access_denied")).status, 400);
    come_back(&address, &[("code", "c")]);
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
}

#[test]
fn a_true_denial_ends_the_sign_in_and_says_why() {
    let server = ScriptedServer::start();
    let (_place, rig) = rig(&server, "");
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    come_back(&address, &[("error", "access_denied"), ("error_description", "no \u{202e}thanks")]);
    match answers.wait() {
        Err(Problem::SignIn(SignInProblem::Denied { code, description, .. })) => {
            assert_eq!(code.as_str(), "access_denied");
            assert_eq!(description.unwrap().as_str(), "no \u{fffd}thanks");
        }
        other => panic!("{other:?}"),
    }
    assert!(server.requests_to("/token").is_empty());
}

#[test]
fn a3_a_wrong_issuer_aborts_with_no_token_request() {
    let server = ScriptedServer::start();
    let (_place, rig) = rig(&server, "issuer = \"https://issuer.example\"\niss_promised = true");
    for parameters in [vec![("code", "c")], vec![("code", "c"), ("iss", "https://other.example")]] {
        let (address, mut answers) = rig.start_sign_in("car").unwrap();
        assert_eq!(come_back(&address, &parameters).status, 400);
        assert_eq!(answers.wait().unwrap_err(), Problem::SignIn(SignInProblem::WrongIssuer));
    }
    assert!(server.requests_to("/token").is_empty());
}

#[test]
fn a5_fifty_copies_of_a_reply_make_one_exchange() {
    let server = ScriptedServer::start();
    server.script("/token", answer("t"));
    let (_place, rig) = rig(&server, "");
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    let back = return_address(&address, &[("code", "c")]);
    let to = raw::v4(back.port().unwrap());
    let request = raw::request(
        "GET",
        &format!("127.0.0.1:{}", back.port().unwrap()),
        &format!("{}?{}", back.path(), back.query().unwrap()),
    );
    std::thread::scope(|scope| {
        for _ in 0..50 {
            // A late duplicate may find the listener closed.
            scope.spawn(|| {
                let stream = std::net::TcpStream::connect(to);
                if let Ok(mut stream) = stream {
                    let _ = std::io::Write::write_all(&mut stream, request.as_bytes());
                    let mut all = Vec::new();
                    let _ = std::io::Read::read_to_end(&mut stream, &mut all);
                }
            });
        }
    });
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
    // Shutdown waits for running jobs, so a second exchange would be recorded.
    drop(rig);
    assert_eq!(server.requests_to("/token").len(), 1);
}

#[test]
fn l7_a_busy_port_is_said_before_any_browser_opens() {
    let server = ScriptedServer::start();
    let rival = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = rival.local_addr().unwrap().port();
    let (_place, rig) = rig(&server, &format!("redirect_uri = \"http://127.0.0.1:{port}/callback\""));
    let problem = rig.start_sign_in("car").map(drop).unwrap_err();
    let Problem::SignIn(SignInProblem::PortInUse { port: busy, free }) = problem else {
        panic!("{problem:?}")
    };
    assert!(busy == port && free.len() == 3 && !free.contains(&port), "{free:?}");
    assert!(rig.browser.opened.lock().unwrap().is_empty());
    drop(rival);
    assert!(rig.start_sign_in("car").is_ok());
}

#[test]
fn l8_two_sign_ins_in_a_row_on_the_same_fixed_port() {
    let server = ScriptedServer::start();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (_place, rig) = rig(&server, &format!("redirect_uri = \"http://localhost:{free}/back\""));
    for round in ["one", "two"] {
        server.script("/token", answer(round));
        // The browser of the first round keeps its connection open.
        let (address, mut answers) = rig.start_sign_in("car").unwrap();
        assert_eq!(parameter(&address, "redirect_uri"), format!("http://localhost:{free}/back"));
        let mut kept = raw::connect(raw::v4(free));
        let back = return_address(&address, &[("code", "c")]);
        let target = format!("{}?{}", back.path(), back.query().unwrap());
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost:{free}\r\n\r\n");
        std::io::Write::write_all(&mut kept, request.as_bytes()).unwrap();
        assert_eq!(raw::read_answer(&mut kept).unwrap().status, 303);
        assert!(matches!(answers.wait(), Ok(Reply::Done)), "round {round}");
        assert_eq!(rig.token("car").unwrap().access_token.expose(), round);
    }
}

#[test]
fn starting_again_replaces_the_waiting_sign_in() {
    let server = ScriptedServer::start();
    server.script("/token", answer("t"));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (_place, rig) = rig(&server, &format!("redirect_uri = \"http://127.0.0.1:{free}/back\""));
    let (_, mut first) = rig.start_sign_in("car").unwrap();
    let (address, mut second) = rig.start_sign_in("car").unwrap();
    assert_eq!(first.wait().unwrap_err(), Problem::SignIn(SignInProblem::Cancelled));
    come_back(&address, &[("code", "c")]);
    assert!(matches!(second.wait(), Ok(Reply::Done)));
}

#[test]
fn a_pasted_address_completes_a_sign_in_that_cannot_come_back() {
    let server = ScriptedServer::start();
    server.script("/token", answer("t"));
    let (_place, rig) = rig(&server, "redirect_uri = \"https://app.example/callback\"");
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    let Activity::AwaitingBrowser(awaiting) = rig.view("car").activity.clone() else { panic!() };
    assert!(!awaiting.listening);
    let nothing = rig.paste("car", "https://app.example/callback").unwrap_err();
    assert_eq!(nothing, Problem::SignIn(SignInProblem::NoReplyInPaste));
    let back = return_address(&address, &[("code", "pasted")]);
    rig.paste("car", &format!("  {back} \n")).unwrap();
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
    let form = server.requests_to("/token")[0].form();
    assert!(form.contains(&("redirect_uri".to_owned(), "https://app.example/callback".to_owned())));
}

#[test]
fn the_listener_and_the_paste_box_race_and_the_first_wins() {
    let server = ScriptedServer::start();
    server.script("/token", answer("t"));
    let (_place, rig) = rig(&server, "");
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    rig.paste("car", "a-bare-code").unwrap();
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
    let port = url::Url::parse(&parameter(&address, "redirect_uri")).unwrap().port().unwrap();
    assert!(std::net::TcpStream::connect(raw::v4(port)).is_err());
    assert_eq!(server.requests_to("/token").len(), 1);
}

#[test]
fn a_sign_in_that_nobody_finishes_times_out_and_can_be_extended() {
    let server = ScriptedServer::start();
    let (_place, rig) = rig(&server, "");
    let (_, mut answers) = rig.start_sign_in("car").unwrap();
    rig.ask(Command::ExtendSignIn(rig.id("car"))).unwrap();
    rig.advance(400);
    rig.ask(Command::ClearClipboard).unwrap();
    assert!(matches!(rig.view("car").activity, Activity::AwaitingBrowser(_)));
    rig.advance(300);
    assert_eq!(answers.wait().unwrap_err(), Problem::SignIn(SignInProblem::TimedOut));
}

#[test]
fn without_a_browser_the_sign_in_still_waits() {
    let server = ScriptedServer::start();
    server.script("/token", answer("t"));
    let (_place, mut rig) = rig(&server, "");
    *rig.browser.is_absent.lock().unwrap() = true;
    let (address, mut answers) = rig.start_sign_in("car").unwrap();
    rig.wait_for_event("no browser", |event| {
        matches!(event, Event::Problem { problem: Problem::SignIn(SignInProblem::NoBrowser), .. })
    });
    come_back(&address, &[("code", "c")]);
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
}

#[test]
fn l6_the_port_is_closed_within_a_second_of_cancelling() {
    let server = ScriptedServer::start();
    let (_place, rig) = rig(&server, "");
    in_time(Duration::from_secs(1), || {
        let (address, mut answers) = rig.start_sign_in("car").unwrap();
        let port = url::Url::parse(&parameter(&address, "redirect_uri")).unwrap().port().unwrap();
        drop(raw::connect(raw::v4(port)));
        rig.ask(Command::CancelSignIn(rig.id("car"))).unwrap();
        assert_eq!(answers.wait().unwrap_err(), Problem::SignIn(SignInProblem::Cancelled));
        wait_until(Duration::from_secs(20), "a closed port", || is_closed(port).then_some(()));
    });
}
