//! The vault against a server that is played.

use super::*;
use crate::domain::oauth::http_request::{HttpRequest, Method};
use crate::domain::refusal::transport::Unreachable;
use crate::domain::team::AuthMethod;
use crate::store::vault::records::tests::id;

/// A standby that answers reads from an older state, until a request names a later one.
struct Standby;

impl Standby {
    fn answer(request: &HttpRequest) -> (u16, String) {
        let (path, is_current) =
            (request.url.path(), request.headers.iter().any(|(name, _)| name == "X-Vault-Index"));
        let record = |version: u64, data: &str| {
            let metadata = format!(r#"{{"version":{version},"created_time":"2026-01-02T03:04:05Z"}}"#);
            (200, format!(r#"{{"data":{{"data":{{"v":{VERSION},{data}}},"metadata":{metadata}}}}}"#))
        };
        match (request.method, is_current) {
            (Method::Get, false) if path.ends_with("/grant") => {
                record(4, r#""generation":1,"claim":{"by":"otto","nonce":"n","at":"2026-01-02T03:04:05Z"}"#)
            }
            (Method::Get, true) if path.ends_with("/grant") => record(5, r#""generation":2"#),
            (Method::Post, _) if path.contains("/destroy/") => (204, String::new()),
            _ => (404, r#"{"errors":[]}"#.to_owned()),
        }
    }
}

impl Transport for Standby {
    fn send(&mut self, request: &HttpRequest) -> Result<TeamResponse, Unreachable> {
        let (status, body) = Self::answer(request);
        let index = (request.method == Method::Post).then(|| "opaque".to_owned());
        Ok(TeamResponse { status, body: body.into_bytes().into(), date: None, ahead: None, index })
    }

    fn send_all(&mut self, requests: &[HttpRequest]) -> Vec<Result<TeamResponse, Unreachable>> {
        requests.iter().map(|request| self.send(request)).collect()
    }
}

fn vault() -> TeamVault {
    let connection = Connection {
        address: "https://v.example:8200/".parse().unwrap(),
        mount: "secret".to_owned(),
        prefix: "keyfob".to_owned(),
        namespace: None,
        ca: None,
        auth: AuthMethod::Token,
        machine: "ana".to_owned(),
    };
    let token = SavedToken {
        token: SecretText::new("CANARY-token".to_owned()),
        expires_at: None,
        ttl_secs: 0,
        renewable: false,
    };
    TeamVault::new(connection, Credentials::Kept, Some(token), Box::new(Standby), Arc::default())
}

#[test]
fn m6_a_claim_in_an_older_state_of_a_standby_is_read_again_from_a_current_one() {
    let (mut vault, id) = (vault(), id(1));
    let stale = vault.grant_state(&id).unwrap().unwrap();
    assert_eq!((stale.generation, stale.claim.unwrap().by.as_str()), (1, "otto"));
    vault.catch_up(&id);
    let current = vault.grant_state(&id).unwrap().unwrap();
    assert_eq!((current.generation, current.claim), (2, None));
}
