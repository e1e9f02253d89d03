//! `keyfob list`. Of personal accounts it reads only the database, never the vault.

use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::format::{Changed, json, local, rfc3339, shown, status};
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::{CliSession, file_exists, with_engine};
use crate::domain::account::environment::Environment;
use crate::domain::provider::Provider;
use crate::domain::provider::destinations;
use crate::domain::provider::provider_name;
use crate::messages::snapshot::{AccountView, VaultKind};

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    provider: &'a str,
    grant: &'static str,
    status: &'static str,
    environment: Option<&'static str>,
    expires_at: Option<String>,
    issuer: Option<String>,
    changed_destinations: Vec<Changed>,
    vault: &'static str,
}

pub(in crate::cli) fn run(vault: &VaultOptions, as_json: bool) -> Result<(), Failure> {
    with_engine(vault, |session| {
        if vault.kind.is_none() && session.has_team() {
            // The personal accounts are listed all the same.
            if let Err(failure) = session.open_team(None) {
                output::say(&format!("The team's accounts are not listed. {}", failure.words()));
            }
        }
        if as_json { as_objects(session) } else { as_table(session) }
    })
}

fn as_objects(session: &CliSession) -> Result<(), Failure> {
    let accounts = session.snapshot.accounts.iter();
    let listed: Vec<_> = accounts.map(|account| listed(account, session)).collect();
    output::data(&json(&listed)?)
}

fn listed<'a>(account: &'a AccountView, session: &CliSession) -> Listed<'a> {
    let expires_at = account.token.as_ref().and_then(|token| token.facts.expires_at);
    let provider = Provider::resolve(&session.snapshot.presets, &account.settings);
    Listed {
        name: account.name.as_str(),
        provider: &account.settings.provider,
        grant: account.grant.as_str(),
        status: status(account, session.now()),
        environment: account.settings.environment.map(Environment::as_str),
        expires_at: expires_at.map(rfc3339),
        issuer: provider.ok().and_then(|provider| provider.issuer),
        changed_destinations: Changed::of(&session.snapshot.presets, account),
        vault: account.vault.as_str(),
    }
}

/// The provider's ID, marked if the account's destinations differ from its preset's.
fn provider(session: &CliSession, account: &AccountView) -> String {
    let (presets, settings) = (&session.snapshot.presets, &account.settings);
    let preset = presets.iter().find(|preset| preset.id == settings.provider);
    let changed = destinations::changed(presets, settings).unwrap_or_default();
    let mark = preset.map_or_else(String::new, |preset| provider_name::mark(preset, &changed));
    format!("{}{mark}", settings.provider)
}

fn as_table(session: &CliSession) -> Result<(), Failure> {
    if session.snapshot.accounts.is_empty() {
        output::say("There are no accounts yet. Add some with keyfob import, or in the window.");
        // A lost database looks the same as one that never existed.
        if file_exists() {
            output::say(
                "If some are missing, restore them from the file with your secrets: keyfob --vault file recover.",
            );
        }
        return Ok(());
    }
    let has_team = session.snapshot.accounts.iter().any(|account| account.vault == VaultKind::Team);
    let mut rows = vec![
        ["NAME", "PROVIDER", "GRANT", "STATUS", "EXPIRES", if has_team { "VAULT" } else { "" }]
            .map(str::to_owned),
    ];
    rows.extend(session.snapshot.accounts.iter().map(|account| {
        let expires_at = account.token.as_ref().and_then(|token| token.facts.expires_at);
        [
            shown(account.name.as_str()),
            shown(&provider(session, account)),
            account.grant.as_str().to_owned(),
            status(account, session.now()).to_owned(),
            expires_at.map_or_else(|| "-".to_owned(), local),
            if has_team { account.vault.as_str() } else { "" }.to_owned(),
        ]
    }));
    output::data(&aligned(&rows))
}

pub(in crate::cli) fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::aligned;

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [["NAME", "X"], ["é", "2"], ["longer name", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(aligned(&rows), "NAME         X\né            2\nlonger name");
    }
}
