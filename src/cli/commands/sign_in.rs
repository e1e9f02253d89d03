//! `keyfob sign-in`.
//!
//! With `--no-browser`, standard output gets only the sign-in link. The first valid callback wins, from the
//! listener or pasted.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use url::Url;

use super::token::saved;
use crate::base::secret::PastedReturn;
use crate::cli::failure::Failure;
use crate::cli::format::{expiry_sentence, local, quoted, shown};
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::{CliSession, with_waker};
use crate::cli::{input, output};
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::domain::provider::spec::ClientAuth;
use crate::messages::command::Command;
use crate::messages::event::{Event, Reply};
use crate::messages::problem::{Problem, SignInProblem};
use crate::messages::snapshot::{AccountView, DeviceCodeView};

const QUEUE: usize = 16;
/// How often to check the engine without news.
const LOOK: Duration = Duration::from_secs(1);

pub(in crate::cli) enum SignInEvent {
    News,
    Pasted(PastedReturn),
}

pub(in crate::cli) struct SignInEvents {
    sender: SyncSender<SignInEvent>,
    queue: Receiver<SignInEvent>,
}

impl SignInEvents {
    pub(in crate::cli) fn new() -> Self {
        let (sender, queue) = sync_channel(QUEUE);
        Self { sender, queue }
    }

    /// The engine's waker. With a full queue, a check is pending anyway.
    pub(in crate::cli) fn waker(&self) -> Arc<dyn Fn() + Send + Sync> {
        let sender = self.sender.clone();
        Arc::new(move || drop(sender.try_send(SignInEvent::News)))
    }
}

pub(in crate::cli) fn run(
    vault: &VaultOptions,
    name: &str,
    open_browser: bool,
    client_auth: Option<ClientAuth>,
) -> Result<(), Failure> {
    let events = SignInEvents::new();
    with_waker(vault, events.waker(), |session| {
        let account = session.find(name)?;
        session.unlock(false)?;
        let id = account.id.clone();
        let command = match client_auth {
            Some(auth) => Command::TryClientAuth { account: id, auth, open_browser },
            None => Command::SignIn { account: id, open_browser },
        };
        wait(session, &account, command, open_browser, &events)?;
        let account = saved(session, &account)?;
        output::say(&format!(
            "Signed in to {}. {}",
            quoted(account.name.as_str()),
            expiry_sentence(&account)
        ));
        Ok(())
    })
}

pub(in crate::cli) fn wait(
    session: &mut CliSession,
    account: &AccountView,
    command: Command,
    open_browser: bool,
    events: &SignInEvents,
) -> Result<(), Failure> {
    let mut answers = session.ask(command)?;
    let mut told = Vec::new();
    loop {
        while let Some(answer) = answers.try_wait() {
            match answer {
                Ok(Reply::Waiting { address, redirect_uri }) => {
                    announce(account, &address, &shown(&redirect_uri), open_browser)?;
                    let sender = events.sender.clone();
                    input::listen(move |line| sender.send(SignInEvent::Pasted(line)).is_ok());
                }
                Ok(Reply::CodeGiven(code)) => announce_code(&code)?,
                Ok(_) => return Ok(()),
                Err(problem) => return Err(Failure::of_account(&problem, account)),
            }
        }
        while let Ok(event) = session.engine.events.try_recv() {
            if let Event::Problem { problem, .. } = event
                && !told.contains(&problem)
            {
                output::say(Failure::of_account(&problem, account).words());
                told.push(problem);
            }
        }
        // A timeout only causes a check without news.
        if let Ok(SignInEvent::Pasted(text)) = events.queue.recv_timeout(LOOK)
            && !text.expose().trim().is_empty()
        {
            paste(session, account, text)?;
        }
    }
}

fn announce(
    account: &AccountView,
    address: &Url,
    redirect_uri: &str,
    open_browser: bool,
) -> Result<(), Failure> {
    let listening = matches!(RedirectUri::new(account.redirect_uri.as_deref()), Ok(RedirectUri::Loopback(_)));
    let here = if listening {
        format!(
            "The browser returns to the redirect URI:\n{redirect_uri}\nIf it can't, paste the URL it ends on here."
        )
    } else {
        format!("Then paste the URL that the browser ends on here. It begins with:\n{redirect_uri}")
    };
    if open_browser {
        output::say(&format!(
            "Sign in in the browser. If it doesn't open, open this sign-in link:\n{address}\n{here}"
        ));
        Ok(())
    } else {
        output::needed(address.as_str())?;
        output::say(&format!("Open the sign-in link above in a browser and sign in. {here}"));
        Ok(())
    }
}

/// Prints where to enter a device code. Standard output gets only the URL and the code.
fn announce_code(code: &DeviceCodeView) -> Result<(), Failure> {
    output::needed(&format!("{}\n{}", shown(&code.verification_uri), code.user_code))?;
    let complete = code.verification_uri_complete.as_deref().map(shown);
    let complete = complete
        .map_or_else(String::new, |url| format!("\nOr open this URL, which contains the code:\n{url}"));
    output::say(&format!(
        "Open the URL above on any device, and enter the code below it. It expires at {}. Ctrl-C cancels.{complete}",
        local(code.expires_at)
    ));
    Ok(())
}

/// Tries pasted text; reports a bad one and continues to wait.
fn paste(session: &CliSession, account: &AccountView, text: PastedReturn) -> Result<(), Failure> {
    let pasted = session.ask(Command::PasteReturn { account: account.id.clone(), text })?.wait();
    match pasted {
        // The sign-in has ended or is about to; its own reply says how.
        Ok(_)
        | Err(Problem::SignIn(
            SignInProblem::TimedOut | SignInProblem::WrongIssuer | SignInProblem::Contradictory,
        )) => {}
        Err(problem) => output::say(Failure::of_account(&problem, account).words()),
    }
    Ok(())
}
