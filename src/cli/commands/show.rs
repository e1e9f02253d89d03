//! `keyfob show`.
//!
//! It reads the database, which holds no secret. From the vault it only learns, within [`PATIENCE`], whether
//! its record agrees.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::list::aligned;
use crate::cli::failure::Failure;
use crate::cli::format::{Changed, json, local, rfc3339, shown, status};
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::{CliSession, with_engine};
use crate::domain::account::environment::Environment;
use crate::domain::oauth::id_token::IdTokenStatus;
use crate::domain::provider::spec::ClientSource;
use crate::domain::provider::{EndpointKind, Provider};
use crate::domain::token::grant::{ExpirySource, TokenFacts};
use crate::messages::command::Command;
use crate::messages::explain::{capitalized, changed_destinations, id_token, label_of};
use crate::messages::problem::Problem;
use crate::messages::snapshot::{AccountView, VaultKind};

const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    provider: &'a str,
    grant: &'static str,
    status: &'static str,
    environment: Option<&'static str>,
    scopes: Vec<String>,
    granted_scope: Option<&'a [String]>,
    redirect_uri: Option<&'a str>,
    issuer: Option<String>,
    resource: Vec<String>,
    client_source: Option<&'static str>,
    endpoints: Endpoints,
    changed_destinations: Vec<Changed>,
    token_type: Option<&'a str>,
    received_at: Option<String>,
    expires_at: Option<String>,
    refresh_expires_at: Option<String>,
    expiry_source: &'static str,
    has_refresh_token: bool,
    id_token: Option<IdToken>,
    client_secret_expires: Option<String>,
    key_expires: Option<String>,
    api_base_url: Option<String>,
    facts: BTreeMap<String, String>,
    vault: &'static str,
    changed_by: Option<&'a str>,
    changed_at: Option<String>,
}

/// Every endpoint by its key in files; `null` if the account has none.
type Endpoints = BTreeMap<&'static str, Option<String>>;

#[derive(Serialize)]
struct IdToken {
    verified: bool,
    reason: Option<&'static str>,
}

impl From<IdTokenStatus> for IdToken {
    fn from(verdict: IdTokenStatus) -> Self {
        let reason = match verdict {
            IdTokenStatus::Verified => None,
            IdTokenStatus::Unchecked => Some("unchecked"),
            IdTokenStatus::Doubted(doubt) => Some(doubt.as_str()),
        };
        Self { verified: verdict == IdTokenStatus::Verified, reason }
    }
}

pub(in crate::cli) fn run(vault: &VaultOptions, name: &str, as_json: bool) -> Result<(), Failure> {
    with_engine(vault, |session| {
        let account = session.find(name)?;
        if as_json {
            output::data(&json(&facts(session, &account))?)
        } else {
            output::data(&lines(session, &account))
        }?;
        if let Some(problem @ Problem::Interrupted { .. }) = &account.problem {
            output::say(Failure::of_account(problem, &account).words());
        }
        if let Some(problem) = disagreement(session, &account) {
            output::say(Failure::of_account(&problem, &account).words());
        }
        Ok(())
    })
}

/// Whether the vault's record disagrees with the account as shown. `None` if the vault can't be read at once.
fn disagreement(session: &CliSession, account: &AccountView) -> Option<Problem> {
    if account.vault == VaultKind::Team {
        // It is shown as the vault has it.
        return None;
    }
    let mut answers = session.ask(Command::ReadMask(account.id.clone())).ok()?;
    let given_up = Instant::now() + PATIENCE;
    while Instant::now() < given_up {
        match answers.try_wait() {
            Some(Err(problem @ Problem::OtherDestination(_))) => return Some(problem),
            Some(_) => return None,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    None
}

fn facts<'a>(session: &CliSession, account: &'a AccountView) -> Shown<'a> {
    let provider = Provider::resolve(&session.snapshot.presets, &account.settings).ok();
    let facts = account.token.as_ref().map(|token| &token.facts);
    let (dates, is_key) = (account.settings.key_dates, account.grant.is_key());
    let kept = facts.map(|facts| facts.kept.clone()).unwrap_or_default();
    let moment =
        |of: fn(&TokenFacts) -> Option<chrono::DateTime<chrono::Utc>>| facts.and_then(of).map(rfc3339);
    Shown {
        name: account.name.as_str(),
        provider: &account.settings.provider,
        grant: account.grant.as_str(),
        status: status(account, session.now()),
        environment: account.settings.environment.map(Environment::as_str),
        scopes: provider.as_ref().map(|provider| provider.scopes.clone()).unwrap_or_default(),
        granted_scope: facts.and_then(|facts| facts.scope.as_deref()),
        redirect_uri: account.redirect_uri.as_deref(),
        issuer: provider.as_ref().and_then(|provider| provider.issuer.clone()),
        resource: provider.as_ref().map(|provider| provider.resource.clone()).unwrap_or_default(),
        client_source: account.settings.overrides.client_source.map(ClientSource::as_str),
        endpoints: EndpointKind::ALL
            .into_iter()
            .map(|kind| {
                let address = provider.as_ref().and_then(|provider| provider.endpoint(kind));
                (kind.name(), address.map(ToString::to_string))
            })
            .collect(),
        changed_destinations: Changed::of(&session.snapshot.presets, account),
        token_type: facts.map(|facts| facts.token_type.as_str()),
        received_at: moment(|facts| Some(facts.received_at)).filter(|_| !is_key || dates.key_since.is_some()),
        expires_at: moment(|facts| facts.expires_at),
        refresh_expires_at: moment(|facts| facts.refresh_expires_at),
        expiry_source: facts.map_or(ExpirySource::Unknown, |facts| facts.expiry_source).as_str(),
        has_refresh_token: facts.is_some_and(|facts| facts.has_refresh_token),
        id_token: facts.and_then(|facts| facts.id_token).map(IdToken::from),
        client_secret_expires: account.settings.client_secret_expires.map(|day| day.to_string()),
        key_expires: dates.key_expires.map(|day| day.to_string()),
        api_base_url: provider.as_ref().and_then(|provider| provider.api_base_url(&kept)),
        facts: kept,
        vault: account.vault.as_str(),
        changed_by: account.change.as_ref().map(|change| change.by.as_str()),
        changed_at: account.change.as_ref().map(|change| rfc3339(change.at)),
    }
}

fn lines(session: &CliSession, account: &AccountView) -> String {
    let shown_facts = facts(session, account);
    let token = account.token.as_ref().map(|token| &token.facts);
    let list = |scopes: &[String]| if scopes.is_empty() { "-".to_owned() } else { shown(&scopes.join(" ")) };
    let text = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), shown);
    let at = |at: Option<chrono::DateTime<chrono::Utc>>| at.map_or_else(|| "-".to_owned(), local);
    let provider = format!("{} ({})", account.provider_name, account.settings.provider);
    let address = |kind: EndpointKind| shown_facts.endpoints[kind.name()].as_deref();
    let rows = [
        ("Name", shown(account.name.as_str())),
        ("Provider", shown(&provider)),
        ("Grant", shown_facts.grant.to_owned()),
        ("Status", shown_facts.status.to_owned()),
        ("Environment", text(shown_facts.environment)),
        ("Scopes", list(&shown_facts.scopes)),
        (
            "Granted scope",
            token.and_then(|token| token.scope.as_deref()).map_or_else(|| "-".to_owned(), list),
        ),
        ("Redirect URI", text(shown_facts.redirect_uri)),
        ("Issuer", text(shown_facts.issuer.as_deref())),
        ("Resource", list(&shown_facts.resource)),
        ("Client", text(shown_facts.client_source)),
        ("Authorization endpoint", text(address(EndpointKind::Authorize))),
        ("Token endpoint", text(address(EndpointKind::Token))),
        ("Token type", text(shown_facts.token_type)),
        ("Received", at(token.map(|token| token.received_at).filter(|_| shown_facts.received_at.is_some()))),
        ("Expires", at(token.and_then(|token| token.expires_at))),
        ("Expiry known from", shown_facts.expiry_source.to_owned()),
        ("Refresh token", if shown_facts.has_refresh_token { "yes" } else { "no" }.to_owned()),
        ("Refresh token expires", at(token.and_then(|token| token.refresh_expires_at))),
        (
            "ID token",
            token.and_then(|token| token.id_token).map_or_else(|| "-".to_owned(), |found| id_token(found).0),
        ),
        ("Client secret expires", text(shown_facts.client_secret_expires.as_deref())),
        ("Key expires", text(shown_facts.key_expires.as_deref())),
        ("API base URL", text(shown_facts.api_base_url.as_deref())),
        ("Vault", shown_facts.vault.to_owned()),
    ];
    let mut rows: Vec<_> = rows.map(|(label, value)| [format!("{label}:"), value]).into();
    if let Some(change) = &account.change {
        rows.push(["Changed by:".to_owned(), shown(&change.by)]);
        rows.push(["Changed:".to_owned(), local(change.at)]);
    }
    // The less common endpoints, if there are any.
    let rarer = EndpointKind::ALL.into_iter().skip(2).filter_map(|kind| Some((kind, address(kind)?)));
    rows.extend(
        rarer.map(|(kind, address)| [format!("{}:", capitalized(label_of(kind.key()))), shown(address)]),
    );
    let known = shown_facts.facts.iter();
    rows.extend(known.map(|(name, value)| [format!("Fact {}:", shown(name)), shown(value)]));
    let named = changed_destinations(&session.snapshot.presets, &account.settings);
    let mark = if named.is_changed { "Changed" } else { "Other" };
    rows.extend(named.rest.into_iter().map(|(label, text)| [format!("{mark} {label}:"), text]));
    aligned(&rows)
}
