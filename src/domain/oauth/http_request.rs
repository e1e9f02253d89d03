//! An HTTP request, built in full before anything is sent.
//!
//! Invariant: every part that may hold a secret is a secret type. The URL is not, so no secret goes there.

use thiserror::Error;
use url::{Url, form_urlencoded};

use super::jose::KeyError;
use crate::base::secret::SecretText;

/// The HTTP methods in use (RFC 9110, section 9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A request without a body or side effects.
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    pub fn has_body(self) -> bool {
        !matches!(self, Self::Get | Self::Delete)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Why a request can't be built. Names the value's key in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RequestError {
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} contains a character that a request can't carry")]
    Unusable(&'static str),
    #[error("private_key {0}")]
    Key(#[from] KeyError),
}

#[derive(Debug)]
pub struct HttpRequest {
    pub method: Method,
    pub url: Url,
    /// Headers; the values may be secret. The HTTP client adds those of the connection.
    pub headers: Vec<(String, SecretText)>,
    /// The body; empty for a GET.
    pub body: SecretText,
    /// The body, a form, goes into the URL's query instead.
    pub in_query: bool,
}

impl HttpRequest {
    /// A GET request that accepts JSON.
    pub fn get(url: Url) -> Self {
        let accept = ("Accept".to_owned(), SecretText::new("application/json".to_owned()));
        Self {
            method: Method::Get,
            url,
            headers: vec![accept],
            body: SecretText::new(String::new()),
            in_query: false,
        }
    }

    /// The client credentials as written into the request: the `Authorization` value after its scheme, and
    /// the assertions in a form. A server may repeat them in a response.
    pub fn proofs(&self) -> impl Iterator<Item = &str> {
        let authorization =
            self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let credentials = authorization.filter_map(|(_, value)| Some(value.expose().split_once(' ')?.1));
        let fields = self.body.expose().split('&').filter_map(|field| field.split_once('='));
        let assertions = fields.filter(|(name, _)| matches!(*name, "assertion" | "client_assertion"));
        credentials.chain(assertions.map(|(_, value)| value))
    }
}

pub(in crate::domain) fn form(pairs: &[(&str, &str)]) -> SecretText {
    // Large enough never to grow: growing leaves unwiped copies.
    let capacity = pairs.iter().map(|(name, value)| 3 * (name.len() + value.len()) + 2).sum();
    let mut body = form_urlencoded::Serializer::new(String::with_capacity(capacity));
    SecretText::new(body.extend_pairs(pairs).finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x1_what_proves_the_client_is_known_as_it_was_written() {
        let mut request = HttpRequest::get(Url::parse("https://a.example/token").unwrap());
        request.headers.push(("authorization".to_owned(), SecretText::new("Basic aWQ6cw==".to_owned())));
        request.body = form(&[("client_id", "id"), ("client_assertion", "eyJ.e30.x"), ("scope", "a")]);
        assert_eq!(request.proofs().collect::<Vec<_>>(), ["aWQ6cw==", "eyJ.e30.x"]);
        assert_eq!(HttpRequest::get(request.url).proofs().next(), None);
    }
}
