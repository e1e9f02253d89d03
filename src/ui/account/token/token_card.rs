//! The token's card above the scrolled part of the page, or its bar in a low window.
//!
//! A value is here only while it is revealed. It can't be selected; the engine copies it.

use chrono::TimeDelta;
use egui::{Align, Layout, Margin, Rect, Sense, Ui, Vec2, WidgetInfo, accesskit, pos2, vec2};

use crate::base::sanitize::sanitized;
use crate::domain::token::expiry::Status;
use crate::domain::token::grant::{ExpirySource, TokenFacts};
use crate::messages::snapshot::{AccountView, Activity, Inquiry, TokenView};

use super::token_actions;
use super::token_removal::TokenRemovalState;
use super::token_value::{self, TokenValueState};
use crate::ui::action::{Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::theme::icons::{self, Icon};
use crate::ui::widgets::button::Button;
use crate::ui::widgets::environment::{self, Pill};
use crate::ui::widgets::time_text;
use crate::ui::{labels, theme, widgets};

const RING: f32 = 72.0;
/// How many of the provider's facts about an account are shown; all of them are copied.
const SHOWN_FACTS: usize = 3;
const SMALL_RING: f32 = 28.0;
const BAR_HEIGHT: f32 = 48.0;
/// The least width of the text beside the bar's ring.
const TIME_WIDTH: f32 = 52.0;
/// The least width of the card's content with the value beside the ring.
const BESIDE_WIDTH: f32 = 400.0;

#[derive(Default)]
pub(in crate::ui) struct TokenCardState {
    pub(in crate::ui) value: TokenValueState,
    pub(in crate::ui) removal: TokenRemovalState,
}

pub(in crate::ui) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut TokenCardState,
    account: &AccountView,
    token: &TokenView,
) {
    environment::striped_card(ui, account.settings.environment, |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        let is_beside = ui.available_width() >= BESIDE_WIDTH;
        ui.horizontal_top(|ui| {
            ring(ui, cx, account, token);
            ui.add_space(8.0);
            ui.vertical(|ui| {
                ui.set_width(ui.available_width());
                ui.spacing_mut().item_spacing.y = 4.0;
                ui.scope(|ui| facts(ui, cx, account, token));
                if is_beside {
                    ui.add_space(4.0);
                    token_value::show(ui, cx, &mut state.value, account, token);
                }
            });
        });
        if !is_beside {
            token_value::show(ui, cx, &mut state.value, account, token);
        }
        ui.add_space(4.0);
        ui.horizontal(|ui| token_actions::show(ui, cx, &mut state.removal, account, token));
    });
}

/// A row of 48 points with what is needed most.
pub(in crate::ui) fn bar(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut TokenCardState,
    account: &AccountView,
    token: &TokenView,
) {
    let status = account.status(cx.now);
    let color = status.color(cx.tokens);
    egui::Frame::new().inner_margin(Margin::symmetric(0, 8)).show(ui, |ui| {
        let size = vec2(ui.available_width(), BAR_HEIGHT - 16.0);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            if cx.narrow && Button::icon(Icon::Back, labels::BACK).show(ui) {
                cx.push(UiAction::Go(Target::List));
            }
            bare_ring(ui, cx, token, SMALL_RING, color);
            // The actions are at the right.
            let room = ui.available_width();
            let pill = account.settings.environment.map(|it| Pill::short(ui.painter(), cx.tokens, it));
            let with_pill = TIME_WIDTH + pill.as_ref().map_or(0.0, |pill| 8.0 + pill.width());
            let least = [with_pill, TIME_WIDTH].into_iter().find(|it| room >= it + token_actions::MIN_WIDTH);
            if let Some(least) = least {
                let pill = pill.filter(|_| least > TIME_WIDTH);
                beside_small_ring(ui, cx, account, token, pill, least.max(room - token_actions::WIDTH));
            }
            token_actions::show(ui, cx, &mut state.removal, account, token);
        });
    });
}

fn beside_small_ring(
    ui: &mut Ui,
    cx: &Cx<'_>,
    account: &AccountView,
    token: &TokenView,
    pill: Option<Pill>,
    width: f32,
) {
    let status = account.status(cx.now);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 32.0), Sense::hover());
    let text = headline(cx, account, token);
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Label, true, &text));
    widgets::describe(ui, &response, status.word());
    let short = match token.facts.expires_at.map(|end| end - cx.now) {
        // "Expired" is said below.
        Some(left) if left <= TimeDelta::hours(1) => time_text::minutes(left),
        Some(left) => time_text::short(left),
        None if account.grant.is_key() => labels::KEY.to_owned(),
        None => time_text::age(token.facts.received_at, cx.now),
    };
    let first = widgets::one_line(ui, &short, theme::mono(13.0), cx.tokens.text, width);
    let beside = rect.left_top() + vec2(first.size().x + 8.0, first.size().y / 2.0);
    ui.painter().galley(rect.left_top(), first, cx.tokens.text);
    if let Some(pill) = pill {
        pill.paint(ui.painter(), beside);
    }
    let color = status.color(cx.tokens);
    let second = widgets::one_line(ui, status.word(), theme::small(), color, width);
    ui.painter().galley(pos2(rect.left(), rect.bottom() - second.size().y), second, color);
}

/// The status and the expiry.
fn facts(ui: &mut Ui, cx: &Cx<'_>, account: &AccountView, token: &TokenView) {
    let status = account.status(cx.now);
    ui.spacing_mut().interact_size.y = 20.0;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 16.0;
        widgets::status(ui, status.icon(), status.word(), status.color(cx.tokens));
        match account.inquiry {
            Some(Inquiry::Checking) => widgets::status(ui, Icon::Clock, "Checking", cx.tokens.accent),
            Some(Inquiry::Revoking) => widgets::status(ui, Icon::Clock, "Revoking", cx.tokens.accent),
            None => {}
        }
        if !token.saved {
            widgets::status(ui, Icon::Warning, "Not saved; kept until you quit", cx.tokens.warn);
        }
    });
    widgets::weak(ui, &origin(cx, account, &token.facts));
    for (name, value) in token.facts.kept.iter().take(SHOWN_FACTS) {
        widgets::weak_line(ui, &format!("{}: {}", sanitized(name, 40), sanitized(value, 200)));
    }
    if let Activity::Retrying { at } = account.activity {
        widgets::weak(ui, &format!("Refresh failed. Next try at {}.", time_text::clock(at, cx.now)));
    }
}

fn headline(cx: &Cx<'_>, account: &AccountView, token: &TokenView) -> String {
    match (Status::at(&token.facts, cx.now), token.facts.expires_at) {
        (_, None) if account.grant.is_key() => labels::KEY.to_owned(),
        (Status::Expired, _) => "Expired".to_owned(),
        (_, Some(end)) => time_text::countdown(end - cx.now),
        (_, None) => format!("Received {}", time_text::age(token.facts.received_at, cx.now)),
    }
}

fn origin(cx: &Cx<'_>, account: &AccountView, facts: &TokenFacts) -> String {
    let source = match facts.expiry_source {
        ExpirySource::Server => "from the server",
        ExpirySource::Token => "from the token",
        ExpirySource::Assumed => "assumed, since the server says none",
        ExpirySource::Account => "from your note",
        ExpirySource::Unknown => "no expiry given",
    };
    match facts.expires_at {
        Some(end) if end <= cx.now => format!("expired {} · {source}", time_text::clock(end, cx.now)),
        Some(end) => format!("expires {} · {source}", time_text::clock(end, cx.now)),
        None if account.grant.is_key() => "no end noted".to_owned(),
        None => format!("{source}; treated as valid until rejected"),
    }
}

/// The ring with the time inside: the time left, or the age of a token without an expiry.
fn ring(ui: &mut Ui, cx: &Cx<'_>, account: &AccountView, token: &TokenView) {
    let color = account.status(cx.now).color(cx.tokens);
    ui.allocate_ui_with_layout(Vec2::splat(RING), Layout::top_down(Align::Center), |ui| {
        let rect = Rect::from_min_size(ui.max_rect().min, Vec2::splat(RING));
        bare_ring(ui, cx, token, RING, color);
        let (large, small) = match token.facts.expires_at.map(|end| end - cx.now) {
            Some(left) if left <= TimeDelta::zero() => {
                Icon::Cross.paint(ui.painter(), rect.center(), 24.0, color);
                return;
            }
            Some(left) => in_two_lines(left),
            None if account.grant.is_key() => (labels::KEY.to_owned(), String::new()),
            None => {
                let age = time_text::age(token.facts.received_at, cx.now);
                let (large, small) = age.rsplit_once(' ').unwrap_or((&age, ""));
                (large.to_owned(), small.to_owned())
            }
        };
        let response = ui.interact(rect.shrink(12.0), ui.scope_id().with("time"), Sense::hover());
        let text = headline(cx, account, token);
        response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Label, true, &text));
        let painter = ui.painter();
        // Digits of one width, so that none moves when another changes.
        let large = painter.layout_no_wrap(large, theme::mono(15.0), cx.tokens.text);
        let small = painter.layout_no_wrap(small, theme::small(), cx.tokens.weak);
        let top = rect.center().y - f32::midpoint(large.size().y, small.size().y);
        let below = top + large.size().y;
        painter.galley(pos2(rect.center().x - large.size().x / 2.0, top), large, cx.tokens.text);
        painter.galley(pos2(rect.center().x - small.size().x / 2.0, below), small, cx.tokens.weak);
    });
}

fn in_two_lines(left: TimeDelta) -> (String, String) {
    if left <= TimeDelta::hours(1) {
        return (time_text::minutes(left), "left".to_owned());
    }
    match (left.num_days(), left.num_hours()) {
        (0, hours) => (format!("{hours} h"), format!("{} min", left.num_minutes() % 60)),
        (1, _) => ("1".to_owned(), "day".to_owned()),
        (days, _) => (days.to_string(), "days".to_owned()),
    }
}

fn bare_ring(ui: &mut Ui, cx: &Cx<'_>, token: &TokenView, size: f32, color: egui::Color32) {
    let Some(end) = token.facts.expires_at else {
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(size), Sense::hover());
        icons::ring(ui.painter(), rect, 0.0, color, cx.tokens.track);
        return;
    };
    let left = end - cx.now;
    let share = share_of(left, end - token.facts.received_at);
    let spoken = if left <= TimeDelta::zero() { "expired".into() } else { time_text::spoken(left) };
    widgets::countdown_ring(ui, size, share, color, "Time left", &spoken);
}

#[expect(clippy::cast_precision_loss, reason = "a share of a ring needs no more than a few digits")]
fn share_of(left: TimeDelta, life: TimeDelta) -> f32 {
    (left.num_seconds() as f32 / life.num_seconds().max(1) as f32).clamp(0.0, 1.0)
}
