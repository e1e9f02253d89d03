//! What can go wrong, as data: one type for the window, the command line and the engine.
//!
//! Owns the distinctions that lead to a different next step. Invariant: no problem holds a secret;
//! text from outside is kept as [`UntrustedText`], which is sanitized and bounded when made.

use std::fmt;

use chrono::{DateTime, Utc};

use super::preferences::Unconfirmed;
use super::snapshot::VaultKind;
use crate::base::sanitize::sanitized;
use crate::domain::account::NameError;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::jose::KeyError;
pub use crate::domain::oauth::token_response::AnswerFlaw;
use crate::domain::provider::destinations::{Destination, MovedDestination};
use crate::domain::provider::{EndpointKind, ProviderError};
pub use crate::domain::refusal::hints::{Hints, Scopes};
use crate::domain::refusal::transport::{Unreachable, UnreachableKind};

/// Text that came from outside, fit to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntrustedText(String);

impl UntrustedText {
    /// Neutralises and bounds the text to 500 characters.
    pub fn new(text: &str) -> Self {
        Self(sanitized(text, 500).into_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UntrustedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// No account has this name or ID.
    UnknownAccount(String),
    /// Another account has this name.
    NameTaken(String),
    /// The name can't be used.
    BadName(NameError),
    /// The account was changed elsewhere meanwhile.
    ChangedElsewhere,
    /// The account was changed elsewhere after a job of it had begun, so nothing was sent.
    Outdated,
    /// The account's destinations or settings differ from those that the vault holds with its secrets, so
    /// nothing was sent.
    OtherDestination(Box<OtherDestination>),
    /// An import would take stored secrets along to other destinations, so nothing was saved.
    SecretsWouldMove(Box<SecretsWouldMove>),
    /// The account's settings make no usable provider.
    Settings(ProviderError),
    /// The grant needs a value that the account lacks: its key in files (`client_id`, `username`, …).
    ValueMissing(&'static str),
    /// A value holds what no request can carry (a line break in a header, say): its key.
    ValueUnusable(&'static str),
    /// The private key can't sign.
    BadKey(KeyError),
    /// A person must sign in: there is no token, or it can't be renewed without one.
    NeedsSignIn,
    /// The answer to the last token request was not stored: Keyfob was stopped, or the connection broke.
    Interrupted {
        /// Whether it was to renew the token, whose refresh token may be used up by now; otherwise it
        /// was to finish a sign-in, whose token is lost.
        refreshing: bool,
    },
    /// The server refused the very refresh token that is stored.
    RefreshRefused(Refusal),
    /// A refresh brought an ID token about another person than before, so nothing of it was kept (`OpenID`
    /// Connect Core, section 12.2).
    OtherSubject,
    /// The sign-in did not come to its end.
    SignIn(SignInProblem),
    /// The token endpoint refused.
    Refused(Refusal),
    /// The token endpoint answered, but gave no token.
    BadAnswer(BadAnswer),
    /// The token endpoint could not be spoken to.
    Unreachable(Unreachable),
    /// The provider, of this name, has no address for what was asked.
    NoEndpoint(String, EndpointKind),
    /// The server did not say what a token is worth.
    NotChecked(Box<Problem>),
    /// The server did not take all tokens back; they are still here.
    NotRevoked(Box<NotRevoked>),
    /// The vault could not be used.
    Vault(VaultProblem),
    /// What is on disk could not be read or written: what happened, in the system's words.
    Disk(UntrustedText),
    /// The database was written by this newer version of Keyfob, and was left as it is.
    NewerDatabase(UntrustedText),
    /// The token was received but could not be stored; it is kept until quit.
    NotSaved(VaultProblem),
    /// Another Keyfob holds this account's lock.
    Busy,
    /// A page of the web could not be opened: its address.
    PageNotOpened(UntrustedText),
    /// The clipboard did not take the text.
    Clipboard,
    /// The demo could not start.
    Demo(UntrustedText),
    /// A file could not be exported or imported.
    Archive(ArchiveProblem),
    /// An issuer's metadata gave no addresses to use.
    Discovery(DiscoveryProblem),
    /// The user has locked Keyfob.
    Locked,
    /// The database could not be read, and was set aside under this name.
    SetAside(UntrustedText),
    /// Preferences were changed outside Keyfob, and are not used until the user confirms them.
    Unconfirmed(Unconfirmed),
    /// The system gave no random numbers.
    NoRandomness,
    /// The engine has as many commands to carry out as it takes.
    QueueFull,
    /// The engine is stopping, or stopped.
    Stopped,
}

/// Why a sign-in ended, or a reply was turned away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInProblem {
    /// The user cancelled.
    Cancelled,
    /// Nothing came back in time.
    TimedOut,
    /// The redirect port is used by another program.
    PortInUse {
        /// The port.
        port: u16,
        /// Ports that were free instead.
        free: Vec<u16>,
    },
    /// The system forbids the redirect port.
    PortForbidden {
        /// The port.
        port: u16,
        /// Ports that were free instead.
        free: Vec<u16>,
    },
    /// No loopback address could be listened on.
    NoLoopback,
    /// No browser could be opened; the sign-in still waits.
    NoBrowser,
    /// The reply belongs to another sign-in; the sign-in still waits.
    StateMismatch,
    /// A pasted text holds no reply; the sign-in still waits.
    NoReplyInPaste,
    /// A bare code can't be trusted here; the sign-in still waits.
    BareCodeRefused,
    /// The browser's request is longer than is read, cookies included; the sign-in still waits.
    ReplyTooLong,
    /// The reply names another issuer, or none where one was promised.
    WrongIssuer,
    /// The reply contradicts itself (duplicate parameters, both code and error).
    Contradictory,
    /// The code for a device was not entered in time.
    CodeExpired,
    /// The device authorization endpoint answered, but gave no code.
    NoCode {
        /// The host that answered.
        host: String,
        /// HTTP status.
        status: u16,
        /// What is wrong with the answer.
        flaw: AnswerFlaw,
    },
    /// The pushed authorization request endpoint answered, but gave no address.
    NotPushed {
        /// The host that answered.
        host: String,
        /// HTTP status.
        status: u16,
        /// What is wrong with the answer.
        flaw: AnswerFlaw,
    },
    /// The ID token belongs to another sign-in.
    WrongNonce,
    /// The authorization server sent the user back with an error, or said it when asked about a code.
    Denied {
        /// The `error` value.
        code: UntrustedText,
        /// The `error_description`, where given.
        description: Option<UntrustedText>,
        /// What else makes the cause likely.
        hints: Box<Hints>,
    },
}

/// A refusal by the token endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The provider's name.
    pub provider: String,
    /// HTTP status.
    pub status: u16,
    /// The OAuth error code, where the answer has one.
    pub code: Option<UntrustedText>,
    /// The server's description, where given.
    pub description: Option<UntrustedText>,
    /// What the provider's own document says this code means.
    pub meaning: Option<String>,
    /// Where the provider hands out client IDs and secrets.
    pub secrets_place: Option<String>,
    /// The grant that was refused; absent where it was no grant that was sent.
    pub grant: Option<GrantType>,
    /// Not to be tried again before this moment.
    pub retry_at: Option<DateTime<Utc>>,
    /// What else makes the cause likely.
    pub hints: Box<Hints>,
}

/// A destination that differs from the one that secrets belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedUrl {
    /// Which one.
    pub destination: Destination,
    /// The URL that the secrets belong to; `None` if there was none.
    pub old: Option<UntrustedText>,
    /// The URL in its place.
    pub new: UntrustedText,
}

impl From<MovedDestination> for MovedUrl {
    fn from(moved: MovedDestination) -> Self {
        let MovedDestination { destination, old, new } = moved;
        Self { destination, old: old.as_deref().map(UntrustedText::new), new: UntrustedText::new(&new) }
    }
}

/// How an account differs from what the vault holds with its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherDestination {
    /// The account's name.
    pub account: UntrustedText,
    /// The destinations that differ; none where only other settings do.
    pub moved: Vec<MovedUrl>,
    /// Whether the account itself differs; otherwise its preset was edited.
    pub row_differs: bool,
}

/// What an import would do with stored secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretsWouldMove {
    /// The account's name.
    pub account: UntrustedText,
    /// The destinations that differ. Never empty.
    pub moved: Vec<MovedUrl>,
}

/// Why tokens were not taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRevoked {
    /// Whether the refresh token was taken back before it failed.
    pub refresh_revoked: bool,
    /// What happened.
    pub cause: Problem,
}

/// An answer that is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadAnswer {
    /// The host that answered.
    pub host: String,
    /// HTTP status.
    pub status: u16,
    /// What is wrong with it.
    pub kind: AnswerFlaw,
}

/// Why a file was not exported or not imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveProblem {
    /// It is sealed, and needs its passphrase.
    PassphraseNeeded,
    /// The passphrase does not open it.
    WrongPassphrase,
    /// It is damaged, or sealed in another way.
    Damaged,
    /// A newer Keyfob wrote it.
    Newer,
    /// Its passphrase asks for more work, and memory, than Keyfob spends.
    TooMuchWork,
    /// It would be, or is, larger than a file that is imported may be.
    TooLarge,
    /// There is a file of that name already.
    Exists,
    /// The secrets of the account of this name are missing, or can't be read back.
    Lacking(UntrustedText),
    /// The system said no.
    Unusable(UntrustedText),
    /// It describes no accounts that can be taken: the place and the mistake, without a value.
    Content(UntrustedText),
}

/// Why an issuer's metadata gave no addresses to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveryProblem {
    /// The issuer that was asked for.
    pub issuer: UntrustedText,
    /// Why.
    pub why: NotDiscovered,
}

/// Why nothing was discovered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotDiscovered {
    /// No metadata is in any of the usual places: what was answered there.
    Nothing {
        /// The places, with the status of each.
        tried: Vec<(UntrustedText, u16)>,
    },
    /// The server calls itself by another name.
    OtherIssuer {
        /// That name.
        said: UntrustedText,
    },
    /// It names no such address, which the grant needs.
    Missing(EndpointKind),
    /// An address in it is none, or is not https.
    Unusable(EndpointKind),
}

/// Why the vault could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultProblem {
    /// No keychain service is running.
    Absent,
    /// It is locked.
    Locked,
    /// It is a file whose passphrase was not given yet.
    PassphraseNeeded,
    /// The passphrase does not open it.
    WrongPassphrase,
    /// It forgets at quit, so nothing is moved there.
    NotLasting,
    /// Another Keyfob has moved the secrets to another place meanwhile.
    Moved,
    /// This account's secrets are in the other vault, for it was made with that one.
    Elsewhere(VaultKind),
    /// The user dismissed its prompt.
    Denied,
    /// It does not answer.
    Slow,
    /// It has no entry for this account.
    Missing,
    /// An entry can't be read back.
    Corrupt,
    /// An entry, or all of them, was written by a newer Keyfob.
    Newer,
    /// The file that holds all entries is damaged, or its two parts don't belong together.
    Damaged,
    /// The file's passphrase asks for more work, and memory, than Keyfob spends.
    TooMuchWork,
    /// An entry is larger than the keychain takes.
    TooLarge,
    /// It failed otherwise; a word about how, free of secrets.
    Failed(&'static str),
}

impl Problem {
    /// Whether trying again later, unchanged, may succeed.
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
            Self::Vault(_) | Self::NotSaved(_) | Self::Busy | Self::QueueFull => true,
            _ => false,
        }
    }

    /// The command line's exit code: 3 where a person must sign in, 4 where the vault is locked or
    /// absent, 1 otherwise.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NeedsSignIn | Self::RefreshRefused(_) | Self::OtherSubject => 3,
            Self::Vault(
                VaultProblem::Absent
                | VaultProblem::Locked
                | VaultProblem::PassphraseNeeded
                | VaultProblem::WrongPassphrase
                | VaultProblem::Denied
                | VaultProblem::Slow,
            )
            | Self::Archive(ArchiveProblem::PassphraseNeeded | ArchiveProblem::WrongPassphrase) => 4,
            _ => 1,
        }
    }
}
