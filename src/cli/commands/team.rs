//! `keyfob team`: the connection to a team vault.

use std::path::Path;

use serde::Serialize;

use super::list::aligned;
use crate::base::secret::SecretText;
use crate::cli::args::{ConnectOptions, TeamCommand};
use crate::cli::failure::Failure;
use crate::cli::format::{json, local, rfc3339, shown};
use crate::cli::passphrase::{self, VaultOptions};
use crate::cli::session::{CliSession, with_engine};
use crate::cli::{output, team_environment};
use crate::domain::team::{AuthMethod, Connection, Role, TeamError, policy};
use crate::messages::command::{Command, TeamCredentials, TeamSignIn};
use crate::messages::event::Reply;
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::{TeamView, VaultKind};

pub(in crate::cli) fn run(vault: &VaultOptions, command: TeamCommand) -> Result<(), Failure> {
    match command {
        TeamCommand::Policy { role, mount, prefix } => {
            let checked = team_environment::checked_paths(&mount, &prefix)?;
            output::data(policy::hcl(role.role(), &checked.0, &checked.1).trim_end())
        }
        TeamCommand::Connect(options) => connect(vault, *options),
        TeamCommand::Disconnect => personal(vault, |session| {
            session.unlock_team()?;
            session.ask(Command::DisconnectTeam)?.wait().map_err(|problem| Failure::of(&problem))?;
            output::say("Disconnected. The team's accounts stay in the team vault.");
            Ok(())
        }),
        TeamCommand::Status { json } => personal(vault, |session| status(session, json)),
    }
}

/// The engine with a personal vault, which has the connection.
fn personal(
    vault: &VaultOptions,
    work: impl FnOnce(&mut CliSession) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let kind = vault.kind.filter(|kind| *kind != VaultKind::Team);
    with_engine(&VaultOptions { kind, file: vault.file.clone() }, work)
}

fn connect(vault: &VaultOptions, options: ConnectOptions) -> Result<(), Failure> {
    let auth = options.auth.method();
    let connection = Connection {
        address: url::Url::parse(&options.address)
            .map_err(|_| Failure::refused("The address is not a URL such as https://vault.example:8200."))?,
        mount: options.mount,
        prefix: options.prefix,
        namespace: options.namespace,
        ca: options.ca.map(|path| std::path::absolute(&path).unwrap_or(path)),
        auth,
        machine: options.machine.unwrap_or_else(team_environment::host_name),
    };
    let connection = connection.checked().map_err(team_environment::unusable)?;
    let credentials = match auth {
        AuthMethod::Token => {
            let token = secret(options.token_file.as_deref(), "--token-file", "Token of the team vault: ")?;
            TeamCredentials::Token(SecretText::new(token.expose().trim().to_owned()))
        }
        AuthMethod::Userpass => {
            let username = options.username.ok_or_else(|| missing("--username"))?;
            let path = options.password_file.as_deref();
            let password = secret(path, "--password-file", "Password of the team vault: ")?;
            TeamCredentials::Userpass { username, password }
        }
        AuthMethod::Approle => TeamCredentials::AppRole {
            role_id_file: options.role_id_file.ok_or_else(|| missing("--role-id-file"))?,
            secret_id_file: options.secret_id_file.ok_or_else(|| missing("--secret-id-file"))?,
        },
        AuthMethod::Oidc => TeamCredentials::Oidc,
    };
    personal(vault, |session| {
        session.unlock(true)?;
        if auth == AuthMethod::Oidc {
            output::say("Sign in to the team vault in your browser. Waiting for five minutes.");
        }
        let sign_in = TeamSignIn { connection, credentials };
        let reply = session.ask(Command::ConnectTeam(Box::new(sign_in)))?.wait();
        let Reply::TeamConnected(view) = reply.map_err(|problem| Failure::of(&problem))? else {
            return Err(Failure::of(&Problem::Stopped));
        };
        let role = view.role.map_or("none", |role| role.as_str());
        output::say(&format!(
            "Connected to the team vault at {} as {}, with the role {role}.",
            view.connection.address.as_str().trim_end_matches('/'),
            shown(&view.connection.machine)
        ));
        Ok(())
    })
}

fn missing(option: &str) -> Failure {
    Failure::wrong_usage(vec![&format!("this sign-in needs {option}")])
}

fn secret(
    path: Option<&Path>,
    option: &str,
    prompt: &str,
) -> Result<crate::base::secret::Passphrase, Failure> {
    passphrase::existing(path, option, prompt)
}

#[derive(Serialize)]
struct Status<'a> {
    address: &'a str,
    mount: &'a str,
    prefix: &'a str,
    auth: &'static str,
    #[serde(rename = "as")]
    machine: &'a str,
    reachable: bool,
    sealed: Option<bool>,
    role: Option<&'static str>,
    token_expires_at: Option<String>,
}

fn status(session: &mut CliSession, as_json: bool) -> Result<(), Failure> {
    if !session.has_team() {
        return Err(Failure::of(&Problem::Vault(VaultProblem::Team(TeamError::NotConnected))));
    }
    session.unlock_team()?;
    let reply = session.ask(Command::TeamState)?.wait().map_err(|problem| Failure::of(&problem))?;
    let Reply::TeamState(view) = reply else { return Err(Failure::of(&Problem::Stopped)) };
    let TeamView { connection, reachable, sealed, role, token_expires_at, problem } = *view;
    let status = Status {
        address: connection.address.as_str().trim_end_matches('/'),
        mount: &connection.mount,
        prefix: &connection.prefix,
        auth: connection.auth.as_str(),
        machine: &connection.machine,
        reachable,
        sealed,
        role: role.map(Role::as_str),
        token_expires_at: token_expires_at.map(rfc3339),
    };
    if as_json {
        output::data(&json(&status)?)?;
    } else {
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let ca = connection.ca.as_ref().map(|path| shown(&path.display().to_string()));
        let rows = [
            ("Address", shown(status.address)),
            ("Mount", shown(status.mount)),
            ("Prefix", shown(status.prefix)),
            ("Namespace", connection.namespace.as_deref().map_or_else(|| "-".to_owned(), shown)),
            ("CA", ca.unwrap_or_else(|| "-".to_owned())),
            ("Sign-in", status.auth.to_owned()),
            ("This machine", shown(status.machine)),
            ("Reachable", yes(reachable)),
            ("Sealed", sealed.map_or_else(|| "-".to_owned(), yes)),
            ("Role", status.role.unwrap_or("-").to_owned()),
            ("Token expires", token_expires_at.map_or_else(|| "-".to_owned(), local)),
        ];
        let rows: Vec<_> = rows.map(|(label, value)| [format!("{label}:"), value]).into();
        output::data(&aligned(&rows))?;
    }
    if let Some(error) = problem {
        output::say(Failure::of(&Problem::Vault(VaultProblem::Team(error))).words());
    }
    Ok(())
}
