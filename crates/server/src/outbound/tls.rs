//! TLS: whom we believe, and in which words a handshake failed.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::attempt::Code;
use fieldhook_core::time::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::clock::Clock;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A root certificate cannot be used.
    #[error("root certificate {number} of those given cannot be used")]
    Root {
        /// Which one, from 1.
        number: usize,
        /// Why.
        #[source]
        source: Error,
    },
    /// The TLS library refused its set-up.
    #[error("TLS cannot be set up")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The two ways to greet a server: checking its certificate, or taking any.
pub(super) struct Tls {
    checking: TlsConnector,
    trusting: TlsConnector,
}

impl Tls {
    /// Believes the machine's roots (the web's usual ones where it has none) and `extra`, by the time `clock` tells.
    pub(super) fn new(extra: &[CertificateDer<'static>], clock: Arc<dyn Clock>) -> Result<Self, TrustError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(roots(extra)?), provider.clone())
            .build()
            .map_err(|error| TrustError::Setup(error.into()))?;
        let time = Arc::new(OurTime(clock));
        let connector = |verifier: Arc<dyn ServerCertVerifier>| -> Result<TlsConnector, TrustError> {
            let mut config = ClientConfig::builder_with_details(provider.clone(), time.clone())
                .with_safe_default_protocol_versions()
                .map_err(|error| TrustError::Setup(error.into()))?
                .dangerous()
                .with_custom_certificate_verifier(verifier)
                .with_no_client_auth();
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            Ok(TlsConnector::from(Arc::new(config)))
        };
        Ok(Self {
            checking: connector(Arc::new(Checking { webpki }))?,
            trusting: connector(Arc::new(Trusting { provider: provider.clone() }))?,
        })
    }

    /// Shakes hands with `name` over `stream`.
    pub(super) async fn greet<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        name: ServerName<'static>,
        verify: bool,
        stream: S,
    ) -> io::Result<TlsStream<S>> {
        let connector = if verify { &self.checking } else { &self.trusting };
        connector.connect(name, stream).await
    }
}

/// What a handshake settled.
pub(super) struct Settled {
    /// `TLSv1.2` or `TLSv1.3`.
    pub(super) version: Option<&'static str>,
    /// When the peer's certificate expires.
    pub(super) expires_at: Option<Timestamp>,
    /// Whether HTTP/2 was agreed on.
    pub(super) http2: bool,
}

/// Reads what the handshake on `stream` settled.
pub(super) fn settled<S>(stream: &TlsStream<S>) -> Settled {
    let (_, session) = stream.get_ref();
    let version = session.protocol_version().and_then(|version| match version {
        rustls::ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
        rustls::ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
        _ => None,
    });
    let expires_at = session.peer_certificates().and_then(|chain| expiry(chain.first()?));
    Settled { version, expires_at, http2: session.alpn_protocol() == Some(b"h2") }
}

/// The name to ask for and to find in the certificate; none when `host` is not fit to be one.
pub(super) fn server_name(host: &str, literal: Option<IpAddr>) -> Option<ServerName<'static>> {
    match literal {
        Some(address) => Some(ServerName::IpAddress(address.into())),
        None => ServerName::try_from(host.trim_end_matches('.').to_owned()).ok(),
    }
}

/// What TLS has to say about a failed handshake or read; nothing when the failure is not TLS's own.
pub(super) fn fault(error: &io::Error) -> Option<(Code, String)> {
    let tls = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match tls {
        Error::InvalidCertificate(certificate) => certificate_fault(certificate),
        Error::InvalidMessage(_) => (
            Code::TlsError,
            "what came back is not TLS: does the port speak plain http, so that the URL should begin with http://?"
                .to_owned(),
        ),
        Error::AlertReceived(alert) => {
            (Code::TlsError, format!("the server refused with the TLS alert {alert:?}"))
        }
        other => (Code::TlsError, other.to_string()),
    })
}

fn certificate_fault(fault: &CertificateError) -> (Code, String) {
    match fault {
        CertificateError::Expired => (Code::CertHasExpired, "the certificate has expired".to_owned()),
        CertificateError::ExpiredContext { not_after, .. } => {
            (Code::CertHasExpired, format!("the certificate expired at {}", moment(*not_after)))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            (Code::TlsError, format!("the certificate is not valid before {}", moment(*not_before)))
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let (expected, presented) = (expected.to_str(), names(presented));
            (Code::CertAltname, format!("the certificate is not for {expected}; it is for {presented}"))
        }
        CertificateError::NotValidForName => {
            (Code::CertAltname, "the certificate is for another name".to_owned())
        }
        CertificateError::Other(OtherError(cause)) if cause.is::<SelfSigned>() => (
            Code::SelfSignedCert,
            "the certificate is signed by itself, so nobody vouches for it; give the server one from a known authority, \
             or add it to the roots this server trusts"
                .to_owned(),
        ),
        CertificateError::UnknownIssuer => (
            Code::CertUnknownCa,
            "the certificate's issuer is unknown here: the server may have left out an intermediate certificate, or its \
             authority is a private one that must be added to the roots this server trusts"
                .to_owned(),
        ),
        other => (Code::TlsError, format!("the certificate cannot be accepted: {other}")),
    }
}

/// The first few names of a certificate, for a message.
fn names(presented: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = presented
        .iter()
        .take(SHOWN)
        .map(|name| name.strip_prefix("DnsName(\"").and_then(|rest| rest.strip_suffix("\")")).unwrap_or(name))
        .collect();
    match presented.len() {
        0 => "no name at all".to_owned(),
        count if count > SHOWN => format!("{} and {} more", shown.join(", "), count - SHOWN),
        _ => shown.join(", "),
    }
}

fn moment(time: UnixTime) -> Timestamp {
    Timestamp::from_millis(i64::try_from(time.as_secs()).unwrap_or(i64::MAX).saturating_mul(1000))
}

fn expiry(certificate: &CertificateDer<'_>) -> Option<Timestamp> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(Timestamp::from_millis(parsed.validity().not_after.timestamp().saturating_mul(1000)))
}

fn roots(extra: &[CertificateDer<'static>]) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    for (index, root) in extra.iter().enumerate() {
        roots.add(root.clone()).map_err(|source| TrustError::Root { number: index + 1, source })?;
    }
    Ok(roots)
}

/// Certificates are judged by the time of the clock we were handed.
struct OurTime(Arc<dyn Clock>);

impl fmt::Debug for OurTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OurTime")
    }
}

impl TimeProvider for OurTime {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.now().as_millis()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(millis)))
    }
}

/// The usual check, which also tells a certificate signed by itself from one signed by a stranger.
#[derive(Debug)]
struct Checking {
    webpki: Arc<WebPkiServerVerifier>,
}

#[derive(Debug, thiserror::Error)]
#[error("the certificate is signed by itself")]
struct SelfSigned;

impl ServerCertVerifier for Checking {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict =
            self.webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        verdict.map_err(|error| match error {
            // A self-signed authority used as a server's certificate fails as "other", before its issuer is looked for.
            Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature | CertificateError::Other(_),
            ) if is_self_issued(end_entity) => {
                Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(SelfSigned))))
            }
            // Somebody else's authority may bear the name of one we know; its signature gives it away.
            Error::InvalidCertificate(CertificateError::BadSignature) => {
                Error::InvalidCertificate(CertificateError::UnknownIssuer)
            }
            other => other,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}

fn is_self_issued(certificate: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(certificate)
        .is_ok_and(|(_, parsed)| parsed.issuer().as_raw() == parsed.subject().as_raw())
}

/// Takes any certificate: what an integration with `rejectUnauthorized: false` asked for.
#[derive(Debug)]
struct Trusting {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
