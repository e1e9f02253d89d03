//! An account's environment in the form, the list, the page and the dialog before a deletion.

use egui::accesskit::Role;
use egui::{Event, Rect, Shape};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::domain::account::environment::Environment;
use keyfob::domain::account::tags::Tags;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::Command;
use keyfob::messages::event::Event as Told;
use keyfob::messages::snapshot::{AccountView, Snapshot};

use super::fixtures::{account, id, snapshot, token};
use super::harness::Rig;
use super::order::{arrange, listed};

fn view(number: u8, name: &str, environment: Option<Environment>) -> AccountView {
    let mut view = account(number, name, "Smartcar", GrantType::AuthorizationCode);
    view.token = Some(token(7200, Some(3600)));
    view.settings.environment = environment;
    view
}

fn four() -> Snapshot {
    snapshot(vec![
        view(1, "alpha", Some(Environment::Staging)),
        view(2, "beta", Some(Environment::Production)),
        view(3, "delta", None),
        view(4, "gamma", Some(Environment::Development)),
    ])
}

#[test]
fn the_form_sets_the_environment_and_takes_it_away() {
    let mut rig = Rig::new(four());
    rig.press("Add account");
    rig.press("SmartSense");
    rig.fill("Client ID", "c");
    rig.fill("Client secret", "CANARY-1");
    rig.press("Advanced");
    rig.choose("Environment", "Staging");
    rig.press("Save");
    let Command::Save { mut draft, .. } = rig.command() else { panic!("not saved") };
    assert_eq!(draft.settings.environment, Some(Environment::Staging));

    draft.editing = Some((id(1), keyfob::domain::account::Revision(1)));
    rig.tell(Told::Saved(id(1)));
    rig.tell(Told::DraftReady { draft, kept: vec!["client_secret".to_owned()] });
    rig.press("Advanced");
    // With the keyboard alone.
    rig.0.get_by_role_and_label(Role::ComboBox, "Environment").focus();
    rig.0.run();
    rig.0.key_press(egui::Key::Space);
    rig.0.run();
    rig.0.get_by_role_and_label(Role::Button, "None").focus();
    rig.0.run();
    rig.0.key_press(egui::Key::Enter);
    rig.0.run();
    rig.press("Save");
    let Command::Save { draft, .. } = rig.command() else { panic!("not saved") };
    assert_eq!(draft.settings.environment, None);
}

#[test]
fn another_provider_keeps_the_environment_in_the_form() {
    let mut rig = Rig::new(four());
    rig.press("Add account");
    rig.press("SmartSense");
    rig.press("Advanced");
    rig.choose("Environment", "Production");
    rig.choose("Provider", "SmartDocumentor");
    rig.fill("Client ID", "c");
    rig.fill("Client secret", "CANARY-2");
    rig.press("Save");
    let Command::Save { draft, .. } = rig.command() else { panic!("not saved") };
    assert_eq!(draft.settings.provider, "smartdocumentor");
    assert_eq!(draft.settings.environment, Some(Environment::Production));
}

/// The painted words with this text.
fn painted(rig: &Rig, word: &str) -> Vec<Rect> {
    let shapes = rig.0.output().shapes.iter();
    let words = shapes.filter_map(|clipped| match &clipped.shape {
        Shape::Text(text) if text.galley.job.text == word => Some(text.visual_bounding_rect()),
        _ => None,
    });
    words.collect()
}

/// The stripe beside a card: what is filled within 3 points of its left edge.
fn stripes(rig: &Rig) -> usize {
    let shapes = rig.0.output().shapes.iter();
    let cut = shapes.filter(|clipped| {
        let is_filled = matches!(&clipped.shape, Shape::Rect(drawn) if drawn.fill.a() > 0);
        is_filled && (clipped.clip_rect.width() - 3.0).abs() < 0.01
    });
    cut.count()
}

#[test]
fn the_row_the_title_and_the_card_show_the_environment() {
    for size in [keyfob::ui::FIRST_SIZE, (1280.0, 800.0)] {
        let mut rig = Rig::sized(four(), size);
        let row = rig.0.get_by_role_and_label(Role::Button, "beta");
        let description = row.accesskit_node().description().unwrap();
        assert_eq!(description, "Smartcar, production, Valid, 1 hour left");
        rig.press("beta");
        let pill = rig.0.get_by_role_and_label(Role::Label, "Environment: production").rect();
        let title = rig.0.get_by_role_and_label(Role::Heading, "beta").rect();
        assert!(title.right() <= pill.left() && title.y_range().contains(pill.center().y), "{pill:?}");
        assert!(pill.contains_rect(painted(&rig, "Production")[0]));
        let row = rig.0.get_by_role_and_label(Role::Button, "beta").rect();
        assert!(row.contains_rect(painted(&rig, "Prod")[0]));
        assert_eq!(stripes(&rig), 1);
        // Also without a token.
        rig.change(|snapshot| std::sync::Arc::make_mut(&mut snapshot.accounts[1]).token = None);
        assert_eq!(stripes(&rig), 1);
        rig.press("delta");
        assert!(!rig.tree().contains("Environment: "), "{}", rig.tree());
        assert_eq!(stripes(&rig), 0);
    }
}

#[test]
fn the_bar_of_a_low_window_shows_the_environment() {
    let mut rig = Rig::sized(four(), (640.0, 420.0));
    rig.press("beta");
    let copy = rig.0.get_by_role_and_label(Role::Button, "Copy token").rect();
    let words = painted(&rig, "Prod");
    assert!(words.iter().any(|word| word.right() < copy.left() && copy.y_range().contains(word.center().y)));
}

#[test]
fn a_long_name_leaves_room_for_the_pill() {
    for size in [(960.0, 640.0), (640.0, 420.0), (480.0, 320.0)] {
        let mut rig =
            Rig::sized(snapshot(vec![view(1, &"long ".repeat(24), Some(Environment::Staging))]), size);
        rig.tell(Told::Saved(id(1)));
        let pill = rig.0.get_by_role_and_label(Role::Label, "Environment: staging").rect();
        assert!(pill.right() <= size.0, "{pill:?}");
        for button in ["Edit", "Duplicate", "Delete"] {
            let button = rig.0.get_by_role_and_label(Role::Button, button).rect();
            let is_free = !button.intersects(pill) && button.right() <= size.0 - 16.0;
            assert!(is_free, "{button:?} beside {pill:?}");
        }
    }
}

#[test]
fn the_pill_stays_whole_in_a_crowded_row() {
    let mut crowded = view(1, "alpha", Some(Environment::Development));
    crowded.provider_name = "A provider with a long name".to_owned();
    crowded.settings.tags = Tags::typed("a tag of many words").unwrap();
    let mut short = view(2, "beta", Some(Environment::Production));
    short.settings.tags = Tags::typed("eu").unwrap();
    let mut rig = Rig::new(snapshot(vec![crowded, short]));
    let row = rig.0.get_by_role_and_label(Role::Button, "alpha").rect();
    let right = |rig: &Rig, word: &str| painted(rig, word)[0].right();
    assert!(row.contains_rect(painted(&rig, "Dev")[0]));
    assert!(painted(&rig, "a tag of many words").is_empty(), "it has no room");
    assert!(right(&rig, "Prod") < painted(&rig, "eu")[0].left());
    rig.0.event(Event::PointerMoved(row.center()));
    rig.0.run();
    let copy = rig.0.get_by_role_and_label(Role::Button, "Copy token of alpha").rect();
    assert!(right(&rig, "Dev") < copy.left());
}

#[test]
fn accounts_are_found_and_grouped_by_environment() {
    let mut rig = Rig::new(four());
    rig.fill("Search accounts", "Stag");
    assert_eq!(listed(&rig), ["alpha"]);
    rig.refill("Search accounts", "production");
    assert_eq!(listed(&rig), ["beta"]);
    let mut rig = Rig::new(four());
    arrange(&mut rig, "Environment");
    let grouped = [
        "Production, 1",
        "beta",
        "Staging, 1",
        "alpha",
        "Development, 1",
        "gamma",
        "No environment, 1",
        "delta",
    ];
    assert_eq!(listed(&rig), grouped);
    let remembered = rig.0.state().remembered();
    assert_eq!(keyfob::messages::remembered::Remembered::read(&remembered.text()), remembered);
}

#[test]
fn a_deletion_names_the_environment_before_it_is_confirmed() {
    let mut rig = Rig::new(four());
    rig.press("beta");
    rig.press("Delete");
    assert!(rig.tree().contains("This deletes the production account “beta” with its client ID"));
}

#[test]
fn the_palette_says_the_environment_beside_the_provider() {
    let mut rig = Rig::new(four());
    rig.0.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::K);
    rig.0.run();
    let row = rig.0.get_by_role_and_label(Role::ListBoxOption, "beta");
    assert_eq!(row.accesskit_node().description().unwrap(), "Smartcar, production, Valid");
    assert_eq!(painted(&rig, "Smartcar, production").len(), 1);
}
