//! The device authorization grant (RFC 8628).

use keyfob::domain::oauth::token_response::AnswerFlaw;
use keyfob::domain::provider::spec::ClientAuth;
use keyfob::domain::provider::{EndpointKind, ProviderError};
use keyfob::engine::Answers;
use keyfob::messages::command::Command;
use keyfob::messages::event::Reply;
use keyfob::messages::problem::{Problem, SignInProblem};
use keyfob::messages::snapshot::{Activity, DeviceCodeView};

use crate::support::account_toml::AccountToml;
use crate::support::engine::{Place, Rig};
use crate::support::server::{Response, ScriptedServer};

const DEVICE_CODE: &str = "CANARY-device-code";

fn given(more: &str) -> Response {
    Response::json(
        200,
        format!(
            r#"{{"device_code":"{DEVICE_CODE}","user_code":"WDJB-MJHT","verification_uri":"https://a.example/device",
               "expires_in":600{more}}}"#
        ),
    )
}

fn error(code: &str) -> Response {
    Response::json(400, format!(r#"{{"error":"{code}"}}"#))
}

fn token() -> Response {
    let body =
        r#"{"access_token":"CANARY-at","refresh_token":"CANARY-rt","expires_in":3600,"token_type":"Bearer"}"#;
    Response::json(200, body)
}

fn account(server: &ScriptedServer, more: &str) -> String {
    AccountToml::new("tv", "device_code")
        .with("client_id", "id")
        .lines(more)
        .on(server, &["device", "token"])
        .to_string()
}

/// An account whose server issues a device code, and the code.
fn started(more: &str, answer: Response) -> (ScriptedServer, Place, Rig, Answers, DeviceCodeView) {
    let server = ScriptedServer::start();
    server.script("/device", answer);
    let place = Place::new();
    let rig = place.window();
    rig.import(&account(&server, more)).unwrap();
    let (answers, code) = start(&rig);
    (server, place, rig, answers, code)
}

fn start(rig: &Rig) -> (Answers, DeviceCodeView) {
    let command = Command::SignIn { account: rig.id("tv"), open_browser: true };
    let mut answers = rig.handle.ask(command).unwrap();
    match answers.wait() {
        Ok(Reply::CodeGiven(code)) => (answers, *code),
        other => panic!("{other:?}"),
    }
}

fn later(rig: &Rig, secs: i64) {
    rig.advance(secs);
    rig.ask(Command::ClearClipboard).unwrap();
}

/// The number of polls, once they have stopped.
fn questions(server: &ScriptedServer, expected: usize) -> usize {
    // The device authorization request is one more.
    server.wait_for(expected + 1);
    std::thread::sleep(std::time::Duration::from_millis(50));
    server.requests_to("/token").len()
}

#[test]
fn a_code_is_shown_asked_about_and_becomes_a_token_that_refreshes() {
    let (server, _place, rig, mut answers, code) =
        started("client_secret = \"s\"\nscopes = [\"a\", \"b\"]", given(""));
    assert_eq!(code.user_code.as_str(), "WDJB-MJHT");
    assert_eq!(code.verification_uri, "https://a.example/device");
    assert_eq!(code.expires_at, rig.now() + chrono::TimeDelta::seconds(600));
    assert!(matches!(&rig.view("tv").activity, Activity::AwaitingDevice(shown) if *shown == code));
    let asked = &server.requests_to("/device")[0];
    // The same client authentication as at the token endpoint.
    assert_eq!(asked.header("authorization"), Some("Basic aWQ6cw=="));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        asked.form(),
        [pair("scope", "a b"), pair("client_id", "id")],
        "some servers want the ID in any case"
    );

    server.script("/token", error("authorization_pending"));
    server.script("/token", token());
    later(&rig, 4);
    assert_eq!(questions(&server, 0), 0);
    later(&rig, 1);
    assert_eq!(questions(&server, 1), 1);
    assert!(rig.view("tv").problem.is_none());
    later(&rig, 5);
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
    let form = server.requests_to("/token")[1].form();
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    assert_eq!(form[0], ("grant_type".to_owned(), grant.to_owned()));
    assert_eq!(form[1], ("device_code".to_owned(), DEVICE_CODE.to_owned()));
    assert_eq!(rig.token("tv").unwrap().access_token.expose(), "CANARY-at");
    assert_eq!(rig.view("tv").activity, Activity::Idle);

    server.script("/token", token());
    rig.ask(Command::Refresh(rig.id("tv"))).unwrap();
    let form = server.requests_to("/token")[2].form();
    assert_eq!(form[0], ("grant_type".to_owned(), "refresh_token".to_owned()));
}

#[test]
fn a_public_client_shows_its_id_and_extra_parameters_go_along() {
    let more = "client_auth = \"none\"\nauthorize_params = { audience = \"api\", client_id = \"evil\" }";
    let (server, ..) = started(more, given(""));
    let form = server.requests_to("/device")[0].form();
    let expected = [("audience", "api"), ("client_id", "id")];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn the_code_is_asked_for_with_what_the_token_is_for() {
    let more = "client_auth = \"none\"\nresource = [\"https://a.example/\", \"https://b.example/\"]\n\
                audience = \"api\"\nauthorize_params = { Audience = \"evil\", resource = \"evil\", login = \"me\" }";
    let (server, _place, rig, mut answers, _) = started(more, given(""));
    let form = server.requests_to("/device")[0].form();
    let resources = [("resource", "https://a.example/"), ("resource", "https://b.example/")];
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let rest = [("audience", "api"), ("login", "me"), ("client_id", "id")];
    assert_eq!(form, resources.into_iter().chain(rest).map(pair).collect::<Vec<_>>());
    // The token request names the resource, too (RFC 8707, section 2.2).
    server.script("/token", token());
    later(&rig, 5);
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
    let form = server.requests_to("/token")[0].form();
    assert!(resources.into_iter().all(|resource| form.contains(&pair(resource))), "{form:?}");
}

#[test]
fn slow_down_adds_five_seconds_for_good() {
    let (server, _place, rig, _answers, _) = started("", given(",\"interval\":2"));
    server.always("/token", error("authorization_pending"));
    server.script("/token", error("slow_down"));
    later(&rig, 2);
    assert_eq!(questions(&server, 1), 1);
    later(&rig, 6);
    assert_eq!(questions(&server, 1), 1);
    later(&rig, 1);
    assert_eq!(questions(&server, 2), 2);
    later(&rig, 6);
    assert_eq!(questions(&server, 2), 2);
    later(&rig, 1);
    assert_eq!(questions(&server, 3), 3);
}

#[test]
fn a_dropped_connection_and_an_outage_are_waited_out() {
    let (server, _place, rig, mut answers, _) = started("", given(""));
    server.script("/token", Response::json(200, "{}").ending(crate::support::server::Ending::Unanswered));
    server.script("/token", Response::json(503, "").header("Retry-After", "40"));
    server.script("/token", token());
    later(&rig, 5);
    assert_eq!(questions(&server, 1), 1);
    rig.wait_until("the outage", |snapshot| {
        matches!(snapshot.accounts[0].problem, Some(Problem::Unreachable(_)))
    });
    later(&rig, 10);
    assert_eq!(questions(&server, 2), 2);
    later(&rig, 39);
    assert_eq!(questions(&server, 2), 2);
    later(&rig, 1);
    assert!(matches!(answers.wait(), Ok(Reply::Done)));
    assert!(rig.view("tv").problem.is_none());
}

#[test]
fn a_person_who_says_no_ends_it() {
    let (server, _place, rig, mut answers, _) = started("", given(""));
    server.script("/token", error("access_denied"));
    later(&rig, 5);
    let denied = answers.wait().unwrap_err();
    assert!(
        matches!(&denied, Problem::SignIn(SignInProblem::Denied { code, .. }) if code.as_str() == "access_denied")
    );
    assert_eq!(rig.view("tv").activity, Activity::Idle);
    later(&rig, 60);
    assert_eq!(questions(&server, 1), 1);
}

#[test]
fn a_code_expires_by_the_clock_and_by_the_servers_word() {
    let (server, _place, rig, mut answers, _) = started("", given(""));
    later(&rig, 601);
    assert_eq!(answers.wait().unwrap_err(), Problem::SignIn(SignInProblem::CodeExpired));
    assert_eq!(server.requests_to("/token").len(), 0);

    server.script("/device", given(""));
    server.script("/token", error("expired_token"));
    let (mut answers, _) = start(&rig);
    later(&rig, 5);
    assert_eq!(answers.wait().unwrap_err(), Problem::SignIn(SignInProblem::CodeExpired));
    assert_eq!(rig.view("tv").problem, Some(Problem::SignIn(SignInProblem::CodeExpired)));
}

#[test]
fn a_cancelled_sign_in_asks_no_more() {
    let (server, _place, rig, mut answers, _) = started("", given(""));
    rig.ask(Command::CancelSignIn(rig.id("tv"))).unwrap();
    assert_eq!(answers.wait().unwrap_err(), Problem::SignIn(SignInProblem::Cancelled));
    later(&rig, 60);
    assert_eq!(questions(&server, 0), 0);
    assert_eq!(rig.view("tv").activity, Activity::Idle);
}

#[test]
fn b1_open_leads_to_the_address_with_the_code_where_there_is_one() {
    let complete = ",\"verification_uri_complete\":\"https://a.example/device?c=WDJB-MJHT\"";
    let (_server, _place, rig, _answers, _) = started("", given(complete));
    assert!(rig.browser.opened.lock().unwrap().is_empty());
    rig.ask(Command::OpenBrowserAgain(rig.id("tv"))).unwrap();
    let opened = || rig.browser.opened.lock().unwrap().first().map(ToString::to_string);
    rig.wait_until("the browser", |_| opened().is_some());
    assert_eq!(opened().as_deref(), Some("https://a.example/device?c=WDJB-MJHT"));
}

#[test]
fn t3_an_endpoint_that_gives_no_code_is_a_clear_problem() {
    let server = ScriptedServer::start();
    let place = Place::new();
    let rig = place.window();
    rig.import(&account(&server, "")).unwrap();
    let sign_in = || rig.ask(Command::SignIn { account: rig.id("tv"), open_browser: true }).unwrap_err();
    server.script("/device", Response::new(200, "text/html", "<html>"));
    let host = "127.0.0.1".to_owned();
    let flaw = AnswerFlaw::WebPage;
    assert_eq!(sign_in(), Problem::SignIn(SignInProblem::NoCode { host, status: 200, flaw }));
    server.script("/device", Response::json(400, r#"{"error":"unauthorized_client"}"#));
    assert!(matches!(sign_in(), Problem::Refused(refusal) if refusal.status == 400));
    assert_eq!(rig.view("tv").activity, Activity::Idle);
}

#[test]
fn an_account_without_a_device_endpoint_is_refused() {
    let place = Place::new();
    let rig = place.window();
    let mut draft = keyfob::messages::command::AccountDraft {
        editing: None,
        name: "tv".to_owned(),
        settings: keyfob::domain::account::Settings {
            provider: "custom".to_owned(),
            grant: keyfob::domain::oauth::grant_type::GrantType::DeviceCode,
            variables: [].into(),
            overrides: keyfob::domain::provider::spec::ProviderSpec::default().into(),
            background_refresh: None,
            client_secret_expires: None,
            key_dates: keyfob::domain::account::key_dates::KeyDates::default(),
            tags: keyfob::domain::account::tags::Tags::default(),
            environment: None,
        },
        client: crate::support::engine::client("id", "s"),
    };
    draft.settings.overrides_mut().client_auth = Some(ClientAuth::None);
    draft.settings.overrides_mut().endpoints.token = Some("https://a.example/token".to_owned());
    let refused = rig.ask(Command::Save { draft: Box::new(draft), sign_in: false }).unwrap_err();
    assert_eq!(refused, Problem::Settings(ProviderError::EndpointMissing(EndpointKind::Device)));
}
