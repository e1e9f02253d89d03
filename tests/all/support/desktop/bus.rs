//! A private session bus with its own home folders.
//!
//! Only the accessibility bus can be activated on it. A keyring, a prompter or a portal exists only if a test
//! starts one: the machine's own service files are never read.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::process::{Running, finish, mortal, wait_until};
use super::rig_file;

/// The environment variable that identifies every process started on one bus.
const MARK: &str = "KEYFOB_RIG";

/// Poll count for remaining processes at the end.
const LOOKS: u32 = 500;
const PAUSE: Duration = Duration::from_millis(10);

/// A running `dbus-daemon`; dropping it ends everything started on it, activated services included.
pub(crate) struct Bus {
    daemon: Option<Running>,
    mark: String,
    root: TempDir,
}

impl Bus {
    pub(crate) fn start() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        // Not below $TMPDIR: a socket's path may have 107 bytes at most.
        let root = TempDir::with_prefix_in("keyfob-rig-", "/tmp").expect("a folder for the bus");
        let mark = format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut bus = Self { daemon: None, mark, root };
        for folder in ["services", "home", "data", "config", "cache", "state", "run"] {
            fs::create_dir(bus.path(folder)).expect("a folder of the bus");
        }
        fs::set_permissions(bus.path("run"), fs::Permissions::from_mode(0o700)).expect("a private folder");
        let launcher = "[D-BUS Service]\nName=org.a11y.Bus\nExec=/usr/libexec/at-spi-bus-launcher\n";
        fs::write(bus.path("services/org.a11y.Bus.service"), launcher).expect("the service's file");
        fs::write(bus.path("session.conf"), bus.config()).expect("the bus's configuration");
        let mut command = bus.command("dbus-daemon");
        command.arg("--nofork").arg(format!("--config-file={}", bus.path("session.conf").display()));
        bus.daemon = Some(Running::start(command.stdout(Stdio::null()).stderr(bus.log("dbus-daemon"))));
        wait_until(Duration::from_secs(10), "the bus", || {
            std::os::unix::net::UnixStream::connect(bus.path("bus")).ok()
        });
        bus
    }

    fn config(&self) -> String {
        format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={root}/bus</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{root}/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
            root = self.root.path().display()
        )
    }

    /// A path in the bus's folder: `home`, `data`, `config`, `cache`, `state`, `run`, or another name.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// The folder of all its files, to search for what must not be there.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// The bus's address, as in `DBUS_SESSION_BUS_ADDRESS`.
    pub(crate) fn address(&self) -> String {
        format!("unix:path={}", self.path("bus").display())
    }

    /// A command whose environment has only this bus, these homes, `PATH` and a UTF-8 locale. It dies with
    /// the thread that starts it.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = mortal(program);
        command.stdin(Stdio::null()).env_clear().current_dir(self.root.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("LANG", "C.UTF-8").env(MARK, &self.mark);
        for (name, folder) in [
            ("HOME", "home"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "run"),
        ] {
            command.env(name, self.path(folder));
        }
        // Otherwise the accessibility bus reads its setting from dconf, which is absent here, and disables
        // itself.
        command.env("GSETTINGS_BACKEND", "memory");
        command.env("DBUS_SESSION_BUS_ADDRESS", self.address());
        command
    }

    /// A file for the standard error of `name`, kept as long as the bus.
    pub(crate) fn log(&self, name: &str) -> fs::File {
        let open = fs::File::options().create(true).append(true).open(self.path(&format!("{name}.log")));
        open.expect("a log file")
    }

    /// Calls a method with `gdbus` and returns its output; panics if the call fails.
    pub(crate) fn call(&self, destination: &str, path: &str, method: &str, arguments: &[&str]) -> String {
        let mut command = self.command("gdbus");
        command.args(["call", "--session", "--timeout", "5", "--dest", destination, "--object-path", path]);
        command.args(["--method", method]).args(arguments);
        let output = finish(&mut command, "", Duration::from_secs(10));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{method} on {destination}: {told}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub(crate) fn has_owner(&self, name: &str) -> bool {
        let method = "org.freedesktop.DBus.NameHasOwner";
        self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", method, &[name]) == "(true,)"
    }

    /// Makes applications expose their accessibility trees.
    pub(crate) fn enable_accessibility(&self) {
        let method = "org.freedesktop.DBus.Properties.Set";
        self.call("org.a11y.Bus", "/org/a11y/bus", method, &["org.a11y.Status", "IsEnabled", "<true>"]);
    }

    /// Runs `keyring.py` with these arguments to its end.
    pub(super) fn keyring_tool(&self, words: &[&str], input: &str) -> String {
        let mut command = self.command("/usr/bin/python3");
        let output = finish(command.arg(rig_file("keyring.py")).args(words), input, Duration::from_secs(15));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "keyring.py {words:?}: {told}");
        String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
    }

    /// Identifies the processes of this bus, also after its end.
    pub(crate) fn mark(&self) -> &str {
        &self.mark
    }
}

/// All processes started on the bus with this mark, directly or not: their IDs and names.
pub(crate) fn started_on(mark: &str) -> Vec<(Pid, String)> {
    let mark = format!("{MARK}={mark}");
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let found = entries.filter_map(|entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        let environment = fs::read(entry.path().join("environ")).ok()?;
        let is_ours = environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes());
        let name = is_ours.then(|| fs::read_to_string(entry.path().join("comm")).unwrap_or_default());
        name.map(|name| (pid, name.trim_end().to_owned()))
    });
    found.collect()
}

impl Drop for Bus {
    /// Ends everything started on it, and returns once that is gone.
    fn drop(&mut self) {
        self.daemon = None;
        // Services that the bus had activated, and their children, are no children of this process. A process
        // has no environment for a moment during exec, so one look proves nothing.
        let mut was_quiet = false;
        for _ in 0..LOOKS {
            let left = started_on(&self.mark);
            for (pid, _) in &left {
                let _ = kill_process(*pid, Signal::KILL);
            }
            // All writers have ended, so the folder can be deleted.
            if was_quiet && left.is_empty() && fs::remove_dir_all(self.root.path()).is_ok() {
                return;
            }
            was_quiet = left.is_empty();
            thread::sleep(PAUSE);
        }
        // A test that depends on it checks that itself; a panic here could hide another one.
        let _ = writeln!(io::stderr(), "not all of the bus in {} could be ended", self.root.path().display());
    }
}
