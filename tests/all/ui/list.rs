//! A long account list: which rows are created, and that all are reachable.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Event, Key};
use egui_kittest::kittest::Queryable as _;
use keyfob::domain::account::{AccountId, AccountName};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::snapshot::account_views::AccountViews;
use keyfob::messages::snapshot::{AccountView, Snapshot};

use super::fixtures::{account, snapshot, token};
use super::harness::Rig;

const MANY: u16 = 10_000;

fn numbered(number: u16) -> AccountId {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    AccountId::from_random(bytes)
}

fn many() -> Snapshot {
    let views = (0..MANY).map(|number| {
        let grant = GrantType::AuthorizationCode;
        let mut view = account(0, &format!("account {number:04}"), "Smartcar", grant);
        view.id = numbered(number);
        view.token = Some(token(7200, Some(3600 + i64::from(number))));
        view
    });
    snapshot(views.collect())
}

fn rows(rig: &Rig) -> usize {
    rig.0.query_all_by_role(Role::Button).filter(|node| label(node).starts_with("account ")).count()
}

fn label(node: &egui_kittest::Node<'_>) -> String {
    use egui_kittest::kittest::NodeT as _;
    node.accesskit_node().label().unwrap_or_default()
}

fn is_in_view(rig: &Rig, name: &str) -> bool {
    let window = egui::Rect::from_min_size(egui::Pos2::ZERO, keyfob::ui::FIRST_SIZE.into());
    rig.0.query_by_role_and_label(Role::Button, name).is_some_and(|row| window.contains_rect(row.rect()))
}

#[test]
fn of_a_long_list_only_the_rows_nearby_are_made() {
    let mut rig = Rig::new(many());
    let made = rows(&rig);
    assert!((50..150).contains(&made), "{made} rows");
    assert!(is_in_view(&rig, "account 0000") && !is_in_view(&rig, "account 0040"));
    rig.0.event(Event::PointerMoved(egui::pos2(100.0, 400.0)));
    let (unit, source) = (egui::MouseWheelUnit::Point, egui::MouseWheelSource::Unknown);
    let (phase, modifiers) = (egui::TouchPhase::Move, egui::Modifiers::NONE);
    let delta = egui::vec2(0.0, -50.0 * 5000.0);
    rig.0.event(Event::MouseWheel { unit, source, delta, phase, modifiers });
    // The wheel scrolls smoothly.
    rig.0.run_steps(20);
    assert!(is_in_view(&rig, "account 5003"), "{}", rig.tree());
    assert!(rows(&rig) < 150);
    // The selected account's row always exists, since it may have the focus.
    assert!(rig.0.query_by_role_and_label(Role::Button, "account 0000").is_some());
}

#[test]
fn the_search_finds_and_the_arrows_reach_what_is_not_made_yet() {
    let mut rig = Rig::new(many());
    rig.fill("Search accounts", "account 9");
    assert!(is_in_view(&rig, "account 9000"));
    rig.0.key_press(Key::Enter);
    rig.0.run();
    assert!(rig.0.query_by_role_and_label(Role::Heading, "account 9000").is_some());
    // Without the search it is far below, and the next step scrolls to it.
    rig.fill("Search accounts", "");
    for _ in 0..9 {
        rig.0.key_press(Key::Backspace);
    }
    rig.0.run();
    rig.0.key_press(Key::Escape);
    rig.0.run();
    for _ in 0..3 {
        rig.0.key_press(Key::ArrowDown);
        rig.0.run();
    }
    assert!(is_in_view(&rig, "account 9003"), "{}", rig.tree());
    let row = rig.0.get_by_role_and_label(Role::Button, "account 9003");
    assert!(row.is_focused());
}

#[test]
fn end_and_home_go_to_the_ends_of_the_list() {
    let mut rig = Rig::new(many());
    for (key, name) in [(Key::End, "account 9999"), (Key::Home, "account 0000")] {
        rig.0.key_press(key);
        rig.0.run();
        assert!(is_in_view(&rig, name), "{}", rig.tree());
        assert!(rig.0.get_by_role_and_label(Role::Button, name).is_focused());
    }
}

#[test]
fn what_becomes_of_an_account_shows_in_the_list_and_in_its_search() {
    let mut rig = Rig::new(many());
    rig.fill("Search accounts", "renamed");
    assert!(rig.tree().contains("No accounts match."), "{}", rig.tree());
    rig.change(|snapshot| rename(&mut snapshot.accounts, 7777));
    assert!(is_in_view(&rig, "renamed"));
    rig.change(|snapshot| {
        snapshot.accounts.retain(|view| view.id != numbered(7777));
    });
    assert!(rig.0.query_by_role_and_label(Role::Button, "renamed").is_none());
}

fn rename(accounts: &mut AccountViews, number: u16) {
    Arc::make_mut(&mut accounts[usize::from(number)]).name = AccountName::new("renamed").unwrap();
}

#[test]
fn a_list_finds_its_accounts_and_knows_what_it_was() {
    let old = many().accounts;
    assert_eq!(old.place(&numbered(4321)), Some(4321));
    let mut new = old.clone();
    assert!(new.is(&old));
    let changed = |change: fn(&mut AccountView)| {
        let mut view = AccountView::clone(&old[4321]);
        change(&mut view);
        Arc::new(view)
    };
    assert!(new.replace(changed(|view| view.provider_name = "Another".to_owned())));
    assert!(!new.is(&old));
    assert_eq!(new.find(&numbered(4321)).unwrap().provider_name, "Another");
    assert_eq!(old.find(&numbered(4321)).unwrap().provider_name, "Smartcar");
    assert!(!new.replace(changed(|view| view.name = AccountName::new("renamed").unwrap())));
    assert!(!new.replace(changed(|view| view.id = AccountId::from_random([0xff; 16]))));
    new.remove(0);
    assert_eq!((new.place(&numbered(0)), new.place(&numbered(4321))), (None, Some(4320)));
}
