//! A virtual screen: Xvfb on a free display with openbox, with access to its windows and clipboard.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use super::bus::Bus;
use super::process::{Running, finish, wait_until};

/// An X server with a window manager; without one, no window gets the focus.
pub(crate) struct Screen<'bus> {
    bus: &'bus Bus,
    display: String,
    // Dropped in this order: the window manager before its server.
    _manager: Running,
    _server: Running,
}

impl<'bus> Screen<'bus> {
    /// A screen of this size in pixels, with accessibility enabled for its bus.
    pub(crate) fn start(bus: &'bus Bus, width: u32, height: u32) -> Self {
        bus.enable_accessibility();
        let mut command = bus.command("Xvfb");
        command.args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0"]);
        command.arg(format!("{width}x{height}x24")).stdout(Stdio::piped()).stderr(bus.log("Xvfb"));
        let mut server = Running::start(&mut command);
        let mut number = String::new();
        let stdout = server.child().stdout.take().expect("its standard output");
        BufReader::new(stdout).read_line(&mut number).expect("a display number");
        let display = format!(":{}", number.trim());
        let mut command = bus.command("openbox");
        command.arg("--sm-disable").env("DISPLAY", &display).stdout(Stdio::null()).stderr(bus.log("openbox"));
        let manager = Running::start(&mut command);
        let screen = Self { bus, display, _manager: manager, _server: server };
        wait_until(Duration::from_secs(10), "the window manager", || {
            // A window manager that is ready reports the number of desktops.
            let told = screen.run("xdotool", &["get_num_desktops"], "");
            (told.stderr.is_empty() && told.status.success()).then_some(())
        });
        screen
    }

    pub(crate) fn bus(&self) -> &'bus Bus {
        self.bus
    }

    /// The display's name, such as `:99`.
    pub(crate) fn display(&self) -> &str {
        &self.display
    }

    /// [`Bus::command`] on this screen, with software rendering.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = self.bus.command(program);
        command
            .env("DISPLAY", &self.display)
            .env("XDG_SESSION_TYPE", "x11")
            .env("LIBGL_ALWAYS_SOFTWARE", "1");
        command
    }

    fn run(&self, program: &str, words: &[&str], input: &str) -> Output {
        finish(self.command(program).args(words), input, Duration::from_secs(10))
    }

    pub(crate) fn screenshot(&self, path: &Path) {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).expect("a folder for screenshots");
        }
        let output = self.run("import", &["-window", "root", &path.to_string_lossy()], "");
        assert!(output.status.success(), "import: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The visible windows of this class; the IDs are `xdotool`'s.
    pub(crate) fn windows(&self, class: &str) -> Vec<String> {
        let found = self.run("xdotool", &["search", "--onlyvisible", "--class", &format!("^{class}$")], "");
        String::from_utf8_lossy(&found.stdout).lines().map(str::to_owned).collect()
    }

    /// Asks the window manager to close the windows of this class, as the title bar's button does. The window
    /// manager's grab could lose a key.
    pub(crate) fn ask_to_close(&self, class: &str) {
        for window in self.windows(class) {
            let output = self.run("wmctrl", &["-i", "-c", &window], "");
            assert!(output.status.success(), "wmctrl: {}", String::from_utf8_lossy(&output.stderr));
        }
    }

    pub(crate) fn minimise(&self, class: &str) {
        for window in self.windows(class) {
            let output = self.run("xdotool", &["windowminimize", &window], "");
            assert!(output.status.success(), "xdotool: {}", String::from_utf8_lossy(&output.stderr));
        }
    }

    /// The focused window, as reported by the window manager; the ID is `xdotool`'s.
    pub(crate) fn active(&self) -> Option<String> {
        let told = self.run("xdotool", &["getactivewindow"], "");
        let id = String::from_utf8_lossy(&told.stdout).trim().to_owned();
        (told.status.success() && !id.is_empty()).then_some(id)
    }

    /// Presses keys, one after the other, in the window that has the keyboard.
    pub(crate) fn keys(&self, keys: &[&str]) {
        for key in keys {
            let output = self.run("xdotool", &["key", "--clearmodifiers", key], "");
            assert!(output.status.success(), "xdotool: {}", String::from_utf8_lossy(&output.stderr));
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// The clipboard's targets; empty without an owner.
    pub(crate) fn clipboard_targets(&self) -> Vec<String> {
        let told = self.run("xclip", &["-selection", "clipboard", "-o", "-t", "TARGETS"], "");
        String::from_utf8_lossy(&told.stdout).lines().map(str::to_owned).collect()
    }

    /// The clipboard's text, or `None`.
    pub(crate) fn clipboard(&self) -> Option<String> {
        let told = self.run("xclip", &["-selection", "clipboard", "-o", "-t", "UTF8_STRING"], "");
        told.status.success().then(|| String::from_utf8_lossy(&told.stdout).into_owned())
    }

    /// Copies text as another program would; it stays until the next copy.
    pub(crate) fn copy(&self, text: &str) {
        let output = self.run("xclip", &["-selection", "clipboard", "-i"], text);
        assert!(output.status.success(), "xclip: {}", String::from_utf8_lossy(&output.stderr));
    }
}
