//! Imports a file that is dropped on the window.
//!
//! A drop opens a preview and saves nothing. None is accepted while another dialog is open.

use egui::{Align2, CornerRadius, Id, LayerId, Order, Stroke, StrokeKind, Ui};

use crate::ui::action::{Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::theme;

pub(in crate::ui) fn watch(ui: &Ui, cx: &mut Cx<'_>) {
    let (dropped, hovers) = ui.input(|input| {
        let dropped = input.raw.dropped_files.first().map(|file| file.path().to_owned());
        (dropped, !input.raw.hovered_files.is_empty())
    });
    if let Some(path) = dropped {
        cx.push(UiAction::Go(Target::Import(Some(path))));
    } else if hovers {
        hint(ui, cx);
    }
}

fn hint(ui: &Ui, cx: &Cx<'_>) {
    let painter = ui.ctx().layer_painter(LayerId::new(Order::Foreground, Id::unique("keyfob-drop")));
    let rect = ui.ctx().content_rect().shrink(12.0);
    let corner = CornerRadius::same(theme::RADIUS);
    painter.rect_filled(rect, corner, cx.tokens.window.gamma_multiply(0.9));
    painter.rect_stroke(rect, corner, Stroke::new(2.0, cx.tokens.accent), StrokeKind::Inside);
    let text = "Drop the file to see what is in it";
    painter.text(rect.center(), Align2::CENTER_CENTER, text, theme::heading(), cx.tokens.text);
}
