//! The choice of a provider for a new account.
//!
//! Owns the search over presets. Invariant: a custom provider is always on offer.

use egui::{CornerRadius, Id, Sense, Ui, WidgetInfo, accesskit, pos2, vec2};

use crate::domain::provider::Preset;
use crate::domain::unseen::neutralised;

use super::button::{Button, Weight};
use super::cx::Cx;
use super::fields::{self, Extras};
use super::form_draft::FormDraft;
use super::icons::Icon;
use super::view_state::{Page, ViewState};
use super::widgets;
use super::{account_form, theme, words};

/// The search field.
pub(super) fn search_id() -> Id {
    Id::unique("keyfob-provider-search")
}

/// Shows the choice.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    let Page::Picker { search } = &mut state.page else { return };
    ui.horizontal(|ui| {
        widgets::heading(ui, words::ADD_ACCOUNT);
    });
    let extras = Extras { hint: "Name of a provider", ..Extras::default() };
    let field = fields::text(ui, search_id(), "Search providers", search, extras);
    let wanted = search.trim().to_lowercase();
    let custom = Preset::custom();
    let fits = |preset: &&Preset| {
        preset.name.to_lowercase().contains(&wanted) || preset.summary.to_lowercase().contains(&wanted)
    };
    let found: Vec<&Preset> = cx.snapshot.presets.iter().filter(fits).chain([&custom]).collect();
    let mut chosen = None;
    if field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) {
        chosen = found.first().map(|preset| (*preset).clone());
    }
    ui.add_space(4.0);
    for preset in found {
        if row(ui, cx, preset) {
            chosen = Some(preset.clone());
        }
    }
    ui.add_space(4.0);
    let cancelled = Button::new(Weight::Quiet, words::CANCEL).show(ui);
    if let Some(preset) = chosen {
        state.page = Page::Form(Box::new(FormDraft::new(&preset)));
        state.focus = Some(account_form::name_id());
    } else if cancelled {
        state.page = Page::Account;
        state.detail_open = false;
    }
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
        let fill = if response.hovered() { tokens.hover } else { tokens.card };
        painter.rect_filled(rect, CornerRadius::same(theme::RADIUS), fill);
        widgets::focus_ring(ui, &response, rect);
        let inner = rect.shrink2(vec2(16.0, 8.0));
        let width = inner.width() - 24.0;
        let name = neutralised(&preset.name, 60);
        let name = widgets::one_line(ui, &name, theme::strong(), tokens.text, width);
        painter.galley(inner.left_top(), name, tokens.text);
        let summary = neutralised(&preset.summary, 200);
        let summary = widgets::one_line(ui, &summary, theme::small(), tokens.weak, width);
        painter.galley(pos2(inner.left(), inner.bottom() - summary.size().y), summary, tokens.weak);
        Icon::Right.paint(painter, pos2(inner.right() - 4.0, inner.center().y), 14.0, tokens.weak);
    }
    response.clicked()
}
