//! The life of the tokens: a lane from issue to expiry for the access token, and one for the refresh token.

use chrono::{DateTime, TimeDelta, Utc};
use egui::{Align2, Color32, Painter, Pos2, Rect, Sense, Stroke, Ui, WidgetInfo, accesskit, pos2, vec2};

use crate::messages::snapshot::{AccountView, Activity, TokenView};

use crate::ui::account::http_log::WantedRequest;
use crate::ui::cx::Cx;
use crate::ui::widgets::time_text;
use crate::ui::{theme, widgets};

const LANE_HEIGHT: f32 = 28.0;
/// The line's distance from the lane's top.
const LINE: f32 = 6.0;
const DOT: f32 = 4.0;

/// Shows the lanes; returns the request whose dot was pressed.
pub(in crate::ui) fn show(
    ui: &mut Ui,
    cx: &Cx<'_>,
    account: &AccountView,
    token: &TokenView,
) -> Option<WantedRequest> {
    let mut pressed = None;
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        pressed = access_token(ui, cx, account, token);
        if let Some(end) = token.facts.refresh_expires_at {
            refresh_token(ui, cx, token, end);
        }
        let facts = &token.facts;
        if !facts.token_type.eq_ignore_ascii_case("bearer") {
            widgets::fact(ui, "Token type", &facts.token_type);
        }
        if let Some(skew) = facts.clock_skew_secs {
            widgets::fact(ui, "Clock", &skew_in_words(skew));
        }
    });
    pressed
}

fn access_token(ui: &mut Ui, cx: &Cx<'_>, account: &AccountView, token: &TokenView) -> Option<WantedRequest> {
    let facts = &token.facts;
    let color = account.status(cx.now).color(cx.tokens);
    let clock = |at| time_text::clock(at, cx.now);
    let lane = Lane::new(ui, facts.received_at, facts.expires_at, cx.now);
    lane.line(ui.painter(), color, cx.tokens.track);
    let issued = format!("issued {}", clock(facts.received_at));
    // The response that brought the token also gave its expiry.
    let of_token = WantedRequest::SentAt(facts.received_at);
    let mut pressed = lane.request(ui, facts.received_at, &issued, cx.tokens.accent).then_some(of_token);
    let first = lane.text(ui, cx, lane.rect.left(), Align2::LEFT_TOP, &issued);
    let last = match facts.expires_at {
        Some(end) => {
            let word = if end <= cx.now { "expired" } else { "expires" };
            let text = format!("{word} {}", clock(end));
            if lane.request(ui, end, &text, color) {
                pressed = Some(of_token);
            }
            lane.text(ui, cx, lane.rect.right(), Align2::RIGHT_TOP, &text)
        }
        None => lane.text(ui, cx, lane.rect.right(), Align2::RIGHT_TOP, "no expiry given"),
    };
    if let Some(at) = account.next_refresh.filter(|at| *at > cx.now) {
        let text = format!("next refresh {}", clock(at));
        if !matches!(account.activity, Activity::Retrying { .. }) {
            lane.dot(ui, at, &text, cx.tokens.accent);
        } else if lane.request(ui, at, &text, cx.tokens.accent) {
            pressed = Some(WantedRequest::LastRefresh);
        }
        let width = ui.painter().layout_no_wrap(text.clone(), theme::small(), cx.tokens.weak).size().x;
        let right = (lane.x(at) + width / 2.0).min(last.left() - 16.0);
        if right - width >= first.right() + 16.0 {
            lane.text(ui, cx, right, Align2::RIGHT_TOP, &text);
        }
    }
    lane.now(ui, cx);
    pressed
}

fn refresh_token(ui: &mut Ui, cx: &Cx<'_>, token: &TokenView, end: DateTime<Utc>) {
    let left = end - cx.now;
    let life = end - token.facts.received_at;
    let has_ended = left <= TimeDelta::zero() || token.refresh_refused;
    let color = match () {
        () if has_ended => cx.tokens.error,
        () if left < life / 10 => cx.tokens.warn,
        () => cx.tokens.ok,
    };
    let lane = Lane::new(ui, token.facts.received_at, Some(end), cx.now);
    lane.line(ui.painter(), color, cx.tokens.track);
    let spoken = if has_ended { "expired".to_owned() } else { time_text::spoken(left) };
    let response = ui.interact(lane.rect, ui.scope_id().with("refresh token"), Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(accesskit::Role::ProgressIndicator, true, "Time left of the refresh token")
    });
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_value(&*spoken));
    widgets::describe(ui, &response, &spoken);
    lane.dot(ui, end, "end of the refresh token", color);
    let text = if has_ended {
        "Expired; sign in again to get a new one.".to_owned()
    } else {
        format!("{} · expires {}", time_text::countdown(left), time_text::clock(end, cx.now))
    };
    let name = lane.text(ui, cx, lane.rect.left(), Align2::LEFT_TOP, "refresh token");
    let room = lane.rect.right() - name.right() - 16.0;
    let galley = widgets::one_line(ui, &text, theme::small(), cx.tokens.weak, room);
    let rect = Align2::RIGHT_TOP.anchor_size(lane.rect.right_top() + vec2(0.0, LINE + 6.0), galley.size());
    label(ui, rect, &text);
    ui.painter().galley(rect.min, galley, cx.tokens.weak);
    lane.now(ui, cx);
}

/// A line in time.
struct Lane {
    rect: Rect,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    now: DateTime<Utc>,
    is_open: bool,
}

impl Lane {
    /// Without an end, the line ends now.
    fn new(ui: &mut Ui, start: DateTime<Utc>, end: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), LANE_HEIGHT), Sense::hover());
        Self { rect, start, end: end.unwrap_or(now), now, is_open: end.is_none() }
    }

    #[expect(clippy::cast_precision_loss, reason = "a place on a line needs no more than a few digits")]
    fn x(&self, at: DateTime<Utc>) -> f32 {
        let whole = (self.end - self.start).num_seconds().max(1) as f32;
        let share = ((at - self.start).num_seconds() as f32 / whole).clamp(0.0, 1.0);
        self.rect.left() + DOT + share * (self.rect.width() - 2.0 * DOT)
    }

    fn at(&self, at: DateTime<Utc>) -> Pos2 {
        pos2(self.x(at), self.rect.top() + LINE)
    }

    /// What is past is pale, and what is left has the color.
    fn line(&self, painter: &Painter, color: Color32, track: Color32) {
        let (start, now, end) = (self.at(self.start), self.at(self.now), self.at(self.end));
        if self.is_open {
            let dashes = egui::Shape::dashed_line(&[start, end], Stroke::new(2.0, track), 6.0, 4.0);
            painter.extend(dashes);
            return;
        }
        painter.line_segment([start, now], Stroke::new(2.0, track));
        painter.line_segment([now, end], Stroke::new(2.0, color));
    }

    fn dot(&self, ui: &Ui, at: DateTime<Utc>, name: &str, color: Color32) {
        let center = self.at(at);
        ui.painter().circle_filled(center, DOT, color);
        let rect = Rect::from_center_size(center, vec2(12.0, 12.0));
        label(ui, rect, name).on_hover_text(name);
    }

    fn now(&self, ui: &Ui, cx: &Cx<'_>) {
        let center = self.at(self.now);
        ui.painter().line_segment(
            [center - vec2(0.0, 6.0), center + vec2(0.0, 6.0)],
            Stroke::new(2.0, cx.tokens.text),
        );
        label(ui, Rect::from_center_size(center, vec2(8.0, 12.0)), "now").on_hover_text("now");
    }

    /// A dot that opens a request; returns true if it was pressed.
    fn request(&self, ui: &Ui, at: DateTime<Utc>, name: &str, color: Color32) -> bool {
        let center = self.at(at);
        let rect = Rect::from_center_size(center, vec2(16.0, 16.0));
        let response = ui.interact(rect, ui.scope_id().with(("request", name)), Sense::click());
        let name = format!("{name}: show the request");
        response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Button, ui.is_enabled(), &name));
        if response.gained_focus() {
            widgets::scroll_into_view(ui, &response);
        }
        let radius = if response.hovered() { DOT + 1.0 } else { DOT };
        ui.painter().circle_filled(center, radius, color);
        widgets::focus_ring(ui, &response, rect);
        response.on_hover_text(&name).clicked()
    }

    /// Text under the line; returns its place.
    fn text(&self, ui: &Ui, cx: &Cx<'_>, x: f32, align: Align2, text: &str) -> Rect {
        let at = pos2(x, self.rect.top() + LINE + 6.0);
        ui.painter().text(at, align, text, theme::small(), cx.tokens.weak)
    }
}

fn label(ui: &Ui, rect: Rect, name: &str) -> egui::Response {
    let response = ui.interact(rect, ui.scope_id().with(("timeline", name)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Label, true, name));
    response
}

fn skew_in_words(skew_secs: i64) -> String {
    let minutes = skew_secs.unsigned_abs().div_ceil(60);
    let way = if skew_secs > 0 { "behind" } else { "ahead of" };
    format!("This computer is about {minutes} min {way} the server; times use the server's clock.")
}
