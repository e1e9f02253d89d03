//! The window as a whole: title, closing, shortcuts, and dropped or pasted input.

use std::sync::Arc;

use chrono::TimeDelta;
use egui::{Key, Modifiers, ViewportCommand, ViewportEvent, ViewportId};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::Command;
use keyfob::messages::event::Event;
use keyfob::messages::problem::Problem;
use keyfob::messages::snapshot::{AccountView, Activity, Awaiting, Snapshot};
use keyfob::ui::newly_needing_sign_in;

use super::fixtures::{account, id, now, snapshot, token};
use super::harness::Rig;

fn car(left_secs: Option<i64>) -> AccountView {
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    car.token = left_secs.map(|left| token(7200, Some(left)));
    car
}

fn asked(rig: &Rig) -> Vec<ViewportCommand> {
    rig.0
        .output()
        .viewport_output
        .get(&ViewportId::ROOT)
        .map(|output| output.commands.clone())
        .unwrap_or_default()
}

fn press_close(rig: &mut Rig) {
    let root = rig.0.input_mut().viewports.entry(ViewportId::ROOT).or_default();
    root.events.push(ViewportEvent::Close);
    rig.0.step();
}

fn no_longer_closing(rig: &mut Rig) {
    rig.0.input_mut().viewports.entry(ViewportId::ROOT).or_default().events.clear();
    rig.0.run();
}

#[test]
fn the_title_counts_by_the_minute_and_is_hidden_while_locked() {
    let mut rig = Rig::new(snapshot(vec![car(Some(754))]));
    assert_eq!(rig.title(), "car-dev · 12 min · Keyfob");
    rig.wait(TimeDelta::seconds(20));
    assert_eq!(rig.title(), "car-dev · 12 min · Keyfob");
    rig.wait(TimeDelta::seconds(700));
    assert_eq!(rig.title(), "car-dev · 34 s · Keyfob");
    rig.wait(TimeDelta::seconds(60));
    assert_eq!(rig.title(), "car-dev · expired · Keyfob");
    rig.change(|snapshot| snapshot.locked = true);
    assert_eq!(rig.title(), "Keyfob");
}

#[test]
fn closing_names_the_accounts_that_are_no_longer_refreshed() {
    let mut rig = Rig::new(snapshot(vec![car(Some(754))]));
    press_close(&mut rig);
    assert!(asked(&rig).contains(&ViewportCommand::CancelClose));
    no_longer_closing(&mut rig);
    assert!(rig.tree().contains("Keyfob can't refresh “car-dev” while it's closed."));
    rig.press("Cancel");
    assert!(!rig.can_press("Quit"));
    press_close(&mut rig);
    no_longer_closing(&mut rig);
    rig.0.get_by_label("Quit").click_accesskit();
    rig.0.step();
    rig.0.step();
    let asked_at_last = asked(&rig);
    press_close(&mut rig);
    assert!(!asked(&rig).contains(&ViewportCommand::CancelClose), "{asked_at_last:?}");
}

#[test]
fn a_window_that_nobody_depends_on_closes_at_once_and_one_that_stays_is_minimised() {
    let mut rig = Rig::new(snapshot(vec![car(None)]));
    press_close(&mut rig);
    assert!(!asked(&rig).contains(&ViewportCommand::CancelClose));
    let mut staying = snapshot(vec![car(Some(754))]);
    staying.preferences.keep_running = true;
    let mut rig = Rig::new(staying);
    press_close(&mut rig);
    let asked = asked(&rig);
    assert!(
        asked.contains(&ViewportCommand::CancelClose) && asked.contains(&ViewportCommand::Minimized(true))
    );
    assert!(!rig.can_press("Quit"));
}

#[test]
fn f1_lists_the_keys_and_esc_goes_back() {
    let mut rig = Rig::new(snapshot(vec![car(Some(754))]));
    rig.0.key_press(Key::F1);
    rig.0.run();
    let tree = rig.tree();
    for text in ["Ctrl+C", "Copy the token", "Ctrl+Shift+C", "F1", "Undo a deletion"] {
        assert!(tree.contains(text), "{text} in:\n{tree}");
    }
    rig.0.key_press(Key::Escape);
    rig.0.run();
    assert!(!rig.tree().contains("Undo a deletion"));
}

#[test]
fn an_address_pasted_anywhere_completes_the_sign_in_that_it_belongs_to() {
    let mut waiting = car(None);
    waiting.activity = Activity::AwaitingBrowser(Awaiting {
        address: "https://connect.smartcar.com/oauth/authorize?client_id=a&state=the%2Bstate".to_owned(),
        redirect_uri: "http://localhost:8910/callback".to_owned(),
        listening: true,
        since: now(),
        deadline: now() + TimeDelta::minutes(5),
        browser_opened: true,
    });
    let other = account(2, "other", "SmartSense", GrantType::ClientCredentials);
    let mut rig = Rig::new(snapshot(vec![waiting, other]));
    rig.press("other");
    let address = "http://localhost:8910/callback?code=CANARY&state=the%2Bstate";
    for stray in ["hello", "https://example.com/?state=another&code=1", ""] {
        rig.0.event(egui::Event::Paste(stray.to_owned()));
        rig.0.run();
        assert!(rig.commands().is_empty(), "{stray}");
    }
    rig.0.event(egui::Event::Paste(format!(" {address}\n")));
    rig.0.run();
    let Command::PasteReturn { account, text } = rig.command() else { panic!("not taken") };
    assert_eq!((account, text.expose()), (id(1), address));
    // With the focus in a text field, too, which takes other text only.
    rig.field("Search accounts").focus();
    rig.0.run();
    rig.0.event(egui::Event::Paste(address.to_owned()));
    rig.0.run();
    assert!(matches!(rig.command(), Command::PasteReturn { account, .. } if account == id(1)));
    rig.0.event(egui::Event::Paste("other".to_owned()));
    rig.0.run();
    assert!(rig.commands().is_empty());
    assert_eq!(rig.field("Search accounts").value().as_deref(), Some("other"));
}

#[test]
fn a_copy_in_the_frame_of_an_arrow_key_is_of_the_new_account() {
    let named = |number, name| {
        let mut view = account(number, name, "Smartcar", GrantType::AuthorizationCode);
        view.token = Some(token(7200, Some(754)));
        view
    };
    let mut rig = Rig::new(snapshot(vec![named(1, "alpha"), named(2, "beta")]));
    let (key, modifiers) = (Key::ArrowDown, Modifiers::NONE);
    let down = egui::Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
    rig.0.input_mut().events.extend([down, egui::Event::Copy]);
    rig.0.run();
    assert!(matches!(&rig.commands()[..], [Command::Copy { account, .. }] if *account == id(2)));
}

#[test]
fn from_the_search_the_keys_lead_to_what_it_found() {
    let named = |number, name| {
        let mut view = account(number, name, "Smartcar", GrantType::AuthorizationCode);
        view.token = Some(token(7200, Some(754)));
        view
    };
    let mut rig = Rig::new(snapshot(vec![named(1, "alpha"), named(2, "beta one"), named(3, "beta two")]));
    rig.fill("Search accounts", "beta");
    rig.0.event(egui::Event::Copy);
    rig.0.run();
    assert!(rig.commands().is_empty(), "what is copied would not be in the list");
    rig.0.key_press(Key::ArrowDown);
    rig.0.run();
    let row = rig.0.get_by_role_and_label(egui::accesskit::Role::Button, "beta one");
    assert!(row.is_focused());
    // With the focus back in the field, the selected account is copied, unless text is selected.
    let copied = |rig: &mut Rig| {
        rig.0.event(egui::Event::Copy);
        rig.0.run();
        rig.commands()
    };
    rig.0.key_press(Key::Slash);
    rig.0.run();
    assert!(matches!(&copied(&mut rig)[..], [Command::Copy { account, .. }] if *account == id(2)));
    rig.0.key_press_modifiers(Modifiers::COMMAND, Key::A);
    rig.0.run();
    assert!(copied(&mut rig).is_empty());
    rig.0.key_press(Key::Escape);
    rig.0.run();
    assert!(rig.0.query_by_role_and_label(egui::accesskit::Role::Button, "alpha").is_some());
    assert!(!rig.field("Search accounts").is_focused());
}

#[test]
fn the_other_button_of_the_pointer_opens_a_menu_on_a_row() {
    let mut rig =
        Rig::new(snapshot(vec![car(Some(754)), account(2, "new", "Smartcar", GrantType::AuthorizationCode)]));
    for (name, item) in [("car-dev", "Copy token"), ("new", "Sign in")] {
        rig.0.get_by_role_and_label(egui::accesskit::Role::Button, name).click_secondary();
        rig.0.run();
        let open = rig.0.query_all_by_role_and_label(egui::accesskit::Role::Button, item).count();
        assert_eq!(open, 2, "on the page and in the menu: {}", rig.tree());
        rig.0.key_press(Key::Escape);
        rig.0.run();
    }
    rig.0.get_by_role_and_label(egui::accesskit::Role::Button, "car-dev").click_secondary();
    rig.0.run();
    {
        let mut named = rig.0.query_all_by_role_and_label(egui::accesskit::Role::Button, "Copy token");
        named.find(|item| item.rect().width() > 200.0).unwrap().click();
    }
    rig.0.run();
    let command = rig.command();
    assert!(matches!(&command, Command::Copy { account, .. } if *account == id(1)), "{command:?}");
}

#[test]
fn an_arrow_moves_the_keyboard_with_the_selection() {
    let accounts = ["a", "b", "c"]
        .iter()
        .zip(1..)
        .map(|(name, number)| account(number, name, "SmartSense", GrantType::ClientCredentials));
    let mut rig = Rig::new(snapshot(accounts.collect()));
    for expected in ["b", "c"] {
        rig.0.key_press(Key::ArrowDown);
        rig.0.run();
        let row = rig.0.get_by_role_and_label(egui::accesskit::Role::Button, expected);
        assert!(row.is_focused(), "{expected}");
    }
}

#[test]
fn the_window_comes_forward_when_the_browser_has_come_back() {
    let mut rig = Rig::new(snapshot(vec![car(None)]));
    rig.0.state_mut().tell_later(Event::BrowserReturned(id(1)));
    rig.0.step();
    assert!(asked(&rig).contains(&ViewportCommand::Focus));
}

#[test]
fn only_an_account_that_has_come_to_need_a_person_is_told_of() {
    let before = snapshot(vec![car(Some(-5)), account(2, "new", "Smartcar", GrantType::AuthorizationCode)]);
    let mut after = before.clone();
    assert!(newly_needing_sign_in(&before, &after).is_empty());
    let mut needs = car(Some(-5));
    needs.problem = Some(Problem::NeedsSignIn);
    after.accounts[0] = Arc::new(needs);
    assert_eq!(newly_needing_sign_in(&before, &after), ["car-dev"]);
    assert!(newly_needing_sign_in(&after, &after.clone()).is_empty());
    assert!(newly_needing_sign_in(&Snapshot::default(), &after).is_empty(), "not at the start");
}

#[test]
fn ctrl_q_quits_and_asks_where_there_is_something_to_say() {
    let mut rig = Rig::new(snapshot(vec![car(Some(754))]));
    rig.0.key_press_modifiers(Modifiers::COMMAND, Key::Q);
    rig.0.run();
    assert!(rig.can_press("Quit") && rig.can_press("Keep running, minimised"));
    let quit = rig.0.get_by_label("Quit");
    assert!(quit.is_focused() && !quit.accesskit_node().is_disabled());
}
