//! Dialogs over the dimmed page.

use egui::{Context, Frame, Id, Margin, Modal, Response, ScrollArea, Ui, UiBuilder, Vec2, vec2};

use crate::ui::{theme, widgets};

/// A smaller window has no space to spare, such as the smallest one at 200 %.
const TIGHT: Vec2 = vec2(400.0, 300.0);

const AROUND: f32 = 184.0;

const AROUND_TIGHT: f32 = 124.0;

fn is_tight(ctx: &Context) -> bool {
    let size = ctx.content_rect().size();
    size.x < TIGHT.x || size.y < TIGHT.y
}

/// Shows a dialog. The second value is whether it was dismissed by Esc or a click beside it.
pub(in crate::ui) fn show<R>(ui: &Ui, id: Id, width: f32, contents: impl FnOnce(&mut Ui) -> R) -> (R, bool) {
    let (margin, beside) =
        if is_tight(ui.ctx()) { (Margin::same(12), 40.0) } else { (ui.spacing().window_margin, 96.0) };
    let frame =
        Frame::popup(ui.style()).corner_radius(ui.visuals().window_corner_radius).inner_margin(margin);
    let room = ui.ctx().content_rect().width() - beside;
    let shown = Modal::new(id).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width(width.min(room));
        contents(ui)
    });
    let dismissed = shown.should_close();
    (shown.inner, dismissed)
}

/// The distance to the scroll bar, which is in the dialog's margin.
const BESIDE: f32 = 12.0;

pub(in crate::ui) fn body<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let around = if is_tight(ui.ctx()) { AROUND_TIGHT } else { AROUND };
    let height = ui.ctx().content_rect().height() - around;
    let area = ScrollArea::vertical()
        .max_height(height)
        // Full height at once instead of after a few frames.
        .min_scrolled_height(height)
        .auto_shrink([false, true]);
    ui.add_space(theme::STEP);
    let (room, width) = (ui.available_rect_before_wrap(), ui.available_width());
    let mut child = ui.new_child(UiBuilder::new().max_rect(room.with_max_x(room.right() + BESIDE)));
    let shown = area.show(&mut child, |ui| {
        ui.set_width(width);
        ui.spacing_mut().item_spacing.y = 12.0;
        contents(ui)
    });
    ui.advance_cursor_after_rect(room.with_max_y(child.min_rect().bottom()));
    ui.add_space(theme::STEP);
    shown.inner
}

pub(in crate::ui) fn focus_first(ui: &Ui, button: &Response) {
    // Tab takes the focus away for a frame before the first control gets it.
    let moves = ui.input(|input| input.key_pressed(egui::Key::Tab));
    if !moves && ui.memory(|memory| memory.focused().is_none()) {
        button.request_focus();
        widgets::scroll_into_view(ui, button);
    }
}
