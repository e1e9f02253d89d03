//! Quitting with an unsaved token.

use egui::{ViewportCommand, ViewportEvent, ViewportId};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::Command;
use keyfob::messages::problem::{Problem, VaultProblem};
use keyfob::messages::snapshot::Snapshot;

use super::fixtures::{account, snapshot, token};
use super::harness::Rig;

fn unsaved() -> Snapshot {
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    car.token = Some(token(7200, Some(7000)));
    car.token.as_mut().unwrap().saved = false;
    car.problem = Some(Problem::NotSaved(VaultProblem::Locked));
    let mut other = account(2, "batch", "SmartSense", GrantType::ClientCredentials);
    other.token = Some(token(7200, Some(7000)));
    snapshot(vec![car, other])
}

fn save(snapshot: &mut Snapshot) {
    let mut car = (*snapshot.accounts[0]).clone();
    car.token.as_mut().unwrap().saved = true;
    car.problem = None;
    snapshot.accounts[0] = std::sync::Arc::new(car);
}

/// Presses the window's close button; returns the viewport commands.
fn close(rig: &mut Rig) -> Vec<ViewportCommand> {
    let viewports = &mut rig.0.input_mut().viewports;
    viewports.get_mut(&ViewportId::ROOT).unwrap().events.push(ViewportEvent::Close);
    rig.0.step();
    let said = said(rig);
    rig.0.input_mut().viewports.get_mut(&ViewportId::ROOT).unwrap().events.clear();
    rig.0.run();
    said
}

fn said(rig: &Rig) -> Vec<ViewportCommand> {
    rig.0.output().viewport_output[&ViewportId::ROOT].commands.clone()
}

/// Presses a button; returns the viewport commands of the next frame.
fn press(rig: &mut Rig, name: &str) -> Vec<ViewportCommand> {
    use egui_kittest::kittest::Queryable as _;
    rig.0.get_by_role_and_label(egui::accesskit::Role::Button, name).click_accesskit();
    rig.0.step();
    said(rig)
}

#[test]
fn r8_quitting_with_a_token_that_is_not_saved_asks_first() {
    let mut rig = Rig::new(unsaved());
    assert!(close(&mut rig).contains(&ViewportCommand::CancelClose));
    let tree = rig.tree();
    let question = tree.split_once("Quit and lose new tokens?").expect("the question").1;
    assert!(question.contains("car-dev") && !question.contains("batch"), "{question}");
    assert!(question.contains("Your keychain is locked"), "{question}");
    assert!(!rig.can_press("Duplicate"), "nothing behind it can be pressed");
    rig.press("Try again");
    assert!(matches!(rig.command(), Command::TryVault));
    rig.press("Cancel");
    assert!(!rig.tree().contains("Quit and lose"));
    // Asked every time until it is confirmed.
    assert!(close(&mut rig).contains(&ViewportCommand::CancelClose));
    assert_eq!(press(&mut rig, "Quit anyway"), [ViewportCommand::Close]);
    assert!(!close(&mut rig).contains(&ViewportCommand::CancelClose));
}

#[test]
fn quitting_goes_on_by_itself_once_everything_is_saved() {
    let mut rig = Rig::new(unsaved());
    close(&mut rig);
    save(&mut rig.0.state_mut().snapshot);
    rig.0.step();
    assert!(said(&rig).contains(&ViewportCommand::Close));
    let mut rig = Rig::new(unsaved());
    save(&mut rig.0.state_mut().snapshot);
    close(&mut rig);
    assert!(!rig.tree().contains("Quit and lose"), "nothing is asked where nothing is lost");
}

#[test]
fn on_the_lock_screen_the_question_names_nobody() {
    let mut locked = unsaved();
    locked.locked = true;
    let mut rig = Rig::new(locked);
    assert!(close(&mut rig).contains(&ViewportCommand::CancelClose));
    let tree = rig.tree();
    assert!(
        tree.contains("New tokens of 1 account are not saved yet") && !tree.contains("car-dev"),
        "{tree}"
    );
    assert!(rig.can_press("Quit anyway"));
}
