//! Requests to a KV version 2 secrets engine, and what its responses mean.
//!
//! <https://openbao.org/api-docs/secret/kv/kv-v2/>; `HashiCorp` Vault has the same API.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use super::{Connection, TeamError};
use crate::base::secret::SecretText;
use crate::domain::oauth::http_request::{HttpRequest, Method};

/// The three records of an account, and nothing else is below `accounts/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Record {
    Spec,
    Grant,
    Access,
}

impl Record {
    pub const ALL: [Self; 3] = [Self::Spec, Self::Grant, Self::Access];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spec => "spec",
            Self::Grant => "grant",
            Self::Access => "access",
        }
    }
}

/// The headers of every request: which token it has, and how fresh a response must be.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    pub token: Option<&'a SecretText>,
    /// The state after this client's last write, as the server gave it. A standby that has not got there yet
    /// forwards the request, where it would otherwise answer from an older state.
    pub index: Option<&'a str>,
}

/// A request for a path below `/v1/`. A body is JSON.
pub fn request(
    connection: &Connection,
    method: Method,
    path: &str,
    query: Option<&str>,
    body: Option<SecretText>,
    headers: Headers<'_>,
) -> HttpRequest {
    let mut request = HttpRequest::get(url_of(&connection.address, path, query));
    request.method = method;
    let mut add = |name: &str, value: &str| {
        request.headers.push((name.to_owned(), SecretText::new(value.to_owned())));
    };
    add("X-Vault-Request", "true");
    if let Some(token) = headers.token {
        add("X-Vault-Token", token.expose());
    }
    if let Some(namespace) = &connection.namespace {
        add("X-Vault-Namespace", namespace);
    }
    if let Some(index) = headers.index {
        add("X-Vault-Index", index);
        add("X-Vault-Inconsistent", "forward-active-node");
    }
    if let Some(body) = body {
        add("Content-Type", "application/json");
        request.body = body;
    }
    request
}

fn url_of(address: &Url, path: &str, query: Option<&str>) -> Url {
    let mut url = address.clone();
    let base = address.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{base}/v1/{path}"));
    url.set_query(query);
    url
}

#[derive(Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<String>,
}

/// Why a response is not a success.
pub fn error_of(status: u16, body: &[u8], mount: &str) -> TeamError {
    let errors = serde_json::from_slice::<Errors>(body).map(|it| it.errors).unwrap_or_default();
    let says = |word: &str| errors.iter().any(|error| error.contains(word));
    match status {
        503 if says("sealed") => TeamError::Sealed,
        400 if says("check-and-set") => TeamError::Conflict,
        400 if says("Waiting for the primary") => TeamError::BadAnswer(503),
        403 => TeamError::Denied,
        404 if says("no handler for route") => TeamError::WrongMount(mount.to_owned()),
        other => TeamError::BadAnswer(other),
    }
}

/// The version of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Version {
    #[serde(rename = "version")]
    pub number: u64,
    pub created_time: DateTime<Utc>,
}

/// A record as read; `data` is `None` if its last version was deleted.
#[derive(Debug)]
pub struct Stored<'a> {
    pub data: Option<&'a str>,
    pub version: Version,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
struct DataIn<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    metadata: Version,
}

/// Reads a response to a read of a record; `Ok(None)` if there is no such record.
pub fn read_record<'a>(status: u16, body: &'a [u8], mount: &str) -> Result<Option<Stored<'a>>, TeamError> {
    if status != 200 && status != 404 {
        return Err(error_of(status, body, mount));
    }
    match serde_json::from_slice::<Answer<DataIn<'a>>>(body) {
        Ok(Answer { data }) => {
            Ok(Some(Stored { data: data.data.map(RawValue::get), version: data.metadata }))
        }
        Err(_) if status == 404 => match error_of(404, body, mount) {
            TeamError::BadAnswer(_) => Ok(None),
            error => Err(error),
        },
        Err(_) => Err(TeamError::BadAnswer(200)),
    }
}

/// Reads a response to a write of a record.
pub fn read_written(status: u16, body: &[u8], mount: &str) -> Result<Version, TeamError> {
    if status != 200 {
        // Version 1 answers a write with 204 and no body.
        return Err(if status == 204 {
            TeamError::KvVersion1(mount.to_owned())
        } else {
            error_of(status, body, mount)
        });
    }
    let read = serde_json::from_slice::<Answer<Version>>(body);
    read.map(|answer| answer.data).map_err(|_| TeamError::BadAnswer(200))
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

/// Reads a list of names; a folder's name ends with a slash.
pub fn read_names(status: u16, body: &[u8], mount: &str) -> Result<Vec<String>, TeamError> {
    match status {
        200 => {
            let read = serde_json::from_slice::<Answer<Keys>>(body);
            read.map(|answer| answer.data.keys).map_err(|_| TeamError::BadAnswer(200))
        }
        404 => match error_of(404, body, mount) {
            TeamError::BadAnswer(_) => Ok(Vec::new()),
            error => Err(error),
        },
        _ => Err(error_of(status, body, mount)),
    }
}

#[derive(Deserialize)]
struct MountIn {
    #[serde(rename = "type")]
    kind: String,
    options: Option<BTreeMap<String, String>>,
}

/// Checks that a mount is a KV engine of version 2, from the response of `sys/internal/ui/mounts/MOUNT`.
pub fn check_mount(status: u16, body: &[u8], mount: &str) -> Result<(), TeamError> {
    match status {
        200 => {
            let read = serde_json::from_slice::<Answer<MountIn>>(body);
            let found = read.map_err(|_| TeamError::BadAnswer(200))?.data;
            let version = found.options.as_ref().and_then(|options| options.get("version"));
            match (found.kind.as_str(), version.map(String::as_str)) {
                ("kv" | "generic", Some("2")) => Ok(()),
                ("kv" | "generic", _) => Err(TeamError::KvVersion1(mount.to_owned())),
                _ => Err(TeamError::WrongMount(mount.to_owned())),
            }
        }
        403 => Err(TeamError::MountDenied(mount.to_owned())),
        404 => Err(TeamError::WrongMount(mount.to_owned())),
        _ => Err(error_of(status, body, mount)),
    }
}

/// A token of the vault itself, as `auth/token/lookup-self` describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct TokenLife {
    /// `None` if it never expires.
    pub expire_time: Option<DateTime<Utc>>,
    #[serde(default)]
    pub creation_ttl: i64,
    #[serde(default)]
    pub renewable: bool,
}

/// Reads the response of `auth/token/lookup-self`, which refuses a token that is not valid with 403.
pub fn read_token_life(status: u16, body: &[u8]) -> Result<TokenLife, TeamError> {
    match status {
        200 => {
            let read = serde_json::from_slice::<Answer<TokenLife>>(body);
            read.map(|answer| answer.data).map_err(|_| TeamError::BadAnswer(200))
        }
        403 => Err(TeamError::TokenExpired),
        _ => Err(error_of(status, body, "")),
    }
}

#[derive(Deserialize)]
struct Login {
    auth: Option<LoginAuth>,
}

#[derive(Deserialize)]
struct LoginAuth {
    client_token: String,
}

/// Reads the token from the response to a sign-in.
pub fn read_login(status: u16, body: &[u8]) -> Result<SecretText, TeamError> {
    match status {
        200 => {
            let read = serde_json::from_slice::<Login>(body).map_err(|_| TeamError::BadAnswer(200))?;
            let auth = read.auth.ok_or(TeamError::SignInRefused)?;
            Ok(SecretText::new(auth.client_token))
        }
        400..=404 => Err(TeamError::SignInRefused),
        _ => Err(error_of(status, body, "")),
    }
}

#[derive(Deserialize)]
struct AuthUrl {
    auth_url: String,
}

/// Reads the sign-in link of an OIDC sign-in; an empty one means a refused role or redirect URI.
pub fn read_auth_url(status: u16, body: &[u8]) -> Result<Url, TeamError> {
    if status != 200 {
        return Err(match status {
            400..=404 => TeamError::SignInRefused,
            _ => error_of(status, body, ""),
        });
    }
    let read = serde_json::from_slice::<Answer<AuthUrl>>(body).map_err(|_| TeamError::BadAnswer(200))?;
    Url::parse(&read.data.auth_url).map_err(|_| TeamError::SignInRefused)
}

/// Reads the capabilities of each path.
pub fn read_capabilities(status: u16, body: &[u8]) -> Result<BTreeMap<String, Vec<String>>, TeamError> {
    if status != 200 {
        return Err(error_of(status, body, ""));
    }
    let read = serde_json::from_slice::<Answer<BTreeMap<String, Vec<String>>>>(body);
    read.map(|answer| answer.data).map_err(|_| TeamError::BadAnswer(200))
}

#[derive(Deserialize)]
struct Health {
    sealed: bool,
}

/// Whether the server is sealed, from the response of `sys/health`.
pub fn is_sealed(body: &[u8]) -> Option<bool> {
    serde_json::from_slice::<Health>(body).ok().map(|health| health.sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_own_meaning() {
        for (status, body, meant) in [
            (503, r#"{"errors":["Vault is sealed"]}"#, TeamError::Sealed),
            (403, r#"{"errors":["permission denied"]}"#, TeamError::Denied),
            (
                400,
                r#"{"errors":["check-and-set parameter did not match the current version"]}"#,
                TeamError::Conflict,
            ),
            (
                404,
                r#"{"errors":["no handler for route \"kv/data/x\". route entry not found."]}"#,
                TeamError::WrongMount("kv".to_owned()),
            ),
            (
                500,
                r#"{"errors":["local node not active but active cluster node not found"]}"#,
                TeamError::BadAnswer(500),
            ),
            (502, "<html>", TeamError::BadAnswer(502)),
        ] {
            assert_eq!(error_of(status, body.as_bytes(), "kv"), meant, "{body}");
        }
    }

    #[test]
    fn a_missing_a_deleted_and_a_present_record_are_told_apart() {
        let read = |status, body: &'static str| read_record(status, body.as_bytes(), "kv");
        assert!(read(404, r#"{"errors":[]}"#).unwrap().is_none());
        let deleted = r#"{"data":{"data":null,"metadata":{"created_time":"2026-01-02T03:04:05.123456789Z","version":4,"deletion_time":"2026-01-02T03:04:06Z"}}}"#;
        let found = read(404, deleted).unwrap().unwrap();
        assert_eq!((found.data, found.version.number), (None, 4));
        let there =
            r#"{"data":{"data":{"a":1},"metadata":{"created_time":"2026-01-02T03:04:05Z","version":5}}}"#;
        assert_eq!(read(200, there).unwrap().unwrap().data, Some(r#"{"a":1}"#));
        assert!(matches!(read(404, r#"{"errors":["no handler for route"]}"#), Err(TeamError::WrongMount(_))));
    }

    #[test]
    fn a_mount_of_version_1_is_not_written_to() {
        let check = |body: &str| check_mount(200, body.as_bytes(), "kv");
        assert_eq!(check(r#"{"data":{"type":"kv","options":{"version":"2"}}}"#), Ok(()));
        for body in [
            r#"{"data":{"type":"kv","options":{"version":"1"}}}"#,
            r#"{"data":{"type":"kv","options":null}}"#,
        ] {
            assert_eq!(check(body), Err(TeamError::KvVersion1("kv".to_owned())));
        }
        assert_eq!(
            check(r#"{"data":{"type":"pki","options":null}}"#),
            Err(TeamError::WrongMount("kv".to_owned()))
        );
        assert_eq!(read_written(204, b"", "kv"), Err(TeamError::KvVersion1("kv".to_owned())));
    }
}
