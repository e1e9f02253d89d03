//! The fields of the settings, by section. They change only the draft.

use egui::{Id, Ui};

use crate::messages::preferences::{ThemeChoice, ZOOMS_PERCENT};
use crate::messages::snapshot::FILE_LOCK_MINS;

use super::draft::{ProxyKind, SettingsDraft, Typed};
use super::section::Section;
use crate::ui::widgets;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::checkbox;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::FieldOptions;

pub(in crate::ui) fn show(ui: &mut Ui, section: Section, draft: &mut SettingsDraft) {
    match section {
        Section::Appearance => appearance(ui, draft),
        Section::Tokens => tokens(ui, draft),
        Section::SigningIn => signing_in(ui, draft),
        Section::Network => network(ui, draft),
        Section::Locking => locking(ui, draft),
        Section::Secrets | Section::Accounts => {}
    }
}

/// A field whose value is used once it is applied.
fn applied(
    ui: &mut Ui,
    draft: &mut SettingsDraft,
    typed: Typed,
    field: impl FnOnce(&mut Ui, &mut SettingsDraft) -> egui::Response,
) {
    let field = field(ui, draft);
    let is_applied = draft.is_applied(typed);
    let is_wrong = typed == Typed::Proxy && draft.proxy().is_err();
    if is_applied || is_wrong {
        return;
    }
    let name = match typed {
        Typed::Browser => "Use this browser",
        Typed::Proxy => "Use this proxy",
        Typed::RootCertificate => "Trust this certificate",
    };
    let clears = match typed {
        Typed::Browser => draft.browser.trim().is_empty().then_some("Use the system's browser"),
        Typed::Proxy => None,
        Typed::RootCertificate => {
            draft.root_certificate.trim().is_empty().then_some("Trust no extra certificate")
        }
    };
    let pressed = Button::new(Weight::Secondary, clears.unwrap_or(name)).show(ui);
    if pressed || fields::is_entered(ui, &field) {
        draft.apply(typed);
    }
}

fn appearance(ui: &mut Ui, draft: &mut SettingsDraft) {
    let preferences = &mut draft.preferences;
    let themes = [
        (ThemeChoice::System, "Like the system".to_owned()),
        (ThemeChoice::Light, "Light".to_owned()),
        (ThemeChoice::Dark, "Dark".to_owned()),
    ];
    let theme = &mut preferences.theme;
    fields::choice(ui, Id::unique("keyfob-theme"), "Theme", theme, &themes, FieldOptions::default());
    let zooms = ZOOMS_PERCENT.map(|percent| (percent, format!("{percent} %")));
    let options = FieldOptions { note: Some("Also with Ctrl and +, −, 0."), ..FieldOptions::default() };
    let zoom = &mut preferences.zoom_percent;
    fields::choice(ui, Id::unique("keyfob-zoom"), "Zoom", zoom, &zooms, options);
    checkbox::show(
        ui,
        &mut preferences.reduced_motion,
        "Reduced motion",
        "Turns off animations. They are also off when your system asks for less motion.",
    );
}

fn tokens(ui: &mut Ui, draft: &mut SettingsDraft) {
    let mut clears = draft.preferences.clear_clipboard_secs.is_some();
    let note = "Copied tokens are always cleared when you lock or quit.";
    if checkbox::show(ui, &mut clears, "Clear the clipboard", note).changed() {
        draft.set_clears(clears);
    }
    if clears {
        let options = FieldOptions {
            error: draft.clear_secs().err(),
            note: Some("10 to 120 seconds."),
            ..FieldOptions::default()
        };
        let value = &mut draft.clear_clipboard;
        fields::text(ui, Id::unique("keyfob-clear"), "Clear after, in seconds", value, options);
    }
    let note =
        "In seconds. Empty: a tenth of the token's lifetime, at least 30 seconds and at most 5 minutes.";
    let error = draft.ahead_secs().err();
    let options =
        FieldOptions { hint: "By the token's lifetime", error, note: Some(note), ..FieldOptions::default() };
    let value = &mut draft.refresh_ahead;
    fields::text(ui, Id::unique("keyfob-ahead"), "Refresh ahead of expiry", value, options);
}

fn signing_in(ui: &mut Ui, draft: &mut SettingsDraft) {
    let note = "Default when neither provider nor account sets a port. Empty: a free port each time.";
    let error = draft.port().err();
    let options = FieldOptions { hint: "Automatic", error, note: Some(note), ..FieldOptions::default() };
    let value = &mut draft.redirect_port;
    fields::text(ui, Id::unique("keyfob-port"), "Redirect port", value, options);
    let note = "A program and its arguments. %s stands for the URL.";
    let options = FieldOptions {
        hint: "The system's browser",
        note: Some(note),
        mono: true,
        ..FieldOptions::default()
    };
    applied(ui, draft, Typed::Browser, |ui, draft| {
        fields::text(ui, Id::unique("keyfob-browser"), "Browser", &mut draft.browser, options)
    });
}

fn network(ui: &mut Ui, draft: &mut SettingsDraft) {
    let kinds = [
        (ProxyKind::System, "Like the system".to_owned()),
        (ProxyKind::Direct, "None".to_owned()),
        (ProxyKind::At, "At this URL".to_owned()),
    ];
    let kind = &mut draft.proxy_kind;
    fields::choice(ui, Id::unique("keyfob-proxy"), "Proxy", kind, &kinds, FieldOptions::default());
    if draft.proxy_kind == ProxyKind::At {
        let error = draft.proxy().err();
        let options =
            FieldOptions { hint: "http://proxy:8080", error, mono: true, ..FieldOptions::default() };
        applied(ui, draft, Typed::Proxy, |ui, draft| {
            fields::text(ui, Id::unique("keyfob-proxy-address"), "Proxy URL", &mut draft.proxy, options)
        });
    }
    let note =
        "For a company network: the path of a PEM file to trust in addition to the system's certificates.";
    let options =
        FieldOptions { hint: "/path/to/root.pem", note: Some(note), mono: true, ..FieldOptions::default() };
    applied(ui, draft, Typed::RootCertificate, |ui, draft| {
        let value = &mut draft.root_certificate;
        fields::text(ui, Id::unique("keyfob-root"), "Extra root certificate", value, options)
    });
}

fn locking(ui: &mut Ui, draft: &mut SettingsDraft) {
    let preferences = &mut draft.preferences;
    let value = &mut preferences.lock_after_idle_mins;
    let unset = format!("{FILE_LOCK_MINS} minutes with a passphrase file, else never");
    let mut choices = vec![(None, unset), (Some(0), "Never".to_owned())];
    let usual = [1, 5, 10, 15, 30, 60];
    let own = value.filter(|mins| *mins > 0 && !usual.contains(mins));
    for mins in usual.into_iter().chain(own) {
        let unit = if mins == 1 { "minute" } else { "minutes" };
        choices.push((Some(mins), format!("After {mins} {unit}")));
    }
    let note =
        Some("Locking hides tokens, discards unsaved input, clears the clipboard and cancels sign-ins.");
    let options = FieldOptions { note, ..FieldOptions::default() };
    fields::choice(ui, Id::unique("keyfob-lock-after"), "Lock after idle", value, &choices, options);
    let note = if cfg!(target_os = "linux") {
        "A system notification that names the account and no secret."
    } else {
        "The window asks for your attention in the dock or the taskbar."
    };
    checkbox::show(ui, &mut preferences.notify, "Notify me when an account needs a sign-in", note);
    let note = "The window is minimised and tokens are still refreshed. Ctrl+Q quits.";
    checkbox::show(ui, &mut preferences.keep_running, "Keep running when the window is closed", note);
    let note = "Its menu copies tokens. Closing the window then hides it, where the desktop has a tray.";
    checkbox::show(ui, &mut preferences.tray, "Show Keyfob in the tray", note);
    let note = "Its window stays hidden in the tray, or minimised.";
    checkbox::show(ui, &mut preferences.start_at_login, "Start Keyfob when I log in", note);
    // Explains the missing button for the log's folder.
    widgets::weak(
        ui,
        "Keyfob keeps no log: nothing of what you do is written down. To see what happens, start it from a \
         terminal with KEYFOB_LOG=info.",
    );
}
