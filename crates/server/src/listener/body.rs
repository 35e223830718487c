//! Request bodies that must keep coming.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http_body::{Body, Frame, SizeHint};

use crate::clock::Clock;

/// A body that fails when its client pauses too long, so that a half-sent request holds nothing for ever.
pub(super) struct ImpatientBody<B> {
    inner: B,
    patience: Duration,
    clock: Arc<dyn Clock>,
    pause: Option<BoxFuture<'static, ()>>,
}

impl<B> ImpatientBody<B> {
    pub(super) fn new(inner: B, patience: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { inner, patience, clock, pause: None }
    }
}

impl<B: Body + Unpin> Body for ImpatientBody<B>
where
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Data = B::Data;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) {
            this.pause = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let pause = this.pause.get_or_insert_with(|| this.clock.sleep(this.patience));
        pause.poll_unpin(context).map(|()| {
            let waited = format!("nothing came for {} seconds", this.patience.as_secs());
            Some(Err(io::Error::new(io::ErrorKind::TimedOut, waited)))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use fieldhook_core::time::Timestamp;
    use futures_util::stream;
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;
    use crate::clock::ManualClock;

    #[tokio::test]
    async fn a_body_that_pauses_too_long_fails_and_one_that_keeps_coming_does_not() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(0)));
        let first = stream::iter([Ok::<_, io::Error>(Frame::data(Bytes::from_static(b"a")))]);
        let stalled = StreamBody::new(Box::pin(futures_util::StreamExt::chain(first, stream::pending())));
        let mut body = ImpatientBody::new(stalled, Duration::from_secs(30), clock.clone());

        assert!(body.frame().await.unwrap().is_ok());
        let mut next = Box::pin(body.frame());
        assert!(futures_util::poll!(&mut next).is_pending());
        clock.advance(Duration::from_secs(30));
        let failure = next.await.unwrap().unwrap_err();
        assert_eq!(failure.kind(), io::ErrorKind::TimedOut);
    }
}
