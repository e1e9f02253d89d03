//! Many accounts: each keeps its own values.

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
        format!(
            "[[account]]\nname = \"account {number:04}\"\nprovider = \"custom\"\ngrant = \"client_credentials\"\n\
             client_id = \"i\"\nclient_secret = \"s\"\ntags = [\"team {team}\"]\n\
             endpoints = {{ token = \"https://{server}.example/token\" }}\n{token}"
        )
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
