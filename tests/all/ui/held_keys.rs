//! Accounts that hold a key: their form, their card, and what a preset suggests.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use egui::{Key, Modifiers};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::{AccountDraft, Command};
use keyfob::messages::event::Event;
use keyfob::messages::problem::{Problem, VaultProblem};

use super::fixtures::{account, snapshot, token};
use super::harness::Rig;

fn new_account(provider: &str, grant: Option<&str>) -> Rig {
    let mut rig = Rig::new(snapshot(Vec::new()));
    rig.press("Add account");
    rig.press(provider);
    if let Some(grant) = grant {
        rig.choose("Grant", grant);
    }
    rig
}

fn saved(rig: &mut Rig) -> AccountDraft {
    match rig.command() {
        Command::Save { draft, sign_in: false } => *draft,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_is_saved_with_its_place_and_its_days() {
    let mut rig = new_account("Custom provider", Some("API key"));
    for absent in ["Client ID", "Client secret", "Token endpoint", "Scope", "I already have tokens"] {
        assert!(!rig.tree().contains(absent), "{absent}");
    }
    assert!(!rig.can_press("Save and get token"));
    rig.fill("Name", "weather");
    assert!(!rig.can_press("Save"), "a key is missing");
    rig.fill("API key", " CANARY-key ");
    assert!(!rig.tree().contains("CANARY"));
    rig.fill("Header (optional)", "X-Api-Key");
    rig.fill("Key expires on (optional)", "soon");
    assert!(!rig.can_press("Save"), "no day");
    rig.refill("Key expires on (optional)", "2030-01-31");
    rig.fill("Query parameter (optional)", "key");
    assert!(!rig.can_press("Save"), "a header and a parameter");
    rig.refill("Query parameter (optional)", " ");
    rig.press("Save");
    let draft = saved(&mut rig);
    assert_eq!(draft.settings.grant, GrantType::ApiKey);
    assert_eq!(draft.client.key.expect("the key").expose(), "CANARY-key");
    assert_eq!(draft.settings.overrides.api.header.as_deref(), Some("X-Api-Key"));
    assert_eq!(draft.settings.overrides.api.query, None);
    assert_eq!(draft.settings.key_dates.key_expires, NaiveDate::from_ymd_opt(2030, 1, 31));
}

#[test]
fn http_basic_needs_a_user_name_and_no_address() {
    let grant = "User name and password in each call (HTTP Basic)";
    let mut rig = new_account("Custom provider", Some(grant));
    rig.fill("Name", "intranet");
    rig.fill("User name", "someone");
    rig.fill("Password", "CANARY-password");
    rig.press("Save");
    let draft = saved(&mut rig);
    assert_eq!(draft.settings.grant, GrantType::Basic);
    assert_eq!(draft.client.username.as_deref(), Some("someone"));
    assert_eq!(draft.client.password.expect("the password").expose(), "CANARY-password");
}

#[test]
fn x4_a_submitted_key_leaves_the_field_and_its_undo_history() {
    let mut rig = new_account("Custom provider", Some("API key"));
    rig.fill("Name", "weather");
    rig.fill("API key", "CANARY-key");
    for _ in 0..40 {
        rig.0.run_steps(10);
    }
    rig.press("Save");
    drop(saved(&mut rig));
    rig.tell(Event::Problem { account: None, problem: Problem::Vault(VaultProblem::Locked) });
    assert_eq!(rig.field("API key").value().unwrap_or_default(), "");
    rig.field("API key").focus();
    for _ in 0..5 {
        rig.0.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        rig.0.run();
        assert_eq!(rig.field("API key").value().unwrap_or_default(), "");
    }
}

#[test]
fn a_suggestion_is_offered_with_its_source_and_taken_on_a_press_alone() {
    let mut rig = new_account("Connect", None);
    assert!(rig.tree().contains("https://api.example.com/docs names https://cloud.example.com/token."));
    assert_eq!(rig.field("Token endpoint").value().unwrap_or_default(), "");
    rig.press("Use https://cloud.example.com/token as the token endpoint");
    assert_eq!(rig.field("Token endpoint").value().unwrap_or_default(), "https://cloud.example.com/token");
    assert!(!rig.tree().contains("names https://cloud.example.com/token."));
}

#[test]
fn a_key_is_copied_and_never_refreshed_and_its_end_is_announced() {
    let mut key = account(1, "weather", "Custom", GrantType::ApiKey);
    key.settings.key_dates.key_expires = NaiveDate::from_ymd_opt(2020, 1, 31);
    let mut held = token(7200, None);
    held.facts.has_refresh_token = false;
    key.token = Some(held);
    let rig = Rig::new(snapshot(vec![key]));
    assert!(rig.can_press("Copy token"), "{}", rig.tree());
    for absent in ["Refresh", "Sign in again", "Get token"] {
        assert!(!rig.can_press(absent), "{absent}");
    }
    assert!(rig.tree().contains("2020"), "{}", rig.tree());
}

#[test]
fn d1_facts_of_the_provider_are_shown_neutralised_and_three_at_most() {
    let mut crm = account(1, "crm", "Smartcar", GrantType::AuthorizationCode);
    let mut held = token(7200, Some(754));
    held.facts.kept = BTreeMap::from(
        [("a", "https://crm.example\u{202e}/x"), ("b", "2"), ("c", "3"), ("d", "hidden")]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    crm.token = Some(held);
    let tree = Rig::new(snapshot(vec![crm])).tree();
    assert!(tree.contains("a: https://crm.example") && tree.contains("c: 3"), "{tree}");
    assert!(!tree.contains('\u{202e}') && !tree.contains("d: hidden"), "{tree}");
}
