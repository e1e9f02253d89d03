//! Destinations that differ from the preset's, on the account's page and before an import.

use egui::Ui;

use crate::base::sanitize::sanitized;
use crate::messages::explain::{NamedDestinations, capitalized, changed_destinations};
use crate::messages::snapshot::AccountView;

use crate::ui::cx::Cx;
use crate::ui::widgets;

const LABEL_WIDTH: f32 = 168.0;

pub(in crate::ui) fn card(ui: &mut Ui, cx: &Cx<'_>, account: &AccountView) {
    let named = changed_destinations(&cx.snapshot.presets, &account.settings);
    if !named.rest.is_empty() {
        widgets::card(ui, |ui| {
            widgets::subheading(ui, &title(&named));
            rows(ui, &named);
        });
    }
}

pub(in crate::ui) fn of_import(ui: &mut Ui, name: &str, named: &NamedDestinations) {
    ui.add_space(4.0);
    widgets::caption(ui, &format!("{}: {}", sanitized(name, 120), named.provider));
    rows(ui, named);
}

fn title(named: &NamedDestinations) -> String {
    match &named.preset {
        Some(preset) if named.is_changed => format!("Changed from {preset}'s preset"),
        _ => "Other hosts".to_owned(),
    }
}

fn rows(ui: &mut Ui, named: &NamedDestinations) {
    for (label, text) in &named.rest {
        widgets::wide_fact(ui, LABEL_WIDTH, &capitalized(label), text);
    }
}
