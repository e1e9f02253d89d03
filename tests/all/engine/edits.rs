//! Validation of an account before an edit is saved.

use keyfob::base::secret::PrivateKey;
use keyfob::domain::oauth::jose::{KeyAlg, KeyError};
use keyfob::messages::command::{AccountDraft, Command};
use keyfob::messages::explain::explain;
use keyfob::messages::problem::Problem;

use crate::support::account_toml::AccountToml;
use crate::support::engine::{Place, Rig};
use crate::support::server::{Response, ScriptedServer};

/// Published private keys: RFC 7515, appendix A.3.1, and RFC 8037, appendix A.1.
const KEY: &str = r#"{"kty":"EC","crv":"P-256","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
const OTHER_KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#;

fn signs(server: &ScriptedServer) -> (Place, Rig) {
    let place = Place::new();
    let rig = place.window();
    let account = AccountToml::new("bot", "client_credentials")
        .with("client_auth", "private_key_jwt")
        .with("private_key", KEY)
        .on(server, &["token"])
        .to_string();
    rig.import(&account).unwrap();
    (place, rig)
}

/// What the form sends after an edit of its key fields.
fn edit(rig: &Rig, key: Option<&str>, alg: Option<KeyAlg>) -> Result<(), Problem> {
    let view = rig.view("bot");
    let mut draft = AccountDraft {
        editing: Some((view.id.clone(), view.revision)),
        name: "bot".to_owned(),
        settings: view.settings.clone(),
        client: keyfob::domain::account::Client { client_id: "id".to_owned(), ..Default::default() },
    };
    draft.settings.overrides_mut().key_alg = alg;
    draft.client.private_key = key.map(|key| PrivateKey::new(key.to_owned()));
    rig.ask(Command::Save { draft: Box::new(draft), sign_in: false }).map(drop)
}

#[test]
fn a_new_key_that_cant_sign_is_said_when_it_is_saved_and_the_old_one_stays() {
    let server = ScriptedServer::start();
    let (_place, rig) = signs(&server);
    let revision = rig.view("bot").revision;
    let refused = edit(&rig, Some("-----BEGIN PRIVATE KEY-----\nno\n"), None).unwrap_err();
    assert_eq!(refused, Problem::BadKey(KeyError::Unreadable));
    assert!(explain(&refused, Some("bot"), None).what.starts_with("The private key of "));
    // The stored key is no Ed25519 key, and the other is no P-256 key.
    let wrong = Problem::BadKey(KeyError::WrongAlg);
    assert_eq!(edit(&rig, None, Some(KeyAlg::EdDSA)).unwrap_err(), wrong);
    assert_eq!(edit(&rig, Some(OTHER_KEY), Some(KeyAlg::ES256)).unwrap_err(), wrong);
    assert_eq!(rig.view("bot").revision, revision, "nothing was saved");
    server.script("/token", Response::json(200, r#"{"access_token":"t","expires_in":60}"#));
    rig.token("bot").expect("the stored key signs as before");

    edit(&rig, Some(OTHER_KEY), Some(KeyAlg::EdDSA)).unwrap();
    assert!(rig.view("bot").revision > revision);
}
