//! Cargo's credential provider protocol (The Cargo Book, "Credential Provider Protocol").
//!
//! Each message is a line of JSON. Errors are answers, too; Cargo shows them.

use clap::Parser as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;
use zeroize::Zeroizing;

use super::docker::json as text_of;
use super::only_account;
use crate::cli::args::{Arguments, Command, Helper};
use crate::cli::commands::token;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::{CliSession, with_account, with_engine};
use crate::domain::api::api_host::{ApiHost, HostRule};
use crate::domain::secure_url::is_secure;
use crate::messages::event::HeldToken;

/// The name of Cargo's default registry, which a provider for all registries is asked about, too.
const DEFAULT_REGISTRY: &str = "crates-io";

/// The indexes of the default registry, which a request without a name may be about.
const DEFAULT_INDEXES: [&str; 2] =
    ["https://index.crates.io/", "https://github.com/rust-lang/crates.io-index"];
/// What Cargo needs tokens for.
const OPERATIONS: [&str; 5] = ["read", "publish", "yank", "unyank", "owners"];

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Registry {
    index_url: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Request {
    v: u32,
    registry: Registry,
    kind: String,
    operation: Option<String>,
    #[serde(default)]
    args: Vec<String>,
}

/// An account and the hosts of its registries; `None` if the registry's host decides.
type Named = Option<(String, Vec<String>)>;

/// What Cargo is told instead of a token.
enum Refused {
    UrlNotSupported,
    NotFound,
    OperationNotSupported,
    Other(String),
}

impl Refused {
    fn answer(&self) -> serde_json::Value {
        let error = match self {
            Self::UrlNotSupported => json!({"kind": "url-not-supported"}),
            Self::NotFound => json!({"kind": "not-found"}),
            Self::OperationNotSupported => json!({"kind": "operation-not-supported"}),
            Self::Other(message) => json!({"kind": "other", "message": message, "caused-by": []}),
        };
        json!({"Err": error})
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(rename = "Ok")]
    ok: Given<'a>,
}

#[derive(Serialize)]
struct Given<'a> {
    kind: &'static str,
    token: &'a str,
    cache: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<i64>,
    operation_independent: bool,
}

/// `named` is the account and the hosts of the command line; without it, those of a request, or the account whose API
/// host the registry is.
pub(super) fn run(vault: &VaultOptions, named: Option<(&str, &[String])>) -> Result<(), Failure> {
    output::needed(r#"{"v":[1]}"#)?;
    for line in std::io::stdin().lines() {
        let line = line.map_err(|_| Failure::refused("Cargo's request could not be read."))?;
        let answer = match answered(vault, named, &line) {
            Ok(answer) => answer,
            Err(refused) => Zeroizing::new(refused.answer().to_string()),
        };
        output::needed(&answer)?;
    }
    Ok(())
}

fn answered(
    vault: &VaultOptions,
    named: Option<(&str, &[String])>,
    line: &str,
) -> Result<Zeroizing<String>, Refused> {
    let other = |words: &str| Refused::Other(words.to_owned());
    let request: Request = serde_json::from_str(line).map_err(|_| other("the request could not be read"))?;
    if request.v != 1 {
        return Err(other("this version of the protocol is not supported"));
    }
    let knows = |operation: &str| OPERATIONS.contains(&operation);
    if request.kind != "get" || !request.operation.as_deref().is_none_or(knows) {
        return Err(Refused::OperationNotSupported);
    }
    let url = index_url(&request.registry.index_url).ok_or(Refused::UrlNotSupported)?;
    let (vault, named) = match named {
        Some((name, hosts)) => (vault.clone(), Some((name.to_owned(), hosts.to_vec()))),
        None => from_args(vault, &request.args)?,
    };
    let mut answer = Err(Refused::NotFound);
    let done = match named {
        Some((name, hosts)) => with_account(&vault, &name, |session, account| {
            if !is_allowed(session.api_host(account).as_ref(), &hosts, &request.registry, &url) {
                answer = Err(Refused::UrlNotSupported);
                return Ok(());
            }
            given(session, account, &mut answer)
        }),
        None => with_engine(&vault, |session| match only_account(session, |host| host.is_origin_of(&url)) {
            Some(account) => given(session, &account, &mut answer),
            None => Ok(()),
        }),
    };
    match done {
        Ok(()) => answer,
        Err(failure) => Err(Refused::Other(failure.words().to_owned())),
    }
}

fn given(
    session: &mut CliSession,
    account: &crate::messages::snapshot::AccountView,
    answer: &mut Result<Zeroizing<String>, Refused>,
) -> Result<(), Failure> {
    let held = token::valid(session, account, None)?;
    *answer = Ok(token_answer(&held)?);
    token::warn_if_unsaved(session, account)
}

fn token_answer(held: &HeldToken) -> Result<Zeroizing<String>, Failure> {
    let expiration = held.facts.expires_at.map(|end| end.timestamp());
    text_of(&Answer {
        ok: Given {
            kind: "get",
            token: held.access_token.expose(),
            // Without a time, Cargo keeps it until it ends.
            cache: if expiration.is_some() { "expires" } else { "session" },
            expiration,
            operation_independent: true,
        },
    })
}

/// The URL of an index without the marks that Cargo puts before it.
fn index_url(text: &str) -> Option<Url> {
    let plain = text.strip_prefix("sparse+").or_else(|| text.strip_prefix("registry+")).unwrap_or(text);
    Url::parse(plain).ok().filter(is_secure)
}

/// The user configures a provider for a registry, so its host is one that the user has named; Cargo's default registry
/// is not.
fn is_allowed(api: Option<&ApiHost>, hosts: &[String], registry: &Registry, url: &Url) -> bool {
    let is_default =
        registry.name.as_deref() == Some(DEFAULT_REGISTRY) || DEFAULT_INDEXES.contains(&url.as_str());
    if hosts.is_empty() && !is_default {
        return true;
    }
    HostRule { named: hosts, api }.allows(url.scheme(), url.authority())
}

/// The account and the hosts in the arguments of a request: `helper cargo NAME`, or `NAME` alone.
fn from_args(vault: &VaultOptions, args: &[String]) -> Result<(VaultOptions, Named), Refused> {
    match args {
        [] => Ok((vault.clone(), None)),
        [name] if name != "helper" => Ok((vault.clone(), Some((name.clone(), Vec::new())))),
        words => {
            let words = std::iter::once("keyfob").chain(words.iter().map(String::as_str));
            let parsed = Arguments::try_parse_from(words).ok();
            let vault = parsed.as_ref().map(Arguments::vault);
            match (vault, parsed.and_then(|parsed| parsed.command)) {
                (Some(vault), Some(Command::Helper { kind: Helper::Cargo { name, hosts } })) => {
                    Ok((vault, Some((name, hosts))))
                }
                _ => Err(Refused::Other(
                    "the arguments of the provider must be helper cargo NAME, such as credential-provider = [\"keyfob\", \
                     \"helper\", \"cargo\", \"car-dev\"]"
                        .to_owned(),
                )),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> VaultOptions {
        VaultOptions { kind: None, file: None }
    }

    #[test]
    fn the_account_comes_in_the_requests_arguments() {
        let named = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            from_args(&vault(), &words).map(|(_, named)| named).ok()
        };
        let car = |hosts: &[&str]| {
            Some(Some(("car-dev".to_owned(), hosts.iter().map(|host| (*host).to_owned()).collect())))
        };
        assert_eq!(named(&["helper", "cargo", "car-dev"]), car(&[]));
        assert_eq!(named(&["helper", "cargo", "car-dev", "--host", "a.example"]), car(&["a.example"]));
        assert_eq!(named(&["--vault", "file", "helper", "cargo", "car-dev"]), car(&[]));
        assert_eq!(named(&["car-dev"]), car(&[]));
        assert_eq!(named(&[]), Some(None));
        assert_eq!(named(&["helper", "git", "car-dev", "get"]), None);
        assert_eq!(named(&["remove", "car-dev", "--yes"]), None);
    }

    #[test]
    fn an_operation_that_is_not_known_is_not_supported() {
        let answer = |operation: &str| {
            let registry = r#"{"index-url":"sparse+http://a.example/","name":"corp"}"#;
            let line = format!(r#"{{"v":1,"registry":{registry},"kind":"get","operation":"{operation}"}}"#);
            answered(&vault(), None, &line).unwrap_err().answer()["Err"]["kind"].clone()
        };
        assert_eq!(answer("sell"), "operation-not-supported");
        // The next check is that of the index.
        assert!(OPERATIONS.into_iter().all(|operation| answer(operation) == "url-not-supported"));
    }

    #[test]
    fn u2_a_token_goes_to_no_registry_in_the_clear_and_not_to_the_default_one() {
        assert!(index_url("sparse+https://index.example/x/").is_some());
        assert!(index_url("sparse+http://127.0.0.1:81/").is_some());
        assert!(index_url("sparse+http://index.example/").is_none());
        assert!(index_url("registry+ssh://git@index.example/x").is_none());
        let url = index_url("sparse+https://index.example/").unwrap();
        let registry = |name: &str| Registry { index_url: String::new(), name: Some(name.to_owned()) };
        let api = ApiHost::parse("https://api.other.example").unwrap();
        assert!(is_allowed(Some(&api), &[], &registry("corp"), &url));
        assert!(!is_allowed(Some(&api), &[], &registry(DEFAULT_REGISTRY), &url));
        assert!(!is_allowed(Some(&api), &["a.example".to_owned()], &registry("corp"), &url));
        for index in DEFAULT_INDEXES {
            let url = index_url(index).unwrap();
            assert!(!is_allowed(Some(&api), &[], &registry("corp"), &url), "{index}");
        }
        assert!(is_allowed(None, &["index.example".to_owned()], &registry(DEFAULT_REGISTRY), &url));
    }
}
