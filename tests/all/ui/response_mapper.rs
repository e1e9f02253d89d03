//! The response mapper in the window.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::oauth::response_mapping::{Layout, Place, ReadAs};
use keyfob::messages::command::Command;
use keyfob::messages::problem::{AnswerFlaw, BadAnswer, Problem};
use keyfob::messages::snapshot::AccountView;

use super::fixtures::{account, id, snapshot, token};
use super::harness::Rig;

fn place(depth: usize, name: &str, value: &str, fits: &[ReadAs]) -> Place {
    Place { depth, name: name.to_owned(), value: value.to_owned(), fits: fits.to_vec(), now: None }
}

/// An account whose last response may need a mapping.
pub(crate) fn answered(has_token: bool) -> AccountView {
    let mut car = account(1, "car-dev", "Custom", GrantType::ClientCredentials);
    let text = [ReadAs::AccessToken, ReadAs::RefreshToken, ReadAs::Scope];
    let places = vec![
        place(0, "resultat", "", &[]),
        place(1, "jeton", "…(40 characters)", &text),
        place(1, "autre", "…(9 characters)", &text),
        place(1, "fin", "1800", &[ReadAs::Life, ReadAs::Expiry]),
    ];
    car.answer = Some(Arc::new(Layout { places, has_token }));
    car
}

#[test]
fn values_are_pointed_at_and_the_choice_is_sent() {
    let mut car = answered(false);
    let bad = BadAnswer { host: "a.example".to_owned(), status: 200, kind: AnswerFlaw::NoToken };
    car.problem = Some(Problem::BadAnswer(bad));
    let mut rig = Rig::new(snapshot(vec![car]));
    rig.press("View response");
    let tree = rig.tree();
    assert!(tree.contains("jeton: …(40 characters)") && tree.contains("fin: 1800"), "{tree}");
    assert!(!rig.can_press("Save mapping"), "nothing is chosen yet");
    rig.choose("Read autre as", "Access token");
    rig.choose("Read jeton as", "Access token");
    rig.choose("Read fin as", "Lifetime (seconds)");
    rig.press("Save mapping");
    let Command::MapAnswer { account, choices } = rig.command() else { panic!("not mapped") };
    assert_eq!((account, choices), (id(1), vec![(1, ReadAs::AccessToken), (3, ReadAs::Life)]));
}

#[test]
fn an_expiry_that_was_not_read_is_asked_about_in_the_tab_and_nowhere_else() {
    let mut car = answered(true);
    car.token = Some(token(7200, None));
    let mut rig = Rig::new(snapshot(vec![car]));
    assert!(!rig.tree().contains("Response mapping"), "many providers give none");
    rig.0.get_by_role_and_label(Role::Tab, "Requests").click_accesskit();
    rig.0.run();
    assert!(rig.tree().contains("No expiry recognised"));
    rig.press("View response");
    rig.press("Cancel");
    assert!(!rig.tree().contains("jeton"));
}
