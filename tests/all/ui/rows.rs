//! The rows of the list: copying from a row, the life bar, and the space around them.

use chrono::TimeDelta;
use egui::accesskit::Role;
use egui::{Event, Key, Pos2, Rect, Shape};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::{Command, CopyForm};
use keyfob::messages::snapshot::Snapshot;

use super::fixtures::{account, id, snapshot, token};
use super::harness::Rig;
use super::walk::focused;

const COPY_BETA: &str = "Copy token of beta";

/// As many accounts as there are names; each has a token but the last.
fn named(names: &[&str]) -> Snapshot {
    let views = names.iter().zip(1..).map(|(name, number)| {
        let mut view = account(number, name, "Smartcar", GrantType::AuthorizationCode);
        view.token = (usize::from(number) < names.len()).then(|| token(7200, Some(3600)));
        view
    });
    snapshot(views.collect())
}

fn row(rig: &Rig, name: &str) -> Rect {
    rig.0.get_by_role_and_label(Role::Button, name).rect()
}

fn point_at(rig: &mut Rig, at: Pos2) {
    rig.0.event(Event::PointerMoved(at));
    rig.0.run();
}

fn has_button(rig: &Rig, name: &str) -> bool {
    rig.0.query_by_role_and_label(Role::Button, name).is_some()
}

fn is_copy_of(command: &Command, number: u8) -> bool {
    matches!(command, Command::Copy { account, form: CopyForm::Plain } if *account == id(number))
}

#[test]
fn a_row_under_the_pointer_offers_to_copy_and_stays_unselected() {
    let mut rig = Rig::new(named(&["alpha", "beta", "gamma"]));
    assert!(!has_button(&rig, COPY_BETA));
    let beta = row(&rig, "beta");
    point_at(&mut rig, beta.center());
    let button = row(&rig, COPY_BETA);
    assert!((button.width() - 28.0).abs() < 0.5 && beta.contains_rect(button), "{button:?} in {beta:?}");
    // Through the pointer, since the row lies beneath.
    let pos = button.center();
    point_at(&mut rig, pos);
    for pressed in [true, false] {
        let (button, modifiers) = (egui::PointerButton::Primary, egui::Modifiers::NONE);
        rig.0.event(Event::PointerButton { pos, button, pressed, modifiers });
        rig.0.step();
    }
    rig.0.run();
    assert!(is_copy_of(&rig.command(), 2));
    assert_eq!(rig.0.state().remembered().selected, Some(id(1)), "copying selects nothing");
    assert!((row(&rig, "beta").top() - beta.top()).abs() < 0.1, "and moves nothing");
    point_at(&mut rig, Pos2::new(700.0, 400.0));
    assert!(!has_button(&rig, COPY_BETA));
    // A token of this account needs the user.
    let gamma = row(&rig, "gamma").center();
    point_at(&mut rig, gamma);
    assert!(!has_button(&rig, "Copy token of gamma"));
}

#[test]
fn a_row_with_the_keyboard_offers_to_copy_and_the_arrows_go_on_from_there() {
    let mut rig = Rig::new(named(&["alpha", "beta", "gamma"]));
    let press = |rig: &mut Rig, key| {
        rig.0.key_press(key);
        rig.0.run();
    };
    press(&mut rig, Key::ArrowDown);
    assert!(has_button(&rig, COPY_BETA));
    press(&mut rig, Key::Tab);
    let name = focused(&rig).and_then(|node| node.accesskit_node().label());
    assert_eq!(name.as_deref(), Some(COPY_BETA));
    press(&mut rig, Key::Space);
    assert!(is_copy_of(&rig.command(), 2));
    press(&mut rig, Key::ArrowDown);
    assert_eq!(rig.0.state().remembered().selected, Some(id(3)));
    assert!(!has_button(&rig, COPY_BETA));
}

#[test]
fn behind_a_dialog_a_row_offers_nothing() {
    let mut rig = Rig::new(named(&["alpha", "beta", "gamma"]));
    rig.press("Delete");
    let beta = row(&rig, "beta").center();
    point_at(&mut rig, beta);
    assert!(!has_button(&rig, COPY_BETA));
}

/// The width of the filled part of the only life bar.
fn life(rig: &Rig) -> f32 {
    let mut bars = rig.0.output().shapes.iter().filter_map(|clipped| match &clipped.shape {
        Shape::Rect(drawn) if (drawn.rect.height() - 2.0).abs() < 0.01 => Some(drawn.rect.width()),
        _ => None,
    });
    // The first is the whole life.
    bars.nth(1).expect("a life bar")
}

#[test]
fn the_life_bar_is_repainted_when_it_is_a_pixel_shorter() {
    let mut view = account(2, "beta", "Smartcar", GrantType::AuthorizationCode);
    view.token = Some(token(14_400, Some(10_200)));
    // The page shows another account, and its row the hours.
    let selected = account(1, "alpha", "Smartcar", GrantType::AuthorizationCode);
    let mut rig = Rig::new(snapshot(vec![selected, view]));
    for _ in 0..3 {
        let before = life(&rig);
        let next = TimeDelta::from_std(rig.next_repaint().unwrap()).unwrap();
        assert!(next >= TimeDelta::seconds(1), "{next}");
        rig.wait(next - TimeDelta::milliseconds(1));
        let shown = (life(&rig), before);
        assert!((shown.0 - shown.1).abs() < 0.01, "{shown:?}");
        rig.wait(TimeDelta::milliseconds(1));
        let shown = (life(&rig), before);
        assert!((shown.1 - shown.0 - 1.0).abs() < 0.01, "{shown:?}");
    }
}

#[test]
fn the_scroll_bar_is_named_and_covers_no_row_and_the_footer_cuts_none() {
    let names: Vec<String> = (10..40).map(|number| format!("account {number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for size in [keyfob::ui::FIRST_SIZE, keyfob::ui::MIN_SIZE] {
        let mut rig = Rig::sized(named(&names), size);
        let bar = rig.0.get_by_role_and_label(Role::ScrollBar, "Scroll accounts").rect();
        let first = row(&rig, "account 10");
        assert!(first.right() <= bar.left(), "{first:?} under {bar:?}");
        rig.0.key_press_modifiers(egui::Modifiers::COMMAND, Key::F);
        rig.0.run();
        for _ in 0..=names.len() {
            rig.0.key_press(Key::ArrowDown);
            rig.0.run();
        }
        let (last, footer) = (row(&rig, "account 39"), row(&rig, "Settings"));
        assert!(last.bottom() + 4.0 <= footer.top(), "{last:?} over {footer:?} at {size:?}");
        let panel = rig.0.get_by_role_and_label(Role::ScrollBar, "Scroll accounts").rect();
        assert!(last.bottom() <= panel.bottom(), "{last:?} is cut by {panel:?}");
    }
}
