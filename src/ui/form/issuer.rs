//! The issuer field, and what discovery found or why it failed.

use egui::{Id, Ui};

use crate::base::sanitize::sanitized;
use crate::messages::explain::explain;
use crate::messages::problem::{NotDiscovered, Problem};

use super::draft::Field;
use super::{Form, field_id};
use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields::FieldOptions;
use crate::ui::widgets::{discovered_endpoints, fields};
use crate::ui::{labels, widgets};

/// Stands for the button, whose own identity isn't known before it is drawn.
pub(in crate::ui) fn discover_id() -> Id {
    field_id("discover")
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, form: &mut Form<'_>) {
    if !form.draft.discovers() {
        return;
    }
    let problem = form.draft.issuer_problem();
    if let Some(typed) = &mut form.draft.issuer.typed {
        let filled = !typed.trim().is_empty() && matches!(problem, Some(Err(_)));
        let error = form.problems.iter().find(|(field, _)| *field == Field::Issuer);
        let error = error.map(|(_, text)| text.clone()).filter(|_| filled);
        let note = Some("Keyfob reads the endpoints from its discovery document.");
        let hint = "https://auth.example.com";
        let options = FieldOptions { hint, error: error.as_deref(), note, mono: true };
        let response = fields::text(ui, field_id("issuer"), labels::ISSUER, typed, options);
        form.left(Field::Issuer, &response);
    }
    let wanted = form.draft.wanted_issuer();
    let reason = if form.draft.issuer.pending.is_some() {
        Some("Waiting for the server.")
    } else if wanted.is_none() {
        Some("Enter the issuer first.")
    } else {
        None
    };
    let is_found = form.draft.issuer.found_for.is_some() && form.draft.issuer.found_for == wanted;
    let name = if is_found { labels::DISCOVER_AGAIN } else { labels::DISCOVER };
    let button = ui.add(Button::new(Weight::Secondary, name).blocked(reason));
    if ui.memory(|memory| memory.has_focus(discover_id())) {
        button.request_focus();
    }
    if button.clicked() {
        cx.send(form.draft.discover());
    }
    match &form.draft.issuer.result {
        Some(Ok(found)) if is_found => {
            discovered_endpoints::card(ui, "Found at this issuer", found);
            widgets::weak(ui, "These endpoints are saved with the account. Change them under Advanced.");
        }
        Some(Err(problem)) => {
            if let Some(reported) = failure(ui, cx, problem, form.draft.issuer.typed.is_some()) {
                form.draft.issuer.typed = Some(reported);
                cx.send(form.draft.discover());
            }
        }
        _ => {}
    }
}

/// Why discovery failed. Returns the issuer identifier that the server reports, if the user accepts it.
fn failure(ui: &mut Ui, cx: &Cx<'_>, problem: &Problem, may_change: bool) -> Option<String> {
    let message = explain(problem, None, None);
    let mut used = None;
    widgets::surface(ui, cx.tokens.error_soft, cx.tokens.error, |ui| {
        widgets::text_strong(ui, &message.what);
        widgets::text(ui, &message.next);
        if let Some(details) = &message.details {
            widgets::mono_block(ui, details);
        }
        if let (true, Problem::Discovery(problem)) = (may_change, problem)
            && let NotDiscovered::OtherIssuer { said: reported } = &problem.why
        {
            let name = format!("Use {}", sanitized(reported.as_str(), 80));
            if Button::new(Weight::Secondary, &name).show(ui) {
                used = Some(reported.as_str().to_owned());
            }
        }
    });
    used
}
