//! The settings.
//!
//! Owns their draft. Invariant: a change is sent whole, as one set of preferences, when *Save* is
//! pressed; only where secrets are kept, and locking, is no preference and happens at once.

use egui::{Id, Ui};

use crate::messages::command::Command;
use crate::messages::snapshot::{Preferences, ThemeChoice};

use super::button::{Button, Weight};
use super::cx::Cx;
use super::fields::{self, Extras};
use super::safe_keeping::{self, Asked};
use super::view_state::{SettingsDraft, ViewState};
use super::{widgets, words};

/// The most seconds ahead of expiry that make sense.
const MAX_AHEAD_SECS: u32 = 3600;

impl SettingsDraft {
    /// A draft of the preferences.
    pub(super) fn of(preferences: &Preferences) -> Self {
        Self {
            preferences: preferences.clone(),
            refresh_ahead: preferences.refresh_ahead_secs.map_or_else(String::new, |secs| secs.to_string()),
            root_certificate: preferences.extra_root_certificate.clone().unwrap_or_default(),
            to_secrets: false,
        }
    }

    /// The same, opened at the part about secrets.
    pub(super) fn at_secrets(preferences: &Preferences) -> Self {
        Self { to_secrets: true, ..Self::of(preferences) }
    }

    /// The seconds that are typed; an error where they are none.
    fn ahead(&self) -> Result<Option<u32>, &'static str> {
        let text = self.refresh_ahead.trim();
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<u32>() {
            Ok(secs) if secs <= MAX_AHEAD_SECS => Ok(Some(secs)),
            _ => Err("Enter 0 to 3600 seconds, or nothing."),
        }
    }
}

/// Shows the settings, where they are open.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    // One dialog at a time; this one comes back with what was changed in it.
    if state.passphrase.is_some() || state.errands.is_open() {
        return;
    }
    let Some(draft) = &mut state.settings else { return };
    let mut close = false;
    let height = ui.ctx().content_rect().height();
    let (asked, left) = widgets::dialog(ui, Id::unique("keyfob-settings"), 440.0, |ui| {
        widgets::heading(ui, words::SETTINGS);
        let asked = egui::ScrollArea::vertical()
            .max_height(height - 220.0)
            .content_margin(egui::Margin { right: 12, ..Default::default() })
            .show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 12.0;
                contents(ui, cx, draft)
            });
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            let reason = draft.ahead().err();
            if Button::new(Weight::Primary, words::SAVE).blocked(reason).show(ui)
                && let Ok(ahead) = draft.ahead()
            {
                let path = draft.root_certificate.trim();
                draft.preferences.refresh_ahead_secs = ahead;
                draft.preferences.extra_root_certificate = (!path.is_empty()).then(|| path.to_owned());
                cx.send(Command::SetPreferences(draft.preferences.clone()));
                close = true;
            }
            close |= Button::new(Weight::Bare, words::CANCEL).show(ui);
        });
        asked.inner
    });
    if close || left {
        state.settings = None;
    }
    if let Some(asked) = asked {
        safe_keeping::act(ui, cx, state, asked);
    }
}

fn contents(ui: &mut Ui, cx: &Cx<'_>, draft: &mut SettingsDraft) -> Option<Asked> {
    let themes = [
        (ThemeChoice::System, "Like the system".to_owned()),
        (ThemeChoice::Light, "Light".to_owned()),
        (ThemeChoice::Dark, "Dark".to_owned()),
    ];
    let theme = &mut draft.preferences.theme;
    fields::choice(ui, Id::unique("keyfob-theme"), "Theme", theme, &themes, Extras::default());

    let mut clear = vec![
        (Some(10), "After 10 seconds".to_owned()),
        (Some(30), "After 30 seconds".to_owned()),
        (Some(60), "After 60 seconds".to_owned()),
        (Some(120), "After 120 seconds".to_owned()),
        (None, "Never".to_owned()),
    ];
    let current = draft.preferences.clear_clipboard_secs;
    if let Some(secs) = current
        && !clear.iter().any(|(choice, _)| *choice == current)
    {
        clear.insert(0, (current, format!("After {secs} seconds")));
    }
    let value = &mut draft.preferences.clear_clipboard_secs;
    let note = Some("A copied token is taken off the clipboard, and always when you quit.");
    let extras = Extras { note, ..Extras::default() };
    fields::choice(ui, Id::unique("keyfob-clear"), "Clear the clipboard", value, &clear, extras);

    let error = draft.ahead().err();
    let note = "In seconds. Empty: a tenth of the token's life, at least 30 seconds and at most 5 minutes.";
    let extras = Extras { hint: "By the token's life", error, note: Some(note), ..Extras::default() };
    let value = &mut draft.refresh_ahead;
    fields::text(ui, Id::unique("keyfob-ahead"), "Refresh ahead of expiry", value, extras);

    let note =
        "For a company network: the path of a PEM file that is trusted besides the system's certificates.";
    let extras = Extras { hint: "/path/to/root.pem", note: Some(note), mono: true, ..Extras::default() };
    let value = &mut draft.root_certificate;
    fields::text(ui, Id::unique("keyfob-root"), "Extra root certificate", value, extras);

    lock_after(ui, draft);
    safe_keeping::show(ui, cx, draft)
}

fn lock_after(ui: &mut Ui, draft: &mut SettingsDraft) {
    let value = &mut draft.preferences.lock_after_idle_mins;
    let mut choices = vec![(None, "Never".to_owned())];
    let usual = [1, 5, 10, 15, 30, 60];
    let own = value.filter(|mins| !usual.contains(mins));
    for mins in usual.into_iter().chain(own) {
        let unit = if mins == 1 { "minute" } else { "minutes" };
        choices.push((Some(mins), format!("After {mins} {unit}")));
    }
    let note = Some("Locking drops what is shown or being typed, clears the clipboard and ends sign-ins.");
    let extras = Extras { note, ..Extras::default() };
    fields::choice(ui, Id::unique("keyfob-lock-after"), "Lock after idle", value, &choices, extras);
}
