//! Tokens that leave the vault: the clipboard, the screen and the form.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyfob::base::secret::ClientSecret;
use keyfob::domain::account::environment::Environment;
use keyfob::engine::text_of;
use keyfob::messages::command::{AccountDraft, Command, CopyForm};
use keyfob::messages::event::{Event, Reply};
use keyfob::messages::problem::{Problem, VaultProblem};
use keyfob::store::vault::VaultError;

use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::engine::{Place, Rig, client};
use crate::support::server::{Response, ScriptedServer};

fn account(server: &ScriptedServer) -> String {
    AccountToml::new("bot", "client_credentials")
        .secret("a-secret")
        .raw("headers", "{ X-Key = \"a-key\" }")
        .on(server, &["token"])
        .to_string()
}

fn rig(server: &ScriptedServer, token: &str) -> (Place, Rig) {
    server.always("/token", Response::json(200, format!(r#"{{"access_token":"{token}","expires_in":900}}"#)));
    let place = Place::new();
    let rig = place.window();
    rig.import(&account(server)).unwrap();
    (place, rig)
}

fn copy(rig: &mut Rig, form: CopyForm) {
    rig.handle.send(Command::Copy { account: rig.id("bot"), form }).unwrap();
    rig.wait_for_event("copied", |event| matches!(event, Event::Copied { .. }));
}

#[test]
fn a_copy_gets_the_token_first_and_is_cleared_on_time() {
    let (server, token) = (ScriptedServer::start(), canary());
    let (_place, mut rig) = rig(&server, &token);
    copy(&mut rig, CopyForm::Plain);
    assert_eq!(rig.board.text(), Some(token.clone()));
    copy(&mut rig, CopyForm::Header);
    assert_eq!(rig.board.text(), Some(format!("Authorization: Bearer {token}")));
    assert_eq!(server.requests_to("/token").len(), 1);
    rig.advance(31);
    rig.wait_for_event("cleared", |event| matches!(event, Event::ClipboardCleared));
    assert_eq!(rig.board.text(), None);
}

#[test]
fn a_token_that_was_just_stored_is_copied_without_another_read() {
    let server = ScriptedServer::start();
    let (place, mut rig) = rig(&server, "token");
    let before = place.vault.calls();
    rig.ask(Command::Refresh(rig.id("bot"))).unwrap();
    let of_a_request = place.vault.calls() - before;
    rig.advance(900);
    let before = place.vault.calls();
    copy(&mut rig, CopyForm::Plain);
    assert_eq!(server.requests_to("/token").len(), 2);
    assert_eq!(place.vault.calls() - before, of_a_request);
    let before = place.vault.calls();
    copy(&mut rig, CopyForm::Plain);
    assert_eq!(place.vault.calls() - before, 2, "a stored token is read with its client");
}

#[test]
fn p2_what_the_user_copied_meanwhile_survives() {
    let server = ScriptedServer::start();
    let (_place, mut rig) = rig(&server, "token");
    copy(&mut rig, CopyForm::Plain);
    rig.board.overwrite("the user's own");
    rig.advance(31);
    rig.wait_for_event("cleared", |event| matches!(event, Event::ClipboardCleared));
    assert_eq!(rig.board.text().as_deref(), Some("the user's own"));
}

#[test]
fn p2_the_clipboard_is_cleared_on_quit() {
    let server = ScriptedServer::start();
    let (_place, mut rig) = rig(&server, "token");
    copy(&mut rig, CopyForm::Plain);
    let board = rig.board.clone();
    drop(rig);
    assert_eq!(board.text(), None);
}

#[test]
fn p3_a_failed_copy_never_says_copied() {
    let server = ScriptedServer::start();
    let (_place, mut rig) = rig(&server, "token");
    rig.board.break_it();
    rig.handle.send(Command::Copy { account: rig.id("bot"), form: CopyForm::Plain }).unwrap();
    let event = rig
        .wait_for_event("an answer", |event| matches!(event, Event::Copied { .. } | Event::Problem { .. }));
    assert!(matches!(event, Event::Problem { problem: Problem::Clipboard, .. }), "{event:?}");
    assert!(rig.snapshot().clipboard.is_none());
}

#[test]
fn an_edit_keeps_the_secrets_that_it_does_not_mention() {
    let server = ScriptedServer::start();
    let (_place, mut rig) = rig(&server, "token");
    rig.ask(Command::Edit(rig.id("bot"))).unwrap();
    let event = rig.wait_for_event("the draft", |event| matches!(event, Event::DraftReady { .. }));
    let Event::DraftReady { draft, kept } = event else { unreachable!() };
    assert_eq!(kept, ["client_secret", "X-Key"]);
    assert!(draft.client.client_secret.is_none() && draft.client.headers.is_empty());
    let mut draft = *draft;
    draft.name = "robot".to_owned();
    rig.ask(Command::Save { draft: Box::new(draft), sign_in: false }).unwrap();
    rig.token("robot").unwrap();
    let sent = &server.requests_to("/token")[0];
    assert_eq!(sent.header("x-key"), Some("a-key"));
    assert_eq!(sent.header("authorization"), Some("Basic YW4taWQ6YS1zZWNyZXQ="));
}

#[test]
fn another_client_id_drops_the_tokens_of_the_old_client() {
    let server = ScriptedServer::start();
    let (place, rig) = rig(&server, "token");
    rig.token("bot").unwrap();
    let view = rig.view("bot");
    let draft = AccountDraft {
        editing: Some((view.id.clone(), view.revision)),
        name: "bot".to_owned(),
        settings: view.settings.clone(),
        client: client("another-id", "another-secret"),
    };
    rig.ask(Command::Save { draft: Box::new(draft), sign_in: false }).unwrap();
    assert!(rig.view("bot").token.is_none());
    assert!(place.vault.stored(&format!("tokens/{}", view.id)).is_none());
}

#[test]
fn f4_an_edit_of_what_another_window_has_changed_is_refused() {
    let server = ScriptedServer::start();
    let (place, rig) = rig(&server, "token");
    let other = place.window();
    let view = rig.view("bot");
    let draft = |name: &str| AccountDraft {
        editing: Some((view.id.clone(), view.revision)),
        name: name.to_owned(),
        settings: view.settings.clone(),
        client: client("an-id", "a-secret"),
    };
    other.ask(Command::Save { draft: Box::new(draft("theirs")), sign_in: false }).unwrap();
    let refused = rig.ask(Command::Save { draft: Box::new(draft("ours")), sign_in: false });
    assert_eq!(refused.unwrap_err(), Problem::ChangedElsewhere);
    // The other process's change shows by itself, within two seconds.
    let changed = std::time::Instant::now();
    rig.wait_until("their name", |snapshot| snapshot.accounts[0].name.as_str() == "theirs");
    assert!(changed.elapsed() < std::time::Duration::from_secs(3));
    let stored = place.vault.stored(&format!("client/{}", view.id)).unwrap();
    assert!(stored.expose().contains("theirs"), "the refused edit is not in the vault");
}

#[test]
fn a_deletion_can_be_undone_and_then_it_is_final() {
    let server = ScriptedServer::start();
    let (place, mut rig) = rig(&server, "token");
    rig.token("bot").unwrap();
    let id = rig.id("bot");
    rig.ask(Command::Delete(id.clone())).unwrap();
    rig.wait_until("hidden", |snapshot| snapshot.accounts.is_empty() && snapshot.undo.len() == 1);
    assert_eq!(place.vault.stored_names().len(), 2);
    rig.ask(Command::UndoDelete(id.clone())).unwrap();
    rig.wait_until("back", |snapshot| snapshot.accounts.len() == 1);
    rig.wait_for_event("back", |event| matches!(event, Event::Restored(back) if *back == id));
    rig.ask(Command::Delete(id)).unwrap();
    rig.advance(11);
    rig.wait_until("gone", |snapshot| snapshot.undo.is_empty());
    assert!(place.vault.stored_names().is_empty());
}

#[test]
fn a_deletion_that_can_be_undone_is_left_alone_by_other_processes() {
    let server = ScriptedServer::start();
    let (place, rig) = rig(&server, "token");
    let id = rig.id("bot");
    rig.ask(Command::Delete(id.clone())).unwrap();
    let other = place.command_line();
    assert!(other.snapshot().accounts.is_empty());
    drop(other);
    assert_eq!(place.vault.stored_names().len(), 1);
    rig.ask(Command::UndoDelete(id)).unwrap();
    rig.wait_until("back", |snapshot| snapshot.accounts.len() == 1);
    rig.token("bot").unwrap();
}

#[test]
fn a_removal_that_fails_leaves_the_account_as_it_was() {
    let server = ScriptedServer::start();
    let (place, rig) = rig(&server, "token");
    let id = rig.id("bot");
    place.vault.fail_all(Some(VaultError::Locked));
    assert_eq!(rig.ask(Command::Remove(id.clone())).err(), Some(Problem::Vault(VaultProblem::Locked)));
    rig.wait_until("back", |snapshot| snapshot.accounts.len() == 1);
    place.vault.fail_all(None);
    assert_eq!(place.command_line().snapshot().accounts.len(), 1);
    rig.token("bot").unwrap();
    rig.ask(Command::Remove(id)).unwrap();
    assert!(place.vault.stored_names().is_empty());
}

#[test]
fn a_deletion_is_finished_on_quit() {
    let server = ScriptedServer::start();
    let (place, rig) = rig(&server, "token");
    rig.ask(Command::Delete(rig.id("bot"))).unwrap();
    drop(rig);
    assert!(place.vault.stored_names().is_empty());
    assert!(place.window().snapshot().accounts.is_empty());
}

#[test]
fn a_copy_of_an_account_has_its_credentials_and_not_its_tokens() {
    let server = ScriptedServer::start();
    let (_place, rig) = rig(&server, "token");
    rig.token("bot").unwrap();
    set_environment(&rig, Environment::Staging).unwrap();
    assert!(rig.view("bot").token.is_some(), "the environment changes no request");
    assert!(matches!(rig.ask(Command::Duplicate(rig.id("bot"))), Ok(Reply::Saved(_))));
    assert!(rig.view("bot copy").token.is_none());
    assert_eq!(rig.view("bot copy").settings.environment, Some(Environment::Staging));
    rig.token("bot copy").unwrap();
    assert_eq!(server.requests_to("/token").len(), 2);
}

fn set_environment(rig: &Rig, environment: Environment) -> Result<(), Problem> {
    let view = rig.view("bot");
    let mut draft = AccountDraft {
        editing: Some((view.id.clone(), view.revision)),
        name: "bot".to_owned(),
        settings: view.settings.clone(),
        client: keyfob::domain::account::Client { client_id: "an-id".to_owned(), ..Default::default() },
    };
    draft.settings.environment = Some(environment);
    rig.ask(Command::Save { draft: Box::new(draft), sign_in: false }).map(drop)
}

#[test]
fn names_are_unique_ignoring_case() {
    let server = ScriptedServer::start();
    let (_place, rig) = rig(&server, "token");
    let draft = AccountDraft {
        editing: None,
        name: " BOT ".to_owned(),
        settings: rig.view("bot").settings.clone(),
        client: keyfob::domain::account::Client {
            client_secret: Some(ClientSecret::new("s".to_owned())),
            ..client("i", "s")
        },
    };
    let taken = rig.ask(Command::Save { draft: Box::new(draft), sign_in: false }).unwrap_err();
    assert_eq!(taken, Problem::NameTaken("BOT".to_owned()));
}

#[test]
fn x9_a_copied_curl_line_names_the_accounts_own_server() {
    let place = Place::new();
    let mut rig = place.window();
    let enterprise = "endpoints = { authorize = \"https://github.example.com/login/oauth/authorize\", \
                      token = \"https://github.example.com/login/oauth/access_token\" }";
    let own_api = "api = { base_url = \"https://github.example.com/api/v3/user\" }";
    let host = |host: &str| format!("variables = {{ host = \"{host}\" }}");
    let hubspot = "endpoints = { token = \"https://hubapi.example.com/token\" }";
    for (provider, more, url) in [
        ("gitlab", String::new(), "https://gitlab.com/api/v4/user"),
        ("gitlab", host("gitlab.example.com"), "https://gitlab.example.com/api/v4/user"),
        ("github", String::new(), "https://api.github.com/user"),
        ("github", enterprise.to_owned(), "https://github.example.com/"),
        ("github", format!("{enterprise}\n{own_api}"), "https://github.example.com/api/v3/user"),
        ("salesforce", String::new(), "https://login.salesforce.com/"),
        ("salesforce", host("acme.my.salesforce.com"), "https://acme.my.salesforce.com/"),
        ("hubspot", String::new(), "https://api.hubapi.com/crm/v3/objects/contacts?limit=1"),
        ("hubspot", hubspot.to_owned(), "https://hubapi.example.com/"),
    ] {
        let account = AccountToml::of_preset("bot", provider)
            .secret("s")
            .lines(&more)
            .lines(&format!(
                "[account.tokens]\naccess_token = \"CANARY-own\"\nreceived_at = \"{}\"",
                rig.now().to_rfc3339()
            ))
            .to_string();
        rig.import(&account).unwrap();
        copy(&mut rig, CopyForm::Curl);
        let line = format!("curl --header 'Authorization: Bearer CANARY-own' '{url}'");
        assert_eq!(rig.board.text(), Some(line.clone()), "{provider} {more}");
        // As the command line prints it.
        assert_eq!(text_of(CopyForm::Curl, &rig.token("bot").unwrap()).unwrap().expose(), line);
        rig.ask(Command::Remove(rig.id("bot"))).unwrap();
    }
}

/// An account whose sign-in returned an ID token that is valid for `life` seconds.
fn signed_in(server: &ScriptedServer, life: i64) -> (Place, Rig) {
    let place = Place::new();
    let rig = place.window();
    let account = AccountToml::new("bot", "authorization_code")
        .secret("a-secret")
        .on(server, &["token", "authorize"])
        .lines(&format!(
            "[account.tokens]\naccess_token = \"CANARY-access\"\nrefresh_token = \"CANARY-refresh\"\n\
             id_token = \"{}\"\nreceived_at = \"{}\"",
            id_token(rig.now().timestamp() + life),
            rig.now().to_rfc3339()
        ))
        .to_string();
    rig.import(&account).unwrap();
    (place, rig)
}

/// An ID token that expires at this time, unsigned, with a canary.
fn id_token(exp: i64) -> String {
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"exp":{exp}}}"#));
    format!("eyJhbGciOiJub25lIn0.{claims}.CANARY")
}

#[test]
fn p2_an_id_token_is_copied_and_cleared_like_a_token() {
    let server = ScriptedServer::start();
    let (_place, mut rig) = signed_in(&server, 600);
    copy(&mut rig, CopyForm::IdToken);
    let copied = rig.board.text().unwrap();
    assert_eq!(copied, id_token(rig.now().timestamp() + 600));
    assert!(rig.board.is_marked_secret());
    let snapshot = format!("{:?}", rig.snapshot());
    assert!(!snapshot.contains("CANARY"), "{snapshot}");
    rig.advance(31);
    rig.wait_for_event("cleared", |event| matches!(event, Event::ClipboardCleared));
    assert_eq!(rig.board.text(), None);
    assert!(server.requests().is_empty());
}

#[test]
fn an_expired_id_token_is_renewed_before_it_is_copied() {
    let server = ScriptedServer::start();
    let (_place, mut rig) = signed_in(&server, -1);
    let fresh = id_token(rig.now().timestamp() + 600);
    let body = format!(r#"{{"access_token":"CANARY-new","refresh_token":"r","id_token":"{fresh}"}}"#);
    server.script("/token", Response::json(200, body));
    copy(&mut rig, CopyForm::IdToken);
    assert_eq!(rig.board.text(), Some(fresh));
    copy(&mut rig, CopyForm::IdToken);
    assert_eq!(server.requests_to("/token").len(), 1, "it is valid now");
}

#[test]
fn an_id_token_that_no_refresh_renews_is_said_to_have_expired() {
    let server = ScriptedServer::start();
    let (_place, mut rig) = signed_in(&server, -1);
    let old = id_token(rig.now().timestamp() - 1);
    server.always("/token", Response::json(200, r#"{"access_token":"CANARY-new"}"#));
    copy(&mut rig, CopyForm::IdToken);
    let event = rig.wait_for_event("a warning", |event| matches!(event, Event::Problem { .. }));
    assert!(matches!(event, Event::Problem { problem: Problem::IdTokenExpired(_), .. }), "{event:?}");
    assert_eq!(rig.board.text(), Some(old));
    assert_eq!(server.requests_to("/token").len(), 1, "one try");
    // The access token needs no other.
    copy(&mut rig, CopyForm::Plain);
    assert_eq!(rig.board.text().as_deref(), Some("CANARY-new"));
    assert_eq!(server.requests_to("/token").len(), 1);
}

#[test]
fn p3_without_an_id_token_nothing_is_copied() {
    let server = ScriptedServer::start();
    let (_place, mut rig) = rig(&server, "token");
    rig.handle.send(Command::Copy { account: rig.id("bot"), form: CopyForm::IdToken }).unwrap();
    let event = rig
        .wait_for_event("an answer", |event| matches!(event, Event::Copied { .. } | Event::Problem { .. }));
    assert!(matches!(event, Event::Problem { problem: Problem::NoIdToken, .. }), "{event:?}");
    assert_eq!(rig.board.text(), None);
    assert_eq!(rig.view("bot").problem, None, "the account is all right");
}
