//! A problem of the whole app.

use egui::Ui;

use crate::messages::explain::explain;
use crate::messages::problem::Problem;

use crate::ui::cx::Cx;
use crate::ui::widgets;

pub(in crate::ui) fn show(ui: &mut Ui, cx: &Cx<'_>, problem: &Problem) {
    let message = explain(problem, None, None);
    widgets::surface(ui, cx.tokens.error_soft, cx.tokens.error, |ui| {
        widgets::text_strong(ui, &message.what);
        widgets::text(ui, &message.next);
        if let Some(details) = &message.details {
            widgets::mono_block(ui, details);
        }
    });
}
