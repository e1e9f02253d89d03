//! What a finished job brings, and who takes it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::Engine;
use crate::domain::account::{Account, AccountId, Client, Revision};
use crate::domain::api_address::search::FoundServer;
use crate::domain::http_log::record::HttpLogEntry;
use crate::domain::import::ImportedFile;
use crate::domain::oauth::device::DeviceAuthorization;
use crate::domain::oauth::discovery::DiscoveredServer;
use crate::domain::oauth::introspection::Checked;
use crate::domain::session::Attempt;
use crate::domain::token::grant::{Grant, TokenFacts};
use crate::engine::accounts::account_save::Saved;
use crate::engine::accounts::crash_recovery::Recovered;
use crate::engine::accounts::deletion::AfterFailure;
use crate::engine::api_address::client::{ReadyAccount, SavedAccount};
use crate::engine::publishing::outbox::{Replies, ReplyTo, answer};
use crate::engine::secrets::secret_reader::Party;
use crate::engine::secrets::team::{OpenTeam, TeamListed, TeamLook};
use crate::engine::secrets::vault_migration::ChosenVault;
use crate::engine::sign_in::authorization::Prepared;
use crate::engine::tokens::renewal::TokenResult;
use crate::engine::waiters::LookupAttempt;
use crate::messages::command::{Command, CopyForm};
use crate::messages::event::{ClientDeletion, Event, Reply, Revocation};
use crate::messages::problem::{Problem, VaultProblem};
use crate::messages::snapshot::{TeamView, VaultKind};
use crate::store::database::{InFlight, Stored, StoredAccount};
use crate::store::user_presets::OwnPresets;
use crate::store::vault::client_record::ClientRecord;
use crate::store::vault::team::TeamAccount;

/// A result for the caller.
pub(super) struct Completion {
    pub(super) result: Result<Reply, Problem>,
    pub(super) replies: Replies,
}

/// Why a token was read.
pub(super) enum TokenUse {
    /// To copy it.
    Copy(CopyForm, LookupAttempt),
    /// To pass it to a caller.
    HandOut(ReplyTo, LookupAttempt),
    /// To show it briefly.
    Reveal(Replies),
    /// To show its mask.
    Mask(Replies),
}

/// What follows once the vault's record has guarded preferences.
pub(super) enum AfterAccepted {
    /// Store these preferences, by key. `needs_record` if one of them is not a default.
    Store { changes: BTreeMap<String, String>, needs_record: bool },
    /// Nothing: they are stored.
    Nothing,
}

/// A read of the database.
pub(super) struct DatabaseRead {
    /// [`AccountTable::edits`](crate::engine::accounts::account_table::AccountTable::edits) when it began.
    pub(super) edits: u64,
    /// The user's presets, at the first read.
    pub(super) own: Option<OwnPresets>,
    pub(super) stored: Result<(Stored, i64), Problem>,
}

/// A finished job.
pub(super) enum JobDone {
    /// The job reported its failure in the log.
    Nothing,
    /// Only a caller learns of the result.
    Answered(Completion),
    /// The window learns of a problem, a caller of the result.
    Completed(Completion),
    /// The window or the caller learns of the result.
    Reported(Completion),
    DatabaseRead(Box<DatabaseRead>),
    DataVersionRead(Result<i64, Problem>),
    DraftSaved {
        editing: Option<AccountId>,
        sign_in: bool,
        saved: Result<Saved, Problem>,
        replies: Replies,
    },
    OverrideSaved {
        id: AccountId,
        saved: Result<Saved, Problem>,
        replies: Replies,
    },
    Imported {
        saved: Result<Vec<Saved>, Problem>,
        replaces: bool,
        replies: Replies,
    },
    ImportRead {
        read: Result<ImportedFile, Problem>,
        replies: Replies,
    },
    EditRead {
        account: Box<Account>,
        read: Result<Box<ClientRecord>, VaultProblem>,
        replies: Replies,
    },
    DuplicateRead {
        original: Box<Account>,
        name: String,
        client: Result<Box<Client>, Problem>,
        replies: Replies,
    },
    DeletionMarked {
        id: AccountId,
        marked: Result<(), Problem>,
        replies: Replies,
    },
    DeletionUndone {
        id: AccountId,
        undone: Result<(), Problem>,
        replies: Replies,
    },
    Deleted {
        id: AccountId,
        name: String,
        deleted: Result<(Revocation, ClientDeletion), (Problem, AfterFailure)>,
        replies: Replies,
    },
    Recovered {
        row: Box<StoredAccount>,
        recovered: Recovered,
        revocation: Revocation,
    },
    AccountsRecovered {
        recovered: Result<Reply, Problem>,
        replies: Replies,
    },
    MarkCompared {
        id: AccountId,
        mark: InFlight,
        stored: Option<TokenFacts>,
    },
    SignInPrepared {
        id: AccountId,
        attempt: Attempt,
        prepared: Result<Box<Prepared>, Problem>,
    },
    CodeGiven {
        id: AccountId,
        attempt: Attempt,
        given: Result<Box<(Party, DeviceAuthorization)>, Problem>,
    },
    BrowserOpened {
        id: AccountId,
        attempt: Attempt,
        opened: bool,
        not_confirmed: Option<VaultProblem>,
    },
    Discovered {
        issuer: String,
        found: Result<DiscoveredServer, Problem>,
        replies: Replies,
    },
    ServerFound {
        address: String,
        found: Result<Box<FoundServer>, Problem>,
        replies: Replies,
    },
    ClientReady {
        ready: Result<Box<ReadyAccount>, Problem>,
        replace: bool,
        replies: Replies,
    },
    AddressSaved(SavedAccount),
    ClientUpdated {
        id: AccountId,
        updated: Result<(), Problem>,
    },
    TokenObtained {
        id: AccountId,
        attempt: Attempt,
        revision: Revision,
        result: Box<TokenResult>,
    },
    TokenOffered {
        id: AccountId,
        generation: u64,
        offered: Result<TokenFacts, Problem>,
    },
    TokenRead {
        id: AccountId,
        token_use: TokenUse,
        read: Result<Option<std::rc::Rc<Grant>>, Problem>,
    },
    TokenLookedUp {
        id: AccountId,
        facts: Result<Option<TokenFacts>, VaultProblem>,
        /// The key of a value that the account lacks.
        missing: Option<&'static str>,
        command: Box<Command>,
        replies: Replies,
    },
    TokenChecked {
        id: AccountId,
        checked: Result<Checked, Problem>,
        replies: Replies,
    },
    TokensDropped {
        id: AccountId,
        dropped: Result<(), Problem>,
        reply: Reply,
        replies: Replies,
    },
    TokenCopied {
        id: AccountId,
        form: CopyForm,
        clears_at: Option<DateTime<Utc>>,
        /// When the copied ID token expired, if it had.
        expired_at: Option<DateTime<Utc>>,
        put: Result<(), Problem>,
    },
    TextCopied {
        put: Result<(), Problem>,
        replies: Replies,
    },
    ClipboardCleared(Replies),
    HttpLogRead {
        id: AccountId,
        read: Result<Vec<HttpLogEntry>, Problem>,
        replies: Replies,
    },
    VaultTried {
        tried: Result<(), VaultProblem>,
        replies: Replies,
    },
    VaultChosen {
        kind: VaultKind,
        stored: Result<(), Problem>,
        replies: Replies,
    },
    PassphraseTried {
        tried: Result<(), VaultProblem>,
        /// [`Secrets::lock_count`](crate::engine::secrets::vault_selection::Secrets::lock_count) before.
        lock_count: u64,
        is_in_use: bool,
        reply: Reply,
        replies: Replies,
    },
    SecretsCopied {
        chosen: Result<Box<ChosenVault>, Problem>,
        replies: Replies,
    },
    OldVaultCleared {
        records: usize,
        cleared: Result<(), Problem>,
        replies: Replies,
    },
    PreferencesAccepted {
        accepted: Result<(), VaultProblem>,
        then: AfterAccepted,
        replies: Replies,
    },
    TeamListed {
        listed: Result<Box<TeamListed>, VaultProblem>,
        replies: Replies,
    },
    TeamLooked {
        looked: Result<TeamLook, VaultProblem>,
    },
    TeamLookedAt {
        id: AccountId,
        found: Result<Option<Box<TeamAccount>>, VaultProblem>,
        then: Option<Box<(Command, Replies)>>,
    },
    TeamConnected {
        connected: Result<Box<(OpenTeam, TeamView)>, Problem>,
        kind: VaultKind,
        replies: Replies,
    },
    TeamDisconnected {
        forgotten: Result<(), Problem>,
        replies: Replies,
    },
    TeamStateFound {
        state: Result<Box<(OpenTeam, TeamView)>, VaultProblem>,
        replies: Replies,
    },
    AccountsMoved {
        moved: Result<(), Problem>,
        names: Vec<String>,
        replies: Replies,
    },
    DemoStored {
        id: AccountId,
        written: Result<(), VaultProblem>,
        replies: Replies,
    },
}

impl Engine {
    #[expect(clippy::too_many_lines, reason = "one arm a kind of job")]
    pub(super) fn job_done(&mut self, done: JobDone) {
        match done {
            JobDone::Nothing => {}
            JobDone::Answered(Completion { result, replies }) => answer(replies, result),
            JobDone::Completed(Completion { result: Ok(reply), replies }) => answer(replies, Ok(reply)),
            JobDone::Reported(Completion { result: Ok(reply), replies }) => self.report(reply, replies),
            JobDone::Completed(Completion { result: Err(problem), replies })
            | JobDone::Reported(Completion { result: Err(problem), replies }) => {
                self.fail(None, problem, replies);
            }
            JobDone::DatabaseRead(read) => self.database_read(*read),
            JobDone::DataVersionRead(version) => self.data_version_read(version),
            JobDone::DraftSaved { editing, sign_in, saved, replies } => {
                self.draft_saved(editing.as_ref(), sign_in, saved, replies);
            }
            JobDone::OverrideSaved { id, saved, replies } => self.override_saved(id, saved, replies),
            JobDone::Imported { saved, replaces, replies } => self.imported(saved, replaces, replies),
            JobDone::ImportRead { read, replies } => self.import_read(read, replies),
            JobDone::EditRead { account, read, replies } => {
                self.edit_read(*account, read.map(|record| *record), replies);
            }
            JobDone::DuplicateRead { original, name, client, replies } => {
                self.duplicate_read(*original, name, client.map(|client| *client), replies);
            }
            JobDone::DeletionMarked { id, marked, replies } => self.deletion_marked(&id, marked, replies),
            JobDone::DeletionUndone { id, undone, replies } => self.deletion_undone(&id, undone, replies),
            JobDone::Deleted { id, name, deleted, replies } => self.deleted(&id, name, deleted, replies),
            JobDone::Recovered { row, recovered, revocation } => self.recovered(*row, recovered, revocation),
            JobDone::AccountsRecovered { recovered, replies } => self.accounts_recovered(recovered, replies),
            JobDone::MarkCompared { id, mark, stored } => self.mark_compared(&id, mark, stored),
            JobDone::SignInPrepared { id, attempt, prepared } => {
                self.sign_in_prepared(&id, attempt, prepared);
            }
            JobDone::CodeGiven { id, attempt, given } => self.code_given(&id, attempt, given),
            JobDone::BrowserOpened { id, attempt, opened, not_confirmed } => {
                self.browser_opened(&id, attempt, opened, not_confirmed);
            }
            JobDone::Discovered { issuer, found, replies } => self.discovered(issuer, found, replies),
            JobDone::ServerFound { address, found, replies } => self.server_found(address, found, replies),
            JobDone::ClientReady { ready, replace, replies } => self.client_ready(ready, replace, replies),
            JobDone::ClientUpdated { id, updated } => self.client_updated(&id, updated),
            JobDone::AddressSaved(done) => self.address_saved(done),
            JobDone::TokenObtained { id, attempt, revision, result } => {
                self.token_obtained(&id, attempt, revision, *result);
            }
            JobDone::TokenOffered { id, generation, offered } => {
                self.token_offered(&id, generation, offered);
            }
            JobDone::TokenRead { id, token_use, read } => self.token_read(&id, token_use, read),
            JobDone::TokenLookedUp { id, facts, missing, command, replies } => {
                self.token_looked_up(&id, facts, missing, *command, replies);
            }
            JobDone::TokenChecked { id, checked, replies } => self.token_checked(&id, checked, replies),
            JobDone::TokensDropped { id, dropped, reply, replies } => {
                self.tokens_dropped(&id, dropped, reply, replies);
            }
            JobDone::TokenCopied { id, form, clears_at, expired_at, put } => {
                self.token_copied(id, form, clears_at, expired_at, put);
            }
            JobDone::TextCopied { put, replies } => self.text_copied(put, replies),
            JobDone::ClipboardCleared(replies) => {
                self.emit(Event::ClipboardCleared);
                answer(replies, Ok(Reply::Done));
            }
            JobDone::HttpLogRead { id, read, replies } => self.http_log_read(&id, read, replies),
            JobDone::VaultTried { tried, replies } => self.vault_tried(tried, replies),
            JobDone::VaultChosen { kind, stored, replies } => self.vault_chosen(kind, stored, replies),
            JobDone::PassphraseTried { tried, lock_count, is_in_use, reply, replies } => {
                self.passphrase_tried(tried, lock_count, is_in_use, reply, replies);
            }
            JobDone::SecretsCopied { chosen, replies } => self.secrets_copied(chosen, replies),
            JobDone::OldVaultCleared { records, cleared, replies } => {
                self.old_vault_cleared(records, cleared, replies);
            }
            JobDone::PreferencesAccepted { accepted, then, replies } => {
                self.preferences_accepted(accepted, then, replies);
            }
            JobDone::TeamListed { listed, replies } => self.team_listed(listed, replies),
            JobDone::TeamLooked { looked } => self.team_looked(looked),
            JobDone::TeamLookedAt { id, found, then } => {
                self.team_looked_at(&id, found, then.map(|then| *then));
            }
            JobDone::TeamConnected { connected, kind, replies } => {
                self.team_connected(connected, kind, replies);
            }
            JobDone::TeamDisconnected { forgotten, replies } => self.team_disconnected(forgotten, replies),
            JobDone::TeamStateFound { state, replies } => self.team_state_found(state, replies),
            JobDone::AccountsMoved { moved, names, replies } => self.accounts_moved(moved, names, replies),
            JobDone::DemoStored { id, written, replies } => self.demo_stored(id, written, replies),
        }
    }
}
