//! The private key fields: key, algorithm, key ID.
//!
//! The key leaves its field only by being taken.

use egui::Ui;

use super::draft::{Field, FormDraft};
use super::{Form, field_id};
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::jose::KeyAlg;
use crate::domain::provider::spec::{ClientAuth, ProviderSpec};
use crate::ui::form;
use crate::ui::widgets::fields;
use crate::ui::widgets::fields::{Extras, SecretText};

/// The name of this secret in the vault and in files.
pub(in crate::ui) const PRIVATE_KEY: &str = "private_key";

#[derive(Default)]
pub(in crate::ui) struct KeysDraft {
    /// PEM or JWK.
    pub(in crate::ui) private_key: SecretText,
    /// The algorithm; `None` means the preset's or the key's.
    pub(in crate::ui) alg: Option<KeyAlg>,
    /// The key ID (`kid`); empty means the preset's or the key's.
    pub(in crate::ui) id: String,
}

impl KeysDraft {
    /// Moves the fields' values out of a saved account's overrides.
    pub(in crate::ui) fn of(overrides: &mut ProviderSpec) -> Self {
        let id = overrides.key_id.take().unwrap_or_default();
        Self { private_key: SecretText::default(), alg: overrides.key_alg.take(), id }
    }

    /// Writes the values back.
    pub(in crate::ui) fn put(&self, overrides: &mut ProviderSpec) {
        overrides.key_alg = self.alg;
        overrides.key_id = Some(self.id.trim()).filter(|id| !id.is_empty()).map(str::to_owned);
    }
}

impl FormDraft {
    pub(in crate::ui) fn needs_key(&self) -> bool {
        self.effective_auth() == ClientAuth::PrivateKeyJwt || self.grant == GrantType::JwtBearer
    }

    pub(in crate::ui) fn needs_secret(&self) -> bool {
        !matches!(self.effective_auth(), ClientAuth::None | ClientAuth::PrivateKeyJwt)
    }
}

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
    fields::choice(ui, field_id("key_alg"), "Signing algorithm", alg, &choices, Extras::default());
    let note = "If the provider assigned a key ID (kid).";
    let extras = Extras { note: Some(note), mono: true, ..Extras::default() };
    fields::text(ui, field_id("key_id"), "Key ID (optional)", &mut form.draft.keys.id, extras);
}
