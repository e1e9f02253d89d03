//! A server with rotation that revokes the family when a refresh token is reused after its grace.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::account_toml::AccountToml;
use crate::support::canary;
use crate::support::server::{Request, Response, ScriptedServer};

pub(crate) const CAR: &str = "car";

#[derive(Default)]
struct Family {
    issued: usize,
    /// The token that is valid, and what each used one was exchanged for.
    good: Option<String>,
    used: HashMap<String, (Instant, String)>,
    refreshes: usize,
    is_revoked: bool,
}

pub(crate) struct Rotation {
    server: ScriptedServer,
    family: Arc<Mutex<Family>>,
    grace: Duration,
    pub(crate) canary: String,
}

impl Rotation {
    /// Within the grace, a used refresh token gives the same response once more.
    pub(crate) fn with_grace(grace: Duration) -> Self {
        let (canary, family) = (canary(), Arc::new(Mutex::new(Family::default())));
        let (mark, known) = (canary.clone(), Arc::clone(&family));
        let server = ScriptedServer::judging(move |request: &Request| {
            let form = request.form();
            let sent = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
            let mut family = known.lock().unwrap();
            if let Some(token) = sent("refresh_token") {
                let again = family.used.get(&token).cloned();
                match again {
                    Some((at, body)) if at.elapsed() < grace && !family.is_revoked => {
                        return Response::json(200, body);
                    }
                    Some(_) => family.is_revoked = true,
                    None => {}
                }
                if family.is_revoked || family.good.as_ref() != Some(&token) {
                    return Response::json(400, r#"{"error":"invalid_grant"}"#);
                }
            } else {
                (family.is_revoked, family.used) = (false, HashMap::new());
            }
            family.issued += 1;
            let number = family.issued;
            let refresh = format!("rt-{number}-{mark}");
            let body = format!(
                r#"{{"access_token":"at-{number}-{mark}","refresh_token":"{refresh}","expires_in":3600}}"#
            );
            if let Some(token) = sent("refresh_token") {
                family.refreshes += 1;
                family.used.insert(token, (Instant::now(), body.clone()));
            }
            family.good = Some(refresh);
            Response::json(200, body)
        });
        Self { server, family, grace, canary }
    }

    pub(crate) fn start() -> Self {
        Self::with_grace(Duration::ZERO)
    }

    pub(crate) fn account(&self) -> String {
        self.account_named(CAR)
    }

    pub(crate) fn account_named(&self, name: &str) -> String {
        let account = AccountToml::new(name, "authorization_code").on(&self.server, &["authorize", "token"]);
        let account = account.secret(&format!("s-{}", self.canary));
        match self.grace.as_secs() {
            0 => account.to_string(),
            grace => account.raw("refresh", &format!("{{ retry_grace_secs = {grace} }}")).to_string(),
        }
    }

    pub(crate) fn refreshes(&self) -> usize {
        self.family.lock().unwrap().refreshes
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.family.lock().unwrap().is_revoked
    }
}
