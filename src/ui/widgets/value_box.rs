//! The token's value: masked, or revealed for half a minute.
//!
//! A revealed value can't be selected. Assistive technologies get it only while it is revealed.

use egui::text::LayoutJob;
use egui::{Align, CornerRadius, Frame, Layout, Margin, Sense, Ui, WidgetInfo, accesskit, vec2};
use zeroize::Zeroizing;

use crate::base::sanitize::sanitized;
use crate::messages::command::Command;
use crate::messages::snapshot::{AccountView, TokenView, VaultHealth};

use super::button::{Button, Weight};
use crate::ui::cx::Cx;
use crate::ui::view_state::ViewState;
use crate::ui::widgets;
use crate::ui::{labels, theme};

/// Shown for an unknown value.
const DOTS: &str = "••••••••••••";

/// The longest part of a value that is laid out, in characters.
const SHOWN_CHARS: usize = 8192;

/// Shows the value and the button that reveals it.
pub(in crate::ui) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut ViewState,
    account: &AccountView,
    token: &TokenView,
) {
    ask_for_mask(cx, state, account, token);
    let revealed = state.revealed.as_ref().filter(|revealed| revealed.account == account.id);
    let shown = revealed.map(|revealed| {
        let until = revealed.until.unwrap_or(cx.now);
        (Zeroizing::new(sanitized(revealed.token.expose(), SHOWN_CHARS).into_owned()), until - cx.now)
    });
    Frame::new()
        .fill(cx.tokens.control)
        .corner_radius(CornerRadius::same(theme::RADIUS))
        .inner_margin(Margin { left: 12, right: 4, top: 4, bottom: 4 })
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            match shown {
                Some((value, left)) => {
                    ui.with_layout(Layout::top_down(Align::LEFT), |ui| open(ui, &value, left, state));
                }
                None => masked(ui, cx, account, token),
            }
        });
}

fn masked(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView, token: &TokenView) {
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        if Button::new(Weight::Bare, labels::REVEAL).hint("Show the token for 30 seconds").show(ui) {
            cx.send(Command::Reveal(account.id.clone()));
        }
        let text = token.mask.as_deref().unwrap_or(DOTS);
        let width = ui.available_width();
        let galley = widgets::one_line(ui, text, theme::mono(13.0), cx.tokens.text, width);
        let (rect, response) = ui.allocate_exact_size(vec2(width, theme::CONTROL_HEIGHT), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(accesskit::Role::Label, true, text));
        widgets::describe(ui, &response, "The token, masked");
        let at = egui::pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, cx.tokens.text);
    });
}

fn open(ui: &mut Ui, value: &str, left: chrono::TimeDelta, state: &mut ViewState) {
    let tokens = theme::Tokens::of(ui);
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        if Button::new(Weight::Bare, labels::HIDE).show(ui) {
            state.revealed = None;
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            widgets::weak(ui, &format!("Hides in {} s", left.num_seconds().max(0)));
        });
    });
    let scroll = egui::ScrollArea::vertical().max_height(160.0).min_scrolled_height(160.0);
    scroll.auto_shrink([false, true]).show(ui, |ui| {
        let mut job =
            LayoutJob::simple(value.to_owned(), theme::mono(13.0), tokens.text, ui.available_width());
        // A token has no words to break at.
        job.wrap.break_anywhere = true;
        // A label's own copy would bypass the engine.
        ui.add(egui::Label::new(job).selectable(false));
    });
    ui.add_space(8.0);
}

/// Requests the mask of a token once, and only from a vault that has responded before: viewing an account
/// must not open a keychain prompt.
fn ask_for_mask(cx: &mut Cx<'_>, state: &mut ViewState, account: &AccountView, token: &TokenView) {
    let asked = (account.id.clone(), token.facts.generation);
    let ready = cx.snapshot.vault.health == VaultHealth::Ready;
    if token.mask.is_none() && ready && state.mask_asked.as_ref() != Some(&asked) {
        state.mask_asked = Some(asked);
        cx.send(Command::ReadMask(account.id.clone()));
    }
}
