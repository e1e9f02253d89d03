//! Commands from the window and the command line to the engine.
//!
//! Invariant: a command is complete; the engine never asks back.

use std::path::PathBuf;

use chrono::TimeDelta;
use url::Url;

use crate::base::secret::{Passphrase, PastedReturn, RegistrationToken, SecretText};
use crate::domain::account::{AccountId, AccountName, Client, Revision, Settings};
use crate::domain::api::api_request::ApiRequest;
use crate::domain::api_address::plan::AddressPlan;
use crate::domain::api_address::search::SearchOptions;
use crate::domain::import::{Imported, Mapping};
use crate::domain::oauth::response_mapping::ReadAs;
use crate::domain::provider::spec::ClientAuth;
use crate::domain::team::Connection;
use crate::domain::token::grant::Grant;
pub use crate::domain::token::token_format::CopyForm;

use super::preferences::Unconfirmed;
use super::remembered::Remembered;
use super::snapshot::{Preferences, VaultKind, WindowPlace};

/// An account from a form or a file.
#[derive(Debug)]
pub struct AccountDraft {
    /// The account and the edited revision; `None` makes a new account.
    pub editing: Option<(AccountId, Revision)>,
    /// The name as typed.
    pub name: String,
    pub settings: Settings,
    /// The credentials. When editing, a missing secret keeps the stored one.
    pub client: Client,
}

/// An account to import.
#[derive(Debug)]
pub struct ImportDraft {
    pub draft: AccountDraft,
    /// Its tokens, if the file has any. Stored tokens that were received later stay.
    pub grant: Option<Grant>,
    /// Values that its grant needs may be missing. If an account is replaced, its stored secrets stay.
    pub incomplete: bool,
    /// Replaces an account with the same name.
    pub replace: bool,
    /// Stored secrets may be sent to the account's new destinations, which the user has seen. Otherwise a
    /// draft that changes their destinations is rejected.
    pub move_secrets: bool,
}

impl From<Imported> for ImportDraft {
    fn from(imported: Imported) -> Self {
        let Imported { name, settings, client, grant, incomplete } = imported;
        let draft = AccountDraft { editing: None, name: name.into(), settings, client };
        Self { draft, grant, incomplete, replace: false, move_secrets: false }
    }
}

/// An account of an address's server.
#[derive(Debug)]
pub struct AddressDraft {
    /// The name as typed.
    pub name: String,
    pub plan: AddressPlan,
    /// The client, if the user has one.
    pub client: Option<Client>,
    /// The initial access token of a registration, if the user has one.
    pub registration_token: Option<RegistrationToken>,
    /// Replaces an account with the same name.
    pub replace: bool,
    pub sign_in: bool,
}

/// A sign-in to a team vault.
#[derive(Debug)]
pub struct TeamSignIn {
    pub connection: Connection,
    pub credentials: TeamCredentials,
}

#[derive(Debug)]
pub enum TeamCredentials {
    Token(SecretText),
    Userpass {
        username: String,
        password: Passphrase,
    },
    AppRole {
        role_id_file: PathBuf,
        secret_id_file: PathBuf,
    },
    /// In the browser.
    Oidc,
}

/// A request to the engine.
#[derive(Debug)]
pub enum Command {
    /// Saves a new or edited account; with `sign_in`, gets a token at once.
    Save {
        draft: Box<AccountDraft>,
        sign_in: bool,
    },
    /// Discovers an issuer's endpoints without saving anything. The result is
    /// [`super::event::Event::Discovered`] or [`super::event::Reply::Discovered`].
    Discover(Box<Settings>),
    /// Finds the authorization server of an address, by GETs without credentials, and saves nothing. The result
    /// is [`super::event::Event::ServerFound`] or [`super::event::Reply::ServerFound`].
    FindServer {
        address: String,
        options: SearchOptions,
    },
    /// Registers a client if the plan says so, and saves the account. The reply is
    /// [`super::event::Reply::Saved`].
    AddFound(Box<AddressDraft>),
    /// Saves all or none. Accounts with an issuer instead of endpoints are discovered first.
    Import(Vec<ImportDraft>),
    /// Reads an import file or an export without saving anything. The result is
    /// [`super::event::Event::ImportRead`], or the problem that a passphrase is needed.
    ReadImport {
        path: PathBuf,
        passphrase: Option<Passphrase>,
        /// The meaning of the names in a list of names and values; `None` guesses.
        mapping: Option<Mapping>,
    },
    /// Writes accounts to a new file that only this user can read. The reply is
    /// [`super::event::Reply::Exported`].
    Export {
        accounts: Vec<AccountId>,
        path: PathBuf,
        /// With a passphrase, the file has secrets, encrypted by it; `None` omits secrets.
        passphrase: Option<Passphrase>,
        /// Include tokens in an encrypted file. Many servers reject a refresh token that is used in two
        /// places.
        with_tokens: bool,
    },
    /// Reads an account for editing. The result is [`super::event::Event::DraftReady`].
    Edit(AccountId),
    /// Makes a copy under a new name, with credentials and without tokens.
    Duplicate(AccountId),
    /// Deletes after 10 s, during which it can be undone.
    Delete(AccountId),
    UndoDelete(AccountId),
    /// Deletes at once.
    Remove(AccountId),
    /// Signs in, or repeats the grant.
    SignIn {
        account: AccountId,
        open_browser: bool,
    },
    /// Gets a token like [`Self::SignIn`] or [`Self::Refresh`], with another client authentication. If that
    /// yields a token, the account keeps the method; otherwise it stays unchanged.
    TryClientAuth {
        account: AccountId,
        auth: ClientAuth,
        open_browser: bool,
    },
    /// Checks everything needed to get an account's token; `None` checks what all accounts need. The reply is
    /// [`super::event::Reply::Diagnosed`]. Sends no secret.
    Diagnose(Option<AccountId>),
    /// Checks whether a sign-in could listen at this redirect URI. The result is
    /// [`super::event::Event::RedirectChecked`].
    CheckRedirect(String),
    /// Changes the port of the account's redirect URI, which must also be registered with the provider.
    TakePort {
        account: AccountId,
        port: u16,
    },
    CancelSignIn(AccountId),
    /// Extends a sign-in by five minutes.
    ExtendSignIn(AccountId),
    /// Opens the sign-in link in the browser again.
    OpenBrowserAgain(AccountId),
    /// Finishes a sign-in with a paste.
    PasteReturn {
        account: AccountId,
        /// A redirect URL, a query or a bare code.
        text: PastedReturn,
    },
    /// Gets a new token now, with any grant.
    Refresh(AccountId),
    /// Gets a token that stays valid for a while, refreshed if needed. The reply is
    /// [`super::event::Reply::Token`].
    Token {
        account: AccountId,
        /// The minimum validity; `None` means the account's margin.
        min_valid: Option<TimeDelta>,
    },
    /// Reads the client ID of an account. The reply is [`super::event::Reply::ClientId`].
    ReadClientId(AccountId),
    /// Sends a request to the account's API with a valid token, or with a new one. The reply is
    /// [`super::event::Reply::ApiAnswered`].
    SendApiRequest {
        account: AccountId,
        request: Box<ApiRequest>,
        /// Get a new token first.
        renew: bool,
    },
    /// Checks that the preferences' proxy and root certificate may be used for a request to this URL: the vault must
    /// confirm those that aren't at their defaults.
    ConfirmNetwork(Box<Url>),
    /// Copies a token that stays valid for the account's margin.
    Copy {
        account: AccountId,
        form: CopyForm,
    },
    /// Copies text that is not secret.
    CopyText(String),
    /// Opens a web page in the browser at the user's request.
    OpenPage(String),
    /// Clears the clipboard if Keyfob's text is still there.
    ClearClipboard,
    /// Reads the token from the vault, to be shown briefly. The result is an event.
    Reveal(AccountId),
    /// Reads the vault to show the token's mask.
    ReadMask(AccountId),
    /// Saves the mapping of the account's last response: the meaning of fields, by their index in
    /// [`super::snapshot::AccountView::answer`]. The reply is [`super::event::Reply::Saved`].
    MapAnswer {
        account: AccountId,
        /// Field indexes and their meanings.
        choices: Vec<(usize, ReadAs)>,
    },
    /// Checks the account's token with its server. The reply is [`super::event::Reply::Checked`].
    Check(AccountId),
    /// Revokes the account's tokens, then removes them here. The reply is [`super::event::Reply::Revoked`].
    Revoke(AccountId),
    /// Removes the account's tokens here. The reply is [`super::event::Reply::Forgotten`].
    Forget(AccountId),
    /// Reads the account's HTTP log, which the snapshot then includes. The reply is
    /// [`super::event::Reply::HttpLog`].
    ReadHttpLog(AccountId),
    /// Waits until nothing from an earlier run is being finished any more; then replies.
    Settle,
    /// Tries the vault again.
    TryVault,
    /// Keeps secrets in memory until quit.
    UseMemoryVault,
    /// Chooses the vault for new secrets; existing ones stay in theirs. For memory, use
    /// [`Self::UseMemoryVault`], which is not stored as a choice.
    ChooseVault(VaultKind),
    /// Moves all secrets to another vault and chooses it. The reply is [`super::event::Reply::Moved`].
    /// Deletions that could be undone are finished first. If interrupted, the command can be repeated, also
    /// in the other direction.
    MoveVault {
        to: VaultKind,
        /// The passphrase of the file, whether source or target; not needed if it is unlocked.
        passphrase: Option<Passphrase>,
        /// The file may be created.
        create: bool,
    },
    /// Restores the accounts that the vault has and the database lost, and counts orphaned records. The reply
    /// is [`super::event::Reply::Recovered`].
    RecoverAccounts,
    /// Deletes the vault's records that belong to no account. The reply is
    /// [`super::event::Reply::OrphansRemoved`].
    RemoveOrphans,
    /// Unlocks the file vault; with `create`, makes it if there is none. Also ends a [`Self::Lock`].
    UnlockVault {
        passphrase: Passphrase,
        /// A vault may be created.
        create: bool,
    },
    /// Forgets the file vault's key, so that its passphrase is needed again.
    LockVault,
    /// Changes the passphrase of the unlocked file vault.
    ChangePassphrase {
        /// The current passphrase, which is checked.
        old: Passphrase,
        new: Passphrase,
    },
    /// Opens the team vault and lists its accounts: all, or the one with this name. The reply is
    /// [`super::event::Reply::Done`].
    OpenTeam {
        only: Option<AccountName>,
    },
    /// Signs in to a team vault and keeps the connection with the secrets. The reply is
    /// [`super::event::Reply::TeamConnected`].
    ConnectTeam(Box<TeamSignIn>),
    /// Forgets the connection to the team vault.
    DisconnectTeam,
    /// Asks the team vault for its state. The reply is [`super::event::Reply::TeamState`].
    TeamState,
    /// Moves accounts to another vault, each verified before it is deleted from the old one. The reply is
    /// [`super::event::Reply::AccountsMoved`].
    MoveAccounts {
        accounts: Vec<AccountId>,
        to: VaultKind,
    },
    StartDemo,
    /// Locks Keyfob: hides masks, clears the clipboard, cancels waiting sign-ins, pauses refreshing, and
    /// rejects commands about accounts. A token that is not saved yet stays. Also locks the file vault; a
    /// keychain stays unlocked.
    Lock,
    /// The system is about to suspend; like [`Self::Lock`].
    SystemSleeps,
    /// Ends [`Self::Lock`]; for the file vault, use [`Self::UnlockVault`].
    Unlock,
    /// Stores the preferences. Changed [`Guarded`](super::preferences::Guarded) ones are also stored with the
    /// secrets, so that they are used.
    SetPreferences(Preferences),
    /// Accepts preferences that were changed outside Keyfob: those of
    /// [`super::snapshot::Snapshot::unconfirmed`], as shown.
    ConfirmPreferences(Unconfirmed),
    /// Stores the window's position and size.
    RememberWindow(WindowPlace),
    /// Stores the selection and the list's view.
    Remember(Remembered),
}
