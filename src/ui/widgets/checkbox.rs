//! Check boxes with a label and a description, and lists of them.
//!
//! The accessible name is the label alone. Of a long list only the visible part is laid out.

use std::sync::Arc;

use egui::{
    Color32, CornerRadius, FontId, Galley, Rect, Response, Sense, Stroke, StrokeKind, Ui, UiBuilder,
    WidgetInfo, accesskit, pos2, vec2,
};

use crate::base::sanitize::sanitized;

use crate::ui::theme;
use crate::ui::theme::Tokens;
use crate::ui::widgets;

const HEIGHT: f32 = 44.0;

const SIDE: f32 = 18.0;
/// Between the box and its label.
const GAP: f32 = 10.0;
const TEXT_CHARS: usize = 400;

/// Shows a box; both texts wrap.
pub(in crate::ui) fn show(ui: &mut Ui, value: &mut bool, label: &str, note: &str) -> Response {
    let wrap = |ui: &Ui, text: String, font, color, width| ui.painter().layout(text, font, color, width);
    add(ui, value, label, note, wrap)
}

/// Shows a box of a [`list`]; both texts are truncated to one line.
pub(in crate::ui) fn row(ui: &mut Ui, value: &mut bool, label: &str, note: &str) -> Response {
    let truncate =
        |ui: &Ui, text: String, font, color, width| widgets::one_line(ui, &text, font, color, width);
    add(ui, value, label, note, truncate)
}

fn add(
    ui: &mut Ui,
    value: &mut bool,
    label: &str,
    note: &str,
    lay_out: impl Fn(&Ui, String, FontId, Color32, f32) -> Arc<Galley>,
) -> Response {
    let tokens = Tokens::of(ui);
    let name = sanitized(label, TEXT_CHARS).into_owned();
    let color = if ui.is_enabled() { tokens.text } else { tokens.weak };
    let width = ui.available_width() - SIDE - GAP;
    let label = lay_out(ui, name.clone(), theme::body(), color, width);
    let below = (!note.is_empty())
        .then(|| lay_out(ui, sanitized(note, TEXT_CHARS).into_owned(), theme::small(), tokens.weak, width));
    let text_height = label.size().y + below.as_ref().map_or(0.0, |below| 2.0 + below.size().y);
    let least = if note.is_empty() { theme::CONTROL_HEIGHT } else { HEIGHT };
    let size = vec2(ui.available_width(), least.max(text_height + 8.0));
    let (rect, mut response) = ui.allocate_exact_size(size, Sense::click());
    if response.clicked() {
        *value = !*value;
        response.mark_changed();
    }
    response.widget_info(|| WidgetInfo::selected(accesskit::Role::CheckBox, ui.is_enabled(), *value, &*name));
    if !note.is_empty() {
        widgets::describe(ui, &response, note);
    }
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    if ui.is_rect_visible(rect) {
        paint(ui, &response, rect, *value, tokens);
        let at = pos2(rect.left() + SIDE + GAP, rect.center().y - text_height / 2.0);
        let below_at = at + vec2(0.0, label.size().y + 2.0);
        ui.painter().galley(at, label, color);
        if let Some(below) = below {
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
