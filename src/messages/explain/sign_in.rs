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
            "Sign-in timed out: no response from the browser.",
            "Sign in again, and check that the redirect URI is registered exactly as shown.",
        )
        .offering(Action::SignIn),
        SignInProblem::PortInUse { port, free } => port_in_use(*port, free, provider),
        SignInProblem::PortForbidden { port, free } => port_forbidden(*port, free, provider),
        SignInProblem::NoLoopback => no_loopback(),
        SignInProblem::NoBrowser => words(
            "No web browser could be opened.",
            "Copy the sign-in link and open it in a browser on this computer.",
        )
        .offering(Action::CopyAddress),
        SignInProblem::StateMismatch => words(
            "That response belongs to a different sign-in, so it was ignored.",
            "Close old sign-in tabs and start again.",
        ),
        SignInProblem::NoReplyInPaste => words(
            "The pasted text contains no response to this sign-in.",
            "After signing in, copy the whole URL from the browser's address bar.",
        ),
        SignInProblem::BareCodeRefused => words(
            "A code on its own can't be checked for this provider.",
            "Paste the whole URL that the browser ended on.",
        ),
        SignInProblem::ReplyTooLong => reply_too_long(),
        SignInProblem::WrongIssuer => words(
            "The response came from a different server than the one you signed in to, so nothing was sent.",
            "Check the account's endpoints, then sign in again.",
        )
        .offering(Action::EditAccount),
        SignInProblem::Contradictory => words(
            "The response contradicts itself, so it was not used.",
            "Close old sign-in tabs and sign in again.",
        )
        .offering(Action::SignIn),
        SignInProblem::CodeExpired => {
            words("The code expired before it was entered.", "Sign in again to get a new code.")
                .offering(Action::SignIn)
        }
        SignInProblem::NoCode { host, status, flaw } => {
            let next = "Check the device authorization endpoint against the provider's documentation.";
            no_use(host, *status, *flaw, "returned no code to sign in with", next)
        }
        SignInProblem::NotPushed { host, status, flaw } => {
            let next =
                "Check the pushed authorization request endpoint against the provider's documentation.";
            no_use(host, *status, *flaw, "didn't accept the pushed authorization request", next)
        }
        SignInProblem::WrongNonce => wrong_nonce(provider),
        SignInProblem::Denied { code, description, hints } => {
            denied(code.as_str(), description.as_ref(), hints, provider)
        }
    }
}

fn no_loopback() -> UserMessage {
    words(
        "This computer has no loopback address, so the browser can't return here.",
        "Check the network settings for 127.0.0.1, or use another redirect URI and paste the URL it ends on.",
    )
    .offering(Action::EditAccount)
}

fn reply_too_long() -> UserMessage {
    words(
        "The browser sent more than 64 KiB, so Keyfob didn't read it. The sign-in still waits.",
        "Paste the URL that the browser ended on. If it is too long, delete the browser's cookies for 127.0.0.1 \
         and localhost, and sign in again.",
    )
}

fn wrong_nonce(provider: &str) -> UserMessage {
    words(
        "The ID token was not issued for this sign-in, so none of the tokens were kept.",
        format!("Sign in again. If {provider} leaves out the nonce, remove “openid” from the scopes."),
    )
    .offering(Action::SignIn)
}

fn port_in_use(port: u16, free: &[u16], provider: &str) -> UserMessage {
    let next = format!("Close that program, or choose another port and register it with {provider}.");
    let said = words(
        format!("Port {port} is used by another program, so the browser can't return here."),
        with_free(next, free),
    );
    UserMessage { others: take(free), ..said.offering(Action::SignIn) }
}

fn port_forbidden(port: u16, free: &[u16], provider: &str) -> UserMessage {
    let next = format!("Choose a port above 1023 and register it with {provider}.");
    let said = words(
        format!("This system doesn't let Keyfob use port {port}, so the browser can't return here."),
        with_free(next, free),
    );
    UserMessage { others: take(free), ..said.offering(Action::EditAccount) }
}

fn no_use(host: &str, status: u16, flaw: AnswerFlaw, what: &str, next: &str) -> UserMessage {
    let host = sanitized(host, NAME_CHARS);
    let details = Some(format!("HTTP {status} from {host}: {flaw}"));
    UserMessage { details, ..words(format!("{host} {what}."), next).offering(Action::EditAccount) }
}

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
            "Check the client ID and the redirect URI registered for it.",
        )
        .offering(Action::EditAccount),
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
            words(
                format!("{provider} needs your input on its page, but the request prevents that."),
                "If the account sends the parameter prompt=none, remove it. Then sign in again.",
            )
            .offering(Action::EditAccount)
        }
        "server_error" | "temporarily_unavailable" => {
            words(format!("{provider} can't sign you in at the moment."), "Try again in a few minutes.")
                .offering(Action::SignIn)
        }
        _ => words(
            format!("{provider} ended the sign-in with the error “{code}”."),
            "Check the client ID, the scopes and the redirect URI, then sign in again.",
        )
        .offering(Action::SignIn),
    }
}

pub(in crate::messages::explain) fn interrupted(refreshing: bool, here: &str) -> UserMessage {
    if refreshing {
        words(
            format!(
                "Keyfob was stopped, or the connection broke, while the token of {here} was being refreshed. Its \
                 refresh token may be used up."
            ),
            "Try to refresh it. If that is refused, sign in again. Your settings are kept.",
        )
        .offering(Action::TryAgain)
    } else {
        words(
            format!(
                "Keyfob was stopped, or the connection broke, while a sign-in to {here} was finishing, so its \
                 token is lost."
            ),
            "Sign in again; your settings are kept.",
        )
        .offering(Action::SignIn)
    }
}
