//! `keyfob demo` without a window. It needs neither keychain nor network.

use super::sign_in::{SignInEvents, wait};
use super::token::saved;
use crate::cli::failure::Failure;
use crate::cli::format::{expiry_sentence, quoted};
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::with_waker;
use crate::messages::command::Command;
use crate::messages::event::Reply;
use crate::messages::problem::{Problem, UntrustedText};

pub(in crate::cli) fn run(vault: &VaultOptions, open_browser: bool) -> Result<(), Failure> {
    let events = SignInEvents::new();
    with_waker(vault, events.waker(), |session| {
        let started = session.ask(Command::StartDemo)?.wait().map_err(|problem| Failure::of(&problem))?;
        let no_account = || Failure::of(&Problem::Demo(UntrustedText::new("it has no account")));
        let Reply::Saved(id) = started else { return Err(no_account()) };
        let account = session.latest(&id).ok_or_else(no_account)?;
        output::say("The demo's server runs on this computer. Sign in on its page; any name will do.");
        let command = Command::SignIn { account: id, open_browser };
        wait(session, &account, command, open_browser, &events)?;
        let account = saved(session, &account)?;
        let mask = account.token.as_ref().and_then(|token| token.mask.clone()).unwrap_or_default();
        output::say(&format!(
            "It worked: {} has the token {mask}. {} Nothing from the demo is kept.",
            quoted(account.name.as_str()),
            expiry_sentence(&account)
        ));
        Ok(())
    })
}
