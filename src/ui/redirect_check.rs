//! Redirect addresses, looked at closely: two that differ.
//!
//! Owns how they are shown. Invariant: what differs is marked by its ground and its line, never by a
//! colour alone, and is read aloud between ‹ and ›.

use egui::text::{LayoutJob, TextFormat};
use egui::{Stroke, Ui};

use crate::domain::redirect_mismatch::{Marked, RedirectMismatch};
use crate::messages::command::Command;
use crate::messages::words::names_of;

use super::button::Button;
use super::cx::Cx;
use super::icons::Icon;
use super::{theme, widgets};

/// Shows the address that was sent and, where it is known, the one that is wanted.
pub(super) fn compared(ui: &mut Ui, cx: &mut Cx<'_>, mismatch: &RedirectMismatch) {
    for (name, address) in names_of(mismatch) {
        widgets::weak(ui, name);
        ui.horizontal(|ui| {
            if Button::icon(Icon::Copy, &format!("Copy the address: {name}")).show(ui) {
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
