//! The browser opener with a script that records its arguments.
#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use keyfob::platform::browser::{Browser as _, SystemBrowser};
use url::Url;

/// Set in the child process that opens a URL.
const CHILD: &str = "KEYFOB_TEST_BROWSER";

/// Opens a URL in a process whose `PATH` has only the scripts in `folder`.
fn open_in_child(folder: &tempfile::TempDir, address: &str, browser: &str) -> Output {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "net::browser::child_opens", "--nocapture"]);
    child.env("PATH", folder.path()).env("BROWSER", browser).env(CHILD, address).output().unwrap()
}

fn script(folder: &tempfile::TempDir, name: &str, text: &str) {
    let path = folder.path().join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn recorder(folder: &tempfile::TempDir, name: &str) -> std::path::PathBuf {
    let seen = folder.path().join("seen");
    let text =
        format!("printf '%s\\n' \"$#\" \"$@\" >> '{}'\necho chatter\necho chatter >&2", seen.display());
    script(folder, name, &text);
    seen
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = text.lines().find_map(|line| line.split_once("CHILD SAYS ")).map(|(_, said)| said.to_owned());
    said.unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn b1_the_opener_gets_one_encoded_web_address_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let seen = recorder(&folder, "xdg-open");
    for refused in ["file:///etc/passwd", "javascript:alert(1)", "x-scheme:--help"] {
        assert_eq!(said(&open_in_child(&folder, refused, "")), "Err(NotWeb)", "{refused}");
        assert!(!seen.exists(), "{refused} reached the opener");
    }
    let output = open_in_child(&folder, "https://a.test/authorize?x=--help& ;\"$(id)`id`&state=s", "");
    assert_eq!(said(&output), "Ok(())");
    let expected = "1\nhttps://a.test/authorize?x=--help&%20;%22$(id)`id`&state=s\n";
    assert_eq!(std::fs::read_to_string(&seen).unwrap(), expected);
    let all = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&all).contains("chatter"), "a browser's words stay its own");
}

#[test]
fn without_an_opener_the_browser_variable_is_tried_and_then_it_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(said(&open_in_child(&folder, "https://a.test/", "")), "Err(NoBrowser)");
    script(&folder, "xdg-open", "exit 3");
    assert_eq!(said(&open_in_child(&folder, "https://a.test/", "/nonexistent/browser")), "Err(NoBrowser)");
    let seen = recorder(&folder, "my-browser");
    let output = open_in_child(&folder, "https://a.test/", "/nonexistent/browser:my-browser --tab %s");
    assert_eq!(said(&output), "Ok(())");
    assert_eq!(std::fs::read_to_string(&seen).unwrap(), "2\n--tab\nhttps://a.test/\n");
}

/// Not a test by itself; the others start it with their own environment.
#[test]
fn child_opens() {
    let Ok(address) = std::env::var(CHILD) else { return };
    println!("CHILD SAYS {:?}", SystemBrowser.open(&Url::parse(&address).unwrap()));
}
