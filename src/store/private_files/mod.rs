//! Private files, replaced atomically.
//!
//! Reads, writes and locks the store's own files. Invariants: at any time a name has either its old bytes or
//! its new ones; a file is readable only by its owner (0600) and on disk before it counts; symbolic links are
//! not followed; what could not be read back never replaces anything.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::home::{self, HomeError};
use super::step::step;
use crate::base::failpoint::reach;

/// The number of attempts to lock and their interval: ten seconds in all.
const LOCK_TRIES: u32 = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Why reading or writing a file failed. Contains no path, so that any error can include it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{}", self.words())]
pub enum FileError {
    Full,
    ReadOnly,
    Denied,
    /// Not a regular file, for example a symbolic link.
    NotAFile,
    Exists,
    /// Larger than such a file can be.
    TooLarge,
    /// The file differs from what was written.
    NotReadBack,
    /// Another process holds the lock for too long.
    Busy,
    Failed,
}

impl FileError {
    pub fn words(self) -> &'static str {
        match self {
            Self::Full => "the disk is full",
            Self::ReadOnly => "the disk is read-only",
            Self::Denied => "the system denies access to a file",
            Self::NotAFile => "something that is not a file has a file's name; remove it",
            Self::Exists => "the file already exists",
            Self::TooLarge => "a file is too large",
            Self::NotReadBack => "a file could not be read back as written",
            Self::Busy => "another program has locked a file",
            Self::Failed => "a file could not be read or written",
        }
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full
            }
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::PermissionDenied => Self::Denied,
            io::ErrorKind::AlreadyExists => Self::Exists,
            _ => Self::Failed,
        }
    }
}

impl From<HomeError> for FileError {
    fn from(error: HomeError) -> Self {
        match error {
            HomeError::Io { source, .. } => source.into(),
            HomeError::Symlink(_) | HomeError::Unfit { .. } => Self::NotAFile,
            HomeError::NoPlace => Self::Failed,
        }
    }
}

/// Reads a file of at most `limit_bytes`; `None` if there is none.
pub(super) fn read(path: &Path, limit_bytes: u64) -> Result<Option<Vec<u8>>, FileError> {
    if !home::check_file(path)? {
        return Ok(None);
    }
    let file = match home::options().write(false).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    file.take(limit_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit_bytes { Err(FileError::TooLarge) } else { Ok(Some(bytes)) }
}

/// Replaces or creates a file. `is_good` checks what is read back; until then a backup is kept, and restored
/// if the check fails.
///
/// The caller holds the file's lock.
pub(super) fn replace(
    path: &Path,
    bytes: &[u8],
    is_good: impl FnOnce(&[u8]) -> bool,
) -> Result<(), FileError> {
    let (new, old) = (with_suffix(path, ".new"), with_suffix(path, ".old"));
    let is_there = home::check_file(path)?;
    remove(&new)?;
    if let Err(error) = write_new(&new, bytes).and_then(|()| {
        if is_there {
            remove(&old)?;
            keep(path, &old)?;
        }
        step("replace.rename")?;
        reach("file: written beside");
        Ok(fs::rename(&new, path)?)
    }) {
        let _ = remove(&new).and_then(|()| remove(&old));
        return Err(error);
    }
    sync_folder(path)?;
    reach("file: replaced");
    let came_back = read(path, bytes.len() as u64).ok().flatten().is_some_and(|back| is_good(&back));
    if !came_back {
        if is_there {
            step("replace.put_back")?;
            fs::rename(&old, path)?;
            sync_folder(path)?;
        }
        return Err(FileError::NotReadBack);
    }
    remove(&old)?;
    sync_folder(path)
}

/// Creates a private file, which must not exist. Doesn't wait for the disk: such files end with the process
/// anyway, and the window's start waits for this.
///
/// # Errors
/// [`FileError`]; a partly written file is removed.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut file = home::options().create_new(true).open(path)?;
    file.write_all(bytes).map_err(|error| {
        let _ = remove(path);
        error.into()
    })
}

/// Completes an interrupted [`replace`] after the caller has found the file good or not. If only the backup
/// is good, the file is set aside and the backup restored.
///
/// The caller holds the file's lock.
pub(super) fn recover(
    path: &Path,
    limit_bytes: u64,
    file_is_good: bool,
    is_good: impl FnOnce(&[u8]) -> bool,
) -> Result<(), FileError> {
    let old = with_suffix(path, ".old");
    remove(&with_suffix(path, ".new"))?;
    if file_is_good {
        return remove(&old);
    }
    if read(&old, limit_bytes)?.is_some_and(|bytes| is_good(&bytes)) {
        set_aside(path, &[])?;
        step("recover.put_back")?;
        fs::rename(&old, path)?;
        sync_folder(path)?;
    }
    Ok(())
}

/// Renames a file to an unused name, `<name>.broken-<n>`, with the files of the same name and a suffix;
/// returns the new path. `None` if there is no such file.
///
/// The caller holds the file's lock.
pub(super) fn set_aside(path: &Path, suffixes: &[&str]) -> Result<Option<PathBuf>, FileError> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    let is_there = |path: &Path| fs::symlink_metadata(path).is_ok();
    // A number that only a suffixed file has belongs to an interrupted rename.
    let is_free = |aside: &Path| {
        !is_there(aside)
            && suffixes
                .iter()
                .all(|suffix| !is_there(&with_suffix(path, suffix)) || !is_there(&with_suffix(aside, suffix)))
    };
    let aside = (1..10_000)
        .map(|number| with_suffix(path, &format!(".broken-{number}")))
        .find(|aside| is_free(aside))
        .ok_or(FileError::Failed)?;
    // The file itself last: a journal left alone would be read as its successor's.
    for suffix in suffixes {
        if is_there(&with_suffix(path, suffix)) {
            step("set_aside.beside")?;
            fs::rename(with_suffix(path, suffix), with_suffix(&aside, suffix))?;
        }
    }
    sync_folder(path)?;
    step("set_aside.file")?;
    fs::rename(path, &aside)?;
    sync_folder(path)?;
    Ok(Some(aside))
}

pub(super) fn remove(path: &Path) -> Result<(), FileError> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    step("remove")?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// A lock between processes, on an empty file that is never deleted; released on drop.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Waits for the lock, for at most ten seconds.
    pub(super) fn acquire(path: &Path) -> Result<Self, FileError> {
        home::check_file(path)?;
        let file = home::open_empty(path)?;
        for _ in 0..LOCK_TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
        }
        Err(FileError::Busy)
    }
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    step("write.create")?;
    let mut file = home::options().create_new(true).open(path)?;
    let (half, rest) = bytes.split_at(bytes.len() / 2);
    file.write_all(half)?;
    step("write.half")?;
    file.write_all(rest)?;
    step("write.sync")?;
    Ok(file.sync_all()?)
}

fn keep(path: &Path, old: &Path) -> Result<(), FileError> {
    step("replace.keep")?;
    if fs::hard_link(path, old).is_ok() {
        return Ok(());
    }
    // Not every file system has links.
    write_new(old, &fs::read(path)?)
}

/// Makes a rename survive a loss of power.
fn sync_folder(path: &Path) -> Result<(), FileError> {
    step("sync_folder")?;
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests;
