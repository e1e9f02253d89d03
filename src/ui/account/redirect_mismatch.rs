//! A comparison of the redirect URI that was sent with the registered one.

use egui::text::{LayoutJob, TextFormat};
use egui::{Stroke, Ui};

use crate::domain::refusal::redirect_mismatch::{Marked, RedirectMismatch};
use crate::messages::command::Command;
use crate::messages::explain::names_of;

use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::Button;
use crate::ui::{theme, widgets};

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, mismatch: &RedirectMismatch) {
    for (name, address) in names_of(mismatch) {
        widgets::weak(ui, name);
        ui.horizontal(|ui| {
            if Button::icon(Icon::Copy, &format!("Copy redirect URI: {name}")).show(ui) {
                cx.send(Command::CopyText(address.text()));
            }
            marked(ui, cx, address);
        });
    }
}

fn marked(ui: &mut Ui, cx: &Cx<'_>, address: &Marked) {
    let font = theme::mono(13.0);
    let mut job = LayoutJob::default();
    for (piece, differs) in &address.0 {
        let mut format = TextFormat::simple(font.clone(), cx.tokens.text);
        if *differs {
            format.background = cx.tokens.warn_soft;
            format.underline = Stroke::new(2.0, cx.tokens.error);
        }
        job.append(piece, 0.0, format);
    }
    let response = ui.add(egui::Label::new(job).wrap());
    let spoken = address.bracketed();
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_value(spoken));
}
