//! The token's value: masked, or revealed for half a minute.
//!
//! A revealed value can't be selected. Assistive technologies get it only while it is revealed.

use chrono::{DateTime, TimeDelta, Utc};
use egui::text::LayoutJob;
use egui::{Align, CornerRadius, Frame, Layout, Margin, Sense, Ui, WidgetInfo, accesskit, vec2};
use zeroize::Zeroizing;

use crate::base::sanitize::sanitized;
use crate::base::secret::AccessToken;
use crate::domain::account::AccountId;
use crate::messages::command::Command;
use crate::messages::snapshot::{AccountView, Snapshot, TokenView, VaultHealth};

use crate::ui::cx::Cx;
use crate::ui::widgets;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, theme};

const DOTS: &str = "••••••••••••";

const SHOWN_CHARS: usize = 8192;

const REVEAL: TimeDelta = TimeDelta::seconds(30);

#[derive(Default)]
pub(in crate::ui) struct TokenValueState {
    pub(in crate::ui) revealed: Option<RevealedToken>,
    /// The token whose mask was requested, so that it is requested once.
    pub(in crate::ui) mask_requested: Option<(AccountId, u64)>,
}

pub(in crate::ui) struct RevealedToken {
    account: AccountId,
    token: AccessToken,
    /// Set by the first frame that shows it.
    until: Option<DateTime<Utc>>,
}

impl TokenValueState {
    pub(in crate::ui) fn reveal(&mut self, account: AccountId, token: AccessToken) {
        self.revealed = Some(RevealedToken { account, token, until: None });
    }

    pub(in crate::ui) fn revealed_until(&self) -> Option<DateTime<Utc>> {
        self.revealed.as_ref()?.until
    }

    /// Hides the token after its time, and if its account was left or deleted.
    pub(in crate::ui) fn sync(
        &mut self,
        selected: Option<&AccountId>,
        snapshot: &Snapshot,
        now: DateTime<Utc>,
    ) {
        self.revealed.take_if(|revealed| {
            let until = *revealed.until.get_or_insert(now + REVEAL);
            let is_known = snapshot.accounts.place(&revealed.account).is_some();
            // A clock that was set back must not extend the reveal.
            selected != Some(&revealed.account) || !is_known || now >= until || until - now > REVEAL
        });
    }
}

pub(in crate::ui) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut TokenValueState,
    account: &AccountView,
    token: &TokenView,
) {
    request_mask(cx, state, account, token);
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
                    ui.with_layout(Layout::top_down(Align::LEFT), |ui| unmasked(ui, &value, left, state));
                }
                None => masked(ui, cx, account, token),
            }
        });
}

fn masked(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView, token: &TokenView) {
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        if Button::new(Weight::Text, labels::REVEAL).hint("Show the token for 30 seconds").show(ui) {
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

fn unmasked(ui: &mut Ui, value: &str, left: TimeDelta, state: &mut TokenValueState) {
    let tokens = theme::Tokens::of(ui);
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        if Button::new(Weight::Text, labels::HIDE).show(ui) {
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
fn request_mask(cx: &mut Cx<'_>, state: &mut TokenValueState, account: &AccountView, token: &TokenView) {
    let token_id = (account.id.clone(), token.facts.generation);
    let ready = cx.snapshot.vault.health == VaultHealth::Ready;
    if token.mask.is_none() && ready && state.mask_requested.as_ref() != Some(&token_id) {
        state.mask_requested = Some(token_id);
        cx.send(Command::ReadMask(account.id.clone()));
    }
}
