use super::*;
use crate::domain::api_address::search::tests::found;

fn known(byte: u8, source: Option<ClientSource>) -> KnownClient {
    KnownClient {
        account: AccountId::from_random([byte; 16]),
        name: byte.to_string(),
        source,
        redirect_uri: "http://127.0.0.1:8911/callback".to_owned(),
    }
}

fn choice(options: &PlanOptions, known: Vec<KnownClient>, with_endpoint: bool) -> (&'static str, String) {
    let mut found = found();
    found.server.registration = with_endpoint.then(|| "https://s.example/register".to_owned());
    let plan = AddressPlan::new(found, options, known);
    (plan.client.as_str(), plan.redirect_uri)
}

#[test]
fn a_client_is_given_known_by_its_document_registered_or_asked_for() {
    let none = PlanOptions::default();
    let free = "http://127.0.0.1/callback".to_owned();
    let kept = "http://127.0.0.1:8910/callback".to_owned();
    let shared = "http://127.0.0.1:8911/callback".to_owned();
    assert_eq!(choice(&none, Vec::new(), true), ("registration", free.clone()));
    assert_eq!(choice(&none, Vec::new(), false), ("form", kept.clone()));
    assert_eq!(choice(&none, vec![known(1, None)], true), ("known", shared));
    let given = PlanOptions { has_client: true, ..none.clone() };
    assert_eq!(choice(&given, vec![known(1, None)], true), ("given", kept));
    let document =
        PlanOptions { document: Some("https://me.example/keyfob.json".to_owned()), ..none.clone() };
    assert_eq!(choice(&document, vec![known(1, None)], true), ("document", free));
    // A known client has one redirect URI.
    let other = PlanOptions { redirect_uri: Some("http://localhost:7/".to_owned()), ..none };
    assert_eq!(
        choice(&other, vec![known(1, None)], true),
        ("registration", "http://localhost:7/".to_owned())
    );
}

#[test]
fn of_several_known_clients_a_registered_one_is_shared() {
    let all = vec![
        known(1, None),
        known(2, Some(ClientSource::Document)),
        known(3, Some(ClientSource::Registered)),
    ];
    let plan = AddressPlan::new(found(), &PlanOptions::default(), all);
    assert!(matches!(plan.client, ClientChoice::Known(known) if known.name == "3"));
}

#[test]
fn scopes_are_the_users_else_the_challenges_else_twenty_of_the_listed_ones() {
    let list = |count: usize| (0..count).map(|n| format!("s{n}")).collect::<Vec<_>>();
    let mut found = found();
    found.server.scopes = list(30);
    let chosen = |found: &FoundServer, scopes: &[&str]| {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let plan =
            AddressPlan::new(found.clone(), &PlanOptions { scopes, ..PlanOptions::default() }, Vec::new());
        (plan.scopes, plan.scope_source)
    };
    assert_eq!(chosen(&found, &[]), (list(20), Some(ScopeSource::Server)));
    found.resource_scopes = list(25);
    assert_eq!(chosen(&found, &[]), (list(20), Some(ScopeSource::Resource)));
    found.challenge_scopes = list(22);
    assert_eq!(chosen(&found, &[]), (list(22), Some(ScopeSource::Challenge)));
    assert_eq!(chosen(&found, &["own"]), (vec!["own".to_owned()], Some(ScopeSource::User)));
    (found.challenge_scopes, found.resource_scopes, found.server.scopes) =
        (Vec::new(), Vec::new(), Vec::new());
    assert_eq!(chosen(&found, &[]), (Vec::new(), None));
}

#[test]
fn the_settings_have_the_resource_and_what_the_server_published() {
    let plan = AddressPlan::new(found(), &PlanOptions::default(), Vec::new());
    let settings = plan.settings(
        ClientSource::Registered,
        Some(ClientAuth::None),
        "http://127.0.0.1:9/callback".to_owned(),
    );
    let over = &settings.overrides;
    assert_eq!(over.issuer.as_deref(), Some("https://s.example"));
    assert_eq!(over.resource.as_deref(), Some(&["https://a.example/mcp".to_owned()][..]));
    assert_eq!(over.api.base_url.as_deref(), Some("https://a.example/mcp"));
    assert_eq!(
        (over.client_auth, over.client_source),
        (Some(ClientAuth::None), Some(ClientSource::Registered))
    );
    let provider = crate::domain::provider::Provider::resolve(&[], &settings).unwrap();
    assert_eq!(provider.redirect_uri.to_string(), "http://127.0.0.1:9/callback");
}

#[test]
fn a_documents_url_is_https_with_a_path() {
    assert_eq!(check_document("https://me.example/keyfob.json"), Ok(()));
    for text in [
        "https://me.example",
        "https://me.example/",
        "http://me.example/a",
        "https://me.example/a#b",
        "https://u:p@me.example/a",
        "a",
    ] {
        assert_eq!(check_document(text), Err(NoDocument), "{text}");
    }
}
