//! `keyfob doctor`.
//!
//! The findings are the output, so they go to standard output even if a check fails. The exit code reports
//! that, too.

use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::format::{json, shown};
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::with_engine;
use crate::domain::refusal::connectivity::CheckOutcome;
use crate::messages::command::Command;
use crate::messages::diagnosis::Finding;
use crate::messages::event::Reply;
use crate::messages::explain::doctor;
use crate::messages::problem::Problem;

#[derive(Serialize)]
struct Findings<'a> {
    check: &'static str,
    about: &'a str,
    verdict: &'static str,
    what: String,
    next: Option<String>,
}

pub(in crate::cli) fn run(vault: &VaultOptions, name: Option<&str>, as_json: bool) -> Result<(), Failure> {
    with_engine(vault, |session| {
        let account = name.map(|name| session.find(name)).transpose()?;
        // A passphrase file is used if given; there is no prompt.
        if vault.file.is_some()
            && let Err(failure) = session.unlock(false)
        {
            output::say(failure.words());
        }
        let id = account.as_ref().map(|account| account.id.clone());
        let reply = session.ask(Command::Diagnose(id))?.wait().map_err(|problem| Failure::of(&problem))?;
        let Reply::Diagnosed(findings) = reply else { return Err(Failure::of(&Problem::Stopped)) };
        let provider = account.as_ref().map(|account| account.provider_name.as_str());
        if as_json {
            let found: Vec<_> = findings.iter().map(|finding| object(finding, provider)).collect();
            output::data(&json(&found)?)?;
        } else {
            let lines: Vec<_> = findings.iter().map(|finding| line(finding, provider)).collect();
            output::data(&lines.join("\n"))?;
        }
        let failed = findings.iter().any(|finding| finding.verdict() == CheckOutcome::Failed);
        if failed { Err(Failure::found_faults()) } else { Ok(()) }
    })
}

fn object<'a>(finding: &'a Finding, provider: Option<&str>) -> Findings<'a> {
    let said = doctor::finding(finding, provider);
    Findings {
        check: finding.check.key(),
        about: &finding.about,
        verdict: finding.verdict().as_str(),
        what: said.what,
        next: Some(said.next).filter(|next| !next.is_empty()),
    }
}

/// `failed     Token endpoint (https://…): what was found. What to do.`
fn line(finding: &Finding, provider: Option<&str>) -> String {
    let said = doctor::finding(finding, provider);
    let about =
        if finding.about.is_empty() { String::new() } else { format!(" ({})", shown(&finding.about)) };
    let verdict = doctor::verdict(finding);
    let check = doctor::check(finding.check);
    format!("{verdict:<11}  {check}{about}: {}", said.paragraph().trim_end())
}
