//! Requests to the team vault: one at a time, with its token, and repeated only if that is harmless.
//!
//! A write names the version that it replaces, so repeating it never replaces anyone else's. Whether a write
//! without an answer arrived is settled by reading.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use zeroize::Zeroizing;

use super::credentials::{Credentials, SavedToken};
use crate::base::failpoint::reach;
use crate::base::secret::SecretText;
use crate::domain::oauth::http_request::{HttpRequest, Method};
use crate::domain::refusal::transport::Unreachable;
use crate::domain::team::kv::{self, Headers, Version};
use crate::domain::team::policy;
use crate::domain::team::{AuthMethod, Connection, Role, TeamError};

/// How long a request is repeated while a cluster elects another leader, which takes up to three seconds.
const BRIEF: Duration = Duration::from_secs(6);
/// How long it is tried to learn whether a write arrived.
const SETTLING: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(200);
/// From this difference on, clocks are said to differ.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(1);

/// A response of the vault.
pub struct TeamResponse {
    pub status: u16,
    pub body: Zeroizing<Vec<u8>>,
    /// The server's clock.
    pub date: Option<DateTime<Utc>>,
    /// By how much this computer's clock is ahead of the server's.
    pub ahead: Option<TimeDelta>,
    /// The server's state after this request, for [`Headers::index`].
    pub index: Option<String>,
}

/// Sends requests. Blocks.
pub trait Transport: Send {
    /// Sends a request once.
    ///
    /// # Errors
    /// [`Unreachable`] without a complete response.
    fn send(&mut self, request: &HttpRequest) -> Result<TeamResponse, Unreachable>;

    /// Sends requests that only read, several at a time.
    fn send_all(&mut self, requests: &[HttpRequest]) -> Vec<Result<TeamResponse, Unreachable>>;
}

/// A record as read.
pub(super) struct Read {
    /// `None` if its last version was deleted.
    pub(super) line: Option<SecretText>,
    pub(super) version: Version,
    /// How old that version is by the server's clock.
    pub(super) age: TimeDelta,
}

/// What a write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Done(Version),
    /// Another version was there.
    Conflict,
}

pub(super) struct KvClient {
    pub(super) connection: Connection,
    transport: Box<dyn Transport>,
    credentials: Credentials,
    token: Option<SavedToken>,
    /// Set when the token changed, until it is stored.
    is_token_new: bool,
    index: Option<String>,
    /// By how much this computer's clock is ahead of the server's; 0 up to a minute.
    pub(super) ahead: TimeDelta,
    role: Option<Role>,
    is_mount_checked: bool,
}

impl KvClient {
    pub(super) fn new(
        connection: Connection,
        credentials: Credentials,
        token: Option<SavedToken>,
        transport: Box<dyn Transport>,
    ) -> Self {
        Self {
            connection,
            transport,
            credentials,
            token,
            is_token_new: false,
            index: None,
            ahead: TimeDelta::zero(),
            role: None,
            is_mount_checked: false,
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        query: Option<&str>,
        body: Option<SecretText>,
    ) -> HttpRequest {
        let token = self.token.as_ref().map(|saved| &saved.token);
        let headers = Headers { token, index: self.index.as_deref() };
        kv::request(&self.connection, method, path, query, body, headers)
    }

    fn send(&mut self, request: &HttpRequest) -> Result<TeamResponse, TeamError> {
        let answer = self.transport.send(request).map_err(TeamError::Unreachable)?;
        if answer.index.is_some() {
            self.index.clone_from(&answer.index);
        }
        self.compare_clocks(answer.ahead);
        Ok(answer)
    }

    /// A known difference is kept while it is about the same: a record that is read back must have the same
    /// times.
    fn compare_clocks(&mut self, ahead: Option<TimeDelta>) {
        let Some(ahead) = ahead.filter(|ahead| (*ahead - self.ahead).abs() > CLOCKS_DIFFER) else { return };
        let is_small = ahead.abs() <= CLOCKS_DIFFER;
        self.ahead = if is_small { TimeDelta::zero() } else { TimeDelta::seconds(ahead.num_seconds()) };
    }

    /// Repeats an attempt while its error is brief.
    fn patiently<T>(
        &mut self,
        limit: Duration,
        mut attempt: impl FnMut(&mut Self) -> Result<T, TeamError>,
    ) -> Result<T, TeamError> {
        let started = Instant::now();
        loop {
            match attempt(self) {
                Err(error) if error.is_brief() && started.elapsed() < limit => std::thread::sleep(PAUSE),
                done => return done,
            }
        }
    }

    /// Runs an attempt with a token; signs in again once if the token is not valid any more and the
    /// credentials are at hand.
    fn with_token<T>(
        &mut self,
        limit: Duration,
        mut attempt: impl FnMut(&mut Self) -> Result<T, TeamError>,
    ) -> Result<T, TeamError> {
        if self.token.is_none() {
            self.patiently(limit, Self::sign_in)?;
        }
        match self.patiently(limit, &mut attempt) {
            Err(TeamError::Denied) => {
                // A missing permission and an expired token are both refused with 403.
                match self.patiently(limit, Self::look_up) {
                    Ok(()) => Err(self.denied()),
                    Err(TeamError::TokenExpired) if self.credentials.can_repeat() => {
                        self.patiently(limit, Self::sign_in)?;
                        self.patiently(limit, &mut attempt)
                    }
                    Err(error) => Err(error),
                }
            }
            done => done,
        }
    }

    /// Tells a missing mount from a missing permission.
    fn denied(&mut self) -> TeamError {
        match self.mount_state() {
            Err(
                error @ (TeamError::WrongMount(_) | TeamError::KvVersion1(_) | TeamError::MountDenied(_)),
            ) => error,
            _ => TeamError::Denied,
        }
    }
}

/// The vault's own token.
impl KvClient {
    /// Signs in with the credentials.
    ///
    /// # Errors
    /// [`TeamError::SignInRefused`], or what keeps the request from being answered.
    fn sign_in(&mut self) -> Result<(), TeamError> {
        self.token = None;
        let token = match self.credentials.login()? {
            Ok(token) => token,
            Err((path, body)) => {
                let request = self.request(Method::Post, &path, None, Some(body));
                let answer = self.send(&request)?;
                kv::read_login(answer.status, &answer.body)?
            }
        };
        self.token = Some(SavedToken { token, expires_at: None, ttl_secs: 0, renewable: false });
        self.is_token_new = true;
        match self.look_up() {
            Ok(()) => Ok(()),
            Err(TeamError::TokenExpired) => {
                self.token = None;
                Err(if self.credentials.can_repeat() {
                    TeamError::SignInRefused
                } else {
                    TeamError::TokenExpired
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Signs in for the first time.
    pub(super) fn connect(&mut self) -> Result<(), TeamError> {
        match self.patiently(BRIEF, Self::sign_in) {
            Err(TeamError::TokenExpired) => Err(TeamError::SignInRefused),
            done => done,
        }
    }

    /// Learns how long the token is valid.
    ///
    /// # Errors
    /// [`TeamError::TokenExpired`] if it is not valid.
    fn look_up(&mut self) -> Result<(), TeamError> {
        let request = self.request(Method::Get, "auth/token/lookup-self", None, None);
        let answer = self.send(&request)?;
        let life = kv::read_token_life(answer.status, &answer.body)?;
        if let Some(saved) = &mut self.token {
            (saved.expires_at, saved.renewable) = (life.expire_time, life.renewable);
            saved.ttl_secs = life.creation_ttl;
        }
        Ok(())
    }

    /// Renews the token if less than half of its life is left. A refusal is no error: the token may still be
    /// valid until its end.
    pub(super) fn keep_token(&mut self, now: DateTime<Utc>) -> Result<(), TeamError> {
        let Some(saved) = &self.token else { return self.patiently(BRIEF, Self::sign_in) };
        let Some(end) = saved.expires_at else { return Ok(()) };
        if (end - now) * 2 > TimeDelta::seconds(saved.ttl_secs) {
            return Ok(());
        }
        if saved.renewable && now < end {
            let body = SecretText::new("{}".to_owned());
            let request = self.request(Method::Post, "auth/token/renew-self", None, Some(body));
            let renewed = self.send(&request)?;
            if renewed.status == 200 {
                self.is_token_new = true;
                return self.look_up();
            }
        }
        let is_at_its_end = (end - now) * 10 < TimeDelta::seconds(saved_ttl(self.token.as_ref()));
        if is_at_its_end && self.credentials.can_repeat() {
            return self.patiently(BRIEF, Self::sign_in);
        }
        Ok(())
    }

    /// The token if it changed since the last call.
    pub(super) fn take_new_token(&mut self) -> Option<SavedToken> {
        let is_new = std::mem::take(&mut self.is_token_new);
        self.token.as_ref().filter(|_| is_new).map(SavedToken::duplicate)
    }

    pub(super) fn token_expires_at(&self) -> Option<DateTime<Utc>> {
        self.token.as_ref().and_then(|saved| saved.expires_at)
    }

    /// Ends a token that Keyfob obtained itself.
    pub(super) fn revoke_token(&mut self) -> Result<(), TeamError> {
        if self.connection.auth == AuthMethod::Token || self.token.is_none() {
            return Ok(());
        }
        let body = SecretText::new("{}".to_owned());
        let request = self.request(Method::Post, "auth/token/revoke-self", None, Some(body));
        self.send(&request).map(drop)
    }

    /// The member's role, by the token's capabilities.
    ///
    /// # Errors
    /// [`TeamError::Denied`] if the token may not even use an account.
    pub(super) fn role(&mut self) -> Result<Role, TeamError> {
        if let Some(role) = self.role {
            return Ok(role);
        }
        let probes = policy::probes(&self.connection.mount, &self.connection.prefix);
        let body = serde_json::json!({ "paths": probes }).to_string();
        let found = self.with_token(BRIEF, |client| {
            let body = SecretText::new(body.clone());
            let request = client.request(Method::Post, "sys/capabilities-self", None, Some(body));
            let answer = client.send(&request)?;
            kv::read_capabilities(answer.status, &answer.body)
        })?;
        let role = policy::role_of(&probes, &found).ok_or_else(|| self.denied())?;
        self.role = Some(role);
        Ok(role)
    }

    fn mount_state(&mut self) -> Result<(), TeamError> {
        let mount = self.connection.mount.clone();
        let path = format!("sys/internal/ui/mounts/{mount}");
        self.patiently(BRIEF, |client| {
            let request = client.request(Method::Get, &path, None, None);
            let answer = client.send(&request)?;
            kv::check_mount(answer.status, &answer.body, &mount)
        })
    }

    /// Checks, once, that the mount is a KV engine of version 2: version 1 would take a write without
    /// check-and-set.
    pub(super) fn check_mount(&mut self) -> Result<(), TeamError> {
        if !self.is_mount_checked {
            if self.token.is_none() {
                self.patiently(BRIEF, Self::sign_in)?;
            }
            if let Err(error) = self.mount_state() {
                // An expired token is refused in the same way.
                return Err(match self.look_up() {
                    Err(TeamError::TokenExpired) => TeamError::TokenExpired,
                    _ => error,
                });
            }
            self.is_mount_checked = true;
        }
        Ok(())
    }

    /// Whether the server responds, and whether it is sealed. Sends no token.
    pub(super) fn health(&mut self) -> (bool, Option<bool>) {
        // A namespace has no health of its own.
        let root = Connection { namespace: None, ..self.connection.clone() };
        let request = kv::request(&root, Method::Get, "sys/health", None, None, Headers::default());
        match self.transport.send(&request) {
            Ok(answer) => (true, kv::is_sealed(&answer.body)),
            Err(_) => (false, None),
        }
    }

    /// Requests the sign-in link of an OIDC sign-in.
    pub(super) fn auth_url(&mut self, redirect_uri: &str, nonce: &str) -> Result<url::Url, TeamError> {
        let body = serde_json::json!({ "role": "", "redirect_uri": redirect_uri, "client_nonce": nonce });
        let body = SecretText::new(body.to_string());
        let request = self.request(Method::Post, "auth/oidc/oidc/auth_url", None, Some(body));
        let answer = self.send(&request)?;
        kv::read_auth_url(answer.status, &answer.body)
    }

    /// Finishes an OIDC sign-in with what the browser brought back. The vault takes these as a query.
    pub(super) fn oidc_callback(&mut self, query: &str) -> Result<SecretText, TeamError> {
        let request = self.request(Method::Get, "auth/oidc/oidc/callback", Some(query), None);
        let answer = self.send(&request)?;
        kv::read_login(answer.status, &answer.body)
    }
}

fn saved_ttl(saved: Option<&SavedToken>) -> i64 {
    saved.map_or(0, |saved| saved.ttl_secs)
}

/// Records.
impl KvClient {
    fn path(&self, kind: &str, rest: &str) -> String {
        format!("{}/{kind}/{}/{rest}", self.connection.mount, self.connection.prefix)
    }

    /// Reads a record; `Ok(None)` if there is none.
    pub(super) fn read(&mut self, record: &str) -> Result<Option<Read>, TeamError> {
        let path = self.path("data", record);
        self.with_token(BRIEF, |client| client.read_once(&path))
    }

    fn read_once(&mut self, path: &str) -> Result<Option<Read>, TeamError> {
        let request = self.request(Method::Get, path, None, None);
        let answer = self.send(&request)?;
        read_of(&answer, &self.connection.mount)
    }

    /// Reads several records at a time.
    pub(super) fn read_all(&mut self, records: &[String]) -> Result<Vec<Option<Read>>, TeamError> {
        let mut found = Vec::with_capacity(records.len());
        // The first alone, which settles whether the token is valid.
        let Some((first, rest)) = records.split_first() else { return Ok(found) };
        found.push(self.read(first)?);
        let paths: Vec<_> = rest.iter().map(|record| self.path("data", record)).collect();
        let requests: Vec<_> = paths.iter().map(|path| self.request(Method::Get, path, None, None)).collect();
        for (answer, record) in self.transport.send_all(&requests).into_iter().zip(rest) {
            let read = answer
                .map_err(TeamError::Unreachable)
                .and_then(|answer| read_of(&answer, &self.connection.mount));
            found.push(match read {
                Err(error) if error.is_brief() => self.read(record)?,
                read => read?,
            });
        }
        Ok(found)
    }

    /// Writes a record if its version is `version`; 0 means that there must be none. A write without an answer
    /// is settled by reading.
    pub(super) fn write(
        &mut self,
        record: &str,
        version: u64,
        line: &SecretText,
    ) -> Result<Written, TeamError> {
        self.check_mount()?;
        let path = self.path("data", record);
        let started = Instant::now();
        loop {
            let written = self.with_token(Duration::ZERO, |client| {
                let request = client.request(Method::Post, &path, None, Some(body_of(version, line)));
                let answer = client.send(&request)?;
                reach("team: a write was answered");
                kv::read_written(answer.status, &answer.body, &client.connection.mount)
            });
            let error = match written {
                Ok(version) => return Ok(Written::Done(version)),
                Err(error) => error,
            };
            let is_unsure = error.is_brief() || error == TeamError::Conflict;
            if !is_unsure {
                return Err(error);
            }
            // A conflict may be with an earlier attempt of this write, or with a standby's older state.
            let found = self.with_token(SETTLING, |client| client.read_once(&path))?;
            match found {
                Some(found) if found.line.as_ref().is_some_and(|there| is_same_data(there, line)) => {
                    return Ok(Written::Done(found.version));
                }
                found if found.as_ref().map_or(0, |found| found.version.number) != version => {
                    return Ok(Written::Conflict);
                }
                _ if started.elapsed() > SETTLING => return Err(error),
                _ => std::thread::sleep(PAUSE),
            }
        }
    }

    /// Destroys versions of a record.
    pub(super) fn destroy(&mut self, record: &str, versions: &[u64]) -> Result<(), TeamError> {
        let path = self.path("destroy", record);
        let body = serde_json::json!({ "versions": versions }).to_string();
        self.with_token(BRIEF, |client| {
            let request = client.request(Method::Post, &path, None, Some(SecretText::new(body.clone())));
            client.done(&request)
        })
    }

    /// Deletes a record with all its versions.
    pub(super) fn delete(&mut self, record: &str) -> Result<(), TeamError> {
        self.check_mount()?;
        let path = self.path("metadata", record);
        self.with_token(BRIEF, |client| {
            let request = client.request(Method::Delete, &path, None, None);
            client.done(&request)
        })
    }

    fn done(&mut self, request: &HttpRequest) -> Result<(), TeamError> {
        let answer = self.send(request)?;
        match answer.status {
            200 | 204 => Ok(()),
            status => Err(kv::error_of(status, &answer.body, &self.connection.mount)),
        }
    }

    /// The names below a folder.
    pub(super) fn list(&mut self, folder: &str) -> Result<Vec<String>, TeamError> {
        let path = self.path("metadata", folder);
        self.with_token(BRIEF, |client| {
            let request = client.request(Method::Get, &path, Some("list=true"), None);
            let answer = client.send(&request)?;
            kv::read_names(answer.status, &answer.body, &client.connection.mount)
        })
    }
}

fn read_of(answer: &TeamResponse, mount: &str) -> Result<Option<Read>, TeamError> {
    let Some(found) = kv::read_record(answer.status, &answer.body, mount)? else { return Ok(None) };
    let age = answer
        .date
        .map_or(TimeDelta::zero(), |now| (now - found.version.created_time).max(TimeDelta::zero()));
    let line = found.data.map(|text| SecretText::new(text.to_owned()));
    Ok(Some(Read { line, version: found.version, age }))
}

fn body_of(version: u64, line: &SecretText) -> SecretText {
    let head = format!("{{\"options\":{{\"cas\":{version}}},\"data\":");
    let mut body = String::with_capacity(head.len() + line.len_bytes() + 1);
    body.push_str(&head);
    body.push_str(line.expose());
    body.push('}');
    SecretText::new(body)
}

/// Whether two objects are equal; the server sorts their keys.
fn is_same_data(one: &SecretText, other: &SecretText) -> bool {
    let (mut one, mut other) = (
        serde_json::from_str::<serde_json::Value>(one.expose()),
        serde_json::from_str::<serde_json::Value>(other.expose()),
    );
    let is_same = matches!((&one, &other), (Ok(one), Ok(other)) if one == other);
    [&mut one, &mut other].into_iter().flatten().for_each(wipe);
    is_same
}

/// Overwrites the texts of a value that was parsed.
fn wipe(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => zeroize::Zeroize::zeroize(text),
        serde_json::Value::Array(values) => values.iter_mut().for_each(wipe),
        serde_json::Value::Object(values) => values.values_mut().for_each(wipe),
        _ => {}
    }
}
