//! Windows by Wine: the built keyfob.exe, on this machine's loopback. tests/windows.sh prepares it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::desktop::{finish, mortal};

/// The program's path for Wine.
const PROGRAM: &str = "KEYFOB_WINDOWS_EXE";
/// The folder of Wine's drives and registry.
const PREFIX: &str = "WINEPREFIX";
/// How long a program of Windows' own may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A folder on drive C: of its own. Registry, Credential Manager and clipboard are common to all.
pub(crate) struct Wine {
    folder: TempDir,
}

impl Wine {
    pub(crate) fn start() -> Self {
        let folder = TempDir::with_prefix_in("keyfob-", drive()).expect("a folder on drive C:");
        Self { folder }
    }

    /// The program, which dies with the thread that starts it.
    pub(crate) fn command(&self) -> Command {
        let mut command = windows(&variable(PROGRAM));
        command.current_dir(self.folder.path());
        command
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path on drive C: as Windows knows it.
    pub(crate) fn argument(path: &Path) -> String {
        let below = path.strip_prefix(drive()).expect("a path on drive C:");
        format!(r"C:\{}", below.to_str().expect("UTF-8").replace('/', r"\"))
    }

    /// The names of the credentials that belong to a home other than the default one.
    pub(crate) fn credentials(home: &Path) -> Vec<String> {
        // The program hashes the path that Windows resolves.
        let resolved = format!(r"\\?\{}", Self::argument(home));
        let service = format!("keyfob-{}", hex::encode(&Sha256::digest(resolved)[..6]));
        all_credentials().into_iter().filter(|name| name.contains(&service)).collect()
    }
}

/// The names of all credentials, from where Wine keeps them.
pub(crate) fn all_credentials() -> Vec<String> {
    let mut command = windows("reg");
    command.args(["query", r"HKCU\Software\Wine\Credential Manager", "/s"]);
    let told = String::from_utf8(finish(&mut command, "", PATIENCE).stdout).expect("UTF-8");
    let keys = told.lines().filter_map(|line| line.trim().strip_prefix("HKEY_CURRENT_USER"));
    keys.filter_map(|key| Some(key.split_once(r"\Credential Manager\")?.1.to_owned())).collect()
}

/// A program that is built beside keyfob.exe.
pub(crate) fn beside_program(name: &str) -> String {
    Path::new(&variable(PROGRAM)).with_file_name(name).to_str().expect("UTF-8").to_owned()
}

/// A program of Windows, without standard input.
pub(crate) fn windows(program: &str) -> Command {
    let mut command = mortal("wine");
    command.arg(program).stdin(Stdio::null());
    command
}

/// The folder of drive C:.
pub(crate) fn drive() -> PathBuf {
    Path::new(&variable(PREFIX)).join("drive_c")
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; run tests/windows.sh"))
}
