//! An account's page: the token above a scrolled part with problems, activity and facts.

pub(crate) mod account_status;
pub(crate) mod claims;
pub(crate) mod http_log;
pub(crate) mod key_reminder_card;
pub(crate) mod redirect_mismatch;
pub(crate) mod response_mapper;
pub(crate) mod scopes;
pub(crate) mod secret_expiry_card;
pub(crate) mod sign_in;
pub(crate) mod tabs;
pub(crate) mod token;
pub(crate) mod try_request;
pub(crate) mod window_title;

use chrono::{DateTime, Utc};
use egui::{Align, Context, Layout, Rect, Ui, vec2};

use crate::base::failpoint;
use crate::base::sanitize::sanitized;
use crate::base::secret::AccessToken;
use crate::domain::account::AccountId;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::provider::provider_name::MAX_CHARS;
use crate::messages::command::Command;
use crate::messages::event::ApiAnswer;
use crate::messages::explain::{Action, explain};
use crate::messages::problem::{Problem, SignInProblem};
use crate::messages::snapshot::{AccountView, Activity, Snapshot, TokenView, VaultKind};

use super::action::{DialogKind, Target, UiAction};
use super::cx::Cx;
use super::theme::icons::Icon;
use super::widgets::button::{Button, Weight};
use super::widgets::monogram::{self, Monogram};
use super::widgets::{changed_destinations, environment, time_text};
use super::{labels, widgets};
use response_mapper::ResponseMapperState;
use sign_in::SignInState;
use tabs::TabsState;
use token::token_card::TokenCardState;
use token::token_commands::renewal;
use token::token_removal::TokenRemovalState;
use token::{timeline, token_card, token_check, token_removal, token_value};
use try_request::TryRequestState;

#[derive(Default)]
pub(super) struct AccountPageState {
    pub(super) token: TokenCardState,
    sign_in: SignInState,
    tabs: TabsState,
    mapper: ResponseMapperState,
    show_details: bool,
}

impl AccountPageState {
    pub(super) fn leave_account(&mut self) {
        self.hide_token();
        self.token.removal = TokenRemovalState::default();
        self.sign_in.empty();
        self.show_details = false;
    }

    pub(super) fn sync(&mut self, selected: Option<&AccountId>, snapshot: &Snapshot, now: DateTime<Utc>) {
        self.token.value.sync(selected, snapshot, now);
    }

    pub(super) fn reveal(&mut self, account: AccountId, token: AccessToken) {
        self.token.value.reveal(account, token);
    }

    pub(super) fn hide_token(&mut self) {
        self.token.value.revealed = None;
    }

    pub(super) fn empty_pasted(&mut self) {
        self.sign_in.empty();
    }

    pub(super) fn forget_pasted(&mut self, ctx: &Context) {
        self.sign_in.forget(ctx);
    }

    /// Drops what a locked window must not keep.
    pub(super) fn lock(&mut self) {
        self.token = TokenCardState::default();
        self.mapper = ResponseMapperState::default();
        self.tabs.request = TryRequestState::default();
    }

    pub(super) fn take_api_answer(&mut self, account: &AccountId, answer: Result<ApiAnswer, Problem>) {
        self.tabs.request.take(account, answer);
    }
}

/// Below this height of the window, in points, the token's card is a bar.
const LOW_HEIGHT: f32 = 560.0;

fn is_low(ui: &Ui) -> bool {
    ui.ctx().content_rect().height() < LOW_HEIGHT
}

/// From this width of the window, in points, the tabs are in a column of their own.
const WIDE_WIDTH: f32 = 1200.0;
/// The width of the column with the token beside one with the tabs.
const TOKEN_COLUMN_WIDTH: f32 = 560.0;

fn is_wide(ui: &Ui) -> bool {
    ui.ctx().content_rect().width() >= WIDE_WIDTH
}

fn is_signing_in(account: &AccountView) -> bool {
    !matches!(account.activity, Activity::Idle | Activity::Refreshing | Activity::Retrying { .. })
}

/// The token, unless a sign-in is shown in its place.
fn shown_token(account: &AccountView) -> Option<&TokenView> {
    account.token.as_ref().filter(|_| !is_signing_in(account))
}

/// The columns for the token and, in a wide window, for the tabs.
pub(super) fn columns(ui: &Ui, account: &AccountView, page: Rect) -> (Rect, Option<Rect>) {
    if !is_wide(ui) || is_signing_in(account) {
        return (page, None);
    }
    let (token, tabs) = page.split_left_right_at_x(page.left() + TOKEN_COLUMN_WIDTH);
    (token, Some(tabs))
}

/// The column with the tabs.
pub(super) fn show_tabs(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut AccountPageState, account: &AccountView) {
    tabs::show(ui, cx, &mut state.tabs, &mut state.mapper, account);
}

/// Whether the part that isn't scrolled is only a bar.
pub(super) fn has_bar(ui: &Ui, account: &AccountView) -> bool {
    is_low(ui) && shown_token(account).is_some()
}

/// Whether the part that isn't scrolled has the button back to the list.
pub(super) fn has_back(ui: &Ui, account: &AccountView) -> bool {
    !is_low(ui) || has_bar(ui, account)
}

/// The part that isn't scrolled.
pub(super) fn show_fixed(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut AccountPageState, account: &AccountView) {
    failpoint::panic_at("account page");
    let token = shown_token(account);
    if is_low(ui) {
        if let Some(token) = token {
            token_card::bar(ui, cx, &mut state.token, account, token);
        }
        return;
    }
    if cx.narrow {
        back(ui, cx);
    }
    header(ui, cx, account);
    if let Some(token) = token {
        token_card::show(ui, cx, &mut state.token, account, token);
    }
}

/// The button back to the list.
pub(super) fn back(ui: &mut Ui, cx: &mut Cx<'_>) {
    let back = Button::new(Weight::Text, labels::BACK).with_icon(Icon::Back).aligned_with_text();
    if back.show(ui) {
        cx.push(UiAction::Go(Target::List));
    }
}

/// The title, where it is scrolled.
pub(super) fn show_scrolled_title(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView) {
    if is_low(ui) {
        header(ui, cx, account);
    }
}

/// The scrolled part below the title.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, state: &mut AccountPageState, account: &AccountView) {
    token_removal::show(ui, cx, &mut state.token.removal, account);
    if let Some(checked) = &account.checked {
        token_check::show(ui, cx, checked);
    }
    if let Some(problem) = &account.problem {
        problem_card(ui, cx, state, account, problem);
    }
    if response_mapper::is_next_step(account) {
        response_mapper::show(ui, cx, &mut state.mapper, account);
    }
    secret_expiry_card::show(ui, cx, account);
    key_reminder_card::show(ui, cx, account);
    match &account.activity {
        Activity::AwaitingBrowser(awaiting) => {
            sign_in::waiting(ui, cx, &mut state.sign_in, account, awaiting);
        }
        Activity::AwaitingDevice(code) => sign_in::device::waiting(ui, cx, account, code),
        Activity::Exchanging if account.grant == GrantType::DeviceCode => {
            sign_in::device::requesting_code(ui, cx, account);
        }
        Activity::Exchanging => sign_in::exchanging(ui, cx, account),
        Activity::Idle | Activity::Refreshing | Activity::Retrying { .. } => match &account.token {
            Some(token) => {
                if is_low(ui) {
                    token_value::show(ui, cx, &mut state.token.value, account, token);
                }
                if let Some(wanted) = timeline::show(ui, cx, account, token) {
                    state.tabs.open_request(account.id.clone(), wanted);
                }
            }
            None => no_token(ui, cx, account),
        },
    }
    changed_destinations::card(ui, cx, account);
    if !is_wide(ui) && !is_signing_in(account) {
        show_tabs(ui, cx, state, account);
    }
}

const BESIDE_WIDTH: f32 = 340.0;

fn header(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView) {
    let edit = Button::new(Weight::Text, labels::EDIT).hint("Change this account (Ctrl+E)");
    let duplicate = Button::new(Weight::Text, labels::DUPLICATE).hint("Make a copy without tokens (Ctrl+D)");
    let delete = Button::new(Weight::DangerText, labels::DELETE).hint("Delete this account (Del)");
    let now = cx.now;
    let title = |ui: &mut Ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        environment::beside_heading(ui, account.name.as_str(), account.settings.environment);
        let provider = sanitized(&account.provider_name, MAX_CHARS);
        widgets::weak_line(ui, &format!("{provider} · {}", labels::grant(account.grant)));
        if account.vault == VaultKind::Team {
            widgets::weak_line(ui, &team_line(account, now));
        }
    };
    let is_beside = ui.available_width() >= BESIDE_WIDTH;
    if !is_beside {
        ui.vertical(title);
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        if is_beside {
            let (_, rect) = ui.allocate_space(vec2(monogram::MEDIUM + 8.0, monogram::MEDIUM));
            let center = rect.left_center() + vec2(monogram::MEDIUM / 2.0, 0.0);
            let monogram = Monogram::of_account(account, &cx.snapshot.presets);
            monogram.paint(ui.painter(), cx.tokens, center, monogram::MEDIUM);
            let buttons = [&edit, &duplicate, &delete].iter().map(|it| it.width(ui) + 4.0).sum::<f32>();
            let width = ui.available_width() - buttons;
            ui.allocate_ui_with_layout(vec2(width, 44.0), Layout::top_down(Align::LEFT), |ui| {
                ui.set_width(width);
                title(ui);
            });
        }
        let edit = if is_beside { edit } else { edit.aligned_with_text() };
        if edit.show(ui) {
            cx.send(Command::Edit(account.id.clone()));
        }
        if duplicate.show(ui) {
            cx.send(Command::Duplicate(account.id.clone()));
        }
        if delete.show(ui) {
            cx.open(DialogKind::Delete(account.id.clone()));
        }
    });
}

/// Who changed a team account last, and when.
fn team_line(account: &AccountView, now: DateTime<Utc>) -> String {
    account.change.as_ref().map_or_else(
        || labels::TEAM_VAULT.to_owned(),
        |change| {
            let (by, at) = (sanitized(&change.by, 60), time_text::clock(change.at, now));
            format!("{} · changed by {by} at {at}", labels::TEAM_VAULT)
        },
    )
}

fn problem_card(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    state: &mut AccountPageState,
    account: &AccountView,
    problem: &Problem,
) {
    let message = explain(problem, Some(account.name.as_str()), Some(&account.provider_name));
    let calm = matches!(problem, Problem::NeedsSignIn | Problem::SignIn(SignInProblem::Cancelled));
    if calm && account.token.is_none() {
        return;
    }
    let tokens = cx.tokens;
    let (fill, line) = if calm { (tokens.warn_soft, tokens.warn) } else { (tokens.error_soft, tokens.error) };
    widgets::surface(ui, fill, line, |ui| {
        ui.horizontal_top(|ui| {
            let (_, rect) = ui.allocate_space(vec2(18.0, 18.0));
            Icon::Warning.paint(ui.painter(), rect.center(), 18.0, line);
            ui.vertical(|ui| {
                widgets::text_strong(ui, &message.what);
                widgets::text(ui, &message.next);
                if let Some(compared) = &message.compared {
                    redirect_mismatch::show(ui, cx, compared);
                }
                if let (true, Some(details)) = (state.show_details, &message.details) {
                    widgets::mono_block(ui, details);
                }
                ui.horizontal_wrapped(|ui| {
                    for action in message.action.into_iter().chain(message.others.iter().copied()) {
                        offer(ui, cx, account, action);
                    }
                    let label = if state.show_details { labels::HIDE_DETAILS } else { labels::SHOW_DETAILS };
                    if message.details.is_some() && Button::new(Weight::Secondary, label).show(ui) {
                        state.show_details = !state.show_details;
                    }
                    if !calm && Button::new(Weight::Text, labels::CHECK_EVERYTHING).show(ui) {
                        let target = Target::Diagnostics(Some(account.id.clone()));
                        cx.push(UiAction::Go(target));
                    }
                });
            });
        });
    });
}

/// The button for a problem, unless the page already has it.
fn offer(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView, action: Action) {
    let id = account.id.clone();
    match action {
        Action::EditAccount if Button::new(Weight::Secondary, labels::EDIT_ACCOUNT).show(ui) => {
            cx.send(Command::Edit(id));
        }
        Action::TryAgain if Button::new(Weight::Secondary, labels::TRY_AGAIN).show(ui) => {
            cx.send(renewal(account));
        }
        Action::ForgetTokens if Button::new(Weight::Secondary, labels::FORGET_TOKENS).show(ui) => {
            cx.send(Command::Forget(id));
        }
        Action::TryVault if Button::new(Weight::Secondary, labels::TRY_AGAIN).show(ui) => {
            cx.send(Command::TryVault);
        }
        Action::TryClientAuth(auth)
            if Button::new(Weight::Secondary, labels::try_client_auth(auth)).show(ui) =>
        {
            cx.send(Command::TryClientAuth { account: id, auth, open_browser: true });
        }
        Action::TakePort(port) if Button::new(Weight::Secondary, &labels::use_port(port)).show(ui) => {
            let name = sanitized(&account.provider_name, MAX_CHARS);
            let text = format!("Register the redirect URI with port {port} at {name}, then sign in.");
            cx.push(UiAction::Toast(text));
            cx.send(Command::TakePort { account: id, port });
        }
        Action::OpenSettings if Button::new(Weight::Secondary, labels::OPEN_SETTINGS).show(ui) => {
            cx.open(DialogKind::Settings);
        }
        // The other actions are in the sign-in and token cards.
        _ => {}
    }
}

fn no_token(ui: &mut Ui, cx: &mut Cx<'_>, account: &AccountView) {
    environment::striped_card(ui, account.settings.environment, |ui| {
        if account.grant.is_key() {
            widgets::subheading(ui, "No key yet");
            widgets::text(ui, "Enter it in the account's form.");
            ui.add_space(8.0);
            if Button::new(Weight::Primary, labels::EDIT_ACCOUNT).show(ui) {
                cx.send(Command::Edit(account.id.clone()));
            }
            return;
        }
        widgets::subheading(ui, "No token yet");
        let (text, button) = if account.grant.is_repeatable() {
            let text = "No sign-in needed. Keyfob requests a token with the saved credentials.";
            (text, labels::GET_TOKEN)
        } else {
            (labels::how_to_sign_in(account.grant), labels::SIGN_IN)
        };
        widgets::text(ui, text);
        ui.add_space(8.0);
        if Button::new(Weight::Primary, button).show(ui) {
            cx.send(Command::SignIn { account: account.id.clone(), open_browser: true });
        }
    });
}
