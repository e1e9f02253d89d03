//! *I already have tokens*: tokens pasted instead of a sign-in.
//!
//! They leave the fields only by being taken.

use chrono::{DateTime, Utc};
use egui::{Id, Ui};

use crate::base::secret::{AccessToken, RefreshToken};
use crate::domain::oauth::token_syntax;
use crate::domain::token::grant::Grant;
use crate::domain::token::pasted_tokens;

use super::draft::Field;
use super::{Form, field_id};
use crate::ui::labels;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::{Extras, SecretText};

#[derive(Default)]
pub(in crate::ui) struct TokensDraft {
    pub(in crate::ui) open: bool,
    access: SecretText,
    refresh: SecretText,
}

impl TokensDraft {
    pub(in crate::ui) fn problem(&self) -> Option<&'static str> {
        if !self.open {
            return None;
        }
        if self.access.is_blank() && self.refresh.is_blank() {
            return Some("Paste an access token or a refresh token.");
        }
        let fits = |text: &SecretText| {
            text.is_blank() || text.with(|text| token_syntax::is_token(pasted_tokens::bare(text)))
        };
        (!fits(&self.access) || !fits(&self.refresh)).then_some("A token has no spaces or line breaks.")
    }

    /// Takes the tokens; `None` if the part is closed.
    pub(in crate::ui) fn take(&mut self, now: DateTime<Utc>) -> Option<Grant> {
        if !self.open {
            return None;
        }
        let bare = |text: String| {
            let text = zeroize::Zeroizing::new(text);
            pasted_tokens::bare(&text).to_owned()
        };
        let access = self.access.take().map(|text| AccessToken::new(bare(text)));
        let refresh = self.refresh.take().map(|text| RefreshToken::new(bare(text)));
        Some(pasted_tokens::grant(access, refresh, now))
    }
}

/// The fields, for wiping.
pub(in crate::ui) fn ids() -> [Id; 2] {
    [field_id("access_token"), field_id("refresh_token")]
}

/// Shows the part; only a new account has it.
pub(in crate::ui) fn show(ui: &mut Ui, form: &mut Form<'_>) {
    if form.draft.editing.is_some() {
        return;
    }
    let open = form.draft.tokens.open;
    let icon = if open { Icon::Down } else { Icon::Right };
    let response = ui.add(Button::new(Weight::Bare, labels::HAVE_TOKENS).with_icon(icon).flush());
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_expanded(open));
    if response.clicked() {
        form.draft.tokens.open = !open;
    }
    if !open {
        return;
    }
    let [access, refresh] = ids();
    let error = form.error(&Field::Tokens, false).map(str::to_owned);
    let note = Some("Use this instead of signing in. Keyfob reads the expiry if it's a JWT.");
    let extras = Extras { error: error.as_deref(), note, mono: true, ..Extras::default() };
    let response = fields::secret(ui, access, "Access token", &mut form.draft.tokens.access, extras);
    form.left(Field::Tokens, &response);
    let note = Some("Keyfob uses it to get new access tokens.");
    let extras = Extras { note, mono: true, ..Extras::default() };
    let response = fields::secret(ui, refresh, "Refresh token", &mut form.draft.tokens.refresh, extras);
    form.left(Field::Tokens, &response);
}
