//! A response's body, parsed once for the token, the HTTP log and the response mapping.

use serde_json::Value;
use url::form_urlencoded;

/// The maximum size of a response body, in bytes.
pub const BODY_MAX_BYTES: usize = 1024 * 1024;

/// A parsed body. It may hold tokens.
pub struct ResponseBody {
    /// Trimmed, without a byte order mark; invalid UTF-8 is replaced.
    text: String,
    parsed: Parsed,
    is_web_page: bool,
    is_too_large: bool,
}

/// What a body was parsed as. A form is any text that is neither JSON nor markup.
pub(in crate::domain) enum Parsed {
    Nothing,
    Json(Value),
    Form(Vec<(String, String)>),
}

impl ResponseBody {
    /// Parses a body. JSON is tried for every content type: some servers send it as text/html.
    pub fn parse(content_type: Option<&str>, bytes: &[u8]) -> Self {
        if bytes.len() > BODY_MAX_BYTES {
            return Self::too_large();
        }
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{feff}').trim().to_owned();
        let parsed = match serde_json::from_str(&text) {
            Ok(value) => Parsed::Json(value),
            Err(_) if text.is_empty() || text.starts_with(['<', '{', '[', '"']) => Parsed::Nothing,
            Err(_) => Parsed::Form(form_urlencoded::parse(text.as_bytes()).into_owned().collect()),
        };
        let is_html = content_type.is_some_and(|kind| {
            let kind = kind.trim_start().to_ascii_lowercase();
            kind.starts_with("text/html") || kind.starts_with("application/xhtml")
        });
        let is_web_page = !matches!(parsed, Parsed::Json(_)) && (is_html || text.starts_with('<'));
        Self { text, parsed, is_web_page, is_too_large: false }
    }

    /// A body that exceeds the limit; nothing of it is kept.
    pub fn too_large() -> Self {
        Self { text: String::new(), parsed: Parsed::Nothing, is_web_page: false, is_too_large: true }
    }

    pub(in crate::domain) fn text(&self) -> &str {
        &self.text
    }

    pub(in crate::domain) fn parsed(&self) -> &Parsed {
        &self.parsed
    }

    /// Returns true for markup, and for any text but JSON that is sent as HTML.
    pub(in crate::domain) fn is_web_page(&self) -> bool {
        self.is_web_page
    }

    /// Returns true if the body exceeds [`BODY_MAX_BYTES`]; it isn't parsed then.
    pub(in crate::domain) fn is_too_large(&self) -> bool {
        self.is_too_large
    }
}

/// A form as a JSON object.
pub(in crate::domain) fn form_object(fields: &[(String, String)]) -> Value {
    Value::Object(fields.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect())
}
