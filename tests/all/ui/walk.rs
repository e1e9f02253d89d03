//! Navigates the window with the keyboard alone.

use std::sync::Arc;

use egui::{Key, Modifiers, ViewportCommand, ViewportEvent, ViewportId};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::domain::account::Client;
use keyfob::messages::command::AccountDraft;
use keyfob::messages::event::Event;

use super::harness::Rig;

/// The most presses of Tab on the way to a control.
const MOST: usize = 120;

pub(crate) fn focused(rig: &Rig) -> Option<egui_kittest::Node<'_>> {
    rig.0.query_by(|node| node.is_focused() && node.role() != egui::accesskit::Role::Window)
}

pub(crate) fn key(rig: &mut Rig, modifiers: Modifiers, key: Key) {
    rig.0.key_press_modifiers(modifiers, key);
    rig.0.run();
}

pub(crate) fn ctrl(rig: &mut Rig, with: Key) {
    key(rig, Modifiers::COMMAND, with);
}

/// Moves the focus to a control with Tab.
#[track_caller]
pub(crate) fn reach(rig: &mut Rig, name: &str) {
    for _ in 0..MOST {
        key(rig, Modifiers::NONE, Key::Tab);
        if focused(rig).is_some_and(|node| node.accesskit_node().label().as_deref() == Some(name)) {
            return;
        }
    }
    panic!("Tab never reaches {name} in:\n{}", rig.tree());
}

/// Moves the focus to a button and presses Enter.
#[track_caller]
pub(crate) fn press(rig: &mut Rig, name: &str) {
    reach(rig, name);
    key(rig, Modifiers::NONE, Key::Enter);
}

pub(crate) fn enter(rig: &mut Rig, text: &str) {
    rig.0.event(egui::Event::Text(text.to_owned()));
    rig.0.run();
    key(rig, Modifiers::NONE, Key::Enter);
}

/// Opens a section of the settings.
pub(crate) fn section(rig: &mut Rig, name: &str) {
    ctrl(rig, Key::Comma);
    if rig.0.query_by_label("Section").is_none() {
        return press(rig, name);
    }
    // In a small window they are a list that opens.
    press(rig, "Section");
    press(rig, name);
}

/// Opens a section of the settings and presses a button there.
pub(crate) fn settings(rig: &mut Rig, in_section: &str, name: &str) {
    section(rig, in_section);
    press(rig, name);
}

pub(crate) fn first(rig: &mut Rig) {
    for pressed in [Key::ArrowDown, Key::ArrowUp, Key::Enter] {
        key(rig, Modifiers::NONE, pressed);
    }
}

/// Opens the form of a new account of this provider.
pub(crate) fn form(rig: &mut Rig, provider: &str) {
    ctrl(rig, Key::N);
    press(rig, provider);
}

/// Opens the first account and presses a control.
pub(crate) fn tab(rig: &mut Rig, name: &str) {
    first(rig);
    press(rig, name);
}

/// Opens the form of the only account, as the engine returns it, with all fields.
pub(crate) fn edit(rig: &mut Rig) {
    ctrl(rig, Key::E);
    let view = Arc::clone(&rig.0.state().snapshot.accounts[0]);
    let editing = Some((view.id.clone(), view.revision));
    let draft = AccountDraft {
        editing,
        name: "one".to_owned(),
        settings: view.settings.clone(),
        client: Client::default(),
    };
    rig.tell(Event::DraftReady { draft: Box::new(draft), kept: Vec::new() });
    press(rig, "Advanced");
    for add in ["Add an extra header", "Add a token parameter"] {
        press(rig, add);
    }
}

/// The import dialog after a file of this name was read.
pub(crate) fn import(rig: &mut Rig, file: &str) {
    settings(rig, "All accounts", "Import");
    enter(rig, file);
}

/// Presses the quit shortcut and carries out the window's request.
pub(crate) fn close(rig: &mut Rig) {
    let root = ViewportId::ROOT;
    let (modifiers, key) = (Modifiers::COMMAND, Key::Q);
    // In one frame, so that its commands can be read.
    let pressed = egui::Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
    rig.0.input_mut().events.push(pressed);
    rig.0.step();
    let asked = &rig.0.output().viewport_output[&root].commands;
    assert_eq!(asked[..], [ViewportCommand::Close]);
    rig.0.input_mut().viewports.get_mut(&root).unwrap().events.push(ViewportEvent::Close);
    rig.0.step();
    rig.0.input_mut().viewports.get_mut(&root).unwrap().events.clear();
    rig.0.run();
}
