//! The demo and its account.
//!
//! Nothing of the demo reaches the disk or the keychain. It ends with the app.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::accounts::account_state::AccountState;
use super::event_loop::{Engine, Replies, Then, answer};
use super::provider_cache::Providers;
use super::random;
use super::secrets::vault_handle::VaultHandle;
use crate::demo::{self, Demo};
use crate::domain::account::tags::Tags;
use crate::domain::account::{Account, AccountId, AccountName, Client, Revision, Settings};
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::provider::CUSTOM;
use crate::domain::provider::spec::{ApiUse, Endpoints, ProviderSpec};
use crate::messages::event::{Event, Reply};
use crate::messages::problem::{Problem, UntrustedText};
use crate::messages::snapshot::VaultKind;
use crate::store::vault::account_records::Records;
use crate::store::vault::client_record::ClientRecord;

const NAME: &str = "Demo";

impl Engine {
    /// Starts the demo unless it runs, and creates its account.
    pub(crate) fn start_demo(&mut self, replies: Replies) {
        if let Some((_, id)) = &self.demo
            && self.entries.contains_key(id)
        {
            let id = id.clone();
            self.tell(Event::DemoReady(id.clone()));
            return answer(replies, Ok(Reply::Saved(id)));
        }
        let demo = match Demo::start(Arc::clone(&self.deps.clock)) {
            Ok(demo) => demo,
            Err(error) => {
                let problem = Problem::Demo(UntrustedText::new(&error.to_string()));
                return self.fail(None, problem, replies);
            }
        };
        let record = self.demo_account(&demo).and_then(|(account, client)| {
            ClientRecord::new(&self.presets, account, client).map_err(Problem::Settings)
        });
        let record = match record {
            Ok(record) => record,
            Err(problem) => return self.fail(None, problem, replies),
        };
        let account = record.account().clone();
        let id = account.id.clone();
        let patience = Duration::from_secs(5);
        let changed = std::rc::Rc::clone(&self.vault_changed);
        let door = VaultHandle::new(
            self.deps.home.clone(),
            VaultKind::Memory,
            super::secrets::vault_selection::memory(),
            patience,
            changed,
        );
        let provider = Providers::of(&self.presets).resolve(&account.settings);
        let mut entry = AccountState::new(account, provider, door.clone());
        entry.ephemeral = true;
        entry.exchanges = Some(Arc::default());
        self.entries.insert(id.clone(), entry);
        self.demo = Some((demo, id.clone()));
        self.dirty = true;
        self.spawn(async move {
            let written = door.call(move |vault| Records::new(vault).write_client(&record)).await;
            let then: Then = Box::new(move |engine| match written {
                Ok(()) => {
                    engine.tell(Event::DemoReady(id.clone()));
                    answer(replies, Ok(Reply::Saved(id)));
                }
                Err(problem) => engine.fail(Some(&id), Problem::Vault(problem), replies),
            });
            then
        });
    }

    fn demo_account(&self, demo: &Demo) -> Result<(Account, Client), Problem> {
        let free = |name: &AccountName| self.find(name).is_none();
        let names = std::iter::once(NAME.to_owned()).chain((2..).map(|number| format!("{NAME} {number}")));
        let name = names.filter_map(|name| AccountName::new(&name).ok()).find(free);
        let overrides = ProviderSpec {
            scopes: Some(vec![demo::SCOPE.to_owned()]),
            issuer: Some(demo.issuer.clone()),
            iss_promised: Some(true),
            endpoints: Endpoints {
                authorize: Some(demo.authorize.as_str().to_owned()),
                token: Some(demo.token.as_str().to_owned()),
                userinfo: Some(demo.me.as_str().to_owned()),
                ..Endpoints::default()
            },
            api: ApiUse { base_url: Some(demo.me.as_str().to_owned()), ..ApiUse::default() },
            ..ProviderSpec::default()
        };
        let settings = Settings {
            provider: CUSTOM.to_owned(),
            grant: GrantType::AuthorizationCode,
            variables: BTreeMap::new(),
            overrides: overrides.into(),
            background_refresh: None,
            client_secret_expires: None,
            tags: Tags::default(),
        };
        let account = Account {
            id: AccountId::from_random(random::bytes()?),
            revision: Revision::default(),
            name: name.ok_or(Problem::Stopped)?,
            settings,
        };
        let client = Client {
            client_id: demo.client_id.clone(),
            client_secret: Some(demo.client_secret.duplicate()),
            private_key: None,
            ..Client::default()
        };
        Ok((account, client))
    }
}
