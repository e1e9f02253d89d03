//! `keyfob check`. It never prints the token.

use serde::Serialize;

use super::list::aligned;
use crate::cli::failure::Failure;
use crate::cli::format::{json, local, rfc3339, shown};
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::with_engine;
use crate::domain::oauth::introspection::Checked;
use crate::messages::command::Command;
use crate::messages::event::Reply;
use crate::messages::explain::verdict;
use crate::messages::problem::Problem;

#[derive(Serialize)]
struct Shown<'a> {
    active: bool,
    subject: Option<&'a str>,
    expires_at: Option<String>,
    scopes: &'a [String],
    granted_scope: Option<&'a [String]>,
    missing_scope: Vec<&'a str>,
}

pub(in crate::cli) fn run(vault: &VaultOptions, name: &str, as_json: bool) -> Result<(), Failure> {
    with_engine(vault, |session| {
        let account = session.find(name)?;
        session.unlock(false)?;
        let Reply::Checked(checked) = session.done(&account, Command::Check(account.id.clone()))? else {
            return Err(Failure::of_account(&Problem::Stopped, &account));
        };
        if as_json { output::data(&json(&facts(&checked))?) } else { output::data(&lines(&checked)) }
    })
}

fn facts(checked: &Checked) -> Shown<'_> {
    Shown {
        active: checked.verdict.active,
        subject: checked.verdict.subject.as_deref(),
        expires_at: checked.verdict.expires_at.map(rfc3339),
        scopes: &checked.asked,
        granted_scope: checked.granted.as_deref(),
        missing_scope: checked.missing(),
    }
}

fn lines(checked: &Checked) -> String {
    let list = |scopes: &[String]| if scopes.is_empty() { "-".to_owned() } else { shown(&scopes.join(" ")) };
    let missing = checked.missing();
    let rows = [
        ("Status", verdict(&checked.verdict).to_owned()),
        ("Subject", checked.verdict.subject.as_deref().map_or_else(|| "-".to_owned(), shown)),
        ("Expires", checked.verdict.expires_at.map_or_else(|| "-".to_owned(), local)),
        ("Scopes", list(&checked.asked)),
        ("Granted scope", checked.granted.as_deref().map_or_else(|| "-".to_owned(), list)),
        ("Not granted", if missing.is_empty() { "-".to_owned() } else { shown(&missing.join(" ")) }),
    ];
    aligned(&rows.map(|(label, value)| [format!("{label}:"), value]))
}
