//! Texts about diagnostic checks.
//!
//! Invariant: every problem has a next step, and every skipped check a reason.

use crate::base::sanitize::sanitized;
use crate::domain::refusal::connectivity::{CheckOutcome, OnTheWay};
use crate::domain::refusal::transport::{Unreachable, UnreachableKind};
use crate::messages::diagnosis::{Cause, Check, Finding};
use crate::messages::problem::Problem;
use crate::messages::snapshot::VaultKind;

use super::{NAME_CHARS, UserMessage, capitalized, explain, label_of, words};

/// The heading of a check.
pub fn check(check: Check) -> String {
    match check {
        Check::Vault => "Secrets".to_owned(),
        Check::Browser => "Browser".to_owned(),
        Check::Port => "Redirect port".to_owned(),
        Check::Dns => "Name (DNS)".to_owned(),
        Check::Tls => "Encryption (TLS)".to_owned(),
        Check::Endpoint(kind) => capitalized(label_of(kind.key())),
        Check::Clock => "Clock".to_owned(),
    }
}

/// The label of a finding's outcome.
pub fn verdict(finding: &Finding) -> &'static str {
    match finding.verdict() {
        CheckOutcome::Ok => "ok",
        CheckOutcome::Warning => "warning",
        CheckOutcome::Failed => "failed",
        CheckOutcome::NotTried if finding.cause == Cause::OnTheWay(OnTheWay::NotReached) => "not reached",
        CheckOutcome::NotTried => "not needed",
    }
}

/// A finding: what was found, and what to do about a problem.
pub fn finding(finding: &Finding, provider: Option<&str>) -> UserMessage {
    match &finding.cause {
        Cause::VaultAnswers(kind) => vault(*kind),
        Cause::Vault(problem) => explain(&Problem::Vault(problem.clone()), None, provider),
        Cause::Browser { is_there: Some(true) } => words("A browser can be started.", ""),
        Cause::Browser { is_there: Some(false) } => words(
            "No web browser was found.",
            "Install one, name one in $BROWSER, or copy the sign-in link and open it elsewhere on this computer.",
        ),
        Cause::Browser { is_there: None } => {
            words("Keyfob can't tell without opening a page.", "Sign in and see if a page opens.")
        }
        Cause::PortFree => words("The browser can return here.", ""),
        Cause::Port(problem) => explain(&Problem::SignIn(problem.clone()), None, provider),
        Cause::NoPortNeeded => words("No port on this computer is needed.", ""),
        Cause::OnTheWay(found) => on_the_way(finding, *found),
        Cause::Settings(error) => explain(&Problem::Settings(error.clone()), None, provider),
        Cause::NoAccount => words(
            "Which provider to check depends on the account.",
            "Name an account, or open this from the account's error.",
        ),
    }
}

fn vault(kind: VaultKind) -> UserMessage {
    match kind {
        VaultKind::Keychain => words("The keychain responds.", ""),
        VaultKind::File => words("The file with your secrets is open.", ""),
        VaultKind::Team => words("The team vault responds.", ""),
        VaultKind::Memory => words(
            "Secrets are kept in memory and are gone when you quit.",
            "Keep them in the keychain or in a passphrase-protected file.",
        ),
    }
}

fn on_the_way(finding: &Finding, found: OnTheWay) -> UserMessage {
    match found {
        OnTheWay::Clear => words(
            match finding.check {
                Check::Dns => "The name resolves.",
                Check::Tls => "The certificate is trusted, and the TLS version is current.",
                _ => "This computer's clock agrees with the server's.",
            },
            "",
        ),
        OnTheWay::Answers(status) => words(format!("Reachable (HTTP {status} to an empty request)."), ""),
        OnTheWay::Here => words("This is the same computer, so there is nothing to check.", ""),
        OnTheWay::NotReached => words("The server was not reached, so this was not checked.", ""),
        OnTheWay::ByProxy => words(
            "This computer can't resolve the name, but the server responds through the system's proxy.",
            "Nothing to do, unless you expect no proxy.",
        ),
        OnTheWay::Unreachable(kind) => unreachable(finding, kind),
        OnTheWay::Nothing(status) => words(
            format!("The server found nothing at this URL (HTTP {status})."),
            "Some servers respond this way to an empty request and still accept real ones. If sign-ins fail, check \
             the URL against the provider's documentation.",
        ),
        OnTheWay::Moved(status) => words(
            format!(
                "The server redirects elsewhere (HTTP {status}). Keyfob never forwards secrets through redirects."
            ),
            "If sign-ins fail, enter the final URL.",
        ),
        OnTheWay::Trouble(429) => {
            words("The server is limiting requests (HTTP 429).", "Wait a few minutes, then try again.")
        }
        OnTheWay::Trouble(status) => words(
            format!("The server has a problem at the moment (HTTP {status})."),
            "Try again in a few minutes, or check the provider's status page.",
        ),
        OnTheWay::Skewed(secs) => skewed(secs),
        OnTheWay::NoDate => words("The server didn't send its time.", ""),
    }
}

fn unreachable(finding: &Finding, kind: UnreachableKind) -> UserMessage {
    let host = url::Url::parse(&finding.about).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_else(|| sanitized(&finding.about, NAME_CHARS).into_owned());
    explain(&Problem::Unreachable(Unreachable { host, kind, may_have_been_sent: false }), None, None)
}

fn skewed(secs: i64) -> UserMessage {
    let minutes = secs.unsigned_abs().div_ceil(60);
    let way = if secs > 0 { "behind" } else { "ahead of" };
    words(
        format!("This computer's clock is about {minutes} min {way} the server's."),
        "Set the clock, preferably by network time. Signed requests and token expiry depend on it.",
    )
}
