//! The settings page: a list of sections, and the fields of one.
//!
//! A change takes effect at once. A typed value that decides where secrets travel (browser, proxy, root
//! certificate) takes effect when it is applied.

pub(crate) mod draft;
pub(crate) mod fields;
pub(crate) mod secrets;
pub(crate) mod section;
pub(crate) mod team;

use egui::{CornerRadius, Id, Rect, Sense, Ui, WidgetInfo, accesskit, pos2, vec2};

use crate::messages::command::Command;
use crate::messages::explain::explain;
use crate::messages::preferences::Preferences;
use crate::messages::problem::Problem;

use super::cx::Cx;
use super::widgets::button::{Button, Weight};
use super::widgets::fields::{FieldOptions, choice};
use super::{labels, theme, widgets};
use draft::SettingsDraft;
use section::Section;

const SECTIONS_WIDTH: f32 = 160.0;

/// Below this width, in points, the sections are a list that opens.
const BESIDE_MIN: f32 = 440.0;

pub(super) struct SettingsState {
    section: Section,
    draft: SettingsDraft,
    /// What became of a search for accounts.
    pub(super) recovery: Option<&'static str>,
}

impl SettingsState {
    pub(super) fn new(preferences: &Preferences, section: Section) -> Self {
        Self { section, draft: SettingsDraft::of(preferences), recovery: None }
    }
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SettingsState) {
    state.draft.sync(&cx.snapshot.preferences);
    widgets::heading(ui, labels::SETTINGS);
    unconfirmed(ui, cx);
    if ui.available_width() < BESIDE_MIN {
        let sections = Section::ALL.map(|section| (section, section.name().to_owned()));
        let id = Id::unique("keyfob-settings-section");
        choice(ui, id, "Section", &mut state.section, &sections, FieldOptions::default());
        contents(ui, cx, state);
        return;
    }
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 24.0;
        ui.vertical(|ui| {
            ui.set_width(SECTIONS_WIDTH);
            sections(ui, cx, &mut state.section);
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 12.0;
            // On the line of the first section.
            ui.add_space(6.0);
            contents(ui, cx, state);
        });
    });
}

fn contents(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SettingsState) {
    widgets::subheading(ui, state.section.name());
    match state.section {
        Section::Secrets => secrets::show(ui, cx),
        Section::Accounts => secrets::accounts(ui, cx, state.recovery),
        section => {
            fields::show(ui, section, &mut state.draft);
            if let Some(changed) = state.draft.take_changed() {
                cx.send(Command::SetPreferences(changed));
            }
        }
    }
}

fn sections(ui: &mut Ui, cx: &Cx<'_>, chosen: &mut Section) {
    ui.spacing_mut().item_spacing.y = 2.0;
    let list = ui.unique_id();
    ui.ctx().accesskit_node_builder(list, |node| node.set_role(accesskit::Role::TabList));
    for section in Section::ALL {
        if row(ui, cx, section.name(), section == *chosen) {
            *chosen = section;
        }
    }
}

fn row(ui: &mut Ui, cx: &Cx<'_>, name: &str, chosen: bool) -> bool {
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Tab, ui.is_enabled(), name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_selected(chosen));
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    let corner = CornerRadius::same(theme::RADIUS);
    if chosen || response.hovered() {
        let fill = if chosen { cx.tokens.chosen } else { cx.tokens.hover };
        ui.painter().rect_filled(rect, corner, fill);
    }
    if chosen {
        let bar = Rect::from_min_max(
            pos2(rect.left(), rect.top() + 6.0),
            pos2(rect.left() + 3.0, rect.bottom() - 6.0),
        );
        ui.painter().rect_filled(bar, 1.0, cx.tokens.accent);
    }
    let font = if chosen { theme::strong() } else { theme::body() };
    let text = widgets::one_line(ui, name, font, cx.tokens.text, rect.width() - 24.0);
    let at = pos2(rect.left() + 12.0, rect.center().y - text.size().y / 2.0);
    ui.painter().galley(at, text, cx.tokens.text);
    widgets::focus_ring(ui, &response, rect);
    response.clicked()
}

fn unconfirmed(ui: &mut Ui, cx: &mut Cx<'_>) {
    let changed = &cx.snapshot.unconfirmed;
    if changed.0.is_empty() {
        return;
    }
    let message = explain(&Problem::Unconfirmed(changed.clone()), None, None);
    let tokens = cx.tokens;
    widgets::surface(ui, tokens.warn_soft, tokens.warn, |ui| {
        widgets::text_strong(ui, &message.what);
        widgets::text(ui, "Use them only if this was you. What you set below yourself is used in any case.");
        ui.add_space(4.0);
        if Button::new(Weight::Secondary, labels::USE_THESE_SETTINGS).show(ui) {
            cx.send(Command::ConfirmPreferences(changed.clone()));
        }
    });
}
