//! How a window ends: by a crash, and by a signal.

use std::process::Output;
use std::time::Duration;

use super::{Desk, KEYFOB};
use crate::support::desktop::{Bus, Keyring, finish};

/// Two accounts that need no server to be shown.
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

    // The page of the account that is restored breaks.
    let breaks = [("KEYFOB_PANIC_AT", "account page")];
    let crashed = desk.run(&[], "", &breaks);
    let said = String::from_utf8(crashed.stderr).unwrap();
    assert_eq!(crashed.status.code(), Some(1), "{said}");
    assert!(said.contains("Keyfob crashed") && said.contains("Start it again"), "{said}");
    assert!(said.contains("internal error at src/failpoint.rs"), "{said}");
    for absent in ["system library", "CANARY", "bank", "backtrace"] {
        assert!(!said.contains(absent), "{absent} in {said}");
    }

    // The next start stands, although the page would still break, and so does the one after a second crash.
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

    // Nothing is lost, and once a window ended well the next one starts as ever.
    let window = desk.open(&[]);
    window.press("Show accounts");
    window.press("bank");
    window.wait_for("Get token");
    assert!(window.close().success());
    let window = desk.open(&[]);
    window.wait_for("Get token");
    assert!(!window.tree().contains("crashed"));
}
