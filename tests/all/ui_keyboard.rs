//! Every screen by the keyboard alone, also in the smallest window at twice its size.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::domain::grant_type::GrantType;
use keyfob::domain::tags::Tags;
use keyfob::messages::snapshot::{AccountView, Activity, Awaiting, Snapshot};

use super::ui_rig::Rig;
use super::ui_support::{account, now, snapshot, token};

/// The smallest window, shown at 200 %.
const SMALLEST_AT_TWICE: (f32, f32) = (320.0, 210.0);

/// How often Tab is pressed at most.
const MOST: usize = 120;

fn few() -> Snapshot {
    let view = |number: u8, name: &str, left: Option<i64>| -> AccountView {
        let mut view = account(number, name, "Smartcar", GrantType::AuthorizationCode);
        view.token = left.map(|left| token(7200, Some(left)));
        view.settings.tags = Tags::typed("work").unwrap();
        view
    };
    let mut few =
        snapshot(vec![view(1, "alpha", Some(754)), view(2, "beta", Some(-5)), view(3, "gamma", None)]);
    // Nothing glides, so that each press is done at once.
    few.preferences.reduced_motion = true;
    few
}

fn waiting() -> Snapshot {
    let mut waiting = few();
    let mut view = AccountView::clone(&waiting.accounts[0]);
    view.activity = Activity::AwaitingBrowser(Awaiting {
        address: "https://connect.smartcar.com/oauth/authorize?state=x".to_owned(),
        redirect_uri: "http://localhost:8910/callback".to_owned(),
        listening: true,
        since: now() - TimeDelta::seconds(30),
        deadline: now() + TimeDelta::minutes(4),
        browser_opened: true,
    });
    waiting.accounts[0] = std::sync::Arc::new(view);
    waiting
}

/// How a screen is called, what it shows, and the keys that lead to it.
type Screen = (&'static str, Snapshot, Vec<(Modifiers, Key)>);

/// Each screen.
fn screens() -> Vec<Screen> {
    let ctrl = |key| (Modifiers::COMMAND, key);
    let plain = |key| (Modifiers::NONE, key);
    let mut empty = snapshot(Vec::new());
    empty.preferences.reduced_motion = true;
    vec![
        ("first run", empty, vec![]),
        ("list", few(), vec![]),
        ("account", few(), vec![plain(Key::ArrowDown), plain(Key::ArrowUp), plain(Key::Enter)]),
        ("signing in", waiting(), vec![plain(Key::ArrowDown), plain(Key::ArrowUp), plain(Key::Enter)]),
        ("picker", few(), vec![ctrl(Key::N)]),
        ("settings", few(), vec![ctrl(Key::Comma)]),
        ("delete", few(), vec![plain(Key::ArrowDown), plain(Key::Delete)]),
        ("keys", few(), vec![plain(Key::F1)]),
        ("closing", few(), vec![ctrl(Key::Q)]),
    ]
}

fn open(snapshot: Snapshot, keys: &[(Modifiers, Key)], size: (f32, f32)) -> Rig {
    let mut rig = Rig::sized(snapshot, size);
    for (modifiers, key) in keys {
        rig.0.key_press_modifiers(*modifiers, *key);
        rig.0.run();
    }
    rig
}

/// What has the keyboard: its role, its name, and where it lies.
fn focused(rig: &Rig) -> Option<(Role, String, egui::Rect)> {
    let node = rig.0.query_by(|node| node.is_focused() && node.role() != Role::Window)?;
    let name = node.accesskit_node().label().unwrap_or_default();
    Some((node.accesskit_node().role(), name, node.rect()))
}

/// Walks with Tab until it comes round; gives what had the keyboard.
#[track_caller]
fn walk(rig: &mut Rig, screen: &str, size: (f32, f32)) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for _ in 0..MOST {
        rig.0.key_press(Key::Tab);
        rig.0.run();
        let Some((role, name, rect)) = focused(rig) else { continue };
        assert!(!name.trim().is_empty(), "{screen}: a {role:?} at {rect:?} has no name");
        let has_role = !matches!(role, Role::Unknown | Role::GenericContainer);
        assert!(has_role, "{screen}: “{name}” has no role");
        let across = rect.left() >= -0.5 && rect.right() <= size.0 + 0.5;
        let down = rect.center().y >= 0.0 && rect.center().y <= size.1;
        assert!(across && down, "{screen}: “{name}” has the keyboard out of sight, at {rect:?}");
        seen.insert(name);
    }
    seen
}

/// Names of controls that can be used.
fn usable(rig: &Rig) -> BTreeSet<String> {
    let controls = [
        Role::Button,
        Role::CheckBox,
        Role::ComboBox,
        Role::Tab,
        Role::TextInput,
        Role::SearchInput,
        Role::PasswordInput,
    ];
    let nodes = rig.0.query_all_by(move |node| controls.contains(&node.role()));
    let usable = nodes.filter(|node| !node.accesskit_node().is_disabled());
    usable.map(|node| node.accesskit_node().label().unwrap_or_default()).collect()
}

#[test]
fn every_control_of_every_screen_is_reached_by_tab_and_named_and_seen() {
    let size = keyfob::ui::FIRST_SIZE;
    for (screen, snapshot, keys) in screens() {
        let mut rig = open(snapshot, &keys, size);
        let seen = walk(&mut rig, screen, size);
        let missed: Vec<_> = usable(&rig).difference(&seen).cloned().collect();
        assert!(missed.is_empty(), "{screen}: Tab never reaches {missed:?}");
    }
}

#[test]
fn in_the_smallest_window_at_twice_its_size_no_control_is_cut_off() {
    for (screen, snapshot, keys) in screens() {
        let mut rig = open(snapshot, &keys, SMALLEST_AT_TWICE);
        let seen = walk(&mut rig, screen, SMALLEST_AT_TWICE);
        let missed: Vec<_> = usable(&rig).difference(&seen).cloned().collect();
        assert!(missed.is_empty(), "{screen}: Tab never reaches {missed:?}");
    }
}

#[test]
fn tab_goes_from_the_search_over_the_chips_and_the_list_to_the_account() {
    let mut rig = Rig::new(few());
    let mut order = Vec::new();
    for _ in 0..40 {
        rig.0.key_press(Key::Tab);
        rig.0.run();
        order.extend(focused(&rig).map(|(_, name, _)| name));
    }
    let places: Vec<_> = ["Search accounts", "Valid 1", "alpha", "Copy token", "Claims"]
        .iter()
        .map(|name| {
            order.iter().position(|seen| seen == name).unwrap_or_else(|| panic!("{name} in {order:?}"))
        })
        .collect();
    assert!(places.is_sorted(), "{order:?}");
}
