//! The list's filter chips, and the menu for sorting and grouping.

use egui::{
    CornerRadius, Frame, Margin, Popup, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, accesskit,
    pos2, vec2,
};

use crate::messages::remembered::{GroupBy, SortBy, StatusFilter};

use super::SidebarState;
use super::list_order::ListOrder;
use crate::ui::account::account_status;
use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets;
use crate::ui::widgets::button::Button;
use crate::ui::{labels, theme};

const CHIP_HEIGHT: f32 = 28.0;

/// Shows the chips if there are several; in a `low` window in one scrolling line.
pub(in crate::ui) fn chips(ui: &mut Ui, cx: &Cx<'_>, state: &mut SidebarState, low: bool) {
    let counts: Vec<_> = state.list.counts().iter().map(|(status, count)| (*status, *count)).collect();
    let chosen = state.order.filter;
    if counts.len() < 2 && chosen.is_none() {
        return;
    }
    let all: Vec<_> = counts.iter().copied().chain(missing(&counts, chosen)).collect();
    let pressed = ui.scope(|ui| {
        // Set before the row, whose height is that of a control otherwise.
        ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
        ui.spacing_mut().interact_size.y = CHIP_HEIGHT;
        if low {
            // The scroll bar has its own space below the chips.
            let beneath = Margin { bottom: 6, ..Margin::ZERO };
            let line = ScrollArea::horizontal().id_salt("keyfob-chips").content_margin(beneath);
            line.show(ui, |ui| ui.horizontal(|ui| row(ui, cx, &all, chosen)).inner).inner
        } else {
            ui.horizontal_wrapped(|ui| row(ui, cx, &all, chosen)).inner
        }
    });
    let pressed = pressed.inner;
    if let Some(status) = pressed {
        state.order.filter = (chosen != Some(status)).then_some(status);
    }
    ui.add_space(4.0);
}

fn row(
    ui: &mut Ui,
    cx: &Cx<'_>,
    all: &[(StatusFilter, usize)],
    chosen: Option<StatusFilter>,
) -> Option<StatusFilter> {
    let mut pressed = None;
    for (status, count) in all {
        if chip(ui, cx, *status, *count, chosen == Some(*status)) {
            pressed = Some(*status);
        }
    }
    pressed
}

/// The selected chip stays, even without a match.
fn missing(counts: &[(StatusFilter, usize)], chosen: Option<StatusFilter>) -> Option<(StatusFilter, usize)> {
    chosen.filter(|chosen| counts.iter().all(|(status, _)| status != chosen)).map(|chosen| (chosen, 0))
}

fn chip(ui: &mut Ui, cx: &Cx<'_>, status: StatusFilter, count: usize, chosen: bool) -> bool {
    let tokens = cx.tokens;
    let text = format!("{} {count}", account_status::word_of(status));
    let (fill, border) = if chosen { (tokens.chosen, tokens.accent) } else { (tokens.raised, tokens.border) };
    let galley = ui.painter().layout_no_wrap(text.clone(), theme::small(), tokens.text);
    let size = vec2(galley.size().x + 36.0, CHIP_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(accesskit::Role::Button, ui.is_enabled(), chosen, &text));
    widgets::describe(ui, &response, if chosen { "Showing only these" } else { "Show only these" });
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    let fill = if response.hovered() && !chosen { tokens.hover } else { fill };
    let corner = CornerRadius::same(14);
    ui.painter().rect(rect, corner, fill, Stroke::new(1.0, border), StrokeKind::Inside);
    let shown = account_status::shown_as(status);
    let icon = pos2(rect.left() + 14.0, rect.center().y);
    shown.icon().paint(ui.painter(), icon, 12.0, shown.color(tokens));
    let at = pos2(rect.left() + 24.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, tokens.text);
    if response.has_focus() {
        let ring = Stroke::new(2.0, tokens.accent);
        ui.painter().rect_stroke(rect.expand(2.0), CornerRadius::same(16), ring, StrokeKind::Inside);
    }
    response.clicked()
}

pub(in crate::ui) fn menu(ui: &mut Ui, order: &mut ListOrder) {
    let response = ui.add(Button::icon(Icon::Sort, labels::SORT));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_has_popup(accesskit::HasPopup::Menu));
    Popup::menu(&response).gap(4.0).show(|ui| {
        ui.set_width(200.0);
        widgets::menu_items(ui);
        let height = ui.ctx().content_rect().height() - 32.0;
        ScrollArea::vertical()
            .max_height(height)
            .min_scrolled_height(height)
            .show(ui, |ui| choices(ui, order));
    });
}

fn choices(ui: &mut Ui, order: &mut ListOrder) {
    heading(ui, "Sort by");
    for (sort, label) in
        [(SortBy::LastUsed, "Last copied"), (SortBy::Name, "Name"), (SortBy::Expiry, "Expiry")]
    {
        choice(ui, &mut order.sort, sort, label);
    }
    heading(ui, "Group by");
    for (group, label) in [
        (GroupBy::Nothing, "Nothing"),
        (GroupBy::Provider, "Provider"),
        (GroupBy::Tag, "First tag"),
        (GroupBy::Status, "Status"),
    ] {
        choice(ui, &mut order.group, group, label);
    }
}

fn heading(ui: &mut Ui, text: &str) {
    let margin = Margin { left: 12, top: 6, bottom: 2, ..Margin::ZERO };
    Frame::new().inner_margin(margin).show(ui, |ui| widgets::caption(ui, text));
}

fn choice<T: PartialEq>(ui: &mut Ui, value: &mut T, choice: T, label: &str) {
    let chosen = *value == choice;
    let response =
        ui.add(egui::Button::selectable(chosen, label).min_size(vec2(200.0, theme::CONTROL_HEIGHT)));
    if chosen {
        let at = pos2(response.rect.right() - 20.0, response.rect.center().y);
        Icon::Check.paint(ui.painter(), at, 16.0, theme::Tokens::of(ui).accent);
    }
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    if response.clicked() {
        *value = choice;
        ui.close();
    }
}
