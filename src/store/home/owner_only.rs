//! Windows: a folder that only its user can open.
//!
//! Folders under a user's profile are private already; one that `KEYFOB_HOME` names may not be. The system's
//! own `icacls` sets the access list, since the calls for it are unsafe. It names the user instead of the
//! owner: files of a program that runs as administrator belong to the group of administrators.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// `CREATE_NO_WINDOW`.
const NO_WINDOW: u32 = 0x0800_0000;

/// Removes all access but this user's, also to what is created in the folder later.
///
/// # Errors
/// The system's error, or [`io::ErrorKind::Unsupported`] if the file system has no access lists.
pub(super) fn close_to_others(folder: &Path) -> io::Result<()> {
    use std::os::windows::process::CommandExt as _;
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let user = variable("USERNAME").ok_or(io::ErrorKind::NotFound)?;
    let mut grant = variable("USERDOMAIN").map_or_else(OsString::new, |mut domain| {
        domain.push("\\");
        domain
    });
    grant.push(user);
    grant.push(":(OI)(CI)F");
    // By its path, so that no other program of this name is started.
    let system = variable("SystemRoot").ok_or(io::ErrorKind::NotFound)?;
    let mut command = Command::new(Path::new(&system).join("System32").join("icacls.exe"));
    command.arg(without_prefix(folder)).arg("/inheritance:r").arg("/grant:r").arg(grant).arg("/q");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).creation_flags(NO_WINDOW);
    if command.status()?.success() { Ok(()) } else { Err(io::ErrorKind::Unsupported.into()) }
}

/// A resolved path begins with `\\?\`, which few programs expect.
fn without_prefix(folder: &Path) -> &Path {
    let plain = folder.to_str().and_then(|path| path.strip_prefix(r"\\?\"));
    plain.filter(|path| !path.starts_with("UNC")).map_or(folder, Path::new)
}
