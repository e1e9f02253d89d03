//! A connection to a team vault from `KEYFOB_TEAM_*`, for machines without a keychain. The variables name
//! files with secrets, and contain none.

use std::path::PathBuf;

use super::failure::Failure;
use super::format::quoted;
use super::input;
use crate::base::secret::SecretText;
use crate::domain::team::{AuthMethod, Connection, ConnectionError, DEFAULT_MOUNT, DEFAULT_PREFIX};
use crate::engine::TeamEnvironment;
use crate::messages::command::TeamCredentials;

fn variable(name: &str) -> Option<String> {
    std::env::var(format!("KEYFOB_TEAM_{name}")).ok().filter(|value| !value.is_empty())
}

/// Whether the environment names a team vault.
pub(super) fn is_set() -> bool {
    variable("ADDR").is_some()
}

/// The connection that the environment names; `None` without `KEYFOB_TEAM_ADDR`.
pub(super) fn read() -> Result<Option<TeamEnvironment>, Failure> {
    let Some(address) = variable("ADDR") else { return Ok(None) };
    let path = |name: &str| variable(name).map(PathBuf::from);
    let (auth, credentials) = match (path("ROLE_ID_FILE"), path("SECRET_ID_FILE"), path("TOKEN_FILE")) {
        (Some(role_id_file), Some(secret_id_file), _) => {
            (AuthMethod::Approle, TeamCredentials::AppRole { role_id_file, secret_id_file })
        }
        (_, _, Some(file)) => {
            let line = input::first_line(&file).map_err(|error| {
                let name = quoted(&file.display().to_string());
                Failure::of_vault(format!("The team vault's token could not be read from {name}: {error}."))
            })?;
            let token = SecretText::new(line.text.expose().trim().to_owned());
            (AuthMethod::Token, TeamCredentials::Token(token))
        }
        _ => {
            return Err(Failure::of_vault(
                "KEYFOB_TEAM_ADDR is set, but nothing to sign in with. Set KEYFOB_TEAM_ROLE_ID_FILE and \
                 KEYFOB_TEAM_SECRET_ID_FILE, or KEYFOB_TEAM_TOKEN_FILE."
                    .to_owned(),
            ));
        }
    };
    let connection = Connection {
        address: url::Url::parse(&address).map_err(|_| unusable(ConnectionError::Address))?,
        mount: variable("MOUNT").unwrap_or_else(|| DEFAULT_MOUNT.to_owned()),
        prefix: variable("PREFIX").unwrap_or_else(|| DEFAULT_PREFIX.to_owned()),
        namespace: variable("NAMESPACE"),
        ca: path("CA"),
        auth,
        machine: variable("AS").unwrap_or_else(host_name),
    };
    let connection = connection.checked().map_err(unusable)?;
    Ok(Some(TeamEnvironment { connection, credentials }))
}

pub(super) fn unusable(error: ConnectionError) -> Failure {
    Failure::refused(format!("The team vault can't be used like this: {error}."))
}

/// A mount and a prefix without slashes at their ends.
pub(super) fn checked_paths(mount: &str, prefix: &str) -> Result<(String, String), Failure> {
    let local = "http://127.0.0.1/";
    let connection = Connection {
        address: url::Url::parse(local).map_err(|_| unusable(ConnectionError::Address))?,
        mount: mount.to_owned(),
        prefix: prefix.to_owned(),
        namespace: None,
        ca: None,
        auth: AuthMethod::Token,
        machine: "-".to_owned(),
    };
    let Connection { mount, prefix, .. } = connection.checked().map_err(unusable)?;
    Ok((mount, prefix))
}

/// This computer's name.
pub(super) fn host_name() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    if name.is_empty() { "this machine".to_owned() } else { name }
}
