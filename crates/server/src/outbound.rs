//! The HTTP client: one request, one answer, and all that was seen on the way.
//!
//! It trusts nobody. Every address is judged before it is dialled, everything that comes back has a limit, one deadline
//! spans it all, and whatever goes wrong becomes a [`Failure`] that says when and how.

mod body;
mod connection;
mod dial;
mod failure;
mod guard;
mod meter;
mod pool;
mod request;
mod resolve;
mod tls;
mod trace;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fieldhook_core::attempt::{Code, Network, Phase, Timings};
use fieldhook_core::origin::Origin;
use futures_util::future::{Either, select};
use ipnet::IpNet;
use rustls::pki_types::CertificateDer;

pub use failure::Failure;
pub use guard::{Blocked, Target, judge, literal};
pub use pool::PoolKey;
pub use resolve::{Resolve, ResolveError, ScriptedResolver, SystemResolver};
pub use tls::TrustError;

use crate::clock::Nature;
use connection::{Connection, Drivers, Http1};
use dial::Dialer;
use pool::{Key, Pool, Reused};
use trace::Trace;

/// Headers an answer may have: the HTTP library's own limit, which costs nothing to keep.
pub const MAX_HEADERS: usize = 100;

/// How much one attempt may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From the start of an attempt to the last byte of the answer.
    pub deadline: Duration,
    /// Bytes read of an answer's body, counted after unpacking.
    pub answer_bytes: usize,
    /// Bytes of an answer's status line and headers.
    pub header_bytes: usize,
    /// How long a connection is kept without a request.
    pub idle_timeout: Duration,
    /// Idle connections kept per destination.
    pub idle_per_destination: usize,
    /// Idle connections kept in all.
    pub idle_in_all: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(20),
            answer_bytes: 256 * 1024,
            header_bytes: 64 * 1024,
            // Most servers and load balancers keep a connection for 60 s or more; closing first avoids their reset.
            idle_timeout: Duration::from_secs(45),
            idle_per_destination: 64,
            idle_in_all: 4096,
        }
    }
}

/// What an [`Outbound`] is made of.
#[derive(Default)]
pub struct Setup {
    /// Networks opened beyond the public internet.
    pub allow: Vec<IpNet>,
    /// Authorities believed beside the machine's own.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// How much one attempt may take.
    pub limits: Limits,
    /// What resolves names; the machine's name servers when absent.
    pub resolver: Option<Arc<dyn Resolve>>,
}

/// Why there can be no outbound client.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The resolver cannot be set up.
    #[error("the name resolver cannot be set up")]
    Resolver(#[from] ResolveError),
    /// TLS cannot be set up.
    #[error("TLS for outgoing requests cannot be set up")]
    Trust(#[from] TrustError),
}

/// One request to make. What a template could get wrong was checked when it was saved.
pub struct Call<'a> {
    /// Whose connections may carry it.
    pub pool: PoolKey,
    /// Whether it goes over TLS.
    pub https: bool,
    /// Name or address of the host, as in a URL.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// The method.
    pub method: &'a str,
    /// Path and query, beginning with `/`.
    pub target: &'a str,
    /// Headers; those that concern the connection or the body's length are ours and left out.
    pub headers: &'a [(String, String)],
    /// The body; none and an empty one are the same.
    pub body: Option<Bytes>,
    /// Whether the server's certificate must be good.
    pub verify_tls: bool,
    /// Whether it may go over a kept connection, and its own may be kept.
    pub keep_alive: bool,
    /// Called once, when the request has been written in full. Must not block.
    pub on_written: Option<&'a mut (dyn FnMut() + Send + Sync)>,
}

impl Call<'_> {
    fn is_for_tester(&self) -> bool {
        is_for_tester(self.target)
    }
}

/// Whether a path asks for what only our own tester answers.
fn is_for_tester(path: &str) -> bool {
    path.starts_with("/t/")
}

/// What became of a call.
#[derive(Debug)]
pub struct Sent {
    /// The answer, or why there is none.
    pub result: Result<Received, Failure>,
    /// How long each phase took.
    pub timings: Timings,
    /// What the network showed. Bytes are HTTP's own, before TLS; on a shared HTTP/2 connection, those of the bodies.
    pub network: Network,
    /// Whether the request was written in full.
    pub written: bool,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The status code.
    pub status: u16,
    /// Names, in lower case, and values, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body, unpacked, at most as long as the limit.
    pub body: Bytes,
    /// Bytes of it that were read.
    pub body_bytes: u64,
    /// Whether there was more.
    pub cut: bool,
}

/// The HTTP client. Shared by all; holds nothing of a call once it has been answered, save its connection.
pub struct Outbound {
    dialer: Dialer,
    pool: Pool,
    limits: Limits,
    nature: Nature,
}

impl Outbound {
    /// A client for the public internet and the networks in `allow`.
    pub fn new(allow: Vec<IpNet>, limits: Limits, nature: Nature) -> Result<Self, OutboundError> {
        Self::with(Setup { allow, limits, ..Setup::default() }, nature)
    }

    /// A client made of these parts.
    pub fn with(setup: Setup, nature: Nature) -> Result<Self, OutboundError> {
        let resolver = match setup.resolver {
            Some(resolver) => resolver,
            None => Arc::new(SystemResolver::new()?),
        };
        let dialer = Dialer {
            allow: setup.allow,
            own: parking_lot::RwLock::new(None),
            resolver,
            tls: tls::Tls::new(&setup.extra_roots, nature.clock.clone())?,
            clock: nature.clock.clone(),
            drivers: Drivers::default(),
        };
        Ok(Self { dialer, pool: Pool::new(&setup.limits), limits: setup.limits, nature })
    }

    /// Says where this server itself listens: refused from then on, save for its tester under `/t/`.
    pub fn set_own_address(&self, address: SocketAddr) {
        *self.dialer.own.write() = Some(address);
    }

    /// Whether the guard would let a request to this URL pass, as far as its host is an address, or this machine by
    /// name. What any other name leads to is only known when it is resolved, so it passes.
    pub fn may_reach(&self, url: &str) -> bool {
        let Ok((origin, path)) = Origin::split(url) else { return true };
        let this_machine = (origin.host == "localhost").then_some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let Some(ip) = literal(&origin.host).or(this_machine) else { return true };
        self.dialer.may_dial(SocketAddr::new(ip, origin.port), is_for_tester(&url[path..]))
    }

    /// Makes the request and waits for the answer, within the deadline. Dropped, it takes its connection along.
    pub async fn send(&self, mut call: Call<'_>) -> Sent {
        let on_written = call.on_written.take();
        let mut trace = Trace::begin(self.nature.clock.clone(), call.host, on_written);
        let key = Key::of(&call);

        let deadline = self.nature.clock.sleep(self.limits.deadline);
        let ended = match select(pin!(self.attempt(&call, &key, &mut trace)), deadline).await {
            Either::Left((result, _)) => Some(result),
            Either::Right(_) => None,
        };
        let result = ended.unwrap_or_else(|| Err(failure::overdue(&trace, self.limits.deadline)));
        if result.is_err() {
            // It may be the connection: the next request finds out on one of its own.
            self.pool.distrust(&key);
        }
        let (timings, network, written) = trace.finish();
        Sent { result, timings, network, written }
    }

    /// Closes connections that have been idle for too long. To be called every few seconds.
    pub fn sweep(&self) {
        self.pool.sweep(self.nature.clock.elapsed());
    }

    /// Connections kept for later requests.
    pub fn kept_connections(&self) -> usize {
        self.pool.len()
    }

    /// Closes every kept connection and stops every task; nothing is kept from then on.
    pub async fn close(&self) {
        self.dialer.drivers.stop().await;
        self.pool.clear();
    }

    async fn attempt(&self, call: &Call<'_>, key: &Key, trace: &mut Trace<'_>) -> Result<Received, Failure> {
        let kept = if call.keep_alive { self.pool.take(key, self.nature.clock.elapsed()) } else { None };
        if let Some(Reused { connection, idle }) = kept {
            trace.network.reused = true;
            trace.network.idle_ms = idle.map(|idle| u64::try_from(idle.as_millis()).unwrap_or(u64::MAX));
            match self.exchange(connection, call, key, trace).await {
                // The server gave the connection up while we took it: the request was not acted on, or so we hope.
                Err(failure) if failure.code == Code::Reset && trace.phase() < Phase::Receive => {
                    trace.start_over();
                }
                settled => return settled,
            }
        }
        // Boxed, for it is large and most attempts do without it.
        let connection = Box::pin(self.dialer.dial(call, trace, &self.limits)).await?;
        if let Connection::Shared(shared) = &connection
            && call.keep_alive
        {
            self.pool.share(key.clone(), shared, self.nature.clock.elapsed());
        }
        self.exchange(connection, call, key, trace).await
    }

    async fn exchange(
        &self,
        connection: Connection,
        call: &Call<'_>,
        key: &Key,
        trace: &mut Trace<'_>,
    ) -> Result<Received, Failure> {
        let exchanged = match connection {
            Connection::Own(own) => own.exchange(call, trace, &self.limits).await,
            Connection::Shared(shared) => {
                shared.exchange(call, trace, &self.limits).await.map(|received| (received, None))
            }
        };
        let (received, free) = exchanged.map_err(|error| failure::broken(&error, trace, &self.limits))?;
        if let Some(free) = free
            && call.keep_alive
        {
            self.keep(key, free);
        }
        Ok(received)
    }

    fn keep(&self, key: &Key, free: Box<Http1>) {
        if !self.dialer.drivers.stopped() {
            self.pool.keep(key.clone(), free, self.nature.clock.elapsed());
        }
    }
}
