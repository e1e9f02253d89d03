//! Words for people about problems: what happened, and what to do next.
//!
//! Owns every sentence that explains a [`Problem`]; the window and the command line share them.
//! Invariant: each problem has both sentences, none holds a secret, and text from outside stands in
//! quotation marks.

use chrono::{DateTime, Local, Utc};

use crate::domain::account::NameError;
use crate::domain::provider::{EndpointKind, ProviderError};
use crate::domain::redirect::RedirectError;
use crate::domain::transport::{Unreachable, UnreachableKind};
use crate::domain::unseen::neutralised;

use super::problem::{BadAnswer, BadAnswerKind, Problem, Refusal, SignInProblem, VaultProblem};

/// What the window offers as a button beside the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Sign in.
    SignIn,
    /// Do the same once more.
    TryAgain,
    /// Open the account's form.
    EditAccount,
    /// Copy the sign-in address.
    CopyAddress,
    /// Open the settings.
    OpenSettings,
    /// Try the vault once more.
    TryVault,
}

/// A problem in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// One sentence: what happened.
    pub what: String,
    /// One or two sentences: what to do next.
    pub next: String,
    /// What to offer as a button.
    pub action: Option<Action>,
    /// What the other side said, for *Show details*.
    pub details: Option<String>,
}

impl Words {
    /// Both as one paragraph, for the command line.
    pub fn paragraph(&self) -> String {
        format!("{} {}", self.what, self.next)
    }

    fn offering(mut self, action: Action) -> Self {
        self.action = Some(action);
        self
    }
}

fn words(what: impl Into<String>, next: impl Into<String>) -> Words {
    Words { what: what.into(), next: next.into(), action: None, details: None }
}

/// The longest name that is put into a sentence, in characters.
const NAME_CHARS: usize = 60;

fn quoted(text: &str) -> String {
    format!("“{}”", neutralised(text, NAME_CHARS))
}

/// What a key of the import file is called in the window.
pub fn label_of(key: &str) -> &str {
    match key {
        "name" => "name",
        "client_id" => "client ID",
        "client_secret" => "client secret",
        "username" => "user name",
        "password" => "password",
        "scopes" => "scopes",
        "redirect_uri" => "redirect address",
        "headers" => "extra headers",
        "endpoints.authorize" => "authorization address",
        "endpoints.token" => "token address",
        other => other,
    }
}

/// Puts a problem into words; `account` and `provider` are names, where there are some.
pub fn explain(problem: &Problem, account: Option<&str>, provider: Option<&str>) -> Words {
    let here = account.map_or_else(|| "this account".to_owned(), quoted);
    let opening = account.map_or_else(|| "This account".to_owned(), quoted);
    let provider = provider.map_or_else(|| "the provider".into(), |name| neutralised(name, NAME_CHARS));
    match problem {
        Problem::UnknownAccount(name) => words(
            format!("There is no account called {}.", quoted(name)),
            "Check the spelling against the list of accounts.",
        ),
        Problem::NameTaken(name) => {
            words(format!("Another account is called {} already.", quoted(name)), "Choose another name.")
        }
        Problem::BadName(error) => bad_name(*error),
        Problem::ChangedElsewhere => words(
            "The account was changed elsewhere in the meantime, so nothing was saved.",
            "Open it again and repeat your change.",
        ),
        Problem::Settings(error) => settings(error),
        Problem::ValueMissing(key) => words(
            format!("{opening} has no {}, so nothing was sent.", label_of(key)),
            "Edit the account and fill it in.",
        )
        .offering(Action::EditAccount),
        Problem::ValueUnusable(key) => words(
            format!("The {} of {here} holds a character that no request can carry.", label_of(key)),
            "Edit the account and enter it again, without line breaks.",
        )
        .offering(Action::EditAccount),
        Problem::NeedsSignIn => words(
            format!("{opening} has no token that can be used or renewed."),
            "Sign in to get one; your settings are kept.",
        )
        .offering(Action::SignIn),
        Problem::RefreshRefused(refusal) => Words {
            details: Some(details_of(refusal)),
            ..words("The saved sign-in has expired or was revoked.", "Sign in again; your settings are kept.")
                .offering(Action::SignIn)
        },
        Problem::SignIn(problem) => sign_in(problem, &provider),
        Problem::Refused(refusal) => Words { details: Some(details_of(refusal)), ..refused(refusal) },
        Problem::BadAnswer(answer) => bad_answer(answer),
        Problem::Unreachable(unreachable) => unreached(unreachable),
        Problem::Vault(problem) => vault(problem, &here),
        Problem::Disk(text) => Words {
            details: Some(text.to_string()),
            ..words(
                "Keyfob couldn't read or write its files.",
                "Check that the disk has room and that its folder can be written, then try again.",
            )
            .offering(Action::TryAgain)
        },
        Problem::NotSaved(problem) => {
            let why = vault(problem, &here);
            words(
                format!("A new token of {here} is not saved yet; it is kept until you quit. {}", why.what),
                why.next,
            )
            .offering(Action::TryVault)
        }
        Problem::Busy => words(
            format!("Another Keyfob is renewing {here} at this moment, so nothing was sent."),
            "Wait a few seconds and try again.",
        )
        .offering(Action::TryAgain),
        Problem::Clipboard => words(
            "The clipboard didn't take the text, so nothing was copied.",
            "Try again; where there is no desktop session, nothing can be copied.",
        ),
        Problem::Demo(text) => Words {
            details: Some(text.to_string()),
            ..words(
                "The demo's server could not start on this computer.",
                "Quit Keyfob, start it again and choose the demo once more.",
            )
        },
        Problem::Stopped => {
            words("Keyfob is stopping, so this was not done.", "Start Keyfob again and repeat it.")
        }
    }
}

fn bad_name(error: NameError) -> Words {
    match error {
        NameError::Empty => words("The account has no name.", "Give the account a name."),
        NameError::TooLong => words("The name is longer than 120 characters.", "Choose a shorter name."),
        NameError::Unseen => words(
            "The name has a character that can't be seen or that turns text around.",
            "Type the name again instead of pasting it.",
        ),
    }
}

fn settings(error: &ProviderError) -> Words {
    let said = match error {
        ProviderError::UnknownProvider(id) => words(
            format!("There is no provider called {}.", quoted(id)),
            "Choose one from the list, or a custom provider.",
        ),
        ProviderError::GrantNotOffered { provider, grant } => words(
            format!("{} does not offer the grant {}.", neutralised(provider, NAME_CHARS), grant.as_str()),
            "Choose another grant.",
        ),
        ProviderError::VariableMissing { label, .. } => {
            words(format!("The {} is not chosen.", label.to_lowercase()), "Choose it in the account's form.")
        }
        ProviderError::VariableUnknown { label, value, .. } => words(
            format!("{} is no {} that can be used.", quoted(value), label.to_lowercase()),
            "Choose it again in the account's form.",
        ),
        ProviderError::EndpointMissing(kind) => words(
            format!("The {} is missing.", label_of(kind.key())),
            "Copy it from the provider's document.",
        ),
        ProviderError::EndpointInvalid(kind) => words(
            format!("The {} is not an address.", label_of(kind.key())),
            format!("Enter it in full, such as {}.", sample(*kind)),
        ),
        ProviderError::EndpointInsecure(kind) => words(
            format!("The {} is not https, so secrets can't be sent there.", label_of(kind.key())),
            "Use its https address. Plain http is for this computer only.",
        ),
        ProviderError::Redirect(RedirectError::Invalid) => words(
            "The redirect address is not an address.",
            "Enter it as it is registered, such as http://127.0.0.1:8910/callback.",
        ),
        ProviderError::Redirect(RedirectError::Fragment) => {
            words("The redirect address has a part after #, which is not allowed.", "Remove that part.")
        }
    };
    said.offering(Action::EditAccount)
}

fn sample(kind: EndpointKind) -> &'static str {
    match kind {
        EndpointKind::Authorize => "https://auth.example.com/oauth/authorize",
        EndpointKind::Token => "https://auth.example.com/oauth/token",
    }
}

fn sign_in(problem: &SignInProblem, provider: &str) -> Words {
    match problem {
        SignInProblem::Cancelled => {
            words("The sign-in was cancelled.", "Choose Sign in when you are ready.").offering(Action::SignIn)
        }
        SignInProblem::TimedOut => words(
            "Nothing came back from the browser in time, so the sign-in has ended.",
            "Sign in again, and check that the redirect address is registered exactly as shown.",
        )
        .offering(Action::SignIn),
        SignInProblem::PortInUse { port } => words(
            format!("Port {port} is used by another program, so the browser can't return here."),
            format!("Close that program, or choose another port and register it with {provider}."),
        )
        .offering(Action::SignIn),
        SignInProblem::PortForbidden { port } => words(
            format!("This system doesn't let Keyfob use port {port}, so the browser can't return here."),
            format!("Choose a port above 1023 and register it with {provider}."),
        )
        .offering(Action::EditAccount),
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
        SignInProblem::Denied { code, description } => denied(code.as_str(), description.as_ref(), provider),
    }
}

fn denied(code: &str, description: Option<&super::problem::Outside>, provider: &str) -> Words {
    let said = match code {
        "access_denied" => {
            words(format!("Access was refused on {provider}'s page."), "Sign in again and allow the access.")
                .offering(Action::SignIn)
        }
        "invalid_scope" => words(
            format!("{provider} doesn't know one of the scopes, or doesn't grant it to this client."),
            "Edit the scopes, then sign in again.",
        )
        .offering(Action::EditAccount),
        "unauthorized_client" => words(
            format!("{provider} doesn't let this client sign people in."),
            "Check the client ID and the redirect address it is registered with.",
        )
        .offering(Action::EditAccount),
        "server_error" | "temporarily_unavailable" => {
            words(format!("{provider} can't sign you in at the moment."), "Try again in a few minutes.")
                .offering(Action::SignIn)
        }
        _ => words(
            format!("{provider} ended the sign-in with the error “{code}”."),
            "Check the client ID, the scopes and the redirect address, then sign in again.",
        )
        .offering(Action::SignIn),
    };
    let details = description.map_or_else(|| code.to_owned(), |text| format!("{code}: “{text}”"));
    Words { details: Some(details), ..said }
}

fn refused(refusal: &Refusal) -> Words {
    let provider = neutralised(&refusal.provider, NAME_CHARS);
    let code = refusal.code.as_ref().map_or("", super::problem::Outside::as_str);
    if refusal.status == 429 {
        return words(format!("{provider} asks to send less often."), wait_until(refusal.retry_at))
            .offering(Action::TryAgain);
    }
    if refusal.with_password && (code == "invalid_grant" || (code.is_empty() && refusal.status == 401)) {
        return words(
            format!("{provider} rejected the username or password."),
            "Check both. Accounts with two-step sign-in often can't use this method.",
        )
        .offering(Action::EditAccount);
    }
    if code == "invalid_client" || (code.is_empty() && refusal.status == 401 && refusal.meaning.is_none()) {
        let place = refusal.secrets_place.clone();
        let place = place.unwrap_or_else(|| format!("{provider}'s developer page"));
        return words(
            format!("{provider} didn't accept the client ID or secret."),
            format!("Copy both again from {place} and check that the secret hasn't expired."),
        )
        .offering(Action::EditAccount);
    }
    if let Some(meaning) = &refusal.meaning {
        let meaning = meaning.trim_end_matches('.');
        let next = if refusal.status >= 500 {
            wait_until(refusal.retry_at)
        } else {
            "Check the account against the provider's document, then try again.".to_owned()
        };
        return words(format!("{provider} refused: {meaning}."), next).offering(Action::TryAgain);
    }
    match code {
        "invalid_grant" => words(
            format!("{provider} no longer accepts this sign-in; its code was used or has expired."),
            "Start the sign-in again.",
        )
        .offering(Action::SignIn),
        "invalid_scope" => words(
            format!("{provider} doesn't know one of the scopes, or doesn't grant it to this client."),
            "Edit the scopes, then try again.",
        )
        .offering(Action::EditAccount),
        "unauthorized_client" | "unsupported_grant_type" => words(
            format!("{provider} doesn't offer this grant to this client."),
            "Choose another grant, or have it allowed for this client.",
        )
        .offering(Action::EditAccount),
        _ if refusal.status >= 500 => words(
            format!("{provider} has a problem of its own at the moment (HTTP {}).", refusal.status),
            wait_until(refusal.retry_at),
        )
        .offering(Action::TryAgain),
        "" => words(
            format!("{provider} refused the request (HTTP {}).", refusal.status),
            "Check the token address and the account's settings, then try again.",
        )
        .offering(Action::EditAccount),
        _ => words(
            format!("{provider} refused the request with the error “{code}”."),
            "Check the account's settings against the provider's document, then try again.",
        )
        .offering(Action::EditAccount),
    }
}

/// Advice to wait; the moment is said in local time.
fn wait_until(moment: Option<DateTime<Utc>>) -> String {
    moment.map_or_else(
        || "Nothing was lost. Try again in a few minutes.".to_owned(),
        |at| format!("Nothing was lost. Try again after {}.", at.with_timezone(&Local).format("%H:%M:%S")),
    )
}

fn details_of(refusal: &Refusal) -> String {
    let mut text = format!("HTTP {}", refusal.status);
    if let Some(code) = &refusal.code {
        text = format!("{text} · {code}");
    }
    if let Some(description) = &refusal.description {
        text = format!("{text} · “{description}”");
    }
    text
}

fn bad_answer(answer: &BadAnswer) -> Words {
    let host = neutralised(&answer.host, NAME_CHARS);
    let said = match answer.kind {
        BadAnswerKind::WebPage => words(
            format!("{host} sent a web page instead of a token."),
            "Check that the token address isn't the sign-in address.",
        ),
        BadAnswerKind::Empty => words(
            format!("{host} sent an empty answer instead of a token."),
            "Check the token address, then try again.",
        ),
        BadAnswerKind::Unreadable => words(
            format!("{host} sent something that is neither JSON nor a form, or was cut short."),
            "Check the token address, then try again.",
        ),
        BadAnswerKind::NoToken => words(
            format!("{host} answered without an access token."),
            "Check the token address and the grant, then try again.",
        ),
        BadAnswerKind::UnusableToken => words(
            format!("{host} sent a token that no request header can carry."),
            "Ask the provider about it; the token was not kept.",
        ),
        BadAnswerKind::TooLarge => words(
            format!("{host} sent more than 1 MiB, so the answer was dropped."),
            "Check the token address, then try again.",
        ),
        BadAnswerKind::Redirect => words(
            format!("{host} points to another address, where secrets are never sent on."),
            "Enter the final token address.",
        ),
    };
    Words { details: Some(format!("HTTP {} from {host}", answer.status)), ..said }
        .offering(Action::EditAccount)
}

fn unreached(unreachable: &Unreachable) -> Words {
    let host = neutralised(&unreachable.host, NAME_CHARS);
    let again = if unreachable.may_have_been_sent {
        "The request may have arrived. Check the network, then try again."
    } else {
        "Nothing was sent. Check the network, then try again."
    };
    match unreachable.kind {
        UnreachableKind::Dns => words(
            format!("{host} could not be found."),
            "Nothing was sent. Check the address and the network, then try again.",
        )
        .offering(Action::TryAgain),
        UnreachableKind::Connect => {
            words(format!("{host} didn't take the connection."), again).offering(Action::TryAgain)
        }
        UnreachableKind::TimedOut => {
            words(format!("{host} took too long to answer."), again).offering(Action::TryAgain)
        }
        UnreachableKind::Certificate => words(
            format!("{host}'s certificate isn't trusted, so nothing was sent."),
            "On a company network, add its root certificate in Settings and try again.",
        )
        .offering(Action::OpenSettings),
        UnreachableKind::NoRootCertificates => words(
            "This computer has no root certificates, so no server can be trusted and nothing was sent.",
            "Install them (the package ca-certificates on Debian and Ubuntu) and start Keyfob again.",
        ),
        UnreachableKind::Tls => words(
            format!("{host} offers only encryption that is out of date, so nothing was sent."),
            "Ask the provider for an address with TLS 1.2 or newer.",
        ),
        UnreachableKind::Broken => {
            words(format!("The connection to {host} broke."), again).offering(Action::TryAgain)
        }
        UnreachableKind::BadRootCertificate => words(
            "The extra root certificate can't be read, so nothing was sent.",
            "Choose a PEM file in Settings, or clear the field.",
        )
        .offering(Action::OpenSettings),
    }
}

fn vault(problem: &VaultProblem, here: &str) -> Words {
    let said = match problem {
        VaultProblem::Absent => words(
            "No keychain service is running.",
            "Start GNOME Keyring or KWallet, or keep secrets in memory until you quit.",
        ),
        VaultProblem::Locked => words(
            "Your keychain is locked, so saved secrets can't be read.",
            "Unlock it and choose Try again. Nothing was lost.",
        ),
        VaultProblem::Denied => words(
            "The keychain's prompt was dismissed, so saved secrets can't be read.",
            "Choose Try again and unlock it. Nothing was lost.",
        ),
        VaultProblem::Slow => words(
            "The keychain doesn't answer.",
            "Look for its prompt, perhaps behind another window, then choose Try again. Nothing was lost.",
        ),
        VaultProblem::Missing => {
            return words(
                format!("The keychain has no entry for {here}."),
                "Edit the account and enter its secrets again.",
            )
            .offering(Action::EditAccount);
        }
        VaultProblem::Corrupt => {
            return words(
                format!("The keychain's entry for {here} can't be read back."),
                "Edit the account and enter its secrets again.",
            )
            .offering(Action::EditAccount);
        }
        VaultProblem::TooLarge => {
            return words(
                format!("The secrets of {here} are larger than this keychain takes, so they weren't saved."),
                "Shorten the extra headers, or keep secrets in memory until you quit.",
            );
        }
        VaultProblem::Failed => {
            words("The keychain failed.", "Choose Try again; if it fails once more, restart the keychain.")
        }
    };
    said.offering(Action::TryVault)
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
