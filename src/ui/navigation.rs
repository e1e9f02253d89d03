//! Navigation, with a question before the user leaves an edited form.
//!
//! Input is discarded only by the form's *Cancel*, by a confirmation here, or by locking.

use egui::{Context, Id, Ui};

use crate::base::sanitize::sanitized;
use crate::domain::account::AccountId;
use crate::messages::command::Command;

use super::cx::Cx;
use super::dialogs::quit;
use super::form::provider_picker;
use super::view_state::{Page, ViewState};
use super::widgets::button::{Button, Weight};
use super::widgets::dialog;
use super::{doctor, form, labels, widgets};

pub(super) enum To {
    Account(AccountId),
    Form(AccountId),
    /// The choice of a provider for a new account.
    Picker,
    Checks(Option<AccountId>),
    /// The previous account.
    Back,
    List,
    Quit,
}

/// Whether leaving the page would lose input.
pub(super) fn is_asked(state: &ViewState) -> bool {
    matches!(&state.page, Page::Form(form) if form.typed && !form.saving)
}

pub(super) fn go(ctx: &Context, cx: &mut Cx<'_>, state: &mut ViewState, to: To) {
    if is_asked(state) {
        state.leaving = Some(to);
    } else {
        leave(ctx, cx, state, to);
    }
}

pub(super) fn quit(ctx: &Context, cx: &Cx<'_>, state: &mut ViewState) {
    if is_asked(state) {
        state.leaving = Some(To::Quit);
    } else {
        quit::ask(ctx, cx.snapshot, state);
    }
}

fn leave(ctx: &Context, cx: &mut Cx<'_>, state: &mut ViewState, to: To) {
    form::close(ctx, state);
    match to {
        To::Account(id) => {
            state.page = Page::Account;
            state.select(id);
        }
        To::Form(id) => cx.send(Command::Edit(id)),
        To::Picker => {
            state.page = Page::Picker { search: String::new() };
            state.detail_open = true;
            state.focus = Some(provider_picker::search_id());
        }
        To::Checks(account) => doctor::open(cx, state, account),
        To::Back => state.page = Page::Account,
        To::List => {
            state.page = Page::Account;
            state.detail_open = false;
        }
        To::Quit => {
            state.page = Page::Account;
            quit::ask(ctx, cx.snapshot, state);
        }
    }
}

pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut ViewState) {
    let Some(to) = state.leaving.take() else { return };
    // The form was saved or closed in the meantime.
    let Page::Form(form) = &state.page else { return };
    let name = sanitized(form.name.trim(), 60).into_owned();
    let said = match (form.editing.is_some(), name.is_empty()) {
        (true, _) => "What you changed is not saved.".to_owned(),
        (false, true) => "The new account is not saved.".to_owned(),
        (false, false) => format!("The new account “{name}” is not saved."),
    };
    let quits = matches!(to, To::Quit);
    let heading = if quits { "Quit and discard what you typed?" } else { "Discard what you typed?" };
    let (mut discard, mut stay) = (false, false);
    let ((), left) = dialog::show(ui, Id::unique("keyfob-leaving"), 400.0, |ui| {
        widgets::heading(ui, heading);
        dialog::body(ui, |ui| widgets::text(ui, &said));
        ui.horizontal_wrapped(|ui| {
            let keep = ui.add(Button::new(Weight::Quiet, labels::KEEP_EDITING));
            dialog::focus_first(ui, &keep);
            stay = keep.clicked();
            discard = Button::new(Weight::Danger, labels::DISCARD).show(ui);
        });
    });
    if discard {
        leave(ui.ctx(), cx, state, to);
    } else if !(left || stay) {
        state.leaving = Some(to);
    }
}
