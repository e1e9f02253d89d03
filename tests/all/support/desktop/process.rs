//! Child processes of the tests: in their own process groups, killed on drop, with timeouts.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// A child that leads its own process group; dropping it ends the whole group.
pub(crate) struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts `command` in its own group, without standard input unless that was set before.
    pub(crate) fn start(command: &mut Command) -> Self {
        let name = name_of(command);
        let child = command.process_group(0).spawn();
        let child = child.unwrap_or_else(|error| panic!("{name} did not start: {error}; run tests/setup.sh"));
        Self { child, name }
    }

    /// The child, for its pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Its process ID, which is also its group's.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its exit status, or `None` while it runs.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// Waits for its end; panics after `patience`.
    pub(crate) fn end(&mut self, patience: Duration) -> ExitStatus {
        let name = self.name.clone();
        wait_until(patience, &format!("the end of {name}"), || self.ended())
    }

    /// Kills the whole group at once, as a crash would.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        // It is reaped here; an earlier exit is no error.
        let _ = self.child.wait();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // The group may be gone already.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.signal(Signal::TERM);
            let start = Instant::now();
            while self.child.try_wait().is_ok_and(|ended| ended.is_none())
                && start.elapsed() < Duration::from_secs(1)
            {
                thread::sleep(Duration::from_millis(5));
            }
        }
        self.kill();
    }
}

/// A command that dies with the thread that starts it. So start none on a thread that ends before the test
/// does.
pub(crate) fn mortal(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", program]);
    command
}

fn name_of(command: &Command) -> String {
    let program = command.get_args().skip_while(|word| *word != "--").nth(1);
    program.unwrap_or(command.get_program()).to_string_lossy().into_owned()
}

/// Runs `command` to its end with `input` on its standard input; panics after `patience`.
pub(crate) fn finish(command: &mut Command, input: &str, patience: Duration) -> Output {
    let name = name_of(command);
    // Output goes to files instead of pipes: a daemon left behind would keep a pipe open.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    let open = |path| std::fs::File::create(path).expect("a temporary file");
    command.stdin(Stdio::piped()).stdout(open(&out)).stderr(open(&err)).process_group(0);
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} did not start: {error}"));
    let mut stdin = child.stdin.take().expect("its standard input");
    // A program that does not read its input may be gone already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let start = Instant::now();
    let status = loop {
        match child.try_wait().expect("its status") {
            Some(status) => break status,
            None if start.elapsed() > patience => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("{name} took longer than {patience:?}");
            }
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    let read = |path| std::fs::read(path).expect("its output");
    Output { status, stdout: read(&out), stderr: read(&err) }
}

/// Polls until there is a value; panics with `what` after `patience`.
pub(crate) fn wait_until<T>(patience: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < patience, "waited {patience:?} in vain for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
