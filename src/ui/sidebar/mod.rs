//! The list of accounts.

pub(crate) mod account_list;
pub(crate) mod list_filter;
pub(crate) mod list_order;
pub(crate) mod row_menu;
pub(crate) mod vault_line;

use chrono::{DateTime, Utc};
use egui::text_edit::TextEditState;
use egui::{CornerRadius, Id, Key, Modifiers, Rect, ScrollArea, Sense, TextEdit, Ui};
use egui::{WidgetInfo, accesskit, pos2, vec2};

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::domain::account::status::AccountStatus;
use crate::domain::provider::provider_name::MAX_CHARS;
use crate::domain::token::expiry::Status;
use crate::messages::snapshot::AccountView;
use crate::messages::snapshot::account_views::AccountViews;

use super::action::{DialogKind, Target, UiAction};
use super::cx::{Cx, PageKind};
use super::labels;
use super::theme::icons::Icon;
use super::theme::{self, Tokens};
use super::widgets;
use super::widgets::button::{Button, Weight};
use super::widgets::time_text;
use account_list::AccountList;
use list_order::{Heading, ListOrder};

/// Below this height, in points, the window has room for rows only.
const LOW: f32 = 320.0;

/// The minimum width, in points, for the search and the buttons in one row.
const ONE_ROW: f32 = 440.0;

#[derive(Default)]
pub(super) struct SidebarState {
    pub(super) search: String,
    pub(super) order: ListOrder,
    pub(super) list: AccountList,
}

impl SidebarState {
    pub(super) fn sync(&mut self, accounts: &AccountViews, now: DateTime<Utc>) {
        self.list.sync(accounts, &self.search, self.order, now);
    }
}

pub(super) fn search_id() -> Id {
    Id::unique("keyfob-search")
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SidebarState) {
    if ui.available_width() < ONE_ROW {
        ui.horizontal(|ui| add_and_settings(ui, cx, true));
        ui.horizontal(|ui| {
            let width = ui.available_width() - theme::CONTROL_HEIGHT - ui.spacing().item_spacing.x;
            search_field(ui, cx, state, width);
            list_filter::menu(ui, &mut state.order);
        });
    } else {
        ui.horizontal(|ui| {
            let add = add_button().width(ui);
            let beside = add + 2.0 * theme::CONTROL_HEIGHT + 3.0 * ui.spacing().item_spacing.x;
            search_field(ui, cx, state, ui.available_width() - beside);
            list_filter::menu(ui, &mut state.order);
            add_and_settings(ui, cx, false);
        });
    }
    ui.add_space(4.0);
    let low = ui.ctx().content_rect().height() < LOW;
    list_filter::chips(ui, cx, state, low);
    if low {
        // The settings show it too, and the rows need the space.
        return rows(ui, cx, state);
    }
    let room = ui.available_rect_before_wrap();
    let (upper, lower) = room.split_top_bottom_at_y(room.bottom() - theme::CONTROL_HEIGHT);
    ui.scope_builder(egui::UiBuilder::new().max_rect(upper), |ui| rows(ui, cx, state));
    ui.scope_builder(egui::UiBuilder::new().max_rect(lower), |ui| vault_line::show(ui, cx, false));
}

fn rows(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SidebarState) {
    if state.list.is_empty() && cx.snapshot.loaded {
        ui.add_space(16.0);
        ui.vertical_centered(|ui| {
            widgets::weak(ui, labels::NOTHING_FOUND);
            let narrowed = !state.search.is_empty() || state.order.filter.is_some();
            if narrowed && Button::new(Weight::Secondary, labels::CLEAR_SEARCH).show(ui) {
                state.search.clear();
                state.order.filter = None;
            }
        });
        return;
    }
    let mut pressed = None;
    let mut focused = None;
    ScrollArea::vertical().auto_shrink(false).show_viewport(ui, |ui, seen| {
        let (corner, width) = (ui.max_rect().min, ui.available_width());
        ui.set_height(state.list.height());
        let selected = cx.selected.as_ref().and_then(|id| state.list.row(id));
        for at in state.list.rows_to_create(seen.y_range(), selected) {
            let Some(account) = state.list.get(at).cloned() else { continue };
            let rect = state.list.rect(at, corner, width);
            let response = row(ui, cx, &account, rect);
            if ui.is_rect_visible(rect) {
                row_menu::show(ui, cx, &account, &response);
            }
            let is_form = cx.page == PageKind::Form;
            if response.clicked() || (response.secondary_clicked() && !is_form) {
                pressed = Some(account.id.clone());
            }
            if response.has_focus() {
                focused = Some(account.id.clone());
            }
        }
        for (heading, rect) in state.list.headings(seen.y_range(), corner, width) {
            paint_heading(ui, cx.tokens, heading, rect);
        }
        if let Some(at) = state.list.take_scroll_target() {
            ui.scroll_to_rect(state.list.rect(at, corner, width).expand(2.0), None);
        }
    });
    state.list.focus(focused);
    if let Some(id) = pressed {
        cx.push(UiAction::Go(Target::Account(id)));
    }
}

fn paint_heading(ui: &mut Ui, tokens: &Tokens, heading: &Heading, rect: Rect) {
    let response = ui.interact(rect, ui.scope_id().with(("heading", heading.before)), Sense::hover());
    let name = format!("{}, {}", heading.text, heading.count);
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Heading, true, &name));
    let inner = rect.shrink2(vec2(12.0, 0.0));
    let count = ui.painter().layout_no_wrap(heading.count.to_string(), theme::small(), tokens.weak);
    let width = inner.width() - count.size().x - 8.0;
    let text = widgets::one_line(ui, &heading.text, theme::small_strong(), tokens.weak, width);
    let y = inner.bottom() - 6.0 - text.size().y;
    ui.painter().galley(pos2(inner.right() - count.size().x, y), count, tokens.weak);
    ui.painter().galley(pos2(inner.left(), y), text, tokens.weak);
}

fn add_button() -> Button<'static> {
    Button::new(Weight::Secondary, labels::ADD_ACCOUNT).with_icon(Icon::Plus)
}

/// Shows both buttons; if `wide`, the first fills the available width.
fn add_and_settings(ui: &mut Ui, cx: &mut Cx<'_>, wide: bool) {
    let settings = Button::icon(Icon::Sliders, labels::SETTINGS);
    let room = ui.available_width() - settings.width(ui) - ui.spacing().item_spacing.x;
    if add_button().min_width(if wide { room } else { 0.0 }).show(ui) {
        cx.push(UiAction::Go(Target::ProviderPicker));
    }
    if settings.show(ui) {
        cx.open(DialogKind::Settings);
    }
}

fn search_field(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SidebarState, width: f32) {
    let weak = cx.tokens.weak;
    let edit = TextEdit::singleline(&mut state.search)
        .id(search_id())
        .hint_text(egui::RichText::new(labels::SEARCH).color(weak))
        .margin(egui::Margin { left: 34, right: 12, top: 6, bottom: 6 })
        .align(egui::Align2::LEFT_CENTER)
        .min_size(vec2(0.0, theme::CONTROL_HEIGHT))
        .char_limit(200)
        .desired_width(width);
    let down = ui.memory(|memory| memory.has_focus(search_id()))
        && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowDown));
    let response = ui.add(edit);
    let is_here = response.has_focus();
    ui.data_mut(|data| data.insert_temp(search_id(), is_here));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_role(accesskit::Role::SearchInput);
        node.set_label(labels::SEARCH);
    });
    let at = pos2(response.rect.left() + 19.0, response.rect.center().y);
    Icon::Lens.paint(ui.painter(), at, 14.0, weak);
    let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    state.sync(&cx.snapshot.accounts, cx.now);
    let first = state.list.get(0).filter(|_| enter).map(|account| account.id.clone());
    if let Some(first) = first {
        cx.push(UiAction::Go(Target::Account(first)));
    }
    if down && cx.page != PageKind::Form {
        go_to(ui, cx, state, 0);
    }
}

/// Whether the search field had the focus in the last frame. Call once per frame.
pub(super) fn was_searching(ui: &Ui) -> bool {
    ui.data_mut(|data| data.remove_temp(search_id())).unwrap_or_default()
}

pub(super) fn is_text_selected(ui: &Ui) -> bool {
    let state = TextEditState::load(ui.ctx(), search_id());
    state.and_then(|state| state.cursor.char_range()).is_some_and(|range| !range.is_empty())
}

fn row_id(account: &AccountId) -> Id {
    Id::unique(("keyfob-row", account))
}

fn row(ui: &mut Ui, cx: &Cx<'_>, account: &AccountView, rect: Rect) -> egui::Response {
    let tokens = cx.tokens;
    let chosen = cx.selected.as_ref() == Some(&account.id) && cx.page == PageKind::Account;
    let response = ui.interact(rect, row_id(&account.id), Sense::click());
    let status = account.status(cx.now);
    response
        .widget_info(|| WidgetInfo::selected(accesskit::Role::Button, true, chosen, account.name.as_str()));
    let left = left_of(account, cx);
    let time = left.as_ref().map_or_else(String::new, |(_, spoken)| format!(", {spoken}"));
    let provider = sanitized(&account.provider_name, MAX_CHARS);
    let described = format!("{provider}, {}{time}", status.word());
    if response.has_focus() {
        // The arrow keys move along the list instead of in their direction.
        let filter = egui::EventFilter { vertical_arrows: true, ..Default::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    }
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    let is_cut = ui.is_rect_visible(rect)
        && paint_row(ui, tokens, &response, chosen, account, status, left.map(|(text, _)| text));
    let response =
        if is_cut { response.on_hover_text(sanitized(account.name.as_str(), 120)) } else { response };
    // Set last, since a tooltip would replace it.
    widgets::describe(ui, &response, &described);
    response
}

/// A row's time, and how it is read aloud.
fn left_of(account: &AccountView, cx: &Cx<'_>) -> Option<(String, String)> {
    let facts = &account.token.as_ref()?.facts;
    match Status::at(facts, cx.now) {
        Status::Valid | Status::Expiring => {
            let left = facts.expires_at? - cx.now;
            Some((time_text::short(left), time_text::spoken(left)))
        }
        Status::Expired | Status::Unknown => None,
    }
}

fn paint_row(
    ui: &Ui,
    tokens: &Tokens,
    response: &egui::Response,
    chosen: bool,
    account: &AccountView,
    status: AccountStatus,
    time: Option<String>,
) -> bool {
    let rect = response.rect;
    let radius = CornerRadius::same(theme::RADIUS);
    let painter = ui.painter();
    if chosen {
        painter.rect_filled(rect, radius, tokens.chosen);
    } else if response.hovered() {
        painter.rect_filled(rect, radius, tokens.hover);
    }
    if response.has_focus() {
        let stroke = egui::Stroke::new(2.0, tokens.accent);
        painter.rect_stroke(rect, radius, stroke, egui::StrokeKind::Inside);
    }
    let inner = rect.shrink2(vec2(12.0, 8.0));
    let ground_text = if chosen { tokens.text } else { tokens.weak };
    let time = time.map(|time| painter.layout_no_wrap(time, theme::digits(12.0), ground_text));
    let time_width = time.as_ref().map_or(0.0, |time| time.size().x + 8.0);
    let name = sanitized(account.name.as_str(), 120);
    let name = widgets::one_line(ui, &name, theme::strong(), tokens.text, inner.width() - time_width);
    if let Some(time) = time {
        let down = widgets::baseline(&name) - widgets::baseline(&time);
        painter.galley(pos2(inner.right() - time.size().x, inner.top() + down), time, ground_text);
    }
    let is_cut = name.elided;
    painter.galley(inner.left_top(), name, tokens.text);
    second_line(ui, tokens, inner, ground_text, account, status);
    is_cut
}

fn second_line(
    ui: &Ui,
    tokens: &Tokens,
    inner: Rect,
    text: egui::Color32,
    account: &AccountView,
    status: AccountStatus,
) {
    let painter = ui.painter();
    let y = inner.bottom() - 8.0;
    status.icon().paint(painter, pos2(inner.left() + 7.0, y), 13.0, status.color(tokens));
    let provider = sanitized(&account.provider_name, MAX_CHARS);
    let line = format!("{} · {provider}", status.word());
    let galley = widgets::one_line(ui, &line, theme::small(), text, inner.width() - 20.0);
    painter.galley(pos2(inner.left() + 20.0, y - galley.size().y / 2.0), galley, text);
}

pub(super) fn arrows(ui: &Ui, cx: &mut Cx<'_>, state: &mut SidebarState) {
    let focused = ui.memory(egui::Memory::focused);
    let on_row = focused.is_some() && state.list.focused().map(row_id) == focused;
    if focused.is_some() && !on_row {
        return;
    }
    let step = ui.input_mut(|input| {
        let down = input.consume_key(Modifiers::NONE, Key::ArrowDown);
        let up = input.consume_key(Modifiers::NONE, Key::ArrowUp);
        i32::from(down) - i32::from(up)
    });
    if step == 0 || state.list.is_empty() {
        return;
    }
    let at = cx.selected.as_ref().and_then(|id| state.list.row(id));
    let to = match (at, step) {
        (None, _) => 0,
        (Some(at), 1) => (at + 1).min(state.list.len() - 1),
        (Some(at), _) => at.saturating_sub(1),
    };
    go_to(ui, cx, state, to);
}

fn go_to(ui: &Ui, cx: &mut Cx<'_>, state: &mut SidebarState, row: usize) {
    let Some(id) = state.list.get(row).map(|account| account.id.clone()) else { return };
    ui.memory_mut(|memory| memory.request_focus(row_id(&id)));
    // egui would move the focus on by the same key.
    ui.memory_mut(|memory| memory.move_focus(egui::FocusDirection::None));
    state.list.focus(Some(id.clone()));
    cx.select(id);
}
