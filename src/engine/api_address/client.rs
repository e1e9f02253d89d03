//! The client of an account that is added by an address: given, shared, or registered.
//!
//! A registration happens only once the vault can take the client. Its redirect URI has the port of a bound
//! listener, which the account's first sign-in takes over.

use url::Url;

use super::client_document;
use super::pending_clients::{Pending, PendingClients, Settlement};
use crate::base::secret::Secret;
use crate::domain::account::registration::{PendingClient, PendingFacts};
use crate::domain::account::{Client, Settings};
use crate::domain::api_address::client_document::DocumentState;
use crate::domain::api_address::plan::{AddressPlan, ClientChoice};
use crate::domain::http_log::record::{HttpLogEntry, RequestKind};
use crate::domain::oauth::redirect_uri::{LoopbackRedirect, RedirectUri};
use crate::domain::oauth::registration::{self, ClientMetadata, Registered, RegistrationError};
use crate::domain::provider::spec::{ClientAuth, ClientSource};
use crate::domain::provider::{EndpointKind, ProviderError};
use crate::engine::account_http::UnsavedHttp;
use crate::engine::accounts::account_save::Saved;
use crate::engine::error_mapping::{bind_problem, unreachable};
use crate::engine::publishing::outbox::Replies;
use crate::engine::random;
use crate::engine::secrets::account_store::AccountStore;
use crate::engine::secrets::secret_reader::SecretReader;
use crate::messages::command::{AccountDraft, AddressDraft};
use crate::messages::problem::{Problem, RegistrationProblem, RegistrationStep, UntrustedText};
use crate::net::http_client::Visit;
use crate::net::redirect_listener::Listener;

/// The ports that accounts keep: few programs have one of these, and no system hands them out.
const FIRST_KEPT_PORT: u16 = 20_000;
const KEPT_PORTS: u16 = 10_000;
const PORT_ATTEMPTS: u16 = 40;

/// Gets the client of one account.
pub(crate) struct ClientJob {
    pub(crate) draft: AddressDraft,
    pub(crate) store: AccountStore,
    pub(crate) http: UnsavedHttp,
    /// The secrets and the settings of the account whose client is shared.
    pub(crate) known: Option<(SecretReader, Settings)>,
    /// Ports of redirect URIs that other accounts keep.
    pub(crate) taken_ports: Vec<u16>,
    /// The preferred port of a redirect URI.
    pub(crate) port: Option<u16>,
}

/// An account that can be saved.
pub(crate) struct ReadyAccount {
    pub(crate) draft: AccountDraft,
    pub(crate) sign_in: bool,
    /// The listener of its redirect URI.
    pub(crate) listener: Option<Listener>,
    /// The end of the registration, once the account is saved or can't be.
    pub(crate) made: Option<Settlement>,
    /// Its requests until it was saved.
    pub(crate) http: UnsavedHttp,
}

/// The end of an account by an address.
pub(crate) struct SavedAccount {
    pub(crate) saved: Result<Saved, Problem>,
    /// The update of the client.
    pub(crate) updated: Result<(), Problem>,
    pub(crate) sign_in: bool,
    pub(crate) listener: Option<Listener>,
    /// The requests until it was saved.
    pub(crate) log: Vec<HttpLogEntry>,
    pub(crate) replies: Replies,
}

impl ClientJob {
    /// # Errors
    /// The vault's, the listener's or the network's error, or [`Problem::Registration`]. No client stays
    /// registered then.
    pub(crate) async fn run(mut self) -> Result<ReadyAccount, Problem> {
        let given = self.draft.client.take();
        let plan = self.draft.plan.clone();
        let mut uri = plan.redirect_uri.clone();
        match &plan.client {
            ClientChoice::Given | ClientChoice::Form => {
                let client = given.ok_or(Problem::ValueMissing("client_id"))?;
                let auth = client.client_secret.is_none().then_some(ClientAuth::None);
                let settings = plan.settings(ClientSource::Given, auth, uri);
                Ok(self.ready(settings, client, None, None))
            }
            ClientChoice::Document(document) => {
                // In the window, its URL is given after the search.
                if plan.found.document == DocumentState::NotRead
                    && let DocumentState::Lists(listed) =
                        client_document::read(&self.http, plan.found.reach, document, None).await?
                {
                    uri = listed;
                }
                let client = Client { client_id: document.clone(), ..Client::default() };
                let settings = plan.settings(ClientSource::Document, Some(ClientAuth::None), uri);
                Ok(self.ready(settings, client, None, None))
            }
            ClientChoice::Known(_) => {
                let (secrets, settings) = self.known.take().ok_or(Problem::ChangedElsewhere)?;
                let client = secrets.client().await?;
                let source = settings.overrides.client_source.unwrap_or(ClientSource::Given);
                let mut new = plan.settings(source, settings.overrides.client_auth, uri);
                new.client_secret_expires = settings.client_secret_expires;
                new.overrides_mut().key_alg = settings.overrides.key_alg;
                new.overrides_mut().key_id.clone_from(&settings.overrides.key_id);
                // What belongs to the other account alone.
                let client = Client { username: None, password: None, ..client };
                Ok(self.ready(new, client, None, None))
            }
            ClientChoice::Registration(endpoint) => self.register(&plan, endpoint.clone()).await,
        }
    }

    async fn register(self, plan: &AddressPlan, endpoint: Url) -> Result<ReadyAccount, Problem> {
        self.store.in_vault(|vault| vault.probe()).await.map_err(Problem::Vault)?;
        let reach = plan.found.reach;
        let clients = PendingClients { store: self.store.clone(), http: self.http.clone(), reach };
        let (pending, listener) = match self.left_behind(plan, &clients).await? {
            Some(found) => found,
            None => self.register_new(plan, endpoint, &clients).await?,
        };
        let settlement = Settlement::of(clients, &pending);
        let PendingClient { facts, client } = pending.client;
        let mut settings = plan.settings(ClientSource::Registered, Some(facts.auth), facts.redirect_uri);
        settings.client_secret_expires = facts.secret_expires;
        Ok(self.ready(settings, client, listener, Some(settlement)))
    }

    /// A client that an interrupted run registered, with the listener of its redirect URI. One whose port is in
    /// use stays for later: another process may be saving its account.
    async fn left_behind(
        &self,
        plan: &AddressPlan,
        clients: &PendingClients,
    ) -> Result<Option<(Pending, Option<Listener>)>, Problem> {
        for pending in clients.find(plan).await? {
            let listener = match RedirectUri::new(Some(&pending.client.facts.redirect_uri)) {
                Ok(RedirectUri::Loopback(loopback)) => match Listener::bind(&loopback) {
                    Ok(listener) => Some(listener),
                    Err(_) => continue,
                },
                _ => None,
            };
            if let Some(pending) = clients.confirmed(pending).await? {
                return Ok(Some((pending, listener)));
            }
        }
        Ok(None)
    }

    async fn register_new(
        &self,
        plan: &AddressPlan,
        endpoint: Url,
        clients: &PendingClients,
    ) -> Result<(Pending, Option<Listener>), Problem> {
        let redirect = RedirectUri::new(Some(&plan.redirect_uri));
        let redirect = redirect.map_err(|error| Problem::Settings(ProviderError::Redirect(error)))?;
        let listener = match &redirect {
            RedirectUri::Loopback(loopback) => Some(self.bind(loopback)?),
            RedirectUri::Pasted(_) => None,
        };
        let uri = listener.as_ref().map_or_else(|| plan.redirect_uri.clone(), Listener::redirect_uri);
        let auth = registration::auth_for(&plan.found.server).unwrap_or(ClientAuth::Basic);
        let metadata =
            ClientMetadata { redirect_uris: std::slice::from_ref(&uri), scopes: &plan.scopes, auth };
        let token = self.draft.registration_token.as_ref();
        let request = registration::request(endpoint.clone(), &metadata, token);
        let visit = Visit { reach: plan.found.reach, reads_body: true };
        let secrets: Vec<&str> = token.map(Secret::expose).into_iter().collect();
        let answer = self.http.visit(RequestKind::Registration, &request, &secrets, visit).await;
        let answer = answer.map_err(|error| unreachable(error).problem)?;
        let registered = match registration::read(&endpoint, &metadata, answer.status, &answer.body) {
            Ok(registered) => registered,
            Err(error) => {
                let unwanted = registration::unwanted(&endpoint, answer.status, &answer.body);
                clients.delete_at_server(unwanted.as_ref()).await;
                return Err(refused(&endpoint, error, token.is_some()));
            }
        };
        let Registered { client, auth, secret_expires } = registered;
        let server = &plan.found.server;
        let facts = PendingFacts {
            issuer: server.issuer.clone(),
            token_endpoint: server.endpoints.get(EndpointKind::Token).unwrap_or_default().to_owned(),
            redirect_uri: uri,
            auth,
            secret_expires,
        };
        Ok((clients.keep(PendingClient { facts, client }).await?, listener))
    }

    /// Binds the redirect URI's port. One that was left open gets a port that it keeps: by chance, so that
    /// accounts and users of one computer rarely share it, and none that the system hands out to connections.
    fn bind(&self, redirect: &LoopbackRedirect) -> Result<Listener, Problem> {
        if redirect.port.is_none() {
            let first = u16::from_be_bytes(random::bytes()?) % KEPT_PORTS;
            let by_chance = (0..PORT_ATTEMPTS).map(|step| FIRST_KEPT_PORT + (first + step) % KEPT_PORTS);
            let ports = self.port.into_iter().chain(by_chance);
            for port in ports.filter(|port| !self.taken_ports.contains(port)) {
                let kept = RedirectUri::new(Some(&redirect.with_port(port)));
                if let Ok(RedirectUri::Loopback(kept)) = kept
                    && let Ok(listener) = Listener::bind(&kept)
                {
                    return Ok(listener);
                }
            }
        }
        Listener::bind(redirect).map_err(|error| bind_problem(error, redirect))
    }

    fn ready(
        self,
        settings: Settings,
        client: Client,
        listener: Option<Listener>,
        made: Option<Settlement>,
    ) -> ReadyAccount {
        let AddressDraft { name, sign_in, .. } = self.draft;
        let draft = AccountDraft { editing: None, name, settings, client };
        ReadyAccount { draft, sign_in, listener, made, http: self.http }
    }
}

fn refused(endpoint: &Url, error: RegistrationError, had_token: bool) -> Problem {
    let server = UntrustedText::new(endpoint.host_str().unwrap_or_default());
    let step = if had_token { RegistrationStep::RegisterWithToken } else { RegistrationStep::Register };
    Problem::Registration(Box::new(RegistrationProblem { server, error, step }))
}
