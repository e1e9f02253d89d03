//! Requests of the window to an account's API.

use keyfob::domain::api::api_request::ApiRequest;
use keyfob::domain::http_log::record::RequestKind;
use keyfob::domain::oauth::http_request::Method;
use keyfob::messages::command::Command;
use keyfob::messages::event::{ApiAnswer, Reply};
use keyfob::messages::problem::Problem;

use crate::support::account_toml::AccountToml;
use crate::support::engine::{Place, Rig};
use crate::support::server::{Response, ScriptedServer};

fn send(rig: &Rig, target: &str, renew: bool) -> Result<ApiAnswer, Problem> {
    let headers = vec![("Accept".to_owned(), "text/csv".to_owned())];
    let request =
        ApiRequest { method: Method::Put, target: target.to_owned(), headers, body: "a;b".to_owned() };
    let command = Command::SendApiRequest { account: rig.id("car"), request: Box::new(request), renew };
    match rig.ask(command)? {
        Reply::ApiAnswered { answer, .. } => *answer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn u1_a_request_of_the_window_has_a_token_for_its_api_alone() {
    let (server, place) = (ScriptedServer::start(), Place::new());
    let rig = place.window();
    let account = AccountToml::new("car", "client_credentials")
        .secret("a-secret")
        .lines(&format!("[account.api]\nbase_url = \"{}\"", server.url("/v1")))
        .on(&server, &["token"]);
    rig.import(&account.to_string()).unwrap();
    for number in 1..=2 {
        let body = format!(r#"{{"access_token":"CANARY-{number}","expires_in":3600}}"#);
        server.script("/token", Response::json(200, body));
    }
    server.always("/x", Response::json(401, r#"{"seen":"Bearer CANARY-1"}"#).header("X-Seen", "CANARY-1"));
    let answer = send(&rig, "/x?y", false).unwrap();
    assert_eq!((answer.status, answer.size_bytes), (401, 26));
    assert_eq!(answer.body.expose(), r#"{"seen":"Bearer [access token]"}"#);
    assert!(answer.headers.iter().all(|(_, value)| !value.expose().contains("CANARY")));
    let asked = &server.requests_to("/x")[0];
    assert_eq!((asked.method.as_str(), asked.query.as_str(), asked.text().as_str()), ("PUT", "y", "a;b"));
    let sent = |name: &str| asked.header(name).map(str::to_owned);
    assert_eq!(
        (sent("authorization").as_deref(), sent("accept").as_deref()),
        (Some("Bearer CANARY-1"), Some("text/csv"))
    );
    // A new token on demand, and no request elsewhere.
    send(&rig, "/x", true).unwrap();
    assert_eq!(server.requests_to("/x")[1].header("authorization"), Some("Bearer CANARY-2"));
    let elsewhere = ScriptedServer::start();
    assert!(send(&rig, &elsewhere.url("/x"), false).is_err());
    assert_eq!(elsewhere.connections(), 0);
    let Ok(Reply::HttpLog(kept)) = rig.ask(Command::ReadHttpLog(rig.id("car"))) else { panic!("none") };
    let kinds: Vec<RequestKind> = kept.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [RequestKind::Api, RequestKind::Token, RequestKind::Api, RequestKind::Token]);
    assert!(!format!("{kept:?}").contains("CANARY"), "{kept:?}");
}
