//! The HTTP log tab: requests and responses, redacted before they are stored.

use chrono::{DateTime, Utc};
use egui::{Label, RichText, Ui};

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::domain::http_log::record::{HttpLogEntry, Outcome, RequestKind};
use crate::domain::http_log::text::{Reported, curl, one, report};
use crate::messages::command::Command;
use crate::messages::snapshot::AccountView;

use super::response_mapper::{self, ResponseMapperState};
use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::time_text;
use crate::ui::{labels, theme, widgets};

const LINE_CHARS: usize = 1000;

#[derive(Default)]
pub(in crate::ui) struct HttpLogState {
    /// The account whose log was requested, so that it is requested once.
    requested: Option<AccountId>,
    open: Option<(AccountId, DateTime<Utc>)>,
}

pub(in crate::ui) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut HttpLogState,
    mapper: &mut ResponseMapperState,
    account: &AccountView,
) {
    if !response_mapper::is_next_step(account) {
        response_mapper::show(ui, cx, mapper, account);
    }
    let Some(entries) = &account.exchanges else {
        if state.requested.as_ref() != Some(&account.id) {
            state.requested = Some(account.id.clone());
            cx.send(Command::ReadExchanges(account.id.clone()));
        }
        return;
    };
    widgets::card(ui, |ui| {
        widgets::weak(
            ui,
            "The last 10 requests and responses. Anything that may be secret is replaced by its length.",
        );
        let hint = "For a support ticket: settings and requests, without the account's name, its client ID or any secret";
        if Button::new(Weight::Secondary, labels::COPY_REPORT).hint(hint).show(ui) {
            let (provider, settings) = (account.provider_name.as_str(), &account.settings);
            cx.send(Command::CopyText(report(&Reported { provider, settings, exchanges: entries })));
        }
        if entries.is_empty() {
            widgets::weak(ui, "No requests logged yet.");
        }
        for entry in entries.iter() {
            row(ui, cx, state, account, entry);
        }
    });
}

fn row(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut HttpLogState, account: &AccountView, entry: &HttpLogEntry) {
    let here = (account.id.clone(), entry.sent_at);
    let is_open = state.open.as_ref() == Some(&here);
    let (icon, color) = match &entry.outcome {
        Outcome::Answered { status: 200..300, .. } => (Icon::Check, cx.tokens.ok),
        Outcome::Answered { .. } => (Icon::Warning, cx.tokens.error),
        Outcome::Unreached { .. } => (Icon::Cross, cx.tokens.error),
    };
    let line = headline(cx, entry);
    ui.push_id(("entry", entry.sent_at), |ui| {
        ui.horizontal(|ui| {
            let (_, rect) = ui.allocate_space(egui::vec2(16.0, theme::CONTROL_HEIGHT));
            icon.paint(ui.painter(), rect.center(), 14.0, color);
            let way = if is_open { Icon::Down } else { Icon::Right };
            let response =
                ui.add(Button::new(Weight::Text, &line).with_icon(way).in_text_color().aligned_with_text());
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_expanded(is_open));
            if response.clicked() {
                state.open = (!is_open).then_some(here);
            }
        });
        if is_open {
            ui.scope(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                for line in one(entry).lines() {
                    let shown = sanitized(line, LINE_CHARS);
                    ui.add(Label::new(RichText::new(&*shown).font(theme::mono(12.0))).wrap());
                }
            });
            let hint = "Each secret becomes a shell variable, such as $CLIENT_SECRET";
            if Button::new(Weight::Secondary, labels::COPY_REQUEST).hint(hint).show(ui) {
                cx.send(Command::CopyText(curl(entry)));
            }
        }
    });
}

fn headline(cx: &Cx<'_>, entry: &HttpLogEntry) -> String {
    let outcome = match &entry.outcome {
        Outcome::Answered { status, .. } => format!("HTTP {status}"),
        Outcome::Unreached { .. } => "no response".to_owned(),
    };
    let at = time_text::clock(entry.sent_at, cx.now);
    format!("{at} · {} · {outcome} · {} ms", kind(entry.kind), entry.took_ms)
}

fn kind(kind: RequestKind) -> &'static str {
    match kind {
        RequestKind::Token => "Token",
        RequestKind::Refresh => "Refresh",
        RequestKind::Device => "Device code",
        RequestKind::Poll => "Device code poll",
        RequestKind::Par => "Pushed authorization",
        RequestKind::Revoke => "Revocation",
        RequestKind::Introspect => "Introspection",
        RequestKind::UserInfo => "Userinfo",
        RequestKind::Metadata => "Metadata",
    }
}
