//! The token card: time left, masked value, actions.
//!
//! A value is here only while it is revealed. It can't be selected; the engine copies it.

use chrono::TimeDelta;
use egui::{Popup, Ui, accesskit, vec2};

use crate::domain::token::expiry::Status;
use crate::domain::token::grant::{ExpirySource, TokenFacts};
use crate::messages::command::{Command, CopyForm};
use crate::messages::snapshot::{AccountView, Activity, TokenView};

use super::token_actions::{self, RevocationState};
use super::token_value::{self, TokenValueState};
use crate::ui::cx::Cx;
use crate::ui::labels;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::time_text;

const MENU_WIDTH: f32 = 216.0;

#[derive(Default)]
pub(in crate::ui) struct TokenCardState {
    pub(in crate::ui) value: TokenValueState,
    pub(in crate::ui) revocation: RevocationState,
}

pub(in crate::ui) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut TokenCardState,
    account: &AccountView,
    token: &TokenView,
) {
    widgets::card(ui, |ui| {
        time(ui, cx, account, token);
        ui.add_space(8.0);
        token_value::show(ui, cx, &mut state.value, account, token);
        ui.add_space(8.0);
        buttons(ui, cx, account, token);
        token_actions::show(ui, cx, &mut state.revocation, account);
        if !token.saved {
            ui.add_space(4.0);
            widgets::status(ui, Icon::Warning, "Not saved; kept until you quit", cx.tokens.warn);
        }
        if let Activity::Retrying { at } = account.activity {
            ui.add_space(4.0);
            widgets::weak(ui, &format!("Refresh failed. Next try at {}.", time_text::clock(at, cx.now)));
        }
    });
    refresh_token(ui, cx, token);
}

const BESIDE_WIDTH: f32 = 340.0;

fn time(ui: &mut Ui, cx: &Cx<'_>, account: &AccountView, token: &TokenView) {
    let status = account.status(cx.now);
    let color = status.color(cx.tokens);
    let show_status = |ui: &mut Ui| widgets::status(ui, status.icon(), status.word(), color);
    let is_beside = ui.available_width() >= BESIDE_WIDTH;
    ui.horizontal(|ui| {
        if let Some(end) = token.facts.expires_at {
            let left = end - cx.now;
            let share = share_of(left, end - token.facts.received_at);
            let spoken = if left <= TimeDelta::zero() { "expired".into() } else { time_text::spoken(left) };
            widgets::countdown_ring(ui, 56.0, share, color, "Time left", &spoken);
            ui.add_space(8.0);
        }
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            widgets::figure(ui, &headline(cx, token));
            widgets::weak(ui, &origin(cx, &token.facts));
            if !is_beside {
                show_status(ui);
            }
        });
        if is_beside {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), show_status);
        }
    });
}

fn headline(cx: &Cx<'_>, token: &TokenView) -> String {
    match (Status::at(&token.facts, cx.now), token.facts.expires_at) {
        (Status::Expired, _) => "Expired".to_owned(),
        (_, Some(end)) => time_text::countdown(end - cx.now),
        (_, None) => format!("Received {}", time_text::age(token.facts.received_at, cx.now)),
    }
}

fn origin(cx: &Cx<'_>, facts: &TokenFacts) -> String {
    let source = match facts.expiry_source {
        ExpirySource::Server => "from the server",
        ExpirySource::Token => "from the token",
        ExpirySource::Unknown => "no expiry given",
    };
    match facts.expires_at {
        Some(end) if end <= cx.now => format!("expired {} · {source}", time_text::clock(end, cx.now)),
        Some(end) => format!("expires {} · {source}", time_text::clock(end, cx.now)),
        None => format!("{source}; treated as valid until rejected"),
    }
}

fn buttons(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView, token: &TokenView) {
    let id = || account.id.clone();
    let refreshing = account.activity == Activity::Refreshing;
    let by_person = !account.grant.is_repeatable();
    let stuck = account.needs_person(cx.now);
    let expired = Status::at(&token.facts, cx.now) == Status::Expired;
    // If copying would only lead to a sign-in, that is the next step.
    let sign_in_first = stuck && expired;
    ui.horizontal_wrapped(|ui| {
        let weight = |primary: bool| if primary { Weight::Primary } else { Weight::Secondary };
        if sign_in_first && Button::new(Weight::Primary, labels::SIGN_IN_AGAIN).show(ui) {
            cx.send(Command::SignIn { account: id(), open_browser: true });
        }
        let copy = Button::new(weight(!sign_in_first), labels::COPY_TOKEN)
            .hint("Refreshes first if needed (Ctrl+C)")
            .show(ui);
        if copy {
            cx.send(Command::Copy { account: id(), form: CopyForm::Plain });
        }
        ui.add_space(-4.0);
        copy_menu(ui, cx, account);
        let reason = if refreshing {
            Some("The token is being refreshed.")
        } else if by_person && token.refresh_refused {
            Some("The server refused the refresh token. Sign in again.")
        } else if by_person && !token.facts.has_refresh_token {
            Some("The server returned no refresh token. Sign in to get a new token.")
        } else if stuck {
            Some("The refresh token has expired. Sign in again.")
        } else {
            None
        };
        let refresh = Button::new(Weight::Secondary, labels::REFRESH).blocked(reason);
        if refresh.hint("Get a new token now (Ctrl+R)").show(ui) {
            cx.send(Command::Refresh(id()));
        }
        // Without a sign-in or a refresh token to bypass, this would do the same as the other button.
        let anew = if by_person { labels::SIGN_IN_AGAIN } else { labels::GET_TOKEN };
        let differs = by_person || token.facts.has_refresh_token;
        if differs && !sign_in_first && Button::new(Weight::Text, anew).show(ui) {
            cx.send(Command::SignIn { account: id(), open_browser: true });
        }
        if refreshing {
            widgets::status(ui, Icon::Clock, "Refreshing", cx.tokens.accent);
        }
    });
}

fn copy_menu(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView) {
    let response = ui.add(Button::icon(Icon::Down, labels::COPY_MORE).secondary());
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_has_popup(accesskit::HasPopup::Menu));
    Popup::menu(&response).gap(4.0).show(|ui| {
        ui.set_min_width(MENU_WIDTH);
        widgets::menu_items(ui);
        for (label, form) in [
            (labels::COPY_HEADER, CopyForm::Header),
            (labels::COPY_CURL, CopyForm::Curl),
            (labels::COPY_ENV, CopyForm::Env),
            (labels::COPY_POWER_SHELL, CopyForm::PowerShell),
        ] {
            let item = egui::Button::new(label).frame_when_inactive(false);
            if ui.add(item.min_size(vec2(MENU_WIDTH, 32.0))).clicked() {
                cx.send(Command::Copy { account: account.id.clone(), form });
                ui.close();
            }
        }
    });
}

fn refresh_token(ui: &mut Ui, cx: &Cx<'_>, token: &TokenView) {
    let Some(end) = token.facts.refresh_expires_at else { return };
    let left = end - cx.now;
    let ended = left <= TimeDelta::zero() || token.refresh_refused;
    let life = end - token.facts.received_at;
    let color = if ended {
        cx.tokens.error
    } else if left < life / 10 {
        cx.tokens.warn
    } else {
        cx.tokens.ok
    };
    widgets::card(ui, |ui| {
        ui.horizontal(|ui| {
            let share = if ended { 0.0 } else { share_of(left, life) };
            let spoken = if ended { "expired".to_owned() } else { time_text::spoken(left) };
            widgets::countdown_ring(ui, 32.0, share, color, "Time left of the refresh token", &spoken);
            ui.add_space(4.0);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                widgets::subheading(ui, "Refresh token");
                let text = if ended {
                    "Expired; sign in again to get a new one.".to_owned()
                } else {
                    format!("{} · expires {}", time_text::countdown(left), time_text::clock(end, cx.now))
                };
                widgets::weak(ui, &text);
            });
        });
    });
}

#[expect(clippy::cast_precision_loss, reason = "a share of a ring needs no more than a few digits")]
fn share_of(left: TimeDelta, life: TimeDelta) -> f32 {
    (left.num_seconds() as f32 / life.num_seconds().max(1) as f32).clamp(0.0, 1.0)
}
