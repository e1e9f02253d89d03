//! Checks whether the port of a redirect URI is free.
//!
//! Each URI is checked once, and not while it is being typed.

use egui::Ui;

use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::messages::command::Command;
use crate::messages::explain::{Action, explain};
use crate::messages::problem::Problem;

use super::draft::AccountFormState;
use super::field_id;
use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

pub(in crate::ui) fn show(ui: &mut Ui, cx: &mut Cx<'_>, draft: &mut AccountFormState) {
    let Some(redirect) = draft.redirect_uri() else { return };
    let text = redirect.to_string();
    let RedirectUri::Loopback(loopback) = redirect else { return };
    if loopback.port.is_none() {
        return;
    }
    let typing = ui.memory(|memory| memory.has_focus(field_id("redirect_uri")));
    match &draft.redirect_check {
        Some((tried, result)) if *tried == text => match result {
            None => {}
            Some(Ok(())) => drop(widgets::weak(ui, "The port is free on this computer.")),
            Some(Err(problem)) => {
                let problem = Problem::SignIn(problem.clone());
                if let Some(port) = refused(ui, cx, &problem, &draft.preset.name) {
                    draft.redirect = loopback.with_port(port);
                }
            }
        },
        _ if typing => {}
        _ => {
            draft.redirect_check = Some((text.clone(), None));
            cx.send(Command::CheckRedirect(text));
        }
    }
}

/// Shows why the port can't be bound; returns the user's other choice.
fn refused(ui: &mut Ui, cx: &Cx<'_>, problem: &Problem, provider: &str) -> Option<u16> {
    let message = explain(problem, None, Some(provider));
    let mut taken = None;
    widgets::surface(ui, cx.tokens.warn_soft, cx.tokens.warn, |ui| {
        widgets::text_strong(ui, &message.what);
        widgets::text(ui, &message.next);
        ui.horizontal_wrapped(|ui| {
            for action in &message.others {
                if let Action::TakePort(port) = action
                    && Button::new(Weight::Secondary, &labels::use_port(*port)).show(ui)
                {
                    taken = Some(*port);
                }
            }
        });
    });
    taken
}
