//! Toasts: short messages at the foot of the window.
//!
//! The snapshot has everything that lasts (the clipboard, a deletion that can be undone). Only events are
//! kept here, for a limited time.

use chrono::{DateTime, TimeDelta, Utc};
use egui::{Align2, Area, CornerRadius, Frame, Id, Margin, Order, Pos2, Stroke, Ui, accesskit, vec2};

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::messages::command::Command;
use crate::messages::explain::{UserMessage, explain};
use crate::messages::problem::Problem;

use super::button::{Button, Weight};
use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets;
use crate::ui::{labels, theme};

const MESSAGE_TIME: TimeDelta = TimeDelta::seconds(4);
const PROBLEM_TIME: TimeDelta = TimeDelta::seconds(12);

const MARGIN: Margin = Margin { left: 16, right: 8, top: 8, bottom: 8 };

/// The most toasts kept; the oldest go first.
const MAX: usize = 3;

struct Toast {
    content: Content,
    /// Until when; set by the first frame that shows it, so that a hidden window loses none.
    until: Option<DateTime<Utc>>,
}

enum Content {
    Message(String),
    Problem { account: Option<AccountId>, problem: Box<Problem> },
}

#[derive(Default)]
pub(in crate::ui) struct Toasts(Vec<Toast>);

impl Toasts {
    pub(in crate::ui) fn say(&mut self, text: impl Into<String>) {
        self.push(Content::Message(text.into()));
    }

    pub(in crate::ui) fn problem(&mut self, account: Option<AccountId>, problem: Problem) {
        self.push(Content::Problem { account, problem: Box::new(problem) });
    }

    fn push(&mut self, content: Content) {
        if self.0.len() >= MAX {
            self.0.remove(0);
        }
        self.0.push(Toast { content, until: None });
    }

    pub(in crate::ui) fn sync(
        &mut self,
        now: DateTime<Utc>,
        shown: impl Fn(Option<&AccountId>, &Problem) -> bool,
    ) {
        self.0.retain_mut(|toast| {
            let lasts = match &toast.content {
                Content::Message(_) => MESSAGE_TIME,
                Content::Problem { account, problem } => {
                    if shown(account.as_ref(), problem) {
                        return false;
                    }
                    PROBLEM_TIME
                }
            };
            let until = *toast.until.get_or_insert(now + lasts);
            now < until && until - now <= lasts
        });
    }

    pub(in crate::ui) fn next_end(&self) -> Option<DateTime<Utc>> {
        self.0.iter().filter_map(|toast| toast.until).min()
    }
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut Toasts, page: egui::Rect) {
    let mut stack =
        Stack { foot: page.center_bottom() - vec2(0.0, 16.0), width: page.width() - 32.0, count: 0 };
    let room = stack.width - MARGIN.sum().x;
    let clipboard = cx.snapshot.clipboard.as_ref().filter(|_| !cx.copied_is_shown);
    if let Some(at) = clipboard.and_then(|clipboard| clipboard.clears_at) {
        let left = (at - cx.now).num_seconds().max(0);
        let text = format!("Copied. Clears in {left} s");
        if stack.add(ui, |ui| bar(ui, room, &text, labels::CLEAR_NOW, "Copied")) {
            cx.send(Command::ClearClipboard);
        }
    }
    for undo in &cx.snapshot.undo {
        let left = (undo.until - cx.now).num_seconds().max(0);
        let text = format!("“{}” will be deleted in {left} s", sanitized(undo.name.as_str(), 40));
        if stack.add(ui, |ui| bar(ui, room, &text, labels::UNDO, "Deleted")) {
            cx.send(Command::UndoDelete(undo.id.clone()));
        }
    }
    let mut gone = None;
    for (index, toast) in state.0.iter().enumerate().rev() {
        if stack.add(ui, |ui| message(ui, cx, room, &toast.content)) {
            gone = Some(index);
        }
    }
    if let Some(index) = gone {
        state.0.remove(index);
    }
}

struct Stack {
    foot: Pos2,
    width: f32,
    count: usize,
}

impl Stack {
    fn add(&mut self, ui: &Ui, contents: impl FnOnce(&mut Ui) -> bool) -> bool {
        let area = Area::new(Id::unique(("keyfob-toast", self.count)))
            .order(Order::Foreground)
            .pivot(Align2::CENTER_BOTTOM)
            .fixed_pos(self.foot)
            .default_width(self.width);
        let shown = area.show(ui.ctx(), |ui| float(ui, contents));
        self.count += 1;
        self.foot.y -= shown.response.rect.height() + 8.0;
        shown.inner
    }
}

fn message(ui: &mut Ui, cx: &Cx<'_>, room: f32, content: &Content) -> bool {
    match content {
        Content::Message(text) => {
            announce(ui, text);
            ui.label(text);
            false
        }
        Content::Problem { account, problem } => {
            let account = account.as_ref().and_then(|id| cx.account(id));
            let name = account.map(|account| account.name.as_str());
            let message = explain(problem, name, account.map(|account| account.provider_name.as_str()));
            problem_bar(ui, cx, room, name, &message)
        }
    }
}

fn problem_bar(ui: &mut Ui, cx: &Cx<'_>, room: f32, account: Option<&str>, message: &UserMessage) -> bool {
    announce(ui, &message.what);
    let (_, rect) = ui.allocate_space(vec2(18.0, 18.0));
    Icon::Warning.paint(ui.painter(), rect.center(), 18.0, cx.tokens.error);
    // The text's full width, so that the next frame has the same space.
    let wanted = [(&message.what, theme::strong()), (&message.next, theme::body())].map(|(text, font)| {
        ui.painter().layout_no_wrap(text.clone(), font, egui::Color32::PLACEHOLDER).size().x
    });
    let dismiss = Button::new(Weight::Text, labels::DISMISS);
    let beside = rect.width() + dismiss.width(ui) + 2.0 * ui.spacing().item_spacing.x;
    let width = wanted[0].max(wanted[1]).ceil().min(400.0).min(room - beside);
    ui.vertical(|ui| {
        ui.set_width(width);
        ui.spacing_mut().item_spacing.y = 2.0;
        if let Some(name) = account {
            widgets::weak_line(ui, &sanitized(name, 60));
        }
        widgets::text_strong(ui, &message.what);
        widgets::text(ui, &message.next);
    });
    dismiss.show(ui)
}

fn bar(ui: &mut Ui, room: f32, text: &str, button: &str, announced: &str) -> bool {
    announce(ui, announced);
    let button = Button::new(Weight::Secondary, button);
    let width = room - button.width(ui) - ui.spacing().item_spacing.x;
    ui.scope(|ui| {
        ui.set_max_width(width);
        ui.add(egui::Label::new(text).truncate());
    });
    button.show(ui)
}

fn float<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let tokens = theme::Tokens::of(ui);
    Frame::new()
        .fill(tokens.float)
        .stroke(Stroke::new(1.0, tokens.track))
        .corner_radius(CornerRadius::same(theme::RADIUS))
        .shadow(ui.visuals().popup_shadow)
        .inner_margin(MARGIN)
        .show(ui, |ui| ui.horizontal(contents).inner)
        .inner
}

/// Has a message read aloud once, at the next pause; its countdown is not.
pub(in crate::ui) fn announce(ui: &Ui, text: &str) {
    ui.ctx().accesskit_node_builder(ui.unique_id(), |node| {
        node.set_role(accesskit::Role::Status);
        node.set_live(accesskit::Live::Polite);
        node.set_label(text);
    });
}
