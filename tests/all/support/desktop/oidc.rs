//! A certified OIDC provider on loopback, and a browser that signs in there.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::bus::Bus;
use super::http::{get, post_form};
use super::process::{Running, finish};
use super::rig_file;

/// The value for `BROWSER`: opens a URL in headless Chromium, fills in the forms, and ends on loopback. With
/// `KEYFOB_BROWSER_SHOTS=folder` it keeps screenshots, and `landed.json` about the last page; with
/// `KEYFOB_BROWSER_ACT=no` it presses *Cancel*.
pub(crate) fn browser() -> String {
    rig_file("oidc/browser.mjs")
}

/// A running `server.mjs`: requires PKCE, rotates refresh tokens, and revokes the family of a reused one.
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

    /// One of its URLs: `issuer`, `authorization_endpoint`, `token_endpoint`, `introspection_endpoint`,
    /// `revocation_endpoint`, `userinfo_endpoint`, `jwks_uri`, `events`.
    pub(crate) fn address(&self, name: &str) -> &str {
        self.about[name].as_str().unwrap_or_else(|| panic!("no address {name}"))
    }

    /// The ID and the secret of a client: `basic`, `post`, `public` (its secret is empty) or `machine`
    /// (`client_credentials` only). The redirect URIs of the others are `/` and `/callback` on any loopback
    /// port.
    pub(crate) fn client(&self, name: &str) -> (&str, &str) {
        let client = &self.about["clients"][name];
        let id = client["client_id"].as_str().unwrap_or_else(|| panic!("no client {name}"));
        (id, client["client_secret"].as_str().unwrap_or(""))
    }

    /// Another part of its first line of output: `private_keys`, by algorithm.
    pub(crate) fn about(&self, name: &str) -> &Value {
        &self.about[name]
    }

    /// The introspection response for a token; `active` is whether it is valid.
    pub(crate) fn introspect(&self, token: &str) -> Value {
        let (id, secret) = self.client("post");
        let form = [("token", token), ("client_id", id), ("client_secret", secret)];
        post_form(self.address("introspection_endpoint"), &[], &form).json()
    }

    /// All events so far: objects with `event` (`granted`, `refused`, `rotated`, `family_revoked`), `client`,
    /// `grant`, and `error` if there was one.
    pub(crate) fn events(&self) -> Vec<Value> {
        get(self.address("events")).json().as_array().cloned().unwrap_or_default()
    }

    /// The number of events of this kind.
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
