//! From a host's name to an open connection: resolve, judge, connect, greet.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use fieldhook_core::attempt::Phase;
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use ipnet::IpNet;
use parking_lot::RwLock;
use tokio::net::TcpStream;

use super::connection::{Connection, Drivers, Facts, Http1, Http2, Stream};
use super::failure::{self, Broken, Failure};
use super::guard::{self, Blocked, Target};
use super::meter::{Meter, Metered};
use super::resolve::Resolve;
use super::tls::{self, Tls};
use super::trace::Trace;
use super::{Call, Limits};
use crate::clock::Clock;

/// How long an address may keep quiet before the next one is asked as well.
const PATIENCE: Duration = Duration::from_millis(250);

/// Addresses of one name that are tried at most.
const MAX_ADDRESSES: usize = 8;

/// Opens connections.
pub(super) struct Dialer {
    pub(super) allow: Vec<IpNet>,
    pub(super) own: RwLock<Option<SocketAddr>>,
    pub(super) resolver: Arc<dyn Resolve>,
    pub(super) tls: Tls,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) drivers: Drivers,
}

impl Dialer {
    /// Opens a connection for `call`; only ever to an address the guard has passed.
    pub(super) async fn dial(
        &self,
        call: &Call<'_>,
        trace: &mut Trace<'_>,
        limits: &Limits,
    ) -> Result<Connection, Failure> {
        let literal = guard::literal(call.host);
        let addresses = self.addresses(call, literal, trace).await?;
        trace.enter(Phase::Connect);
        trace.network.address = addresses.first().map(SocketAddr::to_string);
        let (stream, address) = self.connect(&addresses, call.host).await?;
        trace.network.address = Some(address.to_string());
        // Requests are small and written whole: waiting to fill a packet only delays them.
        let _ = stream.set_nodelay(true);

        let mut facts = Facts { address: address.to_string(), tls: None, certificate_expires_at: None };
        let mut http2 = false;
        let stream: Box<dyn Stream> = if call.https {
            trace.enter(Phase::Tls);
            let (stream, settled) = self.greet(call, literal, stream).await?;
            (facts.tls, facts.certificate_expires_at) = (settled.version, settled.expires_at);
            http2 = settled.http2;
            stream
        } else {
            Box::new(stream)
        };
        trace.enter(Phase::Send);
        let opened = if http2 {
            Http2::open(stream, facts, limits, &self.drivers).await.map(Connection::Shared)
        } else {
            Http1::open(stream, facts, limits).await.map(Connection::Own)
        };
        opened.map_err(|error| failure::broken(&Broken::Http(error), trace, limits))
    }

    /// The addresses that may be dialled, at least one.
    ///
    /// A name may lead to permitted and forbidden addresses alike (`localhost` with only 127.0.0.1 opened, say);
    /// the forbidden ones are left out, and never sent a packet.
    async fn addresses(
        &self,
        call: &Call<'_>,
        literal: Option<IpAddr>,
        trace: &mut Trace<'_>,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let found = match literal {
            Some(address) => vec![address],
            None => self.resolve(call.host, trace).await?,
        };
        let mut refusal = None;
        let mut passed = Vec::with_capacity(found.len().min(MAX_ADDRESSES));
        for ip in alternating(found) {
            match self.judge(SocketAddr::new(ip, call.port), call.is_for_tester()) {
                Ok(address) => passed.push(address),
                Err(blocked) => refusal = refusal.or(Some(blocked)),
            }
        }
        match refusal {
            Some(blocked) if passed.is_empty() => Err(failure::blocked(&blocked, call.host)),
            _ => {
                passed.truncate(MAX_ADDRESSES);
                Ok(passed)
            }
        }
    }

    async fn resolve(&self, host: &str, trace: &mut Trace<'_>) -> Result<Vec<IpAddr>, Failure> {
        trace.enter(Phase::Resolve);
        let resolved = self.resolver.resolve(host.trim_end_matches('.')).await;
        let found = resolved.map_err(|error| failure::unresolved(&error, host))?;
        trace.network.addresses = found.iter().map(IpAddr::to_string).collect();
        Ok(found)
    }

    /// Whether the guard lets an address be dialled, for the tester or for anything else.
    pub(super) fn may_dial(&self, address: SocketAddr, tester: bool) -> bool {
        self.judge(address, tester).is_ok()
    }

    fn judge(&self, address: SocketAddr, tester: bool) -> Result<SocketAddr, Blocked> {
        let target = match (self.is_own(address), tester) {
            (false, _) => Target::Other,
            (true, true) => Target::Tester,
            (true, false) => Target::Own,
        };
        guard::judge(address, target, &self.allow).map(|()| address)
    }

    fn is_own(&self, address: SocketAddr) -> bool {
        let Some(own) = *self.own.read() else { return false };
        if own.port() != address.port() {
            return false;
        }
        let ip = guard::effective(address.ip());
        if own.ip().is_unspecified() { is_of_this_machine(ip) } else { guard::effective(own.ip()) == ip }
    }

    /// Tries the addresses one after the other, the next as soon as one fails or keeps quiet for a while.
    async fn connect(
        &self,
        addresses: &[SocketAddr],
        host: &str,
    ) -> Result<(TcpStream, SocketAddr), Failure> {
        let mut waiting = addresses.iter().copied();
        let mut dials = FuturesUnordered::new();
        let mut refusal: Option<io::Error> = None;
        let dial = |address| async move { TcpStream::connect(address).await.map(|stream| (stream, address)) };
        dials.extend(waiting.next().map(dial));
        loop {
            let patience = async {
                if waiting.len() == 0 {
                    std::future::pending::<()>().await;
                }
                self.clock.sleep(PATIENCE).await;
            };
            match select(dials.next(), std::pin::pin!(patience)).await {
                Either::Left((Some(Ok(connected)), _)) => return Ok(connected),
                Either::Left((Some(Err(error)), _)) => {
                    // That somebody refused says more than that a route is missing.
                    if refusal.is_none() || error.kind() == io::ErrorKind::ConnectionRefused {
                        refusal = Some(error);
                    }
                }
                Either::Left((None, _)) => {
                    let tried: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
                    let error = refusal.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
                    return Err(failure::unconnected(&error, host, &tried.join(", ")));
                }
                Either::Right(((), _)) => {}
            }
            dials.extend(waiting.next().map(dial));
        }
    }

    async fn greet(
        &self,
        call: &Call<'_>,
        literal: Option<IpAddr>,
        stream: TcpStream,
    ) -> Result<(Box<dyn Stream>, tls::Settled), Failure> {
        let name = tls::server_name(call.host, literal).ok_or_else(|| failure::unnameable(call.host))?;
        let meter = Arc::new(Meter::default());
        let greeted = self.tls.greet(name, call.verify_tls, Metered::new(stream, meter.clone())).await;
        let stream = greeted.map_err(|error| failure::handshake(&error, call.host, meter.bytes_in()))?;
        let settled = tls::settled(&stream);
        Ok((Box::new(stream), settled))
    }
}

/// The addresses with the two families taking turns, so that a family without a route costs one try.
fn alternating(found: Vec<IpAddr>) -> impl Iterator<Item = IpAddr> {
    let first_is_v4 = found.first().is_some_and(IpAddr::is_ipv4);
    let (first, second): (Vec<_>, Vec<_>) = found.into_iter().partition(|ip| ip.is_ipv4() == first_is_v4);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut turn = false;
    std::iter::from_fn(move || {
        turn = !turn;
        if turn { first.next().or_else(|| second.next()) } else { second.next().or_else(|| first.next()) }
    })
}

/// Whether the machine has this address: only then can a socket be bound to it. Sends nothing.
fn is_of_this_machine(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_families_take_turns() {
        let found: Vec<IpAddr> =
            ["192.0.2.1", "192.0.2.2", "2001:db8::1"].iter().map(|text| text.parse().unwrap()).collect();
        let order: Vec<String> = alternating(found).map(|ip| ip.to_string()).collect();
        assert_eq!(order, ["192.0.2.1", "2001:db8::1", "192.0.2.2"]);
    }
}
