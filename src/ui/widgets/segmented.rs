//! A segmented control: a few choices side by side, of which one is chosen.

use egui::accesskit::Role;
use egui::{CornerRadius, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use super::{describe, focus_ring};
use crate::ui::theme;
use crate::ui::theme::Tokens;

pub(in crate::ui) struct Segment<'a> {
    pub(in crate::ui) label: &'a str,
    pub(in crate::ui) hint: &'a str,
    pub(in crate::ui) chosen: bool,
}

const PADDING: f32 = 12.0;

/// Shows the control in the available width, but at most `max_width`; returns the segment that was pressed.
pub(in crate::ui) fn show(ui: &mut Ui, max_width: f32, segments: &[Segment<'_>]) -> Option<usize> {
    let tokens = Tokens::of(ui);
    let galleys: Vec<_> = segments
        .iter()
        .map(|segment| {
            let font = if segment.chosen { theme::small_strong() } else { theme::small() };
            ui.painter().layout_no_wrap(segment.label.to_owned(), font, tokens.text)
        })
        .collect();
    let width = ui.available_width().min(max_width);
    let (whole, _) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::hover());
    ui.painter().rect_filled(whole, CornerRadius::same(theme::RADIUS), tokens.control);
    let texts: f32 = galleys.iter().map(|galley| galley.size().x + 2.0 * PADDING).sum();
    #[expect(clippy::cast_precision_loss, reason = "a control has few segments")]
    let spare = ((width - texts) / segments.len() as f32).floor();
    let (mut left, mut pressed) = (whole.left(), None);
    for (place, (segment, galley)) in segments.iter().zip(galleys).enumerate() {
        let right = left + galley.size().x + 2.0 * PADDING + spare;
        let right = if place + 1 == segments.len() { whole.right() } else { right.floor() };
        let rect = Rect::from_x_y_ranges(left..=right, whole.y_range());
        left = right;
        let response = ui.interact(rect, ui.scope_id().with(("keyfob-segment", place)), Sense::click());
        let enabled = ui.is_enabled();
        response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, segment.chosen, segment.label));
        describe(ui, &response, segment.hint);
        if response.clicked() {
            pressed = Some(place);
        }
        let corner = CornerRadius::same(theme::RADIUS);
        if segment.chosen {
            let border = if enabled { tokens.border } else { tokens.line };
            let fill = if enabled { tokens.raised } else { tokens.disabled };
            ui.painter().rect(rect, corner, fill, Stroke::new(1.0, border), StrokeKind::Inside);
        } else if response.hovered() {
            ui.painter().rect_filled(rect, corner, tokens.hover);
        }
        let color = if segment.chosen && enabled { tokens.text } else { tokens.weak };
        ui.painter().galley_with_override_text_color(rect.center() - galley.size() / 2.0, galley, color);
        focus_ring(ui, &response, rect);
    }
    pressed
}
