//! A row of the list: the provider's monogram, the name and the time left, the provider, the
//! environment and a tag, and the rest of the token's life as a bar. Under the pointer or with the focus, a button copies the token.

use egui::{CornerRadius, Id, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo, accesskit};
use egui::{pos2, vec2};

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::domain::account::status::AccountStatus;
use crate::domain::provider::provider_name::MAX_CHARS;
use crate::domain::token::expiry::Status;
use crate::messages::command::{Command, CopyForm};
use crate::messages::snapshot::AccountView;

use crate::ui::account::token::token_commands::can_copy;
use crate::ui::cx::{Cx, PageKind};
use crate::ui::theme;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::environment::Pill;
use crate::ui::widgets::life_bar::{self, Life};
use crate::ui::widgets::monogram::Monogram;
use crate::ui::widgets::{self, monogram, time_text};

pub(in crate::ui) const HEIGHT: f32 = 48.0;
/// From the row's edge to the text, and from the text to the other edge.
const TEXT_LEFT: f32 = 46.0;
const TEXT_RIGHT: f32 = 10.0;
const COPY_SIDE: f32 = 28.0;
const PILL_GAP: f32 = 6.0;
/// A tag beside the pill is left out where fewer letters would show nothing of it.
const MIN_TAG_WIDTH: f32 = 32.0;

pub(super) fn id(account: &AccountId) -> Id {
    Id::unique(("keyfob-row", account))
}

/// Whether this is the focus of an account's row or of its button.
pub(super) fn is_focus_of(account: &AccountId, focus: Id) -> bool {
    focus == id(account) || focus == copy_id(account)
}

fn copy_id(account: &AccountId) -> Id {
    Id::unique(("keyfob-row-copy", account))
}

/// The pixels of a row's life bar.
pub(super) fn bar_pixels(ui: &Ui, row_width: f32) -> u16 {
    life_bar::pixels(ui.painter(), row_width - TEXT_LEFT - TEXT_RIGHT)
}

/// Shows a row. `had_focus` means that it or its button had the focus before this frame, which may move it.
pub(super) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    account: &AccountView,
    rect: Rect,
    had_focus: bool,
) -> Response {
    let chosen = cx.selected.as_ref() == Some(&account.id) && cx.page == PageKind::Account;
    let response = ui.interact(rect, id(&account.id), Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| {
        WidgetInfo::selected(accesskit::Role::Button, enabled, chosen, account.name.as_str())
    });
    keep_arrow_keys(ui, &response);
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    let hovered = enabled && response.contains_pointer();
    let with_copy = enabled && can_copy(account) && (hovered || had_focus || response.has_focus());
    let drawn = Row { cx, account, rect, chosen, hovered, with_copy, status: account.status(cx.now) };
    let described = drawn.description();
    let is_cut = ui.is_rect_visible(rect) && drawn.paint(ui, &response);
    let response =
        if is_cut { response.on_hover_text(sanitized(account.name.as_str(), 120)) } else { response };
    // Set last, since a tooltip would replace it.
    widgets::describe(ui, &response, &described);
    if with_copy && copy_button(ui, cx, account, rect) {
        cx.send(Command::Copy { account: account.id.clone(), form: CopyForm::Plain });
    }
    response
}

/// The arrow keys move along the list instead of in their direction.
fn keep_arrow_keys(ui: &Ui, response: &Response) {
    if response.has_focus() {
        let filter = egui::EventFilter { vertical_arrows: true, ..Default::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    }
}

fn copy_rect(row: Rect) -> Rect {
    let center = pos2(row.right() - TEXT_RIGHT + 2.0 - COPY_SIDE / 2.0, row.center().y - 1.0);
    Rect::from_center_size(center, vec2(COPY_SIDE, COPY_SIDE))
}

fn copy_button(ui: &Ui, cx: &Cx<'_>, account: &AccountView, row: Rect) -> bool {
    let (rect, tokens) = (copy_rect(row), cx.tokens);
    let response = ui.interact(rect, copy_id(&account.id), Sense::click());
    let name = format!("Copy token of {}", sanitized(account.name.as_str(), 120));
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Button, true, &name));
    keep_arrow_keys(ui, &response);
    if response.gained_focus() {
        ui.scroll_to_rect(row, None);
    }
    let fill = if response.hovered() { tokens.hover } else { tokens.raised };
    let corner = CornerRadius::same(theme::RADIUS);
    ui.painter().rect(rect, corner, fill, Stroke::new(1.0, tokens.border), StrokeKind::Inside);
    let copied = cx.snapshot.clipboard.as_ref().and_then(|copy| copy.account.as_ref()) == Some(&account.id);
    let (icon, color) = if copied { (Icon::Check, tokens.ok) } else { (Icon::Copy, tokens.text) };
    icon.paint(ui.painter(), rect.center(), 16.0, color);
    widgets::focus_ring(ui, &response, rect);
    response.on_hover_text("Copy token").clicked()
}

/// A row as it is drawn.
struct Row<'a, 'b> {
    cx: &'a Cx<'b>,
    account: &'a AccountView,
    rect: Rect,
    chosen: bool,
    hovered: bool,
    with_copy: bool,
    status: AccountStatus,
}

impl Row<'_, '_> {
    fn description(&self) -> String {
        let time = self.time_left().map_or_else(String::new, |(_, spoken)| format!(", {spoken}"));
        let provider = sanitized(&self.account.provider_name, MAX_CHARS);
        let environment = self.account.settings.environment.map(|it| format!(", {}", it.as_str()));
        format!("{provider}{}, {}{time}", environment.unwrap_or_default(), self.status.word())
    }

    /// The time left, as shown and as read aloud.
    fn time_left(&self) -> Option<(String, String)> {
        let facts = &self.account.token.as_ref()?.facts;
        match Status::at(facts, self.cx.now) {
            Status::Valid | Status::Expiring => {
                let left = facts.expires_at? - self.cx.now;
                Some((time_text::short(left), time_text::spoken(left)))
            }
            Status::Expired | Status::Unknown => None,
        }
    }

    /// Paints the row; returns whether its name is truncated.
    fn paint(&self, ui: &Ui, response: &Response) -> bool {
        let (tokens, rect, painter) = (self.cx.tokens, self.rect, ui.painter());
        let corner = CornerRadius::same(theme::RADIUS);
        if self.chosen {
            painter.rect_filled(rect, corner, tokens.selected_row);
            let bar = Rect::from_min_max(rect.min, pos2(rect.left() + 3.0, rect.bottom()));
            painter.rect_filled(bar.shrink2(vec2(0.0, 8.0)), CornerRadius::same(1), tokens.accent);
        } else if self.hovered {
            painter.rect_filled(rect, corner, tokens.hovered_row);
        }
        if response.has_focus() {
            painter.rect_stroke(rect, corner, Stroke::new(2.0, tokens.accent), StrokeKind::Inside);
        }
        let center = pos2(rect.left() + 10.0 + monogram::SMALL / 2.0, rect.center().y);
        let monogram = Monogram::of_account(self.account, &self.cx.snapshot.presets);
        monogram.paint(painter, tokens, center, monogram::SMALL);
        let is_cut = self.paint_first_line(ui);
        self.paint_second_line(ui);
        self.paint_life(ui);
        is_cut
    }

    fn text_rect(&self) -> Rect {
        let rect = self.rect;
        Rect::from_x_y_ranges(rect.left() + TEXT_LEFT..=rect.right() - TEXT_RIGHT, rect.y_range())
    }

    /// The color of everything but the name; weak text is unreadable on the selected row.
    fn text_color(&self) -> egui::Color32 {
        if self.chosen { self.cx.tokens.text } else { self.cx.tokens.weak }
    }

    fn text_right(&self) -> f32 {
        if self.with_copy { copy_rect(self.rect).left() - 8.0 } else { self.text_rect().right() }
    }

    fn paint_first_line(&self, ui: &Ui) -> bool {
        let (tokens, rect, painter) = (self.cx.tokens, self.text_rect(), ui.painter());
        let time = self.time_left().filter(|_| !self.with_copy);
        let time =
            time.map(|(shown, _)| painter.layout_no_wrap(shown, theme::digits(12.0), self.text_color()));
        let beside = time.as_ref().map_or(0.0, |time| time.size().x + 8.0);
        let name = sanitized(self.account.name.as_str(), 120);
        let width = self.text_right() - rect.left() - beside;
        let name = widgets::one_line(ui, &name, theme::strong(), tokens.text, width);
        let top = rect.top() + 6.0;
        if let Some(time) = time {
            let down = widgets::baseline(&name) - widgets::baseline(&time);
            painter.galley(pos2(rect.right() - time.size().x, top + down), time, tokens.text);
        }
        let is_cut = name.elided;
        painter.galley(pos2(rect.left(), top), name, tokens.text);
        is_cut
    }

    /// The status unless it is valid, then the provider, the environment and the first tag.
    fn paint_second_line(&self, ui: &Ui) {
        let rect = self.text_rect();
        let mut left = rect.left();
        let mut words = Vec::new();
        let y = rect.top() + 32.0;
        if self.status != AccountStatus::Valid {
            let icon_color = self.status.color(self.cx.tokens);
            self.status.icon().paint(ui.painter(), pos2(left + 6.5, y), 13.0, icon_color);
            left += 18.0;
            words.push(self.status.word().into());
        }
        words.push(sanitized(&self.account.provider_name, MAX_CHARS));
        let settings = &self.account.settings;
        let tag = settings.tags.as_slice().first().map(|tag| sanitized(tag, 60));
        let Some(environment) = settings.environment else {
            words.extend(tag);
            self.paint_words(ui, pos2(left, y), &words.join(" · "), self.text_right());
            return;
        };
        let pill = Pill::short(ui.painter(), self.cx.tokens, environment);
        let width = pill.width();
        let until = self.text_right() - width - PILL_GAP;
        let pill_left = self.paint_words(ui, pos2(left, y), &words.join(" · "), until) + PILL_GAP;
        pill.paint(ui.painter(), pos2(pill_left, y));
        let left = pill_left + width + PILL_GAP;
        if let Some(tag) = tag.filter(|_| self.text_right() - left >= MIN_TAG_WIDTH) {
            self.paint_words(ui, pos2(left, y), &tag, self.text_right());
        }
    }

    /// Paints weak text, truncated; returns its right end.
    fn paint_words(&self, ui: &Ui, left_center: Pos2, words: &str, until: f32) -> f32 {
        let color = self.text_color();
        let galley = widgets::one_line(ui, words, theme::small(), color, until - left_center.x);
        let right = left_center.x + galley.size().x;
        ui.painter().galley(left_center - vec2(0.0, galley.size().y / 2.0), galley, color);
        right
    }

    fn paint_life(&self, ui: &Ui) {
        let facts = self.account.token.as_ref().map(|token| &token.facts);
        let Some(life) = facts.and_then(|facts| Life::of(facts, self.cx.now)) else { return };
        let bottom = self.rect.bottom() - 3.0;
        let bar = Rect::from_x_y_ranges(self.text_rect().x_range(), bottom - life_bar::HEIGHT..=bottom);
        let color = match facts.map(|facts| Status::at(facts, self.cx.now)) {
            Some(Status::Valid) => AccountStatus::Valid.color(self.cx.tokens),
            _ => AccountStatus::Expiring.color(self.cx.tokens),
        };
        life_bar::paint(ui.painter(), self.cx.tokens, bar, life, color);
    }
}
