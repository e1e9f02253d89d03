//! Token requests (RFC 6749, sections 4.1.3, 4.3.2, 4.4.2 and 6), built in full before anything is sent.

use url::Url;

use crate::secret::Wire;

/// A request to a token endpoint, ready to be sent as a POST.
#[derive(Debug)]
pub struct TokenRequest {
    /// The token endpoint.
    pub url: Url,
    /// Headers, `Content-Type`, `Accept` and `Authorization` among them. The values may hold secrets.
    pub headers: Vec<(String, Wire)>,
    /// The body.
    pub body: Wire,
}
