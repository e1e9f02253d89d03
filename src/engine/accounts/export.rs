//! Exports accounts and reads import files.
//!
//! Secrets are only written encrypted. An export creates a new file that only this user can read, and removes
//! an incomplete one. Reading saves nothing.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::base::failpoint::reach;
use crate::base::secret::Passphrase;
use crate::domain::account::{Account, AccountId};
use crate::domain::import::{self, FILE_MAX_BYTES, ImportedFile, Mapping};
use crate::domain::provider::Preset;
use crate::domain::team::Role;
use crate::engine::secrets::account_store::AccountStore;
use crate::engine::secrets::account_vault;
use crate::engine::secrets::secret_reader::disagreed;
use crate::engine::worker::Worker;
use crate::messages::problem::{ArchiveProblem, Problem, UntrustedText};
use crate::store::account_export;
use crate::store::account_export::{ArchiveError, Exported};
use crate::store::database::Accounts;
use crate::store::vault::account_records::Records;
use crate::store::vault::{Vault, VaultError};

/// An export of these accounts to a new file.
pub(crate) struct ExportJob {
    /// The accounts by vault.
    pub(crate) parts: Vec<(AccountStore, Vec<Account>)>,
    pub(crate) presets: Arc<Vec<Preset>>,
    pub(crate) path: PathBuf,
    /// Encrypts the file; without it no secret is written.
    pub(crate) passphrase: Option<Passphrase>,
    /// Whether tokens are exported; only with a passphrase.
    pub(crate) with_tokens: bool,
}

impl ExportJob {
    /// Reads all accounts and writes the file; returns their number.
    ///
    /// # Errors
    /// The vault's error, an account whose secrets are missing or disagree, or the file's error. The file
    /// doesn't exist then.
    pub(crate) async fn run(self) -> Result<usize, Problem> {
        let Self { parts, presets, path, passphrase, with_tokens } = self;
        let with_tokens = with_tokens && passphrase.is_some();
        let mut exported = Vec::new();
        for (store, accounts) in parts {
            exported.extend(read_all(&store, accounts, Arc::clone(&presets), with_tokens).await?);
        }
        exported.sort_by(|a, b| a.account.name.key().cmp(b.account.name.key()));
        let count = exported.len();
        on_a_thread(move || write(&exported, &path, passphrase.as_ref())).await.map(|()| count)
    }
}

/// Reads accounts of one vault.
async fn read_all(
    store: &AccountStore,
    accounts: Vec<Account>,
    presets: Arc<Vec<Preset>>,
    with_tokens: bool,
) -> Result<Vec<Exported>, Problem> {
    // An unreadable database says nothing about the vault.
    let stored = store.on_disk(Accounts::load).await.unwrap_or_default().accounts;
    let here = store.vault_kind();
    let elsewhere = stored.into_iter().filter(|row| account_vault::is_elsewhere(row, here));
    let elsewhere: BTreeSet<AccountId> = elsewhere.map(|row| row.account.id).collect();
    let read = store.in_vault(move |vault| {
        if let Some(team) = vault.team() {
            team.need(Role::Renew)?;
        }
        let mut exported = Vec::with_capacity(accounts.len());
        for account in accounts {
            if elsewhere.contains(&account.id) {
                return Ok(Err(lacking(&account)));
            }
            match read_one(vault, account, &presets, with_tokens)? {
                Ok(read) => exported.push(read),
                Err(problem) => return Ok(Err(problem)),
            }
        }
        Ok(Ok(exported))
    });
    read.await.map_err(Problem::Vault)?
}

/// Reads one account. The inner error concerns that account alone; the export must be complete.
fn read_one(
    vault: &mut dyn Vault,
    account: Account,
    presets: &[Preset],
    with_tokens: bool,
) -> Result<Result<Exported, Problem>, VaultError> {
    let is_of_team = vault.team().is_some();
    let mut records = Records::new(vault);
    let read = if with_tokens { records.read_secrets(&account.id) } else { records.read_client(&account.id) };
    let record = match read {
        Ok(Some(record)) => record,
        Ok(None) | Err(VaultError::Corrupt | VaultError::Newer) => return Ok(Err(lacking(&account))),
        Err(error) => return Err(error),
    };
    // A team's list may have its accounts without their settings.
    let account = if is_of_team { record.account().clone() } else { account };
    Ok(match record.secrets_for(presets, &account.settings) {
        Ok((client, grant)) => Ok(Exported { account, client, grant }),
        Err(refused) => Err(disagreed(&refused.0, &account, refused.1)),
    })
}

/// Reads an import file on a thread of its own.
///
/// # Errors
/// [`Problem::Archive`].
pub(crate) async fn read_import(
    path: PathBuf,
    passphrase: Option<Passphrase>,
    mapping: Option<Mapping>,
    presets: Arc<Vec<Preset>>,
) -> Result<ImportedFile, Problem> {
    on_a_thread(move || read_file(&path, passphrase.as_ref(), mapping.as_ref(), &presets)).await
}

/// The problem of an account whose secrets are missing or unreadable.
fn lacking(account: &Account) -> Problem {
    Problem::Archive(ArchiveProblem::Lacking(UntrustedText::new(account.name.as_str())))
}

async fn on_a_thread<R: Send + 'static>(
    job: impl FnOnce() -> Result<R, ArchiveProblem> + Send + 'static,
) -> Result<R, Problem> {
    let gone = || {
        Problem::Archive(ArchiveProblem::Unusable(UntrustedText::new("the system couldn't start a thread")))
    };
    let worker = Worker::start("archive", || ()).map_err(|_| gone())?;
    let done = worker.run(move |()| job()).await.map_err(|_| gone())?;
    done.map_err(Problem::Archive)
}

fn write(exported: &[Exported], path: &Path, passphrase: Option<&Passphrase>) -> Result<(), ArchiveProblem> {
    let bytes = match passphrase {
        Some(passphrase) => account_export::seal(exported, passphrase),
        None => account_export::plain(exported).map(String::into_bytes),
    };
    let bytes = bytes.map_err(|error| archive_problem(&error))?;
    put(path, &bytes).map_err(|error| unusable(&error))
}

/// Writes a new file for this user alone. It is written beside its final name first, so a kill leaves no
/// partial file under that name.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".keyfob-part");
    let part = PathBuf::from(part);
    // Left by a killed export.
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if fs::symlink_metadata(path).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let written = write_part(&part, bytes).and_then(|()| {
        reach("export: written beside its place");
        put_in_place(&part, path)
    });
    if written.is_ok() {
        reach("export: in its place");
    }
    let _ = fs::remove_file(&part);
    written
}

fn write_part(part: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(part)?;
    let (half, rest) = bytes.split_at(bytes.len() / 2);
    file.write_all(half)?;
    reach("export: half written");
    file.write_all(rest)?;
    file.sync_all()
}

/// A hard link overwrites nothing, but not every file system has them.
fn put_in_place(part: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(part, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => fs::rename(part, path),
        linked => linked,
    }
}

fn read_file(
    path: &Path,
    passphrase: Option<&Passphrase>,
    mapping: Option<&Mapping>,
    presets: &[Preset],
) -> Result<ImportedFile, ArchiveProblem> {
    // Opening a named pipe would block until something writes to it.
    if !fs::metadata(path).map_err(|error| unusable(&error))?.is_file() {
        return Err(ArchiveProblem::Unusable(UntrustedText::new("it is not a file")));
    }
    let file = File::open(path).map_err(|error| unusable(&error))?;
    // Allocated at once: a growing buffer leaves copies of secrets in memory.
    let length = file.metadata().map_or(0, |found| usize::try_from(found.len()).unwrap_or(usize::MAX));
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.min(FILE_MAX_BYTES) + 64));
    let limit = u64::try_from(FILE_MAX_BYTES).unwrap_or(u64::MAX);
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| unusable(&error))?;
    if bytes.len() > FILE_MAX_BYTES {
        return Err(ArchiveProblem::TooLarge);
    }
    let found = match passphrase {
        None if account_export::is_sealed(&bytes) => return Err(ArchiveProblem::PassphraseNeeded),
        Some(passphrase) if account_export::is_sealed(&bytes) => {
            account_export::open(&bytes, passphrase, presets)
                .map(|accounts| ImportedFile { accounts, ..ImportedFile::default() })
        }
        _ => {
            let text = std::str::from_utf8(&bytes).map_err(|_| ArchiveProblem::Damaged)?;
            import::read_any(text, presets, mapping).map_err(ArchiveError::from)
        }
    };
    found.map_err(|error| archive_problem(&error))
}

pub(crate) fn archive_problem(error: &ArchiveError) -> ArchiveProblem {
    match error {
        ArchiveError::WrongPassphrase => ArchiveProblem::WrongPassphrase,
        ArchiveError::Damaged => ArchiveProblem::Damaged,
        ArchiveError::TooMuchWork => ArchiveProblem::TooMuchWork,
        ArchiveError::Newer => ArchiveProblem::Newer,
        ArchiveError::TooLarge => ArchiveProblem::TooLarge,
        ArchiveError::Failed => ArchiveProblem::Unusable(UntrustedText::new("it could not be encrypted")),
        ArchiveError::Import(error) => ArchiveProblem::Content(UntrustedText::new(&error.to_string())),
    }
}

fn unusable(error: &io::Error) -> ArchiveProblem {
    match error.kind() {
        io::ErrorKind::AlreadyExists => ArchiveProblem::Exists,
        _ => ArchiveProblem::Unusable(UntrustedText::new(&error.to_string())),
    }
}
