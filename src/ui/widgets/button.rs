//! Buttons.
//!
//! A button has an accessible name, a visible focus, and a reason when it is disabled.

use std::sync::Arc;

use egui::accesskit;
use egui::{Color32, CornerRadius, Galley, Response, Sense, Ui, Widget, WidgetInfo, vec2};

use super::{describe, focus_ring, one_line, scroll_into_view};
use crate::ui::theme;
use crate::ui::theme::Tokens;
use crate::ui::theme::icons::Icon;

/// The emphasis of a button. A screen has one primary button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ui) enum Weight {
    Primary,
    Secondary,
    /// Only text, whose accent color tells it from other text.
    Text,
    /// Destroys something, in red.
    Danger,
    /// Like [`Self::Text`], for an action that destroys something.
    DangerText,
}

#[must_use = "show it with `ui.add` or `Button::show`"]
pub(in crate::ui) struct Button<'a> {
    label: &'a str,
    name: Option<&'a str>,
    weight: Weight,
    icon: Option<Icon>,
    blocked: Option<&'a str>,
    hint: Option<&'a str>,
    min_width: f32,
    aligned_with_text: bool,
    in_text_color: bool,
    small: bool,
}

impl<'a> Button<'a> {
    pub(in crate::ui) fn new(weight: Weight, label: &'a str) -> Self {
        Self {
            label,
            name: None,
            weight,
            icon: None,
            blocked: None,
            hint: None,
            min_width: 0.0,
            aligned_with_text: false,
            in_text_color: false,
            small: false,
        }
    }

    /// A button with only an icon; `name` is its accessible name and tooltip.
    pub(in crate::ui) fn icon(icon: Icon, name: &'a str) -> Self {
        Self { icon: Some(icon), name: Some(name), hint: Some(name), ..Self::new(Weight::Text, "") }
    }

    pub(in crate::ui) fn secondary(mut self) -> Self {
        self.weight = Weight::Secondary;
        self
    }

    pub(in crate::ui) fn with_icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    pub(in crate::ui) fn accessible_name(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    pub(in crate::ui) fn min_width(mut self, width: f32) -> Self {
        self.min_width = width;
        self
    }

    pub(in crate::ui) fn width(&self, ui: &Ui) -> f32 {
        let content = self.text(ui).size().x + self.icon_width();
        (content + 2.0 * self.padding()).max(self.min_width)
    }

    fn text(&self, ui: &Ui) -> Arc<Galley> {
        let font = match self.weight {
            _ if self.small => theme::small(),
            Weight::Primary => theme::strong(),
            _ => theme::body(),
        };
        // A label wider than its container is truncated; the accessible name is not.
        let room = ui.max_rect().width() - self.icon_width() - 2.0 * self.padding();
        one_line(ui, self.label, font, Color32::PLACEHOLDER, room.max(theme::CONTROL_HEIGHT))
    }

    fn icon_width(&self) -> f32 {
        match self.icon {
            None => 0.0,
            Some(_) if self.label.is_empty() => 16.0,
            Some(_) => 24.0,
        }
    }

    fn padding(&self) -> f32 {
        if self.label.is_empty() || self.small { 8.0 } else { 12.0 }
    }

    pub(in crate::ui) fn hint(mut self, hint: &'a str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Aligns the label, not the button's edge, with the text above and below.
    pub(in crate::ui) fn aligned_with_text(mut self) -> Self {
        self.aligned_with_text = true;
        self
    }

    /// Shows a bare label in the text color, for one that is read more often than pressed.
    pub(in crate::ui) fn in_text_color(mut self) -> Self {
        self.in_text_color = true;
        self
    }

    /// Shows small text, where room is scarce.
    pub(in crate::ui) fn small(mut self) -> Self {
        self.small = true;
        self
    }

    /// Disables the button if there is a reason, which it shows.
    pub(in crate::ui) fn blocked(mut self, reason: Option<&'a str>) -> Self {
        self.blocked = reason;
        self
    }

    pub(in crate::ui) fn show(self, ui: &mut Ui) -> bool {
        ui.add(self).clicked()
    }
}

impl Widget for Button<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let blocked = self.blocked;
        let hint = self.hint;
        let name = self.name.unwrap_or(self.label);
        // Only a scope can disable it, and within one a row doesn't wrap.
        let response = match blocked {
            None => self.paint(ui),
            Some(_) => ui.add_enabled_ui(false, |ui| self.paint(ui)).inner,
        };
        if let Some(reason) = blocked {
            describe(ui, &response, reason);
            return response.on_disabled_hover_text(reason);
        }
        let Some(hint) = hint else { return response };
        let response = response.on_hover_text(hint);
        if name == hint {
            // A name that is also the tooltip is read aloud once.
            ui.ctx().accesskit_node_builder(response.id, egui::accesskit::Node::clear_description);
        }
        response
    }
}

impl Button<'_> {
    /// The colors of the ground and of the text.
    fn colors(&self, tokens: &Tokens, enabled: bool, lit: bool) -> (Color32, Color32) {
        match (self.weight, lit) {
            (Weight::Text | Weight::DangerText, _) if !enabled => (Color32::TRANSPARENT, tokens.weak),
            _ if !enabled => (tokens.disabled, tokens.weak),
            (Weight::Primary, false) => (tokens.accent, tokens.on_accent),
            (Weight::Primary, true) => (tokens.accent_hover, tokens.on_accent),
            (Weight::Secondary, false) => (tokens.control, tokens.text),
            (Weight::Secondary | Weight::Text, true) => (tokens.hover, tokens.text),
            (Weight::Text, false) if self.in_text_color || self.label.is_empty() => {
                (Color32::TRANSPARENT, tokens.text)
            }
            (Weight::Text, false) => (Color32::TRANSPARENT, tokens.accent),
            (Weight::Danger, false) | (Weight::DangerText, true) => (tokens.error_soft, tokens.error),
            (Weight::DangerText, false) => (Color32::TRANSPARENT, tokens.error),
            (Weight::Danger, true) => (tokens.error, tokens.on_accent),
        }
    }

    fn paint(self, ui: &mut Ui) -> Response {
        let tokens = Tokens::of(ui);
        let galley = self.text(ui);
        let width = galley.size().x + self.icon_width();
        let size = vec2(self.width(ui), theme::CONTROL_HEIGHT);
        let indent = if self.aligned_with_text { self.padding() } else { 0.0 };
        let (mut rect, response) = ui.allocate_exact_size(size - vec2(indent, 0.0), Sense::click());
        rect.min.x -= indent;
        let name = self.name.unwrap_or(self.label);
        response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Button, ui.is_enabled(), name));
        if response.gained_focus() {
            scroll_into_view(ui, &response);
        }
        if !ui.is_rect_visible(rect) {
            return response;
        }
        let lit = response.hovered() || response.is_pointer_button_down_on();
        let (fill, text) = self.colors(tokens, ui.is_enabled(), lit);
        let painter = ui.painter();
        painter.rect_filled(rect, CornerRadius::same(theme::RADIUS), fill);
        // Outside the accent fill, which has the same color as the ring.
        let gap = if self.weight == Weight::Primary { 2.0 } else { 0.0 };
        focus_ring(ui, &response, rect.expand(gap));
        let mut x = rect.center().x - width / 2.0;
        if let Some(icon) = self.icon {
            icon.paint(painter, egui::pos2(x + 8.0, rect.center().y), 16.0, text);
            x += 24.0;
        }
        let y = rect.center().y - galley.size().y / 2.0;
        painter.galley(egui::pos2(x, y), galley, text);
        response
    }
}
