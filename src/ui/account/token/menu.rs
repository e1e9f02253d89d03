//! Items of the account page's menus.

use egui::{Color32, RichText, Ui, vec2};

use crate::ui::theme;

pub(in crate::ui) const WIDTH: f32 = 216.0;

#[must_use = "show it with `Item::show`"]
pub(in crate::ui) struct Item<'a> {
    label: &'a str,
    color: Option<Color32>,
    blocked: Option<&'a str>,
}

impl<'a> Item<'a> {
    pub(in crate::ui) fn new(label: &'a str) -> Self {
        Self { label, color: None, blocked: None }
    }

    pub(in crate::ui) fn color(mut self, color: Color32) -> Self {
        self.color = Some(color);
        self
    }

    /// Disables the item if there is a reason, which it shows.
    pub(in crate::ui) fn blocked(mut self, reason: Option<&'a str>) -> Self {
        self.blocked = reason;
        self
    }

    /// Returns true if it was pressed, which closes the menu.
    pub(in crate::ui) fn show(self, ui: &mut Ui) -> bool {
        let mut text = RichText::new(self.label);
        if let Some(color) = self.color {
            text = text.color(color);
        }
        let item = egui::Button::new(text).frame_when_inactive(false);
        let item = item.min_size(vec2(WIDTH, theme::CONTROL_HEIGHT));
        let mut response = ui.add_enabled(self.blocked.is_none(), item);
        if let Some(reason) = self.blocked {
            response = response.on_disabled_hover_text(reason);
        }
        if response.clicked() {
            ui.close();
        }
        response.clicked()
    }
}
