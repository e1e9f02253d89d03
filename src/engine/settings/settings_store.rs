//! The preferences, the window's position, and which guarded preferences the vault confirms.

use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::Notify;

use super::confirmed::Trust;
use super::encoding;
use crate::engine::accounts::account_state::Rules;
use crate::messages::preferences::{Guarded, Preferences};
use crate::messages::remembered::Remembered;
use crate::messages::snapshot::WindowPlace;

pub(crate) struct SettingsStore {
    preferences: Preferences,
    window: Option<WindowPlace>,
    remembered: Remembered,
    trust: Trust,
}

impl SettingsStore {
    pub(crate) fn new(changed: Rc<Notify>) -> Self {
        Self {
            preferences: Preferences::default(),
            window: None,
            remembered: Remembered::default(),
            trust: Trust::new(changed),
        }
    }

    pub(crate) fn preferences(&self) -> &Preferences {
        &self.preferences
    }

    pub(crate) fn window(&self) -> Option<WindowPlace> {
        self.window
    }

    pub(crate) fn remembered(&self) -> &Remembered {
        &self.remembered
    }

    /// What is known of the vault's record of guarded preferences.
    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The rules of sessions and views.
    pub(crate) fn rules(&self, renews: bool) -> Rules {
        Rules {
            refresh_ahead_secs: self.preferences.refresh_ahead_secs,
            redirect_port: self.preferences.redirect_port,
            renews,
        }
    }

    /// The guarded preferences that are not at their defaults.
    pub(crate) fn guarded(&self) -> BTreeMap<Guarded, String> {
        encoding::guarded(&self.preferences)
    }

    /// Takes over the stored preferences.
    pub(crate) fn take_stored(&mut self, stored: &BTreeMap<String, String>) {
        self.preferences = encoding::read(stored);
        self.trust.keep_only(&encoding::guarded(&self.preferences));
    }

    /// Takes over the stored position in the list.
    pub(crate) fn take_remembered(&mut self, stored: Option<&str>) {
        self.remembered = stored.map(Remembered::read).unwrap_or_default();
    }

    /// Takes over the window's stored position, unless the window has one already.
    pub(crate) fn take_window(&mut self, stored: Option<&str>) {
        if self.window.is_none() {
            self.window = stored.and_then(encoding::read_window);
        }
    }

    /// The stored values that differ between the current preferences and `set`, by key.
    pub(crate) fn changes(&self, set: &Preferences) -> BTreeMap<String, String> {
        let before = encoding::write(&self.preferences);
        let after = encoding::write(set).into_iter();
        after.filter(|(key, value)| before.get(key) != Some(value)).collect()
    }

    /// Applies changes. Returns all stored values before and after them.
    pub(crate) fn change(
        &mut self,
        changes: BTreeMap<String, String>,
    ) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let before = encoding::write(&self.preferences);
        let mut after = before.clone();
        after.extend(changes);
        self.take_stored(&after);
        (before, after)
    }

    /// Returns the text to store.
    pub(crate) fn remember(&mut self, remembered: Remembered) -> String {
        let text = remembered.text();
        self.remembered = remembered;
        text
    }

    /// Returns the text to store.
    pub(crate) fn remember_window(&mut self, place: WindowPlace) -> String {
        self.window = Some(place);
        encoding::write_window(&place)
    }
}
