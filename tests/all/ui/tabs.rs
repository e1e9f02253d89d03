//! The tabs below an account.

use std::sync::Arc;

use chrono::TimeDelta;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::token::claims::{Claim, ClaimValue};
use keyfob::messages::snapshot::{AccountView, VaultHealth};

use super::fixtures::{account, now, snapshot, token};
use super::harness::Rig;

fn car() -> AccountView {
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    car.token = Some(token(7200, Some(754)));
    car
}

fn with_claims(claims: Vec<Claim>) -> Rig {
    let mut car = car();
    car.token.as_mut().unwrap().claims = Some(Arc::new(claims));
    Rig::new(snapshot(vec![car]))
}

fn open(rig: &mut Rig, tab: &str) {
    rig.0.get_by_role_and_label(Role::Tab, tab).click_accesskit();
    rig.0.run();
}

#[test]
fn claims_are_shown_as_not_verified_with_times_that_can_be_read() {
    let claim = |name: &str, value| Claim { name: name.to_owned(), value };
    let rig = with_claims(vec![
        claim("iss", ClaimValue::Text("https://issuer.example".to_owned())),
        claim("exp", ClaimValue::Moment(now() + TimeDelta::seconds(754))),
        claim("roles", ClaimValue::Json("{\"admin\":true}".to_owned())),
    ]);
    let tree = rig.tree();
    for text in ["Not verified", "https://issuer.example", "(in 12 min)", "{\"admin\":true}", "Issuer"] {
        assert!(tree.contains(text), "{text} in:\n{tree}");
    }
}

#[test]
fn d1_claims_of_hostile_tokens_are_neutralised_and_bounded() {
    let hostile = "a\u{202e}b\u{1b}[31m\u{200b}".repeat(100_000);
    let claim = Claim { name: hostile.clone(), value: ClaimValue::Text(hostile) };
    let rig = with_claims(vec![claim]);
    let tree = rig.tree();
    assert!(!tree.contains(['\u{202e}', '\u{1b}', '\u{200b}']));
    assert!(tree.len() < 10_000);
}

#[test]
fn a_token_that_is_no_jwt_or_was_not_read_has_no_claims_and_says_why() {
    let mut rig = Rig::new(snapshot(vec![car()]));
    assert!(rig.tree().contains("not a JWT"));
    rig.change(|snapshot| {
        let mut unread = car();
        unread.token.as_mut().unwrap().mask = None;
        snapshot.accounts = vec![Arc::new(unread)].into();
        snapshot.vault.health = VaultHealth::Untried;
    });
    assert!(rig.tree().contains("hasn't been read yet"));
    rig.change(|snapshot| {
        let car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
        snapshot.accounts = vec![Arc::new(car)].into();
    });
    assert!(rig.tree().contains("There is no token yet."));
}

#[test]
fn scopes_say_what_was_granted_and_what_was_not() {
    let mut car = car();
    car.scopes = vec!["read".to_owned(), "write".to_owned()];
    car.token.as_mut().unwrap().facts.scope = Some(vec!["read".to_owned(), "admin".to_owned()]);
    let mut rig = Rig::new(snapshot(vec![car]));
    open(&mut rig, "Scopes");
    let tree = rig.tree();
    for text in ["read\ngranted", "write\nrequested, not granted", "admin\ngranted, not requested"] {
        assert!(tree.contains(text), "{text} in:\n{tree}");
    }
    assert!(tree.contains("granted other scopes than those requested"));
}

#[test]
fn one_tab_is_chosen_and_says_so() {
    let mut rig = Rig::new(snapshot(vec![car()]));
    for tab in ["Scopes", "Requests", "Claims"] {
        open(&mut rig, tab);
        let chosen: Vec<_> = rig
            .0
            .get_all_by_role(Role::Tab)
            .filter(|node| egui_kittest::kittest::NodeT::accesskit_node(node).is_selected() == Some(true))
            .map(|node| egui_kittest::kittest::NodeT::accesskit_node(&node).label())
            .collect();
        assert_eq!(chosen, [Some(tab.to_owned())]);
    }
}
