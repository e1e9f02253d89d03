//! The provider picker, and the form's help for a known provider.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::provider::presets::built_in;
use keyfob::domain::provider::{Group, Preset};
use keyfob::messages::command::{AccountDraft, Command};

use super::fixtures::{account, snapshot};
use super::harness::Rig;

fn window() -> Rig {
    let mut own = built_in().remove(0);
    (own.id, own.name, own.group) = ("acme".to_owned(), "Acme".to_owned(), Group::Own);
    let presets: Vec<Preset> = std::iter::once(own).chain(built_in()).collect();
    let mut snapshot = snapshot(vec![account(1, "Taken", "Smartcar", GrantType::AuthorizationCode)]);
    snapshot.presets = Arc::new(presets);
    Rig::sized(snapshot, (960.0, 2400.0))
}

fn picker() -> Rig {
    let mut rig = window();
    rig.press("Add account");
    rig
}

fn form(provider: &str) -> Rig {
    let mut rig = picker();
    rig.press(provider);
    rig
}

fn saved(rig: &mut Rig) -> AccountDraft {
    match rig.command() {
        Command::Save { draft, .. } => *draft,
        other => panic!("{other:?}"),
    }
}

#[test]
fn providers_stand_in_groups_and_any_other_is_on_offer() {
    let rig = picker();
    let headings = ["Your own", "Vendors", "Popular providers", "Identity servers", "Any other provider"];
    let places = headings.map(|heading| {
        let node = rig.0.get_by_role_and_label(Role::Heading, heading);
        node.rect().top()
    });
    assert!(places.is_sorted(), "{places:?}");
    for provider in ["Acme", "Smartcar", "GitHub", "Zoom (server-to-server)", "Custom provider"] {
        assert!(rig.can_press(provider), "{provider}");
    }
}

#[test]
fn a_group_can_be_shown_alone_while_nothing_is_searched() {
    let mut rig = picker();
    assert!(rig.can_press("Xero") && rig.can_press("GitHub"));
    rig.press("Shops and accounting");
    assert!(rig.can_press("Xero") && !rig.can_press("GitHub") && rig.can_press("Custom provider"));
    assert!(rig.tree().contains("Shops and accounting"));
    rig.press("Any other provider");
    assert!(!rig.can_press("Xero") && rig.can_press("Custom provider") && !rig.tree().contains("No match."));
    rig.press("All providers");
    assert!(rig.can_press("Xero") && rig.can_press("GitHub"));
    // A search looks everywhere.
    rig.press("Shops and accounting");
    rig.fill("Provider or address", "github");
    assert!(rig.can_press("GitHub") && !rig.can_press("Xero") && !rig.can_press("All providers"));
}

#[test]
fn a_choice_with_a_default_shows_it_and_help_waits_for_no_variable() {
    let mut rig = form("PayPal");
    let environment = rig.0.get_by_role_and_label(Role::ComboBox, "Environment").value();
    assert_eq!(environment.as_deref(), Some("Live"));
    rig.fill("Client ID", "an-id");
    rig.fill("Client secret", "CANARY");
    rig.press("Save");
    assert!(saved(&mut rig).settings.variables.is_empty(), "the default stays the preset's");
    // The page's address names the subdomain, which isn't known yet.
    let mut rig = form("Zendesk");
    assert!(rig.tree().contains("Register an app with Zendesk") && rig.tree().contains("In Admin Center"));
    assert!(!rig.can_press("Open the registration page"));
    rig.fill("Subdomain", "acme");
    assert!(rig.can_press("Open the registration page"));
    assert!(form("OpenAI").tree().contains("Get a key from OpenAI"));
}

#[test]
fn a_provider_is_found_and_chosen_by_the_keyboard_alone() {
    let mut rig = picker();
    rig.fill("Provider or address", "jira");
    assert!(rig.can_press("Atlassian") && !rig.can_press("GitHub"));
    rig.0.key_press(Key::Enter);
    rig.0.run();
    assert!(rig.tree().contains("Register an app with Atlassian"));

    let mut rig = picker();
    rig.fill("Provider or address", "no such provider");
    assert!(rig.tree().contains("No match."));
    rig.field("Provider or address").focus();
    rig.0.run();
    for reached in ["By issuer URL", "Custom provider"] {
        rig.0.key_press(Key::Tab);
        rig.0.run();
        let focused = rig.0.get_by_role_and_label(Role::Button, reached);
        assert!(focused.accesskit_node().is_focused(), "{reached}");
    }
    rig.0.key_press(Key::Space);
    rig.0.run();
    rig.field("Token endpoint");
}

#[test]
fn a_preset_of_the_users_own_that_is_bad_is_named() {
    let mut rig = picker();
    assert!(!rig.tree().contains("can't be used"));
    rig.change(|snapshot| {
        snapshot.preset_mistakes =
            Arc::new(vec!["acme.toml: line 3: unknown key \"sumary\"\u{202e}".to_owned()]);
    });
    // Above the page, and in the picker, where it stays.
    let tree = rig.tree();
    assert!(tree.contains("Some of your own presets can't be used") && tree.contains("acme.toml: line 3"));
    assert!(!tree.contains('\u{202e}'));
    rig.press("Dismiss the note on presets");
    assert!(rig.tree().contains("acme.toml: line 3") && !rig.can_press("Dismiss the note on presets"));
    rig.press("Cancel");
    assert!(!rig.tree().contains("acme.toml"));
}

#[test]
fn the_form_says_where_to_register_and_by_which_rule() {
    let mut rig = form("Google");
    let tree = rig.tree();
    for words in [
        "Create a client of the type Desktop app",
        "From Google's documentation, checked 24 November 2026.",
        "nothing needs to be registered",
    ] {
        assert!(tree.contains(words), "{words} in {tree}");
    }
    rig.press("Open the registration page");
    let Command::OpenPage(page) = rig.command() else { panic!() };
    assert_eq!(page, "https://console.cloud.google.com/auth/clients");
    rig.press("Open the documentation");
    assert!(
        matches!(rig.command(), Command::OpenPage(page) if page.starts_with("https://developers.google.com/"))
    );
}

#[test]
fn an_address_that_breaks_the_rule_is_told_at_once_and_can_be_saved() {
    let mut rig = form("Spotify");
    rig.press("Advanced");
    rig.fill("Redirect URI", "http://localhost:9/callback");
    assert!(rig.tree().contains("allows http only for 127.0.0.1 or [::1], so it will probably reject"));
    rig.fill("Name", "music");
    rig.fill("Client ID", "c");
    rig.fill("Client secret", "CANARY-1");
    rig.press("Save");
    let draft = saved(&mut rig);
    assert_eq!(draft.settings.overrides.redirect_uri.as_deref(), Some("http://localhost:9/callback"));
}

#[test]
fn a_toggle_is_a_check_box_and_only_a_change_is_remembered() {
    let mut rig = form("Google");
    let label = "Stay signed in (refresh token)";
    rig.fill("Name", "mail");
    rig.fill("Client ID", "c");
    rig.fill("Client secret", "CANARY-1");
    let toggle = |rig: &mut Rig| {
        rig.0.get_by_role_and_label(Role::CheckBox, label).click_accesskit();
        rig.0.run();
    };
    let is_on = |rig: &Rig| {
        let node = rig.0.get_by_role_and_label(Role::CheckBox, label);
        node.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
    };
    assert!(is_on(&rig));
    toggle(&mut rig);
    assert!(!is_on(&rig));
    toggle(&mut rig);
    toggle(&mut rig);
    rig.press("Save");
    let draft = saved(&mut rig);
    assert_eq!(draft.settings.overrides.toggles, [("offline".to_owned(), false)].into());

    let mut rig = form("Google");
    rig.fill("Name", "mail");
    rig.fill("Client ID", "c");
    rig.fill("Client secret", "CANARY-1");
    rig.press("Save");
    assert!(saved(&mut rig).settings.overrides.toggles.is_empty());
}

#[test]
fn a_grant_without_a_person_has_no_toggles() {
    let mut rig = form("Microsoft Entra");
    let shown =
        |rig: &Rig| rig.0.query_by_role_and_label(Role::CheckBox, "Choose the account each time").is_some();
    assert!(shown(&rig));
    rig.choose("Grant", "Client credentials");
    assert!(!shown(&rig));
}

#[test]
fn a_variable_with_a_default_need_not_be_typed() {
    let mut rig = form("GitLab");
    rig.fill("Name", "code");
    rig.fill("Client ID", "c");
    rig.fill("Client secret", "CANARY-1");
    assert!(rig.can_press("Save"));
    rig.fill("Server", "gitlab.example.com");
    rig.0.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    rig.0.run();
    assert_eq!(saved(&mut rig).settings.variables["host"], "gitlab.example.com");
}

#[test]
fn a_user_pools_addresses_are_discovered_from_its_issuer() {
    let mut rig = form("Amazon Cognito");
    rig.fill("Name", "pool");
    rig.fill("Region", "eu-west-1");
    rig.fill("User pool ID", "eu-west-1_abc");
    rig.fill("Client ID", "c");
    rig.fill("Client secret", "CANARY-1");
    assert!(!rig.can_press("Save"));
    rig.press("Discover");
    let Command::Discover(settings) = rig.command() else { panic!("not discovered") };
    assert_eq!(
        (settings.provider.as_str(), settings.variables["pool"].as_str()),
        ("cognito", "eu-west-1_abc")
    );
}
