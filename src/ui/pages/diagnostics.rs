//! The diagnostics page.

use egui::Ui;

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::domain::refusal::connectivity::CheckOutcome;
use crate::messages::command::Command;
use crate::messages::diagnosis::Finding;
use crate::messages::explain::{capitalised, doctor};

use crate::ui::action::{Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

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
    match account {
        Some(account) => {
            widgets::heading(ui, &format!("Diagnostics for {}", account.name));
        }
        None => {
            widgets::heading(ui, "Diagnostics");
        }
    }
    widgets::weak(ui, "Checks everything needed to get a token. Sends no secrets.");
    let provider = account.map(|account| account.provider_name.as_str());
    match &state.findings {
        None => {
            widgets::text(ui, "Checking… Servers have 30 seconds to respond.");
        }
        Some(findings) => {
            for finding in findings {
                card(ui, cx, finding, provider);
            }
        }
    }
    let busy = state.findings.is_none().then_some("The checks are running.");
    let (mut restart, mut close) = (false, false);
    ui.horizontal(|ui| {
        restart = Button::new(Weight::Primary, labels::CHECK_AGAIN).blocked(busy).show(ui);
        close = Button::new(Weight::Text, labels::CLOSE).show(ui);
    });
    if restart {
        *state = DiagnosticsState::start(cx, state.account.clone());
    } else if close {
        cx.push(UiAction::Leave(Target::Back));
    }
}

fn card(ui: &mut Ui, cx: &Cx<'_>, finding: &Finding, provider: Option<&str>) {
    let message = doctor::finding(finding, provider);
    let tokens = cx.tokens;
    let (icon, color) = match finding.verdict() {
        CheckOutcome::Ok => (Icon::Check, tokens.ok),
        CheckOutcome::Warning => (Icon::Warning, tokens.warn),
        CheckOutcome::Failed => (Icon::Cross, tokens.error),
        CheckOutcome::NotTried => (Icon::Dash, tokens.weak),
    };
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let verdict = match finding.verdict() {
            CheckOutcome::Ok => "OK".to_owned(),
            other => capitalised(doctor::verdict(other)),
        };
        widgets::subheading_with(ui, &doctor::check(finding.check), |ui| {
            widgets::status(ui, icon, &verdict, color);
        });
        if !finding.about.is_empty() {
            widgets::weak_line(ui, &sanitized(&finding.about, 200));
        }
        widgets::text(ui, &message.what);
        if !message.next.is_empty() {
            widgets::text(ui, &message.next);
        }
    });
}
