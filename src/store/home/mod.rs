//! The home folder, which holds everything on disk.
//!
//! Defines its location, permissions and file names. Invariant: only the owner has access (folder 0700, files
//! 0600), and no symbolic link in it is followed.

#[cfg(windows)]
mod owner_only;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::domain::account::AccountId;

/// The variable that sets another home.
pub const HOME_VARIABLE: &str = "KEYFOB_HOME";

/// The service name of the default home's keychain items.
const SERVICE: &str = "keyfob";

/// Why the home can't be used. Shows paths, which are not secret.
#[derive(Debug, Error)]
pub enum HomeError {
    #[error("the system has no folder for app data; set KEYFOB_HOME to a folder")]
    NoPlace,
    #[error("{} is a symbolic link, which is not followed; remove it", .0.display())]
    Symlink(PathBuf),
    #[error("{} is not {expected}", path.display())]
    Unfit { path: PathBuf, expected: &'static str },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl HomeError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

/// The folder with everything on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
}

impl Home {
    /// The home of this run: `KEYFOB_HOME` if set, else in the system's folder for app data. Does not touch
    /// the disk.
    pub fn locate() -> Result<Self, HomeError> {
        match std::env::var_os(HOME_VARIABLE) {
            Some(path) if !path.is_empty() => Ok(Self::at(path)),
            _ => default_path().map(Self::at).ok_or(HomeError::NoPlace),
        }
    }

    /// A home at a path, which need not exist. Resolves links on the way to it once, here.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: resolved(&path.into()) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the folder, or removes other users' permissions.
    pub fn create(&self) -> Result<(), HomeError> {
        make_private_folder(&self.path)?;
        // Once for each home: it starts a program.
        #[cfg(windows)]
        if !self.locks_path().exists()
            && let Err(error) = owner_only::close_to_others(&self.path)
        {
            log::warn!("other users may read the files of Keyfob: {error}");
        }
        make_private_folder(&self.locks_path())
    }

    pub fn database_path(&self) -> PathBuf {
        self.path.join("keyfob.db")
    }

    /// Creates an empty file for the database if there is none, and checks that it and `SQLite`'s files
    /// beside it are private.
    ///
    /// An existing file is not opened: closing it would release the locks that another connection of this
    /// process holds on it.
    ///
    /// # Errors
    /// [`HomeError`] if there is a link or something else, or it can't be created.
    pub fn prepare_database(&self) -> Result<PathBuf, HomeError> {
        let path = self.database_path();
        for suffix in ["-journal", "-wal", "-shm"] {
            let mut beside = path.clone().into_os_string();
            beside.push(suffix);
            check_file(Path::new(&beside))?;
        }
        if !check_file(&path)? {
            match options().create_new(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_file(&path).map(drop)?,
                made => made.map(drop).map_err(HomeError::io(&path))?,
            }
        }
        Ok(path)
    }

    /// The passphrase vault's key: an identity, encrypted by the passphrase.
    pub fn key_path(&self) -> PathBuf {
        self.path.join("key.age")
    }

    /// The passphrase vault's data, encrypted to that identity.
    pub fn vault_path(&self) -> PathBuf {
        self.path.join("vault.age")
    }

    /// The empty file for the passphrase vault's lock; never deleted.
    pub fn vault_lock_path(&self) -> PathBuf {
        self.path.join("vault.lock")
    }

    /// Opens the empty file for the lock of the first window; it is never deleted.
    ///
    /// # Errors
    /// The system's error; a symbolic link is rejected.
    pub fn open_window_lock_file(&self) -> io::Result<File> {
        let path = self.locks_path().join("window.lock");
        check_file(&path).map_err(io::Error::other)?;
        open_empty(&path)
    }

    /// A local socket of the first window: in this folder, where a path of more than a hundred bytes has
    /// none.
    #[cfg(unix)]
    pub fn window_socket_path(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.sock"))
    }

    /// A local socket of the first window: a named pipe.
    #[cfg(windows)]
    pub fn window_socket_path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!(r"\\.\pipe\{SERVICE}-{name}-{}", self.digest(16)))
    }

    /// The empty file that a crash of the window leaves for the next start.
    pub fn crash_mark_path(&self) -> PathBuf {
        self.path.join("window.crashed")
    }

    /// The empty file for the lock of setting a broken database aside; never deleted.
    pub fn database_lock_path(&self) -> PathBuf {
        self.locks_path().join("database.lock")
    }

    /// The folder of the user's own presets; for the default home, in the user's configuration folder. It
    /// need not exist.
    pub fn presets_path(&self) -> PathBuf {
        let config = dirs::config_dir().filter(|_| self.is_default());
        config.map_or_else(|| self.path.clone(), |config| config.join("keyfob")).join("presets")
    }

    /// The file for an account's lock: one of 256 empty files that are never deleted, so that a removed
    /// account leaves no trace of it.
    pub fn lock_path(&self, id: &AccountId) -> PathBuf {
        self.locks_path().join(format!("{}.lock", &id.as_str()[..2]))
    }

    /// Opens that file, and creates it if needed.
    ///
    /// # Errors
    /// The system's error; a symbolic link is rejected.
    pub fn open_lock_file(&self, id: &AccountId) -> io::Result<File> {
        let path = self.lock_path(id);
        check_file(&path).map_err(io::Error::other)?;
        open_empty(&path)
    }

    /// Opens the empty file for the lock of the vault's location: shared while working on an account,
    /// exclusive for moving all secrets. It is never deleted.
    ///
    /// # Errors
    /// The system's error; a symbolic link is rejected.
    pub fn open_place_lock_file(&self) -> io::Result<File> {
        let path = self.locks_path().join("place.lock");
        check_file(&path).map_err(io::Error::other)?;
        open_empty(&path)
    }

    /// The service name of this home's keychain items; each home has its own.
    pub fn service_name(&self) -> String {
        if self.is_default() {
            return SERVICE.to_owned();
        }
        format!("{SERVICE}-{}", self.digest(6))
    }

    /// The first bytes of the path's SHA-256, in hexadecimal.
    fn digest(&self, bytes: usize) -> String {
        hex::encode(&Sha256::digest(self.path.as_os_str().as_encoded_bytes())[..bytes])
    }

    fn is_default(&self) -> bool {
        default_path().is_some_and(|default| resolved(&default) == self.path)
    }

    fn locks_path(&self) -> PathBuf {
        self.path.join("locks")
    }
}

fn default_path() -> Option<PathBuf> {
    dirs::data_local_dir().map(|dir| dir.join("keyfob"))
}

/// Resolves links in the existing part of a path, so that the path stays the same once all of it exists.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in path.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            return path.strip_prefix(ancestor).map_or(real.clone(), |rest| {
                if rest.as_os_str().is_empty() { real } else { real.join(rest) }
            });
        }
    }
    path
}

pub(super) fn open_empty(path: &Path) -> io::Result<File> {
    let file = options().create(true).truncate(false).open(path)?;
    tighten(&file, 0o600)?;
    Ok(file)
}

/// Returns true if a file exists; makes it private.
pub(super) fn check_file(path: &Path) -> Result<bool, HomeError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(HomeError::io(path)(error)),
        Ok(found) if found.is_symlink() => Err(HomeError::Symlink(path.to_owned())),
        Ok(found) if !found.is_file() => Err(HomeError::Unfit { path: path.to_owned(), expected: "a file" }),
        Ok(found) => {
            close_to_others(path, &found, 0o600).map_err(HomeError::io(path))?;
            Ok(true)
        }
    }
}

fn make_private_folder(path: &Path) -> Result<(), HomeError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.create(path);
    // Check first: creation would report a link or another file only as existing.
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => return Err(HomeError::Symlink(path.to_owned())),
        Ok(found) if !found.is_dir() || !is_ours(&found) => {
            return Err(HomeError::Unfit { path: path.to_owned(), expected: "a folder of this user's" });
        }
        Ok(found) => close_to_others(path, &found, 0o700).map_err(HomeError::io(path))?,
        Err(_) => {}
    }
    made.map_err(HomeError::io(path))
}

/// Options to read and write: a new file is private, and a link is an error.
pub(super) fn options() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let no_follow = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
        options.mode(0o600).custom_flags(no_follow);
    }
    options
}

#[cfg(unix)]
fn is_ours(found: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(found) == rustix::process::geteuid().as_raw()
}

#[cfg_attr(windows, expect(dead_code, reason = "its access lists are not read"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Changeable {
    /// Another user who owns it.
    ByItsOwner,
    /// A group or everyone, with write permission.
    ByOthers,
}

#[cfg(unix)]
pub(super) fn changeable(found: &fs::Metadata) -> Option<Changeable> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    if !is_ours(found) && found.uid() != 0 {
        Some(Changeable::ByItsOwner)
    } else if found.permissions().mode() & 0o022 != 0 {
        Some(Changeable::ByOthers)
    } else {
        None
    }
}

#[cfg(unix)]
fn close_to_others(path: &Path, found: &fs::Metadata, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if found.permissions().mode() & 0o777 == mode {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(unix)]
fn tighten(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

// On Windows a file has its folder's access list.
#[cfg(not(unix))]
fn is_ours(_: &fs::Metadata) -> bool {
    true
}

#[cfg(not(unix))]
pub(super) fn changeable(_: &fs::Metadata) -> Option<Changeable> {
    None
}

#[cfg(not(unix))]
fn close_to_others(_: &Path, _: &fs::Metadata, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn tighten(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
