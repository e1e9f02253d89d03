//! The preview of an import whose accounts have an issuer instead of endpoints.

use egui_kittest::kittest::Queryable as _;
use keyfob::domain::import;
use keyfob::domain::oauth::discovery::{DiscoveredServer, Wanted};
use keyfob::messages::command::{Command, ImportDraft};
use keyfob::messages::event::{Event, ImportRead};
use keyfob::messages::problem::{DiscoveryProblem, NotDiscovered, Problem, UntrustedText};

use super::fixtures::snapshot;
use super::harness::Rig;

const ISSUER: &str = "https://auth.example.com";

fn file(names_and_grants: &[(&str, &str)], more: &str) -> Vec<ImportDraft> {
    let accounts = names_and_grants.iter().map(|(name, grant)| {
        format!(
            "[[account]]\nname = \"{name}\"\nprovider = \"custom\"\nissuer = \"{ISSUER}\"\n\
             grant = \"{grant}\"\nclient_id = \"id\"\nclient_secret = \"CANARY-secret\"\n{more}\n"
        )
    });
    let read = import::read(&accounts.collect::<String>(), &[]).unwrap();
    read.into_iter().map(ImportDraft::from).collect()
}

/// A preview of these accounts; with `first_taken`, the first one exists already.
fn preview(drafts: Vec<ImportDraft>, first_taken: bool) -> Rig {
    let mut rig = Rig::new(snapshot(Vec::new()));
    rig.open_settings("All accounts");
    rig.press("Import");
    rig.fill("File", "/tmp/accounts.toml");
    rig.press("Read file");
    assert!(matches!(rig.command(), Command::ReadImport { .. }));
    let taken = (0..drafts.len()).map(|place| first_taken && place == 0).collect();
    rig.tell(Event::ImportRead(ImportRead { drafts, taken, ..ImportRead::default() }));
    rig
}

/// The issuer's result for a query.
fn found(command: &Command) -> DiscoveredServer {
    let Command::Discover(settings) = command else { panic!("{command:?}") };
    let body = format!(
        r#"{{"issuer":"{ISSUER}","token_endpoint":"{ISSUER}/token","revocation_endpoint":"{ISSUER}/revoke",
           "device_authorization_endpoint":"{ISSUER}/device"}}"#
    );
    let document = url::Url::parse(ISSUER).unwrap();
    Wanted::of(&[], settings).unwrap().read(&document, body.as_bytes()).unwrap()
}

fn answer(rig: &mut Rig, found: Result<DiscoveredServer, Problem>) {
    rig.tell(Event::Discovered { issuer: ISSUER.to_owned(), found: Box::new(found) });
}

#[test]
fn i1_what_an_issuer_says_is_shown_before_it_is_saved_and_saved_as_shown() {
    let grants =
        [("here", "authorization_code"), ("batch", "client_credentials"), ("more", "client_credentials")];
    let mut drafts = file(&grants, "");
    drafts
        .extend(file(&[("tv", "device_code")], "[account.endpoints]\nrevoke = \"https://a.example/revoke\""));
    let mut rig = preview(drafts, true);
    assert!(rig.commands().is_empty(), "nobody is asked by a look at the file");
    assert!(rig.tree().contains(&format!("Some endpoints come from {ISSUER}. Nothing is requested until")));
    assert!(rig.tree().contains("Look up the endpoints first.") && !rig.can_press("Import"));
    rig.press("Look up the endpoints first.");
    assert!(rig.0.get_by_label("Look up endpoints").is_focused(), "the reason leads to its button");
    rig.press("Look up endpoints");
    // One query for all accounts with the same needs, and none for deselected ones.
    let asked = rig.command();
    assert!(rig.tree().contains("reading the endpoints from its issuer"));
    assert!(!rig.can_press("Import"), "nothing was shown of it yet");
    answer(&mut rig, Ok(found(&asked)));
    let tree = rig.tree();
    for shown in ["Found for batch, more", "https://auth.example.com/token", "endpoints found at its issuer"]
    {
        assert!(tree.contains(shown), "{shown} in:\n{tree}");
    }
    assert!(!rig.can_press("Import"), "the other grant needs another address");
    let asked = rig.command();
    answer(&mut rig, Ok(found(&asked)));
    assert!(rig.tree().contains("Found for tv") && rig.tree().contains("https://auth.example.com/device"));
    assert!(rig.commands().is_empty(), "nobody is asked twice, and nothing is saved");

    rig.press("Import");
    let Command::Import(drafts) = rig.command() else { panic!("nothing is saved") };
    assert_eq!(drafts.len(), 3);
    for imported in &drafts {
        let endpoints = &imported.draft.settings.overrides.endpoints;
        assert_eq!(endpoints.token.as_deref(), Some("https://auth.example.com/token"));
        let own = if imported.draft.name == "tv" { "https://a.example" } else { ISSUER };
        assert_eq!(
            endpoints.revoke.as_deref(),
            Some(format!("{own}/revoke").as_str()),
            "its own choice stays"
        );
    }
}

#[test]
fn where_nothing_is_found_the_rest_can_be_imported_and_the_issuer_asked_again() {
    let grants = [("batch", "client_credentials"), ("tv", "device_code")];
    let mut rig = preview(file(&grants, ""), false);
    rig.press("Look up endpoints");
    let asked = rig.command();
    let why = NotDiscovered::Nothing { tried: Vec::new() };
    let problem = Problem::Discovery(DiscoveryProblem { issuer: UntrustedText::new(ISSUER), why });
    answer(&mut rig, Err(problem.clone()));
    // Reported for one; the other is still queried.
    assert!(rig.tree().contains("endpoints not found"));
    let other = rig.command();
    answer(&mut rig, Ok(found(&other)));
    assert!(!rig.can_press("Import"));
    rig.press("Look up again at https://auth.example.com");
    assert!(matches!(rig.command(), Command::Discover(_)));
    answer(&mut rig, Err(problem));
    rig.tick("batch");
    assert!(!rig.tree().contains("Look up again"));
    rig.press("Import");
    let Command::Import(drafts) = rig.command() else { panic!("nothing is saved") };
    assert_eq!(drafts.iter().map(|draft| draft.draft.name.as_str()).collect::<Vec<_>>(), ["tv"]);
    drop(asked);
}

#[test]
fn an_issuer_that_cant_be_asked_is_said_and_keeps_only_its_account_out() {
    let mut drafts = file(&[("batch", "client_credentials")], "");
    drafts[0].draft.settings.overrides_mut().issuer = Some("http://auth.example.com".to_owned());
    let mut rig = preview(drafts, false);
    assert!(rig.commands().is_empty(), "nothing is sent there");
    assert!(rig.tree().contains("endpoints not found") && !rig.can_press("Import"));
    assert!(!rig.tree().contains("Look up endpoints"), "there is nobody to ask");
}

#[test]
fn i1_a_press_is_for_what_was_ticked_then() {
    let grants = [("batch", "client_credentials"), ("tv", "device_code")];
    let mut rig = preview(file(&grants, ""), false);
    rig.tick("tv");
    rig.press("Look up endpoints");
    let asked = rig.command();
    // Selected later, and deselected before its turn.
    rig.tick("tv");
    assert!(rig.commands().is_empty());
    rig.press("Look up endpoints");
    rig.tick("tv");
    answer(&mut rig, Ok(found(&asked)));
    assert!(rig.commands().is_empty(), "nobody is asked for what isn't wanted");
    assert!(rig.can_press("Import"));
    rig.tick("tv");
    assert!(rig.commands().is_empty() && rig.can_press("Look up endpoints") && !rig.can_press("Import"));
}
