//! Binds an account's secrets to its settings and destinations.
//!
//! Compares an account's database row with what the vault stores beside its secrets. Invariant: a row whose
//! destinations or settings differ from the vault's never gets the secrets.

use super::Settings;
use crate::domain::provider::destinations::{Destinations, MovedDestination};
use crate::domain::provider::{Group, Preset, ProviderError};

/// Why a row can't use the vault's secrets for its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disagreement {
    /// These destinations differ from those that the secrets belong to. Never empty.
    Moved(Vec<MovedDestination>),
    /// The destinations are the same, but something else about the requests differs.
    Settings,
    /// The row doesn't make a usable provider.
    Unusable(ProviderError),
}

/// The destinations to store beside an account's secrets: only for a preset of the user's own, whose file may
/// change later. Other accounts' destinations follow from their settings, which are stored too; a built-in
/// preset is part of the program and may be updated with it.
pub fn to_store(presets: &[Preset], settings: &Settings) -> Result<Option<Destinations>, ProviderError> {
    let is_own = Preset::of(presets, &settings.provider)?.group == Group::Own;
    is_own.then(|| Destinations::of(presets, settings)).transpose()
}

/// The permitted destinations of secrets stored with these settings and destinations. Empty if the preset is
/// gone: then every destination counts as new.
pub fn destinations(presets: &[Preset], settings: &Settings, stored: Option<&Destinations>) -> Destinations {
    let resolve = || Destinations::of(presets, settings).unwrap_or_default();
    stored.cloned().unwrap_or_else(resolve)
}

/// Checks that a row agrees with the settings and destinations that the vault holds.
pub fn check(
    presets: &[Preset],
    vault: &Settings,
    stored: Option<&Destinations>,
    row: &Settings,
) -> Result<(), Disagreement> {
    let current = Destinations::of(presets, row).map_err(Disagreement::Unusable)?;
    let moved = current.moved_from(&destinations(presets, vault, stored));
    if !moved.is_empty() {
        Err(Disagreement::Moved(moved))
    } else if same_requests(vault, row) {
        Ok(())
    } else {
        Err(Disagreement::Settings)
    }
}

/// Returns true if two settings lead to the same requests. Reminders, tags and the environment don't count, nor
/// do the values of extra parameters and headers, which go to the same destinations.
pub fn same_requests(one: &Settings, other: &Settings) -> bool {
    let bare = |settings: &Settings| {
        let mut spec = (*settings.overrides).clone();
        spec.request_headers.clear();
        spec.authorize_params.clear();
        spec.token_params.clear();
        spec.refresh_params.clear();
        spec
    };
    one.provider == other.provider
        && one.grant == other.grant
        && one.variables == other.variables
        && (one.overrides == other.overrides || bare(one) == bare(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::environment::Environment;
    use crate::domain::account::tags::Tags;
    use crate::domain::provider::destinations::Destination;
    use crate::domain::test_support::settings;

    fn own(token: &str) -> Preset {
        let text = format!(
            "id = \"acme\"\nname = \"Acme\"\nsummary = \"S\"\ngrants = [\"client_credentials\"]\n\
             [endpoints]\ntoken = \"{token}\"\n"
        );
        Preset { group: Group::Own, ..Preset::from_toml(&text).unwrap() }
    }

    #[test]
    fn f6_a_row_with_another_destination_or_setting_disagrees() {
        let vault = settings("https://server.example.com/authorize");
        assert_eq!(check(&[], &vault, None, &vault), Ok(()));
        let mut row = vault.clone();
        row.overrides_mut().endpoints.token = Some("https://evil.example/t".to_owned());
        let Err(Disagreement::Moved(moved)) = check(&[], &vault, None, &row) else { panic!("it agrees") };
        assert_eq!(moved[0].destination, Destination::Token);
        assert_eq!(moved[0].old.as_deref(), Some("https://server.example.com/token"));
        let mut row = vault.clone();
        row.overrides_mut().pkce = Some(false);
        assert_eq!(check(&[], &vault, None, &row), Err(Disagreement::Settings));
        // Nothing is sent to a removed destination, but someone else changed the row.
        let mut more = vault.clone();
        more.overrides_mut().endpoints.revoke = Some("https://server.example.com/revoke".to_owned());
        assert_eq!(check(&[], &more, None, &vault), Err(Disagreement::Settings));
        let mut row = vault.clone();
        (row.tags, row.background_refresh) = (Tags::typed("work").unwrap(), Some(false));
        row.environment = Some(Environment::Production);
        assert_eq!(check(&[], &vault, None, &row), Ok(()));
    }

    #[test]
    fn f6_an_edited_own_preset_disagrees_with_what_was_stored() {
        let mut row = settings("https://server.example.com/authorize");
        (row.provider, row.overrides) =
            ("acme".to_owned(), crate::domain::provider::spec::ProviderSpec::default().into());
        let (before, after) = ([own("https://acme.example/t")], [own("https://evil.example/t")]);
        let stored = to_store(&before, &row).unwrap();
        assert!(stored.is_some());
        assert_eq!(check(&before, &row, stored.as_ref(), &row), Ok(()));
        let moved = check(&after, &row, stored.as_ref(), &row).unwrap_err();
        assert!(matches!(moved, Disagreement::Moved(moved) if moved[0].new == "https://evil.example/t"));
        // Without its file there is no destination, and the vault's stays.
        assert!(matches!(check(&[], &row, stored.as_ref(), &row), Err(Disagreement::Unusable(_))));
        assert_eq!(to_store(&[], &settings("https://a.example/")).unwrap(), None);
    }

    #[test]
    fn f6_a_record_whose_preset_is_gone_binds_to_nothing() {
        let mut vault = settings("https://server.example.com/authorize");
        vault.provider = "gone".to_owned();
        let row = settings("https://server.example.com/authorize");
        assert!(matches!(check(&[], &vault, None, &row), Err(Disagreement::Moved(_))));
    }
}
