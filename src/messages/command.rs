//! What the window and the command line ask of the engine.
//!
//! Owns the list of commands and drafts. Invariant: a command is complete; the engine never asks
//! back.

use std::path::PathBuf;

use chrono::TimeDelta;

use crate::base::secret::{Passphrase, PastedReturn};
use crate::domain::account::{AccountId, Client, Revision, Settings};
use crate::domain::import::{Imported, Mapping};
use crate::domain::oauth::response_mapping::ReadAs;
use crate::domain::provider::spec::ClientAuth;
use crate::domain::token::grant::Grant;
pub use crate::domain::token::token_format::CopyForm;

use super::preferences::Unconfirmed;
use super::remembered::Remembered;
use super::snapshot::{Preferences, VaultKind, WindowPlace};

/// An account as a form or a file describes it.
#[derive(Debug)]
pub struct AccountDraft {
    /// The account and the revision that was edited; `None` makes a new account.
    pub editing: Option<(AccountId, Revision)>,
    /// The name, as typed.
    pub name: String,
    /// The choices.
    pub settings: Settings,
    /// The credentials. When editing, an absent secret keeps the stored one.
    pub client: Client,
}

/// An account that is imported.
#[derive(Debug)]
pub struct ImportDraft {
    /// The account.
    pub draft: AccountDraft,
    /// Its tokens, where the file has some. Stored ones that were received later stay.
    pub grant: Option<Grant>,
    /// Whether values that its grant needs may be missing; when one is replaced, stored secrets stay.
    pub incomplete: bool,
    /// Whether it takes the place of an account of the same name.
    pub replace: bool,
    /// Whether secrets that stay stored may be sent to the account's new destinations, which the user has
    /// seen. Otherwise a draft that would change a destination of theirs is refused.
    pub move_secrets: bool,
}

impl From<Imported> for ImportDraft {
    fn from(imported: Imported) -> Self {
        let Imported { name, settings, client, grant, incomplete } = imported;
        let draft = AccountDraft { editing: None, name: name.into(), settings, client };
        Self { draft, grant, incomplete, replace: false, move_secrets: false }
    }
}

/// A request to the engine.
#[derive(Debug)]
pub enum Command {
    /// Saves a new or edited account; with `sign_in`, gets a token at once.
    Save {
        /// The account.
        draft: Box<AccountDraft>,
        /// Whether to sign in at once.
        sign_in: bool,
    },
    /// Asks an account's issuer for its addresses, without saving anything; answered by
    /// [`super::event::Event::Discovered`], or with [`super::event::Reply::Discovered`].
    Discover(Box<Settings>),
    /// Saves all of them or none. Those that have an issuer in the place of addresses get them from there
    /// first.
    Import(Vec<ImportDraft>),
    /// Reads an import file or an export, without saving anything; answered by
    /// [`super::event::Event::ImportRead`], or by the problem that a passphrase is needed.
    ReadImport {
        /// The file.
        path: PathBuf,
        /// Its passphrase, where it is sealed.
        passphrase: Option<Passphrase>,
        /// What the names of a list of names and values stand for; `None` guesses.
        mapping: Option<Mapping>,
    },
    /// Writes accounts to a new file that only this user can read; answered with
    /// [`super::event::Reply::Exported`].
    Export {
        /// The accounts; none means all.
        accounts: Vec<AccountId>,
        /// The file, which must not exist.
        path: PathBuf,
        /// With a passphrase, the file holds secrets, sealed by it; without, everything but secrets.
        passphrase: Option<Passphrase>,
        /// Whether tokens go along, in a sealed file. Many servers refuse a refresh token that is used in
        /// two places.
        with_tokens: bool,
    },
    /// Reads an account for editing; answered by [`super::event::Event::DraftReady`].
    Edit(AccountId),
    /// Makes a copy under a new name, with its credentials and without its tokens.
    Duplicate(AccountId),
    /// Deletes after 10 s, within which it can be undone.
    Delete(AccountId),
    /// Takes a deletion back.
    UndoDelete(AccountId),
    /// Deletes at once.
    Remove(AccountId),
    /// Signs in, or repeats the grant.
    SignIn {
        /// The account.
        account: AccountId,
        /// Whether a browser is opened.
        open_browser: bool,
    },
    /// Gets a token as [`Self::SignIn`] or [`Self::Refresh`] does, with another client authentication. Where
    /// that brings a token, the account keeps to it; otherwise it stays as it was.
    TryClientAuth {
        /// The account.
        account: AccountId,
        /// The other way.
        auth: ClientAuth,
        /// Whether a browser is opened, where one is needed.
        open_browser: bool,
    },
    /// Checks everything that stands between an account and its token, or what does in general; answered with
    /// [`super::event::Reply::Diagnosed`]. Sends no secret.
    Diagnose(Option<AccountId>),
    /// Tries whether a sign-in could listen at this redirect address; answered by
    /// [`super::event::Event::RedirectChecked`].
    CheckRedirect(String),
    /// Gives the account's redirect address another port, which must be registered with the provider, too.
    TakePort {
        /// The account.
        account: AccountId,
        /// The port.
        port: u16,
    },
    /// Gives a sign-in up.
    CancelSignIn(AccountId),
    /// Grants a sign-in five more minutes.
    ExtendSignIn(AccountId),
    /// Opens the sign-in address in the browser once more.
    OpenBrowserAgain(AccountId),
    /// Finishes a sign-in with what the user pasted.
    PasteReturn {
        /// The account.
        account: AccountId,
        /// An address, a query or a bare code.
        text: PastedReturn,
    },
    /// A new token now, for every grant.
    Refresh(AccountId),
    /// A token that is valid for a while, renewed if it must be; answered with [`super::event::Reply::Token`].
    Token {
        /// The account.
        account: AccountId,
        /// How long it must be valid; `None` takes the account's margin.
        min_valid: Option<TimeDelta>,
    },
    /// Copies a token that is valid for the account's margin.
    Copy {
        /// The account.
        account: AccountId,
        /// In which form.
        form: CopyForm,
    },
    /// Copies text that is no secret.
    CopyText(String),
    /// Opens a page of the web in the browser, because the user asked for it.
    OpenPage(String),
    /// Clears the clipboard, if it is still ours.
    ClearClipboard,
    /// Reads the token from the vault, to be shown for a moment; answered by an event.
    Reveal(AccountId),
    /// Reads the vault so that the token's mask can be shown.
    ReadMask(AccountId),
    /// Keeps how the account's last answer is to be read: what is meant by its places, by their number in
    /// [`super::snapshot::AccountView::answer`]. Answered with [`super::event::Reply::Saved`].
    MapAnswer {
        /// The account.
        account: AccountId,
        /// What places are read as.
        choices: Vec<(usize, ReadAs)>,
    },
    /// Asks the account's server what its token is worth; answered with [`super::event::Reply::Checked`].
    Check(AccountId),
    /// Has the account's tokens revoked, and drops them then; answered with [`super::event::Reply::Revoked`].
    Revoke(AccountId),
    /// Drops the account's tokens here; answered with [`super::event::Reply::Forgotten`].
    Forget(AccountId),
    /// Reads the account's last exchanges, so that the snapshot has them from now on; answered with
    /// [`super::event::Reply::Exchanges`].
    ReadExchanges(AccountId),
    /// Reads the accounts now, where they are so many that the engine waits for the window.
    ReadAccounts,
    /// Is answered once nothing is being finished any more that an earlier run left half done.
    Settle,
    /// Tries the vault once more.
    TryVault,
    /// Keeps secrets in memory until quit.
    UseMemoryVault,
    /// Keeps secrets there from now on; those kept elsewhere stay where they are. Memory is not stored
    /// as a choice: it is [`Self::UseMemoryVault`].
    ChooseVault(VaultKind),
    /// Moves all secrets to another vault and chooses that; answered with
    /// [`super::event::Reply::Moved`]. Deletions that could be undone are finished first. Cut short at
    /// any moment, it can be given again, also to go back.
    MoveVault {
        /// Where to: the keychain or the file.
        to: VaultKind,
        /// The passphrase of the file, be it the old place or the new one, unless it is open.
        passphrase: Option<Passphrase>,
        /// Whether the file may be made.
        create: bool,
    },
    /// Lists the accounts again that the vault knows and the database has lost, and looks for what
    /// belongs to none; answered with [`super::event::Reply::Recovered`].
    RecoverAccounts,
    /// Deletes from the vault what belongs to no account; answered with
    /// [`super::event::Reply::OrphansRemoved`].
    RemoveOrphans,
    /// Opens the file vault; with `create`, makes it where there is none. Also lifts a [`Self::Lock`].
    UnlockVault {
        /// Its passphrase.
        passphrase: Passphrase,
        /// Whether a vault may be made.
        create: bool,
    },
    /// Forgets the file vault's key; its passphrase is needed again.
    LockVault,
    /// Gives the file vault, which must be open, another passphrase.
    ChangePassphrase {
        /// The present one, which is checked.
        old: Passphrase,
        /// The new one.
        new: Passphrase,
    },
    /// Starts the demo and its account.
    StartDemo,
    /// Locks Keyfob: masks go, the clipboard is cleared, sign-ins that wait end, nothing is renewed, and no
    /// command about an account is taken. A token that is not saved yet stays. The file vault is locked
    /// with it; with a keychain this is only a curtain.
    Lock,
    /// The system is about to sleep: as [`Self::Lock`].
    SystemSleeps,
    /// Lifts [`Self::Lock`]; with the file vault that is [`Self::UnlockVault`].
    Unlock,
    /// Stores the preferences. What is [`Guarded`](super::preferences::Guarded) and changed by this is kept
    /// with the secrets, too, so that it is used.
    SetPreferences(Preferences),
    /// Uses preferences that were changed outside Keyfob from now on: those of
    /// [`super::snapshot::Snapshot::unconfirmed`], as they were shown.
    ConfirmPreferences(Unconfirmed),
    /// Remembers where the window stood.
    RememberWindow(WindowPlace),
    /// Remembers where the user was.
    Remember(Remembered),
}
