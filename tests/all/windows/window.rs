//! The window: by keyboard and mouse on Wine's screen, with Windows' clipboard.
//!
//! Wine has no accessibility tree, so each step waits until the picture has changed and stands still.

use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use crate::cli::place::Place;
use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::desktop::{Running, finish, mortal, wait_until};
use crate::support::server::{Response, ScriptedServer};
use crate::support::wine::{Wine, beside_program, windows};

/// A debug build draws in software, on a machine that does other things, too.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a copied token may stay, and the time in which that is noticed.
const CLEARED: Duration = Duration::from_secs(50);
const PAUSE: Duration = Duration::from_millis(300);
/// The folder of the pictures, and the program that prints the clipboard, for Wine.
const OUTPUT: &str = "/keyfob/tests/output/windows";
const CLIPBOARD: &str = "/keyfob/target/windows/clipboard.exe";
/// Buttons of a window of 960 × 640 points.
const ADD_ACCOUNT: (u32, u32) = (143, 412);
const SAVE_AND_GET_TOKEN: (u32, u32) = (763, 613);

fn tool(program: &str, words: &[&str]) -> String {
    let output = finish(mortal(program).args(words), "", PATIENCE);
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The names of the clipboard's formats with their number, and its text, one a line.
fn clipboard() -> String {
    let output = finish(&mut windows(CLIPBOARD), "", PATIENCE);
    String::from_utf8_lossy(&output.stdout).replace('\r', "")
}

fn visible() -> Vec<String> {
    let found = tool("xdotool", &["search", "--onlyvisible", "--class", "^keyfob.exe$"]);
    found.lines().map(str::to_owned).collect()
}

struct Window {
    running: Option<Running>,
    id: String,
}

impl Window {
    fn open(place: &Place<'_>) -> Self {
        let running = Running::start(place.command(&[]).stdout(Stdio::null()).stderr(Stdio::null()));
        Self { running: Some(running), ..Self::opened() }
    }

    /// The window that another program opens.
    fn opened() -> Self {
        let id = wait_until(PATIENCE, "the window", || visible().pop());
        tool("xdotool", &["windowactivate", "--sync", &id]);
        let window = Self { running: None, id };
        window.settled();
        window
    }

    fn title(&self) -> String {
        tool("xdotool", &["getwindowname", &self.id])
    }

    /// The picture's digest, once two in a row are the same.
    fn settled(&self) -> String {
        let script = format!("import -window {} rgb:- | sha256sum", self.id);
        let mut last = String::new();
        wait_until(PATIENCE, "a picture that stands still", || {
            sleep(PAUSE);
            let before = std::mem::replace(&mut last, tool("sh", &["-c", &script]));
            (before == last).then_some(before)
        })
    }

    /// Acts with `xdotool`, and waits for what that changes.
    fn act(&self, words: &[&str]) {
        let before = self.settled();
        tool("xdotool", &[&["windowfocus", "--sync", &self.id], words].concat());
        wait_until(PATIENCE, &format!("an effect of {words:?}"), || (self.settled() != before).then_some(()));
    }

    fn key(&self, key: &str) {
        self.act(&["key", key]);
    }

    fn write(&self, text: &str) {
        self.act(&["type", "--delay", "40", text]);
    }

    fn click(&self, (x, y): (u32, u32)) {
        self.act(&[
            "mousemove",
            "--window",
            &self.id,
            &x.to_string(),
            &y.to_string(),
            "sleep",
            "0.5",
            "click",
            "1",
        ]);
    }

    fn picture(&self, name: &str) {
        std::fs::create_dir_all(OUTPUT).unwrap();
        tool("import", &["-window", &self.id, &Path::new(OUTPUT).join(name).to_string_lossy()]);
    }

    /// The mean brightness, from 0 to 100.
    fn brightness(&self) -> u32 {
        let script = format!(
            "import -window {} png:- | convert - -colorspace Gray -format '%[fx:int(100*mean)]' info:",
            self.id
        );
        tool("sh", &["-c", &script]).parse().unwrap()
    }

    /// Closes it as its user does.
    fn close(mut self) {
        tool("xdotool", &["windowfocus", "--sync", &self.id, "key", "alt+F4"]);
        if let Some(running) = &mut self.running {
            assert!(running.end(PATIENCE).success());
        }
        wait_until(PATIENCE, "its end", || visible().is_empty().then_some(()));
    }
}

/// A provider of the user's own, whose token endpoint is the server.
fn with_provider(place: &Place<'_>, server: &ScriptedServer) {
    let folder = place.home.join("presets");
    std::fs::create_dir_all(&folder).unwrap();
    let preset = format!(
        "id = \"acme\"\nname = \"Acme\"\nsummary = \"S\"\ngrants = [\"client_credentials\"]\n\
         [endpoints]\ntoken = \"{}\"\n",
        server.url("/token")
    );
    std::fs::write(folder.join("acme.toml"), preset).unwrap();
}

fn copied(token: &str) -> String {
    wait_until(PATIENCE, "a copy", || {
        Some(clipboard()).filter(|held| held.contains(&format!("text {token}\n")))
    })
}

#[test]
#[ignore = "tests/windows.sh runs it"]
fn p1_an_account_is_added_and_its_token_copied_and_cleared() {
    let (wine, server, token) = (Wine::start(), ScriptedServer::start(), canary());
    let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#);
    server.always("/token", Response::json(200, body));
    let place = Place::on(&wine);
    with_provider(&place, &server);
    let window = Window::open(&place);
    window.picture("1-first-run.png");
    window.click(ADD_ACCOUNT);
    window.write("acme");
    window.key("Return");
    window.key("Tab");
    window.key("Tab");
    window.write("the-client");
    window.key("Tab");
    window.write("CANARY-secret");
    window.picture("2-form.png");
    window.click(SAVE_AND_GET_TOKEN);
    wait_until(PATIENCE, "the account's page", || window.title().contains("Acme").then_some(()));
    wait_until(PATIENCE, "a token request", || (server.requests().len() == 1).then_some(()));
    window.settled();
    window.picture("3-token.png");
    window.key("ctrl+c");
    let held = copied(&token);
    for mark in [
        "ExcludeClipboardContentFromMonitorProcessing ",
        "CanIncludeInClipboardHistory 0\n",
        "CanUploadToCloudClipboard 0\n",
    ] {
        assert!(held.contains(mark), "{held}");
    }
    window.picture("4-copied.png");
    wait_until(CLEARED, "an empty clipboard", || (!clipboard().contains("text")).then_some(()));
    // P2: quitting clears it, too.
    window.key("ctrl+c");
    copied(&token);
    window.close();
    assert!(!clipboard().contains("text"));
    assert_eq!(place.run(&["token", "Acme"]).ok(), format!("{token}\n"));
    place.run(&["remove", "Acme", "--yes"]).ok();
    assert_eq!(Wine::credentials(&place.home), [""; 0]);
}

/// A stopped process finds the clock as after a suspend.
#[cfg(feature = "failpoints")]
#[test]
#[ignore = "tests/windows.sh runs it"]
fn the_window_locks_after_the_computer_has_slept() {
    let (wine, server) = (Wine::start(), ScriptedServer::start());
    let place = Place::on(&wine);
    let account = AccountToml::new("Acme", "client_credentials").secret("CANARY").on(&server, &["token"]);
    place.run_with(&["import", "-"], &account.to_string()).ok();
    let mut command = place.command(&[]);
    command.env("KEYFOB_PATIENCE_MS", "1000").stdout(Stdio::null()).stderr(Stdio::null());
    let running = Running::start(&mut command);
    let window = Window { running: Some(running), ..Window::opened() };
    window.key("Down");
    wait_until(PATIENCE, "the account's page", || window.title().starts_with("Acme").then_some(()));
    let signal = |signal| window.running.as_ref().unwrap().signal(signal);
    signal(Signal::STOP);
    sleep(Duration::from_secs(8));
    signal(Signal::CONT);
    wait_until(PATIENCE, "the lock", || (window.title() == "Keyfob").then_some(()));
    window.picture("7-locked.png");
}

#[test]
#[ignore = "tests/windows.sh runs it"]
fn a_second_start_brings_the_first_window_forward() {
    let wine = Wine::start();
    let place = Place::on(&wine);
    let window = Window::open(&place);
    tool("xdotool", &["windowminimize", "--sync", &window.id]);
    wait_until(PATIENCE, "a minimized window", || visible().is_empty().then_some(()));
    assert_eq!(place.run(&[]).ok(), "");
    wait_until(PATIENCE, "the window", || (visible() == [window.id.clone()]).then_some(()));
    window.close();
}

#[test]
#[ignore = "tests/windows.sh runs it"]
fn the_launcher_opens_the_window_without_a_console() {
    let wine = Wine::start();
    let mut command = windows(&beside_program("keyfob-window.exe"));
    command
        .env("KEYFOB_HOME", Wine::argument(&wine.path("home")))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    assert!(command.status().unwrap().success());
    let window = Window::opened();
    assert_eq!(window.title(), "Keyfob");
    window.close();
    assert!(wine.path("home").join("keyfob.db").exists());
}

#[test]
#[ignore = "tests/windows.sh runs it"]
fn the_window_is_dark_if_windows_is() {
    let wine = Wine::start();
    let place = Place::on(&wine);
    for (light, name) in [("1", "5-light.png"), ("0", "6-dark.png")] {
        let mut command = windows("reg");
        command.args(["add", r"HKCU\Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"]);
        command.args(["/v", "AppsUseLightTheme", "/t", "REG_DWORD", "/d", light, "/f"]);
        assert!(finish(&mut command, "", PATIENCE).status.success());
        let window = Window::open(&place);
        window.picture(name);
        let brightness = window.brightness();
        window.close();
        assert_eq!(brightness > 60, light == "1", "{name}: {brightness}");
    }
}

/// What the system shows in a file's properties, and reads before it starts a program.
#[test]
#[ignore = "tests/windows.sh runs it"]
fn the_programs_have_an_icon_a_version_and_a_manifest() {
    for (name, subsystem) in [("keyfob.exe", 3), ("keyfob-window.exe", 2)] {
        let program = std::fs::read(beside_program(name)).unwrap();
        let holds = |text: &[u8]| memchr::memmem::find(&program, text).is_some();
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        for text in ["FileDescription\0Keyfob\0", concat!("ProductVersion\0", env!("CARGO_PKG_VERSION"))] {
            // A value begins at a multiple of four bytes.
            let [padded, plain] = [text.replacen('\0', "\0\0", 1), text.to_owned()].map(|text| wide(&text));
            assert!(holds(&padded) || holds(&plain), "{name}: {text:?}");
        }
        assert!(holds(include_bytes!("../../../assets/icons/256.png")), "{name}: the icon");
        assert!(holds(b"<consoleAllocationPolicy ") && holds(b"PerMonitorV2"), "{name}: the manifest");
        // The optional header's subsystem: a console program, or one of the desktop.
        let header = u32::from_le_bytes(program[0x3c..0x40].try_into().unwrap()) as usize;
        assert_eq!(program[header + 24 + 68], subsystem, "{name}");
    }
}

/// The icon file has the pictures of the other systems, not drawn anew.
#[test]
fn the_icon_file_holds_the_icons_of_every_size() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/icons");
    let icon = std::fs::read(folder.join("keyfob.ico")).unwrap();
    let number = |at: usize| u32::from_le_bytes(icon[at..at + 4].try_into().unwrap()) as usize;
    let held: Vec<&[u8]> = (0..usize::from(icon[4]))
        .map(|entry| 6 + 16 * entry)
        .map(|entry| &icon[number(entry + 12)..number(entry + 12) + number(entry + 8)])
        .collect();
    let sizes = [16, 24, 32, 48, 64, 128, 256];
    let pictures = sizes.map(|size| std::fs::read(folder.join(format!("{size}.png"))).unwrap());
    assert_eq!(held, pictures.iter().map(Vec::as_slice).collect::<Vec<_>>());
}
