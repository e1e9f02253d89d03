//! Notices above every page.

pub(crate) mod app_problem;
pub(crate) mod presets;
pub(crate) mod startup;
pub(crate) mod vault;

use egui::Ui;

use crate::messages::preferences::Unconfirmed;

use super::cx::Cx;

#[derive(Default)]
pub(super) struct NoticesState {
    /// Also once its button was used.
    startup_dismissed: bool,
    dismissed_preferences: Unconfirmed,
    presets_dismissed: bool,
}

impl NoticesState {
    /// The approximate height, in points, so that a page below can be centered.
    pub(super) fn height(&self, cx: &Cx<'_>) -> f32 {
        let presets = if presets::is_shown(cx, self) { 150.0 } else { 0.0 };
        presets + if startup::shown(cx, self).is_some() { 170.0 } else { 0.0 }
    }

    pub(super) fn dismiss_startup_notice(&mut self) {
        self.startup_dismissed = true;
    }
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut NoticesState) {
    presets::show(ui, cx, state);
    startup::show(ui, cx, state);
}
