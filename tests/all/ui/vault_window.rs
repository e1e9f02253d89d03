//! The passphrase vault in a real window without a keychain: created, locked, opened, changed, opened again.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::support::desktop::{Bus, Screen, Window, kept, wait_until};

const KEYFOB: &str = env!("CARGO_BIN_EXE_keyfob");
const FIRST: &str = "CANARY Blaue Ente jongliert";
const SECOND: &str = "CANARY zwei Kürbisse rollen";

#[test]
fn k1_a_computer_without_a_keychain_keeps_secrets_in_a_file_made_in_the_window() {
    let bus = Bus::start();
    let screen = Screen::start(&bus, 1280, 800);
    let (home, shots) = (bus.path("keyfob-home"), kept("desktop-passphrase"));
    fs::create_dir_all(&shots).unwrap();
    let open = || Window::open(&screen, KEYFOB, &[], &[("KEYFOB_HOME", home.to_str().unwrap())]);
    let picture = |name: &str| screen.screenshot(&shots.join(name));

    let window = open();
    window.wait_for("No keychain service is running");
    picture("1-first-run.png");
    window.press("Use a passphrase-protected file");
    window.wait_for("New passphrase again");
    window.fill("New passphrase", FIRST);
    window.fill("New passphrase again", FIRST);
    picture("2-choose.png");
    window.press("Use this passphrase");
    window.wait_for("Secrets are kept in a file protected by a passphrase.");
    picture("3-made.png");
    window.press("Try the demo");
    window.wait_for("Sign in");
    picture("4-open.png");

    window.wait_for("Lock, Secrets file unlocked");
    window.press("Settings");
    window.press("Secrets");
    window.wait_for("Change passphrase");
    picture("5-settings.png");
    window.press("Lock");
    window.wait_for("Keyfob is locked");
    picture("6-locked.png");
    assert!(!window.tree().contains("Demo"));
    window.fill("Passphrase", SECOND);
    window.press("Unlock");
    window.wait_for("Keyfob is locked");
    wait_for_refusal(&window);
    picture("7-wrong.png");
    window.fill("Passphrase", FIRST);
    window.press("Unlock");
    window.wait_for("Sign in");

    window.press("Settings");
    window.press("Secrets");
    window.press("Change passphrase");
    window.fill("Current passphrase", FIRST);
    window.fill("New passphrase", SECOND);
    window.fill("New passphrase again", SECOND);
    picture("8-change.png");
    window.press("Change passphrase");
    // The message stays for four seconds only, which a busy machine may miss.
    wait_until(Duration::from_secs(20), "the change", || {
        (!window.tree().contains("Current passphrase")).then_some(())
    });
    assert!(!window.tree().contains("CANARY"));
    assert!(window.close().success());

    let window = open();
    window.wait_for("Enter passphrase");
    picture("9-start.png");
    window.fill("Passphrase", SECOND);
    window.press("Unlock");
    window.wait_for("Secrets are kept in a file protected by a passphrase.");
    assert!(window.close().success());
    assert!(!lies_open(&home, b"CANARY"));
}

/// The field's error is its description, and a text below it.
fn wait_for_refusal(window: &Window<'_>) {
    window.wait_for("That passphrase doesn't open the file");
}

fn lies_open(folder: &Path, text: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return lies_open(&path, text);
        }
        // The window's socket holds no text.
        path.is_file() && fs::read(&path).unwrap().windows(text.len()).any(|part| part == text)
    })
}
