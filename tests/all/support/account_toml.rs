//! An account as text for an import file.

use std::fmt;

use super::server::ScriptedServer;

/// Keys and endpoints of one account. `to_string` gives the text.
#[derive(Clone, Default)]
pub(crate) struct AccountToml {
    keys: Vec<(String, String)>,
    lines: String,
    endpoints: Vec<(String, String)>,
}

impl AccountToml {
    /// An account of a custom provider with the client ID `an-id`.
    pub(crate) fn new(name: &str, grant: &str) -> Self {
        Self::default()
            .with("name", name)
            .with("provider", "custom")
            .with("grant", grant)
            .with("client_id", "an-id")
    }

    /// An account of a preset, with the preset's default grant.
    pub(crate) fn of_preset(name: &str, provider: &str) -> Self {
        Self::default().with("name", name).with("provider", provider).with("client_id", "an-id")
    }

    pub(crate) fn secret(self, secret: &str) -> Self {
        self.with("client_secret", secret)
    }

    /// Sets a key to a string.
    pub(crate) fn with(self, key: &str, value: &str) -> Self {
        self.raw(key, &toml::Value::from(value).to_string())
    }

    /// Sets a key to a TOML value.
    pub(crate) fn raw(mut self, key: &str, value: &str) -> Self {
        self.keys.retain(|(other, _)| other != key);
        self.keys.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a key out.
    pub(crate) fn without(mut self, key: &str) -> Self {
        self.keys.retain(|(other, _)| other != key);
        self
    }

    /// Adds lines below the keys, which may begin tables.
    pub(crate) fn lines(mut self, lines: &str) -> Self {
        self.lines.push_str(lines);
        self.lines.push('\n');
        self
    }

    /// Sets an endpoint to a URL.
    pub(crate) fn at(mut self, endpoint: &str, url: &str) -> Self {
        self.endpoints.push((endpoint.to_owned(), url.to_owned()));
        self
    }

    /// Sets endpoints to paths of a server, such as `/token` for `token`.
    pub(crate) fn on(self, server: &ScriptedServer, endpoints: &[&str]) -> Self {
        endpoints.iter().fold(self, |account, name| account.at(name, &server.url(&format!("/{name}"))))
    }

    pub(crate) fn without_endpoints(mut self) -> Self {
        self.endpoints.clear();
        self
    }
}

impl fmt::Display for AccountToml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[[account]]")?;
        for (key, value) in &self.keys {
            writeln!(f, "{key} = {value}")?;
        }
        f.write_str(&self.lines)?;
        if !self.endpoints.is_empty() {
            writeln!(f, "[account.endpoints]")?;
        }
        for (name, url) in &self.endpoints {
            writeln!(f, "{name} = \"{url}\"")?;
        }
        Ok(())
    }
}
