//! Texts about sign-ins.

use crate::base::sanitize::sanitized;
use crate::messages::problem::{AnswerFlaw, Hints, SignInProblem, UntrustedText};

use super::{Action, NAME_CHARS, UserMessage, likely_causes, words};

pub(in crate::messages::explain) fn sign_in(problem: &SignInProblem, provider: &str) -> UserMessage {
    match problem {
        SignInProblem::Cancelled => {
            words("The sign-in was cancelled.", "Choose Sign in when you are ready.").offering(Action::SignIn)
        }
        SignInProblem::TimedOut => words(
            "Nothing came back from the browser in time, so the sign-in has ended.",
            "Sign in again, and check that the redirect address is registered exactly as shown.",
        )
        .offering(Action::SignIn),
        SignInProblem::PortInUse { port, free } => {
            let next = format!("Close that program, or choose another port and register it with {provider}.");
            let said = words(
                format!("Port {port} is used by another program, so the browser can't return here."),
                with_free(next, free),
            );
            UserMessage { others: take(free), ..said.offering(Action::SignIn) }
        }
        SignInProblem::PortForbidden { port, free } => {
            let next = format!("Choose a port above 1023 and register it with {provider}.");
            let said = words(
                format!("This system doesn't let Keyfob use port {port}, so the browser can't return here."),
                with_free(next, free),
            );
            UserMessage { others: take(free), ..said.offering(Action::EditAccount) }
        }
        SignInProblem::NoLoopback => words(
            "This computer offers no loopback address, so the browser can't return here.",
            "Check the network settings for 127.0.0.1, or use a redirect address elsewhere and paste where it ends.",
        )
        .offering(Action::EditAccount),
        SignInProblem::NoBrowser => words(
            "No web browser could be opened.",
            "Copy the sign-in address and open it in a browser on this computer.",
        )
        .offering(Action::CopyAddress),
        SignInProblem::StateMismatch => words(
            "That reply belongs to a different sign-in, so it was ignored.",
            "Close old sign-in tabs and start again.",
        ),
        SignInProblem::NoReplyInPaste => words(
            "The pasted text holds no reply to this sign-in.",
            "Copy the whole address from the browser's address bar, after you have signed in.",
        ),
        SignInProblem::BareCodeRefused => words(
            "A code on its own can't be checked for this provider.",
            "Paste the whole address that the browser ended on.",
        ),
        SignInProblem::ReplyTooLong => words(
            "The browser sent more than 64 KiB, so its reply was not read. The sign-in still waits.",
            "Paste the address that the browser ended on. If it is too long for that, delete the browser's \
             cookies for 127.0.0.1 and localhost, and sign in again.",
        ),
        SignInProblem::WrongIssuer => words(
            "The reply came from another server than the one you signed in to, so nothing was sent.",
            "Check the account's addresses, then sign in again.",
        )
        .offering(Action::EditAccount),
        SignInProblem::Contradictory => words(
            "The reply contradicts itself, so it was not used.",
            "Close old sign-in tabs and sign in again.",
        )
        .offering(Action::SignIn),
        SignInProblem::CodeExpired => {
            words("The code has expired before it was entered.", "Sign in again to get a new code.")
                .offering(Action::SignIn)
        }
        SignInProblem::NoCode { host, status, flaw } => {
            let next = "Check the device authorization address against the provider's document.";
            no_use(host, *status, *flaw, "gave no code to sign in with", next)
        }
        SignInProblem::NotPushed { host, status, flaw } => {
            let next = "Check the pushed authorization address against the provider's document.";
            no_use(host, *status, *flaw, "didn't take the pushed authorization request", next)
        }
        SignInProblem::WrongNonce => words(
            "The ID token that came back was not made for this sign-in, so none of the tokens was kept.",
            format!("Sign in again. Where {provider} leaves the nonce out, remove “openid” from the scopes."),
        )
        .offering(Action::SignIn),
        SignInProblem::Denied { code, description, hints } => {
            denied(code.as_str(), description.as_ref(), hints, provider)
        }
    }
}

/// A response without anything useful.
fn no_use(host: &str, status: u16, flaw: AnswerFlaw, what: &str, next: &str) -> UserMessage {
    let host = sanitized(host, NAME_CHARS);
    let details = Some(format!("HTTP {status} from {host}: {flaw}"));
    UserMessage { details, ..words(format!("{host} {what}."), next).offering(Action::EditAccount) }
}

/// The advice, with the ports that were free.
fn with_free(next: String, free: &[u16]) -> String {
    match free {
        [] => next,
        [one] => format!("{next} Port {one} is free at the moment."),
        [rest @ .., last] => {
            let rest: Vec<String> = rest.iter().map(ToString::to_string).collect();
            format!("{next} Ports {} and {last} are free at the moment.", rest.join(", "))
        }
    }
}

fn take(free: &[u16]) -> Vec<Action> {
    free.iter().map(|port| Action::TakePort(*port)).collect()
}

fn denied(code: &str, description: Option<&UntrustedText>, hints: &Hints, provider: &str) -> UserMessage {
    let likely = likely_causes::likely(provider, code, description.map_or("", UntrustedText::as_str), hints);
    let said = likely.unwrap_or_else(|| denied_by_standard(code, provider));
    let details = description.map_or_else(|| code.to_owned(), |text| format!("{code}: “{text}”"));
    UserMessage { details: Some(details), ..said }
}

fn denied_by_standard(code: &str, provider: &str) -> UserMessage {
    match code {
        "access_denied" => {
            words(format!("Access was refused on {provider}'s page."), "Sign in again and allow the access.")
                .offering(Action::SignIn)
        }
        "unauthorized_client" => words(
            format!("{provider} doesn't let this client sign people in."),
            "Check the client ID and the redirect address it is registered with.",
        )
        .offering(Action::EditAccount),
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
            words(
                format!(
                    "{provider} has to ask you something on its page, and the request kept it from that."
                ),
                "Where the account sends the parameter prompt=none, take it out. Then sign in again.",
            )
            .offering(Action::EditAccount)
        }
        "server_error" | "temporarily_unavailable" => {
            words(format!("{provider} can't sign you in at the moment."), "Try again in a few minutes.")
                .offering(Action::SignIn)
        }
        _ => words(
            format!("{provider} ended the sign-in with the error “{code}”."),
            "Check the client ID, the scopes and the redirect address, then sign in again.",
        )
        .offering(Action::SignIn),
    }
}

/// A token request whose response was not stored.
pub(in crate::messages::explain) fn interrupted(refreshing: bool, here: &str) -> UserMessage {
    if refreshing {
        words(
            format!(
                "Keyfob was stopped, or the connection broke, while the token of {here} was being renewed: its \
                 refresh token may be used up."
            ),
            "Try to renew it; if that is refused, sign in again. Your settings are kept.",
        )
        .offering(Action::TryAgain)
    } else {
        words(
            format!(
                "Keyfob was stopped, or the connection broke, while a sign-in to {here} was being finished, so its \
                 token is lost."
            ),
            "Sign in again; your settings are kept.",
        )
        .offering(Action::SignIn)
    }
}
