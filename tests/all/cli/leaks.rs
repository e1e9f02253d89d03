//! Secrets must not leak from the command line.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal, kill_process};

use super::place::{BATCH, Place, Run, Server};
use crate::support::canary;
use crate::support::desktop::{Bus, Keyring};
use crate::support::server::{Ending, Response, ScriptedServer};

#[test]
fn x2_no_core_file() {
    let (bus, server) = (Bus::start(), Server::giving(""));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    place.run_with(&["import", "-"], &server.accounts()).ok();
    let mut sign_in = place.sign_in(&["sign-in", "car-dev", "--no-browser"]);
    let of_process = |file| fs::read_to_string(format!("/proc/{}/{file}", sign_in.child.id())).unwrap();
    let limits = of_process("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let figures: Vec<_> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(figures, ["0", "0"], "{core}");
    // The limit only affects core files; a core piped to a program then has no memory contents.
    assert_eq!(of_process("coredump_filter").trim_end(), "00000000");
    let pid = i32::try_from(sign_in.child.id()).ok().and_then(Pid::from_raw).unwrap();
    kill_process(pid, Signal::ABORT).unwrap();
    let ended = sign_in.child.wait().unwrap();
    assert_eq!(ended.signal(), Some(Signal::ABORT.as_raw()), "{ended}");
    let is_handed_on = fs::read("/proc/sys/kernel/core_pattern").unwrap().starts_with(b"|");
    assert!(is_handed_on || !ended.core_dumped(), "{ended}");
}

#[test]
fn x3_no_secret_in_arguments_or_environment() {
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let _keyring = Keyring::unlocked(&bus);
    let place = Place::on(&bus);
    let browser = bus.path("browser");
    let said = bus.path("said");
    // Records the browser's arguments and environment.
    let script = format!("#!/bin/sh\n{{ echo \"$@\"; env; }} >> '{}'\n", said.display());
    fs::write(&browser, script).unwrap();
    fs::set_permissions(&browser, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();

    let (ended, needle) = (Arc::new(AtomicBool::new(false)), server.canary.clone());
    let watching = Arc::clone(&ended);
    let watcher = std::thread::Builder::new().name("watcher".to_owned()).spawn(move || {
        let mut rounds = 0;
        let mut seen_keyfob = false;
        while !watching.load(Ordering::SeqCst) {
            for entry in fs::read_dir("/proc").unwrap().flatten() {
                for file in ["cmdline", "environ"] {
                    let bytes = fs::read(entry.path().join(file)).unwrap_or_default();
                    let text = String::from_utf8_lossy(&bytes);
                    seen_keyfob |= file == "environ" && text.contains("KEYFOB_HOME");
                    assert!(!text.contains(&needle), "{}/{file}", entry.path().display());
                }
            }
            rounds += 1;
        }
        (rounds, seen_keyfob)
    });

    place.run_with(&["import", "-"], &server.accounts()).ok();
    let mut command = place.command(&["sign-in", "car-dev"]);
    let mut child = command.env("BROWSER", &browser).spawn().unwrap();
    let patience = std::time::Duration::from_secs(20);
    crate::support::desktop::wait_until(patience, "the browser", || {
        fs::read_to_string(&said).ok().filter(|said| said.contains("KEYFOB_HOME"))
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let sign_in = place.sign_in(&["sign-in", "car-dev", "--no-browser"]);
    sign_in.come_back(&[("code", &format!("code-{}", server.canary))]);
    sign_in.end().ok();
    for words in [&["token", "car-dev"][..], &["refresh", "car-dev"], &["token", BATCH, "--as", "curl"]] {
        place.run(words).ok();
    }
    ended.store(true, Ordering::SeqCst);
    let (rounds, seen_keyfob) = watcher.unwrap().join().unwrap();
    assert!(rounds > 3 && seen_keyfob, "{rounds} rounds");
    let said = fs::read_to_string(said).unwrap();
    assert!(said.contains("state=") && !said.contains(&server.canary), "{said}");
}

/// Collects every run's standard error.
struct Said(String);

impl Said {
    fn take(&mut self, run: Run) -> Run {
        self.0.push_str(&run.err);
        run
    }
}

/// Failed responses with the mark of a secret; some repeat the request.
fn failures(mark: &str) -> Vec<Response> {
    let echo = format!(
        r#"{{"error":"invalid_client","error_description":"secret other-{mark} and header-{mark} are wrong"}}"#
    );
    let cut = format!(r#"{{"access_token":"at-{mark}","expires_in":"#);
    vec![
        Response::json(401, echo.clone()),
        Response::json(200, echo),
        Response::json(400, format!(r#"{{"error":"other-{mark}"}}"#)),
        Response::json(200, cut.clone()),
        Response::json(200, cut).ending(Ending::Cut(10)),
        Response::json(200, format!(r#"{{"access_token":"at\n{mark}"}}"#)),
        Response::json(200, format!(r#"{{"refresh_token":"rt-{mark}"}}"#)),
        Response::new(200, "text/html", format!("<html>at-{mark}</html>")),
        Response::redirect(302, &format!("http://127.0.0.1:9/?token=at-{mark}")),
        Response::json(503, "").header("Retry-After", &format!("at-{mark}")),
        Response::json(200, "").ending(Ending::Unanswered),
    ]
}

#[test]
fn x1_no_secret_in_what_is_said_or_logged() {
    let (bus, server) = (Bus::start(), Server::giving(r#","expires_in":3600"#));
    let keyring = Keyring::unlocked(&bus);
    let mut place = Place::on(&bus);
    place.log = true;
    let mut said = Said(String::new());

    // Every flow.
    said.take(place.run_with(&["import", "-"], &server.accounts())).ok();
    let mut sign_in = place.sign_in(&["sign-in", "car-dev", "--no-browser"]);
    sign_in.paste(&format!("http://127.0.0.1/?code=code-{}&state=wrong", server.canary));
    sign_in.come_back(&[("code", &format!("code-{}", server.canary))]);
    said.take(sign_in.end()).ok();
    for words in [
        &["token", "car-dev"][..],
        &["token", BATCH, "--as", "json"],
        &["refresh", "car-dev"],
        &["refresh", BATCH],
        &["show", "car-dev", "--json"],
        &["list"],
    ] {
        said.take(place.run(words)).ok();
    }

    // Every failure that a server can cause.
    let bad = ScriptedServer::start();
    let url = server.server.url("/token");
    let text = server.accounts().replace(&url, &bad.url("/token"));
    said.take(place.run_with(&["import", "-", "--replace"], &text)).ok();
    let mark = &server.canary;
    for answer in failures(mark) {
        bad.script("/token", answer);
        let run = said.take(place.run(&["token", BATCH]));
        assert!(run.code != 0 && run.out.is_empty(), "{run:?}");
    }
    let sign_in = place.sign_in(&["sign-in", "car-dev", "--no-browser"]);
    bad.script(
        "/token",
        Response::json(400, format!(r#"{{"error":"invalid_grant","error_description":"code-{mark}"}}"#)),
    );
    sign_in.come_back(&[("code", &format!("code-{mark}"))]);
    said.take(sign_in.end()).failed_with(1);
    drop(bad);
    said.take(place.run(&["token", BATCH])).failed_with(1);

    // A bad file, a locked keychain, and the end.
    let broken = server.accounts().replace("client_id", &format!("{}x", "client_id"));
    said.take(place.run_with(&["import", "-", "--replace"], &broken)).failed_with(1);
    keyring.lock();
    said.take(place.run(&["token", BATCH])).failed_with(4);
    keyring.unlock();
    said.take(place.run(&["remove", "car-dev", "--yes"])).ok();
    said.take(place.run(&["remove", BATCH, "--yes"])).ok();

    let logged: Vec<_> = said.0.lines().filter(|line| line.starts_with('[')).collect();
    assert!(logged.len() > 5, "there are log lines:\n{}", said.0);
    assert!(logged.iter().all(|line| line.contains(" keyfob::")), "{logged:#?}");
    assert!(!said.0.contains(mark.as_str()) && !said.0.contains("CANARY"), "{}", said.0);
}

impl Run {
    /// With log lines, standard error is more than one paragraph.
    fn failed_with(&self, code: i32) {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{self:?}");
    }
}

#[test]
fn without_the_variable_nothing_is_logged() {
    let (bus, canary) = (Bus::start(), canary());
    let place = Place::on(&bus);
    let run = place.run(&["--vault", "memory", "list", "--json"]);
    assert_eq!((run.err.as_str(), run.out.as_str()), ("", "[]\n"), "{canary}");
}
