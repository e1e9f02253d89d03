//! `keyfob add`: an account from the address of an API or of its authorization server.
//!
//! Each step and its source is printed before anything is registered or saved.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::sign_in::{SignInEvents, wait};
use super::token::saved;
use crate::base::secret::{ClientSecret, Passphrase, RegistrationToken};
use crate::cli::args::Add;
use crate::cli::failure::Failure;
use crate::cli::format::{expiry_sentence, json, quoted, shown};
use crate::cli::passphrase::VaultOptions;
use crate::cli::session::{CliSession, with_waker};
use crate::cli::{input, output};
use crate::domain::account::{AccountName, Client};
use crate::domain::api_address::plan::{self, AddressPlan, ClientChoice, PlanOptions};
use crate::domain::api_address::search::{SearchError, SearchOptions};
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::domain::oauth::scopes;
use crate::domain::provider::{EndpointKind, ProviderError};
use crate::messages::command::{AddressDraft, Command};
use crate::messages::event::Reply;
use crate::messages::explain::{AddressStep, steps};
use crate::messages::problem::{Problem, RegistrationError};
use crate::messages::snapshot::VaultKind;

#[derive(Serialize)]
struct Previewed<'a> {
    address: &'a str,
    resource: Option<&'a str>,
    resource_metadata: Option<&'a str>,
    authorization_servers: &'a [String],
    issuer: &'a str,
    metadata: &'a str,
    client: &'static str,
    scopes: &'a [String],
    redirect_uri: &'a str,
    endpoints: BTreeMap<&'static str, Option<&'a str>>,
}

pub(in crate::cli) fn run(vault: &VaultOptions, options: &Add) -> Result<(), Failure> {
    check(options)?;
    let events = SignInEvents::new();
    with_waker(vault, events.waker(), |session| {
        if let Some(name) = &options.name {
            refuse_taken(session, name, options.replace)?;
        }
        let plan = find(session, options)?;
        let lines: Vec<String> = steps(&plan).iter().map(line).collect();
        output::say(&lines.join("\n"));
        if options.json {
            return output::data(&json(&previewed(&plan))?);
        }
        let name = options.name.as_deref().unwrap_or_default();
        if options.dry_run {
            return output::data(&would_add(session, name, &plan));
        }
        let server = quoted(&plan.found.server.issuer);
        if plan.client == ClientChoice::Form {
            return Err(form_needed(&plan));
        }
        if !options.yes && !output::agreed(&format!("Add {} and sign in to {server}?", quoted(name))) {
            return Err(Failure::refused("Nothing was registered or saved."));
        }
        add(session, options, plan)?;
        sign_in(session, name, !options.no_browser, &events)
    })
}

fn check(options: &Add) -> Result<(), Failure> {
    if let Some(name) = &options.name {
        AccountName::new(name).map_err(|error| Failure::of(&Problem::BadName(error)))?;
    }
    if let Some(document) = &options.client_id_document {
        plan::check_document(document)
            .map_err(|error| Failure::refused(format!("{}: {error}. Nothing was sent.", quoted(document))))?;
    }
    if let Some(uri) = &options.redirect_uri {
        RedirectUri::new(Some(uri))
            .map_err(|error| Failure::of(&Problem::Settings(ProviderError::Redirect(error))))?;
    }
    Ok(())
}

fn refuse_taken(session: &CliSession, name: &str, replace: bool) -> Result<(), Failure> {
    if replace || session.listed(name).is_none() {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "There is already an account called {}. Nothing was sent. Choose another name, or replace it with --replace.",
        quoted(name)
    )))
}

/// Searches the address and makes the plan.
fn find(session: &CliSession, options: &Add) -> Result<AddressPlan, Failure> {
    let search = SearchOptions {
        issuer: options.issuer.clone(),
        allow_private: options.allow_private,
        document: options.client_id_document.clone(),
        redirect_uri: options.redirect_uri.clone(),
    };
    let command = Command::FindServer { address: options.address.clone(), options: search };
    let Reply::ServerFound(found) = session.ask(command)?.wait().map_err(|problem| failure(&problem))? else {
        return Err(Failure::of(&Problem::Stopped));
    };
    let choices = PlanOptions {
        scopes: scopes::unique(options.scopes.iter().flat_map(|text| text.split_whitespace())),
        has_client: options.client_id.is_some(),
        document: options.client_id_document.clone(),
        redirect_uri: options.redirect_uri.clone(),
    };
    Ok(AddressPlan::new(found.server, &choices, found.known))
}

/// Adds the option that helps to the message.
fn failure(problem: &Problem) -> Failure {
    let option = match problem {
        Problem::Address(error) => match **error {
            SearchError::Inside { .. } => Some("To allow it, use --allow-private."),
            SearchError::SeveralServers(_) | SearchError::NotListed { .. } => {
                Some("The option is --issuer URL.")
            }
            _ => None,
        },
        Problem::Registration(problem) => match problem.error {
            RegistrationError::TokenNeeded(_) => {
                Some("The options are --registration-token-file FILE and --client-id ID.")
            }
            _ => Some("The option is --client-id ID."),
        },
        _ => None,
    };
    let failure = Failure::of(problem);
    option.map_or(failure.clone(), |option| failure.with(option))
}

fn form_needed(plan: &AddressPlan) -> Failure {
    Failure::refused(format!(
        "The authorization server {} offers no registration that Keyfob can use, so nothing was saved. Register a \
         client with the provider, with this redirect URI:\n{}\nThen run the command again with --client-id ID, and \
         --client-secret-file FILE if the client has a secret.",
        quoted(&plan.found.server.issuer),
        shown(&plan.redirect_uri)
    ))
}

fn line(step: &AddressStep) -> String {
    format!("{}: {} ({})", step.label, step.value, step.source)
}

fn would_add(session: &CliSession, name: &str, plan: &AddressPlan) -> String {
    let is_there = session.listed(name).is_some();
    let would = if is_there { "Would replace" } else { "Would add" };
    let name = if name.is_empty() { "an account".to_owned() } else { shown(name) };
    format!("{would} {name}: {}, client: {}", shown(&plan.found.server.issuer), plan.client.as_str())
}

fn previewed(plan: &AddressPlan) -> Previewed<'_> {
    let found = &plan.found;
    let endpoint = |kind: EndpointKind| (kind.name(), found.server.endpoints.get(kind));
    Previewed {
        address: found.address.as_str(),
        resource: found.resource.as_deref(),
        resource_metadata: found.resource_metadata.as_ref().map(|(document, _)| document.as_str()),
        authorization_servers: &found.servers,
        issuer: &found.server.issuer,
        metadata: found.server.document.as_str(),
        client: plan.client.as_str(),
        scopes: &plan.scopes,
        redirect_uri: &plan.redirect_uri,
        endpoints: EndpointKind::ALL.into_iter().map(endpoint).collect(),
    }
}

fn add(session: &mut CliSession, options: &Add, plan: AddressPlan) -> Result<(), Failure> {
    let name = options.name.clone().unwrap_or_default();
    let secret = |path: &PathBuf, what| first_line(path, what);
    let client = options.client_id.as_ref().map(|id| -> Result<Client, Failure> {
        let file = options.client_secret_file.as_ref();
        let client_secret = file.map(|path| secret(path, "client secret")).transpose()?;
        let client_secret = client_secret.map(|secret| ClientSecret::new(secret.expose().trim().to_owned()));
        Ok(Client { client_id: id.trim().to_owned(), client_secret, ..Client::default() })
    });
    let token = options.registration_token_file.as_ref().map(|path| secret(path, "initial access token"));
    let token = token.transpose()?;
    let draft = AddressDraft {
        name: name.clone(),
        plan,
        client: client.transpose()?,
        registration_token: token.map(|token| RegistrationToken::new(token.expose().trim().to_owned())),
        replace: options.replace,
        sign_in: false,
    };
    let is_there = session.listed(&name).is_some();
    session.unlock(true)?;
    session.ask(Command::AddFound(Box::new(draft)))?.wait().map_err(|problem| failure(&problem))?;
    output::data(&format!("{} {}", if is_there { "Replaced" } else { "Added" }, shown(&name)))?;
    if session.snapshot.vault.kind == VaultKind::Memory {
        output::say("Its secrets were kept in memory only, and end with this command.");
    }
    Ok(())
}

/// A secret from a file's first line.
fn first_line(path: &std::path::Path, what: &str) -> Result<Passphrase, Failure> {
    let name = quoted(&path.display().to_string());
    let line = input::first_line(path).map_err(|error| {
        Failure::refused(format!("The {what} could not be read from {name}: {error}. Nothing was saved."))
    })?;
    if line.text.expose().trim().is_empty() {
        return Err(Failure::refused(format!(
            "The first line of {name} is empty, so there is no {what}. Nothing was saved."
        )));
    }
    if line.is_open_to_others {
        output::say(&format!(
            "Warning: other users of this computer may read the {what} in {name}. Make the file private with chmod 600."
        ));
    }
    Ok(line.text)
}

fn sign_in(
    session: &mut CliSession,
    name: &str,
    open_browser: bool,
    events: &SignInEvents,
) -> Result<(), Failure> {
    session.refresh();
    let account = session.find(name)?;
    let command = Command::SignIn { account: account.id.clone(), open_browser };
    wait(session, &account, command, open_browser, events)
        .map_err(|failure| failure.with("The account was added and is signed out."))?;
    let account = saved(session, &account)?;
    output::say(&format!("Signed in to {}. {}", quoted(account.name.as_str()), expiry_sentence(&account)));
    Ok(())
}
