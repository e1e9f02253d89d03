//! Texts about destinations that differ from the preset's.
//!
//! Invariant: URLs and texts of a file are sanitised and bounded.

use crate::base::sanitize::sanitized;
use crate::domain::account::Settings;
use crate::domain::provider::destinations;
use crate::domain::provider::destinations::{ChangedDestination, Destination};
use crate::domain::provider::provider_name::{
    MAX_CHARS, host_of, hosts, is_mark, provider_name, shortened, template,
};
use crate::domain::provider::{CUSTOM, Preset};

use super::NAME_CHARS;

const URL_CHARS: usize = 300;

/// An account's provider and the destinations that differ from its preset, for display.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedDestinations {
    /// The provider name: "Smartcar, changed", "GitLab at gitlab.example.com".
    pub provider: String,
    /// The preset's own name; `None` for a custom provider.
    pub preset: Option<String>,
    /// All of them: the label, and its URL beside the preset's.
    pub each: Vec<(&'static str, String)>,
    /// What the provider name doesn't include: changed destinations and further hosts.
    pub rest: Vec<(&'static str, String)>,
    /// A destination is changed, not only given by a variable or left open by the preset.
    pub is_changed: bool,
}

/// Returns the destinations that differ from an account's preset, all of them for a custom provider; empty if
/// its settings can't be resolved.
pub fn changed_destinations(presets: &[Preset], settings: &Settings) -> NamedDestinations {
    let changed = destinations::changed(presets, settings).unwrap_or_default();
    if settings.provider == CUSTOM {
        return of_custom(&changed);
    }
    let Some(preset) = presets.iter().find(|preset| preset.id == settings.provider) else {
        let provider = sanitized(&settings.provider, NAME_CHARS).into_owned();
        return NamedDestinations { provider, ..NamedDestinations::default() };
    };
    let name = sanitized(&preset.name, NAME_CHARS).into_owned();
    let each = |it: &ChangedDestination| row(it, &preset_note(it, preset, &name));
    // The first one is in the provider's name.
    let further = hosts(preset, &changed).into_iter().skip(1).map(|host| ("host", shown(&host)));
    let marks = changed.iter().filter(|it| is_mark(preset, it));
    NamedDestinations {
        provider: sanitized(&provider_name(preset, &changed), MAX_CHARS).into_owned(),
        each: changed.iter().map(each).collect(),
        rest: further.chain(marks.clone().map(each)).collect(),
        is_changed: marks.count() > 0,
        preset: Some(name),
    }
}

fn of_custom(changed: &[ChangedDestination]) -> NamedDestinations {
    let token = changed.iter().find(|it| it.destination == Destination::Token);
    let host = token.and_then(|it| host_of(&it.url));
    let elsewhere =
        |it: &&ChangedDestination| it.destination == Destination::Help || host_of(&it.url) != host;
    let named = |it: &ChangedDestination| row(it, "custom provider");
    let at = host.as_deref().map_or_else(String::new, |host| format!(" at {}", shortened(host)));
    NamedDestinations {
        provider: format!("Custom provider{at}"),
        preset: None,
        each: changed.iter().map(named).collect(),
        rest: changed.iter().filter(elsewhere).map(named).collect(),
        is_changed: false,
    }
}

fn row(changed: &ChangedDestination, note: &str) -> (&'static str, String) {
    (changed.destination.label(), format!("{} ({note})", shown(&changed.url)))
}

fn preset_note(changed: &ChangedDestination, preset: &Preset, name: &str) -> String {
    match changed.preset.as_deref().or_else(|| template(preset, changed.destination)) {
        None => format!("{name} has none"),
        Some(_) if changed.by_variable && changed.preset.is_none() => {
            format!("a variable of {name} sets it")
        }
        Some(url) => format!("{name}'s is {}", shown(url)),
    }
}

fn shown(text: &str) -> String {
    sanitized(text, URL_CHARS).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::provider::presets::built_in;
    use crate::domain::test_support::settings;

    fn named(settings: &Settings) -> NamedDestinations {
        changed_destinations(&built_in(), settings)
    }

    fn row(label: &'static str, text: &str) -> (&'static str, String) {
        (label, text.to_owned())
    }

    #[test]
    fn i3_a_changed_destination_stands_beside_the_presets() {
        let mut car = settings("https://a.example/authorize");
        car.provider = "smartcar".to_owned();
        let over = car.overrides_mut();
        over.endpoints = crate::domain::provider::spec::Endpoints::default();
        over.endpoints.token = Some("https://evil.example/t".to_owned());
        over.endpoints.revoke = Some("https://x.example/\u{202e}r".to_owned());
        over.help.secrets_place = Some("evil.example\nhere".to_owned());
        let named = named(&car);
        let expected = [
            row(
                "token endpoint",
                "https://evil.example/t (Smartcar's is https://auth.smartcar.com/oauth/token)",
            ),
            row("revocation endpoint", "https://x.example/%E2%80%AEr (Smartcar has none)"),
        ];
        assert_eq!(named.each[..2], expected);
        assert!(named.each[2].1.starts_with("evil.example\u{fffd}here (Smartcar's is "), "{named:?}");
        assert_eq!((&named.each, named.is_changed), (&named.rest, true));
        assert_eq!(named.provider, "Smartcar, changed");
    }

    #[test]
    fn i3_hosts_of_variables_and_a_custom_provider_are_named() {
        let mut own = settings("https://a.example/authorize");
        own.overrides_mut().endpoints.revoke = Some("https://other.example/r".to_owned());
        let custom = named(&own);
        assert_eq!(custom.provider, "Custom provider at server.example.com");
        assert!(
            custom
                .each
                .contains(&row("token endpoint", "https://server.example.com/token (custom provider)"))
        );
        assert!(
            custom.rest.contains(&row("revocation endpoint", "https://other.example/r (custom provider)"))
        );
        own.provider = "gitlab".to_owned();
        own.overrides = crate::domain::provider::spec::ProviderSpec::default().into();
        assert_eq!((named(&own).provider.as_str(), named(&own).each), ("GitLab", vec![]));
        own.variables.insert("host".to_owned(), "gitlab.example.com".to_owned());
        let named = named(&own);
        let token = "https://gitlab.example.com/oauth/token (GitLab's is https://gitlab.com/oauth/token)";
        assert!(named.each.contains(&row("token endpoint", token)), "{named:?}");
        assert_eq!(named.provider, "GitLab at gitlab.example.com");
        assert_eq!((named.rest.as_slice(), named.is_changed), (&[][..], false));
    }
}
