//! HTTP log entries: a request and its outcome, redacted.
//!
//! Invariant: entries are made only by [`HttpLogEntry::new`], which keeps what [`super::redaction`] allows;
//! nothing in them is secret.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded;

use super::redaction;
use super::redaction::Redactor;
use crate::base::secret::SecretText;
use crate::domain::oauth::http_request::HttpRequest;
use crate::domain::oauth::response_body::{Parsed, ResponseBody};
use crate::domain::refusal::transport::Unreachable;
use crate::domain::time_parse;

/// The number of entries kept per account.
pub const KEPT: usize = 10;
const BODY_MAX_LINES: usize = 200;
const HEADERS_MAX: usize = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// A token by a grant.
    Token,
    /// A token by the refresh token.
    Refresh,
    /// A device code (RFC 8628).
    Device,
    /// A poll with the device code.
    Poll,
    /// A pushed authorization request (RFC 9126).
    Par,
    /// Revocation (RFC 7009).
    Revoke,
    /// Introspection (RFC 7662).
    Introspect,
    UserInfo,
    /// A server's metadata or keys.
    Metadata,
    /// The registration of a client, its update or its deletion (RFC 7591, RFC 7592).
    Registration,
    /// A request of the user's own to the API.
    Api,
}

impl RequestKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Refresh => "refresh",
            Self::Device => "device",
            Self::Poll => "poll",
            Self::Par => "par",
            Self::Revoke => "revoke",
            Self::Introspect => "introspect",
            Self::UserInfo => "user_info",
            Self::Metadata => "metadata",
            Self::Registration => "registration",
            Self::Api => "api",
        }
    }
}

/// A request and its outcome. Hidden values are replaced by their length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpLogEntry {
    pub kind: RequestKind,
    #[serde(deserialize_with = "time_parse::stored")]
    pub sent_at: DateTime<Utc>,
    pub took_ms: u64,
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: SentBody,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SentBody {
    Empty,
    Form(Vec<(String, String)>),
    /// A JSON object with text values.
    Json(Vec<(String, String)>),
    /// Anything else, as its length.
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Answered {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
    /// No complete response.
    Unreached {
        why: String,
        /// A byte of the request may have reached the server.
        may_have_been_sent: bool,
    },
}

#[derive(Clone, Copy)]
pub struct Received<'a> {
    pub status: u16,
    pub headers: &'a [(String, SecretText)],
    pub body: &'a ResponseBody,
}

/// Inserts an entry before the others and drops the oldest beyond the limit. A poll replaces the previous
/// poll: there may be hundreds, all alike.
pub fn keep(kept: &mut Vec<HttpLogEntry>, entry: HttpLogEntry) {
    if entry.kind == RequestKind::Poll && kept.first().is_some_and(|last| last.kind == RequestKind::Poll) {
        kept.remove(0);
    }
    kept.insert(0, entry);
    kept.truncate(KEPT);
}

impl HttpLogEntry {
    /// Makes an entry from a request and its outcome. `secrets` are removed wherever they occur; any other
    /// value that is unexpected in its place is hidden.
    pub fn new(
        kind: RequestKind,
        request: &HttpRequest,
        secrets: &[&str],
        times: (DateTime<Utc>, DateTime<Utc>),
        received: Result<Received<'_>, &Unreachable>,
    ) -> Self {
        let mut redactor = Redactor::new(secrets.iter().copied());
        for (name, value) in &request.headers {
            redactor.see_header(name, value.expose());
        }
        let sent = Sent::read(request);
        for (name, value) in sent.fields() {
            redactor.see(name, value);
        }
        redactor.seen_was_sent();
        let answer = received.as_ref().ok().map(|received| Answered::read(received.body));
        match &answer {
            Some(Answered::Json(value)) => redactor.see_json("", value),
            Some(Answered::Form(fields)) => fields.iter().for_each(|(name, value)| redactor.see(name, value)),
            _ => {}
        }
        let took = times.1.signed_duration_since(times.0).num_milliseconds();
        Self {
            kind,
            sent_at: times.0,
            took_ms: u64::try_from(took).unwrap_or(0),
            method: request.method.as_str().to_owned(),
            url: redactor.address(&request.url),
            headers: headers(&redactor, &request.headers),
            body: sent.redacted(&redactor),
            outcome: match received {
                Ok(received) => Outcome::Answered {
                    status: received.status,
                    headers: headers(&redactor, received.headers),
                    body: match answer {
                        _ if received.body.is_too_large() => "…(more than 1 MiB)".to_owned(),
                        Some(answer) => answer.redacted(&redactor),
                        None => String::new(),
                    },
                },
                Err(unreached) => Outcome::Unreached {
                    why: unreached.kind.to_string(),
                    may_have_been_sent: unreached.may_have_been_sent,
                },
            },
        }
    }
}

fn headers(redactor: &Redactor, headers: &[(String, SecretText)]) -> Vec<(String, String)> {
    let shown = headers.iter().take(HEADERS_MAX);
    shown.map(|(name, value)| (redactor.header_name(name), redactor.header(name, value.expose()))).collect()
}

enum Sent {
    Empty,
    Form(Vec<(String, String)>),
    Json(Vec<(String, String)>),
    Other(String),
}

impl Sent {
    fn read(request: &HttpRequest) -> Self {
        let text = request.body.expose();
        if text.is_empty() {
            return Self::Empty;
        }
        let is_json = request.headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("content-type") && value.expose().contains("json")
        });
        if !is_json {
            return Self::Form(form_urlencoded::parse(text.as_bytes()).into_owned().collect());
        }
        match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(fields)) => {
                let text = |value: Value| match value {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                Self::Json(fields.into_iter().map(|(name, value)| (name, text(value))).collect())
            }
            _ => Self::Other(redaction::hidden(text)),
        }
    }

    fn fields(&self) -> &[(String, String)] {
        match self {
            Self::Form(fields) | Self::Json(fields) => fields,
            Self::Empty | Self::Other(_) => &[],
        }
    }

    fn redacted(self, redactor: &Redactor) -> SentBody {
        let shown = |fields: Vec<(String, String)>| {
            let shown = fields.iter().map(|(name, value)| (redactor.name(name), redactor.text(name, value)));
            shown.collect()
        };
        match self {
            Self::Empty => SentBody::Empty,
            Self::Form(fields) => SentBody::Form(shown(fields)),
            Self::Json(fields) => SentBody::Json(shown(fields)),
            Self::Other(hidden) => SentBody::Other(hidden),
        }
    }
}

enum Answered<'a> {
    Json(&'a Value),
    Form(&'a [(String, String)]),
    Other(String),
}

impl<'a> Answered<'a> {
    fn read(body: &'a ResponseBody) -> Self {
        let text = body.text();
        match body.parsed() {
            _ if text.is_empty() => Self::Other(String::new()),
            Parsed::Json(value) => Self::Json(value),
            _ if text.starts_with('<') => Self::Other(redaction::hidden_of(text, "characters of a web page")),
            Parsed::Form(fields) if text.contains('=') && !text.contains('\n') => Self::Form(fields),
            Parsed::Form(_) | Parsed::Nothing => Self::Other(redaction::hidden(text)),
        }
    }

    fn redacted(self, redactor: &Redactor) -> String {
        match self {
            Self::Json(value) => {
                let mut lines = Lines { redactor, text: String::new(), count: 0 };
                lines.value("", value, 0);
                lines.text
            }
            Self::Form(fields) => {
                let shown = fields.iter().take(BODY_MAX_LINES);
                let line = |(name, value): &(String, String)| {
                    format!("{}={}", redactor.name(name), redactor.text(name, value))
                };
                shown.map(line).collect::<Vec<_>>().join("\n")
            }
            Self::Other(hidden) => hidden,
        }
    }
}

/// JSON in lines. `serde_json`'s own writer would merge two fields whose hidden names are equal.
struct Lines<'r> {
    redactor: &'r Redactor,
    text: String,
    count: usize,
}

impl Lines<'_> {
    fn value(&mut self, name: &str, value: &Value, depth: usize) {
        match value {
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (Some(name.as_str()), value));
                self.block(name, ('{', '}'), fields.collect(), depth);
            }
            Value::Array(items) => {
                let items = items.iter().map(|item| (None, item));
                self.block(name, ('[', ']'), items.collect(), depth);
            }
            Value::String(text) => {
                let shown = Value::String(self.redactor.text(name, text));
                self.text.push_str(&shown.to_string());
            }
            scalar => {
                let shown = self.redactor.scalar(name, scalar);
                self.text.push_str(&shown);
            }
        }
    }

    fn block(
        &mut self,
        name: &str,
        (open, close): (char, char),
        items: Vec<(Option<&str>, &Value)>,
        depth: usize,
    ) {
        self.text.push(open);
        let length = items.len();
        for (place, (field, item)) in items.into_iter().enumerate() {
            self.line(depth + 1);
            if self.count > BODY_MAX_LINES {
                let _ = write!(self.text, "…({} more)", length - place);
                break;
            }
            if let Some(field) = field {
                let shown = Value::String(self.redactor.name(field));
                let _ = write!(self.text, "{shown}: ");
            }
            self.value(field.unwrap_or(name), item, depth + 1);
            if place + 1 < length {
                self.text.push(',');
            }
        }
        if length > 0 {
            self.line(depth);
        }
        self.text.push(close);
    }

    fn line(&mut self, depth: usize) {
        self.count += 1;
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n("  ", depth));
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
