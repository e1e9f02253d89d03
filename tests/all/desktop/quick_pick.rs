//! The quick pick in a real window: from a key of the desktop to a copied token.

use std::time::Duration;

use keyfob::base::clock::{Clock as _, SystemClock};

use super::{Desk, KEYFOB};
use crate::support::desktop::{Bus, Keyring, finish, wait_until};

/// An account with a token that is valid for a year and was never copied, and one without.
pub(super) fn accounts() -> String {
    let moment = |days| (SystemClock.now() + chrono::TimeDelta::days(days)).format("%Y-%m-%dT%H:%M:%SZ");
    let account = |name: &str| {
        format!(
            "[[account]]\nname = \"{name}\"\nprovider = \"custom\"\ngrant = \"client_credentials\"\nclient_id = \"i\"\n\
             client_secret = \"CANARY-s\"\n[account.endpoints]\ntoken = \"http://127.0.0.1:9/token\"\n"
        )
    };
    let tokens = format!(
        "[account.tokens]\naccess_token = \"CANARY-token\"\nreceived_at = \"{}\"\nexpires_at = \"{}\"\n\
         expiry_source = \"server\"\n",
        moment(0),
        moment(365)
    );
    format!("{}{}{tokens}", account("alpha"), account("bank"))
}

#[test]
fn p2_a_pick_copies_in_two_keys_hides_and_ends_with_the_clipboard() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let desk = Desk::new(&bus, "desktop-pick");
    let mut import = desk.screen.command(KEYFOB);
    import.args(["import", "-"]).env("KEYFOB_HOME", &desk.home);
    let imported = finish(&mut import, &accounts(), Duration::from_mins(1));
    assert!(imported.status.success(), "{imported:?}");

    let pick = desk.open(&["pick"]);
    pick.wait_for("Search accounts and actions");
    desk.picture("pick.png");
    desk.screen.keys(&["b", "Return"]);
    assert_eq!(desk.copied(), "CANARY-token");
    let hidden = || desk.screen.windows("keyfob").is_empty().then_some(());
    wait_until(Duration::from_secs(10), "a hidden window", hidden);
    // Another pick is shown by the process that still holds the clipboard.
    let mut again = desk.screen.command(KEYFOB);
    again.arg("pick").env("KEYFOB_HOME", &desk.home);
    assert!(finish(&mut again, "", Duration::from_secs(20)).status.success());
    pick.wait_for("Search accounts and actions");
    desk.screen.keys(&["Return"]);
    wait_until(Duration::from_secs(10), "a hidden window", hidden);
    assert_eq!(desk.copied(), "CANARY-token", "the account that was used last");
    assert!(pick.end().success(), "it ends once the clipboard is cleared");
    assert!(desk.screen.clipboard().is_none_or(|text| text.is_empty()));
}
