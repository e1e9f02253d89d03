//! Texts about problems: what happened, and what to do next.
//!
//! Every sentence that explains a [`Problem`] is here; the window and the command line share them. Invariant:
//! each problem has both sentences, none holds a secret, and external text is in quotation marks.

mod address;
mod archive;
mod destinations;
mod discovery;
pub mod doctor;
mod held_keys;
mod id_token;
mod keys;
pub(crate) mod likely_causes;
mod moved_secrets;
mod preferences;
mod sign_in;
mod team;
pub(crate) mod token_requests;
mod tokens;
mod vault;

use crate::base::sanitize::sanitized;
use crate::domain::account::NameError;
use crate::domain::oauth::issuer::IssuerError;
use crate::domain::oauth::redirect_uri::RedirectError;
use crate::domain::provider::provider_name;
use crate::domain::provider::spec::ClientAuth;
use crate::domain::provider::{EndpointKind, ProviderError};
use crate::domain::refusal::redirect_mismatch::RedirectMismatch;

use super::problem::{Problem, UntrustedText, VaultProblem};

use archive::archive;
pub use destinations::{NamedDestinations, changed_destinations};
use discovery::discovery;
pub use held_keys::key_reminder;
pub use id_token::id_token;
pub use likely_causes::{names_of, secret_end};
use moved_secrets::{other_destination, secrets_would_move};
use sign_in::{interrupted, sign_in};
use token_requests::{bad_answer, details_of, refresh_refused, refused, unreached};
use tokens::{no_endpoint, not_checked, not_revoked};
use vault::vault;

pub use address::{AddressStep, client_deletion, steps};
pub use tokens::{revocation, verdict};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    SignIn,
    TryAgain,
    EditAccount,
    CopyAddress,
    OpenSettings,
    TryVault,
    ForgetTokens,
    RecoverAccounts,
    /// Send the same credentials with another method, and keep the method if it works.
    TryClientAuth(ClientAuth),
    /// Use another redirect port, which must be registered with the provider.
    TakePort(u16),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserMessage {
    /// What happened, in one sentence.
    pub what: String,
    /// What to do next, in one or two sentences.
    pub next: String,
    pub action: Option<Action>,
    pub others: Vec<Action>,
    pub compared: Option<RedirectMismatch>,
    /// The other side's text, for *Show details*.
    pub details: Option<String>,
}

impl UserMessage {
    /// Both as one paragraph, for the command line. Redirect URIs follow on lines of their own.
    pub fn paragraph(&self) -> String {
        let Self { what, next, .. } = self;
        match self.redirect_lines() {
            Some(lines) => format!("{what} {next}\n{lines}"),
            None => format!("{what} {next}"),
        }
    }

    /// The redirect URIs to compare, each on a line of its own.
    pub fn redirect_lines(&self) -> Option<String> {
        self.compared.as_ref().map(likely_causes::side_by_side)
    }

    fn offering(mut self, action: Action) -> Self {
        self.action = Some(action);
        self
    }
}

fn words(what: impl Into<String>, next: impl Into<String>) -> UserMessage {
    let (what, next) = (what.into(), next.into());
    UserMessage { what, next, action: None, others: Vec::new(), compared: None, details: None }
}

/// The maximum length of a provider's name, in characters: its mark must not be truncated.
const PROVIDER_CHARS: usize = provider_name::MAX_CHARS;

fn provider_in_sentence(name: &str) -> String {
    provider_name::in_sentence(&sanitized(name, PROVIDER_CHARS))
}

const NAME_CHARS: usize = 60;

fn quoted(text: &str) -> String {
    format!("“{}”", sanitized(text, NAME_CHARS))
}

/// The window's label for a key of the import file.
pub fn label_of(key: &str) -> &str {
    match key {
        "name" => "name",
        "client_id" => "client ID",
        "client_secret" => "client secret",
        "private_key" => "private key",
        "username" => "user name",
        "password" => "password",
        "scopes" => "scopes",
        "redirect_uri" => "redirect URI",
        "headers" => "extra headers",
        "endpoints.authorize" => "authorization endpoint",
        "endpoints.token" => "token endpoint",
        "endpoints.device" => "device authorization endpoint",
        "endpoints.par" => "pushed authorization request endpoint",
        "endpoints.revoke" => "revocation endpoint",
        "endpoints.introspect" => "introspection endpoint",
        "endpoints.userinfo" => "userinfo endpoint",
        "endpoints.jwks" => "JWKS URL",
        "endpoints.refresh" => "refresh endpoint",
        "key" => "API key",
        "api.base_url" => "API base URL",
        other => other,
    }
}

/// A label at the start of a line.
pub fn capitalized(label: &str) -> String {
    let mut letters = label.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

fn changed_elsewhere(problem: &Problem) -> UserMessage {
    if *problem == Problem::Outdated {
        let what = "The account was changed elsewhere in the meantime, so nothing was sent.";
        return words(what, "Try again.").offering(Action::TryAgain);
    }
    words(
        "The account was changed elsewhere in the meantime, so nothing was saved.",
        "Open it again and repeat your change.",
    )
}

/// Explains a problem. `account` and `provider` are names, if there are any.
pub fn explain(problem: &Problem, account: Option<&str>, provider: Option<&str>) -> UserMessage {
    let here = account.map_or_else(|| "this account".to_owned(), quoted);
    let opening = account.map_or_else(|| "This account".to_owned(), quoted);
    let provider = provider.map_or_else(|| "the provider".to_owned(), provider_in_sentence);
    match problem {
        Problem::UnknownAccount(name) => unknown_account(name),
        Problem::NameTaken(name) => {
            words(format!("Another account is already called {}.", quoted(name)), "Choose another name.")
        }
        Problem::BadName(error) => bad_name(*error),
        Problem::ChangedElsewhere | Problem::Outdated => changed_elsewhere(problem),
        Problem::OtherDestination(problem) => other_destination(problem),
        Problem::SecretsWouldMove(problem) => secrets_would_move(problem),
        Problem::Settings(error) => settings(error),
        Problem::ValueMissing(key) => value_missing(&opening, key),
        Problem::BadKey(error) => keys::bad_key(&here, *error),
        Problem::ValueUnusable(key) => value_unusable(&here, key),
        Problem::KeyInQuery(name) => held_keys::in_query(&here, name),
        Problem::KeyNotRenewed => held_keys::not_renewed(&here),
        Problem::NeedsSignIn => needs_sign_in(&opening),
        Problem::Interrupted { refreshing } => interrupted(*refreshing, &here),
        Problem::RefreshRefused(refusal) => {
            UserMessage { details: Some(details_of(refusal)), ..refresh_refused(refusal) }
        }
        Problem::OtherSubject => id_token::other_subject(&provider, &here),
        Problem::NoIdToken => id_token::missing(&opening),
        Problem::IdTokenExpired(at) => id_token::expired(&here, *at),
        Problem::SignIn(problem) => sign_in(problem, &provider),
        Problem::Refused(refusal) => UserMessage { details: Some(details_of(refusal)), ..refused(refusal) },
        Problem::BadAnswer(answer) => bad_answer(answer),
        Problem::NoEndpoint(name, kind) => no_endpoint(name, *kind),
        Problem::NotChecked(cause) => not_checked(cause, account, Some(&provider)),
        Problem::NotRevoked(not) => not_revoked(not, account, Some(&provider)),
        Problem::Unreachable(unreachable) => unreached(unreachable),
        Problem::Vault(problem) => vault(problem, &here),
        Problem::Disk(text) => disk(text),
        Problem::NewerDatabase(version) => newer_database(version),
        Problem::NotSaved(problem) => not_saved(problem, &here),
        Problem::Busy => busy(&here),
        Problem::Archive(problem) => archive(problem),
        Problem::Discovery(problem) => discovery(problem),
        Problem::Address(error) => address::address(error),
        Problem::Registration(problem) => address::registration(problem),
        Problem::Locked => words("Keyfob is locked, so nothing was done.", "Unlock it first."),
        Problem::SetAside(path) => set_aside(path),
        Problem::PageNotOpened(page) => page_not_opened(page),
        Problem::Clipboard => words(
            "The clipboard didn't accept the text, so nothing was copied.",
            "Try again. Without a desktop session, nothing can be copied.",
        ),
        Problem::Unconfirmed(changed) => preferences::unconfirmed(changed),
        Problem::Demo(text) => demo(text),
        Problem::NoRandomness => words(
            "The system returned no random numbers, so nothing was sent.",
            "Try again; if it fails once more, restart this computer.",
        ),
        Problem::QueueFull => words("Keyfob is busy, so this was not done.", "Try again in a moment."),
        Problem::Stopped => {
            words("Keyfob is stopping, so this was not done.", "Start Keyfob again and repeat it.")
        }
    }
}

fn needs_sign_in(opening: &str) -> UserMessage {
    words(
        format!("{opening} has no token that can be used or refreshed."),
        "Sign in to get one; your settings are kept.",
    )
    .offering(Action::SignIn)
}

fn unknown_account(name: &str) -> UserMessage {
    words(
        format!("There is no account called {}.", quoted(name)),
        "Check the spelling against the list of accounts.",
    )
}

fn value_missing(opening: &str, key: &str) -> UserMessage {
    words(
        format!("{opening} has no {}, so nothing was sent.", label_of(key)),
        "Edit the account and fill it in.",
    )
    .offering(Action::EditAccount)
}

fn value_unusable(here: &str, key: &str) -> UserMessage {
    words(
        format!("The {} of {here} contains a character that a request can't carry.", label_of(key)),
        "Edit the account and enter it again, without line breaks.",
    )
    .offering(Action::EditAccount)
}

fn disk(text: &UntrustedText) -> UserMessage {
    let said = words(
        "Keyfob couldn't read or write its files.",
        "Check that the disk has free space and that its folder is writable, then try again.",
    );
    UserMessage { details: Some(text.to_string()), ..said.offering(Action::TryAgain) }
}

fn newer_database(version: &UntrustedText) -> UserMessage {
    words(
        format!("Your accounts were last used with Keyfob {version}, which is newer than this one."),
        "Open them with that version. Nothing was changed.",
    )
}

fn not_saved(problem: &VaultProblem, here: &str) -> UserMessage {
    let why = vault(problem, here);
    words(
        format!("A new token of {here} is not saved yet; it is kept until you quit. {}", why.what),
        why.next,
    )
    .offering(Action::TryVault)
}

fn busy(here: &str) -> UserMessage {
    words(
        format!("Another Keyfob is refreshing {here}, so nothing was sent."),
        "Wait a few seconds and try again. If this continues, the other one hangs: close it.",
    )
    .offering(Action::TryAgain)
}

fn page_not_opened(page: &UntrustedText) -> UserMessage {
    let said = words(
        "No web browser could be opened.",
        "Copy the page's URL from the details and open it in a browser on this computer.",
    );
    UserMessage { details: Some(page.to_string()), ..said }
}

fn demo(text: &UntrustedText) -> UserMessage {
    let said = words(
        "The demo's server could not start on this computer.",
        "Quit Keyfob, start it again and choose the demo once more.",
    );
    UserMessage { details: Some(text.to_string()), ..said }
}

fn set_aside(path: &UntrustedText) -> UserMessage {
    let name = path.as_str().rsplit(['/', '\\']).next().unwrap_or_default();
    let said = words(
        format!("The list of accounts couldn't be read. It was set aside as {}.", quoted(name)),
        "Choose Recover accounts to list them again from what is stored with their secrets.",
    );
    UserMessage { details: Some(path.to_string()), ..said.offering(Action::RecoverAccounts) }
}

fn bad_name(error: NameError) -> UserMessage {
    match error {
        NameError::Empty => words("The account has no name.", "Give the account a name."),
        NameError::TooLong => words("The name is longer than 120 characters.", "Choose a shorter name."),
        NameError::Unseen => words(
            "The name has a character that is invisible or reverses text.",
            "Type the name again instead of pasting it.",
        ),
    }
}

fn settings(error: &ProviderError) -> UserMessage {
    let said = match error {
        ProviderError::UnknownProvider(id) => words(
            format!("There is no provider called {}.", quoted(id)),
            "Choose one from the list, or a custom provider.",
        ),
        ProviderError::GrantNotOffered { provider, grant } => words(
            format!("{} does not offer the grant {}.", provider_in_sentence(provider), grant.as_str()),
            "Choose another grant.",
        ),
        ProviderError::VariableMissing { label, .. } => {
            words(format!("The {} is not chosen.", label.to_lowercase()), "Choose it in the account's form.")
        }
        ProviderError::VariableUnknown { label, value, .. } => words(
            format!("{} is not a valid {}.", quoted(value), label.to_lowercase()),
            "Choose it again in the account's form.",
        ),
        ProviderError::EndpointMissing(kind) => words(
            format!("The {} is missing.", label_of(kind.key())),
            "Copy it from the provider's documentation.",
        ),
        ProviderError::NotAVariable { key, name } => not_a_variable(key, name),
        ProviderError::EndpointInvalid(kind) => words(
            format!("The {} is not a URL.", label_of(kind.key())),
            format!("Enter the full URL, such as {}.", sample_of(*kind)),
        ),
        ProviderError::EndpointInsecure(kind) => words(
            format!("The {} is not https, so secrets can't be sent there.", label_of(kind.key())),
            "Use its https URL. Plain http is for this computer only.",
        ),
        ProviderError::ApiBaseUrlInvalid => {
            words("The API base URL is not a URL.", "Correct api.base_url in the file and import it again.")
        }
        ProviderError::ApiBaseUrlInsecure => insecure_base_url(),
        ProviderError::IssuerMissing => words(
            "The issuer is missing, and assertions need it as their audience.",
            "Enter the issuer, or choose the token endpoint as the audience.",
        ),
        ProviderError::Issuer(IssuerError::Invalid) => words(
            "The issuer is not a URL without a query.",
            "Enter it in full, such as https://auth.example.com.",
        ),
        ProviderError::Issuer(IssuerError::Insecure) => words(
            "The issuer URL is not https, so its metadata can't be trusted.",
            "Use its https URL. Plain http is for this computer only.",
        ),
        ProviderError::Redirect(RedirectError::Invalid) => words(
            "The redirect URI is not a URL.",
            "Enter it as it is registered, such as http://127.0.0.1:8910/callback.",
        ),
        ProviderError::Redirect(RedirectError::Fragment) => words(
            "The redirect URI has a fragment (#), which is not allowed.",
            "Remove the # and what follows it.",
        ),
    };
    said.offering(Action::EditAccount)
}

fn insecure_base_url() -> UserMessage {
    words(
        "The API base URL is not https, so a token can't be sent there.",
        "Use its https URL. Plain http is for this computer only.",
    )
}

fn not_a_variable(key: &str, name: &str) -> UserMessage {
    let (label, name) = (label_of(key), quoted(name));
    words(
        format!("The {label} names {name}, which is not a variable that may stand there."),
        "Write the URL without it, or name one of the provider's variables.",
    )
}

pub fn sample_of(kind: EndpointKind) -> &'static str {
    match kind {
        EndpointKind::Authorize => "https://auth.example.com/oauth/authorize",
        EndpointKind::Token => "https://auth.example.com/oauth/token",
        EndpointKind::Device => "https://auth.example.com/oauth/device",
        EndpointKind::Par => "https://auth.example.com/oauth/par",
        EndpointKind::Revoke => "https://auth.example.com/oauth/revoke",
        EndpointKind::Introspect => "https://auth.example.com/oauth/introspect",
        EndpointKind::UserInfo => "https://auth.example.com/userinfo",
        EndpointKind::Jwks => "https://auth.example.com/jwks.json",
        EndpointKind::Refresh => "https://auth.example.com/oauth/refresh",
    }
}

#[cfg(test)]
mod tests;
