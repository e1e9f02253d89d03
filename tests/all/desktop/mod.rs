//! The whole app in a real window, with a real keyring, browser, `OpenID` provider and clipboard.

use std::path::Path;
use std::time::Duration;

use crate::support::account_toml::AccountToml;
use crate::support::desktop::{Bus, Keyring, OidcServer, Running, Screen, Window};
use crate::support::desktop::{browser, finish, kept, request, wait_until};
use crate::support::server::{Response, ScriptedServer};

mod endings;
mod memory;
mod quick_pick;
mod tray;

const KEYFOB: &str = env!("CARGO_BIN_EXE_keyfob");

struct Desk<'bus> {
    screen: Screen<'bus>,
    home: String,
    shots: String,
}

impl<'bus> Desk<'bus> {
    fn new(bus: &'bus Bus, name: &str) -> Self {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let shots = kept(name);
        std::fs::create_dir_all(&shots).unwrap();
        Self {
            screen: Screen::start(bus, 1280, 800),
            home: text(&bus.path("keyfob-home")),
            shots: text(&shots),
        }
    }

    fn open(&self, words: &[&str]) -> Window<'_> {
        self.open_with(words, &[])
    }

    fn open_with(&self, words: &[&str], more: &[(&str, &str)]) -> Window<'_> {
        let browser = browser();
        let environment = [
            ("KEYFOB_HOME", self.home.as_str()),
            ("BROWSER", &browser),
            ("KEYFOB_BROWSER_SHOTS", &self.shots),
        ];
        Window::open(&self.screen, KEYFOB, words, &[&environment, more].concat())
    }

    fn picture(&self, name: &str) {
        self.screen.screenshot(&Path::new(&self.shots).join(name));
    }

    /// The clipboard's contents, once it has any.
    fn copied(&self) -> String {
        wait_until(Duration::from_secs(10), "a copy", || {
            self.screen.clipboard().filter(|text| !text.is_empty())
        })
    }

    fn wait_until_cleared(&self, patience: Duration) {
        wait_until(patience, "an empty clipboard", || {
            self.screen.clipboard().is_none_or(|text| text.is_empty()).then_some(())
        });
    }
}

fn fill_in(window: &Window<'_>, server: &OidcServer) {
    let (id, secret) = server.client("basic");
    window.fill("Name", "bank");
    window.fill("Authorization endpoint", server.address("authorization_endpoint"));
    window.fill("Token endpoint", server.address("token_endpoint"));
    window.fill("Client ID", id);
    window.fill("Client secret", secret);
    window.fill("Scopes", "openid offline_access");
}

#[test]
fn a_person_adds_an_account_signs_in_and_copies_the_token() {
    let bus = Bus::start();
    let keyring = Keyring::unlocked(&bus);
    let server = OidcServer::start(&bus, 3600);
    let desk = Desk::new(&bus, "desktop-main-job");
    let window = desk.open(&[]);
    assert_eq!(desk.screen.windows("keyfob").len(), 1);
    window.wait_for("keychain, which is ready");
    desk.picture("1-first-run.png");

    window.press("Add account");
    window.press("Custom provider");
    window.wait_for("Client ID");
    fill_in(&window, &server);
    desk.picture("2-form.png");
    window.press("Save and get token");
    window.wait_for("Copy token");
    desk.picture("3-token.png");
    assert_eq!(keyring.items().len(), 2, "a client record and a token record");

    window.press("Copy token");
    let token = desk.copied();
    window.press("Clear now");
    desk.wait_until_cleared(Duration::from_secs(5));
    assert_eq!(server.introspect(&token)["active"], true);
    assert!(!window.tree().contains(&token), "no token stands in the accessibility tree");
    window.press("Reveal");
    wait_until(Duration::from_secs(10), "the token", || window.tree().contains(&token).then_some(()));
    window.press("Hide");
    wait_until(Duration::from_secs(10), "the mask", || (!window.tree().contains(&token)).then_some(()));

    window.press("Refresh");
    wait_until(Duration::from_secs(20), "a rotation", || (server.count("rotated") > 0).then_some(()));
    window.press("More ways to copy");
    window.press("Copy as header");
    let header = desk.copied();
    let renewed = header.strip_prefix("Authorization: Bearer ").unwrap();
    assert_ne!(renewed, token);
    assert_eq!(server.introspect(renewed)["active"], true);

    // P2: closing the window clears the token from the clipboard.
    assert!(window.close().success());
    desk.wait_until_cleared(Duration::from_secs(5));

    // The next start finds the account, and the keychain the token.
    let window = desk.open(&[]);
    window.press("bank");
    window.press("Copy token");
    assert_eq!(desk.copied(), renewed);
    assert_eq!(server.count("family_revoked"), 0);
    drop(window);
    drop(keyring);
}

#[test]
fn an_apis_address_is_enough_for_a_token_in_two_presses() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let server = OidcServer::start(&bus, 3600);
    let desk = Desk::new(&bus, "desktop-address");
    let window = desk.open(&[]);
    window.wait_for("keychain, which is ready");
    let api = server.address("api");
    let call = |token: &str| request("GET", api, &[("Authorization", &format!("Bearer {token}"))], "").status;
    for (name, document) in [("registered", None), ("by document", Some("client_document"))] {
        window.press("Add account");
        window.fill("Provider or address", api);
        window.press("Look up this address");
        window.wait_for("Authorization server");
        if let Some(document) = document {
            window.fill("URL of a client ID metadata document", server.address(document));
        }
        desk.picture(&format!("{name}.png"));
        window.press("Add and sign in");
        window.wait_for("Copy token");
        window.press("Copy token");
        let token = desk.copied();
        assert_eq!(call(&token), 200, "{name}");
        window.press("Clear now");
        desk.wait_until_cleared(Duration::from_secs(5));
    }
    assert_eq!(call("CANARY"), 401);
}

#[test]
fn a_newcomer_sees_the_whole_flow_in_the_demo_without_a_keychain() {
    let bus = Bus::start();
    let desk = Desk::new(&bus, "desktop-demo");
    let window = desk.open(&[]);
    // K1: a missing keychain is reported, and nothing is written instead.
    window.wait_for("No keychain service is running");
    desk.picture("1-no-keychain.png");
    window.press("Try the demo");
    window.press("Sign in");
    window.wait_for("Copy token");
    desk.picture("2-token.png");
    window.press("Copy token");
    let token = desk.copied();
    assert!(!window.tree().contains(&token));
    // P1 and P2: the token is marked for exclusion from histories, and is cleared on time.
    assert!(desk.screen.clipboard_targets().contains(&"x-kde-passwordManagerHint".to_owned()));
    window.wait_for("Clear now");
    desk.picture("3-copied.png");
    desk.wait_until_cleared(Duration::from_secs(45));
    let files = walk(Path::new(&desk.home));
    assert!(files.iter().all(|bytes| !contains(bytes, token.as_bytes())), "no token on the disk");
    assert!(files.iter().all(|bytes| !contains(bytes, b"Demo")), "nothing of the demo on the disk");
}

#[test]
fn a_second_start_brings_the_first_window_forward() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let desk = Desk::new(&bus, "desktop-second-start");
    let window = desk.open(&[]);
    window.wait_for("keychain, which is ready");
    let first = desk.screen.windows("keyfob");
    assert_eq!(first.len(), 1);
    let is_in_front = || desk.screen.active().filter(|active| *active == first[0]).map(drop);
    wait_until(Duration::from_secs(10), "the first window in front", is_in_front);
    let start_again = |windows: usize| {
        let mut second = desk.screen.command(KEYFOB);
        second.env("KEYFOB_HOME", &desk.home);
        let output = finish(&mut second, "", Duration::from_secs(20));
        assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
        wait_until(Duration::from_secs(10), "the first window in front again", is_in_front);
        assert_eq!(desk.screen.windows("keyfob").len(), windows, "no second window of one home");
    };
    // Minimised, and behind another window, that of another home.
    desk.screen.minimise("keyfob");
    wait_until(Duration::from_secs(10), "no window in sight", || {
        desk.screen.windows("keyfob").is_empty().then_some(())
    });
    start_again(1);
    let mut other = desk.screen.command(KEYFOB);
    let other = Running::start(other.env("KEYFOB_HOME", format!("{}-other", desk.home)));
    wait_until(Duration::from_secs(20), "another window in front", || {
        desk.screen.active().filter(|active| *active != first[0])
    });
    start_again(2);
    drop(other);
    // After it has closed, the next start is the first again.
    assert!(window.close().success());
    let window = desk.open(&[]);
    window.wait_for("Welcome to Keyfob");
}

#[test]
fn p1_a_copied_secret_is_marked_to_be_left_out_of_history() {
    let bus = Bus::start();
    let desk = Desk::new(&bus, "desktop-clipboard");
    let window = desk.open(&["demo"]);
    window.press("Sign in");
    window.wait_for("Copy token");
    window.press("Copy token");
    assert!(!desk.copied().is_empty());
    assert!(desk.screen.clipboard_targets().contains(&"x-kde-passwordManagerHint".to_owned()));
    // A value that isn't secret has no mark, and another program's clipboard contents stay.
    window.press("More ways to copy");
    window.press("Copy facts");
    wait_until(Duration::from_secs(10), "the facts", || {
        desk.screen.clipboard().filter(|text| text.contains("Demo"))
    });
    assert!(!desk.screen.clipboard_targets().contains(&"x-kde-passwordManagerHint".to_owned()));
    window.press("Copy token");
    wait_until(Duration::from_secs(10), "the token", || {
        desk.screen.clipboard().filter(|text| !text.contains("Demo"))
    });
    desk.screen.copy("the user's own");
    assert!(window.close().success());
    assert_eq!(desk.screen.clipboard().as_deref(), Some("the user's own"));
}

#[test]
fn k4_a_keychain_that_never_answers_does_not_freeze_the_window() {
    let bus = Bus::start();
    let _silent = Keyring::silent(&bus);
    let desk = Desk::new(&bus, "desktop-silent");
    let window = desk.open(&[]);
    window.wait_for("Waiting for the keychain");
    desk.picture("waiting.png");
    // The window still responds: a page opens and closes.
    window.press("Add account");
    window.wait_for("Provider or address");
    window.press("Cancel");
    window.wait_for("Welcome to Keyfob");
    // Quitting never waits for the keychain either.
    let started = std::time::Instant::now();
    assert!(window.close().success());
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[test]
fn k3_a_locked_keychain_is_said_and_works_again_once_unlocked() {
    let bus = Bus::start();
    let mut keyring = Keyring::locked(&bus);
    keyring.prompts_are_dismissed();
    let desk = Desk::new(&bus, "desktop-locked");
    let window = desk.open(&[]);
    window.wait_for("Try again");
    desk.picture("locked.png");
    keyring.unlock();
    window.press("Try again");
    window.wait_for("which is ready");
}

/// Plays the desktop's notification service and forwards the notifications.
struct Notifications(std::sync::mpsc::Sender<[String; 4]>);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Notifications {
    #[expect(clippy::too_many_arguments, reason = "the interface's own")]
    fn notify(
        &self,
        app: String,
        replaces: u32,
        icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: std::collections::HashMap<String, zbus::zvariant::OwnedValue>,
        timeout: i32,
    ) -> u32 {
        drop((replaces, actions, hints, timeout));
        self.0.send([app, icon, summary, body]).map_or(0, |()| 1)
    }
}

#[test]
fn a_notification_names_the_account_that_needs_a_sign_in_while_nobody_looks() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let (tell, told) = std::sync::mpsc::channel();
    let builder = zbus::blocking::connection::Builder::address(bus.address().as_str()).unwrap();
    let builder = builder.serve_at("/org/freedesktop/Notifications", Notifications(tell)).unwrap();
    let _desktop = builder.name("org.freedesktop.Notifications").unwrap().build().unwrap();
    let server = ScriptedServer::start();
    // Late enough for the account to exist before it needs a sign-in.
    let refused = Response::json(400, r#"{"error":"invalid_grant"}"#).after(Duration::from_secs(3));
    server.always("/token", refused);

    let desk = Desk::new(&bus, "desktop-notification");
    let window = desk.open(&[]);
    window.wait_for("keychain, which is ready");
    window.press("Settings");
    window.press("Locking and closing");
    window.press("Notify me when an account needs a sign-in");
    desk.picture("1-settings.png");
    window.press("Back");
    window.wait_for("Welcome to Keyfob");
    desk.screen.minimise("keyfob");
    // Another process adds the account, whose automatic refresh is refused.
    let account = AccountToml::new("car <dev>", "authorization_code").secret("CANARY-a").lines("[account.tokens]\naccess_token = \"CANARY-b\"\nrefresh_token = \"CANARY-c\"\nreceived_at = \"2025-01-01T00:00:00Z\"\nexpires_at = \"2025-01-01T01:00:00Z\"").on(&server, &["authorize", "token"]).to_string();
    let mut import = desk.screen.command(KEYFOB);
    import.args(["import", "-"]).env("KEYFOB_HOME", &desk.home);
    let output = finish(&mut import, &account, Duration::from_secs(20));
    assert!(output.status.success(), "{output:?}");
    let [app, icon, summary, body] = told.recv_timeout(Duration::from_secs(30)).expect("a notification");
    assert_eq!([app.as_str(), icon.as_str(), summary.as_str()], ["Keyfob", "keyfob", "Keyfob"]);
    assert_eq!(body, "“car &lt;dev&gt;” needs you to sign in again.");
    assert!(told.try_recv().is_err(), "once");
}

fn walk(folder: &Path) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else if path.is_file() {
            files.push(std::fs::read(&path).unwrap());
        }
    }
    files
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
