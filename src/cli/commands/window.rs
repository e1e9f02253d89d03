//! The window, if no command is given.
//!
//! A window that can't open is reported like any other failure.

use std::sync::Arc;
use std::time::Duration;

use crate::app::{self, AppError, Opening};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session;
use crate::cli::team_environment;
use crate::engine::SystemClipboard;
use crate::messages::command::Command;
use crate::platform::suspend::SystemSleep;

/// Timeout of a keychain call: its prompt may stay open for a while, and the window shows the wait.
const VAULT_PATIENCE: Duration = Duration::from_mins(1);

/// What the window is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Purpose {
    Accounts,
    Demo,
    /// Only the palette, from which a token is copied.
    Pick,
    /// A window that the user opens from the tray.
    Background,
}

pub(in crate::cli) fn run(vault: &VaultOptions, purpose: Purpose) -> Result<(), Failure> {
    let mut deps = session::deps(vault.kind).map_err(|problem| Failure::of(&problem))?;
    deps.lasting = true;
    deps.team = team_environment::read()?;
    deps.sleep = Arc::new(SystemSleep::default());
    deps.vault_patience = VAULT_PATIENCE;
    deps.clipboard = Box::new(|| Box::new(SystemClipboard::default()));
    let mut first = Vec::new();
    if let Some(passphrase) = vault.named()? {
        first.push(Command::UnlockVault { passphrase, create: false });
    }
    if purpose == Purpose::Demo {
        first.push(Command::StartDemo);
    }
    let opening = match purpose {
        Purpose::Pick => Opening::Pick,
        Purpose::Background => Opening::Hidden,
        Purpose::Accounts if vault.kind.is_none() => Opening::Alone,
        // A window of another vault or of the demo is separate.
        Purpose::Accounts | Purpose::Demo => Opening::Beside,
    };
    let failure = |error: &AppError| Failure::refused(error.to_string());
    let at_crash = move |error: &AppError| {
        let failure = failure(error);
        output::say(failure.words());
        failure.code().into()
    };
    app::run(deps, first, opening, at_crash).map_err(|error| failure(&error))
}
