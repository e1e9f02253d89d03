//! Compares a request with a vendor's document.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Known;
use crate::support::server::Request;

/// A request and its deviations.
pub(super) struct Judge<'a> {
    pub(super) request: &'a Request,
    pub(super) deviations: Vec<String>,
    known: &'a Known,
    values: BTreeMap<String, String>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(request: &'a Request, known: &'a Known) -> Self {
        Self { request, deviations: Vec::new(), known, values: BTreeMap::new() }
    }

    pub(super) fn demand(&mut self, holds: bool, what: &str) {
        if !holds {
            self.deviations.push(what.to_owned());
        }
    }

    /// The content type without parameters, as every document writes it.
    pub(super) fn content_type(&mut self, expected: &str) {
        let given = self.request.header("content-type").unwrap_or("none");
        self.demand(given == expected, &format!("Content-Type: {expected}, not {given}"));
    }

    pub(super) fn no_authorization(&mut self) {
        self.demand(self.request.header("authorization").is_none(), "no Authorization header");
    }

    /// A form with these fields and no others, each once.
    pub(super) fn form(&mut self, required: &[&str], optional: &[&str]) {
        let pairs = self.request.form();
        let fields = pairs.into_iter().map(|(name, value)| (name, value.into())).collect();
        self.fields(fields, required, optional);
    }

    /// The body as a JSON object of fields, in order; empty if it isn't one.
    pub(super) fn json(&self) -> Fields {
        let object = serde_json::from_slice::<serde_json::Map<_, _>>(&self.request.body);
        Fields(object.unwrap_or_default().into_iter().collect())
    }

    /// These fields and no others, each once and a string.
    pub(super) fn fields(&mut self, fields: Fields, required: &[&str], optional: &[&str]) {
        for (name, value) in fields.0 {
            let is_expected = required.contains(&name.as_str()) || optional.contains(&name.as_str());
            self.demand(is_expected, &format!("no field {name}"));
            match value.as_str() {
                Some(text) => {
                    let before = self.values.insert(name.clone(), text.to_owned());
                    self.demand(before.is_none(), &format!("{name} once"));
                }
                None => self.demand(false, &format!("{name} as a text")),
            }
        }
        for name in required {
            self.demand(self.values.contains_key(*name), &format!("a field {name}"));
        }
    }

    /// A field's value; empty if it is absent.
    pub(super) fn value(&self, name: &str) -> String {
        self.values.get(name).cloned().unwrap_or_default()
    }

    pub(super) fn is(&mut self, name: &str, expected: &str) {
        let given = self.value(name);
        self.demand(given == expected, &format!("{name}={expected}"));
    }

    pub(super) fn client_in_body(&self) -> bool {
        self.value("client_id") == self.known.client_id
            && self.value("client_secret") == self.known.client_secret
    }

    /// The ID, a colon and the secret, unencoded, in Base64.
    pub(super) fn client_in_basic(&self) -> bool {
        let pair = format!("{}:{}", self.known.client_id, self.known.client_secret);
        self.request.header("authorization") == Some(&format!("Basic {}", STANDARD.encode(pair)))
    }
}

pub(super) struct Fields(pub(super) Vec<(String, serde_json::Value)>);

impl Fields {
    pub(super) fn get(&self, name: &str) -> Option<&serde_json::Value> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

impl FromIterator<(String, serde_json::Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (String, serde_json::Value)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}
