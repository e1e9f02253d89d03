//! Shared widgets: cards, headings and rows of text.
//!
//! Text from outside is sanitized and bounded before it is laid out.

pub(crate) mod actions;
pub(crate) mod button;
pub(crate) mod changed_destinations;
pub(crate) mod checkbox;
pub(crate) mod chip;
pub(crate) mod dialog;
pub(crate) mod discovered_endpoints;
pub(crate) mod environment;
pub(crate) mod fields;
pub(crate) mod file_field;
pub(crate) mod life_bar;
pub(crate) mod monogram;
pub(crate) mod qr;
pub(crate) mod segmented;
pub(crate) mod time_text;
pub(crate) mod toast;

use std::sync::Arc;

use egui::accesskit;
use egui::epaint::text::{LayoutJob, TextWrapping};
use egui::{Color32, CornerRadius, FontId, Frame, Galley, Margin, Rect, Response, Sense};
use egui::{Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use crate::base::sanitize::sanitized;

use super::theme::icons::{Icon, ring};
use super::theme::{self, Tokens};
use button::Button;

/// The focus ring: 2 points, only for the keyboard (a click doesn't focus a button).
pub(super) fn focus_ring(ui: &Ui, response: &Response, rect: Rect) {
    if response.has_focus() {
        let ring = rect.expand(2.0);
        let stroke = Stroke::new(2.0, Tokens::of(ui).accent);
        ui.painter().rect_stroke(ring, CornerRadius::same(theme::RADIUS + 2), stroke, StrokeKind::Inside);
    }
}

pub(super) fn scroll_into_view(ui: &Ui, response: &Response) {
    ui.scroll_to_rect(response.rect.expand(4.0), None);
}

/// Restores the padding and focus ring that egui removes from menu items, and removes the spacing between
/// them.
pub(super) fn menu_items(ui: &mut Ui) {
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.spacing_mut().button_padding = vec2(12.0, 6.0);
    let ring = ui.visuals().selection.stroke;
    ui.visuals_mut().widgets.active.bg_stroke = ring;
}

/// Names the vertical scroll bar of a shown scroll area, if it has one.
pub(super) fn name_scroll_bar(ui: &Ui, area: egui::Id, name: &str) {
    // egui gives its scroll bars no name.
    let bar = area.with(1_usize);
    if ui.ctx().has_accesskit_node(bar) {
        ui.ctx().accesskit_node_builder(bar, |node| node.set_label(name));
    }
}

pub(super) fn describe(ui: &Ui, response: &Response, text: &str) {
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(text));
}

/// A card: an outline with padding and no background. Without a GPU, the cards' backgrounds would cost more
/// at each tick of a countdown than everything else.
pub(super) fn card<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    surface(ui, Color32::TRANSPARENT, Tokens::of(ui).line, contents)
}

pub(super) fn surface<R>(
    ui: &mut Ui,
    fill: Color32,
    line: Color32,
    contents: impl FnOnce(&mut Ui) -> R,
) -> R {
    Frame::new()
        .fill(fill)
        .stroke(Stroke::new(1.0, line))
        .corner_radius(CornerRadius::same(theme::RADIUS))
        .inner_margin(Margin::same(theme::CARD_PADDING))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            contents(ui)
        })
        .inner
}

pub(super) fn heading(ui: &mut Ui, text: &str) -> Response {
    titled(ui, text, theme::heading())
}

pub(super) fn subheading(ui: &mut Ui, text: &str) -> Response {
    titled(ui, text, theme::strong())
}

pub(super) fn subheading_with(ui: &mut Ui, text: &str, end: impl FnOnce(&mut Ui)) {
    ui.scope(|ui| {
        // As high as its text, so that a card has equal space above and below.
        ui.spacing_mut().interact_size.y = 20.0;
        ui.horizontal(|ui| {
            subheading(ui, text);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), end);
        });
    });
}

fn titled(ui: &mut Ui, text: &str, font: FontId) -> Response {
    let shown = sanitized(text, 200);
    let color = Tokens::of(ui).text;
    let galley = one_line(ui, &shown, font, color, ui.available_width());
    let (rect, response) = ui.allocate_exact_size(galley.size(), Sense::hover());
    let is_cut = galley.elided;
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Heading, true, &*shown));
    ui.painter().galley(rect.min, galley, color);
    if is_cut { response.on_hover_text(&*shown) } else { response }
}

pub(super) fn text(ui: &mut Ui, text: &str) -> Response {
    ui.label(text)
}

pub(super) fn problem(ui: &mut Ui, text: &str) -> Response {
    let color = Tokens::of(ui).error;
    ui.add(egui::Label::new(egui::RichText::new(text).font(theme::small()).color(color)).wrap())
}

pub(super) fn weak(ui: &mut Ui, text: &str) -> Response {
    let color = Tokens::of(ui).weak;
    ui.add(egui::Label::new(egui::RichText::new(text).font(theme::small()).color(color)).wrap())
}

/// Text in one line, truncated with an ellipsis; sanitize outside text first.
pub(super) fn one_line(ui: &Ui, text: &str, font: FontId, color: Color32, max_width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = TextWrapping::truncate_at_width(max_width.max(0.0));
    ui.painter().layout_job(job)
}

/// The baseline's distance from the top, to align two fonts.
pub(super) fn baseline(galley: &Galley) -> f32 {
    galley.rows.first().and_then(|row| row.glyphs.first()).map_or(0.0, |glyph| glyph.pos.y)
}

pub(super) fn countdown_ring(ui: &mut Ui, size: f32, share: f32, color: Color32, name: &str, spoken: &str) {
    let track = Tokens::of(ui).track;
    let (rect, response) = ui.allocate_exact_size(vec2(size, size), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::ProgressIndicator, true, name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_value(spoken));
    // Not every assistive technology reads a ring's value that isn't a number.
    describe(ui, &response, spoken);
    ring(ui.painter(), rect, share, color, track);
}

pub(super) fn status(ui: &mut Ui, icon: Icon, word: &str, color: Color32) {
    let galley = ui.painter().layout_no_wrap(word.to_owned(), theme::small_strong(), color);
    let (rect, response) = ui.allocate_exact_size(vec2(22.0 + galley.size().x, 20.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Label, true, word));
    icon.paint(ui.painter(), egui::pos2(rect.left() + 8.0, rect.center().y), 16.0, color);
    let at = egui::pos2(rect.left() + 22.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, color);
}

/// A value with a copy button called `name`: monospaced and truncated. Returns true if the button was
/// pressed.
pub(super) fn copyable(ui: &mut Ui, value: &str, name: &str) -> bool {
    let tokens = Tokens::of(ui);
    let shown = sanitized(value, 400);
    let mut pressed = false;
    Frame::new()
        .fill(tokens.control)
        .corner_radius(CornerRadius::same(theme::RADIUS))
        .inner_margin(Margin { left: 12, right: 0, top: 0, bottom: 0 })
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                pressed = Button::icon(Icon::Copy, name).show(ui);
                let width = ui.available_width();
                let galley = one_line(ui, &shown, theme::mono(13.0), tokens.text, width);
                let elided = galley.elided;
                let (rect, response) =
                    ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::hover());
                response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Label, true, &*shown));
                let at = egui::pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
                ui.painter().galley(at, galley, tokens.text);
                if elided {
                    response.on_hover_text(&*shown);
                }
            });
        });
    pressed
}

pub(super) fn text_strong(ui: &mut Ui, text: &str) -> Response {
    let color = Tokens::of(ui).text;
    ui.add(egui::Label::new(egui::RichText::new(text).font(theme::strong()).color(color)).wrap())
}

pub(super) fn mono_block(ui: &mut Ui, text: &str) -> Response {
    let shown = sanitized(text, 1000);
    let color = Tokens::of(ui).weak;
    ui.add(egui::Label::new(egui::RichText::new(&*shown).font(theme::mono(12.0)).color(color)).wrap())
}

pub(super) fn figure_small(ui: &mut Ui, text: &str) -> Response {
    let color = Tokens::of(ui).weak;
    ui.label(egui::RichText::new(text).font(theme::digits(14.0)).color(color))
}

fn column_width(ui: &Ui) -> f32 {
    (ui.available_width() / 3.0).clamp(88.0, 144.0)
}

pub(super) fn fact(ui: &mut Ui, label: &str, value: &str) {
    wide_fact(ui, column_width(ui), label, value);
}

pub(super) fn wide_fact(ui: &mut Ui, width: f32, label: &str, value: &str) {
    let tokens = Tokens::of(ui);
    let shown = sanitized(value, 400);
    ui.horizontal_top(|ui| {
        let caption = egui::RichText::new(label).font(theme::small()).color(tokens.weak);
        let (rect, _) = ui.allocate_exact_size(vec2(width, 18.0), Sense::hover());
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(rect));
        child.label(caption);
        let text = egui::RichText::new(&*shown).font(theme::small()).color(tokens.text);
        ui.add(egui::Label::new(text).wrap());
    });
}

pub(super) fn pair(ui: &mut Ui, name: &str, contents: impl FnOnce(&mut Ui)) {
    let tokens = Tokens::of(ui);
    ui.horizontal_top(|ui| {
        let width = column_width(ui);
        let caption = egui::RichText::new(name).font(theme::mono(12.0)).color(tokens.weak);
        let (rect, _) = ui.allocate_exact_size(vec2(width, 18.0), Sense::hover());
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(rect));
        child.add(egui::Label::new(caption).truncate());
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            contents(ui);
        });
    });
}

/// The label of something other than a field.
pub(super) fn caption(ui: &mut Ui, text: &str) -> Response {
    let color = Tokens::of(ui).text;
    ui.label(egui::RichText::new(text).font(theme::small_strong()).color(color))
}

pub(super) fn weak_line(ui: &mut Ui, text: &str) -> Response {
    let color = Tokens::of(ui).weak;
    ui.add(egui::Label::new(egui::RichText::new(text).font(theme::small()).color(color)).truncate())
}

/// A centered page, about `height` points high.
pub(super) fn centered_page(ui: &mut Ui, height: f32, contents: impl FnOnce(&mut Ui)) {
    let frame = Frame::new().inner_margin(Margin::same(24));
    egui::CentralPanel::default().frame(frame).show(ui, |ui| {
        let room = ui.available_size();
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let width = room.x.min(480.0);
            ui.add_space(((room.y - height) / 2.0).max(0.0));
            ui.horizontal(|ui| {
                ui.add_space((room.x - width) / 2.0);
                ui.vertical(|ui| {
                    ui.set_width(width);
                    contents(ui);
                    // Room for the last element's focus ring.
                    ui.add_space(theme::STEP);
                });
            });
        });
    });
}
