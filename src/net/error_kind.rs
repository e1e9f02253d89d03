//! Why a request failed, told from the causes behind an error.
//!
//! Owns the reading of error chains. Invariant: only kinds leave this module, never an error's own
//! text, since an HTTP client's errors quote addresses.

use std::error::Error;
use std::io;

use rustls::Error as TlsError;

use crate::domain::refusal::transport::UnreachableKind;

/// How the client library names what went wrong between it and a proxy; the type itself can't be named.
const TUNNEL: &str = "tunnel error: ";

/// What the causes behind an error say; `None` where none of them is telling.
pub(crate) fn kind_of(error: &(dyn Error + 'static)) -> Option<UnreachableKind> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // Whatever lies behind it is about the proxy, and says nothing of the server.
        if let Some(why) = error.to_string().strip_prefix(TUNNEL) {
            let wants_password = why == "proxy authorization required";
            return Some(if wants_password {
                UnreachableKind::ProxyPassword
            } else {
                UnreachableKind::Proxy
            });
        }
        if let Some(tls) = error.downcast_ref::<TlsError>() {
            return Some(kind_of_tls(tls));
        }
        if let Some(io) = error.downcast_ref::<io::Error>() {
            // `source()` of an I/O error skips the very error it wraps.
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

/// Whether the causes behind an error hold one that says that no root certificate was found.
pub(crate) fn lacks_roots(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        // The platform verifier has no type of its own for this; `General` is used for nothing else there.
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
