//! Every screen with the keyboard alone, also in the smallest window at 200 %.

use std::collections::BTreeSet;

use egui::accesskit::Role;
use egui::{Key, Rect, Shape};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::harness::Rig;
use super::screens;
use super::screens::{Screen, few};
use super::walk::focused;

/// The smallest window, shown at 200 %.
const SMALLEST_AT_TWICE: (f32, f32) = (320.0, 210.0);

/// The most presses of Tab.
const MOST: usize = 200;

/// Presses Tab until the focus returns to the start; returns what was focused, or what is wrong.
fn walk(rig: &mut Rig, size: (f32, f32)) -> Result<BTreeSet<String>, String> {
    let (mut seen, mut nodes) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..MOST {
        rig.0.key_press(Key::Tab);
        rig.0.run();
        let Some(node) = focused(rig) else { continue };
        let (role, rect) = (node.accesskit_node().role(), node.rect());
        let name = node.accesskit_node().label().unwrap_or_default();
        // Of a long list, the first row may have been scrolled away.
        if !nodes.insert(node.accesskit_node().id()) {
            return Ok(seen);
        }
        let across = rect.left() >= -0.5 && rect.right() <= size.0 + 0.5;
        let down = rect.center().y >= 0.0 && rect.center().y <= size.1;
        let wrong = match role {
            _ if name.trim().is_empty() => "has no name",
            Role::Unknown | Role::GenericContainer => "has no role",
            _ if !(across && down) => "has the keyboard out of sight",
            _ if !is_ringed(rig, rect) => "has the keyboard and doesn't show it",
            _ => "",
        };
        if !wrong.is_empty() {
            return Err(format!("“{name}”, a {role:?} at {rect:?}, {wrong}"));
        }
        seen.insert(name);
    }
    Err("Tab doesn't come round".to_owned())
}

/// Whether a visible line of the focus ring's color and width is there.
fn is_ringed(rig: &Rig, place: Rect) -> bool {
    let look = rig.0.ctx.style_of(rig.0.ctx.theme());
    let wanted = look.visuals.selection.stroke;
    rig.0.output().shapes.iter().any(|clipped| {
        let Shape::Rect(drawn) = &clipped.shape else { return false };
        let is_ring = drawn.stroke.color == wanted.color && drawn.stroke.width >= wanted.width;
        is_ring && drawn.rect.intersects(place) && clipped.clip_rect.intersect(drawn.rect).is_positive()
    })
}

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

/// The enabled primary buttons; none on a page behind a dialog.
fn filled(rig: &Rig) -> usize {
    let look = rig.0.ctx.style_of(rig.0.ctx.theme());
    let accent = look.visuals.selection.stroke.color;
    let window = rig.0.ctx.content_rect();
    let shapes: Vec<_> = rig.0.output().shapes.iter().map(|clipped| &clipped.shape).collect();
    let rects =
        shapes.iter().filter_map(|shape| if let Shape::Rect(drawn) = shape { Some(drawn) } else { None });
    let rects: Vec<_> = rects.collect();
    let dims = |drawn: &&egui::epaint::RectShape| drawn.rect == window && !drawn.fill.is_opaque();
    let behind = rects.iter().rposition(dims).map_or(0, |place| place + 1);
    // Higher than a ticked check box, and wider than high, unlike a page's icon.
    let is_button = |drawn: &Rect| drawn.height() > 24.0 && drawn.width() > drawn.height() * 1.2;
    rects[behind..].iter().filter(|drawn| drawn.fill == accent && is_button(&drawn.rect)).count()
}

/// Walks through a screen and leaves it with Escape if possible; returns the number of primary buttons, or
/// what is wrong.
fn walk_through(screen: &Screen, size: (f32, f32)) -> Result<usize, String> {
    let mut rig = screen.open(size);
    if !screen.is_shown(&rig) {
        return Err(format!("the keys don't lead there: no {} in\n{}", screen.mark, rig.tree()));
    }
    let filled = filled(&rig);
    if filled > 1 {
        return Err(format!("{filled} buttons are filled, and none stands out"));
    }
    let seen = walk(&mut rig, size)?;
    let missed: Vec<_> = usable(&rig).difference(&seen).cloned().collect();
    if !missed.is_empty() {
        return Err(format!("Tab never reaches {missed:?}"));
    }
    if screen.is_left {
        rig.0.key_press(Key::Escape);
        rig.0.run();
        if screen.is_shown(&rig) {
            return Err("Escape doesn't leave it".to_owned());
        }
    }
    Ok(filled)
}

#[track_caller]
fn walk_all(size: (f32, f32)) {
    let (mut wrong, mut filled) = (Vec::new(), 0);
    for screen in screens::all() {
        match walk_through(&screen, size) {
            Ok(count) => filled += count,
            Err(said) => wrong.push(format!("{}: {said}", screen.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(filled > 5, "filled buttons are found at all: {filled}");
}

#[test]
fn every_control_of_every_screen_is_reached_by_tab_and_named_and_seen() {
    walk_all(keyfob::ui::FIRST_SIZE);
}

#[test]
fn in_the_smallest_window_at_twice_its_size_no_control_is_cut_off() {
    walk_all(SMALLEST_AT_TWICE);
}

#[test]
fn tab_goes_from_the_search_over_the_list_and_its_footer_to_the_account() {
    let mut rig = Rig::new(few());
    let mut order = Vec::new();
    for _ in 0..40 {
        rig.0.key_press(Key::Tab);
        rig.0.run();
        order.extend(focused(&rig).and_then(|node| node.accesskit_node().label()));
    }
    let places: Vec<_> = ["Search accounts", "All", "alpha", "Settings", "Copy token", "Claims"]
        .iter()
        .map(|name| {
            order.iter().position(|seen| seen == name).unwrap_or_else(|| panic!("{name} in {order:?}"))
        })
        .collect();
    assert!(places.is_sorted(), "{order:?}");
}
