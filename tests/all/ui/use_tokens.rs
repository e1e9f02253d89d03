//! *Use it from…* and *Try a request*: lines without a secret, and a request through the engine.

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use keyfob::base::secret::SecretText;
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::domain::oauth::http_request::Method;
use keyfob::messages::command::Command;
use keyfob::messages::event::{ApiAnswer, Event, Reply};
use keyfob::messages::problem::Problem;
use keyfob::messages::snapshot::Snapshot;

use super::fixtures::{account, id, snapshot, token};
use super::harness::Rig;

/// A window with one account, whose API has this base URL.
fn with_api(base_url: Option<&str>) -> Snapshot {
    let mut car = account(1, "car-dev", "smartsense", GrantType::ClientCredentials);
    "smartsense".clone_into(&mut car.settings.provider);
    std::sync::Arc::make_mut(&mut car.settings.overrides).api.base_url = base_url.map(str::to_owned);
    car.token = Some(token(3600, Some(3000)));
    snapshot(vec![car])
}

fn tab(rig: &mut Rig, name: &str) {
    rig.0.get_by_role_and_label(Role::Tab, name).click_accesskit();
    rig.0.run();
}

#[test]
fn each_program_has_a_line_to_copy_without_a_secret() {
    let mut rig = Rig::sized(with_api(Some("https://api.example.com/v1/me")), (960.0, 1400.0));
    rig.press("More actions");
    rig.press("Use it from…");
    assert!(rig.0.query_by_role_and_label(Role::Heading, "Use car-dev from…").is_some(), "{}", rig.tree());
    for (program, part) in [
        ("Shell", "keyfob run -e "),
        ("PowerShell", "$env:CAR_DEV_TOKEN = keyfob token "),
        (".env file", "CAR_DEV_TOKEN=keyfob://car-dev/token"),
        ("Git", "credential.https://api.example.com.helper"),
        ("kubectl", "kubectl config set-credentials"),
        ("Docker", "credHelpers"),
        ("Cargo", "credential-provider"),
        ("MCP client", "headersHelper"),
        ("Proxy", "keyfob run --proxy="),
    ] {
        rig.press(&format!("Copy the line for {program}"));
        let Command::CopyText(line) = rig.command() else { panic!("{program}") };
        assert!(line.contains(part) && line.contains("car-dev") || program == "Docker", "{line}");
        assert!(rig.tree().contains(&line), "{line}");
    }
    rig.press("Close");
    assert!(rig.can_press("More actions"), "back on the account's page");
}

#[test]
fn an_account_without_an_api_says_so() {
    let mut rig = Rig::new(with_api(None));
    tab(&mut rig, "Try a request");
    assert!(rig.tree().contains("The account has no API base URL"), "{}", rig.tree());
    rig.press("More actions");
    rig.press("Use it from…");
    assert!(!rig.can_press("Copy the line for Git") && rig.can_press("Copy the line for curl"));
}

fn answered(status: u16, body: &str) -> Event {
    let answer = ApiAnswer {
        status,
        took_ms: 120,
        size_bytes: body.len(),
        headers: vec![("content-type".to_owned(), SecretText::new("application/json".to_owned()))],
        body: SecretText::new(body.to_owned()),
        is_too_large: false,
    };
    Event::Done(Reply::ApiAnswered { account: id(1), answer: Box::new(Ok(answer)) })
}

#[test]
fn a_request_is_sent_and_its_answer_shown_and_searched() {
    let mut rig = Rig::sized(with_api(Some("https://api.example.com/v1/me?full=1")), (960.0, 1600.0));
    tab(&mut rig, "Try a request");
    assert_eq!(rig.field("Path").value().as_deref(), Some("/v1/me?full=1"), "the preset's own request");
    rig.press("Send");
    let Command::SendApiRequest { account, request, renew } = rig.command() else { panic!("no request") };
    assert_eq!(
        (account, request.method, request.target.as_str(), renew),
        (id(1), Method::Get, "/v1/me?full=1", false)
    );
    assert!(!rig.can_press("Send"), "one at a time");
    rig.tell(answered(200, r#"{"name":"Wagen","wheels":[4]}"#));
    let tree = rig.tree();
    assert!(
        tree.contains("HTTP 200 · 120 ms · 29 bytes") && tree.contains("  \"name\": \"Wagen\","),
        "{tree}"
    );
    rig.press("Show headers");
    assert!(rig.tree().contains("content-type: application/json"));
    rig.fill("Search the answer", "WAGEN");
    let tree = rig.tree();
    assert!(tree.contains("\"Wagen\"") && !tree.contains("\"wheels\""), "{tree}");
    rig.press("Copy as cURL");
    let Command::CopyText(line) = rig.command() else { panic!("no line") };
    assert_eq!(
        line,
        "keyfob token --as curl-config car-dev | curl --config - 'https://api.example.com/v1/me?full=1'"
    );
}

#[test]
fn a_rejected_token_offers_a_new_one_and_other_hosts_are_refused() {
    let mut rig = Rig::sized(with_api(Some("https://api.example.com/v1/me")), (960.0, 1600.0));
    tab(&mut rig, "Try a request");
    rig.choose("Method", "POST");
    rig.0.get_by_role_and_label(Role::MultilineTextInput, "Body").focus();
    rig.0.get_by_role_and_label(Role::MultilineTextInput, "Body").type_text("{}");
    rig.0.run();
    rig.press("Send");
    drop(rig.command());
    rig.tell(answered(401, ""));
    rig.press("Refresh and send again");
    let Command::SendApiRequest { request, renew, .. } = rig.command() else { panic!("no request") };
    assert_eq!((request.method, request.body.as_str(), renew), (Method::Post, "{}", true));
    let answer = Box::new(Err(Problem::NeedsSignIn));
    rig.tell(Event::Done(Reply::ApiAnswered { account: id(1), answer }));
    assert!(rig.tree().contains("has no token that can be used"), "{}", rig.tree());
    for (path, reason) in [
        ("https://evil.example/x", "Only the API's own host gets the token."),
        ("http://", "Enter a path that begins with /."),
    ] {
        rig.refill("Path", path);
        assert!(!rig.can_press("Send") && rig.tree().contains(reason), "{path}");
    }
    rig.change(|snapshot| snapshot.locked = true);
    rig.change(|snapshot| snapshot.locked = false);
    assert_eq!(rig.field("Path").value().as_deref(), Some("/v1/me"), "a lock forgets what was typed");
}
