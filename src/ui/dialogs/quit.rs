//! Closing the window.
//!
//! If accounts would no longer be refreshed, it closes only after the user has seen their names or disabled
//! the question in the settings.

use egui::{Context, Id, Ui, ViewportCommand};

use crate::base::sanitize::sanitized;
use crate::messages::snapshot::{AccountView, Snapshot};

use super::unsaved_tokens;
use super::unsaved_tokens::Quit;
use crate::ui::cx::Cx;
use crate::ui::navigation;
use crate::ui::navigation::To;
use crate::ui::view_state::ViewState;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::dialog;
use crate::ui::{labels, widgets};

const NAMED: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ui) enum Closing {
    /// The window stays open.
    #[default]
    No,
    Asked,
    Confirmed,
}

/// Handles the window's close button; returns true if the question about unsaved tokens may keep it open.
pub(in crate::ui) fn watch(ctx: &Context, snapshot: &Snapshot, state: &mut ViewState) -> bool {
    let closes = ctx.input(|input| input.viewport().close_requested());
    if !closes || state.closing == Closing::Confirmed || state.quit == Quit::Sure {
        return true;
    }
    if snapshot.preferences.keep_running {
        ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        minimise(ctx);
        return false;
    }
    if navigation::is_asked(state) {
        stay_open(ctx);
        ctx.send_viewport_cmd(ViewportCommand::Focus);
        state.leaving = Some(To::Quit);
        return false;
    }
    if is_asked(snapshot) {
        stay_open(ctx);
        state.closing = Closing::Asked;
    }
    true
}

fn stay_open(ctx: &Context) {
    ctx.send_viewport_cmd(ViewportCommand::CancelClose);
    ctx.request_repaint();
}

/// Quits, or asks first if necessary.
pub(in crate::ui) fn ask(ctx: &Context, snapshot: &Snapshot, state: &mut ViewState) {
    if is_asked(snapshot) {
        state.closing = Closing::Asked;
    } else {
        quit(ctx, state);
    }
}

/// Whether to ask first. Unsaved tokens have a question of their own.
fn is_asked(snapshot: &Snapshot) -> bool {
    unsaved_tokens::unsaved(snapshot).next().is_none()
        && !snapshot.locked
        && left_alone(snapshot).next().is_some()
}

pub(in crate::ui) fn show(ui: &mut Ui, cx: &Cx<'_>, state: &mut ViewState) {
    if state.closing != Closing::Asked {
        return;
    }
    let mut pressed = None;
    let ((), left) = dialog::show(ui, Id::unique("keyfob-closing"), 400.0, |ui| {
        widgets::heading(ui, "Quit Keyfob?");
        dialog::body(ui, |ui| widgets::text(ui, &said(cx)));
        ui.horizontal_wrapped(|ui| {
            let quit = ui.add(Button::new(Weight::Primary, labels::QUIT));
            dialog::focus_first(ui, &quit);
            for (button, name) in [
                (quit, labels::QUIT),
                (ui.add(Button::new(Weight::Quiet, labels::MINIMISE)), labels::MINIMISE),
                (ui.add(Button::new(Weight::Bare, labels::CANCEL)), labels::CANCEL),
            ] {
                if button.clicked() {
                    pressed = Some(name);
                }
            }
        });
    });
    match pressed {
        Some(labels::QUIT) => quit(ui.ctx(), state),
        Some(labels::MINIMISE) => {
            state.closing = Closing::No;
            minimise(ui.ctx());
        }
        Some(_) => state.closing = Closing::No,
        None if left => state.closing = Closing::No,
        None => {}
    }
}

fn said(cx: &Cx<'_>) -> String {
    let names: Vec<_> = left_alone(cx.snapshot).map(|account| sanitized(account.name.as_str(), 40)).collect();
    let mut said: Vec<_> = names.iter().take(NAMED).map(|name| format!("“{name}”")).collect();
    if names.len() > NAMED {
        said.push(format!("{} more", names.len() - NAMED));
    }
    let last = said.pop().unwrap_or_default();
    let said = if said.is_empty() { last } else { format!("{} and {last}", said.join(", ")) };
    format!("Keyfob can't refresh {said} while it's closed. It refreshes what it can at the next start.")
}

/// Accounts that are refreshed automatically while Keyfob runs.
fn left_alone(snapshot: &Snapshot) -> impl Iterator<Item = &AccountView> {
    let demo = snapshot.demo.as_ref().map(|demo| &demo.account);
    let renews = move |account: &&AccountView| {
        let token = account.token.as_ref().filter(|token| !token.refresh_refused).map(|token| &token.facts);
        token.is_some_and(|facts| facts.has_refresh_token && facts.expires_at.is_some())
            && account.settings.background_refresh.unwrap_or(true)
            && demo != Some(&account.id)
    };
    snapshot.accounts.iter().map(AsRef::as_ref).filter(renews)
}

/// Quits without a question, since the system requires it.
pub(in crate::ui) fn quit_unasked(ctx: &Context, state: &mut ViewState) {
    state.quit = Quit::Sure;
    quit(ctx, state);
}

fn quit(ctx: &Context, state: &mut ViewState) {
    state.closing = Closing::Confirmed;
    ctx.send_viewport_cmd(ViewportCommand::Close);
}

fn minimise(ctx: &Context) {
    ctx.send_viewport_cmd(ViewportCommand::Minimized(true));
}
