//! The page of an account from an address.

use keyfob::base::secret::Secret;
use keyfob::domain::api_address::plan::{ClientChoice, KnownClient};
use keyfob::domain::api_address::search::{MetadataAnswer, Next, Search, SearchError, SearchOptions};
use keyfob::messages::command::Command;
use keyfob::messages::event::{AddressFound, Event};
use keyfob::messages::problem::{
    Problem, RegistrationError, RegistrationProblem, RegistrationStep, UntrustedText,
};

use egui_kittest::kittest::Queryable as _;

use super::fixtures::{account, id, snapshot};
use super::harness::Rig;

const API: &str = "https://api.example.com/mcp";

/// What a search finds at an API whose server has these further members in its metadata.
fn found(more: &str) -> AddressFound {
    let mut search = Search::new(API, SearchOptions::default()).unwrap();
    loop {
        let url = match search.next_step() {
            Next::Done(found) => return AddressFound { server: *found.unwrap(), known: Vec::new() },
            Next::Get(url) => url,
        };
        let body = match url.as_str() {
            "https://api.example.com/.well-known/oauth-protected-resource/mcp" => format!(
                r#"{{"resource":"{API}","authorization_servers":["https://auth.example.com"],"scopes_supported":["read","write"]}}"#
            ),
            "https://auth.example.com/.well-known/openid-configuration" => format!(
                r#"{{"issuer":"https://auth.example.com","authorization_endpoint":"https://auth.example.com/authorize",
                   "token_endpoint":"https://auth.example.com/token","scopes_supported":["openid"]{more}}}"#
            ),
            _ => String::new(),
        };
        let challenges = ["Bearer scope=\"read\""];
        search.answered(&MetadataAnswer {
            status: if url.as_str() == API {
                401
            } else if body.is_empty() {
                404
            } else {
                200
            },
            challenges: &challenges,
            body: body.as_bytes(),
            ..MetadataAnswer::default()
        });
    }
}

const REGISTERS: &str = r#","registration_endpoint":"https://auth.example.com/register","token_endpoint_auth_methods_supported":["none"]"#;

fn window() -> Rig {
    let grant = keyfob::domain::oauth::grant_type::GrantType::AuthorizationCode;
    let mut rig = Rig::new(snapshot(vec![account(1, "api.example.com", "Smartcar", grant)]));
    rig.press("Add account");
    rig
}

/// The window after a search was asked for.
fn looked_up(result: Result<AddressFound, Problem>) -> Rig {
    let mut rig = window();
    rig.fill("Provider or address", API);
    rig.press("Look up this address");
    let Command::FindServer { address, options } = rig.command() else { panic!() };
    assert_eq!((address.as_str(), options), (API, SearchOptions::default()));
    assert!(!rig.can_press("Add and sign in"));
    rig.tell(Event::ServerFound { address, found: Box::new(result) });
    rig
}

fn failed(error: SearchError) -> Rig {
    looked_up(Err(Problem::Address(Box::new(error))))
}

#[test]
fn g5_each_step_and_its_source_is_shown_before_anything_is_sent() {
    let mut rig = looked_up(Ok(found(REGISTERS)));
    let tree = rig.tree();
    for shown in [
        "https://auth.example.com/token",
        "named by the resource's metadata",
        "https://api.example.com/.well-known/oauth-protected-resource/mcp",
        "will be registered at https://auth.example.com/register",
        "http://127.0.0.1/callback",
    ] {
        assert!(tree.contains(shown), "{shown} in {tree}");
    }
    assert!(rig.commands().is_empty());
    // The name is free, and the API's own scopes are chosen.
    assert_eq!(rig.field("Name").value().as_deref(), Some("api.example.com 2"));
    rig.press("Add the scope write");
    rig.press("Add and sign in");
    let Command::AddFound(draft) = rig.command() else { panic!() };
    assert!(draft.sign_in && !draft.replace && draft.client.is_none());
    assert_eq!(
        (draft.name.as_str(), draft.plan.scopes),
        ("api.example.com 2", vec!["read".to_owned(), "write".to_owned()])
    );
    assert!(matches!(draft.plan.client, ClientChoice::Registration(_)));
    assert!(!rig.can_press("Add and sign in"), "once");
}

#[test]
fn without_a_registration_the_redirect_uri_and_the_client_are_asked_for() {
    let mut rig = looked_up(Ok(found("")));
    assert!(rig.tree().contains("http://127.0.0.1:8910/callback"));
    assert!(!rig.can_press("Add and sign in"));
    rig.fill("Client ID", "mine");
    rig.fill("Client secret", "CANARY-1");
    rig.press("Add and sign in");
    let Command::AddFound(draft) = rig.command() else { panic!() };
    let client = draft.client.unwrap();
    assert_eq!(
        (client.client_id.as_str(), client.client_secret.as_ref().map(Secret::expose)),
        ("mine", Some("CANARY-1"))
    );
}

#[test]
fn a_known_client_is_named_and_another_can_be_given() {
    let mut found = found(REGISTERS);
    let redirect_uri = "http://127.0.0.1:8911/callback".to_owned();
    found.known = vec![KnownClient { account: id(1), name: "first".to_owned(), source: None, redirect_uri }];
    let mut rig = looked_up(Ok(found));
    assert!(rig.tree().contains("the one of “first”"));
    rig.tick("Use a client that I have registered");
    assert!(!rig.can_press("Add and sign in"));
    rig.fill("Client ID", "mine");
    assert!(rig.can_press("Add and sign in"));
}

#[test]
fn a_server_is_chosen_among_several() {
    let servers = vec!["https://auth.example.com".to_owned(), "https://other.example".to_owned()];
    let mut rig = failed(SearchError::SeveralServers(servers));
    rig.press("Use https://other.example");
    let Command::FindServer { options, .. } = rig.command() else { panic!() };
    assert_eq!(options.issuer.as_deref(), Some("https://other.example"));
}

#[test]
fn g2_private_hosts_are_allowed_by_the_user_alone() {
    use keyfob::domain::api_address::reach::Inside;
    use keyfob::domain::api_address::search::Part;
    let url = "https://10.0.0.1/meta".to_owned();
    let mut rig = failed(SearchError::Inside { part: Part::ResourceMetadata, url, inside: Inside::Private });
    assert!(rig.tree().contains("in a private network"));
    rig.tick("Allow private hosts");
    let Command::FindServer { options, .. } = rig.command() else { panic!() };
    assert!(options.allow_private);
    // The consent is for this address.
    rig.tell(Event::ServerFound { address: API.to_owned(), found: Box::new(Err(Problem::Stopped)) });
    rig.fill("Address", "/other");
    rig.press("Look up this address");
    let Command::FindServer { options, .. } = rig.command() else { panic!() };
    assert!(!options.allow_private);
}

#[test]
fn an_initial_access_token_is_asked_for_once_the_server_wants_one() {
    let mut rig = looked_up(Ok(found(REGISTERS)));
    rig.press("Add and sign in");
    drop(rig.command());
    let problem = RegistrationProblem {
        server: UntrustedText::new("auth.example.com"),
        error: RegistrationError::TokenNeeded(401),
        step: RegistrationStep::Register,
    };
    rig.tell(Event::Problem { account: None, problem: Problem::Registration(Box::new(problem)) });
    assert!(rig.tree().contains("only with an initial access token"));
    rig.fill("Initial access token", "CANARY-2");
    rig.press("Add and sign in");
    let Command::AddFound(draft) = rig.command() else { panic!() };
    assert_eq!(draft.registration_token.as_ref().map(Secret::expose), Some("CANARY-2"));
}

#[test]
fn a_result_for_another_address_is_not_shown_and_a_changed_one_is_looked_up_again() {
    let mut rig = window();
    rig.fill("Provider or address", API);
    rig.press("Look up this address");
    drop(rig.command());
    rig.tell(Event::ServerFound {
        address: "https://other.example".to_owned(),
        found: Box::new(Ok(found(REGISTERS))),
    });
    assert!(!rig.tree().contains("https://auth.example.com/token"));
    rig.tell(Event::ServerFound { address: API.to_owned(), found: Box::new(Ok(found(REGISTERS))) });
    assert!(rig.can_press("Add and sign in"));
    rig.fill("Address", "/v2");
    assert!(!rig.can_press("Add and sign in"));
    rig.press("Cancel");
    assert!(rig.tree().contains("Custom provider"));
}

#[test]
fn escape_leaves_the_page_unless_something_was_typed_into_it() {
    let is_open = |rig: &Rig| rig.tree().contains("named by the resource's metadata");
    let escape = |rig: &mut Rig| {
        rig.0.key_press(egui::Key::Escape);
        rig.0.run();
    };
    let mut rig = looked_up(Ok(found(REGISTERS)));
    escape(&mut rig);
    assert!(!is_open(&rig), "nothing was typed");
    let edits: [fn(&mut Rig); 3] = [
        |rig| rig.fill("Name", "mine"),
        |rig| rig.press("Add the scope write"),
        |rig| rig.tick("Use a client that I have registered"),
    ];
    for edit in edits {
        let mut rig = looked_up(Ok(found(REGISTERS)));
        edit(&mut rig);
        escape(&mut rig);
        let keep = rig.0.get_by_label("Keep editing");
        assert!(keep.is_focused() && rig.tree().contains("Discard what you typed?"));
        rig.press("Keep editing");
        assert!(is_open(&rig));
        escape(&mut rig);
        rig.press("Discard");
        assert!(!is_open(&rig));
    }
}
