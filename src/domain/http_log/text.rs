//! The HTTP log as text: for a terminal, a support ticket, a shell.
//!
//! Invariant: the output is made of log entries and settings that are not secret, redacted once more; a shell
//! splits a cURL command as intended.

use std::fmt::Write as _;

use chrono::SecondsFormat;
use url::Url;

use super::record::{HttpLogEntry, Outcome, SentBody};
use super::redaction::{Redactor, hidden, is_hidden};
use crate::domain::account::Settings;
use crate::domain::provider::spec::ProviderSpec;
use crate::domain::token::token_format::quoted;

/// The content of a report about an account.
#[derive(Debug, Clone, Copy)]
pub struct Reported<'a> {
    pub provider: &'a str,
    pub settings: &'a Settings,
    /// Its log entries, the newest first.
    pub entries: &'a [HttpLogEntry],
}

/// Formats a report that is safe for a support ticket: versions, provider, settings and log entries, without
/// the account's name, its client ID and any secret.
pub fn report(reported: &Reported<'_>) -> String {
    let redactor = Redactor::new([]);
    let Reported { provider, settings, entries } = *reported;
    let mut text = format!(
        "Keyfob {} on {} ({})\nProvider: {} ({})\nGrant: {}\n",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        redactor.prose(provider),
        redactor.prose(&settings.provider),
        settings.grant.as_str(),
    );
    for (name, value) in &settings.variables {
        let _ = writeln!(text, "{}: {}", redactor.prose(name), redactor.prose(value));
    }
    for (key, value) in chosen(&redactor, &settings.overrides) {
        let _ = writeln!(text, "{key}: {value}");
    }
    for entry in entries {
        let _ = write!(text, "\n{}", one(entry));
    }
    if entries.is_empty() {
        text.push_str("\nNo requests logged yet.\n");
    }
    text
}

fn chosen(redactor: &Redactor, spec: &ProviderSpec) -> Vec<(String, String)> {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(spec) else { return Vec::new() };
    let mut rows = Vec::new();
    for (key, value) in fields {
        flatten(redactor, &key, &value, &mut rows);
    }
    rows
}

fn flatten(redactor: &Redactor, key: &str, value: &serde_json::Value, rows: &mut Vec<(String, String)>) {
    use serde_json::Value;
    // A user's extra parameter or header may be an API key.
    let is_free = |key: &str| {
        ["request_headers.", "authorize_params.", "token_params."].iter().any(|free| key.starts_with(free))
    };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = redactor.prose(name);
                flatten(redactor, &format!("{key}.{name}"), value, rows);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let items: Vec<String> = items.iter().map(|item| redactor.prose(&text(item))).collect();
            rows.push((key.to_owned(), items.join(" ")));
        }
        Value::Array(_) | Value::Null => {}
        value if is_free(key) => {
            let name = key.split_once('.').map_or(key, |(_, name)| name);
            rows.push((key.to_owned(), redactor.text(name, &text(value))));
        }
        value => {
            let value = text(value);
            let shown = Url::parse(&value).ok().filter(Url::has_host);
            // With a template's braces it is not a URL yet, and its query may hold a key.
            let shown = shown.filter(|_| !value.contains('{')).map(|url| redactor.address(&url));
            let words = || match value.split_once('?').filter(|_| value.contains("://")) {
                Some((address, query)) => format!("{}?{}", redactor.prose(address), hidden(query)),
                None => redactor.prose(&value),
            };
            rows.push((key.to_owned(), shown.unwrap_or_else(words)));
        }
    }
}

/// Formats one entry in lines.
pub fn one(entry: &HttpLogEntry) -> String {
    let at = entry.sent_at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut text = format!("{at}  {}\n> {} {}\n", entry.kind.as_str(), entry.method, entry.url);
    lines(&mut text, "> ", &entry.headers);
    match &entry.body {
        SentBody::Empty => {}
        SentBody::Form(fields) | SentBody::Json(fields) => {
            text.push_str(">\n");
            for (name, value) in fields {
                let _ = writeln!(text, "> {name}={value}");
            }
        }
        SentBody::Other(body) => {
            let _ = writeln!(text, ">\n> {body}");
        }
    }
    match &entry.outcome {
        Outcome::Answered { status, headers, body } => {
            let _ = writeln!(text, "< HTTP {status} after {} ms", entry.took_ms);
            lines(&mut text, "< ", headers);
            if !body.is_empty() {
                text.push_str("<\n");
            }
            for line in body.lines() {
                let _ = writeln!(text, "< {line}");
            }
        }
        Outcome::Unreached { why, may_have_been_sent } => {
            let sent = if *may_have_been_sent { "the request may have arrived" } else { "nothing was sent" };
            let _ = writeln!(text, "< no response after {} ms: {why}; {sent}", entry.took_ms);
        }
    }
    text
}

fn lines(text: &mut String, mark: &str, headers: &[(String, String)]) {
    for (name, value) in headers {
        let _ = writeln!(text, "{mark}{name}: {value}");
    }
}

/// Formats the request as a cURL command. Each hidden value is a shell variable, such as `$CLIENT_SECRET`,
/// for the user to set.
pub fn curl(entry: &HttpLogEntry) -> String {
    let mut words = vec!["curl".to_owned(), "--request".to_owned(), entry.method.clone()];
    for (name, value) in &entry.headers {
        // cURL adds these itself.
        if ["content-length", "accept-encoding"].iter().any(|own| name.eq_ignore_ascii_case(own)) {
            continue;
        }
        if let (true, Some(_)) = (name.eq_ignore_ascii_case("authorization"), value.strip_prefix("Basic ")) {
            words.extend(["--user".to_owned(), "\"$CLIENT_ID:$CLIENT_SECRET\"".to_owned()]);
            continue;
        }
        words.push("--header".to_owned());
        words.push(match value.split_once(' ') {
            Some((scheme @ ("Bearer" | "DPoP"), rest)) if is_hidden(rest) => {
                format!("\"{}: {scheme} $ACCESS_TOKEN\"", escaped(name))
            }
            _ => word(&format!("{name}: "), name, value),
        });
    }
    match &entry.body {
        SentBody::Empty => {}
        SentBody::Form(fields) => {
            for (name, value) in fields {
                words.push("--data-urlencode".to_owned());
                words.push(word(&format!("{name}="), name, value));
            }
        }
        SentBody::Json(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let name_text = serde_json::Value::String(name.clone()).to_string();
                if is_hidden(value) {
                    format!("{}:\\\"${}\\\"", escaped(&name_text), variable(name))
                } else {
                    let value = serde_json::Value::String(value.clone()).to_string();
                    format!("{}:{}", escaped(&name_text), escaped(&value))
                }
            });
            let fields: Vec<String> = fields.collect();
            words.extend(["--data".to_owned(), format!("\"{{{}}}\"", fields.join(","))]);
        }
        SentBody::Other(_) => words.extend(["--data".to_owned(), "\"$BODY\"".to_owned()]),
    }
    words.push(quoted(&entry.url).to_string());
    words.join(" ")
}

/// A shell word: the text, or, if part of it is hidden, a variable after `before`.
fn word(before: &str, name: &str, value: &str) -> String {
    if is_hidden(before) || is_hidden(value) {
        format!("\"{}${}\"", escaped(before), variable(name))
    } else {
        quoted(&format!("{before}{value}")).to_string()
    }
}

/// Escapes a text for double quotes (POSIX, Shell Command Language, section 2.2.3).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()) {
        if "$`\"\\".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A variable name from a field's name: `client_secret` becomes `CLIENT_SECRET`.
fn variable(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("_");
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => name,
        _ => format!("VALUE_{name}"),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use chrono::DateTime;
    use serde_json::json;

    use super::*;
    use crate::domain::account::Settings;
    use crate::domain::http_log::record::RequestKind;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn entry(headers: &[(&str, &str)], body: SentBody) -> HttpLogEntry {
        HttpLogEntry {
            kind: RequestKind::Refresh,
            sent_at: DateTime::UNIX_EPOCH,
            took_ms: 12,
            method: "POST".to_owned(),
            url: "https://a.example/it's?x=1&y=$z".to_owned(),
            headers: pairs(headers),
            body,
            outcome: Outcome::Answered {
                status: 400,
                headers: pairs(&[("content-type", "application/json")]),
                body: "{\n  \"error\": \"invalid_grant\"\n}".to_owned(),
            },
        }
    }

    /// The words into which a shell splits a line, with every variable set.
    fn split(line: &str) -> Vec<String> {
        let script = format!(
            "CLIENT_ID=id CLIENT_SECRET='s ec' ACCESS_TOKEN=t X_API_KEY=k REFRESH_TOKEN='r \"' VALUE_9_CHARACTERS=v\n\
             curl() {{ printf '%s\\n' \"$@\"; }}; {line}"
        );
        let output = Command::new("sh").args(["-eu", "-c", &script]).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_curl_line_has_variables_for_secrets_and_a_shell_splits_it() {
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Authorization", "Basic …(12 characters)"),
            ("X-Api-Key", "…(20 characters)"),
            ("Accept", "it's `id` $HOME"),
        ];
        let fields = pairs(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", "…(40 characters)"),
            ("…(9 characters)", "…(3 characters)"),
        ]);
        let line = curl(&entry(&headers, SentBody::Form(fields)));
        assert_eq!(
            split(&line)[..],
            [
                "--request",
                "POST",
                "--header",
                "Content-Type: application/x-www-form-urlencoded",
                "--user",
                "id:s ec",
                "--header",
                "X-Api-Key: k",
                "--header",
                "Accept: it's `id` $HOME",
                "--data-urlencode",
                "grant_type=refresh_token",
                "--data-urlencode",
                "refresh_token=r \"",
                "--data-urlencode",
                "…(9 characters)=v",
                "https://a.example/it's?x=1&y=$z",
            ]
        );
        let bearer = curl(&entry(&[("Authorization", "Bearer …(9 characters)")], SentBody::Empty));
        assert_eq!(split(&bearer)[2..4], ["--header", "Authorization: Bearer t"]);
        let fields = pairs(&[("grant_type", "$(id) \"`"), ("client_secret", "…(4 characters)")]);
        let json = split(&curl(&entry(&[], SentBody::Json(fields))));
        let sent: serde_json::Value = serde_json::from_str(&json[3]).unwrap();
        assert_eq!(sent, json!({ "grant_type": "$(id) \"`", "client_secret": "s ec" }));
    }

    #[test]
    fn x1_a_report_tells_settings_and_exchanges_and_no_secret() {
        let settings: Settings = serde_json::from_value(json!({
            "provider": "custom",
            "grant": "client_credentials",
            "variables": { "tenant": "CANARY0f3a9b8c7d6e5" },
            "overrides": {
                "client_auth": "body",
                "scopes": ["read:x"],
                "endpoints": {
                    "token": "https://u:CANARY@a.example/CANARY0f3a9b8c7d6e5/token?k=CANARY",
                    "userinfo": "https://{tenant}.a.example/me?k=CANARY",
                },
                "token_params": { "audience": "https://api.example", "api_key": "CANARY-param" },
                "request_headers": { "X-Api-Key": "CANARY-header" },
                "response": { "access_token": ["/data/token"] },
            },
        }))
        .unwrap();
        let fields = pairs(&[("grant_type", "client_credentials")]);
        let entries = [entry(&[("Accept", "application/json")], SentBody::Form(fields))];
        let text = report(&Reported { provider: "a.example", settings: &settings, entries: &entries });
        assert!(!text.contains("CANARY"), "{text}");
        let empty = report(&Reported { provider: "a.example", settings: &settings, entries: &[] });
        assert!(empty.ends_with("\nNo requests logged yet.\n"), "{empty}");
        for told in [
            concat!("Keyfob ", env!("CARGO_PKG_VERSION")),
            "Provider: a.example (custom)",
            "Grant: client_credentials",
            "client_auth: body",
            "scopes: read:x",
            "endpoints.token: https://a.example/…(19 characters)/token?…(1 characters)=…(6 characters)",
            "endpoints.userinfo: https://{tenant}.a.example/me?…(8 characters)",
            "token_params.audience: https://api.example",
            "response.access_token: /data/token",
            "1970-01-01T00:00:00.000Z  refresh",
            "> POST https://a.example/it's",
            "> grant_type=client_credentials",
            "< HTTP 400 after 12 ms",
            "<   \"error\": \"invalid_grant\"",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
    }
}
