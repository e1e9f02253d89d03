//! The window while it waits for a device code to be entered.

use chrono::TimeDelta;
use egui_kittest::kittest::Queryable as _;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::Command;
use keyfob::messages::problem::UntrustedText;
use keyfob::messages::snapshot::{AccountView, Activity, DeviceCodeView};

use super::fixtures::{account, id, now, snapshot};
use super::harness::Rig;

fn waiting(complete: Option<&str>) -> AccountView {
    let mut tv = account(1, "tv", "Television", GrantType::DeviceCode);
    tv.activity = Activity::AwaitingDevice(DeviceCodeView {
        user_code: UntrustedText::new("WDJB-MJHT"),
        verification_uri: "https://a.example/device".to_owned(),
        verification_uri_complete: complete.map(str::to_owned),
        expires_at: now() + TimeDelta::seconds(599),
    });
    tv
}

#[test]
fn the_code_and_the_address_are_shown_and_can_be_copied_and_opened() {
    let mut rig = Rig::new(snapshot(vec![waiting(None)]));
    let tree = rig.tree();
    for shown in ["WDJB-MJHT", "https://a.example/device", "QR code of the sign-in link", "9:59 left"] {
        assert!(tree.contains(shown), "{shown} in {tree}");
    }
    rig.press("Copy code");
    assert!(matches!(rig.command(), Command::CopyText(text) if text == "WDJB-MJHT"));
    rig.press("Copy sign-in link");
    assert!(matches!(rig.command(), Command::CopyText(text) if text == "https://a.example/device"));
    rig.press("Open on this computer");
    assert!(matches!(rig.command(), Command::OpenBrowserAgain(account) if account == id(1)));
    rig.press("Cancel");
    assert!(matches!(rig.command(), Command::CancelSignIn(account) if account == id(1)));
}

#[test]
fn the_time_left_counts_down_by_the_second() {
    let mut rig = Rig::new(snapshot(vec![waiting(None)]));
    let next = rig.next_repaint().unwrap();
    assert!(next <= std::time::Duration::from_secs(1), "{next:?}");
    rig.wait(TimeDelta::seconds(61));
    assert!(rig.tree().contains("8:58 left"));
}

#[test]
fn the_picture_names_what_it_leads_to_and_a_text_that_fits_in_none_is_left_out() {
    let rig = Rig::new(snapshot(vec![waiting(Some("https://a.example/device?c=WDJB-MJHT"))]));
    rig.0.get_by_role_and_label(
        egui::accesskit::Role::Image,
        "QR code of the sign-in link, with the code in it",
    );
    let long = format!("https://a.example/{}", "x".repeat(5000));
    let rig = Rig::new(snapshot(vec![waiting(Some(&long))]));
    assert!(rig.0.query_by_role(egui::accesskit::Role::Image).is_none());
    assert!(rig.tree().contains("WDJB-MJHT"));
}

#[test]
fn a_narrow_window_shows_it_all_and_hostile_text_is_neutralised() {
    let mut tv = waiting(None);
    let Activity::AwaitingDevice(code) = &mut tv.activity else { return };
    code.user_code = UntrustedText::new("AB\u{202e}CD\u{1b}[31m");
    let mut rig = Rig::sized(snapshot(vec![tv]), (640.0, 420.0));
    if rig.can_press("tv") {
        rig.press("tv");
    }
    let tree = rig.tree();
    assert!(!tree.contains('\u{202e}') && !tree.contains('\u{1b}'), "{tree}");
    assert!(rig.can_press("Cancel") && tree.contains("QR code of the sign-in link"));
}

#[test]
fn a_code_that_is_being_asked_for_can_be_cancelled() {
    let mut tv = account(1, "tv", "Television", GrantType::DeviceCode);
    tv.activity = Activity::Exchanging;
    let mut rig = Rig::new(snapshot(vec![tv]));
    assert!(rig.tree().contains("Requesting a code"));
    assert!(!rig.tree().contains("Opening the browser"));
    rig.press("Cancel");
    assert!(matches!(rig.command(), Command::CancelSignIn(_)));
}
