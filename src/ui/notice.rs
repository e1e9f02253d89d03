//! Non-blocking startup notice.
//!
//! It is above every page until it is dismissed or its button was used.

use egui::{Ui, vec2};

use crate::messages::explain::{Action, explain};
use crate::messages::problem::Problem;

use super::cx::Cx;
use super::dialogs::recover;
use super::theme::icons::Icon;
use super::view_state::{SettingsDraft, ViewState};
use super::widgets::button::{Button, Weight};
use super::{labels, preset_notice, widgets};

fn shown(cx: &Cx<'_>, state: &ViewState) -> Option<Problem> {
    let notice = cx.snapshot.notice.clone().filter(|_| !state.errands.notice_seen);
    let changed = &cx.snapshot.unconfirmed;
    let is_new = !changed.0.is_empty() && *changed != state.errands.unconfirmed_seen;
    notice.or_else(|| is_new.then(|| Problem::Unconfirmed(changed.clone())))
}

/// The approximate height, in points, so that a page below it can be centered.
pub(super) fn height(cx: &Cx<'_>, state: &ViewState) -> f32 {
    let presets = if preset_notice::is_above(cx, state) { 150.0 } else { 0.0 };
    presets + if shown(cx, state).is_some() { 170.0 } else { 0.0 }
}

/// Shows the notice, if there is one, with space below.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    preset_notice::above(ui, cx, state);
    let Some(problem) = shown(cx, state) else { return };
    let said = explain(&problem, None, None);
    let tokens = cx.tokens;
    widgets::surface(ui, tokens.warn_soft, tokens.warn, |ui| {
        ui.horizontal_top(|ui| {
            let (_, rect) = ui.allocate_space(vec2(18.0, 18.0));
            Icon::Warning.paint(ui.painter(), rect.center(), 18.0, tokens.warn);
            ui.vertical(|ui| {
                widgets::text_strong(ui, &said.what);
                widgets::text(ui, &said.next);
                if let Some(details) = &said.details {
                    widgets::mono_block(ui, details);
                }
                ui.add_space(4.0);
                ui.horizontal_wrapped(|ui| {
                    if said.action == Some(Action::RecoverAccounts)
                        && Button::new(Weight::Quiet, labels::RECOVER).show(ui)
                    {
                        recover::start(cx, state);
                    }
                    if said.action == Some(Action::OpenSettings)
                        && Button::new(Weight::Quiet, labels::OPEN_SETTINGS).show(ui)
                    {
                        state.settings = Some(SettingsDraft::of(&cx.snapshot.preferences));
                    }
                    if Button::new(Weight::Bare, labels::DISMISS).show(ui) {
                        match problem {
                            Problem::Unconfirmed(changed) => state.errands.unconfirmed_seen = changed,
                            _ => state.errands.notice_seen = true,
                        }
                    }
                });
            });
        });
    });
    ui.add_space(8.0);
}
