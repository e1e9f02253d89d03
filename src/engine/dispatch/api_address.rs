//! Accounts by an address: searches, registers, saves.

use std::sync::Arc;

use super::Engine;
use super::job_done::JobDone;
use crate::domain::account::{AccountId, AccountName};
use crate::domain::api_address::plan::{ClientChoice, KnownClient};
use crate::domain::api_address::search::{FoundServer, SearchOptions};
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::domain::provider::EndpointKind;
use crate::domain::provider::spec::ClientSource;
use crate::engine::account_http::UnsavedHttp;
use crate::engine::accounts::account_save::{self, Absent, Moving, Terms};
use crate::engine::accounts::account_state::AccountState;
use crate::engine::api_address::client::{ClientJob, ReadyAccount, SavedAccount};
use crate::engine::api_address::client_removal::ClientRemover;
use crate::engine::api_address::client_update::ClientUpdater;
use crate::engine::api_address::search::SearchJob;
use crate::engine::publishing::outbox::Replies;
use crate::messages::command::AddressDraft;
use crate::messages::event::{AddressFound, Event, Reply};
use crate::messages::problem::Problem;

impl Engine {
    /// Finds the authorization server of an address. Saves nothing.
    pub(super) fn find_server(&mut self, address: String, options: SearchOptions, replies: Replies) {
        let http = UnsavedHttp::new(self.network(), Arc::clone(&self.clock), Vec::new());
        let job = SearchJob { address: address.clone(), options, http };
        self.spawn(
            async move { JobDone::ServerFound { address, found: Box::pin(job.run()).await, replies } },
        );
    }

    pub(super) fn server_found(
        &mut self,
        address: String,
        found: Result<Box<FoundServer>, Problem>,
        replies: Replies,
    ) {
        let found = found.map(|found| AddressFound { known: self.known_clients(&found), server: *found });
        match replies {
            Some(replies) => replies.answer(found.map(|found| Reply::ServerFound(Box::new(found)))),
            None => self.emit(Event::ServerFound { address, found: Box::new(found) }),
        }
    }

    /// The clients of accounts with the same issuer and token endpoint.
    fn known_clients(&self, found: &FoundServer) -> Vec<KnownClient> {
        let token = found.server.endpoints.get(EndpointKind::Token);
        let known = |entry: &AccountState| {
            let provider = entry.resolved().as_ref().ok()?;
            let is_same = provider.grant == GrantType::AuthorizationCode
                && provider.issuer.as_deref() == Some(found.server.issuer.as_str())
                && provider.token.as_ref().map(url::Url::as_str) == token;
            is_same.then(|| KnownClient {
                account: entry.id().clone(),
                name: entry.account().name.as_str().to_owned(),
                source: entry.account().settings.overrides.client_source,
                redirect_uri: provider.redirect_uri.to_string(),
            })
        };
        let shown = self.accounts.iter().filter(|entry| entry.is_shown() && !entry.is_ephemeral());
        shown.filter_map(known).collect()
    }

    /// Registers a client if the plan says so, and saves the account.
    pub(super) fn add_found(&mut self, draft: AddressDraft, replies: Replies) {
        if let Err(problem) = self.check_name(&draft) {
            return self.fail(None, problem, replies);
        }
        let known = match &draft.plan.client {
            ClientChoice::Known(known) => match self.accounts.require(&known.account) {
                Ok(entry) => Some((self.secret_reader(entry), entry.account().settings.clone())),
                Err(problem) => return self.fail(None, problem, replies),
            },
            _ => None,
        };
        let replace = draft.replace;
        let log = draft.plan.found.log.clone();
        let job = ClientJob {
            draft,
            store: self.store(),
            http: UnsavedHttp::new(self.network(), Arc::clone(&self.clock), log),
            known,
            taken_ports: self.kept_ports(),
            port: self.settings.preferences().redirect_port,
        };
        self.spawn(async move {
            JobDone::ClientReady { ready: Box::pin(job.run()).await.map(Box::new), replace, replies }
        });
    }

    /// Before anything is registered, the name must be usable.
    fn check_name(&self, draft: &AddressDraft) -> Result<(), Problem> {
        let name = AccountName::new(&draft.name).map_err(Problem::BadName)?;
        match self.accounts.find(&name) {
            Some(_) if !draft.replace => Err(Problem::NameTaken(name.as_str().to_owned())),
            _ => Ok(()),
        }
    }

    fn kept_ports(&self) -> Vec<u16> {
        let port = |entry: &AccountState| match &entry.resolved().as_ref().ok()?.redirect_uri {
            RedirectUri::Loopback(loopback) => loopback.port,
            RedirectUri::Pasted(_) => None,
        };
        self.accounts.iter().filter_map(port).collect()
    }

    pub(super) fn client_ready(
        &mut self,
        ready: Result<Box<ReadyAccount>, Problem>,
        replace: bool,
        replies: Replies,
    ) {
        let ReadyAccount { mut draft, sign_in, listener, made, http } = match ready {
            Ok(ready) => *ready,
            Err(problem) => return self.fail(None, problem, replies),
        };
        let replaced = AccountName::new(&draft.name).ok().and_then(|name| self.accounts.find(&name));
        draft.editing = replaced.filter(|_| replace).and_then(|id| {
            let revision = self.accounts.get(&id)?.account().revision;
            Some((id, revision))
        });
        let checked = account_save::check(&self.accounts, &self.providers.presets(), draft, false);
        let checked = match checked {
            Ok(checked) => checked,
            Err(problem) => {
                if let Some(made) = made {
                    self.spawn(async move {
                        made.withdraw().await;
                        JobDone::Nothing
                    });
                }
                return self.fail(None, problem, replies);
            }
        };
        let writer = self.writer(&checked.account.id);
        let (remover, registrar) = (self.client_remover(), self.client_updater(&checked.account.id));
        self.spawn(async move {
            let (id, is_new) = (checked.account.id.clone(), checked.is_new);
            let client_id = checked.client.client_id.clone();
            let old = if is_new { None } else { ClientRemover::read(&writer.store, &id).await };
            // The user has seen every destination, and no stored secret stays.
            let terms = Terms { absent: Absent::Removes, moving: Moving::Agreed };
            let saved = Box::pin(writer.save(checked, terms)).await;
            match (&saved, made) {
                (Err(_), Some(made)) => made.withdraw().await,
                (Ok(_), Some(made)) => made.saved().await,
                (_, None) => {}
            }
            if let Some(old) = old.filter(|old| saved.is_ok() && !old.is(&client_id)) {
                remover.delete(old).await;
            }
            let updated = match &saved {
                Ok(saved) => registrar.run(&writer.store, &saved.account.id).await,
                Err(_) => Ok(()),
            };
            let log = http.take_log();
            JobDone::AddressSaved(SavedAccount { saved, updated, sign_in, listener, log, replies })
        });
    }

    pub(super) fn address_saved(&mut self, done: SavedAccount) {
        let SavedAccount { saved, updated, sign_in, listener, log, replies } = done;
        if let (Ok(saved), Some(listener)) = (&saved, listener) {
            self.sign_ins.reserve(saved.account.id.clone(), listener);
        }
        let id = saved.as_ref().ok().map(|saved| saved.account.id.clone());
        self.draft_saved(None, sign_in, saved, replies);
        let Some(id) = id else { return };
        self.http.record(&id, log);
        if let Err(problem) = updated {
            self.fail(Some(&id), problem, None);
        }
    }

    /// Tells the server what an edit changed about a client that Keyfob registered.
    pub(super) fn update_client(&mut self, id: &AccountId) {
        let Some(entry) = self.accounts.get(id) else { return };
        let source = entry.account().settings.overrides.client_source;
        if source != Some(ClientSource::Registered) || entry.is_ephemeral() {
            return;
        }
        let (registrar, store, id) = (self.client_updater(id), self.store_of(entry), id.clone());
        self.spawn(async move {
            let updated = registrar.run(&store, &id).await;
            JobDone::ClientUpdated { id, updated }
        });
    }

    pub(super) fn client_updated(&mut self, id: &AccountId, updated: Result<(), Problem>) {
        if let Err(problem) = updated {
            self.fail(Some(id), problem, None);
        }
    }

    fn client_updater(&self, id: &AccountId) -> ClientUpdater {
        ClientUpdater { http: self.account_http(id), presets: self.providers.presets() }
    }

    pub(super) fn client_remover(&self) -> ClientRemover {
        ClientRemover { network: self.network(), clock: Arc::clone(&self.clock) }
    }
}
