//! The first page: what Keyfob does, where secrets are, how to begin.

use egui::{CornerRadius, Rect, Ui, vec2};

use crate::messages::command::Command;
use crate::messages::snapshot::{VaultHealth, VaultKind};

use crate::ui::action::{DialogKind, Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::notices::NoticesState;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, notices, widgets};

/// The approximate height of the page, in points, to center it.
const HEIGHT: f32 = 372.0;

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut NoticesState) {
    let height = HEIGHT + state.height(cx);
    widgets::centered_page(ui, height, |ui| contents(ui, cx, state));
}

fn contents(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut NoticesState) {
    notices::show(ui, cx, state);
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
    widgets::weak(ui, "Try every step with a built-in server. No registration needed.");
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
                if vault.kind != VaultKind::File
                    && Button::new(Weight::Text, labels::USE_FILE).aligned_with_text().show(ui)
                {
                    cx.open(DialogKind::UseFileVault);
                }
            });
        });
    });
}
