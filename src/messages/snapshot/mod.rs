//! Everything the window draws, at one point in time.
//!
//! Invariant: plain data without secrets, cheap to clone behind an `Arc`.

pub mod account_views;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::account::status::{AccountStatus, Failure};
use crate::domain::account::{AccountId, AccountName, Revision, Settings};
use crate::domain::http_log::record::HttpLogEntry;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::introspection::Checked;
use crate::domain::oauth::response_mapping::Layout;
use crate::domain::provider::Preset;
use crate::domain::team::{Change, Connection, Role, TeamError};
use crate::domain::token::claims::Claim;
use crate::domain::token::grant::TokenFacts;

pub use super::preferences::{Preferences, ProxyChoice, ThemeChoice, Unconfirmed};
use super::problem::{Problem, UntrustedText, VaultProblem};
use super::remembered::Remembered;
pub use super::vault_kind::VaultKind;
use account_views::AccountViews;

/// The default idle minutes until a passphrase file is locked.
pub const FILE_LOCK_MINS: u32 = 15;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// The database has been read; before that everything has its default.
    pub loaded: bool,
    pub accounts: AccountViews,
    /// The number of accounts from an interrupted earlier run that are still being finished; they are in no
    /// list.
    pub unfinished_accounts: usize,
    pub presets: Arc<Vec<Preset>>,
    /// What is wrong with unreadable presets of the user's own, one sentence each.
    pub preset_mistakes: Arc<Vec<String>>,
    pub vault: VaultView,
    /// The personal vault that has the connection to a team vault, if there is one.
    pub team_kept_in: Option<VaultKind>,
    /// The team vault, once it was opened.
    pub team: Option<TeamView>,
    pub clipboard: Option<ClipboardView>,
    pub undo: Vec<UndoView>,
    pub demo: Option<DemoView>,
    pub preferences: Preferences,
    /// The window's selection and list view at the last end.
    pub remembered: Remembered,
    pub window: Option<WindowPlace>,
    /// A problem of the whole app, such as the disk.
    pub problem: Option<Problem>,
    /// A non-blocking startup notice.
    pub notice: Option<Problem>,
    /// Preferences that were changed outside Keyfob and are not used.
    pub unconfirmed: Unconfirmed,
    /// The user has locked Keyfob: nothing about accounts is shown until it is unlocked.
    pub locked: bool,
}

impl Snapshot {
    /// Idle minutes until the window locks; `None` means never. The default is [`FILE_LOCK_MINS`] with a
    /// passphrase file, which locking closes, and never with other vaults, which it leaves unlocked.
    pub fn idle_lock_mins(&self) -> Option<u32> {
        let with_file = (self.vault.kind == VaultKind::File).then_some(FILE_LOCK_MINS);
        self.preferences.lock_after_idle_mins.or(with_file).filter(|mins| *mins > 0)
    }
}

#[derive(Debug, Clone)]
pub struct AccountView {
    pub id: AccountId,
    pub revision: Revision,
    pub name: AccountName,
    pub settings: Settings,
    pub provider_name: String,
    pub grant: GrantType,
    pub scopes: Vec<String>,
    /// The redirect URI to register, for the authorization code grant.
    pub redirect_uri: Option<String>,
    pub activity: Activity,
    /// When the token is refreshed without the user; `None` if that isn't planned.
    pub next_refresh: Option<DateTime<Utc>>,
    pub token: Option<TokenView>,
    /// The last problem, until something succeeds.
    pub problem: Option<Problem>,
    /// When the token was last handed out.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The fields of its last response, if the user may have to map them.
    pub answer: Option<Arc<Layout>>,
    pub inquiry: Option<Inquiry>,
    /// The server's last result about the current token.
    pub checked: Option<Arc<Checked>>,
    pub can_check: bool,
    pub can_revoke: bool,
    /// Its HTTP log, the newest entry first; `None` until requested.
    pub http_log: Option<Arc<Vec<HttpLogEntry>>>,
    /// The vault with its secrets.
    pub vault: VaultKind,
    /// Who changed a team account last, and when.
    pub change: Option<Change>,
}

impl AccountView {
    /// Returns true if a new token needs the user: the grant can't be repeated, and there is no usable
    /// refresh token. A key is no token: nobody signs in for it.
    pub fn needs_person(&self, now: DateTime<Utc>) -> bool {
        let by_refresh =
            self.token.as_ref().is_some_and(|it| it.facts.can_refresh(now) && !it.refresh_refused);
        !by_refresh && !self.grant.is_repeatable() && !self.grant.is_key()
    }

    /// The status, including what is under way.
    pub fn status(&self, now: DateTime<Utc>) -> AccountStatus {
        match &self.activity {
            Activity::AwaitingBrowser(_) | Activity::AwaitingDevice(_) => AccountStatus::SigningIn,
            Activity::Exchanging | Activity::Refreshing => AccountStatus::Fetching,
            Activity::Idle | Activity::Retrying { .. } => self.status_at_rest(now),
        }
    }

    /// The status regardless of what is under way.
    pub fn status_at_rest(&self, now: DateTime<Utc>) -> AccountStatus {
        let failure = self
            .problem
            .as_ref()
            .map(|problem| if problem.needs_sign_in() { Failure::NeedsSignIn } else { Failure::Other });
        self.status_after(failure, now)
    }

    /// The status by the token and the grant alone.
    pub fn stored_status(&self, now: DateTime<Utc>) -> AccountStatus {
        self.status_after(None, now)
    }

    fn status_after(&self, failure: Option<Failure>, now: DateTime<Utc>) -> AccountStatus {
        let token = self.token.as_ref().map(|token| &token.facts);
        AccountStatus::at_rest(token, self.needs_person(now), failure, now)
    }
}

/// A request about a token; one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inquiry {
    Checking,
    Revoking,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Activity {
    #[default]
    Idle,
    AwaitingBrowser(Awaiting),
    /// A sign-in waits for the user code to be entered on any device.
    AwaitingDevice(DeviceCodeView),
    Exchanging,
    Refreshing,
    Retrying {
        /// The time of the retry.
        at: DateTime<Utc>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaiting {
    /// The sign-in link; it has `state` and the client ID, and no secret.
    pub address: String,
    pub redirect_uri: String,
    /// Keyfob listens there; otherwise the user must paste the redirect URL.
    pub listening: bool,
    pub since: DateTime<Utc>,
    pub deadline: DateTime<Utc>,
    pub browser_opened: bool,
}

/// A user code to enter on any device (RFC 8628, section 3.3). Without the device code, which stays in the
/// engine, it yields no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCodeView {
    pub user_code: UntrustedText,
    pub verification_uri: String,
    /// The same URL with the code included, if the server sent one.
    pub verification_uri_complete: Option<String>,
    pub expires_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenView {
    pub facts: TokenFacts,
    /// First 4 … last 4 characters, once the vault has been read; never stored.
    pub mask: Option<String>,
    /// Its claims, unverified, if it is a JSON Web Token and the vault has been read.
    pub claims: Option<Arc<Vec<Claim>>>,
    /// The ID token's claims, if there is one and the vault has been read; the facts have its verification
    /// status.
    pub id_claims: Option<Arc<Vec<Claim>>>,
    /// The vault has it.
    pub saved: bool,
    pub refresh_refused: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum VaultHealth {
    #[default]
    Untried,
    /// A call takes longer than usual: the system may be asking the user.
    Waiting,
    /// It responds.
    Ready,
    /// It needs its passphrase.
    Locked {
        /// The file exists; otherwise the user must choose a passphrase first.
        exists: bool,
    },
    Failing(VaultProblem),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VaultView {
    pub kind: VaultKind,
    pub health: VaultHealth,
    /// The target of an unfinished move; moving there again finishes it.
    pub unfinished_move: Option<VaultKind>,
    /// A file vault exists, in use or not.
    pub file_exists: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamView {
    pub connection: Connection,
    /// It responded at the last attempt.
    pub reachable: bool,
    pub sealed: Option<bool>,
    pub role: Option<Role>,
    /// The end of the vault's own token; `None` if it never expires.
    pub token_expires_at: Option<DateTime<Utc>>,
    pub problem: Option<TeamError>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipboardView {
    pub account: Option<AccountId>,
    pub clears_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoView {
    pub id: AccountId,
    pub name: AccountName,
    pub until: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoView {
    pub account: AccountId,
    pub issuer: String,
}

/// The window's position and size, in logical points.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowPlace {
    /// The outer position, if the system provides it.
    pub position: Option<(f32, f32)>,
    /// Inner size.
    pub size: (f32, f32),
    pub maximized: bool,
}
