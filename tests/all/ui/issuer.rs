//! The form of an account that discovery sets up.

use keyfob::domain::account::{Client, Revision};
use keyfob::domain::oauth::discovery::{DiscoveredServer, Wanted};
use keyfob::messages::command::{AccountDraft, Command};
use keyfob::messages::event::Event;
use keyfob::messages::problem::{DiscoveryProblem, NotDiscovered, Problem, UntrustedText};

use super::fixtures::{id, snapshot};
use super::harness::Rig;

const ISSUER: &str = "https://auth.example.com";

/// The discovery result for the form's query.
fn found(command: &Command, issuer: &str) -> DiscoveredServer {
    let Command::Discover(settings) = command else { panic!("{command:?}") };
    let body = format!(
        r#"{{"issuer":"{issuer}","authorization_endpoint":"{issuer}/authorize","token_endpoint":"{issuer}/token",
           "revocation_endpoint":"{issuer}/revoke","scopes_supported":["openid","read"],
           "authorization_response_iss_parameter_supported":true}}"#
    );
    let document = url::Url::parse(issuer).unwrap();
    Wanted::of(&[], settings).unwrap().read(&document, body.as_bytes()).unwrap()
}

fn new_account() -> Rig {
    let mut rig = Rig::new(snapshot(vec![super::fixtures::account(
        1,
        "Taken",
        "Smartcar",
        keyfob::domain::oauth::grant_type::GrantType::AuthorizationCode,
    )]));
    rig.press("Add account");
    rig.press("By issuer URL");
    rig.fill("Name", "sso");
    rig.fill("Client ID", "id");
    rig.fill("Client secret", "CANARY-1");
    rig
}

fn answer(rig: &mut Rig, issuer: &str, found: Result<DiscoveredServer, Problem>) {
    rig.tell(Event::Discovered { issuer: issuer.to_owned(), found: Box::new(found) });
}

#[test]
fn what_is_found_is_shown_before_it_is_saved() {
    let mut rig = new_account();
    assert!(!rig.can_press("Discover") && !rig.can_press("Save"));
    rig.fill("Issuer URL", ISSUER);
    assert!(!rig.can_press("Save"));
    rig.press("Discover");
    let asked = rig.command();
    // One query, and no save before its result.
    assert!(!rig.can_press("Discover") && !rig.can_press("Save"));
    answer(&mut rig, ISSUER, Ok(found(&asked, ISSUER)));
    let tree = rig.tree();
    for shown in [
        "Found at this issuer",
        "https://auth.example.com/token",
        "https://auth.example.com/revoke",
        "openid  read",
    ] {
        assert!(tree.contains(shown), "{shown} in {tree}");
    }
    rig.press("Save");
    let Command::Save { draft, .. } = rig.command() else { panic!() };
    let overrides = draft.settings.overrides;
    assert_eq!((draft.settings.provider.as_str(), overrides.issuer.as_deref()), ("custom", Some(ISSUER)));
    assert_eq!(overrides.endpoints.token.as_deref(), Some("https://auth.example.com/token"));
    assert_eq!(overrides.endpoints.revoke.as_deref(), Some("https://auth.example.com/revoke"));
    assert_eq!(overrides.iss_promised, Some(true));
}

#[test]
fn addresses_of_one_issuer_are_never_saved_with_another() {
    let mut rig = new_account();
    rig.fill("Issuer URL", ISSUER);
    rig.press("Discover");
    let asked = rig.command();
    answer(&mut rig, ISSUER, Ok(found(&asked, ISSUER)));
    assert!(rig.can_press("Save"));
    rig.fill("Issuer URL", "/other");
    assert!(!rig.can_press("Save"));
    assert!(!rig.tree().contains("Found at this issuer"));
    // A late result for the first issuer doesn't count for the second.
    rig.press("Discover");
    let Command::Discover(settings) = rig.command() else { panic!() };
    assert_eq!(settings.overrides.issuer.as_deref(), Some("https://auth.example.com/other"));
    answer(&mut rig, ISSUER, Ok(found(&asked, ISSUER)));
    assert!(!rig.can_press("Save"));
}

#[test]
fn a_server_that_calls_itself_otherwise_can_be_taken_by_that_name() {
    let mut rig = new_account();
    rig.fill("Issuer URL", ISSUER);
    rig.press("Discover");
    drop(rig.command());
    let said = format!("{ISSUER}/");
    let why = NotDiscovered::OtherIssuer { said: UntrustedText::new(&said) };
    let problem = Problem::Discovery(DiscoveryProblem { issuer: UntrustedText::new(ISSUER), why });
    answer(&mut rig, ISSUER, Err(problem));
    assert!(rig.tree().contains("calls itself"));
    rig.press("Use https://auth.example.com/");
    let Command::Discover(settings) = rig.command() else { panic!() };
    assert_eq!(settings.overrides.issuer.as_deref(), Some(said.as_str()));
}

#[test]
fn a_saved_account_is_discovered_again_when_asked() {
    let mut rig = new_account();
    rig.fill("Issuer URL", ISSUER);
    rig.press("Discover");
    let asked = rig.command();
    answer(&mut rig, ISSUER, Ok(found(&asked, ISSUER)));
    rig.press("Save");
    let Command::Save { draft, .. } = rig.command() else { panic!() };
    let client = Client { client_id: "id".to_owned(), ..Client::default() };
    let draft = AccountDraft {
        editing: Some((id(1), Revision(1))),
        name: "Taken".to_owned(),
        settings: draft.settings,
        client,
    };
    rig.tell(Event::DraftReady { draft: Box::new(draft), kept: vec!["client_secret".to_owned()] });
    assert_eq!(rig.field("Issuer URL").value().as_deref(), Some(ISSUER));
    assert!(rig.can_press("Save"));
    rig.press("Discover again");
    let Command::Discover(settings) = rig.command() else { panic!() };
    assert_eq!(settings.overrides.endpoints.token, None);
}

#[test]
fn an_issuer_that_is_not_https_is_said_beside_the_field() {
    let mut rig = new_account();
    rig.fill("Issuer URL", "http://auth.example.com");
    assert!(rig.tree().contains("The issuer URL is not https"));
    assert!(!rig.can_press("Discover"));
}
