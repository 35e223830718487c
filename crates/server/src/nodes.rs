//! What nodes that share a queue and a store tell each other, so that each knows what happens on all.
//!
//! Nothing here is needed for an event to be taken in and delivered: what is kept stands in the queue and the store.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fieldhook_core::id::IntegrationId;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::alerts::Alerts;
use crate::clock::Nature;
use crate::directory::{Directory, DirectoryError};
use crate::ingest::Ingest;
use crate::live::Happening;
use crate::queue::Queue;
use crate::recorder::Recorder;
use crate::store::{Elsewhere, Store};

/// Happenings that may wait to be told to the other nodes.
const HAPPENINGS: usize = 8_192;
/// Changes that may wait so: each is of a whole batch.
const CHANGES: usize = 256;
/// Happenings in one message.
const TOLD_AT_ONCE: usize = 64;
/// Bytes of one message from which on no more is added to it; NATS takes a megabyte.
const MESSAGE_BYTES: usize = 128 * 1_024;
/// How long to wait before reading again what could not be read.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// What a node tells the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Told {
    /// An event was taken in, or a reply published.
    Happened(Happening),
    /// The logs, counters or books of these integrations have changed.
    Changed(BTreeSet<IntegrationId>),
}

/// What there is to tell.
pub(crate) struct News {
    happenings: mpsc::Receiver<Happening>,
    changes: mpsc::Receiver<BTreeSet<IntegrationId>>,
}

/// Where news are handed in.
pub(crate) struct Outlets {
    pub(crate) happenings: mpsc::Sender<Happening>,
    pub(crate) changes: mpsc::Sender<BTreeSet<IntegrationId>>,
}

/// Both ends of the way that news take.
pub(crate) fn news() -> (Outlets, News) {
    let (happened, happenings) = mpsc::channel(HAPPENINGS);
    let (changed, changes) = mpsc::channel(CHANGES);
    (Outlets { happenings: happened, changes: changed }, News { happenings, changes })
}

/// Tells the other nodes what happens here, until it is stopped.
pub(crate) async fn tell(queue: Arc<dyn Queue>, mut news: News, stop: CancellationToken) {
    let mut happenings = Vec::new();
    loop {
        let changed = tokio::select! {
            () = stop.cancelled() => return,
            _ = news.happenings.recv_many(&mut happenings, TOLD_AT_ONCE) => None,
            Some(changed) = news.changes.recv() => Some(changed),
        };
        if queue.nodes().len() < 2 {
            happenings.clear();
            continue;
        }
        let told = happenings.drain(..).map(Told::Happened).chain(changed.map(Told::Changed));
        for message in messages(told) {
            if let Err(error) = queue.tell(message).await {
                tracing::debug!(%error, "listeners on other nodes miss some events");
            }
        }
    }
}

/// Lets those who listen and watch here hear what happens on other nodes, until it is stopped.
pub(crate) async fn listen(
    queue: Arc<dyn Queue>,
    ingest: Arc<Ingest>,
    recorder: Recorder,
    stop: CancellationToken,
) {
    loop {
        let message = tokio::select! {
            () = stop.cancelled() => return,
            message = queue.told() => message,
        };
        for told in understood(&message) {
            match told {
                Told::Happened(happening) => ingest.heard_elsewhere(&happening).await,
                Told::Changed(integrations) => recorder.changed_elsewhere(&integrations),
            }
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

/// Each message is some things told, one after the other.
fn messages(told: impl Iterator<Item = Told>) -> Vec<Bytes> {
    let mut messages = Vec::new();
    let mut message = Vec::new();
    for one in told {
        message = postcard::to_extend(&one, message).expect("what is told is made of strings and numbers");
        if message.len() >= MESSAGE_BYTES {
            messages.push(Bytes::from(std::mem::take(&mut message)));
        }
    }
    if !message.is_empty() {
        messages.push(Bytes::from(message));
    }
    messages
}

/// What a message tells. What a node of another version tells and this one does not understand ends it.
fn understood(mut message: &[u8]) -> Vec<Told> {
    let mut told = Vec::new();
    while !message.is_empty() {
        let Ok((one, rest)) = postcard::take_from_bytes(message) else {
            tracing::debug!("what another node tells is not understood; does it run another version?");
            break;
        };
        told.push(one);
        message = rest;
    }
    told
}

#[cfg(test)]
mod tests {
    use fieldhook_core::access::Scope;
    use fieldhook_core::event::{Event, Publisher, Source};
    use fieldhook_core::id::{EventId, UserId};
    use fieldhook_core::time::Timestamp;
    use smallvec::smallvec;

    use super::*;
    use crate::live::ReplyFacts;

    fn happening(data: &str) -> Told {
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
        let scopes = smallvec![Scope::User(UserId([1; 12]))];
        Told::Happened(Happening { event: Arc::new(event), scopes, reply: Some(reply) })
    }

    #[test]
    fn what_is_told_is_understood_in_order_however_many_messages_it_takes() {
        let wide = "x".repeat(50_000);
        let mut told: Vec<_> = (0..9).map(|number| happening(&format!("{number}{wide}"))).collect();
        told.push(Told::Changed(BTreeSet::from([IntegrationId([1; 12]), IntegrationId([2; 12])])));
        let messages = messages(told.iter().cloned());
        assert!(messages.len() > 1 && messages.iter().all(|message| message.len() < 512 * 1_024));

        let heard: Vec<_> = messages.iter().flat_map(|message| understood(message)).collect();
        assert_eq!(heard, told);
    }

    #[test]
    fn what_is_not_understood_is_left_and_what_came_before_it_is_heard() {
        let mut message = messages(std::iter::once(happening("a")))[0].to_vec();
        message.extend([0xff; 40]);
        assert_eq!(understood(&message).len(), 1);
    }
}
