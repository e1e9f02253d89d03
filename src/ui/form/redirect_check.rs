//! Redirect URIs in detail: a port check, and a comparison of two.
//!
//! Each URI is checked once, and not while it is being typed. Differences are marked by background and
//! underline, never by color alone, and are read aloud between ‹ and ›.

use egui::text::{LayoutJob, TextFormat};
use egui::{Stroke, Ui};

use crate::domain::oauth::redirect_uri::RedirectUri;
use crate::domain::refusal::redirect_mismatch::{Marked, RedirectMismatch};
use crate::messages::command::Command;
use crate::messages::explain::{Action, explain, names_of};
use crate::messages::problem::{Problem, SignInProblem};

use super::draft::FormDraft;
use super::field_id;
use crate::ui::cx::Cx;
use crate::ui::theme::icons::Icon;
use crate::ui::view_state::{Page, ViewState};
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, theme, widgets};

/// Shows the redirect URI that was sent and, if known, the registered one.
pub(in crate::ui) fn compared(ui: &mut Ui, cx: &mut Cx<'_>, mismatch: &RedirectMismatch) {
    for (name, address) in names_of(mismatch) {
        widgets::weak(ui, name);
        ui.horizontal(|ui| {
            if Button::icon(Icon::Copy, &format!("Copy redirect URI: {name}")).show(ui) {
                cx.send(Command::CopyText(address.text()));
            }
            marked(ui, cx, address);
        });
    }
}

pub(in crate::ui) fn port(ui: &mut Ui, cx: &mut Cx<'_>, draft: &mut FormDraft) {
    let Some(redirect) = draft.redirect_uri() else { return };
    let text = redirect.to_string();
    let RedirectUri::Loopback(loopback) = redirect else { return };
    if loopback.port.is_none() {
        return;
    }
    let typing = ui.memory(|memory| memory.has_focus(field_id("redirect_uri")));
    match &draft.tried_redirect {
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
            draft.tried_redirect = Some((text.clone(), None));
            cx.send(Command::CheckRedirect(text));
        }
    }
}

/// Shows why the port can't be bound; returns the user's other choice.
fn refused(ui: &mut Ui, cx: &Cx<'_>, problem: &Problem, provider: &str) -> Option<u16> {
    let said = explain(problem, None, Some(provider));
    let mut taken = None;
    widgets::surface(ui, cx.tokens.warn_soft, cx.tokens.warn, |ui| {
        widgets::text_strong(ui, &said.what);
        widgets::text(ui, &said.next);
        ui.horizontal_wrapped(|ui| {
            for action in &said.others {
                if let Action::TakePort(port) = action
                    && Button::new(Weight::Quiet, &labels::use_port(*port)).show(ui)
                {
                    taken = Some(*port);
                }
            }
        });
    });
    taken
}

/// Takes the result of a check if the form still has that URI.
pub(in crate::ui) fn take(state: &mut ViewState, redirect_uri: &str, problem: Option<SignInProblem>) {
    if let Page::Form(draft) = &mut state.page
        && let Some((tried, result)) = &mut draft.tried_redirect
        && tried == redirect_uri
    {
        *result = Some(problem.map_or(Ok(()), Err));
    }
}

fn marked(ui: &mut Ui, cx: &Cx<'_>, address: &Marked) {
    let font = theme::mono(13.0);
    let mut job = LayoutJob::default();
    for (piece, differs) in &address.0 {
        let mut format = TextFormat::simple(font.clone(), cx.tokens.text);
        if *differs {
            format.background = cx.tokens.warn_soft;
            format.underline = Stroke::new(2.0, cx.tokens.error);
        }
        job.append(piece, 0.0, format);
    }
    let response = ui.add(egui::Label::new(job).wrap());
    let spoken = address.bracketed();
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_value(spoken));
}
