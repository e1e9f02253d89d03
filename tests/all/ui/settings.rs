//! The settings, the zoom and the theme.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::Command;
use keyfob::messages::event::{Event, Reply};
use keyfob::messages::preferences::{Guarded, Preferences, ProxyChoice, ThemeChoice, Unconfirmed};
use keyfob::messages::problem::VaultProblem;
use keyfob::messages::snapshot::{VaultHealth, VaultKind};

use super::fixtures::{account, snapshot};
use super::harness::Rig;

fn rig() -> Rig {
    Rig::new(snapshot(vec![account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode)]))
}

#[track_caller]
fn preferences(rig: &mut Rig) -> Preferences {
    let Command::SetPreferences(preferences) = rig.command() else { panic!("no preferences") };
    preferences
}

/// Takes what was sent as the preferences in use, as the engine does.
#[track_caller]
fn applied(rig: &mut Rig) -> Preferences {
    let used = preferences(rig);
    rig.change(|snapshot| snapshot.preferences = used.clone());
    used
}

#[track_caller]
fn section(rig: &mut Rig, name: &str) {
    rig.0.get_by_role_and_label(Role::Tab, name).click_accesskit();
    rig.0.run();
}

#[test]
fn a_setting_is_used_at_once() {
    let mut rig = rig();
    rig.press("Settings");
    rig.choose("Theme", "Dark");
    assert_eq!(applied(&mut rig).theme, ThemeChoice::Dark);
    rig.choose("Zoom", "150 %");
    assert_eq!(applied(&mut rig).zoom_percent, 150);
    rig.tick("Reduced motion");
    assert!(applied(&mut rig).reduced_motion);
    section(&mut rig, "Tokens");
    rig.tick("Clear the clipboard");
    assert_eq!(applied(&mut rig).clear_clipboard_secs, None);
    rig.fill("Refresh ahead of expiry", "soon");
    assert!(rig.commands().is_empty() && rig.tree().contains("Enter 0 to 3600 seconds"));
    rig.refill("Refresh ahead of expiry", "90");
    assert_eq!(applied(&mut rig).refresh_ahead_secs, Some(90));
    section(&mut rig, "Signing in");
    rig.fill("Redirect port", "80");
    assert!(rig.commands().is_empty());
    rig.refill("Redirect port", "8910");
    assert_eq!(applied(&mut rig).redirect_port, Some(8910));
    section(&mut rig, "Locking and closing");
    rig.choose("Lock after idle", "After 10 minutes");
    assert_eq!(applied(&mut rig).lock_after_idle_mins, Some(10));
    rig.tick("Notify me when an account needs a sign-in");
    assert!(applied(&mut rig).notify);
    rig.tick("Keep running when the window is closed");
    let expected = Preferences {
        theme: ThemeChoice::Dark,
        zoom_percent: 150,
        reduced_motion: true,
        clear_clipboard_secs: None,
        refresh_ahead_secs: Some(90),
        redirect_port: Some(8910),
        lock_after_idle_mins: Some(10),
        notify: true,
        keep_running: true,
        ..Preferences::default()
    };
    assert_eq!(applied(&mut rig), expected);
    assert!(rig.commands().is_empty(), "each is sent once");
}

#[test]
fn f6_a_browser_a_proxy_and_a_certificate_are_used_on_a_press() {
    let mut rig = rig();
    rig.open_settings("Signing in");
    rig.fill("Browser", "firefox --private-window %s");
    assert!(rig.commands().is_empty(), "typing decides nothing");
    rig.press("Use this browser");
    assert_eq!(applied(&mut rig).browser.as_deref(), Some("firefox --private-window %s"));
    assert!(!rig.can_press("Use this browser"));
    section(&mut rig, "Network");
    rig.choose("Proxy", "At this URL");
    assert!(rig.commands().is_empty() && !rig.can_press("Use this proxy"));
    rig.fill("Proxy URL", "proxy.example:3128");
    assert!(rig.commands().is_empty());
    rig.press("Use this proxy");
    assert_eq!(applied(&mut rig).proxy, ProxyChoice::at("proxy.example:3128").unwrap());
    rig.fill("Extra root certificate", "/etc/root.pem");
    rig.0.key_press(Key::Enter);
    rig.0.run();
    assert_eq!(applied(&mut rig).extra_root_certificate.as_deref(), Some("/etc/root.pem"));
    rig.choose("Proxy", "None");
    assert_eq!(applied(&mut rig).proxy, ProxyChoice::Direct);
}

#[test]
fn a_search_for_accounts_that_finds_none_is_told_in_a_line() {
    let mut rig = rig();
    rig.open_settings("All accounts");
    rig.press("Recover accounts");
    assert!(matches!(rig.command(), Command::RecoverAccounts));
    assert!(rig.tree().contains("Looking for accounts in the vault…") && rig.can_press("Export"));
    rig.tell(Event::Done(Reply::Recovered { added: Vec::new(), unreadable: 0, orphans: 0 }));
    assert!(rig.tree().contains("Nothing to recover.") && rig.can_press("Export"), "{}", rig.tree());
}

#[test]
fn f6_settings_changed_outside_are_told_and_used_on_a_press() {
    let mut rig = rig();
    let changed = Unconfirmed([(Guarded::Proxy, "http://evil.example:1/\u{202e}".to_owned())].into());
    rig.change(|snapshot| snapshot.unconfirmed = changed.clone());
    let told = "Settings were changed outside Keyfob and are not used: the proxy is now “http://evil.example:1/\u{fffd}”.";
    assert!(rig.tree().contains(told), "{}", rig.tree());
    rig.press("Open settings");
    rig.press("Use these settings");
    let Command::ConfirmPreferences(confirmed) = rig.command() else { panic!("nothing is confirmed") };
    assert_eq!(confirmed, changed);
    rig.change(|snapshot| snapshot.unconfirmed = Unconfirmed::default());
    assert!(!rig.can_press("Use these settings"));
    rig.press("Back");
    // After it is dismissed, it returns with the next change.
    rig.change(|snapshot| snapshot.unconfirmed = changed.clone());
    rig.press("Dismiss");
    assert!(!rig.tree().contains(told) && rig.commands().is_empty());
    let another = Unconfirmed([(Guarded::Browser, "evil".to_owned())].into());
    rig.change(|snapshot| snapshot.unconfirmed = another);
    assert!(rig.tree().contains("the browser is now “evil”"));
}

#[test]
fn the_clipboard_is_cleared_after_10_to_120_seconds() {
    let mut rig = rig();
    rig.open_settings("Tokens");
    rig.refill("Clear after, in seconds", "9");
    assert!(rig.commands().is_empty() && rig.tree().contains("Enter 10 to 120 seconds."));
    rig.refill("Clear after, in seconds", "120");
    let sent = rig.commands();
    let Some(Command::SetPreferences(last)) = sent.last() else { panic!("{sent:?}") };
    assert_eq!(last.clear_clipboard_secs, Some(120));
}

#[test]
fn esc_leaves_the_settings_and_what_was_not_applied() {
    let mut rig = rig();
    rig.open_settings("Signing in");
    rig.fill("Browser", "firefox");
    rig.0.key_press(Key::Escape);
    rig.0.run();
    assert!(rig.0.query_by_label("Redirect port").is_none());
    assert!(rig.commands().is_empty());
}

#[test]
fn keys_zoom_and_the_zoom_is_remembered() {
    let mut rig = rig();
    for (key, before, after) in
        [(Key::Plus, 100, 110), (Key::Minus, 100, 90), (Key::Num0, 150, 100), (Key::Equals, 200, 250)]
    {
        rig.change(|snapshot| snapshot.preferences.zoom_percent = before);
        rig.0.key_press_modifiers(Modifiers::COMMAND, key);
        rig.0.run();
        assert_eq!(preferences(&mut rig).zoom_percent, after);
    }
    // At the end of the scale there is no command.
    rig.change(|snapshot| snapshot.preferences.zoom_percent = 250);
    rig.0.key_press_modifiers(Modifiers::COMMAND, Key::Plus);
    rig.0.run();
    assert!(rig.commands().is_empty());
    let factor = rig.0.ctx.zoom_factor();
    assert!((factor - 2.5).abs() < 0.001, "{factor}");
}

#[test]
fn the_settings_say_where_secrets_are_and_not_where_they_will_be() {
    let mut rig = rig();
    rig.0.key_press_modifiers(Modifiers::COMMAND, Key::Comma);
    rig.0.run();
    section(&mut rig, "Secrets");
    let tree = rig.tree();
    assert!(tree.contains("Secrets are kept in this computer's keychain"), "{tree}");
}

/// What the line under the list can say.
const LINES: [&str; 11] = [
    "Secrets in keychain",
    "Keychain unlocked",
    "Keychain locked",
    "Keychain not usable",
    "Waiting for keychain",
    "No passphrase yet",
    "Secrets file unlocked",
    "Secrets file locked",
    "Secrets file not usable",
    "Opening secrets file…",
    "Secrets in memory until quit",
];

#[test]
fn the_line_under_the_list_is_never_cut() {
    let failing = VaultHealth::Failing;
    let keychain = [
        VaultHealth::Untried,
        VaultHealth::Ready,
        VaultHealth::Waiting,
        failing(VaultProblem::Locked),
        failing(VaultProblem::Absent),
    ];
    let file = [
        VaultHealth::Locked { exists: false },
        VaultHealth::Locked { exists: true },
        VaultHealth::Waiting,
        VaultHealth::Ready,
        failing(VaultProblem::Damaged),
    ];
    let all = keychain.map(|health| (VaultKind::Keychain, health)).into_iter();
    let all = all.chain(file.map(|health| (VaultKind::File, health)));
    for (kind, health) in all.chain([(VaultKind::Memory, VaultHealth::Ready)]) {
        // A window with one pane has enough space.
        let [beside, alone] = [keyfob::ui::FIRST_SIZE, keyfob::ui::MIN_SIZE].map(|size| {
            let car = account(1, "car-dev", "Smartcar", GrantType::AuthorizationCode);
            let mut rig = Rig::sized(snapshot(vec![car]), size);
            rig.change(|snapshot| (snapshot.vault.kind, snapshot.vault.health) = (kind, health.clone()));
            rig.0.key_press(Key::Escape);
            rig.0.run();
            let is_line = |node: &egui_kittest::Node<'_>| {
                let label = node.accesskit_node().label().unwrap_or_default();
                LINES.contains(&label.strip_prefix("Lock, ").unwrap_or(&label))
            };
            let mut buttons = rig.0.query_all_by_role(egui::accesskit::Role::Button);
            buttons.find(is_line).expect("the line").rect().width()
        });
        assert!((beside - alone).abs() < 0.5, "{kind:?}, {health:?}: {beside} of {alone}");
    }
}
