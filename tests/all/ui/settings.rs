//! The settings, the zoom and the theme.

use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use keyfob::domain::oauth::grant_type::GrantType;
use keyfob::messages::command::Command;
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

#[test]
fn settings_are_sent_whole() {
    let mut rig = rig();
    rig.press("Settings");
    rig.choose("Theme", "Dark");
    rig.choose("Zoom", "150 %");
    rig.tick("Reduced motion");
    rig.tick("Clear the clipboard");
    rig.fill("Refresh ahead of expiry", "soon");
    assert!(!rig.can_press("Save"));
    rig.refill("Refresh ahead of expiry", "90");
    rig.fill("Redirect port", "80");
    assert!(!rig.can_press("Save"));
    rig.refill("Redirect port", "8910");
    rig.fill("Browser", "firefox --private-window %s");
    rig.choose("Proxy", "At this URL");
    assert!(!rig.can_press("Save"));
    rig.fill("Proxy URL", "proxy.example:3128");
    rig.fill("Extra root certificate", "/etc/root.pem");
    rig.choose("Lock after idle", "After 10 minutes");
    rig.tick("Notify me when an account needs a sign-in");
    rig.tick("Keep running when the window is closed");
    rig.press("Save");
    let expected = Preferences {
        theme: ThemeChoice::Dark,
        zoom_percent: 150,
        reduced_motion: true,
        clear_clipboard_secs: None,
        refresh_ahead_secs: Some(90),
        redirect_port: Some(8910),
        browser: Some("firefox --private-window %s".to_owned()),
        proxy: ProxyChoice::at("proxy.example:3128").unwrap(),
        extra_root_certificate: Some("/etc/root.pem".to_owned()),
        lock_after_idle_mins: Some(10),
        notify: true,
        keep_running: true,
    };
    assert_eq!(preferences(&mut rig), expected);
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
    rig.press("Cancel");
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
    rig.press("Settings");
    rig.refill("Clear after, in seconds", "9");
    assert!(!rig.can_press("Save"));
    rig.refill("Clear after, in seconds", "120");
    rig.press("Save");
    assert_eq!(preferences(&mut rig).clear_clipboard_secs, Some(120));
}

#[test]
fn esc_leaves_the_settings_as_they_were() {
    let mut rig = rig();
    rig.press("Settings");
    rig.fill("Redirect port", "8910");
    rig.0.key_press(Key::Escape);
    rig.0.run();
    rig.0.key_press(Key::Escape);
    rig.0.run();
    assert!(!rig.can_press("Save"));
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
                node.accesskit_node().label().is_some_and(|label| LINES.contains(&&*label))
            };
            let mut buttons = rig.0.query_all_by_role(egui::accesskit::Role::Button);
            buttons.find(is_line).expect("the line").rect().width()
        });
        assert!((beside - alone).abs() < 0.5, "{kind:?}, {health:?}: {beside} of {alone}");
    }
}
