//! Whom we believe to be the database.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// What of a server's certificate is checked. `roots`: a PEM file; none: those of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// `disable`, `prefer`, `require`: nothing. Keeps listeners out, not somebody in between.
    Anybody { required: bool },
    /// `verify-ca`: who signed it.
    Chain { roots: Option<String> },
    /// `verify-full`: who signed it, and that it is for this host.
    Full { roots: Option<String> },
}

impl Trust {
    /// Whether there is no connection without TLS.
    pub(crate) fn is_required(&self) -> bool {
        !matches!(self, Self::Anybody { required: false })
    }
}

type Certificates = Vec<CertificateDer<'static>>;

pub(crate) fn verifier(
    trust: &Trust,
    provider: Arc<CryptoProvider>,
    read: impl Fn(&str) -> Result<Certificates, String>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let (roots, check) = match trust {
        Trust::Anybody { .. } => return Ok(Arc::new(Lenient { provider, chain: None })),
        Trust::Chain { roots } => (roots, false),
        Trust::Full { roots } => (roots, true),
    };
    let certificates = match roots {
        Some(path) => read(path)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates);
    if store.is_empty() {
        return Err("there is no root certificate to check the server's by: name one with sslrootcert".into());
    }
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone()).build();
    let chain = chain.map_err(|error| error.to_string())?;
    Ok(if check { chain } else { Arc::new(Lenient { provider, chain: Some(chain) }) })
}

/// Checks less than the whole; that the server holds its certificate's key is always checked.
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    chain: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is looked at last.
            Err(Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            checked => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
