//! Check boxes with a label and a description, and lists of them.
//!
//! The accessible name is the label alone. Of a long list only the visible part is laid out.

use egui::{
    CornerRadius, Rect, Response, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, accesskit, pos2,
    vec2,
};

use crate::base::sanitize::sanitized;

use crate::ui::theme;
use crate::ui::theme::Tokens;
use crate::ui::widgets;

const HEIGHT: f32 = 44.0;

const SIDE: f32 = 18.0;

/// Shows a box; both texts are truncated to one line.
pub(in crate::ui) fn show(ui: &mut Ui, value: &mut bool, label: &str, note: &str) -> Response {
    let tokens = Tokens::of(ui);
    let height = if note.is_empty() { theme::CONTROL_HEIGHT } else { HEIGHT };
    let (rect, mut response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    if response.clicked() {
        *value = !*value;
        response.mark_changed();
    }
    let name = sanitized(label, 200);
    response.widget_info(|| WidgetInfo::selected(accesskit::Role::CheckBox, ui.is_enabled(), *value, &*name));
    if !note.is_empty() {
        widgets::describe(ui, &response, note);
    }
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    if ui.is_rect_visible(rect) {
        paint(ui, &response, rect, *value, tokens);
        let left = rect.left() + SIDE + 10.0;
        let width = rect.right() - left;
        let label = widgets::one_line(ui, &name, theme::body(), tokens.text, width);
        let shown = sanitized(note, 200);
        let below = widgets::one_line(ui, &shown, theme::small(), tokens.weak, width);
        let lines = if note.is_empty() { 0.0 } else { below.size().y + 2.0 };
        let top = rect.center().y - f32::midpoint(label.size().y, lines);
        let below_at = pos2(left, top + label.size().y + 2.0);
        ui.painter().galley(pos2(left, top), label, tokens.text);
        if !note.is_empty() {
            ui.painter().galley(below_at, below, tokens.weak);
        }
    }
    response
}

/// Shows a list of boxes with descriptions, at most so many rows high.
pub(in crate::ui) fn list(
    ui: &mut Ui,
    salt: &str,
    count: usize,
    at_once: u8,
    mut row: impl FnMut(&mut Ui, usize) -> Response,
) {
    ui.spacing_mut().item_spacing.y = 0.0;
    if count <= usize::from(at_once) {
        for number in 0..count {
            row(ui, number);
        }
        return;
    }
    // In a small window the list must fit into the visible part of the dialog.
    let seen = (ui.clip_rect().height() / HEIGHT).floor().max(1.0);
    let height = HEIGHT * seen.min(f32::from(at_once));
    let area = ScrollArea::vertical().id_salt(salt).auto_shrink(false);
    let area = area.max_height(height).min_scrolled_height(height);
    let shown = area.show_rows(ui, HEIGHT, count, |ui, rows| {
        rows.filter(|number| row(ui, *number).gained_focus()).count() > 0
    });
    // Scrolling to a row moves only the list, not its container.
    if shown.inner {
        ui.scroll_to_rect(shown.inner_rect, None);
    }
}

fn paint(ui: &Ui, response: &Response, rect: Rect, ticked: bool, tokens: &Tokens) {
    let center = pos2(rect.left() + SIDE / 2.0, rect.center().y);
    let square = Rect::from_center_size(center, vec2(SIDE, SIDE));
    let painter = ui.painter();
    let corner = CornerRadius::same(4);
    if ticked {
        painter.rect_filled(square, corner, tokens.accent);
        let hook = [vec2(-4.5, 0.2), vec2(-1.4, 3.4), vec2(4.5, -3.2)].map(|step| center + step);
        painter.line(hook.to_vec(), Stroke::new(2.0, tokens.on_accent));
    } else {
        let fill = if response.hovered() { tokens.hover } else { tokens.raised };
        painter.rect(square, corner, fill, Stroke::new(1.0, tokens.border), StrokeKind::Inside);
    }
    widgets::focus_ring(ui, response, square.expand(1.0));
}
