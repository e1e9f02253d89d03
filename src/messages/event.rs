//! Events and replies from the engine, beside the snapshot.
//!
//! Invariant: an event is about one point in time; lasting state is in the snapshot.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use url::Url;

use crate::base::secret::AccessToken;
use crate::domain::account::{Account, AccountId};
use crate::domain::http_log::record::HttpLogEntry;
use crate::domain::import::EnvNames;
use crate::domain::oauth::discovery::DiscoveredServer;
use crate::domain::oauth::introspection::Checked;
use crate::domain::provider::spec::ApiUse;
use crate::domain::token::grant::TokenFacts;

use super::command::{AccountDraft, CopyForm, ImportDraft};
use super::diagnosis::Finding;
use super::problem::{Problem, SignInProblem, VaultProblem};
use super::snapshot::DeviceCodeView;

/// An event.
#[derive(Debug)]
pub enum Event {
    /// An account was saved.
    Saved(AccountId),
    /// An account is ready for editing. The draft has no secrets; `kept` names the stored ones.
    DraftReady {
        /// The draft, without secrets.
        draft: Box<AccountDraft>,
        /// Keys of stored secrets: `client_secret`, `private_key`, `password`, or a header's name.
        kept: Vec<String>,
    },
    /// A file was read. [`super::command::Command::Import`] saves its accounts.
    ImportRead(ImportRead),
    /// A redirect URI was checked.
    RedirectChecked {
        /// The redirect URI.
        redirect_uri: String,
        /// Why a sign-in can't listen there; `None` if it can, or needn't.
        problem: Option<SignInProblem>,
    },
    /// A sign-in waits for the browser.
    SignInStarted(AccountId),
    /// The browser returned: bring the window to the front.
    BrowserReturned(AccountId),
    /// A sign-in succeeded.
    SignedIn(AccountId),
    /// A token was refreshed.
    Refreshed(AccountId),
    /// Discovery finished.
    Discovered {
        /// The issuer.
        issuer: String,
        /// What it found, or the problem.
        found: Box<Result<DiscoveredServer, Problem>>,
    },
    /// Something was copied to the clipboard.
    Copied {
        /// The account, if it was a token.
        account: Option<AccountId>,
        /// The format of a token.
        form: Option<CopyForm>,
        /// When it is cleared; `None` if it stays.
        clears_at: Option<DateTime<Utc>>,
    },
    /// The clipboard was cleared.
    ClipboardCleared,
    /// A token to show briefly.
    Revealed {
        /// The account.
        account: AccountId,
        /// The token.
        token: AccessToken,
    },
    /// An account was deleted.
    Deleted {
        /// Its name.
        name: String,
        /// The result of revoking its tokens.
        revocation: Revocation,
    },
    /// A deletion was undone.
    Restored(AccountId),
    /// The demo runs, with this account.
    DemoReady(AccountId),
    /// A command of the window is done: a move, a recovery, an export, another passphrase.
    Done(Reply),
    /// A problem occurred.
    Problem {
        /// The account, if it is about one.
        account: Option<AccountId>,
        /// The problem.
        problem: Problem,
    },
}

/// The result of revoking a deleted account's tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// There were no tokens.
    NoTokens,
    /// The server revoked them.
    Done,
    /// The provider has no revocation endpoint: they stay valid until they expire.
    NoEndpoint,
    /// They were not revoked, for this reason.
    Failed(Box<Problem>),
}

/// The content of an import file.
#[derive(Debug, Default)]
pub struct ImportRead {
    /// The accounts, with their secrets.
    pub drafts: Vec<ImportDraft>,
    /// For each account, whether its name exists already.
    pub taken: Vec<bool>,
    /// What was left out, one sentence each.
    pub left_out: Vec<String>,
    /// The names of a list of names and values, and their mapping; read the file again for another mapping.
    pub names: Option<EnvNames>,
}

/// The reply to one command.
#[derive(Debug)]
pub enum Reply {
    /// Done.
    Done,
    /// An account was saved.
    Saved(AccountId),
    /// A sign-in waits for the browser; another reply follows when it ends.
    Waiting {
        /// The authorization URL.
        address: Box<Url>,
        /// The redirect URI, which a pushed request's URL doesn't contain.
        redirect_uri: String,
    },
    /// A sign-in waits for this code to be entered; another reply follows when it ends.
    CodeGiven(Box<DeviceCodeView>),
    /// What discovery found.
    Discovered(Box<DiscoveredServer>),
    /// A token.
    Token(Box<HeldToken>),
    /// All secrets were moved.
    Moved {
        /// The number of records.
        records: usize,
        /// Why they could not be deleted from the old vault, if so. Repeating the move tries again.
        left_behind: Option<VaultProblem>,
    },
    /// The vault was searched for accounts.
    Recovered {
        /// The names of restored accounts.
        added: Vec<String>,
        /// The number of accounts with an unreadable record.
        unreadable: usize,
        /// The number of records that belong to no account.
        orphans: usize,
    },
    /// The server's result about an account's token.
    Checked(Arc<Checked>),
    /// The server revoked an account's tokens, and they are removed here.
    Revoked,
    /// An account's tokens are removed here, without a request to the server.
    Forgotten,
    /// An account was deleted.
    Removed(Revocation),
    /// An account's HTTP log, the newest entry first.
    Exchanges(Arc<Vec<HttpLogEntry>>),
    /// The findings of the checks.
    Diagnosed(Vec<Finding>),
    /// The file vault has a new passphrase.
    PassphraseChanged,
    /// The number of accounts written to a file.
    Exported(usize),
    /// The number of deleted records that belonged to no account.
    OrphansRemoved(usize),
}

/// A token that was handed out.
#[derive(Debug)]
pub struct HeldToken {
    /// The account.
    pub account: Account,
    /// The token.
    pub access_token: AccessToken,
    /// Its facts.
    pub facts: TokenFacts,
    /// How APIs expect the token.
    pub api: ApiUse,
    /// A URL for a cURL command: the API's, else the token endpoint's origin.
    pub example_url: String,
}
