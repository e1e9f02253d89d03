//! `keyfob helper`, and the names under which other programs start Keyfob.
//!
//! Standard output follows the other program's protocol to the letter; messages go to standard error. A token is given
//! only for a host that the user has named or that belongs to the account's API.

mod cargo;
mod docker;
mod git;
mod google;
mod headers;
mod kubectl;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;

use crate::cli::args::Helper;
use crate::cli::failure::Failure;
use crate::cli::format::quoted;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::CliSession;
use crate::messages::snapshot::AccountView;

/// Where a protocol wants a user name, and the server looks at the token alone.
const USER_NAME: &str = "oauth2";
/// The longest request of another program, in bytes.
const REQUEST_MAX_BYTES: usize = 64 * 1024;

pub(in crate::cli) fn run(vault: &VaultOptions, helper: &Helper) -> Result<(), Failure> {
    match helper {
        Helper::Git { name, hosts, operation } => git::run(vault, name, hosts, operation),
        Helper::Kubectl { name, id_token } => kubectl::run(vault, name, *id_token),
        Helper::Docker { name, hosts, operation } => docker::run(vault, Some(name), hosts, operation),
        Helper::Cargo { name, hosts } => cargo::run(vault, Some((name, hosts))),
        Helper::Google { name } => google::run(vault, name),
        Helper::Headers { name } => headers::run(vault, name),
    }
}

/// How a program that can give no arguments of ours has started Keyfob.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum Called {
    /// `docker-credential-keyfob OPERATION`.
    Docker(String),
    /// `cargo-credential-keyfob --cargo-plugin`, or `keyfob --cargo-plugin`.
    Cargo,
}

impl Called {
    pub(in crate::cli) fn run(&self) -> Result<(), Failure> {
        let vault = VaultOptions { kind: None, file: None };
        match self {
            Self::Docker(operation) => docker::run(&vault, None, &[], operation),
            Self::Cargo => cargo::run(&vault, None),
        }
    }
}

/// `None` if Keyfob was started as itself.
pub(in crate::cli) fn called_by_name(arguments: &[OsString]) -> Option<Called> {
    let program = Path::new(arguments.first()?).file_stem().and_then(OsStr::to_str).unwrap_or_default();
    let first = arguments.get(1).and_then(|argument| argument.to_str());
    match program {
        "docker-credential-keyfob" => Some(Called::Docker(first.unwrap_or_default().to_owned())),
        "cargo-credential-keyfob" => Some(Called::Cargo),
        _ => (first == Some("--cargo-plugin")).then_some(Called::Cargo),
    }
}

/// The one account whose API host fits; `None` if there is none, or several, which is said.
fn only_account(
    session: &CliSession,
    fits: impl Fn(&crate::domain::api::api_host::ApiHost) -> bool,
) -> Option<Arc<AccountView>> {
    let is_it = |account: &&Arc<AccountView>| session.api_host(account).is_some_and(|host| fits(&host));
    let mut found = session.snapshot.accounts.iter().filter(is_it);
    let first = found.next()?;
    if let Some(second) = found.next() {
        output::say(&format!(
            "Several accounts are for this host, such as {} and {}. Name one: keyfob helper docker NAME, or keyfob \
             helper cargo NAME.",
            quoted(first.name.as_str()),
            quoted(second.name.as_str())
        ));
        return None;
    }
    Some(Arc::clone(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_name_decides_the_protocol() {
        let called = |words: &[&str]| called_by_name(&words.iter().map(OsString::from).collect::<Vec<_>>());
        let docker = |operation: &str| Some(Called::Docker(operation.to_owned()));
        assert_eq!(called(&["/usr/bin/docker-credential-keyfob", "get"]), docker("get"));
        assert_eq!(called(&["docker-credential-keyfob.exe", "list"]), docker("list"));
        assert_eq!(called(&["cargo-credential-keyfob", "--cargo-plugin"]), Some(Called::Cargo));
        assert_eq!(called(&["/opt/keyfob", "--cargo-plugin"]), Some(Called::Cargo));
        assert_eq!(called(&["keyfob", "list"]), None);
        assert_eq!(called(&["keyfob"]), None);
        assert_eq!(called(&[]), None);
    }
}
