//! The engine's state of one account.
//!
//! It holds no secret except a token that the vault refused.

use std::rc::Rc;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::task::AbortHandle;

use crate::base::secret::CodeVerifier;
use crate::domain::account::{Account, AccountId};
use crate::domain::http_log::record::HttpLogEntry;
use crate::domain::oauth::callback::Expected;
use crate::domain::oauth::introspection;
use crate::domain::oauth::introspection::Checked;
use crate::domain::provider::Provider;
use crate::domain::session::{Attempt, Phase, RenewalPolicy, Session};
use crate::domain::token::claims;
use crate::domain::token::claims::Claim;
use crate::domain::token::expiry::Margin;
use crate::domain::token::grant::Grant;
use crate::engine::provider_cache::Resolved;
use crate::engine::secrets::account_lock::AccountLock;
use crate::engine::secrets::secret_reader::Party;
use crate::engine::secrets::vault_handle::VaultHandle;
use crate::engine::sign_in::device::PendingDevice;
use crate::engine::tokens::refusal_context::Trial;
use crate::engine::tokens::response_mapping::UnmappedResponse;
use crate::messages::preferences::Preferences;
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::{AccountView, Activity, Awaiting, Inquiry, TokenView};

/// A sign-in that waits for the browser.
pub(crate) struct PendingSignIn {
    pub(crate) attempt: Attempt,
    /// The party that issues the code.
    pub(crate) party: Party,
    pub(crate) expected: Arc<Expected>,
    pub(crate) verifier: CodeVerifier,
    /// The nonce that an ID token must repeat, if one was requested.
    pub(crate) nonce: Option<String>,
    pub(crate) address: url::Url,
    pub(crate) redirect_uri: String,
    pub(crate) since: DateTime<Utc>,
    pub(crate) browser_opened: bool,
    /// Ends the listener; `None` if no listener could be bound.
    pub(crate) listener: Option<AbortHandle>,
}

pub(crate) struct Unsaved {
    pub(crate) grant: Rc<Grant>,
    pub(crate) problem: VaultProblem,
    pub(crate) try_at: DateTime<Utc>,
}

pub(crate) struct AccountState {
    pub(crate) account: Account,
    pub(crate) provider: Resolved,
    pub(crate) session: Session,
    pub(crate) door: VaultHandle,
    pub(crate) pending: Option<Box<PendingSignIn>>,
    /// A device code that the user has not confirmed yet.
    pub(crate) device: Option<Box<PendingDevice>>,
    pub(crate) unsaved: Option<Unsaved>,
    pub(crate) glance: Option<TokenPreview>,
    pub(crate) problem: Option<Problem>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    /// The last response, if the user may have to map it.
    pub(crate) unmapped_response: Option<UnmappedResponse>,
    pub(crate) inquiry: Option<Inquiry>,
    pub(crate) checked: Option<Arc<Checked>>,
    /// The HTTP log, newest first, once it was requested.
    pub(crate) exchanges: Option<Arc<Vec<HttpLogEntry>>>,
    /// Until when the deletion can be undone.
    pub(crate) deleting_until: Option<DateTime<Utc>>,
    /// The account's lock while the deletion can be undone.
    pub(crate) deletion_lock: Option<AccountLock>,
    /// The demo's account, which never reaches the disk.
    pub(crate) ephemeral: bool,
    /// The HTTP status of the server's last `Retry-After` response.
    pub(crate) wait_status: u16,
    /// Whether the vault was searched for tokens that the database doesn't know.
    pub(crate) looked_for: bool,
    pub(crate) trial: Option<Trial>,
}

impl AccountState {
    pub(crate) fn new(account: Account, provider: Resolved, door: VaultHandle) -> Self {
        Self {
            account,
            provider,
            session: Session::default(),
            door,
            pending: None,
            device: None,
            unsaved: None,
            glance: None,
            problem: None,
            last_used_at: None,
            unmapped_response: None,
            inquiry: None,
            checked: None,
            exchanges: None,
            deleting_until: None,
            deletion_lock: None,
            ephemeral: false,
            looked_for: false,
            wait_status: 0,
            trial: None,
        }
    }

    pub(crate) fn change(&mut self, account: Account, provider: Resolved) {
        (self.account, self.provider) = (account, provider);
        self.problem = None;
    }

    /// The provider, with the client authentication on trial, or the error in the settings.
    pub(crate) fn provider(&self) -> Result<Rc<Provider>, Problem> {
        let provider = self.provider.clone().map_err(Problem::Settings)?;
        Ok(match self.trial {
            Some(trial) => Rc::new(Provider { client_auth: trial.auth, ..Provider::clone(&provider) }),
            None => provider,
        })
    }

    /// The session's policy. `lasting` is whether the app refreshes tokens by itself.
    pub(crate) fn renewal_policy(&self, ahead_secs: Option<u32>, lasting: bool) -> RenewalPolicy {
        let background = self.account.settings.background_refresh.unwrap_or(true);
        RenewalPolicy {
            grant: self.account.settings.grant,
            margin: self.margin(ahead_secs),
            background: lasting && background && self.deleting_until.is_none(),
            jitter_thousandths: jitter_thousandths(&self.account.id),
        }
    }

    pub(crate) fn is_shown(&self) -> bool {
        self.deleting_until.is_none()
    }

    /// The time of the account's next automatic step.
    pub(crate) fn next_wake(&self, ahead_secs: Option<u32>, lasting: bool) -> Option<DateTime<Utc>> {
        let session = self.session.next_wake(&self.renewal_policy(ahead_secs, lasting));
        let unsaved = self.unsaved.as_ref().map(|unsaved| unsaved.try_at);
        [session, unsaved, self.deleting_until].into_iter().flatten().min()
    }

    fn margin(&self, ahead_secs: Option<u32>) -> Margin {
        let preset = self.provider.as_ref().ok().and_then(|provider| provider.refresh.ahead_secs);
        Margin { fixed_secs: preset.or(ahead_secs) }
    }

    pub(crate) fn view(&self, preferences: &Preferences, lasting: bool) -> AccountView {
        let (ahead_secs, port) = (preferences.refresh_ahead_secs, preferences.redirect_port);
        let provider = self.provider.as_deref().ok();
        let has_redirect = self.account.settings.grant.has_redirect();
        AccountView {
            id: self.account.id.clone(),
            revision: self.account.revision,
            name: self.account.name.clone(),
            settings: self.account.settings.clone(),
            provider_name: provider
                .map_or_else(|| self.account.settings.provider.clone(), |provider| provider.name.clone()),
            grant: self.account.settings.grant,
            scopes: provider.map(|provider| provider.scopes.clone()).unwrap_or_default(),
            redirect_uri: provider
                .filter(|_| has_redirect)
                .map(|provider| provider.redirect_uri.preferring(port).to_string()),
            margin: self.margin(ahead_secs),
            activity: self.activity(&self.renewal_policy(ahead_secs, lasting)),
            token: self.session.facts().map(|facts| TokenView {
                facts: facts.clone(),
                mask: self.glance.as_ref().map(|glance| glance.mask.clone()),
                claims: self.glance.as_ref().and_then(|glance| glance.claims.clone()),
                id_claims: self.glance.as_ref().and_then(|glance| glance.id_claims.clone()),
                saved: self.unsaved.is_none(),
                refresh_refused: self.session.refresh_refused(),
            }),
            problem: self.shown_problem(),
            last_used_at: self.last_used_at,
            answer: self.unmapped_response.as_ref().map(|laid| Arc::clone(&laid.layout)),
            inquiry: self.inquiry,
            checked: self.checked.clone().filter(|checked| {
                self.session.facts().is_some_and(|facts| facts.generation == checked.generation)
            }),
            can_check: provider.is_some_and(introspection::is_possible),
            can_revoke: provider.is_some_and(|provider| provider.more.revoke.is_some()),
            exchanges: self.exchanges.clone(),
        }
    }

    fn shown_problem(&self) -> Option<Problem> {
        if let Some(unsaved) = &self.unsaved {
            return Some(Problem::NotSaved(unsaved.problem.clone()));
        }
        let settings = || self.provider.as_ref().err().cloned().map(Problem::Settings);
        self.problem.clone().or_else(settings)
    }

    fn activity(&self, policy: &RenewalPolicy) -> Activity {
        match (self.session.phase(), &self.pending) {
            (Phase::AwaitingBrowser { deadline }, Some(pending)) => Activity::AwaitingBrowser(Awaiting {
                address: pending.address.as_str().to_owned(),
                redirect_uri: pending.redirect_uri.clone(),
                listening: pending.listener.is_some(),
                since: pending.since,
                deadline,
                browser_opened: pending.browser_opened,
            }),
            (Phase::AwaitingDevice(_), _) => match &self.device {
                Some(device) => Activity::AwaitingDevice(device.view.clone()),
                None => Activity::Exchanging,
            },
            (Phase::Starting | Phase::Exchanging | Phase::AwaitingBrowser { .. }, _) => Activity::Exchanging,
            (Phase::Refreshing, _) => Activity::Refreshing,
            (Phase::Idle, _) => match self.session.retrying_at(policy) {
                Some(at) => Activity::Retrying { at },
                None => Activity::Idle,
            },
        }
    }
}

/// The displayable parts of a token, read from the vault and never stored.
pub(crate) struct TokenPreview {
    mask: String,
    claims: Option<Arc<Vec<Claim>>>,
    id_claims: Option<Arc<Vec<Claim>>>,
}

impl TokenPreview {
    pub(crate) fn of(grant: &Grant) -> Self {
        let token = grant.access_token.expose();
        let id_claims = grant.id_token.as_ref().and_then(|token| claims::of_token(token.expose()));
        Self {
            mask: mask(token),
            claims: claims::of_token(token).map(Arc::new),
            id_claims: id_claims.map(Arc::new),
        }
    }
}

/// Up to a fifth of the margin, the same for an account at every start: its ID is random.
fn jitter_thousandths(id: &AccountId) -> i32 {
    let first_byte = id.as_str().get(..2).and_then(|hex| i32::from_str_radix(hex, 16).ok());
    first_byte.unwrap_or_default() * 200 / 255
}

/// The first 4 … last 4 characters of a token; nothing of one under 24 characters.
fn mask(token: &str) -> String {
    let chars = token.chars().count();
    if chars < 24 || !token.is_ascii() {
        return "••••••••".to_owned();
    }
    format!("{}••••••••{}", &token[..4], &token[token.len() - 4..])
}

#[cfg(test)]
mod tests {
    use super::{jitter_thousandths, mask};
    use crate::domain::account::AccountId;

    #[test]
    fn the_jitter_is_an_accounts_own_and_at_most_a_fifth_of_the_margin() {
        let jitters = [0, 1, 128, 255].map(|byte| jitter_thousandths(&AccountId::from_random([byte; 16])));
        assert_eq!(jitters, [0, 0, 100, 200]);
    }

    #[test]
    fn a_short_token_shows_nothing_of_itself() {
        assert_eq!(mask("abcdefghijklmnopqrstuvw"), "••••••••");
        assert_eq!(mask("abcdefghijklmnopqrstuvwx"), "abcd••••••••uvwx");
        assert_eq!(mask(&"é".repeat(40)), "••••••••");
    }
}
