//! How a window ends: by a crash and by a signal.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Output;
use std::time::Duration;

use rustix::process::Signal;

use super::{Desk, KEYFOB};
use crate::support::desktop::{Bus, Keyring, Window, finish};

/// Two accounts that need no server.
const ACCOUNTS: &str = "\
[[account]]
name = \"alpha\"
provider = \"custom\"
grant = \"client_credentials\"
client_id = \"an-id\"
client_secret = \"CANARY-alpha\"
[account.endpoints]
token = \"http://127.0.0.1:9/token\"
[[account]]
name = \"bank\"
provider = \"custom\"
grant = \"client_credentials\"
client_id = \"an-id\"
client_secret = \"CANARY-bank\"
[account.endpoints]
token = \"http://127.0.0.1:9/token\"
";

impl Desk<'_> {
    /// Runs the program without waiting for a window.
    fn run(&self, words: &[&str], input: &str, environment: &[(&str, &str)]) -> Output {
        let mut command = self.screen.command(KEYFOB);
        command.args(words).env("KEYFOB_HOME", &self.home).envs(environment.iter().copied());
        finish(&mut command, input, Duration::from_mins(1))
    }
}

#[test]
#[cfg(feature = "failpoints")]
fn c4_a_crash_is_called_one_and_is_not_repeated() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let desk = Desk::new(&bus, "desktop-crash");
    assert!(desk.run(&["import", "-"], ACCOUNTS, &[]).status.success());
    let window = desk.open(&[]);
    window.press("bank");
    window.wait_for("Get token");
    assert!(window.close().success());

    // The restored account's page panics.
    let breaks = [("KEYFOB_PANIC_AT", "account page")];
    let crashed = desk.run(&[], "", &breaks);
    let said = String::from_utf8(crashed.stderr).unwrap();
    assert_eq!(crashed.status.code(), Some(1), "{said}");
    assert!(said.contains("Keyfob crashed") && said.contains("Start it again"), "{said}");
    assert!(said.contains("internal error at src/base/failpoint.rs"), "{said}");
    for absent in ["system library", "CANARY", "bank", "backtrace"] {
        assert!(!said.contains(absent), "{absent} in {said}");
    }

    // The next starts survive, although the page would still panic.
    for _ in 0..2 {
        let window = desk.open_with(&[], &breaks);
        window.wait_for("Keyfob crashed");
        assert!(!window.tree().contains("bank"), "{}", window.tree());
        window.press("Show accounts");
        window.wait_for("Choose an account in the list.");
        desk.picture("after-a-crash.png");
        window.press("alpha");
        assert_eq!(window.end().code(), Some(1));
    }

    // Nothing is lost, and after a normal exit the next start is normal.
    let window = desk.open(&[]);
    window.press("Show accounts");
    window.press("bank");
    window.wait_for("Get token");
    assert!(window.close().success());
    let window = desk.open(&[]);
    window.wait_for("Get token");
    assert!(!window.tree().contains("crashed"));
}

#[test]
#[cfg(feature = "failpoints")]
fn c4_a_panic_in_the_engine_ends_the_window_as_a_crash() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let desk = Desk::new(&bus, "desktop-crash-engine");
    // The first start tries the keychain.
    let crashed = desk.run(&[], "", &[("KEYFOB_PANIC_AT", "engine")]);
    let said = String::from_utf8(crashed.stderr).unwrap();
    assert_eq!(crashed.status.code(), Some(1), "{said}");
    assert!(said.contains("internal error at") && said.contains("Keyfob crashed"), "{said}");
    let window = desk.open(&[]);
    window.wait_for("Keyfob crashed");
    assert!(window.close().success());
}

#[test]
#[cfg(feature = "failpoints")]
fn c4_a_panic_in_the_keychains_library_leaves_the_window_open() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let desk = Desk::new(&bus, "desktop-crash-keychain");
    let window = desk.open_with(&[], &[("KEYFOB_PANIC_AT", "vault")]);
    window.wait_for("Waiting for the keychain");
    window.press("Add account");
    window.wait_for("Custom provider");
    assert!(window.close().success());
}

#[test]
#[cfg(feature = "failpoints")]
fn c4_a_crash_clears_the_clipboard() {
    let bus = Bus::start();
    let desk = Desk::new(&bus, "desktop-crash-clipboard");
    let window = desk.open_with(&["demo"], &[("KEYFOB_PANIC_AT", "window end")]);
    copy_token(&desk, &window);
    window.signal(Signal::TERM);
    assert_eq!(window.end().code(), Some(1));
    desk.wait_until_cleared(Duration::from_secs(1));
}

/// Copies the demo's token, then another program takes over the clipboard, like a clipboard manager: contents
/// that only end with the process would stay.
fn copy_token(desk: &Desk<'_>, window: &Window<'_>) -> String {
    window.press("Sign in");
    window.wait_for("Copy token");
    window.press("Copy token");
    let token = desk.copied();
    desk.screen.copy(&token);
    assert_eq!(desk.screen.clipboard().as_deref(), Some(token.as_str()));
    token
}

#[test]
fn p2_a_signal_clears_the_clipboard_as_quitting_does() {
    let bus = Bus::start();
    let desk = Desk::new(&bus, "desktop-signals");
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let window = desk.open(&["demo"]);
        copy_token(&desk, &window);
        // No question appears, although input is lost.
        window.press("Add account");
        window.press("Custom provider");
        window.fill("Name", "half");
        window.signal(signal);
        assert!(window.end().success(), "{signal:?}");
        desk.wait_until_cleared(Duration::from_secs(1));
    }
}

#[test]
#[cfg(feature = "failpoints")]
fn p2_a_window_that_hangs_clears_the_clipboard_at_a_signal() {
    let bus = Bus::start();
    let desk = Desk::new(&bus, "desktop-signals-hang");
    let window = desk.open_with(&["demo"], &[("KEYFOB_HOLD_AT", "window end")]);
    copy_token(&desk, &window);
    window.signal(Signal::TERM);
    let status = window.end();
    assert_eq!((status.code(), status.signal()), (Some(128 + 15), None));
    desk.wait_until_cleared(Duration::from_secs(1));
}
