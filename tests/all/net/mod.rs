//! The HTTP client, the redirect listener and the browser opener.

pub(crate) mod browser;
pub(crate) mod http_client;
pub(crate) mod redirect_listener;
pub(crate) mod redirect_listener_limits;
