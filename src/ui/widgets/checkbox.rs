//! Check boxes with a label and a description, and lists of them.
//!
//! The accessible name is the label alone. Of a long list only the visible part is laid out.

use egui::{
    CornerRadius, Rect, Response, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, accesskit, pos2, vec2,
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
        let color = if ui.is_enabled() { tokens.text } else { tokens.weak };
        let label = widgets::one_line(ui, &name, theme::body(), color, width);
        let shown = sanitized(note, 200);
        let below = widgets::one_line(ui, &shown, theme::small(), tokens.weak, width);
        let lines = if note.is_empty() { 0.0 } else { below.size().y + 2.0 };
        let top = rect.center().y - f32::midpoint(label.size().y, lines);
        let below_at = pos2(left, top + label.size().y + 2.0);
        ui.painter().galley(pos2(left, top), label, color);
        if !note.is_empty() {
            ui.painter().galley(below_at, below, tokens.weak);
        }
    }
    response
}

/// Shows a list of boxes with descriptions in the page's own scroll area. Only rows near the visible part are
/// laid out: one more at each end, for the keyboard to reach.
pub(in crate::ui) fn list(ui: &mut Ui, count: usize, mut row: impl FnMut(&mut Ui, usize)) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let (left, mut top, width) = (ui.cursor().left(), ui.cursor().top(), ui.available_width());
    let seen = ui.clip_rect().expand2(vec2(0.0, HEIGHT));
    let (start, rows) = (top, ui.unique_id());
    let mut skipped = 0;
    for number in 0..count {
        let place = Rect::from_min_size(pos2(left, top), vec2(width, HEIGHT));
        if seen.intersects(place) {
            // A row keeps its identity while it is scrolled, and so does what comes after the list.
            let builder = UiBuilder::new().max_rect(place).scope_id(rows.with(("row", number)));
            row(&mut ui.new_child(builder), number);
        } else {
            skipped += 1;
        }
        top += HEIGHT;
    }
    ui.skip_ahead_auto_ids(skipped);
    ui.advance_cursor_after_rect(Rect::from_min_max(pos2(left, start), pos2(left + width, top)));
}

fn paint(ui: &Ui, response: &Response, rect: Rect, ticked: bool, tokens: &Tokens) {
    let center = pos2(rect.left() + SIDE / 2.0, rect.center().y);
    let square = Rect::from_center_size(center, vec2(SIDE, SIDE));
    let painter = ui.painter();
    let corner = CornerRadius::same(4);
    let enabled = ui.is_enabled();
    if ticked {
        let (fill, hook_color) =
            if enabled { (tokens.accent, tokens.on_accent) } else { (tokens.disabled, tokens.weak) };
        painter.rect_filled(square, corner, fill);
        let hook = [vec2(-4.5, 0.2), vec2(-1.4, 3.4), vec2(4.5, -3.2)].map(|step| center + step);
        painter.line(hook.to_vec(), Stroke::new(2.0, hook_color));
    } else {
        let fill = match response.hovered() {
            _ if !enabled => tokens.disabled,
            true => tokens.hover,
            false => tokens.raised,
        };
        painter.rect(square, corner, fill, Stroke::new(1.0, tokens.border), StrokeKind::Inside);
    }
    widgets::focus_ring(ui, response, square.expand(1.0));
}
