//! Everything the window draws, at one instant.
//!
//! Owns the view of the engine's state. Invariant: plain, cheap to clone behind an `Arc`, and free
//! of secrets.

pub mod account_views;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::account::{AccountId, AccountName, Revision, Settings};
use crate::domain::http_log::record::HttpLogEntry;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::introspection::Checked;
use crate::domain::oauth::response_mapping::Layout;
use crate::domain::provider::Preset;
use crate::domain::token::claims::Claim;
use crate::domain::token::expiry::Margin;
use crate::domain::token::grant::TokenFacts;

pub use super::preferences::{Preferences, ProxyChoice, ThemeChoice, Unconfirmed};
use super::problem::{Problem, UntrustedText, VaultProblem};
use super::remembered::Remembered;
use account_views::AccountViews;

/// After how many idle minutes a passphrase file is locked, unless the user chose otherwise.
pub const FILE_LOCK_MINS: u32 = 15;

/// The state of everything, at one instant.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Whether the preferences and the window's place have been read.
    pub prepared: bool,
    /// Whether the database has been read; until then the list is empty for no reason.
    pub loaded: bool,
    /// The accounts, by name.
    pub accounts: AccountViews,
    /// How many accounts an earlier run left half done that are not finished yet; they stand in no list.
    pub half_done: usize,
    /// The presets.
    pub presets: Arc<Vec<Preset>>,
    /// What is wrong with presets of the user's own that could not be read, a sentence each.
    pub preset_mistakes: Arc<Vec<String>>,
    /// Where secrets are kept, and how that goes.
    pub vault: VaultView,
    /// What is on the clipboard from here.
    pub clipboard: Option<ClipboardView>,
    /// Accounts that can still be undeleted.
    pub undo: Vec<UndoView>,
    /// The demo, while it runs.
    pub demo: Option<DemoView>,
    /// The user's preferences.
    pub preferences: Preferences,
    /// Where the user was at the last end.
    pub remembered: Remembered,
    /// Where the window stood.
    pub window: Option<WindowPlace>,
    /// A problem of the app as a whole (the disk, say).
    pub problem: Option<Problem>,
    /// Something of this start that must be known, and keeps nobody from going on.
    pub notice: Option<Problem>,
    /// Preferences that were changed outside Keyfob and are not used; empty where none.
    pub unconfirmed: Unconfirmed,
    /// Whether the user has locked it: nothing of the accounts is shown until it is unlocked.
    pub locked: bool,
}

impl Snapshot {
    /// Minutes without a key or the mouse after which the window locks; `None` never. Where the user has not
    /// chosen, that is [`FILE_LOCK_MINS`] with a passphrase file, which the lock closes, and never otherwise,
    /// where it is a curtain.
    pub fn idle_lock_mins(&self) -> Option<u32> {
        let with_file = (self.vault.kind == VaultKind::File).then_some(FILE_LOCK_MINS);
        self.preferences.lock_after_idle_mins.or(with_file).filter(|mins| *mins > 0)
    }
}

/// An account.
#[derive(Debug, Clone)]
pub struct AccountView {
    /// Identity.
    pub id: AccountId,
    /// Revision.
    pub revision: Revision,
    /// Name.
    pub name: AccountName,
    /// The user's choices.
    pub settings: Settings,
    /// The provider's name.
    pub provider_name: String,
    /// The grant.
    pub grant: GrantType,
    /// The scopes that are asked for.
    pub scopes: Vec<String>,
    /// The redirect address to register, for the authorization code grant.
    pub redirect_uri: Option<String>,
    /// The account's refresh margin.
    pub margin: Margin,
    /// What is going on.
    pub activity: Activity,
    /// The token, where there is one.
    pub token: Option<TokenView>,
    /// What last went wrong, until something goes well.
    pub problem: Option<Problem>,
    /// When it was last copied.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Its last answer, where a person may have to say how it is read.
    pub answer: Option<Arc<Layout>>,
    /// What is being asked of its server besides.
    pub inquiry: Option<Inquiry>,
    /// What its server last said of the present token.
    pub checked: Option<Arc<Checked>>,
    /// Whether its provider has an address at which a token is checked.
    pub can_check: bool,
    /// Whether its provider has an address at which tokens are revoked.
    pub can_revoke: bool,
    /// Its last exchanges, the newest first, once they were asked for.
    pub exchanges: Option<Arc<Vec<HttpLogEntry>>>,
}

impl AccountView {
    /// Whether a new token can't be had without a person: the grant is not one to be repeated, and there is no
    /// refresh token that would do.
    pub fn needs_person(&self, now: DateTime<Utc>) -> bool {
        let by_refresh =
            self.token.as_ref().is_some_and(|it| it.facts.can_refresh(now) && !it.refresh_refused);
        !by_refresh && !self.grant.is_repeatable()
    }
}

/// What is asked of a server once at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inquiry {
    /// What a token is worth.
    Checking,
    /// To take tokens back.
    Revoking,
}

/// What is going on with an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Activity {
    /// Nothing.
    #[default]
    Idle,
    /// A sign-in waits for the browser.
    AwaitingBrowser(Awaiting),
    /// A sign-in waits for a code to be entered on any device.
    AwaitingDevice(DeviceCodeView),
    /// A code is being exchanged, or a grant repeated.
    Exchanging,
    /// A token is being refreshed.
    Refreshing,
    /// A refresh failed for now and is tried again.
    Retrying {
        /// When.
        at: DateTime<Utc>,
    },
}

/// A sign-in that waits for the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaiting {
    /// The sign-in address; it holds `state` and the client ID, and no secret.
    pub address: String,
    /// The redirect URI that was sent.
    pub redirect_uri: String,
    /// Whether Keyfob listens there; otherwise the address must be pasted.
    pub listening: bool,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when.
    pub deadline: DateTime<Utc>,
    /// Whether a browser was opened.
    pub browser_opened: bool,
}

/// A code to be entered on any device (RFC 8628, section 3.3). It is for showing: without the device
/// code, which stays in the engine, it gets nobody a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCodeView {
    /// The code.
    pub user_code: UntrustedText,
    /// Where it is entered.
    pub verification_uri: String,
    /// The same address with the code in it, where the server gave one.
    pub verification_uri_complete: Option<String>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// A token, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenView {
    /// Its facts.
    pub facts: TokenFacts,
    /// First 4 … last 4, once the vault has been read; never stored.
    pub mask: Option<String>,
    /// Its claims, where it is a JSON Web Token and the vault has been read; nobody verified them.
    pub claims: Option<Arc<Vec<Claim>>>,
    /// The claims of the ID token, where there is one and the vault has been read; its facts say whether
    /// it was verified.
    pub id_claims: Option<Arc<Vec<Claim>>>,
    /// Whether the vault holds it.
    pub saved: bool,
    /// Whether the server refused its refresh token.
    pub refresh_refused: bool,
}

/// Which vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VaultKind {
    /// The operating system's keychain.
    #[default]
    Keychain,
    /// A file protected by a passphrase.
    File,
    /// Memory, until quit.
    Memory,
}

/// How the vault does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum VaultHealth {
    /// Not asked yet.
    #[default]
    Untried,
    /// A call is under way for more than a moment: it may be asking the user.
    Waiting,
    /// It answers.
    Ready,
    /// It needs its passphrase.
    Locked {
        /// Whether there is such a file; otherwise a passphrase must be chosen first.
        exists: bool,
    },
    /// It does not.
    Failing(VaultProblem),
}

/// The vault.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VaultView {
    /// Which one.
    pub kind: VaultKind,
    /// How it does.
    pub health: VaultHealth,
    /// Where a move was to lead that did not come to its end; moving there once more ends it.
    pub unfinished_move: Option<VaultKind>,
    /// Whether there is a file vault, used or not.
    pub file_exists: bool,
}

/// What is on the clipboard from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipboardView {
    /// The account whose token it is.
    pub account: Option<AccountId>,
    /// When it is cleared; `None` where it stays.
    pub clears_at: Option<DateTime<Utc>>,
}

/// An account that can still be undeleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoView {
    /// Identity.
    pub id: AccountId,
    /// Name.
    pub name: AccountName,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// The demo, while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoView {
    /// Its account.
    pub account: AccountId,
    /// Its address.
    pub issuer: String,
}

/// Where the window stood, in logical points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowPlace {
    /// Outer position, where the system says it.
    pub position: Option<(f32, f32)>,
    /// Inner size.
    pub size: (f32, f32),
    /// Whether it was maximised.
    pub maximized: bool,
}
