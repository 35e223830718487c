//! A connection's bytes, with a handle that can cut them off.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// No limit on what may still be written.
const UNLIMITED: u64 = u64::MAX;

/// Lets a handler break the connection that its request came on, as servers in trouble do.
#[derive(Debug, Clone)]
pub struct ConnectionControl {
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    aborted: CancellationToken,
    heard: AtomicBool,
    allowance: AtomicU64,
}

impl ConnectionControl {
    /// Breaks the connection now, with a TCP reset and without an answer.
    pub fn reset(&self) {
        self.state.aborted.cancel();
    }

    /// Breaks the connection, with a TCP reset, when this many more bytes have gone out on it. They count from
    /// the head of the answer on.
    pub fn reset_after(&self, bytes: u64) {
        self.state.allowance.store(bytes.min(UNLIMITED - 1), Ordering::Release);
    }

    pub(super) async fn aborted(&self) {
        self.state.aborted.cancelled().await;
    }

    pub(super) fn heard(&self) -> bool {
        self.state.heard.load(Ordering::Acquire)
    }
}

impl State {
    /// How many of `wanted` bytes may go out.
    fn allowed(&self, wanted: usize) -> usize {
        usize::try_from(self.allowance.load(Ordering::Acquire)).unwrap_or(usize::MAX).min(wanted)
    }

    fn wrote(&self, bytes: usize) {
        let allowance = self.allowance.load(Ordering::Acquire);
        if allowance != UNLIMITED {
            self.allowance.store(allowance - bytes as u64, Ordering::Release);
        }
    }
}

/// A TCP stream that obeys its [`ConnectionControl`].
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    state: Arc<State>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> (Self, ConnectionControl) {
        let state = Arc::new(State {
            aborted: CancellationToken::new(),
            heard: AtomicBool::new(false),
            allowance: AtomicU64::new(UNLIMITED),
        });
        (Self { stream, state: state.clone() }, ConnectionControl { state })
    }

    /// Writes through `write` what is still allowed; when nothing is, breaks the connection.
    fn write_allowed(
        &mut self,
        wanted: usize,
        write: impl FnOnce(Pin<&mut TcpStream>, usize) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let allowed = self.state.allowed(wanted);
        if allowed == 0 && wanted > 0 {
            self.state.aborted.cancel();
        }
        if self.state.aborted.is_cancelled() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let written = write(Pin::new(&mut self.stream), allowed);
        if let Poll::Ready(Ok(bytes)) = written {
            self.state.wrote(bytes);
        }
        written
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.state.aborted.is_cancelled() {
            // Closing without lingering is what makes the kernel send a reset instead of an orderly end.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.state.heard.store(true, Ordering::Release);
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write_allowed(bytes.len(), |stream, allowed| stream.poll_write(context, &bytes[..allowed]))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted = slices.iter().map(|slice| slice.len()).sum();
        self.write_allowed(wanted, |stream, allowed| {
            if allowed == wanted {
                return stream.poll_write_vectored(context, slices);
            }
            let first = slices.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
            stream.poll_write(context, &first[..allowed.min(first.len())])
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
