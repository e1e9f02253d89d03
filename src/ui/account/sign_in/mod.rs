//! A sign-in in progress: its steps and actions.

pub(crate) mod alerts;
pub(crate) mod device;

use chrono::TimeDelta;
use egui::{
    Align2, Color32, Context, CornerRadius, Id, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, accesskit,
    pos2, vec2,
};
use zeroize::Zeroizing;

use crate::base::secret::PastedReturn;
use crate::domain::provider::provider_name::MAX_CHARS;
use crate::messages::command::Command;
use crate::messages::snapshot::{AccountView, Activity, Awaiting};

use crate::ui::cx::Cx;
use crate::ui::widgets;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::environment;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::{FieldOptions, SecretInput};
use crate::ui::widgets::time_text;
use crate::ui::{labels, theme};

const HINT_AFTER: TimeDelta = TimeDelta::seconds(20);

#[derive(Default)]
pub(in crate::ui) struct SignInState {
    pasted: SecretInput,
}

impl SignInState {
    pub(in crate::ui) fn empty(&mut self) {
        self.pasted = SecretInput::default();
    }

    pub(in crate::ui) fn forget(&mut self, ctx: &Context) {
        fields::forget(ctx, paste_id());
        self.empty();
    }
}

fn paste_id() -> Id {
    Id::unique("keyfob-paste")
}

/// Finishes a sign-in with a pasted redirect URL, wherever the keyboard focus is; its `state` identifies the
/// sign-in. No field receives that paste.
pub(in crate::ui) fn take_pasted(ui: &Ui, cx: &mut Cx<'_>) {
    let pasted = ui.input(|input| {
        let text = |event: &egui::Event| match event {
            egui::Event::Paste(text) => Some(Zeroizing::new(text.trim().to_owned())),
            _ => None,
        };
        input.events.iter().find_map(text)
    });
    let Some(text) = pasted else { return };
    let state_of = |text: &str| {
        let query = text.split_once('?').map_or(text, |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == "state").map(|(_, value)| value.into_owned())
    };
    let Some(carried) = state_of(&text) else { return };
    let waits = |account: &&std::sync::Arc<AccountView>| match &account.activity {
        Activity::AwaitingBrowser(awaiting) => state_of(&awaiting.address).as_deref() == Some(&*carried),
        _ => false,
    };
    if let Some(account) = cx.snapshot.accounts.iter().find(waits) {
        ui.input_mut(|input| input.events.retain(|event| !matches!(event, egui::Event::Paste(_))));
        let text = PastedReturn::new(text.to_string());
        cx.send(Command::PasteReturn { account: account.id.clone(), text });
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Done,
    Now,
    Later,
}

impl Step {
    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Now => "now",
            Self::Later => "later",
        }
    }
}

pub(in crate::ui) fn waiting(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut SignInState,
    account: &AccountView,
    awaiting: &Awaiting,
) {
    let id = || account.id.clone();
    environment::striped_card(ui, account.settings.environment, |ui| {
        let left = awaiting.deadline - cx.now;
        widgets::subheading_with(ui, "Signing in", |ui| {
            widgets::figure_small(ui, &time_text::countdown(left));
        });
        ui.add_space(4.0);
        let opened = if awaiting.browser_opened { Step::Done } else { Step::Now };
        let waits = if awaiting.browser_opened { Step::Now } else { Step::Later };
        ui.scope(|ui| steps(ui, cx, [opened, waits, Step::Later, Step::Later]));
        ui.add_space(8.0);
        ui.horizontal_wrapped(|ui| {
            // Without a way back from the browser, the next step is to paste.
            let weight = if awaiting.listening { Weight::Primary } else { Weight::Secondary };
            if Button::new(weight, labels::OPEN_BROWSER_AGAIN).show(ui) {
                cx.send(Command::OpenBrowserAgain(id()));
            }
            if Button::new(Weight::Secondary, labels::COPY_ADDRESS).show(ui) {
                cx.send(Command::CopyText(awaiting.address.clone()));
            }
            if Button::new(Weight::Secondary, labels::CANCEL).show(ui) {
                cx.send(Command::CancelSignIn(id()));
            }
            if Button::new(Weight::Text, labels::MORE_MINUTES).hint("Wait longer for the browser").show(ui) {
                cx.send(Command::ExtendSignIn(id()));
            }
        });
        ui.add_space(8.0);
        paste(ui, cx, state, account, awaiting);
    });
    if !awaiting.listening || cx.now - awaiting.since >= HINT_AFTER {
        hint(ui, cx, account, awaiting);
    }
}

/// Shows a code exchange or a repeated grant.
pub(in crate::ui) fn exchanging(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView) {
    environment::striped_card(ui, account.settings.environment, |ui| {
        if account.grant.is_repeatable() {
            widgets::subheading(ui, "Getting a token");
            widgets::text(ui, "Requesting a token with the saved credentials.");
        } else {
            widgets::subheading(ui, "Signing in");
            ui.scope(|ui| steps(ui, cx, [Step::Done, Step::Done, Step::Now, Step::Later]));
        }
        ui.add_space(8.0);
        if Button::new(Weight::Secondary, labels::CANCEL).show(ui) {
            cx.send(Command::CancelSignIn(account.id.clone()));
        }
    });
}

fn steps(ui: &mut Ui, cx: &Cx<'_>, at: [Step; 4]) {
    let names = [
        "Opening the browser",
        "Waiting for you to sign in there",
        "Exchanging the code for a token",
        "Done: token received",
    ];
    ui.spacing_mut().item_spacing.y = 0.0;
    for ((number, name), step) in names.iter().enumerate().zip(at) {
        let is_last = number + 1 == names.len();
        show_step(ui, cx, number + 1, name, step, is_last);
    }
}

const BADGE: f32 = 20.0;
const STEP_HEIGHT: f32 = 32.0;

/// A numbered square, joined to the next one by a line. A circle would look like a choice.
fn show_step(ui: &mut Ui, cx: &Cx<'_>, number: usize, name: &str, step: Step, is_last: bool) {
    let height = if is_last { BADGE } else { STEP_HEIGHT };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Label, true, name));
    widgets::describe(ui, &response, step.word());
    let tokens = cx.tokens;
    let badge = Rect::from_min_size(rect.min, vec2(BADGE, BADGE));
    let painter = ui.painter();
    if !is_last {
        let color = if step == Step::Done { tokens.ok } else { tokens.track };
        painter.vline(badge.center().x, badge.bottom()..=rect.bottom(), Stroke::new(2.0, color));
    }
    let corners = CornerRadius::same(4);
    let (fill, line, text) = match step {
        Step::Done => (Color32::TRANSPARENT, tokens.ok, tokens.weak),
        Step::Now => (tokens.accent, tokens.accent, tokens.text),
        Step::Later => (Color32::TRANSPARENT, tokens.track, tokens.weak),
    };
    painter.rect(badge, corners, fill, Stroke::new(1.5, line), StrokeKind::Inside);
    if step == Step::Done {
        let at = |x: f32, y: f32| badge.min + vec2(x, y);
        painter.line(vec![at(5.5, 10.5), at(8.5, 13.5), at(14.5, 6.5)], Stroke::new(2.0, tokens.ok));
    } else {
        let color = if step == Step::Now { tokens.on_accent } else { tokens.weak };
        let center = badge.center();
        painter.text(center, Align2::CENTER_CENTER, number, theme::small_strong(), color);
    }
    let font = if step == Step::Now { theme::strong() } else { theme::body() };
    let left = badge.right() + 12.0;
    let galley = widgets::one_line(ui, name, font, text, rect.right() - left);
    ui.painter().galley(pos2(left, badge.center().y - galley.size().y / 2.0), galley, text);
}

fn paste(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut SignInState, account: &AccountView, awaiting: &Awaiting) {
    let note = if awaiting.listening {
        "Only if the browser can't return to Keyfob. Paste the full URL, its query or the code."
    } else {
        "The browser can't return to Keyfob. Paste the full URL from its address bar."
    };
    let options = FieldOptions {
        note: Some(note),
        hint: "https://…?code=…&state=…",
        mono: true,
        ..FieldOptions::default()
    };
    let field = fields::pasted(ui, paste_id(), labels::PASTE, &mut state.pasted, options);
    let enter = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
    let reason = state.pasted.is_blank().then_some("Paste the URL first.");
    let weight = if awaiting.listening { Weight::Secondary } else { Weight::Primary };
    let pressed = Button::new(weight, labels::USE_PASTED).blocked(reason).show(ui);
    if (pressed || enter)
        && let Some(text) = state.pasted.take()
    {
        fields::forget(ui.ctx(), paste_id());
        cx.send(Command::PasteReturn { account: account.id.clone(), text: PastedReturn::new(text) });
    }
}

fn hint(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView, awaiting: &Awaiting) {
    let provider = crate::base::sanitize::sanitized(&account.provider_name, MAX_CHARS);
    environment::striped_card(ui, account.settings.environment, |ui| {
        widgets::text_strong(ui, "Does the page show an error about the redirect URI?");
        widgets::text(
            ui,
            &format!("Register exactly this redirect URI with {provider}, then sign in again."),
        );
        if widgets::copyable(ui, &awaiting.redirect_uri, labels::COPY_REDIRECT) {
            cx.send(Command::CopyText(awaiting.redirect_uri.clone()));
        }
    });
}
