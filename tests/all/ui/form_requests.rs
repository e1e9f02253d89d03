//! The account form's fields for additional request parameters.

use std::collections::BTreeMap;

use egui_kittest::kittest::Queryable as _;
use keyfob::domain::account::key_dates::KeyDates;
use keyfob::domain::account::tags::Tags;
use keyfob::domain::account::{Client, Revision, Settings};
use keyfob::domain::oauth::extra_params::SecretParams;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::provider::spec::{Endpoints, ProviderSpec};
use keyfob::messages::command::{AccountDraft, Command};
use keyfob::messages::event::Event;

use super::fixtures::{account, id, snapshot};
use super::harness::Rig;

/// The form of an account with these settings, with *Advanced* open.
fn editing(grant: GrantType, overrides: ProviderSpec) -> Rig {
    let mut rig = Rig::new(snapshot(vec![account(1, "car", "Custom provider", grant)]));
    let settings = Settings {
        provider: "custom".to_owned(),
        grant,
        variables: BTreeMap::new(),
        overrides: ProviderSpec {
            endpoints: Endpoints {
                authorize: Some("https://a.example/authorize".to_owned()),
                token: Some("https://a.example/token".to_owned()),
                ..Endpoints::default()
            },
            ..overrides
        }
        .into(),
        background_refresh: None,
        client_secret_expires: None,
        key_dates: KeyDates::default(),
        tags: Tags::default(),
        environment: None,
    };
    let client = Client { client_id: "c".to_owned(), ..Client::default() };
    let draft =
        AccountDraft { editing: Some((id(1), Revision(4))), name: "car".to_owned(), settings, client };
    let kept = ["client_secret", "authorize_params.site_key", "token_params.tenant"];
    rig.tell(Event::DraftReady { draft: Box::new(draft), kept: kept.map(str::to_owned).into() });
    rig.press("Advanced");
    rig
}

fn saved(rig: &mut Rig) -> (ProviderSpec, Client) {
    rig.press("Save");
    let Command::Save { draft, .. } = rig.command() else { panic!("no save") };
    (draft.settings.overrides.as_ref().clone(), draft.client)
}

fn exposed(params: &SecretParams) -> BTreeMap<String, String> {
    params.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn whom_the_token_is_for_and_parameters_of_the_users_own_are_sent() {
    let mut rig = editing(GrantType::AuthorizationCode, ProviderSpec::default());
    rig.fill("Resources", "https://a.example/  https://b.example/");
    rig.fill("Audience", "api");
    rig.press("Add a sign-in parameter");
    rig.fill("Sign-in parameter 2", "prompt");
    rig.fill("Value of sign-in parameter 2", "consent");
    rig.press("Add a token parameter");
    rig.fill("Token parameter 2", "audience");
    rig.fill("Value of token parameter 2", "blue");
    // An empty row is ignored.
    rig.press("Add a token parameter");
    rig.choose("Pushed authorization request", "On: sent to the provider before the browser opens");
    assert!(!rig.can_press("Save"), "there is no address to push to");
    rig.fill("Pushed authorization request endpoint", "https://a.example/par");
    let (spec, client) = saved(&mut rig);
    assert_eq!(spec.par, Some(true));
    assert_eq!(spec.resource, Some(vec!["https://a.example/".into(), "https://b.example/".into()]));
    assert_eq!(spec.audience.as_deref(), Some("api"));
    assert_eq!(spec.authorize_params, pairs(&[("prompt", "consent")]));
    assert_eq!(spec.token_params, pairs(&[("audience", "blue")]));
    assert!(client.authorize_params.is_empty() && client.token_params.is_empty(), "what is stored stays");
}

#[test]
fn x6_a_parameters_value_is_a_secret_unless_its_name_is_known() {
    let mut rig = editing(GrantType::AuthorizationCode, ProviderSpec::default());
    assert_eq!(rig.field("Sign-in parameter 1").value().as_deref(), Some("site_key"));
    rig.press("Remove sign-in parameter 1");
    rig.fill("Value of token parameter 1", "CANARY-new");
    rig.press("Add a token parameter");
    rig.fill("Token parameter 2", "api_key");
    rig.fill("Value of token parameter 2", "CANARY-key");
    assert!(!rig.tree().contains("CANARY"), "{}", rig.tree());
    let (spec, client) = saved(&mut rig);
    assert!(spec.authorize_params.is_empty() && spec.token_params.is_empty());
    assert_eq!(exposed(&client.authorize_params), pairs(&[("site_key", "")]), "an empty one goes");
    assert_eq!(exposed(&client.token_params), pairs(&[("api_key", "CANARY-key"), ("tenant", "CANARY-new")]));
}

#[test]
fn what_was_saved_is_shown_changed_and_taken_away() {
    let overrides = ProviderSpec {
        resource: Some(vec!["https://a.example/".to_owned()]),
        audience: Some("api".to_owned()),
        authorize_params: pairs(&[("login_hint", "me"), ("prompt", "consent")]),
        token_params: pairs(&[("audience", "blue")]),
        ..ProviderSpec::default()
    };
    let mut rig = editing(GrantType::AuthorizationCode, overrides.clone());
    let (spec, client) = saved(&mut rig);
    assert_eq!(spec.authorize_params, overrides.authorize_params, "an untouched form changes nothing");
    assert!(client.authorize_params.is_empty() && client.token_params.is_empty());

    let mut rig = editing(GrantType::AuthorizationCode, overrides.clone());
    assert_eq!(rig.field("Resources").value().as_deref(), Some("https://a.example/"));
    assert_eq!(rig.field("Sign-in parameter 2").value().as_deref(), Some("prompt"));
    rig.press("Remove sign-in parameter 1");
    assert_eq!(rig.field("Sign-in parameter 1").value().as_deref(), Some("prompt"));
    rig.refill("Value of token parameter 1", "red");
    rig.refill("Audience", " ");
    let (spec, _) = saved(&mut rig);
    assert_eq!(spec.authorize_params, pairs(&[("prompt", "consent")]));
    assert_eq!(spec.token_params, pairs(&[("audience", "red")]));
    assert_eq!((spec.audience, spec.resource), (None, overrides.resource.clone()));

    // A grant without a sign-in doesn't use its parameters, but keeps them.
    let mut rig = editing(GrantType::ClientCredentials, overrides.clone());
    assert!(rig.0.query_by_label("Pushed authorization request").is_none());
    assert!(rig.0.query_by_label("Sign-in parameter 1").is_none());
    let (spec, client) = saved(&mut rig);
    assert_eq!(spec.authorize_params, overrides.authorize_params);
    assert!(client.authorize_params.is_empty());
}

#[test]
fn a_value_without_a_name_and_a_name_twice_are_said_beside_the_field() {
    let mut rig = editing(GrantType::ClientCredentials, ProviderSpec::default());
    rig.press("Add a token parameter");
    rig.fill("Value of token parameter 2", "blue");
    assert!(rig.tree().contains("Enter the parameter's name.") && !rig.can_press("Save"));
    rig.fill("Token parameter 2", "key");
    rig.press("Add a token parameter");
    rig.fill("Token parameter 3", "key ");
    assert!(rig.tree().contains("This name exists already.") && !rig.can_press("Save"));
    rig.press("Remove token parameter 3");
    assert_eq!(exposed(&saved(&mut rig).1.token_params), pairs(&[("key", "blue")]));
}
