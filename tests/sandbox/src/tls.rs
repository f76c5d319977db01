//! Certificates made at start, and the TLS acceptor of the front door.
//! Owns the names in the certificate and the CA file; the private keys never leave memory.
//! Invariant: the certificate is right for every name the sandbox can be reached by, so `verify-full` works.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A Serverless endpoint has the shape workgroup, account, region (host name rules of the official drivers).
pub(crate) const SERVERLESS_NAME: &str = "sandbox.123456789012.us-east-1.redshift-serverless.amazonaws.com";

/// The names of the server certificate.
const NAMES: &[&str] = &["localhost", "127.0.0.1", "127.0.0.2", SERVERLESS_NAME];

/// Makes a CA and a server certificate; writes the CA below `directory` and returns its path with the acceptor.
pub(crate) fn prepare(directory: &Path) -> Result<(TlsAcceptor, PathBuf)> {
    let (ca_params, ca_key) = (authority(), KeyPair::generate()?);
    let ca = ca_params.self_signed(&ca_key)?;
    let server_key = KeyPair::generate()?;
    let server = server_params()?.signed_by(&server_key, &Issuer::from_params(&ca_params, &ca_key))?;

    let ca_file = directory.join("ca.pem");
    fs::write(&ca_file, ca.pem()).context("cannot write the CA file")?;
    fs::set_permissions(&ca_file, Permissions::from_mode(0o644))
        .context("cannot make the CA file readable")?;

    let key = PrivateKeyDer::try_from(server_key.serialize_der()).map_err(anyhow::Error::msg)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![server.der().clone()], key)?;
    Ok((TlsAcceptor::from(Arc::new(config)), ca_file))
}

fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Redshift sandbox CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn server_params() -> Result<CertificateParams> {
    let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Python's strict verification asks for it.
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}
