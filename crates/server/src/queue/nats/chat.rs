//! What nodes tell each other that matters only now: plain messages, which nobody keeps.

use std::sync::Arc;

use async_nats::{Client, Subject};
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::{Mutex, mpsc};

use super::link::Link;
use crate::queue::QueueError;

/// Messages that may wait to be heard. What is further behind is lost, and counted.
const WAITING: usize = 1_024;

/// This node's end of the talk.
pub(super) struct Chat {
    client: Client,
    subject: Subject,
    heard: Mutex<mpsc::Receiver<Bytes>>,
}

impl Chat {
    /// Listens to all others from now on, over losses of the connection.
    pub(super) fn begin(link: &Arc<Link>, prefix: &str, me: &str) -> Self {
        let client = link.client();
        let subject = Subject::from(format!("{prefix}.live.{me}"));
        let all = format!("{prefix}.live.*");
        let (hand, heard) = mpsc::channel(WAITING);
        let (listener, own) = (client.clone(), subject.clone());
        link.handle().spawn(async move {
            let mut messages = match listener.subscribe(all).await {
                Ok(messages) => messages,
                Err(error) => {
                    tracing::error!(%error, "what other nodes tell cannot be heard");
                    return;
                }
            };
            while let Some(message) = messages.next().await {
                if message.subject == own {
                    continue;
                }
                match hand.try_send(message.payload) {
                    Ok(()) => {}
                    Err(mpsc::error::TrySendError::Full(_)) => {
                        metrics::counter!("fieldhook_node_messages_missed_total").increment(1);
                    }
                    Err(mpsc::error::TrySendError::Closed(_)) => return,
                }
            }
        });
        Self { client, subject, heard: Mutex::new(heard) }
    }

    /// Tells all others.
    pub(super) async fn tell(&self, told: Bytes) -> Result<(), QueueError> {
        let published = self.client.publish(self.subject.clone(), told).await;
        published.map_err(|error| QueueError::Unavailable(format!("the other nodes cannot be told: {error}")))
    }

    /// The next message of another node.
    pub(super) async fn told(&self) -> Bytes {
        match self.heard.lock().await.recv().await {
            Some(told) => told,
            None => std::future::pending().await,
        }
    }
}
