//! What becomes of a request on its way, as far as it matters for what may be done next.
//!
//! Owns the words for a server that could not be spoken to. Invariant: no address, header or body
//! is kept here, only a host.

use thiserror::Error;

/// A server that could not be spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{host}: {kind}")]
pub struct Unreachable {
    /// The host.
    pub host: String,
    /// Why.
    pub kind: UnreachableKind,
    /// Whether a byte of the request may have reached it; only where not is it sent again.
    pub may_have_been_sent: bool,
}

/// Why a server could not be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnreachableKind {
    /// Its name has no address.
    #[error("its name has no address")]
    Dns,
    /// It refused the connection, or none could be made.
    #[error("no connection")]
    Connect,
    /// It took too long.
    #[error("it took too long")]
    TimedOut,
    /// Its certificate is not trusted.
    #[error("its certificate is not trusted")]
    Certificate,
    /// No root certificates are on this machine.
    #[error("no root certificates on this machine")]
    NoRootCertificates,
    /// TLS could not be agreed on (older than 1.2, say).
    #[error("no common TLS version")]
    Tls,
    /// The connection broke.
    #[error("the connection broke")]
    Broken,
    /// The proxy on the way made no connection to it.
    #[error("the proxy made no connection")]
    Proxy,
    /// The proxy on the way wants a user name and a password.
    #[error("the proxy wants a password")]
    ProxyPassword,
    /// The extra root certificate can't be read.
    #[error("the extra root certificate can't be read")]
    BadRootCertificate,
    /// The proxy or the extra root certificate was changed outside Keyfob, and is not used until confirmed.
    #[error("the proxy or the extra root certificate is not confirmed")]
    Unconfirmed,
    /// They can't be compared with the vault's record.
    #[error("the proxy or the extra root certificate can't be confirmed")]
    Unconfirmable,
}
