//! Programs that others wrote, with Keyfob in their path, watched for secrets in arguments.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::cli::place::{Place, holds};
use crate::support::desktop::Bus;

pub(crate) struct Tools<'a> {
    bus: &'a Bus,
    home: std::path::PathBuf,
    path: String,
}

impl<'a> Tools<'a> {
    pub(crate) fn on(bus: &'a Bus, place: &Place<'_>) -> Self {
        let folder = bus.path("tools");
        fs::create_dir_all(&folder).unwrap();
        for name in ["keyfob", "docker-credential-keyfob", "cargo-credential-keyfob"] {
            // The folder may be there from an earlier call.
            let _ = symlink(env!("CARGO_BIN_EXE_keyfob"), folder.join(name));
        }
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        Self { bus, home: place.home.clone(), path }
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        // The search follows this process's path, not the new one.
        let own = self.bus.path("tools").join(program);
        let program = if own.exists() { own.to_str().unwrap().to_owned() } else { program.to_owned() };
        let mut command = self.bus.command(&program);
        command.env("PATH", &self.path).env("KEYFOB_HOME", &self.home);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a program. Returns its standard output.
    pub(crate) fn run(&self, program: &str, words: &[&str]) -> String {
        ok(self.command(program).args(words))
    }

    /// Runs a script of a shell.
    pub(crate) fn shell(&self, script: &str) -> String {
        self.run("sh", &["-eu", "-c", script])
    }
}

pub(crate) fn ok(command: &mut Command) -> String {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; was tests/setup.sh run?"));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}{err}", String::from_utf8_lossy(&output.stdout));
    assert!(!err.contains("CANARY"), "{err}");
    String::from_utf8(output.stdout).unwrap()
}

/// Searches the arguments of all processes for a secret, until [`Self::end`].
pub(crate) struct ArgumentWatch {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
    needle: String,
}

impl ArgumentWatch {
    pub(crate) fn start(needle: &str) -> Self {
        let (is_over, needle) = (Arc::new(AtomicBool::new(false)), needle.to_owned());
        let (watched, secret) = (Arc::clone(&is_over), needle.clone());
        let watch = move || {
            let mut rounds = 0;
            while !watched.load(Ordering::SeqCst) {
                for entry in fs::read_dir("/proc").unwrap().flatten() {
                    let bytes = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                    let text = String::from_utf8_lossy(&bytes);
                    assert!(!text.contains(&secret), "{}: {text}", entry.path().display());
                }
                rounds += 1;
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            rounds
        };
        let thread = std::thread::Builder::new().name("watch".to_owned()).spawn(watch).unwrap();
        Self { is_over, thread, needle }
    }

    /// Searches the files of a machine, too.
    pub(crate) fn end(self, bus: &Bus) {
        self.is_over.store(true, Ordering::SeqCst);
        assert!(self.thread.join().unwrap() > 3);
        // The keyring's own folder is encrypted.
        assert!(!holds(bus.root(), &self.needle), "a file has the secret");
    }
}
