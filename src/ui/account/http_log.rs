//! The HTTP log tab: requests and responses, redacted before they are stored.

use chrono::{DateTime, TimeDelta, Utc};
use egui::{Align2, Color32, Label, Rect, RichText, Sense, Stroke, Ui, WidgetInfo, accesskit, pos2, vec2};

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

/// The most between a token's request and its entry in the log.
const NEAR: TimeDelta = TimeDelta::seconds(5);

#[derive(Default)]
pub(in crate::ui) struct HttpLogState {
    /// The account whose log was requested, so that it is requested once.
    requested: Option<AccountId>,
    open: Option<(AccountId, DateTime<Utc>)>,
    /// The request to open once the log was read.
    wanted: Option<(AccountId, WantedRequest)>,
}

/// A request to be shown in the log.
#[derive(Debug, Clone, Copy)]
pub(in crate::ui) enum WantedRequest {
    /// The one sent at about this time.
    SentAt(DateTime<Utc>),
    LastRefresh,
}

impl HttpLogState {
    pub(in crate::ui) fn open(&mut self, account: AccountId, wanted: WantedRequest) {
        self.wanted = Some((account, wanted));
    }

    fn open_wanted(&mut self, account: &AccountView, entries: &[HttpLogEntry]) {
        let Some((id, wanted)) = self.wanted.take().filter(|(id, _)| *id == account.id) else { return };
        let found = match wanted {
            WantedRequest::SentAt(at) => {
                let distance = |entry: &&HttpLogEntry| (entry.sent_at - at).abs();
                entries.iter().min_by_key(distance).filter(|entry| distance(entry) < NEAR)
            }
            WantedRequest::LastRefresh => entries.iter().find(|entry| entry.kind == RequestKind::Refresh),
        };
        self.open = found.map(|entry| (id, entry.sent_at));
    }
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
    let Some(entries) = &account.http_log else {
        if state.requested.as_ref() != Some(&account.id) {
            state.requested = Some(account.id.clone());
            cx.send(Command::ReadHttpLog(account.id.clone()));
        }
        return;
    };
    state.open_wanted(account, entries);
    widgets::card(ui, |ui| {
        widgets::weak(
            ui,
            "The last 10 requests and responses. Anything that may be secret is replaced by its length.",
        );
        let hint = "For a support ticket: settings and requests, without the account's name, its client ID or any secret";
        if Button::new(Weight::Secondary, labels::COPY_REPORT).hint(hint).show(ui) {
            let (provider, settings) = (account.provider_name.as_str(), &account.settings);
            cx.send(Command::CopyText(report(&Reported { provider, settings, entries })));
        }
        if entries.is_empty() {
            widgets::weak(ui, "No requests logged yet.");
            return;
        }
        ui.spacing_mut().item_spacing.y = 4.0;
        table_head(ui, cx);
        for entry in entries.iter() {
            row(ui, cx, state, account, entry);
        }
    });
}

fn row(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut HttpLogState, account: &AccountView, entry: &HttpLogEntry) {
    let here = (account.id.clone(), entry.sent_at);
    let is_open = state.open.as_ref() == Some(&here);
    ui.push_id(("entry", entry.sent_at), |ui| {
        if table_row(ui, cx, entry, is_open) {
            state.open = (!is_open).then_some(here);
        }
        if is_open {
            details(ui, cx, entry);
        }
    });
}

fn details(ui: &mut Ui, cx: &mut Cx<'_>, entry: &HttpLogEntry) {
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

/// The left ends of the columns for the kind, the status and the duration, as shares of the width.
const COLUMNS: [f32; 3] = [0.3, 0.6, 0.84];

fn table_head(ui: &mut Ui, cx: &Cx<'_>) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    for (name, x) in ["Time", "Kind", "Status", "Duration"].into_iter().zip(columns(rect)) {
        ui.painter().text(
            pos2(x, rect.center().y),
            Align2::LEFT_CENTER,
            name,
            theme::small_strong(),
            cx.tokens.weak,
        );
    }
    ui.painter().hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, cx.tokens.line));
}

fn columns(rect: Rect) -> [f32; 4] {
    let at = |share: f32| rect.left() + share * rect.width();
    [rect.left() + 20.0, at(COLUMNS[0]), at(COLUMNS[1]), at(COLUMNS[2])]
}

/// A row of the table, which opens the request; returns true if it was pressed.
fn table_row(ui: &mut Ui, cx: &Cx<'_>, entry: &HttpLogEntry, is_open: bool) -> bool {
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let name = headline(cx, entry);
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Button, ui.is_enabled(), &name));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_expanded(is_open));
    if response.gained_focus() {
        widgets::scroll_into_view(ui, &response);
    }
    if response.hovered() {
        ui.painter().rect_filled(rect, theme::RADIUS, cx.tokens.hover);
    }
    let way = if is_open { Icon::Down } else { Icon::Right };
    way.paint(ui.painter(), rect.left_center() + vec2(8.0, 0.0), 12.0, cx.tokens.weak);
    let (icon, status, color) = outcome(cx, entry);
    let [time, what, result, duration] = columns(rect);
    let texts = [
        (time, what, time_text::clock(entry.sent_at, cx.now), cx.tokens.text),
        (what, result, kind(entry.kind).to_owned(), cx.tokens.text),
        (result + 20.0, duration, status, color),
        (duration, rect.right(), format!("{} ms", entry.took_ms), cx.tokens.text),
    ];
    for (left, right, text, color) in texts {
        let galley = widgets::one_line(ui, &text, theme::small(), color, right - left - 4.0);
        ui.painter().galley(pos2(left, rect.center().y - galley.size().y / 2.0), galley, color);
    }
    icon.paint(ui.painter(), pos2(result + 7.0, rect.center().y), 14.0, color);
    widgets::focus_ring(ui, &response, rect.shrink(2.0));
    response.clicked()
}

/// The status as an icon, a text and a color, which is that of the error's card.
fn outcome(cx: &Cx<'_>, entry: &HttpLogEntry) -> (Icon, String, Color32) {
    match &entry.outcome {
        Outcome::Answered { status, .. } => {
            let (icon, color) = match status {
                200..300 => (Icon::Check, cx.tokens.ok),
                // The user hasn't entered the code yet.
                400 if entry.kind == RequestKind::Poll => (Icon::Clock, cx.tokens.weak),
                _ => (Icon::Warning, cx.tokens.error),
            };
            (icon, status.to_string(), color)
        }
        Outcome::Unreached { .. } => (Icon::Cross, "no response".to_owned(), cx.tokens.error),
    }
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
        RequestKind::Registration => "Registration",
        RequestKind::Api => "API",
    }
}
