//! The row of actions on a token. What doesn't fit into it is in its menu.

use egui::{Popup, Ui, accesskit};

use crate::domain::token::expiry::Status;
use crate::messages::command::Command;
use crate::messages::snapshot::{AccountView, Activity, TokenView};

use super::copy_button;
use super::menu::{self, Item};
use super::token_removal::{Removal, TokenRemovalState};
use crate::ui::action::{Target, UiAction};
use crate::ui::cx::Cx;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::{labels, widgets};

const GAP: f32 = 8.0;
const MORE_WIDTH: f32 = 40.0;

/// Enough for copying and the menu, with the space before them.
pub(in crate::ui) const MIN_WIDTH: f32 = GAP + copy_button::MIN_WIDTH + GAP + MORE_WIDTH;
/// Enough for the whole row.
pub(in crate::ui) const WIDTH: f32 = 456.0;

/// How this account gets its next token.
struct NextToken {
    /// Why it can't be refreshed.
    blocked: Option<&'static str>,
    /// The label for getting one without the refresh token, unless that is the same as refreshing.
    anew: Option<&'static str>,
    /// Copying would only lead to a sign-in.
    is_first: bool,
}

impl NextToken {
    fn of(cx: &Cx<'_>, account: &AccountView, token: &TokenView) -> Self {
        let by_person = !account.grant.is_repeatable();
        let stuck = account.needs_person(cx.now);
        let blocked = if account.activity == Activity::Refreshing {
            Some("The token is being refreshed.")
        } else if by_person && token.refresh_refused {
            Some("The server refused the refresh token. Sign in again.")
        } else if by_person && !token.facts.has_refresh_token {
            Some("The server returned no refresh token. Sign in to get a new token.")
        } else if stuck {
            Some("The refresh token has expired. Sign in again.")
        } else {
            None
        };
        let anew = if by_person { labels::SIGN_IN_AGAIN } else { labels::GET_TOKEN };
        Self {
            blocked,
            anew: (by_person || token.facts.has_refresh_token).then_some(anew),
            is_first: stuck && Status::at(&token.facts, cx.now) == Status::Expired,
        }
    }
}

/// A key is copied, and replaced in the form.
fn show_for_key(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView, token: &TokenView) {
    ui.spacing_mut().item_spacing.x = GAP;
    let edit = Button::new(Weight::Secondary, labels::EDIT_ACCOUNT);
    let room = ui.available_width() - edit.width(ui) - GAP;
    copy_button::show(ui, cx, account, token, true, room.max(copy_button::MIN_WIDTH));
    if room >= copy_button::MIN_WIDTH && edit.show(ui) {
        cx.send(Command::Edit(account.id.clone()));
    }
}

pub(in crate::ui) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    removal: &mut TokenRemovalState,
    account: &AccountView,
    token: &TokenView,
) {
    if account.grant.is_key() {
        return show_for_key(ui, cx, account, token);
    }
    let next = NextToken::of(cx, account, token);
    let sign_in = || Command::SignIn { account: account.id.clone(), open_browser: true };
    ui.spacing_mut().item_spacing.x = GAP;
    let more =
        Button::new(Weight::Secondary, "⋯").accessible_name(labels::MORE_ACTIONS).min_width(MORE_WIDTH);
    let mut room = ui.available_width() - more.width(ui) - GAP;
    if next.is_first {
        let sign_in_again = Button::new(Weight::Primary, labels::SIGN_IN_AGAIN);
        room -= sign_in_again.width(ui) + GAP;
        if sign_in_again.show(ui) {
            cx.send(sign_in());
        }
    }
    if !next.is_first || room >= copy_button::MIN_WIDTH {
        copy_button::show(ui, cx, account, token, !next.is_first, room);
        room -= copy_button::WIDTH + GAP;
    }
    let refresh = Button::new(Weight::Secondary, labels::REFRESH);
    let has_refresh = room >= refresh.width(ui);
    if has_refresh {
        room -= refresh.width(ui) + GAP;
        if refresh.blocked(next.blocked).hint("Get a new token now (Ctrl+R)").show(ui) {
            cx.send(Command::Refresh(account.id.clone()));
        }
    }
    let mut left = next.anew.filter(|_| !next.is_first);
    if let Some(label) = left {
        let anew = Button::new(Weight::Secondary, label);
        if has_refresh && room >= anew.width(ui) {
            left = None;
            if anew.show(ui) {
                cx.send(sign_in());
            }
        }
    }
    let more = ui.add(more);
    ui.ctx().accesskit_node_builder(more.id, |node| node.set_has_popup(accesskit::HasPopup::Menu));
    Popup::menu(&more).gap(4.0).show(|ui| {
        ui.set_min_width(menu::WIDTH);
        widgets::menu_items(ui);
        if !has_refresh && Item::new(labels::REFRESH).blocked(next.blocked).show(ui) {
            cx.send(Command::Refresh(account.id.clone()));
        }
        if left.is_some_and(|label| Item::new(label).show(ui)) {
            cx.send(sign_in());
        }
        if Item::new(labels::USE_FROM).show(ui) {
            cx.push(UiAction::Go(Target::UseFrom(account.id.clone())));
        }
        at_the_provider(ui, cx, removal, account);
    });
}

fn at_the_provider(ui: &mut Ui, cx: &mut Cx<'_>, removal: &mut TokenRemovalState, account: &AccountView) {
    let busy = match (account.inquiry, &account.activity) {
        (Some(_), _) => Some("Waiting for the server."),
        (None, Activity::Refreshing) => Some("The token is being refreshed."),
        (None, _) => None,
    };
    if account.can_check && Item::new(labels::CHECK).blocked(busy).show(ui) {
        cx.send(Command::Check(account.id.clone()));
    }
    let destroying = |label| Item::new(label).color(cx.tokens.error).blocked(busy);
    if account.can_revoke && destroying(labels::REVOKE).show(ui) {
        removal.ask(account.id.clone(), Removal::Revoke);
    }
    if destroying(labels::FORGET_HERE).show(ui) {
        removal.ask(account.id.clone(), Removal::Forget);
    }
}
