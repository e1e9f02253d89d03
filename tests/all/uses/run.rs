//! `keyfob run`: the environment of a command, its end, and its proxy.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::api::{Api, CAR};
use crate::cli::place::Place;
use crate::support::desktop::{Bus, Keyring};

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn a_command_gets_each_form_in_its_environment() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let file = place.file(
        ".env",
        "# may be committed\nAPI_TOKEN=keyfob://car-dev/token\nexport H='keyfob://car-dev/header'\nPLAIN=a b\nC=1\n",
    );
    let script = "printf '%s\\n' \"$API_TOKEN\" \"$H\" \"$PLAIN\" \"$C\" \"$E\" \"$S\" \"$G\" \"$T\"";
    let of = |form: &str| format!("{CAR}:{form}");
    let words = [
        "run",
        "--env-file",
        &file,
        "-e",
        &format!("C={}", of("client-id")),
        "-e",
        &format!("E={}", of("expires-at")),
        "-e",
        &format!("S={}", of("claim.sub")),
        "-e",
        &format!("G={}", of("claim.groups")),
        "-e",
        &format!("T={CAR}"),
        "--",
        "sh",
        "-c",
        script,
    ];
    let out = place.run(&words).ok();
    let end = place.run(&["show", CAR, "--json"]).json()["expires_at"].as_str().unwrap().to_owned();
    let token = api.token(1);
    let expected = [
        &token,
        &format!("Authorization: Bearer {token}"),
        "a b",
        "an-id",
        &end,
        "person-1",
        r#"["a","b"]"#,
        &token,
    ];
    assert_eq!(out.lines().collect::<Vec<_>>(), expected);
    assert_eq!(api.issued(), 1, "one token for all references");
}

#[test]
fn u5_nothing_starts_unless_every_reference_is_resolved() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let marker = bus.path("started");
    let touch = marker.to_str().unwrap();
    let file = place.file("wrong.env", "API_TOKEN=keyfob://car-dev/tokn\n");
    for (words, named) in [
        (&["-e", "A=car-dev", "-e", "B=nobody"][..], "B"),
        (&["-e", "A=car-dev:claim.missing"], "A"),
        (&["-e", "A=car-dev:HEADER"], "claim.NAME"),
        (&["-e", "A=car-dev:claim."], "“claim.” is not a form"),
        (&["-e", "A=nobody:bad"], "nobody:bad"),
        (&["--env-file", &file], "API_TOKEN"),
        (&["--env-file", "/does/not/exist"], "/does/not/exist"),
        (&["--proxy", "nobody"], "nobody"),
    ] {
        let said = place.run(&[&["run"], words, &["--", "touch", touch]].concat()).failed(1);
        assert!(said.contains(named), "{said}");
        assert!(!marker.exists(), "{words:?}");
    }
    place.run(&["run", "-e", "A=car-dev", "--", "touch", touch]).ok();
    assert!(marker.exists());
}

#[test]
fn the_exit_code_signals_and_standard_input_are_the_commands() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    for extra in [&["-e", "A=car-dev"][..], &["--proxy", CAR]] {
        let run =
            |words: &[&str], input: &str| place.run_with(&[&["run"], extra, &["--"], words].concat(), input);
        assert_eq!(run(&["sh", "-c", "exit 42"], "").code, 42);
        assert_eq!(run(&["cat"], "typed").ok(), "typed");
        let missing = run(&["no-such-program-here"], "").failed(127);
        assert!(missing.contains("no-such-program-here"), "{missing}");
        for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::USR1] {
            let trap = "trap 'echo got; exit 7' TERM INT HUP USR1; echo ready; while :; do sleep 0.05; done";
            // A shell can't trap what was ignored when it started, as under nohup.
            let shell = ["--", "env", "--default-signal", "sh", "-c", trap];
            let words = [&["run"], extra, &shell].concat();
            let mut child = place.command(&words).stdin(Stdio::null()).spawn().unwrap();
            let mut out = BufReader::new(child.stdout.take().unwrap());
            let mut line = String::new();
            out.read_line(&mut line).unwrap();
            let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).unwrap();
            kill_process(pid, signal).unwrap();
            out.read_line(&mut line).unwrap();
            assert_eq!(
                (line.as_str(), child.wait().unwrap().code()),
                ("ready\ngot\n", Some(7)),
                "{signal:?}"
            );
        }
    }
}

#[test]
fn u5_with_a_proxy_the_command_never_holds_a_token() {
    let (bus, api) = (Bus::start(), Api::plain(HOUR));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    api.import(&place);
    let script =
        "env; curl -sS -H \"Authorization: Bearer $KEYFOB_PROXY_KEY\" \"$KEYFOB_PROXY_URL/car-dev/v1/x\"";
    let run = place.run(&["run", "--proxy", CAR, "--", "sh", "-c", script]);
    assert!(!run.err.contains(&api.canary), "{run:?}");
    let out = run.ok();
    assert!(
        out.contains("KEYFOB_PROXY_URL=http://127.0.0.1:") && out.ends_with(r#"{"path":"/v1/x"}"#),
        "{out}"
    );
    assert!(!out.contains(&api.canary), "{out}");
    assert_eq!((api.issued(), api.rejected(), api.served()), (1, 0, vec![1]));
    // Without references nothing is asked for.
    let mut child = place.command(&["run", "--", "cat"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"x").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"x");
}
