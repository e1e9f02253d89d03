//! Transport errors: a request that got no response, and whether it may be sent again.
//!
//! Invariant: only a host is kept here, no URL, header or body.

use thiserror::Error;

/// A failed connection to a server.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{host}: {kind}")]
pub struct Unreachable {
    /// The host.
    pub host: String,
    /// The cause.
    pub kind: UnreachableKind,
    /// A byte of the request may have reached the server; the request is sent again only if this is false.
    pub may_have_been_sent: bool,
}

/// Why a connection failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnreachableKind {
    /// The host name has no IP address.
    #[error("its name can't be resolved")]
    Dns,
    /// The connection was refused or not possible.
    #[error("no connection")]
    Connect,
    /// Timed out.
    #[error("it took too long")]
    TimedOut,
    /// Its certificate is not trusted.
    #[error("its certificate is not trusted")]
    Certificate,
    /// This computer has no root certificates.
    #[error("no root certificates on this machine")]
    NoRootCertificates,
    /// TLS negotiation failed, for example below version 1.2.
    #[error("no common TLS version")]
    Tls,
    /// The connection broke.
    #[error("the connection broke")]
    Broken,
    /// The proxy couldn't connect to the server.
    #[error("the proxy made no connection")]
    Proxy,
    /// The proxy requires a user name and a password.
    #[error("the proxy requires a password")]
    ProxyPassword,
    /// The extra root certificate is unreadable.
    #[error("the extra root certificate can't be read")]
    BadRootCertificate,
    /// The proxy or the extra root certificate was changed outside Keyfob and isn't used until confirmed.
    #[error("the proxy or the extra root certificate is not confirmed")]
    Unconfirmed,
    /// The proxy and the extra root certificate can't be compared with the vault's record.
    #[error("the proxy or the extra root certificate can't be confirmed")]
    Unconfirmable,
}
