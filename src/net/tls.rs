//! rustls configurations towards clients and towards the upstream.
//!
//! Towards clients the configuration and the binding hash of its certificate travel as one pair:
//! after a reload a handshake cannot end up with one certificate and the hash of another.
//!
//! Towards the upstream `sslmode` means what libpq says it means, and a failed verification never
//! falls back to anything.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig,
    SignatureScheme,
};

use crate::auth::binding::tls_server_end_point;
use crate::config::{Database, ListenTls, SslMode};

/// The protocol's name in ALPN (PostgreSQL 17, "SSL Session Encryption").
pub const ALPN: &[u8] = b"postgresql";

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM file that cannot be read.
    #[error("{what} {path}: {problem}")]
    File {
        /// `certificate`, `private key`, `roots`.
        what: &'static str,
        /// Where it is.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// What was read does not make a configuration.
    #[error("TLS: {0}")]
    Config(#[from] Error),
    /// Roots that are none.
    #[error("TLS: {0}")]
    Verifier(String),
}

/// What a handshake with a client needs, as one pair.
#[derive(Debug, Clone)]
pub struct ServerTls {
    /// The configuration.
    pub config: Arc<ServerConfig>,
    /// `tls-server-end-point` of its certificate; `None` where the certificate's signature
    /// algorithm defines none (Ed25519), and -PLUS is then not offered.
    pub binding: Option<Arc<[u8]>>,
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Reads certificate, key and client roots.
///
/// # Errors
/// Says which file and what is wrong with it.
pub fn server(tls: &ListenTls) -> Result<ServerTls, TlsError> {
    let chain = certificates("certificate", &tls.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .map_err(|problem| file("private key", &tls.key, &problem))?;
    let binding =
        chain.first().and_then(|certificate| tls_server_end_point(certificate)).map(Arc::from);
    let builder =
        ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let builder = match &tls.client_ca {
        Some(path) => {
            let roots = Arc::new(roots(path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
                .build()
                .map_err(|problem| TlsError::Verifier(problem.to_string()))?;
            builder.with_client_cert_verifier(verifier)
        }
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(ServerTls { config: Arc::new(config), binding })
}

/// The configuration towards `database`'s upstream; `None` where TLS is never used there.
///
/// # Errors
/// When the roots cannot be read.
pub fn client(database: &Database) -> Result<Option<Arc<ClientConfig>>, TlsError> {
    // libpq: sslmode is ignored for Unix sockets.
    if database.sslmode == SslMode::Disable || database.host.starts_with('/') {
        return Ok(None);
    }
    let verifier: Arc<dyn ServerCertVerifier> = match (database.sslmode, &database.sslrootcert) {
        (SslMode::VerifyFull, roots) => chained(roots.as_deref())?,
        (SslMode::VerifyCa, roots) => Arc::new(AnyName(chained(roots.as_deref())?)),
        // libpq: `require` with roots at hand is `verify-ca`.
        (SslMode::Require, Some(roots)) => Arc::new(AnyName(chained(Some(roots))?)),
        (SslMode::Require | SslMode::Prefer | SslMode::Disable, _) => Arc::new(Anybody(provider())),
    };
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Some(Arc::new(config)))
}

/// The configuration of the commands towards the API of a server: as `verify-full`.
///
/// # Errors
/// When the roots cannot be read.
pub fn api_client(roots: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(chained(roots)?)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The name that the upstream's certificate must bear.
///
/// # Errors
/// When the host is neither a DNS name nor an address.
pub fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(host.to_owned())
        .map_err(|_| TlsError::Verifier(format!("{host:?} is neither a host name nor an address")))
}

fn chained(roots_file: Option<&Path>) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    match roots_file {
        Some(path) => {
            let roots = Arc::new(roots(path)?);
            let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider())
                .build()
                .map_err(|problem| TlsError::Verifier(problem.to_string()))?;
            Ok(verifier)
        }
        None => Ok(Arc::new(rustls_platform_verifier::Verifier::new(provider())?)),
    }
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let read = read.map_err(|problem| file(what, path, &problem))?;
    if read.is_empty() {
        return Err(file(what, path, &"it holds no certificate"));
    }
    Ok(read)
}

fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates("roots", path)? {
        store.add(certificate).map_err(|problem| file("roots", path, &problem))?;
    }
    Ok(store)
}

fn file(what: &'static str, path: &Path, problem: &dyn std::fmt::Display) -> TlsError {
    TlsError::File { what, path: path.to_owned(), problem: problem.to_string() }
}

/// `verify-ca`: the chain must hold, the name need not fit.
#[derive(Debug)]
struct AnyName(Arc<dyn ServerCertVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // The chain is verified before the name is looked at, so a name that does not fit means
        // that the chain held.
        match self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// `require` and `prefer`: encryption without knowing whom to. Channel binding, where the
/// upstream offers it, still ties the password proof to this very connection.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
