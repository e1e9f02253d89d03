//! The quick pick: only the palette, in a window of its own or in one that is open.

use egui::accesskit::Role;
use egui::{Key, Modifiers, ViewportCommand, ViewportId};
use egui_kittest::kittest::Queryable as _;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::{Command, CopyForm};
use keyfob::messages::event::Event;
use keyfob::messages::problem::Problem;
use keyfob::messages::snapshot::{ClipboardView, Snapshot};

use super::fixtures::{account, id, now, snapshot, token};
use super::harness::Rig;
use super::walk::key;

/// Two accounts; the second was used last.
fn accounts() -> Snapshot {
    let mut views = Vec::new();
    for (number, name) in [(1, "bank"), (2, "fleet")] {
        let mut view = account(number, name, "SmartSense", GrantType::ClientCredentials);
        view.token = Some(token(3600, Some(3000)));
        view.last_used_at = Some(now() + chrono::TimeDelta::seconds(i64::from(number)));
        views.push(view);
    }
    snapshot(views)
}

fn is_open(rig: &Rig) -> bool {
    rig.0.query_by_role_and_label(Role::SearchInput, "Search accounts and actions").is_some()
}

/// The viewport commands of the next frame.
fn said(rig: &mut Rig) -> Vec<ViewportCommand> {
    rig.0.step();
    rig.0.output().viewport_output[&ViewportId::ROOT].commands.clone()
}

/// Presses a key; returns the viewport commands of the frame that takes it.
fn pressed(rig: &mut Rig, key: Key) -> Vec<ViewportCommand> {
    let modifiers = Modifiers::NONE;
    let event = egui::Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
    rig.0.input_mut().events.push(event);
    said(rig)
}

fn copied() -> Event {
    Event::Copied { account: Some(id(2)), form: Some(CopyForm::Plain), clears_at: Some(now()) }
}

fn alone() -> Rig {
    let mut rig = Rig::sized(accounts(), keyfob::ui::PICK_SIZE);
    rig.0.state_mut().with_ui(keyfob::ui::Ui::start_quick_pick);
    rig.0.run();
    rig
}

#[test]
fn one_key_copies_the_token_that_was_used_last_and_the_window_hides() {
    let mut rig = alone();
    assert!(
        is_open(&rig) && !rig.can_press("Add account") && !rig.can_press("Copy token"),
        "only the palette"
    );
    assert_eq!(rig.0.query_all_by_role(Role::ListBoxOption).count(), 8, "eight rows fit");
    key(&mut rig, Modifiers::NONE, Key::Enter);
    assert!(matches!(rig.command(), Command::Copy { account, form: CopyForm::Plain } if account == id(2)));
    assert!(rig.tree().contains("Getting the token"));
    rig.0.state_mut().snapshot.clipboard =
        Some(ClipboardView { account: Some(id(2)), clears_at: Some(now()) });
    rig.0.state_mut().tell_later(copied());
    assert!(said(&mut rig).contains(&ViewportCommand::Visible(false)));
    // The process holds the clipboard until it is cleared.
    assert!(!said(&mut rig).contains(&ViewportCommand::Close));
    rig.0.state_mut().snapshot.clipboard = None;
    assert!(said(&mut rig).contains(&ViewportCommand::Close));
}

#[test]
fn a_few_letters_find_an_account_and_escape_ends_the_pick() {
    let mut rig = alone();
    rig.0.event(egui::Event::Text("ba".to_owned()));
    rig.0.run();
    rig.0.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    rig.0.run();
    assert!(matches!(rig.command(), Command::Copy { account, form: CopyForm::Header } if account == id(1)));
    let mut rig = alone();
    assert!(pressed(&mut rig, Key::Escape).contains(&ViewportCommand::Close));
}

#[test]
fn whatever_needs_more_room_gets_the_whole_window() {
    let grows = |said: Vec<ViewportCommand>| {
        assert!(said.contains(&ViewportCommand::Decorations(true)), "{said:?}");
        assert!(said.contains(&ViewportCommand::InnerSize(keyfob::ui::FIRST_SIZE.into())), "{said:?}");
    };
    let mut rig = alone();
    rig.0.event(egui::Event::Text("settings".to_owned()));
    rig.0.run();
    grows(pressed(&mut rig, Key::Enter));
    rig.0.run();
    assert!(rig.tree().contains("Appearance"), "{}", rig.tree());

    // A token that can't be copied shows its account with the reason.
    let mut rig = alone();
    key(&mut rig, Modifiers::NONE, Key::Enter);
    rig.0.state_mut().tell_later(Event::Problem { account: Some(id(2)), problem: Problem::NeedsSignIn });
    grows(said(&mut rig));
    rig.0.run();
    assert_eq!(rig.0.state().remembered().selected, Some(id(2)));
}

#[test]
fn an_open_window_shows_the_palette_and_goes_back_to_where_it_was() {
    for was_looked_at in [true, false] {
        let mut rig = Rig::new(accounts());
        let viewports = &mut rig.0.input_mut().viewports;
        viewports.get_mut(&ViewportId::ROOT).unwrap().focused = Some(was_looked_at);
        rig.0.run();
        let ctx = rig.0.ctx.clone();
        rig.0.state_mut().with_ui(|ui| ui.pick(&ctx));
        assert!(said(&mut rig).contains(&ViewportCommand::Focus));
        rig.0.run();
        assert!(is_open(&rig));
        key(&mut rig, Modifiers::NONE, Key::Enter);
        assert!(matches!(rig.command(), Command::Copy { account, .. } if account == id(2)), "used last");
        rig.0.state_mut().tell_later(copied());
        let goes_back = said(&mut rig).contains(&ViewportCommand::Minimized(true));
        assert_eq!(goes_back, !was_looked_at);
        assert!(!is_open(&rig));
    }
}
