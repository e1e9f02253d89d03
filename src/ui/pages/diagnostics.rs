//! The diagnostics page: a table of checks, each with a verdict and what to do.

use egui::{Stroke, Ui, accesskit, vec2};

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::domain::refusal::connectivity::CheckOutcome;
use crate::messages::command::Command;
use crate::messages::diagnosis::Finding;
use crate::messages::explain::doctor;

use crate::ui::action::{Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::actions;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

const VERDICT_WIDTH: f32 = 104.0;
const CHECK_WIDTH: f32 = 176.0;

/// Below this width, in points, the outcome is below the check.
const THREE_COLUMNS_MIN: f32 = 520.0;

pub(in crate::ui) struct DiagnosticsState {
    /// The account, or `None` for general checks.
    account: Option<AccountId>,
    /// The results; `None` while the checks run.
    findings: Option<Vec<Finding>>,
}

impl DiagnosticsState {
    pub(in crate::ui) fn start(cx: &mut Cx<'_>, account: Option<AccountId>) -> Self {
        cx.send(Command::Diagnose(account.clone()));
        Self { account, findings: None }
    }

    pub(in crate::ui) fn take(&mut self, findings: Vec<Finding>) {
        self.findings = Some(findings);
    }
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut DiagnosticsState) {
    let account = state.account.as_ref().and_then(|id| cx.account(id));
    let heading = account.map_or_else(
        || "Diagnostics".to_owned(),
        |account| format!("Diagnostics for {}", sanitized(account.name.as_str(), 60)),
    );
    widgets::heading(ui, &heading);
    widgets::weak(ui, "Checks everything needed to get a token. Sends no secrets.");
    let provider = account.map(|account| account.provider_name.as_str());
    match &state.findings {
        None => {
            widgets::text(ui, "Checking… Servers have 30 seconds to respond.");
        }
        Some(findings) => table(ui, cx, findings, provider),
    }
    ui.add_space(4.0);
    let busy = state.findings.is_none().then_some("The checks are running.");
    let close = Button::new(Weight::Secondary, labels::CLOSE);
    let again = Button::new(Weight::Primary, labels::CHECK_AGAIN).blocked(busy);
    let [close, again] = actions::show(ui, [close, again]);
    if again.clicked() {
        *state = DiagnosticsState::start(cx, state.account.clone());
    } else if close.clicked() {
        cx.push(UiAction::Leave(Target::Back));
    }
}

fn table(ui: &mut Ui, cx: &Cx<'_>, findings: &[Finding], provider: Option<&str>) {
    let is_wide = ui.available_width() >= THREE_COLUMNS_MIN;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing = vec2(16.0, 8.0);
        let table = ui.unique_id();
        ui.ctx().accesskit_node_builder(table, |node| node.set_role(accesskit::Role::Table));
        for (number, finding) in findings.iter().enumerate() {
            if number > 0 {
                line(ui, cx);
            }
            if is_wide {
                ui.horizontal_top(|ui| {
                    column(ui, VERDICT_WIDTH, |ui| verdict(ui, cx, finding));
                    column(ui, CHECK_WIDTH, |ui| subject(ui, finding));
                    ui.vertical(|ui| outcome(ui, finding, provider));
                });
            } else {
                ui.horizontal_top(|ui| {
                    column(ui, VERDICT_WIDTH, |ui| verdict(ui, cx, finding));
                    ui.vertical(|ui| {
                        subject(ui, finding);
                        ui.add_space(4.0);
                        outcome(ui, finding, provider);
                    });
                });
            }
        }
    });
}

fn line(ui: &mut Ui, cx: &Cx<'_>) {
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), 1.0));
    ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(1.0, cx.tokens.line));
}

fn column(ui: &mut Ui, width: f32, contents: impl FnOnce(&mut Ui)) {
    ui.vertical(|ui| {
        ui.set_width(width);
        contents(ui);
    });
}

fn verdict(ui: &mut Ui, cx: &Cx<'_>, finding: &Finding) {
    let tokens = cx.tokens;
    let (icon, color) = match finding.verdict() {
        CheckOutcome::Ok => (Icon::Check, tokens.ok),
        CheckOutcome::Warning => (Icon::Warning, tokens.warn),
        CheckOutcome::Failed => (Icon::Cross, tokens.error),
        CheckOutcome::NotTried => (Icon::Dash, tokens.weak),
    };
    widgets::status(ui, icon, doctor::verdict(finding), color);
}

fn subject(ui: &mut Ui, finding: &Finding) {
    ui.spacing_mut().item_spacing.y = 2.0;
    widgets::text_strong(ui, &doctor::check(finding.check));
    if !finding.about.is_empty() {
        widgets::weak_line(ui, &sanitized(&finding.about, 200))
            .on_hover_text(&*sanitized(&finding.about, 200));
    }
}

fn outcome(ui: &mut Ui, finding: &Finding, provider: Option<&str>) {
    ui.spacing_mut().item_spacing.y = 2.0;
    let message = doctor::finding(finding, provider);
    widgets::text(ui, &message.what);
    if !message.next.is_empty() {
        widgets::weak(ui, &message.next);
    }
}
