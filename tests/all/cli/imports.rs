//! Imports of other tools' files on the command line.

use std::fs::File;
use std::io::Write as _;
use std::process::Stdio;

use super::place::Place;
use crate::support::account_toml::AccountToml;
use crate::support::desktop::Bus;

const GOOGLE: &str = r#"{"installed":{"client_id":"1-a.apps.googleusercontent.com","project_id":"mail-1",
"client_secret":"CANARY-google","redirect_uris":["http://localhost"]}}"#;

const ENV: &str = "PORT=8080\nKEY=i\nTOP='CANARY-env'\nWHERE=https://auth.acme.example/token\n";

#[test]
fn a_file_of_another_program_is_told_by_what_is_in_it() {
    let bus = Bus::start();
    let place = Place::on(&bus);
    // The file name tells nothing.
    let file = place.file("notes.txt", GOOGLE);
    let run = place.run(&["--vault", "memory", "import", "--dry-run", &file]);
    assert_eq!(
        (run.out.as_str(), run.err.as_str()),
        ("Would add Google mail-1: Google, authorization_code\n", "")
    );
    assert_eq!(place.run(&["list", "--json"]).json(), serde_json::json!([]));
    let run = place.run(&["--vault", "memory", "import", &file]);
    assert!(run.err.contains("still holds the secrets"), "{run:?}");
    assert_eq!(run.ok(), "Added Google mail-1\n");
    let postman = r#"{"info":{"name":"x"},"item":[{"name":"Old","request":{"auth":{"type":"oauth2","oauth2":{"grant_type":"implicit"}}}},
        {"name":"New","request":{"auth":{"type":"oauth2","oauth2":{"grant_type":"client_credentials",
        "accessTokenUrl":"https://a.example/token","clientId":"i","clientSecret":"CANARY-postman"}}}}]}"#;
    let run = place.run_with(&["--vault", "memory", "import", "-"], postman);
    assert!(run.err.contains("“Old” was left out: the implicit grant"), "{run:?}");
    assert_eq!(run.ok(), "Added New\n");
    let told = place.run_with(&["--vault", "memory", "import", "-"], r#"{"info":{},"item":[]}"#).failed(1);
    assert!(told.contains("no OAuth 2.0 settings"), "{told}");
}

#[test]
fn the_names_of_an_env_file_are_mapped() {
    let bus = Bus::start();
    let place = Place::on(&bus);
    let import = |more: &[&str]| place.run_with(&[&["--vault", "memory", "import", "-"], more].concat(), ENV);
    let told = import(&[]).failed(1);
    assert!(told.contains("--map CLIENT_ID=NAME") && told.contains("PORT, KEY, TOP, WHERE"), "{told}");
    assert!(!told.contains("CANARY"), "{told}");
    let names = ["--map", "CLIENT_ID=KEY", "--map", "client_secret=TOP"];
    assert_eq!(import(&[&names[..], &["--map", "TOKEN_URL=WHERE"]].concat()).ok(), "Added Imported\n");
    assert_eq!(import(&[&names[..], &["--provider", "github"]].concat()).ok(), "Added GitHub\n");
    assert!(import(&[&names[..], &["--provider", "gitbub"]].concat()).failed(1).contains("no provider"));
    assert!(import(&["--map", "CLIENT_ID=NONE"]).failed(1).contains("no variable “NONE”"));
    import(&["--map", "CLIENT=KEY"]).failed(2);
    let told =
        place.run_with(&["--vault", "memory", "import", "-", "--provider", "github"], GOOGLE).failed(1);
    assert!(told.contains("are for .env files"), "{told}");
}

#[test]
fn i1_a_gigabyte_is_refused_at_once() {
    let bus = Bus::start();
    let place = Place::on(&bus);
    let path = place.file("large.json", "");
    File::options().write(true).open(&path).unwrap().set_len(1 << 30).unwrap();
    let told = place.run(&["--vault", "memory", "import", &path]).failed(1);
    assert!(told.contains("larger than 4 MiB"), "{told}");

    // From an endless input no more than the limit is read.
    let mut import = place.command(&["--vault", "memory", "import", "-"]);
    let mut child = import.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let chunk = vec![b'#'; 64 << 10];
    let taken = (0..1 << 10).take_while(|_| input.write_all(&chunk).is_ok()).count();
    drop(input);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(taken << 16 < 5 << 20, "{taken} times 64 KiB were read");
}

#[test]
fn i2_a_file_that_moves_stored_secrets_is_refused() {
    let bus = Bus::start();
    let _keyring = crate::support::desktop::Keyring::lasting(&bus);
    let place = Place::on(&bus);
    let own = |more: &str| {
        AccountToml::new("New", "client_credentials")
            .lines(more)
            .at("token", "https://a.example/token")
            .to_string()
    };
    let whole = place.file("whole.toml", &own("client_secret = \"CANARY-stored\""));
    place.run(&["import", &whole]).ok();
    let evil = own("incomplete = true").replace("a.example", "evil.example");
    let postman = r#"{"info":{"name":"x"},"item":[{"name":"New","request":{"auth":{"type":"oauth2","oauth2":
        {"grant_type":"client_credentials","accessTokenUrl":"https://evil.example/token","clientId":"i"}}}}]}"#;
    for (name, text) in [("plain.toml", &*evil), ("postman.json", postman)] {
        let file = place.file(name, text);
        let told = place.run(&["import", "--replace", &file]).failed(1);
        for said in ["“New”", "https://a.example/token", "https://evil.example/token", "--move-secrets"] {
            assert!(told.contains(said), "{said}: {told}");
        }
        assert!(!told.contains("CANARY"), "{told}");
    }
    let env = place.file(".env", "CLIENT_ID=i\nTOKEN_URL=https://evil.example/token\n");
    let name = own("client_secret = \"CANARY-stored\"").replace("\"New\"", "\"Imported\"");
    place.run(&["import", &place.file("named.toml", &name)]).ok();
    assert!(place.run(&["import", "--replace", &env]).failed(1).contains("--move-secrets"));
    let shown = |name: &str| place.run(&["show", name]).ok();
    assert!(shown("New").contains("https://a.example/token") && shown("Imported").contains("a.example"));
    // The confirmation only applies to replaced accounts.
    place.run(&["import", "--move-secrets", &env]).failed(2);
    let file = place.file("plain.toml", &evil);
    place.run(&["import", "--replace", "--move-secrets", &file]).ok();
    assert!(shown("New").contains("https://evil.example/token"));
}

#[test]
fn f6_show_and_token_say_that_a_row_was_edited() {
    let bus = Bus::start();
    let _keyring = crate::support::desktop::Keyring::lasting(&bus);
    let place = Place::on(&bus);
    let server = super::place::Server::giving("");
    let file = place.file("accounts.toml", &server.accounts());
    place.run(&["import", &file]).ok();
    let database = keyfob::store::home::Home::at(&place.home).database_path();
    let edited = rusqlite::Connection::open(database).unwrap().execute(
        "UPDATE accounts SET settings = replace(settings, ?1, 'http://127.0.0.1:9/token')",
        [server.server.url("/token")],
    );
    assert_eq!(edited, Ok(2));
    let told = place.run(&["token", super::place::BATCH]).failed(1);
    for run in [told, place.run(&["show", super::place::BATCH]).err] {
        assert!(
            run.contains("http://127.0.0.1:9/token") && run.contains(&server.server.url("/token")),
            "{run}"
        );
        assert!(run.contains("keyfob recover"), "{run}");
    }
    assert_eq!(server.server.connections(), 0);
    let recovered = place.run(&["recover"]).ok();
    assert!(recovered.contains("Recovered car-dev"), "{recovered}");
    place.run(&["token", super::place::BATCH]).ok();
    assert_eq!(place.run(&["show", super::place::BATCH]).err, "");
}

#[test]
fn an_environment_is_imported_shown_and_exported() {
    let bus = Bus::start();
    let place = Place::on(&bus);
    let account = |name: &str| {
        let account = AccountToml::new(name, "client_credentials").secret("CANARY-environment");
        account.at("token", "https://a.example/token")
    };
    let staging = account("in staging").with("environment", "staging");
    let file = place.file("accounts.toml", &format!("{}{}", account("anywhere"), staging));
    let _keyring = crate::support::desktop::Keyring::lasting(&bus);
    place.run(&["import", &file]).ok();
    let listed = place.run(&["list", "--json"]).json();
    assert_eq!(
        (&listed[0]["environment"], &listed[1]["environment"]),
        (&serde_json::Value::Null, &"staging".into())
    );
    assert_eq!(place.run(&["show", "in staging", "--json"]).json()["environment"], "staging");
    assert_eq!(place.run(&["show", "anywhere", "--json"]).json()["environment"], serde_json::Value::Null);
    let line = |name: &str| {
        let shown = place.run(&["show", name]).ok();
        shown
            .lines()
            .find(|line| line.starts_with("Environment:"))
            .map(|line| line["Environment:".len()..].trim().to_owned())
    };
    assert_eq!((line("in staging").as_deref(), line("anywhere").as_deref()), (Some("staging"), Some("-")));
    let exported = place.home.join("exported.toml");
    place.run(&["export", "--to", exported.to_str().unwrap()]).ok();
    let exported = std::fs::read_to_string(exported).unwrap();
    assert_eq!(exported.matches("environment = ").count(), 1, "{exported}");
    let kept = place.run(&["remove", "in staging"]);
    assert!(kept.err.contains("Delete the staging account “in staging” with its secrets"), "{kept:?}");
    let refused = place.file("refused.toml", &account("x").with("environment", "CANARY-prod").to_string());
    let told = place.run(&["import", &refused]).failed(1);
    assert!(told.contains("must be one of production, staging, development"), "{told}");
}
