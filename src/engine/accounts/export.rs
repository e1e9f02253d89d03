//! Exports accounts and reads import files.
//!
//! Secrets are only written encrypted. An export creates a new file that only this user can read, and removes
//! an incomplete one. Reading saves nothing.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::crash_recovery;
use crate::base::failpoint::reach;
use crate::base::secret::Passphrase;
use crate::domain::account::{Account, AccountId};
use crate::domain::import::{self, FILE_MAX_BYTES, ImportedFile, Mapping};
use crate::domain::provider::Preset;
use crate::engine::event_loop::{Engine, Replies, Then, answer};
use crate::engine::secrets::secret_reader::disagreed;
use crate::engine::worker::Worker;
use crate::messages::command::ImportDraft;
use crate::messages::event::{Event, ImportRead, Reply};
use crate::messages::problem::{ArchiveProblem, Problem, UntrustedText};
use crate::store::account_export;
use crate::store::account_export::{ArchiveError, Exported};
use crate::store::database::Accounts;
use crate::store::vault::VaultError::{Corrupt, Newer};
use crate::store::vault::account_records::Records;

impl Engine {
    pub(crate) fn export(
        &mut self,
        ids: &[AccountId],
        path: PathBuf,
        passphrase: Option<Passphrase>,
        with_tokens: bool,
        replies: Replies,
    ) {
        let shown = self.entries.values().filter(|entry| entry.deleting_until.is_none() && !entry.ephemeral);
        let mut accounts: Vec<_> = shown.map(|entry| entry.account.clone()).collect();
        if !ids.is_empty() {
            if let Some(id) = ids.iter().find(|id| !accounts.iter().any(|account| account.id == **id)) {
                return self.fail(None, Problem::UnknownAccount(id.to_string()), replies);
            }
            accounts.retain(|account| ids.contains(&account.id));
        }
        accounts.sort_by(|a, b| a.name.key().cmp(b.name.key()));
        let (door, stored) = (self.door.clone(), self.disk(Accounts::load));
        let presets = std::sync::Arc::clone(&self.presets);
        let with_tokens = with_tokens && passphrase.is_some();
        self.spawn(async move {
            // An unreadable database says nothing about the vault.
            let stored = stored.await.unwrap_or_default().accounts;
            let here = crash_recovery::word(door.kind());
            let elsewhere = stored.into_iter().filter(|row| crash_recovery::is_elsewhere(row, here));
            let elsewhere: BTreeSet<AccountId> = elsewhere.map(|row| row.account.id).collect();
            let read = door.call(move |vault| {
                let mut records = Records::new(vault);
                let mut exported = Vec::with_capacity(accounts.len());
                for account in accounts {
                    if elsewhere.contains(&account.id) {
                        return Ok(Err(lacking(&account)));
                    }
                    let read = if with_tokens {
                        records.read_secrets(&account.id)
                    } else {
                        records.read_client(&account.id)
                    };
                    let record = match read {
                        Ok(Some(record)) => record,
                        // The error concerns one account, and the export must be complete.
                        Ok(None) | Err(Corrupt | Newer) => return Ok(Err(lacking(&account))),
                        Err(error) => return Err(error),
                    };
                    match record.secrets_for(&presets, &account.settings) {
                        Ok((client, grant)) => exported.push(Exported { account, client, grant }),
                        Err(refused) => {
                            return Ok(Err(disagreed(&refused.0, &account, refused.1)));
                        }
                    }
                }
                Ok(Ok(exported))
            });
            let written = async {
                let exported = read.await.map_err(Problem::Vault)??;
                let count = exported.len();
                let job = move || write(&exported, &path, passphrase.as_ref());
                on_a_thread(job).await.map(|()| count)
            };
            let written: Result<usize, Problem> = written.await;
            let then: Then = Box::new(move |engine| match written {
                Ok(count) => engine.report(Reply::Exported(count), replies),
                Err(problem) => engine.fail(None, problem, replies),
            });
            then
        });
    }

    pub(crate) fn read_import(
        &mut self,
        path: PathBuf,
        passphrase: Option<Passphrase>,
        mapping: Option<Mapping>,
        replies: Replies,
    ) {
        let presets = std::sync::Arc::clone(&self.presets);
        self.spawn(async move {
            let job = move || read_file(&path, passphrase.as_ref(), mapping.as_ref(), &presets);
            let read = on_a_thread(job).await;
            let then: Then = Box::new(move |engine| match read {
                Ok(ImportedFile { accounts, left_out, names }) => {
                    let drafts: Vec<ImportDraft> = accounts.into_iter().map(ImportDraft::from).collect();
                    let is_taken = |draft: &ImportDraft| {
                        let name = crate::domain::account::AccountName::new(&draft.draft.name);
                        name.is_ok_and(|name| engine.find(&name).is_some())
                    };
                    let taken = drafts.iter().map(is_taken).collect();
                    engine.tell(Event::ImportRead(ImportRead { drafts, taken, left_out, names }));
                    answer(replies, Ok(Reply::Done));
                }
                Err(problem) => engine.fail(None, problem, replies),
            });
            then
        });
    }
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
