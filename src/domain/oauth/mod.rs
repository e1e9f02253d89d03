//! The protocol: one file for each term of OAuth 2.0 and `OpenID` Connect.
//!
//! These files build requests and read responses. They send nothing.

pub mod authorize;
pub mod callback;
pub mod client_auth;
pub mod device;
pub mod discovery;
pub mod extra_params;
pub mod grant_type;
pub mod http_request;
pub mod id_token;
pub mod introspection;
pub mod issuer;
pub mod jose;
pub mod par;
pub mod pkce;
pub mod redirect_uri;
pub mod registration;
pub mod response_body;
pub mod response_mapping;
pub mod revocation;
pub mod scopes;
pub mod token_request;
pub mod token_response;
pub mod token_syntax;
