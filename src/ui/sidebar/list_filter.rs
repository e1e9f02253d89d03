//! What the list shows: the control for all accounts or those that need attention, and the menu for sorting,
//! grouping and a status.

use egui::{Frame, Margin, Popup, ScrollArea, Ui, accesskit, pos2, vec2};

use crate::messages::remembered::{GroupBy, ListFilter, SortBy, StatusFilter};

use super::SidebarState;
use super::account_list::AccountList;
use super::list_order::ListOrder;
use crate::ui::account::account_status;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets;
use crate::ui::widgets::button::Button;
use crate::ui::widgets::segmented::{self, Segment};
use crate::ui::{labels, theme};

const MENU_WIDTH: f32 = 208.0;

pub(super) fn segments(ui: &mut Ui, state: &mut SidebarState) {
    let count = state.list.needing_attention();
    let attention = match count {
        0 => labels::NEEDS_ATTENTION.to_owned(),
        _ => format!("{} {count}", labels::NEEDS_ATTENTION),
    };
    let filter = state.order.filter;
    let chosen = Some(ListFilter::NeedsAttention);
    let segments = [
        Segment { label: labels::ALL, hint: "Show all accounts", chosen: filter.is_none() },
        Segment {
            label: &attention,
            hint: "Show only accounts that need a sign-in or have a problem",
            chosen: filter == chosen,
        },
    ];
    match segmented::show(ui, theme::SIDEBAR_WIDTH, &segments) {
        Some(0) => state.order.filter = None,
        Some(_) => state.order.filter = chosen,
        None => {}
    }
}

pub(super) fn menu(ui: &mut Ui, state: &mut SidebarState) {
    let status = match state.order.filter {
        Some(ListFilter::Status(status)) => Some(account_status::word_of(status)),
        _ => None,
    };
    let hint = status.map_or_else(|| labels::SORT.to_owned(), |word| format!("Showing only: {word}"));
    let button = Button::icon(Icon::Sort, labels::SORT).hint(&hint);
    let response = ui.add(if status.is_some() { button.secondary() } else { button });
    if status.is_some() {
        let at = response.rect.right_top() + vec2(-7.0, 7.0);
        ui.painter().circle_filled(at, 3.5, theme::Tokens::of(ui).accent);
    }
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_has_popup(accesskit::HasPopup::Menu));
    let SidebarState { order, list, .. } = state;
    Popup::menu(&response).gap(4.0).show(|ui| {
        ui.set_width(MENU_WIDTH);
        widgets::menu_items(ui);
        let height = ui.ctx().content_rect().height() - 32.0;
        ScrollArea::vertical()
            .max_height(height)
            .min_scrolled_height(height)
            .show(ui, |ui| choices(ui, order, list));
    });
}

fn choices(ui: &mut Ui, order: &mut ListOrder, list: &AccountList) {
    heading(ui, "Sort by");
    for (sort, label) in
        [(SortBy::Name, "Name"), (SortBy::LastUsed, "Last copied"), (SortBy::Expiry, "Expiry")]
    {
        choice(ui, &mut order.sort, sort, label);
    }
    heading(ui, "Group by");
    for (group, label) in [
        (GroupBy::Nothing, "Nothing"),
        (GroupBy::Provider, "Provider"),
        (GroupBy::Tag, "First tag"),
        (GroupBy::Environment, "Environment"),
        (GroupBy::Status, "Status"),
    ] {
        choice(ui, &mut order.group, group, label);
    }
    heading(ui, "Show");
    choice(ui, &mut order.filter, None, labels::ANY_STATUS);
    for (status, count) in statuses(list, order.filter) {
        let label = format!("{} {count}", account_status::word_of(status));
        choice(ui, &mut order.filter, Some(ListFilter::Status(status)), &label);
    }
}

/// The statuses in the list with their counts. The chosen one stays, even without a match.
fn statuses(list: &AccountList, filter: Option<ListFilter>) -> Vec<(StatusFilter, usize)> {
    let mut counts = list.counts().clone();
    if let Some(ListFilter::Status(chosen)) = filter {
        counts.entry(chosen).or_default();
    }
    counts.into_iter().collect()
}

fn heading(ui: &mut Ui, text: &str) {
    let margin = Margin { left: 12, top: 6, bottom: 2, ..Margin::ZERO };
    Frame::new().inner_margin(margin).show(ui, |ui| widgets::caption(ui, text));
}

fn choice<T: PartialEq>(ui: &mut Ui, value: &mut T, choice: T, label: &str) {
    let chosen = *value == choice;
    let response =
        ui.add(egui::Button::selectable(chosen, label).min_size(vec2(MENU_WIDTH, theme::CONTROL_HEIGHT)));
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
