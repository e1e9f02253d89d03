//! Diagnostics: each check has a result, and no secret is sent.

use egui_kittest::kittest::Queryable as _;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::provider::endpoints::EndpointKind;
use keyfob::domain::refusal::connectivity::{CheckOutcome, OnTheWay};
use keyfob::domain::refusal::transport::UnreachableKind;
use keyfob::messages::command::Command;
use keyfob::messages::diagnosis::{Cause, Check, Finding};
use keyfob::messages::event::{Event, Reply};
use keyfob::messages::explain::doctor;
use keyfob::messages::problem::{SignInProblem, VaultProblem};
use keyfob::store::vault::VaultError;

use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::certificates::self_signed_server;
use crate::support::engine::{Place, Rig};
use crate::support::server::{Response, ScriptedServer};
use crate::ui::fixtures::{account, id, snapshot};
use crate::ui::harness;

fn diagnose(rig: &Rig, name: Option<&str>) -> Vec<Finding> {
    match rig.ask(Command::Diagnose(name.map(|name| rig.id(name)))) {
        Ok(Reply::Diagnosed(findings)) => findings,
        other => panic!("{other:?}"),
    }
}

fn of(findings: &[Finding], check: Check) -> &Finding {
    findings.iter().find(|finding| finding.check == check).unwrap()
}

/// Every finding has a text, and every failure a next step.
fn all_say_what_to_do(findings: &[Finding]) {
    for finding in findings {
        let said = doctor::finding(finding, Some("Smartcar"));
        assert!(said.what.ends_with('.'), "{said:?}");
        if matches!(finding.verdict(), CheckOutcome::Warning | CheckOutcome::Failed) {
            assert!(said.next.ends_with('.'), "{said:?}");
        }
    }
}

fn text(authorize: &str, token: &str, secret: &str, more: &str) -> String {
    AccountToml::new("car", "authorization_code")
        .with("client_id", secret)
        .secret(secret)
        .lines(more)
        .at("authorize", authorize)
        .at("token", token)
        .to_string()
}

#[test]
fn everything_is_looked_at_and_no_secret_is_sent() {
    let (server, place, secret) = (ScriptedServer::start(), Place::new(), canary());
    // An hour slow.
    let date =
        (keyfob::base::clock::Clock::now(place.clock.as_ref()) + chrono::TimeDelta::hours(1)).to_rfc2822();
    let date = date.replace("+0000", "GMT");
    server.always("/authorize", Response::redirect(302, "https://example.com/login").header("Date", &date));
    server.always("/token", Response::new(405, "text/plain", ""));
    server.always("/userinfo", Response::new(404, "text/plain", ""));
    let rig = place.command_line();
    let endpoints = format!("userinfo = \"{}?key={secret}\"\n", server.url("/userinfo"));
    let with = text(&server.url("/authorize"), &server.url("/token"), &secret, "");
    rig.import(&format!("{with}{endpoints}")).unwrap();
    let findings = diagnose(&rig, Some("car"));
    all_say_what_to_do(&findings);
    let cause = |check| of(&findings, check).cause.clone();
    assert_eq!(of(&findings, Check::Vault).verdict(), CheckOutcome::Ok);
    assert_eq!(cause(Check::Browser), Cause::Browser { is_there: None });
    assert_eq!(cause(Check::Port), Cause::PortFree);
    assert_eq!(cause(Check::Dns), Cause::OnTheWay(OnTheWay::Here));
    assert_eq!(cause(Check::Tls), Cause::OnTheWay(OnTheWay::Here));
    let endpoint = |kind| cause(Check::Endpoint(kind));
    assert_eq!(endpoint(EndpointKind::Authorize), Cause::OnTheWay(OnTheWay::Answers(302)));
    assert_eq!(endpoint(EndpointKind::Token), Cause::OnTheWay(OnTheWay::Answers(405)));
    assert_eq!(endpoint(EndpointKind::UserInfo), Cause::OnTheWay(OnTheWay::Nothing(404)));
    let Cause::OnTheWay(OnTheWay::Skewed(secs)) = cause(Check::Clock) else { panic!("{findings:?}") };
    assert!((3590..=3610).contains(&secs), "{secs}");
    assert!(doctor::finding(of(&findings, Check::Clock), None).what.contains("about 60 min behind"));
    let requests = server.requests();
    assert_eq!(requests.len(), 3, "one look an endpoint");
    for request in &requests {
        assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0), "no token request");
        assert_eq!(request.header("authorization"), None);
        let sent = format!("{:?}", request.headers);
        assert!(
            !sent.contains(&secret) && (request.path == "/userinfo" || request.query.is_empty()),
            "{sent}"
        );
    }
    assert!(!format!("{findings:?}").contains(&secret), "a query of the user's own is not shown");
    assert!(rig.browser.opened.lock().unwrap().is_empty());
}

#[test]
fn each_thing_in_the_way_is_told_apart() {
    let (place, tls) = (Place::new(), ScriptedServer::start_tls(self_signed_server("127.0.0.1")));
    let rival = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = rival.local_addr().unwrap().port();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let rig = place.command_line();
    let redirect = format!("redirect_uri = \"http://127.0.0.1:{port}/callback\"");
    let authorize = format!("http://127.0.0.1:{gone}/authorize");
    rig.import(&text(&authorize, &tls.url("/token"), "s", &redirect)).unwrap();
    place.vault.fail_reads(1, &VaultError::Locked);
    let findings = diagnose(&rig, Some("car"));
    all_say_what_to_do(&findings);
    assert_eq!(of(&findings, Check::Vault).cause, Cause::Vault(VaultProblem::Locked));
    let Cause::Port(SignInProblem::PortInUse { port: busy, free }) = &of(&findings, Check::Port).cause else {
        panic!("{findings:?}")
    };
    assert!(*busy == port && !free.is_empty());
    let endpoint = |kind| of(&findings, Check::Endpoint(kind)).cause.clone();
    let unreachable = |kind| Cause::OnTheWay(OnTheWay::Unreachable(kind));
    assert_eq!(endpoint(EndpointKind::Authorize), unreachable(UnreachableKind::Connect));
    assert_eq!(endpoint(EndpointKind::Token), Cause::OnTheWay(OnTheWay::NotReached));
    assert_eq!(of(&findings, Check::Clock).verdict(), CheckOutcome::NotTried);
    assert!(tls.requests().is_empty());

    let general = diagnose(&rig, None);
    all_say_what_to_do(&general);
    assert_eq!(of(&general, Check::Vault).verdict(), CheckOutcome::Ok);
    assert_eq!(of(&general, Check::Endpoint(EndpointKind::Token)).cause, Cause::NoAccount);
}

#[test]
fn a_certificate_that_nobody_trusts_is_the_one_thing_that_failed() {
    let (place, tls) = (Place::new(), ScriptedServer::start_tls(self_signed_server("localhost")));
    let rig = place.command_line();
    let address = |path: &str| tls.url(path).replace("127.0.0.1", "localhost");
    rig.import(&text(&address("/authorize"), &address("/token"), "s", "")).unwrap();
    let findings = diagnose(&rig, Some("car"));
    let failed: Vec<_> =
        findings.iter().filter(|finding| finding.verdict() == CheckOutcome::Failed).collect();
    assert_eq!(failed.len(), 1, "{findings:?}");
    assert_eq!(failed[0].cause, Cause::OnTheWay(OnTheWay::Unreachable(UnreachableKind::Certificate)));
    let said = doctor::finding(failed[0], None);
    assert!(said.what.starts_with("localhost's certificate isn't trusted"), "{said:?}");
}

#[test]
fn the_window_has_a_page_for_it_reached_from_the_settings() {
    let car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    let mut rig = harness::Rig::new(snapshot(vec![car]));
    rig.open_settings("All accounts");
    rig.press("Run diagnostics");
    assert!(matches!(rig.command(), Command::Diagnose(Some(account)) if account == id(1)));
    rig.0.get_by_label("Diagnostics for car-dev");
    assert!(!rig.can_press("Check again"));
    let finding = |check, cause| Finding { check, about: "auth.example.com".to_owned(), cause };
    rig.tell(Event::Done(Reply::Diagnosed(vec![
        finding(Check::Tls, Cause::OnTheWay(OnTheWay::Unreachable(UnreachableKind::Certificate))),
        finding(Check::Clock, Cause::OnTheWay(OnTheWay::Skewed(-3600))),
        finding(Check::Browser, Cause::Browser { is_there: None }),
    ])));
    let tree = rig.tree();
    for wanted in ["failed", "warning", "not needed", "certificate isn't trusted", "about 60 min ahead of"] {
        assert!(tree.contains(wanted), "{wanted} in {tree}");
    }
    rig.press("Check again");
    assert!(matches!(rig.command(), Command::Diagnose(Some(_))));
    rig.press("Close");
    assert!(!rig.tree().contains("Diagnostics for"));
}
