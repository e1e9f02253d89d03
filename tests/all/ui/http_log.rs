//! The HTTP log tab, and the checks of a token with its provider.

use std::sync::Arc;

use chrono::TimeDelta;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use keyfob::domain::http_log::record::{HttpLogEntry, Outcome, RequestKind, SentBody};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::oauth::introspection::{Checked, TokenStatus};
use keyfob::messages::command::Command;
use keyfob::messages::event::{Event, Reply};
use keyfob::messages::snapshot::{AccountView, Inquiry};

use super::fixtures::{account, id, now, snapshot, token};
use super::harness::Rig;

fn car() -> AccountView {
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    car.token = Some(token(7200, Some(754)));
    car
}

fn entry(secs_ago: i64, outcome: Outcome) -> HttpLogEntry {
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    HttpLogEntry {
        kind: RequestKind::Refresh,
        sent_at: now() - TimeDelta::seconds(secs_ago),
        took_ms: 42,
        method: "POST".to_owned(),
        url: "https://a.example/token".to_owned(),
        headers: pairs(&[("Authorization", "Basic …(12 characters)")]),
        body: SentBody::Form(pairs(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", "…(40 characters)"),
        ])),
        outcome,
    }
}

fn answered(status: u16) -> Outcome {
    Outcome::Answered { status, headers: Vec::new(), body: "{\n  \"error\": \"invalid_grant\"\n}".to_owned() }
}

fn open_tab(rig: &mut Rig) {
    rig.0.get_by_role_and_label(Role::Tab, "Requests").click_accesskit();
    rig.0.run();
}

#[test]
fn exchanges_are_asked_for_once_and_open_one_by_one() {
    let mut rig = Rig::new(snapshot(vec![car()]));
    open_tab(&mut rig);
    assert!(matches!(rig.command(), Command::ReadHttpLog(account) if account == id(1)));
    rig.0.run();
    let unreached = Outcome::Unreached { why: "no connection".to_owned(), may_have_been_sent: false };
    let mut shown = car();
    shown.http_log = Some(Arc::new(vec![entry(10, answered(400)), entry(70, unreached)]));
    rig.change(|snapshot| *snapshot = super::fixtures::snapshot(vec![shown]));
    let tree = rig.tree();
    assert!(tree.contains("Refresh · HTTP 400 · 42 ms") && tree.contains("Refresh · no response"), "{tree}");
    assert!(!tree.contains("invalid_grant"), "closed at first");
    let row = |rig: &mut Rig, part: &str| {
        rig.0.get_by(|node| node.label().is_some_and(|label| label.contains(part))).click_accesskit();
        rig.0.run();
    };
    row(&mut rig, "HTTP 400");
    let tree = rig.tree();
    for line in
        ["> POST https://a.example/token", "> refresh_token=…(40 characters)", "\"error\": \"invalid_grant\""]
    {
        assert!(tree.contains(line), "{line} in:\n{tree}");
    }
    rig.press("Copy as cURL without secrets");
    let Command::CopyText(text) = rig.command() else { panic!("nothing was copied") };
    assert!(text.starts_with("curl --request POST") && text.contains("$CLIENT_SECRET"), "{text}");
    rig.press("Copy redacted report");
    let Command::CopyText(text) = rig.command() else { panic!("nothing was copied") };
    assert!(text.contains("Provider: Smartcar") && text.contains("< HTTP 400 after 42 ms"), "{text}");
    assert!(!text.contains("car-dev"), "{text}");
    row(&mut rig, "no response");
    assert!(rig.tree().contains("nothing was sent") && !rig.tree().contains("invalid_grant"));
}

#[test]
fn d1_exchanges_of_hostile_servers_are_neutralised() {
    let mut hostile = entry(1, answered(200));
    hostile.url = "https://a.example/\u{202e}x\u{1b}[31m".repeat(1000);
    let mut shown = car();
    shown.http_log = Some(Arc::new(vec![hostile]));
    let mut rig = Rig::new(snapshot(vec![shown]));
    open_tab(&mut rig);
    rig.0.get_by(|node| node.label().is_some_and(|label| label.contains("HTTP 200"))).click_accesskit();
    rig.0.run();
    assert!(!rig.tree().contains(['\u{202e}', '\u{1b}']));
    assert!(rig.tree().len() < 10_000);
}

#[test]
fn a_check_shows_what_the_server_said() {
    let mut shown = car();
    shown.can_check = true;
    let mut rig = Rig::new(snapshot(vec![shown.clone()]));
    rig.press("More actions");
    rig.press("Check with provider");
    assert!(matches!(rig.command(), Command::Check(account) if account == id(1)));
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    shown.checked = Some(Arc::new(Checked {
        at: now(),
        generation: 1,
        verdict: TokenStatus {
            active: true,
            subject: Some("anna\u{202e}".to_owned()),
            ..TokenStatus::default()
        },
        asked: words("read write"),
        granted: Some(words("read")),
    }));
    rig.change(|snapshot| *snapshot = super::fixtures::snapshot(vec![shown.clone()]));
    let tree = rig.tree();
    for text in ["Active: the server accepts this token.", "anna\u{fffd}", "Not granted", "write"] {
        assert!(tree.contains(text), "{text} in:\n{tree}");
    }
    shown.inquiry = Some(Inquiry::Checking);
    rig.change(|snapshot| *snapshot = super::fixtures::snapshot(vec![shown]));
    assert!(rig.tree().contains("Checking"));
    rig.press("More actions");
    assert!(!rig.can_press("Check with provider"), "not twice at a time");
}

#[test]
fn tokens_are_revoked_after_a_second_press_and_only_where_there_is_an_address() {
    let mut shown = car();
    shown.can_revoke = true;
    let mut rig = Rig::new(snapshot(vec![shown]));
    rig.press("More actions");
    rig.press("Revoke");
    assert!(rig.commands().is_empty() && rig.tree().contains("They stop working everywhere."));
    rig.press("Cancel");
    assert!(!rig.tree().contains("They stop working everywhere."));
    rig.press("More actions");
    rig.press("Revoke");
    rig.press("Revoke tokens");
    assert!(matches!(rig.command(), Command::Revoke(account) if account == id(1)));
    rig.tell(Event::Done(Reply::Revoked));
    assert!(rig.tree().contains("Tokens revoked."));

    let mut rig = Rig::new(snapshot(vec![car()]));
    rig.press("More actions");
    for absent in ["Check with provider", "Revoke"] {
        assert!(rig.0.query_by_label(absent).is_none(), "{absent}: no endpoint, no item");
    }
    rig.press("Forget tokens…");
    assert!(rig.tree().contains("no revocation endpoint"));
    rig.press("Forget tokens");
    assert!(matches!(rig.command(), Command::Forget(account) if account == id(1)));
}

#[test]
fn z1_the_question_before_a_deletion_says_what_becomes_of_the_tokens() {
    for (can_revoke, said) in
        [(true, "are then revoked"), (false, "This provider has no revocation endpoint")]
    {
        let mut shown = car();
        shown.can_revoke = can_revoke;
        let mut rig = Rig::new(snapshot(vec![shown]));
        rig.press("Delete");
        assert!(rig.tree().contains(said), "{}", rig.tree());
    }
}
