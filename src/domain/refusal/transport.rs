//! Transport errors: a request that got no response, and whether it may be sent again.
//!
//! Invariant: only a host is kept here, no URL, header or body.

use thiserror::Error;

use crate::domain::api_address::reach::Inside;

/// A failed connection to a server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{host}: {kind}")]
pub struct Unreachable {
    pub host: String,
    pub kind: UnreachableKind,
    /// A byte of the request may have reached the server; the request is sent again only if this is false.
    pub may_have_been_sent: bool,
}

/// Why a connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnreachableKind {
    #[error("its name can't be resolved")]
    Dns,
    /// Its name stands for an address that must not be reached from where it was named.
    #[error("it is {0}")]
    Inside(Inside),
    #[error("no connection")]
    Connect,
    #[error("it took too long")]
    TimedOut,
    #[error("its certificate is not trusted")]
    Certificate,
    #[error("no root certificates on this machine")]
    NoRootCertificates,
    /// TLS negotiation failed, for example below version 1.2.
    #[error("no common TLS version")]
    Tls,
    #[error("the connection broke")]
    Broken,
    #[error("the proxy made no connection")]
    Proxy,
    #[error("the proxy requires a password")]
    ProxyPassword,
    #[error("the extra root certificate can't be read")]
    BadRootCertificate,
    #[error("the proxy or the extra root certificate is not confirmed")]
    Unconfirmed,
    #[error("the proxy or the extra root certificate can't be confirmed")]
    Unconfirmable,
}
