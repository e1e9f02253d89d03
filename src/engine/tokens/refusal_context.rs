//! The account's facts that explain a refusal ([`Hints`]), and trials of another client authentication.
//!
//! The user starts a trial; it sends one request. A method that works is saved to the account's overrides.
//! One that fails leaves the account unchanged.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::account::secret_expiry;
use crate::domain::account::{AccountId, Client};
use crate::domain::oauth::redirect_uri::{LoopbackRedirect, RedirectUri};
use crate::domain::provider::spec::{ClientAuth, ProviderSpec};
use crate::domain::provider::{Preset, Provider};
use crate::domain::refusal::hints::Asked;
use crate::domain::refusal::redirect_mismatch::Redirects;
use crate::domain::session::{Input, Phase, RequestId};
use crate::engine::accounts::account_save::{Absent, Checked, Moving, Terms};
use crate::engine::accounts::account_state::AccountState;
use crate::engine::event_loop::{Engine, Replies, Then, Waiter, answer};
use crate::messages::event::Reply;
use crate::messages::problem::{Hints, Problem, SignInProblem, UntrustedText};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trial {
    request: RequestId,
    pub(crate) auth: ClientAuth,
}

/// What an account knows in case its request is refused.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    preset_redirect: Option<String>,
    any_port: bool,
    secret_expires: Option<NaiveDate>,
}

impl Known {
    pub(crate) fn of(entry: &AccountState, presets: &[Preset]) -> Self {
        let settings = &entry.account.settings;
        let preset = presets.iter().find(|preset| preset.id == settings.provider);
        let redirect = entry.provider.as_ref().ok().map(|provider| &provider.redirect_uri);
        Self {
            preset_redirect: preset.and_then(|preset| preset.spec.redirect_uri.clone()),
            any_port: matches!(redirect, Some(RedirectUri::Loopback(LoopbackRedirect { port: None, .. }))),
            secret_expires: settings.client_secret_expires,
        }
    }

    /// The refused request: `sent` is its redirect URI, `client` the client whose credentials it had.
    pub(crate) fn asked<'a>(
        &'a self,
        provider: &'a Provider,
        sent: Option<&'a str>,
        client: Option<&'a Client>,
        now: DateTime<Utc>,
    ) -> Asked<'a> {
        let (preset, any_port) = (self.preset_redirect.as_deref(), self.any_port);
        Asked {
            provider,
            redirects: sent.map(|sent| Redirects { sent, preset, any_port }),
            client,
            secret_expires: self.secret_expires,
            today: secret_expiry::today(now),
        }
    }
}

impl Engine {
    /// Handles an error response from the authorization endpoint.
    pub(crate) fn denied(&mut self, id: &AccountId, code: &str, description: Option<&str>) {
        let now = self.deps.clock.now();
        let Some(entry) = self.entries.get_mut(id) else { return };
        let sent = entry.pending.take().map(|pending| pending.redirect_uri);
        let known = Known::of(entry, &self.presets);
        let hints = entry.provider().map_or_else(
            |_| Hints::default(),
            |provider| {
                let asked = known.asked(&provider, sent.as_deref(), None, now);
                Hints::of(&asked, 0, Some(code), description)
            },
        );
        let (code, description) = (UntrustedText::new(code), description.map(UntrustedText::new));
        let hints = Box::new(hints);
        self.note(id, Problem::SignIn(SignInProblem::Denied { code, description, hints }));
    }

    /// Sends the same credentials with another client authentication, once.
    pub(crate) fn try_client_auth(
        &mut self,
        id: &AccountId,
        auth: ClientAuth,
        open_browser: bool,
        replies: Replies,
    ) {
        let request = RequestId(self.last_request + 1);
        let Some(entry) = self.entries.get_mut(id) else {
            return self.fail(None, Problem::UnknownAccount(id.to_string()), replies);
        };
        if matches!(entry.session.phase(), Phase::Exchanging | Phase::Refreshing) {
            return self.fail(None, Problem::Busy, replies);
        }
        entry.trial = Some(Trial { request, auth });
        let refreshable = entry.session.facts().is_some_and(|facts| facts.has_refresh_token)
            && !entry.session.refresh_refused();
        let signing_in = !refreshable;
        let input = if signing_in { Input::SignIn } else { Input::Renew };
        self.open_browser_for(id, open_browser);
        self.ask(id, replies, Waiter::Window { signing_in }, false, input);
    }

    /// Ends a request that brought no token. After a trial, the account is as it was before.
    pub(crate) fn end_trial(&mut self, id: &AccountId, request: RequestId) {
        if let Some(entry) = self.entries.get_mut(id)
            && entry.trial.is_some_and(|trial| trial.request == request)
        {
            entry.trial = None;
        }
    }

    /// Saves the client authentication of a successful trial.
    pub(crate) fn keep_client_auth(&mut self, id: &AccountId, auth: ClientAuth) {
        self.set_override(id, move |spec| spec.client_auth = Some(auth), None);
    }

    pub(crate) fn set_override(
        &mut self,
        id: &AccountId,
        change: impl FnOnce(&mut ProviderSpec),
        replies: Replies,
    ) {
        let (mut account, secrets) = match self.entry(id) {
            Ok(entry) => (entry.account.clone(), self.secret_reader(entry)),
            Err(problem) => return self.fail(None, problem, replies),
        };
        change(account.settings.overrides_mut());
        let keeper = self.saver(id);
        let id = id.clone();
        self.spawn(async move {
            let done = async {
                let client = secrets.client().await?;
                let checked = Checked { account, client, is_new: false, grant: None, provider: None };
                keeper.save(checked, Terms { absent: Absent::Keeps, moving: Moving::Never }).await
            };
            let done = Box::pin(done).await;
            let then: Then = Box::new(move |engine| match done {
                Ok(done) => {
                    engine.saved(done);
                    answer(replies, Ok(Reply::Saved(id)));
                }
                Err(problem) => engine.fail(Some(&id), problem, replies),
            });
            then
        });
    }
}
