//! Validation of a preset when its file is read, rather than at its first sign-in.
//!
//! Invariant: a preset that passes resolves for each grant that it offers and has the endpoints for.

use std::collections::{BTreeMap, HashSet};

use url::Url;

use super::endpoints::{self, EndpointKind};
use super::param_names;
use super::spec::ProviderSpec;
use super::{Preset, ProviderError};
use crate::domain::document::file_error::suggestion;
use crate::domain::oauth::redirect_uri::{RedirectError, RedirectUri};
use crate::domain::token::token_format;

/// A dotted key, and what is wrong with its value.
pub(in crate::domain) type Flaw = (String, String);

pub(in crate::domain) fn check(preset: &Preset) -> Result<(), Flaw> {
    if !is_name(&preset.id) {
        return flaw("id", "may contain letters, digits, \"-\" and \"_\"");
    }
    let is_mark =
        |text: &String| (1..=2).contains(&text.chars().count()) && text.chars().all(char::is_alphanumeric);
    if preset.mark.as_ref().is_some_and(|mark| !is_mark(mark)) {
        return flaw("mark", "must be one or two letters or digits");
    }
    let (mut names, mut toggles) = (HashSet::new(), HashSet::new());
    for variable in &preset.variables {
        if !is_name(&variable.name) || !names.insert(&variable.name) {
            return flaw(
                "variables",
                "has a name twice, or one with other than letters, digits, \"-\", \"_\"",
            );
        }
    }
    for toggle in &preset.toggles {
        if !is_name(&toggle.id) || !toggles.insert(&toggle.id) {
            return flaw("toggles", "has an ID twice, or one with other than letters, digits, \"-\", \"_\"");
        }
    }
    addresses(preset)?;
    for suggestion in &preset.suggestions {
        let kind = EndpointKind::ALL.into_iter().find(|kind| kind.key() == suggestion.key);
        let is_usable = match kind {
            Some(kind) => endpoints::read(kind, Some(&suggestion.value), &BTreeMap::new()).is_ok(),
            None => suggestion.key == "scopes" && !suggestion.value.trim().is_empty(),
        };
        let is_plain =
            suggestion.source.chars().chain(suggestion.value.chars()).all(|c| c.is_ascii_graphic());
        let is_web = is_plain && Url::parse(&suggestion.source).is_ok_and(|url| url.scheme() == "https");
        if !is_usable || !is_web {
            return flaw("suggestions", "has a key, a value or a source that can't be used");
        }
    }
    of_spec(&preset.spec)?;
    if let Some(fact) = preset.spec.facts.keys().find(|fact| names.contains(fact)) {
        return flaw(&format!("facts.{fact}"), "has the name of a variable");
    }
    match RedirectUri::new(preset.spec.redirect_uri.as_deref()) {
        Ok(_) => {}
        Err(RedirectError::Invalid) => return flaw("redirect_uri", "is not a URL"),
        Err(RedirectError::Fragment) => return flaw("redirect_uri", "has a fragment (#)"),
    }
    let page = preset.reference.as_ref().map(|reference| reference.page.as_str());
    let register_url = preset.spec.help.register_url.as_deref();
    let register_url = register_url.map(|page| endpoints::filled(page, &any_values(preset)));
    for (key, page) in [("help.register_url", register_url.as_deref()), ("reference.page", page)] {
        let is_web = |page: &str| Url::parse(page).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if page.is_some_and(|page| !is_web(page)) {
            return flaw(key, "is not a web URL");
        }
    }
    Ok(())
}

/// Checks what a preset and an account may both set.
pub(in crate::domain) fn of_spec(spec: &ProviderSpec) -> Result<(), Flaw> {
    if let Some(key) = token_format::unusable_key(&spec.api) {
        return flaw(
            key,
            if key == "api.query" { "can't name a parameter" } else { "can't stand in a header" },
        );
    }
    if spec.api.query.is_some() && spec.api.header.is_some() {
        return flaw("api.query", "can't stand beside \"api.header\": a key goes to one place");
    }
    if let Err(mistake) = param_names::check(&spec.names, &spec.callback) {
        let near = mistake.known.map_or_else(String::new, |known| {
            let name = mistake.key.split_once('.').map_or("", |(_, name)| name);
            match suggestion(name, known.iter().copied()) {
                near if near.is_empty() => format!("; it must be one of {}", known.join(", ")),
                near => near,
            }
        });
        return flaw(&mistake.key, &format!("{}{near}", mistake.what));
    }
    for (name, source) in &spec.facts {
        let key = format!("facts.{name}");
        if !is_name(name) {
            return flaw(&key, "may contain letters, digits, \"-\" and \"_\"");
        }
        if !source.is_one() {
            return flaw(&key, "must have \"answer\" or \"callback\", and not both");
        }
    }
    Ok(())
}

pub(in crate::domain) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn addresses(preset: &Preset) -> Result<(), Flaw> {
    let values = any_values(preset);
    for kind in EndpointKind::ALL {
        let Some(template) = preset.spec.endpoints.get(kind) else { continue };
        match endpoints::read(kind, Some(template), &values) {
            Ok(url) if !url.as_str().contains(['{', '}']) => {}
            Ok(_) | Err(ProviderError::NotAVariable { .. }) => {
                return flaw(kind.key(), "names an unknown variable in braces");
            }
            Err(ProviderError::EndpointInsecure(_)) => {
                return flaw(kind.key(), "must begin with https://; http:// is for this computer only");
            }
            Err(_) => return flaw(kind.key(), "is not a URL"),
        }
    }
    let Some(base_url) = preset.spec.api.base_url.as_deref() else { return Ok(()) };
    match endpoints::read_base_url(base_url, &values, &preset.spec.facts) {
        Err(ProviderError::NotAVariable { .. }) => {
            flaw("api.base_url", "names an unknown variable in braces")
        }
        Ok(_) => Ok(()),
        Err(ProviderError::ApiBaseUrlInsecure) => {
            flaw("api.base_url", "must begin with https://; http:// is for this computer only")
        }
        Err(_) => flaw("api.base_url", "is not a URL"),
    }
}

fn any_values(preset: &Preset) -> BTreeMap<&str, String> {
    let something = preset.variables.iter().map(|variable| {
        let choice = variable.choices.first().map(|choice| choice.text.clone());
        let value = choice.or_else(|| variable.default.clone()).unwrap_or_else(|| "x".to_owned());
        (variable.name.as_str(), value)
    });
    something.collect()
}

fn flaw(key: &str, what: &str) -> Result<(), Flaw> {
    Err((key.to_owned(), format!("\"{key}\" {what}")))
}
