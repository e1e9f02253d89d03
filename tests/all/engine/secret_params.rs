//! Extra request parameters are secrets: in edits, copies, and migrations of older databases.

use std::collections::BTreeMap;

use keyfob::base::secret::{ParamValue, SecretText};
use keyfob::domain::account::Client;
use keyfob::messages::command::{AccountDraft, Command};
use keyfob::messages::event::{Event, Reply};
use keyfob::store::database::Accounts;
use serde_json::Value;

use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::engine::{Place, Rig};
use crate::support::server::{Request, Response, ScriptedServer};

fn server() -> ScriptedServer {
    let server = ScriptedServer::start();
    server.always("/token", Response::json(200, r#"{"access_token":"t","expires_in":60}"#));
    server
}

fn account(server: &ScriptedServer, canary: &str) -> String {
    AccountToml::new("bot", "client_credentials")
        .secret("s")
        .raw("token_params", &format!("{{ api_key = \"{canary}\", audience = \"api\" }}"))
        .raw("authorize_params", &format!("{{ site_key = \"{canary}\" }}"))
        .raw("request_headers", &format!("{{ X-Api-Key = \"{canary}\" }}"))
        .on(server, &["token"])
        .to_string()
}

/// The form fields that were sent, and the key's header.
fn sent(request: &Request) -> (BTreeMap<String, String>, Option<String>) {
    (request.form().into_iter().collect(), request.header("x-api-key").map(str::to_owned))
}

/// Refreshes the token and returns what was sent.
fn renewed(server: &ScriptedServer, rig: &Rig, name: &str) -> (BTreeMap<String, String>, Option<String>) {
    rig.ask(Command::Refresh(rig.id(name))).unwrap();
    sent(server.requests_to("/token").last().unwrap())
}

fn edit(rig: &Rig, params: &[(&str, &str)]) {
    let view = rig.view("bot");
    let value = |(name, value): &(&str, &str)| ((*name).to_owned(), ParamValue::new((*value).to_owned()));
    let client = Client {
        client_id: "i".to_owned(),
        token_params: params.iter().map(value).collect(),
        ..Client::default()
    };
    let draft = AccountDraft {
        editing: Some((view.id.clone(), view.revision)),
        name: "bot".to_owned(),
        settings: view.settings.clone(),
        client,
    };
    rig.ask(Command::Save { draft: Box::new(draft), sign_in: false }).unwrap();
}

#[test]
fn x6_an_edit_keeps_replaces_and_removes_a_parameter() {
    let (server, place, canary) = (server(), Place::new(), canary());
    let mut rig = place.window();
    rig.import(&account(&server, &canary)).unwrap();
    rig.ask(Command::Edit(rig.id("bot"))).unwrap();
    let event = rig.wait_for_event("the draft", |event| matches!(event, Event::DraftReady { .. }));
    let Event::DraftReady { draft, kept } = event else { unreachable!() };
    assert_eq!(kept, ["client_secret", "X-Api-Key", "authorize_params.site_key", "token_params.api_key"]);
    assert!(draft.client.token_params.is_empty() && draft.client.authorize_params.is_empty());
    assert!(!format!("{draft:?} {:?}", rig.snapshot()).contains("CANARY"));

    edit(&rig, &[]);
    let (form, header) = renewed(&server, &rig, "bot");
    assert_eq!((form["api_key"].as_str(), form["audience"].as_str()), (canary.as_str(), "api"));
    assert_eq!(header.as_deref(), Some(canary.as_str()));
    edit(&rig, &[("api_key", "CANARY-new")]);
    assert_eq!(renewed(&server, &rig, "bot").0["api_key"], "CANARY-new");
    assert!(matches!(rig.ask(Command::Duplicate(rig.id("bot"))), Ok(Reply::Saved(_))));
    assert_eq!(renewed(&server, &rig, "bot copy").0["api_key"], "CANARY-new");
    edit(&rig, &[("api_key", "")]);
    assert!(!renewed(&server, &rig, "bot").0.contains_key("api_key"));
}

#[test]
fn x6_a_draft_with_a_secret_in_its_settings_is_saved_without_it() {
    let (server, place, canary) = (server(), Place::new(), canary());
    let rig = place.window();
    rig.import(&account(&server, "CANARY-old")).unwrap();
    let view = rig.view("bot");
    let mut settings = view.settings.clone();
    settings.overrides_mut().token_params.insert("api_key".to_owned(), canary.clone());
    let client = Client { client_id: "i".to_owned(), ..Client::default() };
    let draft = AccountDraft {
        editing: Some((view.id.clone(), view.revision)),
        name: "bot".to_owned(),
        settings,
        client,
    };
    rig.ask(Command::Save { draft: Box::new(draft), sign_in: false }).unwrap();
    assert_eq!(renewed(&server, &rig, "bot").0["api_key"], canary);
    assert!(!format!("{:?}", rig.snapshot()).contains("CANARY"));
    assert!(!on_disk(&place, &canary));
}

fn on_disk(place: &Place, canary: &str) -> bool {
    let bytes = std::fs::read(place.home().database_path()).unwrap();
    bytes.windows(canary.len()).any(|window| window == canary.as_bytes())
}

/// Downgrades the account to an earlier version's format, with the parameters among the settings. Without
/// `record_too` only the row is old, as after a crash between the two writes.
fn age(place: &Place, id: &str, canary: &str, record_too: bool) {
    let database = rusqlite::Connection::open(place.home().database_path()).unwrap();
    let text: String = database.query_row("SELECT settings FROM accounts", [], |row| row.get(0)).unwrap();
    let mut settings: Value = serde_json::from_str(&text).unwrap();
    settings["overrides"]["token_params"]["api_key"] = canary.into();
    settings["overrides"]["authorize_params"]["site_key"] = canary.into();
    settings["overrides"]["request_headers"]["X-Api-Key"] = canary.into();
    database.execute("UPDATE accounts SET settings = ?1", [settings.to_string()]).unwrap();
    if record_too {
        let name = format!("client/{id}");
        let stored = place.vault.stored(&name).unwrap();
        let mut record: Value = serde_json::from_str(stored.expose()).unwrap();
        record["v"] = 2.into();
        record["settings"] = settings;
        for key in ["authorize_params", "token_params"] {
            record.as_object_mut().unwrap().remove(key);
        }
        record["headers"] = Value::Object(serde_json::Map::new());
        place.vault.plant(&name, SecretText::new(record.to_string()));
    }
}

#[test]
fn x6_parameters_of_an_older_database_move_to_the_vault() {
    for record_too in [true, false] {
        let (server, place, canary) = (server(), Place::new(), canary());
        let rig = place.command_line();
        rig.import(&account(&server, &canary)).unwrap();
        let id = rig.id("bot");
        drop(rig);
        assert!(!on_disk(&place, &canary));
        age(&place, id.as_str(), &canary, record_too);
        assert!(on_disk(&place, &canary));

        let calls = place.vault.calls();
        let rig = place.window();
        assert!(!format!("{:?}", rig.snapshot()).contains(&canary), "nothing of it is shown");
        assert_eq!(place.vault.calls(), calls, "the vault is not opened for it");
        // The first use of the vault migrates it, whichever account it is for.
        let (form, header) = renewed(&server, &rig, "bot");
        assert_eq!((form["api_key"].as_str(), form["audience"].as_str()), (canary.as_str(), "api"));
        assert_eq!(header.as_deref(), Some(canary.as_str()));
        rig.wait_until("cleaned", |_| !on_disk(&place, &canary));
        drop(rig);
        let record = place.vault.stored(&format!("client/{id}")).unwrap();
        let record: Value = serde_json::from_str(record.expose()).unwrap();
        assert_eq!(record["token_params"]["api_key"], canary.as_str());
        assert!(record["v"].as_u64() >= Some(3), "{record}");
        assert!(!record["settings"].to_string().contains(&canary), "{record}");
        let stored = Accounts::open(&place.home()).unwrap().load().unwrap();
        assert!(!stored.accounts[0].has_secret_params);
        assert_eq!(renewed(&server, &place.command_line(), "bot").0["api_key"], canary);
    }
}

#[test]
fn x6_a_row_keeps_its_values_while_the_vault_refuses_to_write() {
    let (server, place, canary) = (server(), Place::new(), canary());
    let rig = place.command_line();
    rig.import(&account(&server, &canary)).unwrap();
    let id = rig.id("bot");
    drop(rig);
    age(&place, id.as_str(), &canary, true);
    let rig = place.command_line();
    place.vault.fail_writes(1000, &keyfob::store::vault::VaultError::Locked);
    let _ = rig.ask(Command::Refresh(rig.id("bot")));
    drop(rig);
    assert!(on_disk(&place, &canary));
}
