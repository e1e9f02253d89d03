//! Failures of commands: exit codes and messages.
//!
//! A failure has one paragraph of text, unless standard output was closed.

use std::process::ExitCode;

use crate::base::sanitize::sanitized;
use crate::domain::oauth::token_response::AnswerFlaw;
use crate::domain::provider::spec::ClientAuth;
use crate::domain::token::token_format::argument;
use crate::messages::explain::{Action, explain};
use crate::messages::problem::{BadAnswer, Problem, SignInProblem, VaultProblem};
use crate::messages::snapshot::AccountView;

const REFUSED: u8 = 1;
const WRONG_USAGE: u8 = 2;
const NEEDS_SIGN_IN: u8 = 3;
const VAULT: u8 = 4;
/// As shells have it.
const NOT_EXECUTABLE: u8 = 126;
const NO_PROGRAM: u8 = 127;

/// The longest repeated line of clap's output, in characters.
const LINE_CHARS: usize = 2000;

#[derive(Debug, Clone)]
pub(super) struct Failure {
    code: u8,
    words: String,
}

impl Failure {
    pub(super) fn refused(words: impl Into<String>) -> Self {
        Self { code: REFUSED, words: words.into() }
    }

    pub(super) fn wrong_usage(lines: Vec<&str>) -> Self {
        let lines: Vec<_> = lines.into_iter().map(|line| sanitized(line, LINE_CHARS)).collect();
        Self { code: WRONG_USAGE, words: lines.join("\n") }
    }

    /// A vault can't be used.
    pub(super) fn of_vault(words: String) -> Self {
        Self { code: VAULT, words }
    }

    pub(super) fn no_terminal(option: &str) -> Self {
        Self {
            code: VAULT,
            words: format!(
                "A passphrase is needed, but there is no terminal to ask for it. Name a file that contains it, or a \
                 descriptor such as fd:3, with {option}."
            ),
        }
    }

    pub(super) fn no_file_yet() -> Self {
        Self {
            code: VAULT,
            words: "There is no file with secrets yet. Import accounts with keyfob --vault file import, or \
                    move your secrets there with keyfob move-vault file."
                .to_owned(),
        }
    }

    /// A command of the user could not be started.
    pub(super) fn not_started(program: &str, error: &std::io::Error) -> Self {
        let is_missing = error.kind() == std::io::ErrorKind::NotFound;
        let program = sanitized(program, LINE_CHARS);
        let words = if is_missing {
            format!("There is no program {program}. Check its name and the PATH.")
        } else {
            format!("The program {program} could not be started: {error}.")
        };
        Self { code: if is_missing { NO_PROGRAM } else { NOT_EXECUTABLE }, words }
    }

    /// A command of the user has ended with this code; there is no message.
    pub(super) fn ended_with(code: u8) -> Self {
        Self { code, words: String::new() }
    }

    pub(super) fn needs_sign_in(&self) -> bool {
        self.code == NEEDS_SIGN_IN
    }

    pub(super) fn without_words(self) -> Self {
        Self { words: String::new(), ..self }
    }

    /// The checks have printed what failed.
    pub(super) fn found_faults() -> Self {
        Self::refused("Some checks failed: see the lines that say failed.")
    }

    /// The reader of standard output has closed it; there is no message.
    pub(super) fn reader_gone() -> Self {
        Self { code: 0, words: String::new() }
    }

    pub(super) fn of(problem: &Problem) -> Self {
        Self::explained(problem, None, None)
    }

    pub(super) fn of_account(problem: &Problem, account: &AccountView) -> Self {
        let said = Self::explained(problem, Some(account.name.as_str()), Some(&account.provider_name));
        let about_redirect = matches!(
            problem,
            Problem::SignIn(
                SignInProblem::TimedOut
                    | SignInProblem::PortInUse { .. }
                    | SignInProblem::PortForbidden { .. }
            )
        );
        match account.redirect_uri.as_ref().filter(|_| about_redirect) {
            Some(redirect) => {
                let redirect = sanitized(redirect, LINE_CHARS);
                Self { words: format!("{}\nRedirect URI:\n{redirect}", said.words), ..said }
            }
            None => said,
        }
    }

    /// A token was obtained but not stored, and this process ends.
    pub(super) fn not_saved(problem: &VaultProblem, account: &AccountView) -> Self {
        let Self { code, words } = Self::of_account(&Problem::Vault(problem.clone()), account);
        Self {
            code,
            words: format!("The new token was received but could not be saved, so it is lost. {words}"),
        }
    }

    #[must_use]
    pub(super) fn within(self, place: &str) -> Self {
        Self { words: format!("{place}: {}", self.words), ..self }
    }

    /// Adds a sentence at the end.
    #[must_use]
    pub(super) fn with(self, sentence: &str) -> Self {
        if self.words.is_empty() {
            self
        } else {
            Self { words: format!("{} {sentence}", self.words), ..self }
        }
    }

    fn explained(problem: &Problem, account: Option<&str>, provider: Option<&str>) -> Self {
        let code = problem.exit_code();
        let words = explain(problem, account, provider);
        let redirects = words.redirect_lines();
        let mut text = format!("{} {}", words.what, words.next);
        if let Some(details) = words.details {
            text = format!("{text} ({details})");
        }
        let name = account.map_or_else(|| "NAME".to_owned(), argument);
        let mut tries = words.others.iter().filter_map(|action| client_auth_word(*action));
        if let Some(first) = tries.next() {
            text = format!("{text} To try another way: keyfob sign-in --client-auth {first} {name}.");
            for other in tries {
                text = format!("{text} If that is refused too, use {other} instead of {first}.");
            }
        }
        if matches!(problem, Problem::BadAnswer(BadAnswer { kind: AnswerFlaw::NoToken, .. })) {
            text.push_str(" If the response names the token differently, map it in the window.");
        }
        if code == NEEDS_SIGN_IN {
            text = format!("{text} The command is: keyfob sign-in {name}.");
        }
        if let Some(lines) = redirects {
            text = format!("{text}\n{lines}");
        }
        Self { code, words: text }
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    pub(super) fn code(&self) -> u8 {
        self.code
    }

    pub(super) fn words(&self) -> &str {
        &self.words
    }
}

/// The argument for the client authentication that an action tries.
fn client_auth_word(action: Action) -> Option<&'static str> {
    match action {
        Action::TryClientAuth(ClientAuth::Basic) => Some("basic"),
        Action::TryClientAuth(ClientAuth::BasicRaw) => Some("basic_raw"),
        Action::TryClientAuth(ClientAuth::Body) => Some("body"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_advised_can_be_pasted() {
        let told = |name| Failure::explained(&Problem::NeedsSignIn, Some(name), None);
        for (name, command) in [
            ("Wagen 2", "keyfob sign-in 'Wagen 2'."),
            ("a/b's", r"keyfob sign-in 'a/b'\''s'."),
            ("-x", "keyfob sign-in -- -x."),
        ] {
            let told = told(name);
            assert!(told.words().ends_with(&format!("The command is: {command}")), "{told:?}");
        }
    }
}
