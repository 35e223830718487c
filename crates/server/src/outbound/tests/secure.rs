//! TLS and HTTP/2: whom we believe, what is said when we do not, and shared connections.

use std::convert::Infallible;

use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A certificate authority of our own.
struct Authority {
    root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        Self::named("Authority of the tests")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().clone();
        Self { root, issuer: Issuer::new(params, key) }
    }

    fn certify(&self, name: &str, expires: i32) -> Identity {
        let (params, key) = wish(name, expires);
        (params.signed_by(&key, &self.issuer).unwrap().der().clone(), key.into())
    }

    /// A client that believes this authority, and finds `hook.test` on this machine.
    fn bench(&self) -> Bench {
        let allow = nets(&["127.0.0.0/8"]);
        let bench = Bench::with(Setup { allow, extra_roots: vec![self.root.clone()], ..Setup::default() });
        bench.names.answer("hook.test", Ok(vec!["127.0.0.1".parse().unwrap()]));
        bench
    }
}

type Identity = (CertificateDer<'static>, PrivateKeyDer<'static>);

fn wish(name: &str, expires: i32) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(expires, 1, 2);
    (params, KeyPair::generate().unwrap())
}

fn self_signed(authority: bool) -> Identity {
    let (mut params, key) = wish("hook.test", 2030);
    if authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    (params.self_signed(&key).unwrap().der().clone(), key.into())
}

/// What a server of ours did, and how to make it hang up.
struct TlsServer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    hang_up: Arc<Notify>,
}

/// Speaks HTTP over TLS as `identity`, and sends back what it was sent.
async fn tls_server(identity: Identity, protocols: &[&[u8]]) -> TlsServer {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.0], identity.1)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let connections = Arc::new(AtomicUsize::new(0));
    let hang_up = Arc::new(Notify::new());
    let (count, hanging_up) = (connections.clone(), hang_up.clone());
    let address = server(move |stream, _| {
        count.fetch_add(1, SeqCst);
        let (acceptor, hanging_up) = (acceptor.clone(), hanging_up.clone());
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                let body = request.into_body().collect().await.unwrap().to_bytes();
                Ok::<_, Infallible>(http::Response::new(Full::new(body)))
            });
            let http = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            tokio::select! {
                _ = http.serve_connection(TokioIo::new(stream), service) => {}
                () = hanging_up.notified() => {}
            }
        }
    })
    .await;
    TlsServer { address, connections, hang_up }
}

fn https<'a>(server: SocketAddr) -> Call<'a> {
    let body = Some(Bytes::from_static(b"echo"));
    Call { https: true, host: "hook.test", method: "POST", body, ..get(server) }
}

#[tokio::test]
async fn a_good_certificate_is_believed_and_its_expiry_noted() {
    let authority = Authority::new();
    let server = tls_server(authority.certify("hook.test", 2030), &[b"http/1.1"]).await.address;
    let bench = authority.bench();

    let sent = bench.client.send(https(server)).await;
    assert_eq!(sent.result.unwrap().body, "echo");
    assert!(sent.timings.tls_us.is_some());
    assert_eq!(sent.network.tls.as_deref(), Some("TLSv1.3"));
    assert_eq!(sent.network.http.as_deref(), Some("HTTP/1.1"));
    assert_eq!(sent.network.certificate_expires_at.as_deref(), Some("2030-01-02T00:00:00.000Z"));
    let again = bench.client.send(https(server)).await;
    assert!(again.network.reused);
    assert_eq!(again.network.certificate_expires_at.as_deref(), Some("2030-01-02T00:00:00.000Z"));
}

#[tokio::test]
async fn each_bad_certificate_has_its_code_and_its_words_and_passes_when_nobody_checks() {
    let authority = Authority::new();
    let cases = [
        (authority.certify("hook.test", 2025), Code::CertHasExpired, "expired at 2025-01-02T00:00:00.000Z"),
        (authority.certify("other.test", 2030), Code::CertAltname, "not for hook.test; it is for other.test"),
        (Authority::named("Stranger").certify("hook.test", 2030), Code::CertUnknownCa, "issuer is unknown"),
        // An authority that merely bears the name of one we believe.
        (Authority::new().certify("hook.test", 2030), Code::CertUnknownCa, "issuer is unknown"),
        (self_signed(false), Code::SelfSignedCert, "signed by itself"),
        (self_signed(true), Code::SelfSignedCert, "signed by itself"),
    ];
    for (identity, code, words) in cases {
        let server = tls_server(identity, &[]).await.address;
        let bench = authority.bench();
        let failure = failed(bench.client.send(https(server)).await);
        assert_eq!((failure.code, failure.phase), (code, Phase::Tls), "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);

        let unchecked = bench.client.send(Call { verify_tls: false, ..https(server) }).await;
        assert_eq!(unchecked.result.unwrap().status, 200);
    }
}

#[tokio::test]
async fn the_wrong_scheme_is_told_from_other_failures() {
    let authority = Authority::new();
    let bench = authority.bench();
    let plain = server(|mut stream, _| async move {
        let mut hello = [0; 16];
        stream.read_exact(&mut hello).await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    })
    .await;
    let failure = failed(bench.client.send(https(plain)).await);
    assert_eq!(failure.code, Code::TlsError);
    assert!(failure.message.contains("begin with http://"), "{}", failure.message);

    let secure = tls_server(authority.certify("hook.test", 2030), &[]).await.address;
    let failure = failed(bench.client.send(Call { https: false, ..https(secure) }).await);
    assert_eq!(failure.code, Code::Protocol);
    assert!(failure.message.contains("begin with https://"), "{}", failure.message);
}

#[tokio::test]
async fn a_reset_before_or_during_the_handshake_says_so() {
    let authority = Authority::new();
    for (bytes, words) in [(&b""[..], "before TLS began"), (b"\x16\x03\x03", "during the TLS handshake")] {
        let server = server(move |mut stream, _| async move {
            let mut hello = [0; 16];
            stream.read_exact(&mut hello).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            settle().await;
            stream.set_zero_linger().unwrap();
        })
        .await;
        let failure = failed(authority.bench().client.send(https(server)).await);
        assert_eq!((failure.code, failure.phase), (Code::Reset, Phase::Tls));
        assert!(failure.message.contains(words), "{}", failure.message);
    }
}

#[tokio::test]
async fn a_handshake_that_hangs_times_out() {
    let hello = Arc::new(Notify::new());
    let says = hello.clone();
    let server = server(move |mut stream, _| {
        let says = says.clone();
        async move {
            stream.read_exact(&mut [0; 16]).await.unwrap();
            says.notify_one();
            std::future::pending::<()>().await;
        }
    })
    .await;
    let failure = failed(Authority::new().bench().send_until_the_deadline(https(server), &hello).await);
    assert_eq!((failure.code, failure.phase), (Code::TimedOut, Phase::Tls));
}

#[tokio::test]
async fn one_http2_connection_carries_many_requests() {
    let authority = Authority::new();
    let TlsServer { address: server, connections, .. } =
        tls_server(authority.certify("hook.test", 2030), &[b"h2", b"http/1.1"]).await;
    let bench = authority.bench();
    let mut told = 0;
    let mut on_written = || told += 1;

    let first = bench.client.send(Call { on_written: Some(&mut on_written), ..https(server) }).await;
    assert_eq!(first.network.http.as_deref(), Some("HTTP/2"));
    assert_eq!((first.network.bytes_out, first.network.bytes_in, first.written), (4, 4, true));
    assert_eq!(first.result.unwrap().body, "echo");
    assert_eq!(told, 1);

    let both = tokio::join!(bench.client.send(https(server)), bench.client.send(https(server)));
    for sent in [both.0, both.1] {
        assert!(sent.result.is_ok() && sent.network.reused);
    }
    let bodiless = bench.client.send(Call { method: "GET", body: None, ..https(server) }).await;
    assert!(bodiless.result.is_ok() && bodiless.written);
    assert_eq!(connections.load(SeqCst), 1);

    bench.client.close().await;
    assert_eq!(bench.client.kept_connections(), 0);
}

#[tokio::test]
async fn a_shared_connection_that_died_is_replaced_whether_or_not_we_know_already() {
    for known in [true, false] {
        let authority = Authority::new();
        let server = tls_server(authority.certify("hook.test", 2030), &[b"h2"]).await;
        let bench = authority.bench();
        assert!(bench.client.send(https(server.address)).await.result.is_ok());
        server.hang_up.notify_waiters();
        if known {
            settle().await;
        }

        let sent = bench.client.send(https(server.address)).await;
        assert_eq!(sent.result.unwrap().body, "echo");
        assert!(!sent.network.reused);
        assert_eq!(server.connections.load(SeqCst), 2);
    }
}

#[tokio::test]
async fn a_shared_connection_that_fell_silent_is_not_given_to_the_next_request() {
    let authority = Authority::new();
    let server = tls_server(authority.certify("hook.test", 2030), &[b"h2"]).await;
    let bench = authority.bench();
    assert!(bench.client.send(https(server.address)).await.result.is_ok());

    // Time runs out before the answer can have come.
    let late = bench.client.send(https(server.address));
    let strike = async { bench.clock.advance(Duration::from_secs(20)) };
    let (late, ()) = tokio::join!(late, strike);
    assert_eq!(failed(late).code, Code::Silent);

    let next = bench.client.send(https(server.address)).await;
    assert!(next.result.is_ok() && !next.network.reused);
}
