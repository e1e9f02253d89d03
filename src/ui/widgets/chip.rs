//! A chip: one of several choices that wrap, of which one is chosen.

use egui::accesskit::Role;
use egui::{CornerRadius, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use super::{focus_ring, one_line, scroll_into_view};
use crate::ui::theme;
use crate::ui::theme::Tokens;

const HEIGHT: f32 = 28.0;
const PADDING: f32 = 10.0;

/// Shows the chip; returns true if it was pressed.
pub(in crate::ui) fn show(ui: &mut Ui, label: &str, chosen: bool) -> bool {
    let tokens = Tokens::of(ui);
    let font = if chosen { theme::small_strong() } else { theme::small() };
    let color = if chosen { tokens.text } else { tokens.weak };
    let room = ui.max_rect().width() - 2.0 * PADDING;
    let galley = one_line(ui, label, font, color, room);
    let size = vec2(galley.size().x + 2.0 * PADDING, HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, label));
    if response.gained_focus() {
        scroll_into_view(ui, &response);
    }
    let fill = if response.hovered() { tokens.hover } else { tokens.control };
    let corner = CornerRadius::same(theme::RADIUS);
    if chosen {
        let border = Stroke::new(1.0, tokens.border);
        ui.painter().rect(rect, corner, tokens.raised, border, StrokeKind::Inside);
    } else {
        ui.painter().rect_filled(rect, corner, fill);
    }
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, color);
    focus_ring(ui, &response, rect);
    response.clicked()
}
