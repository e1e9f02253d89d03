//! Reads import files before anything is saved.

use std::fs::{self, File};

use keyfob::domain::import::{EnvField, Mapping};
use keyfob::messages::command::Command;
use keyfob::messages::event::{Event, ImportRead};
use keyfob::messages::problem::{ArchiveProblem, Problem};

use crate::support::engine::{Place, Rig};
use crate::support::server::ScriptedServer;

fn read(rig: &mut Rig, path: &std::path::Path, mapping: Option<Mapping>) -> Result<ImportRead, Problem> {
    rig.ask(Command::ReadImport { path: path.to_owned(), passphrase: None, mapping })?;
    let Event::ImportRead(read) =
        rig.wait_for_event("the file", |event| matches!(event, Event::ImportRead(_)))
    else {
        unreachable!("it was waited for")
    };
    Ok(read)
}

#[test]
fn i1_an_env_file_is_previewed_and_nothing_is_saved() {
    let place = Place::new();
    let mut rig = place.window();
    let path = place.folder.path().join("settings");
    fs::write(&path, "KEY=i\nTOP=CANARY-1\nWHERE=https://a.example/token\n").unwrap();
    let guessed = read(&mut rig, &path, None).unwrap();
    assert!(guessed.drafts.is_empty());
    assert_eq!(guessed.names.unwrap().names, ["KEY", "TOP", "WHERE"]);
    let names = [(EnvField::ClientId, "KEY"), (EnvField::ClientSecret, "TOP"), (EnvField::TokenUrl, "WHERE")];
    let names = names.map(|(field, name)| (field, name.to_owned())).into();
    let told = read(&mut rig, &path, Some(Mapping { names, provider: None })).unwrap();
    assert_eq!((told.drafts.len(), &told.taken[..]), (1, &[false][..]));
    // Shutdown waits for running jobs.
    drop(rig);
    assert!(place.command_line().snapshot().accounts.is_empty() && place.vault.stored_names().is_empty());
}

#[test]
fn i1_a_file_is_previewed_without_a_connection_to_any_address_in_it() {
    let (place, server) = (Place::new(), ScriptedServer::start());
    let mut rig = place.window();
    let at = |path: &str| server.url(path);
    let own = format!(
        "[[account]]\nname = \"by issuer\"\nprovider = \"custom\"\nissuer = \"{}\"\n\
         grant = \"client_credentials\"\nclient_id = \"i\"\nclient_secret = \"CANARY-1\"\n",
        at("")
    );
    let insomnia = format!(
        r#"{{"_type":"export","__export_format":4,"resources":[{{"_type":"request","_id":"r","name":"A request",
           "url":"{}","authentication":{{"type":"oauth2","grantType":"client_credentials","clientId":"i",
           "accessTokenUrl":"{}"}}}}]}}"#,
        at("/things"),
        at("/token")
    );
    let env = format!("CLIENT_ID=i\nCLIENT_SECRET=CANARY-2\nTOKEN_URL={}\n", at("/token"));
    for text in [own, insomnia, env] {
        let path = place.folder.path().join("accounts");
        fs::write(&path, &text).unwrap();
        assert_eq!(read(&mut rig, &path, None).unwrap().drafts.len(), 1, "{text}");
    }
    assert!(rig.browser.opened.lock().unwrap().is_empty());
    drop(rig);
    assert_eq!(server.connections(), 0);
}

#[test]
fn i1_a_gigabyte_a_folder_and_a_pipe_are_refused() {
    let place = Place::new();
    let mut rig = place.window();
    let path = place.folder.path().join("large");
    File::create(&path).unwrap().set_len(1 << 30).unwrap();
    assert_eq!(read(&mut rig, &path, None).unwrap_err(), Problem::Archive(ArchiveProblem::TooLarge));
    let not_a_file = |problem: Problem| matches!(problem, Problem::Archive(ArchiveProblem::Unusable(_)));
    assert!(not_a_file(read(&mut rig, place.folder.path(), None).unwrap_err()));
    #[cfg(unix)]
    {
        let pipe = place.folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(not_a_file(read(&mut rig, &pipe, None).unwrap_err()));
    }
}
