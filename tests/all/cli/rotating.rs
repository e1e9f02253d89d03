//! A server with rotation that revokes the family when a refresh token is reused.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::server::{Request, Response, ScriptedServer};

pub(crate) const CAR: &str = "car";
pub(crate) const BOT: &str = "bot";

/// The state of a rotating family: one refresh token is valid, and reuse revokes all.
#[derive(Default)]
struct Family {
    issued: usize,
    good: Option<String>,
    used: HashSet<String>,
    is_revoked: bool,
    /// The delay of each response.
    delay: Duration,
}

pub(crate) struct Rotating {
    server: ScriptedServer,
    family: Arc<Mutex<Family>>,
    pub(crate) canary: String,
}

impl Rotating {
    pub(crate) fn start() -> Self {
        let (canary, family) = (canary(), Arc::new(Mutex::new(Family::default())));
        let (mark, known) = (canary.clone(), Arc::clone(&family));
        let server = ScriptedServer::judging(move |request: &Request| {
            let form = request.form();
            let sent = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
            let mut family = known.lock().unwrap();
            family.issued += 1;
            let number = family.issued;
            let refused = || Response::json(400, r#"{"error":"invalid_grant"}"#);
            match sent("grant_type").as_deref() {
                Some("authorization_code") => {
                    family.is_revoked = false;
                    family.used.clear();
                }
                Some("refresh_token") => {
                    let token = sent("refresh_token").unwrap_or_default();
                    if family.used.contains(&token) {
                        family.is_revoked = true;
                    }
                    if family.is_revoked || family.good.as_ref() != Some(&token) {
                        return refused();
                    }
                    family.used.insert(token);
                }
                _ => {
                    let body = format!(r#"{{"access_token":"bot-{number}-{mark}","expires_in":3600}}"#);
                    return Response::json(200, body);
                }
            }
            let refresh = format!("rt-{number}-{mark}");
            family.good = Some(refresh.clone());
            let body = format!(
                r#"{{"access_token":"at-{number}-{mark}","refresh_token":"{refresh}","expires_in":3600}}"#
            );
            Response::json(200, body).after(family.delay)
        });
        Self { server, family, canary }
    }

    pub(crate) fn accounts(&self) -> String {
        [
            AccountToml::new(CAR, "authorization_code").on(&self.server, &["authorize", "token"]),
            AccountToml::new(BOT, "client_credentials").on(&self.server, &["token"]),
        ]
        .map(|account| account.secret(&format!("s-{}", self.canary)).to_string())
        .concat()
    }

    pub(crate) fn heard(&self) -> Vec<String> {
        self.server.requests().iter().map(Request::whole).collect()
    }

    /// The number of used refresh tokens.
    pub(crate) fn spent(&self) -> usize {
        self.family.lock().unwrap().used.len()
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.family.lock().unwrap().is_revoked
    }

    /// The number of requests, whatever their result.
    pub(crate) fn asked(&self) -> usize {
        self.family.lock().unwrap().issued
    }

    /// Delays each response from now on.
    pub(crate) fn slow_down(&self, delay: Duration) {
        self.family.lock().unwrap().delay = delay;
    }
}
