//! An open connection, and one exchange over it.
//!
//! An HTTP/1.1 connection is driven by the attempt that uses it, in the same task: nothing is spawned, a wake-up is
//! saved, and an attempt that is dropped takes its connection along. HTTP/2 connections are shared, so each has a
//! task, which [`Drivers`] owns.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use fieldhook_core::attempt::Network;
use fieldhook_core::time::Timestamp;
use futures_util::future::{Either, select};
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::body::{self, Portion, Source};
use super::failure::Broken;
use super::meter::{Meter, Metered};
use super::request::{self, Outgoing};
use super::trace::Trace;
use super::{Call, Limits, MAX_HEADERS, Received};

/// A byte stream: TCP, or TLS over it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

type Wire = TokioIo<Metered<Box<dyn Stream>>>;

/// What is known of a connection for as long as it lives.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) address: String,
    pub(super) tls: Option<&'static str>,
    pub(super) certificate_expires_at: Option<Timestamp>,
}

impl Facts {
    pub(super) fn tell(&self, network: &mut Network, http: &'static str) {
        network.address = Some(self.address.clone());
        network.http = Some(http.to_owned());
        network.tls = self.tls.map(str::to_owned);
        network.certificate_expires_at = self.certificate_expires_at.map(|moment| moment.to_string());
    }
}

/// A connection that carries one exchange at a time.
pub(super) struct Http1 {
    sender: http1::SendRequest<Outgoing>,
    /// Gone once the connection has ended.
    driver: Option<http1::Connection<Wire, Outgoing>>,
    meter: Arc<Meter>,
    facts: Facts,
}

impl Http1 {
    pub(super) async fn open(
        stream: Box<dyn Stream>,
        facts: Facts,
        limits: &Limits,
    ) -> Result<Box<Self>, hyper::Error> {
        let meter = Arc::new(Meter::default());
        let wire = TokioIo::new(Metered::new(stream, meter.clone()));
        let (sender, driver) = http1::Builder::new()
            .max_header_size(limits.header_bytes)
            // The buffer holds a head, so it must have room for one; a body passes through it in pieces.
            .max_buf_size(limits.header_bytes.max(8 * 1024))
            .handshake(wire)
            .await?;
        Ok(Box::new(Self { sender, driver: Some(driver), meter, facts }))
    }

    /// Lets the connection read and write what it can; ready once it has ended.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(driver) = &mut self.driver else { return Poll::Ready(()) };
        match Pin::new(driver).poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(_) => {
                // Dropped, it tells whoever waits for an answer that there will be none.
                self.driver = None;
                Poll::Ready(())
            }
        }
    }

    /// Whether it can carry another exchange, as far as can be told from here.
    pub(super) fn is_fit(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop())).is_pending() && self.sender.is_ready()
    }

    /// Makes the exchange. The connection comes back with the answer when it can be used again.
    pub(super) async fn exchange(
        mut self: Box<Self>,
        call: &Call<'_>,
        trace: &mut Trace<'_>,
        limits: &Limits,
    ) -> Result<(Received, Option<Box<Self>>), Broken> {
        self.facts.tell(&mut trace.network, "HTTP/1.1");
        let request = request::http1(call, &self.meter)?;
        self.meter.begin(call.body.as_ref().is_some_and(|body| !body.is_empty()));
        trace.exchange(self.meter.clone());

        let mut answer = pin!(self.sender.send_request(request));
        let answer = poll_fn(|cx| {
            let driven = self.drive(cx);
            trace.observe();
            match answer.as_mut().poll(cx) {
                Poll::Ready(answer) => Poll::Ready(answer.map_err(Broken::Http)),
                Poll::Pending if self.meter.bytes_in() > limits.header_bytes as u64 => {
                    Poll::Ready(Err(Broken::HeadFlood))
                }
                Poll::Pending => {
                    debug_assert!(driven.is_pending(), "a connection that ended leaves nobody waiting");
                    Poll::Pending
                }
            }
        });
        let (head, body) = answer.await?.into_parts();
        accept(&head)?;
        let portion = body::read(Source::own(body, &mut self), &head.headers, limits.answer_bytes).await?;
        trace.observe();

        let keep = !portion.cut && self.is_fit();
        Ok((received(head, portion), keep.then_some(self)))
    }
}

/// A connection that carries many exchanges at once.
#[derive(Clone)]
pub(super) struct Http2 {
    sender: http2::SendRequest<Outgoing>,
    facts: Facts,
}

impl Http2 {
    pub(super) async fn open(
        stream: Box<dyn Stream>,
        facts: Facts,
        limits: &Limits,
        drivers: &Drivers,
    ) -> Result<Self, hyper::Error> {
        let wire = TokioIo::new(stream);
        let window = u32::try_from(limits.answer_bytes).unwrap_or(u32::MAX >> 1).max(64 * 1024);
        let (sender, driver) = http2::Builder::new(drivers.clone())
            .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
            .initial_stream_window_size(window)
            // Room for a few full answers at once; a stream that is not read holds up no more than its own share.
            .initial_connection_window_size(window.saturating_mul(8).min(u32::MAX >> 1))
            .handshake(wire)
            .await?;
        drivers.run(async move {
            // Its end shows in every exchange it carried.
            let _ = driver.await;
        });
        Ok(Self { sender, facts })
    }

    pub(super) fn is_fit(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Makes the exchange.
    pub(super) async fn exchange(
        mut self,
        call: &Call<'_>,
        trace: &mut Trace<'_>,
        limits: &Limits,
    ) -> Result<Received, Broken> {
        self.facts.tell(&mut trace.network, "HTTP/2");
        let meter = Arc::new(Meter::default());
        let (taken, body_taken) = oneshot::channel();
        let request = request::http2(call, &meter, taken)?;
        trace.exchange(meter.clone());
        self.sender.ready().await.map_err(Broken::Http)?;

        let answer = pin!(self.sender.send_request(request));
        // Without a body the sending end is dropped at once, and the head alone is the request.
        let answer = match select(answer, body_taken).await {
            Either::Left((answer, _)) => answer,
            Either::Right((_, answer)) => {
                meter.mark_written();
                trace.observe();
                answer.await
            }
        };
        let (head, body) = answer.map_err(Broken::Http)?.into_parts();
        meter.mark_written();
        trace.observe();
        trace.answered();
        accept(&head)?;
        let portion = body::read(Source::shared(body, &meter), &head.headers, limits.answer_bytes).await?;
        Ok(received(head, portion))
    }
}

/// An open connection of either kind.
pub(super) enum Connection {
    Own(Box<Http1>),
    Shared(Http2),
}

/// Refuses what is not an answer we can take.
fn accept(head: &Parts) -> Result<(), Broken> {
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Broken::Upgrade);
    }
    // HTTP/1.1 heads were counted while they were read.
    if head.headers.len() > MAX_HEADERS {
        return Err(Broken::TooManyHeaders(head.headers.len()));
    }
    Ok(())
}

fn received(head: Parts, portion: Portion) -> Received {
    Received {
        status: head.status.as_u16(),
        headers: texts(&head.headers),
        body_bytes: portion.bytes.len() as u64,
        body: portion.bytes,
        cut: portion.cut,
    }
}

fn texts(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}

/// Owns the tasks of shared connections.
#[derive(Clone, Default)]
pub(super) struct Drivers {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Drivers {
    fn run<F: Future<Output = ()> + Send + 'static>(&self, driver: F) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move { stop.run_until_cancelled_owned(driver).await });
    }

    /// Stops all of them, and returns once they have stopped.
    pub(super) async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Whether they were stopped for good.
    pub(super) fn stopped(&self) -> bool {
        self.stop.is_cancelled()
    }
}

impl<F: Future<Output: Send> + Send + 'static> hyper::rt::Executor<F> for Drivers {
    fn execute(&self, task: F) {
        self.run(async move {
            task.await;
        });
    }
}
