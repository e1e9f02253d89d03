//! The tab *Exchanges*: what went over the wire, redacted.
//!
//! Owns nothing yet but its place. Invariant: nothing that could be a secret is shown.

use egui::Ui;

use crate::messages::snapshot::AccountView;

use super::cx::Cx;
use super::view_state::ViewState;
use super::widgets;

/// Shows an account's last exchanges.
pub(super) fn show(ui: &mut Ui, _: &mut Cx<'_>, _: &mut ViewState, _: &AccountView) {
    widgets::card(ui, |ui| {
        widgets::weak(ui, "No exchange has been kept.");
    });
}
