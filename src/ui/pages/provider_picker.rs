//! The choice of a provider for a new account.

use egui::{Color32, CornerRadius, Id, Sense, Stroke, StrokeKind, Ui, WidgetInfo, accesskit, pos2, vec2};

use crate::base::sanitize::sanitized;
use crate::domain::api_address::ApiAddress;
use crate::domain::provider::{Group, Preset};

use crate::ui::action::{NewAccount, Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::widgets;
use crate::ui::widgets::actions;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::chip;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::FieldOptions;
use crate::ui::widgets::monogram;
use crate::ui::widgets::monogram::Monogram;
use crate::ui::{labels, notices, theme};

/// Not an ID that a preset can have.
const BY_ADDRESS: &str = "by address";

const TILE_HEIGHT: f32 = 64.0;
const GAP: f32 = 8.0;

/// Below this width, in points, a summary would be cut in two columns.
const TWO_COLUMNS_MIN: f32 = 440.0;

#[derive(Default)]
pub(in crate::ui) struct ProviderPickerState {
    search: String,
    shown: Shown,
}

/// What is shown while nothing is searched.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Shown {
    #[default]
    All,
    Group(Group),
    /// Only what isn't a preset.
    Other,
}

impl Shown {
    fn label(self) -> &'static str {
        match self {
            Self::All => labels::ALL_PROVIDERS,
            Self::Group(group) => labels::group(group),
            Self::Other => labels::ANY_PROVIDER,
        }
    }

    fn includes(self, preset: &Preset) -> bool {
        match self {
            Self::All => true,
            Self::Group(group) => group == preset.group,
            Self::Other => false,
        }
    }
}

pub(in crate::ui) fn search_id() -> Id {
    Id::unique("keyfob-provider-search")
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ProviderPickerState) {
    widgets::heading(ui, labels::ADD_ACCOUNT);
    notices::presets::show_all(ui, cx);
    let options =
        FieldOptions { hint: "Name, what you use it for, or an API's address", ..FieldOptions::default() };
    let field = fields::text(ui, search_id(), labels::PROVIDER_OR_ADDRESS, &mut state.search, options);
    let is_entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    if ApiAddress::is_likely(&state.search) {
        let looked_up = Button::new(Weight::Primary, labels::LOOK_UP_ADDRESS).show(ui);
        if looked_up || is_entered {
            return cx.push(UiAction::OpenByAddress(state.search.clone()));
        }
    }
    let custom = Preset::custom();
    let mut found = found(&cx.snapshot.presets, &state.search);
    // A search looks in every group, and its results are one Tab away.
    if state.search.trim().is_empty() {
        filter(ui, &found, &mut state.shown);
        found.retain(|preset| state.shown.includes(preset));
    }
    let is_named = state.search.trim().is_empty() || ApiAddress::is_likely(&state.search);
    let is_unknown = found.is_empty() && !is_named;
    let mut chosen = None;
    if is_entered {
        chosen = Some(found.first().copied().unwrap_or(&custom).clone());
    }
    for group in Group::ALL {
        let of_group: Vec<&Preset> = found.iter().copied().filter(|preset| preset.group == group).collect();
        if of_group.is_empty() {
            continue;
        }
        ui.add_space(4.0);
        widgets::subheading(ui, labels::group(group));
        if let Some(preset) = tiles(ui, cx, &of_group) {
            chosen = Some(preset.clone());
        }
    }
    ui.add_space(4.0);
    widgets::subheading(ui, if is_unknown { labels::NO_PROVIDER_FOUND } else { labels::ANY_PROVIDER });
    let [by_issuer, by_address] = without_preset();
    let other = tiles(ui, cx, &[&by_issuer, &custom, &by_address]);
    ui.add_space(4.0);
    let [cancel] = actions::show(ui, [Button::new(Weight::Secondary, labels::CANCEL)]);
    match other {
        Some(preset) if preset.id.is_empty() => cx.push(UiAction::OpenForm(NewAccount::Issuer)),
        Some(preset) if preset.id == BY_ADDRESS => {
            cx.push(UiAction::OpenByAddress(String::new()));
        }
        Some(_) => chosen = Some(custom.clone()),
        None => {}
    }
    if let Some(preset) = chosen {
        cx.push(UiAction::OpenForm(NewAccount::Preset(Box::new(preset))));
    } else if cancel.clicked() {
        cx.push(UiAction::Leave(Target::List));
    }
}

/// The tiles of what is read from a server: empty presets with a name.
fn without_preset() -> [Preset; 2] {
    let by_issuer = Preset {
        name: labels::BY_ISSUER.to_owned(),
        summary: labels::BY_ISSUER_SUMMARY.to_owned(),
        ..Preset::default()
    };
    let by_address = Preset {
        id: BY_ADDRESS.to_owned(),
        name: labels::BY_ADDRESS.to_owned(),
        summary: labels::BY_ADDRESS_SUMMARY.to_owned(),
        ..Preset::default()
    };
    [by_issuer, by_address]
}

/// Shows a chip for every group that has presets, one for all of them and one for what isn't a preset.
fn filter(ui: &mut Ui, presets: &[&Preset], shown: &mut Shown) {
    let has_presets = |group: &Group| presets.iter().any(|preset| preset.group == *group);
    let groups = Group::ALL.into_iter().filter(has_presets).map(Shown::Group);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(GAP / 2.0, GAP / 2.0);
        for choice in [Shown::All].into_iter().chain(groups).chain([Shown::Other]) {
            if chip::show(ui, choice.label(), choice == *shown) {
                *shown = choice;
            }
        }
    });
}

/// The presets that match a search: names that begin with it first, then in preset order. Each word must
/// occur in the name, the ID, the summary or the group.
fn found<'p>(presets: &'p [Preset], search: &str) -> Vec<&'p Preset> {
    let wanted = search.trim().to_lowercase();
    let fits = |preset: &&Preset| {
        let group = labels::group(preset.group);
        let text = format!("{} {} {} {group}", preset.name, preset.id, preset.summary).to_lowercase();
        wanted.split_whitespace().all(|word| text.contains(word))
    };
    let mut found: Vec<&Preset> = presets.iter().filter(fits).collect();
    found.sort_by_key(|preset| {
        (!wanted.is_empty() && !preset.name.to_lowercase().starts_with(&wanted), preset.group)
    });
    found
}

/// Shows presets in two columns, or in one if there is no room; returns the one that was pressed.
fn tiles<'p>(ui: &mut Ui, cx: &Cx<'_>, presets: &[&'p Preset]) -> Option<&'p Preset> {
    let room = ui.available_width();
    let columns = if room < TWO_COLUMNS_MIN { 1 } else { 2 };
    let width = if columns == 1 { room } else { ((room - GAP) / 2.0).floor() };
    let mut pressed = None;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing = vec2(GAP, GAP);
        for row in presets.chunks(columns) {
            ui.horizontal(|ui| {
                for preset in row {
                    if tile(ui, cx, preset, width) {
                        pressed = Some(*preset);
                    }
                }
            });
        }
    });
    pressed
}

fn tile(ui: &mut Ui, cx: &Cx<'_>, preset: &Preset, width: f32) -> bool {
    let tokens = cx.tokens;
    let (rect, response) = ui.allocate_exact_size(vec2(width, TILE_HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Button, true, &preset.name));
    widgets::describe(ui, &response, &preset.summary);
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    let mut is_cut = false;
    if ui.is_rect_visible(rect) {
        let painter = ui.painter();
        let fill = if response.hovered() { tokens.hover } else { Color32::TRANSPARENT };
        let (corner, line) = (CornerRadius::same(theme::RADIUS), Stroke::new(1.0, tokens.line));
        painter.rect(rect, corner, fill, line, StrokeKind::Inside);
        widgets::focus_ring(ui, &response, rect);
        let mark = pos2(rect.left() + 12.0 + monogram::LARGE / 2.0, rect.center().y);
        Monogram::of_preset(preset).paint(painter, tokens, mark, monogram::LARGE);
        let left = mark.x + monogram::LARGE / 2.0 + 12.0;
        let room = rect.right() - 12.0 - left;
        let name = sanitized(&preset.name, 60);
        let name = widgets::one_line(ui, &name, theme::strong(), tokens.text, room);
        let summary = sanitized(&preset.summary, 200);
        let summary = widgets::one_line(ui, &summary, theme::small(), tokens.weak, room);
        is_cut = summary.elided;
        let top = rect.center().y - (name.size().y + 2.0 + summary.size().y) / 2.0;
        let below = top + name.size().y + 2.0;
        painter.galley(pos2(left, top), name, tokens.text);
        painter.galley(pos2(left, below), summary, tokens.weak);
    }
    let pressed = response.clicked();
    if is_cut {
        response.on_hover_text(&*sanitized(&preset.summary, 200));
    }
    pressed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::presets::built_in;

    #[test]
    fn a_search_finds_by_name_id_and_use() {
        let presets = built_in();
        let names = |search: &str| -> Vec<&str> {
            found(&presets, search).into_iter().map(|preset| preset.id.as_str()).collect()
        };
        assert_eq!(names("").len(), presets.len());
        assert_eq!(names(" GitH "), ["github"]);
        assert_eq!(names("jira"), ["atlassian"]);
        assert_eq!(names("microsoft 365"), ["entra", "entra-us", "entra-china"]);
        assert_eq!(names("slack"), ["slack", "slack-user"]);
        // By what it is used for, and by its group.
        assert!(["xero", "shopify"].iter().all(|id| names("accounting").contains(id)));
        assert_eq!(names("smart")[0], "smartconnect");
        assert!(names("no such thing").is_empty());
    }
}
