//! A server's part of the table: which features it has shown, and why others were left out.
//!
//! A feature is only shown by exercising it. Nothing is left out without a reason, and nothing shown is left
//! out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::support::desktop::kept;

/// All features that a server may have.
const FEATURES: [&str; 20] = [
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "password",
    "device_code",
    "jwt_bearer",
    "auth: basic",
    "auth: basic_raw",
    "auth: body",
    "auth: none",
    "auth: private_key_jwt",
    "auth: client_secret_jwt",
    "pushed authorization",
    "resource indicator",
    "introspection",
    "revocation",
    "userinfo",
    "id_token",
    "discovery",
    "refused scope",
];

#[derive(Default)]
struct Line {
    works: bool,
    /// The grants that it was exercised with.
    grants: Vec<String>,
    more: Vec<String>,
    left_out: Option<String>,
}

pub(crate) struct Ledger {
    server: &'static str,
    lines: BTreeMap<String, Line>,
}

impl Ledger {
    pub(super) fn of(server: &'static str) -> Self {
        Self { server, lines: BTreeMap::new() }
    }

    /// Records that a feature worked. Only the harness calls this.
    pub(super) fn works(&mut self, feature: &str, grant: &str) {
        let line = self.line(feature);
        line.works = true;
        let grant = grant.trim_start_matches("authorization_").trim_end_matches("_code").replace('_', " ");
        if !grant.is_empty() && !line.grants.contains(&grant) {
            line.grants.push(grant);
        }
    }

    /// Adds a note to a feature, which must be exercised, too.
    pub(crate) fn note(&mut self, feature: &str, said: &str) {
        let more = &mut self.line(feature).more;
        if !more.iter().any(|known| known == said) {
            more.push(said.to_owned());
        }
    }

    /// Records why a feature was not exercised.
    pub(crate) fn left_out(&mut self, feature: &str, reason: &str) {
        self.line(feature).left_out = Some(reason.to_owned());
    }

    fn line(&mut self, feature: &str) -> &mut Line {
        assert!(FEATURES.contains(&feature), "{feature}");
        self.lines.entry(feature.to_owned()).or_default()
    }

    /// Writes the part; panics if a feature is neither shown nor left out, or both.
    pub(super) fn close(mut self) {
        let mut text = String::new();
        for feature in FEATURES {
            let said = match self.lines.remove(feature).unwrap_or_default() {
                Line { works: true, grants, more, left_out: None } => {
                    let grants = Some(grants.join(", ")).filter(|grants| !grants.is_empty());
                    let how = grants.into_iter().chain(more).collect::<Vec<_>>().join("; ");
                    format!("works{}{how}", if how.is_empty() { "" } else { ": " })
                }
                Line { works: false, left_out: Some(reason), .. } => format!("- ({reason})"),
                Line { works, .. } => {
                    panic!("{feature} is {} left out", if works { "shown and" } else { "not" })
                }
            };
            let _ = writeln!(text, "{feature}\t{}\t{said}", self.server);
        }
        let path = kept(&format!("servers/{}.tsv", self.server));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}
