//! A certified OIDC provider on loopback, and the browser in which a person signs in there.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::bus::Bus;
use super::http::{get, post_form};
use super::process::{Running, finish};
use super::rig_file;

/// What to set `BROWSER` to: opens an address in headless Chromium, fills in the forms, and ends on loopback. With
/// `KEYFOB_BROWSER_SHOTS=folder` it keeps screenshots, and `landed.json` about the page it ended on; with
/// `KEYFOB_BROWSER_ACT=no` it presses *Cancel*.
pub(crate) fn browser() -> String {
    rig_file("oidc/browser.mjs")
}

/// A running `server.mjs`: PKCE required, refresh tokens rotated, a reused one revokes its family.
pub(crate) struct OidcServer {
    about: Value,
    _server: Running,
}

impl OidcServer {
    /// A new server whose access tokens live `ttl_secs`.
    pub(crate) fn start(bus: &Bus, ttl_secs: u32) -> Self {
        let mut command = bus.command("node");
        command.arg(rig_file("oidc/server.mjs")).env("ACCESS_TOKEN_TTL_SECS", ttl_secs.to_string());
        command.stdout(Stdio::piped()).stderr(bus.log("oidc"));
        let mut server = Running::start(&mut command);
        let mut line = String::new();
        let stdout = server.child().stdout.take().expect("its standard output");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let about = serde_json::from_str(&line).unwrap_or_else(|_| {
            let log = std::fs::read_to_string(bus.path("oidc.log")).unwrap_or_default();
            panic!("the provider did not start; was tests/setup.sh run? {log}")
        });
        Self { about, _server: server }
    }

    /// One of its addresses: `issuer`, `authorization_endpoint`, `token_endpoint`, `introspection_endpoint`,
    /// `revocation_endpoint`, `userinfo_endpoint`, `jwks_uri`, `events`.
    pub(crate) fn address(&self, name: &str) -> &str {
        self.about[name].as_str().unwrap_or_else(|| panic!("no address {name}"))
    }

    /// The ID and the secret of a client: `basic`, `post`, `public` (its secret is empty) or `machine`
    /// (`client_credentials` only). The others may come back to `/` and `/callback` on any loopback port.
    pub(crate) fn client(&self, name: &str) -> (&str, &str) {
        let client = &self.about["clients"][name];
        let id = client["client_id"].as_str().unwrap_or_else(|| panic!("no client {name}"));
        (id, client["client_secret"].as_str().unwrap_or(""))
    }

    /// Another part of what it said at its start: `private_keys`, by algorithm.
    pub(crate) fn about(&self, name: &str) -> &Value {
        &self.about[name]
    }

    /// What the server says about a token; its `active` tells whether it is good.
    pub(crate) fn introspect(&self, token: &str) -> Value {
        let (id, secret) = self.client("post");
        let form = [("token", token), ("client_id", id), ("client_secret", secret)];
        post_form(self.address("introspection_endpoint"), &[], &form).json()
    }

    /// What happened so far: objects with `event` (`granted`, `refused`, `rotated`, `family_revoked`), `client`,
    /// `grant`, and `error` where there was one.
    pub(crate) fn events(&self) -> Vec<Value> {
        get(self.address("events")).json().as_array().cloned().unwrap_or_default()
    }

    /// How many events of this kind there were.
    pub(crate) fn count(&self, event: &str) -> usize {
        self.events().iter().filter(|held| held["event"] == event).count()
    }

    /// Signs in with the browser, without an app: opens `address` and waits until it has landed.
    pub(crate) fn sign_in(&self, command: &mut Command, address: &str) {
        assert!(address.starts_with(self.address("issuer")), "an address of this server");
        let output = finish(command.arg(address), "", Duration::from_mins(1));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
