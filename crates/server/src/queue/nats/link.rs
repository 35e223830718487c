//! The connection to NATS, with a runtime of its own: whoever waits for a disk may then wait on any thread.

use std::future::Future;
use std::io;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;

use crate::queue::QueueError;

/// The longest pause between two tries to connect again.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// One connection.
pub(super) struct Link {
    runtime: Option<Runtime>,
    context: Context,
    deadline: Duration,
    /// How often the connection was lost.
    losses: watch::Receiver<u64>,
}

impl Link {
    /// Connects, or says what to do. For a thread that may wait.
    pub(super) fn connect(url: &str, name: &str, deadline: Duration) -> Result<Self, QueueError> {
        let refused = |why: &dyn std::fmt::Display| {
            let shown = without_password(url);
            QueueError::Unavailable(format!(
                "NATS at {shown} cannot be used: {why}; check that the address is right, that it can be reached from here, and that the server runs with JetStream"
            ))
        };
        let mut runtime = Builder::new_multi_thread();
        runtime.worker_threads(1).thread_name("queue-nats").enable_all();
        let runtime = runtime.build().map_err(|error| refused(&error))?;
        let servers = url.split(',').map(|one| one.trim().parse::<ServerAddr>());
        let servers: Vec<_> = servers.collect::<Result<_, _>>().map_err(|error| refused(&error))?;
        let (lost, losses) = watch::channel(0);
        let options = ConnectOptions::new()
            .name(name)
            .connection_timeout(deadline)
            .request_timeout(Some(deadline))
            .reconnect_delay_callback(|attempt| {
                LONGEST_PAUSE.min(Duration::from_millis(10 << attempt.min(8)))
            })
            .event_callback(move |event| {
                if event == Event::Disconnected {
                    lost.send_modify(|times| *times += 1);
                }
                std::future::ready(())
            });
        let connected = runtime.block_on(within(deadline, options.connect(servers)));
        let client = connected.map_err(|error| refused(&error))?.map_err(|error| refused(&error))?;
        let context = jetstream::context::ContextBuilder::new()
            .timeout(deadline)
            .ack_timeout(deadline)
            .max_ack_inflight(usize::from(u16::MAX))
            .build(client);
        let link = Self { runtime: Some(runtime), context, deadline, losses };
        let nothing = serde_json::json!({});
        let asked = link.context.request::<_, _, serde_json::Value>("INFO", &nothing);
        let answer = link.wait(asked).map_err(|error| refused(&error))?.map_err(|error| refused(&error))?;
        match answer.get("error") {
            Some(error) => Err(refused(error)),
            None => Ok(link),
        }
    }

    /// The connection itself, for what is not kept.
    pub(super) fn client(&self) -> Client {
        self.context.client()
    }

    /// Whether there is a connection now.
    pub(super) fn is_connected(&self) -> bool {
        self.context.client().connection_state() == State::Connected
    }

    /// JetStream.
    pub(super) fn jetstream(&self) -> &Context {
        &self.context
    }

    /// Where to run what must go on while others wait.
    pub(super) fn handle(&self) -> &Handle {
        self.runtime.as_ref().expect("it is there until the link is dropped").handle()
    }

    /// Bytes that one message may have, its headers included.
    pub(super) fn most_payload(&self) -> usize {
        self.context.client().server_info().max_payload
    }

    /// How often the connection was lost until now; for [`Link::wait_since`].
    pub(super) fn losses(&self) -> u64 {
        *self.losses.borrow()
    }

    /// Waits for an answer. For a thread that may wait.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> io::Result<T> {
        self.wait_since(self.losses(), work)
    }

    /// Waits for the answer to what was asked after the connection had been lost `since` times. It does not come
    /// when the connection has been lost again.
    pub(super) fn wait_since<T>(&self, since: u64, work: impl Future<Output = T>) -> io::Result<T> {
        if !self.is_connected() {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "there is no connection to NATS"));
        }
        let mut losses = self.losses.clone();
        let work = async {
            tokio::select! {
                biased;
                answer = work => Ok(answer),
                _ = losses.wait_for(|times| *times != since) => {
                    Err(io::Error::new(io::ErrorKind::ConnectionReset, "the connection to NATS was lost"))
                }
            }
        };
        self.handle().block_on(within(self.deadline, work))?
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Nobody may be kept waiting here, since this can be a thread that drives others.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a server must answer in real time, whatever a test's clock says"
)]
async fn within<T>(deadline: Duration, work: impl Future<Output = T>) -> io::Result<T> {
    tokio::time::timeout(deadline, work).await.map_err(|_| {
        io::Error::new(
            io::ErrorKind::TimedOut,
            format!("NATS did not answer within {} ms", deadline.as_millis()),
        )
    })
}

/// The addresses as they may be shown.
fn without_password(url: &str) -> String {
    let shown = |one: &str| match (one.find("://"), one.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}{}", &one[..scheme + 3], &one[at + 1..]),
        (None, Some(at)) => one[at + 1..].to_owned(),
        _ => one.to_owned(),
    };
    url.split(',').map(|one| shown(one.trim())).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_address_has_no_password() {
        assert_eq!(without_password("nats://me:secret@a:4222, tls://b"), "nats://a:4222,tls://b");
        assert_eq!(without_password("token@a"), "a");
    }
}
