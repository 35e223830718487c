//! Where the webhooks of a measurement go: a bare hyper server that counts.

use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use fieldhook_server::clock::Nature;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::until;
use crate::Context;

/// How a sink behaves.
#[derive(Clone, Default)]
pub(super) struct Manner {
    /// For how many bodies `0`, `1`, `2` … it remembers when they came.
    pub(super) numbers: usize,
    /// What it answers.
    pub(super) answer: Bytes,
    /// Whether it never answers.
    pub(super) hangs: bool,
    /// The certificate it shows, where it speaks TLS.
    pub(super) tls: Option<TlsAcceptor>,
}

/// A running sink. It stops when it is dropped.
pub(super) struct Sink {
    address: SocketAddr,
    seen: Arc<Seen>,
    _stop: DropGuard,
}

/// What came so far.
struct Seen {
    nature: Nature,
    manner: Manner,
    count: AtomicU64,
    /// For each number that a body may be, when it first came: nanoseconds, or 0 while it has not.
    arrivals: Vec<AtomicU64>,
}

impl Sink {
    /// Starts one. It listens on all addresses that begin with 127.
    pub(super) async fn start(nature: &Nature, manner: Manner) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("0.0.0.0", 0)).await?;
        let address = SocketAddr::from(([127, 0, 0, 1], listener.local_addr()?.port()));
        let arrivals = (0..manner.numbers).map(|_| AtomicU64::new(0)).collect();
        let seen = Arc::new(Seen { nature: nature.clone(), manner, count: AtomicU64::new(0), arrivals });
        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(accept(listener, seen.clone(), stop.clone())));
        Ok(Self { address, seen, _stop: stop.drop_guard() })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address for a webhook.
    pub(super) fn url(&self) -> String {
        let scheme = if self.seen.manner.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/in", self.address)
    }

    /// How many requests came.
    pub(super) fn arrived(&self) -> u64 {
        self.seen.count.load(Ordering::Relaxed)
    }

    /// Waits until so many requests came. A standstill is a failed measurement.
    pub(super) async fn until(&self, count: u64, context: &Context) -> anyhow::Result<()> {
        until(count, || self.arrived(), "requests", context).await
    }

    /// When the body that is this number came.
    pub(super) fn arrival(&self, number: usize) -> Option<Duration> {
        let nanos = self.seen.arrivals.get(number)?.load(Ordering::Relaxed);
        (nanos > 0).then(|| Duration::from_nanos(nanos))
    }
}

async fn accept(listener: TcpListener, seen: Arc<Seen>, stop: CancellationToken) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(stop.clone().run_until_cancelled_owned(serve(stream, seen.clone())));
    }
}

async fn serve(stream: TcpStream, seen: Arc<Seen>) {
    // Without it the figures would be those of Nagle's algorithm.
    let _ = stream.set_nodelay(true);
    match &seen.manner.tls {
        None => answer_all(stream, &seen).await,
        // A handshake that fails shows as requests that do not come.
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                answer_all(stream, &seen).await;
            }
        }
    }
}

async fn answer_all(stream: impl AsyncRead + AsyncWrite + Unpin, seen: &Seen) {
    let service = service_fn(|request| take(request, seen));
    // A sender that goes away ends its connection, and nothing else.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn take(request: Request<Incoming>, seen: &Seen) -> Result<Response<Full<Bytes>>, Infallible> {
    let now = seen.nature.clock.elapsed().as_nanos() as u64;
    let body =
        request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    seen.count.fetch_add(1, Ordering::Relaxed);
    if !seen.arrivals.is_empty() {
        let number = std::str::from_utf8(&body).ok().and_then(|text| text.parse::<usize>().ok());
        if let Some(arrival) = number.and_then(|number| seen.arrivals.get(number)) {
            // A repeat says nothing about how long the first took.
            let _ = arrival.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
    if seen.manner.hangs {
        pending::<()>().await;
    }
    Ok(Response::new(Full::new(seen.manner.answer.clone())))
}
