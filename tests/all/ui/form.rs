//! The account form: its fields, its commands, and that secrets leave it.

use std::collections::BTreeMap;

use egui::{Key, Modifiers, ViewportCommand, ViewportEvent, ViewportId};
use egui_kittest::kittest::Queryable as _;
use keyfob::domain::account::key_dates::KeyDates;
use keyfob::domain::account::tags::Tags;
use keyfob::domain::account::{Client, Revision, Settings};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::provider::spec::{ClientAuth, ProviderSpec};
use keyfob::messages::command::{AccountDraft, Command};
use keyfob::messages::event::Event;
use keyfob::messages::problem::{Problem, VaultProblem};
use keyfob::messages::snapshot::ClipboardView;

use super::fixtures::{account, id, now, snapshot};
use super::harness::Rig;

fn new_account(provider: &str) -> Rig {
    let taken = account(1, "Taken", "Smartcar", GrantType::AuthorizationCode);
    let mut rig = Rig::new(snapshot(vec![taken]));
    rig.press("Add account");
    rig.press(provider);
    rig
}

fn saved(rig: &mut Rig) -> (AccountDraft, bool) {
    match rig.command() {
        Command::Save { draft, sign_in } => (*draft, sign_in),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_account_of_a_preset_is_sent_whole() {
    let mut rig = new_account("Smartcar");
    assert!(!rig.can_press("Save and get token"));
    rig.fill("Name", "car-dev");
    rig.fill("Client ID", "5d83");
    rig.fill("Client secret", "CANARY-secret");
    rig.fill("Scopes", "read_odometer  read_vin");
    rig.press("Save and get token");
    let (draft, sign_in) = saved(&mut rig);
    assert!(sign_in);
    assert_eq!(draft.editing, None);
    assert_eq!(draft.name, "car-dev");
    assert_eq!(draft.settings.provider, "smartcar");
    assert_eq!(draft.settings.grant, GrantType::AuthorizationCode);
    assert_eq!(draft.settings.overrides.scopes, Some(vec!["read_odometer".into(), "read_vin".into()]));
    // Values of the preset aren't saved, so an updated preset reaches the account.
    assert_eq!(draft.settings.overrides.redirect_uri, None);
    assert_eq!(draft.settings.overrides.client_auth, None);
    assert_eq!(draft.client.client_id, "5d83");
    assert_eq!(draft.client.client_secret.unwrap().expose(), "CANARY-secret");
}

#[test]
fn the_form_shows_only_what_the_grant_needs() {
    let rig = new_account("SmartDocumentor");
    for absent in ["User name", "Password", "Authorization endpoint", "Register", "Redirect URI"] {
        assert!(rig.0.query_by_label(absent).is_none(), "{absent}");
    }
    let rig = new_account("Custom provider");
    rig.field("Authorization endpoint");
    rig.field("Token endpoint");
    let rig = new_account("Connect");
    rig.field("Access token header (optional)");
}

#[test]
fn a_region_and_a_password_are_asked_for_and_sent() {
    let mut rig = new_account("SmartConnect");
    rig.fill("Name", "erp");
    rig.choose("Region", "EU");
    rig.fill("Client ID", "c");
    rig.fill("Client secret", "CANARY-1");
    rig.fill("User name", "someone");
    rig.fill("Password", "CANARY-2");
    rig.press("Save");
    let (draft, sign_in) = saved(&mut rig);
    assert!(!sign_in);
    assert_eq!(draft.settings.variables, BTreeMap::from([("region".to_owned(), "EU".to_owned())]));
    assert_eq!(draft.client.username.as_deref(), Some("someone"));
    assert_eq!(draft.client.password.unwrap().expose(), "CANARY-2");
}

#[test]
fn advanced_overrides_are_sent_and_what_the_form_doesnt_show_stays() {
    let mut rig = new_account("SmartSense");
    let overrides = ProviderSpec { scope_separator: Some(",".to_owned()), ..ProviderSpec::default() };
    let settings = Settings {
        provider: "smartsense".to_owned(),
        grant: GrantType::ClientCredentials,
        variables: BTreeMap::new(),
        overrides: overrides.into(),
        background_refresh: None,
        client_secret_expires: None,
        key_dates: KeyDates::default(),
        tags: Tags::default(),
        environment: None,
    };
    let client = Client { client_id: "c".to_owned(), ..Client::default() };
    let draft =
        AccountDraft { editing: Some((id(1), Revision(4))), name: "Taken".to_owned(), settings, client };
    rig.tell(Event::DraftReady { draft: Box::new(draft), kept: vec!["client_secret".to_owned()] });
    rig.press("Advanced");
    rig.choose("Client authentication", "In the request body");
    rig.fill("Token endpoint", "http://127.0.0.1:9000/token");
    rig.press("Add an extra header");
    rig.fill("Extra header 1", "X-Api-Key");
    rig.fill("Value of extra header 1", "CANARY-3");
    rig.press("Save");
    let (draft, _) = saved(&mut rig);
    assert_eq!(draft.editing, Some((id(1), Revision(4))));
    assert_eq!(draft.settings.overrides.scope_separator.as_deref(), Some(","));
    assert_eq!(draft.settings.overrides.client_auth, Some(ClientAuth::Body));
    assert_eq!(draft.settings.overrides.endpoints.token.as_deref(), Some("http://127.0.0.1:9000/token"));
    assert_eq!(draft.client.headers["X-Api-Key"].expose(), "CANARY-3");
    // An absent secret keeps the stored one.
    assert!(draft.client.client_secret.is_none());
}

#[test]
fn what_is_wrong_is_said_beside_the_field() {
    let mut rig = new_account("Custom provider");
    rig.fill("Name", "taken");
    assert!(rig.tree().contains("Another account has this name."));
    rig.fill("Token endpoint", "http://127.0.0.1.evil.test/token");
    assert!(rig.tree().contains("The token endpoint is not https"));
    assert!(!rig.can_press("Save"));
}

#[test]
fn the_rarer_addresses_are_under_advanced_and_an_empty_one_is_not_sent() {
    let mut rig = new_account("Smartcar");
    rig.fill("Name", "car");
    rig.fill("Client ID", "c");
    rig.fill("Client secret", "CANARY-8");
    assert!(rig.0.query_by_label("Revocation endpoint").is_none());
    rig.press("Advanced");
    rig.fill("Revocation endpoint", "http://a.example/revoke");
    assert!(rig.tree().contains("The revocation endpoint is not https"));
    assert!(!rig.can_press("Save"));
    rig.field("Revocation endpoint").focus();
    rig.0.key_press_modifiers(Modifiers::COMMAND, Key::A);
    rig.fill("Revocation endpoint", "https://a.example/revoke");
    rig.press("Save");
    let (draft, _) = saved(&mut rig);
    let endpoints = &draft.settings.overrides.endpoints;
    assert_eq!(endpoints.revoke.as_deref(), Some("https://a.example/revoke"));
    assert_eq!((&endpoints.token, &endpoints.introspect, &endpoints.jwks), (&None, &None, &None));
}

#[test]
fn pasted_white_space_is_left_out() {
    let mut rig = new_account("SmartSense");
    rig.field("Client ID").focus();
    rig.0.event(egui::Event::Paste("  5d83-aa\n".to_owned()));
    rig.0.run();
    assert_eq!(rig.field("Client ID").value().as_deref(), Some("5d83-aa"));
    assert!(rig.tree().contains("Spaces at the ends were removed."));
    rig.fill("Client ID", "b");
    assert!(!rig.tree().contains("Spaces at the ends were removed."), "said until the next change");
    rig.0.event(egui::Event::Paste(" c".to_owned()));
    rig.0.run();
    rig.field("Name").focus();
    rig.0.run();
    assert!(!rig.tree().contains("Spaces at the ends were removed."), "and until the field is left");
    rig.fill("Name", "s");
    rig.field("Client secret").focus();
    rig.0.event(egui::Event::Paste(" CANARY-4 \n".to_owned()));
    rig.0.run();
    assert!(rig.tree().contains("Spaces at the ends are removed"));
    rig.press("Save");
    let (draft, _) = saved(&mut rig);
    assert_eq!(draft.client.client_secret.unwrap().expose(), "CANARY-4");
}

#[test]
fn x4_a_submitted_secret_leaves_the_field_and_its_undo_history() {
    let mut rig = new_account("SmartConnect");
    rig.fill("Name", "erp");
    rig.choose("Region", "NA");
    rig.fill("Client ID", "c");
    rig.fill("User name", "someone");
    rig.fill("Client secret", "CANARY-5");
    rig.fill("Password", "CANARY-6");
    // Long enough for egui to create an undo point.
    for _ in 0..40 {
        rig.0.run_steps(10);
    }
    assert!(!rig.tree().contains("CANARY"));
    rig.press("Save");
    drop(saved(&mut rig));
    rig.tell(Event::Problem { account: None, problem: Problem::Vault(VaultProblem::Locked) });
    assert!(rig.tree().contains("Your keychain is locked"));
    for label in ["Client secret", "Password"] {
        assert_eq!(rig.field(label).value().unwrap_or_default(), "", "{label}");
        rig.field(label).focus();
        for _ in 0..5 {
            rig.0.key_press_modifiers(Modifiers::COMMAND, Key::Z);
            rig.0.run();
            // After each of them: the last would undo to an empty field.
            assert_eq!(rig.field(label).value().unwrap_or_default(), "", "{label} after undo");
        }
    }
}

#[test]
fn x4_a_secret_field_keeps_no_undo_history_and_a_closed_form_keeps_nothing() {
    let mut rig = new_account("SmartSense");
    rig.fill("Client secret", "CANARY-7");
    for _ in 0..40 {
        rig.0.run_steps(10);
    }
    rig.fill("Client secret", "more");
    for _ in 0..5 {
        rig.0.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        rig.0.run();
    }
    // Eight and four dots: nothing was undone, so no history was kept.
    assert_eq!(rig.field("Client secret").value().unwrap_or_default().chars().count(), 12);
    rig.press("Cancel");
    rig.press("Add account");
    rig.press("SmartSense");
    assert_eq!(rig.field("Client secret").value().unwrap_or_default(), "");
    rig.field("Client secret").focus();
    rig.0.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    rig.0.run();
    assert_eq!(rig.field("Client secret").value().unwrap_or_default(), "");
}

#[test]
fn tokens_that_the_user_has_take_the_place_of_a_sign_in() {
    let mut rig = Rig::new(snapshot(Vec::new()));
    rig.press("Add account");
    rig.press("Smartcar");
    rig.fill("Name", "car-dev");
    rig.press("I already have tokens");
    assert!(!rig.can_press("Save and get token") && !rig.can_press("Save"));
    rig.fill("Access token", "two words");
    assert!(!rig.can_press("Save"));
    rig.refill("Access token", " Bearer CANARY-access");
    rig.fill("Refresh token", "CANARY-refresh");
    assert!(!rig.tree().contains("CANARY"));
    rig.press("Save");
    let Command::Import(mut drafts) = rig.command() else { panic!("no import") };
    let imported = drafts.remove(0);
    assert_eq!((imported.draft.name.as_str(), imported.replace), ("car-dev", false));
    let grant = imported.grant.expect("the tokens");
    assert_eq!(grant.access_token.expose(), "CANARY-access");
    assert_eq!(
        grant.refresh_token.as_ref().map(keyfob::base::secret::RefreshToken::expose),
        Some("CANARY-refresh")
    );
    // X4: the fields keep nothing of them.
    rig.tell(Event::Problem { account: None, problem: Problem::Busy });
    assert!(!rig.can_press("Save"), "the fields are empty again");
}

#[test]
fn escape_leaves_a_form_unless_something_was_typed_into_it() {
    let is_open = |rig: &Rig| rig.0.query_by_label("Client ID").is_some();
    let mut rig = new_account("SmartSense");
    for key in [Key::Tab, Key::Tab, Key::Escape] {
        rig.0.key_press(key);
        rig.0.run();
    }
    assert!(!is_open(&rig), "nothing was typed");
    let mut rig = new_account("SmartSense");
    rig.fill("Client ID", "c");
    rig.0.key_press(Key::Escape);
    rig.0.run();
    let keep = rig.0.get_by_label("Keep editing");
    assert!(keep.is_focused() && rig.tree().contains("Discard what you typed?"));
    rig.0.key_press(Key::Escape);
    rig.0.run();
    assert!(is_open(&rig) && !rig.can_press("Discard"));
    rig.press("Cancel");
    assert!(!is_open(&rig), "by Cancel it goes without a question");
}

#[test]
fn a_form_with_something_typed_is_left_for_another_page_by_a_plain_yes_alone() {
    for (to, shown) in [("Taken", "Sign in"), ("Add account", "Provider or address")] {
        let mut rig = new_account("SmartSense");
        rig.fill("Name", "mine");
        rig.fill("Client secret", "CANARY-secret");
        rig.press(to);
        assert!(rig.tree().contains("The new account “mine” is not saved."), "{to}");
        rig.press("Keep editing");
        assert_eq!(rig.field("Name").value().as_deref(), Some("mine"));
        rig.press(to);
        rig.press("Discard");
        assert!(rig.tree().lines().any(|line| line == shown), "{to}: {}", rig.tree());
    }
    // Without input there is no question.
    let mut rig = new_account("SmartSense");
    rig.press("Taken");
    assert!(rig.can_press("Sign in"));
}

#[test]
fn a_window_with_something_typed_closes_by_a_plain_yes_alone() {
    let by_key = |rig: &mut Rig| rig.0.key_press_modifiers(Modifiers::COMMAND, Key::Q);
    let by_its_button = |rig: &mut Rig| {
        let root = rig.0.input_mut().viewports.entry(ViewportId::ROOT).or_default();
        root.events.push(ViewportEvent::Close);
    };
    let said = |rig: &Rig| rig.0.output().viewport_output[&ViewportId::ROOT].commands.clone();
    for close in [&by_key as &dyn Fn(&mut Rig), &by_its_button] {
        let mut rig = new_account("SmartSense");
        close(&mut rig);
        rig.0.step();
        assert!(!said(&rig).contains(&ViewportCommand::CancelClose), "with nothing typed, nothing is asked");

        let mut rig = new_account("SmartSense");
        rig.fill("Name", "mine");
        close(&mut rig);
        rig.0.step();
        let asked = said(&rig);
        rig.0.input_mut().viewports.entry(ViewportId::ROOT).or_default().events.clear();
        rig.0.run();
        assert!(!asked.contains(&ViewportCommand::Close), "{asked:?}");
        let tree = rig.tree();
        assert!(tree.contains("Quit and discard what you typed?"), "{tree}");
        assert!(tree.contains("The new account “mine” is not saved."), "{tree}");
        rig.press("Keep editing");
        assert_eq!(rig.field("Name").value().as_deref(), Some("mine"));
        close(&mut rig);
        rig.0.step();
        rig.0.input_mut().viewports.entry(ViewportId::ROOT).or_default().events.clear();
        rig.0.run();
        rig.0.get_by_label("Discard").click_accesskit();
        rig.0.step();
        assert!(said(&rig).contains(&ViewportCommand::Close));
    }
}

#[test]
fn a_short_message_leaves_the_forms_buttons_free() {
    for size in [keyfob::ui::FIRST_SIZE, keyfob::ui::MIN_SIZE] {
        let mut rig = Rig::sized(snapshot(Vec::new()), size);
        rig.press("Add account");
        rig.press("SmartSense");
        rig.change(|snapshot| {
            let clears_at = Some(now() + chrono::TimeDelta::seconds(9));
            snapshot.clipboard = Some(ClipboardView { account: None, clears_at });
        });
        let message = rig.0.get_by_label("Clear now").rect();
        assert!(message.bottom() <= rig.0.get_by_label("Cancel").rect().top(), "{message:?}");
    }
}
