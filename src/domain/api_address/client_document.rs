//! Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document): the client ID is the URL of a
//! document that describes the client.
//!
//! The server reads the document itself. Keyfob reads it to choose a redirect URI, and to say before a sign-in
//! what the server would refuse.

use serde::Deserialize;
use thiserror::Error;

use crate::domain::oauth::redirect_uri::RedirectUri;

/// Why a document can't be used. Texts are as received.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentError {
    #[error("a document without client metadata")]
    NotMetadata,
    /// Its `client_id` must be its URL, to the letter.
    #[error("a document of another client")]
    OtherClient(String),
    #[error("a document without a usable redirect URI")]
    NoRedirect,
    #[error("a document that doesn't list the redirect URI")]
    OtherRedirect { wanted: String, listed: Vec<String> },
    /// The client proves itself with a key, which Keyfob doesn't have.
    #[error("a client authentication that can't be used")]
    OtherAuth(String),
}

/// What is known of the document that the user gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DocumentState {
    #[default]
    NotRead,
    /// Keyfob couldn't read it. The server may be able to.
    Unreadable,
    /// It lists this redirect URI.
    Lists(String),
}

#[derive(Deserialize)]
struct Document {
    client_id: String,
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_method: Option<String>,
}

/// Reads the document at `url`, and gives the redirect URI to use: the `wanted` one, else the first on this
/// computer, else the first.
///
/// # Errors
/// [`DocumentError`].
pub fn redirect_uri(url: &str, body: &[u8], wanted: Option<&str>) -> Result<String, DocumentError> {
    let document: Document = serde_json::from_slice(body).map_err(|_| DocumentError::NotMetadata)?;
    if document.client_id != url {
        return Err(DocumentError::OtherClient(document.client_id));
    }
    if let Some(method) = document.token_endpoint_auth_method.filter(|method| method != "none") {
        return Err(DocumentError::OtherAuth(method));
    }
    let listed = document.redirect_uris;
    if let Some(wanted) = wanted {
        let is_listed = listed.iter().any(|uri| is_same(uri, wanted));
        let wanted = wanted.to_owned();
        return if is_listed { Ok(wanted) } else { Err(DocumentError::OtherRedirect { wanted, listed }) };
    }
    let usable = || listed.iter().filter_map(|uri| Some((uri, RedirectUri::new(Some(uri)).ok()?)));
    let loopback = usable().find(|(_, uri)| matches!(uri, RedirectUri::Loopback(_)));
    let chosen = loopback.or_else(|| usable().next());
    chosen.map(|(uri, _)| uri.clone()).ok_or(DocumentError::NoRedirect)
}

/// The port of a redirect URI on this computer doesn't count (RFC 8252, section 7.3).
fn is_same(listed: &str, wanted: &str) -> bool {
    match (RedirectUri::new(Some(listed)), RedirectUri::new(Some(wanted))) {
        (Ok(RedirectUri::Loopback(listed)), Ok(RedirectUri::Loopback(wanted))) => {
            (listed.host, listed.path) == (wanted.host, wanted.path)
        }
        _ => listed == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://me.example/keyfob.json";

    fn chosen(uris: &str, wanted: Option<&str>) -> Result<String, DocumentError> {
        redirect_uri(URL, format!(r#"{{"client_id":"{URL}","redirect_uris":{uris}}}"#).as_bytes(), wanted)
    }

    #[test]
    fn a_redirect_uri_of_this_computer_is_preferred() {
        let both = r#"["https://me.example/back","http://localhost:7000/cb"]"#;
        assert_eq!(chosen(both, None).as_deref(), Ok("http://localhost:7000/cb"));
        assert_eq!(chosen(r#"["https://me.example/back"]"#, None).as_deref(), Ok("https://me.example/back"));
        assert_eq!(chosen(r#"["http://127.0.0.1/cb"]"#, None).as_deref(), Ok("http://127.0.0.1/cb"));
        for none in ["[]", r#"["a"]"#] {
            assert_eq!(chosen(none, None), Err(DocumentError::NoRedirect), "{none}");
        }
        let other_port = Some("http://localhost:7001/cb");
        assert_eq!(chosen(both, other_port).as_deref(), Ok("http://localhost:7001/cb"));
        for wanted in ["http://localhost:7000/other", "http://127.0.0.1:7000/cb", "https://me.example/b"] {
            let refused = chosen(both, Some(wanted)).unwrap_err();
            assert!(matches!(refused, DocumentError::OtherRedirect { .. }), "{wanted}");
        }
    }

    #[test]
    fn g4_a_document_of_another_client_or_with_a_key_is_refused() {
        let other =
            br#"{"client_id":"https://me.example/Keyfob.json","redirect_uris":["http://127.0.0.1/"]}"#;
        let said = "https://me.example/Keyfob.json".to_owned();
        assert_eq!(redirect_uri(URL, other, None), Err(DocumentError::OtherClient(said)));
        let key = format!(r#"{{"client_id":"{URL}","token_endpoint_auth_method":"private_key_jwt"}}"#);
        let refused = redirect_uri(URL, key.as_bytes(), None);
        assert_eq!(refused, Err(DocumentError::OtherAuth("private_key_jwt".to_owned())));
        for text in ["", "<html>", "[]", "{}", r#"{"client_id":1}"#] {
            assert_eq!(redirect_uri(URL, text.as_bytes(), None), Err(DocumentError::NotMetadata), "{text}");
        }
    }
}
