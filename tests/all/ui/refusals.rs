//! Likely causes in the window: a button for each next attempt, and two redirect URIs side by side.

use chrono::{Days, TimeDelta};
use egui_kittest::kittest::Queryable as _;
use keyfob::domain::account::secret_expiry::today;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::provider::spec::ClientAuth;
use keyfob::domain::refusal::redirect_mismatch::{Redirects, mismatch};
use keyfob::messages::command::Command;
use keyfob::messages::event::Event;
use keyfob::messages::problem::{Hints, Problem, Refusal, SignInProblem, UntrustedText};
use keyfob::messages::snapshot::Snapshot;

use super::fixtures::{account, id, now, snapshot};
use super::harness::Rig;

fn with_problem(problem: Problem) -> Snapshot {
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    car.problem = Some(problem);
    snapshot(vec![car])
}

#[test]
fn a_refused_client_offers_the_other_ways_and_tries_none_by_itself() {
    let hints = Hints { tries: vec![ClientAuth::BasicRaw, ClientAuth::Body], ..Hints::default() };
    let mut rig = Rig::new(with_problem(Problem::Refused(Refusal {
        provider: "Smartcar".to_owned(),
        status: 401,
        code: Some(UntrustedText::new("invalid_client")),
        description: None,
        meaning: None,
        secrets_place: None,
        grant: Some(GrantType::AuthorizationCode),
        retry_at: None,
        hints: Box::new(hints),
    })));
    assert!(rig.commands().is_empty());
    for (button, wanted) in [("Try raw Basic", ClientAuth::BasicRaw), ("Try in the body", ClientAuth::Body)] {
        rig.press(button);
        let command = rig.command();
        assert!(
            matches!(&command, Command::TryClientAuth { account, auth, open_browser: true }
                if *account == id(1) && *auth == wanted),
            "{command:?}"
        );
    }
    rig.press("Edit account");
    assert!(matches!(rig.command(), Command::Edit(_)));
}

#[test]
fn both_redirect_addresses_are_shown_with_what_differs_marked() {
    let redirects = Redirects { sent: "http://127.0.0.1:5000/callback", preset: None, any_port: false };
    let said = "registered: http://127.0.0.1:5000/callback/";
    let hints = Hints {
        redirect: mismatch("redirect_uri_mismatch", said, &redirects).map(Box::new),
        ..Hints::default()
    };
    let code = UntrustedText::new("redirect_uri_mismatch");
    let denied =
        SignInProblem::Denied { code, description: Some(UntrustedText::new(said)), hints: Box::new(hints) };
    let mut rig = Rig::new(with_problem(Problem::SignIn(denied)));
    assert!(rig.tree().contains("http://127.0.0.1:5000/callback‹/›"), "{}", rig.tree());
    rig.press("Copy redirect URI: Sent");
    assert!(matches!(rig.command(), Command::CopyText(text) if text == redirects.sent));
    rig.press("Copy redirect URI: Named by the provider");
    assert!(matches!(rig.command(), Command::CopyText(text) if text == "http://127.0.0.1:5000/callback/"));
}

#[test]
fn a_client_secret_is_spoken_of_from_fourteen_days_before_its_end() {
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    car.settings.client_secret_expires = today(now()).checked_add_days(Days::new(15));
    let mut rig = Rig::new(snapshot(vec![car]));
    assert!(!rig.tree().contains("The client secret"));
    rig.wait(TimeDelta::days(1));
    rig.0.get_by_label_contains("The client secret expires in 14 days");
    rig.press("Edit account");
    assert!(matches!(rig.command(), Command::Edit(_)));
    rig.wait(TimeDelta::days(15));
    rig.0.get_by_label_contains("You noted that the client secret expired on");
}

#[test]
fn the_form_takes_the_secrets_last_day_and_refuses_what_is_none() {
    let mut rig = Rig::new(snapshot(Vec::new()));
    rig.press("Add account");
    rig.press("SmartSense");
    rig.fill("Name", "sense");
    rig.fill("Client ID", "an-id");
    rig.fill("Client secret", "a-secret");
    rig.press("Advanced");
    rig.fill("Client secret expires on", "next year");
    assert!(!rig.can_press("Save"));
    let clear = egui::Modifiers::COMMAND;
    rig.0.key_press_modifiers(clear, egui::Key::A);
    rig.fill("Client secret expires on", "2031-02-28");
    rig.press("Save");
    let Command::Save { draft, .. } = rig.command() else { panic!("no save") };
    assert_eq!(draft.settings.client_secret_expires.unwrap().to_string(), "2031-02-28");
}

/// The form of a provider whose redirect URI has a fixed port, and that URI.
fn form() -> (Rig, String) {
    let mut rig = Rig::new(snapshot(Vec::new()));
    rig.press("Add account");
    rig.press("Smartcar");
    let asked = rig.0.state_mut().commands_raw();
    let checks: Vec<_> = asked
        .into_iter()
        .filter_map(|command| match command {
            Command::CheckRedirect(text) => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(
        checks,
        ["http://localhost:8910/callback"],
        "the port is tried once, before anything is saved"
    );
    (rig, checks[0].clone())
}

#[test]
fn l7_the_form_tells_a_busy_port_from_a_forbidden_one_and_takes_a_free_one() {
    let (mut rig, redirect_uri) = form();
    let told = |rig: &mut Rig, problem| {
        rig.tell(Event::RedirectChecked { redirect_uri: redirect_uri.clone(), problem });
        rig.tree()
    };
    assert!(told(&mut rig, None).contains("The port is free on this computer."));
    let forbidden = SignInProblem::PortForbidden { port: 8910, free: Vec::new() };
    assert!(told(&mut rig, Some(forbidden)).contains("This system doesn't let Keyfob use port 8910"));
    let busy = SignInProblem::PortInUse { port: 8910, free: vec![8911, 8913] };
    let tree = told(&mut rig, Some(busy));
    assert!(tree.contains("Port 8910 is used by another program"), "{tree}");
    assert!(
        tree.contains("register it with Smartcar") && tree.contains("Ports 8911 and 8913 are free"),
        "{tree}"
    );
    rig.press("Use port 8913");
    let tree = rig.tree();
    assert!(tree.contains("http://localhost:8913/callback") && !tree.contains("Port 8910 is used"), "{tree}");
    let asked = rig.0.state_mut().commands_raw();
    assert!(
        matches!(&asked[..], [Command::CheckRedirect(text)] if text == "http://localhost:8913/callback"),
        "{asked:?}"
    );
}

#[test]
fn l7_a_sign_in_without_its_port_offers_a_free_one() {
    let busy = SignInProblem::PortInUse { port: 8910, free: vec![8911] };
    let mut rig = Rig::new(with_problem(Problem::SignIn(busy)));
    rig.press("Use port 8911");
    assert!(matches!(rig.command(), Command::TakePort { account, port: 8911 } if account == id(1)));
    assert!(rig.tree().contains("Register the redirect URI with port 8911 at Smartcar"));
}
