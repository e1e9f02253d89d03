//! The token's card, which is not scrolled, and its actions.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use egui::Shape;
use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::domain::http_log::record::{HttpLogEntry, Outcome, RequestKind, SentBody};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::oauth::id_token::IdTokenStatus;
use keyfob::messages::command::{Command, CopyForm};
use keyfob::messages::snapshot::{AccountView, Activity, ClipboardView, VaultHealth};

use super::fixtures::{account, id, now, snapshot, token};
use super::harness::Rig;

fn car() -> AccountView {
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    car.token = Some(token(7200, Some(754)));
    car.scopes = (0..60).map(|number| format!("scope {number}")).collect();
    car
}

fn open(rig: &mut Rig, tab: &str) {
    rig.0.get_by_role_and_label(Role::Tab, tab).click_accesskit();
    rig.0.run();
}

#[test]
fn the_scroll_bar_of_the_page_is_named() {
    let mut rig = Rig::new(snapshot(vec![car()]));
    open(&mut rig, "Scopes");
    assert!(rig.0.query_by_role_and_label(Role::ScrollBar, "Scroll page").is_some(), "{}", rig.tree());
}

#[test]
fn the_token_stays_when_the_page_is_scrolled() {
    for (size, pressed) in [((960.0, 640.0), None), ((640.0, 420.0), Some("car-dev"))] {
        let mut rig = Rig::sized(snapshot(vec![car()]), size);
        if let Some(name) = pressed {
            rig.press(name);
        }
        open(&mut rig, "Scopes");
        let copy = |rig: &Rig| rig.0.get_by_label("Copy token").rect();
        let (before, tab) = (copy(&rig), rig.0.get_by_label("Scopes").rect());
        rig.0.get_by_label("scope 59").scroll_to_me();
        rig.0.run();
        assert!(rig.0.get_by_label("Scopes").rect().top() < tab.top(), "the page was scrolled");
        assert_eq!(copy(&rig), before, "{size:?}");
    }
}

#[test]
fn in_a_low_window_the_token_is_a_bar_of_48_points() {
    let mut rig = Rig::sized(snapshot(vec![car()]), (640.0, 420.0));
    rig.press("car-dev");
    for name in ["Back", "12:34 left", "Copy token", "More ways to copy", "Refresh", "More actions"] {
        let rect = rig.0.get_by_label(name).rect();
        // The harness has a margin of 8 points.
        assert!(rect.top() >= 8.0 && rect.bottom() <= 56.0, "{name}: {rect:?}");
    }
}

#[test]
fn actions_that_dont_fit_into_the_row_are_in_its_menu() {
    let mut rig = Rig::sized(snapshot(vec![car()]), (320.0, 420.0));
    rig.press("car-dev");
    assert!(!rig.can_press("Refresh") && !rig.can_press("Sign in again"));
    for (item, is_wanted) in [
        ("Refresh", (|command| matches!(command, Command::Refresh(_))) as fn(&Command) -> bool),
        ("Sign in again", |command| matches!(command, Command::SignIn { .. })),
    ] {
        rig.press("More actions");
        rig.press(item);
        assert!(is_wanted(&rig.command()), "{item}");
    }
}

#[test]
fn the_button_says_that_the_token_was_copied_and_clears_it() {
    let mut rig = Rig::new(snapshot(vec![car()]));
    let before = ["Copy token", "More ways to copy", "Refresh"].map(|name| rig.0.get_by_label(name).rect());
    rig.change(|snapshot| {
        let clears_at = Some(now() + TimeDelta::seconds(28));
        snapshot.clipboard = Some(ClipboardView { account: Some(id(1)), clears_at });
    });
    assert!(painted(&rig).contains(&"Copied · 28 s".to_owned()));
    assert!(rig.next_repaint().unwrap() <= Duration::from_millis(1001));
    rig.wait(TimeDelta::seconds(1));
    assert!(painted(&rig).contains(&"Copied · 27 s".to_owned()));
    // Nothing moves under the pointer.
    let clear = rig.0.get_by_label("Clear now").rect();
    assert!(clear.left() > before[0].center().x && clear.right() <= before[0].right(), "{clear:?}");
    for (name, rect) in ["More ways to copy", "Refresh"].iter().zip(&before[1..]) {
        assert_eq!(rig.0.get_by_label(name).rect(), *rect, "{name}");
    }
    rig.press("Clear now");
    assert!(matches!(rig.command(), Command::ClearClipboard));
    rig.press("Copy token");
    assert!(matches!(rig.command(), Command::Copy { form: CopyForm::Plain, .. }));
    rig.change(|snapshot| snapshot.clipboard = None);
    assert!(rig.0.query_by_label("Clear now").is_none());
}

/// The texts in the picture, also those that no assistive technology reads.
fn painted(rig: &Rig) -> Vec<String> {
    let texts = rig.0.output().shapes.iter().filter_map(|clipped| match &clipped.shape {
        Shape::Text(drawn) => Some(drawn.galley.text().to_owned()),
        _ => None,
    });
    texts.collect()
}

#[test]
fn the_timeline_names_its_dots_and_opens_their_requests() {
    let mut shown = car();
    let received_at = shown.token.as_ref().unwrap().facts.received_at;
    let refused = HttpLogEntry { kind: RequestKind::Refresh, ..request(now() - TimeDelta::seconds(9), 503) };
    shown.http_log = Some(Arc::new(vec![request(now(), 401), refused, request(received_at, 200)]));
    shown.next_refresh = Some(now() + TimeDelta::seconds(434));
    let mut rig = Rig::new(snapshot(vec![shown.clone()]));
    rig.0.get_by_label("now");
    let press = |rig: &mut Rig, dot: &str| {
        let is_dot = |label: String| label.starts_with(dot) && label.ends_with(": show the request");
        rig.0.get_by(|node| node.label().is_some_and(is_dot)).click_accesskit();
        rig.0.run();
        assert_eq!(rig.tree().matches("> POST").count(), 1, "{dot}");
    };
    assert!(rig.tree().contains("next refresh"), "{}", rig.tree());
    for dot in ["issued", "expires"] {
        press(&mut rig, dot);
        assert!(rig.tree().contains("< HTTP 200 after"), "{dot}: {}", rig.tree());
    }
    // A refresh failed, and this dot is the next try.
    shown.activity = Activity::Retrying { at: now() + TimeDelta::seconds(434) };
    rig.change(|snapshot| *snapshot = super::fixtures::snapshot(vec![shown.clone()]));
    press(&mut rig, "next refresh");
    assert!(rig.tree().contains("< HTTP 503 after"), "{}", rig.tree());
    // It is due, so it is about to be sent.
    shown.next_refresh = Some(now());
    rig.change(|snapshot| *snapshot = super::fixtures::snapshot(vec![shown]));
    assert!(!rig.tree().contains("next refresh"), "{}", rig.tree());
}

fn request(sent_at: DateTime<Utc>, status: u16) -> HttpLogEntry {
    HttpLogEntry {
        kind: RequestKind::Token,
        sent_at,
        took_ms: 42,
        method: "POST".to_owned(),
        url: "https://a.example/token".to_owned(),
        headers: Vec::new(),
        body: SentBody::Form(Vec::new()),
        outcome: Outcome::Answered { status, headers: Vec::new(), body: "{}".to_owned() },
    }
}

#[test]
fn a_refused_request_has_the_color_of_an_error_in_the_table_too() {
    let mut shown = car();
    shown.http_log = Some(Arc::new(vec![request(now(), 401), request(now() - TimeDelta::hours(1), 200)]));
    let mut rig = Rig::new(snapshot(vec![shown]));
    open(&mut rig, "Requests");
    let color = |text: &str| {
        let shapes = rig.0.output().shapes.iter();
        let mut drawn = shapes.filter_map(|clipped| match &clipped.shape {
            Shape::Text(drawn) if drawn.galley.text() == text => Some(&drawn.galley.job),
            _ => None,
        });
        drawn.next().unwrap().sections[0].format.color
    };
    let visuals = &rig.0.ctx.style_of(rig.0.ctx.theme()).visuals;
    assert_eq!(color("401"), visuals.error_fg_color);
    assert_ne!(color("200"), visuals.error_fg_color);
    for head in ["Time", "Kind", "Status", "Duration"] {
        assert!(painted(&rig).contains(&head.to_owned()), "{head}");
    }
}

#[test]
fn claims_are_read_at_a_press() {
    let mut unread = car();
    unread.token.as_mut().unwrap().mask = None;
    let mut accounts = snapshot(vec![unread]);
    accounts.vault.health = VaultHealth::Untried;
    let mut rig = Rig::new(accounts);
    rig.0.state_mut().commands_raw();
    rig.press("Show claims");
    let commands = rig.0.state_mut().commands_raw();
    assert!(matches!(&commands[..], [Command::ReadMask(account)] if *account == id(1)), "{commands:?}");
}

#[test]
fn in_a_wide_window_the_tabs_are_beside_the_token() {
    for (width, is_beside) in [(1240.0, true), (1100.0, false)] {
        let rig = Rig::sized(snapshot(vec![car()]), (width, 800.0));
        let (copy, claims) = (rig.0.get_by_label("Copy token").rect(), rig.0.get_by_label("Claims").rect());
        assert_eq!(claims.left() > copy.right() && claims.top() < copy.top(), is_beside, "{width}");
    }
}

#[test]
fn tokens_can_be_forgotten_without_revoking_them() {
    let mut shown = car();
    shown.can_revoke = true;
    let mut rig = Rig::new(snapshot(vec![shown]));
    rig.press("More actions");
    rig.press("Forget tokens…");
    assert!(rig.tree().contains("They aren't revoked"));
    assert!(rig.0.get_by_role_and_label(Role::Button, "Cancel").accesskit_node().is_focused());
    rig.press("Forget tokens");
    assert!(matches!(rig.command(), Command::Forget(account) if account == id(1)));
}

#[test]
fn an_id_token_is_offered_only_where_there_is_one() {
    let mut shown = car();
    for is_there in [false, true] {
        shown.token.as_mut().unwrap().facts.id_token = is_there.then_some(IdTokenStatus::Verified);
        let mut rig = Rig::new(snapshot(vec![shown.clone()]));
        rig.press("More ways to copy");
        assert_eq!(rig.can_press("Copy ID token"), is_there);
        if is_there {
            rig.press("Copy ID token");
            assert!(matches!(rig.command(), Command::Copy { form: CopyForm::IdToken, .. }));
        }
    }
}

#[test]
fn the_facts_are_copied_without_the_token() {
    let mut rig = Rig::new(snapshot(vec![car()]));
    rig.press("More ways to copy");
    rig.press("Copy facts");
    let Command::CopyText(text) = rig.command() else { panic!("nothing was copied") };
    for line in ["Account: car-dev", "Provider: Smartcar", "(source: server)", "Scopes: scope 0 scope 1"] {
        assert!(text.contains(line), "{line} in:\n{text}");
    }
    assert!(!text.contains("cf7b"), "{text}");
}
