//! A stream that notes what passes through it: the facts a failed attempt is explained from.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use parking_lot::Mutex;
use smallvec::SmallVec;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of an answer kept to tell what kind of server sent it.
const OPENING: usize = 24;

/// What passed through a stream since the current exchange began. Above TLS these are HTTP's own bytes.
#[derive(Debug, Default)]
pub(super) struct Meter {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    body_taken: AtomicBool,
    written: AtomicBool,
    opening: Mutex<SmallVec<[u8; OPENING]>>,
}

impl Meter {
    /// Starts from zero, for a request that has a body or has none.
    pub(super) fn begin(&self, has_body: bool) {
        self.bytes_in.store(0, Relaxed);
        self.bytes_out.store(0, Relaxed);
        self.written.store(false, Relaxed);
        self.body_taken.store(!has_body, Relaxed);
    }

    /// Notes that the last of the request's body is on its way into the stream.
    pub(super) fn body_taken(&self) {
        self.body_taken.store(true, Relaxed);
    }

    /// Whether the whole request has left for the network.
    pub(super) fn written(&self) -> bool {
        self.written.load(Relaxed)
    }

    pub(super) fn bytes_in(&self) -> u64 {
        self.bytes_in.load(Relaxed)
    }

    pub(super) fn bytes_out(&self) -> u64 {
        self.bytes_out.load(Relaxed)
    }

    /// The first bytes that came back.
    pub(super) fn opening(&self) -> SmallVec<[u8; OPENING]> {
        self.opening.lock().clone()
    }

    /// Notes that the whole request has left, where no stream of its own shows it.
    pub(super) fn mark_written(&self) {
        self.written.store(true, Relaxed);
    }

    pub(super) fn count_out(&self, bytes: usize) {
        self.bytes_out.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn count_in(&self, bytes: usize) {
        self.bytes_in.fetch_add(bytes as u64, Relaxed);
    }

    fn read(&self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.bytes_in.fetch_add(bytes.len() as u64, Relaxed) == 0 {
            *self.opening.lock() = SmallVec::from_slice(&bytes[..bytes.len().min(OPENING)]);
        }
    }

    fn flushed(&self) {
        if self.body_taken.load(Relaxed) && self.bytes_out() > 0 {
            self.written.store(true, Relaxed);
        }
    }
}

/// A stream with a meter.
pub(super) struct Metered<S> {
    stream: S,
    meter: Arc<Meter>,
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S, meter: Arc<Meter>) -> Self {
        Self { stream, meter }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.meter.read(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.meter.count_out(count);
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
        self.meter.count_out(count);
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.meter.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
