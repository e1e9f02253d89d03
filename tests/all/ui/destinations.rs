//! Destinations that differ from the preset's in the window.

use keyfob::domain::import;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::{Command, ImportDraft};
use keyfob::messages::event::{Event, ImportRead};

use super::fixtures::{account, presets, snapshot};
use super::harness::Rig;

fn file(name: &str, provider: &str, endpoints: &str) -> String {
    format!(
        "[[account]]\nname = \"{name}\"\nprovider = \"{provider}\"\ngrant = \"authorization_code\"\n\
         client_id = \"i\"\nclient_secret = \"CANARY-secret\"\n[account.endpoints]\n{endpoints}\n"
    )
}

/// The preview of these accounts.
fn preview(file: &str) -> Rig {
    let mut rig = Rig::new(snapshot(Vec::new()));
    rig.open_settings("All accounts");
    rig.press("Import");
    rig.fill("File", "/tmp/accounts.toml");
    rig.press("Read file");
    assert!(matches!(rig.command(), Command::ReadImport { .. }));
    let read = import::read(file, &presets()).unwrap();
    let drafts: Vec<_> = read.into_iter().map(ImportDraft::from).collect();
    let taken = vec![false; drafts.len()];
    rig.tell(Event::ImportRead(ImportRead { drafts, taken, ..ImportRead::default() }));
    rig
}

#[track_caller]
fn assert_shown(rig: &Rig, expected: &[&str]) {
    let tree = rig.tree();
    for text in expected {
        assert!(tree.contains(text), "{text} in:\n{tree}");
    }
}

#[test]
fn i3_the_preview_names_each_changed_destination() {
    let own = "authorize = \"https://a.example/a\"\ntoken = \"https://a.example/t\"\n";
    let all = [
        file("car", "smartcar", "token = \"https://evil.example/t\"\nrevoke = \"https://evil.example/r\""),
        file("plain", "smartcar", ""),
        file("own", "custom", own),
        file("split", "custom", &format!("{own}revoke = \"https://b.example/r\"")),
    ];
    let mut rig = preview(&all.concat());
    assert_shown(
        &rig,
        &[
            "Smartcar, changed · ",
            "car: Smartcar, changed\nToken endpoint\nhttps://evil.example/t (Smartcar's is \
             https://auth.example.com/oauth/token)\nRevocation endpoint\nhttps://evil.example/r (Smartcar has none)",
            "Custom provider at a.example · ",
            "split: Custom provider at a.example\nRevocation endpoint\nhttps://b.example/r (custom provider)",
        ],
    );
    let tree = rig.tree();
    assert!(!tree.contains("plain: ") && !tree.contains("own: "), "{tree}");
    // Deselected accounts aren't listed.
    rig.tick("car");
    assert!(!rig.tree().contains("https://evil.example/t"));
}

#[test]
fn i3_more_changed_accounts_than_are_shown_are_not_imported() {
    let all: String = (0..51)
        .map(|number| file(&format!("car {number}"), "smartcar", "token = \"https://evil.example/t\""))
        .collect();
    let mut rig = preview(&all);
    assert!(!rig.can_press("Import"));
    assert_shown(&rig, &["Deselect some accounts: more are changed than can be shown at once."]);
    rig.tick("car 1");
    assert!(rig.can_press("Import"));
}

#[test]
fn i3_the_accounts_page_names_each_changed_destination() {
    let mut car = account(1, "car", "Smartcar", GrantType::AuthorizationCode);
    let over = car.settings.overrides_mut();
    over.endpoints.token = Some("https://evil.example/t".to_owned());
    over.help.register_url = Some("https://evil.example/register".to_owned());
    car.provider_name = "Smartcar, changed".to_owned();
    let plain = account(2, "plain", "Smartcar", GrantType::AuthorizationCode);
    let mut rig = Rig::new(snapshot(vec![car, plain]));
    rig.press("car");
    assert_shown(
        &rig,
        &[
            "Smartcar, changed · Authorization code (browser)",
            "Changed from Smartcar's preset",
            "https://evil.example/t (Smartcar's is https://auth.example.com/oauth/token)",
            "https://evil.example/register (Smartcar has none)",
        ],
    );
    rig.press("plain");
    assert!(!rig.tree().contains("Changed from"));
}
