//! The front door: accepts connections, speaks HTTP/1.1 and HTTP/2 on them, and closes them in good order.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse as _;
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use self::body::ImpatientBody;
pub use self::wire::ConnectionControl;
use self::wire::Wire;
use crate::clock::Nature;

mod body;
#[cfg(test)]
mod tests;
mod wire;

/// Where a request's connection comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// How much the front door puts up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most connections at once; further ones wait to be accepted.
    pub connections: usize,
    /// How long a client may take to send a request's head, and to send anything at all on a new connection.
    pub head_patience: Duration,
    /// How long a client may pause within a request's body.
    pub body_patience: Duration,
    /// How long requests on the wire may take to finish once the server drains.
    pub drain_patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            head_patience: Duration::from_secs(30),
            body_patience: Duration::from_secs(30),
            drain_patience: Duration::from_secs(25),
        }
    }
}

/// Most bytes of a request's head, and most header fields in it.
const HEAD_BYTES: usize = 64 * 1024;
const HEAD_FIELDS: usize = 100;
/// Most requests at once on one HTTP/2 connection.
const STREAMS: u32 = 256;
/// How long to rest when accepting fails, as it does while the process has no file descriptor left.
const REST: Duration = Duration::from_millis(100);

/// A bound address, not yet served.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    limits: Limits,
}

impl Listener {
    /// Takes the address.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let tcp = TcpListener::bind(address).await?;
        let address = tcp.local_addr()?;
        Ok(Self { tcp, address, limits: Limits::default() })
    }

    /// The same with other limits.
    #[must_use]
    pub fn within(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The address taken; tells the port when any was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then finishes the requests on the wire and returns.
    pub async fn run(self, router: Router, nature: Nature, stop: CancellationToken) {
        let limits = self.limits;
        let door = Arc::new(Door {
            http: http(&limits),
            router,
            limits,
            nature,
            room: Arc::new(Semaphore::new(limits.connections)),
            connections: TaskTracker::new(),
            draining: CancellationToken::new(),
            overdue: CancellationToken::new(),
        });
        tokio::select! {
            () = door.accept_all(&self.tcp) => {}
            () = stop.cancelled() => {}
        }
        drop(self.tcp);
        door.drain().await;
    }
}

fn http(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_patience)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEAD_FIELDS);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES as u32)
        .keep_alive_interval(limits.head_patience);
    http
}

struct Door {
    http: auto::Builder<TokioExecutor>,
    router: Router,
    limits: Limits,
    nature: Nature,
    room: Arc<Semaphore>,
    connections: TaskTracker,
    /// Asks connections to finish what is on the wire.
    draining: CancellationToken,
    /// Drops those that do not.
    overdue: CancellationToken,
}

impl Door {
    async fn accept_all(self: &Arc<Self>, tcp: &TcpListener) {
        loop {
            let room = self.room.clone().acquire_owned().await.expect("the semaphore is never closed");
            match tcp.accept().await {
                Ok((stream, peer)) => {
                    self.connections.spawn(self.clone().connection(stream, Peer(peer), room));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted; resting for a moment");
                    self.nature.clock.sleep(REST).await;
                }
            }
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, peer: Peer, _room: OwnedSemaphorePermit) {
        // An event on a stream must not wait for the next one to fill a packet.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let (wire, control) = Wire::new(stream);
        let (door, handle) = (self.clone(), control.clone());
        let service = service_fn(move |request| door.clone().answer(request, peer, handle.clone()));
        let mut connection = std::pin::pin!(self.http.serve_connection(TokioIo::new(wire), service));
        let mut silence = self.nature.clock.sleep(self.limits.head_patience);
        let (mut listening, mut finishing) = (true, false);
        loop {
            tokio::select! {
                // How a connection ends is the client's business; what matters was logged by the handler.
                _ = connection.as_mut() => return,
                () = control.aborted() => return,
                () = self.overdue.cancelled() => return,
                () = self.draining.cancelled(), if !finishing => {
                    finishing = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = &mut silence, if listening => {
                    if !control.heard() { return; }
                    listening = false;
                }
            }
        }
    }

    async fn answer(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
        peer: Peer,
        control: ConnectionControl,
    ) -> Result<axum::response::Response, Infallible> {
        let (patience, clock) = (self.limits.body_patience, self.nature.clock.clone());
        let mut request = request.map(|body| Body::new(ImpatientBody::new(body, patience, clock)));
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(control);
        let mut router = self.router.clone();
        if request.method().is_safe() {
            return router.call(request).await;
        }
        // What changes something runs to its end on a task of its own. A request is dropped when its client goes away,
        // and an event that is durable by then would be held by nobody and logged by nobody.
        let overdue = self.overdue.clone();
        let work = async move { overdue.run_until_cancelled_owned(router.call(request)).await };
        match self.connections.spawn(work).await {
            Ok(Some(answer)) => answer,
            Ok(None) => Ok(StatusCode::SERVICE_UNAVAILABLE.into_response()),
            // Only a panic ends a task before its end, unless the whole program does.
            Err(broken) => match broken.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Ok(StatusCode::SERVICE_UNAVAILABLE.into_response()),
            },
        }
    }

    async fn drain(&self) {
        self.draining.cancel();
        self.connections.close();
        tokio::select! {
            () = self.connections.wait() => return,
            () = self.nature.clock.sleep(self.limits.drain_patience) => {}
        }
        tracing::warn!(
            connections = self.connections.len(),
            "dropping connections that did not finish in time"
        );
        self.overdue.cancel();
        self.connections.wait().await;
    }
}
