//! What nodes that share a queue and a store tell each other, so that each knows what happens on all.
//!
//! Nothing here is needed for an event to be taken in and delivered: what is kept stands in the queue and the store.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::alerts::Alerts;
use crate::clock::Nature;
use crate::directory::{Directory, DirectoryError};
use crate::ingest::Ingest;
use crate::live::Happening;
use crate::queue::Queue;
use crate::store::{Elsewhere, Store};

/// Happenings that may wait to be told to the other nodes.
pub(crate) const WAITING: usize = 8_192;
/// Happenings in one message.
const TOLD_AT_ONCE: usize = 64;
/// Bytes of one message from which on no more is added to it; NATS takes a megabyte.
const MESSAGE_BYTES: usize = 128 * 1_024;
/// How long to wait before reading again what could not be read.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// Tells the other nodes what happens here, until it is stopped.
pub(crate) async fn tell(
    queue: Arc<dyn Queue>,
    mut happenings: mpsc::Receiver<Happening>,
    stop: CancellationToken,
) {
    let mut gathered = Vec::new();
    loop {
        let count = tokio::select! {
            () = stop.cancelled() => return,
            count = happenings.recv_many(&mut gathered, TOLD_AT_ONCE) => count,
        };
        if count == 0 {
            return;
        }
        if queue.nodes().len() < 2 {
            gathered.clear();
            continue;
        }
        for message in messages(gathered.drain(..)) {
            if let Err(error) = queue.tell(message).await {
                tracing::debug!(%error, "listeners on other nodes miss some events");
            }
        }
    }
}

/// Lets those who listen here hear what happens on other nodes, until it is stopped.
pub(crate) async fn listen(queue: Arc<dyn Queue>, ingest: Arc<Ingest>, stop: CancellationToken) {
    loop {
        let message = tokio::select! {
            () = stop.cancelled() => return,
            message = queue.told() => message,
        };
        for happening in understood(&message) {
            ingest.heard_elsewhere(&happening).await;
        }
    }
}

/// Follows what other nodes change of the directory and of alerts, until it is stopped.
pub(crate) async fn follow(
    store: Arc<dyn Store>,
    directory: Arc<Directory>,
    alerts: Arc<Alerts>,
    nature: Nature,
    stop: CancellationToken,
) {
    loop {
        let mut change = tokio::select! {
            () = stop.cancelled() => return,
            change = store.changed_elsewhere() => change,
        };
        loop {
            let taken = async {
                directory.take_over(&change).await?;
                Ok::<_, DirectoryError>(alerts.take_over(&change).await?)
            };
            let Err(error) = taken.await else { break };
            tracing::warn!(%error, "what another node changed cannot be read; trying again");
            tokio::select! {
                () = stop.cancelled() => return,
                () = nature.clock.sleep(PAUSE) => {}
            }
            // More may have changed meanwhile.
            change = Elsewhere::Anything;
        }
    }
}

/// Each message is some happenings, one after the other.
fn messages(happenings: impl Iterator<Item = Happening>) -> Vec<Bytes> {
    let mut messages = Vec::new();
    let mut message = Vec::new();
    for happening in happenings {
        message =
            postcard::to_extend(&happening, message).expect("a happening is made of strings and numbers");
        if message.len() >= MESSAGE_BYTES {
            messages.push(Bytes::from(std::mem::take(&mut message)));
        }
    }
    if !message.is_empty() {
        messages.push(Bytes::from(message));
    }
    messages
}

/// The happenings of a message. What a node of another version tells and this one does not understand ends it.
fn understood(mut message: &[u8]) -> Vec<Happening> {
    let mut happenings = Vec::new();
    while !message.is_empty() {
        let Ok((happening, rest)) = postcard::take_from_bytes(message) else {
            tracing::debug!("what another node tells is not understood; does it run another version?");
            break;
        };
        happenings.push(happening);
        message = rest;
    }
    happenings
}

#[cfg(test)]
mod tests {
    use fieldhook_core::access::Scope;
    use fieldhook_core::event::{Event, Publisher, Source};
    use fieldhook_core::id::{EventId, IntegrationId, UserId};
    use fieldhook_core::time::Timestamp;
    use smallvec::smallvec;

    use super::*;
    use crate::live::ReplyFacts;

    fn happening(data: &str) -> Happening {
        let event = Event {
            id: EventId(uuid::Uuid::nil()),
            name: "reading".to_owned(),
            data: Some(data.to_owned()),
            published_at: Timestamp::from_millis(5),
            ttl: 60,
            publisher: Publisher::Api,
            private: true,
            owner: Some(UserId([1; 12])),
            product: None,
            product_version: None,
            source: Source::Http,
            idempotency_key: None,
        };
        let reply = ReplyFacts {
            integration: IntegrationId([2; 12]),
            integration_scope: Scope::User(UserId([1; 12])),
            device: None,
            owner: None,
            part: None,
        };
        Happening {
            event: Arc::new(event),
            scopes: smallvec![Scope::User(UserId([1; 12]))],
            reply: Some(reply),
        }
    }

    #[test]
    fn what_is_told_is_understood_in_order_however_many_messages_it_takes() {
        let wide = "x".repeat(50_000);
        let told: Vec<_> = (0..9).map(|number| happening(&format!("{number}{wide}"))).collect();
        let messages = messages(told.iter().cloned());
        assert!(messages.len() > 1 && messages.iter().all(|message| message.len() < 512 * 1_024));

        let heard: Vec<_> = messages.iter().flat_map(|message| understood(message)).collect();
        let data = |happenings: &[Happening]| -> Vec<_> {
            happenings.iter().map(|happening| happening.event.data.clone()).collect()
        };
        assert_eq!(data(&heard), data(&told));
        assert_eq!((heard[0].reply, &heard[0].scopes), (told[0].reply, &told[0].scopes));
    }

    #[test]
    fn what_is_not_understood_is_left_and_what_came_before_it_is_heard() {
        let mut message = messages(std::iter::once(happening("a")))[0].to_vec();
        message.extend([0xff; 40]);
        assert_eq!(understood(&message).len(), 1);
    }
}
