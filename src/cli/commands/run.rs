//! `keyfob run`: a command with tokens in its environment, or with a proxy and no token at all.
//!
//! Invariant: nothing starts unless every reference is resolved.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::proxy::{self, KEY_VARIABLE, ProxyOptions, URL_VARIABLE};
use super::token;
use crate::base::sanitize::sanitized;
use crate::base::secret::{Secret, SecretText};
use crate::cli::failure::Failure;
use crate::cli::format::{quoted, rfc3339};
use crate::cli::input;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::{CliSession, with_engine};
use crate::domain::api::environment_file::{self, VariableValue};
use crate::domain::api::token_reference::{TokenPart, TokenReference};
use crate::domain::token::jwt;
use crate::messages::command::Command;
use crate::messages::event::{HeldToken, Reply};
use crate::messages::snapshot::AccountView;
use crate::net::api_proxy::RunningProxy;

/// The largest file of variables, in bytes.
const FILE_MAX_BYTES: usize = 1 << 20;

pub(in crate::cli) struct RunOptions {
    pub(in crate::cli) variables: Vec<(String, TokenReference)>,
    pub(in crate::cli) env_file: Option<PathBuf>,
    pub(in crate::cli) proxies: Vec<String>,
    pub(in crate::cli) command: Vec<OsString>,
}

pub(in crate::cli) fn run(vault: &VaultOptions, options: &RunOptions) -> Result<(), Failure> {
    let mut values = match &options.env_file {
        Some(path) => read_file(path)?,
        None => Vec::new(),
    };
    let given = options.variables.iter().cloned();
    values.extend(given.map(|(name, reference)| (name, VariableValue::Reference(reference))));
    let Some((program, arguments)) = options.command.split_first() else {
        return Err(Failure::refused("There is no command to run."));
    };
    let mut process = Process::new(program);
    process.args(arguments);
    let needs_engine = !options.proxies.is_empty()
        || values.iter().any(|(_, value)| matches!(value, VariableValue::Reference(_)));
    if !needs_engine {
        for (name, value) in &values {
            if let VariableValue::Text(text) = value {
                process.env(name, text.as_str());
            }
        }
        return replace_by(process);
    }
    let mut ended = None;
    with_engine(vault, |session| {
        let mut resolver = Resolver { held: BTreeMap::new() };
        for (name, value) in &values {
            match value {
                VariableValue::Text(text) => process.env(name, text.as_str()),
                VariableValue::Reference(reference) => {
                    process.env(name, resolver.value(session, name, reference)?.expose())
                }
            };
        }
        let accounts = proxy::accounts(session, &options.proxies)?;
        if !accounts.is_empty() {
            let quiet = ProxyOptions { port: 0, rules: Vec::new(), says_requests: false };
            let running = proxy::start(session, &accounts, quiet)?;
            ended = Some(beside(&mut process, running)?);
        }
        let used: Vec<_> = resolver.held.values().map(|(account, _)| Arc::clone(account)).collect();
        proxy::settle(session, &used)?;
        proxy::settle(session, &accounts)
    })?;
    match ended {
        // Nothing has to be cleaned up after the command.
        None => replace_by(process),
        Some(0) => Ok(()),
        Some(code) => Err(Failure::ended_with(code)),
    }
}

fn read_file(path: &Path) -> Result<Vec<(String, VariableValue)>, Failure> {
    let name = quoted(&path.display().to_string());
    let text = input::read(path, FILE_MAX_BYTES).and_then(input::text_of);
    let text: Zeroizing<String> = text.map_err(|error| {
        Failure::refused(match error {
            input::ReadError::Io(error) => format!("{name} could not be read: {error}. Nothing was started."),
            input::ReadError::TooLarge => format!("{name} is larger than 1 MiB. Nothing was started."),
            input::ReadError::NotText { line } => {
                format!("{name} is not UTF-8 text, in line {line}. Nothing was started.")
            }
        })
    })?;
    let values = environment_file::read(&text);
    values.map_err(|wrong| Failure::refused(format!("{wrong} Nothing was started.")).within(&name))
}

/// The values of references; each account is asked once.
struct Resolver {
    held: BTreeMap<String, (Arc<AccountView>, Box<HeldToken>)>,
}

impl Resolver {
    fn value(
        &mut self,
        session: &mut CliSession,
        variable: &str,
        reference: &TokenReference,
    ) -> Result<SecretText, Failure> {
        let place = format!("{} ({})", sanitized(variable, 200), sanitized(&reference.account, 200));
        self.resolved(session, reference).map_err(|failure| failure.within(&place))
    }

    fn resolved(
        &mut self,
        session: &mut CliSession,
        reference: &TokenReference,
    ) -> Result<SecretText, Failure> {
        if reference.part == TokenPart::ClientId {
            return client_id(session, &reference.account);
        }
        if !self.held.contains_key(&reference.account) {
            let account = account(session, &reference.account)?;
            let held = token::valid(session, &account, None)?;
            self.held.insert(reference.account.clone(), (account, held));
        }
        let (account, held) = &self.held[&reference.account];
        let text = |text: String| Ok(SecretText::new(text));
        match &reference.part {
            TokenPart::Token | TokenPart::ClientId => text(held.alone().to_owned()),
            TokenPart::Header => {
                let (name, value) =
                    held.header().map_err(|problem| Failure::of_account(&problem, account))?;
                Ok(SecretText::new([name.as_str(), ": ", value.expose()].concat()))
            }
            TokenPart::ExpiresAt => match held.facts.expires_at {
                Some(end) => text(rfc3339(end)),
                None => Err(Failure::refused(
                    "the server did not say when the token expires. Nothing was started.",
                )),
            },
            TokenPart::Claim(name) => claim(held, name).map(SecretText::new).ok_or_else(|| {
                Failure::refused(format!(
                    "neither the token nor the ID token has a claim {}. Nothing was started.",
                    quoted(name)
                ))
            }),
        }
    }
}

/// Finds an account. A name that is an account's with something behind it was meant as one with a form.
fn account(session: &mut CliSession, name: &str) -> Result<Arc<AccountView>, Failure> {
    let found = session.find(name);
    found.map_err(|failure| match name.rsplit_once(':') {
        Some((before, form)) if session.listed(before).is_some() => Failure::refused(format!(
            "{} is not a form. The forms are {}. Nothing was started.",
            quoted(form),
            TokenPart::FORMS
        )),
        _ => failure,
    })
}

fn client_id(session: &mut CliSession, name: &str) -> Result<SecretText, Failure> {
    let account = session.find(name)?;
    session.unlock(false)?;
    match session.done(&account, Command::ReadClientId(account.id.clone()))? {
        Reply::ClientId(client_id) if !client_id.is_empty() => Ok(SecretText::new(client_id)),
        _ => Err(Failure::refused("the account has no client ID. Nothing was started.")),
    }
}

/// A claim of the access token, or else of the ID token: a text as it is, anything else as JSON.
fn claim(held: &HeldToken, name: &str) -> Option<String> {
    let tokens = [Some(held.access_token.expose()), held.id_token.as_ref().map(Secret::expose)];
    let value = tokens.into_iter().flatten().find_map(|token| jwt::claims(token)?.get(name).cloned())?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// Becomes the command: signals, the terminal and the exit code are its own.
#[cfg(unix)]
fn replace_by(mut process: Process) -> Result<(), Failure> {
    use std::os::unix::process::CommandExt as _;
    let error = process.exec();
    Err(Failure::not_started(&process.get_program().to_string_lossy(), &error))
}

/// Waits for the command, since this system can't replace a process.
#[cfg(not(unix))]
fn replace_by(mut process: Process) -> Result<(), Failure> {
    match started(&mut process)?.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::ended_with(code(status))),
        Err(error) => Err(Failure::refused(format!("The command could not be waited for: {error}."))),
    }
}

/// Runs the command beside a proxy. Returns its exit code.
fn beside(process: &mut Process, proxy: RunningProxy) -> Result<u8, Failure> {
    process.env(URL_VARIABLE, proxy.url()).env(KEY_VARIABLE, proxy.key().expose());
    let signals = ForwardedSignals::listen();
    let mut child = started(process)?;
    signals.forward_to(child.id());
    let status = child.wait();
    drop(proxy);
    let status =
        status.map_err(|error| Failure::refused(format!("The command could not be waited for: {error}.")))?;
    Ok(code(status))
}

fn started(process: &mut Process) -> Result<std::process::Child, Failure> {
    process.spawn().map_err(|error| Failure::not_started(&process.get_program().to_string_lossy(), &error))
}

/// As a shell gives it: 128 and the signal for a command that a signal ended.
fn code(status: std::process::ExitStatus) -> u8 {
    #[cfg(unix)]
    let code = {
        use std::os::unix::process::ExitStatusExt as _;
        status.code().or_else(|| status.signal().map(|signal| 128 + signal))
    };
    #[cfg(not(unix))]
    let code = status.code();
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Signals that are for the command. With a terminal, those of its keys reach the command by themselves, so they are
/// only ignored here.
#[cfg(unix)]
struct ForwardedSignals(Option<signal_hook::iterator::Signals>);

#[cfg(unix)]
impl ForwardedSignals {
    fn listen() -> Self {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
        let signals = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];
        Self(signal_hook::iterator::Signals::new(signals).ok())
    }

    fn forward_to(self, child: u32) {
        use rustix::process::{Pid, Signal, kill_process};
        let (Some(mut signals), Ok(child)) = (self.0, i32::try_from(child)) else { return };
        let mut passed_on = vec![Signal::HUP, Signal::TERM, Signal::USR1, Signal::USR2];
        if std::fs::File::open("/dev/tty").is_err() {
            passed_on.extend([Signal::INT, Signal::QUIT]);
        }
        let forward = move || {
            for number in signals.forever() {
                let signal = passed_on.iter().find(|signal| signal.as_raw() == number);
                if let (Some(signal), Some(child)) = (signal, Pid::from_raw(child)) {
                    // The command may have ended.
                    let _ = kill_process(child, *signal);
                }
            }
        };
        if std::thread::Builder::new().name("signals".to_owned()).spawn(forward).is_err() {
            log::warn!("signals are not passed on to the command");
        }
    }
}

#[cfg(not(unix))]
struct ForwardedSignals;

#[cfg(not(unix))]
impl ForwardedSignals {
    fn listen() -> Self {
        Self
    }

    fn forward_to(self, _: u32) {}
}
