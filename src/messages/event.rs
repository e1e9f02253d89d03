//! What the engine tells besides the snapshot: moments and replies.
//!
//! Owns the list of them. Invariant: an event is about one moment; whatever lasts is in the
//! snapshot.

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

/// A moment.
#[derive(Debug)]
pub enum Event {
    /// An account was saved.
    Saved(AccountId),
    /// An account can be edited; secrets are absent from the draft, `kept` names those that are stored.
    DraftReady {
        /// The draft, without secrets.
        draft: Box<AccountDraft>,
        /// Keys of the secrets that are stored: `client_secret`, `private_key`, `password`, or a header's name.
        kept: Vec<String>,
    },
    /// A file was read; what shall be saved goes back with [`super::command::Command::Import`].
    ImportRead(ImportRead),
    /// A redirect address was tried.
    RedirectChecked {
        /// The address.
        redirect_uri: String,
        /// Why a sign-in could not listen there; `None` where it could, or need not.
        problem: Option<SignInProblem>,
    },
    /// A sign-in began to wait for the browser.
    SignInStarted(AccountId),
    /// The browser came back: the window comes forward.
    BrowserReturned(AccountId),
    /// A sign-in ended well.
    SignedIn(AccountId),
    /// A token was renewed.
    Refreshed(AccountId),
    /// An issuer was asked for its addresses.
    Discovered {
        /// The issuer.
        issuer: String,
        /// What it says, or why nothing was found.
        found: Box<Result<DiscoveredServer, Problem>>,
    },
    /// Something is on the clipboard.
    Copied {
        /// The account, where it was a token.
        account: Option<AccountId>,
        /// In which form.
        form: Option<CopyForm>,
        /// When it is cleared; `None` where it stays.
        clears_at: Option<DateTime<Utc>>,
    },
    /// The clipboard was cleared.
    ClipboardCleared,
    /// A token to be shown for a moment.
    Revealed {
        /// The account.
        account: AccountId,
        /// The token.
        token: AccessToken,
    },
    /// An account is gone.
    Deleted {
        /// Its name.
        name: String,
        /// What became of its tokens with the provider.
        revocation: Revocation,
    },
    /// A deletion was undone: the account is listed again.
    Restored(AccountId),
    /// The demo runs, with this account.
    DemoReady(AccountId),
    /// What the window asked for is done: a move, a recovery, an export, another passphrase.
    Done(Reply),
    /// Something went wrong.
    Problem {
        /// The account, where there is one.
        account: Option<AccountId>,
        /// What.
        problem: Problem,
    },
}

/// What became of an account's tokens with the provider when it was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// It had none.
    NoTokens,
    /// The server has taken them back.
    Done,
    /// The provider has no address for it: they stay valid until they expire.
    NoEndpoint,
    /// They were not taken back, for this reason.
    Failed(Box<Problem>),
}

/// What a file holds that shall be imported.
#[derive(Debug, Default)]
pub struct ImportRead {
    /// The accounts, with their secrets.
    pub drafts: Vec<ImportDraft>,
    /// Which of them have the name of an account that is there, by their place.
    pub taken: Vec<bool>,
    /// What was left out, a sentence each.
    pub left_out: Vec<String>,
    /// The names of a list of names and values, and what they were taken for; another choice is told
    /// by reading the file again.
    pub names: Option<EnvNames>,
}

/// The answer to one command.
#[derive(Debug)]
pub enum Reply {
    /// It is done.
    Done,
    /// An account was saved.
    Saved(AccountId),
    /// A sign-in waits for the browser; another reply follows at its end.
    Waiting {
        /// Where to sign in.
        address: Box<Url>,
        /// Where the browser comes back to. Of a pushed request the address doesn't tell.
        redirect_uri: String,
    },
    /// A sign-in waits for this code to be entered; another reply follows at its end.
    CodeGiven(Box<DeviceCodeView>),
    /// What an issuer says of itself.
    Discovered(Box<DiscoveredServer>),
    /// A token.
    Token(Box<HeldToken>),
    /// All secrets were moved.
    Moved {
        /// How many records.
        records: usize,
        /// Why they could not be deleted at the old place, where they could not; the same move, given
        /// once more, tries again.
        left_behind: Option<VaultProblem>,
    },
    /// The vault was searched for accounts.
    Recovered {
        /// The names of those that are listed again.
        added: Vec<String>,
        /// How many have a record that can't be read.
        unreadable: usize,
        /// How many records there are that no account needs.
        orphans: usize,
    },
    /// What its server says of an account's token.
    Checked(Arc<Checked>),
    /// The server has taken all tokens of an account back, and they are gone here.
    Revoked,
    /// An account's tokens are gone here; no server was asked.
    Forgotten,
    /// An account is gone.
    Removed(Revocation),
    /// An account's last exchanges, the newest first.
    Exchanges(Arc<Vec<HttpLogEntry>>),
    /// What the checks found.
    Diagnosed(Vec<Finding>),
    /// The file vault has another passphrase.
    PassphraseChanged,
    /// So many accounts were written to a file.
    Exported(usize),
    /// So many records that belonged to no account were deleted.
    OrphansRemoved(usize),
}

/// A token in the hands of whoever asked for it.
#[derive(Debug)]
pub struct HeldToken {
    /// The account.
    pub account: Account,
    /// The token.
    pub access_token: AccessToken,
    /// Its facts.
    pub facts: TokenFacts,
    /// How APIs expect it.
    pub api: ApiUse,
    /// An address for a cURL line: the API's, else the token endpoint's origin.
    pub example_url: String,
}
