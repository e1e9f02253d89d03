//! The engine's state of one account.
//!
//! It holds no secret except a token that the vault refused.

use std::rc::Rc;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::account::{Account, AccountId};
use crate::domain::http_log::record;
use crate::domain::http_log::record::HttpLogEntry;
use crate::domain::oauth::introspection;
use crate::domain::oauth::introspection::Checked;
use crate::domain::oauth::response_mapping::ResponseFields;
use crate::domain::provider::Provider;
use crate::domain::provider::spec::ClientAuth;
use crate::domain::session::{Effect, Input, Phase, RenewalPolicy, RequestId, Session};
use crate::domain::team::Change;
use crate::domain::token::claims;
use crate::domain::token::claims::Claim;
use crate::domain::token::expiry::Margin;
use crate::domain::token::grant::{Grant, TokenFacts};
use crate::engine::providers::Resolved;
use crate::engine::secrets::account_lock::AccountLock;
use crate::engine::secrets::secret_reader::Party;
use crate::engine::secrets::vault_handle::VaultHandle;
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::{
    AccountView, Activity, Awaiting, DeviceCodeView, Inquiry, TokenView, VaultKind,
};
use crate::store::vault::team::TeamAccount;

use super::unmapped_response::UnmappedResponse;

/// How long until a refused token is offered to the vault for the first time, and again.
const OFFER_FIRST: TimeDelta = TimeDelta::seconds(5);
const OFFER_AGAIN: TimeDelta = TimeDelta::seconds(10);

/// The preferences that decide about sessions and views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Rules {
    pub(crate) refresh_ahead_secs: Option<u32>,
    pub(crate) redirect_port: Option<u16>,
    /// Whether the app refreshes tokens by itself.
    pub(crate) renews: bool,
}

/// A token that the vault refused.
struct Unsaved {
    grant: Rc<Grant>,
    problem: VaultProblem,
    try_at: DateTime<Utc>,
}

/// Another client authentication that the user tries with one request.
#[derive(Debug, Clone, Copy)]
struct Trial {
    request: RequestId,
    auth: ClientAuth,
}

/// What a token request brought.
pub(crate) struct NewToken {
    pub(crate) grant: Rc<Grant>,
    /// The facts, with the result of the ID token check.
    pub(crate) facts: TokenFacts,
    /// The vault's error if it refused the token.
    pub(crate) unsaved: Option<VaultProblem>,
    /// Whether another process obtained it.
    pub(crate) adopted: bool,
}

pub(crate) struct AccountState {
    account: Account,
    provider: Resolved,
    session: Session,
    vault: VaultHandle,
    /// The sign-in that waits for the browser, as it is shown.
    awaiting: Option<Awaiting>,
    /// The device code that the user has not confirmed yet, as it is shown.
    device_code: Option<DeviceCodeView>,
    unsaved: Option<Unsaved>,
    preview: Option<TokenPreview>,
    problem: Option<Problem>,
    last_used_at: Option<DateTime<Utc>>,
    /// The last response, if the user may have to map it.
    unmapped_response: Option<UnmappedResponse>,
    inquiry: Option<Inquiry>,
    checked: Option<Arc<Checked>>,
    /// The HTTP log, newest first, once it was requested.
    http_log: Option<Arc<Vec<HttpLogEntry>>>,
    /// Until when the deletion can be undone.
    deleting_until: Option<DateTime<Utc>>,
    /// The account's lock while the deletion can be undone.
    deletion_lock: Option<AccountLock>,
    /// The demo's account, which never reaches the disk.
    is_ephemeral: bool,
    /// The HTTP status of the server's last `Retry-After` response.
    wait_status: u16,
    /// Whether the vault was searched for tokens that the database doesn't know.
    is_looked_up: bool,
    trial: Option<Trial>,
    /// What is known of a team account beside its row.
    team: Option<OfTeam>,
}

/// An account of the team vault, which has no row in the database.
struct OfTeam {
    change: Option<Change>,
    /// Whether only the index is known.
    is_brief: bool,
}

/// Reading.
impl AccountState {
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    pub(crate) fn id(&self) -> &AccountId {
        &self.account.id
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    pub(crate) fn vault(&self) -> &VaultHandle {
        &self.vault
    }

    /// The resolved provider, without a trial.
    pub(crate) fn resolved(&self) -> &Resolved {
        &self.provider
    }

    /// The provider, with the client authentication on trial, or the error in the settings.
    pub(crate) fn provider(&self) -> Result<Rc<Provider>, Problem> {
        let provider = self.provider.clone().map_err(Problem::Settings)?;
        Ok(match self.trial {
            Some(trial) => Rc::new(Provider { client_auth: trial.auth, ..Provider::clone(&provider) }),
            None => provider,
        })
    }

    /// The provider and the settings for a job.
    ///
    /// # Errors
    /// The error in the settings.
    pub(crate) fn party(&self) -> Result<Party, Problem> {
        Ok(Party { provider: self.provider()?, settings: self.account.settings.clone() })
    }

    pub(crate) fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    pub(crate) fn is_ephemeral(&self) -> bool {
        self.is_ephemeral
    }

    pub(crate) fn is_of_team(&self) -> bool {
        self.team.is_some()
    }

    /// Whether it is a team account of which only the index is known.
    pub(crate) fn is_brief(&self) -> bool {
        self.team.as_ref().is_some_and(|team| team.is_brief)
    }

    /// Whether the database has a row of it.
    pub(crate) fn is_in_database(&self) -> bool {
        !self.is_ephemeral && self.team.is_none()
    }

    /// A token that the vault refused.
    pub(crate) fn unsaved_grant(&self) -> Option<Rc<Grant>> {
        self.unsaved.as_ref().map(|unsaved| Rc::clone(&unsaved.grant))
    }

    pub(crate) fn is_offer_due(&self, now: DateTime<Utc>) -> bool {
        self.unsaved.as_ref().is_some_and(|unsaved| now >= unsaved.try_at)
    }

    pub(crate) fn unmapped_response(&self) -> Option<&Rc<ResponseFields>> {
        self.unmapped_response.as_ref().map(UnmappedResponse::whole)
    }

    pub(crate) fn http_log(&self) -> Option<&Arc<Vec<HttpLogEntry>>> {
        self.http_log.as_ref()
    }

    /// Until when the deletion can be undone.
    pub(crate) fn deleting_until(&self) -> Option<DateTime<Utc>> {
        self.deleting_until
    }

    pub(crate) fn wait_status(&self) -> u16 {
        self.wait_status
    }

    /// Whether the account would have to sign in by what the database knows, and the vault may know more.
    pub(crate) fn needs_vault_lookup(&self) -> bool {
        self.session.facts().is_none()
            && !self.account.settings.grant.is_repeatable()
            && !self.is_looked_up
            && self.is_in_database()
            && self.vault.kind() != VaultKind::Memory
    }

    pub(crate) fn is_shown(&self) -> bool {
        self.deleting_until.is_none()
    }
}

/// Changes.
impl AccountState {
    pub(crate) fn new(account: Account, provider: Resolved, vault: VaultHandle) -> Self {
        Self {
            account,
            provider,
            session: Session::default(),
            vault,
            awaiting: None,
            device_code: None,
            unsaved: None,
            preview: None,
            problem: None,
            last_used_at: None,
            unmapped_response: None,
            inquiry: None,
            checked: None,
            http_log: None,
            deleting_until: None,
            deletion_lock: None,
            is_ephemeral: false,
            is_looked_up: false,
            wait_status: 0,
            trial: None,
            team: None,
        }
    }

    /// The state of an account of the team vault. Its HTTP log is in memory only.
    pub(crate) fn of_team(found: TeamAccount, provider: Resolved, vault: VaultHandle) -> Self {
        let TeamAccount { account, facts, change, is_read } = found;
        let team = Some(OfTeam { change, is_brief: !is_read });
        Self { team, http_log: Some(Arc::default()), ..Self::stored(account, provider, vault, facts, None) }
    }

    /// Takes over what another machine wrote. Returns whether the token is another one.
    pub(crate) fn take_team(&mut self, found: TeamAccount, provider: Resolved) -> bool {
        let TeamAccount { account, facts, change, is_read } = found;
        if account != self.account {
            self.change(account, provider);
        }
        self.team = Some(OfTeam { change, is_brief: !is_read });
        let generation = |facts: Option<&TokenFacts>| facts.map_or(0, |facts| facts.generation);
        let (known, found) = (generation(self.session.facts()), generation(facts.as_ref()));
        let is_gone = facts.is_none() && known > 0 && self.unsaved.is_none();
        let is_another = found > known || is_gone;
        if is_another {
            self.preview = None;
            self.problem = None;
        }
        is_another
    }

    /// The state of an account that never reaches the disk. Its HTTP log is in memory only.
    pub(crate) fn ephemeral(account: Account, provider: Resolved, vault: VaultHandle) -> Self {
        let http_log = Some(Arc::default());
        Self { is_ephemeral: true, http_log, ..Self::new(account, provider, vault) }
    }

    /// The state of an account as the database knows it.
    pub(crate) fn stored(
        account: Account,
        provider: Resolved,
        vault: VaultHandle,
        facts: Option<TokenFacts>,
        last_used_at: Option<DateTime<Utc>>,
    ) -> Self {
        Self { session: Session::of(facts), last_used_at, ..Self::new(account, provider, vault) }
    }

    /// Replaces the account's settings.
    pub(crate) fn change(&mut self, account: Account, provider: Resolved) {
        (self.account, self.provider) = (account, provider);
        self.problem = None;
    }

    /// Steps the session and returns its effects.
    pub(crate) fn step(&mut self, rules: &Rules, input: Input, now: DateTime<Utc>) -> Vec<Effect> {
        let policy = self.renewal_policy(rules);
        self.session.step(&policy, input, now)
    }

    pub(crate) fn set_vault(&mut self, vault: VaultHandle) {
        self.vault = vault;
    }

    /// Keeps a problem until the next success.
    pub(crate) fn set_problem(&mut self, problem: Problem) {
        self.problem = Some(problem);
    }

    pub(crate) fn clear_problem(&mut self) {
        self.problem = None;
    }

    pub(crate) fn clear_problem_if(&mut self, is_over: impl FnOnce(&Problem) -> bool) {
        self.problem.take_if(|problem| is_over(problem));
    }

    /// Takes over a token request's result. Returns the client authentication of a trial that this proves.
    pub(crate) fn token_obtained(
        &mut self,
        token: &NewToken,
        with_preview: bool,
        now: DateTime<Utc>,
    ) -> Option<ClientAuth> {
        let trial = self.trial.take().filter(|_| !token.adopted);
        self.preview = with_preview.then(|| TokenPreview::of(&token.grant));
        self.problem = None;
        self.unsaved = token.unsaved.clone().map(|problem| Unsaved {
            grant: Rc::clone(&token.grant),
            problem,
            try_at: now + OFFER_FIRST,
        });
        trial.map(|trial| trial.auth)
    }

    pub(crate) fn set_preview(&mut self, grant: Option<&Grant>) {
        self.preview = grant.map(TokenPreview::of);
    }

    /// Drops everything of the account's tokens. The session is told separately.
    pub(crate) fn tokens_gone(&mut self) {
        self.preview = None;
        self.unsaved = None;
    }

    /// A refused token to offer to the vault now; the next offer is later.
    pub(crate) fn take_offer(&mut self, now: DateTime<Utc>) -> Option<Rc<Grant>> {
        let unsaved = self.unsaved.as_mut()?;
        unsaved.try_at = now + OFFER_AGAIN;
        Some(Rc::clone(&unsaved.grant))
    }

    /// Drops the refused token of this generation, since the vault has it or a newer one. Returns whether it
    /// was still there.
    pub(crate) fn offer_accepted(&mut self, generation: u64) -> bool {
        self.unsaved.take_if(|unsaved| unsaved.grant.facts.generation == generation).is_some()
    }

    pub(crate) fn offer_refused(&mut self, problem: VaultProblem) {
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.problem = problem;
        }
    }

    pub(crate) fn mark_used(&mut self, at: DateTime<Utc>) {
        self.last_used_at = self.last_used_at.max(Some(at));
    }

    pub(crate) fn mark_looked_up(&mut self) {
        self.is_looked_up = true;
    }

    /// Keeps the last response. A readable one replaces an unreadable one.
    pub(crate) fn keep_unmapped_response(&mut self, is_read: bool, response: Option<UnmappedResponse>) {
        if is_read || response.is_some() {
            self.unmapped_response = response;
        }
    }

    /// Starts an inquiry unless the account has one already.
    pub(crate) fn begin_inquiry(&mut self, inquiry: Inquiry) -> Result<(), Problem> {
        if self.inquiry.is_some() {
            return Err(Problem::Busy);
        }
        self.inquiry = Some(inquiry);
        self.problem = None;
        Ok(())
    }

    pub(crate) fn end_inquiry(&mut self) {
        self.inquiry = None;
    }

    pub(crate) fn set_checked(&mut self, checked: Arc<Checked>) {
        self.checked = Some(checked);
    }

    pub(crate) fn set_http_log(&mut self, entries: Arc<Vec<HttpLogEntry>>) {
        self.http_log = Some(entries);
    }

    /// Adds an entry to the HTTP log if that is shown.
    pub(crate) fn add_to_http_log(&mut self, entry: HttpLogEntry) {
        if let Some(shown) = &mut self.http_log {
            record::keep(Arc::make_mut(shown), entry);
        }
    }

    /// Hides the account. `lock` is held while the deletion can be undone.
    pub(crate) fn begin_deletion(&mut self, until: DateTime<Utc>, lock: Option<AccountLock>) {
        self.deleting_until = Some(until);
        self.deletion_lock = lock;
    }

    /// Carries the deletion out; the account stays hidden, and the deletion is due again at `retry_at`.
    pub(crate) fn finish_deletion(&mut self, retry_at: DateTime<Utc>) -> Option<AccountLock> {
        self.deleting_until = Some(retry_at);
        self.deletion_lock.take()
    }

    pub(crate) fn undo_deletion(&mut self) {
        self.deleting_until = None;
        self.deletion_lock = None;
    }

    /// Undoes a deletion whose row another process has restored: without the lock, it was never marked.
    /// Returns whether it was.
    pub(crate) fn deletion_undone_elsewhere(&mut self) -> bool {
        let is_undone = self.deletion_lock.take().is_some();
        if is_undone {
            self.deleting_until = None;
        }
        is_undone
    }

    /// Shows a sign-in that waits for the browser.
    pub(crate) fn show_awaiting(&mut self, awaiting: Awaiting) {
        self.awaiting = Some(awaiting);
    }

    pub(crate) fn set_browser_opened(&mut self, opened: bool) {
        if let Some(awaiting) = &mut self.awaiting {
            awaiting.browser_opened = opened;
        }
    }

    pub(crate) fn show_device_code(&mut self, code: DeviceCodeView) {
        self.device_code = Some(code);
    }

    pub(crate) fn hide_sign_in(&mut self) {
        self.awaiting = None;
        self.device_code = None;
    }

    /// Takes over the HTTP status of a `Retry-After` response.
    pub(crate) fn set_wait_status(&mut self, status: u16) {
        self.wait_status = status;
    }

    pub(crate) fn begin_trial(&mut self, request: RequestId, auth: ClientAuth) {
        self.trial = Some(Trial { request, auth });
    }

    /// Ends the trial of a request that brought no token: the account is as it was before.
    pub(crate) fn end_trial(&mut self, request: RequestId) {
        self.trial.take_if(|trial| trial.request == request);
    }
}

/// Views and times.
impl AccountState {
    /// The session's policy.
    pub(crate) fn renewal_policy(&self, rules: &Rules) -> RenewalPolicy {
        let background = self.account.settings.background_refresh.unwrap_or(true);
        RenewalPolicy {
            grant: self.account.settings.grant,
            margin: self.margin(rules),
            background: rules.renews && background && self.deleting_until.is_none(),
            jitter_thousandths: jitter_thousandths(&self.account.id),
        }
    }

    /// The time of the account's next automatic step.
    pub(crate) fn next_wake(&self, rules: &Rules) -> Option<DateTime<Utc>> {
        let session = self.session.next_wake(&self.renewal_policy(rules));
        let unsaved = self.unsaved.as_ref().map(|unsaved| unsaved.try_at);
        [session, unsaved, self.deleting_until].into_iter().flatten().min()
    }

    fn margin(&self, rules: &Rules) -> Margin {
        let preset = self.provider.as_ref().ok().and_then(|provider| provider.refresh.ahead_secs);
        Margin { fixed_secs: preset.or(rules.refresh_ahead_secs) }
    }

    pub(crate) fn view(&self, rules: &Rules) -> AccountView {
        let provider = self.provider.as_deref().ok();
        let (has_redirect, is_key) =
            (self.account.settings.grant.has_redirect(), self.account.settings.grant.is_key());
        let policy = self.renewal_policy(rules);
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
                .map(|provider| provider.redirect_uri.preferring(rules.redirect_port).to_string()),
            activity: self.activity(&policy),
            next_refresh: self.session.next_refresh(&policy),
            token: self.session.facts().map(|facts| TokenView {
                facts: facts.clone(),
                mask: self.preview.as_ref().map(|preview| preview.mask.clone()),
                claims: self.preview.as_ref().and_then(|preview| preview.claims.clone()),
                id_claims: self.preview.as_ref().and_then(|preview| preview.id_claims.clone()),
                saved: self.unsaved.is_none(),
                refresh_refused: self.session.refresh_refused(),
            }),
            problem: self.shown_problem(),
            last_used_at: self.last_used_at,
            answer: self.unmapped_response.as_ref().map(UnmappedResponse::layout),
            inquiry: self.inquiry,
            checked: self.checked.clone().filter(|checked| {
                self.session.facts().is_some_and(|facts| facts.generation == checked.generation)
            }),
            can_check: !is_key && provider.is_some_and(introspection::is_possible),
            can_revoke: !is_key && provider.is_some_and(|provider| provider.more.revoke.is_some()),
            http_log: self.http_log.clone(),
            vault: self.vault.kind(),
            change: self.team.as_ref().and_then(|team| team.change.clone()),
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
        match (self.session.phase(), &self.awaiting) {
            // The user may have extended the wait.
            (Phase::AwaitingBrowser { deadline }, Some(awaiting)) => {
                Activity::AwaitingBrowser(Awaiting { deadline, ..awaiting.clone() })
            }
            (Phase::AwaitingDevice(_), _) => match &self.device_code {
                Some(code) => Activity::AwaitingDevice(code.clone()),
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

/// The displayable parts of a token, never stored.
struct TokenPreview {
    mask: String,
    claims: Option<Arc<Vec<Claim>>>,
    id_claims: Option<Arc<Vec<Claim>>>,
}

impl TokenPreview {
    fn of(grant: &Grant) -> Self {
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
