//! The provider name that an account shows.
//!
//! Invariant: an account whose destinations differ from its preset's never shows the preset's name alone, so
//! a file can't pass its own server off as the preset's.

use url::Url;

use super::destinations::{ChangedDestination, Destination};
use super::{EndpointKind, Preset};
use crate::base::sanitize::sanitized;

/// The maximum length of a name, in characters. A display must not truncate below this.
pub const MAX_CHARS: usize = 96;
/// The maximum length of a preset's name before a mark, in characters.
const PRESET_CHARS: usize = 40;
/// The maximum length of a host, in characters.
const HOST_CHARS: usize = 40;

/// The preset's name with its [`mark`].
pub fn provider_name(preset: &Preset, changed: &[ChangedDestination]) -> String {
    match mark(preset, changed) {
        mark if mark.is_empty() => preset.name.clone(),
        mark => format!("{}{mark}", sanitized(&preset.name, PRESET_CHARS)),
    }
}

/// The text after a preset's name or ID: ", changed" if a destination differs from the preset's, and the host
/// if a variable or the account supplies it.
pub fn mark(preset: &Preset, changed: &[ChangedDestination]) -> String {
    let is_changed = changed.iter().any(|it| is_mark(preset, it));
    let host = hosts(preset, changed).into_iter().next();
    match (is_changed, host) {
        (false, None) => String::new(),
        (true, None) => ", changed".to_owned(),
        (false, Some(host)) => format!(" at {}", shortened(&host)),
        (true, Some(host)) => format!(", changed, at {}", shortened(&host)),
    }
}

/// Puts a name's mark in parentheses for use within a sentence: "Smartcar (changed)", since "Smartcar,
/// changed rejected the password" is hard to read.
pub fn in_sentence(name: &str) -> String {
    match name.rfind(", changed").map(|at| (&name[..at], &name[at + 2..])) {
        Some((preset, mark)) if mark == "changed" || mark.starts_with("changed, at ") => {
            format!("{preset} ({mark})")
        }
        _ => name.to_owned(),
    }
}

/// Returns true if a destination marks the account as changed. A preset without a token endpoint leaves its
/// endpoints to discovery or to the user; such an endpoint is not a change, and its host is shown instead.
pub fn is_mark(preset: &Preset, changed: &ChangedDestination) -> bool {
    !changed.by_variable && !is_left_open(preset, changed)
}

/// The hosts that a variable or the account supplies and the preset does not name, the token endpoint's
/// first.
pub fn hosts(preset: &Preset, changed: &[ChangedDestination]) -> Vec<String> {
    let mut given: Vec<_> = changed.iter().filter(|it| it.by_variable || is_left_open(preset, it)).collect();
    given.sort_by_key(|it| it.destination != Destination::Token);
    let mut hosts: Vec<String> = Vec::new();
    for it in given {
        let host =
            host_of(&it.url).filter(|host| it.preset.as_deref().and_then(host_of).as_ref() != Some(host));
        hosts.extend(host.filter(|host| !hosts.contains(host)));
    }
    hosts
}

fn is_left_open(preset: &Preset, changed: &ChangedDestination) -> bool {
    preset.spec.endpoints.token.is_none()
        && changed.destination != Destination::Help
        && template(preset, changed.destination).is_none()
}

/// The preset's URL of a destination, or a template with variables.
pub fn template(preset: &Preset, destination: Destination) -> Option<&str> {
    let spec = &preset.spec;
    match destination {
        Destination::Issuer => spec.issuer.as_deref(),
        Destination::ApiBaseUrl => spec.api.base_url.as_deref(),
        _ => {
            let kind = EndpointKind::ALL.into_iter().find(|kind| Destination::from(*kind) == destination)?;
            spec.endpoints.get(kind)
        }
    }
}

/// The host of a URL, with its port if that is not the scheme's default.
pub fn host_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// The end of a long host, which shows whose host it is.
pub fn shortened(host: &str) -> String {
    let skipped = host.chars().count().saturating_sub(HOST_CHARS);
    if skipped == 0 {
        return host.to_owned();
    }
    std::iter::once('…').chain(host.chars().skip(skipped + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::Settings;
    use crate::domain::account::key_dates::KeyDates;
    use crate::domain::account::tags::Tags;
    use crate::domain::oauth::grant_type::GrantType;
    use crate::domain::provider::Provider;
    use crate::domain::provider::destinations::changed;
    use crate::domain::provider::presets::built_in;
    use crate::domain::provider::spec::ProviderSpec;

    fn settings(provider: &str, variables: &[(&str, &str)]) -> Settings {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings {
            provider: provider.to_owned(),
            grant: GrantType::AuthorizationCode,
            variables: variables.collect(),
            overrides: ProviderSpec::default().into(),
            background_refresh: None,
            client_secret_expires: None,
            key_dates: KeyDates::default(),
            tags: Tags::default(),
            environment: None,
        }
    }

    fn name(settings: &Settings) -> String {
        let presets = built_in();
        let preset = presets.iter().find(|preset| preset.id == settings.provider).unwrap();
        let name = provider_name(preset, &changed(&presets, settings).unwrap());
        if let Ok(provider) = Provider::resolve(&presets, settings) {
            assert_eq!(provider.name, name);
        }
        name
    }

    #[test]
    fn a_mark_stands_in_parentheses_in_a_sentence() {
        for (name, said) in [
            ("Smartcar", "Smartcar"),
            ("Smartcar, changed", "Smartcar (changed)"),
            ("GitLab, changed, at a.example", "GitLab (changed, at a.example)"),
            ("GitLab at a.example", "GitLab at a.example"),
            ("Acme, changed daily", "Acme, changed daily"),
        ] {
            assert_eq!(in_sentence(name), said);
        }
    }

    #[test]
    fn i3_a_changed_account_is_never_called_by_its_preset_alone() {
        assert_eq!(name(&settings("smartcar", &[])), "Smartcar");
        let changes: [fn(&mut ProviderSpec); 5] = [
            |over| over.endpoints.token = Some("https://evil.example/t".to_owned()),
            |over| over.endpoints.revoke = Some("https://evil.example/r".to_owned()),
            |over| over.issuer = Some("https://evil.example".to_owned()),
            |over| over.api.base_url = Some("https://evil.example/api".to_owned()),
            |over| over.help.register = Some("Register at evil.example".to_owned()),
        ];
        for change in changes {
            let mut settings = settings("smartcar", &[]);
            change(settings.overrides_mut());
            assert_eq!(name(&settings), "Smartcar, changed");
        }
    }

    #[test]
    fn i3_a_host_that_a_variable_gives_is_in_the_name() {
        assert_eq!(name(&settings("gitlab", &[])), "GitLab");
        let mut own = settings("gitlab", &[("host", "gitlab.example.com")]);
        assert_eq!(name(&own), "GitLab at gitlab.example.com");
        own.overrides_mut().endpoints.revoke = Some("https://evil.example/r".to_owned());
        assert_eq!(name(&own), "GitLab, changed, at gitlab.example.com");
        assert_eq!(name(&settings("auth0", &[("domain", "a.eu.auth0.com")])), "Auth0 at a.eu.auth0.com");
        // Another path on the same host.
        assert_eq!(name(&settings("entra", &[("tenant", "acme")])), "Microsoft Entra");
        let long = format!("{}.evil.example", "gitlab.com.".repeat(6));
        let named = name(&settings("gitlab", &[("host", &long)]));
        assert!(named.ends_with(".evil.example") && named.chars().count() <= MAX_CHARS, "{named}");
    }

    #[test]
    fn endpoints_that_a_preset_leaves_open_are_no_change() {
        let pool = [("region", "eu-west-1"), ("pool", "eu-west-1_A")];
        let mut found = settings("cognito", &pool);
        found.overrides_mut().endpoints.authorize = Some("https://acme.example/authorize".to_owned());
        found.overrides_mut().endpoints.token = Some("https://acme.example/token".to_owned());
        assert_eq!(name(&found), "Amazon Cognito at acme.example");
        found.overrides_mut().issuer = Some("https://evil.example".to_owned());
        assert_eq!(name(&found), "Amazon Cognito, changed, at acme.example");
    }
}
