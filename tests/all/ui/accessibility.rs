//! The accessibility tree: names, roles, and no secret.

use chrono::TimeDelta;
use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::base::secret::AccessToken;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::event::Event;

use super::fixtures::{account, id, now, snapshot, token};
use super::harness::Rig;

#[test]
fn a_row_is_a_button_named_as_its_account_and_its_standing_is_the_description() {
    let mut car = account(1, "car / dev: 東京", "Smartcar", GrantType::AuthorizationCode);
    car.token = Some(token(7200, Some(754)));
    let other = account(2, "other", "SmartSense", GrantType::ClientCredentials);
    let mut rig = Rig::new(snapshot(vec![car, other]));
    let row = rig.0.get_by_role_and_label(Role::Button, "car / dev: 東京");
    let description = row.accesskit_node().description().unwrap();
    assert_eq!(description, "Smartcar, Valid, 12 minutes left");
    rig.press("other");
    rig.0.get_by_role_and_label(Role::Button, "Get token");
}

#[test]
fn the_ring_has_a_role_a_name_and_a_value_that_changes_by_the_minute() {
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    car.token = Some(token(7200, Some(754)));
    let mut rig = Rig::new(snapshot(vec![car]));
    let value = |rig: &Rig| rig.0.get_by_role_and_label(Role::ProgressIndicator, "Time left").value();
    assert_eq!(value(&rig).as_deref(), Some("12 minutes left"));
    rig.wait(TimeDelta::seconds(30));
    assert_eq!(value(&rig).as_deref(), Some("12 minutes left"));
    rig.wait(TimeDelta::seconds(10));
    assert_eq!(value(&rig).as_deref(), Some("11 minutes left"));
}

#[test]
fn a_refresh_token_whose_end_is_known_has_a_countdown_of_its_own() {
    const RING: &str = "Time left of the refresh token";
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    car.token = Some(token(7200, Some(754)));
    let rig = Rig::new(snapshot(vec![car.clone()]));
    assert!(rig.0.query_by_label(RING).is_none(), "nothing is counted whose end nobody knows");
    car.token.as_mut().unwrap().facts.refresh_expires_at = Some(now() + TimeDelta::minutes(30));
    let mut rig = Rig::new(snapshot(vec![car]));
    let value = |rig: &Rig| rig.0.get_by_role_and_label(Role::ProgressIndicator, RING).value();
    assert_eq!(value(&rig).as_deref(), Some("30 minutes left"));
    assert!(rig.tree().contains("30:00 left · expires"));
    rig.wait(TimeDelta::seconds(1));
    assert!(rig.tree().contains("29:59 left · expires"));
    rig.wait(TimeDelta::minutes(30));
    assert_eq!(value(&rig).as_deref(), Some("expired"));
    assert!(rig.tree().contains("Expired; sign in again to get a new one."));
}

#[test]
fn no_token_stands_in_the_tree_unless_revealed() {
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    let mut held = token(7200, Some(754));
    held.mask = Some("cf7b••••••••25cc".to_owned());
    car.token = Some(held);
    let mut rig = Rig::new(snapshot(vec![car]));
    assert!(rig.tree().contains("cf7b••••••••25cc"));
    rig.tell(Event::Revealed { account: id(1), token: AccessToken::new("CANARY-token".to_owned()) });
    assert!(rig.tree().contains("CANARY-token"));
    rig.press("Hide");
    assert!(!rig.tree().contains("CANARY"));
}

#[test]
fn a_disabled_button_says_why() {
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    let mut held = token(7200, Some(754));
    held.facts.has_refresh_token = false;
    car.token = Some(held);
    let rig = Rig::new(snapshot(vec![car]));
    let refresh = rig.0.get_by_role_and_label(Role::Button, "Refresh");
    assert!(refresh.accesskit_node().is_disabled());
    let reason = refresh.accesskit_node().description().unwrap();
    assert_eq!(reason, "The server returned no refresh token. Sign in to get a new token.");
}

#[test]
fn secret_fields_are_password_fields() {
    let mut rig = Rig::new(snapshot(Vec::new()));
    rig.press("Add account");
    rig.press("SmartConnect");
    rig.fill("Client secret", "CANARY-a");
    rig.fill("Password", "CANARY-b");
    for label in ["Client secret", "Password"] {
        assert_eq!(rig.field(label).accesskit_node().role(), Role::PasswordInput);
    }
    assert!(!rig.tree().contains("CANARY"));
}

#[test]
fn while_a_dialog_is_open_only_the_dialog_can_be_pressed() {
    let car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    let mut rig = Rig::new(snapshot(vec![car]));
    rig.press("Delete");
    assert!(!rig.can_press("Duplicate"));
    assert!(rig.can_press("Cancel"));
}
