//! Reading an answer's body: unpacked, and never more than the limit.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder};
use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body::Body;
use hyper::body::Incoming;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, ReadBuf};

use super::connection::Http1;
use super::failure::Broken;
use super::meter::Meter;

/// As much of a body as was wanted.
pub(super) struct Portion {
    pub(super) bytes: Bytes,
    /// Whether there was more.
    pub(super) cut: bool,
}

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Deflate,
    Brotli,
}

impl Packing {
    /// Reads the header. A packing we did not offer is left as it came.
    fn of(headers: &HeaderMap) -> Self {
        match headers.get(CONTENT_ENCODING).map(|value| value.as_bytes().trim_ascii()) {
            Some(name) if name.eq_ignore_ascii_case(b"gzip") || name.eq_ignore_ascii_case(b"x-gzip") => {
                Self::Gzip
            }
            Some(name) if name.eq_ignore_ascii_case(b"deflate") => Self::Deflate,
            Some(name) if name.eq_ignore_ascii_case(b"br") => Self::Brotli,
            _ => Self::Plain,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Plain => "nothing",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
        }
    }
}

/// Reads up to `limit` bytes, counted after unpacking.
pub(super) async fn read(
    mut source: Source<'_>,
    headers: &HeaderMap,
    limit: usize,
) -> Result<Portion, Broken> {
    let packing = Packing::of(headers);
    let read = match packing {
        Packing::Plain => plain(&mut source, limit).await,
        _ => unpacked(&mut source, packing, limit).await,
    };
    match (source.failed, read) {
        (Some(error), _) => Err(Broken::Http(error)),
        (None, Err(error)) => Err(Broken::Packing { name: packing.name(), source: error }),
        (None, Ok(portion)) => Ok(portion),
    }
}

/// Most bodies come in one piece and are handed on without a copy.
async fn plain(source: &mut Source<'_>, limit: usize) -> io::Result<Portion> {
    source.fill_buf().await?;
    let mut first = std::mem::take(&mut source.chunk);
    if first.len() > limit {
        first.truncate(limit);
        return Ok(Portion { bytes: first, cut: true });
    }
    if source.fill_buf().await?.is_empty() {
        return Ok(Portion { bytes: first, cut: false });
    }
    let mut whole = BytesMut::from(first);
    loop {
        let chunk = source.fill_buf().await?;
        let (room, count) = (limit - whole.len(), chunk.len());
        whole.extend_from_slice(&chunk[..count.min(room)]);
        if count == 0 || count > room {
            return Ok(Portion { bytes: whole.freeze(), cut: count > room });
        }
        source.consume(count);
    }
}

async fn unpacked(source: &mut Source<'_>, packing: Packing, limit: usize) -> io::Result<Portion> {
    // A 204, or an answer to a request that asked for no body, may name a packing and have nothing to unpack.
    let Some(first) = source.fill_buf().await?.first().copied() else {
        return Ok(Portion { bytes: Bytes::new(), cut: false });
    };
    let mut reader: Pin<Box<dyn AsyncRead + Send + '_>> = match packing {
        Packing::Gzip => {
            let mut gzip = GzipDecoder::new(&mut *source);
            gzip.multiple_members(true);
            Box::pin(gzip)
        }
        // "deflate" means zlib's frame; some servers send it without, and the first byte tells them apart.
        Packing::Deflate if first & 0x0f == 8 => Box::pin(ZlibDecoder::new(&mut *source)),
        Packing::Deflate => Box::pin(DeflateDecoder::new(&mut *source)),
        Packing::Brotli => Box::pin(BrotliDecoder::new(&mut *source)),
        Packing::Plain => Box::pin(&mut *source),
    };
    let mut whole = BytesMut::with_capacity(8 * 1024);
    // One byte over the limit tells a body that ends there from one that goes on.
    let mut within = (&mut reader).take(limit as u64 + 1);
    while within.read_buf(&mut whole).await? > 0 {}
    drop(reader);

    let cut = whole.len() > limit;
    whole.truncate(limit);
    if !cut {
        // Lets the last frame in, so that the connection can be kept.
        source.fill_buf().await?;
    }
    Ok(Portion { bytes: whole.freeze(), cut })
}

/// The packed bytes of a body, and the connection that must be driven for them to come.
pub(super) struct Source<'c> {
    body: Incoming,
    connection: Option<&'c mut Http1>,
    meter: Option<&'c Meter>,
    chunk: Bytes,
    failed: Option<hyper::Error>,
}

impl<'c> Source<'c> {
    /// A body over a connection of its own.
    pub(super) fn own(body: Incoming, connection: &'c mut Http1) -> Self {
        Self { body, connection: Some(connection), meter: None, chunk: Bytes::new(), failed: None }
    }

    /// A body over a connection that somebody else drives; `meter` counts its bytes.
    pub(super) fn shared(body: Incoming, meter: &'c Meter) -> Self {
        Self { body, connection: None, meter: Some(meter), chunk: Bytes::new(), failed: None }
    }

    /// The next bytes; none at the end.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, hyper::Error>> {
        let mut driven = false;
        loop {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Poll::Ready(Ok(data)),
                    // Trailers and empty pieces say nothing here.
                    _ => {}
                },
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                Poll::Ready(None) => return Poll::Ready(Ok(Bytes::new())),
                Poll::Pending => match &mut self.connection {
                    Some(connection) if !driven => {
                        driven = true;
                        // Whether it ended shows in the body.
                        let _ = connection.drive(cx);
                    }
                    _ => return Poll::Pending,
                },
            }
        }
    }
}

impl AsyncBufRead for Source<'_> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.chunk.is_empty() {
            match ready!(this.poll_chunk(cx)) {
                Ok(chunk) => {
                    if let Some(meter) = this.meter {
                        meter.count_in(chunk.len());
                    }
                    this.chunk = chunk;
                }
                Err(error) => {
                    this.failed = Some(error);
                    return Poll::Ready(Err(io::Error::other("the body broke off")));
                }
            }
        }
        Poll::Ready(Ok(&this.chunk))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        self.chunk.advance(count);
    }
}

impl AsyncRead for Source<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let available = ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = available.len().min(buf.remaining());
        buf.put_slice(&available[..count]);
        self.consume(count);
        Poll::Ready(Ok(()))
    }
}
