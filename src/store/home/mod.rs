//! Where everything on disk lives.
//!
//! Owns the home folder: its place, its permissions, the names of what is in it. Invariant: the
//! folder is its owner's alone (0700, files 0600), and no symbolic link in it is ever followed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::domain::account::AccountId;

/// The variable that names another home.
pub const HOME_VARIABLE: &str = "KEYFOB_HOME";

/// The name under which the keychain's items of the default home are kept.
const SERVICE: &str = "keyfob";

/// Why the home can't be used. Paths are shown; nothing in them is secret.
#[derive(Debug, Error)]
pub enum HomeError {
    /// The system names no folder for an app's data.
    #[error("the system names no folder for an app's data; set KEYFOB_HOME to one")]
    NoPlace,
    /// A symbolic link stands where a file or folder should.
    #[error("{} is a symbolic link, which is not followed; remove it", .0.display())]
    Symlink(PathBuf),
    /// Something else stands there: not a file, not a folder, or another user's.
    #[error("{} is not {expected}", path.display())]
    Unfit {
        /// Where.
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
    },
    /// The system said no.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl HomeError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

/// The folder under which everything on disk is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
}

impl Home {
    /// The home of this run: `KEYFOB_HOME` where that is set, else in the system's place for an
    /// app's data. Nothing is touched.
    ///
    /// # Errors
    /// [`HomeError::NoPlace`] where the system has none.
    pub fn locate() -> Result<Self, HomeError> {
        match std::env::var_os(HOME_VARIABLE) {
            Some(path) if !path.is_empty() => Ok(Self::at(path)),
            _ => default_path().map(Self::at).ok_or(HomeError::NoPlace),
        }
    }

    /// A home at a path, which need not exist. Links on the way to it are resolved once, here.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: resolved(&path.into()) }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder, or takes away what others may do in it.
    ///
    /// # Errors
    /// [`HomeError`] where it can't be made, or is not a folder of this user's.
    pub fn create(&self) -> Result<(), HomeError> {
        make_private_folder(&self.path)?;
        make_private_folder(&self.locks_path())
    }

    /// The database.
    pub fn database_path(&self) -> PathBuf {
        self.path.join("keyfob.db")
    }

    /// Makes an empty file for the database, if there is none, and checks that it, and whatever
    /// `SQLite` may put beside it, is a private file.
    ///
    /// The file is not opened once it is there: closing it would give up the locks that another
    /// connection of this process holds on it.
    ///
    /// # Errors
    /// [`HomeError`] where a link or something else stands there, or it can't be made.
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

    /// The passphrase vault's key: an identity, wrapped by the passphrase.
    pub fn key_path(&self) -> PathBuf {
        self.path.join("key.age")
    }

    /// The passphrase vault's data, encrypted to that identity.
    pub fn vault_path(&self) -> PathBuf {
        self.path.join("vault.age")
    }

    /// The empty file whose lock stands for the passphrase vault; it is never deleted.
    pub fn vault_lock_path(&self) -> PathBuf {
        self.path.join("vault.lock")
    }

    /// Opens the empty file whose lock the first window holds; it is never deleted.
    ///
    /// # Errors
    /// What the system says; a symbolic link is refused.
    pub fn open_window_lock_file(&self) -> io::Result<File> {
        let path = self.locks_path().join("window.lock");
        check_file(&path).map_err(io::Error::other)?;
        open_empty(&path)
    }

    /// The file that says where the first window hears of a second start.
    pub fn window_door_path(&self) -> PathBuf {
        self.path.join("window.door")
    }

    /// The empty file that a crash of the window leaves for the next start.
    pub fn crash_mark_path(&self) -> PathBuf {
        self.path.join("window.crashed")
    }

    /// The empty file whose lock stands for setting a broken database aside; it is never deleted.
    pub fn database_lock_path(&self) -> PathBuf {
        self.locks_path().join("database.lock")
    }

    /// The folder of the user's own presets: among the user's configuration, for the usual home. It
    /// need not exist.
    pub fn presets_path(&self) -> PathBuf {
        let config = dirs::config_dir().filter(|_| self.is_default());
        config.map_or_else(|| self.path.clone(), |config| config.join("keyfob")).join("presets")
    }

    /// The file whose lock stands for an account: one of 256 empty files that are never deleted,
    /// so that removing an account leaves no trace of it.
    pub fn lock_path(&self, id: &AccountId) -> PathBuf {
        self.locks_path().join(format!("{}.lock", &id.as_str()[..2]))
    }

    /// Opens that file, and makes it if need be.
    ///
    /// # Errors
    /// What the system says; a symbolic link is refused.
    pub fn open_lock_file(&self, id: &AccountId) -> io::Result<File> {
        let path = self.lock_path(id);
        check_file(&path).map_err(io::Error::other)?;
        open_empty(&path)
    }

    /// Opens the empty file whose lock stands for where all secrets are: shared by whoever works on an
    /// account, and held alone by who moves them. It is never deleted.
    ///
    /// # Errors
    /// What the system says; a symbolic link is refused.
    pub fn open_place_lock_file(&self) -> io::Result<File> {
        let path = self.locks_path().join("place.lock");
        check_file(&path).map_err(io::Error::other)?;
        open_empty(&path)
    }

    /// The name under which the keychain's items of this home are kept: each home has its own.
    pub fn service_name(&self) -> String {
        use std::fmt::Write as _;
        if self.is_default() {
            return SERVICE.to_owned();
        }
        let digest = Sha256::digest(self.path.as_os_str().as_encoded_bytes());
        digest.iter().take(6).fold(format!("{SERVICE}-"), |mut name, byte| {
            let _ = write!(name, "{byte:02x}");
            name
        })
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

/// The path with its links resolved as far as it exists, so that it stays the same once it does.
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

/// Opens a file for its lock alone, and makes it if need be.
pub(super) fn open_empty(path: &Path) -> io::Result<File> {
    let file = options().create(true).truncate(false).open(path)?;
    tighten(&file, 0o600)?;
    Ok(file)
}

/// Whether a file is there; makes it private if so.
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
    // A link or a file in its place fails the creation with a word about existence, so it is looked at first.
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

/// Opens for reading and writing; what it makes is private, and a link is an error.
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

/// Who else may change what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Changeable {
    /// Another user, whose it is.
    ByItsOwner,
    /// A group or everybody, who may write it.
    ByOthers,
}

/// Who may change what was found besides this user and the system's administrator.
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

// Windows gives the files under a user's profile to that user alone.
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
