//! The command line: the engine without a window.
//!
//! Standard output carries only the requested data, so it is empty after a failure. Every failure is one
//! paragraph on standard error. No secret is accepted from arguments or the environment.

pub(crate) mod args;
pub(crate) mod commands;
mod completion;
mod failure;
pub(crate) mod format;
mod input;
mod output;
mod passphrase;
pub(crate) mod session;
#[cfg(test)]
mod shell_files_tests;
mod team_environment;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use clap_complete::CompleteEnv;

use args::{Arguments, Command};
use commands::import_names::EnvOptions;
use failure::Failure;
use passphrase::VaultOptions;

use crate::base::failpoint;
use crate::base::secret::wipe_stack;
use crate::cli::commands::add;
use crate::cli::commands::check;
use crate::cli::commands::demo;
use crate::cli::commands::doctor;
use crate::cli::commands::export;
use crate::cli::commands::helper;
use crate::cli::commands::import;
use crate::cli::commands::list;
use crate::cli::commands::log;
use crate::cli::commands::move_accounts;
use crate::cli::commands::move_vault;
use crate::cli::commands::proxy;
use crate::cli::commands::recover;
use crate::cli::commands::remove;
use crate::cli::commands::request;
use crate::cli::commands::revoke;
use crate::cli::commands::run;
use crate::cli::commands::show;
use crate::cli::commands::sign_in;
use crate::cli::commands::team;
use crate::cli::commands::token;
use crate::cli::commands::window::{self, Purpose};

/// Parses the arguments, including the program's name, and runs the command. Without a command, opens the
/// window and returns when it is closed.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    // A shell asks by a variable, `COMPLETE`.
    match CompleteEnv::with_factory(Arguments::command).try_complete(&arguments, None) {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => return print_clap(&error),
    }
    let done = if let Some(called) = helper::called_by_name(&arguments) {
        called.run()
    } else {
        let arguments = match Arguments::try_parse_from(arguments) {
            Ok(arguments) => arguments,
            Err(error) => return print_clap(&error),
        };
        let vault = arguments.vault();
        match arguments.command {
            None => window::run(&vault, Purpose::Accounts),
            Some(Command::Demo { no_browser: false }) if has_display() => window::run(&vault, Purpose::Demo),
            Some(command) => dispatch(command, &vault),
        }
    };
    let code = match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    };
    wipe_stack();
    failpoint::hold_at("command end");
    code
}

fn dispatch(command: Command, vault: &VaultOptions) -> Result<(), Failure> {
    match command {
        Command::Import {
            file,
            replace,
            move_secrets,
            dry_run,
            json,
            credentials,
            mapped,
            provider,
            export_passphrase_file,
        } => {
            let options = import::ImportOptions {
                replacing: import::ReplaceOptions { replace, move_secrets },
                dry_run,
                json,
                credentials,
                env: EnvOptions { names: mapped, provider },
                passphrase_file: export_passphrase_file,
            };
            import::run(vault, &file, options)
        }
        Command::Add(options) => add::run(vault, &options),
        Command::Export { names, to, with_secrets, with_tokens, export_passphrase_file: file } => {
            let passphrase_file = file.as_deref();
            let options = export::ExportOptions { names: &names, with_secrets, with_tokens, passphrase_file };
            export::run(vault, to, &options)
        }
        Command::Doctor { name, json } => doctor::run(vault, name.as_deref(), json),
        Command::List { json } => list::run(vault, json),
        Command::SignIn { name, no_browser, client_auth } => {
            sign_in::run(vault, &name, !no_browser, client_auth.map(args::Auth::client_auth))
        }
        Command::Token { name, form, min_valid } => token::run(vault, &name, form, min_valid),
        Command::Run { variables, env_file, proxy, command } => {
            run::run(vault, &run::RunOptions { variables, env_file, proxies: proxy, command })
        }
        Command::Helper { kind } => helper::run(vault, &kind),
        Command::Request { name, first, second, data, headers, include } => {
            let (method, target) = second.map_or((None, first.clone()), |target| (Some(first), target));
            request::run(vault, &name, &request::RequestOptions { method, target, data, headers, include })
        }
        Command::Proxy { names, port, rules } => proxy::run(vault, &names, port, rules),
        Command::Show { name, json } => show::run(vault, &name, json),
        Command::Log { name, json } => log::run(vault, &name, json),
        Command::Check { name, json } => check::run(vault, &name, json),
        Command::Revoke { name, here } => revoke::run(vault, &name, here),
        Command::Refresh { name } => token::refresh(vault, &name),
        Command::Remove { name, yes } => remove::run(vault, &name, yes),
        Command::Passphrase { new_passphrase_file } => {
            commands::passphrase::run(vault, new_passphrase_file.as_deref())
        }
        Command::Move { names, to } => move_accounts::run(vault, &names, to.kind()),
        Command::Team { command } => team::run(vault, command),
        Command::MoveVault { to } => move_vault::run(vault, to.kind()),
        Command::Recover { remove_orphans, yes } => recover::run(vault, remove_orphans, yes),
        Command::Demo { no_browser } => demo::run(vault, !no_browser),
        Command::Pick => window::run(vault, Purpose::Pick),
        Command::Background => window::run(vault, Purpose::Background),
    }
}

fn report(failure: &Failure) -> ExitCode {
    if !failure.words().is_empty() {
        output::say(failure.words());
    }
    failure.exit_code()
}

/// Prints clap's output: help and version on standard output, errors on standard error.
fn print_clap(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    if error.use_stderr() {
        // One paragraph: clap separates its hints by empty lines.
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        return report(&Failure::wrong_usage(lines));
    }
    match output::data(text.trim_end()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

fn has_display() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(target_os = "macos", target_os = "windows")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}
