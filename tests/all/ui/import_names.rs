//! The import of a `.env` file in the window: mapping its variables.

use egui_kittest::kittest::Queryable as _;
use keyfob::base::secret::ClientSecret;
use keyfob::domain::account::Client;
use keyfob::domain::import::{EnvField, EnvNames, Mapping};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::{AccountDraft, Command, ImportDraft};
use keyfob::messages::event::{Event, ImportRead};

use super::fixtures::{account, snapshot};
use super::harness::Rig;

fn dialog() -> Rig {
    let taken = account(1, "Taken", "Smartcar", GrantType::AuthorizationCode);
    let mut rig = Rig::sized(snapshot(vec![taken]), (960.0, 1400.0));
    rig.open_settings("All accounts");
    rig.press("Import");
    rig.fill("File", "/tmp/.env");
    rig.press("Read file");
    assert!(matches!(rig.command(), Command::ReadImport { mapping: None, .. }));
    rig
}

fn names(guessed: &[(EnvField, &str)]) -> EnvNames {
    let names = guessed.iter().map(|(field, name)| (*field, (*name).to_owned())).collect();
    EnvNames {
        names: ["PORT", "KEY", "TOP"].map(str::to_owned).into(),
        mappings: vec![Mapping { names, provider: None }],
    }
}

fn draft() -> ImportDraft {
    let view = account(9, "x", "SmartSense", GrantType::ClientCredentials);
    let client_secret = Some(ClientSecret::new("CANARY-env".to_owned()));
    let client = Client { client_secret, ..Client::default() };
    let draft = AccountDraft { editing: None, name: "acme".to_owned(), settings: view.settings, client };
    ImportDraft { draft, grant: None, incomplete: true, replace: false, move_secrets: false }
}

#[test]
fn names_are_chosen_from_lists_and_the_file_is_read_again() {
    let mut rig = dialog();
    let names = Some(names(&[(EnvField::ClientId, "KEY")]));
    rig.tell(Event::ImportRead(ImportRead { names, ..ImportRead::default() }));
    assert!(rig.tree().contains("Map them below"));
    assert!(!rig.can_press("Import"));
    rig.choose("Variable for the client secret", "TOP");
    let Command::ReadImport { mapping: Some(mapping), .. } = rig.command() else { panic!("not read again") };
    assert_eq!(mapping.names[&EnvField::ClientId], "KEY");
    assert_eq!(mapping.names[&EnvField::ClientSecret], "TOP");
    rig.choose("Provider", "SmartSense");
    let Command::ReadImport { mapping: Some(mapping), .. } = rig.command() else { panic!("not read again") };
    assert_eq!(mapping.provider.as_deref(), Some("smartsense"));
    let read = ImportRead { drafts: vec![draft()], taken: vec![false], ..ImportRead::default() };
    rig.tell(Event::ImportRead(read));
    let tree = rig.tree();
    assert!(tree.contains("acme") && !tree.contains("without secrets") && !tree.contains("CANARY"), "{tree}");
    // The lists stay, and a choice can be undone.
    rig.choose("Variable for the client ID", "None");
    let Command::ReadImport { mapping: Some(mapping), .. } = rig.command() else { panic!("not read again") };
    assert!(!mapping.names.contains_key(&EnvField::ClientId));
    rig.press("Import");
    assert!(matches!(rig.command(), Command::Import(drafts) if drafts.len() == 1));
}

#[test]
fn lists_are_out_of_the_way_where_the_guess_gave_accounts() {
    let mut rig = dialog();
    let names = Some(names(&[(EnvField::ClientId, "KEY")]));
    let read = ImportRead { drafts: vec![draft()], taken: vec![false], names, ..ImportRead::default() };
    rig.tell(Event::ImportRead(read));
    assert!(rig.0.query_by_label("Map variables").is_none());
    rig.press("Map the variables yourself");
    assert!(rig.0.query_by_label("Map variables").is_some());
    assert!(rig.commands().is_empty());
}

#[test]
fn what_was_left_out_is_said() {
    let mut rig = dialog();
    let left_out = (1..=7).map(|number| format!("“{number}\u{202e}” was left out: because.")).collect();
    let read = ImportRead { drafts: vec![draft()], taken: vec![false], left_out, names: None };
    rig.tell(Event::ImportRead(read));
    let tree = rig.tree();
    assert!(tree.contains("was left out: because.") && tree.contains("2 more were left out."), "{tree}");
    assert!(!tree.contains('\u{202e}'));
    assert!(rig.0.query_by_label("Map variables").is_none());
}
