//! What the window and the command line ask of the engine.
//!
//! Owns the list of commands and drafts. Invariant: a command is complete; the engine never asks
//! back.

use chrono::TimeDelta;

use crate::domain::account::{AccountId, Client, Revision, Settings};
pub use crate::domain::forms::CopyForm;
use crate::secret::{Passphrase, PastedReturn};

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
    /// Saves all of them or none.
    Import {
        /// The accounts.
        drafts: Vec<AccountDraft>,
        /// Whether an account of the same name is replaced.
        replace: bool,
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
    /// Clears the clipboard, if it is still ours.
    ClearClipboard,
    /// Reads the token from the vault, to be shown for a moment; answered by an event.
    Reveal(AccountId),
    /// Reads the vault so that the token's mask can be shown.
    ReadMask(AccountId),
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
    /// Lifts [`Self::Lock`]; with the file vault that is [`Self::UnlockVault`].
    Unlock,
    /// Stores the preferences.
    SetPreferences(Preferences),
    /// Remembers where the window stood.
    RememberWindow(WindowPlace),
    /// Stops: clears the clipboard, finishes deletions, closes listeners.
    Quit,
}
