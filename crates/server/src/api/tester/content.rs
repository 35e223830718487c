//! Bodies of test answers: sent in one go or in pieces, whole or broken, and never held in memory.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use async_compression::tokio::bufread::GzipEncoder;
use axum::body::Body;
use bytes::Bytes;
use fieldhook_core::wire::tester::Drip;
use futures_util::stream;
use tokio::io::{AsyncRead, AsyncReadExt, BufReader, repeat};

use crate::clock::Nature;
use crate::listener::ConnectionControl;

/// Bytes sent in one go unless the body drips.
const PIECE: usize = 16 * 1024;
/// What filler is made of.
static FILLER: [u8; PIECE] = [b'x'; PIECE];

/// What a body consists of.
pub(super) enum Content {
    /// This text.
    Text(Bytes),
    /// This many bytes of filler.
    Filler(u64),
    /// Filler without end.
    Endless,
    /// Compressed as it is sent.
    Packed(Pin<Box<dyn AsyncRead + Send>>),
}

impl Content {
    /// Zeros, compressed about a thousandfold.
    pub(super) fn bomb(bytes: u64) -> Self {
        Self::Packed(Box::pin(GzipEncoder::new(BufReader::with_capacity(PIECE, repeat(0).take(bytes)))))
    }

    /// How long it is, where that is known before it is sent.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::Text(text) => Some(text.len() as u64),
            Self::Filler(bytes) => Some(*bytes),
            Self::Endless | Self::Packed(_) => None,
        }
    }

    /// The first half of it.
    fn half(self) -> Self {
        match self {
            Self::Text(mut text) => {
                text.truncate(text.len() / 2);
                Self::Text(text)
            }
            Self::Filler(bytes) => Self::Filler(bytes / 2),
            endless => endless,
        }
    }

    /// The next bytes of it, at most this many; none at its end.
    async fn next(&mut self, most: usize) -> io::Result<Option<Bytes>> {
        match self {
            Self::Text(text) => {
                let piece = text.split_to(most.min(text.len()));
                Ok((!piece.is_empty()).then_some(piece))
            }
            Self::Filler(left) => {
                let size = usize::try_from(*left).unwrap_or(usize::MAX).min(most).min(PIECE);
                *left -= size as u64;
                Ok((size > 0).then(|| Bytes::from_static(&FILLER[..size])))
            }
            Self::Endless => Ok(Some(Bytes::from_static(&FILLER[..most.min(PIECE)]))),
            Self::Packed(packed) => {
                let mut piece = vec![0; most.min(PIECE)];
                let size = packed.read(&mut piece).await?;
                piece.truncate(size);
                Ok((size > 0).then(|| piece.into()))
            }
        }
    }
}

/// How a body ends.
pub(super) enum Ending {
    /// As it should.
    Whole,
    /// In its middle, by closing the connection.
    Cut,
    /// In its middle, by resetting the connection.
    Reset(Option<ConnectionControl>),
}

/// How fast a body comes.
pub(super) struct Piecewise {
    /// In pieces of this size, this far apart; in one go when absent.
    pub(super) drip: Option<Drip>,
    /// Time.
    pub(super) nature: Nature,
}

impl Piecewise {
    fn size(&self) -> usize {
        self.drip.map_or(PIECE, |drip| usize::try_from(drip.bytes).unwrap_or(usize::MAX))
    }

    async fn pause(&self) {
        if let Some(drip) = self.drip {
            self.nature.clock.sleep(Duration::from_millis(drip.every_ms.into())).await;
        }
    }
}

struct Sending {
    content: Content,
    ending: Option<Ending>,
    pieces: Piecewise,
    begun: bool,
}

/// A body of this content that comes and ends so.
pub(super) fn body(content: Content, ending: Ending, pieces: Piecewise) -> Body {
    let content = match ending {
        Ending::Whole => content,
        Ending::Cut | Ending::Reset(_) => content.half(),
    };
    let sending = Sending { content, ending: Some(ending), pieces, begun: false };
    Body::from_stream(stream::unfold(sending, |mut sending| async move {
        let piece = sending.next().await?;
        Some((piece, sending))
    }))
}

impl Sending {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.begun {
            self.pieces.pause().await;
        }
        self.begun = true;
        match self.content.next(self.pieces.size()).await {
            Ok(Some(piece)) => Some(Ok(piece)),
            Ok(None) => self.end().await,
            Err(error) => Some(Err(error)),
        }
    }

    async fn end(&mut self) -> Option<io::Result<Bytes>> {
        match self.ending.take()? {
            Ending::Whole => return None,
            Ending::Cut => flushed().await,
            Ending::Reset(connection) => {
                flushed().await;
                if let Some(connection) = connection {
                    connection.reset();
                }
            }
        }
        Some(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "told to break off here")))
    }
}

/// Gives way once, so that what was sent so far is on the wire before the connection breaks.
async fn flushed() {
    tokio::task::yield_now().await;
}
