//! The demo and its account.
//!
//! Nothing of the demo reaches the disk or the keychain. It ends with the app.

use std::collections::BTreeMap;

use super::random;
use crate::demo::{self, Demo};
use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::tags::Tags;
use crate::domain::account::{Account, AccountId, AccountName, Client, Revision, Settings};
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::provider::CUSTOM;
use crate::domain::provider::spec::{ApiUse, Endpoints, ProviderSpec};
use crate::messages::problem::Problem;
use crate::messages::snapshot::DemoView;

const NAME: &str = "Demo";

/// The demo's server while it runs.
#[derive(Default)]
pub(crate) struct DemoServer(Option<(Demo, AccountId)>);

impl DemoServer {
    /// The demo's account.
    pub(crate) fn account(&self) -> Option<&AccountId> {
        self.0.as_ref().map(|(_, id)| id)
    }

    /// Keeps the server running for this account.
    pub(crate) fn keep(&mut self, demo: Demo, account: AccountId) {
        self.0 = Some((demo, account));
    }

    pub(crate) fn view(&self) -> Option<DemoView> {
        self.0.as_ref().map(|(demo, id)| DemoView { account: id.clone(), issuer: demo.issuer.clone() })
    }
}

/// An account at the demo's server.
///
/// # Errors
/// [`Problem::NoRandomness`].
pub(crate) fn demo_account(
    demo: &Demo,
    is_free: impl Fn(&AccountName) -> bool,
) -> Result<(Account, Client), Problem> {
    let names = std::iter::once(NAME.to_owned()).chain((2..).map(|number| format!("{NAME} {number}")));
    let name = names.filter_map(|name| AccountName::new(&name).ok()).find(is_free);
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
        key_dates: KeyDates::default(),
        tags: Tags::default(),
        environment: None,
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
