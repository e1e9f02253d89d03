//! Accounts set up by discovery (RFC 8414; `OpenID` Connect Discovery).

use keyfob::domain::import;
use keyfob::domain::provider::spec::ClientAuth;
use keyfob::domain::provider::{EndpointKind, ProviderError};
use keyfob::messages::command::{Command, ImportDraft};
use keyfob::messages::event::Reply;
use keyfob::messages::explain::explain;
use keyfob::messages::problem::{DiscoveryProblem, NotDiscovered, Problem, SignInProblem, UntrustedText};

use crate::support::account_toml::AccountToml;
use crate::support::engine::{Place, Rig, return_address};
use crate::support::raw;
use crate::support::server::{Response, ScriptedServer};

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

/// A server's metadata without the last brace.
fn metadata(server: &ScriptedServer, issuer: &str, more: &str) -> Response {
    let (authorize, token, device) = (server.url("/authorize"), server.url("/token"), server.url("/device"));
    Response::json(
        200,
        format!(
            r#"{{"issuer":"{issuer}","authorization_endpoint":"{authorize}","token_endpoint":"{token}",
               "device_authorization_endpoint":"{device}"{more}}}"#
        ),
    )
}

fn account(issuer: &str, grant: &str) -> String {
    AccountToml::new(grant, grant).with("issuer", issuer).secret("s").to_string()
}

fn place() -> (ScriptedServer, Place, Rig) {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.window();
    (server, place, rig)
}

/// Why an import of this issuer fails; nothing is saved.
fn failure(rig: &Rig, issuer: &str) -> NotDiscovered {
    match rig.import(&account(issuer, "authorization_code")).unwrap_err() {
        Problem::Discovery(DiscoveryProblem { issuer: of, why }) => {
            assert_eq!(of.as_str(), issuer);
            assert!(rig.snapshot().accounts.is_empty());
            why
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_addresses_are_found_in_every_form_of_the_path() {
    for (path, document) in [
        ("", OPENID.to_owned()),
        ("", OAUTH.to_owned()),
        ("/", OPENID.to_owned()),
        ("/t/one", format!("/t/one{OPENID}")),
        ("/t/one", format!("{OAUTH}/t/one")),
        ("/t/one", format!("{OPENID}/t/one")),
        ("/t/one", format!("/t/one{OAUTH}")),
        ("/t/one/", format!("/t/one{OPENID}")),
    ] {
        let (server, _place, rig) = place();
        let issuer = server.url(path);
        server.always(&document, metadata(&server, &issuer, ""));
        rig.import(&account(&issuer, "client_credentials")).unwrap();
        let view = rig.view("client_credentials");
        let endpoints = &view.settings.overrides.endpoints;
        assert_eq!(endpoints.token.as_deref(), Some(server.url("/token").as_str()), "{document}");
        assert_eq!(view.settings.overrides.issuer.as_deref(), Some(issuer.as_str()));
        // Stored with the account: it works without another discovery.
        server.script("/token", Response::json(200, r#"{"access_token":"CANARY-at"}"#));
        let asked = server.requests().len();
        assert_eq!(rig.token("client_credentials").unwrap().access_token.expose(), "CANARY-at");
        assert_eq!(server.requests().len(), asked + 1);
    }
}

#[test]
fn only_a_get_without_credentials_is_sent() {
    let (server, _place, rig) = place();
    let issuer = server.url("");
    server.always(OPENID, metadata(&server, &issuer, ""));
    let grants = ["client_credentials", "device_code", "authorization_code"];
    rig.import(&grants.map(|grant| account(&issuer, grant)).concat()).unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), grants.len());
    for request in requests {
        assert_eq!((request.method.as_str(), request.body.len()), ("GET", 0));
        assert_eq!(request.header("authorization"), None);
    }
    assert!(rig.view("device_code").settings.overrides.endpoints.device.is_some());
}

#[test]
fn what_the_file_says_itself_stays_and_the_best_client_authentication_is_taken() {
    let (server, _place, rig) = place();
    let issuer = server.url("");
    let more = r#","token_endpoint_auth_methods_supported":["client_secret_post"]"#;
    server.always(OPENID, metadata(&server, &issuer, more));
    let own = "[account.endpoints]\nrevoke = \"https://a.example/revoke\"\n";
    rig.import(&format!("{}{own}", account(&issuer, "client_credentials"))).unwrap();
    let overrides = &rig.view("client_credentials").settings.overrides;
    assert_eq!(overrides.client_auth, Some(ClientAuth::Body));
    assert_eq!(overrides.endpoints.revoke.as_deref(), Some("https://a.example/revoke"));
    let chosen = account(&issuer, "device_code").replace("client_id", "client_auth = \"basic\"\nclient_id");
    rig.import(&chosen).unwrap();
    assert_eq!(rig.view("device_code").settings.overrides.client_auth, Some(ClientAuth::Basic));
}

#[test]
fn a3_an_issuer_that_promises_iss_is_held_to_it() {
    let (server, _place, rig) = place();
    let issuer = server.url("");
    let more = r#","authorization_response_iss_parameter_supported":true"#;
    server.always(OPENID, metadata(&server, &issuer, more));
    rig.import(&account(&issuer, "authorization_code")).unwrap();
    let name = "authorization_code";
    for wrong in [vec![("code", "c")], vec![("code", "c"), ("iss", "https://evil.example")]] {
        let (address, mut answers) = rig.start_sign_in(name).unwrap();
        raw::get(return_address(&address, &wrong).as_str());
        assert_eq!(answers.wait().unwrap_err(), Problem::SignIn(SignInProblem::WrongIssuer));
    }
    assert!(server.requests_to("/token").is_empty());
    server.script("/token", Response::json(200, r#"{"access_token":"CANARY-at"}"#));
    let (address, mut answers) = rig.start_sign_in(name).unwrap();
    raw::get(return_address(&address, &[("code", "c"), ("iss", &issuer)]).as_str());
    answers.wait().unwrap();
}

#[test]
fn a3_a_server_that_calls_itself_otherwise_is_not_used() {
    let (server, _place, rig) = place();
    let issuer = server.url("");
    let said = format!("{issuer}/");
    server.always(OPENID, metadata(&server, &said, ""));
    let why = failure(&rig, &issuer);
    assert_eq!(why, NotDiscovered::OtherIssuer { said: UntrustedText::new(&said) });
    // RFC 8414's document is a different one, and may be valid.
    server.always(OAUTH, metadata(&server, &issuer, ""));
    rig.import(&account(&issuer, "authorization_code")).unwrap();
}

#[test]
fn s2_an_insecure_address_in_the_metadata_stops_it_all() {
    let (server, _place, rig) = place();
    let issuer = server.url("");
    let more = r#","revocation_endpoint":"http://a.example/revoke""#;
    server.always(OPENID, metadata(&server, &issuer, more));
    assert_eq!(failure(&rig, &issuer), NotDiscovered::Unusable(EndpointKind::Revoke));
}

#[test]
fn t1_a_redirect_is_not_followed_and_the_places_are_named() {
    let (server, _place, rig) = place();
    let other = ScriptedServer::start();
    let issuer = server.url("");
    server.always(OPENID, Response::redirect(302, &other.url(OPENID)));
    server.always(OAUTH, Response::json(404, ""));
    let why = failure(&rig, &issuer);
    let NotDiscovered::Nothing { tried } = &why else { panic!("{why:?}") };
    assert_eq!(tried.iter().map(|(_, status)| *status).collect::<Vec<_>>(), [302, 404]);
    assert!(other.requests().is_empty());
    let problem = Problem::Discovery(DiscoveryProblem { issuer: UntrustedText::new(&issuer), why });
    let details = explain(&problem, None, None).details.unwrap();
    assert!(details.contains(&format!("{}: HTTP 404", server.url(OAUTH))), "{details}");
}

#[test]
fn i1_an_import_asks_nobody_by_itself() {
    let (server, _place, rig) = place();
    let text = account(&server.url(""), "client_credentials");
    let drafts = import::read(&text, &[]).unwrap().into_iter().map(ImportDraft::from).collect();
    let problem = rig.ask(Command::Import(drafts)).unwrap_err();
    assert_eq!(problem, Problem::Settings(ProviderError::EndpointMissing(EndpointKind::Token)));
    assert!(rig.snapshot().accounts.is_empty());
    // Shutdown waits for running jobs, so an unexpected request would be recorded.
    drop(rig);
    assert_eq!(server.connections(), 0);
}

#[test]
fn one_account_that_finds_nothing_keeps_all_of_the_file_out() {
    let (server, _place, rig) = place();
    let issuer = server.url("");
    let body = format!(r#"{{"issuer":"{issuer}","token_endpoint":"{}"}}"#, server.url("/token"));
    server.always(OPENID, Response::json(200, body));
    let file = account(&issuer, "client_credentials") + &account(&issuer, "device_code");
    let problem = rig.import(&file).unwrap_err();
    let missing = NotDiscovered::Missing(EndpointKind::Device);
    assert!(matches!(problem, Problem::Discovery(problem) if problem.why == missing));
    assert!(rig.snapshot().accounts.is_empty());
}

#[test]
fn an_unreachable_issuer_is_asked_once() {
    let (server, _place, rig) = place();
    server.drop_connections(10);
    let problem = rig.import(&account(&server.url("/t"), "client_credentials")).unwrap_err();
    assert!(matches!(problem, Problem::Unreachable(_)), "{problem:?}");
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_form_is_told_what_was_found_and_nothing_is_saved() {
    let (server, _place, rig) = place();
    let issuer = server.url("");
    server.always(OPENID, metadata(&server, &issuer, ""));
    rig.import(&account(&issuer, "client_credentials")).unwrap();
    let mut settings = rig.view("client_credentials").settings.clone();
    settings.overrides_mut().endpoints = keyfob::domain::provider::spec::Endpoints::default();
    match rig.ask(Command::Discover(Box::new(settings))).unwrap() {
        Reply::Discovered(found) => assert_eq!(found.endpoints.token, Some(server.url("/token"))),
        other => panic!("{other:?}"),
    }
    assert_eq!(rig.snapshot().accounts.len(), 1);
}
