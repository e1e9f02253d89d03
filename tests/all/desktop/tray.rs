//! The icon in the tray, on a real bus with a watcher as desktops have it, and the start at login.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::quick_pick::accounts;
use super::{Desk, KEYFOB, Notifications};
use crate::support::desktop::{Bus, Keyring, finish, wait_until};

const PATIENCE: Duration = Duration::from_secs(15);

/// Plays the part of a desktop that notes which items there are and shows them.
#[derive(Clone, Default)]
struct Watcher(Arc<Mutex<Vec<String>>>);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        self.0.lock().unwrap().push(service);
    }

    #[zbus(property)]
    #[expect(clippy::unused_self, reason = "the interface's own")]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }
}

/// A desktop with a tray and notifications.
struct Desktop {
    watcher: Watcher,
    told: std::sync::mpsc::Receiver<[String; 4]>,
    connection: zbus::blocking::Connection,
}

impl Desktop {
    fn on(bus: &Bus) -> Self {
        let (watcher, (tell, told)) = (Watcher::default(), std::sync::mpsc::channel());
        let builder = zbus::blocking::connection::Builder::address(bus.address().as_str()).unwrap();
        let builder = builder.serve_at("/StatusNotifierWatcher", watcher.clone()).unwrap();
        let builder = builder.serve_at("/org/freedesktop/Notifications", Notifications(tell)).unwrap();
        let builder = builder.name("org.kde.StatusNotifierWatcher").unwrap();
        let connection = builder.name("org.freedesktop.Notifications").unwrap().build().unwrap();
        Self { watcher, told, connection }
    }

    /// The bus name of the newest item.
    fn item(&self) -> String {
        wait_until(PATIENCE, "an item", || self.watcher.0.lock().unwrap().last().cloned())
    }
}

/// The menu's entries, as the bus has them.
fn menu(bus: &Bus, item: &str) -> String {
    bus.call(item, "/MenuBar", "com.canonical.dbusmenu.GetLayout", &["0", "int32 -1", "[]"])
}

/// Chooses the entry whose label has this text.
fn choose(bus: &Bus, item: &str, label: &str) {
    let shown = wait_until(PATIENCE, label, || Some(menu(bus, item)).filter(|menu| menu.contains(label)));
    let before = &shown[..shown.find(label).unwrap()];
    let number: String =
        before[before.rfind("<(").unwrap() + 2..].chars().take_while(char::is_ascii_digit).collect();
    bus.call(item, "/MenuBar", "com.canonical.dbusmenu.Event", &[&number, "clicked", "<''>", "0"]);
}

impl Desk<'_> {
    fn import_accounts(&self) {
        let mut import = self.screen.command(KEYFOB);
        import.args(["import", "-"]).env("KEYFOB_HOME", &self.home);
        let imported = finish(&mut import, &accounts(), Duration::from_mins(1));
        assert!(imported.status.success(), "{imported:?}");
    }

    fn wait_until_hidden(&self) {
        let hidden = || self.screen.windows("keyfob").is_empty().then_some(());
        wait_until(PATIENCE, "a hidden window", hidden);
    }

    fn wait_until_shown(&self) {
        let shown = || (!self.screen.windows("keyfob").is_empty()).then_some(());
        wait_until(PATIENCE, "a shown window", shown);
    }
}

#[test]
fn u9_the_tray_copies_opens_locks_and_quits_and_holds_no_secret() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let desktop = Desktop::on(&bus);
    let desk = Desk::new(&bus, "desktop-tray");
    desk.import_accounts();
    let window = desk.open(&[]);
    window.press("Settings");
    window.press("Locking and closing");
    window.press("Show Keyfob in the tray");
    desk.picture("settings.png");
    let item = desktop.item();
    let shown =
        wait_until(PATIENCE, "accounts", || Some(menu(&bus, &item)).filter(|menu| menu.contains("bank")));
    assert!(shown.contains("bank · 364 d left") && shown.contains("alpha · No token"), "{shown}");

    // Closing hides the window, which is explained once.
    desk.screen.ask_to_close("keyfob");
    desk.wait_until_hidden();
    let [.., body] = desktop.told.recv_timeout(PATIENCE).expect("an explanation");
    assert!(body.contains("in the tray"), "{body}");
    choose(&bus, &item, "bank");
    assert_eq!(desk.copied(), "CANARY-token");
    assert!(desk.screen.windows("keyfob").is_empty(), "a copy shows no window");
    assert!(menu(&bus, &item).contains("bank"), "{}", menu(&bus, &item));
    choose(&bus, &item, "Open");
    desk.wait_until_shown();
    desk.screen.ask_to_close("keyfob");
    desk.wait_until_hidden();
    assert!(desktop.told.try_recv().is_err(), "explained once");

    // A second start shows the hidden window, too. A failed copy shows it with the account.
    let mut again = desk.screen.command(KEYFOB);
    again.env("KEYFOB_HOME", &desk.home);
    assert!(finish(&mut again, "", Duration::from_secs(20)).status.success());
    desk.wait_until_shown();
    desk.screen.ask_to_close("keyfob");
    desk.wait_until_hidden();
    choose(&bus, &item, "alpha");
    desk.wait_until_shown();

    // A locked Keyfob names no account.
    choose(&bus, &item, "Lock");
    let locked = wait_until(PATIENCE, "a locked menu", || {
        Some(menu(&bus, &item)).filter(|menu| !menu.contains("bank"))
    });
    assert!(!locked.contains("alpha") && !locked.contains("Lock") && locked.contains("Open"), "{locked}");
    assert!(![shown, locked].concat().contains("CANARY"));
    choose(&bus, &item, "Quit");
    assert!(window.end().success());
    desk.wait_until_cleared(Duration::from_secs(5));
}

#[test]
fn u9_a_hidden_window_comes_back_when_the_tray_goes() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let desktop = Desktop::on(&bus);
    let desk = Desk::new(&bus, "desktop-tray-gone");
    let window = desk.open(&[]);
    window.press("Settings");
    window.press("Locking and closing");
    window.press("Show Keyfob in the tray");
    desktop.item();
    // The item counts once the watcher's answer is there.
    std::thread::sleep(Duration::from_millis(500));
    desk.screen.ask_to_close("keyfob");
    desk.wait_until_hidden();
    desktop.connection.close().unwrap();
    desk.wait_until_shown();
    // Without a tray, closing ends Keyfob as ever.
    assert!(window.close().success());
}

#[test]
fn u10_the_start_at_login_is_an_entry_of_the_system_and_hides_the_window() {
    let bus = Bus::start();
    let _keyring = Keyring::unlocked(&bus);
    let desktop = Desktop::on(&bus);
    let desk = Desk::new(&bus, "desktop-login");
    let entry = bus.path("config").join("autostart/keyfob.desktop");
    let window = desk.open(&[]);
    window.press("Settings");
    window.press("Locking and closing");
    window.press("Show Keyfob in the tray");
    window.press("Start Keyfob when I log in");
    let text = wait_until(PATIENCE, "an entry", || std::fs::read_to_string(&entry).ok());
    assert!(text.contains(&format!("Exec=\"{KEYFOB}\" background\n")), "{text}");
    desktop.item();
    choose(&bus, &desktop.item(), "Quit");
    assert!(window.end().success());

    // What the entry starts has no window until it is asked for.
    let before = desktop.watcher.0.lock().unwrap().len();
    let mut start = desk.screen.command(KEYFOB);
    start.arg("background").env("KEYFOB_HOME", &desk.home);
    let mut background = crate::support::desktop::Running::start(&mut start);
    wait_until(PATIENCE, "its item", || (desktop.watcher.0.lock().unwrap().len() > before).then_some(()));
    desk.wait_until_hidden();
    choose(&bus, &desktop.item(), "Open");
    desk.wait_until_shown();
    choose(&bus, &desktop.item(), "Quit");
    assert!(background.end(PATIENCE).success());

    // The setting follows an entry that was removed elsewhere, and removes its own.
    std::fs::remove_file(&entry).unwrap();
    let window = desk.open(&[]);
    window.press("Settings");
    window.press("Locking and closing");
    window.press("Start Keyfob when I log in");
    wait_until(PATIENCE, "an entry", || entry.exists().then_some(()));
    window.press("Start Keyfob when I log in");
    wait_until(PATIENCE, "no entry", || (!entry.exists()).then_some(()));
}
