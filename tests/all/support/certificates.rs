//! Certificates of a company's own root, and self-signed ones.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A root that no machine trusts by default.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Example Company Root");
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// The root's certificate as a file.
    pub(crate) fn pem_file(&self, folder: &tempfile::TempDir) -> PathBuf {
        let path = folder.path().join("root.pem");
        std::fs::write(&path, &self.pem).unwrap();
        path
    }

    /// A server whose certificate names `name` and is valid until the end of `last_year`.
    pub(crate) fn server(&self, name: &str, last_year: i32) -> Arc<ServerConfig> {
        let (params, key) = leaf(name, last_year);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        config(certificate.der().clone(), &key)
    }
}

/// A server with a self-signed certificate.
pub(crate) fn self_signed_server(name: &str) -> Arc<ServerConfig> {
    let (params, key) = leaf(name, 2199);
    let certificate = params.self_signed(&key).unwrap();
    config(certificate.der().clone(), &key)
}

/// A server with a self-signed certificate for this computer's address, which a client trusts by its PEM text.
pub(crate) fn loopback_server() -> (Arc<ServerConfig>, String) {
    let (params, key) = leaf("127.0.0.1", 2199);
    let certificate = params.self_signed(&key).unwrap();
    (config(certificate.der().clone(), &key), certificate.pem())
}

/// The same as two PEM texts for another program's server: the certificate and its key.
pub(crate) fn self_signed_pem(name: &str) -> (String, String) {
    let (params, key) = leaf(name, 2199);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn leaf(name: &str, last_year: i32) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(last_year, 12, 31);
    (params, KeyPair::generate().unwrap())
}

fn config(certificate: rustls::pki_types::CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap())
}
