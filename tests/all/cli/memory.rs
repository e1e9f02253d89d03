//! What is left in a command's memory once it has done its work, and who may look into it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

/// A command that has done its work and is about to end.
struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Who may look into the process, as another program of the same user finds it.
fn looked_into(pid: u32, user: &str) -> bool {
    let mut look = std::process::Command::new("setpriv");
    look.args(["--reuid", user, "--clear-groups", "cat", &format!("/proc/{pid}/maps")]);
    look.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

#[test]
fn x8_no_other_program_of_the_user_can_look_into_it() {
    const USER: &str = "65534";
    let home = tempfile::tempdir_in("/tmp").unwrap();
    std::os::unix::fs::chown(home.path(), Some(65534), Some(65534)).unwrap();
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid", USER, "--regid", USER, "--clear-groups", env!("CARGO_BIN_EXE_keyfob")]);
    command.args(["--vault", "memory", "list"]).env("KEYFOB_HOME", home.path().join("home"));
    command.env("KEYFOB_HOLD_AT", "command end").stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(child.stderr.take().unwrap());
    let held = Held(child);
    assert!(said.lines().map_while(Result::ok).any(|line| line == "held at command end"));
    assert!(!looked_into(held.0.id(), USER));
    // A program that does nothing about it can be looked into.
    let mut sleep = std::process::Command::new("setpriv");
    let sleep = sleep.args(["--reuid", USER, "--clear-groups", "sleep", "60"]).spawn().map(Held).unwrap();
    let wait = std::time::Duration::from_secs(5);
    crate::support::desktop::wait_until(wait, "a look", || looked_into(sleep.0.id(), USER).then_some(()));
}
