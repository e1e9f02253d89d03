//! The command palette (Ctrl+K): finds accounts and actions by a few letters and carries them out.
//!
//! Enter copies an account's token, Ctrl+Enter its header, Tab lists the account's actions.

mod entries;

use egui::{
    Align2, Area, CornerRadius, EventFilter, Frame, Id, Key, Margin, Modal, Modifiers, Rect, Sense, Stroke,
    StrokeKind, TextEdit, Ui, WidgetInfo, accesskit, pos2, vec2,
};

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::messages::command::CopyForm;
use crate::messages::snapshot::AccountView;

use super::cx::Cx;
use super::theme::icons::Icon;
use super::{labels, theme, widgets};
use entries::Entry;

const WIDTH: f32 = 560.0;
/// The distance to the window's top edge.
const TOP: f32 = 80.0;
const TOP_LOW: f32 = 16.0;
/// A lower window has the palette at its top.
const LOW: f32 = 520.0;
const ROWS: usize = 8;
const ROW_HEIGHT: f32 = 44.0;
const LABEL: &str = "Search accounts and actions";

/// The open palette, if it is open.
#[derive(Default)]
pub(super) struct PaletteState(Option<Palette>);

#[derive(Default)]
struct Palette {
    /// Whether accounts come in the order of their last use.
    recent_first: bool,
    search: String,
    /// The index of the selected entry.
    at: usize,
    /// The account whose actions are listed.
    account: Option<AccountId>,
}

impl Palette {
    /// Lists an account's actions, or all entries again.
    fn list_actions(&mut self, account: Option<AccountId>) {
        *self = Self { account, recent_first: self.recent_first, ..Self::default() };
    }
}

enum Pressed {
    Nothing,
    Close,
    Run(CopyForm),
    ListActions,
}

impl PaletteState {
    pub(super) fn is_open(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn open(&mut self) {
        self.0 = Some(Palette::default());
    }

    /// Opens it with the accounts in the order of their last use.
    pub(super) fn open_recent(&mut self) {
        self.0 = Some(Palette { recent_first: true, ..Palette::default() });
    }
}

/// What became of the palette in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PaletteEnd {
    Open,
    Closed,
    /// A token is being copied.
    Copying,
    /// Something else was chosen.
    Left,
}

/// Shows the palette over the window, if it is open.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut PaletteState) -> PaletteEnd {
    let room = ui.ctx().content_rect().height() - top(ui) - 140.0;
    step(ui, cx, state, |ui, cx, palette, account, found| {
        let area = Area::new(Id::unique("keyfob-palette"))
            .kind(egui::UiKind::Modal)
            .sense(Sense::hover())
            .anchor(Align2::CENTER_TOP, vec2(0.0, top(ui)))
            .order(egui::Order::Foreground)
            .interactable(true);
        let frame = Frame::popup(ui.style())
            .corner_radius(ui.visuals().window_corner_radius)
            .inner_margin(Margin::same(8));
        let shown = Modal::new(Id::unique("keyfob-palette")).area(area).frame(frame).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 48.0));
            contents(ui, cx, palette, account, found, room)
        });
        (shown.inner, shown.should_close())
    })
}

/// Shows the palette in a window that has nothing else.
pub(super) fn show_alone(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut PaletteState) -> PaletteEnd {
    let room = ui.available_height() - 84.0;
    step(ui, cx, state, |ui, cx, palette, account, found| {
        (contents(ui, cx, palette, account, found, room), false)
    })
}

/// Handles the keys, draws the palette and carries out what was chosen. `draw` returns the index of a row that was
/// clicked, and whether the palette is to be closed.
fn step(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut PaletteState,
    draw: impl FnOnce(&mut Ui, &Cx<'_>, &mut Palette, Option<&AccountView>, &[Entry<'_>]) -> (Option<usize>, bool),
) -> PaletteEnd {
    let Some(palette) = &mut state.0 else { return PaletteEnd::Open };
    let snapshot = cx.snapshot;
    let account = palette.account.as_ref().and_then(|id| cx.account(id));
    let found = entries::find(snapshot, account, &palette.search, palette.recent_first);
    let pressed = keys(ui, palette, found.len());
    let (clicked, closes) = draw(ui, cx, palette, account, &found);
    let pressed = match clicked {
        Some(at) => {
            palette.at = at;
            Pressed::Run(CopyForm::Plain)
        }
        None if closes => Pressed::Close,
        None => pressed,
    };
    match pressed {
        Pressed::Nothing => {}
        Pressed::Close => {
            state.0 = None;
            return PaletteEnd::Closed;
        }
        Pressed::Run(form) => {
            if let Some(entry) = found.get(palette.at) {
                entry.run(cx, form);
                state.0 = None;
                return if entry.copies() { PaletteEnd::Copying } else { PaletteEnd::Left };
            }
        }
        Pressed::ListActions => {
            if let Some(Entry::Account(account)) = found.get(palette.at) {
                palette.list_actions(Some(account.id.clone()));
                ui.ctx().request_repaint();
            }
        }
    }
    PaletteEnd::Open
}

fn contents(
    ui: &mut Ui,
    cx: &Cx<'_>,
    palette: &mut Palette,
    account: Option<&AccountView>,
    found: &[Entry<'_>],
    room: f32,
) -> Option<usize> {
    ui.spacing_mut().item_spacing.y = 0.0;
    let field = search_field(ui, cx, palette, account.map(|account| account.name.as_str()));
    let clicked = rows(ui, cx, palette.at, found, field, room);
    foot(ui, account.is_some());
    clicked
}

fn top(ui: &Ui) -> f32 {
    if ui.ctx().content_rect().height() < LOW { TOP_LOW } else { TOP }
}

/// Handles the keys before the search field, which would take them.
fn keys(ui: &Ui, palette: &mut Palette, count: usize) -> Pressed {
    palette.at = palette.at.min(count.saturating_sub(1));
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    if pressed(Modifiers::NONE, Key::ArrowDown) && palette.at + 1 < count {
        palette.at += 1;
    }
    if pressed(Modifiers::NONE, Key::ArrowUp) {
        palette.at = palette.at.saturating_sub(1);
    }
    if pressed(Modifiers::NONE, Key::Escape) {
        if palette.account.is_none() {
            return Pressed::Close;
        }
        palette.list_actions(None);
        ui.ctx().request_repaint();
    }
    if pressed(Modifiers::COMMAND, Key::K) {
        return Pressed::Close;
    }
    if pressed(Modifiers::COMMAND, Key::Enter) {
        return Pressed::Run(CopyForm::Header);
    }
    if pressed(Modifiers::NONE, Key::Enter) {
        return Pressed::Run(CopyForm::Plain);
    }
    if pressed(Modifiers::NONE, Key::Tab) {
        return Pressed::ListActions;
    }
    Pressed::Nothing
}

fn search_field(ui: &mut Ui, cx: &Cx<'_>, palette: &mut Palette, account: Option<&str>) -> Id {
    let hint = account.map_or_else(|| LABEL.to_owned(), |name| format!("Actions of {}", sanitized(name, 40)));
    let filter = EventFilter { tab: true, vertical_arrows: true, escape: true, ..EventFilter::default() };
    let edit = TextEdit::singleline(&mut palette.search)
        .id(Id::unique("keyfob-palette-search"))
        .hint_text(egui::RichText::new(&hint).color(cx.tokens.weak))
        .margin(Margin { left: 36, right: 12, top: 8, bottom: 8 })
        .char_limit(200)
        .event_filter(filter)
        .desired_width(f32::INFINITY);
    let response = ui.add(edit);
    // On X11, an input method that starts before the window has the keyboard keeps all events from it.
    if ui.input(|input| input.focused) {
        response.request_focus();
    }
    if response.changed() {
        palette.at = 0;
        ui.ctx().request_repaint();
    }
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_role(accesskit::Role::SearchInput);
        node.set_label(hint);
    });
    let at = pos2(response.rect.left() + 20.0, response.rect.center().y);
    Icon::Lens.paint(ui.painter(), at, 14.0, cx.tokens.weak);
    ui.add_space(theme::STEP);
    response.id
}

/// Draws the rows around the selected one, in a height of `room` points. Returns the index of a row that was clicked.
fn rows(ui: &mut Ui, cx: &Cx<'_>, at: usize, found: &[Entry<'_>], field: Id, room: f32) -> Option<usize> {
    // As many rows as fit, but one at least.
    let (mut fitting, mut height) = (1, 2.0 * ROW_HEIGHT);
    while fitting < ROWS && height <= room {
        fitting += 1;
        height += ROW_HEIGHT;
    }
    let first = (at + 1).saturating_sub(fitting);
    if found.is_empty() {
        ui.allocate_ui(vec2(ui.available_width(), ROW_HEIGHT), |ui| widgets::weak(ui, "Nothing matches."));
    }
    let mut clicked = None;
    for (index, entry) in found.iter().enumerate().skip(first).take(fitting) {
        let response = row(ui, cx, entry, index == at);
        if index == at {
            // Read aloud while the search field keeps the focus.
            let node = response.id.accesskit_id();
            ui.ctx().accesskit_node_builder(field, |builder| builder.set_active_descendant(node));
        }
        if response.clicked() {
            clicked = Some(index);
        }
    }
    clicked
}

fn row(ui: &mut Ui, cx: &Cx<'_>, entry: &Entry<'_>, is_selected: bool) -> egui::Response {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::click());
    let name = sanitized(entry.label(), 120);
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::ListBoxOption, true, &name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(is_selected));
    let (note, status) = match entry {
        Entry::Account(account) => (note(account), account.status(cx.now).word()),
        Entry::App(_) | Entry::OfAccount(..) => (String::new(), ""),
    };
    if !note.is_empty() {
        widgets::describe(ui, &response, &format!("{note}, {status}"));
    }
    if ui.is_rect_visible(rect) {
        let end =
            if note.is_empty() { labels::shortcut(entry.keys(), ui.ctx().os()) } else { status.to_owned() };
        if is_selected {
            ui.painter().rect_filled(rect, CornerRadius::same(theme::RADIUS), cx.tokens.hover);
        } else if response.hovered() {
            // Not like the row that Enter takes.
            let line = Stroke::new(1.0, cx.tokens.border);
            ui.painter().rect_stroke(rect, CornerRadius::same(theme::RADIUS), line, StrokeKind::Inside);
        }
        paint_row(ui, cx, rect, [&name, &note, &end]);
    }
    response
}

/// The account's provider and environment.
fn note(account: &AccountView) -> String {
    let provider = sanitized(&account.provider_name, 60);
    let environment = account.settings.environment.map(|it| format!(", {}", it.as_str()));
    format!("{provider}{}", environment.unwrap_or_default())
}

/// Paints a row: its name, a weak note beside it, and a weak text at its end.
fn paint_row(ui: &Ui, cx: &Cx<'_>, rect: Rect, [name, note, end]: [&str; 3]) {
    let (tokens, painter) = (cx.tokens, ui.painter());
    let inner = rect.shrink2(vec2(12.0, 0.0));
    let middle = |height: f32| inner.center().y - height / 2.0;
    let end = widgets::one_line(ui, end, theme::small(), tokens.weak, 160.0);
    let room = inner.width() - end.size().x - 16.0;
    painter.galley(pos2(inner.right() - end.size().x, middle(end.size().y)), end, tokens.weak);
    let name = widgets::one_line(ui, name, theme::strong(), tokens.text, room);
    let (width, height) = (name.size().x, name.size().y);
    painter.galley(pos2(inner.left(), middle(height)), name, tokens.text);
    if room - width > 40.0 {
        let note = widgets::one_line(ui, note, theme::small(), tokens.weak, room - width - 12.0);
        painter.galley(pos2(inner.left() + width + 12.0, middle(note.size().y)), note, tokens.weak);
    }
}

fn foot(ui: &mut Ui, lists_actions: bool) {
    ui.add_space(theme::STEP);
    let os = ui.ctx().os();
    let hints = if lists_actions {
        "Enter run  ·  Esc back".to_owned()
    } else {
        let header = labels::shortcut("⌘Enter", os);
        format!("Enter copy token  ·  {header} copy header  ·  Tab actions  ·  Esc close")
    };
    ui.horizontal(|ui| {
        ui.add_space(12.0);
        widgets::weak_line(ui, &hints);
    });
    ui.add_space(4.0);
}
