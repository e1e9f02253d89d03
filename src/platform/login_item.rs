//! Whether Keyfob starts when the user logs in: an entry of the system, which the user may also change there.

use std::io;
use std::path::{Path, PathBuf};

/// The argument that starts Keyfob with its window hidden.
const ARGUMENT: &str = "background";

/// Whether there is an entry.
pub fn is_set() -> bool {
    system::is_set()
}

/// Adds the entry for this program, or removes it.
///
/// # Errors
/// The entry can't be written or removed.
pub fn set(wanted: bool) -> io::Result<()> {
    if !wanted {
        return system::remove();
    }
    system::add(&program()?)
}

/// The program that opens the window: on Windows the one without a console, if it is installed.
fn program() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let window = program.with_file_name("keyfob-window.exe");
    Ok(if cfg!(windows) && window.is_file() { window } else { program })
}

fn no_folder() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "there is no folder for it")
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
mod file {
    use super::{Path, io};

    pub(super) fn write(path: &Path, text: &str) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)
    }

    pub(super) fn remove(path: &Path) -> io::Result<()> {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// A desktop entry in the autostart folder (XDG autostart specification).
#[cfg(target_os = "linux")]
mod system {
    use super::{ARGUMENT, Path, PathBuf, file, io, no_folder};

    fn path() -> io::Result<PathBuf> {
        Ok(dirs::config_dir().ok_or_else(no_folder)?.join("autostart/keyfob.desktop"))
    }

    pub(super) fn is_set() -> bool {
        path().is_ok_and(|path| path.is_file())
    }

    pub(super) fn add(program: &Path) -> io::Result<()> {
        let program = program.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
        file::write(&path()?, &entry(program))
    }

    pub(super) fn remove() -> io::Result<()> {
        file::remove(&path()?)
    }

    fn entry(program: &str) -> String {
        // Quoted as an argument, then escaped as a value (Desktop Entry Specification, "The Exec key").
        let argument =
            program.replace('\\', r"\\").replace('"', "\\\"").replace('`', r"\`").replace('$', r"\$");
        let value = argument.replace('\\', r"\\").replace('%', "%%");
        format!(
            "[Desktop Entry]\nType=Application\nName=Keyfob\nIcon=keyfob\nExec=\"{value}\" {ARGUMENT}\nTerminal=false\n"
        )
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn a_program_in_any_folder_is_quoted() {
            let exec = |program| {
                let entry = super::entry(program);
                let exec = entry.lines().find_map(|line| line.strip_prefix("Exec=")).map(str::to_owned);
                exec.unwrap()
            };
            assert_eq!(exec("/usr/bin/keyfob"), r#""/usr/bin/keyfob" background"#);
            assert_eq!(exec("/my apps/100%/keyfob"), r#""/my apps/100%%/keyfob" background"#);
            assert_eq!(exec(r#"/a"b`c$d\e"#), r#""/a\\"b\\`c\\$d\\\\e" background"#);
        }
    }
}

/// A launch agent of the user.
#[cfg(target_os = "macos")]
mod system {
    use super::{ARGUMENT, Path, PathBuf, file, io, no_folder};

    const ID: &str = "alt.keyfob.app";

    fn path() -> io::Result<PathBuf> {
        let home = dirs::home_dir().ok_or_else(no_folder)?;
        Ok(home.join("Library/LaunchAgents").join(format!("{ID}.plist")))
    }

    pub(super) fn is_set() -> bool {
        path().is_ok_and(|path| path.is_file())
    }

    pub(super) fn add(program: &Path) -> io::Result<()> {
        let program = program.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
        let program = program.replace('&', "&amp;").replace('<', "&lt;");
        let agent = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
             \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
             <plist version=\"1.0\"><dict>\n\
             <key>Label</key><string>{ID}</string>\n\
             <key>ProgramArguments</key><array><string>{program}</string><string>{ARGUMENT}</string></array>\n\
             <key>RunAtLoad</key><true/>\n\
             </dict></plist>\n"
        );
        file::write(&path()?, &agent)
    }

    pub(super) fn remove() -> io::Result<()> {
        file::remove(&path()?)
    }
}

/// A value of the user's `Run` key.
#[cfg(target_os = "windows")]
mod system {
    use windows_registry::{CURRENT_USER, Result};

    use super::{ARGUMENT, Path, io};

    const KEY: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
    const VALUE: &str = "Keyfob";

    pub(super) fn is_set() -> bool {
        CURRENT_USER.open(KEY).and_then(|key| key.get_string(VALUE)).is_ok()
    }

    pub(super) fn add(program: &Path) -> io::Result<()> {
        // No path contains a quotation mark on Windows.
        let line = format!("\"{}\" {ARGUMENT}", program.display());
        let write = || -> Result<()> { CURRENT_USER.create(KEY)?.set_string(VALUE, line) };
        write().map_err(io::Error::other)
    }

    pub(super) fn remove() -> io::Result<()> {
        if !is_set() {
            return Ok(());
        }
        let remove = || -> Result<()> { CURRENT_USER.create(KEY)?.remove_value(VALUE) };
        remove().map_err(io::Error::other)
    }
}
