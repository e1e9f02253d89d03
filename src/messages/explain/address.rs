//! Texts about accounts by an address: what was found and where, why a search ended, why no client was
//! registered.
//!
//! Invariant: URLs and texts from outside are sanitised and bounded.

use crate::base::sanitize::sanitized;
use crate::domain::api_address::AddressError;
use crate::domain::api_address::client_document::{DocumentError, DocumentState};
use crate::domain::api_address::plan::{AddressPlan, ClientChoice, ScopeSource};
use crate::domain::api_address::resource::ResourceSource;
use crate::domain::api_address::search::{Part, SearchError, ServerSource};
use crate::domain::provider::EndpointKind;
use crate::messages::event::ClientDeletion;
use crate::messages::problem::{RegistrationError, RegistrationProblem, RegistrationStep};

use super::{UserMessage, capitalized, label_of, quoted, words};

const URL_CHARS: usize = 300;

/// A step of a search: what was found, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressStep {
    pub label: String,
    pub value: String,
    /// Where it comes from.
    pub source: String,
}

fn step(label: &str, value: impl Into<String>, source: impl Into<String>) -> AddressStep {
    AddressStep { label: label.to_owned(), value: value.into(), source: source.into() }
}

/// Each step of a plan with its source, in the order of the search.
pub fn steps(plan: &AddressPlan) -> Vec<AddressStep> {
    let found = &plan.found;
    let mut steps = vec![step("Address", shown(found.address.as_str()), "as given")];
    if let Some(resource) = &found.resource {
        let source = match &found.resource_metadata {
            Some((document, source)) => format!("{} {}", resource_source(*source), shown(document.as_str())),
            None => "the address, which publishes no metadata".to_owned(),
        };
        steps.push(step("Resource", shown(resource), source));
    }
    steps.push(step("Authorization server", shown(&found.server.issuer), server_source(found.source)));
    let document = "the server's metadata";
    steps.push(step(
        "Server metadata",
        shown(found.server.document.as_str()),
        "where its issuer publishes it",
    ));
    for kind in EndpointKind::ALL {
        if let Some(url) = found.server.endpoints.get(kind) {
            steps.push(step(&capitalized(label_of(kind.key())), shown(url), document));
        }
    }
    let (client, source) = client(&plan.client, document);
    steps.push(step("Client", client, source));
    let scopes = if plan.scopes.is_empty() { "none".to_owned() } else { shown(&plan.scopes.join(" ")) };
    steps.push(step("Scopes", scopes, scope_source(plan.scope_source)));
    let redirect = match &plan.client {
        ClientChoice::Registration(_) => "registered with the port that is free now",
        ClientChoice::Known(_) => "the same as that account's",
        ClientChoice::Document(_) => match found.document {
            DocumentState::Lists(_) => "the document lists it",
            DocumentState::Unreadable => "the document, which could not be read, must list it",
            DocumentState::NotRead => "the document must list it",
        },
        ClientChoice::Given | ClientChoice::Form => "register it with the provider",
    };
    steps.push(step("Redirect URI", shown(&plan.redirect_uri), redirect));
    steps
}

fn resource_source(source: ResourceSource) -> &'static str {
    match source {
        ResourceSource::Challenge => "metadata that the address names:",
        ResourceSource::PathForm | ResourceSource::RootForm => "metadata at the well-known path",
        ResourceSource::Given => "the given metadata",
    }
}

fn server_source(source: ServerSource) -> &'static str {
    match source {
        ServerSource::Resource => "named by the resource's metadata",
        ServerSource::Issuer => "as you chose",
        ServerSource::Address => "the address itself",
        ServerSource::TokenEndpoint => "the address is its token endpoint",
        ServerSource::Origin => "at the address's own origin",
    }
}

fn client(client: &ClientChoice, document: &str) -> (String, String) {
    match client {
        ClientChoice::Given => ("the client ID that you give".to_owned(), "as given".to_owned()),
        ClientChoice::Known(known) => (
            format!("the one of {}", quoted(&known.name)),
            "an account with the same authorization server".to_owned(),
        ),
        ClientChoice::Document(url) => (shown(url), "the metadata document that you give".to_owned()),
        ClientChoice::Registration(url) => {
            (format!("will be registered at {}", shown(url.as_str())), document.to_owned())
        }
        ClientChoice::Form => (
            "you register one".to_owned(),
            "the server offers no registration that Keyfob can use".to_owned(),
        ),
    }
}

fn scope_source(source: Option<ScopeSource>) -> &'static str {
    match source {
        Some(ScopeSource::User) => "as given",
        Some(ScopeSource::Challenge) => "the address asks for them",
        Some(ScopeSource::Resource) => "the resource's metadata",
        Some(ScopeSource::Server) => "the server's metadata",
        None => "nothing names any",
    }
}

fn shown(text: &str) -> String {
    sanitized(text, URL_CHARS).into_owned()
}

fn url_quoted(text: &str) -> String {
    format!("“{}”", shown(text))
}

fn part_label(part: Part) -> &'static str {
    match part {
        Part::Address => "address",
        Part::ResourceMetadata => "resource metadata",
        Part::Server => "authorization server",
        Part::Endpoint(kind) => label_of(kind.key()),
        Part::Registration => "registration endpoint",
        Part::ClientDocument => "client ID metadata document",
    }
}

pub(in crate::messages::explain) fn address(error: &SearchError) -> UserMessage {
    let report = "Report this to the provider, or enter the endpoints from its documentation.";
    match error {
        SearchError::Address(error) => bad_address(*error),
        SearchError::NotUrl { part, url } => words(
            format!(
                "The {} {} is not a usable URL, so nothing was used.",
                part_label(*part),
                url_quoted(url)
            ),
            report,
        ),
        SearchError::Insecure { part, url } => words(
            format!("The {} {} is not https, so it can't be trusted.", part_label(*part), url_quoted(url)),
            report,
        ),
        SearchError::Inside { part, url, inside } => words(
            format!("The {} {} is {inside}, and nothing was sent there.", part_label(*part), url_quoted(url)),
            "A public address leads there only if you allow private hosts, because it could attack them through you.",
        ),
        SearchError::OtherResource { document, said } => words(
            format!(
                "The metadata at {} is about the resource {}, not about this address, so nothing of it was used.",
                url_quoted(document),
                url_quoted(said)
            ),
            "If you mean that resource, give its address.",
        ),
        SearchError::WebPage { document } => {
            words(format!("{} is a web page, not metadata.", url_quoted(document)), report)
        }
        SearchError::NotMetadata { document } => {
            words(format!("{} is not the expected metadata.", url_quoted(document)), report)
        }
        SearchError::TooLarge { document } => {
            words(format!("The document {} is too large: more than 1 MiB.", url_quoted(document)), report)
        }
        SearchError::Status { document, status } => words(
            format!("The metadata at {} could not be read: HTTP {status}.", url_quoted(document)),
            report,
        ),
        SearchError::SeveralServers(servers) => words(
            format!("The address has several authorization servers: {}.", listed(servers)),
            "Choose the one that you sign in to.",
        ),
        SearchError::NotListed { issuer, servers } => words(
            format!("The address doesn't use the authorization server {}.", url_quoted(issuer)),
            format!("Choose one of {}.", listed(servers)),
        ),
        SearchError::ClientDocument { url, error } => client_document(url, error),
        other => server_error(other, report),
    }
}

fn client_document(url: &str, error: &DocumentError) -> UserMessage {
    let document = url_quoted(url);
    match error {
        DocumentError::NotMetadata => words(
            format!(
                "The client ID metadata document {document} has no client metadata, so nothing was used."
            ),
            "Check its URL.",
        ),
        DocumentError::OtherClient(said) => words(
            format!(
                "The client ID metadata document {document} has the client_id {}, so the server would refuse it.",
                url_quoted(said)
            ),
            "Its client_id must be its URL, to the letter.",
        ),
        DocumentError::NoRedirect => words(
            format!("The client ID metadata document {document} lists no redirect URI that Keyfob can use."),
            "Add one such as http://127.0.0.1/callback to its redirect_uris.",
        ),
        DocumentError::OtherRedirect { wanted, listed } => words(
            format!(
                "The client ID metadata document {document} doesn't list the redirect URI {}, so the server would \
                 refuse it.",
                url_quoted(wanted)
            ),
            if listed.is_empty() {
                "It lists none.".to_owned()
            } else {
                format!("It lists {}.", self::listed(listed))
            },
        ),
        DocumentError::OtherAuth(method) => words(
            format!(
                "The client ID metadata document {document} asks for the client authentication {}, which needs a key \
                 that Keyfob hasn't.",
                quoted(method)
            ),
            "Give a document whose token_endpoint_auth_method is none.",
        ),
    }
}

fn server_error(error: &SearchError, report: &str) -> UserMessage {
    match error {
        SearchError::OtherIssuer { document, issuer, said } => {
            let expected =
                issuer.as_deref().map_or_else(String::new, |issuer| format!(", not {}", url_quoted(issuer)));
            words(
                format!(
                    "The metadata at {} is of the issuer {}{expected}, so nothing of it was used.",
                    url_quoted(document),
                    url_quoted(said)
                ),
                "If you mean that server, give its issuer as the address.",
            )
        }
        SearchError::Missing { issuer, kind } => words(
            format!("The server {} lists no {}.", url_quoted(issuer), label_of(kind.key())),
            "Sign-ins with a browser need it. Add the account with a custom provider instead.",
        ),
        SearchError::Unusable { issuer, kind } => words(
            format!(
                "The {} that {} lists is not an https URL, so nothing was used.",
                label_of(kind.key()),
                url_quoted(issuer)
            ),
            report,
        ),
        SearchError::NoMetadata { issuer, tried } => tried_at(
            words(
                format!("The authorization server {} publishes no metadata.", url_quoted(issuer)),
                "Check the issuer, or enter the endpoints from the provider's documentation.",
            ),
            tried,
        ),
        SearchError::Nothing { tried, redirected_to } => {
            let next = match redirected_to {
                Some(url) => format!(
                    "It redirects to {}, which was not followed. If you mean that, give it as the address.",
                    url_quoted(url)
                ),
                None => {
                    "Check the address, or enter the endpoints from the provider's documentation.".to_owned()
                }
            };
            tried_at(words("Neither the address nor its server says where to sign in.", next), tried)
        }
        SearchError::TooManyRequests => words(
            "No authorization server was found within 20 requests.",
            "Give the issuer as the address, or enter the endpoints from the provider's documentation.",
        ),
        _ => words("The search took longer than 45 seconds.", "Check the network, then try again."),
    }
}

fn bad_address(error: AddressError) -> UserMessage {
    match error {
        AddressError::Invalid => {
            words("The address is not a URL.", "Enter it in full, such as https://api.example.com/v1.")
        }
        AddressError::Insecure => words(
            "The address is not https, so what it says can't be trusted.",
            "Use its https URL. Plain http is for this computer only.",
        ),
        AddressError::Credentials => words(
            "The address contains a user name or a password, so nothing was sent.",
            "Remove the part before the @.",
        ),
    }
}

fn tried_at(message: UserMessage, tried: &[(String, u16)]) -> UserMessage {
    let lines: Vec<String> =
        tried.iter().map(|(url, status)| format!("{}: HTTP {status}", shown(url))).collect();
    UserMessage { details: Some(lines.join("\n")), ..message }
}

fn listed(servers: &[String]) -> String {
    servers.iter().map(|server| url_quoted(server)).collect::<Vec<_>>().join(", ")
}

pub(in crate::messages::explain) fn registration(problem: &RegistrationProblem) -> UserMessage {
    let server = problem.server.as_str();
    if problem.step == RegistrationStep::Update {
        return not_updated(problem);
    }
    match &problem.error {
        RegistrationError::TokenNeeded(_) if problem.step == RegistrationStep::RegisterWithToken => words(
            format!("{server} didn't accept the initial access token, so no client was registered."),
            "Get a new initial access token from the provider, or register a client with it and give its ID.",
        ),
        RegistrationError::TokenNeeded(_) => words(
            format!("{server} registers a client only with an initial access token."),
            "Get an initial access token from the provider, or register a client with it and give its ID.",
        ),
        RegistrationError::Refused { status, code, description } => {
            let said = refusal(*status, code.as_deref(), description.as_deref());
            words(
                format!("{server} refused to register a client: {said}."),
                "Register a client with the provider yourself and give its ID, or ask for other scopes.",
            )
        }
        RegistrationError::NoClient(status) => words(
            format!("{server} answered the registration without a client (HTTP {status})."),
            "Register a client with the provider yourself and give its ID.",
        ),
        RegistrationError::OtherRedirect(uri) => words(
            format!(
                "{server} registered another redirect URI ({}), so the client can't be used.",
                uri.as_deref().map_or_else(|| "none".to_owned(), shown)
            ),
            "Register a client with the provider yourself and give its ID.",
        ),
        RegistrationError::OtherAuth(name) => words(
            format!("{server} registered a client whose authentication ({}) Keyfob can't use.", shown(name)),
            "Register a client with the provider yourself and give its ID.",
        ),
    }
}

fn refusal(status: u16, code: Option<&str>, description: Option<&str>) -> String {
    let said = [code, description].into_iter().flatten().map(quoted).collect::<Vec<_>>();
    if said.is_empty() { format!("HTTP {status}") } else { said.join(", ") }
}

fn not_updated(problem: &RegistrationProblem) -> UserMessage {
    let why = match &problem.error {
        RegistrationError::Refused { status, code, description } => {
            refusal(*status, code.as_deref(), description.as_deref())
        }
        RegistrationError::TokenNeeded(status) => refusal(*status, None, None),
        error => error.to_string(),
    };
    words(
        format!(
            "The account is saved, but {} didn't register its redirect URI and scopes: {why}.",
            problem.server.as_str()
        ),
        "A sign-in may be refused. Change them back, or add the account once more.",
    )
}

/// What became of a deleted account's client; `None` if nothing need be said.
pub fn client_deletion(deletion: &ClientDeletion) -> Option<String> {
    match deletion {
        ClientDeletion::NotRegistered => None,
        ClientDeletion::Shared => {
            Some("Its client stays registered, since other accounts use it.".to_owned())
        }
        ClientDeletion::Done => Some("Its client was deleted at the server.".to_owned()),
        ClientDeletion::Kept { server, why } => {
            Some(format!("Its client could not be deleted and stays registered with {server}: {why}."))
        }
    }
}
