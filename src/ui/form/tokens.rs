//! The fields of *I already have tokens*.

use egui::{Id, Ui};

use super::draft::Field;
use super::{Form, field_id};
use crate::ui::labels;
use crate::ui::theme::icons::Icon;
use crate::ui::widgets::button::{Button, Weight};
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::FieldOptions;

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
    let response = ui.add(Button::new(Weight::Text, labels::HAVE_TOKENS).with_icon(icon).aligned_with_text());
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
    let options = FieldOptions { error: error.as_deref(), note, mono: true, ..FieldOptions::default() };
    let response = fields::secret(ui, access, "Access token", &mut form.draft.tokens.access, options);
    form.left(Field::Tokens, &response);
    let note = Some("Keyfob uses it to get new access tokens.");
    let options = FieldOptions { note, mono: true, ..FieldOptions::default() };
    let response = fields::secret(ui, refresh, "Refresh token", &mut form.draft.tokens.refresh, options);
    form.left(Field::Tokens, &response);
}
