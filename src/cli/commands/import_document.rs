//! `keyfob import` of an `OpenAPI` document: its credentials, and its preview as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::format::{json, shown};
use crate::cli::input;
use crate::domain::import::{ApiDocument, Credentials, Imported, SchemeDetails};
use crate::domain::oauth::grant_type::GrantType;
use crate::domain::provider::EndpointKind;

const CREDENTIALS_MAX_BYTES: usize = 1 << 20;

#[derive(Serialize)]
struct Preview<'a> {
    accounts: Vec<Account<'a>>,
    left_out: Vec<LeftOut<'a>>,
}

#[derive(Serialize)]
struct Account<'a> {
    name: &'a str,
    scheme: &'a str,
    flow: Option<&'a str>,
    grant: &'static str,
    endpoints: BTreeMap<&'static str, Option<&'a str>>,
    issuer: Option<&'a str>,
    scopes: &'a BTreeMap<String, String>,
    used_scopes: &'a [String],
    base_url: Option<&'a str>,
    header: Option<&'a str>,
    prefix: Option<&'a str>,
    query: Option<&'a str>,
    variables: &'a BTreeMap<String, String>,
    choices: &'a BTreeMap<String, Vec<String>>,
}

#[derive(Serialize)]
struct LeftOut<'a> {
    scheme: &'a str,
    flow: Option<&'a str>,
    reason: &'a str,
}

/// The document's accounts, and what was left out of it.
pub(in crate::cli) fn preview(document: &ApiDocument) -> Result<String, Failure> {
    let accounts = document.accounts.iter().map(|(imported, details)| account(imported, details));
    let left_out = document.left_out.iter().map(|left| LeftOut {
        scheme: &left.scheme,
        flow: left.flow.as_deref(),
        reason: &left.reason,
    });
    json(&Preview { accounts: accounts.collect(), left_out: left_out.collect() })
}

fn account<'a>(imported: &'a Imported, details: &'a SchemeDetails) -> Account<'a> {
    let (settings, spec) = (&imported.settings, &imported.settings.overrides);
    let kinds = [EndpointKind::Authorize, EndpointKind::Token, EndpointKind::Device, EndpointKind::Refresh];
    let is_basic = settings.grant == GrantType::Basic;
    Account {
        name: imported.name.as_str(),
        scheme: &details.scheme,
        flow: details.flow.as_deref(),
        grant: settings.grant.as_str(),
        endpoints: kinds.into_iter().map(|kind| (kind.name(), spec.endpoints.get(kind))).collect(),
        issuer: spec.issuer.as_deref(),
        scopes: &details.scopes,
        used_scopes: &details.used_scopes,
        base_url: spec.api.base_url.as_deref(),
        header: if is_basic { Some("Authorization") } else { spec.api.header.as_deref() },
        prefix: if is_basic {
            Some("Basic")
        } else {
            spec.api.scheme.as_deref().filter(|scheme| !scheme.is_empty())
        },
        query: spec.api.query.as_deref(),
        variables: &settings.variables,
        choices: &details.choices,
    }
}

/// Gives the document's accounts the credentials of a file.
pub(in crate::cli) fn complete(document: &mut ApiDocument, file: &Path) -> Result<(), Failure> {
    let source = shown(&file.display().to_string());
    let refused = |what: String| {
        // A question already ends with its mark.
        let end = if what.ends_with('?') { "" } else { "." };
        Failure::refused(format!("“{source}”: {what}{end} Nothing was saved."))
    };
    let read = input::read(file, CREDENTIALS_MAX_BYTES).and_then(input::text_of);
    let text = read.map_err(|error| {
        refused(match error {
            input::ReadError::TooLarge => "it is larger than 1 MiB".to_owned(),
            input::ReadError::NotText { line } => format!("line {line}: this is not UTF-8 text"),
            input::ReadError::Io(error) => format!("it could not be read: {error}"),
        })
    })?;
    let credentials = Credentials::read(&text).map_err(|error| refused(error.to_string()))?;
    credentials.complete(&text, document).map_err(|error| refused(error.to_string()))
}
