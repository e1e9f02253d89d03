//! The list of accounts, with the search above it and the footer below.

pub(crate) mod account_list;
pub(crate) mod footer;
pub(crate) mod list_filter;
pub(crate) mod list_order;
pub(crate) mod row;
pub(crate) mod row_menu;
pub(crate) mod vault_line;

use chrono::{DateTime, Utc};
use egui::style::ScrollFadeStyle;
use egui::text_edit::TextEditState;
use egui::{Frame, Id, Key, Margin, Modifiers, Pos2, Rect, ScrollArea, Sense, TextEdit, Ui, UiBuilder};
use egui::{WidgetInfo, accesskit, pos2, vec2};

use crate::domain::account::AccountId;
use crate::messages::remembered::ListFilter;
use crate::messages::snapshot::account_views::AccountViews;

use super::action::{DialogKind, Target, UiAction};
use super::cx::{Cx, PageKind};
use super::labels;
use super::theme::icons::Icon;
use super::theme::{self, Tokens};
use super::widgets;
use super::widgets::button::{Button, Weight};
use account_list::AccountList;
use list_order::{Heading, ListOrder};

/// Below this height, in points, the window has room for the search and rows only.
const LOW: f32 = 320.0;

/// The minimum width, in points, for the search and the buttons in one row.
const ONE_ROW: f32 = 440.0;

const MARGIN: i8 = 12;
/// The scroll bar's own space at the right of the rows.
const GUTTER: f32 = 12.0;

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
    let low = ui.ctx().content_rect().height() < LOW;
    let whole = ui.available_rect_before_wrap();
    let footer = whole.with_min_y(whole.bottom() - if low { 0.0 } else { footer::HEIGHT });
    let margin = Margin { bottom: 4, ..Margin::same(MARGIN) };
    Frame::new().inner_margin(margin).show(ui, |ui| controls(ui, cx, state, low));
    let left = whole.left() + f32::from(MARGIN);
    let room = Rect::from_min_max(pos2(left, ui.cursor().top()), pos2(whole.right(), footer.top()));
    ui.scope_builder(UiBuilder::new().max_rect(room), |ui| rows(ui, cx, state));
    if !low {
        footer::show(ui, cx, footer);
    }
}

fn controls(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SidebarState, low: bool) {
    if low || ui.available_width() >= ONE_ROW {
        ui.horizontal(|ui| {
            let add = if low { Button::icon(Icon::Plus, labels::ADD_ACCOUNT) } else { add_button() };
            let settings = low.then(|| Button::icon(Icon::Gear, labels::SETTINGS));
            let gap = ui.spacing().item_spacing.x;
            let beside = settings.as_ref().map_or(0.0, |button| button.width(ui) + gap);
            let beside = beside + add.width(ui) + theme::CONTROL_HEIGHT + 2.0 * gap;
            search_field(ui, cx, state, ui.available_width() - beside);
            list_filter::menu(ui, state);
            if add.show(ui) {
                cx.push(UiAction::Go(Target::ProviderPicker));
            }
            if settings.is_some_and(|button| button.show(ui)) {
                cx.open(DialogKind::Settings);
            }
        });
    } else {
        if add_button().min_width(ui.available_width()).show(ui) {
            cx.push(UiAction::Go(Target::ProviderPicker));
        }
        ui.horizontal(|ui| {
            let width = ui.available_width() - theme::CONTROL_HEIGHT - ui.spacing().item_spacing.x;
            search_field(ui, cx, state, width);
            list_filter::menu(ui, state);
        });
    }
    if !low {
        list_filter::segments(ui, state);
    }
}

fn rows(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SidebarState) {
    if state.list.is_empty() && cx.snapshot.loaded {
        return nothing_found(ui, state);
    }
    let scroll = &mut ui.spacing_mut().scroll;
    (scroll.floating_allocated_width, scroll.bar_outer_margin) = (GUTTER, 3.0);
    (scroll.bar_width, scroll.floating_width) = (6.0, 4.0);
    scroll.fade = ScrollFadeStyle { strength: 1.0, size: 16.0 };
    let width = ui.available_width() - GUTTER;
    let bar_pixels = row::bar_pixels(ui, width);
    state.list.set_bar_pixels(bar_pixels);
    let shown = ScrollArea::vertical().auto_shrink(false).show_viewport(ui, |ui, seen| {
        let corner = ui.max_rect().min;
        ui.set_height(state.list.height());
        let pressed = rows_near(ui, cx, state, seen, corner, width);
        for (heading, rect) in state.list.headings(seen.y_range(), corner, width) {
            paint_heading(ui, cx.tokens, heading, rect);
        }
        if let Some(at) = state.list.take_scroll_target() {
            ui.scroll_to_rect(state.list.rect(at, corner, width).expand(2.0), None);
        }
        pressed
    });
    widgets::name_scroll_bar(ui, shown.id, "Scroll accounts");
    if let Some(id) = shown.inner {
        cx.push(UiAction::Go(Target::Account(id)));
    }
}

fn nothing_found(ui: &mut Ui, state: &mut SidebarState) {
    ui.add_space(16.0);
    ui.vertical_centered(|ui| {
        let is_calm = state.search.is_empty() && state.order.filter == Some(ListFilter::NeedsAttention);
        widgets::weak(ui, if is_calm { labels::NO_ATTENTION_NEEDED } else { labels::NOTHING_FOUND });
        let narrowed = !state.search.is_empty() || state.order.filter.is_some();
        if narrowed && Button::new(Weight::Secondary, labels::CLEAR_SEARCH).show(ui) {
            state.search.clear();
            state.order.filter = None;
        }
    });
}

/// Shows the rows near the visible part; returns the account whose row was pressed.
fn rows_near(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut SidebarState,
    seen: Rect,
    corner: Pos2,
    width: f32,
) -> Option<AccountId> {
    let (mut pressed, mut focused) = (None, None);
    let focus = ui.memory(egui::Memory::focused);
    let selected = cx.selected.as_ref().and_then(|id| state.list.row(id));
    for at in state.list.rows_to_create(seen.y_range(), selected) {
        let Some(account) = state.list.get(at).cloned() else { continue };
        let rect = state.list.rect(at, corner, width);
        let had_focus = focus.is_some_and(|focus| row::is_focus_of(&account.id, focus));
        let response = row::show(ui, cx, &account, rect, had_focus);
        if ui.is_rect_visible(rect) {
            row_menu::show(ui, cx, &account, &response);
        }
        let is_form = cx.page == PageKind::Form;
        if response.clicked() || (response.secondary_clicked() && !is_form) {
            pressed = Some(account.id.clone());
        }
        if response.has_focus() || had_focus {
            focused = Some(account.id.clone());
        }
    }
    state.list.focus(focused);
    pressed
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

pub(super) fn arrows(ui: &Ui, cx: &mut Cx<'_>, state: &mut SidebarState) {
    let focused = ui.memory(egui::Memory::focused);
    let is_on_row = |focus| state.list.focused().is_some_and(|id| row::is_focus_of(id, focus));
    if focused.is_some_and(|focus| !is_on_row(focus)) {
        return;
    }
    let Some(last) = state.list.len().checked_sub(1) else { return };
    let at = cx.selected.as_ref().and_then(|id| state.list.row(id));
    let moves = [
        (Key::ArrowDown, at.map_or(0, |at| (at + 1).min(last))),
        (Key::ArrowUp, at.map_or(0, |at| at.saturating_sub(1))),
        (Key::Home, 0),
        (Key::End, last),
    ];
    let pressed =
        ui.input_mut(|input| moves.into_iter().find(|(key, _)| input.consume_key(Modifiers::NONE, *key)));
    if let Some((_, row)) = pressed {
        go_to(ui, cx, state, row);
    }
}

fn go_to(ui: &Ui, cx: &mut Cx<'_>, state: &mut SidebarState, row: usize) {
    let Some(id) = state.list.get(row).map(|account| account.id.clone()) else { return };
    ui.memory_mut(|memory| memory.request_focus(row::id(&id)));
    // egui would move the focus on by the same key.
    ui.memory_mut(|memory| memory.move_focus(egui::FocusDirection::None));
    state.list.focus(Some(id.clone()));
    cx.select(id);
}
