//! The start at login follows its setting, and the setting what the system has.

use crate::engine::EngineHandle;
use crate::messages::command::Command;
use crate::messages::preferences::Preferences;
use crate::messages::snapshot::Snapshot;
use crate::platform::login_item;
use crate::ui::Ui;

/// The setting as of the last frame.
#[derive(Default)]
pub(super) struct LoginItem(Option<bool>);

impl LoginItem {
    /// Call in every frame.
    pub(super) fn follow(&mut self, ui: &mut Ui, snapshot: &Snapshot, engine: &EngineHandle) {
        let wanted = snapshot.preferences.start_at_login;
        if !snapshot.loaded || self.0 == Some(wanted) {
            return;
        }
        // At the start nothing is changed: the user may have removed the entry in the system's settings.
        let is_changed = self.0.replace(wanted).is_some();
        let is_set = login_item::is_set();
        if is_set == wanted {
            return;
        }
        if is_changed {
            match login_item::set(wanted) {
                Ok(()) => return,
                Err(error) => ui.say(format!("The start at login was not changed: {error}. Check the system's settings, then try again.")),
            }
        }
        let preferences = Preferences { start_at_login: is_set, ..snapshot.preferences.clone() };
        if engine.send(Command::SetPreferences(preferences)).is_err() {
            log::warn!("the setting of the start at login was not corrected");
        }
    }
}
