//! Events and replies from the engine, beside the snapshot.
//!
//! Invariant: an event is about one point in time; lasting state is in the snapshot.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use url::Url;

use crate::base::secret::{AccessToken, IdToken, Password, SecretText};
use crate::domain::account::{Account, AccountId};
use crate::domain::api_address::plan::KnownClient;
use crate::domain::api_address::search::FoundServer;
use crate::domain::http_log::record::HttpLogEntry;
use crate::domain::import::EnvNames;
use crate::domain::oauth::discovery::DiscoveredServer;
use crate::domain::oauth::id_token;
use crate::domain::oauth::introspection::Checked;
use crate::domain::provider::spec::ApiUse;
use crate::domain::token::grant::TokenFacts;
use crate::domain::token::token_format;

use super::command::{AccountDraft, CopyForm, ImportDraft};
use super::diagnosis::Finding;
use super::problem::{Problem, SignInProblem, UntrustedText, VaultProblem};
use super::snapshot::{DeviceCodeView, TeamView};

#[derive(Debug)]
pub enum Event {
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
    RedirectChecked {
        redirect_uri: String,
        /// Why a sign-in can't listen there; `None` if it can, or needn't.
        problem: Option<SignInProblem>,
    },
    SignInStarted(AccountId),
    /// The browser returned: bring the window to the front.
    BrowserReturned(AccountId),
    SignedIn(AccountId),
    Refreshed(AccountId),
    /// Discovery finished.
    Discovered {
        issuer: String,
        found: Box<Result<DiscoveredServer, Problem>>,
    },
    /// Something was copied to the clipboard.
    Copied {
        account: Option<AccountId>,
        form: Option<CopyForm>,
        clears_at: Option<DateTime<Utc>>,
    },
    ClipboardCleared,
    /// A token to show briefly.
    Revealed {
        account: AccountId,
        token: AccessToken,
    },
    Deleted {
        name: String,
        /// The result of revoking its tokens.
        revocation: Revocation,
        client: ClientDeletion,
    },
    /// The search for an address's server finished.
    ServerFound {
        address: String,
        found: Box<Result<AddressFound, Problem>>,
    },
    /// A deletion was undone.
    Restored(AccountId),
    /// The demo runs, with this account.
    DemoReady(AccountId),
    /// A command of the window is done: a move, a recovery, an export, another passphrase.
    Done(Reply),
    Problem {
        account: Option<AccountId>,
        problem: Problem,
    },
}

/// The result of revoking a deleted account's tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    NoTokens,
    /// The server revoked them.
    Done,
    /// The provider has no revocation endpoint: they stay valid until they expire.
    NoEndpoint,
    /// They were not revoked, for this reason.
    Failed(Box<Problem>),
}

/// The server of an address.
#[derive(Debug)]
pub struct AddressFound {
    pub server: FoundServer,
    /// The clients that accounts have there.
    pub known: Vec<KnownClient>,
}

/// What became of a deleted account's client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientDeletion {
    /// Keyfob has not registered it.
    NotRegistered,
    /// Other accounts use it.
    Shared,
    /// The server deleted it.
    Done,
    /// It stays registered with this server, for this reason.
    Kept { server: UntrustedText, why: UntrustedText },
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
    Done,
    Saved(AccountId),
    /// A sign-in waits for the browser; another reply follows when it ends.
    Waiting {
        address: Box<Url>,
        /// The redirect URI, which a pushed request's URL doesn't contain.
        redirect_uri: String,
    },
    /// A sign-in waits for this code to be entered; another reply follows when it ends.
    CodeGiven(Box<DeviceCodeView>),
    /// What discovery found.
    Discovered(Box<DiscoveredServer>),
    Token(Box<HeldToken>),
    ClientId(String),
    /// What became of [`super::command::Command::SendApiRequest`].
    ApiAnswered {
        account: AccountId,
        answer: Box<Result<ApiAnswer, Problem>>,
    },
    Moved {
        records: usize,
        /// Why they could not be deleted from the old vault, if so. Repeating the move tries again.
        left_behind: Option<VaultProblem>,
    },
    /// The vault was searched for accounts.
    Recovered {
        added: Vec<String>,
        unreadable: usize,
        orphans: usize,
    },
    /// The server's result about an account's token.
    Checked(Arc<Checked>),
    /// The server revoked an account's tokens, and they are removed here.
    Revoked,
    /// An account's tokens are removed here, without a request to the server.
    Forgotten,
    Removed {
        revocation: Revocation,
        client: ClientDeletion,
    },
    /// The server of an address.
    ServerFound(Box<AddressFound>),
    /// An account's HTTP log, the newest entry first.
    HttpLog(Arc<Vec<HttpLogEntry>>),
    /// The findings of the checks.
    Diagnosed(Vec<Finding>),
    PassphraseChanged,
    /// The number of accounts written to a file.
    Exported(usize),
    /// The number of deleted records that belonged to no account.
    OrphansRemoved(usize),
    /// The team vault has accepted the sign-in.
    TeamConnected(Box<TeamView>),
    TeamState(Box<TeamView>),
    /// Accounts were moved: their names.
    AccountsMoved(Vec<String>),
}

/// An API's answer. Its headers and its body may be confidential, but the token in them is replaced.
#[derive(Debug)]
pub struct ApiAnswer {
    pub status: u16,
    pub took_ms: i64,
    pub size_bytes: usize,
    pub headers: Vec<(String, SecretText)>,
    /// The body as text; invalid UTF-8 is replaced. Empty if it was too large.
    pub body: SecretText,
    pub is_too_large: bool,
}

/// A token that was handed out.
#[derive(Debug)]
pub struct HeldToken {
    pub account: Account,
    pub access_token: AccessToken,
    pub id_token: Option<IdToken>,
    pub facts: TokenFacts,
    /// When it should be refreshed, by the account's margin; `None` if its expiry is unknown.
    pub refresh_at: Option<DateTime<Utc>>,
    pub api: ApiUse,
    /// A URL for a cURL command: the API's, else the token endpoint's origin; empty if there is neither.
    pub example_url: String,
    /// The parts of `access_token` if that is the credentials of HTTP Basic.
    pub login: Option<BasicLogin>,
}

/// The user name and password of HTTP Basic (RFC 7617).
#[derive(Debug)]
pub struct BasicLogin {
    pub username: String,
    pub password: Password,
}

impl HeldToken {
    /// What stands alone: the password of HTTP Basic, else the token.
    pub fn alone(&self) -> &str {
        self.login.as_ref().map_or(self.access_token.expose(), |login| login.password.expose())
    }

    /// The header's name and value.
    ///
    /// # Errors
    /// [`Problem::KeyInQuery`] for a key that goes into the query.
    pub fn header(&self) -> Result<(String, SecretText), Problem> {
        match &self.api.query {
            Some(query) => Err(Problem::KeyInQuery(UntrustedText::new(query))),
            None => Ok(token_format::header(&self.api, &self.access_token)),
        }
    }

    /// When the ID token expires, by this computer's clock; `None` if there is none that can be read.
    pub fn id_token_expires_at(&self) -> Option<DateTime<Utc>> {
        id_token::expires_at(self.id_token.as_ref()?, self.facts.clock_skew_secs)
    }
}
