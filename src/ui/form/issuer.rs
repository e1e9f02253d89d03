//! The issuer field and the results of discovery.
//!
//! Endpoints of one issuer are never saved with another. All of them are in the form before they are saved.

use egui::Ui;

use crate::base::sanitize::sanitized;
use crate::domain::oauth::discovery;
use crate::domain::oauth::discovery::{DiscoveredServer, Wanted};
use crate::domain::provider::spec::{Endpoints, ProviderSpec};
use crate::domain::provider::{EndpointKind, Preset, ProviderError};
use crate::messages::command::Command;
use crate::messages::explain::explain;
use crate::messages::problem::{NotDiscovered, Problem};

use super::draft::{Field, FormDraft};
use super::endpoints::label;
use super::{Form, field_id};
use crate::ui::cx::Cx;
use crate::ui::view_state::{Page, ViewState};
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::Extras;
use crate::ui::{labels, widgets};

const SCOPES_SHOWN: usize = 12;
/// Width of the longest endpoint label, in points.
const LABEL_WIDTH: f32 = 192.0;

#[derive(Default)]
pub(in crate::ui) struct IssuerDraft {
    /// As typed, if discovery sets up the account; a preset knows its own.
    pub(in crate::ui) typed: Option<String>,
    /// The issuer of the endpoints in the form.
    found_for: Option<String>,
    /// The issuer being queried.
    asked: Option<String>,
    answer: Option<Result<DiscoveredServer, Problem>>,
}

impl FormDraft {
    /// A new account that discovery sets up.
    pub(in crate::ui) fn by_issuer() -> Self {
        let mut draft = Self::new(&Preset::custom());
        draft.issuer.typed = Some(String::new());
        draft
    }

    /// Whether discovery provides the endpoints.
    pub(in crate::ui) fn discovers(&self) -> bool {
        self.issuer.typed.is_some() || discovery::is_wanted(&self.preset, &ProviderSpec::default())
    }

    /// Records that a saved account's endpoints are from its issuer.
    pub(in crate::ui) fn settle_issuer(&mut self) {
        if self.discovers() && self.endpoints.contains_key(&EndpointKind::Token) {
            self.issuer.found_for = self.wanted_issuer();
        }
    }

    fn wanted_issuer(&self) -> Option<String> {
        let wanted = Wanted::of(std::slice::from_ref(&self.preset), &self.settings()).ok()?;
        Some(wanted.issuer.as_str().to_owned())
    }

    pub(in crate::ui) fn issuer_problem(&self) -> Option<Result<String, ProviderError>> {
        if !self.discovers() {
            return None;
        }
        if self.issuer.typed.as_ref().is_some_and(|typed| typed.trim().is_empty()) {
            return Some(Ok("Enter the issuer URL.".to_owned()));
        }
        match Wanted::of(std::slice::from_ref(&self.preset), &self.settings()) {
            Err(error) => Some(Err(error)),
            Ok(wanted) if self.issuer.found_for.as_deref() != Some(wanted.issuer.as_str()) => {
                Some(Ok(format!("Choose {} to find the endpoints.", labels::DISCOVER)))
            }
            Ok(_) => None,
        }
    }
}

pub(in crate::ui) fn take(state: &mut ViewState, issuer: &str, found: Result<DiscoveredServer, Problem>) {
    let Page::Form(draft) = &mut state.page else { return };
    if draft.issuer.asked.as_deref() != Some(issuer) {
        return;
    }
    draft.issuer.asked = None;
    if let Ok(found) = &found {
        draft.take_found(found);
        draft.issuer.found_for = Some(issuer.to_owned());
    }
    draft.issuer.answer = Some(found);
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, form: &mut Form<'_>) {
    if !form.draft.discovers() {
        return;
    }
    let problem = form.draft.issuer_problem();
    if let Some(typed) = &mut form.draft.issuer.typed {
        let filled = !typed.trim().is_empty() && matches!(problem, Some(Err(_)));
        let error = form.problems.iter().find(|(field, _)| *field == Field::Issuer);
        let error = error.map(|(_, said)| said.clone()).filter(|_| filled);
        let note = Some("Keyfob reads the endpoints from its discovery document.");
        let hint = "https://auth.example.com";
        let extras = Extras { hint, error: error.as_deref(), note, mono: true };
        let response = fields::text(ui, field_id("issuer"), labels::ISSUER, typed, extras);
        form.left(Field::Issuer, &response);
    }
    let wanted = form.draft.wanted_issuer();
    let reason = if form.draft.issuer.asked.is_some() {
        Some("Waiting for the server.")
    } else if wanted.is_none() {
        Some("Enter the issuer first.")
    } else {
        None
    };
    let is_found = form.draft.issuer.found_for.is_some() && form.draft.issuer.found_for == wanted;
    let name = if is_found { labels::DISCOVER_AGAIN } else { labels::DISCOVER };
    if Button::new(Weight::Quiet, name).blocked(reason).show(ui) {
        ask(cx, form.draft);
    }
    match &form.draft.issuer.answer {
        Some(Ok(found)) if is_found => {
            card(ui, "Found at this issuer", found);
            widgets::weak(ui, "These endpoints are saved with the account. Change them under Advanced.");
        }
        Some(Err(problem)) => {
            if let Some(said) = failure(ui, cx, problem, form.draft.issuer.typed.is_some()) {
                form.draft.issuer.typed = Some(said);
                ask(cx, form.draft);
            }
        }
        _ => {}
    }
}

fn ask(cx: &mut Cx<'_>, draft: &mut FormDraft) {
    let mut settings = draft.settings();
    settings.overrides_mut().endpoints = Endpoints::default();
    draft.issuer.asked = draft.wanted_issuer();
    draft.issuer.answer = None;
    cx.send(Command::Discover(Box::new(settings)));
}

/// The discovered endpoints, before they are saved.
pub(in crate::ui) fn card(ui: &mut Ui, title: &str, found: &DiscoveredServer) {
    widgets::card(ui, |ui| {
        widgets::subheading(ui, title);
        for kind in EndpointKind::ALL {
            if let Some(address) = found.endpoints.get(kind) {
                widgets::wide_fact(ui, LABEL_WIDTH, &label(kind), address);
            }
        }
        let grants: Vec<&str> = found.grants.iter().map(|grant| labels::grant(*grant)).collect();
        let auths: Vec<&str> = found.client_auths.iter().map(|auth| labels::client_auth(*auth)).collect();
        let scopes: Vec<&str> = found.scopes.iter().take(SCOPES_SHOWN).map(String::as_str).collect();
        let more = if found.scopes.len() > SCOPES_SHOWN { " …" } else { "" };
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

/// Why discovery failed. Returns the issuer identifier that the server reports, if the user accepts it.
fn failure(ui: &mut Ui, cx: &Cx<'_>, problem: &Problem, may_change: bool) -> Option<String> {
    let said = explain(problem, None, None);
    let mut used = None;
    widgets::surface(ui, cx.tokens.error_soft, cx.tokens.error, |ui| {
        widgets::text_strong(ui, &said.what);
        widgets::text(ui, &said.next);
        if let Some(details) = &said.details {
            widgets::mono_block(ui, details);
        }
        if let (true, Problem::Discovery(problem)) = (may_change, problem)
            && let NotDiscovered::OtherIssuer { said } = &problem.why
        {
            let name = format!("Use {}", sanitized(said.as_str(), 80));
            if Button::new(Weight::Quiet, &name).show(ui) {
                used = Some(said.as_str().to_owned());
            }
        }
    });
    used
}
