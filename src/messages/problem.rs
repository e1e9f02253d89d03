//! Problems as data: one type for the window, the command line and the engine.
//!
//! Problems are distinct if their next steps differ. Invariant: no problem holds a secret; external text is
//! [`UntrustedText`], which is sanitised and bounded on creation.

use std::fmt;

use chrono::{DateTime, Utc};

use super::preferences::Unconfirmed;
use super::vault_kind::VaultKind;
use crate::base::sanitize::sanitized;
use crate::domain::account::NameError;
use crate::domain::api_address::search::SearchError;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::jose::KeyError;
pub use crate::domain::oauth::registration::RegistrationError;
pub use crate::domain::oauth::token_response::AnswerFlaw;
use crate::domain::provider::destinations::{Destination, MovedDestination};
use crate::domain::provider::{EndpointKind, ProviderError};
pub use crate::domain::refusal::hints::{Hints, Scopes};
use crate::domain::refusal::transport::{Unreachable, UnreachableKind};
use crate::domain::team::TeamError;

/// External text, safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntrustedText(String);

impl UntrustedText {
    /// Sanitises the text and truncates it to 500 characters.
    pub fn new(text: &str) -> Self {
        Self(sanitized(text, 500).into_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UntrustedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// No account has this name or ID.
    UnknownAccount(String),
    NameTaken(String),
    BadName(NameError),
    /// The account was changed elsewhere meanwhile.
    ChangedElsewhere,
    /// The account was changed elsewhere after a job had begun, so nothing was sent.
    Outdated,
    /// The account's destinations or settings differ from those that the vault has with its secrets, so
    /// nothing was sent.
    OtherDestination(Box<OtherDestination>),
    /// An import would send stored secrets to other destinations, so nothing was saved.
    SecretsWouldMove(Box<SecretsWouldMove>),
    /// The account's settings don't make a usable provider.
    Settings(ProviderError),
    /// The account lacks a value that its grant needs: the key in files (`client_id`, `username`, …).
    ValueMissing(&'static str),
    /// A request can't carry a value, such as a header with a line break: its key.
    ValueUnusable(&'static str),
    /// The private key can't sign.
    BadKey(KeyError),
    /// An API key goes into this query parameter, so there is no header for it.
    KeyInQuery(UntrustedText),
    /// The account holds a key, which no server renews or revokes for Keyfob.
    KeyNotRenewed,
    /// The user must sign in: there is no token, or it can't be refreshed.
    NeedsSignIn,
    /// The last token response was not stored: Keyfob was stopped, or the connection broke.
    Interrupted {
        /// The request was a refresh, whose refresh token may be used up; otherwise a sign-in, whose token is
        /// lost.
        refreshing: bool,
    },
    /// The server rejected the stored refresh token.
    RefreshRefused(Refusal),
    /// A refresh returned an ID token of another subject, so nothing of it was kept (`OpenID` Connect Core,
    /// section 12.2).
    OtherSubject,
    /// The account's tokens include no ID token.
    NoIdToken,
    /// The copied ID token had expired at this time, and a refresh returned no other.
    IdTokenExpired(DateTime<Utc>),
    SignIn(SignInProblem),
    Refused(Refusal),
    /// The token endpoint responded without a token.
    BadAnswer(BadAnswer),
    Unreachable(Unreachable),
    NoEndpoint(String, EndpointKind),
    /// The server did not return a token's status.
    NotChecked(Box<Problem>),
    /// The server did not revoke all tokens; they are still here.
    NotRevoked(Box<NotRevoked>),
    Vault(VaultProblem),
    /// Reading or writing the disk failed: the system's error text.
    Disk(UntrustedText),
    /// A newer version of Keyfob wrote the database, which is left unchanged.
    NewerDatabase(UntrustedText),
    /// A received token could not be stored; it is kept until quit.
    NotSaved(VaultProblem),
    /// Another Keyfob process holds this account's lock.
    Busy,
    /// A web page could not be opened: its URL.
    PageNotOpened(UntrustedText),
    Clipboard,
    Demo(UntrustedText),
    Archive(ArchiveProblem),
    Discovery(DiscoveryProblem),
    /// The search for an address's server ended without one.
    Address(Box<SearchError>),
    /// No client was registered.
    Registration(Box<RegistrationProblem>),
    Locked,
    /// The database could not be read and was set aside under this name.
    SetAside(UntrustedText),
    /// Preferences were changed outside Keyfob and aren't used until the user confirms them.
    Unconfirmed(Unconfirmed),
    /// The system returned no random numbers.
    NoRandomness,
    /// The engine's command queue is full.
    QueueFull,
    Stopped,
}

/// Why a sign-in ended or a response was rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInProblem {
    Cancelled,
    /// No response in time.
    TimedOut,
    PortInUse {
        port: u16,
        free: Vec<u16>,
    },
    PortForbidden {
        port: u16,
        free: Vec<u16>,
    },
    /// No loopback address is available.
    NoLoopback,
    NoBrowser,
    /// The response belongs to another sign-in; this one still waits.
    StateMismatch,
    /// A pasted text has no response; the sign-in still waits.
    NoReplyInPaste,
    /// A bare code can't be trusted here; the sign-in still waits.
    BareCodeRefused,
    /// The browser's request is too long, cookies included; the sign-in still waits.
    ReplyTooLong,
    /// The response has another issuer, or none although one was promised.
    WrongIssuer,
    /// The response contradicts itself (duplicate parameters, both code and error).
    Contradictory,
    CodeExpired,
    /// The device authorization response has no code.
    NoCode {
        host: String,
        status: u16,
        flaw: AnswerFlaw,
    },
    /// The pushed authorization response has no `request_uri`.
    NotPushed {
        host: String,
        status: u16,
        flaw: AnswerFlaw,
    },
    /// The ID token belongs to another sign-in.
    WrongNonce,
    /// The authorization server returned an error to the browser, or to a poll for a device code.
    Denied {
        /// The `error` value.
        code: UntrustedText,
        description: Option<UntrustedText>,
        hints: Box<Hints>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub provider: String,
    pub status: u16,
    /// The OAuth error code, if the response has one.
    pub code: Option<UntrustedText>,
    /// The server's description, if given.
    pub description: Option<UntrustedText>,
    /// The meaning of this code in the provider's documentation.
    pub meaning: Option<String>,
    /// Where the provider shows client IDs and secrets.
    pub secrets_place: Option<String>,
    pub grant: Option<GrantType>,
    /// The earliest time for another attempt.
    pub retry_at: Option<DateTime<Utc>>,
    pub hints: Box<Hints>,
}

/// A destination that differs from the one that secrets belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedUrl {
    pub destination: Destination,
    /// The URL that the secrets belong to; `None` if there was none.
    pub old: Option<UntrustedText>,
    pub new: UntrustedText,
}

impl From<MovedDestination> for MovedUrl {
    fn from(moved: MovedDestination) -> Self {
        let MovedDestination { destination, old, new } = moved;
        Self { destination, old: old.as_deref().map(UntrustedText::new), new: UntrustedText::new(&new) }
    }
}

/// How an account differs from what the vault has with its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherDestination {
    pub account: UntrustedText,
    /// The destinations that differ; empty if only other settings do.
    pub moved: Vec<MovedUrl>,
    /// The account itself differs; otherwise its preset was edited.
    pub row_differs: bool,
}

/// What an import would do with stored secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretsWouldMove {
    pub account: UntrustedText,
    /// The destinations that differ. Never empty.
    pub moved: Vec<MovedUrl>,
}

/// Why tokens were not revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRevoked {
    /// The refresh token was revoked before the failure.
    pub refresh_revoked: bool,
    pub cause: Problem,
}

/// A response without a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadAnswer {
    pub host: String,
    pub status: u16,
    pub kind: AnswerFlaw,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveProblem {
    /// The file is encrypted and needs its passphrase.
    PassphraseNeeded,
    WrongPassphrase,
    /// The file is damaged, or encrypted in another way.
    Damaged,
    /// A newer Keyfob wrote it.
    Newer,
    /// Its passphrase requires more work and memory than Keyfob allows.
    TooMuchWork,
    /// It exceeds the maximum size of an import file.
    TooLarge,
    Exists,
    /// The secrets of the named account are missing or can't be read.
    Lacking(UntrustedText),
    /// The system's error text.
    Unusable(UntrustedText),
    /// It has no usable accounts: the position and the mistake, without a value.
    Content(UntrustedText),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveryProblem {
    pub issuer: UntrustedText,
    pub why: NotDiscovered,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotDiscovered {
    /// There is no metadata at the usual URLs.
    Nothing { tried: Vec<(UntrustedText, u16)> },
    /// The server has another issuer identifier.
    OtherIssuer {
        /// That identifier.
        said: UntrustedText,
    },
    /// It lacks an endpoint that the grant needs.
    Missing(EndpointKind),
    /// An endpoint is not a URL, or not https.
    Unusable(EndpointKind),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationProblem {
    /// The host of the registration endpoint.
    pub server: UntrustedText,
    pub error: RegistrationError,
    pub step: RegistrationStep,
}

/// What a server was asked about a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationStep {
    Register,
    /// The same, with an initial access token.
    RegisterWithToken,
    /// To change it.
    Update,
}

/// Why the vault can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultProblem {
    /// No keychain service is running.
    Absent,
    Locked,
    /// A file whose passphrase was not given yet.
    PassphraseNeeded,
    WrongPassphrase,
    /// It doesn't outlast the process, so nothing is moved there.
    NotLasting,
    /// Another Keyfob process moved the secrets to another vault meanwhile.
    Moved,
    /// This account's secrets are in the other vault, in which it was created.
    Elsewhere(VaultKind),
    Denied,
    Slow,
    /// It has no entry for this account.
    Missing,
    Corrupt,
    /// A newer Keyfob wrote an entry or all of them.
    Newer,
    /// The file with all entries is damaged, or its two parts don't match.
    Damaged,
    /// The file's passphrase requires more work and memory than Keyfob allows.
    TooMuchWork,
    /// An entry exceeds the keychain's maximum size.
    TooLarge,
    /// Another failure; a short text without secrets.
    Failed(&'static str),
    /// The team vault's.
    Team(TeamError),
}

impl Problem {
    /// Returns true if the same attempt may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(unreachable) => !matches!(
                unreachable.kind,
                UnreachableKind::Certificate
                    | UnreachableKind::BadRootCertificate
                    | UnreachableKind::NoRootCertificates
                    | UnreachableKind::Unconfirmed
            ),
            Self::Refused(refusal) | Self::RefreshRefused(refusal) => {
                refusal.status == 429 || refusal.status >= 500
            }
            Self::BadAnswer(answer) => answer.status >= 500,
            Self::Vault(VaultProblem::Team(error)) => error.is_outage(),
            Self::Vault(_) | Self::NotSaved(_) | Self::Busy | Self::QueueFull => true,
            _ => false,
        }
    }

    /// Returns true if only a new sign-in helps.
    pub fn needs_sign_in(&self) -> bool {
        matches!(
            self,
            Self::NeedsSignIn
                | Self::RefreshRefused(_)
                | Self::OtherSubject
                | Self::Vault(VaultProblem::Team(TeamError::ClaimLost(_)))
        )
    }

    /// The command line's exit code: 3 if the user must sign in, 4 if the vault is locked or absent, 1
    /// otherwise.
    pub fn exit_code(&self) -> u8 {
        match self {
            problem if problem.needs_sign_in() => 3,
            Self::Vault(VaultProblem::Team(
                TeamError::Claimed(_) | TeamError::Conflict | TeamError::EditedByOther(_),
            )) => 1,
            Self::Vault(
                VaultProblem::Absent
                | VaultProblem::Locked
                | VaultProblem::PassphraseNeeded
                | VaultProblem::WrongPassphrase
                | VaultProblem::Denied
                | VaultProblem::Slow
                | VaultProblem::Team(_),
            )
            | Self::Archive(ArchiveProblem::PassphraseNeeded | ArchiveProblem::WrongPassphrase) => 4,
            _ => 1,
        }
    }
}
