//! The built-in providers: TOML files, read into [`Preset`]s.
//!
//! A file has a preset's own keys beside every key of a [`ProviderSpec`]. Invariant: a file is accepted whole
//! or not at all.

use std::sync::LazyLock;

use serde::Deserialize;

use super::spec::ProviderSpec;
use super::toggles::Toggle;
use super::validation;
use super::{CUSTOM, Choice, Group, MarkColor, Preset, Reference, SecretHeader, Suggestion, Variable};
use crate::domain::document::de::Entries;
use crate::domain::document::file_error::FileError;
use crate::domain::document::{Node, NodeValue};

/// The files in the order of the list: by name within a group.
const FILES: &[&str] = &[
    include_str!("../../../assets/providers/smartconnect.toml"),
    include_str!("../../../assets/providers/smartdocumentor.toml"),
    include_str!("../../../assets/providers/smartsense.toml"),
    include_str!("../../../assets/providers/connect.toml"),
    include_str!("../../../assets/providers/smartcar.toml"),
    include_str!("../../../assets/providers/smartcar-v3.toml"),
    include_str!("../../../assets/providers/atlassian.toml"),
    include_str!("../../../assets/providers/discord.toml"),
    include_str!("../../../assets/providers/dropbox.toml"),
    include_str!("../../../assets/providers/github.toml"),
    include_str!("../../../assets/providers/gitlab.toml"),
    include_str!("../../../assets/providers/google.toml"),
    include_str!("../../../assets/providers/google-service-account.toml"),
    include_str!("../../../assets/providers/hubspot.toml"),
    include_str!("../../../assets/providers/entra.toml"),
    include_str!("../../../assets/providers/entra-us.toml"),
    include_str!("../../../assets/providers/entra-china.toml"),
    include_str!("../../../assets/providers/salesforce.toml"),
    include_str!("../../../assets/providers/salesforce-jwt.toml"),
    include_str!("../../../assets/providers/slack.toml"),
    include_str!("../../../assets/providers/slack-user.toml"),
    include_str!("../../../assets/providers/spotify.toml"),
    include_str!("../../../assets/providers/zoom.toml"),
    include_str!("../../../assets/providers/zoom-server.toml"),
    include_str!("../../../assets/providers/adobe.toml"),
    include_str!("../../../assets/providers/airtable.toml"),
    include_str!("../../../assets/providers/asana.toml"),
    include_str!("../../../assets/providers/bamboohr.toml"),
    include_str!("../../../assets/providers/box.toml"),
    include_str!("../../../assets/providers/calendly.toml"),
    include_str!("../../../assets/providers/canva.toml"),
    include_str!("../../../assets/providers/clickup.toml"),
    include_str!("../../../assets/providers/docusign.toml"),
    include_str!("../../../assets/providers/figma.toml"),
    include_str!("../../../assets/providers/linear.toml"),
    include_str!("../../../assets/providers/miro.toml"),
    include_str!("../../../assets/providers/monday.toml"),
    include_str!("../../../assets/providers/notion.toml"),
    include_str!("../../../assets/providers/ringcentral.toml"),
    include_str!("../../../assets/providers/todoist.toml"),
    include_str!("../../../assets/providers/typeform.toml"),
    include_str!("../../../assets/providers/webex.toml"),
    include_str!("../../../assets/providers/front.toml"),
    include_str!("../../../assets/providers/intercom.toml"),
    include_str!("../../../assets/providers/mailchimp.toml"),
    include_str!("../../../assets/providers/outreach.toml"),
    include_str!("../../../assets/providers/pipedrive.toml"),
    include_str!("../../../assets/providers/salesloft.toml"),
    include_str!("../../../assets/providers/zendesk.toml"),
    include_str!("../../../assets/providers/zoho.toml"),
    include_str!("../../../assets/providers/etsy.toml"),
    include_str!("../../../assets/providers/freshbooks.toml"),
    include_str!("../../../assets/providers/paypal.toml"),
    include_str!("../../../assets/providers/quickbooks.toml"),
    include_str!("../../../assets/providers/shopify.toml"),
    include_str!("../../../assets/providers/square.toml"),
    include_str!("../../../assets/providers/xero.toml"),
    include_str!("../../../assets/providers/bitbucket.toml"),
    include_str!("../../../assets/providers/contentful.toml"),
    include_str!("../../../assets/providers/databricks.toml"),
    include_str!("../../../assets/providers/digitalocean.toml"),
    include_str!("../../../assets/providers/pagerduty.toml"),
    include_str!("../../../assets/providers/servicenow.toml"),
    include_str!("../../../assets/providers/snowflake.toml"),
    include_str!("../../../assets/providers/webflow.toml"),
    include_str!("../../../assets/providers/fitbit.toml"),
    include_str!("../../../assets/providers/linkedin.toml"),
    include_str!("../../../assets/providers/pinterest.toml"),
    include_str!("../../../assets/providers/reddit.toml"),
    include_str!("../../../assets/providers/strava.toml"),
    include_str!("../../../assets/providers/twitch.toml"),
    include_str!("../../../assets/providers/x.toml"),
    include_str!("../../../assets/providers/cognito.toml"),
    include_str!("../../../assets/providers/auth0.toml"),
    include_str!("../../../assets/providers/keycloak.toml"),
    include_str!("../../../assets/providers/okta.toml"),
    include_str!("../../../assets/providers/anthropic.toml"),
    include_str!("../../../assets/providers/brevo.toml"),
    include_str!("../../../assets/providers/cloudflare.toml"),
    include_str!("../../../assets/providers/datadog.toml"),
    include_str!("../../../assets/providers/elevenlabs.toml"),
    include_str!("../../../assets/providers/fastly.toml"),
    include_str!("../../../assets/providers/gemini.toml"),
    include_str!("../../../assets/providers/openai.toml"),
    include_str!("../../../assets/providers/openweather.toml"),
    include_str!("../../../assets/providers/postmark.toml"),
    include_str!("../../../assets/providers/resend.toml"),
    include_str!("../../../assets/providers/sendgrid.toml"),
    include_str!("../../../assets/providers/stripe.toml"),
];

/// The keys of a file that do not belong to the spec.
const OWN_KEYS: [&str; 11] = [
    "id",
    "name",
    "summary",
    "group",
    "reference",
    "mark",
    "color",
    "variables",
    "secret_headers",
    "toggles",
    "suggestions",
];

static BUILT_IN: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    // They are part of the program, and a test reads each.
    FILES.iter().filter_map(|text| Preset::from_toml(text).ok()).collect()
});

pub fn built_in() -> Vec<Preset> {
    BUILT_IN.clone()
}

#[derive(Deserialize)]
struct Own {
    id: String,
    name: String,
    summary: String,
    #[serde(default)]
    group: Group,
    reference: Option<Reference>,
    mark: Option<String>,
    color: Option<MarkColor>,
    #[serde(default)]
    toggles: Vec<Toggle>,
    #[serde(default)]
    suggestions: Vec<Suggestion>,
    #[serde(default)]
    variables: Vec<Named>,
    #[serde(default)]
    secret_headers: Vec<Header>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    label: String,
    #[serde(default)]
    choices: Vec<Chosen>,
    default: Option<String>,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    value: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    name: String,
    label: String,
    #[serde(default)]
    required: bool,
}

impl Preset {
    /// Reads a preset's file.
    ///
    /// # Errors
    /// [`FileError`] names the line and the key of the first mistake.
    pub fn from_toml(text: &str) -> Result<Self, FileError> {
        let node = Node::parse(text)?;
        let NodeValue::Table(entries) = &node.value else {
            return Err(FileError::at(text, node.offset, "the file must be a table"));
        };
        let spec = Entries::some(entries, |key| !OWN_KEYS.contains(&key));
        let spec = ProviderSpec::deserialize(spec)
            .map_err(|error| error.into_file_error(text, node.offset, &OWN_KEYS))?;
        let own = Own::deserialize(Entries::some(entries, |key| OWN_KEYS.contains(&key)))
            .map_err(|error| error.into_file_error(text, node.offset, &[]))?;
        for (key, value) in [("id", &own.id), ("name", &own.name)] {
            if value.trim().is_empty() || (key == "id" && value == CUSTOM) {
                let what = format!("\"{key}\" can't be used");
                return Err(FileError::at(text, node.offset_of(key), &what).of_key(key));
            }
        }
        let preset = Self {
            id: own.id,
            name: own.name,
            summary: own.summary,
            variables: own.variables.into_iter().map(Variable::from).collect(),
            secret_headers: own.secret_headers.into_iter().map(SecretHeader::from).collect(),
            toggles: own.toggles,
            suggestions: own.suggestions,
            group: own.group,
            reference: own.reference,
            mark: own.mark,
            color: own.color,
            spec,
        };
        validation::check(&preset)
            .map_err(|(key, what)| FileError::at(text, node.offset_of(&key), &what).of_key(&key))?;
        Ok(preset)
    }
}

impl From<Named> for Variable {
    fn from(named: Named) -> Self {
        let choices = named.choices.into_iter().map(|Chosen { value, text }| Choice { value, text });
        let (choices, default) = (choices.collect(), named.default);
        Self { name: named.name, label: named.label, choices, default, note: named.note }
    }
}

impl From<Header> for SecretHeader {
    fn from(Header { name, label, required }: Header) -> Self {
        Self { name, label, required }
    }
}

#[cfg(test)]
#[path = "presets_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "preset_snapshot_tests.rs"]
mod snapshot_tests;

#[cfg(test)]
#[path = "preset_answer_tests.rs"]
mod answer_tests;
