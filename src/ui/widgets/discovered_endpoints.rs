//! What discovery found at an issuer, shown before it is saved.

use egui::Ui;

use crate::domain::oauth::discovery::DiscoveredServer;
use crate::domain::provider::EndpointKind;

use crate::ui::{labels, widgets};

const MAX_SCOPES: usize = 12;
const LABEL_WIDTH: f32 = 192.0;

pub(in crate::ui) fn card(ui: &mut Ui, title: &str, found: &DiscoveredServer) {
    widgets::card(ui, |ui| {
        widgets::subheading(ui, title);
        for kind in EndpointKind::ALL {
            if let Some(address) = found.endpoints.get(kind) {
                widgets::wide_fact(ui, LABEL_WIDTH, &labels::endpoint(kind), address);
            }
        }
        let grants: Vec<&str> = found.grants.iter().map(|grant| labels::grant(*grant)).collect();
        let auths: Vec<&str> = found.client_auths.iter().map(|auth| labels::client_auth(*auth)).collect();
        let scopes: Vec<&str> = found.scopes.iter().take(MAX_SCOPES).map(String::as_str).collect();
        let more = if found.scopes.len() > MAX_SCOPES { " …" } else { "" };
        let scopes = format!("{}{more}", scopes.join("  "));
        for (name, value) in [
            ("Grants", grants.join(", ")),
            ("Client authentication", auths.join(", ")),
            ("Supported scopes", scopes),
        ] {
            if !value.is_empty() {
                widgets::wide_fact(ui, LABEL_WIDTH, name, &value);
            }
        }
    });
}
