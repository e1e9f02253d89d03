//! The private key fields: key, algorithm, key ID.

use egui::Ui;

use crate::domain::oauth::jose::KeyAlg;

use super::draft::Field;
use super::draft::private_key::PRIVATE_KEY;
use super::{Form, field_id};
use crate::ui::form;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::FieldOptions;

pub(in crate::ui) fn show(ui: &mut Ui, form: &mut Form<'_>) {
    if !form.draft.needs_key() {
        return;
    }
    let kept = form.draft.is_kept(PRIVATE_KEY);
    let label = "Private key (PEM or JWK)";
    form::secret(ui, form, Field::PrivateKey, field_id(PRIVATE_KEY), label, kept);
    let choices = [
        (None, "Key default"),
        (Some(KeyAlg::RS256), "RS256"),
        (Some(KeyAlg::PS256), "PS256"),
        (Some(KeyAlg::ES256), "ES256"),
        (Some(KeyAlg::EdDSA), "EdDSA"),
    ]
    .map(|(alg, name)| (alg, name.to_owned()));
    let alg = &mut form.draft.keys.alg;
    fields::choice(ui, field_id("key_alg"), "Signing algorithm", alg, &choices, FieldOptions::default());
    let note = "If the provider assigned a key ID (kid).";
    let options = FieldOptions { note: Some(note), mono: true, ..FieldOptions::default() };
    fields::text(ui, field_id("key_id"), "Key ID (optional)", &mut form.draft.keys.id, options);
}
