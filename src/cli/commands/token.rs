//! `keyfob token` and `keyfob refresh`.
//!
//! Standard output gets the value and a newline, or nothing without a token. A token that the vault refuses
//! is offered again.

use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::base::failpoint::patience;
use crate::base::secret::SecretText;
use crate::cli::args::Form;
use crate::cli::failure::Failure;
use crate::cli::format::{expiry_sentence, local, quoted, rfc3339};
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::{CliSession, with_account};
use crate::domain::account::secret_expiry;
use crate::domain::token::token_format;
use crate::domain::token::token_format::argument;
use crate::engine::text_of;
use crate::messages::command::{Command, CopyForm};
use crate::messages::event::{HeldToken, Reply};
use crate::messages::explain::{key_reminder, secret_end};
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::AccountView;

/// How long a token is offered to a vault that refuses it: long enough to unlock a keychain.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Serialize)]
struct Facts<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    access_token: &'a str,
    token_type: &'a str,
    expires_at: Option<String>,
    expires_in: Option<i64>,
    expiry_source: &'static str,
    scope: Option<&'a [String]>,
}

pub(in crate::cli) fn run(
    vault: &VaultOptions,
    name: &str,
    form: Form,
    min_valid: Option<TimeDelta>,
) -> Result<(), Failure> {
    with_account(vault, name, |session, account| {
        let held = if form == Form::IdToken {
            with_id_token(session, account, min_valid)?
        } else {
            valid(session, account, min_valid)?
        };
        let wanted = min_valid.unwrap_or_default();
        output::data(printed(session, account, form, &held)?.expose())?;
        if account.grant.is_key() {
            warn_of_key(session, account);
        } else if form == Form::IdToken {
            warn_of_id_token(session, &held, wanted);
        } else if let Some(problem) = not_renewed(session, account) {
            output::say(&format!("Warning: {}", Failure::of_account(&problem, account).words()));
        } else {
            warn_of_expiry(session, &held, wanted);
        }
        warn_if_unsaved(session, account)?;
        warn_of_secret(session, account);
        Ok(())
    })
}

/// A valid token, refreshed if needed.
pub(in crate::cli) fn valid(
    session: &mut CliSession,
    account: &AccountView,
    min_valid: Option<TimeDelta>,
) -> Result<Box<HeldToken>, Failure> {
    session.unlock(false)?;
    obtained(session, account, min_valid)
}

/// The same with a valid ID token, if the server returns one.
pub(in crate::cli) fn with_id_token(
    session: &mut CliSession,
    account: &AccountView,
    min_valid: Option<TimeDelta>,
) -> Result<Box<HeldToken>, Failure> {
    let held = valid(session, account, min_valid)?;
    if id_token_ends_before(session, &held, min_valid.unwrap_or_default()).is_some() {
        let latest = session.latest(&account.id);
        if latest.is_some_and(|latest| !latest.needs_person(session.now())) {
            session.done(account, Command::Refresh(account.id.clone()))?;
            return obtained(session, account, min_valid);
        }
    }
    Ok(held)
}

fn obtained(
    session: &mut CliSession,
    account: &AccountView,
    min_valid: Option<TimeDelta>,
) -> Result<Box<HeldToken>, Failure> {
    match session.done(account, Command::Token { account: account.id.clone(), min_valid })? {
        Reply::Token(held) => Ok(held),
        _ => Err(Failure::of_account(&Problem::NeedsSignIn, account)),
    }
}

pub(in crate::cli) fn refresh(vault: &VaultOptions, name: &str) -> Result<(), Failure> {
    with_account(vault, name, |session, account| {
        session.unlock(false)?;
        session.done(account, Command::Refresh(account.id.clone()))?;
        let account = saved(session, account)?;
        output::say(&format!(
            "{} has a new token. {}",
            quoted(account.name.as_str()),
            expiry_sentence(&account)
        ));
        Ok(())
    })
}

/// The account after a token was obtained, if the vault has stored it.
pub(in crate::cli) fn saved(
    session: &mut CliSession,
    account: &AccountView,
) -> Result<std::sync::Arc<AccountView>, Failure> {
    until_saved(session, account)?;
    let latest = session.latest(&account.id).ok_or_else(|| Failure::of(&Problem::ChangedElsewhere))?;
    match &latest.problem {
        Some(Problem::NotSaved(problem)) => Err(Failure::not_saved(problem, &latest)),
        _ => Ok(latest),
    }
}

/// Warns of a key that ends soon, has ended or is due for rotation. It is printed all the same.
fn warn_of_key(session: &CliSession, account: &AccountView) {
    let today = secret_expiry::today(session.now());
    if let Some(message) = key_reminder(&account.settings.key_dates, today) {
        output::say(&format!("Warning: {}: {}", quoted(account.name.as_str()), message.paragraph()));
    }
}

/// Why a team account's token could not be refreshed, although the current one is valid.
fn not_renewed(session: &mut CliSession, account: &AccountView) -> Option<Problem> {
    let problem = session.latest(&account.id)?.problem.clone()?;
    matches!(problem, Problem::Vault(VaultProblem::Team(_))).then_some(problem)
}

/// Warns of a token that is valid for less time than requested. It is printed all the same.
fn warn_of_expiry(session: &CliSession, held: &HeldToken, wanted: TimeDelta) {
    let name = quoted(held.account.name.as_str());
    let said = match held.facts.expires_at {
        None => format!(
            "the server did not say when the token of {name} expires, so it may have expired already."
        ),
        Some(end) if end <= session.now() => {
            format!(
                "the token of {name} expired at {}, according to the server or the token itself. To check the \
                 clocks: keyfob doctor {}.",
                local(end),
                argument(held.account.name.as_str())
            )
        }
        Some(end) if end - session.now() < wanted => {
            format!(
                "the token of {name} expires at {}, sooner than requested: the server issues none that last longer.",
                local(end)
            )
        }
        Some(_) => return,
    };
    output::say(&format!("Warning: {said}"));
}

/// When the ID token expires, if it is valid for less time than wanted.
fn id_token_ends_before(session: &CliSession, held: &HeldToken, wanted: TimeDelta) -> Option<DateTime<Utc>> {
    held.id_token_expires_at().filter(|end| *end - session.now() <= wanted)
}

fn warn_of_id_token(session: &CliSession, held: &HeldToken, wanted: TimeDelta) {
    let Some(end) = id_token_ends_before(session, held, wanted) else { return };
    let name = held.account.name.as_str();
    let said = if end <= session.now() { "expired at" } else { "expires sooner than requested, at" };
    let (quoted, end, argument) = (quoted(name), local(end), argument(name));
    output::say(&format!(
        "Warning: the ID token of {quoted} {said} {end}. To get a new one: keyfob sign-in {argument}."
    ));
}

fn warn_of_secret(session: &CliSession, account: &AccountView) {
    let last = account.settings.client_secret_expires;
    if let Some(end) = secret_expiry::spoken(last, secret_expiry::today(session.now())) {
        let said = secret_end(end, &account.provider_name, None);
        output::say(&format!("Warning: {}", said.paragraph()));
    }
}

/// Offers a token that the vault refused again, and warns if that fails: it ends with this process.
pub(in crate::cli) fn warn_if_unsaved(
    session: &mut CliSession,
    account: &AccountView,
) -> Result<(), Failure> {
    until_saved(session, account)?;
    if let Some(problem) = unsaved(session, account) {
        output::say(&format!("Warning: {}", Failure::not_saved(&problem, account).words()));
    }
    Ok(())
}

fn unsaved(session: &mut CliSession, account: &AccountView) -> Option<VaultProblem> {
    match session.latest(&account.id)?.problem.as_ref()? {
        Problem::NotSaved(problem) => Some(problem.clone()),
        _ => None,
    }
}

/// Offers a token repeatedly to the vault that refused it, since it would be lost with this process.
fn until_saved(session: &mut CliSession, account: &AccountView) -> Result<(), Failure> {
    let Some(problem) = unsaved(session, account) else { return Ok(()) };
    output::say(&format!(
        "The new token of {} is not saved yet. Keyfob keeps trying for a while. {}",
        quoted(account.name.as_str()),
        Failure::of_account(&Problem::Vault(problem), account).words()
    ));
    let started = Instant::now();
    while started.elapsed() < patience(PATIENCE) {
        // If the vault responds, the token is offered at once; the result arrives a moment later.
        let _ = session.ask(Command::TryVault)?.wait();
        thread::sleep(PAUSE);
        if unsaved(session, account).is_none() {
            output::say("It is saved now.");
            return Ok(());
        }
    }
    Ok(())
}

fn printed(
    session: &CliSession,
    account: &AccountView,
    form: Form,
    held: &HeldToken,
) -> Result<SecretText, Failure> {
    let copy_form = match form {
        Form::Plain => CopyForm::Plain,
        Form::Header => CopyForm::Header,
        Form::Curl => CopyForm::Curl,
        Form::Env => CopyForm::Env,
        Form::IdToken => CopyForm::IdToken,
        Form::CurlConfig => return Ok(token_format::curl_config(&held.api, &held.access_token)),
        Form::Json => return as_json(session, held),
    };
    text_of(copy_form, held).map_err(|problem| Failure::of_account(&problem, account))
}

fn as_json(session: &CliSession, held: &HeldToken) -> Result<SecretText, Failure> {
    let login = held.login.as_ref();
    let facts = Facts {
        username: login.map(|login| login.username.as_str()),
        password: login.map(|login| login.password.expose()),
        access_token: held.access_token.expose(),
        token_type: &held.facts.token_type,
        expires_at: held.facts.expires_at.map(rfc3339),
        expires_in: held.facts.expires_at.map(|at| (at - session.now()).num_seconds().max(0)),
        expiry_source: held.facts.expiry_source.as_str(),
        scope: held.facts.scope.as_deref(),
    };
    let text = Zeroizing::new(crate::cli::format::json(&facts)?);
    Ok(SecretText::new(text.as_str().to_owned()))
}
