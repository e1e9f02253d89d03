//! Many accounts: each keeps its own values.

use crate::support::account_toml::AccountToml;
use crate::support::engine::Place;

const MANY: usize = 501;

/// The number of their servers.
const SERVERS: usize = 40;

/// Accounts of several servers and teams; many have the same settings.
fn varied() -> String {
    let rows = (0..MANY).map(|number| {
        let (server, team) = (number % SERVERS, number % 7);
        let token = if number.is_multiple_of(3) {
            "tokens = { access_token = \"CANARY\", received_at = \"2026-01-01T00:00:00Z\", \
             expires_at = \"2036-01-01T00:00:00Z\" }\n"
        } else {
            ""
        };
        AccountToml::new(&format!("account {number:04}"), "client_credentials")
            .secret("s")
            .raw("tags", &format!("[\"team {team}\"]"))
            .lines(token)
            .at("token", &format!("https://{server}.example/token"))
            .to_string()
    });
    rows.collect()
}

#[test]
fn many_accounts_are_read_each_with_its_own_settings_and_token() {
    let place = Place::new();
    place.command_line().import(&varied()).unwrap();
    for rig in [place.command_line(), place.window()] {
        let accounts = rig.snapshot().accounts.clone();
        assert_eq!(accounts.len(), MANY);
        for (number, account) in accounts.iter().enumerate() {
            assert_eq!(account.name.as_str(), format!("account {number:04}"));
            assert_eq!(account.provider_name, format!("{}.example", number % SERVERS));
            assert_eq!(account.settings.tags.as_slice(), [format!("team {}", number % 7)]);
            assert_eq!(account.token.is_some(), number.is_multiple_of(3), "{number}");
        }
    }
}
