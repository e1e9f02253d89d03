//! The diagnostics page.
//!
//! A word and an icon show each result, never color alone. The checks run only on request.

use egui::Ui;

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::domain::refusal::connectivity::CheckOutcome;
use crate::messages::command::Command;
use crate::messages::diagnosis::Finding;
use crate::messages::explain::{capitalised, doctor};

use super::cx::Cx;
use super::theme::icons::Icon;
use super::view_state::{Page, ViewState};
use super::widgets::button::{Button, Weight};
use super::{labels, widgets};

pub(super) struct Checks {
    /// The account, or `None` for general checks.
    account: Option<AccountId>,
    /// The results; `None` while the checks run.
    findings: Option<Vec<Finding>>,
}

pub(super) fn open(cx: &mut Cx<'_>, state: &mut ViewState, account: Option<AccountId>) {
    cx.send(Command::Diagnose(account.clone()));
    state.page = Page::Doctor(Checks { account, findings: None });
    state.detail_open = true;
}

pub(super) fn take(state: &mut ViewState, findings: Vec<Finding>) {
    if let Page::Doctor(checks) = &mut state.page {
        checks.findings = Some(findings);
    }
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    let Page::Doctor(checks) = &state.page else { return };
    let account = checks.account.as_ref().and_then(|id| cx.account(id));
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
    match &checks.findings {
        None => {
            widgets::text(ui, "Checking… Servers have 30 seconds to respond.");
        }
        Some(findings) => {
            for finding in findings {
                card(ui, cx, finding, provider);
            }
        }
    }
    let again = checks.account.clone();
    let busy = checks.findings.is_none().then_some("The checks are running.");
    let (mut restart, mut close) = (false, false);
    ui.horizontal(|ui| {
        restart = Button::new(Weight::Primary, labels::CHECK_AGAIN).blocked(busy).show(ui);
        close = Button::new(Weight::Bare, labels::CLOSE).show(ui);
    });
    if restart {
        open(cx, state, again);
    } else if close {
        state.page = Page::Account;
    }
}

fn card(ui: &mut Ui, cx: &Cx<'_>, finding: &Finding, provider: Option<&str>) {
    let said = doctor::finding(finding, provider);
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
        widgets::text(ui, &said.what);
        if !said.next.is_empty() {
            widgets::text(ui, &said.next);
        }
    });
}
