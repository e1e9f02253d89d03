//! What a start found: accounts to recover, or preferences that were changed outside Keyfob.

use egui::{Ui, vec2};

use crate::messages::explain::{Action, explain};
use crate::messages::problem::Problem;

use super::NoticesState;
use crate::ui::action::DialogKind;
use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

pub(super) fn shown(cx: &Cx<'_>, state: &NoticesState) -> Option<Problem> {
    let notice = cx.snapshot.notice.clone().filter(|_| !state.startup_dismissed);
    let changed = &cx.snapshot.unconfirmed;
    let is_new = !changed.0.is_empty() && *changed != state.dismissed_preferences;
    notice.or_else(|| is_new.then(|| Problem::Unconfirmed(changed.clone())))
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut NoticesState) {
    let Some(problem) = shown(cx, state) else { return };
    let message = explain(&problem, None, None);
    let tokens = cx.tokens;
    widgets::surface(ui, tokens.warn_soft, tokens.warn, |ui| {
        ui.horizontal_top(|ui| {
            let (_, rect) = ui.allocate_space(vec2(18.0, 18.0));
            Icon::Warning.paint(ui.painter(), rect.center(), 18.0, tokens.warn);
            ui.vertical(|ui| {
                widgets::text_strong(ui, &message.what);
                widgets::text(ui, &message.next);
                if let Some(details) = &message.details {
                    widgets::mono_block(ui, details);
                }
                ui.add_space(4.0);
                ui.horizontal_wrapped(|ui| {
                    if message.action == Some(Action::RecoverAccounts)
                        && Button::new(Weight::Secondary, labels::RECOVER).show(ui)
                    {
                        cx.open(DialogKind::Recover);
                    }
                    if message.action == Some(Action::OpenSettings)
                        && Button::new(Weight::Secondary, labels::OPEN_SETTINGS).show(ui)
                    {
                        cx.open(DialogKind::Settings);
                    }
                    if Button::new(Weight::Text, labels::DISMISS).show(ui) {
                        match problem {
                            Problem::Unconfirmed(changed) => state.dismissed_preferences = changed,
                            _ => state.startup_dismissed = true,
                        }
                    }
                });
            });
        });
    });
    ui.add_space(8.0);
}
