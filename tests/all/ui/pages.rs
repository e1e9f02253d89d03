//! The pages: their buttons' reasons, the three steps of the form, the tiles, and the first steps.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::Command;
use keyfob::messages::event::{Event, ImportRead};
use keyfob::messages::snapshot::VaultHealth;

use super::fixtures::{account, now, snapshot, token};
use super::harness::Rig;

const SIZES: [(f32, f32); 3] = [keyfob::ui::FIRST_SIZE, keyfob::ui::MIN_SIZE, (480.0, 320.0)];

fn taken() -> keyfob::messages::snapshot::Snapshot {
    snapshot(vec![account(1, "SMARTCAR", "Smartcar", GrantType::AuthorizationCode)])
}

fn form(provider: &str, size: (f32, f32)) -> Rig {
    let mut rig = Rig::sized(taken(), size);
    rig.press("Add account");
    rig.press(provider);
    rig
}

#[test]
fn the_reason_for_a_disabled_save_is_in_view_at_every_size_and_leads_to_its_field() {
    for size in SIZES {
        let mut rig = form("SmartConnect", size);
        let in_view = |rig: &Rig, reason: &str| {
            let rect = rig.0.get_by_role_and_label(Role::Button, reason).rect();
            assert!(
                rect.top() >= 0.0 && rect.bottom() <= size.1 && rect.right() <= size.0,
                "{size:?}: {rect:?}"
            );
            let save = rig.0.get_by_role_and_label(Role::Button, "Save").rect();
            assert!(!rect.intersects(save), "{size:?}: {rect:?} over {save:?}");
        };
        rig.choose("Region", "EU");
        in_view(&rig, "Enter the client ID.");
        rig.press("Enter the client ID.");
        assert!(rig.field("Client ID").is_focused(), "{size:?}");
        rig.fill("Client ID", "c");
        rig.press("Enter the client secret.");
        assert!(rig.field("Client secret").is_focused(), "{size:?}");
        rig.fill("Client secret", "CANARY-1");
        rig.fill("User name", "someone");
        rig.press("Enter the password.");
        assert!(rig.field("Password").is_focused(), "{size:?}");
    }
}

#[test]
fn the_reason_leads_to_a_choice_and_to_a_button_too() {
    let mut rig = form("SmartConnect", SIZES[0]);
    let reasons = rig.0.query_all_by_role(Role::Button).filter_map(|node| node.accesskit_node().label());
    let reason =
        reasons.into_iter().find(|label| label.contains("egion")).expect("a reason about the region");
    rig.press(&reason);
    assert!(rig.0.get_by_role_and_label(Role::ComboBox, "Region").is_focused());

    let mut rig = form("By issuer URL", SIZES[0]);
    rig.press("Enter the issuer URL.");
    assert!(rig.field("Issuer URL").is_focused());
    rig.fill("Issuer URL", "https://auth.example.com");
    rig.press("Choose Discover to find the endpoints.");
    assert!(rig.0.get_by_role_and_label(Role::Button, "Discover").is_focused());
}

#[test]
fn a_disabled_import_has_its_reason_in_view_and_new_accounts_come_first() {
    for size in SIZES {
        let mut rig = Rig::sized(taken(), size);
        rig.open_settings("All accounts");
        rig.press("Import");
        rig.fill("File", "/tmp/accounts.toml");
        rig.press("Read file");
        drop(rig.command());
        let file = "[[account]]\nname = \"smartcar\"\nprovider = \"smartcar\"\ngrant = \"authorization_code\"\n\
                    client_id = \"a\"\nclient_secret = \"CANARY-1\"\n[[account]]\nname = \"new\"\n\
                    provider = \"smartsense\"\ngrant = \"client_credentials\"\nclient_id = \"a\"\n\
                    client_secret = \"CANARY-2\"\n";
        let drafts = keyfob::domain::import::read(file, &super::fixtures::presets()).unwrap();
        let drafts = drafts.into_iter().map(keyfob::messages::command::ImportDraft::from).collect();
        rig.tell(Event::ImportRead(ImportRead { drafts, taken: vec![true, false], ..ImportRead::default() }));
        let top = |name: &str| rig.0.get_by_role_and_label(Role::CheckBox, name).rect().top();
        assert!(top("new") < top("smartcar"));
        rig.tick("new");
        assert!(!rig.can_press("Import"));
        let reason = rig.0.get_by_label("Select an account first.").rect();
        assert!(reason.top() >= 0.0 && reason.bottom() <= size.1, "{size:?}: {reason:?}");
        rig.press("Cancel");
        assert!(rig.can_press("Export"), "back in the settings");
    }
}

#[test]
fn a_new_account_has_a_name_of_its_own_that_typing_replaces() {
    let mut rig = form("Smartcar", SIZES[0]);
    assert_eq!(rig.field("Name").value().as_deref(), Some("Smartcar 2"));
    rig.choose("Provider", "SmartSense");
    assert_eq!(rig.field("Name").value().as_deref(), Some("SmartSense"));
    rig.fill("Name", "batch");
    assert_eq!(rig.field("Name").value().as_deref(), Some("batch"));
    rig.choose("Provider", "Smartcar");
    assert_eq!(rig.field("Name").value().as_deref(), Some("batch"));
    let mut rig = form("By issuer URL", SIZES[0]);
    rig.fill("Issuer URL", "https://auth.example.com");
    assert_eq!(rig.field("Name").value().as_deref(), Some("auth.example.com"));
}

#[test]
fn the_form_has_three_steps_and_one_filled_button() {
    let rig = form("Smartcar", (960.0, 1600.0));
    let top = |name: &str| rig.0.get_by_role_and_label(Role::Heading, name).rect().top();
    let tops = ["Register", "Credentials", "Scopes"].map(top);
    assert!(tops.is_sorted(), "{tops:?}");
    let copy = rig.0.get_by_label("Copy redirect URI").rect();
    assert!(tops[0] < copy.top() && copy.top() < tops[1]);
    // Nobody returns to an address without a browser.
    let rig = form("SmartSense", SIZES[0]);
    assert!(rig.0.query_by_role_and_label(Role::Heading, "Register").is_none());
}

#[test]
fn scopes_become_chips_that_can_be_removed() {
    let mut rig = form("Smartcar", SIZES[0]);
    rig.fill("Client ID", "c");
    rig.fill("Client secret", "CANARY-1");
    rig.fill("Scopes", "read write admin");
    assert_eq!(rig.field("Scopes").value().as_deref(), Some("admin"));
    let fits = |rig: &Rig| rig.field("Scopes").rect().bottom() <= rig.0.get_by_label("Save").rect().top();
    assert!(fits(&rig), "a new chip must not push the field out of view");
    rig.press("Remove the scope read");
    rig.press("Save");
    let Command::Save { draft, .. } = rig.command() else { panic!("not saved") };
    assert_eq!(draft.settings.overrides.scopes, Some(vec!["write".to_owned(), "admin".to_owned()]));

    // A preset's own can be taken back.
    let mut rig = form("SmartDocumentor", SIZES[0]);
    rig.press("Remove the scope WebAPI");
    rig.press("Add the scope WebAPI");
    rig.fill("Client ID", "c");
    rig.fill("Client secret", "CANARY-1");
    rig.press("Save");
    let Command::Save { draft, .. } = rig.command() else { panic!("not saved") };
    assert_eq!(draft.settings.overrides.scopes, None);
}

#[test]
fn x4_a_secret_is_shown_on_a_press_and_hidden_with_the_window() {
    let mut rig = form("SmartSense", SIZES[0]);
    rig.fill("Client secret", "CANARY-1");
    assert!(!rig.tree().contains("CANARY"));
    rig.press("Show client secret");
    assert!(rig.tree().contains("CANARY-1"));
    rig.field("Client secret").focus();
    rig.0.run();
    rig.0.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    rig.0.event(egui::Event::Copy);
    rig.0.step();
    let copied = &rig.0.output().platform_output.commands;
    assert!(!copied.iter().any(|command| matches!(command, egui::OutputCommand::CopyText(_))), "{copied:?}");
    rig.press("Hide client secret");
    assert!(!rig.tree().contains("CANARY"));
    rig.press("Show client secret");
    rig.0.input_mut().focused = false;
    rig.0.run();
    assert!(!rig.tree().contains("CANARY") && !rig.can_press("Hide client secret"));
}

#[test]
fn providers_are_tiles_in_two_columns_and_in_one_where_there_is_no_room() {
    for (size, columns) in [(keyfob::ui::FIRST_SIZE, 2), ((400.0, 640.0), 1)] {
        let mut rig = Rig::sized(snapshot(Vec::new()), size);
        rig.press("Add account");
        let rect = |name: &str| rig.0.get_by_role_and_label(Role::Button, name).rect();
        let (first, second) = (rect("By issuer URL"), rect("Custom provider"));
        assert!((first.height() - 64.0).abs() < 0.5, "{first:?}");
        let beside = (first.top() - second.top()).abs() < 0.5;
        assert_eq!(beside, columns == 2, "{first:?} {second:?}");
    }
}

#[test]
fn the_first_steps_tick_themselves() {
    let mut rig = Rig::new(snapshot(Vec::new()));
    let done = |rig: &Rig| {
        let steps = ["Add an account", "Get a token", "Copy it", "Lock Keyfob"];
        steps.map(|step| rig.0.query_by_label(&format!("{step}: done")).is_some())
    };
    assert_eq!(done(&rig), [false; 4]);
    let mut car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
    rig.change(|snapshot| snapshot.accounts = vec![Arc::new(car.clone())].into_iter().collect());
    assert_eq!(done(&rig), [true, false, false, false]);
    car.token = Some(token(7200, Some(754)));
    rig.change(|snapshot| snapshot.accounts = vec![Arc::new(car.clone())].into_iter().collect());
    assert_eq!(done(&rig), [true, true, false, false]);
    car.last_used_at = Some(now());
    rig.change(|snapshot| snapshot.accounts = vec![Arc::new(car.clone())].into_iter().collect());
    assert_eq!(done(&rig), [true, true, true, false]);
    rig.change(|snapshot| snapshot.locked = true);
    rig.change(|snapshot| snapshot.locked = false);
    assert!(!rig.tree().contains("Lock Keyfob: "), "all are done");
    // Who has accounts is no beginner.
    assert!(!Rig::new(taken()).tree().contains("Get a token: to do"));
}

#[test]
fn the_first_steps_stand_on_one_line_below_the_title() {
    for size in [(640.0, 420.0), (960.0, 640.0), (1440.0, 900.0)] {
        let mut rig = Rig::sized(snapshot(Vec::new()), size);
        let car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
        rig.change(|snapshot| snapshot.accounts = vec![Arc::new(car)].into_iter().collect());
        if rig.0.query_by_label("Edit").is_none() {
            rig.press("car-dev");
        }
        let title = rig.0.get_by_label("Edit").rect();
        let [first, last] =
            ["Add an account: done", "Hide the first steps"].map(|name| rig.0.get_by_label(name).rect());
        assert!(title.bottom() <= first.top(), "{size:?}: {title:?} {first:?}");
        assert!(first.y_range().contains(last.center().y), "{size:?}: {first:?} {last:?}");
    }
}

#[test]
fn the_vault_can_be_tried_on_the_first_page() {
    let mut untried = snapshot(Vec::new());
    untried.vault.health = VaultHealth::Untried;
    let mut rig = Rig::new(untried);
    rig.press("Check it now");
    assert!(matches!(rig.command(), Command::TryVault));
    rig.change(|snapshot| snapshot.vault.health = VaultHealth::Ready);
    assert!(rig.tree().contains("which is ready") && !rig.can_press("Check it now"));
}
