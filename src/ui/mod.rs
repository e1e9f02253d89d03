//! The window: draws one snapshot at one instant and returns commands.
//!
//! Its state is never authoritative. Nothing here waits. It holds no secret except one that the user has
//! revealed or is typing.

pub(crate) mod account;
mod crash_page;
mod cx;
pub(crate) mod dialogs;
mod doctor;
mod drop_file;
mod events;
mod first_run;
pub(crate) mod form;
pub(crate) mod labels;
pub(crate) mod lock_screen;
pub(crate) mod navigation;
mod notice;
mod preset_notice;
mod repaint;
mod settings;
pub(crate) mod shortcuts;
pub(crate) mod shortcuts_page;
mod sidebar;
pub(crate) mod sign_in_alerts;
mod theme;
mod title;
mod vault_banner;
mod view_state;
mod widgets;

use std::time::Duration;

use chrono::{DateTime, Utc};
use egui::{CentralPanel, Frame, Margin, Panel, ScrollArea, vec2};

use crate::messages::command::Command;
use crate::messages::remembered::Remembered;
use crate::messages::snapshot::{Preferences, Snapshot};
use crate::ui::dialogs::delete;
use crate::ui::dialogs::passphrase;
use crate::ui::dialogs::quit;
use crate::ui::dialogs::unsaved_tokens;
use crate::ui::form::provider_picker;
use crate::ui::sidebar::vault_line;
use crate::ui::widgets::toast;

use cx::Cx;
use sidebar::list_order::Order;
use theme::Tokens;
use theme::icons::Icon;
use view_state::{AfterCrash, Page, ViewState};
use widgets::button::{Button, Weight};

pub use sign_in_alerts::newly_needing_sign_in;
pub use widgets::file_field::{FileAnswer, FileQuestion};

/// The smallest usable window, in logical points.
pub const MIN_SIZE: (f32, f32) = (640.0, 420.0);
/// The window's size at the first start, in logical points.
pub const FIRST_SIZE: (f32, f32) = (960.0, 640.0);

/// The window's own state.
pub struct Ui {
    state: ViewState,
    applied: Option<Preferences>,
    still: bool,
    presets: std::sync::Arc<Vec<crate::domain::provider::Preset>>,
}

impl Ui {
    /// Installs the fonts and themes. Call before the first frame.
    pub fn new(ctx: &egui::Context) -> Self {
        theme::install(ctx);
        Self { state: ViewState::default(), applied: None, still: false, presets: std::sync::Arc::default() }
    }

    /// Applies the preferences for the look. Call before the first frame, so that none flashes.
    pub fn apply(&mut self, preferences: &Preferences, ctx: &egui::Context) {
        if self.applied.as_ref() != Some(preferences) {
            theme::apply(preferences, self.still, ctx);
            self.applied = Some(preferences.clone());
        }
    }

    /// Sets whether the system prefers reduced motion, from the next frame on.
    pub fn set_still(&mut self, still: bool) {
        if self.still != still {
            self.still = still;
            self.applied = None;
        }
    }

    /// Sets the default folder of exports and imports.
    pub fn set_folder(&mut self, folder: std::path::PathBuf) {
        self.state.errands.folder = folder;
    }

    /// Takes the pending question for the system's file dialog; its answer goes to [`Self::file_answer`].
    pub fn file_question(&mut self) -> Option<FileQuestion> {
        self.state.errands.question.take()
    }

    /// Takes the answer of the system's file dialog.
    pub fn file_answer(&mut self, answer: FileAnswer) {
        self.state.errands.answer = Some(answer);
    }

    /// Restores the position at the last quit.
    pub fn restore(&mut self, remembered: &Remembered) {
        let Remembered { selected, sort, group, filter } = remembered.clone();
        self.state.selected = selected;
        self.state.order = Order { sort, group, filter };
    }

    /// Shows that the last window crashed, and no account until the user chooses one.
    pub fn say_crashed(&mut self) {
        self.state.after_crash = AfterCrash::Nothing;
    }

    /// The position to store.
    pub fn remembered(&self) -> Remembered {
        let Order { sort, group, filter } = self.state.order;
        Remembered { selected: self.state.selected.clone(), sort, group, filter }
    }

    /// Keeps a closing window open if something would be lost. Call in every frame, also in one that draws
    /// nothing.
    pub fn watch_closing(&mut self, ctx: &egui::Context, snapshot: &Snapshot) {
        if quit::watch(ctx, snapshot, &mut self.state) {
            unsaved_tokens::watch(ctx, snapshot, &mut self.state);
        }
    }

    /// Closes the window without a question.
    pub fn quit_unasked(&mut self, ctx: &egui::Context) {
        quit::quit_unasked(ctx, &mut self.state);
    }

    /// Draws the snapshot as of `now` and returns the user's commands.
    pub fn show(
        &mut self,
        ui: &mut egui::Ui,
        snapshot: &Snapshot,
        now: DateTime<Utc>,
        commands: &mut Vec<Command>,
    ) {
        self.presets = std::sync::Arc::clone(&snapshot.presets);
        if self.applied.as_ref() != Some(&snapshot.preferences) {
            self.apply(&snapshot.preferences, ui.ctx());
            let style = ui.ctx().style_of(ui.ctx().theme());
            ui.set_style(style);
        }
        let narrow = ui.available_width() < theme::NARROW_WIDTH;
        let mut cx = Cx::new(snapshot, now, Tokens::of(ui), narrow, commands);
        let state = &mut self.state;
        state.list.hide();
        let lost_focus = |event: &egui::Event| matches!(event, egui::Event::WindowFocused(false));
        if ui.input(|input| input.events.iter().any(lost_focus)) {
            state.revealed = None;
        }
        lock_screen::watch(ui, &mut cx, state);
        if lock_screen::show(ui, &mut cx, state) {
            return unsaved_tokens::show(ui, &mut cx, state);
        }
        state.settle(snapshot, now);
        state.settle_toasts(snapshot, now);
        passphrase::settle(ui.ctx(), snapshot, state);
        shortcuts::act(ui, &mut cx, state);
        drop_file::watch(ui, &mut cx, state);
        if lock_screen::show(ui, &mut cx, state) {
            return unsaved_tokens::show(ui, &mut cx, state);
        }
        if let Some(id) = state.focus.take() {
            // Requested before it is drawn, so that focus scrolls it into view.
            ui.memory_mut(|memory| memory.request_focus(id));
        }
        let page = if state.has_dialog() {
            behind(ui, |ui| panes(ui, &mut cx, state))
        } else {
            panes(ui, &mut cx, state)
        };
        delete::show(ui, &mut cx, state);
        navigation::show(ui, &mut cx, state);
        settings::show(ui, &mut cx, state);
        dialogs::show(ui, &mut cx, state);
        passphrase::show(ui, &mut cx, state);
        unsaved_tokens::show(ui, &mut cx, state);
        shortcuts_page::show(ui, state);
        quit::show(ui, &cx, state);
        toast::show(ui, &mut cx, state, page);
        if state.focus.is_some() {
            ui.ctx().request_repaint();
        }
    }

    /// The window's title.
    pub fn title(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> String {
        title::of(&self.state, snapshot, now)
    }

    /// Raises the window.
    pub fn come_forward(ctx: &egui::Context) {
        events::come_forward(ctx);
    }

    /// How long the current frame stays valid; `None` if nothing counts down, so that an idle window costs
    /// nothing.
    pub fn next_repaint(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> Option<Duration> {
        repaint::next(&self.state, snapshot, now)
    }
}

/// Draws the page behind a dialog: unchanged, but inactive for assistive technologies, too.
fn behind<R>(ui: &mut egui::Ui, contents: impl FnOnce(&mut egui::Ui) -> R) -> R {
    ui.visuals_mut().disabled_alpha = 1.0;
    ui.disable();
    contents(ui)
}

/// Draws the list and the page; returns the page's area.
fn panes(ui: &mut egui::Ui, cx: &mut Cx<'_>, state: &mut ViewState) -> egui::Rect {
    let whole = ui.available_rect_before_wrap();
    if !cx.snapshot.loaded {
        return whole;
    }
    let covered = state.after_crash == AfterCrash::Nothing;
    let first_run = cx.snapshot.accounts.is_empty() && matches!(state.page, Page::Account) && !covered;
    if first_run {
        first_run::show(ui, cx, state);
        return whole;
    }
    let single = cx.snapshot.accounts.is_empty() || covered;
    if !single && (!cx.narrow || !state.detail_open) {
        let frame = Frame::new().inner_margin(Margin::same(12));
        if cx.narrow {
            CentralPanel::default().frame(frame).show(ui, |ui| list(ui, cx, state));
            return whole;
        }
        Panel::left("keyfob-list")
            .exact_size(theme::SIDEBAR_WIDTH)
            .resizable(false)
            .frame(frame)
            .show(ui, |ui| list(ui, cx, state));
    }
    page(ui, cx, state, account_page)
}

fn list(ui: &mut egui::Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    if cx.narrow && vault_banner::is_needed(cx) {
        vault_banner::contents(ui, cx, state);
    }
    sidebar::show(ui, cx, state);
}

/// A page: a scrolling column with the form's buttons below it; returns its area without them.
fn page(
    ui: &mut egui::Ui,
    cx: &mut Cx<'_>,
    state: &mut ViewState,
    contents: fn(&mut egui::Ui, &mut Cx<'_>, &mut ViewState),
) -> egui::Rect {
    let tokens = cx.tokens;
    // The buttons come last in the focus order. A panel would have to be drawn first, so their area is
    // computed here.
    let (mut upper, mut lower) = (ui.available_rect_before_wrap(), egui::Rect::NOTHING);
    let with_buttons = matches!(state.page, Page::Form(_));
    if with_buttons {
        // Two rows if they don't fit into one.
        let height = if upper.width() < 320.0 { 96.0 } else { 56.0 };
        (upper, lower) = upper.split_top_bottom_at_y(upper.bottom() - height);
    }
    // In a wide window the column is centered, like its toasts.
    let beside = ((upper.width() - 48.0 - theme::COLUMN_WIDTH) / 2.0).max(0.0).floor();
    let mut place = ui.new_child(egui::UiBuilder::new().max_rect(upper));
    // The window is cleared with this color; without a GPU, a second fill costs a fifth of a frame.
    CentralPanel::default().frame(Frame::new()).show(&mut place, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            Frame::new().inner_margin(Margin::same(24)).show(ui, |ui| {
                let column = ui.available_rect_before_wrap().shrink2(vec2(beside, 0.0));
                // Grows with its contents.
                let column = column.with_max_y(column.top());
                ui.scope_builder(egui::UiBuilder::new().max_rect(column), |ui| {
                    ui.set_width(column.width());
                    ui.spacing_mut().item_spacing.y = 12.0;
                    contents(ui, cx, state);
                    // Room for toasts.
                    ui.add_space(48.0);
                });
            });
        });
    });
    if with_buttons {
        let margin = if lower.width() < 400.0 { 12 } else { 24 };
        let frame = Frame::new().inner_margin(Margin::symmetric(margin, 12));
        let mut place = ui.new_child(egui::UiBuilder::new().max_rect(lower.shrink2(vec2(beside, 0.0))));
        CentralPanel::default().frame(frame).show(&mut place, |ui| form::buttons(ui, cx, state));
        ui.painter().hline(lower.x_range(), lower.top(), egui::Stroke::new(1.0, tokens.line));
    }
    upper
}

fn account_page(ui: &mut egui::Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    if cx.narrow && !cx.snapshot.accounts.is_empty() {
        let back = Button::new(Weight::Bare, labels::BACK).with_icon(Icon::Back).flush();
        if back.show(ui) {
            navigation::go(ui.ctx(), cx, state, navigation::To::List);
        }
    }
    if vault_banner::is_needed(cx) {
        vault_banner::contents(ui, cx, state);
    }
    notice::show(ui, cx, state);
    if let Some(problem) = &cx.snapshot.problem {
        account::app_problem(ui, cx, problem);
    }
    match &state.page {
        Page::Picker { .. } => provider_picker::show(ui, cx, state),
        Page::Form(_) => form::show(ui, cx, state),
        Page::Doctor(_) => doctor::show(ui, cx, state),
        Page::Account if state.after_crash != AfterCrash::No => crash_page::show(ui, cx, state),
        Page::Account => {
            if let Some(account) = state.selected.as_ref().and_then(|id| cx.account(id)) {
                account::show(ui, cx, state, account);
            }
        }
    }
    // If the list isn't there to show it.
    if cx.narrow || cx.snapshot.accounts.is_empty() {
        ui.add_space(theme::STEP);
        vault_line::show(ui, cx, state, true);
    }
}
