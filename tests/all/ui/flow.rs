//! Commands from buttons and keys, and changes over time.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use keyfob::base::secret::AccessToken;
use keyfob::domain::account::AccountName;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::{Command, CopyForm};
use keyfob::messages::event::Event;
use keyfob::messages::problem::{Problem, VaultProblem};
use keyfob::messages::snapshot::{
    Activity, Awaiting, ClipboardView, Snapshot, TokenView, UndoView, VaultHealth, VaultKind,
};

use super::fixtures::{account, id, now, snapshot, token};
use super::harness::Rig;

fn one(left_secs: Option<i64>) -> Snapshot {
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    car.token = Some(token(7200, left_secs));
    snapshot(vec![car])
}

fn waiting() -> Snapshot {
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    car.activity = Activity::AwaitingBrowser(Awaiting {
        address: "https://connect.smartcar.com/oauth/authorize?state=x".to_owned(),
        redirect_uri: "http://localhost:8910/callback".to_owned(),
        listening: true,
        since: now(),
        deadline: now() + TimeDelta::minutes(5),
        browser_opened: true,
    });
    snapshot(vec![car])
}

#[test]
fn the_first_run_leads_to_an_account_or_the_demo() {
    let mut rig = Rig::new(snapshot(Vec::new()));
    rig.press("Try the demo");
    assert!(matches!(rig.command(), Command::StartDemo));
    rig.press("Add account");
    rig.press("Smartcar");
    assert!(rig.0.query_by_label("Register this redirect URI first").is_some());
}

#[test]
fn k1_no_keychain_offers_another_try_a_file_or_memory() {
    let mut empty = snapshot(Vec::new());
    empty.vault.health = VaultHealth::Failing(VaultProblem::Absent);
    let mut rig = Rig::new(empty);
    assert!(rig.tree().contains("No keychain service is running."));
    rig.press("Try again");
    assert!(matches!(rig.command(), Command::TryVault));
    rig.press("Keep secrets in memory until quit");
    assert!(matches!(rig.command(), Command::UseMemoryVault));
    assert!(rig.can_press("Use a passphrase-protected file"));
    rig.change(|snapshot| {
        snapshot.vault.kind = VaultKind::Memory;
        snapshot.vault.health = VaultHealth::Ready;
    });
    assert!(rig.tree().contains("are gone when you quit"));
}

#[test]
fn the_token_card_counts_down_and_copies() {
    let mut rig = Rig::new(one(Some(754)));
    rig.0.get_by_label("12:34 left");
    rig.wait(TimeDelta::seconds(1));
    rig.0.get_by_label("12:33 left");
    rig.press("Copy token");
    let command = rig.command();
    assert!(matches!(&command, Command::Copy { account, form: CopyForm::Plain } if *account == id(1)));
    for (item, form) in [
        ("Copy as header", CopyForm::Header),
        ("Copy as cURL", CopyForm::Curl),
        ("Copy as shell export", CopyForm::Env),
        ("Copy as PowerShell variable", CopyForm::PowerShell),
    ] {
        rig.press("More ways to copy");
        rig.press(item);
        assert!(matches!(rig.command(), Command::Copy { form: f, .. } if f == form));
    }
    rig.press("Refresh");
    assert!(matches!(rig.command(), Command::Refresh(_)));
    rig.press("Sign in again");
    assert!(matches!(rig.command(), Command::SignIn { open_browser: true, .. }));
}

#[test]
fn where_no_person_signs_in_nobody_is_asked_to() {
    let mut documents = account(1, "documents", "SmartDocumentor", GrantType::ClientCredentials);
    documents.token = Some(token(3600, Some(3000)));
    let mut rig = Rig::new(snapshot(vec![documents]));
    assert!(!rig.can_press("Sign in again") && rig.can_press("Refresh"));
    // There are two ways to a token only with a refresh token.
    assert!(rig.can_press("Get token"));
    rig.press("Get token");
    assert!(matches!(rig.command(), Command::SignIn { .. }));
    rig.change(|snapshot| {
        let view = Arc::make_mut(&mut snapshot.accounts[0]);
        view.token.as_mut().unwrap().facts.has_refresh_token = false;
    });
    assert!(!rig.can_press("Get token") && rig.can_press("Refresh"));
    // Without a token, the copy key gets one first.
    rig.change(|snapshot| Arc::make_mut(&mut snapshot.accounts[0]).token = None);
    rig.0.event(egui::Event::Copy);
    rig.0.run();
    assert!(matches!(rig.command(), Command::Copy { form: CopyForm::Plain, .. }));
}

#[test]
fn c1_after_suspend_an_expired_token_shows_as_expired_at_once() {
    let mut rig = Rig::new(one(Some(754)));
    assert!(rig.0.query_by_label("Valid").is_some());
    // After a suspend, the next frame is hours later, with the same snapshot.
    rig.wait(TimeDelta::hours(9));
    assert!(rig.0.query_by_label("Valid").is_none());
    assert!(rig.0.query_all_by_label("Expired").count() >= 1);
    assert!(!rig.tree().contains("12:34") && !rig.tree().contains("minutes left"));
}

#[test]
fn a_toast_says_copied_when_the_button_is_out_of_view() {
    let mut accounts = one(Some(754));
    accounts.accounts.push(Arc::new(account(2, "other", "SmartSense", GrantType::ClientCredentials)));
    let mut rig = Rig::new(accounts);
    rig.change(|snapshot| {
        let clears_at = Some(now() + TimeDelta::seconds(30));
        snapshot.clipboard = Some(ClipboardView { account: Some(id(1)), clears_at });
    });
    let says = |rig: &Rig| rig.0.query_by_label("Copied. Clears in 30 s").is_some();
    assert!(!says(&rig), "the button does");
    rig.press("other");
    assert!(says(&rig), "another account");
    rig.press("Clear now");
    assert!(matches!(rig.command(), Command::ClearClipboard));
    rig.press("car-dev");
    assert!(!says(&rig));
    rig.press("Delete");
    assert!(says(&rig), "a dialog");
}

#[test]
fn p3_without_a_copied_event_nothing_says_copied() {
    let mut rig = Rig::new(one(Some(754)));
    rig.press("Copy token");
    rig.tell(Event::Problem { account: Some(id(1)), problem: Problem::Clipboard });
    assert!(!rig.tree().contains("Copied"));
    assert!(rig.tree().contains("nothing was copied"));
    rig.wait(TimeDelta::seconds(60));
    assert!(!rig.tree().contains("nothing was copied"));
}

#[test]
fn a_revealed_token_masks_itself_after_half_a_minute_and_when_the_window_loses_the_keyboard() {
    let reveal = |rig: &mut Rig| {
        rig.press("Reveal");
        assert!(matches!(rig.command(), Command::Reveal(_)));
        rig.tell(Event::Revealed { account: id(1), token: AccessToken::new("CANARY-shown".to_owned()) });
        assert!(rig.tree().contains("CANARY-shown"));
    };
    let mut rig = Rig::new(one(Some(7000)));
    assert!(!rig.tree().contains("CANARY"));
    reveal(&mut rig);
    rig.wait(TimeDelta::seconds(29));
    assert!(rig.tree().contains("CANARY-shown"));
    rig.wait(TimeDelta::seconds(1));
    assert!(!rig.tree().contains("CANARY"));
    reveal(&mut rig);
    rig.0.event(egui::Event::WindowFocused(false));
    rig.0.run();
    assert!(!rig.tree().contains("CANARY"));
    reveal(&mut rig);
    rig.press("Hide");
    assert!(!rig.tree().contains("CANARY"));
    reveal(&mut rig);
    // A clock that is set back must not extend the reveal.
    rig.wait(TimeDelta::hours(-2));
    assert!(!rig.tree().contains("CANARY"));
}

#[test]
fn the_revealed_text_cant_be_selected_and_copied_past_the_engine() {
    let mut rig = Rig::new(one(Some(7000)));
    rig.tell(Event::Revealed { account: id(1), token: AccessToken::new("CANARY-shown".to_owned()) });
    let text = rig.0.get_by_label("CANARY-shown").rect();
    rig.0.drag_at(text.left_center());
    rig.0.step();
    rig.0.hover_at(text.right_center());
    rig.0.step();
    rig.0.event(egui::Event::Copy);
    // A single frame, since later ones no longer have its copied text.
    rig.0.step();
    let copied = &rig.0.output().platform_output.commands;
    assert!(!copied.iter().any(|command| matches!(command, egui::OutputCommand::CopyText(_))));
    assert!(matches!(rig.command(), Command::Copy { form: CopyForm::Plain, .. }));
}

#[test]
fn a_sign_in_always_has_its_ways_out() {
    let mut rig = Rig::new(waiting());
    rig.0.get_by_label("5:00 left");
    rig.press("Cancel");
    assert!(matches!(rig.command(), Command::CancelSignIn(_)));
    rig.press("Copy sign-in link");
    assert!(matches!(rig.command(), Command::CopyText(text) if text.contains("state=x")));
    rig.press("5 more minutes");
    assert!(matches!(rig.command(), Command::ExtendSignIn(_)));
    rig.fill("Paste the redirect URL", " http://localhost:8910/callback?code=c&state=x\n");
    rig.press("Finish sign-in");
    let Command::PasteReturn { text, .. } = rig.command() else { panic!("no paste") };
    assert_eq!(text.expose(), "http://localhost:8910/callback?code=c&state=x");
    assert!(!rig.tree().contains("code=c"));
}

#[test]
fn the_hint_about_redirect_addresses_comes_after_twenty_seconds() {
    let mut rig = Rig::new(waiting());
    assert!(!rig.tree().contains("about the redirect URI"));
    rig.wait(TimeDelta::seconds(20));
    assert!(rig.tree().contains("about the redirect URI"));
    rig.press("Copy redirect URI");
    assert!(matches!(rig.command(), Command::CopyText(text) if text == "http://localhost:8910/callback"));
}

#[test]
fn deleting_asks_first_and_can_be_undone() {
    let mut rig = Rig::new(one(Some(754)));
    rig.press("Delete");
    assert!(rig.commands().is_empty());
    assert!(rig.tree().contains("This deletes “car-dev” with its client ID"));
    let cancel = rig.0.get_by_role_and_label(egui::accesskit::Role::Button, "Cancel");
    assert!(cancel.is_focused());
    rig.0.key_press(Key::Escape);
    rig.0.run();
    assert!(!rig.tree().contains("This deletes"));
    rig.press("Delete");
    rig.press("Delete");
    assert!(matches!(rig.command(), Command::Delete(account) if account == id(1)));
    rig.change(|snapshot| {
        snapshot.accounts.clear();
        let name = AccountName::new("car-dev").unwrap();
        snapshot.undo.push(UndoView { id: id(1), name, until: now() + TimeDelta::seconds(10) });
    });
    rig.0.get_by_label("“car-dev” will be deleted in 10 s");
    rig.press("Undo");
    assert!(matches!(rig.command(), Command::UndoDelete(account) if account == id(1)));
    // The restored account has its old position, not that of its replacement.
    rig.change(|snapshot| {
        snapshot.accounts = one(Some(754)).accounts;
        snapshot.accounts.push(Arc::new(account(2, "another", "SmartSense", GrantType::ClientCredentials)));
        snapshot.undo.clear();
    });
    rig.0.get_by_label_contains("another").click();
    rig.0.run();
    assert_eq!(rig.title(), "another · Keyfob");
    rig.tell(Event::Restored(id(1)));
    assert_eq!(rig.title(), "car-dev · 12 min · Keyfob");
}

#[test]
fn the_keys_do_what_the_buttons_do() {
    let mut accounts = one(Some(754));
    let mut second = account(2, "documents", "SmartDocumentor", GrantType::ClientCredentials);
    second.token = Some(token(3600, Some(3000)));
    accounts.accounts.push(Arc::new(second));
    let mut rig = Rig::new(accounts);
    rig.0.event(egui::Event::Copy);
    rig.0.run();
    assert!(matches!(rig.command(), Command::Copy { form: CopyForm::Plain, account } if account == id(1)));
    let shift = Modifiers { shift: true, ..Modifiers::COMMAND };
    rig.0.key_press_modifiers(shift, Key::C);
    rig.0.run();
    assert!(matches!(rig.command(), Command::Copy { form: CopyForm::Header, .. }));
    rig.0.key_press(Key::ArrowDown);
    rig.0.run();
    for (key, wanted) in [(Key::R, "Refresh"), (Key::E, "Edit"), (Key::D, "Duplicate")] {
        rig.0.key_press_modifiers(Modifiers::COMMAND, key);
        rig.0.run();
        let command = format!("{:?}", rig.command());
        assert!(command.starts_with(wanted) && command.contains(id(2).as_str()), "{command}");
    }
    rig.0.key_press(Key::Slash);
    rig.0.run();
    assert!(rig.field("Search accounts").is_focused());
    rig.fill("Search accounts", "car");
    assert!(rig.0.query_by_role_and_label(egui::accesskit::Role::Button, "documents").is_none());
    // With the focus in a text field, its own keys still work.
    rig.0.event(egui::Event::Copy);
    rig.0.key_press(Key::Delete);
    rig.0.run();
    assert!(rig.commands().is_empty());
    assert!(!rig.tree().contains("Delete this account?"));
    rig.0.key_press_modifiers(Modifiers::COMMAND, Key::Comma);
    rig.0.run();
    assert!(rig.0.query_by_label("Reduced motion").is_some());
}

#[test]
fn an_empty_search_offers_to_clear_it() {
    let mut rig = Rig::new(one(Some(754)));
    rig.fill("Search accounts", "nothing like it");
    rig.press("Clear filters");
    assert!(rig.0.query_by_role_and_label(egui::accesskit::Role::Button, "car-dev").is_some());
}

#[test]
fn the_window_sleeps_while_nothing_counts_and_wakes_for_what_does() {
    assert_eq!(Rig::new(snapshot(Vec::new())).next_repaint(), None);
    let idle = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    assert_eq!(Rig::new(snapshot(vec![idle])).next_repaint(), None);
    assert_eq!(Rig::new(one(Some(-5))).next_repaint(), None);
    let second = Rig::new(one(Some(754))).next_repaint().unwrap();
    assert!(second <= Duration::from_millis(1001));
    let minute = Rig::new(one(Some(4354))).next_repaint().unwrap();
    assert!(minute > Duration::from_secs(1) && minute <= Duration::from_secs(61));
    let mut rig = Rig::new(one(Some(-5)));
    rig.tell(Event::SignedIn(id(1)));
    let toast = rig.next_repaint().unwrap();
    assert!(toast <= Duration::from_secs(4));
    rig.wait(TimeDelta::seconds(5));
    assert_eq!(rig.next_repaint(), None);
}

#[test]
fn with_one_pane_an_account_is_opened_and_left() {
    let mut rig = Rig::sized(one(Some(754)), (640.0, 420.0));
    assert!(rig.0.query_by_label("Copy token").is_none());
    rig.press("car-dev");
    rig.0.get_by_label("Copy token");
    rig.press("Back");
    assert!(rig.0.query_by_label("Copy token").is_none());
}

#[test]
fn the_mask_is_asked_for_once_and_never_of_a_vault_that_was_not_asked_before() {
    let mut accounts = one(Some(754));
    let view = Arc::make_mut(&mut accounts.accounts[0]);
    view.token.as_mut().unwrap().mask = None;
    let asked = |rig: &mut Rig| rig.0.state_mut().commands_raw().len();
    accounts.vault.health = VaultHealth::Untried;
    let mut rig = Rig::new(accounts);
    assert_eq!(asked(&mut rig), 0);
    rig.change(|snapshot| snapshot.vault.health = VaultHealth::Ready);
    rig.wait(TimeDelta::seconds(1));
    assert_eq!(asked(&mut rig), 1);
}

#[test]
fn an_expired_token_that_only_a_person_renews_needs_a_sign_in() {
    let mut rig = Rig::new(one(Some(-60)));
    assert!(rig.tree().contains("Expired") && !rig.tree().contains("Needs sign-in"));
    assert!(rig.can_press("Refresh"));
    // None was issued, it was refused, or it has expired.
    let ways: [fn(&mut TokenView); 3] = [
        |token| token.facts.has_refresh_token = false,
        |token| token.refresh_refused = true,
        |token| token.facts.refresh_expires_at = Some(token.facts.received_at),
    ];
    for spoil in ways {
        rig.change(|snapshot| {
            let mut spoilt = token(7200, Some(-60));
            spoil(&mut spoilt);
            Arc::make_mut(&mut snapshot.accounts[0]).token = Some(spoilt);
        });
        assert!(rig.tree().contains("Needs sign-in"), "{}", rig.tree());
        assert!(rig.can_press("Sign in again") && !rig.can_press("Refresh"));
    }
}
