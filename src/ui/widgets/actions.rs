//! The buttons that end a dialog or a page: at the right, *Cancel* and then the action.
//!
//! A disabled action has its reason in plain view, beside the buttons or above them, and the reason leads to
//! the field that it is about.

use egui::{Id, Rect, Response, Sense, Ui, UiBuilder, Vec2, WidgetInfo, accesskit, pos2, vec2};

use super::button::Button;
use super::{focus_ring, one_line, scroll_into_view};
use crate::base::sanitize::sanitized;
use crate::ui::theme::{self, Tokens};

const REASON_HEIGHT: f32 = 20.0;

/// Why an action is disabled, and the field to correct.
#[derive(Clone, Copy)]
pub(in crate::ui) struct Reason<'a> {
    pub(in crate::ui) text: &'a str,
    pub(in crate::ui) field: Option<Id>,
}

impl<'a> Reason<'a> {
    pub(in crate::ui) fn new(text: &'a str, field: Option<Id>) -> Self {
        Self { text, field }
    }
}

/// Shows buttons at the right, in this order; they wrap if they don't fit.
pub(in crate::ui) fn show<const N: usize>(ui: &mut Ui, buttons: [Button<'_>; N]) -> [Response; N] {
    let places = Places::of(ui, &buttons);
    let (_, area) = ui.allocate_space(places.size);
    places.draw(ui, area, buttons)
}

/// Shows buttons with the reason why the last one is disabled; returns the field that the reason leads to,
/// if it was pressed.
pub(in crate::ui) fn show_with_reason<const N: usize>(
    ui: &mut Ui,
    reason: Option<Reason<'_>>,
    buttons: [Button<'_>; N],
) -> ([Response; N], Option<Id>) {
    let Some(reason) = reason else { return (show(ui, buttons), None) };
    let places = Places::of(ui, &buttons);
    let text = sanitized(reason.text, 200);
    let needed = one_line(ui, &text, theme::small(), egui::Color32::PLACEHOLDER, f32::INFINITY).size().x;
    let free = places.size.x - places.used - ui.spacing().item_spacing.x * 2.0;
    if places.lines == 1 && needed <= free {
        let (_, area) = ui.allocate_space(places.size);
        let line = Rect::from_center_size(
            pos2(area.left() + free / 2.0, area.center().y),
            vec2(free, REASON_HEIGHT),
        );
        let field = link(ui, line, &text, reason.field);
        return (places.draw(ui, area, buttons), field);
    }
    let (_, line) = ui.allocate_space(vec2(ui.available_width(), REASON_HEIGHT));
    let field = link(ui, line, &text, reason.field);
    (show(ui, buttons), field)
}

fn link(ui: &mut Ui, line: Rect, text: &str, field: Option<Id>) -> Option<Id> {
    let tokens = Tokens::of(ui);
    let color = if field.is_some() && ui.is_enabled() { tokens.accent } else { tokens.weak };
    let galley = one_line(ui, text, theme::small(), color, line.width());
    let is_cut = galley.elided;
    let rect = Rect::from_min_size(line.left_top(), vec2(galley.size().x, line.height()));
    let (sense, role) = match field {
        Some(_) => (Sense::click(), accesskit::Role::Button),
        None => (Sense::hover(), accesskit::Role::Label),
    };
    let response = ui.interact(rect, ui.unique_id().with("reason"), sense);
    response.widget_info(|| WidgetInfo::labeled(role, ui.is_enabled(), text));
    if response.gained_focus() {
        scroll_into_view(ui, &response);
    }
    let at = pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
    if field.is_some() && response.hovered() {
        let y = at.y + galley.size().y;
        ui.painter().hline(rect.x_range(), y, egui::Stroke::new(1.0, color));
    }
    ui.painter().galley(at, galley, color);
    focus_ring(ui, &response, rect);
    let pressed = response.clicked();
    if is_cut {
        response.on_hover_text(text);
    }
    field.filter(|_| pressed)
}

/// Where buttons go, relative to their area.
struct Places<const N: usize> {
    rects: [Rect; N],
    size: Vec2,
    lines: usize,
    /// The width of the first line.
    used: f32,
}

impl<const N: usize> Places<N> {
    fn of(ui: &Ui, buttons: &[Button<'_>; N]) -> Self {
        let (room, gap) = (ui.available_width(), 8.0);
        let mut lines: Vec<Vec<f32>> = vec![Vec::new()];
        for button in buttons {
            let width = button.width(ui).min(room);
            let line = lines.last_mut().filter(|line| {
                line.is_empty() || line.iter().map(|width| width + gap).sum::<f32>() + width <= room
            });
            match line {
                Some(line) => line.push(width),
                None => lines.push(vec![width]),
            }
        }
        let mut rects = [Rect::NOTHING; N];
        let mut next = rects.iter_mut();
        let mut top = 0.0;
        let used = |line: &[f32]| line.iter().map(|width| width + gap).sum::<f32>() - gap;
        for line in &lines {
            let mut left = room - used(line);
            for (width, place) in line.iter().zip(&mut next) {
                *place = Rect::from_min_size(pos2(left, top), vec2(*width, theme::CONTROL_HEIGHT));
                left += width + gap;
            }
            top += theme::CONTROL_HEIGHT + gap;
        }
        Self { rects, size: vec2(room, top - gap), lines: lines.len(), used: used(&lines[0]) }
    }

    fn draw(&self, ui: &mut Ui, area: Rect, buttons: [Button<'_>; N]) -> [Response; N] {
        let mut rects = self.rects.iter();
        buttons.map(|button| {
            let place = rects.next().copied().unwrap_or(Rect::NOTHING);
            // A label is laid out in the same width that it was measured in.
            let room = place.translate(area.min.to_vec2()).with_max_x(area.right() + 1.0);
            ui.new_child(UiBuilder::new().max_rect(room)).add(button)
        })
    }
}
