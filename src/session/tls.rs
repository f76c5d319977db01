//! TLS towards the server: client configuration, certificate verification and what its failures mean.
//!
//! The crypto provider is always named, never the process default: a host program may have set another one or none.
//! What is verified depends on nothing but the configured mode.

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    self, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, version,
};

use super::config::{SessionConfig, TlsConfig, TlsMode, TlsVersion};
use super::error::{Error, ErrorKind};
use super::socket::Socket;

/// Everything a handshake needs; shared with the cancel connections.
#[derive(Clone)]
pub(super) struct TlsClient {
    connector: TlsConnector,
    server_name: ServerName<'static>,
    expected: String,
}

impl std::fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsClient").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}

impl TlsClient {
    /// `None` when TLS is disabled. Reads certificate files, so it blocks.
    pub(super) fn new(config: &SessionConfig) -> Result<Option<Self>, Error> {
        if config.tls.mode == TlsMode::Disable {
            return Ok(None);
        }
        let expected = config.tls.server_name.clone().unwrap_or_else(|| config.host.clone());
        let server_name = ServerName::try_from(expected.clone()).map_err(|cause| {
            let text = format!(
                "\"{expected}\" is no host name or IP address that TLS can verify; set tls.server_name"
            );
            Error::new(ErrorKind::InvalidInput, text).because(cause)
        })?;
        let connector = TlsConnector::from(Arc::new(client_config(&config.tls)?));
        Ok(Some(Self { connector, server_name, expected }))
    }

    /// The handshake on a socket whose server has answered `S`.
    pub(super) async fn handshake(&self, socket: Socket) -> Result<TlsStream<Socket>, Error> {
        let stream = self.connector.connect(self.server_name.clone(), socket).await;
        stream.map_err(|cause| self.explain(cause))
    }

    fn explain(&self, cause: io::Error) -> Error {
        let tls = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let text = match tls {
            Some(rustls::Error::InvalidCertificate(error)) => self.explain_certificate(error),
            Some(error) => format!(
                "TLS handshake with {} failed: {error}; check that the port speaks the PostgreSQL protocol and that \
                 tls.min_version is not above what the server offers",
                self.expected
            ),
            None => format!(
                "TLS handshake with {} failed: {cause}; a proxy or firewall may have closed the connection",
                self.expected
            ),
        };
        Error::new(ErrorKind::Tls, text).because(cause)
    }

    fn explain_certificate(&self, error: &CertificateError) -> String {
        let expected = &self.expected;
        match error {
            CertificateError::UnknownIssuer => format!(
                "the certificate of {expected} is self-signed or its issuer is unknown; give the issuer's certificate \
                 as a PEM file in tls.root_cert"
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
                "the server's certificate is not for the expected name \"{expected}\" ({error}); connect by a name \
                 that it holds, set tls.server_name to one, or use tls.mode=verify-ca to check the issuer only"
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!(
                "the certificate of {expected} has expired ({error}); renew it on the server, or check this machine's clock"
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                format!(
                    "the certificate of {expected} is not valid yet ({error}); check this machine's clock"
                )
            }
            other if other.to_string().contains("CaUsedAsEndEntity") => format!(
                "{expected} presents a self-signed certificate that is not trusted; give this very certificate as a \
                 PEM file in tls.root_cert"
            ),
            other => format!("the certificate of {expected} was not accepted: {other}"),
        }
    }
}

fn client_config(tls: &TlsConfig) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let versions = match tls.min_version {
        TlsVersion::Tls12 => &[&version::TLS13, &version::TLS12][..],
        TlsVersion::Tls13 => &[&version::TLS13][..],
    };
    let verifier = Verifier::new(tls, &provider)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|cause| Error::new(ErrorKind::Tls, format!("TLS cannot be set up: {cause}")).because(cause))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}

/// Verifies as much as the mode asks for, with the checks of rustls.
#[derive(Debug)]
struct Verifier {
    mode: TlsMode,
    roots: Arc<RootCertStore>,
    /// The certificates of `root_cert`. A server that presents one of them is trusted without a chain: such a file often
    /// holds the server's own self-signed certificate, which webpki refuses because it is marked as an authority.
    pinned: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn new(tls: &TlsConfig, provider: &CryptoProvider) -> Result<Self, Error> {
        let (roots, pinned) = match (&tls.root_cert, tls.mode) {
            (_, TlsMode::Disable | TlsMode::Require) => (Arc::new(RootCertStore::empty()), Vec::new()),
            (Some(path), _) => {
                let certificates = read_certificates(path)?;
                (Arc::new(roots_of(path, &certificates)?), certificates)
            }
            (None, _) => (default_roots(), Vec::new()),
        };
        let algorithms = provider.signature_verification_algorithms;
        Ok(Self { mode: tls.mode, roots, pinned, algorithms })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if matches!(self.mode, TlsMode::VerifyCa | TlsMode::VerifyFull) {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            if !self.pinned.iter().any(|pinned| pinned == end_entity) {
                let algorithms = self.algorithms.all;
                verify_server_cert_signed_by_trust_anchor(
                    &certificate,
                    &self.roots,
                    intermediates,
                    now,
                    algorithms,
                )?;
            }
            if self.mode == TlsMode::VerifyFull {
                verify_server_name(&certificate, server_name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let shown = path.display();
    let fail = |text: String| Error::new(ErrorKind::Tls, text);
    let pem = std::fs::read(path)
        .map_err(|cause| fail(format!("tls.root_cert {shown} cannot be read: {cause}")).because(cause))?;
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|cause| {
            fail(format!("tls.root_cert {shown} is no valid PEM file: {cause}")).because(cause)
        })?;
    if certificates.is_empty() {
        return Err(fail(format!(
            "tls.root_cert {shown} holds no certificate; expected PEM blocks `BEGIN CERTIFICATE`"
        )));
    }
    Ok(certificates)
}

fn roots_of(path: &Path, certificates: &[CertificateDer<'static>]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate.clone()).map_err(|cause| {
            let text = format!("a certificate in tls.root_cert {} cannot be used: {cause}", path.display());
            Error::new(ErrorKind::Tls, text).because(cause)
        })?;
    }
    Ok(roots)
}

/// The bundled roots and the system's, read once per process since parsing them takes milliseconds.
fn default_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let load = || {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        // Unreadable system roots are no error: the bundled ones hold Amazon's.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    };
    Arc::clone(ROOTS.get_or_init(load))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_empty_root_files_are_named() {
        let missing = read_certificates(Path::new("/nonexistent/ca.pem")).unwrap_err();
        assert!(missing.to_string().contains("/nonexistent/ca.pem"), "{missing}");
        let empty = read_certificates(Path::new("Cargo.toml")).unwrap_err();
        assert!(empty.to_string().contains("holds no certificate"), "{empty}");
        assert_eq!(empty.kind(), ErrorKind::Tls);
    }

    #[test]
    fn bundled_roots_are_always_there() {
        assert!(default_roots().roots.len() >= webpki_roots::TLS_SERVER_ROOTS.len());
    }
}
