//! The list's footer: locking, with the state of the vault, settings and help.

use egui::{Rect, Stroke, Ui, UiBuilder, vec2};

use crate::messages::snapshot::VaultHealth;

use super::vault_line;
use crate::ui::action::{DialogKind, UiAction};
use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, theme};

pub(super) const HEIGHT: f32 = 44.0;

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, rect: Rect) {
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, cx.tokens.line));
    let inner = rect.shrink2(vec2(8.0, (HEIGHT - theme::CONTROL_HEIGHT) / 2.0));
    ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        ui.horizontal(|ui| {
            lock(ui, cx);
            let beside = ui.available_width() - 2.0 * theme::CONTROL_HEIGHT;
            ui.add_space(beside.max(0.0));
            if Button::icon(Icon::Gear, labels::SETTINGS).show(ui) {
                cx.open(DialogKind::Settings);
            }
            if Button::icon(Icon::Help, labels::HELP).hint("Keyboard shortcuts (F1)").show(ui) {
                cx.open(DialogKind::Shortcuts);
            }
        });
    });
}

/// Locks, or leads to the settings of a vault that can't be used.
fn lock(ui: &mut Ui, cx: &mut Cx<'_>) {
    let vault = &cx.snapshot.vault;
    let state = labels::vault_in_short(vault);
    let button = Button::new(Weight::Text, state).with_icon(vault_line::icon(vault)).in_text_color().small();
    if matches!(vault.health, VaultHealth::Ready | VaultHealth::Untried) {
        let name = format!("{}, {state}", labels::LOCK);
        if button.accessible_name(&name).hint("Lock Keyfob (Ctrl+L)").show(ui) {
            cx.push(UiAction::Lock);
        }
    } else if button.hint(vault_line::HINT).show(ui) {
        cx.open(DialogKind::SettingsOfSecrets);
    }
}
