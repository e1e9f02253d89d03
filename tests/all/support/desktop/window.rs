//! The app's window, driven as a person with a screen reader would: by the names of its controls.

use std::fs;
use std::path::Path;
use std::process::{ExitStatus, Output};
use std::time::{Duration, Instant};

use super::process::{Running, finish, wait_until};
use super::rig_file;
use super::screen::Screen;

/// How long a control may take to appear.
const PATIENCE: Duration = Duration::from_secs(10);

/// A program with a window of class `keyfob`; dropping it ends the program.
pub(crate) struct Window<'screen> {
    screen: &'screen Screen<'screen>,
    program: Running,
    application: String,
    mapped_after: Duration,
}

impl<'screen> Window<'screen> {
    /// Starts `program` with `words` and waits until its window is mapped. `environment` comes on top of the screen's;
    /// set `KEYFOB_HOME` there, and `BROWSER`. Both outputs go to [`Window::output`].
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
        let start = Instant::now();
        let program = Running::start(&mut command);
        let mut window = Self { screen, program, application, mapped_after: Duration::ZERO };
        wait_until(Duration::from_secs(20), "the window", || {
            let ended = window.program.ended();
            assert!(ended.is_none(), "the program ended ({ended:?}) instead: {}", window.output());
            (!screen.windows("keyfob").is_empty()).then_some(())
        });
        window.mapped_after = start.elapsed();
        window
    }

    /// From the program's start until its window was seen mapped.
    pub(crate) fn mapped_after(&self) -> Duration {
        self.mapped_after
    }

    /// The program's process ID.
    pub(crate) fn pid(&self) -> u32 {
        self.program.pid()
    }

    /// All that windows of this bus have written on standard output and error.
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

    /// The names of all nodes.
    pub(crate) fn names(&self) -> Vec<String> {
        self.must(&["names"], "").lines().map(str::to_owned).collect()
    }

    /// Presses the control of exactly this name, once it is there and enabled.
    pub(crate) fn press(&self, name: &str) {
        self.must(&["press", "--", name], "");
    }

    /// Presses the first control whose name starts so.
    pub(crate) fn press_starting(&self, start: &str) {
        self.must(&["--match", "prefix", "press", "--", start], "");
    }

    /// Sets a field's text; it goes through standard input, never through arguments.
    pub(crate) fn fill(&self, name: &str, text: &str) {
        self.must(&["type", "--", name], text);
    }

    /// The text (or value, or name) of the node of exactly this name; a masked field gives its dots.
    pub(crate) fn text(&self, name: &str) -> String {
        self.must(&["text", "--", name], "")
    }

    /// The states of the node of exactly this name: `enabled`, `checked`, `focused`, ….
    pub(crate) fn states(&self, name: &str) -> Vec<String> {
        self.must(&["states", "--", name], "").split(' ').map(str::to_owned).collect()
    }

    /// Gives the control of exactly this name the keyboard.
    pub(crate) fn focus(&self, name: &str) {
        self.must(&["focus", "--", name], "");
    }

    /// The node that has the keyboard, as `role: name`.
    pub(crate) fn focused(&self) -> String {
        self.must(&["focused"], "")
    }

    /// Waits for a node whose name contains this.
    pub(crate) fn wait_for(&self, part: &str) {
        self.must(&["--match", "contains", "wait", "--", part], "");
    }

    /// Waits until no node's name contains this.
    pub(crate) fn wait_gone(&self, part: &str) {
        self.must(&["--match", "contains", "gone", "--", part], "");
    }

    /// Whether a node's name contains this now.
    pub(crate) fn shows(&self, part: &str) -> bool {
        let words = ["--match", "contains", "wait", "--", part];
        self.atspi(&words, "", Duration::ZERO).status.success()
    }

    /// Closes the window as its title bar's button does, and waits for the program's end.
    pub(crate) fn close(mut self) -> ExitStatus {
        self.screen.keys(&["alt+F4"]);
        self.program.end(PATIENCE)
    }

    /// Kills the program at once, as a crash would.
    pub(crate) fn kill(mut self) {
        self.program.kill();
    }

    /// How the program ended, or `None` while it runs.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.program.ended()
    }
}
