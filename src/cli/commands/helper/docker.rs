//! Docker's credential helper protocol (`docker/docker-credential-helpers`).

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use url::Url;
use zeroize::Zeroizing;

use super::{REQUEST_MAX_BYTES, USER_NAME, only_account};
use crate::cli::commands::token;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::{CliSession, with_account, with_engine};
use crate::domain::api::api_host::{ApiHost, HostRule};
use crate::messages::snapshot::AccountView;

/// What Docker takes for "try without credentials".
const NOT_FOUND: &str = "credentials not found in native keychain";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials<'a> {
    #[serde(rename = "ServerURL")]
    server_url: &'a str,
    username: &'a str,
    secret: &'a str,
}

/// Without a name, for the account whose API host the server address names.
pub(super) fn run(
    vault: &VaultOptions,
    name: Option<&str>,
    hosts: &[String],
    operation: &str,
) -> Result<(), Failure> {
    match operation {
        "get" => get(vault, name, hosts),
        "list" => list(vault, name),
        // There is nothing to store or to erase.
        "store" | "erase" => drain(),
        _ => Err(Failure::refused("Docker's operation must be get, list, store or erase.")),
    }
}

/// Reads what Docker sends, which may be a password, and drops it.
fn drain() -> Result<(), Failure> {
    request().map(drop)
}

fn request() -> Result<Zeroizing<String>, Failure> {
    let asked = input::read(Path::new("-"), REQUEST_MAX_BYTES).and_then(input::text_of);
    asked.map_err(|_| Failure::refused("Docker's request could not be read."))
}

fn get(vault: &VaultOptions, name: Option<&str>, hosts: &[String]) -> Result<(), Failure> {
    let asked = request()?;
    let address = asked.trim();
    match name {
        Some(name) => with_account(vault, name, |session, account| {
            let api = session.api_host(account);
            let rule = HostRule { named: hosts, api: api.as_ref() };
            let is_allowed = |(scheme, host): (String, &str)| rule.allows(&scheme, host);
            if server(address, api.as_ref()).is_some_and(is_allowed) {
                give(session, account, address)
            } else {
                not_found()
            }
        }),
        None => with_engine(vault, |session| {
            let fits = |host: &ApiHost| {
                let rule = HostRule { named: &[], api: Some(host) };
                server(address, Some(host)).is_some_and(|(scheme, asked)| rule.allows(&scheme, asked))
            };
            match only_account(session, fits) {
                Some(account) => give(session, &account, address),
                None => not_found(),
            }
        }),
    }
}

/// The scheme and the host of a server address, which has the API's scheme if it states none.
fn server<'a>(address: &'a str, api: Option<&ApiHost>) -> Option<(String, &'a str)> {
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => (api.map_or("https", |api| api.url().scheme()).to_owned(), address),
    };
    let host = rest.split('/').next().filter(|host| !host.is_empty())?;
    Url::parse(&format!("{scheme}://{host}")).is_ok().then_some((scheme, host))
}

fn give(session: &mut CliSession, account: &AccountView, address: &str) -> Result<(), Failure> {
    let held = token::valid(session, account, None)?;
    let username = held.login.as_ref().map_or(USER_NAME, |login| login.username.as_str());
    let credentials = Credentials { server_url: address, username, secret: held.alone() };
    output::data(&json(&credentials)?)?;
    token::warn_if_unsaved(session, account)
}

/// Docker reads the reason from standard output.
fn not_found() -> Result<(), Failure> {
    output::data(NOT_FOUND)?;
    Err(Failure::refused(""))
}

fn list(vault: &VaultOptions, name: Option<&str>) -> Result<(), Failure> {
    with_engine(vault, |session| {
        let accounts = match name {
            Some(name) => vec![session.find(name)?],
            None => session.snapshot.accounts.iter().map(Arc::clone).collect(),
        };
        let hosts = accounts.iter().filter_map(|account| session.api_host(account));
        let address = |host: ApiHost| host.url().as_str().trim_end_matches('/').to_owned();
        let listed: std::collections::BTreeMap<_, _> = hosts.map(|host| (address(host), USER_NAME)).collect();
        output::data(&json(&listed)?)
    })
}

pub(super) fn json(value: &impl Serialize) -> Result<Zeroizing<String>, Failure> {
    let text = serde_json::to_string(value).map(Zeroizing::new);
    text.map_err(|_| Failure::refused("The answer could not be put into JSON."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_address_may_lack_its_scheme() {
        let api = ApiHost::parse("http://127.0.0.1:5000/v2/").unwrap();
        let secure = ApiHost::parse("https://registry.example").unwrap();
        for (address, api, expected) in [
            ("127.0.0.1:5000", Some(&api), Some(("http", "127.0.0.1:5000"))),
            ("https://registry.example/v2/", Some(&secure), Some(("https", "registry.example"))),
            ("HTTPS://registry.example", None, Some(("https", "registry.example"))),
            ("registry.example", None, Some(("https", "registry.example"))),
            ("", None, None),
            ("https://", None, None),
        ] {
            let expected = expected.map(|(scheme, host)| (scheme.to_owned(), host));
            assert_eq!(server(address, api), expected, "{address}");
        }
    }
}
