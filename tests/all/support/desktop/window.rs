//! Drives the app's window as a screen reader does: by the names of its controls.

use std::fs;
use std::path::Path;
use std::process::{ExitStatus, Output};
use std::time::{Duration, Instant};

use super::process::{Running, finish, wait_until};
use super::rig_file;
use super::screen::Screen;

/// Timeout for a control to appear; a real browser may have to start first.
const PATIENCE: Duration = Duration::from_secs(90);

/// A program with a window of class `keyfob`; dropping it ends the program.
pub(crate) struct Window<'screen> {
    screen: &'screen Screen<'screen>,
    program: Running,
    application: String,
}

impl<'screen> Window<'screen> {
    /// Starts `program` with `words` and waits until its window is mapped. `environment` extends the
    /// screen's; set `KEYFOB_HOME` and `BROWSER` there. Both outputs go to [`Window::output`].
    pub(crate) fn open(
        screen: &'screen Screen<'screen>,
        program: &str,
        words: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        // AccessKit gives the application the name of its executable.
        let application = Path::new(program).file_name().expect("a program").to_string_lossy().into_owned();
        let mut command = screen.command(program);
        command.args(words).envs(environment.iter().copied());
        command.stdout(screen.bus().log("window")).stderr(screen.bus().log("window"));
        let program = Running::start(&mut command);
        let mut window = Self { screen, program, application };
        wait_until(Duration::from_secs(20), "the window", || {
            let ended = window.program.ended();
            assert!(ended.is_none(), "the program ended ({ended:?}) instead: {}", window.output());
            (!screen.windows("keyfob").is_empty()).then_some(())
        });
        window
    }

    /// The standard output and error of all windows of this bus.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(self.screen.bus().path("window.log")).unwrap_or_default()
    }

    /// Runs `atspi.py` with options and a command.
    pub(crate) fn atspi(&self, words: &[&str], input: &str, patience: Duration) -> Output {
        let mut command = self.screen.command("/usr/bin/python3");
        command.arg(rig_file("atspi.py")).args(["--app", &self.application]);
        command.args(["--secs", &patience.as_secs_f64().to_string()]).args(words);
        finish(&mut command, input, patience + Duration::from_secs(15))
    }

    fn must(&self, words: &[&str], input: &str) -> String {
        let output = self.atspi(words, input, PATIENCE);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {told}\nthe program said: {}", self.output());
        String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
    }

    /// The whole accessibility tree: roles, names, texts, states.
    pub(crate) fn tree(&self) -> String {
        self.must(&["tree"], "")
    }

    /// Presses the control of exactly this name, once it exists and is enabled.
    pub(crate) fn press(&self, name: &str) {
        self.must(&["press", "--", name], "");
    }

    /// Sets a field's text through standard input, never through arguments.
    pub(crate) fn fill(&self, name: &str, text: &str) {
        self.must(&["type", "--", name], text);
    }

    /// Waits for a node whose name contains `part`.
    pub(crate) fn wait_for(&self, part: &str) {
        self.must(&["--match", "contains", "wait", "--", part], "");
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        self.program.signal(signal);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.program.pid()
    }

    /// Waits for the program's end, which has another cause.
    pub(crate) fn end(mut self) -> ExitStatus {
        self.program.end(PATIENCE)
    }

    /// Closes the window as its title bar's button does, and waits for the program's end. Confirms the
    /// question about accounts that would no longer be refreshed.
    pub(crate) fn close(mut self) -> ExitStatus {
        self.screen.ask_to_close("keyfob");
        let started = Instant::now();
        while self.program.ended().is_none() && started.elapsed() < PATIENCE {
            let asks = self.atspi(&["wait", "--", "Quit Keyfob?"], "", Duration::from_secs(2));
            if asks.status.success() && self.program.ended().is_none() {
                self.must(&["press", "--", "Quit"], "");
                break;
            }
        }
        // A lost press and a missing end can't be distinguished.
        if self.program.ended().is_none() && started.elapsed() >= PATIENCE {
            let windows = self.screen.windows("keyfob");
            panic!("still open {windows:?}, and no question was asked:\n{}\n{}", self.tree(), self.output());
        }
        self.program.end(PATIENCE)
    }
}
