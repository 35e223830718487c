//! Certificates that cannot be believed, each shown by a real TLS server.

use std::io::Write as _;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{card, cards, cause, fact, hook, offers, says};
use crate::world::World;

/// A certificate with its key.
type Identity = (CertificateDer<'static>, KeyPair);

/// An authority, as the operator names one.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn certify(&self, host: &str, expires: i32) -> Identity {
        let (params, key) = wish(host, expires);
        (params.signed_by(&key, &self.issuer).unwrap().der().clone(), key)
    }
}

fn wish(host: &str, expires: i32) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, host);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(expires, 1, 2);
    (params, KeyPair::generate().unwrap())
}

/// A server that shows this certificate and answers 200; returns its address.
async fn server((certificate, key): Identity) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(socket).await {
                let _ = stream.read(&mut [0; 4_096]).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
            }
        }
    });
    url
}

#[tokio::test]
async fn each_fault_of_a_certificate_is_named_with_what_to_do() {
    let ours = Authority::named("Authority of the operator");
    let mut roots = tempfile::NamedTempFile::new().unwrap();
    roots.write_all(ours.pem.as_bytes()).unwrap();
    let path = roots.path().to_owned();
    let world = World::start_with(|config| config.tls_roots = Some(path)).await;
    let alone = {
        let (params, key) = wish("127.0.0.1", 2030);
        (params.self_signed(&key).unwrap().der().clone(), key)
    };
    let faults = [
        ("expired", ours.certify("127.0.0.1", 2025), "has run out", "CERT_HAS_EXPIRED"),
        ("name", ours.certify("other.example", 2030), "another name", "CERT_ALTNAME"),
        (
            "unknown",
            Authority::named("Stranger").certify("127.0.0.1", 2030),
            "not known here",
            "CERT_UNKNOWN_CA",
        ),
        ("alone", alone, "vouches for itself", "SELF_SIGNED_CERT"),
    ];
    for (event, identity, why, code) in faults {
        let url = server(identity).await;
        let id = hook(&world, &url, json!({"event": event})).await;
        world.publish(event, "1").await;
        let card = card(&world, &id, "tls").await;
        says(cause(&card), why);
        says(card["title"].as_str().unwrap(), code);
        says(fact(&card), "certificate");
        assert!(offers(&card, "edit-field"), "{card:#}");
    }
    let good = hook(&world, &server(ours.certify("127.0.0.1", 2030)).await, json!({})).await;
    world.publish("temp", "1").await;
    assert_eq!(cards(&world, &good).await.len(), 0, "the operator's own authority is believed");
}
