//! The private key of the account form, its algorithm and its key ID.

use crate::domain::oauth::grant_type::GrantType;
use crate::domain::oauth::jose::KeyAlg;
use crate::domain::provider::spec::{ClientAuth, ProviderSpec};

use super::AccountFormState;
use crate::ui::widgets::fields::SecretInput;

/// The name of this secret in the vault and in files.
pub(in crate::ui) const PRIVATE_KEY: &str = "private_key";

#[derive(Default)]
pub(in crate::ui) struct PrivateKeyDraft {
    /// PEM or JWK.
    pub(in crate::ui) private_key: SecretInput,
    pub(in crate::ui) alg: Option<KeyAlg>,
    pub(in crate::ui) id: String,
}

impl PrivateKeyDraft {
    /// Moves the fields' values out of a saved account's overrides.
    pub(in crate::ui) fn of(overrides: &mut ProviderSpec) -> Self {
        let id = overrides.key_id.take().unwrap_or_default();
        Self { private_key: SecretInput::default(), alg: overrides.key_alg.take(), id }
    }

    pub(in crate::ui) fn put(&self, overrides: &mut ProviderSpec) {
        overrides.key_alg = self.alg;
        overrides.key_id = Some(self.id.trim()).filter(|id| !id.is_empty()).map(str::to_owned);
    }
}

impl AccountFormState {
    pub(in crate::ui) fn needs_key(&self) -> bool {
        let by_key = self.effective_auth() == ClientAuth::PrivateKeyJwt || self.grant == GrantType::JwtBearer;
        by_key && self.grant.has_client()
    }

    pub(in crate::ui) fn needs_secret(&self) -> bool {
        let by_secret = !matches!(self.effective_auth(), ClientAuth::None | ClientAuth::PrivateKeyJwt);
        by_secret && self.grant.has_client()
    }
}
