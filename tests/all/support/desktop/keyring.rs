//! A real gnome-keyring on a private bus, with a simulated prompter.
//!
//! Measured (gnome-keyring 42): without an owner of `org.gnome.keyring.SystemPrompter`, a read of a locked
//! collection does not block: the prompt counts as dismissed within some 30 ms. It only blocks while a prompt
//! is open: see [`Keyring::prompts_hang`] and [`Keyring::prompts_are_dismissed`].

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::bus::Bus;
use super::process::{Running, finish, wait_until};
use super::rig_file;

/// The password of every keyring here.
const PASSWORD: &str = "CANARY-keyring-password";

/// A Secret Service with the default collection `login`, stored below the bus's `data` folder.
pub(crate) struct Keyring<'bus> {
    bus: &'bus Bus,
    daemon: Option<Running>,
    prompter: Option<Running>,
}

impl<'bus> Keyring<'bus> {
    /// A keyring with an unlocked default collection.
    pub(crate) fn unlocked(bus: &'bus Bus) -> Self {
        let mut keyring = Self { bus, daemon: None, prompter: None };
        keyring.run(&["--unlock"], PASSWORD);
        keyring
    }

    /// An unlocked keyring that the bus restarts if it exits. gnome-keyring does so, rarely, if it handles a
    /// session request before it has registered the caller, or after that program was killed.
    pub(crate) fn lasting(bus: &'bus Bus) -> Self {
        let keyring = Self::unlocked(bus);
        keyring.is_started_by_the_bus();
        keyring
    }

    /// A keyring whose default collection exists and is locked.
    pub(crate) fn locked(bus: &'bus Bus) -> Self {
        let keyring = Self::unlocked(bus);
        keyring.lock();
        keyring
    }

    /// Owns the Secret Service's name and never responds.
    pub(crate) fn silent(bus: &'bus Bus) -> Self {
        Self { bus, daemon: Some(stand_in(bus, &["silent"])), prompter: None }
    }

    /// Owns the Secret Service's name, and exits at the first session request.
    pub(crate) fn leaving(bus: &'bus Bus) -> Self {
        Self { bus, daemon: Some(stand_in(bus, &["leaving"])), prompter: None }
    }

    /// The same at the second session request: by then a call has learned that the item doesn't exist, and
    /// asks whether the collection is locked.
    pub(crate) fn leaving_later(bus: &'bus Bus) -> Self {
        Self { bus, daemon: Some(stand_in(bus, &["leaving", "later"])), prompter: None }
    }

    /// From now on the bus starts an unlocked keyring on demand, as a desktop's does, although there it is
    /// locked.
    pub(crate) fn is_started_by_the_bus(&self) {
        let script = self.bus.path("keyring.sh");
        let daemon = "gnome-keyring-daemon --foreground --components=secrets --unlock";
        let text = format!("#!/bin/sh\nprintf %s {PASSWORD} | {daemon}\n");
        fs::write(&script, text).expect("a script");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).expect("a script that can be run");
        let name = "org.freedesktop.secrets";
        let service = format!("[D-BUS Service]\nName={name}\nExec={}\n", script.display());
        fs::write(self.bus.path(&format!("services/{name}.service")), service).expect("the service's file");
    }

    fn run(&mut self, words: &[&str], password: &str) {
        self.daemon = None;
        let mut command = self.bus.command("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]).args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(self.bus.log("gnome-keyring"));
        let mut daemon = Running::start(&mut command);
        let mut stdin = daemon.child().stdin.take().expect("its standard input");
        stdin.write_all(password.as_bytes()).expect("the password is taken");
        drop(stdin);
        self.daemon = Some(daemon);
        let owned = || self.bus.has_owner("org.freedesktop.secrets").then_some(());
        wait_until(Duration::from_secs(10), "the keyring", owned);
    }

    pub(crate) fn lock(&self) {
        self.bus.keyring_tool(&["lock"], "");
        assert!(self.is_locked(), "the collection stays unlocked");
    }

    /// Unlocks the default collection without a prompt. An open prompt stays open.
    pub(crate) fn unlock(&self) {
        self.bus.keyring_tool(&["unlock"], PASSWORD);
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.bus.keyring_tool(&["locked"], "") == "true"
    }

    /// Every item, a line of JSON each: `collection`, `label`, `attributes`. Works on a locked collection
    /// too.
    pub(crate) fn items(&self) -> Vec<String> {
        self.bus.keyring_tool(&["items"], "").lines().map(str::to_owned).collect()
    }

    /// Stores a secret as another program would.
    pub(crate) fn store(&self, label: &str, attributes: &[&str], secret: &str) {
        let mut command = self.bus.command("secret-tool");
        command.args(["store", "--label", label]).args(attributes);
        let output = finish(&mut command, secret, Duration::from_secs(10));
        assert!(output.status.success(), "secret-tool store: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Reads a secret as another program would. The error is the tool's message. It is empty for a missing
    /// item and for a locked collection, which `secret-tool` can't distinguish.
    pub(crate) fn lookup(&self, attributes: &[&str]) -> Result<String, String> {
        let mut command = self.bus.command("secret-tool");
        let output = finish(command.arg("lookup").args(attributes), "", Duration::from_secs(10));
        let text = |bytes| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// From now on each prompt is cancelled at once.
    pub(crate) fn prompts_are_dismissed(&mut self) {
        self.prompter = None;
        self.prompter = Some(stand_in(self.bus, &["prompter", "dismiss"]));
    }

    /// From now on each prompt stays open, and the call that caused it waits.
    pub(crate) fn prompts_hang(&mut self) {
        self.prompter = None;
        self.prompter = Some(stand_in(self.bus, &["prompter", "hang"]));
    }

    /// Ends the daemon at once; its name has no owner afterwards.
    pub(crate) fn kill(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            daemon.kill();
        }
        self.daemon = None;
        let free = || (!self.bus.has_owner("org.freedesktop.secrets")).then_some(());
        wait_until(Duration::from_secs(10), "the keyring's end", free);
    }

    /// Restarts the daemon with the same collection, unlocked.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.run(&["--unlock"], PASSWORD);
    }

    /// Restarts the daemon with the same collection, locked.
    pub(crate) fn restart_locked(&mut self) {
        self.kill();
        self.run(&["--start"], "");
    }

    /// From now on the daemon keeps its name and doesn't respond, until [`Keyring::goes_on`].
    pub(crate) fn hangs(&self) {
        self.signal(Signal::STOP);
    }

    /// A suspended daemon responds again, to waiting calls first.
    pub(crate) fn goes_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = self.daemon.as_ref().expect("a running keyring").pid();
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process ID");
        kill_process(pid, signal).expect("a running keyring");
    }
}

impl Drop for Keyring<'_> {
    fn drop(&mut self) {
        // A failure may have been caused by its exit.
        if let Some(ended) = self.daemon.as_mut().and_then(Running::ended).filter(|ended| !ended.success()) {
            let said = fs::read_to_string(self.bus.path("gnome-keyring.log")).unwrap_or_default();
            let _ = writeln!(io::stderr(), "The keyring had ended by itself ({ended}). It said: {said}");
        }
    }
}

/// Starts one of `keyring.py`'s stand-ins and waits until it is ready.
fn stand_in(bus: &Bus, words: &[&str]) -> Running {
    let mut command = bus.command("/usr/bin/python3");
    command.arg(rig_file("keyring.py")).args(words).stdout(Stdio::piped()).stderr(bus.log("keyring.py"));
    let mut running = Running::start(&mut command);
    let mut line = String::new();
    let stdout = running.child().stdout.take().expect("its standard output");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    assert_eq!(line.trim(), "ready", "keyring.py {words:?} holds its name");
    running
}
