//! The key that an account holds, and how APIs expect it, in the account form.

use crate::domain::account::key_dates::KeyDates;
use crate::domain::account::secret_expiry;
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::provider::spec::{ApiUse, ProviderSpec};

use super::{AccountFormState, Field};
use crate::ui::widgets::fields::SecretInput;

/// The name of this secret in the vault and in files.
pub(in crate::ui) const KEY: &str = "key";

#[derive(Default)]
pub(in crate::ui) struct HeldKeyDraft {
    pub(in crate::ui) key: SecretInput,
    pub(in crate::ui) header: String,
    pub(in crate::ui) scheme: String,
    /// The key stands alone in its header, whatever the default is.
    has_no_scheme: bool,
    pub(in crate::ui) query: String,
    pub(in crate::ui) base_url: String,
    pub(in crate::ui) expires: String,
    pub(in crate::ui) since: String,
    pub(in crate::ui) rotate_after: String,
}

impl HeldKeyDraft {
    /// Moves the fields' values out of a saved account's overrides.
    pub(in crate::ui) fn of(overrides: &mut ProviderSpec, dates: &KeyDates) -> Self {
        let ApiUse { header, scheme, query, base_url } = std::mem::take(&mut overrides.api);
        let day = |day: Option<chrono::NaiveDate>| day.map_or_else(String::new, |day| day.to_string());
        Self {
            key: SecretInput::default(),
            has_no_scheme: scheme.as_deref().is_some_and(str::is_empty),
            header: header.unwrap_or_default(),
            scheme: scheme.unwrap_or_default(),
            query: query.unwrap_or_default(),
            base_url: base_url.unwrap_or_default(),
            expires: day(dates.key_expires),
            since: day(dates.key_since),
            rotate_after: dates.rotate_after_days.map_or_else(String::new, |days| days.to_string()),
        }
    }

    pub(in crate::ui) fn put(&self, overrides: &mut ProviderSpec) {
        let typed = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        let alone = || self.has_no_scheme.then(String::new);
        overrides.api = ApiUse {
            header: typed(&self.header),
            scheme: typed(&self.scheme).or_else(alone),
            query: typed(&self.query),
            base_url: typed(&self.base_url),
        };
    }

    pub(in crate::ui) fn dates(&self) -> KeyDates {
        KeyDates {
            key_expires: secret_expiry::day(&self.expires),
            key_since: secret_expiry::day(&self.since),
            rotate_after_days: self.rotate_after.trim().parse().ok(),
        }
    }
}

impl AccountFormState {
    pub(in crate::ui) fn held_key_problems(&self) -> Vec<(Field, String)> {
        let mut found = Vec::new();
        let draft = &self.held_key;
        if self.grant == GrantType::ApiKey {
            if draft.key.is_blank() && !self.is_kept(KEY) {
                found.push((Field::Key, "Enter the API key.".to_owned()));
            }
            if !draft.query.trim().is_empty() && !draft.header.trim().is_empty() {
                let text = "A key goes into a header or into the query: empty one of the two.";
                found.push((Field::KeyPlace, text.to_owned()));
            }
        }
        let day = |text: &str| text.trim().is_empty() || secret_expiry::day(text).is_some();
        let words = "Enter a day such as 2030-01-31, or nothing.";
        if !day(&draft.expires) {
            found.push((Field::KeyExpires, words.to_owned()));
        }
        if !day(&draft.since) {
            found.push((Field::KeySince, words.to_owned()));
        }
        let rotate = draft.rotate_after.trim();
        if !rotate.is_empty() && rotate.parse::<u32>().is_err() {
            found.push((Field::KeyRotation, "Enter a number of days, or nothing.".to_owned()));
        }
        found
    }
}
