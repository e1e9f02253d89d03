//! The command palette: found by a few letters, used by the keyboard alone.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::oauth::id_token::IdTokenStatus;
use keyfob::messages::command::{Command, CopyForm};
use keyfob::messages::event::Event;
use keyfob::messages::snapshot::Snapshot;

use super::fixtures::{account, id, snapshot, token};
use super::harness::Rig;
use super::walk::{ctrl, key};

const FIELD: &str = "Search accounts and actions";

fn accounts() -> Snapshot {
    let mut dev = account(1, "Smartcar dev", "Smartcar", GrantType::AuthorizationCode);
    dev.token = Some(token(3600, Some(3000)));
    let mut portal = account(2, "acme portal", "SmartSense", GrantType::ClientCredentials);
    portal.token = Some(token(3600, Some(3000)));
    let unused = account(3, "never used", "Smartcar", GrantType::AuthorizationCode);
    snapshot(vec![dev, portal, unused])
}

fn open(snapshot: Snapshot) -> Rig {
    let mut rig = Rig::new(snapshot);
    ctrl(&mut rig, Key::K);
    assert!(is_open(&rig), "{}", rig.tree());
    rig
}

fn is_open(rig: &Rig) -> bool {
    rig.0.query_by_role_and_label(Role::SearchInput, FIELD).is_some()
}

fn enter(rig: &mut Rig, text: &str) {
    rig.0.event(egui::Event::Text(text.to_owned()));
    rig.0.run();
}

/// The rows from the top; the selected one has a mark.
fn rows(rig: &Rig) -> Vec<String> {
    let mut rows: Vec<_> = rig
        .0
        .query_all_by(|node| node.role() == Role::ListBoxOption)
        .map(|row| {
            let node = row.accesskit_node();
            let mark = if node.is_selected() == Some(true) { "> " } else { "" };
            (row.rect().top(), format!("{mark}{}", node.label().unwrap_or_default()))
        })
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    rows.into_iter().map(|(_, label)| label).collect()
}

#[test]
fn enter_copies_the_token_of_the_account_found_by_a_few_letters() {
    let mut rig = open(accounts());
    assert_eq!(rows(&rig)[..4], ["> Smartcar dev", "acme portal", "never used", "Add account"]);
    enter(&mut rig, "apo");
    assert_eq!(rows(&rig), ["> acme portal"]);
    key(&mut rig, Modifiers::NONE, Key::Enter);
    assert!(!is_open(&rig));
    let Command::Copy { account, form } = rig.command() else { panic!("no copy") };
    assert_eq!((account, form), (id(2), CopyForm::Plain));
}

#[test]
fn ctrl_enter_copies_the_header_and_arrows_choose_the_row() {
    let mut rig = open(accounts());
    key(&mut rig, Modifiers::NONE, Key::ArrowDown);
    assert_eq!(rows(&rig)[..2], ["Smartcar dev", "> acme portal"]);
    ctrl(&mut rig, Key::Enter);
    let Command::Copy { account, form } = rig.command() else { panic!("no copy") };
    assert_eq!((account, form), (id(2), CopyForm::Header));
}

#[test]
fn tab_lists_the_actions_of_an_account_and_esc_goes_back() {
    let mut rig = open(accounts());
    key(&mut rig, Modifiers::NONE, Key::Tab);
    assert_eq!(rows(&rig)[..2], ["> Copy token", "Copy as header"]);
    rig.0.event(egui::Event::Text("curl".to_owned()));
    rig.0.run();
    key(&mut rig, Modifiers::NONE, Key::Enter);
    let Command::Copy { account, form } = rig.command() else { panic!("no copy") };
    assert_eq!((account, form), (id(1), CopyForm::Curl));
    ctrl(&mut rig, Key::K);
    key(&mut rig, Modifiers::NONE, Key::Tab);
    key(&mut rig, Modifiers::NONE, Key::Escape);
    assert!(is_open(&rig), "back to all accounts and actions");
    key(&mut rig, Modifiers::NONE, Key::Escape);
    assert!(!is_open(&rig));
    assert!(rig.commands().is_empty());
}

#[test]
fn an_id_token_is_found_where_there_is_one() {
    let mut held = token(7200, Some(754));
    held.facts.id_token = Some(IdTokenStatus::Unchecked);
    let mut with = account(1, "with", "Smartcar", GrantType::AuthorizationCode);
    with.token = Some(held);
    let mut without = account(2, "without", "Smartcar", GrantType::AuthorizationCode);
    without.token = Some(token(7200, Some(754)));
    let mut rig = open(snapshot(vec![with, without]));
    for (name, offers) in [("with", true), ("without", false)] {
        enter(&mut rig, name);
        key(&mut rig, Modifiers::NONE, Key::Tab);
        enter(&mut rig, "id token");
        let found = rows(&rig);
        assert_eq!(found.iter().any(|row| row.contains("Copy ID token")), offers, "{name}: {found:?}");
        key(&mut rig, Modifiers::NONE, Key::Escape);
    }
}

#[test]
fn an_account_that_needs_a_sign_in_is_opened_and_offers_no_copy() {
    let mut rig = open(accounts());
    enter(&mut rig, "never");
    key(&mut rig, Modifiers::NONE, Key::Tab);
    assert_eq!(rows(&rig)[0], "> Sign in");
    key(&mut rig, Modifiers::NONE, Key::Escape);
    enter(&mut rig, "never");
    key(&mut rig, Modifiers::NONE, Key::Enter);
    assert!(rig.title().contains("never used"), "{}", rig.title());
    assert!(rig.commands().is_empty());
}

#[test]
fn actions_of_the_app_are_found_too_and_a_click_runs_one() {
    let mut rig = open(accounts());
    enter(&mut rig, "keyb");
    assert_eq!(rows(&rig)[0], "> Keyboard shortcuts");
    rig.0.get_by_role_and_label(Role::ListBoxOption, "Keyboard shortcuts").click_accesskit();
    rig.0.run();
    assert!(!is_open(&rig));
    assert!(rig.0.query_by_role_and_label(Role::Heading, "Keyboard shortcuts").is_some(), "{}", rig.tree());
}

#[test]
fn a_locked_window_opens_no_palette() {
    let mut rig = open(accounts());
    rig.change(|snapshot| snapshot.locked = true);
    assert!(!is_open(&rig));
    ctrl(&mut rig, Key::K);
    assert!(!is_open(&rig) && rows(&rig).is_empty());
    rig.tell(Event::ClipboardCleared);
    rig.change(|snapshot| snapshot.locked = false);
    assert!(!is_open(&rig), "it does not come back by itself");
}

#[test]
fn in_the_smallest_window_the_rows_follow_the_selection() {
    let mut rig = Rig::sized(accounts(), keyfob::ui::MIN_SIZE);
    ctrl(&mut rig, Key::K);
    for _ in 0..10 {
        key(&mut rig, Modifiers::NONE, Key::ArrowDown);
    }
    let last = rows(&rig).last().cloned();
    assert_eq!(last.as_deref(), Some("> Quit"));
    let selected = rig.0.get_by_role_and_label(Role::ListBoxOption, "Quit").rect();
    assert!(selected.bottom() <= keyfob::ui::MIN_SIZE.1, "{selected:?}");
}
