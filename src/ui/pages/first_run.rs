//! The first page: what Keyfob does, beside a sample of it; where secrets are; how to begin.
//!
//! Its four steps stay above the first account until they are done.

use egui::{Align2, CentralPanel, CornerRadius, Frame, Margin, Rect, ScrollArea, Sense, Ui, WidgetInfo};
use egui::{accesskit, pos2, vec2};

use crate::messages::command::Command;
use crate::messages::snapshot::{Snapshot, VaultHealth, VaultKind};

use crate::ui::action::{DialogKind, Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::notices::NoticesState;
use crate::ui::theme::Tokens;
use crate::ui::theme::icons::{Icon, ring};
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, notices, theme, widgets};

/// The approximate height of the page, in points, to center it.
const HEIGHT: f32 = 452.0;

const TEXT_WIDTH: f32 = 440.0;
const SAMPLE_WIDTH: f32 = 320.0;
const BETWEEN: f32 = 48.0;

#[derive(Default)]
pub(in crate::ui) struct FirstRunState {
    /// Whether this window began without an account, and the steps weren't hidden since.
    shows_steps: bool,
    has_locked: bool,
}

impl FirstRunState {
    pub(in crate::ui) fn note_lock(&mut self) {
        self.has_locked = true;
    }

    fn steps(&self, snapshot: &Snapshot) -> [(&'static str, bool); 4] {
        let accounts = &snapshot.accounts;
        [
            ("Add an account", !accounts.is_empty()),
            ("Get a token", accounts.iter().any(|account| account.token.is_some())),
            ("Copy it", accounts.iter().any(|account| account.last_used_at.is_some())),
            ("Lock Keyfob", self.has_locked),
        ]
    }
}

pub(in crate::ui) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut FirstRunState,
    notices: &mut NoticesState,
) {
    state.shows_steps = true;
    let height = HEIGHT + notices.height(cx);
    CentralPanel::default().frame(Frame::new().inner_margin(Margin::same(24))).show(ui, |ui| {
        let room = ui.available_size();
        let is_wide = room.x >= TEXT_WIDTH + BETWEEN + SAMPLE_WIDTH;
        let text_width = room.x.min(TEXT_WIDTH);
        let width = if is_wide { TEXT_WIDTH + BETWEEN + SAMPLE_WIDTH } else { text_width };
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.add_space(((room.y - height) / 2.0).max(0.0));
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                ui.add_space(((room.x - width) / 2.0).floor().max(0.0));
                ui.vertical(|ui| {
                    ui.set_width(text_width);
                    ui.spacing_mut().item_spacing.x = 8.0;
                    contents(ui, cx, state, notices);
                    if !is_wide {
                        ui.add_space(16.0);
                        sample(ui, cx.tokens);
                    }
                    // Room for the last element's focus ring.
                    ui.add_space(theme::STEP);
                });
                if is_wide {
                    ui.add_space(BETWEEN);
                    ui.vertical(|ui| {
                        ui.set_width(SAMPLE_WIDTH);
                        ui.spacing_mut().item_spacing.x = 8.0;
                        ui.add_space(56.0 + notices.height(cx));
                        sample(ui, cx.tokens);
                    });
                }
            });
        });
    });
}

fn contents(ui: &mut Ui, cx: &mut Cx<'_>, state: &FirstRunState, notices: &mut NoticesState) {
    notices::show(ui, cx, notices);
    let tokens = cx.tokens;
    let (_, mark) = ui.allocate_space(vec2(48.0, 48.0));
    ui.painter().rect_filled(mark, CornerRadius::same(12), tokens.accent);
    Icon::Key.paint(ui.painter(), mark.center(), 28.0, tokens.on_accent);
    ui.add_space(8.0);
    widgets::heading(ui, "Welcome to Keyfob");
    widgets::text(
        ui,
        "Keyfob signs you in, keeps your API tokens fresh, and puts one on the clipboard when you need it.",
    );
    ui.add_space(8.0);
    vault_card(ui, cx);
    ui.add_space(16.0);
    ui.horizontal_wrapped(|ui| {
        if Button::new(Weight::Primary, labels::ADD_ACCOUNT).with_icon(Icon::Plus).show(ui) {
            cx.push(UiAction::Go(Target::ProviderPicker));
        }
        if Button::new(Weight::Secondary, labels::IMPORT).show(ui) {
            cx.push(UiAction::Go(Target::Import(None)));
        }
        if Button::new(Weight::Secondary, labels::TRY_THE_DEMO).show(ui) {
            cx.send(Command::StartDemo);
        }
        if Button::new(Weight::Text, labels::SETTINGS).show(ui) {
            cx.open(DialogKind::Settings);
        }
    });
    ui.add_space(4.0);
    widgets::weak(ui, "The demo has every step with a built-in server. No registration needed.");
    ui.add_space(16.0);
    ui.spacing_mut().item_spacing.y = 4.0;
    for (number, (name, is_done)) in (1..).zip(state.steps(cx.snapshot)) {
        step(ui, tokens, number, name, is_done);
    }
}

/// The steps above the first account, until all are done or the user hides them.
pub(in crate::ui) fn show_steps(ui: &mut Ui, cx: &Cx<'_>, state: &mut FirstRunState) {
    let steps = state.steps(cx.snapshot);
    if !state.shows_steps || steps.iter().all(|(_, is_done)| *is_done) {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(12.0, 4.0);
        for (number, (name, is_done)) in (1..).zip(steps) {
            step(ui, cx.tokens, number, name, is_done);
        }
        if Button::icon(Icon::Cross, "Hide the first steps").show(ui) {
            state.shows_steps = false;
        }
    });
}

/// A step: its number in a square, as in the form, or a check mark.
fn step(ui: &mut Ui, tokens: &Tokens, number: u8, name: &str, is_done: bool) {
    let text = if is_done { tokens.weak } else { tokens.text };
    let galley = ui.painter().layout_no_wrap(name.to_owned(), theme::body(), text);
    let (rect, response) = ui.allocate_exact_size(vec2(28.0 + galley.size().x, 24.0), Sense::hover());
    let spoken = format!("{name}: {}", if is_done { "done" } else { "to do" });
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Label, true, &spoken));
    let mark = pos2(rect.left() + 10.0, rect.center().y);
    if is_done {
        Icon::Check.paint(ui.painter(), mark, 16.0, tokens.ok);
    } else {
        let square = Rect::from_center_size(mark, vec2(20.0, 20.0));
        ui.painter().rect_filled(square, CornerRadius::same(5), tokens.control);
        let font = theme::small_strong();
        ui.painter().text(mark, Align2::CENTER_CENTER, number, font, tokens.text);
    }
    let at = pos2(rect.left() + 28.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, text);
}

/// What an account with a token looks like: a picture, with nothing to press.
fn sample(ui: &mut Ui, tokens: &Tokens) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 212.0), Sense::hover());
    let spoken =
        "A sample: the account car-dev, whose token is valid for 42 minutes, with a button that copies it";
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Image, true, spoken));
    let painter = ui.painter().with_clip_rect(rect);
    let outline = egui::Stroke::new(1.0, tokens.line);
    let corner = CornerRadius::same(theme::RADIUS);
    painter.rect(rect, corner, tokens.raised, outline, egui::StrokeKind::Inside);
    let inner = rect.shrink(16.0);
    painter.text(inner.left_top(), Align2::LEFT_TOP, "car-dev", theme::strong(), tokens.text);
    painter.text(inner.right_top(), Align2::RIGHT_TOP, "Sample", theme::small(), tokens.weak);
    let below = inner.left_top() + vec2(0.0, 20.0);
    painter.text(below, Align2::LEFT_TOP, "Smartcar", theme::small(), tokens.weak);
    let circle = Rect::from_min_size(inner.left_top() + vec2(0.0, 48.0), vec2(56.0, 56.0));
    ring(&painter, circle, 0.7, tokens.ok, tokens.track);
    let beside = circle.right_top() + vec2(16.0, 6.0);
    painter.text(beside, Align2::LEFT_TOP, "42:10 left", theme::heading(), tokens.text);
    Icon::Check.paint(&painter, beside + vec2(8.0, 34.0), 16.0, tokens.ok);
    painter.text(beside + vec2(22.0, 34.0), Align2::LEFT_CENTER, "Valid", theme::small_strong(), tokens.ok);
    let value = Rect::from_min_size(pos2(inner.left(), circle.bottom() + 12.0), vec2(inner.width(), 28.0));
    painter.rect_filled(value, corner, tokens.control);
    let at = value.left_center() + vec2(12.0, 0.0);
    painter.text(at, Align2::LEFT_CENTER, "eyJhbGci••••••••••••q3Zk", theme::mono(13.0), tokens.text);
    let copy = Rect::from_min_size(pos2(inner.left(), value.bottom() + 12.0), vec2(112.0, 28.0));
    painter.rect_stroke(copy, corner, egui::Stroke::new(1.0, tokens.border), egui::StrokeKind::Inside);
    painter.text(copy.center(), Align2::CENTER_CENTER, "Copy token", theme::body(), tokens.text);
}

fn vault_card(ui: &mut Ui, cx: &mut Cx<'_>) {
    let tokens = cx.tokens;
    let vault = &cx.snapshot.vault;
    if matches!(vault.health, VaultHealth::Failing(_) | VaultHealth::Locked { .. }) {
        notices::vault::show(ui, cx);
        return;
    }
    let (icon, color) = match (vault.kind, &vault.health) {
        (VaultKind::Memory, _) => (Icon::Warning, tokens.warn),
        (_, VaultHealth::Ready) => (Icon::Check, tokens.ok),
        (_, VaultHealth::Waiting) => (Icon::Clock, tokens.warn),
        _ => (Icon::Circle, tokens.weak),
    };
    widgets::card(ui, |ui| {
        ui.horizontal_top(|ui| {
            let (_, rect): (_, Rect) = ui.allocate_space(vec2(16.0, 20.0));
            icon.paint(ui.painter(), rect.center(), 16.0, color);
            ui.vertical(|ui| {
                widgets::text(ui, labels::vault(vault, false));
                widgets::weak(ui, "A secret is never written to a plain file.");
                if vault.health == VaultHealth::Untried
                    && Button::new(Weight::Text, "Check it now").aligned_with_text().show(ui)
                {
                    cx.send(Command::TryVault);
                }
                if vault.kind != VaultKind::File
                    && Button::new(Weight::Text, labels::USE_FILE).aligned_with_text().show(ui)
                {
                    cx.open(DialogKind::UseFileVault);
                }
            });
        });
    });
}
