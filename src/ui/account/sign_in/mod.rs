//! A sign-in in progress: its steps and actions.

pub(crate) mod alerts;
pub(crate) mod device;

use chrono::TimeDelta;
use egui::{Context, Id, Ui};
use zeroize::Zeroizing;

use crate::base::secret::PastedReturn;
use crate::domain::provider::provider_name::MAX_CHARS;
use crate::messages::command::Command;
use crate::messages::snapshot::{AccountView, Activity, Awaiting};

use crate::ui::cx::Cx;
use crate::ui::labels;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::{FieldOptions, SecretInput};
use crate::ui::widgets::time_text;

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

pub(in crate::ui) fn waiting(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut SignInState,
    account: &AccountView,
    awaiting: &Awaiting,
) {
    let id = || account.id.clone();
    widgets::card(ui, |ui| {
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
            if Button::new(Weight::Secondary, labels::CANCEL).show(ui) {
                cx.send(Command::CancelSignIn(id()));
            }
            if Button::new(Weight::Secondary, labels::COPY_ADDRESS).show(ui) {
                cx.send(Command::CopyText(awaiting.address.clone()));
            }
            if Button::new(Weight::Text, labels::OPEN_BROWSER_AGAIN).show(ui) {
                cx.send(Command::OpenBrowserAgain(id()));
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
    widgets::card(ui, |ui| {
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
    ui.spacing_mut().item_spacing.y = 8.0;
    ui.spacing_mut().interact_size.y = 20.0;
    for (name, step) in names.iter().zip(at) {
        let (icon, color) = match step {
            Step::Done => (Icon::Check, cx.tokens.ok),
            Step::Now => (Icon::Clock, cx.tokens.accent),
            Step::Later => (Icon::Circle, cx.tokens.weak),
        };
        widgets::step(ui, icon, name, color, step == Step::Now);
    }
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
    widgets::card(ui, |ui| {
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
