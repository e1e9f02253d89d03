//! Classifies a request's failure by its error chain.
//!
//! Invariant: only kinds leave this module, never an error's text, since an HTTP client's errors quote URLs.

use std::error::Error as StdError;
use std::io;

use rustls::Error as TlsError;
use thiserror::Error;

use crate::domain::api_address::reach::Inside;
use crate::domain::refusal::transport::UnreachableKind;

/// The prefix of the client library's proxy errors; the type itself is private.
const TUNNEL: &str = "tunnel error: ";

/// A name stands for an address that must not be reached.
#[derive(Debug, Error)]
#[error("a host that is {0}")]
pub(crate) struct OutOfReach(pub(crate) Inside);

/// The kind of the first informative error in the chain; `None` if there is none.
pub(crate) fn kind_of(error: &(dyn StdError + 'static)) -> Option<UnreachableKind> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // Errors below this one are about the proxy and say nothing about the server.
        if let Some(why) = error.to_string().strip_prefix(TUNNEL) {
            let wants_password = why == "proxy authorization required";
            return Some(if wants_password {
                UnreachableKind::ProxyPassword
            } else {
                UnreachableKind::Proxy
            });
        }
        if let Some(OutOfReach(place)) = error.downcast_ref() {
            return Some(UnreachableKind::Inside(*place));
        }
        if let Some(tls) = error.downcast_ref::<TlsError>() {
            return Some(kind_of_tls(tls));
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            // `source()` of an I/O error skips the error that it wraps.
            if let Some(kind) = io.get_ref().and_then(|inner| kind_of(inner)) {
                return Some(kind);
            }
            if io.kind() == io::ErrorKind::TimedOut {
                return Some(UnreachableKind::TimedOut);
            }
        }
        cause = error.source();
    }
    None
}

fn kind_of_tls(error: &TlsError) -> UnreachableKind {
    match error {
        TlsError::InvalidCertificate(_)
        | TlsError::InvalidCertRevocationList(_)
        | TlsError::NoCertificatesPresented
        | TlsError::UnsupportedNameType => UnreachableKind::Certificate,
        _ => UnreachableKind::Tls,
    }
}

/// Returns true if the chain says that no root certificate was found.
pub(crate) fn lacks_roots(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // The platform verifier has no type of its own for this; it uses `General` for nothing else.
        if matches!(error.downcast_ref::<TlsError>(), Some(TlsError::General(_))) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_tls_error_inside_an_io_error() {
        let tls = TlsError::InvalidCertificate(rustls::CertificateError::Expired);
        let io = io::Error::new(io::ErrorKind::InvalidData, tls);
        let outer = io::Error::other(io);
        assert_eq!(kind_of(&outer), Some(UnreachableKind::Certificate));
    }

    #[test]
    fn tells_tls_from_time_and_from_nothing() {
        let alert = TlsError::AlertReceived(rustls::AlertDescription::ProtocolVersion);
        assert_eq!(kind_of(&alert), Some(UnreachableKind::Tls));
        assert_eq!(kind_of(&io::Error::from(io::ErrorKind::TimedOut)), Some(UnreachableKind::TimedOut));
        assert_eq!(kind_of(&io::Error::from(io::ErrorKind::ConnectionReset)), None);
    }

    #[test]
    fn knows_the_platform_verifiers_word_for_no_roots() {
        assert!(lacks_roots(&TlsError::General("No CA certificates were loaded".to_owned())));
        assert!(!lacks_roots(&TlsError::InvalidCertificate(rustls::CertificateError::BadEncoding)));
    }
}
