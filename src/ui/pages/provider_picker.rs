//! The choice of a provider for a new account.

use egui::{Color32, CornerRadius, Id, Sense, Stroke, StrokeKind, Ui, WidgetInfo, accesskit, pos2, vec2};

use crate::base::sanitize::sanitized;
use crate::domain::provider::{Group, Preset};

use crate::ui::action::{NewAccount, Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::FieldOptions;
use crate::ui::{labels, notices, theme};

#[derive(Default)]
pub(in crate::ui) struct ProviderPickerState {
    search: String,
}

pub(in crate::ui) fn search_id() -> Id {
    Id::unique("keyfob-provider-search")
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ProviderPickerState) {
    widgets::heading(ui, labels::ADD_ACCOUNT);
    notices::presets::show_all(ui, cx);
    let options =
        FieldOptions { hint: "Name of a provider, or what you use it for", ..FieldOptions::default() };
    let field = fields::text(ui, search_id(), "Search providers", &mut state.search, options);
    let custom = Preset::custom();
    let found = found(&cx.snapshot.presets, &state.search);
    let mut chosen = None;
    if field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) {
        chosen = Some(found.first().copied().unwrap_or(&custom).clone());
    }
    for group in [Group::Own, Group::Vendor, Group::Popular, Group::Identity] {
        let of_group: Vec<&Preset> = found.iter().copied().filter(|preset| preset.group == group).collect();
        if of_group.is_empty() {
            continue;
        }
        ui.add_space(4.0);
        widgets::subheading(ui, labels::group(group));
        for preset in of_group {
            if row(ui, cx, preset) {
                chosen = Some(preset.clone());
            }
        }
    }
    ui.add_space(4.0);
    widgets::subheading(ui, if found.is_empty() { labels::NO_PROVIDER_FOUND } else { labels::ANY_PROVIDER });
    let by_issuer = Preset {
        name: labels::BY_ISSUER.to_owned(),
        summary: labels::BY_ISSUER_SUMMARY.to_owned(),
        ..Preset::default()
    };
    let is_by_issuer = row(ui, cx, &by_issuer);
    if row(ui, cx, &custom) {
        chosen = Some(custom);
    }
    ui.add_space(4.0);
    let cancelled = Button::new(Weight::Secondary, labels::CANCEL).show(ui);
    if is_by_issuer {
        cx.push(UiAction::OpenForm(NewAccount::Issuer));
    } else if let Some(preset) = chosen {
        cx.push(UiAction::OpenForm(NewAccount::Preset(Box::new(preset))));
    } else if cancelled {
        cx.push(UiAction::Leave(Target::List));
    }
}

/// The presets that match a search: names that begin with it first, then in preset order. Each word must
/// occur in the name, the ID or the summary.
fn found<'p>(presets: &'p [Preset], search: &str) -> Vec<&'p Preset> {
    let wanted = search.trim().to_lowercase();
    let fits = |preset: &&Preset| {
        let text = format!("{} {} {}", preset.name, preset.id, preset.summary).to_lowercase();
        wanted.split_whitespace().all(|word| text.contains(word))
    };
    let mut found: Vec<&Preset> = presets.iter().filter(fits).collect();
    found.sort_by_key(|preset| {
        (!wanted.is_empty() && !preset.name.to_lowercase().starts_with(&wanted), preset.group)
    });
    found
}

fn row(ui: &mut Ui, cx: &Cx<'_>, preset: &Preset) -> bool {
    let tokens = cx.tokens;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 52.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Button, true, &preset.name));
    widgets::describe(ui, &response, &preset.summary);
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    if ui.is_rect_visible(rect) {
        let painter = ui.painter();
        let fill = if response.hovered() { tokens.hover } else { Color32::TRANSPARENT };
        let (corner, line) = (CornerRadius::same(theme::RADIUS), Stroke::new(1.0, tokens.line));
        painter.rect(rect, corner, fill, line, StrokeKind::Inside);
        widgets::focus_ring(ui, &response, rect);
        let inner = rect.shrink2(vec2(16.0, 8.0));
        let width = inner.width() - 24.0;
        let name = sanitized(&preset.name, 60);
        let name = widgets::one_line(ui, &name, theme::strong(), tokens.text, width);
        painter.galley(inner.left_top(), name, tokens.text);
        let summary = sanitized(&preset.summary, 200);
        let summary = widgets::one_line(ui, &summary, theme::small(), tokens.weak, width);
        painter.galley(pos2(inner.left(), inner.bottom() - summary.size().y), summary, tokens.weak);
        Icon::Right.paint(painter, pos2(inner.right() - 4.0, inner.center().y), 14.0, tokens.weak);
    }
    response.clicked()
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
        assert_eq!(names("microsoft 365"), ["entra"]);
        assert_eq!(names("slack"), ["slack", "slack-user"]);
        assert_eq!(names("smart")[0], "smartconnect");
        assert!(names("no such thing").is_empty());
    }
}
