//! Listeners to event streams, who count what they hear.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::future::try_join_all;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::until;
use crate::Context;

/// Open streams. They close when this is dropped.
pub(super) struct Listeners {
    heard: Arc<AtomicU64>,
    _stop: DropGuard,
}

impl Listeners {
    /// Opens so many streams of the events whose names begin with `prefix`.
    pub(super) async fn open(
        address: SocketAddr,
        count: usize,
        prefix: &str,
        token: &str,
    ) -> anyhow::Result<Self> {
        let heard = Arc::new(AtomicU64::new(0));
        let stop = CancellationToken::new();
        let streams = try_join_all((0..count).map(|_| open(address, prefix, token))).await?;
        for stream in streams {
            tokio::spawn(stop.clone().run_until_cancelled_owned(listen(stream, heard.clone())));
        }
        Ok(Self { heard, _stop: stop.drop_guard() })
    }

    /// Messages heard so far, by all of them together.
    pub(super) fn heard(&self) -> Arc<AtomicU64> {
        self.heard.clone()
    }

    /// Waits until so many messages were heard. A standstill is a failed measurement.
    pub(super) async fn until(&self, count: u64, context: &Context) -> anyhow::Result<()> {
        until(count, || self.heard.load(Ordering::Relaxed), "messages", context).await
    }
}

async fn open(address: SocketAddr, prefix: &str, token: &str) -> anyhow::Result<Incoming> {
    let stream = TcpStream::connect(address).await.context("cannot connect a listener")?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    // It ends with its stream.
    tokio::spawn(connection);
    let request = Request::get(format!("/v1/devices/events/{prefix}"))
        .header(header::HOST, address.to_string())
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await?;
    anyhow::ensure!(answer.status().is_success(), "a stream was answered {}", answer.status());
    Ok(answer.into_body())
}

/// Counts the messages that name an event.
async fn listen(mut stream: Incoming, heard: Arc<AtomicU64>) {
    // Where a line begins, which may be in another piece than it ends.
    let (mut begins, mut line) = (true, 0_usize);
    const EVENT: &[u8] = b"event:";
    while let Some(Ok(frame)) = stream.frame().await {
        let Some(bytes) = frame.data_ref() else { continue };
        let mut found = 0;
        for byte in bytes {
            if *byte == b'\n' {
                (begins, line) = (true, 0);
            } else if begins {
                begins = EVENT[line] == *byte;
                line += 1;
                if begins && line == EVENT.len() {
                    found += 1;
                    begins = false;
                }
            }
        }
        heard.fetch_add(found, Ordering::Relaxed);
    }
}
