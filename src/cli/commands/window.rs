//! The window, if no command is given.
//!
//! A window that can't open is reported like any other failure.

use std::sync::Arc;
use std::time::Duration;

use crate::app;
use crate::cli::failure::Failure;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session;
use crate::engine::SystemClipboard;
use crate::messages::command::Command;
use crate::platform::suspend::SystemSleep;

/// Timeout of a keychain call: its prompt may stay open for a while, and the window shows the wait.
const VAULT_PATIENCE: Duration = Duration::from_mins(1);

pub(in crate::cli) fn run(vault: &VaultOptions, demo: bool) -> Result<(), Failure> {
    let mut deps = session::deps(vault.kind).map_err(|problem| Failure::of(&problem))?;
    deps.lasting = true;
    deps.sleep = Arc::new(SystemSleep::default());
    deps.vault_patience = VAULT_PATIENCE;
    deps.clipboard = Box::new(|| Box::new(SystemClipboard::default()));
    let mut first = Vec::new();
    if let Some(passphrase) = vault.named()? {
        first.push(Command::UnlockVault { passphrase, create: false });
    }
    if demo {
        first.push(Command::StartDemo);
    }
    // A window of another vault or of the demo is separate.
    let alone = vault.kind.is_none() && !demo;
    app::run(deps, first, alone).map_err(|error| Failure::refused(error.to_string()))
}
