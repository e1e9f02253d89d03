//! The search for an API's authorization server, one GET at a time.
//!
//! First the resource says where its metadata is (RFC 9728), then that names its servers, then the server's
//! metadata has the endpoints (RFC 8414, `OpenID` Connect Discovery). An address without such metadata may be
//! a server's issuer, its metadata document, its token endpoint, or an API on the server's own origin.
//!
//! Invariants: at most [`REQUESTS_MAX`] URLs are read, each once; an error about metadata that the address
//! itself points to is never answered by a guess.

use std::collections::{HashSet, VecDeque};

use thiserror::Error;
use url::Url;

use super::challenge::ResourceChallenge;
use super::client_document::{DocumentError, DocumentState};
use super::reach::{Inside, Reach};
use super::resource::{self, ResourceMetadata, ResourceSource};
use super::{AddressError, ApiAddress};
use crate::domain::http_log::record::HttpLogEntry;
use crate::domain::oauth::discovery::{self, DiscoveredServer, MetadataError, Wanted};
use crate::domain::oauth::issuer::{self, Issuer};
use crate::domain::oauth::scopes;
use crate::domain::provider::EndpointKind;
use crate::domain::secure_url::is_secure;

/// The most requests of one search.
pub const REQUESTS_MAX: usize = 20;

/// What the user decides beside the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchOptions {
    /// The authorization server to use, by its issuer.
    pub issuer: Option<String>,
    /// A public address may lead to hosts that are not public.
    pub allow_private: bool,
    /// The URL of a client ID metadata document, which is read after the search.
    pub document: Option<String>,
    /// The redirect URI that the document must list.
    pub redirect_uri: Option<String>,
}

/// An answer to a GET.
#[derive(Debug, Clone, Copy, Default)]
pub struct MetadataAnswer<'a> {
    pub status: u16,
    pub content_type: Option<&'a str>,
    /// The values of `WWW-Authenticate`.
    pub challenges: &'a [&'a str],
    /// Where a redirect leads; it is never followed.
    pub location: Option<&'a str>,
    pub body: &'a [u8],
    /// The body exceeded the limit and was dropped.
    pub is_too_large: bool,
}

/// How the authorization server is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerSource {
    /// The resource's metadata names it.
    Resource,
    /// The user named it.
    Issuer,
    /// The address is its issuer or its metadata document.
    Address,
    /// The address is its token endpoint.
    TokenEndpoint,
    /// It is at the origin of an API that publishes no metadata.
    Origin,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundServer {
    pub address: ApiAddress,
    pub reach: Reach,
    /// The resource that tokens are for (RFC 8707), as its metadata spells it.
    pub resource: Option<String>,
    /// The resource's metadata document, and what named it.
    pub resource_metadata: Option<(Url, ResourceSource)>,
    /// All authorization servers of the resource, by their issuers.
    pub servers: Vec<String>,
    pub source: ServerSource,
    pub server: DiscoveredServer,
    /// The scopes that the challenge asked for.
    pub challenge_scopes: Vec<String>,
    /// The scopes that the resource's metadata lists.
    pub resource_scopes: Vec<String>,
    /// What is known of the client ID metadata document.
    pub document: DocumentState,
    /// The requests of the search.
    pub log: Vec<HttpLogEntry>,
}

/// Which part of a search an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Address,
    ResourceMetadata,
    Server,
    Endpoint(EndpointKind),
    Registration,
    ClientDocument,
}

/// Why a search ended without a server. Texts from outside are as received.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SearchError {
    #[error("the address: {0}")]
    Address(AddressError),
    #[error("a URL that is not one")]
    NotUrl { part: Part, url: String },
    #[error("a URL that is not https")]
    Insecure { part: Part, url: String },
    #[error("a host that is {inside}")]
    Inside { part: Part, url: String, inside: Inside },
    #[error("metadata of another resource")]
    OtherResource { document: String, said: String },
    #[error("a web page in the place of metadata")]
    WebPage { document: String },
    #[error("a document that is no metadata")]
    NotMetadata { document: String },
    #[error("a document that is too large")]
    TooLarge { document: String },
    #[error("HTTP {status} in the place of metadata")]
    Status { document: String, status: u16 },
    #[error("several authorization servers")]
    SeveralServers(Vec<String>),
    #[error("a server that the resource doesn't name")]
    NotListed { issuer: String, servers: Vec<String> },
    #[error("another issuer's metadata")]
    OtherIssuer { document: String, issuer: Option<String>, said: String },
    #[error("{} is missing", .kind.key())]
    Missing { issuer: String, kind: EndpointKind },
    #[error("{} can't be used", .kind.key())]
    Unusable { issuer: String, kind: EndpointKind },
    #[error("no metadata of the server")]
    NoMetadata { issuer: String, tried: Vec<(String, u16)> },
    #[error("no authorization server")]
    Nothing { tried: Vec<(String, u16)>, redirected_to: Option<String> },
    #[error("more than {REQUESTS_MAX} requests")]
    TooManyRequests,
    #[error("too long")]
    TooLong,
    /// About the client ID metadata document at this URL.
    #[error("{error}")]
    ClientDocument { url: String, error: DocumentError },
}

/// What to do next.
#[derive(Debug)]
pub enum Next {
    /// Send a GET without credentials, follow no redirect, and report the answer.
    Get(Url),
    Done(Result<Box<FoundServer>, SearchError>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Role {
    /// The given address.
    Address,
    Resource(ResourceSource),
    /// Metadata of the server that is named.
    Named(ServerSource),
    /// Metadata of a server that the address may be or have.
    Guess(Guess),
}

impl Role {
    fn part(&self) -> Part {
        match self {
            Self::Resource(ResourceSource::Challenge) => Part::ResourceMetadata,
            Self::Address | Self::Resource(_) | Self::Guess(_) => Part::Address,
            Self::Named(_) => Part::Server,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guess {
    /// The address is the issuer or its document.
    Itself,
    /// The issuer is a parent of a token endpoint.
    Parent,
    /// The issuer is the address's origin.
    Origin,
}

#[derive(Debug)]
pub struct Search {
    address: ApiAddress,
    options: SearchOptions,
    reach: Reach,
    queue: VecDeque<(Role, Url)>,
    current: Option<(Role, Url)>,
    seen: HashSet<Url>,
    /// Each document and its status, for the report.
    tried: Vec<(String, u16)>,
    challenge: ResourceChallenge,
    redirected_to: Option<String>,
    resource: Option<(ResourceMetadata, Url, ResourceSource)>,
    /// The named server, if there is one.
    issuer: Option<Issuer>,
    has_guessed: bool,
    /// The first error of a document that exists.
    flaw: Option<SearchError>,
    outcome: Option<Result<Box<FoundServer>, SearchError>>,
}

impl Search {
    /// # Errors
    /// [`SearchError::Address`], or an issuer that is none.
    pub fn new(address: &str, options: SearchOptions) -> Result<Self, SearchError> {
        let address = ApiAddress::parse(address).map_err(SearchError::Address)?;
        let reach = Reach::of(address.url(), options.allow_private);
        let role = if resource::is_document(address.url()) {
            Role::Resource(ResourceSource::Given)
        } else if issuer::is_document(address.url()) {
            Role::Guess(Guess::Itself)
        } else {
            Role::Address
        };
        let queue = VecDeque::from([(role, address.url().clone())]);
        Ok(Self {
            address,
            options,
            reach,
            queue,
            current: None,
            seen: HashSet::new(),
            tried: Vec::new(),
            challenge: ResourceChallenge::default(),
            redirected_to: None,
            resource: None,
            issuer: None,
            has_guessed: false,
            flaw: None,
            outcome: None,
        })
    }

    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// The next request, or the end. After a GET, [`Self::answered`] comes first.
    pub fn next_step(&mut self) -> Next {
        loop {
            if let Some(outcome) = self.outcome.take() {
                return Next::Done(outcome);
            }
            let Some((role, url)) = self.queue.pop_front() else {
                self.queue_is_empty();
                continue;
            };
            if !self.seen.insert(url.clone()) {
                continue;
            }
            if self.seen.len() > REQUESTS_MAX {
                let why = self.flaw.take().unwrap_or(SearchError::TooManyRequests);
                return Next::Done(Err(why));
            }
            self.current = Some((role, url.clone()));
            return Next::Get(url);
        }
    }

    /// The error for a last request whose host's name stands for an address out of reach.
    pub fn led_inside(&self, inside: Inside) -> SearchError {
        let (part, url) = match &self.current {
            Some((role, url)) => (role.part(), url.to_string()),
            None => (Part::Address, self.address.as_str().to_owned()),
        };
        SearchError::Inside { part, url, inside }
    }

    /// Whether the body of the answer to the last request matters. An API may send one without an end.
    pub fn wants_body(&self) -> bool {
        self.current.as_ref().is_none_or(|(role, _)| *role != Role::Address)
    }

    /// Takes the answer to the last request.
    pub fn answered(&mut self, answer: &MetadataAnswer<'_>) {
        let Some((role, url)) = self.current.take() else { return };
        self.tried.push((url.to_string(), answer.status));
        let done = match role {
            Role::Address => self.address_answered(answer),
            Role::Resource(source) => self.resource_answered(source, &url, answer),
            Role::Named(source) => self.server_answered(source, &url, answer),
            Role::Guess(guess) => self.guess_answered(guess, &url, answer),
        };
        if let Err(error) = done {
            self.outcome = Some(Err(error));
        }
    }

    fn address_answered(&mut self, answer: &MetadataAnswer<'_>) -> Result<(), SearchError> {
        if matches!(answer.status, 401 | 403) {
            self.challenge = ResourceChallenge::read(answer.challenges);
        }
        if (300..400).contains(&answer.status) {
            self.redirected_to = answer.location.map(str::to_owned);
        }
        if let Some(text) = self.challenge.resource_metadata.clone() {
            let url = self.checked(Part::ResourceMetadata, &text)?;
            if self.seen.contains(&url) {
                // It names itself.
                self.note(SearchError::Status { document: url.to_string(), status: answer.status });
            }
            self.queue.push_back((Role::Resource(ResourceSource::Challenge), url));
        }
        let known = resource::well_known(self.address.url());
        self.queue.extend(known.into_iter().map(|(source, url)| (Role::Resource(source), url)));
        Ok(())
    }

    fn resource_answered(
        &mut self,
        source: ResourceSource,
        document: &Url,
        answer: &MetadataAnswer<'_>,
    ) -> Result<(), SearchError> {
        let is_named = matches!(source, ResourceSource::Challenge | ResourceSource::Given);
        match self.document(document, answer, is_named) {
            None => {}
            Some(body) => match resource::read(body) {
                Some(metadata) if resource::is_about(&metadata.resource, source, document, &self.address) => {
                    return self.take_resource(metadata, document, source);
                }
                Some(metadata) => self.note(SearchError::OtherResource {
                    document: document.to_string(),
                    said: metadata.resource,
                }),
                None if is_named => self.note(SearchError::NotMetadata { document: document.to_string() }),
                None => {}
            },
        }
        Ok(())
    }

    fn take_resource(
        &mut self,
        metadata: ResourceMetadata,
        document: &Url,
        source: ResourceSource,
    ) -> Result<(), SearchError> {
        self.queue.clear();
        // What other documents lacked no longer matters.
        self.flaw = None;
        let servers = metadata.servers.clone();
        self.resource = Some((metadata, document.clone(), source));
        let is_wanted =
            |server: &&String| self.options.issuer.as_ref().is_none_or(|issuer| same_issuer(issuer, server));
        let chosen: Vec<&String> = servers.iter().filter(is_wanted).collect();
        match (chosen.as_slice(), &self.options.issuer) {
            ([server], _) => self.take_server(server, ServerSource::Resource),
            ([], Some(issuer)) if servers.is_empty() => {
                self.take_server(&issuer.clone(), ServerSource::Issuer)
            }
            ([], Some(issuer)) => Err(SearchError::NotListed { issuer: issuer.clone(), servers }),
            // Without a named server, the origin may be one.
            ([], None) => Ok(()),
            _ => Err(SearchError::SeveralServers(servers)),
        }
    }

    /// Queues the metadata of a named server.
    fn take_server(&mut self, text: &str, source: ServerSource) -> Result<(), SearchError> {
        let issuer = self.issuer_at(text)?;
        self.queue.extend(issuer.documents().into_iter().map(|url| (Role::Named(source), url)));
        self.issuer = Some(issuer);
        Ok(())
    }

    fn server_answered(
        &mut self,
        source: ServerSource,
        document: &Url,
        answer: &MetadataAnswer<'_>,
    ) -> Result<(), SearchError> {
        let Some(body) = self.document(document, answer, false) else { return Ok(()) };
        let Some(issuer) = &self.issuer else { return Ok(()) };
        let Some(said) = discovery::issuer_of(body) else {
            self.note(SearchError::NotMetadata { document: document.to_string() });
            return Ok(());
        };
        if !same_issuer(issuer.as_str(), &said) {
            let issuer = Some(issuer.as_str().to_owned());
            self.note(SearchError::OtherIssuer { document: document.to_string(), issuer, said });
            return Ok(());
        }
        let resource = self.resource.as_ref().map(|(metadata, ..)| metadata.resource.clone());
        let resource =
            resource.or_else(|| self.challenge.wants_token.then(|| self.address.as_str().to_owned()));
        self.read_server(&said, document, body, source, resource)
    }

    /// Metadata of an issuer that no other document has named: its URL must be the well-known one of that issuer.
    fn guess_answered(
        &mut self,
        guess: Guess,
        document: &Url,
        answer: &MetadataAnswer<'_>,
    ) -> Result<(), SearchError> {
        let Some(body) = self.document(document, answer, false) else { return Ok(()) };
        let Some(said) = discovery::issuer_of(body) else { return Ok(()) };
        let belongs = Issuer::parse(&said).is_ok_and(|issuer| issuer.documents().contains(document));
        if !belongs {
            self.note(SearchError::OtherIssuer { document: document.to_string(), issuer: None, said });
            return Ok(());
        }
        let is_token_endpoint = discovery::token_endpoint_of(body)
            .is_some_and(|text| Url::parse(&text).is_ok_and(|url| url == *self.address.url()));
        let named = self.resource.as_ref().map(|(metadata, ..)| metadata.resource.clone());
        let address = || Some(self.address.as_str().to_owned());
        let (source, resource) = match guess {
            _ if is_token_endpoint => (ServerSource::TokenEndpoint, None),
            Guess::Parent => return Ok(()),
            Guess::Origin => (ServerSource::Origin, named.or_else(address)),
            // An API at the root of its own server asks for a token; an issuer doesn't.
            Guess::Itself if self.challenge.wants_token || named.is_some() => {
                (ServerSource::Origin, named.or_else(address))
            }
            Guess::Itself => (ServerSource::Address, None),
        };
        self.read_server(&said, document, body, source, resource)
    }

    fn read_server(
        &mut self,
        issuer: &str,
        document: &Url,
        body: &[u8],
        source: ServerSource,
        resource: Option<String>,
    ) -> Result<(), SearchError> {
        let parsed = self.issuer_at(issuer)?;
        let issuer = parsed.as_str().to_owned();
        let server = match Wanted::for_sign_in(parsed).read(document, body) {
            Ok(server) => server,
            Err(MetadataError::Missing(kind)) => return Err(SearchError::Missing { issuer, kind }),
            Err(MetadataError::Unusable(kind)) => return Err(SearchError::Unusable { issuer, kind }),
            Err(MetadataError::OtherIssuer(said)) => {
                let document = document.to_string();
                return Err(SearchError::OtherIssuer { document, issuer: Some(issuer), said });
            }
            Err(MetadataError::None) => {
                return Err(SearchError::NotMetadata { document: document.to_string() });
            }
        };
        for kind in EndpointKind::ALL {
            if let Some(url) = server.endpoints.get(kind) {
                self.checked(Part::Endpoint(kind), url)?;
            }
        }
        if let Some(url) = &server.registration {
            self.checked(Part::Registration, url)?;
        }
        self.outcome = Some(Ok(Box::new(self.found(server, source, resource))));
        Ok(())
    }

    fn found(
        &mut self,
        server: DiscoveredServer,
        source: ServerSource,
        resource: Option<String>,
    ) -> FoundServer {
        let named = self.resource.take();
        let servers = match &named {
            Some((metadata, ..)) if !metadata.servers.is_empty() => metadata.servers.clone(),
            _ => vec![server.issuer.clone()],
        };
        FoundServer {
            address: self.address.clone(),
            reach: self.reach,
            resource,
            resource_metadata: named.as_ref().map(|(_, document, source)| (document.clone(), *source)),
            servers,
            source,
            server,
            challenge_scopes: std::mem::take(&mut self.challenge.scopes),
            resource_scopes: named
                .map(|(metadata, ..)| scopes::unique(metadata.scopes.iter().map(String::as_str)))
                .unwrap_or_default(),
            document: DocumentState::NotRead,
            log: Vec::new(),
        }
    }

    /// Decides what else to look for, or why there is nothing.
    fn queue_is_empty(&mut self) {
        if let Some(flaw) = self.flaw.take() {
            self.outcome = Some(Err(flaw));
            return;
        }
        if let Some(issuer) = &self.issuer {
            let (issuer, tried) = (issuer.as_str().to_owned(), std::mem::take(&mut self.tried));
            let tried = tried.into_iter().filter(|(url, _)| url.contains("/.well-known/")).collect();
            self.outcome = Some(Err(SearchError::NoMetadata { issuer, tried }));
            return;
        }
        if let (Some(issuer), false) = (self.options.issuer.clone(), self.has_guessed) {
            if let Err(error) = self.take_server(&issuer, ServerSource::Issuer) {
                self.outcome = Some(Err(error));
            }
            return;
        }
        if self.has_guessed {
            let (tried, redirected_to) = (std::mem::take(&mut self.tried), self.redirected_to.take());
            self.outcome = Some(Err(SearchError::Nothing { tried, redirected_to }));
            return;
        }
        self.has_guessed = true;
        self.queue.extend(guesses(&self.address));
    }

    /// The body of a document that is there. A missing one counts as an error only if it `is_named`.
    fn document<'b>(
        &mut self,
        document: &Url,
        answer: &MetadataAnswer<'b>,
        is_named: bool,
    ) -> Option<&'b [u8]> {
        let name = || document.to_string();
        let is_page = answer.content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
            || answer.body.trim_ascii_start().starts_with(b"<");
        let status = answer.status;
        let error = match status {
            200 if answer.is_too_large => SearchError::TooLarge { document: name() },
            200 if is_page && is_named => SearchError::WebPage { document: name() },
            // Many sites answer every path with their page.
            200 if is_page => return None,
            200 => return Some(answer.body),
            _ if is_named => SearchError::Status { document: name(), status },
            _ => return None,
        };
        self.note(error);
        None
    }

    fn note(&mut self, flaw: SearchError) {
        self.flaw.get_or_insert(flaw);
    }

    /// A URL from outside that may be requested.
    fn checked(&self, part: Part, text: &str) -> Result<Url, SearchError> {
        let url = || text.to_owned();
        let read = Url::parse(text).map_err(|_| SearchError::NotUrl { part, url: url() })?;
        if !read.has_host() || !read.username().is_empty() || read.password().is_some() {
            return Err(SearchError::NotUrl { part, url: url() });
        }
        if !is_secure(&read) {
            return Err(SearchError::Insecure { part, url: url() });
        }
        self.reach.check(&read).map_err(|inside| SearchError::Inside { part, url: url(), inside })?;
        Ok(read)
    }

    fn issuer_at(&self, text: &str) -> Result<Issuer, SearchError> {
        self.checked(Part::Server, text)?;
        Issuer::parse(text).map_err(|_| SearchError::NotUrl { part: Part::Server, url: text.to_owned() })
    }
}

/// Returns true for the same issuer, with or without a slash at the end: both have the same documents.
fn same_issuer(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

/// The documents of servers that an address may be or have, the likeliest first. Of a parent only the two
/// standard places are read, so that the deepest token endpoint stays within the limit.
fn guesses(address: &ApiAddress) -> Vec<(Role, Url)> {
    let at = |path: &str| {
        let mut url = address.url().clone();
        url.set_query(None);
        url.set_path(path);
        Issuer::parse(url.as_str()).map(|issuer| issuer.documents()).unwrap_or_default()
    };
    // The place of a document that was given is read first, and the others too.
    let own = Issuer::parse(address.as_str()).map(|issuer| issuer.documents()).unwrap_or_default();
    let mut all: Vec<(Role, Url)> = own.into_iter().map(|url| (Role::Guess(Guess::Itself), url)).collect();
    if issuer::is_document(address.url()) {
        return all;
    }
    let segments: Vec<&str> = address.url().path().split('/').filter(|part| !part.is_empty()).collect();
    let origin = at("/").into_iter().map(|url| (Role::Guess(Guess::Origin), url));
    all.extend(origin);
    for length in (1..segments.len()).rev() {
        let parent = at(&format!("/{}", segments[..length].join("/")));
        all.extend(parent.into_iter().take(2).map(|url| (Role::Guess(Guess::Parent), url)));
    }
    all
}

#[cfg(test)]
#[path = "search_tests.rs"]
pub(in crate::domain::api_address) mod tests;
