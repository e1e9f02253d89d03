//! What people have already, brought in on the command line.

use std::fs::File;
use std::io::Write as _;
use std::process::Stdio;

use super::place::Place;
use crate::support::desktop::Bus;

const GOOGLE: &str = r#"{"installed":{"client_id":"1-a.apps.googleusercontent.com","project_id":"mail-1",
"client_secret":"CANARY-google","redirect_uris":["http://localhost"]}}"#;

const ENV: &str = "PORT=8080\nKEY=i\nTOP='CANARY-env'\nWHERE=https://auth.acme.example/token\n";

#[test]
fn a_file_of_another_program_is_told_by_what_is_in_it() {
    let bus = Bus::start();
    let place = Place::on(&bus);
    // The name says nothing.
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
    assert!(import(&["--map", "CLIENT_ID=NONE"]).failed(1).contains("no name “NONE”"));
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

    // Of what never ends no more is read than that.
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
