//! Likely causes in the window: a button for each next try, and addresses set side by side.

use chrono::{Days, TimeDelta};
use egui_kittest::kittest::Queryable as _;
use keyfob::domain::grant_type::GrantType;
use keyfob::domain::redirect_mismatch::{Redirects, mismatch};
use keyfob::domain::secret_expiry::today;
use keyfob::domain::spec::ClientAuth;
use keyfob::messages::command::Command;
use keyfob::messages::problem::{Hints, Outside, Problem, Refusal, SignInProblem};
use keyfob::messages::snapshot::Snapshot;

use super::ui_rig::Rig;
use super::ui_support::{account, id, now, snapshot};

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
        code: Some(Outside::new("invalid_client")),
        description: None,
        meaning: None,
        secrets_place: None,
        with_password: false,
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
    let code = Outside::new("redirect_uri_mismatch");
    let denied =
        SignInProblem::Denied { code, description: Some(Outside::new(said)), hints: Box::new(hints) };
    let mut rig = Rig::new(with_problem(Problem::SignIn(denied)));
    assert!(rig.tree().contains("http://127.0.0.1:5000/callback‹/›"), "{}", rig.tree());
    rig.press("Copy the address: Sent");
    assert!(matches!(rig.command(), Command::CopyText(text) if text == redirects.sent));
    rig.press("Copy the address: Named by the provider");
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
    rig.0.get_by_label_contains("By your own note the client secret expired on");
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
